"""Which cells a connection joins, and how strongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._checks import check_int, check_name
from .._types import FloatArray
from ..errors import NetworkError
from ._groups import check_axes
from ._scene import UM, check_network
from .colors import cell_type_colors, check_cmap

if TYPE_CHECKING:
    from ..network import Network, Wires

COLORMAP = "viridis"
NO_PAIR = "#E8E8E8"
VALUES = {"weight": f"Weight ({UM[0]}S)", "delay": "Delay (ms)"}
WAYS = ("targets", "sources")


def plot_connectivity(
    network: Network,
    index: int,
    *,
    value: str = "weight",
    cmap: str = COLORMAP,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot the weights of all pairs of cells that a connection joins, as a matrix of sources and targets.

    Global gains are included. Pairs that a sparse connection does not join are light grey.

    Parameters
    ----------
    network : Network
        The network.
    index : int
        Which of its connections; see :meth:`mne_hnn.network.Network.pick_connections`.
    value : 'weight' | 'delay'
        What to show: weights in uS or delays in ms.
    cmap : str
        Colour map.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    NetworkError
        The network has no such connection.

    Examples
    --------
    >>> figure = plot_connectivity(network, index=0)
    """
    index = _check_connection(network, index, "plot_connectivity")
    check_name(value, VALUES, "value")
    check_cmap(cmap)
    connection, wires = network.connections[index], _wires(network, index)
    sources, targets = (network.gid_ranges[name] for name in (connection.source, connection.target))
    matrix = np.full((len(sources), len(targets)), np.nan)
    matrix[wires.source - sources.start, wires.target - targets.start] = _values(wires, value)
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 5.2), layout="constrained")
    fig = _root(axes)
    edges = (targets.start - 0.5, targets.stop - 0.5, sources.stop - 0.5, sources.start - 0.5)
    axes.set_facecolor(NO_PAIR)
    image = axes.imshow(
        matrix, extent=edges, aspect="auto", interpolation="nearest", cmap=cmap, norm=_norm(matrix, value)
    )
    fig.colorbar(image, ax=axes, label=VALUES[value])
    axes.set_xlabel(f"Target: {connection.target.replace('_', ' ')} (gid)")
    axes.set_ylabel(f"Source: {connection.source.replace('_', ' ')} (gid)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_title(f"{_title(network, index)}\n{len(wires):,} of {matrix.size:,} pairs", fontsize="medium")
    if show:
        plt.show()
    return fig


def plot_cell_connectivity(
    network: Network,
    index: int,
    gid: int,
    *,
    way: str | None = None,
    value: str = "weight",
    cmap: str = COLORMAP,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot the cells that a connection joins to one cell, where they lie in the plane of the cortex.

    Parameters
    ----------
    network : Network
        The network.
    index : int
        Which of its connections; see :meth:`mne_hnn.network.Network.pick_connections`.
    gid : int
        The cell: one of the connection's source or target cell type.
    way : 'targets' | 'sources' | None
        The cells that this cell reaches, or those that reach it; None: its targets if it is of the source cell type,
        else its sources.
    value : 'weight' | 'delay'
        What the colours show: weights in uS or delays in ms.
    cmap : str
        Colour map.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    NetworkError
        The network has no such connection, or the cell is not at that end of it.

    Examples
    --------
    >>> figure = plot_cell_connectivity(network, index=0, gid=3)
    """
    index = _check_connection(network, index, "plot_cell_connectivity")
    check_name(value, VALUES, "value")
    check_cmap(cmap)
    connection, wires = network.connections[index], _wires(network, index)
    way = _check_way(network, index, gid, way)
    other = connection.target if way == "targets" else connection.source
    own, partners = (wires.source, wires.target) if way == "targets" else (wires.target, wires.source)
    joined = own == gid
    places, start = network.populations[other].positions, network.gid_ranges[other].start
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(6.0, 5.4), layout="constrained")
    fig = _root(axes)
    name = other.replace("_", " ")
    left_out = np.delete(places, partners[joined] - start, axis=0)
    if len(left_out):
        axes.scatter(
            left_out[:, 0], left_out[:, 1], s=60, facecolors="none", edgecolors="0.75", label=f"{name}, not joined"
        )
    numbers = _values(wires, value)[joined]
    reached = places[partners[joined] - start]
    dots = axes.scatter(
        reached[:, 0],
        reached[:, 1],
        s=60,
        c=numbers,
        cmap=cmap,
        norm=_norm(_values(wires, value), value),
        label=f"{name}: {len(numbers)} {way if len(numbers) != 1 else way[:-1]}",
    )
    x, y, _ = network.position(gid)
    kind = network.gid_to_type(gid)
    axes.scatter(
        [x],
        [y],
        s=220,
        facecolors="none",
        edgecolors=cell_type_colors(network.cell_types)[kind],
        linewidths=2.5,
        label=f"{kind.replace('_', ' ')}, gid {gid}",
    )
    fig.colorbar(dots, ax=axes, label=VALUES[value])
    axes.set_aspect("equal", adjustable="box")
    axes.margins(0.08)
    axes.set(xlabel=f"x ({UM})", ylabel=f"y ({UM})")
    axes.set_title(_title(network, index), fontsize="medium")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, fontsize="small")
    if show:
        plt.show()
    return fig


def _check_connection(network: Any, index: Any, what: str) -> int:
    check_network(network, what)
    if not network.connections:
        raise NetworkError("The network has no connections: add one with with_connection.")
    return check_int(
        index, "The index of a connection", minimum=0, maximum=len(network.connections) - 1, error=NetworkError
    )


def _check_way(network: Network, index: int, gid: int, way: str | None) -> str:
    """Return which partners to show, after checking that the cell is at the other end."""
    connection = network.connections[index]
    kind = network.gid_to_type(gid)
    if way is None:
        way = "targets" if kind == connection.source else "sources"
    check_name(way, WAYS, "way")
    end = connection.source if way == "targets" else connection.target
    if kind != end:
        ranges = network.gid_ranges
        ends = " or ".join(
            f"{ranges[name].start} to {ranges[name].stop - 1} ({name})"
            for name in dict.fromkeys((connection.source, connection.target))
        )
        raise NetworkError(
            f"Cell {gid} is of type {kind!r}, but connection {index} joins {connection.source!r} to "
            f"{connection.target!r}, so that its {way} are not defined: give a gid from {ends}."
        )
    return way


def _wires(network: Network, index: int) -> Wires:
    """Expand one connection alone, so that its routes are not merged with those of others."""
    from ..network import connection_wires, replace

    return connection_wires(replace(network, connections=(network.connections[index],)))


def _values(wires: Wires, value: str) -> FloatArray:
    if value == "weight":
        return wires.weights_uS[:, 0] if len(wires) else np.zeros(0)
    return np.where(np.isfinite(wires.delay_ms), wires.delay_ms, np.nan)  # those that never arrive


def _norm(values: FloatArray, value: str) -> Normalize:
    """Return the range of the colours: weights from 0, delays logarithmic where they span decades."""
    finite = values[np.isfinite(values)]
    top = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    positive = finite[finite > 0]
    if value == "delay" and positive.size and top > 100 * positive.min():
        return LogNorm(float(positive.min()), top)
    return Normalize(0.0, top)


def _title(network: Network, index: int) -> str:
    connection = network.connections[index]
    ends = [name.replace("_", " ") for name in (connection.source, connection.target)]
    title = f"{ends[0]} \N{RIGHTWARDS ARROW} {ends[1]}: {connection.receptor} at {connection.location}"
    return title if connection.probability == 1 else f"{title}, probability {connection.probability:g}"


def _root(axes: Axes) -> Figure:
    fig = axes.get_figure(root=True)
    assert isinstance(fig, Figure)
    return fig
