"""What a file of source time courses holds, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._types import FloatArray

__all__ = ["Courses", "Trial"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """The courses of one trial, condition or average.

    Attributes
    ----------
    times : array, shape (n_times,)
        In the unit of the file.
    data : array, shape (n_courses, n_components, n_times)
        Moments in the unit of the file; one component, or three along the axes of the file's coordinates. Complex or
        not finite values are refused once they are chosen.
    name : str | None
        Such as the condition.
    bad : bool
        Whether it is marked to be left out.
    nave : int
        How many trials it is the average of.
    """

    times: FloatArray
    data: Any
    name: str | None = None
    bad: bool = False
    nave: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", np.asarray(self.times, dtype=float).ravel())


@dataclass(frozen=True, kw_only=True, eq=False)
class Courses:
    """All courses of a file, before one is chosen.

    Attributes
    ----------
    software, form : str
        What wrote the file, and what of it this is: ``'Brainstorm'``, ``'scout time series'``.
    noun : str
        What a course is called there: ``'scout'``, ``'channel'``, ``'position'``, ``'column'``, ``'dipole'``.
    names : tuple of str
        Of the courses, in their order; empty where they have none.
    trials : tuple of Trial
        At least one.
    unit : str | None
        Of the moments, as the file says; None if it does not.
    time_unit : str | None
        Of the times, as the format fixes it or the file says; None if neither.
    axis : array, shape (n_courses, 3) | None
        The direction that is taken of three components where the user names none.
    facts : mapping of str to object
        What else goes into the provenance.
    assumed : tuple of str
        What the format leaves open, in words.
    default : int | None
        The course that is taken where the user names none, from 0; None if one must be named.
    """

    software: str
    form: str
    noun: str
    names: tuple[str, ...]
    trials: tuple[Trial, ...]
    unit: str | None = None
    time_unit: str | None = None
    axis: FloatArray | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    default: int | None = None

    def __len__(self) -> int:
        return len(self.trials[0].data)

    def name_of(self, index: int) -> str:
        """Return what a course is called, its number where it has no name."""
        return self.names[index] if self.names else f"{self.noun} {index + 1}"
