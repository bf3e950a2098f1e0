"""Source estimate and label on the cortical surface, drawn by :class:`mne.viz.Brain` without a display."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mne.utils import logger, verbose
from numpy.typing import ArrayLike, NDArray

from .._checks import check_finite, check_name, check_positive
from .._types import FloatArray
from .._units import MS
from .._value import Value, given_or_default
from ..errors import ParameterError
from .brain import (
    CORTEX,
    LABEL_VIEW,
    Activation,
    Picture,
    Shown,
    close_brain,
    color_map,
    draw_picture,
    headless_brain,
    on_cortex,
    take_pictures,
)
from .colors import LABEL

__all__ = ["CortexView", "existing_surface", "plot_cortex", "read_surface"]


# as mne.viz.Brain looks for them
ENDINGS = ("", ".T1", ".T2")
SURFACES = ("inflated", "pial", "white")
VIEWS = ("lateral", "medial", "rostral", "caudal", "dorsal", "ventral", "frontal", "parietal", LABEL_VIEW)


@dataclass(frozen=True, kw_only=True)
class CortexView(Value):
    """How the cortex is seen; what it is given is checked when it is made.

    Parameters
    ----------
    hemi : str | None
        ``'lh'`` or ``'rh'``; None for that of the label, or the one with the largest value.
    surface : str
        ``'inflated'``, ``'pial'`` or ``'white'``; if there is no such file, the white surface.
    views : sequence of str
        Views of :class:`mne.viz.Brain`, and ``'label'``: from outside onto the label (or onto the place, or the
        largest value), nearer.
    size : int
        Height and width of a view in pixels.

    Raises
    ------
    ParameterError
        An unknown hemisphere, surface or view, or a size that is not positive.

    Examples
    --------
    >>> CortexView(hemi="rh", surface="white", views=["lateral", "label"]).size
    700
    """

    hemi: str | None = None
    surface: str = "inflated"
    views: Sequence[str] = ("lateral", LABEL_VIEW)
    size: int = 700

    def __post_init__(self) -> None:
        if isinstance(self.views, str) or not len(self.views):
            raise ParameterError(f"views must be a list with at least one of {', '.join(VIEWS)}, got {self.views!r}.")
        for view in self.views:
            check_name(view, VIEWS, "view")
        check_name(self.surface, SURFACES, "surface")
        if self.hemi is not None:
            check_name(self.hemi, ("lh", "rh"), "hemisphere")
        object.__setattr__(self, "views", tuple(self.views))
        object.__setattr__(self, "size", int(check_positive(self.size, "size")))


@verbose
def plot_cortex(
    subject: str,
    subjects_dir: str | Path,
    *,
    label: mne.Label | None = None,
    stc: mne.SourceEstimate | None = None,
    patch_pos: ArrayLike | None = None,
    time: float | None = None,
    unit: str | None = "A m",
    view: CortexView | None = None,
    show: bool = True,
    verbose: Any = None,
) -> Figure:
    """Draw the cortex with a source estimate at one time and the border of a label.

    Parameters
    ----------
    subject : str
        Subject of FreeSurfer; its ``surf`` folder must hold the surface, and the white surface for `patch_pos`.
    subjects_dir : path-like
        Folder of subjects.
    label : mne.Label | None
        Its border is drawn.
    stc : mne.SourceEstimate | None
        Normal-oriented (signed) source estimate, positive outward.
    patch_pos : array-like, shape (3,) | None
        A place to mark, in m, MRI (surface RAS) coordinates; the nearest vertex of the white surface is taken.
    time : float | None
        Time of the estimate in s; None for that of the largest value in the label, or in the hemisphere without one.
    unit : str | None
        Unit of the estimate: ``'A m'`` is shown in pAm, another as it is, None as arbitrary units.
    view : CortexView | None
        Which hemisphere and surface are seen, from where, and how large. None shows the inflated surface from the side
        and onto the label, as in ``CortexView()``.
    show : bool
        Show the figure.
    %(verbose)s

    Returns
    -------
    fig : matplotlib.figure.Figure
        One panel per view, and a colour bar that is symmetric around zero.

    Raises
    ------
    ParameterError
        A package or surface is missing, or label, estimate and surface do not fit together.

    Notes
    -----
    Needs no display. No window of MNE is opened, and settings of MNE and PyVista are as they were afterwards.

    Examples
    --------
    >>> figure = plot_cortex(dataset.subject, dataset.subjects_dir, label=label, view=CortexView(size=200))
    """
    folder = Path(subjects_dir) / subject
    seen = given_or_default(view, CortexView, "view")
    side = _hemisphere(seen.hemi, label, stc)
    activation = None if stc is None else _activation(stc, side, label, time)
    place = None if patch_pos is None else _nearest_vertex(folder, side, patch_pos)
    shown = Shown(side=side, activation=activation, label=label, place=place)
    drawn = existing_surface(folder, side, seen.surface)
    # all checks come first: a traceback that is kept would keep a half-made picture, too
    center = _view_center(shown)
    if LABEL_VIEW in seen.views and center is None:
        raise ParameterError("The view 'label' needs a label, a patch_pos or a stc to look at: take another view.")
    _check_vertices(folder, drawn, shown)
    with headless_brain():
        brain = mne.viz.Brain(
            subject,
            hemi=side,
            surf=drawn,
            subjects_dir=subjects_dir,
            cortex=CORTEX,
            size=seen.size,
            background="white",
            views="lateral",
            show=False,
        )
        try:
            pictures = take_pictures(brain, shown, seen.views, center, folded=drawn != "inflated")
        finally:
            close_brain(brain)
    fig = _compose(pictures, shown, unit)
    if show:
        plt.show()
    return fig


def _hemisphere(hemi: str | None, label: mne.Label | None, stc: mne.SourceEstimate | None) -> str:
    if label is not None:
        if not isinstance(label, mne.Label) or label.hemi not in ("lh", "rh"):
            raise ParameterError(f"label must be an mne.Label of one hemisphere, got {label!r}.")
        if hemi not in (None, label.hemi):
            raise ParameterError(f"The label {label.name} lies in hemisphere {label.hemi!r}, but hemi is {hemi!r}.")
        return str(label.hemi)
    if hemi is not None:
        return hemi
    if stc is None:
        raise ParameterError("Without label and stc it is not known which hemisphere to draw: give hemi 'lh' or 'rh'.")
    _check_estimate(stc)
    largest = [float(np.abs(data).max(initial=0.0)) for data in (stc.lh_data, stc.rh_data)]
    return "lh" if largest[0] >= largest[1] else "rh"


def _check_estimate(stc: Any) -> None:
    if not isinstance(stc, mne.SourceEstimate):
        raise ParameterError(
            f"stc must be a scalar mne.SourceEstimate (normal-oriented), got {type(stc).__name__}: make it with "
            "pick_ori='normal'."
        )


def _activation(stc: mne.SourceEstimate, side: str, label: mne.Label | None, time: float | None) -> Activation | None:
    _check_estimate(stc)
    vertices, data = (stc.lh_vertno, stc.lh_data) if side == "lh" else (stc.rh_vertno, stc.rh_data)
    if not len(vertices):
        raise ParameterError(f"The source estimate has no source in hemisphere {side!r}.")
    if time is None:
        inside = np.ones(len(vertices), bool) if label is None else np.isin(vertices, label.vertices)
        rows = data[inside] if inside.any() else data
        sample = int(np.abs(rows).max(axis=0).argmax())
    else:
        sample = int(np.abs(stc.times - check_finite(time, "time")).argmin())
        if abs(stc.times[sample] - time) > stc.tstep:
            raise ParameterError(f"time must lie within {stc.times[0]:g} to {stc.times[-1]:g} s, got {time:g}.")
    values = np.asarray(data[:, sample], dtype=float)
    if not np.isfinite(values).all():
        raise ParameterError(f"The source estimate has values that are not finite at {stc.times[sample]:g} s.")
    if not values.any():
        logger.info("The source estimate is zero in this hemisphere at %g s: nothing is coloured.", stc.times[sample])
        return None
    return Activation(
        vertices=vertices, values=values, time=float(stc.times[sample]), limit=float(np.abs(values).max())
    )


def existing_surface(folder: Path, side: str, surface: str) -> str:
    """Return the name of a subject's surface that there is: the one wanted, else the white one."""
    for name in (surface, "white"):
        if any((folder / "surf" / f"{side}.{name}{end}").is_file() for end in ENDINGS):
            if name != surface:
                logger.info("There is no %s surface of %s: drawing the white surface.", surface, folder.name)
            return name
    raise ParameterError(
        f"{folder / 'surf'} has neither {side}.{surface} nor {side}.white: check subject and subjects_dir."
    )


