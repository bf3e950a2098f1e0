"""What an evoked fit is to explain, and with what: worked out and checked once, before the first simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._types import FloatArray
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from ..simulate import SimulationSettings
from .checks import chosen_prior
from .details import FitDetails
from .doubts import announce, target_doubts
from .evoked_settings import EvokedSettings, check_two_levels
from .levels import Level, as_levels
from .linear import evoked_only, inputs_of
from .objectives import Waveform
from .observation import ColumnPrior, covering, n_independent
from .rehearsal import check_smoothing
from .scoring import ceiling, known_error, relative_noise
from .sequence import EDGE_MS, GAP_MS, SIGMA_MS, check_sequence

__all__ = ["EvokedTask", "make_task", "warn_of"]

KNOWN_FACTOR = 1.01
"""How sure a number of columns is that is given, where it is part of a sum of squares."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EvokedTask:
    """A proposal of drives before it begins.

    Attributes
    ----------
    start : Network
        As it was given.
    network : Network
        Without evoked drives.
    target : Dipole
        The target.
    settings : EvokedSettings
        As they are used: nothing is left to be chosen.
    details : FitDetails
        What followed from the call.
    runs : SimulationSettings
        How the full column is simulated.
    levels : tuple of Level
        That of the kernels, if there is one, and that of the column.
    prior : ColumnPrior | None
        How many columns are expected.
    objective : Waveform
        How the column is compared with the target.
    wanted : array, shape (n_times,)
        The target within the simulation, A m.
    n_independent : float
        How many independent samples it holds.
    variance : float
        Noise of one sample, so that squared residuals over it count independent ones, (A m)².
    ceiling : float
        R² that the true waveform would reach on average, NaN if that is not known.
    doubts : tuple of str
        What is odd about the target.
    """

    start: Network
    network: Network
    target: Dipole
    settings: EvokedSettings
    details: FitDetails
    runs: SimulationSettings
    levels: tuple[Level, ...]
    prior: ColumnPrior | None
    objective: Waveform
    wanted: FloatArray
    n_independent: float
    variance: float
    ceiling: float
    doubts: tuple[str, ...]


def make_task(network: Network, target: Dipole, settings: EvokedSettings) -> EvokedTask:
    """Return what is to be explained; all that can be known before a simulation is refused here.

    Raises
    ------
    ParameterError
        Settings, network and target do not fit together.
    """
    prior = chosen_prior(settings.prior, target, network)
    if settings.columns is not None:
        prior = ColumnPrior(median=settings.columns, factor=KNOWN_FACTOR)
    tstop = covering(target, settings.dt)
    runs = SimulationSettings(tstop=tstop, dt=settings.dt, n_trials=settings.trials, seed=settings.seed)
    check_smoothing(settings.smooth_ms, tstop, settings.dt)
    if settings.sequence is not None:
        check_sequence(settings.sequence, tstop)
    error = known_error(target, settings.standard_error)
    noise = relative_noise(target, settings.noise, error)
    evoked = evoked_only(network)
    bare = network.without_drives(*evoked) if evoked else network
    inputs_of(bare)
    levels = as_levels(settings.levels, bare, settings.trials)
    check_two_levels(levels)
    _check_room(settings.n_drives, tstop)
    inside = target.times >= -0.5 / target.info["sfreq"]  # a file's first sample can lie at -1e-9 s
    times, wanted = np.asarray(target.times[inside]), np.asarray(target["agg"][inside])
    independent = n_independent(times, settings.smooth_ms)
    return EvokedTask(
        start=network,
        network=bare,
        target=target,
        settings=replace(
            settings, levels=levels, n_trials=settings.trials, prior=prior, noise=noise, standard_error=error
        ),
        details=FitDetails(objective="r_squared", tstop=runs.tstop, gap_ms=GAP_MS, spread_ms=SIGMA_MS),
        runs=runs,
        levels=levels,
        prior=prior,
        # the first sample that is compared is the target's, not the simulation's
        objective=Waveform(target=target, smooth_ms=settings.smooth_ms, prior=prior, noise=noise, tmin=float(times[0])),
        wanted=wanted,
        n_independent=independent,
        variance=noise**2 * float(np.mean(wanted**2)) * len(wanted) / independent,
        ceiling=ceiling(target, error),
        doubts=tuple(target_doubts(target, "evoked", noise)),
    )


def warn_of(task: EvokedTask) -> None:
    """Say what a user should know before a fit begins."""
    for text in task.doubts:
        announce(text)
    task.runs.warn_of_times()


def _check_room(n_drives: int | None, tstop: float) -> None:
    most = int((tstop - 2 * EDGE_MS) // GAP_MS) + 1
    if n_drives is not None and n_drives > most:
        raise ParameterError(
            f"n_drives = {n_drives} drives at least {GAP_MS:g} ms apart do not fit into the {tstop:g} ms of the "
            f"target: at most {most} can."
        )
