"""Round trips with hnn-core itself: networks written here and opened there, its own files opened and written here.

    python tests/benchmarks/hnn_round_trip.py --peer PEER/bin/python                  # all
    python tests/benchmarks/hnn_round_trip.py --peer PEER/bin/python --what files     # without simulations

``networks``: thirteen networks on small meshes are written by ``write_hnn_network``, opened by the peer and simulated
by both, the peer with its lookup tables off: spikes of two trials, dipoles and potentials. ``files``: ten files that
the peer wrote (``peer_networks.py``) are opened and written again; contents are compared member by member, numbers to
1e-12, whatever their order. ``parameters``: parameter files that are written here, read and simulated by both.
``texts``: dipole and spikes written here, read and written by the peer (``peer_texts.py``), byte by byte. The peer
lives in an environment of its own: ``python -m venv PEER && PEER/bin/pip install hnn-core==0.6.1``. ``window``, if it
is asked for: the networks opened in its window (``peer_window.py``; ``pip install 'hnn-core[gui]==0.6.1'``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hnn_files import HERE, event_differences, our_routes, read_peer

STEP_MS = 0.025
L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
#: Lists of which the order means nothing.
SETS = ("src_gids", "target_gids", "target_types", "syns", "connectivity", "proximal", "distal")
CLOSE = 1e-12


# -- networks written here -------------------------------------------------------------------------


def evoked(name: str = "jones_2009") -> Any:
    """Return a ready model with the drives of an evoked response."""
    from mne_hnn.network import model

    return model(name, mesh_shape=(3, 3), drives=True)


def rhythms() -> Any:
    """Return two rhythms under changed gains."""
    bare = evoked().without_drives().with_gains(e_e=1.3, e_i=0.8, i_e=1.2, i_i=0.9)
    weights = {L2P: 5.4e-3, L5P: 5.4e-3}
    return bare.with_bursty_drive(
        "alpha_prox", location="proximal", burst_rate_Hz=20.0, burst_std_ms=5.0, numspikes=2, n_drive_cells=10,
        tstart=5.0, weights_ampa=weights, synaptic_delays={L2P: 0.1, L5P: 1.0}, event_seed=284,
    ).with_bursty_drive(
        "alpha_dist", location="distal", burst_rate_Hz=30.0, burst_std_ms=4.0, numspikes=3, spike_isi_ms=4.0,
        tstart=5.0, tstart_std=2.0, tstop=100.0, cell_specific=True, n_drive_cells="n_cells", weights_ampa=weights,
        weights_nmda={L5P: 1e-3}, synaptic_delays=5.0, event_seed=296,
    )  # fmt: skip


def noise() -> Any:
    """Return weak gamma under Poisson drives."""
    from mne_hnn.network import jones_2009

    column = jones_2009((3, 3), weights="gamma_L5weak_L2weak")
    return column.with_poisson_drive(
        "poisson", location="proximal", rate_Hz={L2P: 140.0, L5P: 40.0}, weights_ampa={L2P: 0.008, L5P: 0.0075},
        synaptic_delays={L2P: 0.1, L5P: 1.0}, event_seed=1349,
    ).with_poisson_drive(
        "shared", location="apical_tuft", rate_Hz=60.0, cell_specific=False, n_drive_cells=3, tstart=10.0, tstop=90.0,
        weights_nmda={L5P: 0.004}, synaptic_delays=0.3, space_constant=7.0, event_seed=5,
    )  # fmt: skip


def sparse() -> Any:
    """Return sparse connections and sparse drives, each cell's own and shared."""
    from mne_hnn.network import replace

    column = evoked().without_drives()
    thinned = [
        replace(one, probability=0.6, seed=k) if one.source.endswith("pyramidal") else one
        for k, one in enumerate(column.connections)
    ]
    column = replace(column, connections=thinned).with_connection(
        L5P, L2B, location="soma", receptor="ampa", weight_uS=1e-3, delay_ms=1.5, lamtha=4.0,
        pairs=[(0, 1), (4, 0), (8, 2)],
    )  # fmt: skip
    weights = {L2B: 0.05, L2P: 0.02, L5P: 0.03}
    return column.with_evoked_drive(
        "own", location="proximal", mu_ms=20.0, sigma_ms=4.0, numspikes=2, weights_ampa=weights,
        weights_nmda={L2P: 0.01}, synaptic_delays=0.1, probability={L2B: 0.7, L2P: 0.5, L5P: 0.8}, event_seed=7,
        conn_seed=12,
    ).with_evoked_drive(
        "shared", location="distal", mu_ms=45.0, sigma_ms=5.0, cell_specific=False, n_drive_cells=5,
        weights_ampa={L2P: 0.02, L5P: 0.03}, synaptic_delays=0.1, probability=0.4, event_seed=8,
    )  # fmt: skip


