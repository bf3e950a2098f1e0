"""Where the patch may be, on the cortex: the posterior of its place, drawn without a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from .._value import given_or_default
from ..errors import ParameterError
from .brain import (
    CORTEX,
    LABEL_VIEW,
    Activation,
    Picture,
    Shown,
    close_brain,
    draw_picture,
    headless_brain,
    likely_colors,
    on_cortex,
    take_pictures,
)
from .colors import LABEL
from .cortex import ENDINGS, CortexView, existing_surface

if TYPE_CHECKING:
    from ..inference import CircuitPosterior, PlacePosterior

__all__ = ["plot_posterior_cortex"]

SHARE = 0.9
NEAREST = 0.25


def plot_posterior_cortex(
    found: CircuitPosterior,
    forward: mne.Forward,
    subject: str,
    subjects_dir: str | Path,
    *,
    view: CortexView | None = None,
    show: bool = True,
) -> Figure:
    """Draw the cortex with the probability that each place is part of the patch, and the region that holds its centre.

    Needs the packages of ``pip install 'mne-hnn[report]'``; :func:`plot_posterior_place` does without.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior` with a label that was searched.
    forward : mne.Forward
        The forward solution: where the sources are.
    subject : str
        Subject of FreeSurfer.
    subjects_dir : path-like
        Folder of subjects.
    view : CortexView | None
        Surface, views and size; None shows the inflated surface from the side and onto the region.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A panel per view. Colour: the probability of being part of the patch; black: what was searched, as far as
        sources tell; blue: the fewest sources that hold the centre with 90 %, with their area.

    Raises
    ------
    ParameterError
        No label was searched, a surface or a package is missing, or the forward solution is another one.

    Examples
    --------
    >>> figure = plot_posterior_cortex(
    ...     drawn_at_sensors, forward, dataset.subject, dataset.subjects_dir, view=CortexView(size=200)
    ... )
    """
    place = getattr(found, "place", None)
    if place is None:
        raise ParameterError(
            "No label was searched for the place: give Sensors(..., search=label) to mne_hnn.posterior."
        )
    seen = given_or_default(view, CortexView, "view")
    if seen.hemi not in (None, place.hemi):
        raise ParameterError(f"The place was searched in hemisphere {place.hemi!r}, but hemi is {seen.hemi!r}.")
    folder = Path(subjects_dir) / subject
    drawn = existing_surface(folder, place.hemi, seen.surface)
    nearest = _nearest_sources(folder, place, forward)
    searched = np.flatnonzero(np.isin(nearest, place.sources))
    held = np.flatnonzero(np.isin(nearest, place.region(SHARE)))
    likely = np.zeros(len(nearest))
    likely[searched] = place.of_source[np.searchsorted(place.sources, nearest[searched])]
    top = float(place.of_source.max())
    shown = Shown(
        side=place.hemi,
        activation=Activation(vertices=np.arange(len(likely)), values=likely, time=0.0, limit=top, signed=False),
        label=mne.Label(searched, hemi=place.hemi, name=place.label, subject=subject),
        region=held,
    )
    options: dict[str, Any] = {"hemi": place.hemi, "surf": drawn, "subjects_dir": subjects_dir, "cortex": CORTEX}
    with headless_brain():
        brain = mne.viz.Brain(subject, size=seen.size, background="white", views="lateral", show=False, **options)
        try:
            pictures = take_pictures(brain, shown, seen.views, held, folded=drawn != "inflated", nearest=NEAREST)
        finally:
            close_brain(brain)
    fig = _compose(pictures, place, top)
    if show:
        plt.show()
    return fig


def _nearest_sources(folder: Path, place: PlacePosterior, forward: mne.Forward) -> NDArray[np.int64]:
    """Return the source of the forward solution that each vertex is nearest to, along the surface."""
    surface = existing_surface(folder, place.hemi, "white")
    paths = (folder / "surf" / f"{place.hemi}.{surface}{end}" for end in ENDINGS)
    points, faces = mne.read_surface(next(path for path in paths if path.is_file()))
    sources = np.asarray(forward["src"][0 if place.hemi == "lh" else 1]["vertno"])
    if not np.isin(place.sources, sources).all() or sources.max() >= len(points):
        raise ParameterError(
            f"The sources of the place are not those of this forward solution and of {folder.name}: give those of the "
            "posterior."
        )
    one, two = np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    length = np.linalg.norm(points[one] - points[two], axis=1)
    graph = coo_array((np.maximum(length, 1e-6), (one, two)), shape=(len(points),) * 2).tocsr()
    _, _, found = dijkstra(graph, indices=sources, min_only=True, return_predecessors=True)
    return np.asarray(found)


def _compose(pictures: list[Picture], place: PlacePosterior, top: float) -> Figure:
    widths = [*(one.image.shape[1] / one.image.shape[0] for one in pictures), 0.05]
    fig = plt.figure(figsize=(1.5 + 3.3 * sum(widths), 4.0), layout="constrained")
    grid = fig.add_gridspec(1, len(widths), width_ratios=widths)
    for column, picture in enumerate(pictures):
        onto = picture.view == LABEL_VIEW
        draw_picture(
            fig.add_subplot(grid[0, column]),
            picture,
            "View onto the region of 90 %" if onto else picture.view.capitalize(),
        )
    side = "Left hemisphere" if place.hemi == "lh" else "Right hemisphere"
    fig.suptitle(side, fontsize="medium", fontweight="bold")
    bar = fig.colorbar(
        ScalarMappable(Normalize(0.0, top), on_cortex(likely_colors())), cax=fig.add_subplot(grid[0, -1])
    )
    bar.set_label("Probability of being part of the patch", fontsize="small")
    bar.ax.tick_params(labelsize="small")
    area, whole = place.area_mm2(SHARE), place.areas_mm2.sum()
    handles = [
        Line2D([], [], color=LABEL["border"], linewidth=2, label=f"searched: {place.label}, {whole:.0f} mm²"),
        Line2D(
            [],
            [],
            color=LABEL["region"],
            linewidth=2,
            label=f"holds the centre with {100 * SHARE:.0f} %: {area:.0f} mm²",
        ),
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return fig
