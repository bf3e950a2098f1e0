"""The picture of a fit: how it converges, and the best dipole so far over the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._units import MS, NAM
from ..dipole import Dipole
from ..fit import Explanations
from ..viz.colors import COMPARED, TARGET
from .drawing import drawing, new_figure, put_legend
from .fitting import FitBest, FitProgress

__all__ = ["draw_fit"]

SIZE = (6.4, 2.6)


def draw_fit(
    progress: FitProgress,
    target: Dipole,
    *,
    start: Dipole | None,
    best: FitBest | None,
    explanations: Explanations | None = None,
    size: tuple[float, float] = SIZE,
) -> Figure:
    """Draw how a fit converges, and what it has.

    Parameters
    ----------
    progress : FitProgress
        How far it is.
    target : Dipole
        What is fitted.
    start : Dipole | None
        The dipole that it started from.
    best : FitBest | None
        The best so far.
    explanations : Explanations | None
        What a fit that looks for drives has found at its end.
    size : tuple of float
        Width and height, inches.
    """
    with drawing():
        figure = new_figure(*size)
        curve, course = figure.subplots(1, 2, width_ratios=[1.0, 1.7])
        _draw_losses(curve, progress)
        course.plot(target.times / MS, target["agg"] / NAM, color=TARGET, linewidth=4.5, label="target")
        if start is not None:
            course.plot(start.times / MS, start["agg"] / NAM, ":", color="0.4", linewidth=1.2, label="start")
        for dipole, color, name in _found(progress, best, explanations):
            course.plot(dipole.times / MS, dipole["agg"] / NAM, color=color, linewidth=1.6, label=name)
        course.axhline(0, color="0.5", linewidth=0.6, zorder=0)
        course.set_xlim(target.times[0] / MS, target.times[-1] / MS)
        course.set_xlabel("Time (ms)")
        course.set_ylabel("Dipole moment (nAm)")
        put_legend(course)
    return figure


def _found(
    progress: FitProgress, best: FitBest | None, explanations: Explanations | None
) -> Sequence[tuple[Dipole, str, str]]:
    """Return what there is to be drawn: dipole, colour, name."""
    if explanations is not None:
        return [
            (item.fit.dipole, color, f"{number} ({item.regime})")
            for number, (item, color) in enumerate(zip(explanations, COMPARED, strict=False), 1)
        ]
    name = "in fresh trials" if progress.status == "done" else "best so far"
    return [] if best is None else [(best.dipole, COMPARED[0], f"{name}, R² = {1 - best.loss:.3f}")]


def _draw_losses(axes: Axes, progress: FitProgress) -> None:
    """Draw the smallest loss over the networks that were tried."""
    if progress.losses:
        tried, losses = np.array(progress.losses).T
        axes.step(tried, losses, where="post", color="black", linewidth=1.4)
        axes.plot(tried[-1], losses[-1], "o", color="black", markersize=4)
        if losses.min() > 0 and losses.max() > 3 * losses.min():
            axes.set_yscale("log")
    else:
        axes.text(0.5, 0.5, "no network of the\nfull column yet", ha="center", va="center", transform=axes.transAxes)
    late = progress.budget is None and progress.losses  # a search for drives has no full column for a long time
    axes.set_xlim(left=progress.losses[0][0] - 0.5 if late else 0, right=max(progress.budget or 0, progress.tried, 1))
    axes.set_xlabel("Networks tried")
    axes.set_ylabel("Smallest 1 \N{MINUS SIGN} R²")
