"""Whether the draws of a density are as wide as they should be: ranks of truths among them, by kind of number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import kstest

from .._types import FloatArray
from .bank import Truths
from .examples import NOISES, Examples, contexts, drawn_evenly
from .trust import KINDS, kind_of

if TYPE_CHECKING:
    from .amortised import AmortisedEstimator

__all__ = ["judged_density"]

DRAWS = 500


def judged_density(estimator: AmortisedEstimator, examples: Examples, truths: Truths, *, seed: int) -> dict[str, Any]:
    """Return coverage and evenness of ranks of the density's own draws (simulation-based calibration).

    Talts et al. (2018, https://doi.org/10.48550/arXiv.1804.06788). Of examples like those that it learned from, which
    says whether it learned well, and of truths that were simulated, which says whether what it learned from was right.

    Parameters
    ----------
    estimator : AmortisedEstimator
        The estimator.
    examples : Examples
        What it learned from.
    truths : Truths
        Circuits that it never saw.
    seed : int
        Of noise and draws.
    """
    rng = np.random.default_rng([seed, 60])
    z, told = examples.draw(len(truths), rng)
    return {
        "examples": _judged(estimator, z, told, seed),
        "truths": _judged(estimator, *of_truths(examples, truths, rng), seed),
    }


def of_truths(examples: Examples, truths: Truths, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return circuits around stated times, and contexts, of truths with noise and discrepancy."""
    scope = examples.scope
    frame = scope.frame
    times = frame.times_of(truths.z)
    stated = times + frame.stated_sd_ms * rng.standard_normal(times.shape)
    z = truths.z.copy()
    z[:, frame.is_time] = (times - stated) / frame.stated_sd_ms
    n = len(truths)
    noise, nave = drawn_evenly(NOISES, n, rng), np.full(n, float(max(truths.n_trials, 20)))
    size = np.sqrt(np.mean(truths.moments**2, axis=1, keepdims=True))
    certain = Examples(scope=scope, pool=examples.pool, chance=0 * examples.chance, unknown=0 * examples.unknown)
    return z, contexts(frame, certain.respond(truths.moments / size, noise, nave, rng), noise, nave, stated)


def _judged(estimator: AmortisedEstimator, z: FloatArray, told: FloatArray, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 61])
    ranks: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for k, (truth, context) in enumerate(zip(z, told, strict=True)):
        drawn = estimator.density.draw(context, DRAWS, seed + k)
        below = (np.sum(drawn < truth, axis=0) + rng.random(len(truth))) / (DRAWS + 1)
        for path, rank in zip(estimator.frame.paths, below, strict=True):
            ranks[kind_of(path)].append(float(rank))
    log_density = float(np.mean(estimator.density.log_density(z, told)))
    found = {kind: _coverage(np.array(some)) for kind, some in ranks.items() if some}
    return {"n": len(z), "log_density": log_density, "kinds": found}


def _coverage(ranks: FloatArray) -> dict[str, float]:
    return {
        "n": len(ranks),
        "half": int(np.sum(np.abs(ranks - 0.5) <= 0.25)),
        "most": int(np.sum(np.abs(ranks - 0.5) <= 0.45)),
        "p_even": float(kstest(ranks, "uniform").pvalue),
    }