def changed_cells() -> Any:
    """Return changed kinetics, channels, voltages and threshold."""
    from mne_hnn.network import Exponential, Linear, replace

    network = (
        evoked()
        .with_synapse(L5P, "gabab", tau2_ms=150.0)
        .with_synapse(L2P, "nmda", e_mV=-5.0)
        .with_channel(L5P, "apical_*", "ca", gbar=Linear(20.0, 50.0, 1000.0))
        .with_channel(L5P, "basal_*", "hh", gkbar=Exponential(0.02, -0.004, 0.01))
        .with_channel(L2B, "soma", "km", gbar=3.0)
    )
    return replace(network, threshold_mV=-10.0)


def changed_geometry() -> Any:
    """Return other dendrites, and cells that are further apart."""
    network = (
        evoked().with_section(L5P, "apical_tuft", L_um=480.0, diam_um=4.0).with_section(L2P, "soma", v_init_mV=-69.0)
    )
    network = network.with_section(L2P, "basal_1", cm_uF_cm2=0.9, Ra_ohm_cm=180.0)
    return network.with_positions(inplane_distance_um=30.0, layer_separation_um=1200.0)


def electrodes() -> Any:
    """Return two arrays of electrodes."""
    network = evoked().with_electrodes("shank", [(1.0, 1.0, float(z)) for z in range(-300, 2000, 300)])
    return network.with_electrodes(
        "line", [(20.0, 0.0, 100.0)], method="lsa", conductivity_S_m=0.2, min_distance_um=1.0
    )


def gaussian() -> Any:
    """Return a Gaussian drive and constant currents."""
    column = evoked().without_drives().with_evoked_drive(
        "extgauss", location="proximal", mu_ms=40.0, sigma_ms=3.6, numspikes=50, space_constant=100.0,
        weights_ampa={L2B: 1e-3, L2P: 2e-3, L5B: 1e-3, L5P: 2e-3}, event_seed=4,
        synaptic_delays={L2B: 1.0, L2P: 0.1, L5B: 1.0, L5P: 1.0},
    )  # fmt: skip
    column = column.with_tonic_bias("tonic", amplitude_nA={L2P: 0.8, L5B: 0.1}, t0_ms=10.0, tstop_ms=60.0)
    return column.with_tonic_bias("tuft", amplitude_nA={L5P: 0.5}, section="apical_tuft")


def off_the_grid() -> Any:
    """Return fewer pyramidal cells than baskets have, and drives from elsewhere."""
    from mne_hnn.fit import coarse_network
    from mne_hnn.network import jones_2009, replace

    network = coarse_network(jones_2009((6, 6), drives=True), (3, 3))
    return replace(network, origin_um=(1.0, 2.5, 600.0))


def old_mode() -> Any:
    """Return a network of HNN's old mode, with drive cells that reach nothing."""
    from mne_hnn.network import replace

    column = evoked("calcium")
    drives = {
        name: replace(one, placeholder_types=sorted({*column.populations} - one.targets))
        for name, one in column.drives.items()
    }
    return replace(column, drives=drives)


def colder() -> Any:
    """Return a column at 30 degrees Celsius."""
    from mne_hnn.network import replace

    return replace(evoked(), celsius=30.0)


