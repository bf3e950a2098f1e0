"""Take published drives for the truth, and see what the defaults find of them.

    python tests/benchmarks/published.py --folder FOLDER [--settings jones_2009 law_2021 calcium] [--n-jobs 2]
    python tests/benchmarks/published.py --folder FOLDER --mesh 5 --members 16 --generations 1    # to try it

The drives of the default evoked response on the default column and on the calcium column, and those of Law et al. on
theirs. The average of 20 trials, smoothed by 30 ms, times 3000 columns, on a patch that holds the cells if 15 % take
part, with 5 % of noise, is fitted on the same column, of which nothing is known but the smoothing and the noise. Every
truth that was fitted is one line of ``FOLDER/published.jsonl``: the same command goes on where it was stopped, and
prints a table of what was fitted with the same options. A true drive is found if one is from the same side within so
many ms, each counted for one true drive only.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mne
import numpy as np
from _timing import table
from planted import PRIOR, TSTOP_MS, column, found, keep_row, read_rows, target_of, truth_of
from scipy.optimize import linear_sum_assignment

from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.fit.evoked_settings import STEPS
from mne_hnn.fit.linear import delay_ms
from mne_hnn.fit.observation import pyramidal_cells
from mne_hnn.network import Network, calcium, jones_2009, law_2021, with_erp_drives
from mne_hnn.simulate import simulate

COLUMNS, FRACTION = 3000.0, 0.15
NEAR_MS, FAR_MS = 5.0, 10.0
TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
OPTIONS = ("smooth_ms", "trials", "columns", "mesh", "members", "generations", "seed")
"""What decides a row: rows of other options are other truths or other fits."""


def with_law_drives(network: Network) -> Network:
    """Add the drives of the evoked response of Law et al. 2021, from the stimulus on: they come without jitter."""
    distal = {"L2_basket": 0.0005, "L2_pyramidal": 0.004, "L5_pyramidal": 0.0005}
    drives: tuple[tuple[str, str, float, dict[str, dict[str, float]], int], ...] = (
        ("evdist1", "distal", 70.0, {"weights_ampa": distal, "weights_nmda": distal}, 274),
        ("evprox1", "proximal", 25.0, {"weights_ampa": _of_types(0.002, 0.0011, 0.001, 0.001)}, 544),
        ("evprox2", "proximal", 135.0, {"weights_ampa": _of_types(0.005, 0.005, 0.01, 0.01)}, 814),
    )
    for name, place, mu, weights, seed in drives:
        delays = {cell: delay_ms(network, place, cell) for cell in weights["weights_ampa"]}
        network = network.with_evoked_drive(
            name, mu_ms=mu, sigma_ms=0.0, location=place, synaptic_delays=delays, event_seed=seed, **weights
        )
    return network


def _of_types(*weights: float) -> dict[str, float]:
    return dict(zip(TYPES, weights, strict=True))


class Setting(NamedTuple):
    """A model and its published drives."""

    model: Callable[[], Network]
    with_drives: Callable[[Network], Network]


SETTINGS = {
    "jones_2009": Setting(jones_2009, with_erp_drives),
    "law_2021": Setting(law_2021, with_law_drives),
    "calcium": Setting(calcium, with_erp_drives),
}


def fitted(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the row of a setting: what is true, and what was found."""
    setting = SETTINGS[name]
    network = column(options.mesh, setting.model)
    driven = column(options.mesh, lambda: setting.with_drives(setting.model()))
    rng = np.random.default_rng([list(SETTINGS).index(name), options.seed])
    simulation = simulate(
        driven, TSTOP_MS, n_trials=options.trials, seed=int(rng.integers(10**6)), n_jobs=options.n_jobs, verbose="error"
    )
    columns = options.columns * pyramidal_cells(setting.model()) / pyramidal_cells(network)  # as many cells
    area = options.columns * pyramidal_cells(setting.model()) / (FRACTION * PRIOR.pyramidal_per_mm2)
    target = target_of(simulation.dipole.smooth(options.smooth_ms), columns, area, options.smooth_ms, rng)
    truth = truth_of(driven, simulation, columns)
    truth |= {"area_mm2": area, "peak_nAm": float(np.abs(target["agg"]).max()) * 1e9}
    settings = EvokedSettings(
        smooth_ms=options.smooth_ms, members=options.members, generations=options.generations, steps=options.steps
    )
    began = time.perf_counter()
    explanations = fit_evoked(network, target, settings, n_jobs=options.n_jobs)
    row = {"name": name, "options": _chosen(options), "truth": truth}
    row["found"] = found(explanations, time.perf_counter() - began)
    return row | {"judged": judged(row)}


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """Return which drives were found and which were not, by the first explanation whose cells fire."""
    items = row["found"]["items"]
    first = {
        regime: next((item for item in items if item["regime"] == regime), None) for regime in ("spiking", "silent")
    }
    spiking, silent = first["spiking"], first["silent"]
    result: dict[str, Any] = {"verdict": row["found"]["verdict"]}
    if spiking is None:
        return result
    true, guessed = row["truth"]["sequence"], spiking["sequence"]
    for limit in (NEAR_MS, FAR_MS):
        pairs = matched(true, guessed, limit)
        result[f"found_{limit:g}_ms"] = [true[k] for k in sorted(pairs)]
        result[f"missed_{limit:g}_ms"] = [drive for k, drive in enumerate(true) if k not in pairs]
        result[f"extra_{limit:g}_ms"] = [drive for k, drive in enumerate(guessed) if k not in pairs.values()]
    if silent is not None:
        result["evidence_over_silent"] = spiking["evidence"] - silent["evidence"]
        result["evidence_error"] = float(np.hypot(spiking["error"], silent["error"]))
    return result


