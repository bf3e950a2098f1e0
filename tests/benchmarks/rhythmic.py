"""Two bursty drives to 10 and 20 Hz at relative power 1:2: the default optimizer against random search.

    python tests/benchmarks/rhythmic.py [--seeds 10] [--evaluations 100] [--n-jobs 2]

The start is that of the published example: both drives at 10 Hz. Both searches have the same budget and the same random
numbers. Cells stay below threshold and all of a type receive the same spikes, so one cell of each type stands for the
column in the search; the fresh trials are those of the full column.
"""

from __future__ import annotations

import argparse
import sys
import time

from mne_hnn.fit import Level, Parameter, RhythmicSettings, fit_rhythmic
from mne_hnn.network import Network, jones_2009


def start(mesh_shape: tuple[int, int] = (10, 10)) -> Network:
    """Return the column with two bursty drives, both at 10 Hz."""
    network = jones_2009(mesh_shape)
    for name, place, delays, std in (
        ("bursty_prox", "proximal", {"L2_pyramidal": 0.1, "L5_pyramidal": 1.0}, 20.0),
        ("bursty_dist", "distal", {"L2_pyramidal": 5.0, "L5_pyramidal": 5.0}, 15.0),
    ):
        network = network.with_bursty_drive(
            name, tstart=50.0, burst_rate_Hz=10.0, burst_std_ms=std, numspikes=2, spike_isi_ms=10.0, n_drive_cells=10,
            location=place, weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 4.4e-5}, synaptic_delays=delays,
        )  # fmt: skip
    return network


def parameters() -> list[Parameter]:
    """Return the eight free parameters of the published example, with its bounds."""
    rows = (("weights_ampa.L2_pyramidal", 4.4e-5, 6.4e-5), ("tstart", 45.0, 55.0), ("burst_rate_Hz", 1.0, 30.0),
            ("burst_std_ms", 10.0, 30.0))  # fmt: skip
    return [
        Parameter(path=f"drives.{drive}.{field}", low=low, high=high)
        for drive in ("bursty_prox", "bursty_dist") for field, low, high in rows
    ]  # fmt: skip


def main() -> None:
    """Print the objective of both for every seed, and how often the optimizer won."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--optimizer", default="differential_evolution")
    parser.add_argument("--measure", default="power", choices=("power", "ratio"))
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    wins = fresh = 0
    for seed in range(options.first, options.first + options.seeds):
        losses, began = {}, time.perf_counter()
        for optimizer in (options.optimizer, "random"):
            fit = fit_rhythmic(
                start(),
                None,
                parameters(),
                settings=RhythmicSettings(
                    bands=[(9, 11), (19, 21)],
                    shares=[1, 2],
                    measure=options.measure,
                    optimizer=optimizer,
                    max_evaluations=options.evaluations,
                    levels=[Level(mesh_shape=(1, 1), n_trials=1, share=1e6), Level(n_trials=1)],
                    n_final=4,
                    seed=seed,
                    fresh_seed=seed + 1000,
                ),
                n_jobs=options.n_jobs,
                progress=lambda *_: None,
            )
            losses[optimizer] = (-fit.levels[0].loss, -fit.scores.loss)
        ours, theirs = losses[options.optimizer], losses["random"]
        wins += ours[0] > theirs[0]
        fresh += ours[1] > theirs[1]
        sys.stdout.write(
            f"seed {seed}: objective {ours[0]:.3f} (fresh trials {ours[1]:.3f}), random {theirs[0]:.3f} "
            f"({theirs[1]:.3f}), {time.perf_counter() - began:.0f} s\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"higher than random: {wins} of {options.seeds}; with fresh trials {fresh} of {options.seeds}\n")


if __name__ == "__main__":
    main()