def _view_center(shown: Shown) -> NDArray[np.int64] | None:
    """Return the vertices that the view onto the label looks at."""
    if shown.label is not None and len(shown.label.vertices):
        return np.asarray(shown.label.vertices)
    if shown.place is not None:
        return np.array([shown.place])
    activation = shown.activation
    return None if activation is None else activation.vertices[[np.abs(activation.values).argmax()]]


def _check_vertices(folder: Path, surface: str, shown: Shown) -> None:
    n_points = len(read_surface(folder, shown.side, surface))
    for what, drawn in (("label", shown.label), ("source estimate", shown.activation)):
        if drawn is not None and len(drawn.vertices) and np.max(drawn.vertices) >= n_points:
            raise ParameterError(
                f"The {what} has vertex {np.max(drawn.vertices)}, but the {surface} surface of {folder.name} has only "
                f"{n_points} vertices: it belongs to another subject."
            )


def read_surface(folder: Path, side: str, surface: str) -> FloatArray:
    """Return the points of a surface in m."""
    found = (folder / "surf" / f"{side}.{surface}{end}" for end in ENDINGS)
    points, _ = mne.read_surface(next(path for path in found if path.is_file()))
    return np.asarray(points / 1e3)


def _nearest_vertex(folder: Path, side: str, position: ArrayLike) -> int:
    place = np.asarray(position, dtype=float)
    if place.shape != (3,) or not np.isfinite(place).all() or np.abs(place).max() > 0.3:
        raise ParameterError(f"patch_pos must be three coordinates in m (MRI, surface RAS), got {position!r}.")
    points = read_surface(folder, side, existing_surface(folder, side, "white"))
    return int(np.linalg.norm(points - place, axis=1).argmin())


