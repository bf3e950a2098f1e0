"""What a fit may change: numbers of a network with bounds, and the unit cube they span."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from .._checks import check_finite, check_label, check_name, check_positive
from .._types import FloatArray
from .._value import Value
from ..errors import ParameterError
from ..network import BurstyDrive, Drive, EvokedDrive, Network
from ..network.paths import WEIGHT_FIELDS, get_value, locate, set_values

__all__ = ["SCALES", "Parameter", "ParameterSpace", "as_parameters", "evoked_parameters", "rhythmic_parameters"]

D = TypeVar("D", bound=Drive)

#: How the range of a parameter is laid out on its side of the unit cube.
SCALES: tuple[str, ...] = ("linear", "log")
MAX_WEIGHT_US = 10.0
"""No ready set lets a drive's weight grow beyond this, uS."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter(Value):
    """One number that a fit may change, and how far.

    Parameters
    ----------
    path : str
        Where it is in the network, such as ``"drives.evprox1.mu_ms"``; see :func:`list_paths`.
    low, high : float
        Its bounds, both included, in its own unit.
    scale : str
        ``"linear"``, or ``"log"`` to search orders of magnitude alike.
    fixed : float | None
        The value at which it is held; None to search it.

    Raises
    ------
    ParameterError
        If the bounds, or a fixed value and the bounds, do not fit together.
    """

    path: str
    low: float
    high: float
    scale: str = "linear"
    fixed: float | None = None

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
        if self.fixed is not None:
            fixed = check_finite(self.fixed, f"{what}: fixed")
            if not low <= fixed <= high:
                raise ParameterError(f"{what}: fixed must be within the bounds {low:g} to {high:g}, got {fixed:g}.")
            object.__setattr__(self, "fixed", fixed)


