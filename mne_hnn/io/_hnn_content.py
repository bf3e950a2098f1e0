"""Networks as the content of HNN's network files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .._value import replace
from ..network import (
    CHANNELS,
    BurstyDrive,
    CellTemplate,
    Connection,
    Drive,
    EvokedDrive,
    Network,
    PoissonDrive,
    Synapse,
    TonicBias,
    Uniform,
    connection_wires,
    drive_wires,
)
from ..network.grid import INPLANE_DISTANCE_UM
from ._hnn_cells import MECHANISMS

__all__ = ["OWN", "drive_pairs", "network_content", "old_mode"]

#: What only this package reads of a file; HNN takes no notice of it.
OWN = "mne_hnn"
#: Delay of the connections without weight that HNN's old mode makes.
OLD_MODE_DELAY_MS = 0.1
GAUSSIAN = "extgauss"
_MECHANISM = {channel: mechanism for mechanism, channel in MECHANISMS.items()}
#: What HNN calls the cells of its own models.
_CELL_NAMES = {"L2_pyramidal": "L2Pyr", "L5_pyramidal": "L5Pyr"}
_NUMBERED = re.compile(r"(.+) (\d+)")

Entry = dict[str, Any]


def network_content(network: Network) -> Entry:
    """Return what the file of a network holds; see :func:`mne_hnn.io.write_hnn_network`.

    Parameters
    ----------
    network : Network
        A network that HNN's files can hold.
    """
    populations, ranges = network.populations, network.gid_ranges
    positions: Entry = {name: population.positions.tolist() for name, population in populations.items()}
    positions["origin"] = list(network.origin)
    for name, drive in network.drives.items():
        positions[name] = [list(network.origin)] * network.n_drive_cells(drive)
    columns, rows = _mesh(network)
    content: Entry = {
        "object_type": "Network",
        "legacy_mode": old_mode(network),
        "N_pyr_x": columns,
        "N_pyr_y": rows,
        "celsius": network.celsius,
        "cell_types": {name: _cell(name, population.template) for name, population in populations.items()},
        "gid_ranges": {name: {"start": cells.start, "stop": cells.stop} for name, cells in ranges.items()},
        "pos_dict": positions,
        "cell_response": {},
        "external_drives": {name: _drive(network, drive) for name, drive in network.drives.items()},
        "external_biases": _biases(network.biases),
        "connectivity": [*_cell_connections(network), *_drive_connections(network)],
        "rec_arrays": {
            name: {
                "positions": array.positions.tolist(),
                "conductivity": array.conductivity_S_m,
                "method": array.method,
                "min_distance": array.min_distance_um,
                "times": [],
                "voltages": [],
            }
            for name, array in network.electrodes.items()
        },
        "threshold": network.threshold_mV,
        "delay": 1.0,
    }
    if network.inplane_distance_um != INPLANE_DISTANCE_UM:
        content[OWN] = {"inplane_distance_um": network.inplane_distance_um}
    return content


def old_mode(network: Network) -> bool:
    """Return whether drives have cells for types that they do not reach, as in HNN's old mode."""
    return any(drive.placeholder_types for drive in network.drives.values())


def _mesh(network: Network) -> tuple[int, int]:
    """Return the mesh; off the grid one of as many cells as a layer has, which HNN's baseline multiplies by."""
    if network.mesh_shape is not None:
        return network.mesh_shape
    sizes = [len(one) for one in network.populations.values() if one.template.measures_dipole]
    return max(sizes, default=1), 1


# -- cells -----------------------------------------------------------------------------------------


def _cell(name: str, template: CellTemplate) -> Entry:
    layer = template.layer.removeprefix("L")
    cell = {
        "name": _CELL_NAMES.get(name, name),
        "pos": [0.0, 0.0, 0.0],
        "sections": {section: _section(template, section) for section in template.sections},
        "synapses": {
            receptor: {"e": synapse.e_mV, "tau1": synapse.tau1_ms, "tau2": synapse.tau2_ms}
            for receptor, synapse in template.synapses.items()
            if isinstance(synapse, Synapse)  # others were refused
        },
        "cell_tree": _tree(template),
        "sect_loc": {location: list(sections) for location, sections in template.locations.items()},
        "gid": None,
        "dipole_pp": [],
        "vsec": {},
        "isec": {},
        "ca": {},
        "tonic_biases": [],
    }
    about = {
        "morpho_type": template.morphology,
        "electro_type": template.electro_type,
        "layer": layer if layer.isdigit() else template.layer,
        "measure_dipole": template.measures_dipole,
        "reference": template.reference,
    }
    return {"cell_object": cell, "cell_metadata": about}


def _section(template: CellTemplate, name: str) -> Entry:
    section = template.sections[name]
    return {
        "L": section.L_um,
        "diam": section.diam_um,
        "Ra": section.Ra_ohm_cm,
        "cm": section.cm_uF_cm2,
        "end_pts": [list(point) for point in section.end_points_um],
        "nseg": section.nseg,
        "v0": section.v_init_mV,
        "mechs": {
            _MECHANISM.get(channel, channel): _parameters(template, name, channel) for channel in section.channels
        },
        "syns": list(section.receptors),
    }


