"""A patch of cortex that acts as one current, normal to the surface: its field, its moment, where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from .._checks import check_finite, check_positive
from .._files import read_file
from .._types import FloatArray
from .._units import MS
from ..errors import DataError, ParameterError
from .agreement import compare_positions
from .hemispheres import HEMISPHERES, with_both_hemispheres
from .label import check_label_object, label_vertices
from .latency import check_half_width, milliseconds, samples_around
from .whitening import whiten

__all__ = ["Patch", "best_patch", "label_patch", "open_forward", "patch_moment"]

SMALLEST_RADIUS_mm = 0.5
LARGEST_RADIUS_mm = 200.0
"""Along the surface; nothing of a hemisphere is farther."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """Sources of a label that share one moment, each along its outward normal.

    Attributes
    ----------
    label : mne.Label
        The label.
    hemi : str
        ``'lh'`` or ``'rh'``.
    vertices : array, shape (n_vertices,)
        Its vertices that are sources.
    weights : array, shape (n_vertices,)
        Share of the moment that each of them carries: its share of the area. The sum is 1.
    area_mm2 : float
        Area on the surface, mm².
    pos : array, shape (3,)
        Its centre of mass, m, head coordinates.
    normal : array, shape (3,)
        Its mean outward normal, head coordinates, of unit length.
    coherence : float
        Length of the weighted mean of the vertices' unit normals: 1 for a flat patch, near 0 for one that wraps
        around a gyrus, whose fields cancel.

    Examples
    --------
    >>> patch.hemi, float(patch.weights.sum().round(6))
    ('rh', 1.0)
    """

    label: mne.Label
    hemi: str
    vertices: NDArray[np.int64]
    weights: FloatArray
    area_mm2: float
    pos: FloatArray
    normal: FloatArray
    coherence: float

    def __repr__(self) -> str:
        return (
            f"<Patch | {self.label.name}, {len(self.vertices)} sources, {self.area_mm2:.0f} mm\N{SUPERSCRIPT TWO}, "
            f"coherence {self.coherence:.2f}>"
        )

    def source_estimate(self, moment: Any, *, tmin: float, tstep: float, subject: str | None) -> mne.SourceEstimate:
        """Spread a moment over the patch.

        Parameters
        ----------
        moment : array, shape (n_times,)
            In A m.
        tmin, tstep : float
            First time and step, s.
        subject : str | None
            Name of the subject.

        Returns
        -------
        stc : mne.SourceEstimate
            Moments of the vertices, A m, along their outward normals; they add up to `moment`.
        """
        vertices = [self.vertices if hemi == self.hemi else np.array([], int) for hemi in HEMISPHERES]
        return mne.SourceEstimate(np.outer(self.weights, moment), vertices, tmin, tstep, subject=subject)


def open_forward(forward: Any) -> mne.Forward:
    """Return a forward solution with sources fixed along the outward normal; read if a path is given."""
    forward = read_forward(forward)
    if mne.forward.is_fixed_orient(forward):
        return forward
    return mne.convert_forward_solution(forward, surf_ori=True, force_fixed=True, use_cps=True, verbose="error")


def read_forward(forward: Any) -> mne.Forward:
    """Return a forward solution as it is, with both hemispheres in its source space; read if a path is given."""
    if isinstance(forward, (str, Path)):
        forward = read_file(mne.read_forward_solution, forward, "forward solution")
    if not isinstance(forward, mne.Forward):
        raise ParameterError(f"forward must be an mne.Forward or its path, got {type(forward).__name__}.")
    completed: mne.Forward = with_both_hemispheres(forward)
    return completed


def label_patch(label: mne.Label, forward: mne.Forward) -> Patch:
    """Return the patch of all sources of a label.

    Parameters
    ----------
    label : mne.Label
        The label, of one hemisphere.
    forward : mne.Forward
        The forward solution.

    Returns
    -------
    patch : Patch
        The patch.

    Raises
    ------
    DataError
        No vertex of the label is a source.

    Examples
    --------
    >>> patch = label_patch(label, forward)
    >>> bool(patch.area_mm2 > 1000)
    True
    """
    fixed = open_forward(forward)
    hemi, vertices = label_vertices(check_label_object(label), fixed["src"])
    areas = _source_areas(fixed["src"][hemi])
    return _patch(label, fixed, vertices, areas, _label_area(label, fixed["src"][hemi]))


def _patch(label: mne.Label, fixed: mne.Forward, vertices: NDArray[np.int64], areas: FloatArray, area: float) -> Patch:
    hemi = HEMISPHERES.index(label.hemi)
    rows = _columns(fixed, hemi, vertices)
    shares = areas[np.searchsorted(fixed["src"][hemi]["vertno"], vertices)]
    weights = shares / shares.sum()
    mean = weights @ fixed["source_nn"][rows]
    length = float(np.linalg.norm(mean))
    return Patch(
        label=label,
        hemi=label.hemi,
        vertices=vertices,
        weights=weights,
        area_mm2=1e6 * area,
        pos=weights @ fixed["source_rr"][rows],
        normal=mean / length,
        coherence=length,
    )


def _columns(fixed: mne.Forward, hemi: int, vertices: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return which columns of a forward solution belong to vertices of a hemisphere."""
    before = fixed["src"][0]["nuse"] if hemi else 0
    sources = fixed["src"][hemi]["vertno"]
    missing = np.setdiff1d(vertices, sources)
    if len(missing):
        raise DataError(
            f"{len(missing)} of the patch's {len(vertices)} vertices are no sources of the forward solution: it was "
            "made with another one; make the patch anew (label_patch, best_patch) with this one."
        )
    return before + np.searchsorted(sources, vertices)


