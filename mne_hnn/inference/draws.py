"""Numbers that tell of draws: intervals, how many count, whether populations agree, and what was learned, in bits."""

from __future__ import annotations

import numpy as np
from scipy.stats import gaussian_kde

from .._types import FloatArray
from ..errors import ParameterError

__all__ = ["bits_learned", "effective_size", "interval", "r_hat"]

MOST_POINTS = 1500
"""Draws at which densities are compared."""


def interval(draws: FloatArray, share: float) -> tuple[float, float]:
    """Return the ends of the interval that leaves as much below as above."""
    low, high = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def r_hat(draws: FloatArray) -> float:
    """Return how much wider all populations are together than each of them, 1 if they agree.

    Gelman and Rubin (1992, https://doi.org/10.1214/ss/1177011136).

    Parameters
    ----------
    draws : array, shape (n_populations, n)
        Draws of one number.
    """
    n = draws.shape[1]
    within = float(draws.var(axis=1, ddof=1).mean())
    between = float(draws.mean(axis=1).var(ddof=1))
    return float(np.sqrt((within * (n - 1) / n + between) / within)) if within > 0 else 1.0


def effective_size(draws: FloatArray) -> float:
    """Return how many independent draws have a mean as sure as that of these.

    Particles that were drawn from the same one of the temperature before lie next to each other, so that what is left
    of their likeness is a correlation along a population. It is summed as for Markov chains (Geyer 1992,
    https://doi.org/10.1214/ss/1177011137); how far populations are apart counts, too.

    Parameters
    ----------
    draws : array, shape (n_populations, n)
        Draws of one number.
    """
    populations, n = draws.shape
    total = populations * n
    apart = draws - draws.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(apart, 2 * n, axis=1)) ** 2
    covariance = np.fft.irfft(power, axis=1)[:, :n].mean(axis=0) / n
    pooled = float(draws.var())
    if pooled <= 0:
        return float(total)
    correlation = 1.0 - (float(covariance[0]) - covariance) / pooled
    correlation[0] = 1.0
    pairs = correlation[0 : n - n % 2 : 2] + correlation[1 : n - n % 2 + 1 : 2]
    stop = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
    time = max(2.0 * float(np.minimum.accumulate(pairs[: max(stop, 1)]).sum()) - 1.0, 1.0)
    return float(total / time)


def bits_learned(before: FloatArray, after: FloatArray) -> float:
    """Return what the response said of a number beyond what was expected, in bits.

    The Kullback-Leibler divergence of the marginal posterior from the prior (Lindley 1956,
    https://doi.org/10.1214/aoms/1177728069), with kernel estimates of both densities: one bit halves what is left open.

    Parameters
    ----------
    before, after : array, shape (n,)
        Draws before and after the response was seen.

    Raises
    ------
    ParameterError
        Fewer than ten draws.
    """
    if min(len(before), len(after)) < 10:
        raise ParameterError("At least 10 draws before and after are needed to know what was learned.")
    if np.ptp(after) == 0 or np.ptp(before) == 0:
        return 0.0 if np.ptp(before) == 0 else float("inf")
    middle, size = float(np.median(before)), float(before.std())
    one, two = (before - middle) / size, (after - middle) / size
    at = two[np.linspace(0, len(two) - 1, min(len(two), MOST_POINTS)).astype(int)]
    floor = 1.0 / (10 * len(one))  # where no draw of the prior is, it is rarer than one in so many
    densities = np.log2(gaussian_kde(two)(at)) - np.log2(np.maximum(gaussian_kde(one)(at), floor))
    return max(float(densities.mean()), 0.0)
