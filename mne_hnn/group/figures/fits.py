"""A group: how well the column fits every subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..._units import MS
from ...errors import ParameterError
from ...viz.colors import LAYERS, TARGET, ink
from ..entry import conditions_of, recording_name
from .parts import condition_colors, literal, same_limits, unit_of

if TYPE_CHECKING:
    from ..entry import Entry

__all__ = ["plot_group_fits"]

ROWS_PER_BLOCK = 12
"""Recordings below one another, before a second block of panels begins beside them."""


def plot_group_fits(entries: Sequence[Entry], *, show: bool = True) -> Figure:
    """Plot the target and the fitted (or, without a search, simulated) dipole of every subject and condition.

    Parameters
    ----------
    entries : sequence of Entry
        Results of subjects and conditions; those that failed get a panel that says so.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Rows are subjects (and sessions), columns conditions; from the thirteenth row on further columns. The scale of
        the moment is that of the row. R² is that in trials that the search has not seen.

    Raises
    ------
    ParameterError
        There is no entry.

    Examples
    --------
    >>> figure = plot_group_fits(entries)
    """
    if not entries:
        raise ParameterError("There are no entries: there is nothing to plot.")
    conditions = conditions_of(entries)
    names = list(dict.fromkeys(recording_name(entry) for entry in entries))
    n_blocks = -(-len(names) // ROWS_PER_BLOCK)
    n_rows = -(-len(names) // n_blocks)
    n_cols = n_blocks * len(conditions)
    width = min(max(3.0, 6.5 / n_cols), 14.0 / n_cols)
    fig, grid = plt.subplots(
        n_rows,
        n_cols,
        squeeze=False,
        sharex=True,
        layout="constrained",
        figsize=(0.8 + max(width, 1.3) * n_cols, 1.1 + 1.15 * n_rows),
    )
    by_place = {(recording_name(entry), entry.condition): entry for entry in entries}
    units = {unit_of(entry.target)[1] for entry in entries if entry.target is not None} or {"nAm"}
    for k, name in enumerate(names):
        block, row = divmod(k, n_rows)
        panels = list(grid[row, block * len(conditions) : (block + 1) * len(conditions)])
        for axes, condition in zip(panels, conditions, strict=True):
            _draw_fit(axes, by_place.get((name, condition)))
        drawn = [axes for axes in panels if axes.lines]
        if drawn:
            same_limits(drawn)
        for axes in drawn[1:]:
            axes.tick_params(labelleft=False)
        panels[0].set_ylabel(literal(name), fontsize="small")
    _finish_fits(fig, grid, conditions, len(names), " or ".join(sorted(units)))
    _explain(fig, entries)
    if show:
        plt.show()
    return fig


def _draw_fit(axes: Axes, entry: Entry | None) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize="small")
    if entry is None or entry.target is None:
        word = "not recorded" if entry is None else f"failed at {entry.step}" if entry.status != "ok" else "no target"
        axes.text(
            0.5, 0.5, literal(word), transform=axes.transAxes, ha="center", va="center", fontsize="small", color="0.3"
        )
        axes.spines["left"].set_visible(False)
        axes.set_yticks([])
        return
    factor, _ = unit_of(entry.target)
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.plot(entry.target.times / MS, factor * entry.target["agg"], color=TARGET, linewidth=3.0, label="target")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    axes.margins(y=0.15)
    text = "not fitted"
    if entry.fit is not None:
        dipole = entry.fit.dipole
        axes.plot(
            dipole.times / MS,
            factor * dipole["agg"],
            color=LAYERS["agg"],
            linewidth=1.2,
            label=f"{_word(entry)} dipole",
        )
        text = f"$R^2$ = {entry.fit.r_squared:.3f}".replace("-", "\N{MINUS SIGN}")
    axes.text(0.99, 1.0, text, transform=axes.transAxes, ha="right", va="bottom", fontsize="x-small", color="0.25")


def _finish_fits(fig: Figure, grid: Any, conditions: Sequence[str], n: int, unit: str) -> None:
    n_rows, n_cols = grid.shape
    colors = condition_colors(conditions)
    for column in range(n_cols):
        condition = conditions[column % len(conditions)]
        grid[0, column].set_title(
            literal(condition), fontsize="small", fontweight="bold", loc="left", color=ink(colors[condition])
        )
        block = column // len(conditions)
        for row in range(n_rows):
            if block * n_rows + row >= n:
                grid[row, column].set_visible(False)
        last = min(n_rows, n - block * n_rows) - 1
        grid[last, column].tick_params(labelbottom=True)
    fig.align_ylabels(list(grid[:, 0]))
    fig.supxlabel("Time (ms)", fontsize="medium")
    fig.supylabel(f"Dipole moment ({unit})", fontsize="medium")


def _word(entry: Entry) -> str:
    """Return what a simulated dipole is: where nothing was searched for, it is no fitted one."""
    return "simulated" if entry.fit is not None and entry.fit.kind == "none" else "fitted"


def _explain(fig: Figure, entries: Sequence[Entry]) -> None:
    words = sorted({_word(entry) for entry in entries if entry.fit is not None}) or ["fitted"]
    simulated = f"{' or '.join(words)} dipole"
    handles = [
        Line2D([], [], color=TARGET, linewidth=3.0, label="target"),
        Line2D([], [], color=LAYERS["agg"], linewidth=1.2, label=simulated),
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=2, fontsize="small", frameon=False)
