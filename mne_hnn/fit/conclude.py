"""From the best point of a search to a result: fresh trials, scores, intervals, and what to know of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._types import FloatArray
from ..dipole import Dipole
from ..network import Network
from ..simulate import Simulation
from .doubts import column_doubts, misfit_doubts
from .objectives import Waveform, called, flat_loss
from .observation import fitted_dipole, n_independent, smoothed
from .result import Estimate, FitResult, Scores
from .scoring import (
    DETERMINED,
    Z90,
    ceiling,
    final_simulation,
    trial_r_squared,
    undetermined,
    waveform_scores,
)

if TYPE_CHECKING:
    from .search import Search

__all__ = ["conclude"]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A fitted network in fresh trials.

    Attributes
    ----------
    dipole : Dipole
        Its average, smoothed and scaled.
    found : float
        Scale that the search found, NaN if the objective has none.
    scale : float
        The one that is shown: 1 where none was found.
    scores : Scores
        How good it is.
    window : dict
        ``tmin`` and ``tmax`` that count.
    """

    dipole: Dipole
    found: float
    scale: float
    scores: Scores
    window: dict[str, Any]


def conclude(search: Search, best: FloatArray) -> FitResult:
    """Return the result of a search that ended at a point."""
    plan, settings = search.plan, search.plan.settings
    network = plan.space.network(best)
    search.report.say("simulating fresh trials")
    simulation = final_simulation(search.evaluator, network, plan.runs, settings.n_final, settings.fresh_seed)
    judged = _judged(search, simulation)
    search.report.say("computing intervals")
    estimates = _estimates(search, best)
    warnings = [
        *plan.doubts,
        *_search_doubts(search),
        *_score_doubts(search, judged),
        *_scale_doubts(judged, network, plan.target),
        *undetermined(estimates),
    ]
    return FitResult(
        kind=plan.kind,
        network=network,
        start_network=plan.network,
        simulation=simulation,
        dipole=judged.dipole,
        target=plan.target,
        scale=judged.scale,
        scores=judged.scores,
        estimates=estimates,
        evaluations=tuple(search.evaluations),
        levels=tuple(search.reports),
        settings=settings,
        details=plan.details,
        warnings=tuple(warnings),
    )


def _judged(search: Search, simulation: Simulation) -> _Judged:
    """Score fresh trials with the scale of the search."""
    plan, objective, loss = search.plan, search.objective, search.best[0]
    settings, target = plan.settings, plan.target
    found = search.settled.scale
    scale = found if np.isfinite(found) and found > 0 else 1.0
    smooth_ms = float(objective.smooth_ms if isinstance(objective, Waveform) else settings.smooth_ms)
    # the scale belongs to what was fitted: fresh trials do not get one of their own
    kept = replace(objective, scale=scale, prior=None) if isinstance(objective, Waveform) else objective
    score = kept.score(simulation)
    dipole = smoothed(simulation, smooth_ms).scale(scale)
    numbers: dict[str, float] = {}
    window = {"tmin": getattr(objective, "tmin", None), "tmax": getattr(objective, "tmax", None)}
    if target is not None:
        dipole = fitted_dipole(dipole, target)
        numbers = waveform_scores(dipole, target, window)
        numbers["ceiling"] = ceiling(target, settings.standard_error)
        numbers["trial_r_squared"] = trial_r_squared(simulation, target, smooth_ms, scale, window)
    scores = Scores(loss=score.loss, search_loss=loss, start_loss=search.start_loss, **numbers)
    return _Judged(dipole=dipole, found=found, scale=scale, scores=scores, window=window)


def _scale_doubts(judged: _Judged, network: Network, target: Dipole | None) -> list[str]:
    """Return whether no number of columns does, or more than any cortex holds."""
    if np.isfinite(judged.found) and judged.found <= 0:
        return [
            "No number of columns brings the dipole of this network closer to the target than silence does: its sign "
            "is the other way round, or it is flat. It is shown for one column."
        ]
    if target is not None and np.isfinite(judged.found):
        return column_doubts(judged.scale, network, target)
    return []


