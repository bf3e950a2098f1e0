"""What gives the mean response of any circuit at once: kernels of a silent column, or what was learned of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .._types import FloatArray
from ..fit.linear import LinearColumn
from ..fit.sequence import Sequenced
from ..fit.spiking_proposals import vector_of
from .circuit_model import CircuitModel, Predicted
from .examples import Pool
from .mean_response import MeanResponse
from .plausibility import columns_plausible, spikes_plausible
from .question import Question
from .scope import Frame, Scope
from .silent_model import SilentModel
from .spiking_model import FiringColumn

__all__ = ["EstimatedModel", "SilentTeacher", "SpikingTeacher", "Teacher", "make_pool"]

CANDIDATES = 8192
MOST_ROUNDS = 2000


class Teacher(Protocol):
    """Mean responses of circuits.

    Attributes
    ----------
    chance, unknown : array, shape (n_times, n_times)
        Covariance of the chance of a trial, and of what is not known of mean responses, over their mean square.
    """

    @property
    def chance(self) -> FloatArray:
        """Covariance of the chance of a trial over the mean square of the response."""

    @property
    def unknown(self) -> FloatArray:
        """Covariance of what is not known of mean responses over their mean square."""

    def spikes_plausible(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of how plausible spikes are, at most 0, shape (n,)."""

    def moments(self, z: FloatArray, times_ms: FloatArray) -> FloatArray:
        """Return mean moments of circuits, A m of one column, shape (n, n_times)."""

    def model(self, question: Question) -> CircuitModel:
        """Return the column with drives around stated times."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentTeacher:
    """A column in which no cell fires: its kernels.

    Attributes
    ----------
    frame : Frame
        What is learned.
    column : LinearColumn
        Its kernels.
    """

    frame: Frame
    column: LinearColumn

    @property
    def chance(self) -> FloatArray:
        """None: all trials are alike."""
        return np.zeros((len(self.frame.times_ms),) * 2)

    unknown = chance

    def spikes_plausible(self, z: FloatArray) -> FloatArray:
        """Return zeros: no cell fires."""
        return np.zeros(len(z))

    def moments(self, z: FloatArray, times_ms: FloatArray) -> FloatArray:
        """Return moments of circuits, A m of one column."""
        kept = self.__dict__.get("_anywhere")
        if kept is None or not np.array_equal(kept.column.times_ms, times_ms):
            sequence = tuple((side, self.frame.tstop / 2) for side in self.frame.sides)
            column = self.column.sampled(times_ms, self.frame.tstop)
            kept = SilentModel(column=column, sequence=sequence, time_sd_ms=self.frame.time_sd_ms)
            self.__dict__["_anywhere"] = kept
        return np.asarray(kept.predict(z).moments)

    def model(self, question: Question) -> CircuitModel:
        """Return the column with drives around stated times."""
        return SilentModel(
            column=self.column.sampled(question.times_ms, self.frame.tstop),
            sequence=question.explanation.sequence,
            time_sd_ms=question.task.settings.circuit.time_sd_ms,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingTeacher:
    """A column whose cells fire: what was learned of its mean response.

    Attributes
    ----------
    frame : Frame
        What is learned.
    mean : MeanResponse
        Learned from single trials.
    chance, unknown : array, shape (n_times, n_times)
        Covariance of the chance of a trial, and of what is not known of mean responses, over their mean square.
    rates, deviations : array, shape (n_types,)
        Plausible logarithms of spikes per cell, and their standard deviations.
    rates_chance, rates_unknown : array, shape (n_types,)
        Variances of logarithms of spikes per cell: chance of a trial, and what is not known of the mean.
    """

    frame: Frame
    mean: MeanResponse
    chance: FloatArray
    unknown: FloatArray
    rates: FloatArray
    deviations: FloatArray
    rates_chance: FloatArray
    rates_unknown: FloatArray

    def spikes_plausible(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of how plausible spikes are, at most 0."""
        return spikes_plausible(self.mean.log_rates(z), self.rates, self.deviations, self.rates_unknown)

    def moments(self, z: FloatArray, times_ms: FloatArray) -> FloatArray:
        """Return mean moments of circuits, A m of one column."""
        return self.mean.moments(z, times_ms)

    def model(self, question: Question) -> CircuitModel:
        """Return the column with drives around stated times."""
        sequence = question.explanation.sequence
        return EstimatedModel(
            teacher=self,
            sequence=sequence,
            vector=vector_of(question.task, sequence, start={}),
            times_ms=question.times_ms,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class EstimatedModel(FiringColumn):
    """Drives of a column whose cells fire, with what was learned of its mean response.

    Attributes
    ----------
    teacher : SpikingTeacher
        What was learned.
    sequence : tuple of (str, float)
        Location and stated time (ms) of each drive.
    times_ms : array, shape (n_times,)
        Times that are compared, ms.
    """

    teacher: SpikingTeacher
    sequence: Sequenced
    times_ms: FloatArray

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""
        return f"estimated {self.sequence} {self.vector.prior!r} {id(self.teacher.mean)}"

    def predict(self, z: FloatArray) -> Predicted:
        """Return the moments of particles, A m, and how plausible their spikes are."""
        broad = self._anywhere(z)
        return Predicted(moments=self.teacher.moments(broad, self.times_ms), given=self.teacher.spikes_plausible(broad))

    def log_rates(self, z: FloatArray) -> FloatArray:
        """Return logarithms of spikes per cell, shape (n, n_types)."""
        return self.teacher.mean.log_rates(self._anywhere(z))

    def _anywhere(self, z: FloatArray) -> FloatArray:
        """Return particles as they are where no time is stated."""
        return self.teacher.frame.stated(z, np.array([mu for _, mu in self.sequence]))


def make_pool(scope: Scope, teacher: Teacher, n: int, rng: np.random.Generator) -> Pool:
    """Draw circuits whose spikes and columns are plausible, with times anywhere in the record.

    Parameters
    ----------
    scope : Scope
        The column.
    teacher : Teacher
        Says what circuits give.
    n : int
        How many.
    rng : numpy.random.Generator
        Draws.
    """
    kept, found = [], []
    total = 0
    for _ in range(MOST_ROUNDS):
        z = scope.drawn(CANDIDATES, rng)
        z = z[np.log(rng.random(len(z))) < teacher.spikes_plausible(z)]
        if len(z):
            moments = teacher.moments(z, scope.times_ms)
            taken = np.log(rng.random(len(z))) < columns_plausible(scope, moments)
            kept.append(z[taken])
            found.append(moments[taken])
            total += int(taken.sum())
        if total >= n:
            break
    z, moments = np.vstack(kept)[:n], np.vstack(found)[:n]
    size = np.sqrt(np.mean(moments**2, axis=1, keepdims=True))
    return Pool(z=z, times_ms=scope.frame.times_of(z), moments=moments / size)