def matched(true: list[Any], guessed: list[Any], limit_ms: float) -> dict[int, int]:
    """Return which drive was found for which true one: from the same side, within some ms, as many as there can be."""
    far = 1e6
    apart = np.full((len(true), len(guessed)), far)
    for i, (place, mu) in enumerate(true):
        for k, (there, then) in enumerate(guessed):
            if there == place and abs(then - mu) <= limit_ms:
                apart[i, k] = abs(then - mu)
    rows, columns = linear_sum_assignment(apart)
    return {int(i): int(k) for i, k in zip(rows, columns, strict=True) if apart[i, k] < far}


def summary(rows: list[dict[str, Any]]) -> str:
    """Return the table of rows."""
    spikes = [f"{name.replace('_', ' ')}, spikes per cell" for name in TYPES]
    head = ["setting", "true drives", "found drives", f"within {NEAR_MS:g} ms", f"within {FAR_MS:g} ms", "missed"]
    head += ["not there", "R²", *spikes, "columns", "verdict", "evidence over silent", "s"]
    return table(head, [_line(row) for row in rows])


def _line(row: dict[str, Any]) -> list[str]:
    truth, result, seconds = row["truth"], row["judged"], f"{row['found']['seconds']:.0f}"
    spiking = next((item for item in row["found"]["items"] if item["regime"] == "spiking"), None)
    start = [row["name"], _said(truth["sequence"])]
    if spiking is None:
        return [*start, "no cell fires", *[""] * 10, result["verdict"], "", seconds]
    n = len(truth["sequence"])
    near, far = (f"{len(result[f'found_{limit:g}_ms'])} of {n}" for limit in (NEAR_MS, FAR_MS))
    missed, extra = (_said(result[f"{kind}_{FAR_MS:g}_ms"]) for kind in ("missed", "extra"))
    spikes = [f"{truth['spikes'][name]:.2f} / {spiking['spikes'][name]:.2f}" for name in TYPES]
    over = "evidence_over_silent"
    evidence = f"{result[over]:.1f} ± {result['evidence_error']:.1f}" if over in result else "no silent one"
    columns = f"{truth['columns']:.0f} / {spiking['columns']:.0f}"
    found_drives = [_said(spiking["sequence"]), near, far, missed, extra, f"{spiking['r_squared']:.3f}"]
    return [*start, *found_drives, *spikes, columns, result["verdict"], evidence, seconds]


def _said(drives: list[Any]) -> str:
    return ", ".join(f"{place[:4]} {mu:.0f}" for place, mu in drives) or "none"


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in OPTIONS}


def main() -> None:
    """Fit one setting after the other, and print the table."""
    usual = EvokedSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--smooth-ms", type=float, default=30.0, help="of the target, and of what is fitted to it")
    parser.add_argument("--trials", type=int, default=20, help="averaged for the target")
    parser.add_argument("--columns", type=float, default=COLUMNS, help="of the full column's 200 pyramidal cells")
    parser.add_argument("--mesh", type=int, default=10, help="pyramidal cells along each side; fewer to try it")
    parser.add_argument("--members", type=int, default=usual.members)
    parser.add_argument("--generations", type=int, default=usual.generations)
    parser.add_argument("--steps", choices=STEPS, default=usual.steps, help="how ensembles move; a folder for each")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other trials and other noise")
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    mne.set_log_level("ERROR")
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "published.jsonl"
    rows = {row["name"]: row for row in read_rows(file) if row["options"] == _chosen(options)}
    for name in options.settings:
        if name in rows:
            continue
        rows[name] = fitted(name, options)
        keep_row(file, rows[name])
        sys.stdout.write(summary([rows[name]]) + "\n\n")
        sys.stdout.flush()
    sys.stdout.write(summary([rows[name] for name in SETTINGS if name in rows]) + "\n")


if __name__ == "__main__":
    main()
