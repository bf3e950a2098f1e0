"""Pictures of one hemisphere, taken of :class:`mne.viz.Brain` without a display."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgba
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .._types import FloatArray
from ..errors import ParameterError
from .colors import LABEL

__all__ = [
    "CORTEX",
    "LABEL_VIEW",
    "Activation",
    "Picture",
    "Shown",
    "close_brain",
    "color_map",
    "draw_picture",
    "headless_brain",
    "likely_colors",
    "on_cortex",
    "take_pictures",
]


LABEL_VIEW = "label"
# with this share of the largest value and less, the cortex shows through; above the other one it does not
THRESHOLDS = (0.15, 0.4)
# a probability below this share of the largest lets the cortex through
LIKELY = 0.15
# the view onto a label shows at least this share of the hemisphere, so that one sees where it is
NEAREST = 0.4
# gyri and sulci in light greys, which leave the dark ends of the colour map to the estimate
CORTEX = ("#E4E4E4", "#BEBEBE")


_NEEDED = ("ipyevents", "ipywidgets", "pyvistaqt", "trame", "trame_vtk", "trame_vuetify")
"""What MNE's notebook backend, which draws without a display, imports: the extra ``report``."""


@contextlib.contextmanager
def headless_brain() -> Iterator[None]:
    """Draw 3D pictures off screen inside this context, and leave MNE's and PyVista's settings as they were.

    Raises
    ------
    ParameterError
        A package that off-screen pictures need is missing.
    """
    try:
        import pyvista
        from mne.viz.backends import renderer
        from vtkmodules.vtkCommonCore import vtkLogger
    except ImportError as error:
        raise _missing(error) from error
    # set_3d_backend cannot go back to "none chosen yet", and asking which one is in use would choose one
    before = renderer.MNE_3D_BACKEND, renderer.backend, pyvista.OFF_SCREEN
    loudness = vtkLogger.GetCurrentVerbosityCutoff()
    try:
        mne.viz.set_3d_backend("notebook", verbose="error")
    except ImportError as error:
        renderer.MNE_3D_BACKEND, renderer.backend = before[:2]
        raise _missing(error) from error
    try:
        pyvista.OFF_SCREEN = True
        # VTK says that there is no X server before it draws without one
        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)
        yield
    finally:
        renderer.MNE_3D_BACKEND, renderer.backend, pyvista.OFF_SCREEN = before
        vtkLogger.SetStderrVerbosity(loudness)


def check_headless() -> None:
    """Refuse early, before the work, if a package that pictures of the cortex need is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ParameterError(
            f"Pictures of the cortex need packages that are not installed ({', '.join(missing)}): "
            "pip install 'mne-hnn[report]', or go without with draw_cortex = False."
        )


def _missing(error: ImportError) -> ParameterError:
    what = getattr(error, "name", None) or str(error).strip().split("\n")[0] or type(error).__name__
    return ParameterError(
        f"Pictures of the cortex need packages that are not installed ({what}): pip install 'mne-hnn[report]'."
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Activation:
    """Values of one hemisphere at one time; the limit holds for both signs, or from 0 where there is none."""

    vertices: NDArray[np.int64]
    values: FloatArray
    time: float
    limit: float
    signed: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """What a camera saw, and what lies where: letters at the left, right, upper and lower edge."""

    view: str
    image: NDArray[np.uint8]
    edges: tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """What is drawn on a hemisphere: an estimate, the border of a label and of a region, a place; None draws none."""

    side: str
    activation: Activation | None = None
    label: mne.Label | None = None
    place: int | None = None
    region: NDArray[np.int64] | None = None


def close_brain(brain: Any) -> None:
    """Close a picture and let its memory go: without a window, MNE's list of subscribers would keep it for ever."""
    mne.viz.ui_events.unsubscribe(brain, "all")
    brain.close()


