"""Edits of the connections and gains of a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from .._checks import check_int, check_name, check_non_negative
from ..errors import NetworkError
from ._base import GAINS, NetworkBase
from ._frozen import FrozenMap, OrderedFrozenMap, replace
from .connections import Connection

__all__ = ["ConnectionEdits"]

_Selector = str | Iterable[str] | None


class ConnectionEdits(NetworkBase):
    """Methods that return a network with other connections or gains."""

    __slots__ = ()

    def with_connections(self, *connections: Connection) -> Self:
        """Return a network with connections added at the end."""
        return replace(self, connections=(*self.connections, *connections))

    def with_connection(
        self,
        source: str,
        target: str,
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
        source, target : str
            Cell types.
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
        connection = Connection(
            source=source,
            target=target,
            location=location,
            receptor=receptor,
            weight_uS=weight_uS,
            delay_ms=delay_ms,
            lamtha=lamtha,
            **more,
        )
        return self.with_connections(connection)

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
            What to match; any of the names when several are given, everything for None.

        Returns
        -------
        tuple of int
            Indices into :attr:`connections`.
        """
        templates = self.cell_types.values()
        places = dict.fromkeys(place for t in templates for place in (*t.locations, *t.sections))
        receptors = dict.fromkeys(name for t in templates for name in t.synapses)
        wanted = {
            "source": _names(source, self.populations, "cell type"),
            "target": _names(target, self.populations, "cell type"),
            "location": _names(location, places, "location"),
            "receptor": _names(receptor, receptors, "receptor"),
        }
        return tuple(
            index
            for index, connection in enumerate(self.connections)
            if all(names is None or getattr(connection, key) in names for key, names in wanted.items())
        )

    def _chosen(self, indices: tuple[int, ...], selector: dict[str, Any]) -> tuple[int, ...]:
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
        dropped = set(self._chosen(indices, selector))
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
        chosen = set(self._chosen(indices, selector))
        edited = (replace(c, **changes) if k in chosen else c for k, c in enumerate(self.connections))
        return replace(self, connections=tuple(edited))

    def scale_connections(self, factor: float, **selector: Any) -> Self:
        """Return a network with the weights of matching connections multiplied by `factor`."""
        factor = check_non_negative(factor, "factor", error=NetworkError)
        chosen = set(self._chosen((), selector))
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


def _names(selector: _Selector, valid: Iterable[str], what: str) -> frozenset[str] | None:
    if selector is None:
        return None
    names = [selector] if isinstance(selector, str) else list(selector)
    return frozenset(check_name(name, valid, what, error=NetworkError) for name in names)
