"""Refine proposed drives on the full column, below the threshold of its cells.

Every proposal that counts is simulated, and the deviation of the column from the sum of its kernels corrects the target
of the next one (space mapping: Bandler et al. 1994, https://doi.org/10.1109/22.339794).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._types import FloatArray
from ..errors import SimulationError
from ..simulate import Simulation
from .bench import Bench
from .drive_network import network_of, values_of
from .evaluate import searching
from .evoked_proposal import Proposal
from .evoked_task import EvokedTask
from .observation import explained
from .posterior import DriveVector, Posterior
from .result import Evaluation
from .scoring import likeness, pyramidal_spikes

__all__ = ["Corrected", "correct"]

STRESS = 1.6
"""Weights must allow for this factor before a pyramidal cell fires: other random numbers must not make a difference."""
LOWER = 0.6
"""Factor by which all weights are lowered when cells fire."""
ROUNDS = 20


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Corrected:
    """Drives that explain a waveform on the full column.

    Attributes
    ----------
    task : EvokedTask
        What is explained.
    posterior : Posterior
        Misfit and priors; weights may be expected lower than in the proposal.
    x : array, shape (n,)
        Times, spreads, weights and number of columns.
    agreement : float
        Correlation of the full column's waveform with the sum of its kernels.
    correction : array, shape (n_times,)
        What the full column gives more than the sum of its kernels, A m.
    """

    task: EvokedTask
    posterior: Posterior
    x: FloatArray
    agreement: float
    correction: FloatArray

    @property
    def sequence(self) -> DriveVector:
        """Where the drives come from."""
        return self.posterior.sequence


def correct(proposal: Proposal, bench: Bench) -> Corrected:
    """Simulate the column, correct the sum of kernels by what it gives instead, and fit again."""
    bench.report.say("simulating the column")
    task = proposal.task
    posterior, x = proposal.posterior.started(proposal.candidate)
    x = posterior.best(x)
    best: tuple[float, Corrected] | None = None
    corrections = 0
    for _ in range(ROUNDS):
        moment = _moment_below_threshold(task, posterior.sequence, x, bench)
        if moment is None:
            posterior, x = posterior.lowered_by(LOWER, x)
            x = posterior.best(x)
            best, corrections = None, 0  # costs before are those of other expectations
            continue
        linear = posterior.moment(x)
        correction = moment - linear
        cost = float(np.sum(posterior.residual(x, correction) ** 2))
        _note(task, posterior.sequence, x, moment, bench=bench)
        if best is None or cost < best[0]:
            agreement = likeness(moment, linear)
            best = cost, Corrected(task=task, posterior=posterior, x=x, agreement=agreement, correction=correction)
        corrections += 1
        if corrections >= task.settings.refine or cost > best[0]:
            break
        x = posterior.best(x, correction)
    if best is None:
        raise SimulationError(
            "The cells of this column fire, or fail, even with weak drives: an evoked fit below threshold cannot "
            "explain the target. Remove its other drives and biases, or use drives='network'."
        )
    return best[1]


def _moment_below_threshold(task: EvokedTask, sequence: DriveVector, x: FloatArray, bench: Bench) -> FloatArray | None:
    """Return the moment of the full column, None if its cells fire or would with somewhat more weight."""
    stressed = x.copy()
    stressed[2 * sequence.n : -1] += np.log(STRESS)

    def extract(simulation: Simulation) -> dict[str, Any]:
        moment, _ = task.objective.pairs(simulation)
        return {"moment": moment, "fired": pyramidal_spikes(simulation)}

    identity = "evoked" + task.objective.identity
    # what the moment is, is part of the result; whether cells would fire with more weight is only tried
    tried = searching(task.runs, task.network, task.settings.precision)
    (limit,) = bench.evaluator.records([network_of(task.network, sequence, stressed)], tried, identity, extract)
    if limit is None or limit["fired"]:
        return None
    (found,) = bench.evaluator.records([network_of(task.network, sequence, x)], task.runs, identity, extract)
    if found is None or found["fired"]:
        return None
    return found["moment"]


def _note(task: EvokedTask, sequence: DriveVector, x: FloatArray, moment: FloatArray, *, bench: Bench) -> None:
    """Keep a simulation of the full column among what was tried."""
    scale = float(np.exp(x[-1]))
    r_squared = explained(scale * moment, task.wanted)
    values = values_of(task.network, sequence, x)
    bench.add(Evaluation(level="full", values=values, loss=1 - r_squared, scale=scale, r_squared=r_squared))
