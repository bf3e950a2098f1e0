"""Which way is up: explicit rules for the sign of a target, and how far the data support them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_finite, check_name, check_positive
from .._types import FloatArray
from .._units import MS
from ..errors import DataError, ParameterError
from .latency import milliseconds

__all__ = ["Component", "Polarity", "decide_polarity", "parse_polarity"]

DIRECTIONS = ("up", "down")
LARGEST_HALF_WIDTH_s = 0.5


@dataclass(frozen=True, kw_only=True)
class Component:
    """A named deflection of the response whose direction is known.

    Attributes
    ----------
    latency : float
        s.
    points : str
        ``'up'`` (current from deep to superficial layers) or ``'down'``.
    half_width : float
        The largest deflection within this distance of `latency` counts, s.
    name : str
        For example ``'M40'``.

    Examples
    --------
    >>> m40 = Component(latency=0.040, points="down", name="M40")
    >>> estimate_target(evoked, inverse, patch.label, forward=forward, polarity=m40).polarity.sign in (1, -1)
    True
    """

    latency: float
    points: str
    half_width: float = 0.008
    name: str = "component"

    def __post_init__(self) -> None:
        check_finite(self.latency, "latency of the component")
        check_name(self.points, DIRECTIONS, "direction of the component")
        if check_positive(self.half_width, "half_width of the component") > LARGEST_HALF_WIDTH_s:
            raise ParameterError(
                f"half_width of the component is in s and at most {LARGEST_HALF_WIDTH_s:g}, got {self.half_width:g}: "
                "was it given in ms?"
            )


@dataclass(frozen=True, kw_only=True)
class Polarity:
    """The sign a time course was multiplied with, why, and how far its vertices agree.

    Attributes
    ----------
    rule : str
        The rule in words.
    sign : int
        1 or -1: what the course, as it came, was multiplied with.
    confidence : float
        Agreement: share of the vertices' amplitude whose outward current goes along with the final course, 0 to 1.
        0.5 is a toss of a coin; less says that the rule contradicts the cortical normals.
    outward : int
        1 if up is outward current in the final course, -1 if the rule turned it over.

    Examples
    --------
    >>> polarity = estimate_target(evoked, inverse, patch.label, forward=forward).polarity
    >>> polarity.rule, polarity.outward
    ('normal: outward current (deep to superficial layers) is up', 1)
    """

    rule: str
    sign: int
    confidence: float
    outward: int


def parse_polarity(rule: Any) -> str | int | Component:
    """Return a polarity rule from what a user writes.

    Parameters
    ----------
    rule : str | int | Component | mapping
        ``'normal'``, 1, -1, a component, or a component's fields: ``{'latency': 0.04, 'points': 'down'}``.
    """
    if isinstance(rule, Component):
        return rule
    if isinstance(rule, Mapping):
        fields = tuple(Component.__dataclass_fields__)
        for name in rule:
            check_name(name, fields, "field", where="of the polarity's component")
        missing = [name for name in ("latency", "points") if name not in rule]
        if missing:
            raise ParameterError(f"The polarity's component has no {missing[0]}: give latency (s) and points.")
        return Component(**rule)
    if isinstance(rule, str):
        return check_name(rule, ("normal",), "polarity rule", where="(a component or a sign, 1 or -1, will do, too)")
    if not isinstance(rule, bool) and isinstance(rule, (int, float)) and rule in (1, -1):
        return int(rule)
    raise ParameterError(f"polarity must be 'normal', a component (latency, points), 1 or -1, got {rule!r}.")


def decide_polarity(
    course: FloatArray,
    times: FloatArray,
    vertex_courses: FloatArray,
    rule: Any,
    *,
    outward_sign: int | None = None,
    share: float | None = None,
) -> Polarity:
    """Decide the sign of a course.

    Parameters
    ----------
    course : array, shape (n_times,)
        As it came; its sign may be arbitrary.
    times : array, shape (n_times,)
        s.
    vertex_courses : array, shape (n_vertices, n_times)
        Normal-oriented courses of its vertices, positive outward.
    rule : str | int | Component | mapping
        See :func:`parse_polarity`. A sign multiplies the course as the rule ``'normal'`` would leave it, so that it
        does not depend on the arbitrary sign of a principal component.
    outward_sign : int | None
        Sign of the course with respect to the outward current, if that is known otherwise (from the sensors); None
        takes the majority of the vertices, weighted by amplitude.
    share : float | None
        Share of the amplitude that goes along with the course, 0 to 1, if that is known otherwise (a fitted dipole has
        no vertices).

    Returns
    -------
    polarity : Polarity
        Rule, sign and confidence.
    """
    parsed = parse_polarity(rule)
    share = _outward_share(course, vertex_courses) if share is None else share
    outward = outward_sign or (1 if share >= 0.5 else -1)
    if parsed == "normal":
        words, sign = "normal: outward current (deep to superficial layers) is up", outward
    elif isinstance(parsed, Component):
        near = np.flatnonzero(np.abs(times - parsed.latency) <= parsed.half_width)
        if not len(near):
            raise DataError(
                f"The component at {parsed.latency:g} s lies outside the response, {times[0]:g} to {times[-1]:g} s"
                f"{milliseconds(parsed.latency)}."
            )
        peak = near[np.abs(course[near]).argmax()]
        sign = int(math.copysign(1, course[peak])) * (1 if parsed.points == "up" else -1)
        words = f"component: {parsed.name} near {parsed.latency / MS:g} ms points {parsed.points}"
    else:
        words, sign = f"sign: {'as' if parsed == 1 else 'opposite to'} the outward current", outward * int(parsed)
    confidence = share if sign == 1 else 1.0 - share
    return Polarity(rule=words, sign=sign, confidence=confidence, outward=sign * outward)


def _outward_share(course: FloatArray, vertex_courses: FloatArray) -> float:
    """Return the share of the vertices' amplitude that goes along with the course, 0 to 1."""
    amplitudes = np.linalg.norm(vertex_courses, axis=1)
    if not amplitudes.any():
        return 0.5
    along = vertex_courses @ course > 0
    return float(amplitudes[along].sum() / amplitudes.sum())
