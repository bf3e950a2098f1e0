"""How far a faster way to simulate is from the exact one, beside what the time step itself makes.

    python tests/benchmarks/search_error.py --precision search --store errors.npz      # search mode
    python tests/benchmarks/search_error.py --dt 0.05 --store errors.npz               # any other step
    python tests/benchmarks/search_error.py --seed 1 --store errors.npz                # other events, for scale

Columns are drawn from the prior of ``_draws.py``: spiking draws that have at least 0.1 spikes per layer-5 pyramidal
cell and no cell type above 10 per cell, and silent ones in which no cell fires. The same draws, with the same events,
are simulated exactly (0.025 ms), in the other way, and the first of them at 0.00625 ms, against which the exact ones
are held. Errors of dipoles are relative to the norm after smoothing by 30 ms.

Runs are kept in the file of ``--store`` one by one: started again, it goes on, and another way to simulate takes the
exact runs that are there. ``--anew`` drops those of the other way, for a build that has changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mne
import numpy as np
from _draws import drawn_column
from _timing import machine, say, table

from mne_hnn.errors import SimulationError
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

SMOOTH_ms = 30.0
SAMPLE_ms = 0.5  # a multiple of all steps
EXACT_ms, FINE_ms = 0.025, 0.00625
EXACT, FINE = "exact", f"dt={FINE_ms}"
FEWEST, MOST = 0.1, 10.0  # spikes per cell: of layer-5 pyramidal cells; of any type, some 60 Hz for the whole run
OPTIONS = ("precision", "dt", "engine", "seed")  # of simulate(), in which another way may differ
SPIKING, SILENT = "spiking", "silent"
KINDS = (SPIKING, SILENT)


@dataclass
class Store:
    """Runs by draw and by how they were simulated: counts of spikes per cell type, then the smoothed dipole (nA m)."""

    path: Path | None
    setting: tuple[float, ...]
    runs: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is None or not self.path.exists():
            return
        with np.load(self.path) as file:
            self.runs = dict(file.items())
        known = tuple(self.runs.pop("setting"))
        if known != self.setting:
            sys.exit(
                f"{self.path} holds runs of mesh and duration (ms) {known}, not {self.setting}: name another file."
            )

    def keep(self, key: str, run: np.ndarray) -> None:
        """Add a run; the file is whole at any moment."""
        self.runs[key] = run
        self.write()

    def write(self) -> None:
        """Replace the file."""
        if self.path is not None:
            scratch = self.path.with_name(f".{self.path.name}.{os.getpid()}.npz")
            np.savez(scratch, setting=np.array(self.setting), **self.runs)
            scratch.replace(self.path)


@dataclass(frozen=True)
class Comparison:
    """Simulates draws, or takes what is kept of them."""

    store: Store
    mesh: int
    tstop: float
    other: str
    ways: dict[str, dict]

    @property
    def cells(self) -> dict[str, int]:
        """Number of cells of each type."""
        network = jones_2009(mesh_shape=(self.mesh, self.mesh))
        return {name: len(population) for name, population in network.populations.items()}

    def run(self, kind: str, number: int, way: str) -> np.ndarray:
        """Return counts and dipole of a draw; not a number if it became unstable."""
        key = f"{kind} {number} {way}"
        if key not in self.store.runs:
            network = drawn_column(number, silent=kind == SILENT, mesh_shape=(self.mesh, self.mesh))
            began = time.perf_counter()
            self.store.keep(key, self._simulated(network, self.ways[way]))
            sys.stderr.write(f"{key}: {time.perf_counter() - began:.2f} s\n")
        return self.store.runs[key]

    def _simulated(self, network, options: dict) -> np.ndarray:
        n_samples = round(self.tstop / SAMPLE_ms) + 1
        try:
            simulation = simulate(network, self.tstop, verbose="error", **options)
        except SimulationError as error:
            sys.stderr.write(f"{error}\n")
            return np.full(len(self.cells) + n_samples, np.nan)
        dipole = simulation.dipole.smooth(SMOOTH_ms)
        moments = np.interp(np.arange(n_samples) * SAMPLE_ms, dipole.times * 1e3, dipole["agg"] * 1e9)
        counts = simulation.spikes.counts()
        return np.concatenate([[counts[name] for name in self.cells], moments])

    def draws(self, kind: str, wanted: int) -> Iterator[int]:
        """Yield the numbers of the first draws that are of the kind."""
        found = number = 0
        while found < wanted:
            if number >= 100 + 20 * wanted:
                sys.exit(f"Of {number} draws {found} are {kind}: the prior and the mesh do not go together.")
            if self._is(kind, self.run(kind, number, EXACT)):
                found += 1
                yield number
            number += 1

    def _is(self, kind: str, run: np.ndarray) -> bool:
        names = list(self.cells)
        rates = run[: len(names)] / list(self.cells.values())
        if kind == SILENT:
            return not rates.any()
        return bool(rates[names.index("L5_pyramidal")] >= FEWEST and rates.max() <= MOST)

    def pairs(self, kind: str, wanted: int, judged: str, reference: str) -> np.ndarray:
        """Return runs of the draws both ways, shape (n_draws, 2, n_values)."""
        numbers = list(self.draws(kind, wanted))
        found = [(self.run(kind, k, judged), self.run(kind, k, reference)) for k in numbers]
        return np.array(found).reshape(len(numbers), 2, -1)


def dipole_errors(pairs: np.ndarray, n_types: int) -> np.ndarray:
    """Return the norm of the difference over that of the reference, per draw."""
    judged, reference = pairs[:, 0, n_types:], pairs[:, 1, n_types:]
    return np.linalg.norm(judged - reference, axis=1) / np.linalg.norm(reference, axis=1)


def two(values: np.ndarray, form: str) -> list[str]:
    """Return median and 95th percentile of what is a number."""
    values = values[np.isfinite(values)]
    return [format(q, form) for q in np.percentile(values, [50, 95])] if len(values) else ["", ""]


def show(comparison: Comparison, found: dict[tuple[str, str], np.ndarray]) -> None:
    """Print the tables."""
    cells = comparison.cells
    rows = []
    for (kind, way), pairs in found.items():
        errors = dipole_errors(pairs, len(cells))
        lost = f"{np.isnan(errors).sum()}"
        rows.append([way, kind, str(len(errors)), *two(errors, ".2%"), format(np.nanmax(errors), ".2%"), lost])
    head = ["smoothed dipole", "draws", "n", "NRMSE: median", "95th percentile", "largest", "unstable"]
    say("\n" + table(head, rows))
    rows = []
    for (kind, way), pairs in found.items():
        if kind != SPIKING:
            started = np.nansum(pairs[:, 0, : len(cells)])
            say(f"\n{way}: {started:.0f} spikes in {len(pairs)} draws that are silent in the reference.")
            continue
        for k, (name, n_cells) in enumerate(cells.items()):
            judged, reference = pairs[:, 0, k] / n_cells, pairs[:, 1, k] / n_cells
            difference = judged - reference
            relative = np.abs(difference[reference > 0]) / reference[reference > 0]
            level = (
                f"{np.median(reference):.2f} ({np.percentile(reference, 5):.2f} - {np.percentile(reference, 95):.2f})"
            )
            errors = [*two(np.abs(difference), ".3f"), *two(relative, ".1%")]
            rows.append([way, name, level, f"{np.nanmean(difference):+.3f}", *errors])
    head = ["spikes", "cells", "per cell: median (5 - 95 %)", "mean difference", "size: median", "95th percentile"]
    say("\n" + table([*head, "relative: median", "95th percentile"], rows))


def parsed() -> tuple[argparse.Namespace, str, dict]:
    """Return what was asked for, and the other way to simulate with its name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", help="a precision of simulate(), such as search")
    parser.add_argument("--dt", type=float, help="a time step, ms")
    parser.add_argument("--engine", help="an engine of simulate()")
    parser.add_argument("--seed", type=int, help="other events of the same drives: what trials differ by, for scale")
    parser.add_argument("--spiking", type=int, default=200, help="draws with spikes")
    parser.add_argument("--silent", type=int, default=100, help="draws without")
    parser.add_argument("--dt-runs", type=int, default=20, help="draws of each kind that are also run at 0.00625 ms")
    parser.add_argument("--mesh", type=int, default=10)
    parser.add_argument("--tstop", type=float, default=170.0)
    parser.add_argument("--store", type=Path, help="keep runs in this file, and take those that are there")
    parser.add_argument("--anew", action="store_true", help="forget kept runs of the other way")
    options = parser.parse_args()
    other = {name: getattr(options, name) for name in OPTIONS if getattr(options, name) is not None}
    if not other:
        parser.error(f"name the other way to simulate by one or more of --{', --'.join(OPTIONS)}")
    if options.store is not None and options.store.suffix != ".npz":
        parser.error(f"--store must end in .npz, got {options.store}")
    return options, ", ".join(f"{name}={value}" for name, value in other.items()), other


