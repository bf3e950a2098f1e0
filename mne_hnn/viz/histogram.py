"""How many spikes of which drive or cell type fell when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .._checks import check_int, check_label, check_name
from .._units import MS
from ..errors import ParameterError
from ..spikes import Spikes
from ._groups import check_axes, check_within, figure_of
from .colors import chosen_colors, drive_colors, ink, spike_colors
from .dipole import draw_legend
from .raster import spikes_of, write_no_spikes

if TYPE_CHECKING:
    from ..network import Network
    from ..simulate import Simulation

__all__ = ["plot_spikes_histogram"]

PER = {"trial": "per trial", "total": "in all trials", "cell": "Hz"}
MOST_BINS = 100
MOST_NAMES = 8  # that are written at their bars; more have a legend
NEAR = 0.12  # of the width of the axes
LETTER = 0.0125  # of the width of the axes of a simulation
HEADROOM = 0.4  # of the highest bar, for names

Floats = NDArray[np.float64]


def bin_edges(tmin: float, tmax: float, bins: int | ArrayLike | None = None) -> Floats:
    """Return edges of bins in s: so many, or those given, or the narrowest of a round number of ms, at most 100."""
    if bins is None:
        duration = (tmax - tmin) / MS
        widths = (step * 10.0**power for power in range(-2, 9) for step in (1, 2, 5))
        width = next(width for width in widths if duration / width <= MOST_BINS + 1e-9 and width >= min(2.0, duration))
        return np.asarray(tmin + MS * width * np.arange(np.ceil(duration / width - 1e-9) + 1))
    if np.ndim(bins) == 0:
        return np.linspace(tmin, tmax, check_int(bins, "bins", minimum=1) + 1)
    edges = np.asarray(bins, dtype=float)
    if edges.ndim != 1 or len(edges) < 2 or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise ParameterError("bins must be a number of bins, or at least two rising edges in s.")
    return edges


def match_names(wanted: str | Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the names that are meant, each once: names, or patterns such as ``evprox*``."""
    found: dict[str, None] = {}
    for pattern in [wanted] if isinstance(wanted, str) else list(wanted):
        matching = [name for name in known if fnmatchcase(name, pattern)] if isinstance(pattern, str) else []
        found |= dict.fromkeys(matching or [check_name(pattern, known, "cell type or drive")])
    if not found:
        raise ParameterError(f"names must hold at least one of {', '.join(known)}.")
    return list(found)


def _heights(spikes: Spikes, names: Sequence[str], edges: Floats, per: str) -> Floats:
    counts = spikes.histogram(edges, cell_types=names)[0].astype(float)
    if per == "total":
        return counts
    if per == "trial":
        return counts / spikes.n_trials
    cells = sum(len(spikes.gid_ranges[name]) for name in names)
    # of a bin that begins before or ends after the window, only the part inside can hold spikes
    covered = np.diff(np.clip(edges, spikes.tmin, spikes.tmax))
    rates = np.divide(counts, covered, out=np.zeros_like(counts), where=covered > 0)
    return np.asarray(rates / spikes.n_trials / max(cells, 1))


def draw_histogram(
    axes: Axes,
    spikes: Spikes,
    groups: Mapping[str, Sequence[str]],
    edges: Floats,
    colors: Mapping[str, str],
    *,
    inverted: Iterable[str] = (),
    per: str = "trial",
    write_names: bool = False,
) -> None:
    """Draw one histogram per group, inverted ones hanging from above: counts stacked, rates as outlines."""
    totals = {sign: np.zeros(len(edges) - 1) for sign in (1, -1)}
    places: list[tuple[float, float, int]] = []
    hanging = set(inverted)
    for label, names in groups.items():
        sign = -1 if label in hanging else 1
        heights, base = _heights(spikes, names, edges, per), totals[sign]
        if per == "cell":  # rates of different cells do not add up
            axes.stairs(sign * heights, edges / MS, color=colors[label], linewidth=1.4, label=label)
            np.maximum(base, heights, out=base)
            continue
        axes.bar(
            edges[:-1] / MS,
            sign * heights,
            np.diff(edges) / MS,
            sign * base,
            align="edge",
            color=colors[label],
            edgecolor="white",
            linewidth=0.3,
            label=label,
        )
        base += heights
        if write_names and heights.any():
            peak = int(heights.argmax())
            places.append(((edges[peak] + edges[peak + 1]) / 2 / MS, base[peak], sign))
            _write_name(axes, label, places, (edges[0] / MS, edges[-1] / MS), ink(colors[label]))
    _set_height(axes, totals[1].max(), totals[-1].max(), HEADROOM if write_names else 0.08)
    axes.axhline(0, color="0.5", linewidth=0.6)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")


