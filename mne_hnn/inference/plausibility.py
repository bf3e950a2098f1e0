"""How plausible spikes and columns of circuits are before any response is seen, whatever its size."""

from __future__ import annotations

import numpy as np

from .._types import FloatArray
from .bank import Bank, Plausible
from .mean_response import MeanResponse, learn_mean_response
from .scope import Scope

__all__ = ["columns_plausible", "learned_plausibility", "log_plausible", "spikes_plausible"]

ROUGH_EPOCHS, ROUGH_FOLDS = 40, 2
"""What is learned between rounds only says where the next networks are."""


def log_plausible(scope: Scope, moments: FloatArray, log_rates: FloatArray) -> FloatArray:
    """Return the logarithm of how plausible circuits are, at most 0.

    A response of any size is as good as another one, so that what counts of columns is how many a nA m needs.

    Parameters
    ----------
    scope : Scope
        The column.
    moments : array, shape (n, n_times)
        Mean moment of one column, A m.
    log_rates : array, shape (n, n_types)
        Logarithms of spikes per cell.
    """
    return spikes_plausible(log_rates, *scope.expected_rates) + columns_plausible(scope, moments)


def columns_plausible(scope: Scope, moments: FloatArray) -> FloatArray:
    """Return the logarithm of how plausible it is that a nA m needs so many columns, at most 0, shape (n,)."""
    known = scope.columns_per_nAm
    if known is None:
        return np.zeros(len(moments))
    needed = -np.log(np.maximum(np.abs(moments).max(axis=1) * 1e9, 1e-12))
    return np.asarray(-0.5 * ((needed - known[0]) / known[1]) ** 2)


def spikes_plausible(
    log_rates: FloatArray, wanted: FloatArray, deviations: FloatArray, unknown: FloatArray | float = 0.0
) -> FloatArray:
    """Return the logarithm of how plausible spikes are, at most 0, shape (n,).

    Parameters
    ----------
    log_rates : array, shape (n, n_types)
        Logarithms of spikes per cell.
    wanted, deviations : array, shape (n_types,)
        What is expected of them, with standard deviations.
    unknown : array, shape (n_types,) | float
        Variance of what is not known of them.
    """
    return np.asarray(-0.5 * ((log_rates - wanted) ** 2 / (deviations**2 + unknown)).sum(axis=1))


def learned_plausibility(scope: Scope, bank: Bank, *, seed: int) -> Plausible:
    """Return a function that says how plausible circuits are, from single trials of others."""
    model: MeanResponse = learn_mean_response(scope, bank, seed=seed, epochs=ROUGH_EPOCHS, folds=ROUGH_FOLDS)

    def plausible(z: FloatArray) -> FloatArray:
        """Return the logarithm of how plausible circuits are."""
        return log_plausible(scope, model.moments(z, scope.times_ms), model.log_rates(z))

    return plausible
