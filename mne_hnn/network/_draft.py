"""Changes of a network, gathered before they are made."""

from __future__ import annotations

from typing import Any

from .._value import FrozenMap, OrderedFrozenMap, replace
from .cells import CellTemplate
from .connections import Connection
from .drives import Drive
from .network import Network

__all__ = ["Draft", "place_of"]


def place_of(connection: Connection) -> tuple[str, ...]:
    """Return what connections have in common that a path cannot tell apart."""
    return connection.source, connection.target, connection.location, connection.receptor


class Draft:
    """Changes of a network by part, so that each part is built and checked once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.drives: dict[str, dict[str, Any]] = {}
        self.biases: dict[str, dict[str, float]] = {}
        self.connections: dict[tuple[str, ...], dict[str, float]] = {}
        self.gains: dict[str, float] = {}
        self.whole: dict[str, float] = {}
        self.synapses: dict[str, dict[str, dict[str, float]]] = {}
        self.sections: dict[str, dict[str, dict[str, float]]] = {}
        self.channels: dict[str, dict[str, dict[str, dict[str, float]]]] = {}

    def note(self, part: str, key: tuple[str, ...], value: float) -> None:
        """Note a new number of a part, given the names that lead to it."""
        *names, field = key
        changes = getattr(self, part)  # of the whole network no names lead to it
        for name in [tuple(names)] if part == "connections" else names:
            changes = changes.setdefault(name, {})
        changes[field] = value

    def finish(self) -> Network:
        """Return the changed network; the same one if nothing changes."""
        network, changes = self.network, dict[str, Any]()
        if self.drives:
            drives = {name: self._drive(drive) for name, drive in network.drives.items()}
            changes["drives"] = OrderedFrozenMap(drives)
        if self.biases:
            biases = dict(network.biases)
            for name, amplitudes in self.biases.items():
                biases[name] = replace(biases[name], amplitude_nA={**biases[name].amplitude_nA, **amplitudes})
            changes["biases"] = FrozenMap(biases)
        if self.connections:
            changes["connections"] = tuple(
                replace(connection, **self.connections[place]) if place in self.connections else connection
                for connection, place in zip(network.connections, map(place_of, network.connections), strict=True)
            )
        if self.gains:
            changes["gains"] = FrozenMap({**network.gains, **self.gains})
        changes |= self.whole
        edited = {*self.synapses, *self.sections, *self.channels}
        if edited:
            changes["populations"] = OrderedFrozenMap(
                (name, replace(cells, template=self._template(name, cells.template)) if name in edited else cells)
                for name, cells in network.populations.items()
            )
        return replace(network, **changes) if changes else network

    def _drive(self, drive: Drive) -> Drive:
        changes = self.drives.get(drive.name)
        if changes is None:
            return drive
        full = {
            field: {**getattr(drive, field), **value} if isinstance(value, dict) else value
            for field, value in changes.items()
        }
        return replace(drive, **full)

    def _template(self, name: str, template: CellTemplate) -> CellTemplate:
        for receptor, kinetics in self.synapses.get(name, {}).items():
            template = template.with_synapse(receptor, None, **kinetics)
        for section, channels in self.channels.get(name, {}).items():
            # not by with_channel, for which a name can be a pattern of several sections
            present = template.sections[section].channels
            merged = {key: {**present[key], **values} for key, values in channels.items()}
            template = template.with_section(section, channels={**present, **merged})
        for section, fields in self.sections.get(name, {}).items():
            template = template.with_section(section, **fields)
        return template
