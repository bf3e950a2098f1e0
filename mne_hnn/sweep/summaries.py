"""What a sweep notes of each simulation: a few numbers."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_finite, check_label, check_name, check_positive
from .._code import code_text
from .._units import MS
from .._value import Value
from ..errors import ParameterError
from ..network import FrozenMap, Network
from ..simulate import Simulation

__all__ = ["SUMMARIES", "DipoleExtrema", "FiringRates", "Summaries"]

Summary = Callable[[Simulation], Any]
#: Columns of the table that are no summaries.
RESERVED = ("point", "status", "error", "file")


@dataclass(frozen=True, kw_only=True, slots=True)
class DipoleExtrema(Value):
    """Largest and smallest moment of the average dipole, and when: ``peak``, ``trough`` (A m) and their latencies (s).

    Parameters
    ----------
    window_ms : float | None
        Hamming window to smooth with first, ms.
    scale : float
        Factor on the moment, for example the number of columns that act together.
    layer : str
        Channel of the dipole.
    tmin, tmax : float | None
        Window in s, both ends included; None for start and end of the simulation.

    Examples
    --------
    >>> sorted(DipoleExtrema(window_ms=30.0, scale=3000.0, tmin=0.02)(simulation))
    ['peak', 'peak_latency', 'trough', 'trough_latency']
    """

    window_ms: float | None = None
    scale: float = 1.0
    layer: str = "agg"
    tmin: float | None = None
    tmax: float | None = None

    def __post_init__(self) -> None:
        if self.window_ms is not None:
            object.__setattr__(self, "window_ms", check_positive(self.window_ms, "window_ms"))
        object.__setattr__(self, "scale", check_finite(self.scale, "scale"))
        for name in ("tmin", "tmax"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, check_finite(getattr(self, name), f"{name} (s)"))
        if self.tmin is not None and self.tmax is not None and self.tmax <= self.tmin:
            raise ParameterError(f"tmax must be after tmin, got {self.tmin:g} and {self.tmax:g} s.")

    def units(self, network: Network) -> dict[str, str]:
        """Return the unit of each number."""
        return {"peak": "A m", "peak_latency": "s", "trough": "A m", "trough_latency": "s"}

    def __call__(self, simulation: Simulation) -> dict[str, float]:
        """Return the four numbers of a simulation."""
        dipole = simulation.dipole.scale(self.scale)
        if self.window_ms is not None:
            dipole.smooth(self.window_ms)
        times = np.asarray(dipole.times)
        slack = 0.5 * simulation.dt * MS
        start = times[0] if self.tmin is None else self.tmin
        stop = times[-1] if self.tmax is None else self.tmax
        inside = np.flatnonzero((times >= start - slack) & (times <= stop + slack))
        if not inside.size:
            raise ParameterError(
                f"The window {start:g} to {stop:g} s of DipoleExtrema lies outside of the simulation, which ends at "
                f"{times[-1]:g} s: are they in ms?"
            )
        moment = dipole[self.layer][inside]
        high, low = int(moment.argmax()), int(moment.argmin())
        return {
            "peak": float(moment[high]),
            "peak_latency": float(times[inside[high]]),
            "trough": float(moment[low]),
            "trough_latency": float(times[inside[low]]),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class FiringRates(Value):
    """Mean firing rate of each cell type in Hz: ``rate_L5_pyramidal`` and so on.

    Parameters
    ----------
    cell_types : str | sequence of str | None
        Which cell types or drives; None for all cell types.
    tmin, tmax : float | None
        Window in s, tmin included, tmax not; None for start and end of the simulation.

    Examples
    --------
    >>> list(FiringRates(cell_types="L5_pyramidal", tmin=0.05)(simulation))
    ['rate_L5_pyramidal']
    """

    cell_types: str | Sequence[str] | None = None
    tmin: float | None = None
    tmax: float | None = None

    def __post_init__(self) -> None:
        if self.cell_types is not None:
            chosen = (self.cell_types,) if isinstance(self.cell_types, str) else tuple(self.cell_types)
            object.__setattr__(self, "cell_types", chosen)

    def _types(self, network: Network) -> tuple[str, ...]:
        return tuple(network.populations if self.cell_types is None else self.cell_types)

    def units(self, network: Network) -> dict[str, str]:
        """Return the unit of each number."""
        return {f"rate_{name}": "Hz" for name in self._types(network)}

    def __call__(self, simulation: Simulation) -> dict[str, float]:
        """Return the rates of a simulation."""
        rates = simulation.spikes.rates(self.tmin, self.tmax)
        return {
            f"rate_{name}": float(rates[check_name(name, rates, "cell type or drive")])
            for name in self._types(simulation.network)
        }


#: Ready summaries by name.
SUMMARIES: Mapping[str, Summary] = FrozenMap[Summary]([("extrema", DipoleExtrema()), ("rates", FiringRates())])


class Summaries:
    """All summaries of a sweep, called one after the other.

    Parameters
    ----------
    given : str | callable | mapping | sequence | None
        Names of :data:`SUMMARIES` or functions of a Simulation; a mapping gives them names of their own.
    taken : iterable of str
        Names of columns that are not free.
    """

    def __init__(self, given: Any, taken: Iterable[str] = ()) -> None:
        self._taken = {*RESERVED, *taken}
        if given is None:
            pairs: list[tuple[str | None, Any]] = []
        elif isinstance(given, Mapping):
            pairs = [(self._column(name), function) for name, function in given.items()]
        elif isinstance(given, (list, tuple)):
            pairs = [(None, function) for function in given]
        else:
            pairs = [(None, given)]
        self._functions = tuple((name, _function(function)) for name, function in pairs)

    def __len__(self) -> int:
        return len(self._functions)

    @property
    def identity(self) -> list[list[str]]:
        """Name and text that stands for the code of each function."""
        return [[name or "", code_text(function)] for name, function in self._functions]

    def units(self, network: Network) -> dict[str, str]:
        """Return the units of those columns of which they are known."""
        found: dict[str, str] = {}
        for name, function in self._functions:
            units = getattr(function, "units", None)
            own = units(network) if callable(units) else {}
            found.update({key if name is None else f"{name}.{key}": unit for key, unit in own.items()})
        return found

    def _column(self, name: Any) -> str:
        check_label(name, "The name of a summary")
        if name in self._taken or any(character in name for character in "\t\r\n"):
            raise ParameterError(
                f"A summary cannot be called {name!r}: another column is, or it holds a tab or line break."
            )
        return str(name)

    def __call__(self, simulation: Simulation) -> tuple[dict[str, float], str]:
        """Return the numbers of a simulation by column, and what went wrong, if anything."""
        columns: dict[str, float] = {}
        errors = []
        for name, function in self._functions:
            label = name or _label(function)
            try:
                value = function(simulation)
            except Exception as error:  # noqa: BLE001 - a user's function; other points go on
                errors.append(f"summary {label!r} raised {type(error).__name__}: {error}")
                continue
            try:
                own = self._named(name, label, value)
            except ParameterError as error:
                errors.append(str(error))
                continue
            clash = [column for column in own if column in columns]
            errors += [f"two summaries return {column!r}: name them by a mapping" for column in clash]
            columns.update({column: number for column, number in own.items() if column not in columns})
        return columns, "; ".join(errors)

    def _named(self, name: str | None, label: str, value: Any) -> dict[str, float]:
        if not isinstance(value, Mapping):
            return {self._column(label): _number(label, value)}
        return {
            self._column(key if name is None else f"{name}.{key}"): _number(f"{label}.{key}", item)
            for key, item in value.items()
        }


def _function(given: Any) -> Summary:
    if isinstance(given, str):
        return SUMMARIES[check_name(given, SUMMARIES, "summary")]
    if not callable(given) or isinstance(given, type):
        hint = f": make one, {given.__name__}()" if isinstance(given, type) else ""
        raise ParameterError(
            f"A summary must be a function of a Simulation, or one of {', '.join(map(repr, SUMMARIES))}, "
            f"got {given!r}{hint}."
        )
    return given  # type: ignore[no-any-return]


def _label(function: Summary) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "summary" if name == "<lambda>" else str(name)


def _number(label: str, value: Any) -> float:
    """Return a number as float; NaN says that there is none, for example the latency of silent cells."""
    single = value.item() if isinstance(value, (np.ndarray, np.generic)) and value.ndim == 0 else value
    if not isinstance(single, numbers.Real):
        what = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise ParameterError(f"summary {label!r} must return one number, or a dict of numbers by name, not {what}")
    return float(single)