def color_map() -> LinearSegmentedColormap:
    """Return the colour map of a signed estimate: red outward, blue inward, transparent around zero."""
    levels = np.linspace(-1.0, 1.0, 256)
    colors = plt.get_cmap("RdBu_r")(0.5 + levels / 2.0)
    colors[:, 3] = np.clip((np.abs(levels) - THRESHOLDS[0]) / (THRESHOLDS[1] - THRESHOLDS[0]), 0.0, 1.0)
    return LinearSegmentedColormap.from_list("outward", colors, N=256)


def likely_colors() -> LinearSegmentedColormap:
    """Return the colour map of a probability: transparent at 0."""
    levels = np.linspace(0.0, 1.0, 256)
    colors = plt.get_cmap("YlOrRd")(0.15 + 0.85 * levels)
    colors[:, 3] = np.clip(levels / LIKELY, 0.0, 1.0)
    return LinearSegmentedColormap.from_list("likely", colors, N=256)


def on_cortex(colors: LinearSegmentedColormap) -> ListedColormap:
    """Return a colour map as it looks on the cortex, for a colour bar: what is transparent shows the cortex."""
    shown = colors(np.linspace(0.0, 1.0, 256))
    alpha = shown[:, 3:]
    shown = alpha * shown + (1.0 - alpha) * np.array(to_rgba(CORTEX[0]))
    shown[:, 3] = 1.0
    return ListedColormap(shown)


def take_pictures(
    brain: Any,
    shown: Shown,
    views: Sequence[str],
    center: NDArray[np.int64] | None,
    *,
    folded: bool,
    nearest: float = NEAREST,
) -> list[Picture]:
    """Return a picture of the hemisphere per view, with the estimate, the label and the place that are given."""
    points, normals = brain.geo[shown.side].coords, brain.geo[shown.side].nn
    if shown.activation is not None:
        _add_activation(brain, shown.side, shown.activation)
    if shown.label is not None:
        _add_border(brain, shown.side, shown.label.vertices, LABEL["border"])
    if shown.region is not None:
        _add_border(brain, shown.side, shown.region, LABEL["region"])
    if shown.place is not None:
        radius = 0.009 * float(np.ptp(points, axis=0).max())
        center_of_mark = points[shown.place] + 0.3 * radius * normals[shown.place]
        brain.plotter.add_mesh(_sphere(center_of_mark, radius), color=LABEL["place"], render=False)
    pictures = []
    for view in views:
        edges = _aim(brain, shown.side, view, center, folded=folded, nearest=nearest)
        pictures.append(Picture(view=view, image=_without_margins(brain.screenshot()), edges=edges))
    return pictures


