"""The time course of a place by each way to get one, beside the target that was taken."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np

from .._types import FloatArray
from ..errors import ParameterError
from ..source.course import label_course
from ..source.inverse import method_unit
from .place import Place, TargetRule

__all__ = ["WAYS", "PlaceCourse", "place_courses"]

WAYS = {
    "patch": "moment of the patch, fitted to the sensors",
    "mean_flip": "mean of the vertices, flipped to one side",
    "pca_flip": "first principal component of the vertices",
    "peak": "vertex with the largest value",
}
"""Each way to get one time course of a place, in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaceCourse:
    """A time course of a place.

    Attributes
    ----------
    way : str
        A key of :data:`WAYS`.
    times : array, shape (n_times,)
        s.
    values : array, shape (n_times,)
        In the unit of the target, A m where it has one: the target itself, or a course times `factor`.
    factor : float
        What brings the course closest to the target by least squares; below 0 where its sign is the other one.
    used : bool
        Whether it is the target.
    """

    way: str
    times: FloatArray
    values: FloatArray
    factor: float
    used: bool


def place_courses(place: Place, src: mne.SourceSpaces, rule: TargetRule) -> list[PlaceCourse]:
    """Return the target of a place, and the courses that other ways would have given, each brought to its size.

    Parameters
    ----------
    place : Place
        The place.
    src : mne.SourceSpaces
        Source space of the inverse operator.
    rule : TargetRule
        How the target was made.
    """
    target, activity = place.dipole, place.target.activity
    times, wanted = np.asarray(target.times), np.asarray(target["agg"])
    used = rule.course.mode
    found = [PlaceCourse(way=used, times=times, values=wanted, factor=1.0, used=True)]
    if activity is None:
        return found
    unit = method_unit(rule.course.method)
    for way in WAYS:
        if way in (used, "patch"):
            continue
        window = {"tmin": float(times[0]), "tmax": float(times[-1])} if way == "peak" else {}
        try:
            course = label_course(activity, place.label, src, mode=way, unit=unit, **window)
        except (ParameterError, ValueError):  # a label too small for it
            continue
        values = np.interp(times, course.times, course.course)
        power = float(values @ values)
        factor = float(values @ wanted) / power if power else 0.0
        found.append(PlaceCourse(way=way, times=times, values=factor * values, factor=factor, used=False))
    return found