NETWORKS = {
    "evoked response": (evoked, 170.0),
    "law_2021": (lambda: evoked("law_2021"), 100.0),
    "calcium": (lambda: evoked("calcium"), 100.0),
    "rhythms, gains": (rhythms, 120.0),
    "Poisson drives, weak gamma": (noise, 100.0),
    "sparse connections and drives": (sparse, 70.0),
    "channels, synapses, threshold": (changed_cells, 90.0),
    "geometry, 30 um apart": (changed_geometry, 90.0),
    "electrodes": (electrodes, 60.0),
    "Gaussian drive, biases": (gaussian, 90.0),
    "off the grid": (off_the_grid, 90.0),
    "old mode": (old_mode, 90.0),
    "30 degrees Celsius": (colder, 90.0),
}


# -- parameters written here -----------------------------------------------------------------------


def one_time() -> Any:
    """Return evoked drives whose cells all fire together."""
    column = evoked()
    for name in column.drives:
        column = column.with_drive_changes(name, cell_specific=False, n_drive_cells=1)
    return column


def named_rhythms() -> Any:
    """Return the two rhythms of parameter files."""
    weights = dict.fromkeys((L2B, L2P, L5B, L5P), 4e-3)
    distal = {name: weights[name] for name in (L2B, L2P, L5P)}
    return evoked().without_drives().with_bursty_drive(
        "bursty1", location="proximal", burst_rate_Hz=20.0, burst_std_ms=5.0, n_drive_cells=10, tstart=5.0,
        weights_ampa=weights, synaptic_delays={L2B: 0.1, L2P: 0.1, L5B: 1.0, L5P: 1.0}, event_seed=30,
    ).with_bursty_drive(
        "bursty2", location="distal", burst_rate_Hz=30.0, burst_std_ms=4.0, numspikes=3, tstart=5.0, tstart_std=2.0,
        tstop=100.0, n_drive_cells=8, weights_ampa=distal, weights_nmda={L5P: 1e-3}, synaptic_delays=5.0, event_seed=60,
    )  # fmt: skip


def named_noise() -> Any:
    """Return the Poisson input of parameter files, and weak gamma."""
    from mne_hnn.network import jones_2009

    return jones_2009((3, 3), weights="gamma_L5weak_L2weak").with_poisson_drive(
        "extpois", location="proximal", rate_Hz={L2B: 2.0, L2P: 140.0, L5B: 3.0, L5P: 40.0}, tstop=80.0,
        weights_ampa={L2B: 0.0, L2P: 0.008, L5B: 0.0, L5P: 0.0075}, event_seed=1349,
        synaptic_delays={L2B: 1.0, L2P: 0.1, L5B: 1.0, L5P: 1.0},
    )  # fmt: skip


PARAMETERS = {
    "evoked response, each cell's events": (evoked, 170.0),
    "evoked response, one event for all": (one_time, 90.0),
    "two rhythms": (named_rhythms, 110.0),
    "Poisson input": (named_noise, 100.0),
}


def compare_parameters(peer: str, n_trials: int) -> Iterator[str]:
    """Write parameters, read them again, let the peer read and simulate them: one row per file."""
    from mne_hnn.io import HnnSettings, read_hnn_params, write_hnn_params

    yield "| parameter file | read here | spikes of cells | events of drives | spikes by trial | dipole apart |"
    yield "|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (build, tstop)) in enumerate(PARAMETERS.items()):
            path, again = (Path(folder) / f"{kind}_{number}.param" for kind in ("first", "again"))
            write_hnn_params(build(), path, HnnSettings(tstop_ms=tstop))
            network, settings = read_hnn_params(path, return_settings=True)
            write_hnn_params(network, again, settings)
            same = "equal" if (network, settings) == read_hnn_params(again, return_settings=True) else "DIFFERS"
            found = read_peer(peer, path, "--simulate", "--no-tables", "--tstop", str(tstop), "--trials", str(n_trials))
            yield f"| {name} | {same} | {same_spikes(network, found, tstop, n_trials)} |"