def patch_columns(patch: Patch, forward: mne.Forward) -> NDArray[np.intp]:
    """Return which sources of a forward solution a patch consists of."""
    return _columns(forward, HEMISPHERES.index(patch.hemi), patch.vertices)


def represented_area(patch: Patch, forward: mne.Forward) -> float:
    """Return the area that a patch's sources stand for, mm²: that of the label, or more where it has few vertices."""
    space = forward["src"][HEMISPHERES.index(patch.hemi)]
    of_sources = _source_areas(space)[np.searchsorted(space["vertno"], patch.vertices)].sum()
    return max(patch.area_mm2, 1e6 * float(of_sources))


def patch_field(gain: FloatArray, patch: Patch, fixed: mne.Forward) -> FloatArray:
    """Return the field of a patch with a moment of 1 A m, from the gain of a fixed forward solution's sources."""
    return np.asarray(gain[:, patch_columns(patch, fixed)] @ patch.weights)


def vertex_areas(space: dict[str, Any]) -> FloatArray:
    """Return the area of each vertex of the full surface, m²: a third of each triangle around it."""
    corners = space["rr"][space["tris"]]
    triangles = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return np.asarray(
        np.bincount(space["tris"].ravel(), np.repeat(triangles / 3, 3), minlength=space["np"]), dtype=float
    )


def _source_areas(space: dict[str, Any]) -> FloatArray:
    """Return the area that each source of a hemisphere stands for, m²; equal areas if the source space has none."""
    if space.get("nearest") is None:
        return np.full(space["nuse"], vertex_areas(space).sum() / space["nuse"])
    per_vertex = np.bincount(space["nearest"], vertex_areas(space), minlength=space["np"])
    return np.asarray(per_vertex[space["vertno"]])


def _label_area(label: mne.Label, space: dict[str, Any]) -> float:
    return float(vertex_areas(space)[label.vertices].sum())


