"""One simulation at a glance: what drove it, its dipole, and which cells fired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._units import MS, NAM
from ..errors import ParameterError
from .colors import cell_type_colors, location_color
from .dipole import draw_layers, draw_legend

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..simulate import Simulation


def draw_drives(axes: Axes, simulation: Simulation) -> None:
    """Histogram of drive spikes, distal ones hanging from above as their synapses do."""
    spikes = simulation.spikes
    edges = np.linspace(0.0, simulation.tstop * MS, 86)
    width = np.diff(edges)[0] / MS
    totals = {name: np.zeros(len(edges) - 1) for name in ("up", "down")}
    for name, drive in simulation.network.drives.items():
        counts, _ = spikes.histogram(edges, cell_types=name)
        per_trial = counts / simulation.n_trials
        side = "down" if drive.location == "distal" else "up"
        sign = -1 if side == "down" else 1
        axes.bar(
            edges[:-1] / MS,
            sign * per_trial,
            width,
            sign * totals[side],
            align="edge",
            color=location_color(drive.location),
            edgecolor="white",
            linewidth=0.3,
        )
        totals[side] += per_trial
        if per_trial.any():
            # beyond the tip of its highest bar, and inside the axes
            peak = int(per_trial.argmax())
            place = float(np.clip(peak + 0.5, 5.5, len(per_trial) - 5.5)) * width
            axes.annotate(
                name,
                (place, sign * totals[side][peak]),
                xytext=(0, 2 * sign),
                textcoords="offset points",
                ha="center",
                va="bottom" if sign > 0 else "top",
                fontsize="small",
                color=location_color(drive.location),
            )
    height = max(totals["up"].max(), totals["down"].max(), 1.0) * 1.4  # room for the names
    axes.set_ylim(-height if totals["down"].any() else 0, height)
    axes.axhline(0, color="0.5", linewidth=0.6)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set_ylabel("Drive spikes\nper trial")


def _plot_dipole(axes: Axes, simulation: Simulation, window_ms: float | None, scale: float) -> None:
    def prepared(dipole: Dipole) -> Dipole:
        changed: Dipole = dipole.copy().scale(scale)
        return changed.smooth(window_ms) if window_ms else changed

    if simulation.n_trials > 1:
        for trial in map(prepared, simulation.dipoles):
            axes.plot(trial.times / MS, trial["agg"] / NAM, color="0.75", linewidth=0.8, zorder=1)
        axes.plot([], [], color="0.75", linewidth=0.8, label="agg, single trials")
    average = prepared(simulation.dipole)
    draw_layers(axes, average, average.layers)
    notes = [f"{window_ms:g} ms Hamming window"] if window_ms else []
    notes += [f"\N{MULTIPLICATION SIGN} {scale:.4g}"] if scale != 1 else []
    draw_legend(axes, title=", ".join(notes) or None)


def _plot_raster(axes: Axes, simulation: Simulation, trial: int) -> None:
    """One dot per spike, cells stacked by layer with the superficial ones on top."""
    network, spikes = simulation.network, simulation.spikes
    colors = cell_type_colors(network.cell_types)
    top = 0
    ticks: list[float] = []
    labels: list[str] = []
    for name in reversed(list(network.cell_types)):
        cells = network.gid_ranges[name]
        own = spikes.select(trial=trial, cell_types=name)
        axes.scatter(own.time / MS, top + own.gid - cells.start, s=3, color=colors[name], linewidths=0)
        ticks.append(top + len(cells) / 2)
        labels.append(name.replace("_", " "))
        top += len(cells)
        axes.axhline(top - 0.5, color="0.85", linewidth=0.6)
    axes.set_ylim(-0.5, top - 0.5)
    axes.set_yticks(ticks, labels, fontsize="small")
    for tick, name in zip(axes.get_yticklabels(), reversed(list(network.cell_types)), strict=True):
        tick.set_color(colors[name])
    axes.tick_params(axis="y", length=0)
    suffix = f"\n(trial {trial})" if simulation.n_trials > 1 else ""
    axes.set_ylabel(f"Cells{suffix}")


def plot_simulation(
    simulation: Simulation,
    *,
    window_ms: float | None = None,
    scale: float = 1.0,
    trial: int = 0,
    show: bool = True,
) -> Figure:
    """Plot drives, dipole and spikes of a simulation below each other.

    Parameters
    ----------
    simulation : Simulation
        What :func:`mne_hnn.simulate.simulate` returned.
    window_ms : float | None
        Hamming window to smooth the dipole with, ms.
    scale : float
        Factor on the dipole, for example the number of columns that act together.
    trial : int
        The trial of the spike raster.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    if not hasattr(simulation, "dipoles"):
        raise ParameterError(f"plot_simulation needs a Simulation, got {type(simulation).__name__}: see plot_dipole.")
    if not 0 <= trial < simulation.n_trials:
        raise ParameterError(f"trial must be from 0 to {simulation.n_trials - 1}, got {trial!r}.")
    panels: list[tuple[float, Any]] = [
        (2.0, lambda axes: _plot_dipole(axes, simulation, window_ms, scale)),
        (2.0, lambda axes: _plot_raster(axes, simulation, trial)),
    ]
    if simulation.network.drives:
        panels.insert(0, (1.0, lambda axes: draw_drives(axes, simulation)))
    ratios = [ratio for ratio, _ in panels]
    fig, rows = plt.subplots(
        len(panels), 1, sharex=True, figsize=(8.0, 1.6 * sum(ratios)), height_ratios=ratios, layout="constrained"
    )
    for axes, (_, draw) in zip(np.atleast_1d(rows), panels, strict=True):
        draw(axes)
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1].set_xlabel("Time (ms)")
    rows[-1].set_xlim(0.0, simulation.tstop)
    fig.align_ylabels(rows)
    if show:
        plt.show()
    return fig