class ParameterSpace:
    """The parameters of a fit as a unit cube: 0 is the lower bound of each, 1 the upper one.

    Parameters
    ----------
    parameters : sequence of Parameter
        What is searched or held.
    network : Network
        The network they belong to; all that they do not name stays as it is there.

    Attributes
    ----------
    parameters : tuple of Parameter
        All of them, as given.
    free : tuple of Parameter
        Those that are searched: the sides of the cube.
    names : tuple of str
        The paths of the free ones.
    n_free : int
        Their number.

    Raises
    ------
    ParameterError
        If a path does not exist in the network or comes twice, or nothing is left to search.
    """

    def __init__(self, parameters: Iterable[Parameter], network: Network) -> None:
        if not isinstance(network, Network):
            raise ParameterError(f"A ParameterSpace needs a Network, got {type(network).__name__}.")
        self.parameters: tuple[Parameter, ...] = as_parameters(parameters)
        seen: set[str] = set()
        for parameter in self.parameters:
            if parameter.path in seen:
                raise ParameterError(f"Parameter {parameter.path!r} is there twice: leave one out.")
            seen.add(parameter.path)
            locate(network, parameter.path)
        self.free: tuple[Parameter, ...] = tuple(p for p in self.parameters if p.fixed is None)
        if not self.free:
            state = "all are fixed" if self.parameters else "none is given"
            raise ParameterError(f"There is no parameter to search ({state}): at least one must be free.")
        self.names: tuple[str, ...] = tuple(p.path for p in self.free)
        self.n_free: int = len(self.free)
        self._network = network
        self._low = np.array([p.low for p in self.free])
        self._high = np.array([p.high for p in self.free])
        self._log = np.array([p.scale == "log" for p in self.free])
        self._from, self._to = self._scale(self._low), self._scale(self._high)
        # bounds so close that their logarithms are equal still make a side of the cube
        self._width = np.where(self._to > self._from, self._to - self._from, 1.0)

    def __repr__(self) -> str:
        return f"<ParameterSpace of {self._network.name!r}: {self.n_free} free of {len(self.parameters)} parameters>"

    def _scale(self, values: FloatArray) -> FloatArray:
        """Return values within the bounds as they lie on their scales."""
        scaled = values.copy()
        scaled[self._log] = np.log(values[self._log])
        return scaled

    @property
    def start(self) -> FloatArray:
        """Where the network itself lies, shape (n_free,); a value beyond a bound is put on the bound."""
        return self.encode({name: get_value(self._network, name) for name in self.names})

    def decode(self, unit: FloatArray | Sequence[float]) -> dict[str, float]:
        """Return the values at a point of the cube.

        Parameters
        ----------
        unit : array, shape (n_free,)
            The point; coordinates beyond 0 to 1 are put on the bound.

        Returns
        -------
        dict of str to float
            The values by path, fixed ones included. 0 and 1 give the bounds exactly.

        Raises
        ------
        ParameterError
            If the point has another number of coordinates, or one is not a number.
        """
        try:
            point = np.asarray(unit, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"A point of the unit cube must be {self.n_free} numbers, got {unit!r}.") from error
        if point.shape != (self.n_free,):
            raise ParameterError(
                f"A point of the unit cube must have shape ({self.n_free},), one per free parameter, got {point.shape}."
            )
        missing = np.isnan(point)
        if missing.any():
            raise ParameterError(f"The coordinate of {self.names[int(missing.argmax())]!r} is not a number (NaN).")
        point = np.clip(point, 0.0, 1.0)
        values = self._from * (1.0 - point) + self._to * point
        values[self._log] = np.exp(values[self._log])
        values = np.clip(values, self._low, self._high)
        values = np.where(point == 0.0, self._low, np.where(point == 1.0, self._high, values))
        found = dict(zip(self.names, values.tolist(), strict=True))
        return {p.path: found[p.path] if p.fixed is None else p.fixed for p in self.parameters}

    def encode(self, values: Mapping[str, float]) -> FloatArray:
        """Return the point of the cube at which the free parameters have some values.

        Parameters
        ----------
        values : mapping of str to float
            A value for each free parameter, by path; one beyond a bound is put on the bound. Values of
            fixed parameters may be there, and have no effect.

        Returns
        -------
        array, shape (n_free,)
            The point, each coordinate from 0 to 1.

        Raises
        ------
        ParameterError
            If a free parameter has no value, or there is a value for one that this space does not have.
        """
        known = [p.path for p in self.parameters]
        for path in values:
            check_name(path, known, "parameter")
        for name in self.names:
            if name not in values:
                raise ParameterError(f"There is no value for {name!r}: give one for each free parameter.")
        numbers = np.array([check_finite(values[name], f"Parameter {name!r}") for name in self.names])
        scaled = self._scale(np.clip(numbers, self._low, self._high))
        return np.clip((scaled - self._from) / self._width, 0.0, 1.0)

    def network(self, unit: FloatArray | Sequence[float]) -> Network:
        """Return the network at a point of the cube; see :meth:`decode`."""
        return set_values(self._network, self.decode(unit))


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


# -- ready sets --------------------------------------------------------------------------------


def _chosen(network: Network, kind: type[D], names: Iterable[str] | None, remedy: str) -> list[D]:
    found = {name: drive for name, drive in network.drives.items() if isinstance(drive, kind)}
    if not found:
        raise ParameterError(f"Network {network.name!r} has no {kind.kind} drive to fit: add one with {remedy}.")
    if names is None:
        return list(found.values())
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise ParameterError(f"No {kind.kind} drive is named: name one of {', '.join(map(repr, found))}, or give None.")
    return [found[check_name(name, found, f"{kind.kind} drive")] for name in dict.fromkeys(asked)]


def _around(drive: Drive, field: str, low: float, high: float, scale: str = "linear") -> Parameter:
    """Return a parameter for a field of a drive, with bounds widened to include its own value."""
    own = getattr(drive, field)
    bounds = {"low": min(low, own) if scale == "linear" or own > 0 else low, "high": max(high, own)}
    return Parameter(path=f"drives.{drive.name}.{field}", scale=scale, **bounds)


