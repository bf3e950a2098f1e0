"""A small drawing of the column: its layers, its cells, and where the two kinds of input arrive."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from ._groups import check_axes, figure_of
from .colors import cell_type_colors, ink, location_color

__all__ = ["plot_column"]

# heights in the drawing: not to scale
_BANDS = (("Layer 1", 7.9, 9.4), ("Layer 2/3", 4.6, 7.9), ("Layer 4", 3.5, 4.6), ("Layer 5", 0.6, 3.5))
_SOMAS = {"L2_pyramidal": (3.3, 5.8), "L2_basket": (2.0, 5.9), "L5_pyramidal": (5.2, 1.9), "L5_basket": (2.0, 1.9)}
_TUFT, _ABOVE, _ENTRY, _SIDE = 8.5, 9.9, 4.05, 7.2
_ARROW: dict[str, Any] = {"arrowstyle": "-|>", "linewidth": 2.2, "mutation_scale": 13, "shrinkA": 0, "shrinkB": 0}


def plot_column(*, axes: Axes | None = None, show: bool = True) -> Figure:
    """Draw the column of the Human Neocortical Neurosolver and its two inputs, as a reminder of what the words mean.

    Pyramidal cells of layers 2/3 and 5 carry the dipole; basket cells inhibit them. Proximal drives come from below
    (lemniscal thalamus, through layer 4) and reach basal and oblique dendrites; distal drives come from above (higher
    areas, non-lemniscal thalamus) and reach the tufts in layer 1 (Jones et al. 2009,
    https://doi.org/10.1152/jn.00535.2009).

    Parameters
    ----------
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure: a sketch, not to scale.

    Examples
    --------
    >>> figure = plot_column()
    """
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(8.0, 4.0), layout="constrained")
    _draw_layers(axes)
    colors = cell_type_colors(_SOMAS)
    for name, (x, y) in _SOMAS.items():
        _draw_cell(axes, name, x, y, colors[name])
    _draw_inputs(axes)
    axes.annotate("", (8.1, 7.4), (8.1, 2.2), arrowprops={**_ARROW, "color": "black"})
    axes.text(
        8.4,
        4.8,
        "a positive moment is current\nin pyramidal cells from deep\nto superficial layers",
        va="center",
        fontsize="small",
    )
    axes.set(xlim=(-0.4, 11.9), ylim=(-1.0, 11.0))
    axes.set_axis_off()
    if show:
        plt.show()
    return figure_of(axes)


def _draw_layers(axes: Axes) -> None:
    for k, (name, low, high) in enumerate(_BANDS):
        shade = "0.96" if k % 2 else "0.91"
        axes.add_patch(Rectangle((1.2, low), 6.5, high - low, facecolor=shade, edgecolor="none", zorder=0))
        axes.text(1.1, (low + high) / 2, name, ha="right", va="center", fontsize="small", color="0.3")
    axes.text(1.3, 9.45, "surface of the cortex", ha="left", va="bottom", fontsize="x-small", color="0.4")


def _draw_cell(axes: Axes, name: str, x: float, y: float, color: str) -> None:
    if name.endswith("basket"):
        axes.plot([x], [y], "o", color=color, markersize=11, zorder=3)  # round whatever the axes' scales
    else:
        line: dict[str, Any] = {"color": color, "linewidth": 2.2, "solid_capstyle": "round", "zorder": 2}
        axes.plot([x, x], [y, _TUFT - 0.6], **line)
        for side in (-0.45, 0.45):
            axes.plot([x, x + side], [_TUFT - 0.6, _TUFT + 0.3], **line)
            axes.plot([x, x + side], [y - 0.1, y - 0.85], **line)
            axes.plot([x, x + side], [y + 0.75, y + 1.15], **line)
        axes.add_patch(
            Polygon(
                [(x - 0.38, y - 0.3), (x + 0.38, y - 0.3), (x, y + 0.5)], facecolor=color, edgecolor="none", zorder=3
            )
        )
    words = f"L{name[1]} {name[3:]}"
    side = -1 if name.endswith("basket") else 1
    if side < 0:
        axes.text(x, y - 0.5, words, ha="center", va="top", fontsize="x-small", color=ink(color))
    else:
        axes.text(x + 0.55, y, words, ha="left", va="center", fontsize="x-small", color=ink(color))


def _draw_inputs(axes: Axes) -> None:
    cells = [_SOMAS["L2_pyramidal"], _SOMAS["L5_pyramidal"]]
    distal: dict[str, Any] = {
        "color": location_color("distal"),
        "linewidth": 2.2,
        "solid_capstyle": "butt",
        "zorder": 1,
    }
    axes.plot([cells[0][0], _SIDE, _SIDE], [_ABOVE, _ABOVE, 10.9], **distal)
    for x, _ in cells:
        axes.annotate("", (x, _TUFT + 0.2), (x, _ABOVE), arrowprops={**_ARROW, "color": distal["color"]}, zorder=4)
    proximal = {**distal, "color": location_color("proximal")}
    axes.plot([cells[0][0], _SIDE, _SIDE], [_ENTRY, _ENTRY, -0.9], **proximal)
    for (x, y), end in zip(cells, (-0.75, 1.25), strict=True):
        axes.annotate("", (x, y + end), (x, _ENTRY), arrowprops={**_ARROW, "color": proximal["color"]}, zorder=4)
    words = {
        "distal": (10.9, "top", "distal drive (evdist1, evdist2, ...): from higher\nareas, to the tufts in layer 1"),
        "proximal": (
            -0.9,
            "bottom",
            "proximal drive (evprox1, evprox2, ...): from\nthe thalamus by layer 4, near the somata",
        ),
    }
    for name, (y, side, text) in words.items():
        axes.text(_SIDE + 0.2, y, text, ha="left", va=side, fontsize="small", color=ink(location_color(name)))
