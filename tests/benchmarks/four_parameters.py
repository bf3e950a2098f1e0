"""Four strengths of local connections from an evoked response, with 1,100 simulations.

    python tests/benchmarks/four_parameters.py --folder four [--networks 1100] [--truths 100] [--n-jobs 2]

A problem like that of Tolley et al. (2024, https://doi.org/10.1371/journal.pcbi.1011108, figure 8): drives proximal,
distal, proximal are those of the published evoked response and known, and how strongly pyramidal and basket cells of
layers 2/3 and 5 reach the pyramidal cells of layer 5 is not. The prior is ours: each strength is log-normal around that
of the model, by a factor of 10 ** 0.5. So is what is seen: a single trial on the mesh of 5 x 5, smoothed by 20 ms, with
noise of 5 %, as 30 principal components.

Two estimators learn from the same simulations: sbi's NPE as it comes, and one that learns from a Gaussian process of
the mean response, with new chance and noise in each step, as the amortised estimators of this package do. The recovery
error is the root mean square distance of draws from the truth, in standard deviations of the prior (draws of the prior
have 1.41). Simulations are kept: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import mne
import numpy as np
from _ranks import coverage, rank
from _truths import SMOOTH_MS

from mne_hnn._smoothing import smoothed_rows
from mne_hnn.fit.aligning import Alignment
from mne_hnn.fit.bench import Bench
from mne_hnn.fit.checkpoint import Checkpoint
from mne_hnn.fit.coarse import coarse_network
from mne_hnn.fit.emulator import Emulator
from mne_hnn.fit.ensemble import seeds_for
from mne_hnn.fit.evaluate import Evaluator, searching
from mne_hnn.fit.progress import Report
from mne_hnn.inference.density import learn_density
from mne_hnn.inference.torch_parts import seeded
from mne_hnn.network import Network, jones_2009
from mne_hnn.network import replace as changed
from mne_hnn.simulate import Computing, SimulationSettings

STRENGTHS = {
    "excitatory, layer 2/3": "L2_pyramidal",
    "inhibitory, layer 2/3": "L2_basket",
    "excitatory, layer 5": "L5_pyramidal",
    "inhibitory, layer 5": "L5_basket",
}
"""Cells that reach the pyramidal cells of layer 5."""
SD_LOG = 0.5 * np.log(10)
TSTOP_MS, STEP_MS, NOISE, COMPONENTS, DRAWS, STEPS = 170.0, 2.0, 0.05, 30, 500, 3000


def column(base: Network, z: np.ndarray) -> Network:
    """Return the column with other strengths."""
    factors = dict(zip(STRENGTHS.values(), np.exp(SD_LOG * z), strict=True))
    return changed(
        base,
        connections=tuple(
            changed(one, weight_uS=one.weight_uS * factors[one.source]) if one.target == "L5_pyramidal" else one
            for one in base.connections
        ),
    )


def simulated(z: np.ndarray, key: int, options: argparse.Namespace) -> np.ndarray:
    """Return a smoothed single trial of each column, nA m, shape (n, n_times)."""
    base = coarse_network(jones_2009(drives=True), (5, 5))
    runs = SimulationSettings(tstop=TSTOP_MS)
    times = np.arange(0.0, TSTOP_MS + 1e-9, STEP_MS) / 1e3

    def extract(simulation: Any) -> dict[str, Any]:
        """Return the moment."""
        dipole = simulation.dipoles[0]
        smooth = smoothed_rows(dipole["agg"][np.newaxis], dipole.info["sfreq"], SMOOTH_MS, "normalised")[0]
        return {"moment": 1e9 * np.interp(times, dipole.times, smooth)}

    found = []
    with Computing(n_jobs=options.n_jobs).ready() as ready, Report(None) as report:
        bench = Bench(
            evaluator=Evaluator(checkpoint=Checkpoint(options.folder / "kept"), computing=ready), report=report
        )
        for first in range(0, len(z), 50):
            some = z[first : first + 50]
            seeds = seeds_for([key, first], len(some))
            each = [searching(runs.with_trials(1, seed), base, "search") for seed in seeds]
            records = bench.evaluator.records([column(base, one) for one in some], each, "four strengths", extract)
            found += [record["moment"] for record in records if record is not None]
            sys.stdout.write(f"\r{key}: {len(found)} of {len(z)}  ")
            sys.stdout.flush()
    if len(found) != len(z):
        raise SystemExit(f"{len(z) - len(found)} columns failed.")
    return np.array(found)


class Seen:
    """Responses as an estimator sees them: principal components with noise."""

    def __init__(self, moments: np.ndarray) -> None:
        self.mean = moments.mean(axis=0)
        _, singular, vectors = np.linalg.svd(moments - self.mean, full_matrices=False)
        self.basis = vectors[:COMPONENTS] / (singular[:COMPONENTS, np.newaxis] / np.sqrt(len(moments)))

    def __call__(self, moments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        size = np.sqrt(np.mean(moments**2, axis=1, keepdims=True))
        return (moments + NOISE * size * rng.standard_normal(moments.shape) - self.mean) @ self.basis.T


def by_package(z: np.ndarray, moments: np.ndarray, seen: Seen) -> Any:
    """Return a function that draws strengths, learned from a Gaussian process of the mean response."""
    none = np.zeros((len(z), 1))
    times_ms = np.arange(0.0, TSTOP_MS + 1e-9, STEP_MS)
    drives_ms = np.sort([drive.mu_ms for drive in jones_2009(drives=True).drives.values()])  # they do not move
    emulator = Emulator(
        x=z,
        moments=moments,
        log_rates=none,
        drives_ms=lambda x: np.broadcast_to(drives_ms, (len(x), len(drives_ms))),
        alignment=Alignment(times_ms=times_ms, expected_ms=drives_ms, tstop=TSTOP_MS),
    )
    n = emulator.n_components
    variance = emulator.unknown()[:n] + emulator.chance()[:n]
    outside = emulator.outside(moments, z)

    def draw(many: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return strengths and what is seen of them."""
        one = rng.standard_normal((many, z.shape[1]))
        made = emulator.predict(one).moments + (np.sqrt(variance) * rng.standard_normal((many, n))) @ emulator.basis
        return one, seen(made + outside[rng.integers(0, len(outside), many)], rng)

    density = learn_density(draw, steps=STEPS, seed=0)
    return lambda context, seed: density.draw(context, DRAWS, seed)


