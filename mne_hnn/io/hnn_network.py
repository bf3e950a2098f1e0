"""Network files of HNN."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._archive import DAMAGE
from .._checks import check_positive
from .._files import Target, new_file, read_json, write_whole
from .._warn import warn
from ..errors import DataError, ParameterError
from ..network import Mechanism, Network, Population, grid_origin, grid_positions, replace
from ..network.channels import CELSIUS
from ..network.grid import DEPTHS, INPLANE_DISTANCE_UM, LAYER_SEPARATION_UM
from ._hnn_cells import cell_template
from ._hnn_connections import cell_connection
from ._hnn_content import OWN, network_content
from ._hnn_drives import biases, drive, same_wires
from ._hnn_limits import check_held
from ._hnn_mechanisms import mechanisms_by_name

__all__ = ["read_hnn_network", "write_hnn_network"]


def read_hnn_network(path: Target, mechanisms: Iterable[Target | Mechanism] = ()) -> Network:
    """Read a network file of HNN: the hierarchical JSON of ``Network.write_configuration``, versions 0.4 to 0.6.

    Parameters
    ----------
    path : path-like
        The file, ``.json``.
    mechanisms : list of path-like or Mechanism
        NMODL files of synapses and channels that are not among those of the ready models, such as ``NMDA_gao.mod``: the
        network file has their names and parameters only.

    Returns
    -------
    network : Network
        Cells, connections, drives, biases and electrodes of the file, under the name of the file. Results of
        simulations in it are not read.

    Raises
    ------
    DataError
        The file is missing, damaged, something else, or says what has no counterpart here; of a mechanism that is not
        known the sentence has the name.
    NetworkError
        One of `mechanisms` cannot be used; see :meth:`~mne_hnn.network.Mechanism.from_mod`.

    Notes
    -----
    What the file does not hold is found as follows.

    In-plane distance
        The file has positions only. The distance is that of neighbours on the grid, so that space constants, which
        count in it, mean what they meant when the file was written. Cells that are not on a grid get 1 um, as in HNN.
        Files of :func:`write_hnn_network` say it.
    Sparse connections
        The file lists the pairs of cells that are connected, without the seed that chose them. They are kept exactly:
        as probability and seed if the default seed gives them, else as :attr:`Connection.pairs`. Nothing is drawn
        again.
    Channels that change with distance
        The file has one value per segment. A profile of the ready models that gives these values is recognised,
        others become :class:`~mne_hnn.network.Tabulated`.
    Initial voltages
        Version 0.4 has none: cells of the ready models take theirs, others -65 mV.
    Gains
        HNN has one per connection, and so have connections here; the global gains of the network stay 1.
    End of drives and biases
        HNN writes the end of its last simulation for "the end of each simulation"; there is no way to tell.

    Examples
    --------
    >>> write_hnn_network(network, "column.json")
    >>> read_hnn_network("column.json").n_cells == network.n_cells
    True
    """
    content = read_json(path, "network file of HNN")
    if content.get("object_type") != "Network" or "cell_types" not in content:
        raise DataError(f"{path} is no network file of HNN: it lacks object_type 'Network' and cell_types.")
    known = mechanisms_by_name(mechanisms)
    try:
        return _network(content, Path(path).name.split(".")[0], known)
    except DataError:
        raise
    except ParameterError as error:
        raise DataError(f"{path} cannot be read as a network: {error}") from error
    except DAMAGE as error:
        missing = f": it lacks {error}" if isinstance(error, KeyError) else ""
        raise DataError(
            f"{path} is damaged, or of a version that is not known ({type(error).__name__}{missing})."
        ) from error


def write_hnn_network(network: Network, path: Target, *, overwrite: bool = False) -> None:
    """Write a network as a file that HNN opens, version 0.6.1: ``read_network_configuration`` of hnn-core, its window.

    Parameters
    ----------
    network : Network
        The network, such as ``fit.network``.
    path : path-like
        The file, ``.json``.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    NetworkError, DriveError
        Such a file cannot hold the network, or HNN cannot open it; the sentence names what: drives of given spike
        times, Poisson rates of 0 Hz, other dipoles than those of layers 2 and 5, receptors and channels of one's own.
    ParameterError
        The file is there and `overwrite` is False, or its folder is not there.
    CacheError
        It cannot be written.

    Notes
    -----
    Seeds are those of the network: HNN draws the events of ``simulate(network)`` without a seed, in all trials. (Final
    trials of a fit have a seed of their own, whose events HNN cannot draw.) What HNN would lose is written so that it
    opens the same network:

    In-plane distance
        HNN opens every file as if cells were 1 um apart. Where they are not, space constants are written in um, and
        :func:`read_hnn_network` finds the distance in a member that HNN takes no notice of.
    Sparse connections
        HNN draws again, at random, from what it reads with a probability below 1. Pairs are written as they are, with a
        probability of 1; drives keep theirs.
    Gains
        Global gains go into the gain of each connection.
    Channels that change with distance
        One value per segment.

    HNN's window opens less than its Python, and a warning names what: drives with one delay for all cell types, biases
    without "tonic" in their names, kinds of connections that its models have not.

    Examples
    --------
    >>> write_hnn_network(network, "column.json")
    >>> read_hnn_network("column.json").drives["evprox1"].mu_ms
    26.61
    """
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, got {type(network).__name__}.")
    check_held(network)
    file = new_file(path, overwrite)
    text = json.dumps(network_content(network), indent=1) + "\n"
    write_whole(file, lambda stream: stream.write(text.encode("utf-8")), "network")


def _network(content: Mapping[str, Any], name: str, known: Mapping[str, Mechanism]) -> Network:
    ranges = {key: range(ends["start"], ends["stop"]) for key, ends in content["gid_ranges"].items()}
    ranges = dict(sorted(ranges.items(), key=lambda item: item[1].start))
    cells = content["cell_types"]
    templates = {key: cell_template(key, cells[key], known) for key in ranges if key in cells}
    positions = content["pos_dict"]
    points = {key: [tuple(map(float, point)) for point in positions[key]] for key in templates}
    populations = {key: Population(template=template, positions_um=points[key]) for key, template in templates.items()}
    threshold = float(content.get("threshold", 0.0))
    distance = _stated_distance(content)
    entries = [_in_distances(entry, distance) for entry in content["connectivity"]]
    connections = [cell_connection(entry, ranges, threshold) for entry in entries if entry["src_type"] in templates]
    network = Network(
        name=name.strip() or "network",
        populations=populations,
        connections=[made for made in connections if made],
        biases=biases(content.get("external_biases") or {}),
        threshold_mV=threshold,
        celsius=content.get("celsius", CELSIUS),
        **_grid(content, populations),
    )
    _warn_of_thresholds(network)
    if distance is not None:
        network = replace(network, inplane_distance_um=distance)
    network = _with_drives(network, content["external_drives"], entries, ranges)
    return _with_electrodes(network, content.get("rec_arrays") or {})


def _warn_of_thresholds(network: Network) -> None:
    for name in network.populations:
        found = sorted({network.threshold_of(made) for made in network.connections if made.source == name})
        if len(found) > 1:
            warn(
                f"Connections from {name!r} have thresholds of {', '.join(f'{value:g}' for value in found)} mV in the "
                "file. Here each has its own; in HNN the connection made last sets that of its cells for all."
            )


def _stated_distance(content: Mapping[str, Any]) -> float | None:
    """Return the in-plane distance of a file of ours whose space constants are in um, because HNN forgets it."""
    if OWN not in content:
        return None
    return check_positive(content[OWN]["inplane_distance_um"], f"inplane_distance_um of {OWN}", error=DataError)


def _in_distances(entry: Mapping[str, Any], distance_um: float | None) -> Mapping[str, Any]:
    if distance_um is None:
        return entry
    rules = entry["nc_dict"]
    return {**entry, "nc_dict": {**rules, "lamtha": rules["lamtha"] / distance_um}}


def _grid(content: Mapping[str, Any], populations: Mapping[str, Population]) -> dict[str, Any]:
    """Return mesh, distances and origin; cells that are on the grid but for rounding are on it."""
    mesh = (int(content["N_pyr_x"]), int(content["N_pyr_y"]))
    found = {
        (population.template.layer, population.template.morphology): population.positions
        for population in populations.values()
    }
    origin = tuple(map(float, content["pos_dict"]["origin"]))
    steps = [np.diff(np.unique(places[:, axis])) for places in found.values() for axis in (0, 1)]
    spacing = min((float(step.min()) for step in steps if step.size), default=INPLANE_DISTANCE_UM)
    separations = [
        float(places[0, 2]) / DEPTHS[kind] for kind, places in found.items() if DEPTHS.get(kind, 0) and places[0, 2] > 0
    ]
    # the layer itself, not a product of it, where there is one
    whole = found.get(("L2", "pyramidal"))
    separation = (
        float(whole[0, 2]) if whole is not None and whole[0, 2] > 0 else (separations or [LAYER_SEPARATION_UM])[0]
    )
    on_grid = all(
        kind in DEPTHS and _agree(grid_positions(kind[1], kind[0], mesh, spacing, separation), places)
        for kind, places in found.items()
    )
    if not on_grid:
        return {"origin_um": origin, "layer_separation_um": separation}
    own = grid_origin(mesh, spacing, separation)
    return {
        "mesh_shape": mesh,
        "inplane_distance_um": spacing,
        "layer_separation_um": separation,
        "origin_um": None if np.allclose(own, origin) else origin,
    }


def _agree(expected: Any, positions: Any) -> bool:
    return np.shape(expected) == np.shape(positions) and np.allclose(expected, positions, rtol=1e-9, atol=1e-9)


def _with_drives(
    network: Network,
    drives: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    ranges: Mapping[str, range],
) -> Network:
    for name in sorted(drives, key=lambda name: ranges[name].start):
        listed = [entry for entry in entries if entry["src_type"] == name]
        # a target that gets nothing and has no such place is a placeholder of HNN's old mode
        own = [entry for entry in listed if entry["nc_dict"]["A_weight"] > 0 or _place(network, entry)]
        if not own:
            warn(
                f"Drive {name!r} has no connections in the file and is left out, so later drives have lower cell "
                "numbers and trials after the first other spike times."
            )
            continue
        unreached = {entry["target_type"] for entry in listed} - {entry["target_type"] for entry in own}
        network = network.with_drives(drive(name, drives[name], own, placeholders=sorted(unreached)))
        if not same_wires(network, name, own, ranges[name]):
            warn(
                f"Drive {name!r} is connected otherwise than in the file, whose pairs of cells its seed and "
                "probability do not give: its spikes or targets will differ."
            )
    return network


def _place(network: Network, entry: Mapping[str, Any]) -> bool:
    template = network.populations[entry["target_type"]].template
    return bool(template.sections_at(entry["loc"]))


def _with_electrodes(network: Network, arrays: Mapping[str, Any]) -> Network:
    for name, array in arrays.items():
        network = network.with_electrodes(
            name,
            [tuple(map(float, point)) for point in array["positions"]],
            conductivity_S_m=array["conductivity"],
            method=array["method"],
            min_distance_um=array["min_distance"],
        )
    return network
