"""What subjects' differences tell by resampling: their mean's interval, and whether it could be chance."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from scipy import stats

from .._types import FloatArray

__all__ = ["holm", "lowest_p", "mean_interval", "paired_difference", "sign_flip_p"]

ROUNDING = 1e-12


SMALL = 15
"""Subjects below which intervals of the bootstrap are too narrow."""


def paired_difference(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return first - second, with zeros where they differ by rounding only: that would be taken for consistent."""
    paired = first - second
    size = np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(paired) <= ROUNDING * np.maximum(size, size.max(initial=0.0)), 0.0, paired)


def is_constant(values: FloatArray) -> bool:
    """Return whether values are all the same, but for rounding."""
    return bool(np.ptp(values) <= 1e-9 * np.abs(values).max())


def lowest_p(n_subjects: int, n_resamples: int) -> float:
    """Return the smallest p that :func:`sign_flip_p` can give."""
    return 2.0 / 2**n_subjects if 2**n_subjects <= n_resamples else 2.0 / (n_resamples + 1)


def sign_flip_p(paired: FloatArray, *, n_resamples: int, seed: int) -> float:
    """Return p of the mean of differences, two-sided, by flipping the signs of the subjects.

    Parameters
    ----------
    paired : array, shape (n_subjects,)
        Difference of each subject.
    n_resamples : int
        If there are at most so many ways to flip, all of them are taken, and the test is exact; else so many at random.
    seed : int
        Of the random ones.
    """
    return float(
        stats.permutation_test(
            (paired,),
            np.mean,
            permutation_type="samples",
            n_resamples=n_resamples,
            vectorized=True,
            rng=np.random.default_rng(seed),
        ).pvalue
    )


def mean_interval(paired: FloatArray, *, n_resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    """Return the ends of the bootstrap interval of a mean.

    Parameters
    ----------
    paired : array, shape (n_subjects,)
        Difference of each subject.
    n_resamples : int
        Resamples.
    confidence : float
        Probability that it holds the mean.
    seed : int
        Of the resamples.

    Returns
    -------
    low, high : float
        By the bias-corrected and accelerated bootstrap; by percentiles where that is not defined; both are the value
        itself if all are the same. Below 15 subjects, at least as wide as Student's t interval: the bootstrap knows no
        more than the values it has, and its intervals of few are too narrow.
    """
    if is_constant(paired):
        return float(paired.mean()), float(paired.mean())
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BCa says where it is undefined, and percentile takes over
            found = stats.bootstrap(
                (paired,),
                np.mean,
                n_resamples=n_resamples,
                confidence_level=confidence,
                method=method,
                rng=np.random.default_rng(seed),
                batch=1000,
            ).confidence_interval
        if np.isfinite([found.low, found.high]).all():
            break
    low, high = float(found.low), float(found.high)
    if len(paired) >= SMALL:
        return low, high
    student = student_interval(paired, confidence)
    return min(low, float(student[0])), max(high, float(student[1]))


def student_interval(values: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return the ends of Student's t interval of the mean over the first axis."""
    n = len(values)
    half = stats.t.ppf(0.5 + confidence / 2, n - 1) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return values.mean(axis=0) - half, values.mean(axis=0) + half


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p values corrected for their number by Holm's method (1979, Scand J Stat 6:65)."""
    corrected, highest = {}, 0.0
    for k, name in enumerate(sorted(p_values, key=lambda quantity: p_values[quantity])):
        highest = max(highest, min(1.0, (len(p_values) - k) * p_values[name]))
        corrected[name] = highest
    return corrected
