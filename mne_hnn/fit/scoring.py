"""How good a fitted network is, in trials that its search has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._checks import check_positive
from .._types import FloatArray
from ..compare import correlation, nrmse, r_squared
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import Network
from ..simulate import Simulation, SimulationSettings
from .evaluate import Evaluator
from .observation import fitted_dipole
from .result import Estimate

__all__ = [
    "DETERMINED",
    "UNDETERMINED",
    "Z90",
    "ceiling",
    "final_simulation",
    "firing",
    "known_error",
    "likeness",
    "pyramidal_spikes",
    "relative_noise",
    "trial_r_squared",
    "undetermined",
    "waveform_scores",
]

Z90 = 1.6449
"""Half width of an interval that holds 90 % of a normal distribution, in standard deviations."""
UNDETERMINED = "The data do not determine"
"""How the warning begins that names parameters which the data leave open."""
DETERMINED = 0.7
"""A parameter is determined if the data leave it less than this share of the width it had before."""


def relative_noise(target: Dipole, noise: float, standard_error: float | None) -> float:
    """Return the noise of a target relative to its root mean square: its standard error, but at least `noise`."""
    check_positive(noise, "noise")
    if standard_error is None:
        return noise
    size = float(np.sqrt(np.mean(target["agg"][target.times > 0] ** 2)))
    relative = check_positive(standard_error, "standard_error (A m)") / size
    if relative > 1e3:
        raise ParameterError(
            f"standard_error = {standard_error:g} is {relative:.2g} times the size of the target: it is in the "
            "target's unit, A m. Was it given in nA m?"
        )
    return max(noise, relative)


def known_error(target: Dipole, standard_error: float | None) -> float | None:
    """Return the standard error that is given, or the one that the target's provenance holds."""
    return target.provenance.get("standard_error") if standard_error is None else standard_error


def final_simulation(
    evaluator: Evaluator, network: Network, runs: SimulationSettings, n_final: int, fresh_seed: int
) -> Simulation:
    """Return the fresh trials of a fitted network, simulated exactly."""
    outcome = evaluator.simulate([network], replace(runs.with_trials(n_final, fresh_seed), precision="exact"))[0]
    if isinstance(outcome, SimulationError):
        raise SimulationError(f"The fitted network fails in the trials of the final score: {outcome}")
    return outcome


def waveform_scores(dipole: Dipole, target: Dipole, window: dict[str, Any]) -> dict[str, float]:
    """Return R², NRMSE and correlation of a scaled, smoothed dipole."""
    return {
        "r_squared": r_squared(dipole, target, **window),
        "nrmse": nrmse(dipole, target, **window),
        "correlation": correlation(dipole, target, **window),
    }


def trial_r_squared(
    simulation: Simulation, target: Dipole, smooth_ms: float, scale: float, window: dict[str, Any]
) -> float:
    """Return the median over trials of R² of a single trial."""
    values = []
    for trial in simulation.dipoles:
        dipole = trial.copy()
        if smooth_ms:
            dipole.smooth(smooth_ms)
        values.append(r_squared(fitted_dipole(dipole.scale(scale), target), target, **window))
    return float(np.median(values))


def ceiling(target: Dipole, standard_error: float | None) -> float:
    """Return the R² that the true waveform would reach on average, NaN without a standard error."""
    if standard_error is None:
        return float("nan")
    values = target["agg"][target.times > 0]
    return 1.0 - standard_error**2 / float(np.var(values))


def likeness(one: FloatArray, two: FloatArray) -> float:
    """Return the correlation of two waveforms, NaN if one of them is flat."""
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def undetermined(estimates: Sequence[Estimate]) -> list[str]:
    """Return the warning that names the parameters that the data do not determine."""
    loose = [estimate.path for estimate in estimates if estimate.determined is False]
    if not loose:
        return []
    return [
        f"{UNDETERMINED} {len(loose)} of {len(estimates)} parameters: their values are as good as others "
        f"within the bounds ({', '.join(loose)})."
    ]


def firing(simulation: Simulation) -> list[str]:
    """Return a warning if cells with a dipole fire in some trials."""
    trials = sum(pyramidal_spikes(simulation, trial) > 0 for trial in range(simulation.n_trials))
    if not trials:
        return []
    return [
        f"Pyramidal cells fire in {trials} of {simulation.n_trials} fresh trials: the column is not below threshold, "
        "and its scores hold for these trials only."
    ]


def pyramidal_spikes(simulation: Simulation, trial: int | None = None) -> int:
    """Return how many spikes cells with a dipole have in a trial, or in all."""
    spikes, network = simulation.spikes, simulation.network
    gids = spikes.gid if trial is None else spikes.gid[spikes.trial == trial]
    ranges = [network.gid_ranges[name] for name, template in network.cell_types.items() if template.measures_dipole]
    return sum(int(((gids >= span.start) & (gids < span.stop)).sum()) for span in ranges)