def _search_doubts(search: Search) -> list[str]:
    """Return what went wrong on the way."""
    warnings = []
    unscored = search.evaluator.n_unscored
    failed = sum(not np.isfinite(evaluation.loss) for evaluation in search.evaluations) - unscored
    if failed > 0:
        warnings.append(f"{failed} of the networks that were tried failed, and counted as the worst.")
    if unscored:
        warnings.append(
            f"Objective {called(search.objective)!r} gave no number (NaN) for {unscored} of the networks that were "
            "tried, and they counted as the worst."
        )
    dropped = search.plan.dropped
    if dropped:
        warnings.append(
            f"max_evaluations = {search.plan.settings.max_evaluations} is too few for {dropped + 1} levels: only the "
            "last was searched."
        )
    warnings += [
        f"The {report.name} column agrees with the full one only with r = {report.agreement:.2f} at its best point."
        for report in search.reports
        if report.agreement < 0.9
    ]
    warnings += [
        f"The {name} column cannot be compared with the full one at its best point: one of both gives a flat dipole."
        for name in search.flat
    ]
    return warnings


def _score_doubts(search: Search, judged: _Judged) -> list[str]:
    """Return whether the scores say that nothing was found."""
    objective, scores, target = search.objective, judged.scores, search.plan.target
    if np.isnan(scores.loss):
        return [
            f"Objective {called(objective)!r} gave no number (NaN) for the fitted network in trials that the search "
            "has not seen: there is no score to believe."
        ]
    if isinstance(objective, Waveform) and objective.measure != "correlation" and target is not None:
        return misfit_doubts(judged.dipole, target, scores.r_squared, judged.window, search.settled.r_squared)
    flat = flat_loss(objective)
    if flat is not None and scores.loss >= flat:
        return [
            f"The fit explains nothing: its loss is {scores.loss:.3g} in trials that the search has not seen, and "
            f"{flat:.3g} is what a dipole with nothing of what is wanted would have. Do not read its parameters: let "
            "it try more networks, or begin with other drives."
        ]
    return []


def _estimates(search: Search, best: FloatArray) -> tuple[Estimate, ...]:
    """Return values and intervals: Gauss-Newton curvature at the best point, and flat priors within the bounds.

    The approximation of Laplace, as Tierney and Kadane (1986, https://doi.org/10.1080/01621459.1986.10478240) have it.
    """
    space = search.space
    values = space.decode(best)
    if not search.plan.settings.intervals or not isinstance(search.objective, Waveform):
        return tuple(Estimate(path=name, value=values[name], determined=None) for name in space.names)
    step = 0.02
    steps = np.where(best > 0.5, -step, step)
    points = np.vstack([best, best + np.diag(steps)])
    scores = search.scored(points, search.plan.runs)
    centre = scores[0].residual
    jacobian = np.array(
        [
            (score.residual - centre) / size if len(score.residual) == len(centre) else np.zeros(len(centre))
            for score, size in zip(scores[1:], steps, strict=True)
        ]
    ).T
    waveform = search.objective
    misfit = max(waveform.noise, float(np.linalg.norm(centre)))
    times = np.asarray(waveform.target.times)
    start, stop = waveform.tmin or times[0], times[-1] if waveform.tmax is None else waveform.tmax
    independent = n_independent(times[(times >= start) & (times <= stop)], waveform.smooth_ms)
    weight = independent / misfit**2
    # 12 is the inverse variance of a uniform distribution over the unit interval
    covariance = np.linalg.inv(weight * jacobian.T @ jacobian + 12.0 * np.eye(space.n_free))
    deviations = np.sqrt(np.diag(covariance))
    found = []
    for k, name in enumerate(space.names):
        ends = []
        for sign in (-1.0, 1.0):
            point = best.copy()
            point[k] += sign * Z90 * deviations[k]
            ends.append(space.decode(point)[name])
        determined = bool(deviations[k] < DETERMINED / np.sqrt(12.0))
        found.append(Estimate(path=name, value=values[name], low=ends[0], high=ends[1], determined=determined))
    return tuple(found)