def _compose(pictures: Sequence[Picture], shown: Shown, unit: str | None) -> Figure:
    """Put pictures, colour bar and legend into one figure."""
    activation, label, place = shown.activation, shown.label, shown.place
    widths = [picture.image.shape[1] / picture.image.shape[0] for picture in pictures]
    if activation is not None:
        widths.append(0.05)
    fig = plt.figure(figsize=(0.6 + 3.3 * sum(widths) + 0.9 * (activation is not None), 4.0), layout="constrained")
    grid = fig.add_gridspec(1, len(widths), width_ratios=widths)
    for column, picture in enumerate(pictures):
        axes = fig.add_subplot(grid[0, column])
        name = "onto the label" if picture.view == LABEL_VIEW and label is not None else picture.view
        name = "onto the activation" if name == LABEL_VIEW and place is None else name
        draw_picture(axes, picture, f"View {name}" if name.startswith("onto") else name.capitalize())
    hemisphere = "left hemisphere" if shown.side == "lh" else "right hemisphere"
    when = [] if activation is None else [f"{activation.time / MS:.0f} ms"]
    fig.suptitle(", ".join([hemisphere.capitalize(), *when]), fontsize="medium", fontweight="bold")
    if activation is not None:
        _draw_color_bar(fig, fig.add_subplot(grid[0, -1]), activation.limit, unit)
    handles = []
    if label is not None:
        handles.append(Line2D([], [], color=LABEL["border"], linewidth=2, label=f"border of {label.name}"))
    if place is not None:
        handles.append(
            Line2D(
                [], [], color=LABEL["place"], marker="o", markersize=7, linestyle="none", label="place of the dipole"
            )
        )
    if activation is not None and label is not None:
        handles.append(Line2D([], [], linestyle="none", label=_beside(activation, label, unit)))
    if handles:
        fig.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return fig


def _beside(activation: Activation, label: mne.Label, unit: str | None) -> str:
    """Say how large the estimate is inside the label, and beside it: it can be larger there."""
    factor, name = (1e12, "pAm") if unit == "A m" else (1.0, unit or "arbitrary units")
    inside = np.isin(activation.vertices, label.vertices)
    if not inside.any():
        return "The label holds no source of the estimate."
    within, beyond = (
        max((float(value) * factor for value in activation.values[rows]), key=abs, default=0.0)
        for rows in (inside, ~inside)
    )
    words = f"Largest value inside the label {within:+.3g} {name}, beside it {beyond:+.3g} {name}"
    return words.replace("-", "\N{MINUS SIGN}")


def _draw_color_bar(fig: Figure, axes: Axes, limit: float, unit: str | None) -> None:
    factor, name = (1e12, "pAm") if unit == "A m" else (1.0, unit or "arbitrary units")
    bar = fig.colorbar(
        ScalarMappable(Normalize(-factor * limit, factor * limit), on_cortex(color_map())),
        cax=axes,
    )
    bar.set_label(f"Current normal to the cortex ({name})\n\N{MINUS SIGN} inward      + outward", fontsize="small")
    bar.ax.tick_params(labelsize="small")
