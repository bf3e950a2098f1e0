"""A group: when the drives came that were found in its subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...errors import ParameterError
from ...viz.colors import location_color
from ..entry import conditions_of, recording_name
from ..truth import true_times
from .parts import TRUTH, literal

if TYPE_CHECKING:
    from ..demo_truth import SubjectTruth
    from ..entry import Entry

__all__ = ["plot_group_drives"]

LOOSE = "0.55"


def plot_group_drives(
    entries: Sequence[Entry], truths: Mapping[str, SubjectTruth] | None = None, *, show: bool = True
) -> Figure:
    """Plot when each drive came, in every subject and condition.

    Parameters
    ----------
    entries : sequence of Entry
        Results of subjects and conditions; those without a fit are left out.
    truths : mapping of str to SubjectTruth | None
        What truly happened, by subject: crosses.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        One panel per condition, one row per subject (and session). Triangles point up for proximal drives and down for
        distal ones, lines are 90 % intervals, dashed lines the mean over subjects; hollow is what the data do not
        determine.

    Raises
    ------
    ParameterError
        There is no fit with evoked drives.

    Examples
    --------
    >>> figure = plot_group_drives(entries)
    """
    arrivals = {id(entry): _arrivals(entry) for entry in entries if entry.fit is not None}
    fitted = [entry for entry in entries if arrivals.get(id(entry))]
    if not fitted:
        raise ParameterError("No entry has a fit with evoked drives: there is nothing to plot.")
    conditions = conditions_of(fitted)
    names = list(dict.fromkeys(recording_name(entry) for entry in fitted))
    fig, grid = plt.subplots(
        1,
        len(conditions),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
        figsize=(1.2 + 3.6 * max(len(conditions), 2 - 0.1 * len(conditions)), 1.5 + 0.3 * len(names)),
    )
    for axes, condition in zip(grid[0], conditions, strict=True):
        own = [entry for entry in fitted if entry.condition == condition]
        _draw_means(axes, [arrivals[id(entry)] for entry in own])
        for entry in own:
            row = names.index(recording_name(entry))
            _draw_arrivals(axes, row, arrivals[id(entry)])
            if truths and entry.subject in truths:
                true = [mu for _, mu in true_times(truths[entry.subject], condition)]
                axes.plot(true, np.full(len(true), row), gid="truth", **TRUTH)
        axes.set_title(literal(condition), loc="left", fontsize="medium", fontweight="bold")
        axes.set_xlabel("Time (ms)")
        axes.grid(axis="y", color="0.92", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    first = grid[0, 0]
    first.set_ylim(len(names) - 0.4, -0.6)
    first.set_yticks(range(len(names)), [literal(name) for name in names], fontsize="small")
    first.set_xlim(left=min(0.0, first.get_xlim()[0]))
    _explain_drives(fig, [arrival for entry in fitted for arrival in arrivals[id(entry)]], bool(truths))
    if show:
        plt.show()
    return fig


_Arrival = tuple[str, str, float, float, float, bool]
"""Name and location of a drive, mean time with its interval (ms), whether the data determine it."""


def _arrivals(entry: Entry) -> list[_Arrival]:
    """Return when the evoked drives of a fitted network came."""
    from ...network import EvokedDrive

    assert entry.fit is not None
    found = {estimate.path: estimate for estimate in entry.fit.estimates}
    listed: list[_Arrival] = []
    for name, drive in entry.fit.network.drives.items():
        if not isinstance(drive, EvokedDrive):
            continue
        estimate = found.get(f"drives.{name}.mu_ms")
        if estimate is None:
            listed.append((name, drive.location, drive.mu_ms, np.nan, np.nan, True))
        else:
            listed.append(
                (name, drive.location, estimate.value, estimate.low, estimate.high, estimate.determined is not False)
            )
    return listed


def _draw_arrivals(axes: Axes, row: int, arrivals: Sequence[_Arrival]) -> None:
    for name, location, mu, low, high, determined in arrivals:
        style = _drive_style(location, determined)
        if np.isfinite([low, high]).all():
            axes.plot([low, high], [row, row], color=style["color"], linewidth=1.8, solid_capstyle="butt", zorder=2)
        axes.plot([mu], [row], linestyle="none", zorder=3, gid=name, **style)


def _drive_style(location: str, determined: bool) -> dict[str, Any]:
    color = location_color(location)
    marker = {"proximal": "^", "distal": "v"}.get(location, "o")
    return {
        "marker": marker,
        "color": color,
        "markerfacecolor": color if determined else "white",
        "markersize": 6.5,
        "markeredgewidth": 1.2,
    }


def _draw_means(axes: Axes, rows: Sequence[Sequence[_Arrival]]) -> None:
    """Draw the mean time of each drive that all subjects have, if there are several."""
    if len(rows) < 2:
        return
    for name, location, *_ in rows[0]:
        times = [arrival[2] for row in rows for arrival in row if arrival[:2] == (name, location)]
        if len(times) == len(rows):
            axes.axvline(
                float(np.mean(times)), color=location_color(location), linewidth=0.9, linestyle=(0, (4, 3)), zorder=1
            )


def _explain_drives(fig: Figure, arrivals: Sequence[_Arrival], has_truth: bool) -> None:
    handles: dict[str, Line2D] = {}
    for location in sorted({arrival[1] for arrival in arrivals if arrival[5]}, reverse=True):
        handles[f"{location} drive"] = Line2D([], [], linestyle="none", **_drive_style(location, True))
    if not all(arrival[5] for arrival in arrivals):
        style = {**_drive_style("", False), "color": LOOSE}
        handles["not determined by the data"] = Line2D([], [], linestyle="none", **style)
    if any(np.isfinite(arrival[3:5]).all() for arrival in arrivals):
        handles["90 % interval"] = Line2D([], [], color="0.3", linewidth=1.8)
    if any(line.get_linestyle() == "--" for axes in fig.axes for line in axes.lines):
        handles["mean"] = Line2D([], [], color="0.3", linewidth=0.9, linestyle=(0, (4, 3)))
    if has_truth:
        handles["truth"] = Line2D([], [], **TRUTH)
    fig.legend(
        list(handles.values()),
        list(handles),
        loc="outside upper center",
        ncols=len(handles),
        fontsize="small",
        frameon=False,
        columnspacing=1.5,
        handletextpad=0.5,
    )
