"""Fit an evoked response with nothing set by hand: which drives came when, how spread out, how strong, on which cells.

The sequence is proposed and refined with the sums of kernels of :mod:`mne_hnn.fit.linear`, and what is proposed is then
refined on the full column (:mod:`mne_hnn.fit.below_threshold`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .._checks import check_int, check_name, check_non_negative
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..simulate import SimulationSettings
from .below_threshold import EvokedFit
from .checkpoint import Checkpoint
from .checks import agreed_trials, check_network, check_running, check_trials, chosen_prior
from .doubts import LONG_s, announce, announced, target_doubts
from .evaluate import Evaluator
from .levels import Level, as_levels
from .linear import evoked_only, inputs_of
from .observation import ColumnPrior, check_target, covering
from .optimizers import choose_optimizer
from .polish import polished
from .progress import Counter
from .rehearsal import check_smoothing
from .result import FitResult
from .scoring import ceiling, known_error, relative_noise
from .search import search_drives
from .sequence import EDGE_MS, GAP_MS, SIGMA_MS, check_sequence
from .settings import EvokedSettings, as_settings

__all__ = ["fit_evoked"]

MAX_DRIVES = 8
"""Proposed at most, unless said otherwise."""
REFINE = 4
MAX_EVALUATIONS = 200


@announced
def fit_evoked(
    network: Network,
    target: Dipole,
    settings: EvokedSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Find evoked drives that explain a target.

    Parameters
    ----------
    network : Network
        The column. Its evoked drives are replaced, other drives and biases stay as they are.
    target : Dipole | Target
        The target, times from the stimulus on.
    settings : EvokedSettings | None
        How to find them; None takes the usual ones.
    n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`.

    Returns
    -------
    result : FitResult
        Network, scores with fresh seeds, intervals, all that was tried.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.
    DataError
        The target cannot be fitted.
    SimulationError
        The column does not run.

    Notes
    -----
    A column in which no pyramidal cell fires explains a waveform by synaptic currents alone. It is the simplest
    explanation, and for moments of up to some 0.2 nA m per mm² of cortex a plausible one; it says nothing of firing
    rates. `drives` = ``'network'`` with published drives explores columns whose cells fire.
    """
    check_network(network)
    given = as_settings(settings, EvokedSettings)
    own: dict[str, Any] = {one.name: getattr(given, one.name) for one in fields(given)}
    computing: dict[str, Any] = {
        "n_jobs": n_jobs,
        "executor": executor,
        "checkpoint": checkpoint,
        "progress": progress,
    }
    return _evoked(network, target, **own, **computing)


