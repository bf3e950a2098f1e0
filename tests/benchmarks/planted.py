"""Plant truths, columns whose cells fire and columns in which none does, and see what the defaults find of them.

    python tests/benchmarks/planted.py --folder planted [--spiking 40] [--silent 20] [--mesh 5] [--steps emulator]

A spiking truth is drawn from the default prior of ``EvokedSettings`` (2 to 4 drives, spikes and columns within two
standard deviations, a participating fraction, a patch that holds the cells), a silent one has drives below threshold
and a patch that holds the cells, too. Targets have 10 to 100 nA m (silent ones 1 to 10: more would not fit into a
patch) and are the mean of 100 trials, as thousands of columns would have it, with noise of 5 %. With ``--mesh 5``
truths live, and are fitted, on the column with 5 x 5 pyramidal cells per layer; ``--mesh 10`` takes the full one. Every
truth that was fitted is one line of ``FOLDER/planted-mesh.jsonl``: the same command goes on where it was stopped, and
prints the totals. Several processes share a folder if each has a part of its own (``--part 1/2``, ``--part 2/2``); the
command without parts then prints the totals. ``FOLDER/truths-mesh.jsonl`` says of each spiking truth how well it
explains its own target in fresh trials, and how well without each of its drives: what no fit can know is seen there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mne
import numpy as np
from recovery import random_drives

from mne_hnn import Dipole
from mne_hnn.fit import (
    CircuitPrior,
    EvokedSettings,
    Explanation,
    Explanations,
    coarse_network,
    fit_evoked,
    spikes_per_cell,
)
from mne_hnn.fit.circuit_vector import CircuitVector
from mne_hnn.fit.evoked_settings import STEPS
from mne_hnn.fit.observation import pyramidal_cells
from mne_hnn.network import Network, jones_2009
from mne_hnn.simulate import Simulation, simulate

SMOOTH_MS, TSTOP_MS, NOISE, GAP_MS = 20.0, 170.0, 0.05, 20.0
TRIALS = 100
"""Of a target: what single trials differ by would be more than its noise (of five trials 20 % of the signal)."""
PRIOR = CircuitPrior()


def column(mesh: int, model: Callable[[], Network] = jones_2009) -> Network:
    """Return the column of a model on a mesh."""
    return model() if mesh == 10 else coarse_network(model(), (mesh, mesh))


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return what was fitted so far."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def keep_row(file: Path, row: dict[str, Any]) -> None:
    """Add what was fitted to a file."""
    with file.open("a") as stream:
        stream.write(json.dumps(row) + "\n")


def random_sequence(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Return 2 to 4 drives at least 20 ms apart, each from a random side."""
    n = int(rng.integers(2, 5))
    while True:
        times = np.sort(rng.uniform(15.0, TSTOP_MS - 30.0, n))
        if np.diff(times).min() >= GAP_MS:
            return tuple((str(rng.choice(["proximal", "distal"])), float(mu)) for mu in times)


def spiking_truth(network: Network, rng: np.random.Generator) -> tuple[Network, Simulation]:
    """Draw drives until spikes and columns are within two deviations of the prior."""
    expected = PRIOR.spikes_in(TSTOP_MS)
    while True:
        vector = CircuitVector(
            network=network, sequence=random_sequence(rng), prior=PRIOR, peak_nAm=30.0, tstop=TSTOP_MS
        )
        z = np.clip(rng.standard_normal(vector.n_free), -2, 2)
        z[[path.endswith("mu_ms") for path in vector.paths]] = 0.0
        driven = vector.driven(z)
        simulation = simulate(driven, TSTOP_MS, n_trials=5, seed=int(rng.integers(10**6)), verbose="error")
        counts = spikes_per_cell(simulation)
        far = [expected[name].distance(count.per_cell) for name, count in counts.types.items()]
        peak = np.abs(simulation.dipole.smooth(SMOOTH_MS)["agg"]).max() * 1e9 * factor(network)
        if max(np.abs(far)) < 2 and abs(PRIOR.columns_per_nAm.distance(1 / peak)) < 2:
            return driven, many_trials(driven, rng)


def many_trials(driven: Network, rng: np.random.Generator) -> Simulation:
    """Return the simulation that a target is made of."""
    return simulate(driven, TSTOP_MS, n_trials=TRIALS, seed=int(rng.integers(10**6)), n_jobs=2, verbose="error")


def factor(network: Network) -> float:
    """Return how many times the pyramidal cells of a network are those of the full column."""
    return 200 / pyramidal_cells(network)


