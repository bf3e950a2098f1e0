"""Ensembles of parameter vectors that move towards data, a share of the data's weight at a time.

The ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013,
https://doi.org/10.1016/j.cageo.2012.03.011) needs no derivatives, only what each member predicts. Every step takes a
part 1 / alpha of the data's weight into account; after steps whose parts sum to one, linear predictions would leave
exactly the posterior.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._types import FloatArray

__all__ = [
    "drawn_again",
    "effective_share",
    "expected",
    "flattened",
    "resampled",
    "seeds_for",
    "spread_again",
    "updated",
]

RIDGES = np.geomspace(1e-3, 1e2, 16)
"""Penalties that are tried, relative to the number of members."""


def updated(
    members: FloatArray,
    predicted: FloatArray,
    wanted: FloatArray,
    deviations: FloatArray,
    *,
    alpha: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the members after a step towards the data.

    Parameters
    ----------
    members : array, shape (n_members, n_free)
        Parameter vectors.
    predicted : array, shape (n_members, n_data)
        What each of them predicts.
    wanted : array, shape (n_data,)
        The data.
    deviations : array, shape (n_data,)
        Their standard deviations.
    alpha : float
        The step counts the data with 1 / alpha of their weight.
    rng : numpy.random.Generator
        Perturbs the data of each member.

    Returns
    -------
    members : array, shape (n_members, n_free)
        Moved.
    """
    scale = deviations * np.sqrt(alpha)
    noise = rng.standard_normal(predicted.shape)
    noise -= noise.mean(axis=0)
    spread = (predicted - predicted.mean(axis=0)) / scale
    n = len(members) - 1
    _, singular, directions = np.linalg.svd(spread, full_matrices=False)
    share = singular**2 / n
    misfit = (wanted - predicted) / scale + noise
    # misfit times the inverse of (covariance of predictions + 1), in the directions in which members differ
    along = misfit @ directions.T
    weighted = misfit - (along * (share / (1 + share))) @ directions
    covariance = (members - members.mean(axis=0)).T @ spread / n
    return np.asarray(members + weighted @ covariance.T)


def expected(members: FloatArray, predicted: FloatArray, deviations: FloatArray) -> FloatArray:
    """Return what members are expected to predict, as far as that follows their numbers: chance is gone from it.

    Ridge regression, with the penalty that generalised cross-validation asks for (Golub, Heath and Wahba 1979,
    https://doi.org/10.1080/00401706.1979.10489751).

    Parameters
    ----------
    members : array, shape (n_members, n_free)
        Parameter vectors.
    predicted : array, shape (n_members, n_data)
        What each of them predicts, with chance of its own.
    deviations : array, shape (n_data,)
        Standard deviations of the data: what differs by less counts less.

    Returns
    -------
    expected : array, shape (n_members, n_data)
        Linear in the members.
    """
    mean = predicted.mean(axis=0)
    apart = (predicted - mean) / deviations
    left, singular, _ = np.linalg.svd(members - members.mean(axis=0), full_matrices=False)
    along, n = left.T @ apart, len(members)
    outside = float((apart**2).sum() - (along**2).sum())
    best, found = np.inf, np.zeros(len(singular))
    for penalty in RIDGES * n:
        share = singular**2 / (singular**2 + penalty)
        unexplained = outside + float((((1 - share)[:, np.newaxis] * along) ** 2).sum())
        score = unexplained / max(n - 1 - float(share.sum()), 1.0) ** 2
        if score < best:
            best, found = score, share
    return np.asarray(mean + (left @ (found[:, np.newaxis] * along)) * deviations)


def resampled(losses: FloatArray, n: int, *, keep: float, rng: np.random.Generator) -> Any:
    """Return which members go on, the better ones several times.

    Parameters
    ----------
    losses : array, shape (n_members,)
        How far each is from the data; likelihoods are exponentials of their negatives.
    n : int
        How many go on.
    keep : float
        Effective share of the members that is kept at least: likelihoods are flattened until it is.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    which : array of int, shape (n,)
        Members, in order.
    """
    return drawn_again(np.exp(-flattened(losses, 1.0, keep=keep) * (losses - losses.min())), n, rng)


def flattened(losses: FloatArray, most: float, *, keep: float) -> float:
    """Return the largest power of likelihoods, at most `most`, that leaves an effective share of the members.

    Parameters
    ----------
    losses : array, shape (n_members,)
        Negative logarithms of the likelihoods.
    most : float
        The power if that leaves enough.
    keep : float
        Effective share of the members: the square of the sum of their weights over the sum of their squares.
    """

    def kept(power: float) -> float:
        """Return the effective share."""
        return effective_share(np.exp(-power * (losses - losses.min())))

    if kept(most) >= keep:
        return most
    low, high = 0.0, most
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) >= keep else (low, middle)
    return low


def effective_share(weights: FloatArray) -> float:
    """Return the square of the sum of weights over the sum of their squares, as a share of how many there are.

    How many independent draws they are worth (Kong, Liu and Wong 1994,
    https://doi.org/10.1080/01621459.1994.10476469).
    """
    return float(weights.sum() ** 2 / (weights**2).sum() / weights.size)


def seeds_for(key: Sequence[int], n: int) -> list[int]:
    """Return seeds of simulations, one for each of so many members, that follow from a key."""
    return [int(one % 2**31) for one in np.random.SeedSequence(key).generate_state(n)]


def drawn_again(weights: FloatArray, n: int, rng: np.random.Generator) -> Any:
    """Return `n` numbers of members in order, each as often as its weight asks.

    Systematic resampling (Kitagawa 1996, https://doi.org/10.1080/10618600.1996.10474692).
    """
    pointer = (rng.random() + np.arange(n)) / n
    return np.searchsorted(np.cumsum(weights) / weights.sum(), pointer).clip(0, len(weights) - 1)


def spread_again(members: FloatArray, *, share: float, rng: np.random.Generator) -> FloatArray:
    """Return members that differ where several of them were the same, with the same mean and covariance on average.

    Parameters
    ----------
    members : array, shape (n_members, n_free)
        Parameter vectors.
    share : float
        Of the variance that is drawn anew.
    rng : numpy.random.Generator
        Draws.
    """
    mean, n = members.mean(axis=0), len(members)
    apart = members - mean
    drawn = rng.standard_normal((n, n)) @ apart / np.sqrt(n - 1)
    return np.asarray(mean + np.sqrt(1 - share) * apart + np.sqrt(share) * drawn)
