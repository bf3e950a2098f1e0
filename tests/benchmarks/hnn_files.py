"""Read files of HNN beside hnn-core and say where the two differ: cells, connections, drives, events of two trials.

    python tests/benchmarks/hnn_files.py --peer PEER/bin/python FOLDER_OR_FILE ...
    python tests/benchmarks/hnn_files.py --peer PEER/bin/python --simulate [--no-tables] FILE ...   # runs as well

The peer lives in an environment of its own: ``python -m venv PEER && PEER/bin/pip install hnn-core==0.6.1``. Network
and parameter files are told apart by their content; others are left out. One row per file: what is the same, what
differs, and what we warned about. Routes without weight, and drive cells that have no others, are not compared.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
CLOSE = {"rtol": 1e-9, "atol": 1e-12}
CHANNELS = {"hh2": "hh"}
SMOOTHING_MS = 30.0


def kind_of(path: Path) -> str:
    """Return ``network``, ``parameters`` or an empty string."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix == ".json" and '"object_type"' in text:
        return "network"
    return "parameters" if path.suffix in (".json", ".param") and "gbar_L2Pyr_L2Basket" in text else ""


def read_ours(path: Path, kind: str) -> tuple[Any, list[str]]:
    """Return our network and the warnings that came with it."""
    from mne_hnn.io import read_hnn_network, read_hnn_params

    read = read_hnn_network if kind == "network" else read_hnn_params
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network = read(path)
    return network, [str(one.message) for one in caught]


