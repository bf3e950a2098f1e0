"""Do intervals of groups hold what they say: truths of groups that are planted, and posteriors that are exact.

    python tests/benchmarks/pooling.py --folder FOLDER --groups 200

plants groups of 8 subjects in two conditions from what ``mne_hnn.inference.PoolSettings`` expects of a group, gives
each subject and condition the exact posterior of a number that was seen with an error, pools these, and counts how many
truths lie inside their intervals. Errors are a tenth to twice the standard deviation of the prior. Ten groups are kept
at a time, so that it goes on where it was stopped. No column is simulated: what is tested here is the pooling.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from _ranks import coverage, rank
from planted import keep_row, read_rows

from mne_hnn.fit import Evidence
from mne_hnn.inference import CircuitPosterior, Polarity, PoolSettings, pool_posteriors

CENTRE, SIZE = 60.0, 10.0
"""Mean and standard deviation of the prior of a subject's time, ms."""
CONDITIONS = ("a", "b")
BATCH, PARTICLES = 10, 400
KINDS = ("mean", "difference", "spread", "subject", "subject alone")


def posterior_of(seen: np.ndarray, errors: np.ndarray, rng: np.random.Generator) -> CircuitPosterior:
    """Return the exact posterior of times that were seen with normal errors, one for each group."""
    draws, prior = {}, {}
    for k, (value, error) in enumerate(zip(seen, errors, strict=True)):
        path = f"drives.evprox{k + 1}.mu_ms"
        precision = 1 / error**2 + 1 / SIZE**2
        mean = (value / error**2 + CENTRE / SIZE**2) / precision
        draws[path] = mean + rng.standard_normal((4, PARTICLES)) / np.sqrt(precision)
        prior[path] = CENTRE + SIZE * rng.standard_normal(4 * PARTICLES)
    none = np.zeros(0)
    return CircuitPosterior(
        regime="silent",
        sequence=tuple(("proximal", CENTRE) for _ in draws),
        draws=draws,
        prior=prior,
        log_likelihood=np.zeros((4, PARTICLES)),
        times_ms=none,
        wanted=none,
        predicted=none,
        replicated=none,
        evidence=Evidence(value=0.0, error=0.0, parts={}),
        polarity=Polarity(probability=1.0, difference=0.0, error=0.0),
    )


def batch(number: int, n_subjects: int) -> dict[str, Any]:
    """Return the ranks of the truths of some groups, which are numbers of one call."""
    rng = np.random.default_rng([23, number])
    settings = PoolSettings(seed=number)
    means = CENTRE + settings.mean_sd * SIZE * rng.standard_normal((2, BATCH))
    shared, own = settings.spread_sd * SIZE * np.abs(rng.standard_normal((2, BATCH)))
    true = means[np.newaxis] + shared * rng.standard_normal((n_subjects, 1, BATCH))
    true = true + own * rng.standard_normal(true.shape)
    errors = SIZE * np.exp(rng.uniform(np.log(0.1), np.log(2.0), true.shape))
    seen = true + errors * rng.standard_normal(true.shape)
    started = time.perf_counter()
    posteriors = {
        (f"{s:02d}", name): posterior_of(seen[s, c], errors[s, c], rng)
        for s in range(n_subjects)
        for c, name in enumerate(CONDITIONS)
    }
    found = pool_posteriors(posteriors, settings)
    ranks: dict[str, list[float]] = {kind: [] for kind in KINDS}
    widths: dict[str, list[float]] = {"subject": [], "subject alone": []}
    for k, path in enumerate(found.paths):
        ranks["mean"].append(rank(found.of(path, "a"), means[0, k], rng))
        apart = found.of(path, "a") - found.of(path, "b")
        ranks["difference"].append(rank(apart, means[0, k] - means[1, k], rng))
        ranks["spread"].append(rank(found.spread[path].ravel(), np.hypot(shared[k], own[k]), rng))
        for name, draws in (("subject", found.after[path]), ("subject alone", found.before[path])):
            ranks[name].append(rank(draws[:, 0, 0], true[0, 0, k], rng))
            widths[name].append(float(np.ptp(np.quantile(draws[:, 0, 0], [0.05, 0.95]))))
    rows = found.rows()
    return {
        "number": number,
        "ranks": ranks,
        "widths": widths,
        "seconds": time.perf_counter() - started,
        "r_hat": max(row["r_hat"] for row in rows),
        "effective_size": min(row["effective_size"] for row in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="Where groups are kept.")
    parser.add_argument("--groups", type=int, default=200, help="How many groups.")
    parser.add_argument("--subjects", type=int, default=8, help="Subjects of each.")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / f"pooled-{options.subjects}.jsonl"
    warnings.simplefilter("ignore")
    done = {row["number"] for row in read_rows(file)}
    for number in range(-(-options.groups // BATCH)):
        if number not in done:
            keep_row(file, batch(number, options.subjects))
            sys.stderr.write(f"{(number + 1) * BATCH} groups\n")
    rows = read_rows(file)
    for kind in KINDS:
        sys.stdout.write(f"{kind}: {coverage([u for row in rows for u in row['ranks'][kind]])}\n")
    narrower = np.median([w for row in rows for w in row["widths"]["subject"]]) / np.median(
        [w for row in rows for w in row["widths"]["subject alone"]]
    )
    sys.stdout.write(f"interval of a subject once pooled, over its own (medians): {narrower:.2f}\n")
    sys.stdout.write(f"largest r_hat {max(row['r_hat'] for row in rows):.3f}\n")
    sys.stdout.write(f"fewest independent draws {min(row['effective_size'] for row in rows):.0f}\n")
    sys.stdout.write(
        f"seconds for {BATCH} numbers of a group (median): {np.median([row['seconds'] for row in rows]):.1f}\n"
    )


if __name__ == "__main__":
    main()
