"""Several simulations beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_finite, check_int, check_label, check_name, check_positive
from ..errors import ParameterError
from .colors import COMPARED, LAYERS, chosen_colors
from .dipole import draw_legend, draw_trials
from .histogram import draw_drives
from .simulation import draw_cells, prepare, processing_note

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..simulate import Simulation

__all__ = ["plot_simulations"]

MOST_DIFFERENT = 10.0
DIPOLES = ("overlay", "columns")


def plot_simulations(
    simulations: Mapping[str, Simulation],
    *,
    window_ms: float | Mapping[str, float] | None = None,
    scale: float | Mapping[str, float] = 1.0,
    layer: str | None = None,
    dipoles: str = "overlay",
    trial: int = 0,
    colors: Any = None,
    show: bool = True,
) -> Figure:
    """Plot drives, dipoles and spikes of several simulations, one per column, on the same axes.

    Parameters
    ----------
    simulations : mapping of str to Simulation
        The simulations by label.
    window_ms : float | mapping of str to float | None
        Hamming window to smooth the dipoles with, ms; one for all or by label.
    scale : float | mapping of str to float
        Factor on the dipoles; one for all or by label.
    layer : str | None
        The layer to draw; None for the aggregate, and in columns for all layers.
    dipoles : str
        ``'overlay'``: dipoles of all simulations in one panel; ``'columns'``: each above its spikes.
    trial : int
        The trial of the spike rasters.
    colors : color | sequence of color | mapping of str to color | None
        By label.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. All panels share the time, and panels of a row their scale, unless it would hide one of them: where
        one has less than a tenth of the height of another.

    Raises
    ------
    ParameterError
        A layer or trial does not exist, or something else than simulations is given.

    Examples
    --------
    >>> figure = plot_simulations({"before": simulation, "after": simulation})
    """
    _check(simulations, layer, dipoles, trial)
    labels = list(simulations)
    palette = chosen_colors(labels, colors, {name: COMPARED[k % len(COMPARED)] for k, name in enumerate(labels)})
    windows = _by_label(labels, window_ms, "window_ms")
    scales = _by_label(labels, scale, "scale")
    moments = {
        name: prepare(simulation, windows[name], scales[name] or 1.0) for name, simulation in simulations.items()
    }
    fig, panels = _grid(simulations, dipoles)
    notes = {name: processing_note(windows[name], scales[name] or 1.0) for name in labels}
    if dipoles == "overlay":
        _overlay(panels["moment"][0], moments, layer or "agg", palette, notes)
    else:
        for axes, (name, some) in zip(panels["moment"], moments.items(), strict=True):
            shown = some[0].layers if layer is None else (layer,)
            draw_trials(axes, some, {shown_layer: LAYERS.get(shown_layer, "0.3") for shown_layer in shown})
            if note := notes[name]:
                axes.set_title(note, loc="right", fontsize="x-small", color="0.35")
        draw_legend(panels["moment"][-1])
    for column, (name, simulation) in enumerate(simulations.items()):
        if "drives" in panels and simulation.network.drives:
            draw_drives(panels["drives"][column], simulation)
        draw_cells(panels["cells"][column], simulation, trial)
        top = panels[next(row for row in ("drives", "moment", "cells") if len(panels.get(row, [])) == len(labels))]
        top[column].set_title(name, loc="left", fontsize="medium", color=palette[name] if dipoles == "overlay" else "k")
    _tidy(fig, panels, max(simulation.tstop for simulation in simulations.values()))
    if show:
        plt.show()
    return fig


def _check(simulations: Any, layer: str | None, dipoles: str, trial: int) -> None:
    if not isinstance(simulations, Mapping) or not simulations:
        raise ParameterError("simulations must be a mapping such as {'weak': simulation, 'strong': other}.")
    for label, simulation in simulations.items():
        check_label(label, "A label")
        if not hasattr(simulation, "dipoles") or not hasattr(simulation, "network"):
            raise ParameterError(f"{label!r} must be a Simulation, got {type(simulation).__name__}.")
        if layer is not None:
            check_name(layer, simulation.dipoles[0].layers, "layer", where=f"of {label!r}")
        check_int(trial, f"trial of {label!r}", minimum=0, maximum=simulation.n_trials - 1)
    check_name(dipoles, DIPOLES, "way to show dipoles")


def _by_label(labels: list[str], given: Any, what: str) -> dict[str, float | None]:
    if isinstance(given, Mapping):
        for name in given:
            check_name(name, labels, "label", where=f"in {what}")
    values = {name: given.get(name) if isinstance(given, Mapping) else given for name in labels}
    check = check_positive if what == "window_ms" else check_finite
    return {name: None if value is None else check(value, what) for name, value in values.items()}


def _grid(simulations: Mapping[str, Simulation], dipoles: str) -> tuple[Figure, dict[str, list[Axes]]]:
    n = len(simulations)
    rows = {"drives": 1.1, "moment": 2.0, "cells": 2.0}
    if not any(simulation.network.drives for simulation in simulations.values()):
        del rows["drives"]
    fig = plt.figure(figsize=(max(7.0, 1.6 + 3.2 * n), 0.7 + 1.6 * sum(rows.values())), layout="constrained")
    grid = fig.add_gridspec(len(rows), n, height_ratios=list(rows.values()))
    panels: dict[str, list[Axes]] = {}
    for row, name in enumerate(rows):
        if name == "moment" and dipoles == "overlay":
            panels[name] = [fig.add_subplot(grid[row, :])]
        else:
            panels[name] = [fig.add_subplot(grid[row, column]) for column in range(n)]
    return fig, panels


def _overlay(
    axes: Axes,
    moments: Mapping[str, list[Dipole]],
    layer: str,
    palette: Mapping[str, str],
    notes: Mapping[str, str | None],
) -> None:
    for name, some in moments.items():
        draw_trials(axes, some, {layer: palette[name]}, label=name)
    different = len(set(notes.values())) > 1
    title = "\n".join(f"{name}: {note or 'as simulated'}" for name, note in notes.items()) if different else None
    draw_legend(axes, title=title or next(iter(notes.values())), last_first=False)


def _tidy(fig: Figure, panels: Mapping[str, list[Axes]], tstop: float) -> None:
    for row, axes in panels.items():
        shared = _share(axes) if row != "cells" else _same_rows(axes)
        for column, panel in enumerate(axes):
            panel.set_xlim(0.0, tstop)
            panel.spines[["top", "right"]].set_visible(False)
            if column:
                panel.set_ylabel("")
                panel.tick_params(labelleft=not shared)
            if row == "moment":
                panel.set_ylabel("" if column else "Dipole moment (nAm)")
    for panel in panels["cells"]:
        panel.set_xlabel("Time (ms)")
    for row, axes in panels.items():
        if len(axes) > 1 and row != "cells":
            for panel in axes:
                panel.tick_params(labelbottom=False)
    fig.align_ylabels([axes[0] for axes in panels.values()])


def _share(axes: list[Axes]) -> bool:
    """Give panels the same scale, if none is too small to be seen on it."""
    limits = np.array([panel.get_ylim() for panel in axes if panel.has_data()])
    if not len(limits):
        return True
    heights = np.ptp(limits, axis=1)
    if heights.min() < heights.max() / MOST_DIFFERENT:
        return False
    for panel in axes:
        panel.set_ylim(limits.min(), limits.max())
    return True


def _same_rows(axes: list[Axes]) -> bool:
    names = [[tick.get_text() for tick in panel.get_yticklabels()] for panel in axes]
    return all(
        row == names[0] and np.array_equal(axes[0].get_yticks(), panel.get_yticks())
        for row, panel in zip(names, axes, strict=True)
    )