def planted(regime: str, network: Network, rng: np.random.Generator) -> tuple[Dipole, Network, dict[str, Any]]:
    """Return a target, the network that made it, and what is true."""
    if regime == "spiking":
        driven, simulation = spiking_truth(network, rng)
        peak_nAm = float(np.exp(rng.uniform(np.log(10), np.log(100))))
        fraction = float(np.clip(PRIOR.fraction.ppf(rng.uniform(0.05, 0.95)), 0.05, 0.3))
    else:
        driven = random_drives(network, rng)
        simulation = many_trials(driven, rng)
        peak_nAm, fraction = float(np.exp(rng.uniform(np.log(1), np.log(10)))), 1.0
    dipole = simulation.dipole.smooth(SMOOTH_MS)
    columns = peak_nAm / (np.abs(dipole["agg"]).max() * 1e9)
    area = columns * pyramidal_cells(network) / (fraction * PRIOR.pyramidal_per_mm2) * float(rng.uniform(1.0, 3.0))
    target = target_of(dipole, columns, area, SMOOTH_MS, rng)
    truth = {"regime": regime, **truth_of(driven, simulation, columns), "fraction": fraction}
    return target, driven, truth | {"area_mm2": area, "peak_nAm": peak_nAm}


def target_of(dipole: Dipole, columns: float, area_mm2: float, smooth_ms: float, rng: np.random.Generator) -> Dipole:
    """Return what so many columns give on a patch, at 1 kHz, with noise of the bandwidth that the smoothing left."""
    times, clean = dipole.times[::40], columns * dipole["agg"][::40]
    window = np.hamming(round(smooth_ms))
    rough = np.convolve(rng.standard_normal(len(times) + 2 * len(window)), window, "same")[len(window) : -len(window)]
    size = NOISE * float(np.sqrt(np.mean(clean**2)))
    provenance = {"unit": "A m", "area_mm2": area_mm2, "standard_error": size}
    return Dipole((clean + rough * size / rough.std())[None], times, ["agg"], provenance=provenance)


def truth_of(driven: Network, simulation: Simulation, columns: float) -> dict[str, Any]:
    """Return the drives, spikes and columns that made a target, as JSON can hold them."""
    drives = sorted(driven.drives.values(), key=lambda drive: drive.mu_ms)
    return {
        "sequence": [[drive.location, drive.mu_ms] for drive in drives],
        "columns": columns,
        "spikes": {name: count.per_cell for name, count in spikes_per_cell(simulation).types.items()},
    }


def found(explanations: Explanations, seconds: float) -> dict[str, Any]:
    """Return what was found, as JSON can hold it."""
    return {
        "verdict": explanations.verdict,
        "seconds": seconds,
        "items": [_item(item) for item in explanations],
    }


def _item(item: Explanation) -> dict[str, Any]:
    return {
        "regime": item.regime,
        "sequence": [list(pair) for pair in item.sequence],
        "r_squared": item.r_squared,
        "evidence": item.evidence.value,
        "error": item.evidence.error,
        "parts": dict(item.evidence.parts),
        "columns": item.columns,
        "spikes": {name: count.per_cell for name, count in item.spikes.types.items()},
        "refused": list(item.refusals),
        "distances": dict(item.distances),
        "intervals": {one.path: [one.low, one.value, one.high] for one in item.fit.estimates if one.low is not None},
    }


def told(target: Dipole, driven: Network, columns: float, n_jobs: int) -> dict[str, Any]:
    """Return how much of its target a truth explains in fresh trials, and how much without each of its drives.

    A drive that hardly moves the dipole beside others cannot be found by anybody.
    """
    return {
        "r_squared": _r_squared(target, driven, columns, n_jobs),
        "without": [
            [drive.location, drive.mu_ms, _r_squared(target, driven.without_drives(drive.name), None, n_jobs)]
            for drive in sorted(driven.drives.values(), key=lambda drive: drive.mu_ms)
        ],
    }


def _r_squared(target: Dipole, network: Network, columns: float | None, n_jobs: int) -> float:
    """Return the share of a target that a network explains in 60 trials; the columns that fit best, if not given."""
    simulation = simulate(network, TSTOP_MS, n_trials=60, seed=2, n_jobs=n_jobs, verbose="error")
    made, wanted = simulation.dipole.smooth(SMOOTH_MS)["agg"][::40], target["agg"]
    scale = max(0.0, float(made @ wanted / max(made @ made, 1e-300))) if columns is None else columns
    return 1.0 - float(np.sum((wanted - scale * made) ** 2) / np.sum((wanted - wanted.mean()) ** 2))


#: A drive without which the truth explains so much less is one that the response tells of.
MATTERS = 0.05


