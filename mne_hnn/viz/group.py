"""A group: the targets of its subjects, and the drives that were found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .._units import MS
from ..errors import ParameterError
from .colors import COMPARED, location_color
from .group_parts import (
    condition_colors,
    conditions_of,
    literal,
    mean_interval,
    p_text,
    recording_name,
    same_limits,
    unit_of,
)
from .target import DIRECTION

if TYPE_CHECKING:
    from ..group.average import Average
    from ..group.comparison import Comparison, WaveformDifference
    from ..group.entry import Entry

__all__ = ["plot_group_drives", "plot_group_targets"]

SUBJECT = "0.6"
DIFFERENCE = COMPARED[0]
CONFIDENCE = 0.95
LOOSE = "0.55"


# targets ---------------------------------------------------------------------------------------------------


def plot_group_targets(
    averages: Mapping[str, Average], comparison: Comparison | None = None, *, show: bool = True
) -> Figure:
    """Plot the targets of all subjects with their mean, per condition, and the difference of two conditions.

    Parameters
    ----------
    averages : mapping of str to Average
        By condition, as :func:`mne_hnn.group.group_average` returns them.
    comparison : Comparison | None
        Of two conditions; its difference of waveforms gets a panel.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        One panel per condition (thin lines: subjects; thick: mean; band: interval of the mean by Student's t), and one
        of the difference, with clusters below. Time and moment have the same axes in all panels of conditions.

    Raises
    ------
    ParameterError
        There is no average.
    """
    if not averages:
        raise ParameterError("There are no averages: at least one condition of one subject must have a target.")
    waveform = None if comparison is None else comparison.waveform
    confidence = CONFIDENCE if comparison is None else comparison.confidence
    n_rows = len(averages) + (waveform is not None)
    fig, grid = plt.subplots(
        n_rows, 1, sharex=True, squeeze=False, figsize=(8.0, 0.9 + 2.2 * n_rows), layout="constrained"
    )
    rows = list(grid[:, 0])
    colors = condition_colors(list(averages))
    for axes, (condition, average) in zip(rows, averages.items(), strict=False):
        _draw_average(axes, average, colors[condition], confidence)
        axes.set_title(_title_of(condition, len(average.subjects)), loc="left", fontsize="medium", fontweight="bold")
    same_limits(rows[: len(averages)])
    if waveform is not None and comparison is not None:
        factor, unit = unit_of(next(iter(averages.values())).dipole)
        _draw_difference(rows[-1], waveform, comparison, factor, unit)
    rows[0].set_title(DIRECTION, loc="right", fontsize="small", color="0.25")
    times = [average.times for average in averages.values()]
    rows[-1].set_xlim(min(one[0] for one in times) / MS, max(one[-1] for one in times) / MS)
    rows[-1].set_xlabel("Time (ms)")
    fig.align_ylabels(rows)
    if show:
        plt.show()
    return fig


def _title_of(condition: str, n: int) -> str:
    return f"{literal(condition)} ({n} subject{'' if n == 1 else 's'})"


def _draw_average(axes: Axes, average: Average, color: str, confidence: float) -> None:
    factor, unit = unit_of(average.dipole)
    times, courses = average.times / MS, factor * np.asarray(average.courses)
    if len(courses) > 1:
        for k, course in enumerate(courses):
            axes.plot(times, course, color=SUBJECT, linewidth=0.7, zorder=1.5, label="_subjects" if k else "subjects")
    interval = mean_interval(courses, confidence)
    if interval is not None:
        axes.fill_between(
            times, *interval, color=color, alpha=0.3, linewidth=0, zorder=1.2, label=f"{100 * confidence:g} % interval"
        )
    label = "mean" if len(courses) > 1 else "subject"
    axes.plot(times, courses.mean(axis=0), color=color, linewidth=2.0, zorder=3, label=label)
    _finish_course(axes, f"Dipole moment\n({unit})")


def _finish_course(axes: Axes, name: str) -> None:
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel(name)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize="small", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _draw_difference(
    axes: Axes, waveform: WaveformDifference, comparison: Comparison, factor: float, unit: str
) -> None:
    """Draw the difference of two conditions; bars below tell when it is more than chance."""
    times, confidence = waveform.times / MS, comparison.confidence
    for k, course in enumerate(factor * np.asarray(waveform.courses)):
        axes.plot(times, course, color=SUBJECT, linewidth=0.7, zorder=1.5, label="_subjects" if k else "subjects")
    axes.fill_between(
        times,
        factor * waveform.low,
        factor * waveform.high,
        color=DIFFERENCE,
        alpha=0.2,
        linewidth=0,
        zorder=1.2,
        label=f"{100 * confidence:g} % interval",
    )
    axes.plot(times, factor * waveform.mean, color=DIFFERENCE, linewidth=2.0, zorder=3, label="mean")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.16 * (high - low), high)
    reached = [one for one in waveform.clusters if one.p < 1 - confidence]
    for one in reached:
        axes.axvspan(one.tmin / MS, one.tmax / MS, color="0.93", linewidth=0, zorder=0)
        axes.plot(
            [one.tmin / MS, one.tmax / MS],
            [0.03, 0.03],
            color=DIFFERENCE,
            linewidth=4,
            solid_capstyle="butt",
            transform=axes.get_xaxis_transform(),
            zorder=4,
            gid="cluster",
        )
        axes.annotate(
            p_text(one.p),
            ((one.tmin + one.tmax) / 2 / MS, 0.05),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize="small",
            zorder=5,
        )
    a, b = (literal(one) for one in comparison.contrast)
    n = len(waveform.subjects)
    axes.set_title(
        f"{a} \N{MINUS SIGN} {b} ({n} subject{'' if n == 1 else 's'})",
        loc="left",
        fontsize="medium",
        fontweight="bold",
    )
    if not reached:
        axes.set_title(f"no cluster with p < {1 - confidence:.2g}", loc="right", fontsize="small", color="0.25")
    _finish_course(axes, f"Difference\n({unit})")
    if reached:
        handles, labels = axes.get_legend_handles_labels()
        bar = Line2D([], [], color=DIFFERENCE, linewidth=4, solid_capstyle="butt")
        axes.legend(
            [*handles, bar],
            [*labels, "cluster"],
            fontsize="small",
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )


# drives ----------------------------------------------------------------------------------------------------


def plot_group_drives(entries: Sequence[Entry], *, show: bool = True) -> Figure:
    """Plot when each drive came, in every subject and condition.

    Parameters
    ----------
    entries : sequence of Entry
        Results of subjects and conditions; those without a fit are left out.
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
    """
    arrivals = {id(one): _arrivals(one) for one in entries if one.fit is not None}
    fitted = [one for one in entries if arrivals.get(id(one))]
    if not fitted:
        raise ParameterError("No entry has a fit with evoked drives: there is nothing to plot.")
    conditions = conditions_of(fitted)
    names = list(dict.fromkeys(recording_name(one) for one in fitted))
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
        own = [one for one in fitted if one.condition == condition]
        _draw_means(axes, [arrivals[id(one)] for one in own])
        for one in own:
            _draw_arrivals(axes, names.index(recording_name(one)), arrivals[id(one)])
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
    _explain_drives(fig, [arrival for one in fitted for arrival in arrivals[id(one)]])
    if show:
        plt.show()
    return fig


_Arrival = tuple[str, str, float, float, float, bool]
"""Name and location of a drive, mean time with its interval (ms), whether the data determine it."""


def _arrivals(entry: Entry) -> list[_Arrival]:
    """Return when the evoked drives of a fitted network came."""
    from ..network import EvokedDrive

    assert entry.fit is not None
    found = {one.path: one for one in entry.fit.estimates}
    listed: list[_Arrival] = []
    for name, drive in entry.fit.network.drives.items():
        if not isinstance(drive, EvokedDrive):
            continue
        one = found.get(f"drives.{name}.mu_ms")
        if one is None:
            listed.append((name, drive.location, drive.mu_ms, np.nan, np.nan, True))
        else:
            listed.append((name, drive.location, one.value, one.low, one.high, one.determined is not False))
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
        times = [one[2] for row in rows for one in row if one[:2] == (name, location)]
        if len(times) == len(rows):
            axes.axvline(
                float(np.mean(times)), color=location_color(location), linewidth=0.9, linestyle=(0, (4, 3)), zorder=1
            )


def _explain_drives(fig: Figure, arrivals: Sequence[_Arrival]) -> None:
    handles: dict[str, Line2D] = {}
    for location in sorted({one[1] for one in arrivals if one[5]}, reverse=True):
        handles[f"{location} drive"] = Line2D([], [], linestyle="none", **_drive_style(location, True))
    if not all(one[5] for one in arrivals):
        style = {**_drive_style("", False), "color": LOOSE}
        handles["not determined by the data"] = Line2D([], [], linestyle="none", **style)
    if any(np.isfinite(one[3:5]).all() for one in arrivals):
        handles["90 % interval"] = Line2D([], [], color="0.3", linewidth=1.8)
    if any(line.get_linestyle() == "--" for axes in fig.axes for line in axes.lines):
        handles["mean"] = Line2D([], [], color="0.3", linewidth=0.9, linestyle=(0, (4, 3)))
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