def _set_height(axes: Axes, up: float, down: float, room: float) -> None:
    room *= max(up, down) or 1.0
    axes.set_ylim(-(down + room) if down else 0.0, up + room if up or not down else 0.0)


def _write_name(
    axes: Axes, label: str, places: Sequence[tuple[float, float, int]], extent: tuple[float, float], color: str
) -> None:
    """Write a name beyond the tip of its highest bar, inside the axes, and above the names that are there."""
    x, y, sign = places[-1]
    span = extent[1] - extent[0]
    # names near the ends begin or end there
    side = "left" if x - extent[0] < NEAR * span else "right" if extent[1] - x < NEAR * span else "center"
    near = sum(1 for other in places[:-1] if other[2] == sign and abs(other[0] - x) < NEAR * span)
    axes.annotate(
        label,
        ({"left": extent[0] + 0.01 * span, "right": extent[1] - 0.01 * span}.get(side, x), sign * y),
        xytext=(0, sign * (2 + 11 * near)),
        textcoords="offset points",
        ha=side,
        va="bottom" if sign > 0 else "top",
        fontsize="small",
        color=color,
    )


def draw_drives(axes: Axes, simulation: Simulation) -> None:
    """Histogram of drive spikes, distal ones hanging from above as their synapses do."""
    drives = simulation.network.drives
    edges = bin_edges(0.0, simulation.tstop * MS)
    inverted = _distal(simulation.network)
    written = not _names_collide(simulation.spikes, list(drives), edges, inverted)
    draw_histogram(
        axes,
        simulation.spikes,
        {name: (name,) for name in drives},
        edges,
        drive_colors(drives),
        inverted=inverted,
        write_names=written,
    )
    if not written:
        draw_legend(axes, last_first=False)
    axes.set_ylabel(f"Drive spikes per\ntrial and {_width(edges)}")


def _names_collide(spikes: Spikes, drives: Sequence[str], edges: Floats, inverted: Sequence[str]) -> bool:
    """Return whether names at the highest bars would cover each other; near ones are written in two rows."""
    if len(drives) > MOST_NAMES:
        return True
    shares = {}
    for name in drives:
        heights = _heights(spikes, [name], edges, "trial")
        if heights.any():
            shares[name] = (heights.argmax() + 0.5) / len(heights)
    for side in (True, False):
        own = sorted((share, len(name)) for name, share in shares.items() if (name in inverted) is side)
        for (first, letters), (second, others) in pairwise(own):
            apart = second - first
            if NEAR <= apart < LETTER * (letters + others) / 2 or (len(own) > 2 and own[2][0] - own[0][0] < NEAR):
                return True
    return False


def _distal(network: Network) -> list[str]:
    return [name for name, drive in network.drives.items() if drive.location == "distal"]


def _width(edges: Floats) -> str:
    widths = np.diff(edges) / MS
    return f"{widths[0]:.3g} ms" if np.allclose(widths, widths[0]) else "bin"


