"""The column in 3D: its cells and electrodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._checks import check_finite, check_name, check_positive
from .._types import FloatArray
from ..errors import ParameterError
from ._scene import (
    UM,
    Cylinders,
    add_key,
    add_scale_bar,
    aim,
    check_network,
    check_window,
    electrode_positions,
    font_size,
    network_cylinders,
    quiet_vtk,
    round_box,
    spread,
    tube_mesh,
)
from .colors import cell_type_colors, ink

if TYPE_CHECKING:
    from ..network import Network

RENDERERS = ("matplotlib", "pyvista")
MARKERS: Mapping[str, str] = {"pyramidal": "^", "basket": "o"}
OTHER_MARKERS = ("s", "v", "P", "X", "h", "*")
ROW_INCHES = 0.21  # of the legend
ELECTRODE_COLORS = ("#000000", "#882255", "#117733", "#332288")


def plot_cells(
    network: Network,
    *,
    renderer: str = "matplotlib",
    electrodes: bool = True,
    morphologies: bool | None = None,
    inplane_distance_um: float | None = None,
    azimuth: float = -60.0,
    elevation: float = 15.0,
    thickness: float = 1.0,
    window_size: tuple[int, int] = (700, 900),
    screenshot: str | Path | None = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Any:
    """Plot where the cells of a network and the contacts of its electrodes are.

    In the ready models cells sit 1 um apart, so that their dendrites cover each other: give `inplane_distance_um` to
    see them apart.

    Parameters
    ----------
    network : Network
        The network.
    renderer : 'matplotlib' | 'pyvista'
        A figure with a marker per soma, or a scene with tubes of the true lengths and diameters.
    electrodes : bool
        Draw the contacts of the network's electrode arrays.
    morphologies : bool | None
        Draw all sections; None: only with pyvista. In matplotlib they are lines, and x, y and z get the same scale.
    inplane_distance_um : float | None
        Distance to draw neighbours of the grid at, um; None for that of the network. Electrodes move along. The figure
        states it.
    azimuth, elevation : float
        Where to look from, degrees: from the x axis, and above the plane.
    thickness : float
        Factor on the drawn diameters (pyvista).
    window_size : tuple of int
        Width and height of the scene in pixels (pyvista).
    screenshot : path-like | None
        Image file to write the scene to (pyvista).
    axes : mpl_toolkits.mplot3d.Axes3D | None
        Where to draw (matplotlib); None makes a figure.
    show : bool
        Show the figure or, where there is a display, the scene.

    Returns
    -------
    fig : matplotlib.figure.Figure | pyvista.Plotter
        The figure; or the scene, off screen if it was not shown: ``plotter.screenshot(return_img=True)`` is its
        picture, ``plotter.close()`` frees it.

    Raises
    ------
    ParameterError
        Something else than a network, unknown renderer, or an argument that the other renderer takes.

    Examples
    --------
    >>> figure = plot_cells(network)
    >>> scene = plot_cells(network, renderer="pyvista", inplane_distance_um=300.0)  # doctest: +SKIP
    """
    check_network(network, "plot_cells")
    check_name(renderer, RENDERERS, "renderer")
    azimuth, elevation = check_finite(azimuth, "azimuth"), check_finite(elevation, "elevation")
    drawn = spread(network, inplane_distance_um)
    scene = _Scene(
        network=drawn,
        contacts=electrode_positions(network, drawn) if electrodes else {},
        note=distance_note(network, drawn),
        azimuth=azimuth,
        elevation=elevation,
    )
    if renderer == "pyvista":
        if axes is not None:
            raise ParameterError("axes belong to renderer='matplotlib': leave them out, or change the renderer.")
        parts = network_cylinders(drawn) if morphologies in (None, True) else _somas(drawn)
        factor = check_positive(thickness, "thickness")
        return _plot_scene(scene, parts, factor, check_window(window_size), screenshot, show=show)
    if screenshot is not None:
        raise ParameterError("screenshot belongs to renderer='pyvista': use savefig of the returned figure.")
    for name, given, default in (("thickness", thickness, 1.0), ("window_size", tuple(window_size), (700, 900))):
        if given != default:
            raise ParameterError(f"{name} belongs to renderer='pyvista': leave it out, or change the renderer.")
    return _plot_figure(scene, axes, lines=bool(morphologies), show=show)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scene:
    """What is drawn, whatever draws it: cells where they are drawn, contacts (um) by array, a remark, the view."""

    network: Network
    contacts: Mapping[str, FloatArray]
    note: str
    azimuth: float
    elevation: float


def distance_note(network: Network, drawn: Network) -> str:
    """Return a remark if cells are not drawn where they are, else an empty string."""
    shown, true = drawn.inplane_distance_um, network.inplane_distance_um
    return "" if shown == true else f"Cells drawn {shown:g} {UM} apart (in the model {true:g} {UM})"


def _somas(network: Network) -> Cylinders:
    everything = network_cylinders(network)
    roots = {name: template.root for name, template in network.cell_types.items()}
    pairs = zip(everything.cell_types, everything.sections, strict=True)
    keep = np.array([roots[cell_type] == section for cell_type, section in pairs])
    return Cylinders(
        ends=everything.ends[keep],
        diameters=everything.diameters[keep],
        gids=everything.gids[keep],
        cell_types=tuple(np.array(everything.cell_types)[keep].tolist()),
        sections=tuple(np.array(everything.sections)[keep].tolist()),
    )


def _plot_figure(scene: _Scene, axes: Any, *, lines: bool, show: bool) -> Figure:
    network, contacts = scene.network, scene.contacts
    if axes is None:
        axes = _new_axes(len(network.populations) + len(contacts))
    elif not hasattr(axes, "get_zlim"):
        raise ParameterError("axes must be three-dimensional: make them with add_subplot(projection='3d').")
    colors = cell_type_colors(network.cell_types)
    if lines:
        _draw_lines(axes, network_cylinders(network), colors)
    markers = _markers(network)
    for name, population in network.populations.items():
        axes.scatter(
            *population.positions.T,
            s=12 if lines else 30,
            marker=markers[population.template.morphology],
            color=colors[name],
            edgecolors="white",
            linewidths=0.3,
            depthshade=False,
            label=f"{name.replace('_', ' ')} ({len(population)})",
        )
    for color, (name, points) in zip(_cycle(len(contacts)), contacts.items(), strict=True):
        axes.plot(*points.T, "-", color=color, linewidth=0.8)
        axes.scatter(
            *points.T, s=16, marker="D", color=color, depthshade=False, label=f"{name}: {len(points)} contacts"
        )
    _dress(axes, scene.note, equal=lines)
    axes.view_init(elev=scene.elevation, azim=scene.azimuth)
    if show:
        plt.show()
    fig = axes.get_figure(root=True)
    assert isinstance(fig, Figure)
    return fig


def _markers(network: Network) -> dict[str, str]:
    """Return a marker per morphology."""
    own = dict.fromkeys(population.template.morphology for population in network.populations.values())
    others = [name for name in own if name not in MARKERS]
    return {name: MARKERS.get(name) or OTHER_MARKERS[others.index(name) % len(OTHER_MARKERS)] for name in own}


def _new_axes(entries: int) -> Any:
    """Return axes in a figure that is high enough for the legend below them, of two columns."""
    more = ROW_INCHES * max(0, (entries + 1) // 2 - 3)
    height = 7.0 + more
    place = (0.02, (1.12 + more) / height, 0.9, 5.46 / height)
    return plt.figure(figsize=(6.5, height)).add_subplot(projection="3d", position=place)


def _cycle(n: int) -> list[str]:
    return [ELECTRODE_COLORS[k % len(ELECTRODE_COLORS)] for k in range(n)]


def _draw_lines(axes: Any, cylinders: Cylinders, colors: Mapping[str, str]) -> None:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    shades = [colors[name] for name in cylinders.cell_types]
    axes.add_collection3d(
        Line3DCollection(list(cylinders.ends), colors=shades, linewidths=0.6, alpha=0.7), autolim=False
    )
    points = cylinders.ends.reshape(-1, 3)
    axes.auto_scale_xyz(*points.T)


def _dress(axes: Any, note: str, *, equal: bool) -> None:
    """Axis labels, legend below, and a word about the scale of the axes."""
    axes.set(xlabel=f"x ({UM})", ylabel=f"y ({UM})")
    axes.set_zlabel(f"z ({UM})", labelpad=8)
    spans = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim()), np.ptp(axes.get_zlim())])
    if equal:
        axes.set_box_aspect(spans, zoom=0.98)
    else:
        axes.set_box_aspect((1.0, 1.0, 1.5), zoom=0.95)
    for axis, span in zip((axes.xaxis, axes.yaxis), spans[:2], strict=True):
        axis.set_major_locator(MaxNLocator(2 if equal and span < spans[2] / 3 else 4))
    axes.tick_params(labelsize="small")
    stretch = spans[2] / 1.5 / spans[0]
    words = [note] if note else []
    if not equal and not 2 / 3 < stretch < 3 / 2:
        words.append(f"not to scale: lengths along x drawn {stretch:.3g} times those along z")
    if words:
        title = "; ".join(words)
        axes.set_title(title[0].upper() + title[1:], fontsize="medium")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.52, -0.09 if equal else -0.04), ncols=2, frameon=False, fontsize="small"
    )


def _plot_scene(
    scene: _Scene,
    cylinders: Cylinders,
    thickness: float,
    window_size: tuple[int, int],
    screenshot: str | Path | None,
    *,
    show: bool,
) -> Any:
    import pyvista

    contacts, azimuth = scene.contacts, scene.azimuth
    names = list(dict.fromkeys(cylinders.cell_types))
    colors = cell_type_colors(names)
    points = np.concatenate([cylinders.ends.reshape(-1, 3), *contacts.values()])
    with quiet_vtk():
        off_screen = not show or not pyvista.system_supports_plotting()
        plotter = pyvista.Plotter(off_screen=off_screen, window_size=list(window_size))
        plotter.set_background("white")
        plotter.enable_anti_aliasing("ssaa")
        mesh, owner = tube_mesh(cylinders, thickness)
        palette = np.array([pyvista.Color(colors[name]).int_rgb for name in names], dtype=np.uint8)
        kinds = np.array([names.index(name) for name in cylinders.cell_types])
        mesh["color"] = palette[kinds[owner]]
        plotter.add_mesh(mesh, scalars="color", rgb=True, smooth_shading=True, ambient=0.4, name="cells")
        key = [(name.replace("_", " "), ink(colors[name])) for name in names]
        for color, (name, places) in zip(_cycle(len(contacts)), contacts.items(), strict=True):
            glyphs = pyvista.PolyData(places).glyph(
                geom=pyvista.Sphere(radius=_contact_radius(points)), scale=False, orient=False
            )
            plotter.add_mesh(glyphs, color=color, name=f"electrodes {name}")
            key.append((f"{name}: {len(places)} contacts", color))
        _dress_scene(plotter, points, key, scene.note, azimuth)
        corners = np.array(list(product(*np.reshape(round_box(points)[0], (3, 2)))))
        aim(plotter, corners, azimuth, scene.elevation, floor=0.04)
        if screenshot is not None:
            plotter.screenshot(str(screenshot))
        if not off_screen:
            plotter.show()
    return plotter


def _contact_radius(points: FloatArray) -> float:
    return 0.006 * float(np.ptp(points[:, 2]))


def _dress_scene(plotter: Any, points: FloatArray, key: list[tuple[str, str]], note: str, azimuth: float) -> None:
    bounds, ticks = round_box(points)
    plotter.show_bounds(  # whose font has no Greek letters
        bounds=bounds,
        color="black",
        location="outer",
        font_size=font_size(plotter, 9),
        fmt="%.0f",
        use_3d_text=False,
        **{f"{axis}title": f"{axis} (um)" if n else "" for axis, n in zip("xyz", ticks, strict=True)},
        **{f"n_{axis}labels": max(n, 2) for axis, n in zip("xyz", ticks, strict=True)},
        **{f"show_{axis}labels": n > 0 for axis, n in zip("xyz", ticks, strict=True)},
    )
    add_scale_bar(plotter, points, "black", azimuth)
    add_key(plotter, key)
    if note:
        plotter.add_text(note, position=(0.02, 0.01), viewport=True, font_size=font_size(plotter, 7), color="black")
