"""The shape of a cell: sections to scale, with names, sizes and what can target them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon
from numpy.typing import NDArray

from .._types import FloatArray
from ..errors import ParameterError
from ._scene import UM, round_length
from .colors import location_color

if TYPE_CHECKING:
    from ..network import CellTemplate

NO_LOCATION = "#B0B0B0"
HEIGHT_IN = 7.0
LABEL_IN = 1.75
LINE_IN = 0.36
BAR_IN = 0.6


def plot_morphology(
    template: CellTemplate | Mapping[str, CellTemplate], *, axes: Axes | None = None, show: bool = True
) -> Figure:
    """Plot the sections of a cell to scale, with their names, lengths, diameters, locations and receptors.

    Sections are drawn between their end points, in the plane of depth and the wider of the other two directions;
    colours are those of the locations that connections and drives can target.

    Parameters
    ----------
    template : CellTemplate | mapping of str to CellTemplate
        One cell type, or several by name: all are drawn side by side at the same scale.
    axes : matplotlib.axes.Axes | None
        Where to draw a single template; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        Something else than templates, or `axes` for several of them.

    Examples
    --------
    >>> figure = plot_morphology(network.cell_types["L5_pyramidal"])
    """
    templates = _check(template)
    shapes = [_project(cell) for cell in templates.values()]
    extents = [_extent(cell, shape) for cell, shape in zip(templates.values(), shapes, strict=True)]
    low, high = min(extent[2] for extent in extents), max(extent[3] for extent in extents)
    if axes is None:
        fig, panels = _panels(list(templates.values()), shapes, high - low)
    elif len(templates) == 1:
        panels = [axes]
        root = axes.get_figure(root=True)
        assert isinstance(root, Figure)
        fig = root
    else:
        raise ParameterError(f"axes hold one template, got {len(templates)}: leave axes out.")
    margin = 0.03 * (high - low)
    for panel, (name, cell), shape in zip(panels, templates.items(), shapes, strict=True):
        _draw(panel, name, cell, shape, (low - margin, high + margin), first=panel is panels[0])
    if axes is None:
        _draw_keys(fig, templates.values())
    if show:
        plt.show()
    return fig


def _check(template: Any) -> dict[str, CellTemplate]:
    from ..network import CellTemplate

    templates = dict(template) if isinstance(template, Mapping) else {getattr(template, "name", "?"): template}
    for given in templates.values():
        if not isinstance(given, CellTemplate):
            raise ParameterError(
                f"plot_morphology needs a CellTemplate or a mapping of them, got {type(given).__name__}: "
                "see Network.cell_types."
            )
    if not templates:
        raise ParameterError("plot_morphology needs at least one CellTemplate, got an empty mapping.")
    return templates


def _project(template: CellTemplate) -> FloatArray:
    """Return end points in the plane of the drawing, shape (n_sections, 2, 2), um."""
    ends = np.array([section.end_points_um for section in template.sections.values()], dtype=float)
    across = int(np.ptp(ends[..., 1]) > np.ptp(ends[..., 0]))
    return np.asarray(ends[..., [across, 2]])


def _extent(template: CellTemplate, shape: FloatArray) -> tuple[float, float, float, float]:
    """Return what a cell covers: left, right, bottom and top, um."""
    diameters = [section.diam_um for section in template.sections.values()]
    corners = np.array([_outline(ends, size, (0.0, 1.0)) for ends, size in zip(shape, diameters, strict=True)])
    (left, bottom), (right, top) = corners.min(axis=(0, 1)).tolist(), corners.max(axis=(0, 1)).tolist()
    return left, right, bottom, top


def _sides(template: CellTemplate, shape: FloatArray) -> NDArray[np.bool_]:
    """Return which sections are named on the left: those left of the soma."""
    middles = shape[..., 0].mean(axis=1)
    return np.asarray(middles < middles[list(template.sections).index(template.root)] - 1e-6)


def _room_in(template: CellTemplate, shape: FloatArray, *, first: bool) -> tuple[float, float]:
    """Return the width of what stands left and right of a cell, inches."""
    left = LABEL_IN - 0.3 if _sides(template, shape).any() else 0.4
    return left + (BAR_IN if first else 0.0), LABEL_IN - 0.3


def _panels(templates: Sequence[CellTemplate], shapes: Sequence[FloatArray], span: float) -> tuple[Figure, list[Axes]]:
    """Make a figure in which all templates have one scale, with room for their labels."""
    per_inch = 1.06 * max(span, 1.0) / (HEIGHT_IN - 1.3)
    widths = [
        float(np.ptp(_extent(template, shape)[:2])) / per_inch + sum(_room_in(template, shape, first=k == 0))
        for k, (template, shape) in enumerate(zip(templates, shapes, strict=True))
    ]
    total = sum(widths) + 0.9
    fig = plt.figure(figsize=(total, HEIGHT_IN))
    panels: list[Axes] = []
    left = 0.8
    for width in widths:
        place = (left / total, 0.85 / HEIGHT_IN, width / total, 1 - 1.45 / HEIGHT_IN)
        panels.append(fig.add_axes(place, sharey=panels[0] if panels else None))
        left += width
    return fig, panels


def _outline(ends: FloatArray, diameter: float, share: tuple[float, float]) -> FloatArray:
    """Return the corners of a strip of a section: all of its width for (0, 1)."""
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    # a section that points at the reader has no length in the drawing: a square says so
    unit = along / length if length > 0 else np.array([0.0, 1.0])
    normal = np.array([unit[1], -unit[0]])
    start, stop = (ends[0], ends[1]) if length > 0 else (ends[0] - unit * diameter / 2, ends[0] + unit * diameter / 2)
    sides = [(part - 0.5) * diameter * normal for part in share]
    return np.array([start + sides[0], stop + sides[0], stop + sides[1], start + sides[1]])


def _locations(template: CellTemplate, section: str) -> list[str]:
    return [name for name, members in template.locations.items() if section in members]


def _draw(
    axes: Axes, name: str, template: CellTemplate, shape: FloatArray, limits: tuple[float, float], *, first: bool
) -> None:
    for (section, values), ends in zip(template.sections.items(), shape, strict=True):
        colors = [location_color(place) for place in _locations(template, section)] or [NO_LOCATION]
        for row, color in enumerate(colors):
            strip = (row / len(colors), (row + 1) / len(colors))
            outline = _outline(ends, values.diam_um, strip)
            axes.add_patch(Polygon(outline, facecolor=color, edgecolor=color, linewidth=0.8, gid=section))
    per_inch = (limits[1] - limits[0]) / _height_in(axes)
    left, right = _room_in(template, shape, first=first)
    axes.set_ylim(limits)
    edges = _extent(template, shape)
    axes.set_xlim(edges[0] - left * per_inch, edges[1] + right * per_inch)
    axes.set_aspect("equal", adjustable="box")
    _draw_labels(axes, template, shape, per_inch)
    axes.set_title(name.replace("_", " "), fontsize="medium")
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.text(
        0.5,
        -0.01,
        _receptors(template),
        transform=axes.transAxes,
        ha="center",
        va="top",
        fontsize="x-small",
        color="0.3",
    )
    if first:
        axes.set_ylabel(f"z from the soma ({UM})")
        _draw_bar(axes, per_inch, limits)
    else:
        axes.spines["left"].set_visible(False)
        axes.tick_params(left=False, labelleft=False)


def _height_in(axes: Axes) -> float:
    fig = axes.get_figure(root=True)
    assert isinstance(fig, Figure)
    return float(axes.get_position().height * fig.get_figheight())


def _draw_labels(axes: Axes, template: CellTemplate, shape: FloatArray, per_inch: float) -> None:
    """Name the sections in a column on either side, each beside its section as far as there is room."""
    middles = shape.mean(axis=1)
    on_left = _sides(template, shape)
    step = LINE_IN * per_inch
    left, right, _, _ = _extent(template, shape)
    edges = left - 0.15 * per_inch, right + 0.15 * per_inch
    names = list(template.sections)
    for side, edge in ((-1, edges[0]), (1, edges[1])):
        own = [k for k in range(len(names)) if on_left[k] == (side < 0)]
        own.sort(key=lambda k: middles[k, 1])
        for k, height in zip(own, _space_out(middles[own, 1], step), strict=True):
            section = template.sections[names[k]]
            axes.annotate(
                f"{names[k].replace('_', ' ')}\n{section.L_um:g} \N{MULTIPLICATION SIGN} {section.diam_um:g} {UM}",
                middles[k],
                (edge, height),
                ha="left" if side > 0 else "right",
                va="center",
                fontsize="x-small",
                arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 1, "shrinkB": 1},
            )


def _space_out(heights: FloatArray, step: float) -> FloatArray:
    """Move rising heights apart to at least a step, as little as possible in the sum of squares."""
    offsets = np.asarray(heights, dtype=float) - step * np.arange(len(heights))
    if not len(offsets):
        return np.zeros(0)
    blocks: list[tuple[float, int]] = []
    for value in offsets:  # isotonic regression: pool what would fall
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (mean * size + before * count) / (size + count), size + count
        blocks.append((mean, size))
    means, sizes = zip(*blocks, strict=True)
    return np.asarray(np.repeat(means, sizes) + step * np.arange(len(heights)), dtype=float)


def _receptors(template: CellTemplate) -> str:
    """Say which receptors are where, sections with the same ones together."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, section in template.sections.items():
        groups.setdefault(tuple(section.receptors), []).append(name)
    ordered = sorted(groups.items(), key=lambda item: len(item[1]))
    lines = []
    for rank, (receptors, names) in enumerate(ordered):
        last = rank == len(ordered) - 1
        place = "all sections" if len(groups) == 1 else "all others" if last else ", ".join(names)
        if len(template.sections) == 1:
            place = names[0]
        lines.append(f"{place.replace('_', ' ')}: {', '.join(receptors) or 'no receptors'}")
    return "Receptors\n" + "\n".join(lines)


def _draw_bar(axes: Axes, per_inch: float, limits: tuple[float, float]) -> None:
    length = round_length(limits[1] - limits[0])
    left = axes.get_xlim()[0] + 0.2 * per_inch
    axes.plot([left, left], [limits[0], limits[0] + length], color="black", linewidth=2.5, solid_capstyle="butt")
    axes.text(left + 0.06 * per_inch, limits[0] + length / 2, f"{length:g} {UM}", fontsize="x-small", va="center")


def _draw_keys(fig: Figure, templates: Collection[CellTemplate]) -> None:
    places = list(
        dict.fromkeys(name for template in templates for name, members in template.locations.items() if members)
    )
    handles = [Patch(color=location_color(name), label=name) for name in places]
    if any(not _locations(template, section) for template in templates for section in template.sections):
        handles.append(Patch(color=NO_LOCATION, label="no location"))
    fig.legend(handles=handles, loc="upper center", ncols=len(handles), frameon=False, fontsize="small")
