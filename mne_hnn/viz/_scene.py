"""The cells of a network as tubes in a 3D scene, drawn with or without a display."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_int
from .._types import FloatArray
from ..errors import ParameterError

if TYPE_CHECKING:
    from ..network import Network

__all__ = [
    "UM",
    "Cylinders",
    "add_key",
    "add_scale_bar",
    "aim",
    "check_network",
    "check_window",
    "electrode_positions",
    "font_size",
    "network_cylinders",
    "quiet_vtk",
    "readable_distance",
    "round_box",
    "round_length",
    "spread",
    "tube_mesh",
]

UM = "\N{MICRO SIGN}m"
NARROW = 100.0  # um; cells of a column narrower than that cover each other
WIDE = 1000.0  # um; about half the height of a column
TICKS = 9  # intervals between numbers that fit along the longest axis
NO_TICKS = 0.1  # share of the longest axis on which not even two numbers fit
APART = (50.0, 300.0)  # um; neighbours drawn farther apart leave gaps


@dataclass(frozen=True, kw_only=True, eq=False)
class Cylinders:
    """The sections of all cells, in the order of cell numbers.

    Attributes
    ----------
    ends : array, shape (n, 2, 3)
        Both end points of each section, um.
    diameters : array, shape (n,)
        Diameters, um.
    gids : array, shape (n,)
        The cell each belongs to.
    cell_types, sections : tuple of str
        Names, one per cylinder.
    """

    ends: FloatArray
    diameters: FloatArray
    gids: NDArray[np.int64]
    cell_types: tuple[str, ...]
    sections: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.diameters)


def check_network(network: Any, what: str) -> Network:
    """Refuse anything but a network."""
    from ..network import Network

    if not isinstance(network, Network):
        raise ParameterError(f"{what} needs a Network, got {type(network).__name__}: see mne_hnn.network.jones_2009.")
    return network


def check_window(window_size: Any) -> tuple[int, int]:
    """Return width and height of a picture in pixels after checking them."""
    if isinstance(window_size, str) or not hasattr(window_size, "__len__") or len(window_size) != 2:
        raise ParameterError(f"window_size must be two integers (width, height) in pixels, got {window_size!r}.")
    width, height = (check_int(size, "window_size", minimum=64, maximum=8192) for size in window_size)
    return width, height


def spread(network: Network, inplane_distance_um: float | None) -> Network:
    """Return the network with its cells drawn at another distance; morphologies stay as they are."""
    return network if inplane_distance_um is None else network.with_positions(inplane_distance_um=inplane_distance_um)


def readable_distance(network: Network) -> float:
    """Return the in-plane distance, um, to draw cells at so that they can be told apart: their own, if it is enough."""
    places = np.concatenate([population.positions[:, :2] for population in network.populations.values()])
    extent = float(np.ptp(places, axis=0).max())
    own = float(network.inplane_distance_um)
    if not 0.0 < extent < NARROW:
        return own
    steps = extent / own
    return own * max(1.0, float(np.clip(10 * round(WIDE / steps / 10), *APART)) / own)


def electrode_positions(network: Network, drawn: Network) -> dict[str, FloatArray]:
    """Return the contacts of each electrode array, um, moved along with cells that are drawn apart."""
    factor = drawn.inplane_distance_um / network.inplane_distance_um
    arrays: Mapping[str, Any] = getattr(network, "electrodes", {})
    scale = np.array([factor, factor, 1.0])
    return {name: scale * np.asarray(array.positions_um, dtype=float) for name, array in arrays.items()}


def network_cylinders(network: Network, gids: Iterable[int] | None = None) -> Cylinders:
    """Return the sections of all cells, or of some, where they lie in the column."""
    wanted = None if gids is None else frozenset(gids)
    ends: list[FloatArray] = []
    diameters, cells, types, names = [], [], [], []
    for cell_type, population in network.populations.items():
        sections = population.template.sections
        own = np.array([section.end_points_um for section in sections.values()], dtype=float)
        for gid, position in zip(network.gid_ranges[cell_type], population.positions, strict=True):
            if wanted is not None and gid not in wanted:
                continue
            ends.append(own + position)
            diameters += [section.diam_um for section in sections.values()]
            cells += [gid] * len(sections)
            types += [cell_type] * len(sections)
            names += list(sections)
    if not ends:
        raise ParameterError("There is no cell to draw: name at least one of the network.")
    return Cylinders(
        ends=np.concatenate(ends),
        diameters=np.array(diameters),
        gids=np.array(cells, dtype=np.int64),
        cell_types=tuple(types),
        sections=tuple(names),
    )


def tube_mesh(cylinders: Cylinders, thickness: float = 1.0) -> tuple[Any, NDArray[np.int64]]:
    """Return one surface of all cylinders, and the cylinder that each of its points belongs to."""
    import pyvista

    n = len(cylinders)
    lines = np.column_stack([np.full(n, 2), np.arange(2 * n).reshape(n, 2)]).ravel()
    skeleton = pyvista.PolyData(cylinders.ends.reshape(-1, 3), lines=lines)
    skeleton["radius"] = np.repeat(thickness * cylinders.diameters / 2, 2)
    skeleton["cylinder"] = np.repeat(np.arange(n), 2)
    mesh = skeleton.tube(scalars="radius", absolute=True, n_sides=12, capping=True)
    owner = np.rint(np.asarray(mesh["cylinder"])).astype(np.int64)
    mesh.clear_point_data()
    return mesh, owner


@contextlib.contextmanager
def quiet_vtk() -> Iterator[None]:
    """Keep VTK from saying that there is no X server before it draws without one."""
    from vtkmodules.vtkCommonCore import vtkLogger

    loudness = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)
    try:
        yield
    finally:
        vtkLogger.SetStderrVerbosity(loudness)


def aim(
    plotter: Any, points: FloatArray, azimuth: float, elevation: float, *, floor: float = 0.0, ceiling: float = 0.0
) -> None:
    """Look at points from a direction, in parallel projection so that lengths compare; all azimuths show them whole.

    Azimuth and elevation are in degrees, as in matplotlib: from the x axis, and above the plane. A share of the height
    can be kept free at the bottom and at the top.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2
    turn, tilt = np.deg2rad(azimuth), np.deg2rad(np.clip(elevation, -89.9, 89.9))
    direction = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
    radius = float(np.hypot(*(points - centre)[:, :2].T).max())  # of the cylinder that holds them, however it turns
    half = (high[2] - low[2]) / 2 * np.cos(tilt) + radius * abs(np.sin(tilt))
    width, height = plotter.window_size
    scale = 1.12 * max(half / (1 - floor - ceiling), radius * height / width)
    up = np.array([-np.sin(tilt) * np.cos(turn), -np.sin(tilt) * np.sin(turn), np.cos(tilt)])
    focus = centre - (floor - ceiling) * scale * up
    camera = plotter.camera
    camera.parallel_projection = True
    camera.focal_point = focus
    camera.position = focus + 4.0 * float(np.hypot(radius, (high[2] - low[2]) / 2)) * direction
    camera.up = (0.0, 0.0, 1.0)
    camera.parallel_scale = scale
    plotter.renderer.ResetCameraClippingRange()