def patch_moment(
    evoked: mne.Evoked,
    patch: Patch,
    forward: mne.Forward,
    *,
    noise_cov: mne.Covariance | None = None,
    others: Sequence[Patch] = (),
) -> tuple[FloatArray, float]:
    """Fit the moment of a patch to the sensors, at each time on its own.

    Generalised least squares for sources of fixed place and orientation (Mosher et al. 1992,
    https://doi.org/10.1109/10.141192): with the whitened fields G of the patches at 1 A m, and the whitened response
    y(t), the moments are (G'G)⁻¹ G'y(t), and their
    covariance (G'G)⁻¹ / nave. Unlike a minimum-norm estimate they are not shrunk, so their unit is that of the current
    that flowed, provided no other source reaches the sensors.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    patch : Patch
        The patch.
    forward : mne.Forward
        The forward solution.
    noise_cov : mne.Covariance | None
        Of single epochs; None assumes MNE's default noise per channel type.
    others : sequence of Patch
        Patches that are active, too, for example the same one of the other hemisphere: fitted along.

    Returns
    -------
    moment : array, shape (n_times,)
        In A m, positive outward.
    standard_error : float
        Of the moment, A m.

    Examples
    --------
    >>> moment, error = patch_moment(evoked, patch, forward, noise_cov=noise_cov)  # A m
    >>> len(moment) == len(evoked.times), bool(error > 0)
    (True, True)
    """
    fixed = open_forward(forward)
    whitened = whiten(evoked, fixed, noise_cov)
    compare_positions(fixed["info"], evoked.info, "the forward solution")
    fields = np.column_stack([patch_field(whitened.gain, active, fixed) for active in (patch, *others)])
    # each field at unit length, so that the solver does not take the units of A m for a lack of rank
    lengths = np.linalg.norm(fields, axis=0)
    for active, length in zip((patch, *others), lengths, strict=True):
        if not (np.isfinite(length) and length > 0):
            raise DataError(
                f"The sensors see nothing of {active.label.name!r}: its field in the forward solution is "
                f"{'zero' if length == 0 else 'not finite'}; take another label, or make the forward solution anew."
            )
    inverse, rank = np.linalg.pinv(fields / lengths), np.linalg.matrix_rank(fields / lengths)
    if rank < fields.shape[1]:
        raise DataError(f"The sensors cannot tell {patch.label.name!r} from the other labels: leave those out.")
    moment = inverse[0] @ whitened.data / lengths[0]
    return moment, float(np.linalg.norm(inverse[0]) / lengths[0] / np.sqrt(max(evoked.nave, 1)))


def best_patch(
    evoked: mne.Evoked,
    label: mne.Label,
    forward: mne.Forward,
    *,
    noise_cov: mne.Covariance | None = None,
    radius_mm: float = 10.0,
    latency: float | Sequence[float] | None = None,
    tmin: float = 0.0,
    tmax: float | None = None,
    half_width_ms: float = 5.0,
) -> Patch:
    """Find the disc inside a label whose normal-oriented current best explains the response around its peak.

    Each source of the label is tried as a centre; a disc holds what is within `radius_mm` along the surface and inside
    the label. The best explains most of the whitened field around the peak (or around the latencies that are named),
    as in a dipole scan with the orientation fixed to the cortical normal.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    label : mne.Label
        Where to look.
    forward : mne.Forward
        The forward solution.
    noise_cov : mne.Covariance | None
        Of single epochs; None assumes MNE's default noise per channel type.
    radius_mm : float
        Radius of the disc, along the surface.
    latency : float | sequence of float | None
        Times of the response, s; None takes the largest that any disc of the label explains between `tmin` and `tmax`.
    tmin, tmax : float | None
        Where to look for the peak, s.
    half_width_ms : float
        How far around each latency the response is taken, ms.

    Returns
    -------
    patch : Patch
        The best disc.

    Raises
    ------
    DataError
        No vertex of the label is a source, the channels do not match, or a latency lies outside the response.
    ParameterError
        The radius is below 0.5 or above 200 mm, the window lies outside the response or is exchanged
        or in ms, or the half width neither 0 nor 0.1 to 100 ms.

    Examples
    --------
    >>> patch = best_patch(evoked, label, forward, latency=0.040)
    >>> bool(0 < patch.area_mm2 < 350)
    True
    """
    radius = MS * _check_radius(radius_mm)
    half_width = check_half_width(half_width_ms)
    fixed = open_forward(forward)
    hemi, candidates = label_vertices(check_label_object(label), fixed["src"])
    space = fixed["src"][hemi]
    areas = _source_areas(space)
    members = _discs(space, label.vertices, candidates, radius)
    whitened = whiten(evoked, fixed, noise_cov)
    compare_positions(fixed["info"], evoked.info, "the forward solution")
    sources = _columns(fixed, hemi, candidates)
    shares = members[:, candidates] * areas[np.searchsorted(space["vertno"], candidates)]
    shares /= shares.sum(axis=1, keepdims=True)
    fields = whitened.gain[:, sources] @ shares.T  # (n_rows, n_discs)
    explained = (fields.T @ whitened.data) ** 2 / (fields**2).sum(axis=0)[:, np.newaxis]  # (n_discs, n_times)
    chosen = _around(evoked.times, explained.max(axis=0), latency, (tmin, tmax), half_width)
    best = int(explained[:, chosen].sum(axis=1).argmax())
    inside = np.flatnonzero(members[best])
    disc = mne.Label(
        inside,
        hemi=label.hemi,
        name=f"{(label.name or 'label').removesuffix(f'-{label.hemi}')}-disc-{label.hemi}",
        subject=label.subject,
        pos=space["rr"][inside],
        verbose="error",
    )
    return _patch(disc, fixed, candidates[members[best, candidates]], areas, float(vertex_areas(space)[inside].sum()))


