"""Explanations in words and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explanation import Explanation, Explanations

__all__ = ["rows", "sentences"]


def rows(explanations: Explanations) -> list[dict[str, Any]]:
    """Return a row per explanation, in their order."""
    return [_row(item) for item in explanations]


def _row(item: Explanation) -> dict[str, Any]:
    amplitude = item.amplitude
    return {
        "regime": item.regime,
        "drives": ", ".join(f"{place} {mu:.0f} ms" for place, mu in item.sequence),
        "r_squared": item.r_squared,
        "evidence": item.evidence.value,
        "evidence_error": item.evidence.error,
        "columns": item.columns,
        "pyramidal_cells": None if amplitude is None else amplitude.cells,
        "fraction": None if amplitude is None else amplitude.fraction,
        "area_mm2": None if amplitude is None else amplitude.area_mm2,
        "patch_mm2": None if amplitude is None else amplitude.patch_mm2,
        **{f"spikes_per_cell.{name}": count.per_cell for name, count in item.spikes.types.items()},
        "refused": " ".join(item.refusals),
    }


def sentences(explanations: Explanations) -> list[str]:
    """Return what was found, in words."""
    first = explanations.first
    return [f"The most plausible explanation is {first!r}."]
