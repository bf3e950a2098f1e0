"""A group: the targets of its subjects, their mean, and the difference of two conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..._units import MS
from ...errors import ParameterError
from ...viz.colors import COMPARED
from ...viz.target import DIRECTION
from ..quantity_words import p_text
from .parts import condition_colors, literal, mean_interval, same_limits, unit_of

if TYPE_CHECKING:
    from ..average import Average
    from ..comparison import Cluster, Comparison, WaveformDifference

__all__ = ["plot_group_targets"]

SUBJECT = "0.6"
DIFFERENCE = COMPARED[0]
CONFIDENCE = 0.95


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

    Examples
    --------
    >>> figure = plot_group_targets(group_average(entries), comparison)
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
    rows[-1].set_xlim(min(axis[0] for axis in times) / MS, max(axis[-1] for axis in times) / MS)
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
    reached = [cluster for cluster in waveform.clusters if cluster.p < 1 - confidence]
    _mark_clusters(axes, reached)
    a, b = (literal(condition) for condition in comparison.contrast)
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


def _mark_clusters(axes: Axes, clusters: Sequence[Cluster]) -> None:
    """Draw a bar with its p below the curves for each cluster of times."""
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.16 * (high - low), high)
    for cluster in clusters:
        axes.axvspan(cluster.tmin / MS, cluster.tmax / MS, color="0.93", linewidth=0, zorder=0)
        axes.plot(
            [cluster.tmin / MS, cluster.tmax / MS],
            [0.03, 0.03],
            color=DIFFERENCE,
            linewidth=4,
            solid_capstyle="butt",
            transform=axes.get_xaxis_transform(),
            zorder=4,
            gid="cluster",
        )
        axes.annotate(
            p_text(cluster.p),
            ((cluster.tmin + cluster.tmax) / 2 / MS, 0.05),
            xycoords=axes.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize="small",
            zorder=5,
        )
