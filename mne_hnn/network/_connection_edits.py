"""Edits of the connections and gains of a network."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from .._checks import check_int, check_name, check_non_negative
from .._peer_names import checked_arguments
from .._value import FrozenMap, OrderedFrozenMap, replace
from ..errors import NetworkError
from ._base import GAINS, NetworkBase
from ._plausible import warn_of_connection
from .connections import Connection

__all__ = ["ConnectionEdits"]

_Selector = str | int | Iterable[str] | Iterable[int] | None


class ConnectionEdits(NetworkBase):
    """Methods that return a network with other connections or gains."""

    __slots__ = ()

    def with_connections(self, *connections: Connection) -> Self:
        """Return a network with connections added at the end."""
        network = replace(self, connections=(*self.connections, *connections))
        for connection in connections:
            warn_of_connection(connection)
        return network

    @checked_arguments(fields_of=Connection, error=NetworkError)
    def with_connection(
        self,
        source: str | int | Sequence[int],
        target: str | int | Sequence[int] | Sequence[Sequence[int]],
        *,
        location: str,
        receptor: str,
        weight_uS: float,
        delay_ms: float,
        lamtha: float,
        **more: Any,
    ) -> Self:
        """Return a network with one :class:`~mne_hnn.network.Connection` added at the end.

        Parameters
        ----------
        source, target : str | int | sequence of int
            Cell types; or numbers of cells of one type (see ``gid_ranges``), which become ``source_indices`` and
            ``target_indices``. `target` may also be one list of numbers per source cell, which become ``pairs``.
        location : str
            Location or section of the target.
        receptor : str
            Receptor on the target.
        weight_uS, delay_ms : float
            Weight, uS, and delay, ms, for cells at the same place.
        lamtha : float
            Space constant, in units of the in-plane distance.
        **more
            Other fields of the connection, such as ``probability`` and ``seed``.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        cells = self._cells_by_pair(source, target) if _is_nested(target) else self._cells_by_end(source, target)
        for name in ("source_indices", "target_indices", "pairs"):
            if name in cells and name in more:
                ends = "source and target name" if name == "pairs" else f"{name[:6]} names"
                raise NetworkError(f"{ends} cells by number already: leave out {name}.")
        connection = Connection(
            **cells,
            location=location,
            receptor=receptor,
            weight_uS=weight_uS,
            delay_ms=delay_ms,
            lamtha=lamtha,
            **more,
        )
        return self.with_connections(connection)

    def _cells_by_end(self, source: Any, target: Any) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        for end, given in (("source", source), ("target", target)):
            cells[end], indices = self._cells_of(end, given)
            cells |= {} if indices is None else {f"{end}_indices": indices}
        return cells

    def _cells_by_pair(self, source: Any, target: Any) -> dict[str, Any]:
        """Return source and target type with the pairs of cells that one list of targets per source cell joins."""
        source_type, sources = self._cells_of("source", source)
        if sources is None:
            check_name(source_type, self.populations, "cell type", error=NetworkError)
            sources = tuple(range(len(self.populations[source_type])))
        if len(target) != len(sources):
            raise NetworkError(
                f"target must have one list of cell numbers per source cell, got {len(target)} lists for "
                f"{len(sources)} cells."
            )
        target_type, targets = self._cells_of("target", [number for one in target for number in one])
        assert targets is not None
        owners = np.repeat(np.array(sources), [len(one) for one in target]).tolist()
        return {"source": source_type, "target": target_type, "pairs": tuple(zip(owners, targets, strict=True))}

    def _cells_of(self, end: str, given: Any) -> tuple[str, tuple[int, ...] | None]:
        """Return the cell type of one end of a connection, and which of its cells if they are given by number."""
        if isinstance(given, str):
            return given, None
        several = list(given) if _is_many(given) else [given]
        if not several or not all(
            isinstance(number, numbers.Integral) and not isinstance(number, bool) for number in several
        ):
            raise NetworkError(
                f"{end} must be a cell type, the number of a cell, or a list of such numbers, got {given!r}."
            )
        last = self.n_cells - 1
        for number in several:
            if last < number < self.n_gids:
                raise NetworkError(
                    f"Cell {number} in {end} belongs to drive {self.gid_to_type(number)!r}, whose targets are those of "
                    f"its weights: connect cells from 0 to {last}."
                )
        gids = [
            check_int(number, f"A cell number in {end}", minimum=0, maximum=last, error=NetworkError)
            for number in several
        ]
        types = list(dict.fromkeys(map(self.gid_to_type, gids)))
        if len(types) > 1:
            raise NetworkError(f"The cells of {end} are of types {', '.join(types)}: add one connection per type.")
        start = self.gid_ranges[types[0]].start
        return types[0], tuple(gid - start for gid in gids)

    def pick_connections(
        self,
        *,
        source: _Selector = None,
        target: _Selector = None,
        location: _Selector = None,
        receptor: _Selector = None,
    ) -> tuple[int, ...]:
        """Return the indices of the connections that match all arguments.

        Parameters
        ----------
        source, target, location, receptor : str | iterable of str | None
            What to match; any of the names when several are given, everything for None. `source` and `target` may also
            be the number of a cell, or several: connections that one of these cells takes part in.

        Returns
        -------
        tuple of int
            Indices into :attr:`connections`.
        """
        templates = self.cell_types.values()
        places = dict.fromkeys(place for t in templates for place in (*t.locations, *t.sections))
        receptors = dict.fromkeys(name for t in templates for name in t.synapses)
        ends = {"source": source, "target": target}
        by_number = {end: self._cells_of(end, given) for end, given in ends.items() if _has_numbers(given)}
        wanted = {
            **{
                end: _names(by_number[end][0] if end in by_number else given, self.populations, "cell type")
                for end, given in ends.items()
            },
            "location": _names(location, places, "location"),
            "receptor": _names(receptor, receptors, "receptor"),
        }
        return tuple(
            index
            for index, connection in enumerate(self.connections)
            if all(names is None or getattr(connection, key) in names for key, names in wanted.items())
            and all(_takes_part(connection, end, indices or ()) for end, (_, indices) in by_number.items())
        )

    def _choose(self, indices: tuple[int, ...], selector: dict[str, Any]) -> tuple[int, ...]:
        for key in selector:
            check_name(key, ("source", "target", "location", "receptor"), "selector of connections", error=NetworkError)
        last = len(self.connections) - 1
        for index in indices:
            check_int(index, "The index of a connection", minimum=0, maximum=last, error=NetworkError)
        picked = self.pick_connections(**selector)
        chosen = tuple(index for index in picked if index in indices) if indices else picked
        if selector and not chosen:
            raise NetworkError(f"No connection matches {selector}: see pick_connections for what is there.")
        return chosen

    def without_connections(self, *indices: int, **selector: Any) -> Self:
        """Return a network without some connections.

        Parameters
        ----------
        *indices : int
            Indices of the connections to drop; all that match `selector` if none is given.
        **selector
            ``source``, ``target``, ``location``, ``receptor``, as for :meth:`pick_connections`.
            Without indices and selector all connections are dropped.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        dropped = set(self._choose(indices, selector))
        return replace(self, connections=tuple(c for k, c in enumerate(self.connections) if k not in dropped))

    def with_connection_changes(self, *indices: int, changes: dict[str, Any], **selector: Any) -> Self:
        """Return a network with fields of some connections changed.

        Parameters
        ----------
        *indices : int
            Indices of the connections; all that match `selector` if none is given.
        changes : dict
            New values of fields of :class:`~mne_hnn.network.Connection`.
        **selector
            As for :meth:`pick_connections`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        chosen = set(self._choose(indices, selector))
        edited = [replace(c, **changes) if k in chosen else c for k, c in enumerate(self.connections)]
        network = replace(self, connections=tuple(edited))
        for k in sorted(chosen):
            warn_of_connection(edited[k])
        return network

    def scale_connections(self, factor: float, **selector: Any) -> Self:
        """Return a network with the weights of matching connections multiplied by `factor`."""
        factor = check_non_negative(factor, "factor", error=NetworkError)
        chosen = set(self._choose((), selector))
        scaled = (
            replace(c, weight_uS=c.weight_uS * factor) if k in chosen else c for k, c in enumerate(self.connections)
        )
        return replace(self, connections=tuple(scaled))

    def with_gains(self, **gains: float) -> Self:
        """Return a network with global gains set.

        Parameters
        ----------
        **gains : float
            ``e_e``, ``e_i``, ``i_e``, ``i_i``: factors on the weights of all connections from
            excitatory or inhibitory cells to excitatory or inhibitory cells. Drives are not
            scaled. Gains not given keep their value.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        for key in gains:
            check_name(key, GAINS, "gain", error=NetworkError)
        return replace(self, gains=FrozenMap({**self.gains, **gains}))

    def only_cells(self) -> Self:
        """Return a network of the same cells without connections, drives and biases."""
        return replace(self, connections=(), drives=OrderedFrozenMap(), biases=FrozenMap())


def _is_many(given: Any) -> bool:
    return hasattr(given, "__iter__") and not isinstance(given, (str, Mapping))


def _is_nested(given: Any) -> bool:
    """Whether a target is one list of cells per source cell."""
    return _is_many(given) and isinstance(given, Sequence) and bool(given) and all(map(_is_many, given))


def _has_numbers(selector: Any) -> bool:
    if isinstance(selector, numbers.Integral):
        return True
    return (
        _is_many(selector) and hasattr(selector, "__len__") and any(not isinstance(number, str) for number in selector)
    )


def _takes_part(connection: Connection, end: str, indices: Iterable[int]) -> bool:
    """Whether one of the cells of a type, given by position, is at one end of a connection."""
    wanted = set(indices)
    if connection.pairs is not None:
        return bool(wanted & {pair[end == "target"] for pair in connection.pairs})
    chosen = connection.source_indices if end == "source" else connection.target_indices
    return chosen is None or bool(wanted & set(chosen))


def _names(selector: Any, valid: Iterable[str], what: str) -> frozenset[str] | None:
    if selector is None:
        return None
    names = [selector] if isinstance(selector, str) else list(selector)
    return frozenset(check_name(name, valid, what, error=NetworkError) for name in names)