def by_sbi(z: np.ndarray, moments: np.ndarray, seen: Seen, logs: Path) -> Any:
    """Return a function that draws strengths, learned by sbi from the simulations themselves."""
    import torch
    from sbi.inference import NPE
    from torch.utils.tensorboard import SummaryWriter

    n = z.shape[1]
    prior = torch.distributions.MultivariateNormal(torch.zeros(n), torch.eye(n))
    told = seen(moments, np.random.default_rng(1))
    with seeded(0):
        trainer = NPE(
            prior=prior, density_estimator="maf", show_progress_bars=False, summary_writer=SummaryWriter(str(logs))
        )
        trainer.append_simulations(*(torch.as_tensor(one, dtype=torch.float32) for one in (z, told)))
        trainer.train()
        found = trainer.build_posterior()

    def draw(context: np.ndarray, seed: int) -> np.ndarray:
        """Return draws of strengths."""
        with seeded(seed):
            one = torch.as_tensor(context[0], dtype=torch.float32)
            return found.sample((DRAWS,), x=one, show_progress_bars=False).numpy()

    return draw


def judged(draw: Any, z: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    """Return recovery error and coverage of each strength, and of all together."""
    rng = np.random.default_rng(2)
    drawn = np.array([draw(one[np.newaxis], k) for k, one in enumerate(told)])
    error = np.sqrt(np.mean((drawn - z[:, np.newaxis]) ** 2, axis=(0, 1)))
    ranks = np.array([[rank(drawn[k, :, p], z[k, p], rng) for p in range(z.shape[1])] for k in range(len(z))])
    found = {
        name: {"recovery error": round(float(error[p]), 3)} | coverage(ranks[:, p].tolist())
        for p, name in enumerate(STRENGTHS)
    }
    return found | {"all": {"recovery error": round(float(error.mean()), 3)} | coverage(ranks.ravel().tolist())}


def main() -> None:
    """Simulate, learn twice, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--networks", type=int, default=1100)
    parser.add_argument("--truths", type=int, default=100)
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    mne.set_log_level("ERROR")
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    z, truths = rng.standard_normal((options.networks, 4)), rng.standard_normal((options.truths, 4))
    moments, planted = simulated(z, 1, options), simulated(truths, 2, options)
    seen = Seen(moments)
    told = seen(planted, np.random.default_rng(3))

    def alone(*given: Any) -> Any:
        """Return what sbi learns; it keeps logs where it is run if no place is given."""
        return by_sbi(*given, logs=options.folder / "logs")

    for name, learn in (("Gaussian process, then a flow", by_package), ("sbi's NPE", alone)):
        began = time.perf_counter()
        found = judged(learn(z, moments, seen), truths, told)
        sys.stdout.write(f"\n{name}, {time.perf_counter() - began:.0f} s\n{json.dumps(found, indent=1)}\n")


if __name__ == "__main__":
    main()
