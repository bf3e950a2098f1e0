"""What HNN's network files cannot hold, or HNN 0.6.1 cannot open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from .._warn import warn
from ..errors import DriveError, NetworkError
from ..network import (
    BurstyDrive,
    CellTemplate,
    Drive,
    EvokedDrive,
    Network,
    PoissonDrive,
    Synapse,
    connection_wires,
    jones_2009,
    replace,
)
from ._hnn_cells import MECHANISMS
from ._hnn_content import drive_pairs, old_mode

__all__ = ["check_held"]

KINDS = (EvokedDrive, PoissonDrive, BurstyDrive)
CHANNELS = frozenset({*MECHANISMS.values(), "km", "ca", "cad", "kca", "cat", "ar"})
ROOT, APICAL = "soma", "apical_trunk"
DIPOLE_LAYERS = ["L2", "L5"]


def check_held(network: Network) -> None:
    """Check that a network file of HNN can hold a network, and warn of what HNN does otherwise.

    Parameters
    ----------
    network : Network
        The network.

    Raises
    ------
    NetworkError, DriveError
        It cannot; the sentence names what.
    """
    for name, population in network.populations.items():
        _check_cell(name, population.template, bool(network.electrodes))
    _check_dipole(network)
    _check_connections(network)
    for drive in network.drives.values():
        _check_drive(network, drive)
        _check_drive_cells(network, drive)
    _warn_of_window(network)


def _check_cell(name: str, template: CellTemplate, electrodes: bool) -> None:
    if template.root != ROOT:
        raise NetworkError(f"Cells of HNN begin at a section {ROOT!r}, and those of {name!r} at {template.root!r}.")
    if template.measures_dipole and template.apical_section != APICAL:
        raise NetworkError(
            f"HNN measures dipoles along a section {APICAL!r}, and {name!r} measures its dipole along "
            f"{template.apical_section or 'the z axis'!r}."
        )
    for receptor, synapse in template.synapses.items():
        if type(synapse) is not Synapse:
            raise NetworkError(
                f"Receptor {receptor!r} of {name!r} has a mechanism of its own, and HNN's have two time constants only."
            )
    for section_name, section in template.sections.items():
        for channel in section.channels:
            if channel not in CHANNELS:
                raise NetworkError(f"Channel {channel!r} in section {section_name!r} of {name!r} is not one of HNN's.")
        if section.nseg != replace(section, nseg_override=None).nseg:
            warn(
                f"Section {section_name!r} of {name!r} has {section.nseg} segments: HNN takes no notice and gives it "
                "its own number."
            )
    if electrodes and not _drawn_alike(template):
        warn(
            f"The sections of {name!r} are not drawn as long as they are, or not from the origin on: HNN draws them "
            "anew, so its electrodes see them elsewhere."
        )


def _drawn_alike(template: CellTemplate) -> bool:
    """Return whether end points are those that HNN would draw: from the origin, of the length that a section has."""
    drawn = template.with_section(ROOT, L_um=template.sections[ROOT].L_um)
    start = np.array(template.sections[ROOT].end_points_um[0])
    return not start.any() and all(
        np.allclose(section.end_points_um, drawn.sections[name].end_points_um, rtol=0, atol=1e-6)
        for name, section in template.sections.items()
    )


def _check_dipole(network: Network) -> None:
    templates = network.cell_types
    measuring = [name for name, template in templates.items() if template.measures_dipole]
    if [templates[name].layer for name in measuring] != DIPOLE_LAYERS:
        raise NetworkError(
            "HNN's dipole is that of two cell types, of layers L2 and L5 in this order, and here "
            f"{', '.join(measuring) or 'none'} measure it."
        )


def _check_connections(network: Network) -> None:
    thresholds: dict[str, set[float]] = {}
    electro = {name: template.electro_type for name, template in network.cell_types.items()}
    found = set()
    for connection in network.connections:
        thresholds.setdefault(connection.source, set()).add(network.threshold_of(connection))
        if len(connection_wires(replace(network, connections=[connection], drives={}))):
            found.add((electro[connection.source], electro[connection.target]))
        else:
            warn(
                f"The connection {connection.source} -> {connection.target} ({connection.receptor}) joins no cells and "
                "is left out."
            )
    for source, several in thresholds.items():
        if len(several) > 1:
            raise NetworkError(
                f"Connections from {source!r} have thresholds {', '.join(f'{one:g}' for one in sorted(several))} mV: "
                "in HNN a cell has one, that of the last."
            )
    kinds = sorted(set(electro.values()))
    for source_kind in kinds:
        for target_kind in kinds:
            if (source_kind, target_kind) not in found:
                raise NetworkError(
                    f"The network has no connection from {source_kind} to {target_kind} cells, and HNN 0.6.1 opens "
                    "none without: keep one, with a weight of 0."
                )


def _check_drive(network: Network, drive: Drive) -> None:
    what = f"Drive {drive.name!r}"
    if not isinstance(drive, KINDS):
        raise DriveError(
            f"{what} is a {type(drive).__name__}, which HNN 0.6.1 cannot open from a file: leave it out "
            f"(network.without_drives({drive.name!r})) and add it there."
        )
    if isinstance(drive, PoissonDrive):
        rates = drive.rate_Hz if isinstance(drive.rate_Hz, Mapping) else dict.fromkeys(drive.targets, drive.rate_Hz)
        silent = [cell_type for cell_type, rate in sorted(rates.items()) if rate <= 0]
        if silent:
            raise DriveError(f"{what} has a rate of 0 Hz for {', '.join(silent)}, and HNN takes rates above 0 only.")
    if isinstance(drive, BurstyDrive) and not old_mode(network):
        length, period = (drive.numspikes - 1) * drive.spike_isi_ms, 1000.0 / drive.burst_rate_Hz
        if length > period:
            raise DriveError(
                f"{what} has bursts of {length:g} ms in a period of {period:g} ms, and HNN refuses bursts that overlap."
            )
    templates = {name: network.populations[name].template for name in drive.targets}
    named = [set(template.locations) for template in templates.values()]
    sections = [set(template.sections) for template in templates.values()]
    if drive.location not in set.intersection(*named) | set.intersection(*sections):
        raise DriveError(
            f"{what} reaches {drive.location!r}, which is a section in some of its cell types and a group in others: "
            "HNN wants one or the other."
        )
    for name, template in templates.items():
        if drive.location == "distal" and (template.morphology, template.layer) == ("basket", "L5"):
            raise DriveError(f"{what} is distal and reaches {name!r}: HNN refuses distal drives to layer 5 baskets.")


def _check_drive_cells(network: Network, drive: Drive) -> None:
    if old_mode(network) and drive.cell_specific and drive.numbered_types != set(network.populations):
        missing = sorted(set(network.populations) - drive.numbered_types)
        raise DriveError(
            f"Drive {drive.name!r} has no cells for {', '.join(missing)} while another has placeholders: in HNN's old "
            "mode all drives have cells for all types."
        )
    for cell_type, pairs in drive_pairs(network, drive).items():
        if not any(pairs.values()):
            raise DriveError(
                f"Drive {drive.name!r} reaches no cell of {cell_type!r} with a probability of "
                f"{drive.probability_of(cell_type):g}, and HNN opens no such drive: take {cell_type!r} out of its "
                "weights."
            )


def _warn_of_window(network: Network) -> None:
    """Say what HNN opens in Python, and not in its window."""
    reasons = list(_beyond_the_window(network))
    if reasons:
        more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        warn(f"HNN opens the network in Python, but not in its window: {'; '.join(reasons[:3])}{more}.")


def _beyond_the_window(network: Network) -> Iterator[str]:
    usual = jones_2009((1, 1))
    for name in network.populations:
        if name not in usual.populations:
            yield f"cell type {name!r} is not of its models"
    known = {(one.source, one.target) for one in usual.connections}
    places = Counter((one.source, one.target, one.location, one.receptor) for one in network.connections)
    for (source, target, location, receptor), number in places.items():
        if (source, target) not in known and source in usual.populations and target in usual.populations:
            yield f"its models have no connection {source} -> {target}"
        elif number > 1:
            yield f"there are {number} connections {source} -> {target} ({receptor}, {location})"
    for name, drive in network.drives.items():
        if not isinstance(drive.synaptic_delays, Mapping):
            yield f"drive {name!r} has one delay for all cell types (give synaptic_delays by cell type)"
    for name in network.biases:
        if "tonic" not in name:
            yield f"bias {name!r} lacks the word 'tonic' in its name"