def _parameters(template: CellTemplate, section: str, channel: str) -> Entry:
    given = template.sections[section].channels[channel]
    defaults = {name: Uniform(one.default) for name, one in CHANNELS[channel].parameters.items()}
    if len(given) > 1 and dict(given) == defaults:
        return {}  # those of the mechanism itself: so HNN writes its basket cells
    ending = _MECHANISM.get(channel, channel)
    return {f"{parameter}_{ending}": _density(template, section, channel, parameter) for parameter in given}


def _density(template: CellTemplate, section: str, channel: str, parameter: str) -> Any:
    """Return a number, or relative positions and values of the segments' centres."""
    profile = template.sections[section].channels[channel][parameter]
    if isinstance(profile, Uniform):
        return profile.value
    centres = np.linspace(0, 1, 2 * template.sections[section].nseg + 1)[1::2]
    return [centres.tolist(), template.density(section, channel, parameter).tolist()]


def _tree(template: CellTemplate) -> dict[str, list[str]] | None:
    """Return which ends follow upon which from the root on: sections lead from one end to the other."""
    if not template.tree:
        return None
    near = {branch.child: branch.child_end for branch in template.tree}
    tree: dict[str, list[str]] = {}
    for name in template.sections:
        end = near.get(name, 0)
        tree.setdefault(f"{name},{end}", []).append(f"{name},{1 - end}")
    for branch in template.tree:
        tree.setdefault(f"{branch.parent},{branch.parent_end}", []).append(f"{branch.child},{branch.child_end}")
    return tree


# -- connections -----------------------------------------------------------------------------------


def _connection(
    network: Network,
    ends: tuple[str, str],
    pairs: Mapping[int, list[int]],
    rules: Mapping[str, float],
    chosen: Mapping[str, list[int]],
    **more: Any,
) -> Entry:
    """Return one entry; HNN counts space constants in um, since it forgets the distance of the cells."""
    source, target = ends
    who = {"src": sorted(pairs), "target": sorted({gid for gids in pairs.values() for gid in gids})} | dict(chosen)
    entry = {
        "target_type": target,
        "target_gids": who["target"],
        "num_targets": len(who["target"]),
        "src_type": source,
        "src_gids": who["src"],
        "num_srcs": len(who["src"]),
        "gid_pairs": {str(gid): gids for gid, gids in pairs.items()},
        "nc_dict": {**rules, "lamtha": rules["lamtha"] * network.inplane_distance_um},
        # HNN thins out what it reads with a probability, at random: the pairs are all that it needs
        "probability": 1.0,
    }
    return {**entry, **more}


def _cell_connections(network: Network) -> Iterable[Entry]:
    for connection in network.connections:
        kinds = (network.populations[name].template.electro_type[0] for name in (connection.source, connection.target))
        rules = {
            "A_delay": connection.delay_ms,
            "A_weight": connection.weight_uS,
            "lamtha": connection.lamtha,
            "threshold": network.threshold_of(connection),
            "gain": network.gains["_".join(kinds)] * connection.gain,
        }
        wires = connection_wires(replace(network, connections=[connection], drives={}))
        pairs = _grouped(zip(wires.source.tolist(), wires.target.tolist(), strict=True))
        if pairs:
            yield _connection(
                network,
                (connection.source, connection.target),
                pairs,
                rules,
                _chosen(network, connection),
                loc=connection.location,
                receptor=connection.receptor,
                allow_autapses=int(connection.allow_autapses),
            )


def _chosen(network: Network, connection: Connection) -> dict[str, list[int]]:
    """Return the cells among which a part of all pairs was drawn; it is not said where pairs are listed."""
    chosen: dict[str, list[int]] = {}
    if connection.pairs is None:
        for key, cell_type, indices in (
            ("src", connection.source, connection.source_indices),
            ("target", connection.target, connection.target_indices),
        ):
            cells = network.gid_ranges[cell_type]
            chosen[key] = list(cells) if indices is None else sorted(cells[index] for index in indices)
    return chosen


def _grouped(wired: Iterable[tuple[int, int]], every: Iterable[int] = ()) -> dict[int, list[int]]:
    """Return the targets of each source; sources of `every` that have none come last, since HNN looks at the first."""
    pairs: dict[int, list[int]] = {}
    for source, target in wired:
        pairs.setdefault(source, []).append(target)
    for source in every:
        pairs.setdefault(source, [])
    return pairs


def _drive_connections(network: Network) -> Iterable[Entry]:
    for name, drive in network.drives.items():
        for cell_type, pairs in drive_pairs(network, drive).items():
            for receptor, weight in _weights(drive, cell_type).items():
                rules = {
                    "A_delay": drive.delay_ms(cell_type) if cell_type in drive.targets else OLD_MODE_DELAY_MS,
                    "A_weight": weight,
                    "lamtha": drive.space_constant,
                    "threshold": network.threshold_mV,
                    "gain": 1.0,
                }
                yield _connection(
                    network,
                    (name, cell_type),
                    pairs,
                    rules,
                    {"src": sorted(pairs)},
                    loc=drive.location,
                    receptor=receptor,
                    allow_autapses=1,
                )


