"""What an amortised estimator learns from: circuits of the prior, and responses as the likelihood has them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from .scope import Frame, Scope
from .waveform_likelihood import WaveformLikelihood, correlation, discrepancy_grid

__all__ = ["Examples", "Pool", "context_of", "contexts", "drawn_evenly"]

NOISES = (0.01, 0.4)
"""Noise of responses, relative to their root mean square: an even share of each factor."""
NAVES = (20.0, 500.0)
ITERATIONS = 4
RIDGE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Circuits that the prior finds plausible, and their mean responses.

    Attributes
    ----------
    z : array, shape (n, n_free)
        Standard normal numbers, but for times.
    times_ms : array, shape (n, n_drives)
        Times of their drives, ms.
    moments : array, shape (n, n_times)
        Mean moment, of root mean square 1.
    """

    z: FloatArray
    times_ms: FloatArray
    moments: FloatArray

    def __len__(self) -> int:
        return len(self.z)


def fields_of_noise(covariance: FloatArray) -> FloatArray:
    """Return a matrix whose product with independent numbers has this covariance."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def drawn_evenly(bounds: tuple[float, float], n: int, rng: np.random.Generator) -> FloatArray:
    """Draw numbers whose logarithms are uniform."""
    low, high = np.log(bounds)
    return np.exp(rng.uniform(low, high, n))


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Draws circuits and responses together: noise, chance, discrepancy and what is stated are new in each draw.

    Attributes
    ----------
    scope : Scope
        What the estimator is for.
    pool : Pool
        Circuits.
    chance, unknown : array, shape (n_times, n_times)
        Covariance of the chance of a trial, and of what is not known of mean responses, over their mean square.
    """

    scope: Scope
    pool: Pool
    chance: FloatArray
    unknown: FloatArray
    _chance: FloatArray = field(init=False, repr=False)
    _unknown: FloatArray = field(init=False, repr=False)
    _smooth: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        smooth = correlation(self.scope.times_ms, self.scope.n_independent)
        object.__setattr__(self, "_smooth", fields_of_noise(smooth))
        object.__setattr__(self, "_chance", fields_of_noise(self.chance))
        object.__setattr__(self, "_unknown", fields_of_noise(self.unknown))

    def draw(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw circuits, as standard normal numbers around what is stated of them, and contexts.

        Times are as far from those that are stated as the prior has it: stated ones that are drawn around true ones
        give true ones that are drawn around stated ones, as all are as probable before.
        """
        which = rng.integers(0, len(self.pool), n)
        sd = self.scope.task.settings.circuit.time_sd_ms
        times = self.pool.times_ms[which]
        stated = times + sd * rng.standard_normal(times.shape)
        z = self.pool.z[which].copy()
        z[:, self.scope.frame.is_time] = (times - stated) / sd
        nave, noise = drawn_evenly(NAVES, n, rng), drawn_evenly(NOISES, n, rng)
        response = self.respond(self.pool.moments[which], noise, nave, rng)
        return z, contexts(self.scope.frame, response, noise, nave, stated)

    def respond(self, moments: FloatArray, noise: FloatArray, nave: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return responses of circuits: with chance, noise and discrepancy, shape as the moments."""
        n, n_times = moments.shape
        independent = self.scope.n_independent
        made = moments + rng.standard_normal((n, n_times)) @ self._unknown.T
        made += rng.standard_normal((n, n_times)) @ self._chance.T / np.sqrt(nave)[:, np.newaxis]
        white = np.sqrt(max(n_times / independent, 1.0))
        own = white * rng.standard_normal((n, n_times)) + rng.standard_normal((n, 1))
        sizes, logs = discrepancy_grid(1.0, self.scope.task.settings.circuit.discrepancy)
        size = rng.choice(sizes, n, p=np.exp(logs))[:, np.newaxis] * (
            rng.standard_normal((n, n_times)) @ self._smooth.T
        )
        left = size + noise[:, np.newaxis] * own
        response = made + left
        for _ in range(ITERATIONS):  # both are relative to the response that they are part of
            response = made + np.sqrt(np.mean(response**2, axis=1, keepdims=True)) * left
        return np.asarray(response)


def contexts(
    frame: Frame, response: FloatArray, noise: FloatArray, nave: FloatArray, stated_ms: FloatArray
) -> FloatArray:
    """Return what an estimator is told: the response without its size, noise, trials, stated times."""
    size = np.sqrt(np.mean(response**2, axis=1, keepdims=True))
    logs = np.column_stack([np.log(noise / 0.1), np.log(nave / 100.0) / 2])
    return np.hstack([response / np.maximum(size, 1e-300), logs, stated_ms / frame.tstop])


def context_of(frame: Frame, course: WaveformLikelihood, nave: float, stated_ms: FloatArray) -> FloatArray:
    """Return what an estimator is told of the response of a likelihood, shape (1, n_context).

    Parameters
    ----------
    frame : Frame
        What the estimator is for.
    course : WaveformLikelihood
        The response, and its noise.
    nave : float
        Trials that were averaged.
    stated_ms : array, shape (n_drives,)
        Stated times of drives, ms.
    """
    wanted = np.interp(frame.times_ms, course.times_ms, course.sign * course.wanted)
    size = float(np.sqrt(np.mean(course.wanted**2)))
    white = max(len(course.times_ms) / frame.n_independent, 1.0)
    noise = np.sqrt(np.mean(np.diag(course.noise)) / (white + 1.0)) / max(size, 1e-300)
    told = np.clip([noise], *NOISES), np.clip([float(nave)], *NAVES)
    return contexts(frame, wanted[np.newaxis], *told, np.atleast_2d(stated_ms))
