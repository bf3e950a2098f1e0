"""Synapses of one's own inside NEURON: one point process per section and receptor, and the ways into them.

Unlike the receptors of the ready models, which share their conductances over sections (see ``slots.py``), these may
depend on the voltage where they are, and may keep something of each stream of events that reaches them. So each has a
place of its own, and each route to it a connection of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..network import CellTemplate, CustomSynapse, Mechanism, Network, Wires
from ..network.mechanism_uses import custom_receptors
from .cell import Cell

__all__ = ["Points"]


class Points:
    """The synapses of one's own of all cells of a column.

    Parameters
    ----------
    h : neuron.hoc.HocObject
        NEURON's interpreter, with their mechanisms loaded.
    network : Network
        The model.
    names : mapping of Mechanism to str
        What the mechanisms are called inside NEURON.
    """

    def __init__(self, h: Any, network: Network, names: Mapping[Mechanism, str]) -> None:
        self._h = h
        self._names = names
        self._receptors = {name: custom_receptors(template) for name, template in network.cell_types.items()}
        self._points: dict[tuple[int, str, str], Any] = {}
        self._netcons: list[Any] = []

    def __len__(self) -> int:
        return len(self._points)

    def add(self, gid: int, cell: Cell, template: CellTemplate) -> None:
        """Make the synapses of one cell, under its number."""
        for receptor, synapse in custom_receptors(template).items():
            for name, section in template.sections.items():
                if receptor in section.receptors:
                    self._points[gid, name, receptor] = self._new(synapse, cell.sections[name])

    def _new(self, synapse: CustomSynapse, section: Any) -> Any:
        mechanism = synapse.mechanism
        point = getattr(self._h, self._names[mechanism])(section(0.5))
        for name, about in mechanism.parameters.items():
            if not about.everywhere and not about.ion:
                setattr(point, name, synapse.parameters[name])
        return point

    def connect(
        self,
        wires: Wires,
        rows: NDArray[np.bool_],
        sources: NDArray[np.integer[Any]],
        connect: Callable[[int, Any], Any],
    ) -> None:
        """Connect cells to the synapses that their routes reach.

        Parameters
        ----------
        wires : Wires
            The routes.
        rows : array of bool, shape (n,)
            Those that can deliver an event in this process.
        sources : array of int, shape (n,)
            Numbers of what tells of the spikes of each route's source, at the threshold of the route.
        connect : callable
            From the number of a source and a point process to a connection.
        """
        for row, section, receptor, weight in self._reached(wires, rows):
            netcon = connect(int(sources[row]), self._points[int(wires.target[row]), section, receptor])
            netcon.delay = wires.delay_ms[row]
            netcon.weight[0] = weight
            self._netcons.append(netcon)

    def arrivals(self, wires: Wires, trains: tuple[NDArray[np.float64], ...], tstop: float) -> list[tuple[Any, float]]:
        """Return what arrives of a drive: a connection and a time in ms for each event.

        Parameters
        ----------
        wires : Wires
            The routes of the drive that end in this process.
        trains : tuple of array, shape (n_events,)
            The spikes of each cell of the drive, ms.
        tstop : float
            End of the run, ms.
        """
        found: list[tuple[Any, float]] = []
        for row, section, receptor, weight in self._reached(wires, wires.delay_ms <= tstop):
            netcon = self._h.NetCon(None, self._points[int(wires.target[row]), section, receptor])
            netcon.delay = 1.0  # not used: events are given their time of arrival
            netcon.weight[0] = weight
            self._netcons.append(netcon)
            times = (trains[int(wires.source[row])] + wires.delay_ms[row]).tolist()
            found += [(netcon, time) for time in times if time <= tstop]
        return found

    def _reached(self, wires: Wires, rows: NDArray[np.bool_]) -> list[tuple[int, str, str, float]]:
        """Return row, section, receptor and weight of each synapse at the end of a route."""
        if not self._points:
            return []
        found: list[tuple[int, str, str, float]] = []
        for column, receptor in enumerate(wires.receptors):
            weights = wires.weights_uS[:, column]
            for index, (cell_type, sections) in enumerate(wires.sites):
                if receptor in self._receptors[cell_type]:
                    chosen = np.flatnonzero(rows & (wires.site == index) & (weights != 0))
                    found += [(int(row), name, receptor, float(weights[row])) for row in chosen for name in sections]
        return sorted(found)  # by route

    def references(self, gid: int, section: str, receptor: str, variables: tuple[str, ...]) -> list[Any]:
        """Return pointers to variables of one synapse.

        Raises
        ------
        ParameterError
            The file keeps one of them to itself.
        """
        point = self._points[gid, section, receptor]
        found = []
        for name in variables:
            reference = getattr(point, f"_ref_{name}", None)
            if reference is None:
                mechanism = self._receptors_by_name(receptor).mechanism
                raise ParameterError(
                    f"{name!r} of {mechanism.name!r} cannot be recorded: list it under RANGE in {mechanism.file}."
                )
            found.append(reference)
        return found

    def _receptors_by_name(self, receptor: str) -> CustomSynapse:
        return next(known[receptor] for known in self._receptors.values() if receptor in known)

    def close(self) -> None:
        """Take them out of NEURON: connections before what they connect."""
        self._netcons.clear()
        self._points.clear()
