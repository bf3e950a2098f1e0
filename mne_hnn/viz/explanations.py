"""What a response may have been: the explanations side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .._checks import check_bool
from .._units import MS, NAM
from ..errors import ParameterError
from ..fit.evidence import DECISIVE
from ..fit.explanation_words import odds
from ..network import EvokedDrive
from ._fit_parts import readable_log
from .colors import LAYERS, TARGET, cell_type_colors, drive_colors, ink, location_color

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..fit.circuit_prior import CircuitPrior
    from ..fit.explanation import Explanation, Explanations

__all__ = ["plot_explanations"]

MOST = 6
WIDE = 40.0
"""Bars of larger differences of evidence are cut off."""
LONGEST_TITLE = 62
_BAND, _ABLE = "#DDDDDD", "#555555"
_MINUS = "\N{MINUS SIGN}"
_ARROWS = {"proximal": (0.0, 0.17, "^"), "distal": (1.0, 0.83, "v")}
_REASONS = {
    "fit into the patch": "too few cells",
    "hemisphere": "too few cells",
    "pyramidal cell fires": "no cell fires",
}


def plot_explanations(explanations: Explanations, *, show: bool = True) -> Figure:
    """Plot the explanations of a response side by side, the most plausible first.

    Parameters
    ----------
    explanations : Explanations
        What :func:`mne_hnn.fit.fit_evoked` returned; the first six are drawn.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. On the left a pair of panels for each explanation: the response and its dipole, with an arrow where
        each drive comes and a bar over its interval; below it the spikes per cell of each type over time. On the right
        the differences of evidence to the first, with standard errors (what lies within 3 decides nothing; refused
        explanations are hatched); spikes per cell beside what is plausible; and the cortex that each takes beside that
        of the patch, at the most plausible participating fraction (dot) and the most favourable one (end of
        the line).

    Raises
    ------
    ParameterError
        `explanations` are something else.

    Examples
    --------
    >>> figure = plot_explanations(explanations)
    """
    from ..fit.explanation import Explanations

    if not isinstance(explanations, Explanations):
        raise ParameterError(
            f"explanations must be what fit_evoked or read_explanations returns, got {type(explanations).__name__}."
        )
    check_bool(show, "show")
    items = explanations.items[:MOST]
    fig = plt.figure(figsize=(13.0, max(6.8, 2.35 * len(items) + 1.0)), layout="constrained")
    left, right = fig.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1.0], wspace=0.03)[0]
    _draw_courses(left, items, explanations.target)
    evidence, spikes, area = right.subplots(3, 1, height_ratios=[1.0, 1.5, 1.0])
    _draw_evidence(evidence, items)
    _draw_spikes(spikes, items, explanations.prior)
    _draw_area(area, items)
    if show:
        plt.show()
    return fig


def _plain(cell_type: str) -> str:
    return cell_type.replace("_", " ")


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize="small")


# courses


def _draw_courses(place: SubFigure, items: Sequence[Explanation], target: Dipole) -> None:
    """Draw a pair of panels for each explanation, all on the same scales."""
    rows = place.subplots(2 * len(items), 1, sharex=True, height_ratios=[2.2, 1.0] * len(items))
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    unit = _unit(target)
    for number, (item, (dipole, spikes)) in enumerate(zip(items, pairs, strict=True), 1):
        _draw_dipole(dipole, item, unit, number)
        _draw_firing(spikes, item)
    _share([dipole for dipole, _ in pairs], room=0.32, most=_most(target, unit[0]))
    _share([spikes for _, spikes in pairs], room=0.05)
    rows[0].set_xlim(min(0.0, target.times[0] / MS), target.times[-1] / MS)
    rows[-1].set_xlabel("Time (ms)", fontsize="small")
    place.align_ylabels(rows)
    _explain(place, items)


def _unit(target: Dipole) -> tuple[float, str]:
    """Return a factor on moments, and what the axis is called then."""
    if target.provenance.get("unit", "A m") == "A m":
        return 1 / NAM, "Dipole\n(nAm)"
    power = int(np.floor(np.log10(np.abs(target["agg"]).max() or 1.0)))
    if -2 < power < 3:
        return 1.0, "Dipole\n(arb. units)"
    return 10.0**-power, f"Dipole (arb.\nunits x 10$^{{{power}}}$)".replace("x", "\N{MULTIPLICATION SIGN}")


def _most(target: Dipole, factor: float) -> tuple[float, float]:
    """Return the range that is shown at most, of a response and what misses it by far."""
    low, high = min(0.0, factor * float(target["agg"].min())), max(0.0, factor * float(target["agg"].max()))
    return low - 0.25 * (high - low), high + 0.25 * (high - low)


def _share(rows: Sequence[Axes], room: float, most: tuple[float, float] = (-np.inf, np.inf)) -> None:
    """Give panels one scale, with room for arrows."""
    drawn = [axes.dataLim.intervaly for axes in rows if np.isfinite(axes.dataLim.intervaly).all()]
    low, high = (min(ends[0] for ends in drawn), max(ends[1] for ends in drawn)) if drawn else (0.0, 1.0)
    low, high = max(min(low, 0.0), most[0]), min(high, most[1])
    more = room * ((high - low) or 1.0)
    below = more if room > 0.1 else 0.0
    for axes in rows:
        axes.set_ylim(low - below, high + more)


def _draw_dipole(axes: Axes, item: Explanation, unit: tuple[float, str], number: int) -> None:
    factor, name = unit
    dipole, target = item.fit.dipole, item.fit.target
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    if target is not None:
        axes.plot(target.times / MS, target["agg"] * factor, color=TARGET, linewidth=4)
    axes.plot(dipole.times / MS, dipole["agg"] * factor, color=LAYERS["agg"], linewidth=1.5)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.set_ylabel(name, fontsize="small")
    _tidy(axes)
    axes.tick_params(length=0, axis="x")
    axes.spines["bottom"].set_visible(False)
    _draw_drives(axes, item)
    refused = "" if item.admissible else ", refused"
    axes.set_title(
        textwrap.fill(f"{number} {item.regime}{refused}: {_drives(item)}", LONGEST_TITLE),
        loc="left",
        fontsize="small",
        weight="bold" if number == 1 else "normal",
    )
    r_squared = f"{item.r_squared:.3f}".replace("-", _MINUS)
    axes.set_title("" if np.isnan(item.r_squared) else f"R² {r_squared}", loc="right", fontsize="small")


def _drives(item: Explanation) -> str:
    """Return places and times, the unit once: 'proximal 29, distal 62 ms'."""
    return (
        ", ".join(f"{place}\N{NO-BREAK SPACE}{mu:.0f}" for place, mu in item.sequence) + " ms"
        if item.sequence
        else "no evoked drive"
    )


def _draw_drives(axes: Axes, item: Explanation) -> None:
    """Draw an arrow per drive, proximal ones from below, and a bar over the interval of its time."""
    colors, known = drive_colors(item.network), {one.path: one for one in item.fit.estimates}
    across = axes.get_xaxis_transform()
    for name, drive in item.network.drives.items():
        if not isinstance(drive, EvokedDrive):
            continue
        tail, head, _ = _ARROWS.get(drive.location, _ARROWS["proximal"])
        axes.annotate(
            "",
            xy=(drive.mu_ms, head),
            xytext=(drive.mu_ms, tail),
            xycoords=across,
            textcoords=across,
            arrowprops={"arrowstyle": "-|>", "color": colors[name], "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0},
        )
        estimate = known.get(f"drives.{name}.mu_ms")
        if estimate is not None and np.isfinite([estimate.low, estimate.high]).all():
            y = abs(tail - 0.025)
            axes.plot(
                [estimate.low, estimate.high], [y, y], color=colors[name], linewidth=4, alpha=0.45, transform=across
            )


def _draw_firing(axes: Axes, item: Explanation) -> None:
    colors, counts = cell_type_colors(item.spikes.types), item.spikes
    for name, course in counts.courses.items():
        if course.any():
            axes.stairs(np.where(course > 0, course, np.nan), counts.bin_edges_ms, color=colors[name], linewidth=1.5)
    if not any(course.any() for course in counts.courses.values()):
        axes.plot([], [])
        axes.text(0.5, 0.5, "no cell fires", transform=axes.transAxes, ha="center", va="center", fontsize="small")
    width = counts.bin_edges_ms[1] - counts.bin_edges_ms[0]
    axes.set_ylabel(f"Spikes per\ncell, {width:.3g} ms", fontsize="small")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 5, 10]))
    _tidy(axes)


def _explain(place: SubFigure, items: Sequence[Explanation]) -> None:
    """Say once, above all panels, what lines, arrows and colours are."""
    handles: list[Any] = [
        Line2D([], [], color=TARGET, linewidth=4, label="response"),
        Line2D([], [], color=LAYERS["agg"], linewidth=1.5, label="explanation"),
    ]
    used = {place for item in items for place, _ in item.sequence}
    for location, (_, _, marker) in _ARROWS.items():
        if location in used:
            color = location_color(location)
            handles.append(Line2D([], [], color=color, marker=marker, label=f"{location} input, interval", linewidth=3))
    names = list(dict.fromkeys(name for item in items for name in item.spikes.types))
    handles += [Patch(color=color, label=_plain(name)) for name, color in cell_type_colors(names).items()]
    place.legend(handles=handles, loc="outside upper center", ncols=4, fontsize="small", frameon=False)


# what they are judged by


def _name_rows(axes: Axes, items: Sequence[Explanation]) -> None:
    axes.set_yticks(range(len(items)), [f"{k} {item.regime}" for k, item in enumerate(items, 1)])
    axes.set_ylim(len(items) - 0.4, -0.6)
    _tidy(axes)


def _draw_evidence(axes: Axes, items: Sequence[Explanation]) -> None:
    _name_rows(axes, items)
    axes.set_title("Which is more plausible", loc="left", fontsize="small")
    if len(items) == 1:
        axes.text(0.5, 0.5, "nothing to compare it with", transform=axes.transAxes, ha="center", fontsize="small")
        axes.set_xticks([])
        return
    axes.set_xlabel("Evidence \N{MINUS SIGN} that of 1 (natural logarithm of the odds)", fontsize="small")
    first = items[0].evidence
    values = np.array([item.evidence.value - first.value for item in items])
    errors = np.array([0.0, *(np.hypot(item.evidence.error, first.error) for item in items[1:])])
    shown = np.clip(values, -WIDE, WIDE)
    drawn = np.where(shown == values, errors, 0.0)
    low, high = min((shown - drawn).min(), -2 * DECISIVE), max((shown + drawn).max(), DECISIVE)
    axes.axvspan(-DECISIVE, DECISIVE, color=_BAND, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(0, color="0.4", linewidth=0.8)
    for row, item in enumerate(items):
        face, hatch = (_ABLE, None) if item.admissible else ("white", "////")
        axes.barh(row, shown[row], height=0.5, linewidth=0.8, facecolor=face, edgecolor=_ABLE, hatch=hatch)
        if shown[row] != values[row]:
            axes.plot(shown[row], row, "<" if shown[row] < 0 else ">", color=_ABLE, markersize=11, clip_on=False)
        elif row:
            axes.errorbar(shown[row], row, xerr=errors[row], color="black", capsize=3, linewidth=1.2)
        axes.annotate(
            _said(item, float(values[row]), float(errors[row])) if row else _said(item),
            (max(shown[row] + drawn[row], DECISIVE), row),
            (10 if shown[row] < values[row] else 5, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axes.set_xlim(1.06 * low, high + 1.1 * (high - low))
    axes.set_ylim(len(items) - 0.4, -1.0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_xticks([tick for tick in axes.get_xticks() if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", _MINUS)))
    axes.text(DECISIVE, -0.75, " grey: decides nothing", ha="left", va="center", fontsize="x-small", color="0.35")


def _said(item: Explanation, difference: float | None = None, error: float = 0.0) -> str:
    """Return a difference of evidence with its error and what it means, or why an explanation is refused."""
    words = "first" if difference is None else f"{difference:+.1f} ± {error:.1f}".replace("-", _MINUS)
    if not item.admissible:
        reason = next((reason for part, reason in _REASONS.items() if part in item.refusals[0]), "see the report")
        return f"{words}, refused: {reason}"
    return words if difference is None else f"{words} ({odds(difference)})"


def _draw_spikes(axes: Axes, items: Sequence[Explanation], prior: CircuitPrior) -> None:
    """Draw spikes per cell of each type, explanations by their numbers, over what is plausible."""
    window = items[0].spikes.window_ms
    expected = prior.spikes_in(window)
    names = list(dict.fromkeys(name for item in items for name in item.spikes.types))
    colors = cell_type_colors(names)
    offsets = min(0.33, 0.1 * len(items)) * np.linspace(-1, 1, len(items)) if len(items) > 1 else np.zeros(1)
    high = 0.5
    for row, name in enumerate(names):
        if name in expected:
            low, end = expected[name].interval()
            axes.barh(row, end - low, left=low, height=0.8, color=_BAND, zorder=1)
            high = max(high, end)
        for number, (item, offset) in enumerate(zip(items, offsets, strict=True), 1):
            per_cell = item.spikes.types[name].per_cell
            high = max(high, per_cell)
            axes.plot(per_cell, row + offset, "o", markersize=11, color=colors[name], markeredgecolor="black", zorder=3)
            axes.text(
                per_cell,
                row + offset,
                str(number),
                ha="center",
                va="center_baseline",
                fontsize=8,
                color=_on(colors[name]),
                zorder=4,
            )
    axes.set_yticks(range(len(names)), [_plain(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.05 * high, 1.06 * high)
    axes.set_title("Do cells fire: numbers are those of the explanations", loc="left", fontsize="small")
    axes.set_xlabel(f"Spikes per cell in {window:.0f} ms (grey: plausible in 90 % if cells fire)", fontsize="small")
    _tidy(axes)


def _on(color: str) -> str:
    """Return black or white, whichever is read on a colour."""
    return "black" if ink(color) != color else "white"


def _draw_area(axes: Axes, items: Sequence[Explanation]) -> None:
    """Draw the cortex that each explanation takes, beside that of the patch."""
    _name_rows(axes, items)
    axes.set_title("Are there enough cells", loc="left", fontsize="small")
    counted = [(row, item.amplitude) for row, item in enumerate(items) if item.amplitude is not None]
    if not counted:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "cannot be counted", transform=axes.transAxes, ha="center", va="center", fontsize="small")
        return
    patch = counted[0][1].patch_mm2
    ends = [end for _, one in counted for end in (one.area_mm2, one.least_area_mm2)] + ([patch] if patch else [])
    low, high = 0.5 * min(ends), 2.0 * max(ends)
    axes.set_xscale("log")
    axes.set_xlim(low, high * (high / low) ** 0.75)
    readable_log(axes.xaxis, axes.get_xlim(), 2.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}" if value < 1e4 else f"{value:,.0f}"))
    axes.set_xlabel("Cortex (mm²); line: down to the most favourable share of cells", fontsize="small")
    if patch:
        axes.axvspan(low, patch, color=_BAND, alpha=0.6, linewidth=0, zorder=0)
        axes.axvline(patch, color="0.4", linewidth=0.8)
        axes.text(patch, -0.75, f"patch {patch:,.3g} mm² ", ha="right", va="center", fontsize="x-small", color="0.35")
    axes.set_ylim(len(items) - 0.4, -1.0)
    for row, one in counted:
        axes.plot([one.least_area_mm2, one.area_mm2], [row, row], color=_ABLE, linewidth=3, solid_capstyle="butt")
        fits = one.fits is not False
        axes.plot(one.area_mm2, row, "o", markersize=8, color=_ABLE if fits else "white", markeredgecolor=_ABLE)
        area = f"{one.area_mm2:,.0f}" if one.area_mm2 >= 100 else f"{one.area_mm2:.2g}"
        share = f"{100 * one.fraction:.0f} % of the cells" if one.firing else "all cells"
        axes.text(
            0.99,
            row,
            f"{area} mm², {share}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize="small",
        )
