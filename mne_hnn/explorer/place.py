"""What the cortex shows at one time, and a place on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from .._types import FloatArray
from .._value import Value
from ..dipole import Dipole
from ..source import CourseOptions, Patch, Target

__all__ = ["CortexActivation", "Place", "TargetRule"]


_SURE = ((0.9, "clear"), (0.7, "likely"), (0.0, "doubtful (50 % is a toss of a coin)"))
"""From which confidence on a sign is what, in words."""


@dataclass(frozen=True, kw_only=True)
class TargetRule(Value):
    """How the response of a place becomes a target, as in :func:`~mne_hnn.source.estimate_target`.

    Parameters
    ----------
    course : CourseOptions
        How a label gets its time course and amplitude.
    polarity : str | int | Component | mapping
        How the sign is decided.
    tmin, tmax : float | None
        Window, s.

    Examples
    --------
    >>> TargetRule(polarity={"latency": 0.040, "points": "down"}, tmax=0.1).course.mode
    'patch'
    """

    course: CourseOptions = field(default_factory=CourseOptions)
    polarity: Any = "normal"
    tmin: float = 0.0
    tmax: float | None = None


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

    Examples
    --------
    >>> activation = cortex.activation(0.040, "rh")
    >>> activation.values.shape == activation.vertices.shape
    True
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

    Examples
    --------
    >>> place = cortex.at_label("postcentral-rh")
    >>> place.name, place.vertex is None
    ('postcentral-rh', True)
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
        """Return name, area, sign and its confidence in words."""
        return (
            f"{self.name}: {len(self.patch.vertices)} source{'s' if len(self.patch.vertices) > 1 else ''}, "
            f"{self.patch.area_mm2:.0f} mm². {self.sign_words()}"
        )

    def sign_words(self) -> str:
        """Return which way is up, and how sure that is."""
        outward = self.target.polarity.outward == 1
        agree = self.confidence if outward else 1.0 - self.confidence
        sure = next(words for least, words in _SURE if agree >= least)
        return (
            f"Up is current {'out of' if outward else 'into'} the cortex; {agree:.0%} of its vertices' amplitude "
            f"agree: the sign is {sure}."
        )
