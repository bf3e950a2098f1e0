"""The kinds of path by which numbers of a network are named: each one finds, lists, reads and sets its numbers."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ._draft import Draft
from ._frozen import FrozenMap, OrderedFrozenMap, Value
from .density import Uniform
from .drives import Drive
from .network import Network

__all__ = ["BY_ROOT", "PATH_KINDS", "WEIGHT_FIELDS", "Key", "PathKind"]

Key = tuple[Any, ...]
WEIGHT_FIELDS: Mapping[str, str] = FrozenMap({"weights_ampa": "ampa", "weights_nmda": "nmda"})
CONNECTION_FIELDS = ("weight_uS", "delay_ms", "lamtha", "gain")
SECTION_FIELDS = ("L_um", "diam_um", "Ra_ohm_cm", "cm_uF_cm2")
SYNAPSE_FIELDS = ("e_mV", "tau1_ms", "tau2_ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class PathKind(Value):
    """One kind of path: how its numbers are found, listed, read and set.

    Parameters
    ----------
    root : str
        What its paths begin with.
    form : str
        What they look like.
    description : str
        What the numbers are.
    find : callable
        From a network and a path without its root, the key of a number; None if it has none there.
    paths : callable
        From a network, all paths of this kind.
    get : callable
        From a network and a key, the number.
    put : callable
        Notes a new number, given changes so far, a key and the number.
    """

    root: str
    form: str
    description: str
    find: Callable[[Network, str], Key | None]
    paths: Callable[[Network], Iterator[str]]
    get: Callable[[Network, Key], float]
    put: Callable[[Draft, Key, float], None]


def _head(rest: str, names: Container[str]) -> tuple[str, str] | None:
    """Split a path after the longest of the names that it begins with."""
    end = rest.rfind(".")
    while end > 0:
        if rest[:end] in names:
            return rest[:end], rest[end + 1 :]
        end = rest.rfind(".", 0, end)
    return None


# drives.NAME.FIELD


def _is_scalar(drive: Drive, field: str) -> bool:
    return field in drive.__dataclass_fields__ and isinstance(getattr(drive, field), float)


def _find_drive_field(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.drives)
    return head if head is not None and _is_scalar(network.drives[head[0]], head[1]) else None


def _drive_fields(network: Network) -> Iterator[str]:
    for name, drive in network.drives.items():
        yield from (f"drives.{name}.{field}" for field in drive.__dataclass_fields__ if _is_scalar(drive, field))


def _get_drive_field(network: Network, key: Key) -> float:
    name, field = key
    return float(getattr(network.drives[name], field))


def _put_drive_field(draft: Draft, key: Key, value: float) -> None:
    name, field = key
    draft.drives.setdefault(name, {})[field] = value


# drives.NAME.weights_ampa.CELLTYPE, drives.NAME.synaptic_delays.CELLTYPE


def _has_receptor(network: Network, cell_type: str, location: str, receptor: str) -> bool:
    template = network.populations[cell_type].template
    return all(receptor in template.sections[section].receptors for section in template.sections_at(location))


def _is_entry(network: Network, drive: Drive, field: str, cell_type: str) -> bool:
    receptor = WEIGHT_FIELDS.get(field)
    if receptor is None:
        return cell_type in drive.type_maps().get(field, ())
    if cell_type in getattr(drive, field):
        return True
    # a target through the other receptor: a weight that is not stated is 0
    return cell_type in drive.targets and _has_receptor(network, cell_type, drive.location, receptor)


def _find_drive_entry(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.drives)
    if head is None:
        return None
    name, tail = head
    field, _, cell_type = tail.partition(".")
    return (name, field, cell_type) if _is_entry(network, network.drives[name], field, cell_type) else None


def _drive_entries(network: Network) -> Iterator[str]:
    for name, drive in network.drives.items():
        for field in (*WEIGHT_FIELDS, *drive.type_maps()):
            for cell_type in network.populations:
                if _is_entry(network, drive, field, cell_type):
                    yield f"drives.{name}.{field}.{cell_type}"


def _get_drive_entry(network: Network, key: Key) -> float:
    name, field, cell_type = key
    return float(getattr(network.drives[name], field).get(cell_type, 0.0))


def _put_drive_entry(draft: Draft, key: Key, value: float) -> None:
    name, field, cell_type = key
    draft.drives.setdefault(name, {}).setdefault(field, {})[cell_type] = value


# gains.e_e


def _find_gain(network: Network, rest: str) -> Key | None:
    return (rest,) if rest in network.gains else None


def _gains(network: Network) -> Iterator[str]:
    return (f"gains.{name}" for name in network.gains)


def _get_gain(network: Network, key: Key) -> float:
    return network.gains[key[0]]


def _put_gain(draft: Draft, key: Key, value: float) -> None:
    draft.gains[key[0]] = value


# connections.SOURCE>TARGET.LOCATION.RECEPTOR.FIELD


def _find_connection(network: Network, rest: str) -> Key | None:
    parts = rest.rsplit(".", 3)
    if len(parts) < 4 or parts[3] not in CONNECTION_FIELDS:
        return None
    (source, _, target), (location, receptor, field) = parts[0].partition(">"), parts[1:]
    wanted = (source, target, location, receptor)
    indices = tuple(
        k for k, c in enumerate(network.connections) if (c.source, c.target, c.location, c.receptor) == wanted
    )
    # connections that share a path but not the number have no number to read
    numbers = {getattr(network.connections[k], field) for k in indices}
    return (indices, field) if len(numbers) == 1 else None


def _connections(network: Network) -> Iterator[str]:
    bases = dict.fromkeys(f"{c.source}>{c.target}.{c.location}.{c.receptor}" for c in network.connections)
    for base in bases:
        for field in CONNECTION_FIELDS:
            if _find_connection(network, f"{base}.{field}") is not None:
                yield f"connections.{base}.{field}"


def _get_connection(network: Network, key: Key) -> float:
    indices, field = key
    return float(getattr(network.connections[indices[0]], field))


def _put_connection(draft: Draft, key: Key, value: float) -> None:
    indices, field = key
    for index in indices:
        draft.connections.setdefault(index, {})[field] = value


# cells.CELLTYPE.synapses.RECEPTOR.FIELD


def _find_synapse(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.populations)
    if head is None or not head[1].startswith("synapses."):
        return None
    receptor, _, field = head[1].removeprefix("synapses.").rpartition(".")
    known = field in SYNAPSE_FIELDS and receptor in network.populations[head[0]].template.synapses
    return (head[0], receptor, field) if known else None


def _synapses(network: Network) -> Iterator[str]:
    for name, cells in network.populations.items():
        for receptor in cells.template.synapses:
            yield from (f"cells.{name}.synapses.{receptor}.{field}" for field in SYNAPSE_FIELDS)


def _get_synapse(network: Network, key: Key) -> float:
    name, receptor, field = key
    return float(getattr(network.populations[name].template.synapses[receptor], field))


def _put_synapse(draft: Draft, key: Key, value: float) -> None:
    name, receptor, field = key
    draft.synapses.setdefault(name, {}).setdefault(receptor, {})[field] = value


# cells.CELLTYPE.SECTION.FIELD


def _find_section(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.populations)
    if head is None:
        return None
    section, _, field = head[1].rpartition(".")
    known = field in SECTION_FIELDS and section in network.populations[head[0]].template.sections
    return (head[0], section, field) if known else None


def _sections(network: Network) -> Iterator[str]:
    for name, cells in network.populations.items():
        for section in cells.template.sections:
            yield from (f"cells.{name}.{section}.{field}" for field in SECTION_FIELDS)


def _get_section(network: Network, key: Key) -> float:
    name, section, field = key
    return float(getattr(network.populations[name].template.sections[section], field))


def _put_section(draft: Draft, key: Key, value: float) -> None:
    name, section, field = key
    draft.sections.setdefault(name, {}).setdefault(section, {})[field] = value


# cells.CELLTYPE.SECTION.CHANNEL.PARAMETER


def _find_channel(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.populations)
    if head is None:
        return None
    parts = head[1].rsplit(".", 2)
    sections = network.populations[head[0]].template.sections
    if len(parts) < 3 or parts[0] not in sections:
        return None
    section, channel, parameter = parts
    profile = sections[section].channels.get(channel, {}).get(parameter)
    return (head[0], section, channel, parameter) if isinstance(profile, Uniform) else None


def _channels(network: Network) -> Iterator[str]:
    for name, cells in network.populations.items():
        for section, value in cells.template.sections.items():
            for channel, profiles in value.channels.items():
                for parameter, profile in profiles.items():
                    if isinstance(profile, Uniform):
                        yield f"cells.{name}.{section}.{channel}.{parameter}"


def _get_channel(network: Network, key: Key) -> float:
    name, section, channel, parameter = key
    profile: Uniform = network.populations[name].template.sections[section].channels[channel][parameter]
    return profile.value


def _put_channel(draft: Draft, key: Key, value: float) -> None:
    name, section, channel, parameter = key
    channels = draft.channels.setdefault(name, {}).setdefault(section, {})
    channels.setdefault(channel, {})[parameter] = value


# biases.NAME.CELLTYPE


def _find_bias(network: Network, rest: str) -> Key | None:
    head = _head(rest, network.biases)
    return head if head is not None and head[1] in network.biases[head[0]].amplitude_nA else None


def _biases(network: Network) -> Iterator[str]:
    for name, bias in network.biases.items():
        yield from (f"biases.{name}.{cell_type}" for cell_type in bias.amplitude_nA)


def _get_bias(network: Network, key: Key) -> float:
    name, cell_type = key
    return network.biases[name].amplitude_nA[cell_type]


def _put_bias(draft: Draft, key: Key, value: float) -> None:
    name, cell_type = key
    draft.biases.setdefault(name, {})[cell_type] = value


#: The kinds of path by name.
PATH_KINDS: Mapping[str, PathKind] = OrderedFrozenMap(
    {
        "drive": PathKind(
            root="drives",
            form="drives.NAME.FIELD",
            description="a number of a drive: times in ms, rates in Hz, the space constant",
            find=_find_drive_field,
            paths=_drive_fields,
            get=_get_drive_field,
            put=_put_drive_field,
        ),
        "drive by cell type": PathKind(
            root="drives",
            form="drives.NAME.FIELD.CELLTYPE",
            description="a number of a drive per target cell type: weights in uS, delays in ms, rates in Hz",
            find=_find_drive_entry,
            paths=_drive_entries,
            get=_get_drive_entry,
            put=_put_drive_entry,
        ),
        "gain": PathKind(
            root="gains",
            form="gains.NAME",
            description="a global factor on the weights of connections, such as e_i",
            find=_find_gain,
            paths=_gains,
            get=_get_gain,
            put=_put_gain,
        ),
        "connection": PathKind(
            root="connections",
            form="connections.SOURCE>TARGET.LOCATION.RECEPTOR.FIELD",
            description="a number of the connections between two cell types at one place",
            find=_find_connection,
            paths=_connections,
            get=_get_connection,
            put=_put_connection,
        ),
        "synapse": PathKind(
            root="cells",
            form="cells.CELLTYPE.synapses.RECEPTOR.FIELD",
            description="kinetics of a receptor: reversal potential in mV, time constants in ms",
            find=_find_synapse,
            paths=_synapses,
            get=_get_synapse,
            put=_put_synapse,
        ),
        "section": PathKind(
            root="cells",
            form="cells.CELLTYPE.SECTION.FIELD",
            description="a size or passive property of a section",
            find=_find_section,
            paths=_sections,
            get=_get_section,
            put=_put_section,
        ),
        "channel": PathKind(
            root="cells",
            form="cells.CELLTYPE.SECTION.CHANNEL.PARAMETER",
            description="a channel parameter that is the same all along the section",
            find=_find_channel,
            paths=_channels,
            get=_get_channel,
            put=_put_channel,
        ),
        "bias": PathKind(
            root="biases",
            form="biases.NAME.CELLTYPE",
            description="the current of a tonic bias into a cell type, nA",
            find=_find_bias,
            paths=_biases,
            get=_get_bias,
            put=_put_bias,
        ),
    }
)

BY_ROOT: Mapping[str, tuple[PathKind, ...]] = {
    root: tuple(row for row in PATH_KINDS.values() if row.root == root)
    for root in dict.fromkeys(row.root for row in PATH_KINDS.values())
}
