"""The evidence of explanations in which no cell fires, by the same annealing as of those whose cells do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._types import FloatArray
from .annealing import anneal_sequence
from .atoms import BEFORE_MS, Atoms, atoms_per_side, lasts
from .evoked_task import EvokedTask
from .linear import LOCATIONS, LinearColumn
from .posterior import WEIGHT_FACTOR, WEIGHT_uS
from .sequence import SIGMA_BOUNDS, SIGMA_FACTOR, SIGMA_MS, Candidate

__all__ = ["SilentEvidence", "silent_atoms", "silent_evidence"]

ANY_COLUMNS = 3.0
"""Factor by which the number of columns is uncertain where nothing is known of it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentEvidence:
    """The evidence of a sequence with sums of kernels.

    Attributes
    ----------
    volume, error : float
        Logarithm of the share that the response leaves of all that was plausible, in the best place, and its standard
        error from repeats.
    columns : array, shape (n_guesses,)
        Numbers of columns with which the response could have been made.
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
    sequence = tuple(zip(candidate.locations, map(float, candidate.mu_ms), strict=True))
    annealed = anneal_sequence(
        silent_atoms(column, task), task, _columns(candidate, task), sequence, key=[task.settings.seed, 5]
    )
    return SilentEvidence(
        volume=annealed.volume, error=annealed.error, columns=np.exp(annealed.together("log_columns"))
    )


def silent_atoms(column: LinearColumn, task: EvokedTask) -> Atoms:
    """Return what single drives below threshold give, as many as there are of drives that make cells fire.

    What is compared must be counted alike.

    Parameters
    ----------
    column : LinearColumn
        Kernels; below threshold they give every response.
    task : EvokedTask
        What is to be explained.
    """
    rng = np.random.default_rng([task.settings.seed, 6])
    lags = np.arange(BEFORE_MS + lasts(task) + 1)
    longer = column.sampled(lags, float(lags[-1]))
    places, z, moment = [], [], []
    for place, location in enumerate(LOCATIONS):
        inputs = column.of(location)
        for _ in range(atoms_per_side(task) if inputs else 0):
            drawn = rng.standard_normal(1 + len(inputs))
            sigma = float(np.clip(SIGMA_MS * SIGMA_FACTOR ** drawn[0], *SIGMA_BOUNDS))
            weights = WEIGHT_uS * WEIGHT_FACTOR ** drawn[1:]
            row = longer.response(location, float(BEFORE_MS), sigma) @ weights
            row[[0, -1]] = 0.0
            places.append(place)
            z.append(drawn)
            moment.append(row)
    quiet = column.sampled(np.arange(np.ceil(task.runs.tstop) + 1), task.runs.tstop).background
    return Atoms(
        places=np.array(places),
        z=tuple(z),
        moment=np.array(moment),
        spikes=np.zeros((len(places), 0)),
        quiet=quiet,
        quiet_spikes=np.zeros(0),
    )


def _columns(candidate: Candidate, task: EvokedTask) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of the number of columns."""
    if task.prior is not None:
        return float(np.log(task.prior.median)), float(np.log(task.prior.factor))
    largest = float(np.concatenate(candidate.weights).max())
    return float(np.log(max(largest / WEIGHT_uS, 1e-300))), float(np.log(ANY_COLUMNS))