def _evoked(
    network: Network,
    target: Dipole,
    *,
    drives: str = "propose",
    n_drives: int | None = None,
    max_drives: int = MAX_DRIVES,
    sequence: Sequence[tuple[str, float]] | None = None,
    smooth_ms: float = 20.0,
    prior: ColumnPrior | str | None = "target",
    noise: float = 0.05,
    standard_error: float | None = None,
    refine: int = REFINE,
    polish: int = 0,
    optimizer: str = "auto",
    max_evaluations: int = MAX_EVALUATIONS,
    levels: Any = "auto",
    n_trials: int | None = None,
    n_final: int = 10,
    dt: float = 0.025,
    seed: int = 1,
    fresh_seed: int = 2,
    n_jobs: int = 1,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Find evoked drives, with all choices one by one."""
    check_network(network)
    target = check_target(target)
    check_name(drives, ("propose", "network"), "choice of drives")
    check_non_negative(smooth_ms, "smooth_ms")
    check_int(refine, "refine", minimum=1)
    check_int(polish, "polish", minimum=0)
    check_int(max_drives, "max_drives", minimum=1)
    check_int(max_evaluations, "max_evaluations", minimum=1)
    n_trials = agreed_trials(levels, n_trials, usual=2)
    check_trials(n_trials, n_final, seed, fresh_seed)
    computing = check_running(n_jobs, executor, checkpoint, progress)
    if n_drives is not None:
        check_int(n_drives, "n_drives", minimum=1)
    choose_optimizer(optimizer)
    _check_used(drives, n_drives, max_drives, sequence, refine, polish, optimizer, max_evaluations)
    known = chosen_prior(prior, target, network)
    if target.times[-1] > LONG_s:
        raise DataError(
            f"The target lasts {target.times[-1]:g} s, no evoked response does: crop it, or give its times in "
            "s if they are in ms."
        )
    tstop = covering(target, dt)
    runs = SimulationSettings(tstop=tstop, dt=dt, n_trials=n_trials, seed=seed)
    check_smoothing(smooth_ms, tstop, dt)
    given = None if sequence is None else check_sequence(sequence, tstop)
    standard_error = known_error(target, standard_error)
    relative = relative_noise(target, noise, standard_error)
    common: dict[str, Any] = {
        "optimizer": optimizer,
        "n_trials": n_trials,
        "n_final": n_final,
        "smooth_ms": smooth_ms,
        "dt": dt,
        "seed": seed,
        "fresh_seed": fresh_seed,
        "n_jobs": n_jobs,
        "executor": executor,
        "checkpoint": checkpoint,
        "progress": progress,
        "noise": noise,
        "standard_error": standard_error,
        "kind": "evoked",
        "prior": prior,
    }
    if drives == "network":
        found = search_drives(network, target, max_evaluations=max_evaluations, levels=levels, **common)
        return replace(found, settings={"drives": drives, **found.settings})
    evoked = evoked_only(network)
    bare = network.without_drives(*evoked) if evoked else network
    inputs_of(bare)
    steps = _two_levels(levels, bare, n_trials)
    _check_room(n_drives, tstop)
    doubts = tuple(target_doubts(target, "evoked", relative))
    for text in doubts:
        announce(text)
    runs.warn_of_times()
    evaluator = Evaluator(checkpoint=Checkpoint(checkpoint), computing=computing)
    shown = progress or Counter("Fitting")
    fit = EvokedFit(bare, target, known, relative, smooth_ms, runs, evaluator, shown, doubts)
    result = fit.run(steps, n_drives, max_drives, given, refine, n_final, fresh_seed)
    if isinstance(shown, Counter):
        shown.close()
    settings = {
        "drives": drives,
        "n_drives": n_drives,
        "max_drives": max_drives,
        "sequence": None if given is None else [list(one) for one in given],
        "smooth_ms": smooth_ms,
        "noise": relative,
        "standard_error": standard_error,
        "refine": refine,
        "polish": polish,
        "optimizer": optimizer,
        "levels": [[str(one), one.n_trials, one.share] for one in steps],
        "n_trials": n_trials,
        "n_final": n_final,
        "dt": dt,
        "seed": seed,
        "fresh_seed": fresh_seed,
        "tstop": runs.tstop,
        "objective": "r_squared",
        "gap_ms": GAP_MS,
        "spread_ms": SIGMA_MS,
        "columns_median": None if known is None else known.median,
        "columns_factor": None if known is None else known.factor,
    }
    result = replace(
        result,
        settings=settings,
        start_network=network,
        scores=replace(result.scores, ceiling=ceiling(target, standard_error)),
    )
    return polished(result, polish, common) if polish else result


def _check_used(
    drives: str,
    n_drives: int | None,
    max_drives: int,
    sequence: Any,
    refine: int,
    polish: int,
    optimizer: str,
    max_evaluations: int,
) -> None:
    """Refuse arguments that the choice of drives makes no use of."""
    if sequence is not None and n_drives is not None:
        raise ParameterError("sequence says how many drives there are: leave n_drives out.")
    if sequence is not None and drives == "network":
        raise ParameterError("sequence and drives='network' both say where the fit starts: leave one of them out.")
    if drives == "network":
        given = {
            "n_drives": n_drives is not None,
            "max_drives": max_drives != MAX_DRIVES,
            "refine": refine != REFINE,
            "polish": polish > 0,
        }
        reason = "the network says which drives there are, and max_evaluations how long to search"
    else:
        counted = n_drives is not None or sequence is not None
        given = {
            "max_evaluations": max_evaluations != MAX_EVALUATIONS,
            "optimizer": optimizer != "auto" and not polish,
            "max_drives": counted and max_drives != MAX_DRIVES,
        }
        reason = "it is for drives='network'" if not given["max_drives"] else "how many drives there are is given"
        if given["optimizer"]:
            reason += ", or with polish"
    for name, has in given.items():
        if has:
            raise ParameterError(f"{name} has no effect with drives={drives!r} here ({reason}): leave it out.")


def _two_levels(levels: Any, network: Network, n_trials: int) -> tuple[Level, ...]:
    """Return the level of the kernels and that of the column; others would not be simulated."""
    steps = as_levels(levels, network, n_trials)
    if len(steps) > 2 or any(one.share != 1 for one in steps):
        raise ParameterError(
            "With drives='propose' levels are the one on which kernels are measured and the full column, at most two, "
            "without a share: the others would not be used."
        )
    return steps


def _check_room(n_drives: int | None, tstop: float) -> None:
    most = int((tstop - 2 * EDGE_MS) // GAP_MS) + 1
    if n_drives is not None and n_drives > most:
        raise ParameterError(
            f"n_drives = {n_drives} drives at least {GAP_MS:g} ms apart do not fit into the {tstop:g} ms of the "
            f"target: at most {most} can."
        )
