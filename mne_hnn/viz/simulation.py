"""One simulation at a glance: what drove it, its dipole, and which cells fired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._units import MS, NAM
from ..errors import ParameterError
from .colors import spike_colors
from .dipole import draw_layers, draw_legend
from .histogram import draw_drives
from .raster import draw_raster, sort_by_layer

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..simulate import Simulation


def draw_moment(axes: Axes, simulation: Simulation, window_ms: float | None, scale: float) -> None:
    """Draw the average dipole layer by layer over the single trials of the aggregate, smoothed and scaled."""
    if simulation.n_trials > 1:
        for trial in prepare(simulation, window_ms, scale):
            axes.plot(trial.times / MS, trial["agg"] / NAM, color="0.75", linewidth=0.8, zorder=1)
        axes.plot([], [], color="0.75", linewidth=0.8, label="agg, single trials")
    average = prepare(simulation, window_ms, scale, average=True)[0]
    draw_layers(axes, average, average.layers)
    draw_legend(axes, title=processing_note(window_ms, scale))


def prepare(simulation: Simulation, window_ms: float | None, scale: float, *, average: bool = False) -> list[Dipole]:
    """Return copies of the trials, or their average, smoothed and scaled."""
    changed: list[Dipole] = [
        dipole.copy().scale(scale) for dipole in ([simulation.dipole] if average else simulation.dipoles)
    ]
    return [dipole.smooth(window_ms) for dipole in changed] if window_ms else changed


def processing_note(window_ms: float | None, scale: float) -> str | None:
    """Say what was done to a dipole before it was drawn."""
    notes = [f"{window_ms:g} ms Hamming window"] if window_ms else []
    notes += [f"\N{MULTIPLICATION SIGN} {float(f'{scale:.4g}'):,g}"] if scale != 1 else []
    return ", ".join(notes) or None


def draw_cells(axes: Axes, simulation: Simulation, trial: int) -> None:
    """Draw the spikes of all cells in one trial."""
    network = simulation.network
    chosen = simulation.spikes.select(trial=trial)
    draw_raster(axes, chosen, sort_by_layer(network.cell_types, network), spike_colors(network.cell_types, network))
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

    Examples
    --------
    >>> figure = plot_simulation(simulation, window_ms=30.0, scale=3000.0)
    """
    if not hasattr(simulation, "dipoles"):
        raise ParameterError(f"plot_simulation needs a Simulation, got {type(simulation).__name__}: see plot_dipole.")
    if isinstance(trial, bool) or not 0 <= trial < simulation.n_trials:
        raise ParameterError(f"trial must be from 0 to {simulation.n_trials - 1}, got {trial!r}.")
    panels: list[tuple[float, Any]] = [
        (2.0, lambda axes: draw_moment(axes, simulation, window_ms, scale)),
        (2.0, lambda axes: draw_cells(axes, simulation, trial)),
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
