"""The points of a sweep: which numbers of the network take which values."""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_finite, check_label, check_name
from .._value import Value
from ..errors import MneHnnError, ParameterError
from ..network import Network
from ..network.paths import locate, set_values

__all__ = ["COMBINATIONS", "Apply", "Grid", "Number", "make_grid"]

COMBINATIONS = ("product", "paired")
Number = float | int | str
Apply = Callable[[Network, dict[str, Any]], Network]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid(Value):
    """Values by name, and how they combine to points.

    Attributes
    ----------
    values : mapping of str to tuple of float
        The values of each name. Names that a user's function interprets can also have texts.
    paths : mapping of str to tuple of str
        The numbers of the network that each name stands for (see :func:`~mne_hnn.network.list_paths`); empty if a
        user's function applies the values.
    combine : str
        ``'product'``: all combinations, the last name varies fastest; ``'paired'``: the k-th values of all names.

    Examples
    --------
    >>> swept.grid.names, len(swept.grid.points())
    (('drives.evprox1.mu_ms',), 2)
    """

    values: Mapping[str, tuple[Number, ...]]
    paths: Mapping[str, tuple[str, ...]]
    combine: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order given."""
        return tuple(self.values)

    def points(self) -> tuple[dict[str, Number], ...]:
        """Return the value of each name at every point."""
        columns = self.values.values()
        rows = itertools.product(*columns) if self.combine == "product" else zip(*columns, strict=True)
        return tuple(dict(zip(self.names, row, strict=True)) for row in rows)

    def network(self, base: Network, point: Mapping[str, Number]) -> Network:
        """Return the network of a point, for names that stand for paths."""
        return set_values(base, {path: float(point[name]) for name in self.names for path in self.paths[name]})

    def networks(self, base: Network, apply: Apply | None) -> list[Network]:
        """Return the network of every point; a value that it cannot have is refused before anything is simulated."""
        made = []
        for number, point in enumerate(self.points()):
            try:
                network = self.network(base, point) if apply is None else apply(base, dict(point))
            except MneHnnError as error:
                raise ParameterError(
                    f"Point {number} of the sweep ({described(point)}) has no network: {error}"
                ) from error
            if not isinstance(network, Network):
                raise ParameterError(
                    f"apply must return a Network, got {type(network).__name__}: networks are not changed in place, "
                    "their methods return new ones."
                )
            made.append(network)
        return made


def described(point: Mapping[str, Number]) -> str:
    """Return the values of a point as text."""
    texts = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in point.items()}
    return ", ".join(f"{name} = {text}" for name, text in texts.items())


def make_grid(base: Network, grid: Any, combine: str, apply: Apply | None) -> Grid:
    """Return the grid that a user described.

    Parameters
    ----------
    base : Network
        The network whose numbers vary.
    grid : mapping of str | tuple of str to sequence of float
        Values by path, by several paths that have the same value, or by names that `apply` knows.
    combine : str
        One of :data:`COMBINATIONS`.
    apply : callable | None
        From a network and values by name, the network of a point.

    Returns
    -------
    grid : Grid
        The checked grid.

    Raises
    ------
    ParameterError
        A path does not exist or occurs twice, values are missing or not finite, or do not pair.
    """
    check_name(combine, COMBINATIONS, "way to combine")
    if not isinstance(grid, Mapping) or not grid:
        raise ParameterError(
            "grid must be a mapping of at least one parameter to its values, such as "
            f"{{'drives.evprox1.mu_ms': [20, 25, 30]}}, got {grid!r}."
        )
    values: dict[str, tuple[Number, ...]] = {}
    paths: dict[str, tuple[str, ...]] = {}
    for key, column in grid.items():
        name, own = (_free_name(key), ()) if apply is not None else _paths(base, key)
        if name in values:
            raise ParameterError(f"Parameter {name!r} is in the grid twice.")
        values[name] = _values(name, column, texts=apply is not None)
        if own:
            paths[name] = own
    used = [path for own in paths.values() for path in own]
    if twice := {path for path in used if used.count(path) > 1}:
        raise ParameterError(f"Parameter {min(twice)!r} is in the grid twice: one name can set it, not several.")
    if combine == "paired" and len({len(column) for column in values.values()}) > 1:
        lengths = ", ".join(f"{name!r} has {len(column)}" for name, column in values.items())
        raise ParameterError(
            f"Paired parameters need equally many values, but {lengths}: give as many of each, or combine='product'."
        )
    return Grid(values=values, paths=paths, combine=combine)


def _free_name(key: Any) -> str:
    name = check_label(key, "A name in the grid")
    if any(character in name for character in "\t\r\n"):
        raise ParameterError(f"A name in the grid must not hold tabs or line breaks, got {name!r}.")
    return name


def _paths(base: Network, key: Any) -> tuple[str, tuple[str, ...]]:
    paths = key if isinstance(key, tuple) else (key,)
    if not paths:
        raise ParameterError("A tuple of paths in the grid must hold at least one path, got ().")
    for path in paths:
        locate(base, path)
    return joined(paths), paths


def joined(paths: Sequence[str]) -> str:
    """Return one name for several paths: ``drives.a.weights_ampa.{L2_basket,L5_basket}``."""
    if len(paths) == 1:
        return paths[0]
    parts = [path.split(".") for path in paths]
    shortest = min(map(len, parts)) - 1  # something is left within the braces
    start = next((k for k in range(shortest) if len({part[k] for part in parts}) > 1), shortest)
    end = next((k for k in range(shortest - start) if len({part[-1 - k] for part in parts}) > 1), shortest - start)
    inner = ",".join(".".join(part[start : len(part) - end]) for part in parts)
    return ".".join([*parts[0][:start], f"{{{inner}}}", *(parts[0][-end:] if end else [])])


def _values(name: str, column: Any, *, texts: bool) -> tuple[Number, ...]:
    if isinstance(column, (str, Mapping)) or np.ndim(column) != 1:
        raise ParameterError(f"The values of {name!r} must be a sequence of numbers, got {column!r}.")
    if not len(column):
        raise ParameterError(f"{name!r} has no values: give at least one, or leave it out of the grid.")
    return tuple(_value(name, value, texts=texts) for value in column)


def _value(name: str, value: Any, *, texts: bool) -> Number:
    if texts and isinstance(value, str):
        return str(value)
    if texts and isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)  # a count stays a count for the function it goes to
    return check_finite(value, f"A value of {name!r}")
