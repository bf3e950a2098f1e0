"""What a column is, for a posterior: numbers with a prior, and the moment that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._types import FloatArray
from ..fit.sequence import EDGE_MS, GAP_MS

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

__all__ = ["CircuitModel", "Predicted", "possible_times"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Predicted:
    """What a model says of particles.

    Attributes
    ----------
    moments : array, shape (n, n_times)
        Moment of one column, A m.
    given : array, shape (n,)
        Logarithm of how plausible the spikes are, up to a constant; 0 where nothing is known of them.
    """

    moments: FloatArray
    given: FloatArray


class CircuitModel(Protocol):
    """A column whose drives are unknown.

    Attributes
    ----------
    paths : tuple of str
        What the numbers are called in the network.
    asks_spikes : bool
        Whether something is known of its spikes.
    identity : str
        Text that differs whenever predictions could.
    """

    @property
    def paths(self) -> tuple[str, ...]:
        """What the numbers are called in the network."""

    @property
    def asks_spikes(self) -> bool:
        """Whether something is known of its spikes."""

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""

    def begin(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw particles from the prior, standard normal numbers, shape (n, n_free)."""

    def log_prior(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of the prior, up to a constant, -inf where it is zero, shape (n,)."""

    def natural(self, z: FloatArray) -> FloatArray:
        """Return times and spreads in ms, weights in uS, shape as that of the particles."""

    def predict(self, z: FloatArray) -> Predicted:
        """Return what particles give."""


def possible_times(times_ms: FloatArray, tstop: float) -> BoolArray:
    """Return which sequences are in order, with drives that can be told apart, inside the record.

    Parameters
    ----------
    times_ms : array, shape (n, n_drives)
        Times of the drives, in the order of the sequence.
    tstop : float
        Length of the record, ms.
    """
    inside = ((times_ms >= EDGE_MS) & (times_ms <= tstop - EDGE_MS)).all(axis=1)
    return np.asarray(inside & (np.diff(times_ms, axis=1) >= GAP_MS).all(axis=1))


class Expected(Protocol):
    """What has a prior."""

    def log_prior(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of the prior, as :class:`CircuitModel` does."""


def drawn_possible(model: Expected, n: int, n_free: int, rng: np.random.Generator) -> FloatArray:
    """Draw standard normal numbers until all are possible."""
    z = rng.standard_normal((n, n_free))
    for _ in range(1000):
        wrong = ~np.isfinite(model.log_prior(z))
        if not wrong.any():
            return z
        z[wrong] = rng.standard_normal((int(wrong.sum()), n_free))
    z[wrong] = z[~wrong][rng.integers(0, max(int((~wrong).sum()), 1), int(wrong.sum()))]
    return z
