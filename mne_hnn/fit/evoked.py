"""Fit an evoked response with nothing set by hand: which drives came when, how spread out, how strong, on which cells.

The way is straight: what is to be explained (:mod:`mne_hnn.fit.evoked_task`), the sequence that is proposed or given
(:mod:`mne_hnn.fit.evoked_proposal`), its correction on the full column (:mod:`mne_hnn.fit.below_threshold`), and the
result (:mod:`mne_hnn.fit.evoked_result`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from ..dipole import Dipole
from ..errors import DataError
from ..network import Network
from ..simulate import Computing
from .below_threshold import correct
from .bench import Bench
from .checkpoint import Checkpoint
from .checks import check_network
from .doubts import LONG_s, announced
from .drive_settings import DriveSettings
from .drives import search_drives
from .evaluate import Evaluator
from .evoked_proposal import propose_drives
from .evoked_result import conclude_evoked
from .evoked_settings import EvokedSettings
from .evoked_task import EvokedTask, make_task, warn_of
from .observation import check_target
from .optimizers import choose_optimizer
from .plan import Request
from .polish import polished
from .progress import Report
from .result import FitResult
from .settings import as_settings

__all__ = ["fit_evoked"]


@announced
def fit_evoked(
    network: Network,
    target: Dipole,
    settings: EvokedSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
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
    wanted = check_target(target)
    checked = as_settings(settings, EvokedSettings)
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    choose_optimizer(checked.optimizer)
    if wanted.times[-1] > LONG_s:
        raise DataError(
            f"The target lasts {wanted.times[-1]:g} s, no evoked response does: crop it, or give its times in "
            "s if they are in ms."
        )
    if checked.drives == "network":
        return _from_network(network, wanted, checked, computing)
    task = make_task(network, wanted, checked)
    warn_of(task)
    result = _proposed(task, computing)
    return polished(result, task.settings, computing) if checked.polish else result


def _proposed(task: EvokedTask, computing: Computing) -> FitResult:
    """Propose, correct, conclude."""
    with computing.ready() as ready, Report(computing.progress) as report:
        evaluator = Evaluator(checkpoint=Checkpoint(computing.checkpoint), computing=ready)
        bench = Bench(evaluator=evaluator, report=report)
        return conclude_evoked(correct(propose_drives(task, bench), bench), bench)


def _from_network(network: Network, target: Dipole, settings: EvokedSettings, computing: Computing) -> FitResult:
    """Search around the drives that a network has."""
    request = Request(network=network, target=target, settings=settings.search(), kind="evoked")
    found = search_drives(request, computing)
    used = found.settings
    assert isinstance(used, DriveSettings)
    return replace(
        found,
        settings=replace(
            settings,
            optimizer=used.optimizer,
            levels=used.levels,
            n_trials=used.n_trials,
            prior=used.prior,
            noise=used.noise,
            standard_error=used.standard_error,
        ),
    )