def main() -> None:
    """Simulate what is missing, and print the tables."""
    options, name, other = parsed()
    warnings.simplefilter("ignore")
    mne.set_log_level("error")
    store = Store(options.store, (float(options.mesh), options.tstop))
    if options.anew:
        store.runs = {key: run for key, run in store.runs.items() if not key.endswith(f" {name}")}
        store.write()
    ways = {EXACT: {"dt": EXACT_ms}, FINE: {"dt": FINE_ms}, name: {"dt": EXACT_ms, **other}}
    comparison = Comparison(store, options.mesh, options.tstop, name, ways)
    found: dict[tuple[str, str], np.ndarray] = {}
    for kind in KINDS:
        n = getattr(options, kind)
        for judged, reference, wanted in ((name, EXACT, n), (EXACT, FINE, min(n, options.dt_runs))):
            if wanted:
                found[kind, f"{judged} against {reference}"] = comparison.pairs(kind, wanted, judged, reference)
    say(f"\n- processor: {machine()['processor']}\n- mesh {options.mesh}x{options.mesh}, {options.tstop:g} ms")
    for kind in KINDS:
        n_draws = sum(key.startswith(f"{kind} ") and key.endswith(f" {EXACT}") for key in store.runs)
        say(f"- {kind}: {getattr(options, kind)} draws asked for, {n_draws} simulated to find them")
    show(comparison, found)


if __name__ == "__main__":
    main()
