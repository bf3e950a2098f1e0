"""The parameters of a fit as a unit cube, and the network at each of its points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import check_finite, check_name
from .._types import FloatArray
from ..errors import MneHnnError, ParameterError
from ..network import Network
from ..network.paths import get_value, locate, set_values
from .parameters import Parameter, as_parameters

__all__ = ["Apply", "ParameterSpace"]

#: From a network and values by name, the network that they mean.
Apply = Callable[[Network, dict[str, float]], Network]


class ParameterSpace:
    """The parameters of a fit as a unit cube: 0 is the lower bound of each, 1 the upper one.

    Parameters
    ----------
    parameters : sequence of Parameter
        What is searched or held.
    network : Network
        The network they belong to; all that they do not name stays as it is there.
    apply : callable | None
        Called as ``apply(network, values)`` with the network in which all parameters that are paths have their values,
        and a dict of all values by name; returns the network that is meant. So parameters may have names that are no
        paths, and numbers can be derived from others. Equal values must give equal networks.

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
        If a path does not exist in the network or comes twice, nothing is left to search, or `apply` does not return a
        network where the search starts.

    Examples
    --------
    >>> time = Parameter(path="drives.evprox1.mu_ms", low=20.0, high=40.0)
    >>> space = ParameterSpace([time], network)
    >>> space.network([0.5]).drives["evprox1"].mu_ms
    30.0
    """

    def __init__(self, parameters: Iterable[Parameter], network: Network, *, apply: Apply | None = None) -> None:
        if not isinstance(network, Network):
            raise ParameterError(f"A ParameterSpace needs a Network, got {type(network).__name__}.")
        if apply is not None and not callable(apply):
            raise ParameterError(f"apply must be a function of a network and a dict of values, got {apply!r}.")
        self.parameters: tuple[Parameter, ...] = as_parameters(parameters)
        self.apply = apply
        self._own: frozenset[str] = _own_names(self.parameters, network, has_apply=apply is not None)
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
        if apply is not None:
            self.network(self.start)  # a function that returns no network is not to be found out network by network

    def __repr__(self) -> str:
        return f"<ParameterSpace of {self._network.name!r}: {self.n_free} free of {len(self.parameters)} parameters>"

    def _scale(self, values: FloatArray) -> FloatArray:
        """Return values within the bounds as they lie on their scales."""
        scaled = values.copy()
        scaled[self._log] = np.log(values[self._log])
        return scaled

    @property
    def begins(self) -> dict[str, float]:
        """Values of the free parameters where the search begins: as stated, or as the network has them."""
        return {p.path: get_value(self._network, p.path) if p.start is None else p.start for p in self.free}

    @property
    def start(self) -> FloatArray:
        """The point where the search begins, shape (n_free,); a value beyond a bound is put on the bound."""
        return self.encode(self.begins)

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
        """Return the network at a point of the cube; see :meth:`decode`.

        Raises
        ------
        ParameterError
            If the network cannot have these values, or `apply` does not make a network of them.
        """
        values = self.decode(unit)
        own = {path: values[p.path] for p in self.parameters if p.path not in self._own for path in p.paths}
        network = set_values(self._network, own)
        if self.apply is None:
            return network
        made: Any = self.apply(network, dict(values))
        if not isinstance(made, Network):
            raise ParameterError(
                f"apply must return a Network, got {type(made).__name__}: networks are not changed in place, their "
                "methods return new ones."
            )
        return made


def _own_names(parameters: Sequence[Parameter], network: Network, *, has_apply: bool) -> frozenset[str]:
    """Return the names that are no paths of a network; refuse those that nothing interprets, and paths set twice."""
    own: set[str] = set()
    seen: set[str] = set()
    for parameter in parameters:
        for path in parameter.paths:
            if path in seen:
                raise ParameterError(f"Parameter {path!r} is there twice: leave one out.")
            seen.add(path)
            try:
                locate(network, path)
            except MneHnnError as error:
                if not has_apply or path != parameter.path:
                    raise
                own.add(path)
                _check_own(parameter, error)
    return frozenset(own)


def _check_own(parameter: Parameter, error: MneHnnError) -> None:
    """Refuse a name of the user's own that has no start, or paths tied to it."""
    if parameter.start is None and parameter.fixed is None:
        raise ParameterError(
            f"Parameter {parameter.path!r} needs a start if apply interprets it. Or is a path meant? {error}"
        ) from error
    if parameter.tied:
        raise ParameterError(
            f"Parameter {parameter.path!r} is no path, so nothing can be tied to it: let apply set "
            f"{', '.join(map(repr, parameter.tied))}."
        ) from error