def draw_picture(axes: Axes, picture: Picture, title: str) -> None:
    """Show a picture with the letters of its edges."""
    axes.imshow(picture.image, interpolation="antialiased")
    axes.set_axis_off()
    axes.set_title(title, fontsize="medium")
    places = [(0.0, 0.5, "left", "center"), (1.0, 0.5, "right", "center"), (0.5, 1.0, "center", "top")]
    for letter, (x, y, ha, va) in zip(picture.edges, [*places, (0.5, 0.0, "center", "bottom")], strict=True):
        axes.text(
            x,
            y,
            letter,
            transform=axes.transAxes,
            ha=ha,
            va=va,
            fontsize="small",
            color="0.2",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _without_margins(image: Any) -> NDArray[np.uint8]:
    """Cut white rows and columns off, down to room for a letter at each edge."""
    pixels = np.asarray(image, dtype=np.uint8)
    inked = np.any(pixels < 255, axis=2)
    room = round(0.06 * max(pixels.shape[:2]))
    cut = []
    for axis in (1, 0):
        used = np.flatnonzero(np.any(inked, axis=axis))
        cut.append(slice(max(used[0] - room, 0), used[-1] + 1 + room) if len(used) else slice(None))
    return pixels[cut[0], cut[1]]


def _add_activation(brain: Any, side: str, activation: Activation) -> None:
    points, faces = brain.geo[side].coords, brain.geo[side].orig_faces
    steps = None
    if 1 < len(activation.vertices) < len(points):
        edge = np.linalg.norm(points[faces[:, 0]] - points[faces[:, 1]], axis=1).mean()
        own = points[activation.vertices]
        spacing = np.median(KDTree(own).query(own, k=2)[0][:, 1])
        steps = int(np.ceil(spacing / edge)) + 1  # as far as the next sources, and no farther
    brain.add_data(
        activation.values,
        vertices=activation.vertices,
        hemi=side,
        center=0.0 if activation.signed else None,
        fmin=0.0,
        fmid=activation.limit / 2,
        fmax=activation.limit,
        colormap=color_map() if activation.signed else likely_colors(),
        transparent=False,
        smoothing_steps=steps,
        colorbar=False,
        time_label=None,
        verbose="error",
    )


def _add_border(brain: Any, side: str, vertices: NDArray[np.int64], color: str) -> None:
    """Draw the line halfway between vertices and all others, a little above the surface."""
    import pyvista

    points, normals, faces = brain.geo[side].coords, brain.geo[side].nn, brain.geo[side].faces
    member = np.zeros(len(points))
    member[vertices] = 1.0
    mesh = pyvista.PolyData(points + 0.4 * normals, np.column_stack([np.full(len(faces), 3), faces]).ravel())
    border = mesh.contour([0.5], scalars=member)
    if border.n_points:
        brain.plotter.add_mesh(border, color=color, line_width=4, lighting=False, render=False)


def _sphere(center: FloatArray, radius: float) -> Any:
    import pyvista

    return pyvista.Sphere(radius=radius, center=center)


def _aim(
    brain: Any, side: str, view: str, center: NDArray[np.int64] | None, *, folded: bool, nearest: float
) -> tuple[str, str, str, str]:
    """Point the camera, in parallel projection so that nothing is cut off, and return the letters of the edges."""
    points, normals = brain.geo[side].coords, brain.geo[side].nn
    camera = brain.plotter.camera
    focus, zoomed = None, None
    if view == LABEL_VIEW and center is not None:
        focus = points[center].mean(axis=0)
        # normals of a folded surface point at the other bank of the sulcus: there, look from outside the brain
        outward = focus - points.mean(axis=0) if folded else normals[center].mean(axis=0)
        outward /= np.linalg.norm(outward) or 1.0
        up = np.array([0.0, 0.0, 1.0]) if abs(outward[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
        zoomed = 1.8 * float(np.linalg.norm(points[center] - focus, axis=1).max())
    else:
        brain.show_view(view, hemi=side, update=False)
        outward = np.array(camera.position) - np.array(camera.focal_point)
        outward, up = outward / np.linalg.norm(outward), np.array(camera.up)
    right = np.cross(up, outward)
    right /= np.linalg.norm(right)
    up = np.cross(outward, right)
    seen = np.column_stack([points @ right, points @ up])
    middle, extent = (seen.max(axis=0) + seen.min(axis=0)) / 2, np.ptp(seen, axis=0).max() / 2
    if focus is None:
        focus = middle[0] * right + middle[1] * up
    camera.parallel_projection = True
    camera.focal_point = focus
    camera.position = focus + 4.0 * extent * outward
    camera.up = up
    camera.parallel_scale = 1.04 * extent if zoomed is None else float(np.clip(zoomed, nearest * extent, extent))
    brain.plotter.renderer.ResetCameraClippingRange()
    return _letter(-right), _letter(right), _letter(up), _letter(-up)


def _letter(direction: FloatArray) -> str:
    """Return the anatomical direction (right, anterior, superior and so on) that a direction of RAS comes nearest."""
    axis = int(np.abs(direction).argmax())
    if abs(direction[axis]) < 0.7:
        return ""
    return ("RAS" if direction[axis] > 0 else "LPI")[axis]
