"""Explanations of a rhythm as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .explanation_rows import amplitude_columns

if TYPE_CHECKING:
    from .rhythm_explanation import RhythmExplanation, RhythmExplanations

__all__ = ["rows"]


def rows(explanations: RhythmExplanations) -> list[dict[str, Any]]:
    """Return a row per explanation, in their order.

    Parameters
    ----------
    explanations : RhythmExplanations
        The explanations.

    Returns
    -------
    rows : list of dict
        Regime; drives in words; loss in fresh trials, its error, and by how much it is above that of the first;
        likeness of the spectra; evidence, its error and parts, None where the target gives no trials; columns, cells,
        mm², None where it has no unit; spikes per cell after the burn-in by type; distances from what was expected in
        standard deviations; why it is refused.
    """
    return [_row(item, explanations) for item in explanations]


def _row(item: RhythmExplanation, explanations: RhythmExplanations) -> dict[str, Any]:
    evidence = item.evidence if item.evidence.parts else None
    return {
        "regime": item.regime,
        "drives": ", ".join(f"{place} {rate:.1f} Hz" for place, rate in item.bursts),
        "loss": item.loss,
        "loss_error": item.loss_error,
        "loss_above_first": item.loss - explanations.first.loss,
        "likeness": item.likeness,
        "evidence": None if evidence is None else evidence.value,
        "evidence_error": None if evidence is None else evidence.error,
        **{f"evidence.{name}": value for name, value in item.evidence.parts.items()},
        "columns": None if item.columns != item.columns else item.columns,
        **amplitude_columns(item.amplitude),
        **{f"spikes_per_cell.{name}": count.per_cell for name, count in item.spikes.types.items()},
        **{f"distance.{name}": value for name, value in item.distances.items()},
        "parameters": len(item.fit.estimates),
        "refused": " ".join(item.refusals),
    }
