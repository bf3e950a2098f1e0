"""How strongly each drive acts on each cell type."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .._checks import check_bool, check_int, check_positive
from ..errors import ParameterError
from ._groups import check_axes, figure_of
from .colors import check_cmap, drive_colors, ink, spike_colors

if TYPE_CHECKING:
    from ..network import Network
    from ..network.wiring import Wires

__all__ = ["drive_strength", "plot_drive_strength"]

FOREVER = 1e9  # ms
SHORTEST_ms = 1.0
NEGLIGIBLE = 1e-6  # of what the most strongly driven cell type receives
WIDEST_NAME = 12  # letters that fit beside each other in a column of the map


def drive_strength(network: Network, *, tstop: float | None = None, trial: int = 0) -> NDArray[np.float64]:
    """Return the synaptic weight that a cell receives from each drive, each event counted.

    Parameters
    ----------
    network : Network
        The network.
    tstop : float | None
        End of the time in which events are counted, ms; None for no end. What arrives later does not count, so that
        cells many space constants away, whose delays are longer than any simulation, receive nothing.
    trial : int
        The trial whose random events are counted.

    Returns
    -------
    strength : array, shape (n_drives, n_cell_types)
        AMPA and NMDA weight of all events that arrive, uS, averaged over the cells of the type: with the fall-off by
        distance and the probability of connections. Each section at the location of the drive receives it once.

    Raises
    ------
    ParameterError
        The network has no drives, or `tstop` is missing for drives that go on for ever.
    """
    from ..network import Network, drive_events
    from ..network.wiring import drive_wires

    if not isinstance(network, Network):
        hint = ": take its network" if hasattr(network, "network") else ""
        raise ParameterError(f"A Network with at least one drive is needed, got {type(network).__name__}{hint}.")
    if not network.drives:
        raise ParameterError("A Network with at least one drive is needed: add one with with_evoked_drive.")
    endless = [name for name, drive in network.drives.items() if getattr(drive, "tstop", 0.0) is None]
    if tstop is None and endless:
        raise ParameterError(f"tstop (ms) is needed to count the events of {endless[0]!r}, which has no end.")
    end = FOREVER if tstop is None else check_positive(tstop, "tstop (ms)")
    if end < SHORTEST_ms:
        raise ParameterError(f"tstop is in ms, and no event comes before {end:g} ms: was it given in s?")
    events = drive_events(network, check_int(trial, "trial", minimum=0), end)
    cell_types, ranges = list(network.cell_types), network.gid_ranges
    strength = np.zeros((len(network.drives), len(cell_types)))
    for row, name in enumerate(network.drives):
        wires = drive_wires(network, name)
        received = wires.weights_uS.sum(axis=1) * _arriving(events[name], wires, end)
        for column, cell_type in enumerate(cell_types):
            cells = ranges[cell_type]
            own = (wires.target >= cells.start) & (wires.target < cells.stop)
            strength[row, column] = received[own].sum() / max(len(cells), 1)
    return strength


def _arriving(events: Sequence[ArrayLike], wires: Wires, end: float) -> NDArray[np.float64]:
    """Return how many events arrive before the end, per route."""
    counts = np.zeros(len(wires))
    for source, times in enumerate(events):
        own = wires.source == source
        counts[own] = np.searchsorted(np.sort(np.asarray(times, dtype=float)), end - wires.delay_ms[own], side="right")
    return counts


def plot_drive_strength(
    network: Network,
    *,
    normalize: bool = True,
    tstop: float | None = None,
    trial: int = 0,
    cmap: str = "viridis",
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot how strongly each drive acts on each cell type, as a map with numbers.

    Parameters
    ----------
    network : Network
        The network.
    normalize : bool
        Show the share of each drive in what a cell type receives from all drives, in percent; else the weight itself:
        AMPA and NMDA, summed over events and averaged over the cells of the type, in uS, or nS if small, per section.
    tstop : float | None
        End of the time in which events are counted, ms; needed for drives that go on for ever.
    trial : int
        The trial whose random events are counted.
    cmap : str
        Colour map of matplotlib.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. A dash stands where a drive does not reach a cell type, and in shares also where all drives
        together hardly do: with less than a millionth of what the most strongly driven cell type receives.

    Raises
    ------
    ParameterError
        The network has no drives, or `tstop` is missing.

    Examples
    --------
    >>> figure = plot_drive_strength(network)
    """
    strength = drive_strength(network, tstop=tstop, trial=trial)
    check_bool(normalize, "normalize")
    check_cmap(cmap)
    shown, label = _shown(strength, normalize)
    check_axes(axes)
    if axes is None:
        size = (2.6 + 1.15 * shown.shape[1], 1.6 + 0.55 * shown.shape[0])
        _, axes = plt.subplots(figsize=size, layout="constrained")
    high = 100.0 if normalize else shown.max() or 1.0
    image = axes.imshow(shown, cmap=cmap, vmin=0.0, vmax=high, aspect="auto")
    _write_numbers(axes, network, shown, high, normalize=normalize, driven=_driven(strength))
    _name_both(axes, network)
    fig = figure_of(axes)
    fig.colorbar(image, ax=axes, label=label)
    if show:
        plt.show()
    return fig


