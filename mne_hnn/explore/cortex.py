"""The cortex of one response: activation, a place that is clicked on, what the sensors would see."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from ..dipole import Dipole
from ..errors import DataError, MneHnnWarning, ParameterError
from ..source import (
    CourseOptions,
    Patch,
    Prediction,
    Target,
    apply_normal_inverse,
    demo,
    estimate_target,
    find_label,
    load_response,
    make_inverse,
    predict_sensors,
)
from ..source.inverse import noise_of_epochs, open_inverse
from ..source.patch import open_forward, read_forward
from ..source.response import with_average_reference
from ..viz.cortex import existing_surface
from .answer import Answer

__all__ = ["HEMISPHERES", "Cortex", "CortexActivation", "Place", "demo_cortex"]

HEMISPHERES = ("lh", "rh")
RADIUS_mm = 10.0
SURFACES = ("inflated", "pial", "white")


@dataclass(frozen=True, kw_only=True, eq=False)
class CortexActivation:
    """The source estimate of one hemisphere at one time.

    Attributes
    ----------
    hemi : str
        ``'lh'`` or ``'rh'``.
    time : float
        s.
    vertices : array, shape (n_sources,)
        Vertices that are sources.
    values : array, shape (n_sources,)
        Their currents along the outward normal, A m; signed.
    surface : array, shape (n_vertices,)
        The value of the nearest source for each vertex of the surface.
    limit : float
        Largest size over both hemispheres and all times, A m: the end of a colour bar that stays.
    """

    hemi: str
    time: float
    vertices: NDArray[np.int64]
    values: FloatArray
    surface: FloatArray
    limit: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A place on the cortex, and the target that its response makes.

    Attributes
    ----------
    name : str
        The label, or the vertex.
    hemi : str
        ``'lh'`` or ``'rh'``.
    vertex : int | None
        The vertex that was clicked on; None for a label.
    label : mne.Label
        Its vertices.
    target : Target
        Target dipole, patch, sign, and how much of the response the patch explains.
    warnings : tuple of str
        What is doubtful about it.
    seconds : float
        How long it took, s.
    """

    name: str
    hemi: str
    vertex: int | None
    label: mne.Label
    target: Target
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def dipole(self) -> Dipole:
        """The target, A m."""
        return self.target.dipole

    @property
    def patch(self) -> Patch:
        """Where the current flows."""
        assert self.target.patch is not None  # a forward solution was given
        return self.target.patch

    @property
    def course(self) -> tuple[FloatArray, FloatArray]:
        """Times (s) and time course of the label before its sign was decided, A m."""
        return self.target.course.times, self.target.course.course

    @property
    def sign(self) -> int:
        """1 where up is outward current as the label's course has it, -1 where the course was turned over."""
        return self.target.polarity.sign

    @property
    def confidence(self) -> float:
        """How much of the vertices' amplitude agrees with the sign, 0 to 1."""
        return self.target.polarity.confidence

    def words(self) -> str:
        """Return name, area, sign and confidence in one line."""
        return (
            f"{self.name}: {len(self.patch.vertices)} sources, {self.patch.area_mm2:.0f} mm²; "
            f"{self.target.polarity.rule}, agreement {self.confidence:.2f}"
        )


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
    course : CourseOptions | None
        How a label gets its time course and amplitude, as in :func:`~mne_hnn.source.estimate_target`.
    polarity : str | int | Component
        How the sign is decided, as in :func:`~mne_hnn.source.estimate_target`.
    tmin, tmax : float | None
        Window of targets, s.
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
        course: CourseOptions | None = None,
        polarity: Any = "normal",
        tmin: float = 0.0,
        tmax: float | None = None,
    ) -> None:
        self.evoked = evoked
        self.forward = read_forward(forward)
        self.inverse = open_inverse(inverse)
        self.subject, self.subjects_dir = subject, Path(subjects_dir)
        self.noise_cov = noise_of_epochs(self.inverse) if noise_cov is None else noise_cov
        self.course = course or CourseOptions()
        self.polarity = polarity
        self.tmin, self.tmax = tmin, tmax
        self._trees: dict[str, KDTree] = {}
        self._nearest: dict[str, NDArray[np.intp]] = {}
        self._graphs: dict[str, Any] = {}

    # -- activation ------------------------------------------------------------------------------

    @cached_property
    def estimate(self) -> mne.SourceEstimate:
        """The source estimate of the whole cortex along the outward normal, A m, from 0 s on as the targets are."""
        evoked = with_average_reference(self.evoked)
        return apply_normal_inverse(evoked, self.inverse, method="MNE", snr=self.course.snr)

    @property
    def times(self) -> FloatArray:
        """Times of the estimate, s."""
        return np.asarray(self.estimate.times)

    @cached_property
    def peak(self) -> float:
        """When the estimate is largest within the window of targets, s."""
        last = self.times[-1] if self.tmax is None else self.tmax
        inside = (self.times >= self.tmin) & (self.times <= last)
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
        path = next(
            path for end in ("", ".T1", ".T2") if (path := folder / "surf" / f"{hemi}.{drawn}{end}").is_file()
        )
        points, triangles = mne.read_surface(path)
        return np.asarray(points), np.asarray(triangles)

    # -- places ----------------------------------------------------------------------------------

    def at_vertex(self, hemi: str, vertex: int, *, radius_mm: float = RADIUS_mm) -> Place:
        """Return the place around a vertex: what is within a radius of the nearest source, along the surface.

        Parameters
        ----------
        hemi : str
            ``'lh'`` or ``'rh'``.
        vertex : int
            A vertex of the surface.
        radius_mm : float
            Radius, mm.

        Raises
        ------
        ParameterError
            There is no such hemisphere or vertex.
        DataError
            There is no source near it, or its response makes no target.
        """
        check_name(hemi, HEMISPHERES, "hemisphere")
        radius = MS * check_positive(radius_mm, "radius_mm")
        points = self._points(hemi)
        if isinstance(vertex, bool) or not isinstance(vertex, (int, np.integer)) or not 0 <= vertex < len(points):
            raise ParameterError(f"There is no vertex {vertex!r}: the surface has 0 to {len(points) - 1}.")
        vertices, _ = self._sources(hemi)
        if not len(vertices):
            raise DataError(f"The estimate has no source in hemisphere {hemi!r}: click on the other one.")
        centre = int(vertices[self._nearest_source(hemi)[int(vertex)]])
        if np.linalg.norm(points[centre] - points[int(vertex)]) > max(2 * radius, 0.02):
            raise DataError("There is no source near this vertex (it is not cortex): click beside it.")
        reached = dijkstra(self._graph(hemi), directed=False, indices=centre, limit=radius)
        inside = np.flatnonzero(np.isfinite(reached))
        label = mne.Label(
            inside, hemi=hemi, name=f"vertex {centre}-{hemi}", subject=self._subject(), pos=points[inside], verbose="error"
        )
        return self._place(label, int(vertex))

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

    def _place(self, label: mne.Label, vertex: int | None) -> Place:
        import time

        begun = time.monotonic()
        with _told() as told:
            target = estimate_target(
                self.evoked,
                self.inverse,
                label,
                forward=self.forward,
                noise_cov=self.noise_cov,
                course=self.course,
                polarity=self.polarity,
                tmin=self.tmin,
                tmax=self.tmax,
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
        return predict_sensors(answer.dipole, place.patch, self._fixed, self.evoked, verbose="error")

    @cached_property
    def _fixed(self) -> mne.Forward:
        return open_forward(self.forward)


@contextmanager
def _told() -> Iterator[list[str]]:
    """Yield a list that has our warnings, which are shown beside the place, once this ends."""
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    found += dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, MneHnnWarning))


def demo_cortex(*, tmax: float = 0.17) -> Cortex:
    """Return the cortex of the generated recording, which is made on first use.

    Parameters
    ----------
    tmax : float
        End of targets, s.
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
        tmax=tmax,
    )
