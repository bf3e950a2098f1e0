"""Which cells fired when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_name, check_positive, check_trial
from .._units import MS, NAM
from ..dipole import Dipole, average_dipoles
from ..errors import ParameterError
from ..spikes import Spikes
from ._groups import check_axes, check_within, figure_of
from .colors import LAYERS, chosen_colors, ink, layer_number, spike_colors

if TYPE_CHECKING:
    from ..network import Network
    from ..simulate import Simulation

__all__ = ["plot_spikes_raster"]

ROWS = ("cells", "trials")


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


def draw_trial_rows(
    axes: Axes, spikes: Spikes, cell_types: Sequence[str], colors: Mapping[str, str], *, size: float = 3.0
) -> None:
    """Draw a band per cell type with a row per trial, the first on top; within a row its cells, as in a raster of one.

    Rows are 1 high, cells within them 0.8 together.
    """
    trials = spikes.trials or (0,)
    n = len(trials)
    ticks: list[tuple[float, str]] = []
    for band, name in enumerate(reversed(cell_types)):
        cells = np.sort(np.asarray(spikes.gid_ranges[name], dtype=np.int64))
        own = spikes.select(cell_types=name)
        within = (np.searchsorted(cells, own.gid) + 0.5) / max(len(cells), 1) - 0.5
        rows = band * n + (n - 1) - np.searchsorted(trials, own.trial) + 0.8 * within
        axes.scatter(own.time / MS, rows, s=size, color=colors[name], linewidths=0, zorder=2)
        for row in range(1, n):
            axes.axhline(band * n + row - 0.5, color="0.93", linewidth=0.5, zorder=0)
        axes.axhline((band + 1) * n - 0.5, color="0.75", linewidth=0.8, zorder=1)
        ticks += [(band * n + (n - 1) - k, str(trials[k])) for k in _numbered(n, len(cell_types))]
    if not len(spikes):
        write_no_spikes(axes)
    axes.set_ylim(-0.5, max(n * len(cell_types), 1) - 0.5)
    axes.set_yticks([place for place, _ in ticks], [text for _, text in ticks], fontsize="x-small", color="0.35")
    axes.tick_params(axis="y", which="major", length=2, width=0.5, color="0.6")
    centres = [band * n + (n - 1) / 2 for band in range(len(cell_types))]
    names = [name.replace("_", " ") for name in reversed(cell_types)]
    axes.yaxis.remove_overlapping_locs = False  # a name may stand beside the number of a trial
    axes.set_yticks(centres, names, minor=True, fontsize="small")
    for tick, name in zip(axes.get_yticklabels(minor=True), reversed(cell_types), strict=True):
        tick.set_color(ink(colors[name]))
    axes.tick_params(axis="y", which="minor", length=0, pad=22)


def _numbered(n_trials: int, n_bands: int) -> list[int]:
    """Return which trials of a band have their numbers written: all that fit, among them the first."""
    most = max(1, 28 // n_bands)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, n_trials) if -(-n_trials // step) <= most)
    return list(range(0, n_trials, step))


def write_no_spikes(axes: Axes) -> None:
    """Say in empty axes that they are empty."""
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": "0.5", "backgroundcolor": "white"}
    axes.text(0.5, 0.5, "no spikes", transform=axes.transAxes, **style)


def plot_spikes_raster(
    spikes: Spikes | Simulation,
    *,
    trial: int | str | Sequence[int] | None = None,
    rows: str = "cells",
    cell_types: str | Sequence[str] | None = None,
    dipole: Dipole | bool | None = None,
    tmin: float | None = None,
    tmax: float | None = None,
    colors: Any = None,
    size: float = 3.0,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot one dot per spike, cells stacked by layer with the superficial ones on top; of one trial or of several.

    Parameters
    ----------
    spikes : Spikes | Simulation
        The spikes, or the simulation that has them.
    trial : int | sequence of int | "all" | None
        The trial, or several of them in one figure; None for the first.
    rows : str
        What a row is. ``'cells'``: a cell, with the spikes of all trials over each other. ``'trials'``: a trial, with
        all cells of a type in it, so that each cell type is a band with as many rows as there are trials.
    cell_types : str | sequence of str | None
        Cell types, or drives; None for all cell types of a simulation. Spikes alone do not tell cell types from
        drives: None shows all they have, with what is not named after a layer (``L2_basket``) at the bottom. Plot the
        simulation, or name the cell types, to leave the drives out.
    dipole : Dipole | bool | None
        A dipole to draw over the spikes, with an axis on the right. True takes the aggregate of the simulation, in
        the same trial; of several trials their average.
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

    Examples
    --------
    >>> figure = plot_spikes_raster(simulation)
    >>> figure = plot_spikes_raster(simulation, trial="all", rows="trials")
    """
    table, network = spikes_of(spikes)
    names = _cell_types(table, network, cell_types)
    numbers = _trials(table, trial)
    check_name(rows, ROWS, "kind of rows")
    check_within((tmin, tmax), (table.tmin, table.tmax), "tmin and tmax")
    chosen = table.of_trials(numbers).select(cell_types=names, tmin=tmin, tmax=tmax)
    palette = chosen_colors(names, colors, spike_colors(table.cell_types, network))
    check_axes(axes)
    if axes is None:
        height = 3.5 if rows == "cells" else float(np.clip(0.13 * len(numbers) * len(names), 3.5, 9.0))
        _, axes = plt.subplots(figsize=(7.0, height), layout="constrained")
    draw = draw_raster if rows == "cells" else draw_trial_rows
    draw(axes, chosen, names, palette, size=check_positive(size, "size"))
    axes.set_ylabel(_row_label(rows, numbers, table.n_trials))
    axes.set_xlabel("Time (ms)")
    axes.set_xlim(chosen.tmin / MS, chosen.tmax / MS)
    axes.spines[["top", "right"]].set_visible(False)
    if dipole is not None and dipole is not False:
        _overlay(axes, _overlaid(dipole, spikes, numbers))
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


