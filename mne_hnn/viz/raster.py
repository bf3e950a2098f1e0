"""Which cells fired when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_name, check_positive
from .._units import MS, NAM
from ..dipole import Dipole
from ..errors import ParameterError
from ..spikes import Spikes
from ._groups import check_axes, check_within, figure_of
from .colors import LAYERS, chosen_colors, ink, layer_number, spike_colors

if TYPE_CHECKING:
    from ..network import Network
    from ..simulate import Simulation

__all__ = ["plot_spikes_raster"]


def spikes_of(given: Spikes | Simulation) -> tuple[Spikes, Network | None]:
    """Return the spikes of a simulation with its network, or a table of spikes without one."""
    if isinstance(given, Spikes):
        return given, None
    if not isinstance(getattr(given, "spikes", None), Spikes):
        raise ParameterError(f"Spikes or a Simulation is needed, got {type(given).__name__}.")
    return given.spikes, given.network


def sort_by_layer(cell_types: Iterable[str], network: Network | None = None) -> list[str]:
    """Sort cell types from superficial to deep, by the layer of their templates, else of their names; drives last."""
    known = {} if network is None else network.cell_types
    layers = {name: known[name].layer if name in known else name for name in cell_types}
    return sorted(layers, key=lambda name: layer_number(layers[name]) or 10)


def draw_raster(
    axes: Axes, spikes: Spikes, cell_types: Sequence[str], colors: Mapping[str, str], *, size: float = 3.0
) -> None:
    """Draw one dot per spike, one row per cell; the first of the cell types is on top."""
    top = 0
    ticks: list[float] = []
    for name in reversed(cell_types):
        cells = np.sort(np.asarray(spikes.gid_ranges[name], dtype=np.int64))
        own = spikes.select(cell_types=name)
        rows = top + np.searchsorted(cells, own.gid)
        axes.scatter(own.time / MS, rows, s=size, color=colors[name], linewidths=0, zorder=2)
        ticks.append(top + len(cells) / 2 - 0.5)
        top += len(cells)
        axes.axhline(top - 0.5, color="0.85", linewidth=0.6, zorder=1)
    if not any(len(spikes.select(cell_types=name)) for name in cell_types):
        write_no_spikes(axes)
    axes.set_ylim(-0.5, max(top, 1) - 0.5)
    axes.set_yticks(ticks, [name.replace("_", " ") for name in reversed(cell_types)], fontsize="small")
    for tick, name in zip(axes.get_yticklabels(), reversed(cell_types), strict=True):
        tick.set_color(ink(colors[name]))
    axes.tick_params(axis="y", length=0)


def write_no_spikes(axes: Axes) -> None:
    """Say in empty axes that they are empty."""
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": "0.5", "backgroundcolor": "white"}
    axes.text(0.5, 0.5, "no spikes", transform=axes.transAxes, **style)


def plot_spikes_raster(
    spikes: Spikes | Simulation,
    *,
    trial: int | None = None,
    cell_types: str | Sequence[str] | None = None,
    dipole: Dipole | bool | None = None,
    tmin: float | None = None,
    tmax: float | None = None,
    colors: Any = None,
    size: float = 3.0,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot one dot per spike, cells stacked by layer with the superficial ones on top.

    Parameters
    ----------
    spikes : Spikes | Simulation
        The spikes, or the simulation that has them.
    trial : int | None
        The trial; None for the first.
    cell_types : str | sequence of str | None
        Cell types, or drives; None for all cell types of a simulation. Spikes alone do not tell cell types from
        drives: None shows all they have, with what is not named after a layer (``L2_basket``) at the bottom. Plot the
        simulation, or name the cell types, to leave the drives out.
    dipole : Dipole | bool | None
        A dipole to draw over the spikes, with an axis on the right. True takes the aggregate of the simulation, in
        the same trial.
    tmin, tmax : float | None
        Window in s; None for the start or end.
    colors : color | sequence of color | mapping of str to color | None
        By cell type; None for the colours they have in every figure.
    size : float
        Area of a dot, points squared.
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
    ParameterError
        A cell type or trial does not exist, or the window is not within the simulation.
    """
    table, network = spikes_of(spikes)
    names = _cell_types(table, network, cell_types)
    numbers = table.trials or (0,)
    check_within((tmin, tmax), (table.tmin, table.tmax), "tmin and tmax")
    chosen = table.select(trial=numbers[0] if trial is None else trial, cell_types=names, tmin=tmin, tmax=tmax)
    palette = chosen_colors(names, colors, spike_colors(table.cell_types, network))
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    draw_raster(axes, chosen, names, palette, size=check_positive(size, "size"))
    axes.set_ylabel("Cells" if table.n_trials == 1 else f"Cells\n(trial {(chosen.trials or (0,))[0]})")
    axes.set_xlabel("Time (ms)")
    axes.set_xlim(chosen.tmin / MS, chosen.tmax / MS)
    axes.spines[["top", "right"]].set_visible(False)
    if dipole is not None and dipole is not False:
        _overlay(axes, _overlaid(dipole, spikes, (chosen.trials or (0,))[0]))
    if show:
        plt.show()
    return figure_of(axes)


def _cell_types(table: Spikes, network: Network | None, wanted: str | Sequence[str] | None) -> list[str]:
    if wanted is None:
        # without the network nobody knows what is a drive: nothing that fired may vanish
        return sort_by_layer(table.cell_types if network is None else network.cell_types, network)
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    if not names:
        raise ParameterError(f"cell_types must name at least one of {', '.join(table.cell_types)}.")
    chosen = dict.fromkeys(check_name(name, table.cell_types, "cell type or drive") for name in names)
    return sort_by_layer(chosen, network)


def _overlaid(dipole: Dipole | bool, spikes: Spikes | Simulation, trial: int) -> Dipole:
    if isinstance(dipole, Dipole):
        return dipole
    if dipole is not True or isinstance(spikes, Spikes):
        raise ParameterError("dipole must be a Dipole, or True together with a Simulation.")
    return spikes.dipoles[(spikes.spikes.trials or (0,)).index(trial)]


def _overlay(axes: Axes, dipole: Dipole) -> None:
    twin = axes.twinx()
    twin.plot(dipole.times / MS, dipole["agg"] / NAM, color=LAYERS["agg"], linewidth=1.2, alpha=0.6, label="agg")
    twin.set_ylabel("Dipole moment (nAm)")
    twin.spines["top"].set_visible(False)
    twin.set_xlim(axes.get_xlim())
    # behind the spikes, which the line would hide
    axes.set_zorder(twin.get_zorder() + 1)
    axes.patch.set_visible(False)
