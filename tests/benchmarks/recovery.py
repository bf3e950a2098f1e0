"""Recover known drives below threshold from noisy targets: order, times, and how often intervals hold the truth.

    python tests/benchmarks/recovery.py [--targets 20] [--noise 0.05] [--n-jobs 2]

Each target is the average of ten trials of the full column with 2 to 4 random evoked drives, smoothed by 20 ms, plus
noise of the same bandwidth. The fit knows the noise's size and nothing of the drives.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np

from mne_hnn import Dipole
from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.fit.linear import delay_ms, inputs_of
from mne_hnn.network import Network, jones_2009
from mne_hnn.simulate import simulate

SMOOTH_MS = 20.0


def random_drives(network: Network, rng: np.random.Generator) -> Network:
    """Return a network with 2 to 4 drives at least 20 ms apart, each from a random side."""
    n = int(rng.integers(2, 5))
    while True:
        times = np.sort(rng.uniform(15, 145, n))
        if np.diff(times).min() >= 20:
            break
    counts = {"proximal": 0, "distal": 0}
    for mu in times:
        place = str(rng.choice(["proximal", "distal"]))
        counts[place] += 1
        weights: dict[str, dict[str, float]] = {"ampa": {}, "nmda": {}}
        for one in inputs_of(network):
            if one.location == place:
                weights[one.receptor][one.cell_type] = float(np.exp(rng.uniform(np.log(2e-5), np.log(2e-4))))
        cells = sorted(weights["ampa"])
        network = network.with_evoked_drive(
            f"{'evprox' if place == 'proximal' else 'evdist'}{counts[place]}", mu_ms=float(mu),
            sigma_ms=float(rng.uniform(2, 7)), location=place, weights_ampa=weights["ampa"],
            weights_nmda=weights["nmda"], synaptic_delays={cell: delay_ms(network, place, cell) for cell in cells},
        )  # fmt: skip
    return network


def noisy_target(network: Network, rng: np.random.Generator, noise: float, n_jobs: int) -> tuple[Dipole, float]:
    """Return the target and the standard deviation of its noise, A m."""
    truth = simulate(network, 170.0, n_trials=10, seed=int(rng.integers(10**6)), n_jobs=n_jobs, verbose="error")
    dipole = truth.dipole.smooth(SMOOTH_MS).scale(500)
    times, clean = dipole.times[::40], dipole["agg"][::40]  # 1 kHz
    window = np.hamming(round(SMOOTH_MS))
    rough = np.convolve(rng.standard_normal(len(times) + 2 * len(window)), window, "same")[len(window) : -len(window)]
    size = noise * float(np.sqrt(np.mean(clean**2)))
    noisy = clean + rough * size / rough.std()
    return Dipole(noisy[None], times, ["agg"], provenance={"unit": "A m"}), size


def main() -> None:
    """Print one line per target, then the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.05, help="relative to the target's root mean square")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    right = drives = near = held = intervals = 0
    by_kind: dict[str, list[bool]] = {}
    for k in range(options.first, options.first + options.targets):
        rng = np.random.default_rng(1000 + k)
        truth = random_drives(jones_2009(), rng)
        target, size = noisy_target(truth, rng, options.noise, options.n_jobs)
        began = time.perf_counter()
        fit = fit_evoked(
            jones_2009(),
            target,
            settings=EvokedSettings(standard_error=size, n_final=2, regimes="silent"),
            n_jobs=options.n_jobs,
            progress=lambda *_: None,
        ).first.fit
        seconds = time.perf_counter() - began
        found = fit.network.drives
        same = [one.location for one in truth.drives.values()] == [one.location for one in found.values()]
        right += same
        drives += len(truth.drives)
        errors = []
        for name, drive in truth.drives.items():
            guesses = [one.mu_ms for one in found.values() if one.location == drive.location]
            errors.append(min((abs(one - drive.mu_ms) for one in guesses), default=np.inf))
            near += errors[-1] <= 3.0
            if not same:
                continue
            values = {f"drives.{name}.mu_ms": drive.mu_ms, f"drives.{name}.sigma_ms": drive.sigma_ms}
            for receptor, some in drive.weights.items():
                values |= {f"drives.{name}.weights_{receptor}.{cell}": weight for cell, weight in some.items()}
            for path, value in values.items():
                one = fit.estimate(path)
                inside = one.low <= value <= one.high
                held += inside
                intervals += 1
                by_kind.setdefault(path.split(".")[2], []).append(inside)
        said = [f"{d.location[0]}{d.mu_ms:.0f}" for d in truth.drives.values()]
        got = [f"{d.location[0]}{d.mu_ms:.0f}" for d in found.values()]
        sys.stdout.write(
            f"{k:3d} truth {' '.join(said)} | found {' '.join(got)} | errors (ms) "
            f"{' '.join(f'{e:.1f}' for e in errors)} | R2 {fit.r_squared:.4f} | {seconds:.0f} s\n"
        )
        sys.stdout.flush()
    totals = {
        "order right": f"{right} of {options.targets}",
        "times within 3 ms": f"{near} of {drives}",
        "90 % intervals that hold the truth": f"{held} of {intervals} ({100 * held / max(intervals, 1):.1f} %)",
        **{kind: f"{sum(some)} of {len(some)}" for kind, some in by_kind.items()},
    }
    sys.stdout.write(json.dumps(totals, indent=1) + "\n")


if __name__ == "__main__":
    main()