def plot_spikes_histogram(
    spikes: Spikes | Simulation,
    *,
    names: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    bins: int | ArrayLike | None = None,
    per: str = "trial",
    trial: int | None = None,
    inverted: str | Sequence[str] | None = None,
    tmin: float | None = None,
    tmax: float | None = None,
    colors: Any = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot how many spikes of drives or cell types fell when.

    Parameters
    ----------
    spikes : Spikes | Simulation
        The spikes, or the simulation that has them.
    names : str | sequence of str | mapping | None
        Drives and cell types, or patterns such as ``'evprox*'``: one histogram per name that matches. A mapping of
        label to names puts those together. None takes the drives of a simulation, or its cell types if it has no
        drives; of spikes alone everything.
    bins : int | array-like | None
        Number of bins, or their edges in s, the outer ones at most one bin outside the simulation; None takes bins of
        a round number of ms, at most 100.
    per : str
        ``'trial'``: mean number of spikes per trial and bin; ``'total'``: number in all trials; ``'cell'``: mean
        firing rate per cell, Hz.
    trial : int | None
        One trial; None for all.
    inverted : str | sequence of str | None
        Names, patterns or labels whose bars hang from above. None does so with the distal drives of a simulation; of
        spikes alone, with none.
    tmin, tmax : float | None
        Window in s; None for the start or end.
    colors : color | sequence of color | mapping of str to color | None
        By name or label; None for the colours that drives and cell types have in every figure.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Numbers of spikes are bars, stacked on the same side; firing rates are outlines.

    Raises
    ------
    ParameterError
        A name or trial does not exist, or the window or a bin is not within the simulation.

    Examples
    --------
    >>> figure = plot_spikes_histogram(simulation)
    """
    table, network = spikes_of(spikes)
    check_name(per, PER, "value of per")
    groups = _groups(table, network, names)
    check_within((tmin, tmax), (table.tmin, table.tmax), "tmin and tmax")
    chosen = table.select(trial=trial, tmin=tmin, tmax=tmax)
    edges = bin_edges(chosen.tmin, chosen.tmax, bins)
    # bins of a round width end after the window, by less than one bin
    slack = min(float(np.diff(edges).max()), table.tmax - table.tmin)
    check_within(edges, (table.tmin, table.tmax), "The edges of bins", step=slack)
    known = spike_colors(table.cell_types, network)
    palette = chosen_colors(list(groups), colors, {label: known[members[0]] for label, members in groups.items()})
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.0), layout="constrained")
    hanging = _hanging(groups, network, inverted)
    draw_histogram(axes, chosen, groups, edges, palette, inverted=hanging, per=per)
    if not len(chosen.select(cell_types=[name for members in groups.values() for name in members])):
        write_no_spikes(axes)
    what = {"trial": f"Spikes per trial\nand {_width(edges)}", "total": f"Spikes per {_width(edges)}"}
    axes.set_ylabel(what.get(per, "Firing rate\nper cell (Hz)"))
    axes.set_xlabel("Time (ms)")
    axes.set_xlim(max(edges[0], chosen.tmin) / MS, min(edges[-1], chosen.tmax) / MS)
    axes.spines[["top", "right"]].set_visible(False)
    if groups:
        draw_legend(axes, title=None if trial is None else f"trial {trial}", last_first=not hanging)
    if show:
        plt.show()
    return figure_of(axes)


def _groups(
    table: Spikes, network: Network | None, names: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None
) -> dict[str, list[str]]:
    known = table.cell_types
    if isinstance(names, Mapping):
        if not names:
            raise ParameterError("The mapping of names must hold at least one label, it is empty.")
        return {check_label(label, "A label"): match_names(members, known) for label, members in names.items()}
    if names is None:
        names = known if network is None else list(network.drives) or list(network.cell_types)
        if not names:  # a table without cells is as silent as one of cells that never fire
            return {}
    return {name: [name] for name in match_names(names, known)}


def _hanging(
    groups: Mapping[str, Sequence[str]], network: Network | None, inverted: str | Sequence[str] | None
) -> list[str]:
    if inverted is None:
        distal = set(_distal(network)) if network is not None else set()
        return [label for label, members in groups.items() if distal.issuperset(members)]
    wanted = [inverted] if isinstance(inverted, str) else list(inverted)
    return match_names(wanted, list(groups)) if wanted else []
