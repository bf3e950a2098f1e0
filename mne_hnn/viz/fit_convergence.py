"""How a search got to its fit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import ParameterError
from ._fit_parts import check_result, loss_name, order_legend, readable_log
from .colors import LAYERS

if TYPE_CHECKING:
    from ..fit.result import FitResult

__all__ = ["plot_convergence"]

FAILED = "#D55E00"


def plot_convergence(result: FitResult, *, show: bool = True) -> Figure:
    """Plot the loss of every network that was tried, and the best so far at each level of the search.

    Parameters
    ----------
    result : FitResult
        What a fit returned.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Losses of different levels are not comparable; simulations that failed are crosses at the top edge.

    Raises
    ------
    ParameterError
        `result` is no fit result, or nothing was tried.

    Examples
    --------
    >>> figure = plot_convergence(found)
    """
    check_result(result, "plot_convergence")
    if not result.evaluations:
        raise ParameterError("The fit holds no evaluations: there is nothing to plot.")
    losses = np.array([evaluation.loss for evaluation in result.evaluations])
    numbers = np.arange(1, len(losses) + 1)
    good = np.isfinite(losses)
    fig, axes = plt.subplots(figsize=(8.0, 3.8), layout="constrained")
    axes.plot(numbers[good], losses[good], ".", color="0.55", markersize=4.5, label="evaluation", zorder=3.5)
    if good.any() and (losses[good] > 0).all():
        axes.set_yscale("log")
    segments = _draw_best(axes, result)
    if not good.all():
        axes.plot(
            numbers[~good],
            np.full((~good).sum(), 0.975),
            "x",
            color=FAILED,
            markersize=6,
            markeredgewidth=1.4,
            transform=axes.get_xaxis_transform(),
            label="failed",
            zorder=4,
        )
        axes.margins(y=0.12)  # room for them
        axes.autoscale_view()
    axes.set_ylabel(loss_name(result))
    axes.set_xlabel("Evaluation")
    if axes.get_yscale() == "log":
        readable_log(axes.yaxis, axes.get_ylim(), 3.0)
    axes.set_xlim(0.5, len(losses) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if not good.any():
        axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(False)
    order_legend(axes, ["best", "evaluation", "failed"], None)
    _name_levels(fig, axes, segments)
    if show:
        plt.show()
    return fig


def _draw_best(axes: Axes, result: FitResult) -> list[tuple[str, int, int]]:
    """Draw the best so far of each level and lines between levels; return names, first and last evaluation."""
    best = np.where(np.isfinite(result.convergence()), result.convergence(), np.nan)
    segments, stop = [], 0
    several = len({evaluation.level for evaluation in result.evaluations}) > 1
    label = "best so far\nof the level" if several else "best so far"
    for name, some in groupby(evaluation.level for evaluation in result.evaluations):
        start, stop = stop, stop + len(list(some))
        segments.append((name, start + 1, stop))
        axes.stairs(
            best[start:stop],
            np.arange(start, stop + 1) + 0.5,
            baseline=None,
            color=LAYERS["L2"],
            linewidth=1.8,
            zorder=3,
            label="_best" if start else label,
        )
        if start:
            axes.axvline(start + 0.5, color="0.6", linewidth=0.6, zorder=1)
    return segments


def _level_name(name: str) -> str:
    width, _, depth = name.partition("x")
    if width.isdigit() and depth.isdigit():
        return f"{width} \N{MULTIPLICATION SIGN} {depth} mesh"
    return {"full": "full column", "linear": "linear sum"}.get(name, name)


def _name_levels(fig: Figure, axes: Axes, segments: Sequence[tuple[str, int, int]]) -> None:
    """Write the names of levels above them, on further lines where they would run into one another."""
    texts = [
        axes.annotate(
            _level_name(name),
            ((first + last) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize="small",
            color="0.25",
        )
        for name, first, last in segments
    ]
    fig.draw_without_rendering()
    rows: list[float] = []
    for text in texts:
        box = text.get_window_extent()
        row = next((k for k, end in enumerate(rows) if box.x0 > end + 4), len(rows))
        rows[row:] = [box.x1, *rows[row + 1 :]]
        text.set_position((0, 4 + 12 * row))