def same_spikes(network: Any, found: Mapping[str, Any], tstop: float, n_trials: int) -> str:
    """Return how spikes of cells, events of drives, dipoles and potentials compare."""
    from mne_hnn.simulate import simulate

    ours = simulate(network, tstop=tstop, n_trials=n_trials, baseline="published", verbose="error")
    peer = found["simulation"]
    counts, apart, moments = [], 0, []
    for trial in range(n_trials):
        mine = ours.spikes.trial == trial
        own = {
            (round(time * 1e3 / STEP_MS), int(gid))
            for time, gid in zip(ours.spikes.time[mine], ours.spikes.gid[mine], strict=True)
        }
        theirs = {
            (round(time / STEP_MS), int(gid))
            for time, gid in zip(peer["spike_times"][trial], peer["spike_gids"][trial], strict=True)
        }
        cells = [{spike for spike in some if spike[1] < network.n_cells} for some in (own, theirs)]
        counts.append(len(cells[1]))
        apart += len(cells[0] ^ cells[1])
        theirs_agg = np.array(peer["agg"][trial])
        moments.append(np.linalg.norm(ours.dipoles[trial]["agg"] * 1e9 - theirs_agg) / np.linalg.norm(theirs_agg))
    events = event_differences(network, found, tstop, our_routes(network)[1])
    parts = [f"{apart} DIFFER" if apart else "same", "; ".join(events) or "same", " and ".join(map(str, counts))]
    potentials = [
        np.linalg.norm(ours.lfp[name].get_data() * 1e6 - np.array(theirs)) / np.linalg.norm(theirs)
        for name, theirs in peer.get("potentials", {}).items()
        if network.electrodes[name].method == "psa"  # lines are computed otherwise on purpose
    ]
    parts += [f"{max(moments):.1e}", *(f"{one:.1e}" for one in potentials)]
    return " | ".join(parts)


def compare_networks(peer: str, n_trials: int, only: Sequence[str]) -> Iterator[str]:
    """Write, open there, simulate here and there: one row per network."""
    from mne_hnn.io import write_hnn_network

    yield "| network | spikes of cells | events of drives | spikes by trial | dipole apart | potentials apart |"
    yield "|---|---|---|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (build, tstop)) in enumerate(NETWORKS.items()):
            if only and not any(word in name for word in only):
                continue
            path = Path(folder) / f"network_{number}.json"
            network = build()
            write_hnn_network(network, path)
            found = read_peer(peer, path, "--simulate", "--no-tables", "--tstop", str(tstop), "--trials", str(n_trials))
            yield f"| {name} | {same_spikes(network, found, tstop, n_trials)} |{'' if network.electrodes else ' |'}"


# -- files of the peer -----------------------------------------------------------------------------


def sorted_content(item: Any, key: str | None = None) -> Any:
    """Return the content of a file with lists whose order means nothing in one order."""
    if isinstance(item, dict):
        return {name: sorted_content(value, name) for name, value in item.items()}
    if isinstance(item, list):
        made = [sorted_content(value) for value in item]
        return sorted(made, key=lambda one: json.dumps(one, sort_keys=True)) if key in SETS else made
    return item