def read_peer(peer: str, path: Path, *more: str) -> dict[str, Any]:
    """Return what the peer finds in a file."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peer.json"
        command = [peer, str(HERE / "peer_file.py"), str(path), str(out), *more]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(ran.stderr.strip().splitlines()[-1])
        return json.loads(out.read_text(encoding="utf-8"))


def cell_differences(network: Any, peer: Mapping[str, Any], voltages: bool) -> list[str]:
    """Return the sections and channels that differ; initial voltages only where the file has them."""
    found = []
    for cell_type, entry in peer["cell_types"].items():
        theirs, ours = entry.get("cell_object", entry), network.cell_types[cell_type]
        positions = np.array(peer["pos_dict"][cell_type], dtype=float)
        if positions.shape != network.positions(cell_type).shape or not np.allclose(
            positions, network.positions(cell_type), **CLOSE
        ):
            found.append(f"{cell_type} positions")
        for name, section in theirs["sections"].items():
            found += [f"{cell_type} {name} {what}" for what in _section_differences(ours, name, section, voltages)]
        for receptor, kinetics in theirs["synapses"].items():
            mine = ours.synapses[receptor]
            pairs = ((mine.e_mV, "e"), (mine.tau1_ms, "tau1"), (mine.tau2_ms, "tau2"))
            found += [f"{cell_type} {receptor} {key}" for value, key in pairs if not np.isclose(value, kinetics[key])]
    return found


def _section_differences(template: Any, name: str, entry: Mapping[str, Any], voltages: bool) -> Iterable[str]:
    section = template.sections[name]
    fields = {"L": section.L_um, "diam": section.diam_um, "Ra": section.Ra_ohm_cm, "cm": section.cm_uF_cm2}
    fields |= {"nseg": section.nseg, **({"v0": section.v_init_mV} if voltages else {})}
    for key, value in fields.items():
        if key in entry and not np.isclose(entry[key], value, **CLOSE):
            yield f"{key} {value:g} (peer {entry[key]:g})"
    if set(entry["syns"]) != set(section.receptors):
        yield "receptors"
    channels = {CHANNELS.get(mech, mech): (mech, values) for mech, values in entry["mechs"].items()}
    if set(channels) != set(section.channels):
        yield f"channels {sorted(set(channels) ^ set(section.channels))}"
    for channel in set(channels) & set(section.channels):
        mech, values = channels[channel]
        for key, value in values.items():
            parameter = key.removesuffix(f"_{mech}")
            theirs = np.array(value[1] if isinstance(value, list) else value, dtype=float)
            ours = template.density(name, channel, parameter)
            if not np.allclose(ours, theirs, rtol=1e-9, atol=0):
                yield f"{channel} {parameter} {np.ravel(ours)[-1]:g} (peer {np.ravel(theirs)[-1]:g})"


Route = tuple[int, int, str, str]


def peer_routes(peer: Mapping[str, Any], sources: Iterable[str]) -> dict[Route, list[tuple[float, float]]]:
    """Return weight and delay of each route of the peer, with its formula for the distance."""
    places = peer["pos_dict"]
    ranges = peer["gid_ranges"]
    spacing = peer["inplane_distance"]
    routes: dict[Route, list[tuple[float, float]]] = defaultdict(list)
    for entry in peer["connectivity"]:
        source = entry["src_type"]
        if source not in sources:
            continue
        rules, target = entry["nc_dict"], entry["target_type"]
        for key, targets in entry["gid_pairs"].items():
            here = (
                places["origin"]
                if source in peer["external_drives"]
                else places[source][int(key) - ranges[source]["start"]]
            )
            for gid in targets:
                there = places[target][gid - ranges[target]["start"]]
                squared = (here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2
                scale = np.exp(-squared / (rules["lamtha"] * spacing) ** 2)
                weight = rules["A_weight"] * rules.get("gain", 1.0) * scale
                routes[int(key), gid, entry["loc"], entry["receptor"]].append((weight, rules["A_delay"] / scale))
    return routes


def our_routes(network: Any) -> tuple[dict[Route, list[tuple[float, float]]], dict[str, dict[Route, Any]]]:
    """Return the routes between our cells, and those of each drive."""
    from mne_hnn.network import connection_wires, drive_wires

    cells: dict[Route, list[tuple[float, float]]] = defaultdict(list)
    bare = network.only_cells()
    for connection in network.connections:
        wires = connection_wires(bare.with_connections(connection))
        for row in _rows(wires, 0, connection.location, {connection.receptor}):
            cells[row[0]].append(row[1])
    drives: dict[str, dict[Route, Any]] = {}
    for name, drive in network.drives.items():
        drives[name] = defaultdict(list)
        for row in _rows(
            drive_wires(network, name), network.gid_ranges[name].start, drive.location, set(drive.weights)
        ):
            drives[name][row[0]].append(row[1])
    return cells, drives


def _rows(wires: Any, first: int, location: str, receptors: set[str]) -> Iterable[tuple[Route, tuple[float, float]]]:
    for column, receptor in enumerate(wires.receptors):
        if receptor in receptors:
            for k, weight in enumerate(wires.weights_uS[:, column].tolist()):
                route = (int(wires.source[k]) + first, int(wires.target[k]), location, receptor)
                yield route, (weight, float(wires.delay_ms[k]))


def route_differences(ours: Mapping[Route, Any], theirs: Mapping[Route, Any], what: str) -> list[str]:
    """Return a sentence when routes that carry a weight differ."""
    mine, other = (
        {key: sorted(pair for pair in pairs if pair[0] > 0) for key, pairs in routes.items()}
        for routes in (ours, theirs)
    )
    mine, other = ({key: pairs for key, pairs in routes.items() if pairs} for routes in (mine, other))
    if set(mine) != set(other):
        return [f"{what}: {len(set(mine) - set(other))} routes more, {len(set(other) - set(mine))} fewer"]
    unequal = [
        key for key in mine if len(mine[key]) != len(other[key]) or not np.allclose(mine[key], other[key], **CLOSE)
    ]
    return [f"{what}: {len(unequal)} of {len(mine)} weights or delays"] if unequal else []


def event_differences(
    network: Any, peer: Mapping[str, Any], tstop: float, routes: Mapping[str, Mapping[Route, Any]]
) -> list[str]:
    """Return the drives and trials in which event times differ, of the drive cells whose routes carry a weight."""
    from mne_hnn.network import drive_events

    found = []
    n_trials = max((len(trials) for trials in peer["events"].values()), default=0)
    for trial in range(n_trials):
        ours = drive_events(network, trial, tstop)
        for name in {*ours, *peer["events"]}:
            mine = [train.tolist() for train in ours.get(name, ())]
            theirs = [
                [time for time in train if time <= tstop] for train in peer["events"].get(name, [()] * n_trials)[trial]
            ]
            if len(mine) != len(theirs):
                found.append(f"{name} has {len(mine)} cells (peer {len(theirs)})")
                continue
            first = network.gid_ranges[name].start if name in network.drives else 0
            acting = {key[0] - first for key, pairs in routes.get(name, {}).items() if any(w > 0 for w, _ in pairs)}
            for k in acting:
                if len(mine[k]) != len(theirs[k]) or not np.allclose(mine[k], theirs[k], rtol=0, atol=1e-9):
                    found.append(f"{name} in trial {trial}")
                    break
    return found


def compared(path: Path, kind: str, peer: str, options: argparse.Namespace) -> str:
    """Return the row of one file."""
    network, said = read_ours(path, kind)
    tstop = _tstop(path, options.tstop)
    more = ["--tstop", str(tstop), "--trials", str(options.trials)]
    more += ["--calcium"] if any("calcium model" in one and "read as the ends" in one for one in said) else []
    if options.simulate:
        more += ["--simulate", *(["--no-tables"] if options.no_tables else [])]
    other = read_peer(peer, path, *more)
    cells, drives = our_routes(network)
    voltages = kind != "network" or '"v0"' in path.read_text(encoding="utf-8-sig")
    found = {
        "cells": cell_differences(network, other, voltages),
        "connections": route_differences(cells, peer_routes(other, network.populations), "cells"),
        "drives": [
            sentence
            for name in {*drives, *other["external_drives"]}
            for sentence in route_differences(drives.get(name, {}), peer_routes(other, {name}), name)
        ],
        "events": event_differences(network, other, tstop, drives),
    }
    parts = [
        f"{key} {'same' if not rows else '; '.join(sorted(rows)[:4]) + (' ...' if len(rows) > 4 else '')}"
        for key, rows in found.items()
    ]
    row = f"| {path.name} | " + " | ".join(parts) + f" | {len(said)} warning(s) |"
    if options.simulate:
        row += " " + simulated(network, other["simulation"], tstop, options.trials) + " |"
    return row + "".join(f"\n    warned: {sentence}" for sentence in said)


def _tstop(path: Path, given: float | None) -> float:
    if given is not None:
        return given
    stated = re.search(r"^\"?tstop\"?\s*:\s*([0-9.]+)", path.read_text(encoding="utf-8-sig"), re.MULTILINE)
    return float(stated[1]) if stated else 250.0


def simulated(network: Any, peer: Mapping[str, Any], tstop: float, n_trials: int) -> str:
    """Return how spikes and dipoles compare."""
    from mne_hnn import Dipole
    from mne_hnn.simulate import simulate

    ours = simulate(network, tstop=tstop, n_trials=n_trials, baseline="published", verbose="error")
    texts = []
    for trial, dipole in enumerate(ours.dipoles):
        mine = ours.spikes.trial == trial
        own = {
            (round(t * 1e3 / 0.025), int(g))
            for t, g in zip(ours.spikes.time[mine], ours.spikes.gid[mine], strict=True)
            if g < network.n_cells
        }
        theirs = {
            (round(t / 0.025), int(g))
            for t, g in zip(peer["spike_times"][trial], peer["spike_gids"][trial], strict=True)
            if g < network.n_cells
        }
        other = Dipole.from_nAm(peer["times"], {"agg": peer["agg"][trial]})
        raw = np.linalg.norm(dipole["agg"] - other["agg"]) / np.linalg.norm(other["agg"])
        smooth = [one.copy().smooth(SMOOTHING_MS, edges="zero") for one in (dipole, other)]
        norm = np.linalg.norm(smooth[0]["agg"] - smooth[1]["agg"]) / np.linalg.norm(smooth[1]["agg"])
        texts.append(
            f"spikes {len(own)} / {len(theirs)}, {len(own & theirs)} on the same step; dipole {raw:.2g} of its norm "
            f"apart, smoothed {norm:.2g}"
        )
    return "; ".join(texts)


def main() -> None:
    """Read the command line and print one row per file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, help="interpreter of an environment with hnn-core")
    parser.add_argument("paths", nargs="+", type=Path, help="files, or folders of them")
    parser.add_argument("--tstop", type=float, default=None, help="ms; by default that of the file, or 250")
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--simulate", action="store_true", help="compare spikes and dipoles as well")
    parser.add_argument("--no-tables", action="store_true", help="with the peer's lookup tables off")
    options = parser.parse_args()
    files = [one for path in options.paths for one in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    for path in files:
        kind = kind_of(path) if path.is_file() else ""
        if not kind:
            continue
        try:
            row = compared(path, kind, options.peer, options)
        except (RuntimeError, ValueError, KeyError) as error:
            row = f"| {path.name} | {type(error).__name__}: {error} |"
        sys.stdout.write(row + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
