"""What an amortised estimator is for: the column, what is expected of it, the sides of its drives, and the window."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._types import FloatArray
from .._value import FrozenMap
from ..errors import ParameterError
from ..fit.circuit_vector import LARGEST_NUMBER, CircuitVector
from ..fit.evoked_task import EvokedTask
from ..fit.levels import Level
from ..fit.linear import inputs_of
from ..fit.sequence import EDGE_MS, GAP_MS, drive_names
from ..fit.spiking_data import SpikingData
from .circuit_model import possible_times
from .question import Question

__all__ = ["Frame", "Scope", "identity_of"]

AROUND = 0.75
"""Half the record over the largest number that times can be drawn as: all of it is reached."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What is to be known of a scope once an estimator is trained.

    Attributes
    ----------
    identity : mapping of str to str
        Texts that differ whenever an estimator could, by what a reader calls it.
    regime : str
        ``'silent'`` or ``'spiking'``.
    sides : tuple of str
        Side of each drive, in order.
    paths : tuple of str
        What the numbers of a circuit are called in the network.
    tstop : float
        Length of the record, ms.
    stated_sd_ms : float
        How uncertain the stated time of a drive is, ms.
    times_ms : array, shape (n_times,)
        Times that are compared, ms.
    n_independent : float
        How many independent samples of noise they hold.
    """

    identity: Mapping[str, str]
    regime: str
    sides: tuple[str, ...]
    paths: tuple[str, ...]
    tstop: float
    stated_sd_ms: float
    times_ms: FloatArray
    n_independent: float

    def other(self, identity: Mapping[str, str]) -> str | None:
        """Return in words what of a question is another one than this, None if nothing is."""
        for name, own in self.identity.items():
            if identity[name] != own:
                return name if name in ("column", "prior") else f"{name} ({own}, not {identity[name]})"
        return None

    @property
    def is_time(self) -> Any:
        """Which numbers are times of drives, shape (n_free,)."""
        return np.array([path.endswith("mu_ms") for path in self.paths])

    @property
    def time_sd_ms(self) -> float:
        """What a time is divided by, ms, once half the record is subtracted, where no time is stated."""
        return broad_sd_ms(self.tstop)

    def times_of(self, z: FloatArray) -> FloatArray:
        """Return times of drives, ms, of circuits as they are drawn, shape (n, n_drives)."""
        return np.asarray(self.tstop / 2 + self.time_sd_ms * z[:, self.is_time])

    def stated(self, z: FloatArray, stated_ms: FloatArray) -> FloatArray:
        """Return circuits as they are drawn from those whose times are around stated ones."""
        found = z.copy()
        found[:, self.is_time] = (stated_ms + self.stated_sd_ms * z[:, self.is_time] - self.tstop / 2) / self.time_sd_ms
        return found


def identity_of(task: EvokedTask, regime: str, sides: Sequence[str]) -> FrozenMap[str]:
    """Return texts that differ whenever an estimator could, by what a reader calls it.

    Parameters
    ----------
    task : EvokedTask
        Column, window, smoothing and prior; its target counts by how long it is, so that this is known before a fit.
    regime : str
        ``'silent'`` or ``'spiking'``.
    sides : sequence of str
        Side of each drive, in order.
    """
    return FrozenMap(
        {
            "column": task.network.digest,
            "regime": regime,
            "sequence of sides": ", ".join(sides),
            "prior": json.dumps(task.settings.circuit.to_plain(), sort_keys=True),
            "window": f"{task.runs.tstop:g} ms in steps of {task.runs.dt:g} ms",
            "smoothing": f"{task.settings.smooth_ms:g} ms",
            "mesh": str(_level_of(task, regime)),
        }
    )


def _level_of(task: EvokedTask, regime: str) -> Level:
    """Return the mesh on which networks of a regime are simulated."""
    return task.levels[0] if len(task.levels) > 1 and regime == "spiking" else Level(mesh_shape=None)


def broad_sd_ms(tstop: float) -> float:
    """Return the standard deviation (ms) with which all times of a record can be drawn."""
    return tstop / 2 / (AROUND * LARGEST_NUMBER)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scope:
    """What an estimator is trained for.

    Times of drives may be anywhere in the record as long as they are in order; what is stated of them only when a
    response is explained is part of its context.

    Attributes
    ----------
    task : EvokedTask
        Column, window, smoothing and prior.
    data : SpikingData
        Times that are compared, and plausible numbers of spikes.
    regime : str
        ``'silent'`` or ``'spiking'``.
    sides : tuple of str
        Side of each drive, in order.
    times_ms : array, shape (n_times,)
        Times that are compared, ms.
    n_independent : float
        How many independent samples of noise they hold.
    """

    task: EvokedTask
    data: SpikingData
    regime: str
    sides: tuple[str, ...]
    times_ms: FloatArray
    n_independent: float
    broad: CircuitVector = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tstop = self.task.runs.tstop
        if tstop - 2 * EDGE_MS < (len(self.sides) - 1) * GAP_MS:
            raise ParameterError(
                f"{len(self.sides)} drives that can be told apart do not fit into {tstop:g} ms: leave some out."
            )
        prior = replace(self.task.settings.circuit, time_sd_ms=broad_sd_ms(tstop))
        sequence = tuple((side, tstop / 2) for side in self.sides)
        broad = CircuitVector(network=self.task.network, sequence=sequence, prior=prior, peak_nAm=1.0, tstop=tstop)
        object.__setattr__(self, "broad", broad)

    @classmethod
    def of(cls, question: Question) -> Scope:
        """Return the scope of a question: what its explanation is of, but for the times of its drives."""
        explanation = question.explanation
        return cls(
            task=question.task,
            data=question.data,
            regime=explanation.regime,
            sides=tuple(place for place, _ in explanation.sequence),
            times_ms=question.times_ms,
            n_independent=question.n_independent,
        )

    @property
    def identity(self) -> FrozenMap[str]:
        """Texts that differ whenever an estimator could, by what a reader calls it."""
        return identity_of(self.task, self.regime, self.sides)

    @property
    def tstop(self) -> float:
        """Length of the record, ms."""
        return self.task.runs.tstop

    @property
    def level(self) -> Level:
        """The mesh on which networks are simulated."""
        return _level_of(self.task, self.regime)

    @property
    def firing(self) -> bool:
        """Whether cells fire."""
        return self.regime == "spiking"

    @property
    def paths(self) -> tuple[str, ...]:
        """What the numbers of a circuit are called in the network."""
        if self.firing:
            return self.broad.paths[:-1]
        found = []
        for name, side in zip(drive_names(self.sides), self.sides, strict=True):
            inputs = [one for one in inputs_of(self.task.network) if one.location == side]
            weights = [f"drives.{name}.weights_{one.receptor}.{one.cell_type}" for one in inputs]
            found += [f"drives.{name}.mu_ms", f"drives.{name}.sigma_ms", *weights]
        return tuple(found)

    @property
    def frame(self) -> Frame:
        """What an estimator keeps of it."""
        return Frame(
            identity=self.identity,
            regime=self.regime,
            sides=self.sides,
            paths=self.paths,
            tstop=self.tstop,
            stated_sd_ms=self.task.settings.circuit.time_sd_ms,
            times_ms=self.times_ms,
            n_independent=self.n_independent,
        )

    @property
    def expected_rates(self) -> tuple[FloatArray, FloatArray]:
        """Plausible logarithms of spikes per cell, and their standard deviations, shape (n_types,) each."""
        n = self.data.n_times
        return self.data.wanted[n:], self.data.deviations[n:]

    @property
    def columns_per_nAm(self) -> tuple[float, float] | None:
        """Mean and deviation of the logarithm of how many columns a nA m needs; None if nothing is known of them."""
        if self.firing:
            return float(self.broad.mean[-1]), float(self.broad.sd[-1])
        prior = self.task.prior
        if prior is None:
            return None
        peak_nAm = float(np.abs(self.task.wanted).max()) * 1e9
        return float(np.log(prior.median / peak_nAm)), float(np.log(prior.factor))

    def drawn_times(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw times of drives, ms: anywhere in the record, in order, shape (n, n_drives)."""
        kept = np.zeros((0, len(self.sides)))
        while len(kept) < n:
            times = np.sort(rng.uniform(EDGE_MS, self.tstop - EDGE_MS, (4 * n, len(self.sides))), axis=1)
            kept = np.vstack([kept, times[possible_times(times, self.tstop)]])
        return kept[:n]

    def drawn(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw circuits from the prior with times anywhere in the record, shape (n, n_free)."""
        z = rng.standard_normal((n, len(self.paths)))
        is_time = np.array([path.endswith("mu_ms") for path in self.paths])
        z[:, is_time] = (self.drawn_times(n, rng) - self.tstop / 2) / broad_sd_ms(self.tstop)
        return z