def differences(first: Any, second: Any, place: str = "") -> Iterator[str]:
    """Yield where two contents differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            if key in first and key in second:
                yield from differences(first[key], second[key], f"{place}/{key}")
            else:
                yield f"{place}/{key} only in {'the first' if key in first else 'the second'}"
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for k, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from differences(one, other, f"{place}[{k}]")
    elif isinstance(first, (int, float)) and isinstance(second, (int, float)):
        if abs(first - second) > CLOSE * max(abs(first), abs(second)):
            yield f"{place}: {first!r}, {second!r}"
    elif first != second:
        yield f"{place}: {str(first)[:60]}, {str(second)[:60]}"


def n_members(item: Any) -> int:
    """Return how many values a content has."""
    if isinstance(item, (dict, list)):
        return sum(map(n_members, item.values() if isinstance(item, dict) else item))
    return 1


def compare_files(peer: str) -> Iterator[str]:
    """Let the peer write files, open them and write them again: one row per file."""
    from mne_hnn.io import read_hnn_network, write_hnn_network

    yield "| file of the peer | values | contents |"
    yield "|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        command = [peer, str(HERE / "peer_networks.py"), folder]
        subprocess.run(command, check=True, capture_output=True)
        for path in sorted(Path(folder).glob("*.json")):
            again = path.with_suffix(".again")
            write_hnn_network(read_hnn_network(path), again)
            first, second = (sorted_content(json.loads(one.read_text(encoding="utf-8"))) for one in (path, again))
            found = list(differences(first, second))
            told = "the same" if not found else f"{len(found)} DIFFER: " + "; ".join(found[:3])
            yield f"| {path.stem} | {n_members(first):,} | {told} |"


# -- texts -----------------------------------------------------------------------------------------


def compare_texts(peer: str) -> Iterator[str]:
    """Write a dipole and spikes, let the peer read and write them: is that what is written here with its digits?"""
    from mne_hnn.io import write_dipole_txt, write_spikes_txt
    from mne_hnn.simulate import simulate

    simulation = simulate(evoked(), tstop=60.0, n_trials=2, verbose="error")
    dipole = simulation.dipole.copy().scale(3000.0).smooth(30.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for digits in ("all", "hnn"):
            (folder / digits).mkdir()
            write_dipole_txt(dipole, folder / digits / "dipole.txt", digits=digits)
            write_spikes_txt(simulation.spikes, folder / digits / "spk_%d.txt", digits=digits)
        for digits in ("all", "hnn"):
            out = folder / f"peer_{digits}"
            out.mkdir()
            command = [peer, str(HERE / "peer_texts.py"), str(folder / digits), str(out)]
            subprocess.run(command, check=True, capture_output=True)
            for file in sorted((folder / "hnn").iterdir()):
                same = file.read_bytes() == (out / file.name).read_bytes()
                n_lines = len(file.read_text(encoding="utf-8").splitlines())
                yield f"{file.name}, {n_lines} lines, digits={digits!r}: {'the same bytes' if same else 'DIFFERS'}"


# -- the window ------------------------------------------------------------------------------------


def compare_window(peer: str) -> Iterator[str]:
    """Open what is written here in the peer's window: does it show the drives of the network?"""
    from mne_hnn.io import write_hnn_network

    yield "| network | we warned that it does not open there | in the window |"
    yield "|---|---|---|"
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "network.json", Path(folder) / "shown.json"
        for name, (build, _) in NETWORKS.items():
            network = build()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                write_hnn_network(network, path, overwrite=True)
            told = "yes" if any("not in its window" in str(one.message) for one in caught) else "no"
            command = [peer, str(HERE / "peer_window.py"), str(path), str(out)]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                yield f"| {name} | {told} | {ran.stderr.strip().splitlines()[-1]} |"
                continue
            shown = json.loads(out.read_text(encoding="utf-8"))
            found = [one for drive in network.drives.values() for one in window_differences(drive, shown)]
            found += [f"{name} is not there" for name in network.drives if name not in shown]
            yield f"| {name} | {told} | {'; '.join(found) or f'{len(network.drives)} drives as they are'} |"


def window_differences(drive: Any, drives: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the window shows of a drive otherwise; types that it does not reach have a weight of 0 there."""
    shown = drives.get(drive.name, {})
    for name, key in (("weights_ampa", "weights_ampa"), ("weights_nmda", "weights_nmda")):
        own = {cell_type: getattr(drive, name).get(cell_type, 0.0) for cell_type in shown.get(key, {})}
        if own != shown.get(key, {}):
            yield f"{name} of {drive.name}"
    delays = shown.get("delays", {})
    if any(delays[cell_type] != drive.delay_ms(cell_type) for cell_type in drive.targets if cell_type in delays):
        yield f"delays of {drive.name}"
    if shown.get("seed", drive.event_seed) != drive.event_seed or shown.get("mu") != getattr(drive, "mu_ms", None):
        yield f"time or seed of {drive.name}"


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, help="interpreter of an environment with hnn-core")
    usual = [name for name in PARTS if name != "window"]
    parser.add_argument("--what", nargs="+", choices=PARTS, default=usual)
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="networks with one of these words only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for part in options.what:
        for row in PARTS[part](options):
            sys.stdout.write(row + "\n")
            sys.stdout.flush()
        sys.stdout.write("\n")


PARTS = {
    "files": lambda options: compare_files(options.peer),
    "texts": lambda options: compare_texts(options.peer),
    "window": lambda options: compare_window(options.peer),
    "parameters": lambda options: compare_parameters(options.peer, options.trials),
    "networks": lambda options: compare_networks(options.peer, options.trials, options.only),
}


if __name__ == "__main__":
    main()
