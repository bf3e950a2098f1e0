"""What a column whose cells fire is compared with: the response, and how many spikes are plausible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .._smoothing import smoothed_rows
from .._types import FloatArray
from ..dipole import Dipole
from ..network import Network
from ..simulate import Simulation, SimulationSettings
from .bench import Bench
from .circuit_vector import CircuitVector
from .ensemble import expected
from .evaluate import searching
from .evoked_task import EvokedTask
from .levels import Level
from .observation import explained, pyramidal_cells

__all__ = ["Members", "SpikingData"]

EXPECTED_SAMPLES = 4.0
"""What is expected of the discrepancy counts as so many independent samples of it."""
HALF_SPIKE = 0.5
"""Added to a number of spikes before its logarithm is taken: none is not infinitely far from one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Members:
    """An ensemble, and what its members predict.

    Attributes
    ----------
    z : array, shape (n_members, n_free)
        Standard normal numbers of each.
    moment : array, shape (n_members, n_times)
        Moment of their columns, A m.
    log_rates : array, shape (n_members, n_types)
        Logarithms of spikes per cell of each type.
    """

    z: FloatArray
    moment: FloatArray
    log_rates: FloatArray

    def __len__(self) -> int:
        return len(self.z)

    def every(self, n: int) -> Members:
        """Return every n-th member."""
        return Members(z=self.z[::n], moment=self.moment[::n], log_rates=self.log_rates[::n])

    @property
    def predicted(self) -> FloatArray:
        """All that is predicted, shape (n_members, n_times + n_types)."""
        return np.hstack([self.moment, self.log_rates])


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingData:
    """The response and the plausible numbers of spikes as one vector of data.

    Attributes
    ----------
    task : EvokedTask
        What is to be explained.
    types : tuple of str
        Cell types of whose spikes something is known.
    wanted, deviations : array, shape (n_times + n_types,)
        The data and their standard deviations; those of the response are so large that its squared misfits count
        independent samples.
    """

    task: EvokedTask
    types: tuple[str, ...]
    wanted: FloatArray
    deviations: FloatArray

    @classmethod
    def of(cls, task: EvokedTask) -> SpikingData:
        """Return the data of a task."""
        prior = task.settings.circuit
        spikes = prior.spikes_in(task.runs.tstop)
        types = tuple(name for name in task.network.cell_types if name in spikes)
        n = len(task.wanted)
        size = float(np.sqrt(np.mean(task.wanted**2)))
        assert isinstance(task.settings.noise, float)
        relative = np.hypot(task.settings.noise, prior.discrepancy)
        deviation = relative * size * np.sqrt(n / task.n_independent)
        return cls(
            task=task,
            types=types,
            wanted=np.concatenate([task.wanted, [spikes[name].mean_log for name in types]]),
            deviations=np.concatenate([np.full(n, deviation), [spikes[name].sd_log for name in types]]),
        )

    @property
    def n_times(self) -> int:
        """How many of the data are the response."""
        return len(self.task.wanted)

    def expected(self, members: Members) -> Members:
        """Return members with what they are expected to predict.

        The chance of a single trial is several times what the data allow: members that are near to the data in one
        trial are lucky, or those that vary least.
        """
        return self.members(members.z, expected(members.z, members.predicted, self.deviations))

    def members(self, z: FloatArray, predicted: FloatArray) -> Members:
        """Return members that predict so much, shape (n_members, n_times + n_types)."""
        return Members(z=z, moment=predicted[:, : self.n_times], log_rates=predicted[:, self.n_times :])

    def misfit(self, members: Members) -> FloatArray:
        """Return half the squared deviations of each member from data and priors, shape (n_members,)."""
        residual = (members.predicted - self.wanted) / self.deviations
        return np.asarray(0.5 * (residual**2).sum(axis=1) + 0.5 * (members.z**2).sum(axis=1))

    def left_by(self, moment: FloatArray) -> SpikingData:
        """Return the data with the discrepancy that a moment (A m) makes likely, if it is smaller than was expected.

        What was expected of it counts as :data:`EXPECTED_SAMPLES` samples (the mean of an inverse gamma distribution).
        """
        n, independent = self.n_times, self.task.n_independent
        squared = ((moment - self.wanted[:n]) / self.deviations[:n]) ** 2
        size = (EXPECTED_SAMPLES + float(squared.sum())) / (EXPECTED_SAMPLES + independent)
        deviations = self.deviations.copy()
        deviations[:n] *= min(1.0, np.sqrt(size))
        return replace(self, deviations=deviations)

    def data_misfit(self, moment: FloatArray, per_cell: Sequence[float] | None = None) -> float:
        """Return half the squared deviations of a moment (A m), and of spikes per cell of each type, from the data."""
        n = self.n_times
        left = float(np.sum(((moment - self.wanted[:n]) / self.deviations[:n]) ** 2))
        if per_cell is not None:
            spikes = (np.log(np.maximum(per_cell, 1e-3)) - self.wanted[n:]) / self.deviations[n:]
            left += float(np.sum(spikes**2))
        return 0.5 * left

    def mean_misfit(self, members: Members) -> float:
        """Return half the squared deviations of the mean of members from the data."""
        return self.data_misfit(members.moment.mean(axis=0), np.exp(members.log_rates.mean(axis=0)))

    def excess(self, simulation: Simulation, scale: float) -> float:
        """Return by how much the misfit of the mean of some trials exceeds that of the mean of many, on average.

        Cells that fire make each trial different, and what is left of this in a mean is no fault of the explanation.

        Parameters
        ----------
        simulation : Simulation
            The trials.
        scale : float
            Number of columns.
        """
        trials = simulation.dipoles
        if len(trials) < 2:
            return 0.0
        smooth_ms = self.task.settings.smooth_ms
        each = np.array([self.at_target((one.smooth(smooth_ms) if smooth_ms else one).scale(scale)) for one in trials])
        variance = each.var(axis=0, ddof=1) / len(trials)
        return 0.5 * float(np.sum(variance / self.deviations[: self.n_times] ** 2))

    def at_target(self, dipole: Dipole) -> FloatArray:
        """Return a dipole, smoothed and scaled, at the times of the target, A m."""
        return np.interp(self.times, dipole.times, dipole["agg"])

    @property
    def times(self) -> FloatArray:
        """Times of the target within the simulation, s."""
        target = self.task.target
        return np.asarray(target.times[target.times >= -0.5 / target.info["sfreq"]])

    def r_squared(self, moment: FloatArray) -> float:
        """Return the share of the response's variance that a moment explains."""
        return explained(moment, self.task.wanted)

    def predict(
        self,
        vector: CircuitVector,
        z: FloatArray,
        *,
        level: Level,
        bench: Bench,
        seed: int | Sequence[int],
        n_trials: int = 1,
        precision: str | None = None,
    ) -> Members:
        """Simulate members; those that fail are left out.

        Parameters
        ----------
        vector : CircuitVector
            What the numbers mean.
        z : array, shape (n_members, n_free)
            The members.
        level : Level
            The mesh.
        bench : Bench
            Simulates.
        seed : int | sequence of int
            One for all members, so that they differ by their drives only, or one each, so that what chance adds is
            gone from their mean.
        n_trials : int
            Trials of each.
        precision : str | None
            As in :class:`~mne_hnn.fit.FitSettings`; None takes that of the settings.
        """
        task = self.task
        precision = task.settings.precision if precision is None else precision
        seeds = [seed] * len(z) if isinstance(seed, int) else list(seed)
        by_seed = {
            one: searching(task.runs.with_trials(n_trials, one), task.network, precision)
            for one in dict.fromkeys(seeds)
        }
        runs = [by_seed[one] for one in seeds]
        networks = vector.networks(z, level.mesh_shape)
        records = self._records(networks, runs, bench)
        kept = [k for k, record in enumerate(records) if record is not None]
        columns = vector.natural(z)[:, -1]
        found = [records[k] for k in kept]
        return Members(
            z=z[kept],
            moment=np.array([columns[k] * record["moment"] for k, record in zip(kept, found, strict=True) if record]),
            log_rates=np.array([record["log_rates"] for record in found if record is not None]),
        )

    def _records(
        self, networks: Sequence[Network], runs: Sequence[SimulationSettings], bench: Bench
    ) -> list[dict[str, FloatArray] | None]:
        task = self.task
        factor = pyramidal_cells(task.network) / pyramidal_cells(networks[0]) if networks else 1.0
        identity = f"spiking x {factor!r} {self.types} {task.objective.identity}"
        extract = partial(
            _extract,
            times=self.times,
            smooth_ms=task.settings.smooth_ms,
            types=self.types,
            factor=factor,
        )
        return bench.evaluator.records(networks, runs, identity, extract)


def _extract(
    simulation: Simulation, *, times: FloatArray, smooth_ms: float, types: Sequence[str], factor: float
) -> dict[str, Any]:
    """Return the smoothed moment at some times (s), and spikes: the arrays alone, as there are thousands of members."""
    first = simulation.dipoles[0]
    moment = factor * np.mean([dipole["agg"] for dipole in simulation.dipoles], axis=0)
    if smooth_ms:
        moment = smoothed_rows(moment[np.newaxis], first.info["sfreq"], smooth_ms, "normalised")[0]
    counts = simulation.spikes.counts()
    per_cell = [
        (counts.get(name, 0) / simulation.n_trials + HALF_SPIKE) / len(simulation.network.populations[name])
        for name in types
    ]
    return {"moment": np.interp(times, first.times, moment), "log_rates": np.log(per_cell)}
