"""What the figures of a group have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from ..._types import FloatArray
from ...viz.colors import COMPARED
from ...viz.target import in_shown_unit

if TYPE_CHECKING:
    from ...dipole import Dipole

__all__ = [
    "TRUTH",
    "condition_colors",
    "literal",
    "mean_interval",
    "same_limits",
    "unit_of",
]


TRUTH: Mapping[str, Any] = {
    "linestyle": "none",
    "marker": "x",
    "markersize": 6.5,
    "markeredgewidth": 1.6,
    "color": "black",
    "zorder": 4,
}
"""How what truly happened is drawn, on top of what was found."""


def condition_colors(conditions: Sequence[str]) -> dict[str, str]:
    """Return a colour per condition; black is left to their difference."""
    shades = COMPARED[1:]
    return {name: shades[k % len(shades)] for k, name in enumerate(dict.fromkeys(conditions))}


def literal(text: str) -> str:
    """Return a user's text so that matplotlib does not read it as mathematics."""
    return text.replace("$", r"\$")


def unit_of(dipole: Dipole | None) -> tuple[float, str]:
    """Return the factor from a target's values to those shown, and their unit."""
    provenance: Mapping[str, Any] = getattr(dipole, "provenance", None) or {}
    unit = provenance.get("unit", "A m")
    return in_shown_unit(unit if unit == "A m" else None)


def same_limits(panels: Sequence[Axes]) -> None:
    """Give all panels the limits that hold what each of them shows."""
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)


def mean_interval(courses: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray] | None:
    """Return the ends of the interval of a mean over rows by Student's t; None for a single row."""
    n = len(courses)
    if n < 2:
        return None
    half = stats.t.ppf(0.5 + confidence / 2, n - 1) * courses.std(axis=0, ddof=1) / np.sqrt(n)
    mean = courses.mean(axis=0)
    return mean - half, mean + half
