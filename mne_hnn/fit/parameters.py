"""What a fit may change: one number of a network, or several that change together, with bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._checks import check_finite, check_label, check_name
from .._value import Value
from ..errors import ParameterError

__all__ = ["SCALES", "Parameter", "as_parameters"]

#: How the range of a parameter is laid out on its side of the unit cube.
SCALES: tuple[str, ...] = ("linear", "log")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter(Value):
    """One number that a fit may change, and how far.

    Parameters
    ----------
    path : str
        Where it is in the network, such as ``"drives.evprox1.mu_ms"``; see :func:`list_paths`. With the `apply` of a
        fit, also a name of one's own, which that function interprets.
    low, high : float
        Its bounds, both included, in its own unit.
    scale : str
        ``"linear"``, or ``"log"`` to search orders of magnitude alike.
    fixed : float | None
        The value at which it is held; None to search it.
    tied : sequence of str
        Paths of other numbers that always take the same value, as the weights of two drives that are to stay equal.
    start : float | None
        Where the search begins; None is the network's own value, which a name of one's own does not have.

    Raises
    ------
    ParameterError
        If the bounds, a fixed value or a start and the bounds, do not fit together, or a path is tied twice.

    Examples
    --------
    >>> weight = "drives.evprox1.weights_ampa.L5_pyramidal"
    >>> Parameter(path=weight, low=1e-5, high=1e-2, scale="log").paths
    ('drives.evprox1.weights_ampa.L5_pyramidal',)
    """

    path: str
    low: float
    high: float
    scale: str = "linear"
    fixed: float | None = None
    tied: Sequence[str] = ()
    start: float | None = None

    def __post_init__(self) -> None:
        what = f"Parameter {check_label(self.path, 'The path of a parameter')!r}"
        low, high = check_finite(self.low, f"{what}: low"), check_finite(self.high, f"{what}: high")
        check_name(self.scale, SCALES, "scale", where=f"of parameter {self.path!r}")
        if low > high:
            raise ParameterError(f"{what}: the bounds {low:g} and {high:g} are the wrong way round: swap them.")
        if low == high:
            raise ParameterError(f"{what}: both bounds are {low:g}: give a range, and fixed to hold it at a value.")
        if not math.isfinite(high - low):
            raise ParameterError(f"{what}: the range from {low:g} to {high:g} is too wide: narrow it.")
        if self.scale == "log" and low <= 0:
            raise ParameterError(
                f"{what}: a log scale needs a lower bound above 0, got {low:g}: raise it or take scale='linear'."
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        for name in ("fixed", "start"):
            value = getattr(self, name)
            if value is not None:
                value = check_finite(value, f"{what}: {name}")
                if not low <= value <= high:
                    raise ParameterError(
                        f"{what}: {name} must be within the bounds {low:g} to {high:g}, got {value:g}."
                    )
                object.__setattr__(self, name, value)
        if self.fixed is not None and self.start is not None:
            raise ParameterError(f"{what}: it is held at {self.fixed:g} and cannot start anywhere: leave out start.")
        object.__setattr__(self, "tied", _tied(self.tied, self.path, what))

    @property
    def paths(self) -> tuple[str, ...]:
        """All numbers that take its value: its own path and those that are tied to it."""
        return (self.path, *self.tied)


def _tied(given: Any, path: str, what: str) -> tuple[str, ...]:
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise ParameterError(f"{what}: tied must be a list of paths, such as ['drives.evprox2.mu_ms'], got {given!r}.")
    tied = tuple(check_label(one, f"{what}: a tied path") for one in given)
    if len({path, *tied}) != 1 + len(tied):
        raise ParameterError(f"{what}: a path is tied to it twice, or to itself: leave one out.")
    return tied


def as_parameters(given: Any) -> tuple[Parameter, ...]:
    """Return what a user gave as parameters: one, or several.

    Raises
    ------
    ParameterError
        It is something else; the sentence says what is accepted.
    """
    if isinstance(given, Parameter):
        return (given,)
    listed = tuple(given) if isinstance(given, Iterable) and not isinstance(given, (str, Mapping)) else (given,)
    for parameter in listed:
        if not isinstance(parameter, Parameter):
            value = f" ({parameter!r})" if isinstance(parameter, str) else " (...)" if parameter is ... else ""
            raise ParameterError(
                "parameters must be Parameter values, such as [Parameter(path='drives.evprox1.mu_ms', low=20, "
                "high=40)], or what evoked_parameters(network) or rhythmic_parameters(network) return, got "
                f"{type(parameter).__name__}{value}: list_paths(network) names all paths."
            )
    return listed
