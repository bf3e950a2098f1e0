"""Search drives that make cells fire and explain a response, for several sequences side by side.

Every sequence has an ensemble that begins at what sums of responses to single drives say
(:mod:`mne_hnn.fit.annealing`), and moves towards the response and the plausible numbers of spikes
(:mod:`mne_hnn.fit.ensemble`). Which sequences are dropped on the way and which go on on the full column is in
:mod:`mne_hnn.fit.spiking_search`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._types import FloatArray
from ..errors import SimulationError
from .atoms import Atoms
from .bench import Bench
from .circuit_vector import CircuitVector
from .ensemble import resampled, seeds_for, spread_again, updated
from .evoked_task import EvokedTask
from .levels import Level
from .result import Evaluation
from .sequence import Sequenced
from .spiking_data import Members, SpikingData
from .spiking_proposals import Guessed, SpikingProposal, alike, extended, shortened

__all__ = ["Search", "Searched", "distinct"]

MORE_STEPS = 3
"""Steps of the best sequences beyond those that count the data once, on the mesh."""
MORE_ALPHA = 1.0
WELL = 0.995
"""R² of the mean of an ensemble from which on more steps are not worth their time."""
TRIED_STEPS, GROWN_STEPS = 2, 3
"""Steps of a sequence that was made from another one, before it is judged, and once it was worth it."""
ROUNDS, BETTER = 3, 1.0
"""Times that the best sequence is changed by a drive, and by how much it must be better to be changed once more."""
FEWER, BORN, TAKEN_ON = 2, 1, 2
"""Changed sequences are tried with so many times fewer members; so many drives are tried besides the best one of each
side; and so many of these sequences go on with all members."""
KEPT, KEPT_LATER = 0.5, 0.7
"""Effective share of the members that go on from one step to the next: those that are far away would tell how
predictions vary where nobody wants to go."""
NEW = 0.25
"""Share of the variance of an ensemble that is drawn anew, as some members go on several times."""
FRESH, FRESH_LATER = 0.2, 0.05
"""And so much of what is expected is mixed in: an ensemble that has found a place must still see what is around it."""
BEST = 0.1
"""Sequences are compared by this quantile of the misfits of their members."""
GO_ON = 0.6
"""Share of the sequences that go on after each step."""
FEWEST = 8
"""Members of an ensemble, at least: fewer say nothing of how predictions vary."""
FULL_STEPS, CLOSER = 1, 0.6
"""Steps on the full column, and how far apart members are there, of how far they were: the response of their mean is
nearer to the mean of their responses then."""
BEST_MEMBERS, CANDIDATE_TRIALS = 3, 12
"""Members that may be the answer, besides means of ensembles, and trials in which they are compared."""
AGAIN, AGAIN_TRIALS = 3, 32
"""Of these, those that are simulated once more: the best of some in few trials is in part the luckiest."""


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
    size : int
        How many members it has if none fails.
    steps : int
        How many it has made.
    guessed : Guessed | None
        What the sums of responses to single drives say of the sequence, for its evidence and its intervals.
    best : array, shape (n_free,)
        The member that is best on the full column; empty for a sequence that did not get there.
    search_loss : float
        1 - R² of the best member in the trials of the search.
    start_loss : float
        The same of the best one with which the search began.
    misfit : float
        Half the squared deviations of the best member, in these trials, from the response and from plausible numbers
        of spikes.
    spikes : array, shape (n_types,)
        How far its spikes per cell are from what is expected, in standard deviations.
    """

    vector: CircuitVector
    number: int
    members: Members
    size: int
    steps: int = 0
    guessed: Guessed | None = None
    best: FloatArray = field(default_factory=lambda: np.zeros(0))
    search_loss: float = float("nan")
    start_loss: float = float("nan")
    misfit: float = float("nan")
    spikes: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def everywhere(self) -> FloatArray:
        """Standard normal numbers of all members, shape (n_members, n_free)."""
        return self.members.z

    @property
    def sequence(self) -> Sequenced:
        """Sides and times (ms) of the drives, where the ensemble is now."""
        natural = self.vector.natural(self.everywhere).mean(axis=0)
        times = [float(natural[k]) for k, path in enumerate(self.vector.paths) if path.endswith("mu_ms")]
        return tuple((place, mu) for (place, _), mu in zip(self.vector.sequence, times, strict=True))

    def waveform(self, misfit: float) -> tuple[float, float]:
        """Return the logarithm of the evidence of the response, and its error.

        Parameters
        ----------
        misfit : float
            Half the squared deviations of the best point from the response and from plausible numbers of spikes.
        """
        return self.guess.volume - misfit, self.guess.error

    @property
    def guess(self) -> Guessed:
        """What sums say of it; only of a sequence that was searched to the end."""
        assert self.guessed is not None
        return self.guessed


