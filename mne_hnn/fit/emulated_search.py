"""A search whose ensembles go where an emulator of all their networks says that the response is explained.

Ensembles that follow the slope of what their members give come slowly to where drives interact, and those of more
drives are dropped on the way. A Gaussian process of all networks of a sequence (:class:`Emulator`) knows more of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._types import FloatArray
from .emulator import Emulator
from .levels import Level
from .likely_members import emulate, likely_members, most_likely
from .spiking import CLOSER, Search, Searched
from .spiking_data import Members

__all__ = ["EmulatedSearch"]

KNOWN, LEAST_KNOWN = 2, 40
"""Ensembles, and networks in all of them, that were simulated before an emulator of them says where to go on; until
then, the slope through the members does."""
BEGIN = 8
"""Members at which the search of the most likely point begins."""
POINT_TRIALS = 16
"""Trials of that point on the mesh, which say whether more steps are worth their time."""
MORE_STEPS, FULL_STEPS = 5, 2
"""Steps of the best sequences beyond the first ones, on the mesh and on the full column."""


@dataclass(kw_only=True, eq=False)
class Emulated(Searched):
    """What a search found for one sequence, and all that was simulated for it.

    Attributes
    ----------
    past : list of Members
        All members of this sequence that were simulated.
    emulator : Emulator | None
        Of all of them.
    point : array, shape (n_free,)
        What explains the data best if the emulator is right.
    r_squared : float
        R² of what it gives in trials of its own.
    """

    past: list[Members] = field(default_factory=list)
    emulator: Emulator | None = None
    point: FloatArray = field(default_factory=lambda: np.zeros(0))
    r_squared: float = float("nan")


class EmulatedSearch(Search):
    """The ensembles of all sequences, which go where emulators say."""

    more_steps = MORE_STEPS

    def left_at(self, step: int, n: int) -> int:
        """Return how many of so many sequences make a step: all, until emulators say where to go."""
        return n if step <= KNOWN else super().left_at(step, n)

    def searched(self, **parts: Any) -> Searched:
        """Return an ensemble that was simulated."""
        return Emulated(**parts, past=[parts["members"]])

    def step(self, found: Searched, step: int) -> None:
        """Move an ensemble towards the data, and simulate where it is then."""
        assert isinstance(found, Emulated)
        if found.emulator is None:
            super().step(found, step)
        else:
            found.steps = step
            found.members = self.predicted(found.vector, self.moved_on(found), step)
        self.learn(found)

    def go_on(self, found: Searched) -> None:
        """Move an ensemble on as in every step."""
        self.step(found, found.steps + 1)

    def learn(self, found: Emulated) -> None:
        """Take what was simulated last into the emulator."""
        found.past.append(found.members)
        if len(found.past) >= KNOWN and sum(len(members) for members in found.past) >= LEAST_KNOWN:
            scales = None if found.emulator is None else found.emulator.scales
            found.emulator = emulate(self.data, found.vector, found.past, scales)

    def moved_on(self, found: Emulated) -> FloatArray:
        """Return members where the emulator says that the data are explained, shape (n_members, n_free)."""
        assert found.emulator is not None
        expected = self.random(found.number, found.steps).standard_normal((found.size, found.vector.n_free))
        return likely_members(self.data, found.vector, found.emulator, self._nearest(found, found.size), expected)

    def point_of(self, found: Emulated) -> FloatArray:
        """Return what explains the data best as far as it is known, shape (n_free,)."""
        mean = found.members.z.mean(axis=0)
        if found.emulator is None:
            return np.asarray(mean)
        begin = np.vstack([mean, self._nearest(found, BEGIN)])
        return most_likely(self.data, found.vector, found.emulator, begin)

    def _nearest(self, found: Emulated, n: int) -> FloatArray:
        """Return those of all members whose trial was nearest to the data."""
        losses = np.concatenate([self.data.misfit(members) for members in found.past])
        return np.vstack([members.z for members in found.past])[np.argsort(losses, kind="stable")[:n]]

    def well(self, found: Searched) -> bool:
        """Return whether the most likely point is so close to the response that more steps are not worth their time.

        The mean of what members give, each at a place of its own, is closer than what any one place gives.
        """
        assert isinstance(found, Emulated)
        return found.r_squared > self.close_enough

    def more(self, found: Searched, steps: int) -> None:
        """Move an ensemble on by so many steps, or until it is close enough, and see what its best point gives."""
        assert isinstance(found, Emulated)
        super().more(found, steps)
        found.point = self.point_of(found)
        given = self.data.predict(
            found.vector,
            found.point[np.newaxis],
            level=self.mesh,
            bench=self.bench,
            seed=self.seeds(0, POINT_TRIALS)[-1],
            n_trials=POINT_TRIALS,
        )
        found.r_squared = self.data.r_squared(given.moment[0]) if len(given) else float("nan")

    def on_full(self, found: Searched) -> None:
        """Go on on the full column, and choose among the most likely points, the mean and the best members."""
        assert isinstance(found, Emulated)
        z = found.point + CLOSER * (found.members.z - found.members.z.mean(axis=0))
        points = [found.point]
        for more in range(FULL_STEPS):
            if more:
                z = found.point + CLOSER * (z - z.mean(axis=0)) if found.emulator is None else self.moved_on(found)
            found.steps += 1
            found.members = self.predicted(found.vector, z, found.steps, level=Level(mesh_shape=None))
            self.learn(found)
            points.append(self.point_of(found))
        last = found.members
        self.choose(found, np.vstack([*points, last.z.mean(axis=0), self.best_members(last)]))