def font_size(plotter: Any, size: int) -> int:
    """Return the size of letters that keep their share of the picture; `size` is that in one of 600 pixels."""
    width, height = plotter.window_size
    return max(round(size * min(int(width), int(height)) / 600), 4)


def round_length(extent: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is at most a quarter of an extent."""
    power = 10.0 ** np.floor(np.log10(extent / 4))
    return float(max(step * power for step in (1, 2, 5) if step * power <= extent / 4))


def add_scale_bar(plotter: Any, points: FloatArray, color: str, azimuth: float) -> float:
    """Draw a vertical bar of a round length, um, to the right of the points, and return the length."""
    import pyvista

    low, high = points.min(axis=0), points.max(axis=0)
    length = round_length(float(high[2] - low[2]))
    centre = (low + high) / 2
    turn = np.deg2rad(azimuth)
    right = np.array([-np.sin(turn), np.cos(turn), 0.0])
    foot = centre + (1.05 * float(((points - centre) @ right).max()) + 0.02 * (high[2] - low[2])) * right
    foot[2] = low[2]
    top = foot + np.array([0.0, 0.0, length])
    plotter.add_mesh(
        pyvista.Line(foot, top),
        color=color,
        line_width=4,
        lighting=False,
        name="scale bar",
        reset_camera=False,
        render=False,
    )
    label = f" {length:g} {UM}"
    plotter.add_point_labels(
        np.array([(foot + top) / 2]),
        [label],
        text_color=color,
        font_size=font_size(plotter, 16),
        bold=False,
        shape=None,
        show_points=False,
        always_visible=True,
        name="scale bar length",
        reset_camera=False,
        render=False,
    )
    return length


def add_key(plotter: Any, entries: list[tuple[str, str]]) -> None:
    """Write names in their colours into the upper right corner."""
    size = font_size(plotter, 9)
    left = min([0.74, *(1 - 0.016 * len(name) for name, _ in entries)])  # so that the longest one fits
    for row, (name, color) in enumerate(entries):
        place = (max(left, 0.4), 0.965 - 0.028 * row)
        plotter.add_text(
            name, position=place, viewport=True, font_size=size, color=color, name=f"key {row}", render=False
        )


def round_box(points: FloatArray) -> tuple[list[float], list[int]]:
    """Return the bounds of a box with round edges around points, um, and the number of ticks along x, y, z.

    Short axes have few ticks, whose numbers fit, or none.
    """
    lows, highs = points.min(axis=0), points.max(axis=0)
    steps = [round_length(max(high - low, 1.0)) for low, high in zip(lows, highs, strict=True)]
    edges = [
        np.array([np.floor(low / step), np.ceil(high / step)]) * step
        for low, high, step in zip(lows, highs, steps, strict=True)
    ]
    longest = max(float(np.ptp(pair)) for pair in edges)
    ticks = [
        _fitting(round(float(np.ptp(pair)) / step), float(np.ptp(pair)) / longest)
        for pair, step in zip(edges, steps, strict=True)
    ]
    return [float(edge) for pair in edges for edge in pair], ticks


def _fitting(intervals: int, share: float) -> int:
    """Return how many ticks fit on an axis of a share of the longest one, the intervals between them being whole."""
    if share < NO_TICKS:
        return 0
    most = max(1, int(TICKS * share))
    return 1 + max(parts for parts in range(1, intervals + 1) if intervals % parts == 0 and parts <= most)
