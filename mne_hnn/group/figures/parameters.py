"""A group: parameters of two conditions, subject by subject, and what each subject does to their difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ...errors import ParameterError
from ..quantity_words import (
    change_text,
    choose,
    drive_of,
    in_shown_units,
    number,
    p_text,
    quantity_name,
    rank,
    short_name,
    unit_factor,
)
from .parts import TRUTH, condition_colors, literal

if TYPE_CHECKING:
    from ..comparison import Comparison, Difference
    from ..influence import Influence

__all__ = ["plot_group_parameters", "plot_influence"]

MOST_PARAMETERS, PER_ROW = 30, 7
MOST_INFLUENCES = 12
CHANGED = "#D55E00"
PAIR = "0.65"
TRUE_AT = (-0.28, 1.28)


def plot_group_parameters(
    comparison: Comparison, true: Mapping[str, Difference] | None = None, *, show: bool = True
) -> Figure:
    """Plot spikes and fitted parameters of two conditions, subject by subject.

    Parameters
    ----------
    comparison : Comparison
        Of two conditions, as :func:`mne_hnn.group.compare_conditions` returns it.
    true : mapping of str to Difference | None
        What truly happened, by quantity: crosses at the true means.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        One panel per quantity that was tested, those of a drive side by side: a line per subject, the means
        as bars, and above the mean difference (or ratio, on a logarithmic axis) with its interval and p value. If
        there are more than thirty, spreads and weights give way.

    Raises
    ------
    ParameterError
        No parameter was tested.

    Examples
    --------
    >>> figure = plot_group_parameters(comparison)
    """
    if not hasattr(comparison, "differences"):
        raise ParameterError(
            f"plot_group_parameters needs a Comparison, got {type(comparison).__name__}: see compare_conditions."
        )
    listed = [in_shown_units(difference) for difference in choose(comparison.differences, MOST_PARAMETERS)]
    if not listed:
        raise ParameterError(
            "The comparison has no parameters that were tested: both conditions need fits with the same drives, and "
            "data that determine them."
        )
    rows = _rows(listed)
    n_cols = max(len(row) for row in rows)
    fig, grid = plt.subplots(
        len(rows),
        n_cols,
        squeeze=False,
        layout="constrained",
        figsize=(max(1.75 * n_cols + 0.6, 5.0), 0.5 + 2.35 * len(rows)),
    )
    colors = condition_colors(comparison.contrast)
    for panels, row in zip(grid, rows, strict=True):
        for axes, difference in zip(panels, row, strict=False):
            _draw_pairs(axes, difference, comparison, colors)
            if true and difference.quantity in true:
                known = in_shown_units(true[difference.quantity])
                axes.plot(TRUE_AT, [known.mean_a, known.mean_b], gid="truth", **TRUTH)
                shown = [*difference.values_a, *difference.values_b, known.mean_a, known.mean_b]
                _scale(axes, difference, np.asarray(shown, dtype=float))
        for axes in panels[len(row) :]:
            axes.set_visible(False)
    _explain_pairs(fig, comparison, colors, any(difference.quantity in (true or {}) for difference in listed))
    if show:
        plt.show()
    return fig


def _rows(listed: Sequence[Difference]) -> list[list[Difference]]:
    """Return spikes, their times, and the parameters by drive, long rows broken; those of no drive come last."""
    fired = [difference for difference in listed if difference.group == "spikes"]
    times = [difference for difference in fired if difference.quantity.endswith("_ms")]
    spikes = [difference for difference in fired if difference not in times]
    by_drive: dict[str | None, list[Difference]] = {}
    for difference in listed:
        if difference.group != "spikes":
            by_drive.setdefault(drive_of(difference.quantity), []).append(difference)
    own = by_drive.pop(None, [])
    rows = []
    for unordered in [spikes, times, *by_drive.values(), own]:
        some = sorted(unordered, key=lambda difference: rank(difference.quantity))
        rows += [some[k : k + PER_ROW] for k in range(0, len(some), PER_ROW)]
    return rows


def _draw_pairs(axes: Axes, difference: Difference, comparison: Comparison, colors: dict[str, str]) -> None:
    a, b = comparison.contrast
    first, second = np.asarray(difference.values_a, dtype=float), np.asarray(difference.values_b, dtype=float)
    for pair in zip(first, second, strict=True):
        axes.plot([0, 1], pair, color=PAIR, linewidth=0.8, zorder=1)
    for x, values, name, mean in ((0, first, a, difference.mean_a), (1, second, b, difference.mean_b)):
        axes.plot(
            np.full(len(values), x),
            values,
            "o",
            color=colors[name],
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
            zorder=2,
        )
        out = -0.28 if x == 0 else 1.28
        axes.plot([out - 0.12, out + 0.12], [mean, mean], color=colors[name], linewidth=3.0, zorder=3, gid="mean")
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks([])
    axes.tick_params(axis="y", labelsize="small")
    drive = drive_of(difference.quantity)
    unit = f" ({literal(difference.unit)})" if difference.unit else ""
    name = f"{drive} {short_name(difference.quantity)}" if drive else quantity_name(difference.quantity)
    axes.set_ylabel(_of_spikes(name, unit) if difference.group == "spikes" else _broken(name) + unit, fontsize="small")
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    _scale(axes, difference, np.concatenate([first, second]))
    certain = difference.p_holm < 1 - comparison.confidence
    change, _, interval = literal(change_text(difference)).partition(" (")
    shown = [
        change,
        f"({interval}" if interval else "",
        f"{p_text(difference.p_holm)} (Holm)" if np.isfinite(difference.p_holm) else "",
    ]
    axes.set_title(
        "\n".join(part for part in shown if part), fontsize="small", fontweight="bold" if certain else "normal"
    )


def _of_spikes(name: str, unit: str) -> str:
    """Return the cell type, and in a second line what is shown of its spikes."""
    cell_type, what, rest = name.partition(" spike")
    return literal(cell_type) + ("\nspikes per cell" if rest == "s" else f"\n{what.strip()}{rest}{unit}")


def _broken(name: str) -> str:
    """Break a long name in two lines."""
    name = literal(name)
    head, _, tail = name.partition(" ")
    return f"{head}\n{tail}" if len(name) > 16 and tail else name


def _scale(axes: Axes, difference: Difference, values: Any) -> None:
    if difference.scale == "log" and values.min() > 0:
        axes.set_yscale("log")
        decades = float(np.log10(values.max() / values.min()))
        room = 10 ** max(0.08 * decades, (0.4 - decades) / 2)
        axes.set_ylim(values.min() / room, values.max() * room)
        if decades < 2:
            subs = (1.0, 2.0, 5.0) if decades > 0.6 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
            axes.yaxis.set_major_locator(LogLocator(subs=subs))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    span = float(np.ptp(values))
    room = max(0.08 * span, 0.02 * float(np.abs(values).max()), 1e-12)
    axes.set_ylim(values.min() - room, values.max() + room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def _tick(value: float) -> str:
    if 1e-3 <= value < 1e6:
        return f"{value:,.0f}" if value >= 1e3 else f"{value:g}"
    mantissa, _, power = f"{value:.1e}".partition("e")
    shown = f"{float(mantissa):g}"
    return rf"$10^{{{int(power)}}}$" if shown == "1" else rf"${shown}\cdot 10^{{{int(power)}}}$"


def _explain_pairs(fig: Figure, comparison: Comparison, colors: dict[str, str], has_truth: bool) -> None:
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=5, color=colors[name], label=literal(name))
        for name in comparison.contrast
    ]
    handles.append(Line2D([], [], color=PAIR, linewidth=0.8, label="a subject"))
    handles.append(Line2D([], [], color="0.2", linewidth=3.0, label="mean"))
    if has_truth:
        handles.append(Line2D([], [], **TRUTH, label="true mean"))
    a, b = (literal(condition) for condition in comparison.contrast)
    fig.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles),
        fontsize="small",
        frameon=False,
        title=f"Above: {a} \N{MINUS SIGN} {b}, or {a} / {b} on logarithmic axes, with the "
        f"{100 * comparison.confidence:g} % interval",
        title_fontsize="small",
    )


# influence -------------------------------------------------------------------------------------------------


def plot_influence(influences: Sequence[Influence], comparison: Comparison, *, show: bool = True) -> Figure:
    """Plot the differences that are left when one subject after the other is left out.

    Parameters
    ----------
    influences : sequence of Influence
        As :func:`mne_hnn.group.leave_one_out` returns them.
    comparison : Comparison
        The comparison of all subjects.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        One panel per quantity (at most twelve: first those that hang on one subject, then those with the smallest p),
        one row per subject left out. Line and band: all subjects, with the interval; dotted: no difference.

    Raises
    ------
    ParameterError
        There are no influences.

    Examples
    --------
    >>> figure = plot_influence(leave_one_out(comparison), comparison)
    """
    if not hasattr(comparison, "differences"):
        raise ParameterError(
            f"plot_influence needs a Comparison, got {type(comparison).__name__}: see compare_conditions."
        )
    by_quantity: dict[str, list[Influence]] = {}
    for influence in influences:
        by_quantity.setdefault(influence.quantity, []).append(influence)
    known = [difference for difference in comparison.differences if difference.quantity in by_quantity]
    if not known:
        raise ParameterError("There are no influences to plot: leaving one out needs at least three subjects.")
    hanging = {
        whole.quantity
        for whole in known
        for influence in by_quantity[whole.quantity]
        if _hangs(influence, whole, comparison)
    }
    first = sorted(known, key=lambda difference: (difference.quantity not in hanging, difference.p))[:MOST_INFLUENCES]
    kept = {difference.quantity for difference in first}
    shown = [difference for difference in known if difference.quantity in kept]
    subjects = list(dict.fromkeys(influence.subject for influence in influences))
    n_cols = min(4, len(shown))
    n_rows = -(-len(shown) // n_cols)
    fig, grid = plt.subplots(
        n_rows,
        n_cols,
        squeeze=False,
        sharey=True,
        layout="constrained",
        figsize=(max(1.0 + 2.4 * n_cols, 5.5), 0.7 + n_rows * (0.9 + 0.17 * len(subjects))),
    )
    for axes, whole in zip(grid.flat, shown, strict=False):
        _draw_influence(axes, whole, by_quantity[whole.quantity], subjects, comparison)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    grid[0, 0].set_ylim(len(subjects) - 0.4, -0.6)
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(subjects)), [literal(f"sub-{subject}") for subject in subjects], fontsize="small")
    _explain_influence(fig, comparison, any(difference.quantity in hanging for difference in shown))
    if show:
        plt.show()
    return fig


def _hangs(influence: Influence, whole: Difference, comparison: Comparison) -> bool:
    """Return whether a verdict hangs on one subject; signs of differences that are none change by chance."""
    return bool(influence.changes_verdict or (influence.changes_sign and whole.p < 1 - comparison.confidence))


def _draw_influence(
    axes: Axes, whole: Difference, some: Sequence[Influence], subjects: Sequence[str], comparison: Comparison
) -> None:
    factor = unit_factor(whole.unit) if whole.scale == "linear" else 1.0
    whole = in_shown_units(whole)
    if np.isfinite([whole.low, whole.high]).all():
        axes.axvspan(whole.low, whole.high, color="0.9", linewidth=0, zorder=0)
    axes.axvline(whole.difference, color="0.3", linewidth=1.2, zorder=1)
    axes.axvline(1.0 if whole.scale == "log" else 0.0, color="0.3", linewidth=1.0, linestyle=":", zorder=1)
    for influence in some:
        changed = _hangs(influence, whole, comparison)
        axes.plot(
            [factor * influence.difference],
            [subjects.index(influence.subject)],
            marker="D" if changed else "o",
            markersize=5,
            linestyle="none",
            color=CHANGED if changed else "black",
            zorder=3,
            gid=influence.subject,
        )
    axes.set_title(literal(quantity_name(whole.quantity)), fontsize="small", loc="left")
    unit = f" ({literal(whole.unit)})" if whole.unit else ""
    axes.set_xlabel("Ratio" if whole.scale == "log" else f"Difference{unit}", fontsize="small")
    if whole.scale == "log" and axes.get_xlim()[0] > 0:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="x", labelsize="small")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="0.93", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _explain_influence(fig: Figure, comparison: Comparison, changed: bool) -> None:
    handles: list[Any] = [
        Line2D([], [], linestyle="none", marker="o", markersize=5, color="black", label="without this subject"),
        Line2D([], [], color="0.3", linewidth=1.2, label="all subjects"),
        Patch(color="0.9", linewidth=0, label=f"{100 * comparison.confidence:g} % interval"),
        Line2D([], [], color="0.3", linewidth=1.0, linestyle=":", label="no difference"),
    ]
    if changed:
        label = "changes the verdict"
        handles.insert(1, Line2D([], [], linestyle="none", marker="D", markersize=5, color=CHANGED, label=label))
    fig.legend(
        handles=handles,
        loc="outside upper center",
        ncols=3 if changed else 4,
        fontsize="small",
        frameon=False,
        columnspacing=1.5,
    )
