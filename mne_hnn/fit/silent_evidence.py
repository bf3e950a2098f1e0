"""The evidence of explanations in which no cell fires, by the same ensembles as of those whose cells do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._types import FloatArray
from .ensemble import log_volumes, updated
from .evoked_task import EvokedTask
from .linear import LinearColumn
from .posterior import WEIGHT_FACTOR, DriveVector, WEIGHT_uS
from .sequence import EDGE_MS, SIGMA_BOUNDS, SIGMA_FACTOR, SIGMA_MS, Candidate
from .spiking_data import SpikingData

__all__ = ["SilentEvidence", "silent_evidence"]

LARGEST_NUMBER = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentEvidence:
    """The evidence of a sequence with sums of kernels.

    Attributes
    ----------
    volume, error : float
        Logarithm of what the response leaves of all that the sequence could give, and of how far its numbers had to
        move from what is expected; its standard error.
    columns : array, shape (n_members,)
        Numbers of columns of the members.
    """

    volume: float
    error: float
    columns: FloatArray

    def waveform(self, misfit: float) -> float:
        """Return the logarithm of the evidence of the response, with half the squared deviations of the best point."""
        return self.volume - misfit


def silent_evidence(candidate: Candidate, column: LinearColumn, task: EvokedTask) -> SilentEvidence:
    """Return the evidence of a sequence of drives with sums of kernels.

    Parameters
    ----------
    candidate : Candidate
        The sequence.
    column : LinearColumn
        Kernels.
    task : EvokedTask
        What is to be explained.

    Returns
    -------
    evidence : SilentEvidence
        Without the misfit, which the full column tells.
    """
    data = SpikingData.of(task)
    wanted, deviations = data.task.wanted, data.deviations[: data.n_times]
    sequence = DriveVector(locations=candidate.locations, sizes=tuple(len(some) for some in candidate.weights))
    mean, sd = _expected(candidate, task)
    rng = np.random.default_rng([task.settings.seed, *(round(mu) for mu in candidate.mu_ms)])
    # as many members and steps as where cells fire: what is compared must be counted alike
    members, steps = task.settings.members, task.settings.generations
    z = rng.standard_normal((members, len(mean)))
    total, square = 0.0, 0.0
    for _ in range(steps):
        predicted = _predicted(z, mean, sd, sequence=sequence, column=column)
        value, error = log_volumes(predicted, deviations, part=1 / steps)
        total, square = total + value, square + error**2
        z = updated(z, predicted, wanted, deviations, alpha=float(steps), rng=rng)
    moved = 0.5 * float(np.sum(z.mean(axis=0) ** 2))
    return SilentEvidence(
        volume=total - moved, error=float(np.sqrt(square)), columns=np.exp(_vectors(z, mean, sd)[:, -1])
    )


def _expected(candidate: Candidate, task: EvokedTask) -> tuple[FloatArray, FloatArray]:
    n, weights = len(candidate.mu_ms), sum(len(some) for some in candidate.weights)
    columns = task.prior
    median = float(np.concatenate(candidate.weights).max()) / WEIGHT_uS if columns is None else columns.median
    mean = [*candidate.mu_ms, *[np.log(SIGMA_MS)] * n, *[np.log(WEIGHT_uS)] * weights, np.log(max(median, 1e-300))]
    sd = [task.settings.circuit.time_sd_ms] * n + [np.log(SIGMA_FACTOR)] * n + [np.log(WEIGHT_FACTOR)] * weights
    return np.array(mean), np.array([*sd, np.log(3.0 if columns is None else columns.factor)])


def _vectors(z: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    return np.asarray(mean + sd * np.clip(z, -LARGEST_NUMBER, LARGEST_NUMBER))


def _predicted(
    z: FloatArray, mean: FloatArray, sd: FloatArray, *, sequence: DriveVector, column: LinearColumn
) -> FloatArray:
    return np.array([_moment(x, sequence, column) for x in _vectors(z, mean, sd)])


def _moment(x: FloatArray, sequence: DriveVector, column: LinearColumn) -> FloatArray:
    mu, sigma, weights, scale = sequence.parts(x)
    mu = np.clip(mu, EDGE_MS, column.tstop - EDGE_MS)
    found: FloatArray = column.background.copy()
    for place, time, spread, some in zip(sequence.locations, mu, np.clip(sigma, *SIGMA_BOUNDS), weights, strict=True):
        found = found + column.basis(place, float(time), float(spread)) @ some
    return scale * found
