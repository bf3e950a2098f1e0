"""From corrected drives to a result: fresh trials, scores, intervals, and what to know of them."""

from __future__ import annotations

import numpy as np

from ..simulate import Simulation
from .below_threshold import Corrected
from .bench import Bench
from .doubts import column_doubts, misfit_doubts
from .drive_network import network_of, values_of
from .observation import fitted_dipole, smoothed
from .posterior import WEIGHT_FACTOR, at_border, natural
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores
from .scoring import (
    DETERMINED,
    Z90,
    final_simulation,
    firing,
    trial_r_squared,
    undetermined,
    waveform_scores,
)
from .sequence import SIGMA_FACTOR

__all__ = ["conclude_evoked"]

AGREES = 0.99
"""Correlation with the sum of kernels below which a reader is told."""


def conclude_evoked(corrected: Corrected, bench: Bench) -> FitResult:
    """Return the result of an evoked fit."""
    task, settings = corrected.task, corrected.task.settings
    network = network_of(task.network, corrected.sequence, corrected.x)
    bench.report.say("simulating fresh trials")
    simulation = final_simulation(bench.evaluator, network, task.runs, settings.n_final, settings.fresh_seed)
    bench.tell()
    scale = float(np.exp(corrected.x[-1]))
    dipole = fitted_dipole(smoothed(simulation, settings.smooth_ms).scale(scale), task.target)
    window = {"tmin": task.objective.tmin}
    full = bench.of("full")
    values = values_of(task.network, corrected.sequence, corrected.x)
    chosen = next(tried for tried in full if tried.values == values)
    numbers = waveform_scores(dipole, task.target, window)
    scores = Scores(
        loss=1 - numbers["r_squared"],
        search_loss=chosen.loss,
        start_loss=full[0].loss,
        trial_r_squared=trial_r_squared(simulation, task.target, settings.smooth_ms, scale, window),
        ceiling=task.ceiling,
        **numbers,
    )
    estimates = _estimates(corrected, values)
    warnings = [
        *task.doubts,
        *undetermined(estimates),
        *at_border(corrected.posterior, corrected.x),
        *_scale_doubts(corrected, scale),
        *column_doubts(scale, network, task.target),
        *misfit_doubts(dipole, task.target, scores.r_squared, window, chosen.r_squared),
        *_threshold_doubts(corrected, simulation),
    ]
    return FitResult(
        kind="evoked",
        network=network,
        start_network=task.start,
        simulation=simulation,
        dipole=dipole,
        target=task.target,
        scale=scale,
        scores=scores,
        estimates=estimates,
        evaluations=tuple(bench.evaluations),
        levels=_levels(corrected, bench.of("linear"), full, chosen.loss),
        settings=settings,
        details=task.details,
        warnings=tuple(warnings),
    )


def _levels(
    corrected: Corrected, linear: list[Evaluation], full: list[Evaluation], loss: float
) -> tuple[LevelReport, ...]:
    best = min(tried.loss for tried in linear)
    return (
        LevelReport(name="linear", evaluations=len(linear), loss=best, agreement=corrected.agreement),
        LevelReport(name="full", evaluations=len(full), loss=loss),
    )


def _scale_doubts(corrected: Corrected, scale: float) -> list[str]:
    """Return whether the number of columns is not what was expected."""
    prior = corrected.task.prior
    if corrected.task.settings.columns is not None and prior is not None and abs(prior.distance(scale)) > 2:
        return [f"{scale:.3g} columns instead of the {prior.median:.3g} that were given: with these, cells would fire."]
    if prior is None or abs(prior.distance(scale)) <= 2:
        return []
    return [
        f"{scale:.3g} columns are {'more' if scale > prior.median else 'fewer'} than the {prior.median:.3g} (times or "
        f"divided by {prior.factor:g}) expected from the size of the target."
    ]


def _threshold_doubts(corrected: Corrected, simulation: Simulation) -> list[str]:
    """Return whether cells fire, or the column is not the sum of its kernels."""
    warnings = firing(simulation)
    if not corrected.agreement >= AGREES:
        warnings.append(
            f"The full column agrees with the sum of its single responses only with r = {corrected.agreement:.3f}."
        )
    return warnings


def _estimates(corrected: Corrected, values: dict[str, float]) -> tuple[Estimate, ...]:
    """Return values and intervals by a local Gaussian approximation."""
    task, posterior, x = corrected.task, corrected.posterior, corrected.x
    n = posterior.sequence.n
    misfit = float(np.sum(posterior.residual(x, corrected.correction)[: len(task.wanted)] ** 2))
    covariance = posterior.covariance(x, max(1.0, misfit / task.n_independent), corrected.correction)
    deviations = np.sqrt(np.diag(covariance))
    before = np.array(
        [posterior.column.tstop / np.sqrt(12)] * n
        + [np.log(SIGMA_FACTOR)] * n
        + [np.log(WEIGHT_FACTOR)] * sum(posterior.sequence.sizes)
        + [np.inf if task.prior is None else np.log(task.prior.factor)]
    )
    low, high = (natural(posterior.sequence, x + sign * Z90 * deviations) for sign in (-1, 1))
    return tuple(
        Estimate(
            path=path,
            value=value,
            low=float(low[k]),
            high=float(high[k]),
            determined=bool(deviations[k] < DETERMINED * before[k]),
        )
        if path != "columns" or task.settings.columns is None
        else Estimate(path=path, value=value, determined=None)  # it was given
        for k, (path, value) in enumerate(values.items())
    )
