"""The time course of a label, from the source estimates of its vertices."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_name, check_positive
from .._value import Value
from ..errors import ParameterError
from .inverse import method_unit
from .label import label_vertices
from .latency import milliseconds

__all__ = ["AMPLITUDES", "MODES", "CourseOptions", "LabelCourse", "label_course"]

MODES = ("mean_flip", "pca_flip", "peak", "patch")
"""How a label becomes one time course; ``'patch'`` fits its patch to the sensors and needs no source estimate."""
AMPLITUDES = ("patch", "estimate", "arbitrary")


@dataclass(frozen=True, kw_only=True)
class CourseOptions(Value):
    """How a label gets its time course and its amplitude; what it is given is checked when it is made.

    Parameters
    ----------
    method : str
        Inverse method: ``'MNE'``, ``'dSPM'``, ``'sLORETA'``, ``'eLORETA'``.
    snr : float
        Assumed signal-to-noise ratio; sets the regularisation.
    mode : str
        Shape of the time course: ``'patch'``, the moment of the label's patch fitted to the sensors at each time, or
        ``'mean_flip'``, ``'pca_flip'``, ``'peak'`` of the inverse estimate.
    amplitude : str
        ``'patch'`` brings the course to the moment, in nA m, with which the label's patch explains the sensors best.
        ``'estimate'`` leaves the inverse method's values, in nA m for ``'MNE'`` (shrunk by regularisation and spread:
        often by orders of magnitude) and refused for methods without unit. ``'arbitrary'`` brings the course to a
        largest value of 1, for fits that find the scale.

    Raises
    ------
    ParameterError
        An unknown method, mode or amplitude, or an amplitude in nA m of a method without unit.

    Examples
    --------
    >>> options = CourseOptions(mode="mean_flip")
    >>> estimate_target(evoked, inverse, patch.label, forward=forward, course=options).course.mode
    'mean_flip'
    """

    method: str = "MNE"
    snr: float = 3.0
    mode: str = "patch"
    amplitude: str = "patch"

    def __post_init__(self) -> None:
        unit = method_unit(self.method)
        check_name(self.mode, MODES, "mode of the label time course")
        check_name(self.amplitude, AMPLITUDES, "amplitude")
        if self.amplitude == "estimate" and unit is None and self.mode != "patch":
            raise ParameterError(
                f"{self.method} values have no unit of current, so amplitude='estimate' cannot be in nA m: take "
                "method='MNE', amplitude='patch' (fitted to the sensors) or amplitude='arbitrary'."
            )
        object.__setattr__(self, "snr", check_positive(self.snr, "snr"))


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelCourse:
    """One time course of a label, its sign not yet decided, and the courses it is made of.

    Attributes
    ----------
    times : array, shape (n_times,)
        s.
    course : array, shape (n_times,)
        The label's time course.
    unit : str | None
        ``'A m'``, or None if the inverse method's values have no unit.
    mode : str
        How it was made.
    vertices : array, shape (n_vertices,)
        The sources of the label.
    vertex_courses : array, shape (n_vertices, n_times)
        Their normal-oriented courses, positive outward.

    Examples
    --------
    >>> stc = apply_normal_inverse(evoked, inverse)
    >>> course = label_course(stc, label, inverse["src"], mode="mean_flip")
    >>> course.unit, course.vertex_courses.shape == (len(course.vertices), len(course.times))
    ('A m', True)
    """

    times: NDArray[np.float64]
    course: NDArray[np.float64]
    unit: str | None
    mode: str
    vertices: NDArray[np.int64]
    vertex_courses: NDArray[np.float64]

    def __repr__(self) -> str:
        return (
            f"<LabelCourse | {self.mode}, {len(self.vertices)} vertices, {len(self.times)} times, "
            f"{self.times[0]:.3g} to {self.times[-1]:.3g} s, {self.unit or 'without unit'}>"
        )


def label_course(
    stc: mne.SourceEstimate,
    label: mne.Label,
    src: mne.SourceSpaces,
    *,
    mode: str = "mean_flip",
    unit: str | None = "A m",
    tmin: float = 0.0,
    tmax: float | None = None,
) -> LabelCourse:
    """Return the time course of a label.

    Parameters
    ----------
    stc : mne.SourceEstimate
        Normal-oriented source estimate, of :func:`apply_normal_inverse`.
    label : mne.Label
        The label.
    src : mne.SourceSpaces
        Source space of the estimate (``inverse['src']``).
    mode : str
        ``'mean_flip'`` and ``'pca_flip'`` as in :func:`mne.extract_label_time_course`; ``'peak'`` is the vertex with
        the largest absolute value between `tmin` and `tmax`.
    unit : str | None
        Unit of the estimate.
    tmin, tmax : float | None
        Where ``'peak'`` looks, s.

    Returns
    -------
    course : LabelCourse
        With the courses of the vertices.

    Examples
    --------
    >>> stc = apply_normal_inverse(evoked, inverse)
    >>> course = label_course(stc, label, inverse["src"], mode="pca_flip")
    >>> len(course.times) == len(course.course)
    True
    """
    check_name(mode, MODES[:3], "mode of the label time course")
    if mode != "peak" and (tmin != 0.0 or tmax is not None):
        raise ParameterError(f"tmin and tmax say where mode='peak' looks: leave them out with mode={mode!r}.")
    if not isinstance(stc, mne.SourceEstimate):
        raise ParameterError(
            "stc must be an mne.SourceEstimate with the normal component of the current, of apply_normal_inverse, got "
            f"{type(stc).__name__}."
        )
    _, vertices = label_vertices(label, src)
    vertex_courses = stc.in_label(label).data
    if mode == "peak":
        first, last = check_finite(tmin, "tmin"), stc.times[-1] if tmax is None else check_finite(tmax, "tmax")
        window = (stc.times >= first) & (stc.times <= last)
        if not window.any():
            raise ParameterError(
                f"The estimate ({stc.times[0]:g} to {stc.times[-1]:g} s) has nothing from {first:g} to {last:g} s"
                f"{milliseconds(first, last)}."
            )
        course = vertex_courses[np.abs(vertex_courses[:, window]).max(axis=1).argmax()]
    else:
        course = mne.extract_label_time_course(stc, label, src, mode=mode, verbose="error")[0]
    return LabelCourse(
        times=stc.times,
        course=np.array(course),
        unit=unit,
        mode=mode,
        vertices=vertices,
        vertex_courses=vertex_courses,
    )
