"""Search drives that make cells fire and explain a response, for several sequences side by side.

Every sequence has an ensemble drawn from the prior that moves towards the response and the plausible numbers of spikes
(:mod:`mne_hnn.fit.ensemble`). Sequences that fall behind are dropped on the way; the best go on on the full column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..errors import SimulationError
from .bench import Bench
from .circuit_vector import CircuitVector
from .ensemble import log_increment, log_volumes, updated
from .evoked_task import EvokedTask
from .levels import Level
from .observation import pyramidal_cells
from .result import Evaluation
from .sequence import Sequenced
from .spiking_data import Members, SpikingData

__all__ = ["Searched", "search_spiking", "vector_of"]

MORE_STEPS = 5
"""Steps of the best sequences beyond those that count the data once, on the mesh, at most."""
FULL_STEPS = 1
"""And on the full column, after those."""
MORE_ALPHA = 2.0
MORE_TRIALS = 2
"""Trials there: a response is a mean, and a single trial of a column that fires is a noisy witness of its mean."""
BETTER = 0.97
"""Factor on the misfit that a step must reach: the search ends with one that does not."""
WELL = 0.98
"""R² of the best member from which on more steps are not worth their time."""
KEPT = 0.5
"""Share of the sequences that go on after half of the steps."""
FEWEST = 8
"""Members of an ensemble, at least: fewer say nothing of how predictions vary."""
CANDIDATES = 6
"""Members that are simulated exactly at the end, besides the mean."""
EXACT_TRIALS = 5


@dataclass(kw_only=True, eq=False)
class Searched:
    """What a search found for one sequence.

    Attributes
    ----------
    vector : CircuitVector
        What the numbers of members mean.
    number : int
        Of the sequence, in the order in which it was proposed.
    members : Members
        Where the ensemble is now.
    posterior : Members | None
        Where it was when the data had been counted once, on the mesh of the search.
    volumes : list of (float, float)
        Logarithms of what each step left of all that could have been predicted, and their errors.
    plausible : float
        Logarithm of the probability of plausible numbers of spikes before the response is seen.
    best : array, shape (n_free,)
        The member that is best on the full column; empty for a sequence that did not get there.
    search_loss : float
        1 - R² of the best member in the trials of the search.
    """

    vector: CircuitVector
    number: int
    members: Members
    posterior: Members | None = None
    volumes: list[tuple[float, float]] = field(default_factory=list)
    plausible: float = 0.0
    best: FloatArray = field(default_factory=lambda: np.zeros(0))
    search_loss: float = float("nan")

    @property
    def on_full(self) -> bool:
        """Whether it was searched on the full column."""
        return len(self.best) > 0

    @property
    def counted_once(self) -> Members:
        """The members when the data had been counted once."""
        return self.members if self.posterior is None else self.posterior

    def waveform(self, misfit: float) -> tuple[float, float]:
        """Return the logarithm of the evidence of the response, and its error.

        Parameters
        ----------
        misfit : float
            Half the squared deviations of the best point from the response and from plausible numbers of spikes.
        """
        # numbers that the data do not inform scatter around what is expected: their mean tells what had to move
        moved = 0.5 * float(np.sum(self.counted_once.z.mean(axis=0) ** 2))
        value = sum(volume for volume, _ in self.volumes) - misfit - moved - self.plausible
        return value, float(np.sqrt(sum(error**2 for _, error in self.volumes)))


class _Search:
    """The ensembles of all sequences.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained.
    bench : Bench
        Simulates.
    """

    def __init__(self, task: EvokedTask, bench: Bench) -> None:
        self.task, self.bench = task, bench
        self.data = SpikingData.of(task)
        self.mesh = task.levels[0] if len(task.levels) > 1 else Level(mesh_shape=None)

    def seed(self, step: int) -> int:
        """Return the seed of a step, the same for all sequences."""
        state = np.random.SeedSequence([self.task.settings.seed, step]).generate_state(1)
        return int(state[0] % 2**31)

    def begin(self, number: int, sequence: Sequenced) -> Searched:
        """Draw the ensemble of a sequence and simulate it."""
        task = self.task
        vector = vector_of(task, sequence)
        rng = self._random(number, 0)
        found = Searched(
            vector=vector, number=number, members=self._predict(vector, vector.drawn(task.settings.members, rng), 0)
        )
        rates = slice(self.data.n_times, None)
        found.plausible = log_increment(
            found.members.log_rates, self.data.wanted[rates], self.data.deviations[rates], part=1.0
        )
        return found

    def _random(self, number: int, step: int) -> np.random.Generator:
        return np.random.default_rng([self.task.settings.seed, number, step])

    def _best_r_squared(self, members: Members) -> float:
        return max(self.data.r_squared(moment) for moment in members.moment)

    def _predict(self, vector: CircuitVector, z: FloatArray, step: int, level: Level | None = None) -> Members:
        where = self.mesh if level is None else level
        trials = 1 if level is None else MORE_TRIALS
        members = self.data.predict(vector, z, level=where, bench=self.bench, seed=self.seed(step), n_trials=trials)
        if len(members) < FEWEST:
            raise SimulationError(
                f"Only {len(members)} of the {len(z)} networks of a spiking search ran: simulate the network with "
                "drives of your own to see why."
            )
        self._note(vector, members, where)
        return members

    def _note(self, vector: CircuitVector, members: Members, level: Level) -> None:
        for member, moment in zip(members.z, members.moment, strict=True):
            r_squared = self.data.r_squared(moment)
            values = vector.values(member)
            scale = values["columns"]
            self.bench.evaluations.append(
                Evaluation(
                    level=f"spiking {level}", values=values, loss=1 - r_squared, scale=scale, r_squared=r_squared
                )
            )
        self.bench.tell()

    def step(self, found: Searched, step: int) -> None:
        """Move an ensemble towards the data, and simulate where it is then."""
        alpha = float(self.task.settings.generations)
        members, data = found.members, self.data
        found.volumes.append(log_volumes(members.predicted, data.deviations, part=1 / alpha))
        self._move(found, alpha, step)

    def _move(self, found: Searched, alpha: float, step: int, level: Level | None = None) -> None:
        members, data = found.members, self.data
        z = updated(
            members.z,
            members.predicted,
            data.wanted,
            data.deviations,
            alpha=alpha,
            rng=self._random(found.number, step),
        )
        found.members = self._predict(found.vector, z, step, level)

    def on_full(self, found: Searched) -> None:
        """Go on on the full column, and choose the best members by exact simulations."""
        full = Level(mesh_shape=None)
        step, data = self.task.settings.generations, self.data
        for _ in range(MORE_STEPS):
            if self._best_r_squared(found.members) > WELL:
                break
            step, before = step + 1, self.cost(found)
            self._move(found, MORE_ALPHA, step, self.mesh)
            if self.cost(found) > BETTER * before:
                break
        step += 1
        found.members = self._predict(found.vector, found.members.z, step, full)
        tried = [found.members]
        for _ in range(FULL_STEPS):
            step += 1
            self._move(found, MORE_ALPHA, step, full)
            tried.append(found.members)
        z = np.vstack([members.z for members in tried])
        costs = np.concatenate([data.misfit(members) for members in tried])
        chosen = np.vstack([z[np.argsort(costs, kind="stable")[:CANDIDATES]], found.members.z.mean(axis=0)])
        exact = data.predict(
            found.vector,
            chosen,
            level=full,
            bench=self.bench,
            seed=self.task.settings.seed,
            n_trials=EXACT_TRIALS,
            precision="exact",
        )
        self._note(found.vector, exact, full)
        best = int(np.argmin(data.misfit(exact)))
        found.best, found.search_loss = exact.z[best], 1 - data.r_squared(exact.moment[best])

    def cost(self, found: Searched) -> float:
        """Return how far an ensemble is from the data."""
        return float(np.median(self.data.misfit(found.members)))


def vector_of(task: EvokedTask, sequence: Sequenced) -> CircuitVector:
    """Return what is free in a sequence."""
    settings = task.settings
    return CircuitVector(
        network=task.network,
        sequence=sequence,
        prior=settings.circuit,
        peak_nAm=float(np.abs(task.wanted).max()) * 1e9,
        tstop=task.runs.tstop,
        start={} if settings.start is None else settings.start,
        columns=settings.columns,
    )


def search_spiking(task: EvokedTask, sequences: Sequence[Sequenced], bench: Bench) -> list[Searched]:
    """Search drives that make cells fire for several sequences.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained.
    sequences : sequence of tuple of (str, float)
        Location and about when (ms) of each drive.
    bench : Bench
        Simulates, and remembers what was tried.

    Returns
    -------
    found : list of Searched
        Sequences that were not dropped, those on the full column first.

    Raises
    ------
    SimulationError
        Hardly any network runs.
    """
    if not pyramidal_cells(task.network):
        return []
    search, generations = _Search(task, bench), task.settings.generations
    bench.report.say(f"cells that fire: {len(sequences)} sequences of drives, {task.settings.members} networks each")
    running = [search.begin(number, sequence) for number, sequence in enumerate(sequences)]
    for step in range(1, generations + 1):
        bench.report.say(f"cells that fire: step {step} of {generations}, {len(running)} sequences")
        for found in running:
            search.step(found, step)
        if step == (generations + 1) // 2:
            running = sorted(running, key=search.cost)[
                : max(int(np.ceil(KEPT * len(running))), task.settings.finalists)
            ]
    for found in running:
        found.posterior = found.members
    running.sort(key=search.cost)
    for found in running[: task.settings.finalists]:
        bench.report.say(f"cells that fire: {_words(found.vector.sequence)}")
        search.on_full(found)
    return running


def _words(sequence: Sequenced) -> str:
    return ", ".join(f"{place} {mu:.0f} ms" for place, mu in sequence)