def _weights(drive: Drive, factor: float, maximum: float = math.inf) -> list[Parameter]:
    return [
        Parameter(
            path=f"drives.{drive.name}.{field}.{cell_type}",
            low=own / factor,
            high=max(own, min(own * factor, maximum)),
            scale="log",
        )
        for field in WEIGHT_FIELDS
        for cell_type, own in getattr(drive, field).items()
        if own > 0
    ]


def evoked_parameters(
    network: Network,
    *,
    times: bool = True,
    spreads: bool = True,
    weights: bool = True,
    range_ms: float = 15.0,
    weight_factor: float = 30.0,
    drives: Iterable[str] | None = None,
) -> tuple[Parameter, ...]:
    """Return what is usually searched for an evoked response.

    Parameters
    ----------
    network : Network
        With evoked drives.
    times : bool
        Whether to search the mean times, `range_ms` to either side of the present ones. A drive that
        arrives from 0 ms on stays there.
    spreads : bool
        Whether to search their standard deviations, from 1 to 25 ms and including the present one;
        from 0.5 ms for a drive that has none.
    weights : bool
        Whether to search the weights above 0, by `weight_factor` up and down but up to 10 uS.
    range_ms : float
        How far a drive may move, ms.
    weight_factor : float
        By how much a weight may grow or shrink.
    drives : iterable of str | None
        Names of the drives; None for all evoked ones.

    Returns
    -------
    tuple of Parameter
        The parameters, by drive.

    Raises
    ------
    ParameterError
        If the network has no evoked drive, or none of a name.
    """
    range_ms = check_positive(range_ms, "range_ms")
    weight_factor = check_finite(weight_factor, "weight_factor")
    if weight_factor <= 1:
        raise ParameterError(f"weight_factor must be above 1, got {weight_factor:g}.")
    found: list[Parameter] = []
    for drive in _chosen(network, EvokedDrive, drives, "with_evoked_drive"):
        if times:
            earliest = drive.mu_ms - range_ms
            found.append(
                _around(drive, "mu_ms", earliest if drive.mu_ms < 0 else max(earliest, 0.0), drive.mu_ms + range_ms)
            )
        if spreads:
            found.append(_around(drive, "sigma_ms", 1.0 if drive.sigma_ms else 0.5, 25.0, "log"))
        if weights:
            found += _weights(drive, weight_factor, MAX_WEIGHT_US)
    return tuple(found)


def rhythmic_parameters(network: Network, *, drives: Iterable[str] | None = None) -> tuple[Parameter, ...]:
    """Return what is usually searched for a rhythm.

    These are, per bursty drive: the time of the first burst, 25 ms to either side but not before 0 or after the
    drive's end; the burst rate, 1 to 30 Hz; the jitter of the bursts, 5 to 35 ms; and the weights above 0, by a
    factor of 5 up and down. Rate and jitter include the present values.

    Parameters
    ----------
    network : Network
        With bursty drives.
    drives : iterable of str | None
        Names of the drives; None for all bursty ones.

    Returns
    -------
    tuple of Parameter
        The parameters, by drive.

    Raises
    ------
    ParameterError
        If the network has no bursty drive, or none of a name.
    """
    found: list[Parameter] = []
    for drive in _chosen(network, BurstyDrive, drives, "with_bursty_drive"):
        latest = drive.tstart + 25.0 if drive.tstop is None else min(drive.tstart + 25.0, drive.tstop)
        if latest > 0:
            found.append(_around(drive, "tstart", max(drive.tstart - 25.0, 0.0), latest))
        found.append(_around(drive, "burst_rate_Hz", 1.0, 30.0))
        found.append(_around(drive, "burst_std_ms", 5.0, 35.0))
        found += _weights(drive, 5.0)
    return tuple(found)
