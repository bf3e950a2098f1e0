"""The cortex of one response: activation, a place that is clicked on, what the sensors would see."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from .._checks import check_finite, check_name, check_positive
from .._types import FloatArray
from .._units import MS
from .._value import given_or_default
from .._warn import warned
from ..errors import DataError, ParameterError
from ..source import (
    Prediction,
    apply_normal_inverse,
    best_patch,
    demo,
    estimate_target,
    find_label,
    load_response,
    make_inverse,
    predict_sensors,
)
from ..source.inverse import noise_of_epochs, open_inverse
from ..source.patch import open_forward, read_forward, vertex_areas
from ..source.response import with_average_reference
from ..viz.cortex import existing_surface
from .answer import Answer
from .place import CortexActivation, Place, TargetRule

__all__ = ["HEMISPHERES", "Cortex", "demo_cortex"]

HEMISPHERES = ("lh", "rh")
RADIUS_mm = 10.0
SURFACES = ("inflated", "pial", "white")


class Cortex:
    """A response with its operators, in memory, so that a place answers within a second.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    forward : mne.Forward | path-like
        The forward solution.
    inverse : mne.minimum_norm.InverseOperator | path-like
        The inverse operator.
    subject : str
        Name of the subject's folder of FreeSurfer.
    subjects_dir : path-like
        Folder of subjects.
    noise_cov : mne.Covariance | None
        Of single epochs; None takes the one inside the inverse operator.
    rule : TargetRule | None
        How targets are made; None for the usual way.

    Examples
    --------
    >>> place = cortex.at_label("postcentral-rh")
    >>> place.hemi, place.dipole.layers
    ('rh', ('agg',))
    """

    def __init__(
        self,
        evoked: mne.Evoked,
        forward: Any,
        inverse: Any,
        subject: str,
        subjects_dir: str | Path,
        *,
        noise_cov: mne.Covariance | None = None,
        rule: TargetRule | None = None,
    ) -> None:
        self.evoked = evoked
        self.forward = read_forward(forward)
        self.inverse = open_inverse(inverse)
        self.subject, self.subjects_dir = subject, Path(subjects_dir)
        self.noise_cov = noise_of_epochs(self.inverse) if noise_cov is None else noise_cov
        self.rule = given_or_default(rule, TargetRule, "rule")
        self._trees: dict[str, KDTree] = {}
        self._nearest: dict[str, NDArray[np.intp]] = {}
        self._graphs: dict[str, Any] = {}

    # -- activation ------------------------------------------------------------------------------

    @cached_property
    def estimate(self) -> mne.SourceEstimate:
        """The source estimate of the whole cortex along the outward normal, A m, from 0 s on as the targets are."""
        evoked = with_average_reference(self.evoked)
        return apply_normal_inverse(evoked, self.inverse, method="MNE", snr=self.rule.course.snr)

    @property
    def times(self) -> FloatArray:
        """Times of the estimate, s."""
        return np.asarray(self.estimate.times)

    @cached_property
    def peak(self) -> float:
        """When the estimate is largest within the window of targets, s."""
        last = self.times[-1] if self.rule.tmax is None else self.rule.tmax
        inside = (self.times >= self.rule.tmin) & (self.times <= last)
        largest = np.abs(self.estimate.data).max(axis=0)
        return float(self.times[np.where(inside, largest, -1.0).argmax()])

    @cached_property
    def limit(self) -> float:
        """Largest size of the estimate at any time from 0 s on, A m."""
        return float(np.abs(self.estimate.data[:, self.times >= min(0.0, self.times[-1])]).max())

    def activation(self, latency: float, hemi: str = "lh") -> CortexActivation:
        """Return the estimate of a hemisphere at a time.

        Parameters
        ----------
        latency : float
            s; the nearest sample is taken.
        hemi : str
            ``'lh'`` or ``'rh'``.
        """
        check_name(hemi, HEMISPHERES, "hemisphere")
        when = check_finite(latency, "latency (s)")
        if not self.times[0] - 1e-9 <= when <= self.times[-1] + 1e-9:
            raise ParameterError(
                f"The response has {self.times[0]:g} to {self.times[-1]:g} s: {when:g} s is outside (was it in ms?)."
            )
        sample = int(np.abs(self.times - when).argmin())
        vertices, data = self._sources(hemi)
        values = np.asarray(data[:, sample], dtype=float)
        surface = values[self._nearest_source(hemi)] if len(values) else np.zeros(len(self._points(hemi)))
        return CortexActivation(
            hemi=hemi,
            time=float(self.times[sample]),
            vertices=vertices,
            values=values,
            surface=surface,
            limit=self.limit,
        )

    def _sources(self, hemi: str) -> tuple[NDArray[np.int64], FloatArray]:
        stc = self.estimate
        found = (stc.lh_vertno, stc.lh_data) if hemi == "lh" else (stc.rh_vertno, stc.rh_data)
        return np.asarray(found[0]), np.asarray(found[1])

    def _space(self, hemi: str) -> Any:
        return self.forward["src"][HEMISPHERES.index(hemi)]

    def _points(self, hemi: str) -> FloatArray:
        return np.asarray(self._space(hemi)["rr"])

    def _nearest_source(self, hemi: str) -> NDArray[np.intp]:
        """Return for each vertex of the surface the row of the source nearest to it."""
        if hemi not in self._nearest:
            vertices, _ = self._sources(hemi)
            points = self._points(hemi)
            self._nearest[hemi] = np.asarray(KDTree(points[vertices]).query(points)[1])
        return self._nearest[hemi]

    def surface(self, hemi: str, name: str = "inflated") -> tuple[FloatArray, NDArray[np.int64]]:
        """Return points (mm) and triangles of a surface; the white one where the subject has no such file."""
        check_name(hemi, HEMISPHERES, "hemisphere")
        check_name(name, SURFACES, "surface")
        folder = self.subjects_dir / self.subject
        drawn = existing_surface(folder, hemi, name)
        path = next(path for end in ("", ".T1", ".T2") if (path := folder / "surf" / f"{hemi}.{drawn}{end}").is_file())
        points, triangles = mne.read_surface(path)
        return np.asarray(points), np.asarray(triangles)

    # -- places ----------------------------------------------------------------------------------

    def at_vertex(
        self, hemi: str, vertex: int, *, radius_mm: float | None = None, area_mm2: float | None = None
    ) -> Place:
        """Return the place around a vertex: what is within a radius of the nearest source, along the surface.

        Parameters
        ----------
        hemi : str
            ``'lh'`` or ``'rh'``.
        vertex : int
            A vertex of the surface.
        radius_mm : float | None
            Radius, mm; None for 10 mm, or what `area_mm2` needs.
        area_mm2 : float | None
            Area of the disc, mm², instead of its radius.

        Raises
        ------
        ParameterError
            There is no such hemisphere or vertex, or both radius and area are given.
        DataError
            There is no source near it, or its response makes no target.
        """
        check_name(hemi, HEMISPHERES, "hemisphere")
        if radius_mm is not None and area_mm2 is not None:
            raise ParameterError("A disc has a radius or an area: give radius_mm or area_mm2, not both.")
        radius = MS * check_positive(RADIUS_mm if radius_mm is None else radius_mm, "radius_mm")
        points = self._points(hemi)
        if isinstance(vertex, bool) or not isinstance(vertex, (int, np.integer)) or not 0 <= vertex < len(points):
            raise ParameterError(f"There is no vertex {vertex!r}: the surface has 0 to {len(points) - 1}.")
        vertices, _ = self._sources(hemi)
        if not len(vertices):
            raise DataError(f"The estimate has no source in hemisphere {hemi!r}: click on the other one.")
        centre = int(vertices[self._nearest_source(hemi)[int(vertex)]])
        if np.linalg.norm(points[centre] - points[int(vertex)]) > max(2 * radius, 0.02):
            raise DataError("There is no source near this vertex (it is not cortex): click beside it.")
        if area_mm2 is None:
            reached = dijkstra(self._graph(hemi), directed=False, indices=centre, limit=radius)
            inside = np.flatnonzero(np.isfinite(reached))
        else:
            inside = self._disc_of(hemi, centre, check_positive(area_mm2, "area_mm2 (mm²)"))
        label = mne.Label(
            inside,
            hemi=hemi,
            name=f"vertex {centre}-{hemi}",
            subject=self._subject(),
            pos=points[inside],
            verbose="error",
        )
        return self._place(label, int(vertex))

    def _disc_of(self, hemi: str, centre: int, area_mm2: float) -> NDArray[np.intp]:
        """Return the vertices nearest to one along the surface whose areas add up to an area, or come next to it."""
        areas = 1e6 * vertex_areas(self._space(hemi))
        distances = dijkstra(self._graph(hemi), directed=False, indices=centre)
        nearest = np.argsort(distances, kind="stable")[: int(np.isfinite(distances).sum())]
        grown = np.cumsum(areas[nearest])
        if area_mm2 > grown[-1]:
            raise DataError(f"A hemisphere has {grown[-1]:.0f} mm²: {area_mm2:g} mm² is more than there is of it.")
        return np.sort(nearest[: 1 + int(np.abs(grown - area_mm2).argmin())])

    def _graph(self, hemi: str) -> Any:
        """Return the distances between neighbours on the white surface, m."""
        if hemi not in self._graphs:
            space = self._space(hemi)
            tris, points = space["tris"], space["rr"]
            edges = np.concatenate([tris[:, [0, 1]], tris[:, [1, 2]], tris[:, [2, 0]]])
            lengths = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
            # an edge of two triangles comes in both directions, so that none is added to itself
            table = coo_array((lengths, (edges[:, 0], edges[:, 1])), shape=(len(points), len(points)))
            self._graphs[hemi] = table.tocsr()
        return self._graphs[hemi]

    def _subject(self) -> str | None:
        found = self.forward["src"][0].get("subject_his_id")
        return None if found is None else str(found)

    def labels(self, parcellation: str = "aparc") -> list[str]:
        """Return the names of the labels of a parcellation."""
        found = mne.read_labels_from_annot(
            self.subject, parc=parcellation, subjects_dir=self.subjects_dir, verbose="error"
        )
        return [label.name for label in found]

    def at_label(self, name: str, *, parcellation: str = "aparc") -> Place:
        """Return the place of a label.

        Parameters
        ----------
        name : str
            Such as ``'postcentral-rh'``, or a ``.label`` file.
        parcellation : str
            The annotation that it is of.

        Raises
        ------
        DataError
            There is no such label, or its response makes no target.
        """
        label = find_label(name, subject=self.subject, subjects_dir=self.subjects_dir, parcellation=parcellation)
        return self._place(label, None)

    def best_place(self, name: str, *, radius_mm: float = RADIUS_mm, latency: float | None = None) -> Place:
        """Return the disc inside a label that explains the response best; see :func:`~mne_hnn.source.best_patch`.

        Parameters
        ----------
        name : str
            The label.
        radius_mm : float
            Radius, mm.
        latency : float | None
            When, s; None for where the response is largest.
        """
        label = find_label(name, subject=self.subject, subjects_dir=self.subjects_dir)
        patch = best_patch(
            self.evoked,
            label,
            self._fixed,
            noise_cov=self.noise_cov,
            radius_mm=radius_mm,
            latency=latency,
            tmin=self.rule.tmin,
            tmax=self.rule.tmax,
        )
        return self.of_label(patch.label)

    def of_label(self, label: mne.Label) -> Place:
        """Return the place of a label that is at hand."""
        return self._place(label, None)

    def _place(self, label: mne.Label, vertex: int | None) -> Place:
        begun = time.monotonic()
        with warned() as told:
            target = estimate_target(
                self.evoked,
                self.inverse,
                label,
                forward=self.forward,
                noise_cov=self.noise_cov,
                course=self.rule.course,
                polarity=self.rule.polarity,
                tmin=self.rule.tmin,
                tmax=self.rule.tmax,
                verbose="error",
            )
        return Place(
            name=str(label.name),
            hemi=str(label.hemi),
            vertex=vertex,
            label=label,
            target=target,
            warnings=tuple(told),
            seconds=time.monotonic() - begun,
        )

    # -- back to the sensors ---------------------------------------------------------------------

    def predict(self, answer: Answer, place: Place | None) -> Prediction:
        """Return what the sensors would see of an answer's dipole, beside what they measured.

        Parameters
        ----------
        answer : Answer
            A simulation.
        place : Place | None
            Where the dipole is, such as that of the session.

        Raises
        ------
        DataError
            The place is not known, or dipole and response share no time.
        """
        if place is None:
            raise DataError("Where the dipole is on this cortex is not known: click on a vertex or name a label first.")
        found: Prediction = predict_sensors(answer.dipole, place.patch, self._fixed, self.evoked, verbose="error")
        return found

    @cached_property
    def _fixed(self) -> mne.Forward:
        return open_forward(self.forward)


def demo_cortex(*, tmax: float = 0.17) -> Cortex:
    """Return the cortex of the generated recording, which is made on first use.

    Parameters
    ----------
    tmax : float
        End of targets, s.

    Examples
    --------
    >>> cortex = demo_cortex()
    >>> type(cortex).__name__
    'Cortex'
    """
    dataset = demo.demo_dataset()
    response = load_response(dataset.raw_fname, event_id=dataset.event_id)
    forward = mne.read_forward_solution(dataset.forward_fname, verbose="error")
    inverse = make_inverse(response.evoked.info, forward, response.noise_cov)
    return Cortex(
        response.evoked,
        forward,
        inverse,
        dataset.subject,
        dataset.subjects_dir,
        noise_cov=response.noise_cov,
        rule=TargetRule(tmax=tmax),
    )
