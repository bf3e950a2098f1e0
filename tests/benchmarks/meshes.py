"""Does a column with fewer cells fire as the full one does? Over spiking evoked drives drawn from a prior.

    python tests/benchmarks/meshes.py FOLDER [--draws 120] [--meshes 3 4 5 6 7] [--scalings kept same ...]
    python tests/benchmarks/meshes.py FOLDER --time 5      # seconds of a trial, in turn with the full column

Each draw has three drives (proximal, distal, proximal) with random times, spreads and weights of both receptors onto
each cell type; weights of every third draw are a quarter of those of the others. Draws that fire far outside of what
is believed of a response are left out (`RANGES`). Each is simulated in two trials of the full column and, with other
seeds, in two of each form with fewer cells:

kept    pyramidal cells in the middle of equal parts of the grid, all other cells as they are: `coarse_network`
others  the same, but no cell has synapses onto itself: those of the others are stronger instead
same    all cell types on a smaller grid, synapses stronger by the ratio of what a cell receives on average

Results are kept in FOLDER, and what is there is not simulated again. The table has medians and 95th percentiles over
draws, in per cent, of the differences between one trial there and one of the full column, beside those between two
trials of the full column: of the dipole smoothed by 30 ms (norm of the difference by norm) and of the spikes per
cell. "Bias" is what is left of the dipole's without the part that differs between trials (root of the mean square over
draws, and its upper 95 % bound); "rates" are mean rates by those of the full column.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mne_hnn.fit import coarse_network
from mne_hnn.network import MODELS, Connection, Network, distance_scale, replace
from mne_hnn.simulate import Simulation, simulate

TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
DRIVES = (("evprox1", "proximal", 28.0), ("evdist1", "distal", 65.0), ("evprox2", "proximal", 130.0))
MEDIAN_uS, SPREAD = {"ampa": 0.02, "nmda": 0.01}, 1.5
TSTOP, SMOOTH_MS, EVERY = 170.0, 30.0, 20
# spikes per cell in 100 ms, believed (Reyes-Puerta 2015, de Kock 2007, published fits); twice as far outside is kept
RANGES = {"L2_basket": (0.5, 2.5), "L2_pyramidal": (0.1, 1.0), "L5_basket": (0.5, 3.5), "L5_pyramidal": (0.5, 3.5)}
FIRST_SEED = 10_000  # of the forms with fewer cells
LAYERS = ("agg", "L2", "L5")


def drawn(network: Network, draw: int) -> Network:
    """Return the network with the drives of a draw."""
    rng = np.random.default_rng([14, draw])
    weaker = 0.25 if draw % 3 == 2 else 1.0
    for name, location, mu_ms in DRIVES:
        reached = [cell for cell in TYPES if location == "proximal" or cell != "L5_basket"]
        mu_ms = float(np.clip(rng.normal(mu_ms, 8.0), 2.0, TSTOP - 5.0))
        sigma_ms = float(np.exp(rng.normal(np.log(5.0), 0.5)))
        weights = {
            receptor: {cell: float(np.exp(rng.normal(np.log(weaker * median), SPREAD))) for cell in reached}
            for receptor, median in MEDIAN_uS.items()
        }
        late = {cell: 1.0 if location == "proximal" and cell.startswith("L5") else 0.1 for cell in reached}
        network = network.with_evoked_drive(
            name,
            mu_ms=mu_ms,
            sigma_ms=sigma_ms,
            location=location,
            weights_ampa=weights["ampa"],
            weights_nmda=weights["nmda"],
            synaptic_delays=late,
        )
    return network


def without_own(network: Network, mesh_shape: tuple[int, int]) -> Network:
    """Return `coarse_network` without synapses of cells onto themselves, the others stronger instead."""
    coarse = coarse_network(network, mesh_shape)
    with_pairs = [connection for connection in coarse.connections if connection.pairs is None]
    return _same_mean(network, replace(coarse, connections=tuple(with_pairs)), 1.0)


def all_fewer(network: Network, mesh_shape: tuple[int, int]) -> Network:
    """Return the network with fewer cells of all types, further apart."""
    length = float(np.sqrt(np.prod(network.mesh_shape) / np.prod(mesh_shape)))
    coarse = _same_mean(network, network.with_mesh(mesh_shape), length)
    for name, drive in coarse.drives.items():
        coarse = coarse.with_drive_changes(name, space_constant=drive.space_constant / length)
    return coarse


def _same_mean(network: Network, coarse: Network, length: float) -> Network:
    connections = [
        replace(
            old,
            lamtha=old.lamtha / length,
            weight_uS=old.weight_uS * _received(network, old, old.lamtha) / _received(coarse, old, old.lamtha / length),
        )
        for old in network.connections
    ]
    return replace(coarse, connections=tuple(connections))


def _received(network: Network, connection: Connection, lamtha: float) -> float:
    return float(reached(network, connection, lamtha).sum(axis=0).mean())


def reached(network: Network, connection: Connection, lamtha: float) -> np.ndarray:
    """Return what each target cell receives from each source cell by a connection, relative to its weight."""
    source, target = (network.positions(name) for name in (connection.source, connection.target))
    scale = distance_scale(source, target, lamtha, network.inplane_distance_um)
    if connection.source == connection.target and not connection.allow_autapses:
        np.fill_diagonal(scale, 0.0)
    return scale


SCALINGS: dict[str, Callable[[Network, tuple[int, int]], Network]] = {
    "kept": coarse_network,
    "others": without_own,
    "same": all_fewer,
}


def packed(simulation: Simulation) -> dict[str, Any]:
    """Return what is kept of a simulation."""
    dipoles = [dipole.copy().smooth(SMOOTH_MS) for dipole in simulation.dipoles]
    moments = {layer: np.array([dipole[layer][::EVERY] for dipole in dipoles]) for layer in LAYERS}
    ranges = simulation.network.gid_ranges
    spikes = simulation.spikes
    per_cell = [
        [np.sum((spikes.trial == trial) & np.isin(spikes.gid, ranges[cell])) / len(ranges[cell]) for cell in TYPES]
        for trial in range(simulation.n_trials)
    ]
    return {**moments, "per_cell": np.array(per_cell)}


def believable(per_cell: np.ndarray) -> bool:
    """Whether a draw is kept: spikes per cell of the mean over trials lie broadly where they are believed to lie."""
    window = TSTOP / 100.0
    return all(
        bool(low * window / 2 <= rate <= high * window * 2)
        for rate, (low, high) in zip(per_cell.mean(axis=0), RANGES.values(), strict=True)
    )


def full_runs(column: Network, folder: Path, n_draws: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the first believable draws, with their results on the full column."""
    found, draw = 0, 0
    while found < n_draws:
        runs = run(folder / "full" / f"{draw}.npz", drawn(column, draw), draw)
        if believable(runs["per_cell"]):
            found += 1
            yield draw, runs
        draw += 1