def _shown(strength: NDArray[np.float64], normalize: bool) -> tuple[NDArray[np.float64], str]:
    if normalize:
        total = strength.sum(axis=0)
        share = np.divide(100.0 * strength, total, out=np.zeros_like(strength), where=_driven(strength))
        return share, "Share of what the\ncell type receives (%)"
    factor, unit = (1e3, "nS") if 0 < strength.max() < 0.1 else (1.0, "\N{MICRO SIGN}S")
    return factor * strength, f"Weight \N{MULTIPLICATION SIGN} events\nper cell ({unit})"


def _driven(strength: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which cell types receive enough for its shares to mean anything."""
    total = strength.sum(axis=0)
    return np.asarray((total > 0) & (total > NEGLIGIBLE * total.max()))


def _write_numbers(
    axes: Axes,
    network: Network,
    shown: NDArray[np.float64],
    high: float,
    *,
    normalize: bool,
    driven: NDArray[np.bool_],
) -> None:
    drives, cell_types = list(network.drives.values()), list(network.cell_types)
    for (row, column), value in np.ndenumerate(shown):
        reached = cell_types[column] in drives[row].targets and (driven[column] or not normalize)
        number = _percent(value) if normalize else f"{value:#.3g}".rstrip(".") if value else "0"
        red, green, blue, _ = axes.images[0].cmap(value / high)
        bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        axes.text(
            column,
            row,
            number if reached else "\N{EN DASH}",
            ha="center",
            va="center",
            fontsize="small",
            color="black" if bright > 0.45 else "white",
        )


def _percent(value: float) -> str:
    if 0 < value < 0.1:
        return "<0.1"
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def _wrap(name: str, width: int = WIDEST_NAME) -> str:
    """Return a name in lines that break after underscores, elsewhere only if a part is longer than a line."""
    parts = re.findall(r"[^_]*_+|[^_]+", name)
    lines = [""]
    for piece in (piece for part in parts for piece in textwrap.wrap(part, width)):
        if len(lines[-1]) + len(piece) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return "\n".join(lines).lstrip("\n")


def _name_both(axes: Axes, network: Network) -> None:
    cell_types, drives = list(network.cell_types), list(network.drives)
    cells, colors = spike_colors(cell_types, network), drive_colors(network)
    axes.set_xticks(range(len(cell_types)), [_wrap(name) for name in cell_types], fontsize="small")
    axes.set_yticks(range(len(drives)), [_wrap(name, 2 * WIDEST_NAME) for name in drives], fontsize="small")
    for tick, name in zip(axes.get_xticklabels(), cell_types, strict=True):
        tick.set_color(ink(cells[name]))
    for tick, name in zip(axes.get_yticklabels(), drives, strict=True):
        tick.set_color(ink(colors[name]))
    axes.set_xlabel("Cell type")
    axes.set_ylabel("Drive")
    axes.tick_params(length=0)
