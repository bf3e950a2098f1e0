"""Density profiles: how a channel parameter changes with distance from the soma.

The distance x is the path length along the dendritic tree, in um, from end 0 of the soma to the
centre of a segment. A profile has the unit of the channel parameter it is given to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_positive
from .._value import Value
from ..errors import ParameterError

__all__ = ["PROFILES", "Density", "Exponential", "Linear", "Tabulated", "Uniform", "as_density"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Density(Value):
    """Base of all profiles: a function of the path distance from the soma.

    Examples
    --------
    >>> tuft = network.cell_types["L5_pyramidal"].sections["apical_tuft"]
    >>> isinstance(tuft.channels["ar"]["gbar"], Density)
    True
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            what = f"{type(self).__name__}: {field.name}"
            object.__setattr__(self, field.name, check_finite(getattr(self, field.name), what))

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at path distances `x` (um), an array of the same shape."""
        raise NotImplementedError

    def extremes(self) -> tuple[float, float]:
        """Return bounds of the value for all distances of at least zero."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Uniform(Density):
    """The same value everywhere.

    Parameters
    ----------
    value : float
        The value.

    Examples
    --------
    >>> import numpy as np
    >>> Uniform(0.5).at(np.array([0.0, 100.0]))
    array([0.5, 0.5])
    """

    value: float

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at path distances `x` (um), an array of the same shape."""
        return np.full(np.shape(x), self.value)

    def extremes(self) -> tuple[float, float]:
        """Return bounds of the value for all distances of at least zero."""
        return self.value, self.value


@dataclass(frozen=True, slots=True)
class Exponential(Density):
    """Exponential change: ``amplitude * (exp(rate_per_um * x) + offset)``.

    The h current of the published model has it (Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214).

    Parameters
    ----------
    amplitude : float
        Scale of the profile.
    rate_per_um : float
        Rate of change, 1/um; negative for a decrease away from the soma.
    offset : float
        Constant added to the exponential before scaling.

    Examples
    --------
    >>> import numpy as np
    >>> Exponential(1e-6, 3e-3).at(np.array([0.0, 1000.0])).round(7)
    array([1.00e-06, 2.01e-05])
    """

    amplitude: float
    rate_per_um: float
    offset: float = 0.0

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at path distances `x` (um), an array of the same shape."""
        return np.asarray(self.amplitude * (np.exp(self.rate_per_um * np.asarray(x)) + self.offset))

    def extremes(self) -> tuple[float, float]:
        """Return bounds of the value for all distances of at least zero."""
        far = self.offset if self.rate_per_um < 0 else (1 + self.offset if self.rate_per_um == 0 else math.inf)
        ends = (self.amplitude * (1 + self.offset), self.amplitude * far if self.amplitude else 0.0)
        return min(ends), max(ends)


@dataclass(frozen=True, slots=True)
class Linear(Density):
    """Linear change from `start` at the soma to `stop` at `distance_um`, constant beyond.

    Parameters
    ----------
    start, stop : float
        Values at x = 0 and from x = `distance_um` on.
    distance_um : float
        Length of the ramp, um.

    Examples
    --------
    >>> import numpy as np
    >>> Linear(1.0, 3.0, 200.0).at(np.array([0.0, 100.0, 500.0]))
    array([1., 2., 3.])
    """

    start: float
    stop: float
    distance_um: float

    def __post_init__(self) -> None:
        Density.__post_init__(self)
        check_positive(self.distance_um, "Linear: distance_um")

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at path distances `x` (um), an array of the same shape."""
        reach = np.minimum(np.asarray(x, dtype=float), self.distance_um)
        return np.asarray(self.start + reach * (self.stop - self.start) / self.distance_um)

    def extremes(self) -> tuple[float, float]:
        """Return bounds of the value for all distances of at least zero."""
        return min(self.start, self.stop), max(self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Tabulated(Density):
    """Given values at given distances, straight lines between them, constant beyond the ends.

    Parameters
    ----------
    distances_um : sequence of float
        Distances, um, in rising order.
    values : sequence of float
        One value per distance.

    Examples
    --------
    >>> import numpy as np
    >>> Tabulated([0.0, 100.0, 400.0], [1.0, 2.0, 0.0]).at(np.array([50.0, 250.0, 900.0]))
    array([1.5, 1. , 0. ])
    """

    distances_um: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        for name in ("distances_um", "values"):
            given = getattr(self, name)
            if isinstance(given, (str, Mapping)) or not hasattr(given, "__len__") or not len(given):
                raise ParameterError(f"Tabulated: {name} must be a sequence of numbers, got {given!r}.")
            object.__setattr__(self, name, tuple(check_finite(value, f"Tabulated: one of {name}") for value in given))
        if len(self.distances_um) != len(self.values):
            raise ParameterError(
                f"Tabulated: give one value per distance, got {len(self.distances_um)} and {len(self.values)}."
            )
        if any(later <= former for former, later in pairwise(self.distances_um)):
            raise ParameterError(f"Tabulated: distances_um must rise, got {self.distances_um}.")

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value at path distances `x` (um), an array of the same shape."""
        return np.asarray(np.interp(np.asarray(x, dtype=float), self.distances_um, self.values))

    def extremes(self) -> tuple[float, float]:
        """Return bounds of the value for all distances of at least zero."""
        return min(self.values), max(self.values)


#: The profiles by name, for files that store them.
PROFILES: Mapping[str, type[Density]] = {
    "uniform": Uniform,
    "exponential": Exponential,
    "linear": Linear,
    "tabulated": Tabulated,
}


def as_density(value: Any, what: str) -> Density:
    """Return a profile; a plain number becomes :class:`Uniform`.

    Raises
    ------
    ParameterError
        If the value is neither a number nor a profile.
    """
    if isinstance(value, Density):
        return value
    try:
        return Uniform(check_finite(value, what))
    except ParameterError as error:
        names = ", ".join(profile.__name__ for profile in PROFILES.values())
        raise ParameterError(
            f"{what} must be a finite number or a density profile ({names}), got {value!r}."
        ) from error