def run(path: Path, network: Network, seed: int) -> dict[str, Any]:
    """Simulate two trials, or read what an earlier run kept."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        simulation = simulate(network, TSTOP, n_trials=2, seed=seed, verbose="error")
        with path.with_suffix(".part").open("wb") as file:
            np.savez(file, **packed(simulation))
        path.with_suffix(".part").rename(path)
    with np.load(path) as stored:
        return dict(stored)


def differences(full: dict[str, Any], other: dict[str, Any] | None, factor: float) -> dict[str, Any]:
    """Return how far trials of a draw are from those of the full column, or these from each other (None)."""
    pairs = [(0, 1)] if other is None else [(0, 0), (0, 1), (1, 0), (1, 1)]
    found = {}
    for layer in LAYERS:
        two = full[layer]
        one = two if other is None else factor * other[layer]
        norm = np.mean(two**2)
        found[layer] = np.mean([np.sqrt(np.mean((one[i] - two[j]) ** 2) / norm) for i, j in pairs])
        if layer == "agg":
            noise = sum(np.mean((runs[0] - runs[1]) ** 2) / 4 for runs in (one, two))  # of the difference of two means
            bias = np.mean((one.mean(axis=0) - two.mean(axis=0)) ** 2) - noise
            found["bias"] = np.nan if other is None else bias / norm
    two = full["per_cell"]
    one = two if other is None else other["per_cell"]
    found["spikes"] = np.mean([np.abs(one[i] - two[j]) for i, j in pairs], axis=0) / two.mean(axis=0)
    means = (one[0], one[1]) if other is None else (one.mean(axis=0), two.mean(axis=0))
    return {**found, "per_cell": np.array(means)}


def row(name: str, found: list[dict[str, Any]]) -> str:
    """Return a row of the table."""

    def shown(values: Any) -> str:
        return f"{100 * np.median(values):.0f} / {100 * np.quantile(values, 0.95):.0f}"

    cells = [name, *(shown([one[layer] for one in found]) for layer in LAYERS)]
    squares = np.array([one["bias"] for one in found])
    bound = squares.mean() + 1.645 * squares.std() / np.sqrt(len(squares))
    known = not np.isnan(bound)
    cells.append(
        " < ".join(f"{100 * np.sqrt(max(0.0, square)):.0f}" for square in (squares.mean(), bound)) if known else ""
    )
    cells += [shown([one["spikes"][k] for one in found]) for k in range(len(TYPES))]
    rates = np.mean([one["per_cell"] for one in found], axis=0)
    cells.append(" ".join(f"{ratio:.2f}" for ratio in rates[0] / rates[1]))
    return "| " + " | ".join(cells) + " |"


def compare(options: argparse.Namespace) -> None:
    """Print the table, for all draws and for those with weak drives."""
    column = MODELS[options.model]()
    full = dict(full_runs(column, options.folder, options.draws))
    results: dict[str, dict[int, dict[str, Any]]] = {
        "full, another trial": {draw: differences(runs, None, 1.0) for draw, runs in full.items()}
    }
    for scaling in options.scalings:
        for size in options.meshes:
            found = {}
            for draw, runs in full.items():
                network = SCALINGS[scaling](drawn(column, draw), (size, size))
                here = run(options.folder / f"{scaling}{size}" / f"{draw}.npz", network, FIRST_SEED + draw)
                found[draw] = differences(runs, here, 100 / size**2)
            results[f"{size}x{size}, {scaling}"] = found
    rates = np.array([runs["per_cell"].mean(axis=0) for runs in full.values()])
    for title, draws in (("all", list(full)), ("weak drives", [draw for draw in full if draw % 3 == 2])):
        columns = ["", "dipole", "L2", "L5", "bias", *TYPES, "rates"]
        write(f"\n{title}: {len(draws)} draws\n\n| {' | '.join(columns)} |")
        write("|---" * len(columns) + "|")
        for name, found in results.items():
            write(row(name, [found[draw] for draw in draws]))
    quantiles = np.quantile(rates, (0.05, 0.5, 0.95), axis=0).T
    write("\nspikes per cell in the full column, 5, 50 and 95 % of the draws:")
    write(
        "; ".join(
            f"{cell} " + ", ".join(f"{rate:.2f}" for rate in rate3)
            for cell, rate3 in zip(TYPES, quantiles, strict=True)
        )
    )


def seconds(options: argparse.Namespace) -> None:
    """Print the processor's time of a further trial, each mesh in turn with the full column."""
    networks = {"full": drawn(MODELS[options.model](), 0)}
    for scaling in options.scalings:
        networks |= {
            f"{size}x{size}, {scaling}": SCALINGS[scaling](networks["full"], (size, size)) for size in options.meshes
        }
    for name, network in networks.items():
        ratios, own = [], []
        for _ in range(options.time):
            took = []
            for other in (networks["full"], network):
                simulate(other, TSTOP, seed=1, verbose="error")  # builds it
                began = time.process_time()  # what else the machine does is no part of it
                simulate(other, TSTOP, seed=2, verbose="error")
                took.append(time.process_time() - began)
            ratios.append(took[0] / took[1])
            own.append(took[1])
        write(f"{name}: {statistics.median(own):.2f} s, full column {statistics.median(ratios):.1f} times as long")


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where results are kept: a folder per model")
    parser.add_argument("--model", choices=MODELS, default="jones_2009")
    parser.add_argument("--draws", type=int, default=120)
    parser.add_argument("--meshes", type=int, nargs="+", default=[3, 4, 5, 6, 7])
    parser.add_argument("--scalings", nargs="+", choices=SCALINGS, default=list(SCALINGS))
    parser.add_argument("--time", type=int, metavar="ROUNDS")
    options = parser.parse_args()
    (seconds if options.time else compare)(options)


if __name__ == "__main__":
    main()
