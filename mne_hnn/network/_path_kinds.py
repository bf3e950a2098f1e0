"""The kinds of path by which numbers of a network are named: one walk over the network for each of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._value import FrozenMap, OrderedFrozenMap, Value
from ._draft import place_of
from .density import Uniform
from .mechanisms import CustomSynapse
from .network import Network

__all__ = ["BY_ROOT", "PATH_KINDS", "WEIGHT_FIELDS", "Key", "PathKind"]

Key = tuple[str, ...]
Numbers = Callable[[Network, "Names"], Iterator[tuple[Key, float]]]
WEIGHT_FIELDS: Mapping[str, str] = FrozenMap({"weights_ampa": "ampa", "weights_nmda": "nmda"})
CONNECTION_FIELDS = ("weight_uS", "delay_ms", "lamtha", "gain")
SECTION_FIELDS = ("L_um", "diam_um", "Ra_ohm_cm", "cm_uF_cm2")
SYNAPSE_FIELDS = ("e_mV", "tau1_ms", "tau2_ms")
_NAME = re.compile("[A-Z]+")
_KINDS: dict[str, PathKind] = {}


class Names:
    """Which names a walk follows: those of one key, or all."""

    def __init__(self, key: Key | None = None) -> None:
        self._key = key

    def __call__(self, level: Any, branches: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
        """Return the branches to follow at a level of the key (an index, or a slice for several names at once)."""
        if self._key is None:
            return branches.items()
        name = self._key[level]
        return ((name, branches[name]),) if name in branches else ()


@dataclass(frozen=True, slots=True)
class PathKind(Value):
    """One kind of path, and the numbers it leads to.

    Parameters
    ----------
    form : str
        What its paths look like, with a word in capitals for each name of a key.
    part : str
        The part of a :class:`~mne_hnn.network._draft.Draft` in which its changes are noted.
    description : str
        What the numbers are.
    numbers : callable
        From a network and the names to follow, the keys that lead to a number, each with it.
    """

    form: str
    part: str
    description: str
    numbers: Numbers

    @property
    def root(self) -> str:
        """What its paths begin with."""
        return self.form.partition(".")[0]

    def paths(self, network: Network) -> Iterator[str]:
        """Yield all paths of this kind."""
        text = _NAME.sub("{}", self.form)
        return (text.format(*key) for key, _ in self.numbers(network, Names()))

    def find(self, network: Network, path: str) -> tuple[Key, float] | None:
        """Return key and number of a path; None if it leads to none."""
        if not _NAME.search(self.form):  # a number of the network itself
            return next(self.numbers(network, Names()), None) if path == self.form else None
        start, *separators = _separators(self.form)
        for key in _cuts(path.removeprefix(start), separators):
            for found in self.numbers(network, Names(key)):
                return found
        return None


@functools.cache
def _separators(form: str) -> list[str]:
    return _NAME.split(form)[:-1]


def _cuts(text: str, separators: list[str]) -> Iterator[Key]:
    """Yield all ways to cut a text, for names can have dots; the longest first names come first."""
    if not separators:
        yield (text,)
        return
    first, *others = separators
    end = text.rfind(first)
    while end > 0:
        for rest in _cuts(text[end + len(first) :], others):
            yield text[:end], *rest
        end = text.rfind(first, 0, end)


def _kind(name: str, form: str, part: str, description: str) -> Callable[[Numbers], Numbers]:
    """Enter a kind of path, given the walk that finds its numbers."""

    def enter(numbers: Numbers) -> Numbers:
        _KINDS[name] = PathKind(form, part, description, numbers)
        return numbers

    return enter


def _fields(value: Any, names: Iterable[str]) -> Mapping[str, Any]:
    if isinstance(value, CustomSynapse):
        return value.parameters
    return {name: getattr(value, name) for name in names}


@_kind("drive", "drives.NAME.FIELD", "drives", "a number of a drive: times in ms, rates in Hz, the space constant")
def _drive_fields(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    for name, drive in at(0, network.drives):
        for field, _ in at(1, drive.__dataclass_fields__):
            value = getattr(drive, field)
            if isinstance(value, float):
                yield (name, field), value


@_kind(
    "drive by cell type",
    "drives.NAME.FIELD.CELLTYPE",
    "drives",
    "a number of a drive per target cell type: weights in uS, delays in ms, rates in Hz",
)
def _drive_entries(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    for name, drive in at(0, network.drives):
        for field, entries in at(1, {**_fields(drive, WEIGHT_FIELDS), **drive.type_maps()}):
            for cell_type, cells in at(2, network.populations):
                if cell_type in entries:
                    yield (name, field, cell_type), entries[cell_type]
                elif field in WEIGHT_FIELDS and cell_type in drive.targets:
                    template = cells.template
                    sections = (template.sections[section] for section in template.sections_at(drive.location))
                    # a target through the other receptor: a weight that is not stated is 0
                    if all(WEIGHT_FIELDS[field] in section.receptors for section in sections):
                        yield (name, field, cell_type), 0.0


@_kind("gain", "gains.NAME", "gains", "a global factor on the weights of connections, such as e_i")
def _gains(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    return (((name,), value) for name, value in at(0, network.gains))


@_kind("temperature", "celsius", "whole", "the temperature of the channels, degrees Celsius")
def _temperature(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    yield ("celsius",), network.celsius


@_kind(
    "connection",
    "connections.SOURCE>TARGET.LOCATION.RECEPTOR.FIELD",
    "connections",
    "a number of the connections between two cell types at one place",
)
def _connections(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    places: dict[Key, list[Any]] = {}
    for connection in network.connections:
        places.setdefault(place_of(connection), []).append(connection)
    for place, connections in at(slice(4), places):
        for field, values in at(4, {field: {getattr(c, field) for c in connections} for field in CONNECTION_FIELDS}):
            if len(values) == 1:  # connections that share a path but not the number have no number to read
                yield (*place, field), *values


def _parts(part: str, fields: Iterable[str]) -> Numbers:
    """Return the walk over the parts of cells that a template keeps by name."""

    def numbers(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
        for cell_type, cells in at(0, network.populations):
            for name, value in at(1, getattr(cells.template, part)):
                for field, number in at(2, _fields(value, fields)):
                    yield (cell_type, name, field), number

    return numbers


_kind(
    "synapse",
    "cells.CELLTYPE.synapses.RECEPTOR.FIELD",
    "synapses",
    "kinetics of a receptor: reversal potential in mV, time constants in ms; or parameters of a mechanism of one's own",
)(_parts("synapses", SYNAPSE_FIELDS))
_kind("section", "cells.CELLTYPE.SECTION.FIELD", "sections", "a size or passive property of a section")(
    _parts("sections", SECTION_FIELDS)
)


@_kind(
    "channel",
    "cells.CELLTYPE.SECTION.CHANNEL.PARAMETER",
    "channels",
    "a channel parameter that is the same all along the section",
)
def _channels(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    for cell_type, cells in at(0, network.populations):
        for name, section in at(1, cells.template.sections):
            for channel, profiles in at(2, section.channels):
                for parameter, profile in at(3, profiles):
                    if isinstance(profile, Uniform):
                        yield (cell_type, name, channel, parameter), profile.value


@_kind("bias", "biases.NAME.CELLTYPE", "biases", "the current of a tonic bias into a cell type, nA")
def _biases(network: Network, at: Names) -> Iterator[tuple[Key, float]]:
    for name, bias in at(0, network.biases):
        for cell_type, amplitude in at(1, bias.amplitude_nA):
            yield (name, cell_type), amplitude


#: The kinds of path by name.
PATH_KINDS: Mapping[str, PathKind] = OrderedFrozenMap(_KINDS)
BY_ROOT: Mapping[str, tuple[PathKind, ...]] = {
    root: tuple(kind for kind in PATH_KINDS.values() if kind.root == root)
    for root in dict.fromkeys(kind.root for kind in PATH_KINDS.values())
}
