"""What the sidecar of a fit notes of its explanations: numbers that JSON knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..fit import ColumnPrior, Contribution, Contributions, Explanation, Explanations, FitResult
from ..fit.evidence import DECISIVE
from ..fit.plain_settings import plain_settings
from ..network import EvokedDrive
from .facts import ColumnsPrior, DriveFacts, ExplanationFacts, FitFacts, SpikesFacts

__all__ = ["as_json", "fit_facts", "taken_apart"]

INTERVAL_PERCENT = 90
"""What the intervals of :class:`~mne_hnn.fit.Estimate` hold."""
_COUNTED = ("cells", "fraction", "area_mm2", "least_area_mm2", "patch_mm2", "density_nAm_per_mm2", "columns_per_nAm")
_OF_PART = ("kind", "name", "cell_type", "peak_nAm", "peak_ms", "direction", "share", "size")
_OF_PRIOR = ("name", "quantity", "median", "low", "high", "unit", "source")


def as_json(value: Any) -> Any:
    """Return a value for JSON, which knows neither NaN nor infinity: None in their place."""
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def fit_facts(found: Explanations, contributions: Contributions | None = None) -> FitFacts:
    """Return what is noted of explanations, the first of them in full, and of the one that was taken apart."""
    first = found.first
    fit, scores, prior = first.fit, first.fit.scores, _columns_prior(found)
    settings = plain_settings(fit.settings, fit.details)
    certain = any(np.isfinite(estimate.low) for estimate in fit.estimates)
    window_ms = first.spikes.window_ms
    return FitFacts(
        fitted=fit.kind != "none",
        verdict=found.verdict if first.evidence.parts else None,
        decisive=DECISIVE if first.evidence.parts else None,
        regime=first.regime,
        scale=as_json(fit.scale),
        r_squared=as_json(scores.r_squared),
        nrmse=as_json(scores.nrmse),
        correlation=as_json(scores.correlation),
        trial_r_squared=as_json(scores.trial_r_squared),
        # the loss of this stage is 1 - R²
        search_loss=as_json(scores.search_loss),
        search_r_squared=as_json(1 - scores.search_loss),
        start_loss=as_json(scores.start_loss),
        start_r_squared=as_json(1 - scores.start_loss),
        ceiling=as_json(scores.ceiling),
        evaluations=len(fit.evaluations),
        drives=_drives(fit),
        columns_prior=None if prior is None else ColumnsPrior(median=prior.median, factor=prior.factor),
        levels=as_json([asdict(level) for level in fit.levels]),
        warnings=list(found.warnings),
        smooth_ms=fit.settings.smooth_ms,
        settings=as_json({name: value for name, value in settings.items() if name != "parameters"}),
        interval_percent=INTERVAL_PERCENT if certain else None,
        engine=fit.simulation.engine,
        explanations=tuple(map(_noted, found)),
        spikes_window_ms=window_ms,
        prior=as_json([{name: getattr(row, name) for name in _OF_PRIOR} for row in found.prior.rows(window_ms)]),
        contributions_of=None if contributions is None else found.items.index(taken_apart(found)) + 1,
        contributions=[] if contributions is None else as_json([_part(row) for row in contributions.rows()]),
    )


def _columns_prior(found: Explanations) -> ColumnPrior | None:
    """Return how many columns were expected where no cell fires, or of a search that did not ask."""
    used = [item.fit.prior for item in found if item.regime == "silent" or not item.evidence.parts]
    return used[0] if used else None


def taken_apart(found: Explanations) -> Explanation:
    """Return the explanation of which is said what each drive does: the first whose cells fire, else the first."""
    return found.first if found.spiking is None else found.spiking


def _part(row: Contribution) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OF_PART} | {"spikes_added": dict(row.spikes_added)}


def _drives(fit: FitResult) -> dict[str, DriveFacts]:
    """Return the evoked drives: where, when (with the interval that holds 90 % of the probability), how spread out."""
    times = {estimate.path: estimate for estimate in fit.estimates}
    found = {}
    for name, drive in fit.network.drives.items():
        if isinstance(drive, EvokedDrive):
            time = times.get(f"drives.{name}.mu_ms")
            found[name] = DriveFacts(
                location=drive.location,
                mu_ms=drive.mu_ms,
                mu_ms_90=None if time is None else as_json([time.low, time.high]),
                sigma_ms=drive.sigma_ms,
            )
    return found


def _noted(item: Explanation) -> ExplanationFacts:
    evidence, amplitude = item.evidence, item.amplitude
    judged = bool(evidence.parts)
    return ExplanationFacts(
        regime=item.regime,
        refusals=list(item.refusals),
        drives=_drives(item.fit),
        r_squared=as_json(item.r_squared),
        evidence=evidence.value if judged else None,
        evidence_error=evidence.error if judged else None,
        evidence_parts=dict(evidence.parts),
        columns=as_json(item.columns),
        **{name: None if amplitude is None else as_json(getattr(amplitude, name)) for name in _COUNTED},
        spikes={
            name: SpikesFacts(
                per_cell=count.per_cell, share_firing=count.share_firing, median_ms=as_json(count.median_ms)
            )
            for name, count in item.spikes.types.items()
        },
        distances=dict(item.distances),
    )
