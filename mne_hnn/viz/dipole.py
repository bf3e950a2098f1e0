"""The dipole over time, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_name
from .._units import MS, NAM
from ..errors import ParameterError
from .colors import LAYERS

if TYPE_CHECKING:
    from ..dipole import Dipole


def draw_layers(axes: Axes, dipole: Dipole, layers: Sequence[str]) -> None:
    """Draw the moment of layers in nAm over ms, the aggregate on top, with labels for a legend."""
    order = [name for name in reversed(layers) if name != "agg"] + [name for name in layers if name == "agg"]
    for layer in order:
        width = 2.0 if layer == "agg" else 1.2
        label = f"{layer}, average of {dipole.nave}" if layer == "agg" and dipole.nave > 1 else layer
        axes.plot(dipole.times / MS, dipole[layer] / NAM, color=LAYERS.get(layer, "0.3"), linewidth=width, label=label)
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel("Dipole moment (nAm)")


def draw_legend(axes: Axes, title: str | None = None) -> None:
    """Put the legend to the right of the axes, where it covers nothing; what was drawn last comes first."""
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        title=title,
        title_fontsize="x-small",
        fontsize="small",
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )


def plot_dipole(
    dipole: Dipole, *, layers: str | Sequence[str] | None = None, axes: Axes | None = None, show: bool = True
) -> Figure:
    """Plot a dipole over time.

    Parameters
    ----------
    dipole : Dipole
        The dipole; its moment in A m is shown in nAm.
    layers : str | sequence of str | None
        Which channels; None for all.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.
    """
    names = dipole.layers if layers is None else [layers] if isinstance(layers, str) else list(layers)
    if not names:
        raise ParameterError(f"layers must name at least one of {', '.join(dipole.layers)}.")
    for name in names:
        check_name(name, dipole.layers, "layer")
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    draw_layers(axes, dipole, names)
    draw_legend(axes)
    axes.set_xlabel("Time (ms)")
    axes.set_xlim(dipole.times[0] / MS, dipole.times[-1] / MS)
    axes.spines[["top", "right"]].set_visible(False)
    if show:
        plt.show()
    fig = axes.get_figure(root=True)
    assert fig is not None
    return fig
