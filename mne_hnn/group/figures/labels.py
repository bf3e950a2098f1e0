"""A group: where the labels of its subjects lie on a common surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from mne.utils import use_log_level
from numpy.typing import NDArray

from ...errors import ParameterError
from ...viz.brain import CORTEX, LABEL_VIEW, Picture, Shown, close_brain, draw_picture, headless_brain, take_pictures
from ...viz.cortex import existing_surface, read_surface
from .parts import literal

if TYPE_CHECKING:
    from ..entry import Entry

__all__ = ["CommonLabels", "common_labels", "plot_group_labels"]

_VIEWS = ("lateral", LABEL_VIEW)
_NAMES = {"lh": "Left hemisphere", "rh": "Right hemisphere"}
SIZE = 700
WRAPPED = 110


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonLabels:
    """The labels of subjects on one surface.

    Attributes
    ----------
    counts : dict of str to array, shape (n_vertices,)
        Per hemisphere: number of subjects whose label holds the vertex.
    subjects : tuple of str
        Whose labels are counted.
    left_out : dict of str to str
        Why others are not.
    """

    counts: dict[str, NDArray[np.int64]]
    subjects: tuple[str, ...]
    left_out: dict[str, str]


def common_labels(entries: Sequence[Entry], subjects_dir: str | Path, subject: str = "fsaverage") -> CommonLabels:
    """Bring the labels of all subjects onto a common surface, by the spherical registration.

    Parameters
    ----------
    entries : sequence of Entry
        Results; all labels of a subject are joined.
    subjects_dir : path-like
        FreeSurfer's folder of subjects.
    subject : str
        The common surface.

    Returns
    -------
    labels : CommonLabels
        How many subjects have each vertex. A vertex belongs to a label where more than half of what is interpolated
        there does.
    """
    folder = Path(subjects_dir)
    sizes = {side: len(read_surface(folder / subject, side, "white")) for side in ("lh", "rh")}
    counts = {side: np.zeros(size, dtype=np.int64) for side, size in sizes.items()}
    left_out: dict[str, str] = {}
    members: dict[str, dict[str, NDArray[np.bool_]]] = {}
    for entry in entries:
        if entry.label is None or entry.fs_subject is None:
            continue
        try:
            # a scaled template has the vertices of the template
            own_surface = entry.template or entry.fs_subject
            moved = _move(entry.label, own_surface, subject, folder, sizes[entry.label.hemi])
        except (OSError, ValueError, IndexError):
            left_out[entry.subject] = f"the surfaces of {entry.fs_subject} have no registration to {subject}"
            continue
        own = members.setdefault(entry.subject, {})
        own[entry.label.hemi] = own.get(entry.label.hemi, np.zeros(len(moved), dtype=bool)) | moved
    for own in members.values():
        for side, moved in own.items():
            counts[side] += moved
    used = {side: count for side, count in counts.items() if count.any()}
    return CommonLabels(
        counts=used, subjects=tuple(members), left_out={k: v for k, v in left_out.items() if k not in members}
    )


def _move(label: mne.Label, own: str, subject: str, folder: Path, size: int) -> NDArray[np.bool_]:
    """Return which vertices of the common surface a label holds."""
    if own == subject:
        inside = np.zeros(size, dtype=bool)
        inside[label.vertices] = True
        return inside
    # mne.Label.morph smooths, which lets a label grow by several mm
    maps = mne.read_morph_map(own, subject, subjects_dir=folder, verbose="error")
    interpolation = maps[0 if label.hemi == "lh" else 1]
    indicator = np.zeros(interpolation.shape[1])
    indicator[label.vertices] = 1.0
    moved: NDArray[np.bool_] = np.asarray(interpolation @ indicator) > 0.5
    return moved


def plot_group_labels(
    entries: Sequence[Entry], subjects_dir: str | Path, subject: str = "fsaverage", *, show: bool = True
) -> Figure:
    """Draw the labels of all subjects on a common surface: how many subjects have each place.

    Parameters
    ----------
    entries : sequence of Entry
        Results of subjects and conditions; those without a label are left out.
    subjects_dir : path-like
        FreeSurfer's folder of subjects, with the common surface and the subjects' own.
    subject : str
        The common surface.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A row per hemisphere that has labels, from the side and onto the labels; the line goes around what any subject
        has. Subjects whose surfaces lack the spherical registration are named below.

    Raises
    ------
    ParameterError
        A package or the common surface is missing, or no label can be drawn.

    Notes
    -----
    Needs no display.

    Examples
    --------
    >>> from mne_hnn.group import Entry
    >>> labelled = Entry(subject="01", condition="touch", label=label, fs_subject=dataset.subject)
    >>> figure = plot_group_labels([labelled], dataset.subjects_dir, dataset.subject)
    """
    existing_surface(Path(subjects_dir) / subject, "lh", "white")
    labels = common_labels(entries, subjects_dir, subject)
    if not labels.counts:
        raise ParameterError(
            f"No label can be shown on {subject}: none lies on it, or the registrations (surf/?h.sphere.reg) that lead "
            "there are missing."
        )
    most = max(int(count.max()) for count in labels.counts.values())
    colors = _colors(max(most, len(labels.subjects)))
    pictures = {
        side: _photograph(side, count, colors, subject, Path(subjects_dir)) for side, count in labels.counts.items()
    }
    fig = _compose(pictures, colors, labels, subject)
    if show:
        plt.show()
    return fig


def _colors(n: int) -> ListedColormap:
    """Return a colour per number of subjects, transparent for none."""
    steps = plt.get_cmap("YlOrRd")(np.linspace(0.15, 1.0, n) if n > 1 else np.array([0.6]))
    return ListedColormap(np.vstack([[0.0, 0.0, 0.0, 0.0], steps]))


def _photograph(
    side: str, count: NDArray[np.int64], colors: ListedColormap, subject: str, subjects_dir: Path
) -> list[Picture]:
    n = colors.N - 1
    drawn = existing_surface(subjects_dir / subject, side, "inflated")
    vertices = np.flatnonzero(count)
    label = mne.Label(vertices, hemi=side, subject=subject, verbose="error")
    with headless_brain(), use_log_level("error"):
        brain = mne.viz.Brain(
            subject,
            hemi=side,
            surf=drawn,
            subjects_dir=subjects_dir,
            cortex=CORTEX,
            size=SIZE,
            background="white",
            views="lateral",
            show=False,
        )
        try:
            brain.add_data(
                count.astype(float),
                vertices=np.arange(len(count)),
                hemi=side,
                fmin=-0.5,
                fmid=n / 2,
                fmax=n + 0.5,
                colormap=colors,
                transparent=False,
                smoothing_steps=None,
                colorbar=False,
                time_label=None,
                verbose="error",
            )
            shown = Shown(side=side, label=label)
            return take_pictures(brain, shown, _VIEWS, vertices, folded=drawn != "inflated")
        finally:
            close_brain(brain)


def _compose(pictures: dict[str, list[Picture]], colors: ListedColormap, labels: CommonLabels, subject: str) -> Figure:
    widths = [
        max(own[column].image.shape[1] / own[column].image.shape[0] for own in pictures.values())
        for column in range(len(_VIEWS))
    ]
    fig = plt.figure(figsize=(1.5 + 3.3 * sum(widths), 0.6 + 3.5 * len(pictures)), layout="constrained")
    grid = fig.add_gridspec(len(pictures), len(widths) + 1, width_ratios=[*widths, 0.05])
    for row, (side, own) in enumerate(pictures.items()):
        for column, picture in enumerate(own):
            view = "view onto the labels" if picture.view == LABEL_VIEW else picture.view
            draw_picture(fig.add_subplot(grid[row, column]), picture, f"{_NAMES[side]}, {view}")
    _draw_bar(fig, fig.add_subplot(grid[:, -1]), colors)
    fig.suptitle(literal(f"Labels on {subject}"), fontsize="medium", fontweight="bold")
    notes = ["Line: border of what is in the label of any subject."]
    if labels.left_out:
        names = ", ".join(f"sub-{name}" for name in labels.left_out)
        notes.append(f"Not shown, as the spherical registration is missing: {names}.")
    fig.supxlabel(literal("\n".join(fill(note, WRAPPED) for note in notes)), fontsize="small", color="0.25")
    return fig


def _draw_bar(fig: Figure, axes: Axes, colors: ListedColormap) -> None:
    n = colors.N - 1
    shown = ListedColormap(np.asarray(colors(np.arange(1, n + 1))))
    norm = BoundaryNorm(np.arange(0.5, n + 1), n)
    step = -(-n // 8)
    ticks: Any = np.arange(n, 0, -step)[::-1]
    bar = fig.colorbar(ScalarMappable(norm, shown), cax=axes, ticks=ticks)
    bar.set_label("Number of subjects", fontsize="small")
    bar.ax.tick_params(labelsize="small", length=0)
    bar.ax.minorticks_off()