def _trials(table: Spikes, wanted: Any) -> tuple[int, ...]:
    numbers = table.trials or (0,)
    if wanted is None:
        return numbers[:1]
    if isinstance(wanted, str):
        check_name(wanted, ("all",), "choice of trials")
        return numbers
    if not np.iterable(wanted):
        return (check_trial(wanted, numbers),)
    chosen = tuple(dict.fromkeys(check_trial(number, numbers) for number in wanted))
    if not chosen:
        raise ParameterError(f"trial must name at least one of {numbers}, or be 'all'.")
    return tuple(sorted(chosen))


def _row_label(rows: str, numbers: Sequence[int], n_trials: int) -> str:
    if rows == "trials":
        return "Trials"
    if n_trials == 1:
        return "Cells"
    return f"Cells\n({len(numbers)} trials)" if len(numbers) > 1 else f"Cells\n(trial {numbers[0]})"


def _overlaid(dipole: Dipole | bool, spikes: Spikes | Simulation, trials: Sequence[int]) -> Dipole:
    if isinstance(dipole, Dipole):
        return dipole
    if dipole is not True or isinstance(spikes, Spikes):
        raise ParameterError("dipole must be a Dipole, or True together with a Simulation.")
    known = spikes.spikes.trials or (0,)
    chosen = [spikes.dipoles[known.index(trial)] for trial in trials]
    return average_dipoles(chosen) if len(chosen) > 1 else chosen[0]


def _overlay(axes: Axes, dipole: Dipole) -> None:
    twin = axes.twinx()
    twin.plot(dipole.times / MS, dipole["agg"] / NAM, color=LAYERS["agg"], linewidth=1.2, alpha=0.6, label="agg")
    twin.set_ylabel("Dipole moment (nAm)")
    twin.spines["top"].set_visible(False)
    twin.set_xlim(axes.get_xlim())
    # behind the spikes, which the line would hide
    axes.set_zorder(twin.get_zorder() + 1)
    axes.patch.set_visible(False)
