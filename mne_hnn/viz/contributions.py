"""Which drive does what, over time; and how many spikes that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from .._checks import check_bool, check_name, check_non_negative
from .._types import FloatArray
from .._units import MS, NAM
from ..dipole import Dipole
from ..errors import ParameterError
from .colors import LAYERS, TARGET, cell_type_colors, drive_colors, ink

if TYPE_CHECKING:
    from ..fit.contribution_parts import Contribution, Contributions
    from ..fit.spiking_counts import SpikeCounts

__all__ = ["draw_drive_parts", "draw_other_parts", "plot_contributions", "plot_spikes_per_cell"]

# kind of current: colour, line style, name
_CURRENTS = {
    "excitation": ("#D55E00", "-", "excitation"),
    "inhibition": ("#0072B2", "-", "inhibition"),
    "gated": ("0.45", "--", "gated channels"),
    "bias": ("#E69F00", ":", "constant current"),
}
_ALONE: dict[str, Any] = {"color": "0.15", "linewidth": 0.9, "linestyle": "--"}
_BAND = "#DDDDDD"
_MINUS, _SHORTEST_SHARE = "\N{MINUS SIGN}", 0.005


def plot_contributions(contributions: Contributions, target: Dipole | None = None, *, show: bool = True) -> Figure:
    """Plot what each drive, layer and kind of current contributes to the dipole over time.

    Parameters
    ----------
    contributions : Contributions
        What :func:`mne_hnn.fit.drive_contributions` returned.
    target : Dipole | None
        What was fitted, to be drawn behind the whole: as it is, over the times of both.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. On the left the dipole and below it a panel per drive, on one scale: filled, with minus without the
        drive; as a line, the drive alone; and what drives do only together. On the right layers, and the currents of
        each cell type, each on a scale of its own.

    Raises
    ------
    ParameterError
        `contributions` or `target` are something else.

    Examples
    --------
    >>> figure = plot_contributions(contributions)
    """
    from ..fit.contribution_parts import Contributions

    if not isinstance(contributions, Contributions):
        raise ParameterError(
            f"contributions must be what drive_contributions returns, got {type(contributions).__name__}."
        )
    if target is not None and not isinstance(target, Dipole):
        raise ParameterError(f"target must be a Dipole, such as Target.dipole, or None, got {type(target).__name__}.")
    check_bool(show, "show")
    n_drives = len(contributions.drives) + (len(contributions.drives) > 1)
    fig = plt.figure(
        figsize=(12.0, 3.0 + max(1.15 * n_drives, 2.2 * len(contributions.currents))), layout="constrained"
    )
    left, right = fig.subfigures(1, 2, squeeze=False, wspace=0.03)[0]
    draw_drive_parts(left, contributions, target)
    draw_other_parts(right, contributions)
    if show:
        plt.show()
    return fig


def _unit(contributions: Contributions) -> tuple[float, str]:
    """Return the factor from A m to a unit in which the dipole, of perhaps one column, has readable numbers."""
    largest = float(np.abs(contributions.dipole["agg"]).max())
    for factor, unit in ((1.0 / NAM, "nAm"), (1e3 / NAM, "pAm")):
        if largest * factor >= 0.1 or not largest:
            return factor, unit
    return 1e6 / NAM, "fAm"


def _signed(value: float, form: str = ".3g") -> str:
    return f"{value:+{form}}".replace("-", _MINUS)


def _number(value: float) -> str:
    """Return three digits, without an exponent."""
    return f"{float(f'{abs(value):.3g}'):g}"


def _dress(axes: Axes, contributions: Contributions, label: str) -> None:
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(contributions.times[0] / MS, contributions.times[-1] / MS)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.set_ylabel(label, fontsize="small")
    axes.tick_params(labelbottom=False)


def _say_up_and_down(axes: Axes) -> None:
    """Write at the right side which sign is which."""
    for at, text, side in ((1.0, "up \N{UPWARDS ARROW}", "top"), (0.0, "down \N{DOWNWARDS ARROW}", "bottom")):
        axes.text(1.008, at, text, transform=axes.transAxes, fontsize="x-small", color="0.35", ha="left", va=side)


def _legend(axes: Axes, *, columns: int = 1) -> None:
    """Put the legend above the axes, where it covers nothing."""
    axes.legend(
        fontsize="x-small",
        frameon=False,
        ncols=columns,
        loc="lower right",
        bbox_to_anchor=(1.0, 0.98),
        borderaxespad=0.0,
        handlelength=1.6,
        columnspacing=1.2,
    )


def _title(axes: Axes, text: str, color: str = "black") -> None:
    axes.set_title(text, loc="left", fontsize="small", color=color)


def draw_drive_parts(place: Figure | SubFigure, contributions: Contributions, target: Dipole | None = None) -> None:
    """Draw the whole into a figure, and below it each drive on one scale."""
    factor, name = unit = _unit(contributions)
    parts = list(contributions.drives)
    together = len(parts) > 1
    rows = place.subplots(
        1 + len(parts) + together, 1, sharex=True, height_ratios=[2.0] + [1.0] * (len(parts) + together)
    )
    whole = rows[0]
    if target is not None:
        whole.plot(target.times / MS, target["agg"] * factor, color=TARGET, linewidth=3.5, label="target")
    times = contributions.times / MS
    whole.plot(times, contributions.dipole["agg"] * factor, color=LAYERS["agg"], linewidth=1.8, label="all drives")
    whole.fill_between([], [], color="0.6", linewidth=0, label="with \N{MINUS SIGN} without a drive")
    whole.plot([], [], label="drive alone", **_ALONE)
    _dress(whole, contributions, f"Dipole\nmoment ({name})")
    _legend(whole, columns=2)
    numbers = {row.name: row for row in contributions.rows() if row.kind in ("drive", "together")}
    colors = drive_colors(contributions.network)
    for drive, axes in zip(parts, rows[1:], strict=False):
        part, alone = contributions.drives[drive]["agg"], contributions.alone[drive]["agg"]
        axes.fill_between(times, part * factor, color=colors[drive], alpha=0.75, linewidth=0)
        axes.plot(times, alone * factor, **_ALONE)
        _dress(axes, contributions, name)
        _title(axes, _said(numbers[drive], unit), ink(colors[drive]))
    if together:
        axes = rows[-1]
        axes.fill_between(times, contributions.together["agg"] * factor, color="0.6", linewidth=0)
        _dress(axes, contributions, name)
        what = "only together, and constant currents" if contributions.network.biases else "only together"
        _title(axes, f"{what}: {_peak(numbers['together'], unit)}", "0.3")
    _share_scale(rows[1:])
    for axes in rows:
        _say_up_and_down(axes)
    rows[-1].tick_params(labelbottom=True)
    rows[-1].set_xlabel("Time (ms)")
    place.align_ylabels(rows)


def _peak(row: Contribution, unit: tuple[float, str]) -> str:
    """Return the peaks of a part in words, in the order of their times."""
    factor, name = NAM * unit[0], unit[1]
    peaks = {"up": (row.up_nAm, row.up_ms), "down": (row.down_nAm, row.down_ms)}
    said = [f"{turn} {_number(peaks[turn][0] * factor)} {name} at {peaks[turn][1]:.0f} ms" for turn in row.turns]
    return ", then ".join(said) or "nothing"


def _said(row: Contribution, unit: tuple[float, str]) -> str:
    """Return a drive in words: which way, how much, when, and the spikes it adds."""
    if row.direction == "neither":
        return f"{row.name}: nothing"
    added = ", ".join(
        f"{_short(name)} {_signed(value, '.2f')}"
        for name, value in row.spikes_added.items()
        if abs(value) >= _SHORTEST_SHARE
    )
    return f"{row.name}: {_peak(row, unit)}" + (f"\nspikes per cell: {added}" if added else "\nno spikes added")


def _short(cell_type: str) -> str:
    return _plain(cell_type).replace("pyramidal", "pyr")


def _plain(cell_type: str) -> str:
    return cell_type.replace("_", " ")


def _share_scale(rows: Sequence[Axes]) -> None:
    low = min(axes.get_ylim()[0] for axes in rows)
    high = max(axes.get_ylim()[1] for axes in rows)
    for axes in rows:
        axes.set_ylim(low, high)


def draw_other_parts(place: Figure | SubFigure, contributions: Contributions) -> None:
    """Draw layers into a figure, and below them the currents of each cell type."""
    factor, name = _unit(contributions)
    rows = place.subplots(1 + len(contributions.currents), 1, sharex=True, squeeze=False)[:, 0]
    times = contributions.times / MS
    for layer in contributions.dipole.layers:
        color, width = LAYERS.get(layer, "0.4"), 1.8 if layer == "agg" else 1.4
        label = "all layers" if layer == "agg" else layer
        rows[0].plot(times, contributions.dipole[layer] * factor, color=color, linewidth=width, label=label)
    _title(rows[0], "Layers")
    _legend(rows[0], columns=3)
    for (cell_type, kinds), axes in zip(contributions.currents.items(), rows[1:], strict=True):
        axes.plot(times, sum(kinds.values()) * factor, color="black", linewidth=1.8, label="sum")
        for kind, (color, style, label) in _CURRENTS.items():
            if kind != "bias" or kinds[kind].any():
                axes.plot(times, kinds[kind] * factor, color=color, linestyle=style, linewidth=1.3, label=label)
        _title(axes, f"Currents of {_plain(cell_type)}\n")  # above the legend
        _legend(axes, columns=5)
    for axes in rows:
        _dress(axes, contributions, f"Dipole\nmoment ({name})")
        _say_up_and_down(axes)
    rows[-1].tick_params(labelbottom=True)
    rows[-1].set_xlabel("Time (ms)")
    place.align_ylabels(rows)


def plot_spikes_per_cell(
    counts: SpikeCounts, bands: Mapping[str, tuple[float, float]] | None = None, *, show: bool = True
) -> Figure:
    """Plot how many spikes a cell of each type fires, beside what is expected, and when.

    Parameters
    ----------
    counts : SpikeCounts
        What :func:`mne_hnn.fit.spikes_per_cell` returned.
    bands : mapping of str to (float, float) | None
        By cell type, the expected range of spikes per cell in the same window, such as that measured in vivo; None for
        none, and types that are not named have none.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure: on the left spikes per cell over their bands, with the share of cells that fire; on the right
        the course of each type, with the median of its spikes and the range of their middle half.

    Raises
    ------
    ParameterError
        `counts` are something else, or a band is no range or of an unknown cell type.

    Examples
    --------
    >>> figure = plot_spikes_per_cell(spikes_per_cell(simulation))
    """
    from ..fit.spiking_counts import SpikeCounts

    if not isinstance(counts, SpikeCounts):
        raise ParameterError(f"counts must be what spikes_per_cell returns, got {type(counts).__name__}.")
    ranges = _checked_bands(counts, bands)
    check_bool(show, "show")
    n = len(counts.types)
    fig = plt.figure(figsize=(10.5, 1.4 + 0.85 * n), layout="constrained")
    grid = fig.add_gridspec(n, 2, width_ratios=[1.0, 1.25])
    _draw_counts(fig.add_subplot(grid[:, 0]), counts, ranges)
    _draw_courses([fig.add_subplot(grid[row, 1]) for row in range(n)], counts)
    if show:
        plt.show()
    return fig


def _checked_bands(counts: SpikeCounts, bands: Any) -> dict[str, tuple[float, float]]:
    if bands is None:
        return {}
    if not isinstance(bands, Mapping):
        raise ParameterError(
            f"bands must map cell types to two numbers, such as {{'L5_pyramidal': (0.5, 3.5)}}, got {bands!r:.60}."
        )
    ranges = {}
    for name, band in bands.items():
        check_name(name, counts.types, "cell type", where="in bands")
        pair = tuple(band) if isinstance(band, Sequence | np.ndarray) and not isinstance(band, str) else ()
        if len(pair) != 2:
            raise ParameterError(f"The band of {name!r} must be two numbers of spikes per cell, got {band!r}.")
        low, high = (check_non_negative(end, f"The band of {name!r} (spikes per cell)") for end in pair)
        if low >= high:
            raise ParameterError(f"The band of {name!r} must rise, got {low:g} to {high:g} spikes per cell.")
        ranges[name] = (low, high)
    return ranges


def _draw_counts(axes: Axes, counts: SpikeCounts, bands: Mapping[str, tuple[float, float]]) -> None:
    colors = cell_type_colors(counts.types)
    for row, (name, count) in enumerate(counts.types.items()):
        if name in bands:
            low, high = bands[name]
            label = "expected range" if name == next(iter(bands)) else "_band"
            axes.barh(row, high - low, left=low, height=0.55, color=_BAND, label=label, zorder=1)
        axes.plot(count.per_cell, row, "o", markersize=9, color=colors[name], markeredgecolor="black", zorder=3)
        axes.annotate(
            f"{count.per_cell:.2f} ({100 * count.share_firing:.0f} % of cells)",
            (count.per_cell, row),
            (0, 9),
            textcoords="offset points",
            fontsize="x-small",
            ha="center",
            va="bottom",
            zorder=4,
        )
    axes.set_yticks(range(len(counts.types)), [_plain(name) for name in counts.types])
    axes.set_ylim(len(counts.types) - 0.4, -0.75)
    high = max([*(count.per_cell for count in counts.types.values()), *(band[1] for band in bands.values()), 0.5])
    axes.set_xlim(-0.12 * high, 1.2 * high)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"Spikes per cell, {counts.tmin / MS:g} to {counts.tmax / MS:g} ms")
    if bands:
        axes.legend(fontsize="x-small", frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)


def _draw_courses(rows: Sequence[Axes], counts: SpikeCounts) -> None:
    colors = cell_type_colors(counts.types)
    edges: FloatArray = counts.bin_edges_ms
    highest = max(float(course.max()) for course in counts.courses.values()) or 1.0
    for axes, (name, count) in zip(rows, counts.types.items(), strict=True):
        axes.stairs(counts.courses[name], edges, fill=True, color=colors[name], alpha=0.8)
        if np.isfinite(count.median_ms):
            at = 1.18 * highest
            axes.plot([count.first_quartile_ms, count.third_quartile_ms], [at, at], color="black", linewidth=1.2)
            axes.plot(count.median_ms, at, "|", color="black", markersize=9, markeredgewidth=1.8)
            median = (
                f"median {count.median_ms:.0f} ms, middle half {count.first_quartile_ms:.0f} to "
                f"{count.third_quartile_ms:.0f} ms"
            )
        else:
            median = "silent"
        axes.set_title(f"{_plain(name)}: {median}", loc="left", fontsize="x-small", color=ink(colors[name]), pad=2)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(0, 1.35 * highest)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=2))
        axes.tick_params(labelsize="x-small", labelbottom=axes is rows[-1])
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlabel("Time (ms)")
    middle = rows[len(rows) // 2]
    middle.set_ylabel(
        f"Spikes per cell\nin {edges[1] - edges[0]:.3g} ms", fontsize="small", y=1.0 if len(rows) % 2 == 0 else 0.5
    )