class Search:
    """The ensembles of all sequences, which move along the slope of what their members give.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained.
    bench : Bench
        Simulates.
    """

    drive_costs = 6.0
    """By so much a drive more must better the misfit: about what its time, side and weights cost in evidence."""
    more_steps = MORE_STEPS
    besides = 0
    """Sequences that take these steps, besides as many as are wanted in the end."""

    def __init__(self, task: EvokedTask, bench: Bench) -> None:
        self.task, self.bench = task, bench
        self.data = SpikingData.of(task)
        self.mesh = task.levels[0] if len(task.levels) > 1 else Level(mesh_shape=None)

    def seeds(self, step: int, n: int) -> list[int]:
        """Return the seeds of a step, one for each member, and the same for all sequences.

        A response is a mean, and a single trial of a column that fires is a noisy witness of it. If all members had the
        same random numbers, the ensemble would follow them; as it is, their mean over members is nearly free of them.
        """
        return seeds_for([self.task.settings.seed, step], n)

    def left_at(self, step: int, n: int) -> int:
        """Return how many of so many sequences make a step."""
        return max(int(np.ceil(GO_ON * n)), self.task.settings.finalists)

    def begin(self, number: int, proposal: SpikingProposal) -> Searched:
        """Simulate the ensemble of a sequence."""
        vector = proposal.vector
        members = self.predicted(vector, proposal.z, 0)
        return self.searched(
            vector=vector,
            number=number,
            members=members,
            size=self.task.settings.members,
            start_loss=1 - self._best_r_squared(members),
        )

    def searched(self, **parts: Any) -> Searched:
        """Return an ensemble that was simulated."""
        return Searched(**parts)

    def taken(self, begun: Searched) -> Searched:
        """Return an ensemble of this search that begins like another one, which stays as it is."""
        same = ("vector", "number", "members", "size", "start_loss")
        return self.searched(**{name: getattr(begun, name) for name in same})

    def random(self, number: int, step: int) -> np.random.Generator:
        """Return random numbers that follow from the settings, the sequence and the step."""
        return np.random.default_rng([self.task.settings.seed, number, step])

    def _best_r_squared(self, members: Members) -> float:
        return max(self.data.r_squared(moment) for moment in members.moment)

    def predicted(self, vector: CircuitVector, z: FloatArray, step: int, *, level: Level | None = None) -> Members:
        """Simulate members, on the mesh or where it is said."""
        where = self.mesh if level is None else level
        members = self.data.predict(vector, z, level=where, bench=self.bench, seed=self.seeds(step, len(z)))
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
            self.bench.evaluations.append(
                Evaluation(
                    level=f"spiking {level}",
                    values=values,
                    loss=1 - r_squared,
                    scale=values["columns"],
                    r_squared=r_squared,
                )
            )
        self.bench.tell()

    def moved(self, found: Searched, step: int, *, alpha: float, keep: float, fresh: float) -> FloatArray:
        """Return an ensemble after a step towards the data.

        The better members go on, and how predictions vary among them says where to.
        """
        data, members, n = self.asked(found), self.expected(found), found.size
        rng = self.random(found.number, step)
        predicted = members.predicted
        which = resampled(data.misfit(members), n, keep=keep, rng=rng)
        z = updated(members.z[which], predicted[which], data.wanted, data.deviations, alpha=alpha, rng=rng)
        z = spread_again(z, share=NEW, rng=rng)
        free = found.vector.sd > 0
        return np.where(free, np.sqrt(1 - fresh**2) * z + fresh * rng.standard_normal(z.shape), z)

    def expected(self, found: Searched) -> Members:
        """Return members with what they are expected to predict, without the chance of their trials."""
        return self.data.expected(found.members)

    def asked(self, found: Searched) -> SpikingData:
        """Return what an ensemble is asked to meet."""
        return self.data

    def simulated(self, found: Searched, z: FloatArray, *, level: Level | None = None) -> None:
        """Simulate where an ensemble is after a step."""
        found.members = self.predicted(found.vector, z, found.steps, level=level)

    def step(self, found: Searched, step: int) -> None:
        """Move an ensemble towards the data by one of the steps that count them once, and simulate where it is then."""
        z = self.moved(found, step, alpha=float(self.task.settings.generations), keep=KEPT, fresh=FRESH)
        found.steps = step
        self.simulated(found, z)

    def more(self, found: Searched, steps: int) -> None:
        """Move an ensemble on by so many steps, or until it is close enough."""
        for _ in range(steps):
            if self.well(found):
                break
            self.go_on(found)

    def go_on(self, found: Searched) -> None:
        """Move an ensemble on once the data were counted, and simulate where it is then."""
        found.steps += 1
        z = self.moved(found, found.steps, alpha=MORE_ALPHA, keep=KEPT_LATER, fresh=FRESH_LATER)
        self.simulated(found, z)

    def well(self, found: Searched) -> bool:
        """Return whether an ensemble is so close to the response that more steps are not worth their time."""
        return self.data.r_squared(found.members.moment.mean(axis=0)) > WELL

    def exchanged(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Change the best sequence by a drive less, more, or another one, as long as that makes it better.

        Sums of single responses propose sequences, and sums are off where cells fire: what they lead to may lack a
        drive, have one that is not needed, or one on the wrong side that others make up for.

        Returns
        -------
        changed : list of Searched
            All that were worth all members, better or not: rivals are among them.
        """
        changed: list[Searched] = []
        for _ in range(0 if self.task.settings.sequence else ROUNDS):
            if self.well(found):
                break
            tried = distinct(sorted(self.changed(found, atoms), key=self.value))[:TAKEN_ON]
            for one in tried:
                one.size = found.size
                self.more(one, GROWN_STEPS)
            changed += tried
            best = min(tried, key=self.value, default=found)
            if self.value(best) > self.value(found) - BETTER:
                break
            found = best
        return changed

    def changed(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Return a sequence without each of its drives, with another drive in its place, and with a drive more."""
        few, drives, changed = self._few(found), found.sequence, []
        for k, drive in enumerate(drives if len(drives) > 1 else ()):
            less = self._tried(few, shortened(few.vector, few.members, k, self.task))
            others = extended(less.vector, less.members, atoms, self.task, other_than=drive)
            changed += [self._tried(less, other) for other in others]
            changed += [] if self.task.settings.n_drives else [less]
        return [*changed, *self.longer(found, atoms)]

    def longer(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Return a sequence with a drive more, if that may be."""
        few = self._few(found)
        if self.task.settings.n_drives:
            return []
        return [self._tried(few, one) for one in extended(few.vector, few.members, atoms, self.task, more=BORN)]

    def _few(self, found: Searched) -> Searched:
        """Return an ensemble with fewer members, with which changes are tried."""
        fewer = max(1, min(FEWER, len(found.members) // FEWEST))
        return replace(found, members=found.members.every(fewer), size=found.size // fewer)

    def _tried(self, found: Searched, proposal: SpikingProposal) -> Searched:
        """Return a sequence that was made from another one, after some steps of its own."""
        tried = self.made_from(found, proposal)
        self.more(tried, TRIED_STEPS)
        return tried

    def made_from(self, found: Searched, proposal: SpikingProposal) -> Searched:
        """Return a sequence that was made from another one, before any step of its own."""
        return self.searched(
            vector=proposal.vector,
            number=found.number,
            members=self.predicted(proposal.vector, proposal.z, found.steps),
            size=found.size,
            steps=found.steps,
            start_loss=found.start_loss,
        )

    def value(self, found: Searched) -> float:
        """Return what sequences of any number of drives are compared by, the less the better."""
        return self.mean_misfit(found) + self.drive_costs * len(found.vector.sequence)

    def mean_misfit(self, found: Searched) -> float:
        """Return how far the mean of what an ensemble predicts is from the data: chance is gone from it."""
        return self.data.mean_misfit(found.members)

    def on_full(self, found: Searched) -> None:
        """Go on on the full column, and choose among members and means of ensembles."""
        full = Level(mesh_shape=None)
        mean = found.everywhere.mean(axis=0)
        z = mean + CLOSER * (found.everywhere - mean)
        tried = []
        for more in range(FULL_STEPS + 1):
            found.steps += 1
            if more:
                z = self.moved(found, found.steps, alpha=MORE_ALPHA, keep=KEPT_LATER, fresh=0.0)
            self.simulated(found, z, level=full)
            tried.append(found.members)
        self.choose(found, self.candidates(found, tried))

    def candidates(self, found: Searched, tried: Sequence[Members]) -> FloatArray:
        """Return means of ensembles and the best members, shape (n_candidates, n_free)."""
        last = self.expected(found)
        losses = self.asked(found).misfit(last)
        better = resampled(losses, len(last), keep=KEPT, rng=self.random(found.number, 0))
        means = [*(members.z.mean(axis=0) for members in tried), last.z[better].mean(axis=0)]
        return np.vstack([*means, last.z[np.argsort(losses, kind="stable")[:BEST_MEMBERS]]])

    def choose(self, found: Searched, z: FloatArray) -> None:
        """Compare candidates in trials of their own, and keep the best of them."""
        data = self.asked(found)
        for n_trials, left in ((CANDIDATE_TRIALS, AGAIN), (AGAIN_TRIALS, 1)):
            members = self._compared(found, z, n_trials)
            order = np.argsort(data.misfit(members), kind="stable")
            z = members.z[order[:left]]
        moment, log_rates = members.moment[order[0]], members.log_rates[order[0]]
        found.best, found.search_loss = z[0], 1 - data.r_squared(moment)
        found.misfit = self.data.data_misfit(moment, np.exp(log_rates))
        found.spikes = (log_rates - data.wanted[data.n_times :]) / data.deviations[data.n_times :]

    def _compared(self, found: Searched, z: FloatArray, n_trials: int) -> Members:
        """Simulate members on the full column with the same random numbers."""
        full, seed = Level(mesh_shape=None), self.seeds(0, n_trials)[-1]
        members = self.data.predict(found.vector, z, level=full, bench=self.bench, seed=seed, n_trials=n_trials)
        if not len(members):
            raise SimulationError("None of the networks that a spiking search chose runs: try another seed.")
        self._note(found.vector, members, full)
        return members

    def cost(self, found: Searched) -> float:
        """Return how far the better members of an ensemble are from the data."""
        return float(np.quantile(self.data.misfit(self.expected(found)), BEST))


def distinct(found: Sequence[Searched]) -> list[Searched]:
    """Return those whose sequences differ, the first ones where several are alike."""
    left: list[Searched] = []
    for one in found:
        if not any(alike(one.sequence, other.sequence) for other in left):
            left.append(one)
    return left
