"""From a search with cells that fire to explanations: fresh trials, scores, intervals, evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .amplitude import Amplitude
from .bench import Bench
from .doubts import misfit_doubts
from .evidence import Evidence
from .evoked_task import EvokedTask
from .explanation import Explanation, finite, ordered
from .judging import counted, evidence_of, explains_nothing
from .observation import fitted_dipole, smoothed
from .result import Estimate, FitResult, LevelReport, Scores
from .scoring import DETERMINED, final_simulation, pyramidal_spikes, trial_r_squared, undetermined, waveform_scores
from .spiking import Searched
from .spiking_counts import SpikeCounts, spikes_per_cell
from .spiking_data import SpikingData

__all__ = ["conclude_best", "conclude_spiking"]


def conclude_best(found: Sequence[Searched], task: EvokedTask, bench: Bench) -> list[Explanation]:
    """Return as many explanations of sequences as are asked for, the most plausible first.

    What searches know of their sequences is from few trials, in which chance counts: their order may be another one.
    """
    return ordered(conclude_spiking(one, task, bench) for one in found)[: task.settings.finalists]


def conclude_spiking(found: Searched, task: EvokedTask, bench: Bench) -> Explanation:
    """Return the explanation of a sequence that was searched on the full column."""
    settings, vector = task.settings, found.vector
    network, values = vector.driven(found.best), vector.values(found.best)
    bench.report.say("cells that fire: fresh trials")
    simulation = final_simulation(bench.evaluator, network, task.runs, settings.n_final, settings.fresh_seed)
    bench.tell()
    scale = values["columns"]
    window = {"tmin": task.objective.tmin}
    dipole = fitted_dipole(smoothed(simulation, settings.smooth_ms).scale(scale), task.target)
    numbers = waveform_scores(dipole, task.target, window)
    searched = [one for one in bench.evaluations if one.level.startswith("spiking")]
    estimates = _estimates(found, values)
    misfits = misfit_doubts(dipole, task.target, numbers["r_squared"], window, 1 - found.search_loss)
    spikes = spikes_per_cell(simulation)
    amplitude, refusals = counted(scale, network, task.target, settings.circuit, firing=True)
    fit = FitResult(
        kind="evoked",
        network=network,
        start_network=task.start,
        simulation=simulation,
        dipole=dipole,
        target=task.target,
        scale=scale,
        scores=Scores(
            loss=1 - numbers["r_squared"],
            search_loss=found.search_loss,
            start_loss=found.start_loss,
            trial_r_squared=trial_r_squared(simulation, task.target, settings.smooth_ms, scale, window),
            ceiling=task.ceiling,
            **numbers,
        ),
        estimates=estimates,
        evaluations=tuple(searched),
        levels=_levels(bench),
        settings=settings,
        details=task.details,
        warnings=(*task.doubts, *undetermined(estimates), *misfits),
    )
    return Explanation(
        regime="spiking",
        fit=fit,
        evidence=_evidence(found, task, fit, spikes),
        amplitude=amplitude,
        spikes=spikes,
        distances=_distances(found, task, amplitude, spikes),
        ensemble=vector.ensemble(found.everywhere, found.guess.sd),
        refusals=(*explains_nothing(fit), *_without_spikes(fit), *refusals),
    )


def _levels(bench: Bench) -> tuple[LevelReport, ...]:
    names = dict.fromkeys(one.level for one in bench.evaluations if one.level.startswith("spiking"))
    return tuple(
        LevelReport(name=name, evaluations=len(bench.of(name)), loss=min(one.loss for one in bench.of(name)))
        for name in names
    )


def _evidence(found: Searched, task: EvokedTask, fit: FitResult, spikes: SpikeCounts) -> Evidence:
    data = SpikingData.of(task)
    per_cell = [spikes[name].per_cell for name in data.types]
    misfit = data.data_misfit(data.at_target(fit.dipole), per_cell) - data.excess(fit.simulation, fit.scale)
    value, error = found.waveform(max(misfit, 0.0))
    columns = found.vector.natural(found.everywhere)[:, -1]
    return evidence_of(task, value, error, columns, n_drives=len(found.vector.sequence), firing=True)


def _distances(found: Searched, task: EvokedTask, amplitude: Amplitude | None, spikes: SpikeCounts) -> dict[str, float]:
    prior = task.settings.circuit
    distances: dict[str, float] = {}
    if amplitude is not None:
        distances["columns_per_nAm"] = float(prior.columns_of(task.network).distance(amplitude.columns_per_nAm))
        distances["fraction"] = float(prior.fraction.distance(amplitude.fraction))
    expected = prior.spikes_in(task.runs.tstop)
    for name, count in spikes.types.items():
        if name in expected:
            distances[f"spikes.{name}"] = float(expected[name].distance(count.per_cell))
    drives = found.vector.distances(found.best)
    distances |= {path: value for path, value in drives.items() if path.endswith("_ms")}
    return finite(distances)


def _without_spikes(fit: FitResult) -> list[str]:
    if pyramidal_spikes(fit.simulation):
        return []
    return ["No pyramidal cell fires in it, although the search was for cells that do."]


def _estimates(found: Searched, values: dict[str, float]) -> tuple[Estimate, ...]:
    """Return values, and where 90 % of what could have made the response lies around them, as far as sums tell."""
    guessed, vector = found.guess, found.vector
    centre = vector.plain(found.best)
    low, high = centre + guessed.below, centre + guessed.above
    logarithms = [not path.endswith("mu_ms") for path in vector.paths]
    return tuple(
        Estimate(
            path=path,
            value=value,
            low=float(min(np.exp(low[k]) if logarithms[k] else low[k], value)),
            high=float(max(np.exp(high[k]) if logarithms[k] else high[k], value)),
            determined=bool(guessed.sd[k] < DETERMINED * guessed.prior_sd[k]),
        )
        if vector.sd[k] > 0
        else Estimate(path=path, value=value, determined=None)  # it was given
        for k, (path, value) in enumerate(values.items())
    )
