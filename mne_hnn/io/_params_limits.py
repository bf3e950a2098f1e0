"""What HNN's parameter files cannot hold: where a network differs from what reading its parameters gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..errors import NetworkError
from ..network import CellTemplate, Connection, Density, Drive, Network, PoissonDrive, Section, TonicBias, Uniform
from ._params_values import folded_gain

__all__ = ["check_same"]

# fields that are compared otherwise, or do not act
_CELL = ("sections", "reference", "name", "locations")
_SECTION = ("channels", "end_points_um")
_CONNECTION = ("weight_uS", "gain", "threshold_mV", "seed", "allow_autapses")
_DRIVE = (
    *("weights_ampa", "weights_nmda", "synaptic_delays", "probability", "conn_seed"),
    *("n_drive_cells", "tstop", "rate_Hz"),
)
_COLUMN = ("inplane_distance_um", "layer_separation_um", "mesh_shape", "origin", "threshold_mV", "celsius")

#: What differs, what it is, and as what it would be read.
Difference = tuple[str, Any, Any]


def check_same(network: Network, read: Network, tstop_ms: float) -> None:
    """Check that a network is, in all that acts, the one that its parameter file gives.

    Parameters
    ----------
    network : Network
        The network that is to be written.
    read : Network
        What reading its parameters gives.
    tstop_ms : float
        Duration that the file says, ms; it is the end of drives and biases without an end.

    Raises
    ------
    NetworkError
        They differ; the sentence names what the file cannot hold.
    """
    for what, own, other in _differences(network, read, tstop_ms):
        raise NetworkError(
            f"A parameter file of HNN cannot hold {what}: it is {_shown(own)} and would be read as {_shown(other)}; a "
            "network file may (write_hnn_network)."
        )


def _shown(value: Any) -> Any:
    if isinstance(value, Uniform):
        return f"{value.value:g}"
    return "nothing" if value is None else dict(value) if isinstance(value, Mapping) else value


def _differences(network: Network, read: Network, tstop_ms: float) -> Iterator[Difference]:
    if network.electrodes:
        yield "electrodes", ", ".join(network.electrodes), None
    for name in _COLUMN:
        yield from _unequal(name, getattr(network, name), getattr(read, name))
    for name, population in network.populations.items():
        yield from _unequal(f"positions of {name!r}", population.positions_um, read.populations[name].positions_um)
        yield from _cells(name, population.template, read.populations[name].template)
    yield from _connections(network, read)
    for name, drive in network.drives.items():
        yield from _drives(drive, read.drives[name], tstop_ms)
    yield from _biases(network.biases, read.biases, tstop_ms)


def _unequal(what: str, own: Any, read: Any) -> Iterator[Difference]:
    if own != read:
        yield what, own, read


def _fields(what: str, own: Any, read: Any, left_out: tuple[str, ...]) -> Iterator[Difference]:
    for field in fields(own):
        if field.name not in left_out:
            yield from _unequal(f"{field.name} of {what}", getattr(own, field.name), getattr(read, field.name))


def _cells(name: str, template: CellTemplate, read: CellTemplate) -> Iterator[Difference]:
    yield from _unequal(f"sections of {name!r}", list(template.sections), list(read.sections))
    yield from _fields(repr(name), template, read, _CELL)
    for section_name, section in template.sections.items():
        what, other = f"section {section_name!r} of {name!r}", read.sections[section_name]
        yield from _fields(what, section, other, _SECTION)
        ends = section.end_points_um, other.end_points_um
        if not np.allclose(*ends, rtol=0, atol=1e-6):
            yield f"end_points_um of {what}", *ends
        own, theirs = _densities(section), _densities(other)
        for channel, parameter in {**own, **theirs}:
            pair = (channel, parameter)
            yield from _unequal(f"{parameter} of channel {channel!r} in {what}", own.get(pair), theirs.get(pair))


def _densities(section: Section) -> dict[tuple[str, str], Density]:
    return {
        (channel, name): density
        for channel, parameters in section.channels.items()
        for name, density in parameters.items()
    }


def _connections(network: Network, read: Network) -> Iterator[Difference]:
    left = {_place(one): one for one in read.connections}
    for connection in network.connections:
        what = f"connection {connection.source} -> {connection.target} ({connection.receptor}, {connection.location})"
        other = left.pop(_place(connection), None)
        if other is None:
            yield what, f"{connection.weight_uS:g} uS", None
            continue
        yield from _fields(what, connection, other, _CONNECTION)
        if connection.source == connection.target:
            yield from _unequal(f"allow_autapses of {what}", connection.allow_autapses, other.allow_autapses)
        # two connections may share one parameter
        weight = connection.weight_uS * connection.gain * folded_gain(network, connection.source, connection.target)
        yield from _unequal(f"weight_uS of {what}", weight, other.weight_uS)
        thresholds = network.threshold_of(connection), read.threshold_of(other)
        yield from _unequal(f"threshold_mV of {what}", *thresholds)
    # a connection that is not there has no weight; one that shares its parameter with another would get it
    for other in left.values():
        if other.weight_uS:
            yield f"a column without connection {other.source} -> {other.target} ({other.location})", 0, other.weight_uS


def _place(connection: Connection) -> tuple[str, str, str, str]:
    return connection.source, connection.target, connection.location, connection.receptor


def _drives(drive: Drive, read: Drive, tstop_ms: float) -> Iterator[Difference]:
    what = f"drive {drive.name!r}"
    if drive.cell_specific or not drive.targets <= read.targets:
        own, theirs = sorted(drive.numbered_types), sorted(read.numbered_types)
        yield from _unequal(f"targets of {what} (weights of 0 count)", ", ".join(own), ", ".join(theirs))
    yield from _fields(what, drive, read, _DRIVE)
    if not drive.cell_specific:
        yield from _unequal(f"n_drive_cells of {what}", drive.n_drive_cells, read.n_drive_cells)
    for cell_type in sorted(drive.targets):
        to = f"of {what} to {cell_type}"
        yield from _unequal(f"probability {to}", drive.probability_of(cell_type), 1.0)
        yield from _unequal(f"synaptic delay {to}", drive.delay_ms(cell_type), read.delay_ms(cell_type))
        for receptor, weights in drive.weights.items():
            pair = (one.get(cell_type, 0.0) for one in (weights, read.weights[receptor]))
            yield from _unequal(f"weights_{receptor} {to}", *pair)
    yield from _unequal(f"tstop of {what}", *(_end(getattr(one, "tstop", None), tstop_ms) for one in (drive, read)))
    yield from _unequal(f"rate_Hz of {what}", _rates(drive), _rates(read))


def _end(tstop: float | None, duration_ms: float) -> float:
    return duration_ms if tstop is None else min(tstop, duration_ms)


def _rates(drive: Drive) -> dict[str, float] | None:
    if not isinstance(drive, PoissonDrive):
        return None
    rate = drive.rate_Hz
    return dict(rate) if isinstance(rate, Mapping) else dict.fromkeys(drive.targets, rate)


def _biases(own: Mapping[str, TonicBias], read: Mapping[str, TonicBias], tstop_ms: float) -> Iterator[Difference]:
    """Compare currents by cell type; names do not act."""
    currents: list[dict[str, Any]] = [{}, {}]
    for found, biases in zip(currents, (own, read), strict=True):
        for bias in biases.values():
            for cell_type, amplitude in bias.amplitude_nA.items():
                if cell_type in found:
                    yield f"two constant currents into {cell_type}", "two", "one"
                if amplitude:
                    found[cell_type] = amplitude, bias.section, bias.t0_ms, _end(bias.tstop_ms, tstop_ms)
    for cell_type, current in currents[0].items():
        what = f"the constant current into {cell_type} (nA, section, start and end in ms)"
        yield from _unequal(what, current, currents[1].get(cell_type))