def _check_radius(radius_mm: Any) -> float:
    radius = check_positive(radius_mm, "radius_mm")
    if radius < SMALLEST_RADIUS_mm:
        raise ParameterError(
            f"radius_mm={radius:g}: no patch of cortex is that small; it is in mm (10 is usual). Was it given in m?"
        )
    if radius > LARGEST_RADIUS_mm:
        raise ParameterError(
            f"radius_mm={radius:g}: no hemisphere is that large; it is in mm (10 is usual). Was it given in "
            "\N{MICRO SIGN}m? The patch of a whole label is label_patch(label, forward)."
        )
    return radius


def surface_disc(space: dict[str, Any], vertices: NDArray[np.int64], centre: int, radius: float) -> NDArray[np.int64]:
    """Return which of some vertices lie within a distance (m) of one of them, along the surface between them."""
    return np.flatnonzero(_discs(space, vertices, np.array([centre]), radius)[0])


def _discs(
    space: dict[str, Any], vertices: NDArray[np.int64], centres: NDArray[np.int64], radius: float
) -> NDArray[np.bool_]:
    """Return which of some vertices lie within a distance of each centre, along the surface between them.

    One row per centre, one column per vertex of the full surface.
    """
    inside = np.zeros(space["np"], bool)
    inside[vertices] = True
    tris = space["tris"]
    edges = np.unique(np.sort(np.concatenate([tris[:, [0, 1]], tris[:, [1, 2]], tris[:, [2, 0]]]), axis=1), axis=0)
    edges = edges[inside[edges].all(axis=1)]
    lengths = np.linalg.norm(space["rr"][edges[:, 0]] - space["rr"][edges[:, 1]], axis=1)
    graph = coo_array((lengths, (edges[:, 0], edges[:, 1])), shape=(space["np"], space["np"])).tocsr()
    distances = dijkstra(graph, directed=False, indices=centres, limit=radius)
    return np.asarray(np.isfinite(distances) & inside)


def _around(
    times: FloatArray, strength: FloatArray, latency: Any, ends: tuple[float, float | None], half_width: float
) -> NDArray[np.bool_]:
    """Return which samples lie around the latencies, or around the peak between the ends if none is named."""
    tmin, tmax = ends
    first, last = check_finite(tmin, "tmin"), times[-1] if tmax is None else check_finite(tmax, "tmax")
    if first > last:
        raise ParameterError(f"tmin must be before tmax, got {first:g} and {last:g} s (exchanged?).")
    half = 0.5 * (times[1] - times[0])
    window = (times >= first - half) & (times <= last + half)
    slip = milliseconds(first, last)
    if (slip and last > times[-1]) or not window.any():
        raise ParameterError(
            f"The response ({times[0]:g} to {times[-1]:g} s) has {'nothing' if not window.any() else 'not all'} of "
            f"{first:g} to {last:g} s{slip}."
        )
    if latency is None:
        latency = float(times[np.where(window, strength, -np.inf).argmax()])
    return samples_around(times, latency, half_width)