def drive_pairs(network: Network, drive: Drive) -> dict[str, dict[int, list[int]]]:
    """Return by cell type which cells each cell of a drive is connected to, by their numbers.

    Parameters
    ----------
    network : Network
        The network.
    drive : Drive
        One of its drives. In HNN's old mode it is connected to all cell types, if only without weight.
    """
    own = network.gid_ranges[drive.name]
    wires = drive_wires(network, drive)
    wired = list(zip((wires.source + own.start).tolist(), wires.target.tolist(), strict=True))
    found = {}
    first = own.start
    for cell_type in network.populations if old_mode(network) else network.drive_targets(drive):
        cells = network.gid_ranges[cell_type]
        sources = range(first, first + len(cells)) if drive.cell_specific else own
        if cell_type in drive.targets:
            reached = [pair for pair in wired if pair[1] in cells]
        elif drive.cell_specific:
            reached = list(zip(sources, cells, strict=True))
        else:
            reached = [(source, cell) for source in sources for cell in cells]
        # HNN draws events only for cells of a cell-specific drive that have an entry
        found[cell_type] = _grouped(reached, sources if drive.cell_specific else ())
        first = sources.stop
    return found


def _weights(drive: Drive, cell_type: str) -> dict[str, float]:
    weights = {name: of_type[cell_type] for name, of_type in drive.weights.items() if cell_type in of_type}
    return weights or {"ampa": 0.0}


# -- drives and biases -----------------------------------------------------------------------------


def _drive(network: Network, drive: Drive) -> Entry:
    kind, dynamics = _dynamics(drive)
    targets = network.drive_targets(drive)
    return {
        "type": "gaussian" if drive.name == GAUSSIAN and kind == "evoked" else kind,
        "location": drive.location,
        "n_drive_cells": network.n_drive_cells(drive),
        "event_seed": drive.event_seed,
        "conn_seed": drive.conn_seed,
        "dynamics": dynamics,
        "events": [],
        "weights_ampa": dict(drive.weights_ampa) or None,
        "weights_nmda": dict(drive.weights_nmda) or None,
        "synaptic_delays": _for_targets(drive.synaptic_delays, targets),
        "probability": _for_targets(drive.probability, targets),
        "name": drive.name,
        "target_types": list(network.populations if old_mode(network) else targets),
        "cell_specific": drive.cell_specific,
    }


def _for_targets(value: Any, targets: Iterable[str]) -> Any:
    return {name: value[name] for name in targets} if isinstance(value, Mapping) else value


def _dynamics(drive: Drive) -> tuple[str, Entry]:
    if isinstance(drive, EvokedDrive):
        return "evoked", {"mu": drive.mu_ms, "sigma": drive.sigma_ms, "numspikes": drive.numspikes}
    window = {"tstart": drive.tstart, "tstop": drive.tstop}  # type: ignore[attr-defined]
    if isinstance(drive, PoissonDrive):
        rate = drive.rate_Hz
        return "poisson", {**window, "rate_constant": dict(rate) if isinstance(rate, Mapping) else rate}
    assert isinstance(drive, BurstyDrive)
    return "bursty", {
        **window,
        "tstart_std": drive.tstart_std,
        "burst_rate": drive.burst_rate_Hz,
        "burst_std": drive.burst_std_ms,
        "numspikes": drive.numspikes,
        "spike_isi": drive.spike_isi_ms,
    }


def _biases(biases: Mapping[str, TonicBias]) -> dict[str, Entry]:
    """Return the biases; those that the reader numbered are one again, as far as they do not overlap."""
    found: dict[str, Entry] = {}
    windows: dict[str, list[tuple[Any, ...]]] = {}
    for name in sorted(biases, key=_in_numbers):
        bias = biases[name]
        window = (bias.section, bias.t0_ms, bias.tstop_ms)
        numbered = _NUMBERED.fullmatch(name)
        before = windows.get(numbered[1], []) if numbered else []
        base = numbered[1] if numbered and before and int(numbered[2]) == len(before) + 1 else name
        if base != name and (window in windows[base] or set(found[base]) & set(bias.amplitude_nA)):
            base = name
        windows.setdefault(base, []).append(window)
        for cell_type, amplitude in bias.amplitude_nA.items():
            found.setdefault(base, {})[cell_type] = {
                "amplitude": amplitude,
                "t0": bias.t0_ms,
                "tstop": bias.tstop_ms,
                "section": bias.section,
            }
    return found


def _in_numbers(name: str) -> tuple[str, int]:
    numbered = _NUMBERED.fullmatch(name)
    return (numbered[1], int(numbered[2])) if numbered else (name, 0)