def mattering(rows: list[dict[str, Any]], truths: list[dict[str, Any]]) -> dict[str, str]:
    """Return what was found of the drives that their targets tell of, and where the truth is no better than the fit."""
    own = {truth["number"]: truth for truth in truths}
    found, better = [], []
    for row in rows:
        if row["truth"]["regime"] != "spiking" or row["number"] not in own:
            continue
        result, truth = judged(row), own[row["number"]]
        better.append(result.get("r_squared", -np.inf) >= truth["r_squared"])
        found += [
            near
            for near, (_, _, without) in zip(result.get("times", ()), truth["without"], strict=False)
            if truth["r_squared"] - without > MATTERS
        ]
    scores = [truth["r_squared"] for truth in truths]
    return {
        "R2 of the truth itself (median, lowest)": f"{np.median(scores):.3f}, {min(scores):.3f}",
        "fits that explain their target at least as well as the truth": f"{sum(better)} of {len(better)}",
        f"times of drives without which R2 falls by more than {MATTERS}": f"{sum(map(bool, found))} of {len(found)}",
    }


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """Return what of a truth was recovered."""
    truth, spiking = row["truth"], next((item for item in row["found"]["items"] if item["regime"] == "spiking"), None)
    result: dict[str, Any] = {"verdict": row["found"]["verdict"]}
    if spiking is None:
        return result
    sides = [[place for place, _ in sequence] for sequence in (truth["sequence"], spiking["sequence"])]
    times = []
    for place, mu in truth["sequence"]:
        guesses = [abs(then - mu) for there, then in spiking["sequence"] if there == place]
        times.append(min(guesses, default=np.inf) <= 5.0)
    result["order"], result["times"] = sides[0] == sides[1], times
    result["spikes"] = [
        bool(abs(np.log((spiking["spikes"][name] + 0.02) / (true + 0.02))) <= np.log(1.5))
        for name, true in truth["spikes"].items()
    ]
    result["columns"] = bool(abs(np.log(spiking["columns"] / truth["columns"])) <= np.log(2))
    result["r_squared"] = spiking["r_squared"]
    return result


def totals(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return how much was recovered."""
    spiking = [judged(row) for row in rows if row["truth"]["regime"] == "spiking"]
    silent = [judged(row) for row in rows if row["truth"]["regime"] == "silent"]
    share = {
        name: [value for row in spiking if name in row for value in np.atleast_1d(row[name])]
        for name in ("order", "times", "spikes", "columns")
    }
    fits = [row["r_squared"] for row in spiking if "r_squared" in row]
    return {
        **{name: f"{sum(map(bool, some))} of {len(some)}" for name, some in share.items()},
        "R2 (median, lowest)": f"{np.median(fits):.3f}, {min(fits):.3f}" if fits else "",
        "silent is not claimed of spiking truths": f"{sum(row['verdict'] != 'silent' for row in spiking)} of "
        f"{len(spiking)}, spiking is of {sum(row['verdict'] == 'spiking' for row in spiking)}",
        "spiking is not claimed of silent truths": f"{sum(row['verdict'] != 'spiking' for row in silent)} of "
        f"{len(silent)}, silent is of {sum(row['verdict'] == 'silent' for row in silent)}",
        "seconds (median)": f"{np.median([row['found']['seconds'] for row in rows]):.0f}",
    }


def main() -> None:
    """Fit one truth after the other, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--spiking", type=int, default=40)
    parser.add_argument("--silent", type=int, default=20)
    parser.add_argument("--mesh", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument(
        "--steps", choices=STEPS, default=EvokedSettings().steps, help="how ensembles move; a folder for each"
    )
    parser.add_argument("--part", default="1/1", help="which part of the truths is fitted here, and of how many")
    options = parser.parse_args()
    part, parts = (int(number) for number in options.part.split("/"))
    mne.set_log_level("ERROR")
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / f"planted-{options.mesh}.jsonl"
    rows = read_rows(file)
    done = {(row["truth"]["regime"], row["number"]) for row in rows}
    network = column(options.mesh)
    wanted = [("spiking", k) for k in range(options.spiking)] + [("silent", k) for k in range(options.silent)]
    wanted.sort(key=lambda pair: pair[1] / (options.spiking if pair[0] == "spiking" else options.silent))
    for regime, number in wanted[part - 1 :: parts]:
        if (regime, number) in done:
            continue
        rng = np.random.default_rng([number, regime == "spiking", options.mesh])
        target, _, truth = planted(regime, network, rng)
        began = time.perf_counter()
        explanations = fit_evoked(network, target, EvokedSettings(steps=options.steps), n_jobs=options.n_jobs)
        row = {"number": number, "truth": truth, "found": found(explanations, time.perf_counter() - began)}
        keep_row(file, row)
        rows.append(row)
        sys.stdout.write(f"{regime} {number}: {json.dumps(judged(row), default=bool)}\n")
        sys.stdout.flush()
    if parts > 1:
        return
    truths = _truths(options, rows, network)
    sys.stdout.write(json.dumps({**totals(rows), **(mattering(rows, truths) if truths else {})}, indent=1) + "\n")


def _truths(options: argparse.Namespace, rows: list[dict[str, Any]], network: Network) -> list[dict[str, Any]]:
    """Return what targets tell of their spiking truths; what is in the file is not computed again."""
    file = options.folder / f"truths-{options.mesh}.jsonl"
    truths = read_rows(file)
    done = {truth["number"] for truth in truths}
    for number in sorted(row["number"] for row in rows if row["truth"]["regime"] == "spiking"):
        if number not in done:
            target, driven, truth = planted("spiking", network, np.random.default_rng([number, True, options.mesh]))
            truths.append({"number": number, **told(target, driven, truth["columns"], options.n_jobs)})
            keep_row(file, truths[-1])
    return truths


if __name__ == "__main__":
    main()
