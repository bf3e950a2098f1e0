"""A search whose ensembles go where an emulator of all their networks says that the response is explained.

Ensembles that follow the slope of what their members give come slowly to where drives interact, and those of more
drives are dropped on the way. A Gaussian process of all networks of a sequence (:class:`Emulator`) knows more of them,
and leads ensembles there. Its members stay far apart, each at a place of its own: their mean is near to the response
before any of them is. Once they are there, they follow the slope, which brings them near to each other, and only then
are sequences compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._types import FloatArray
from .atoms import Atoms
from .emulator import Emulator
from .levels import Level
from .likely_members import emulate, likely_members, most_likely, predicted
from .spiking import FEWEST, Search, Searched
from .spiking_data import Members, SpikingData
from .spiking_proposals import shortened

__all__ = ["EmulatedSearch"]

LEAST_KNOWN = 40
"""Networks that were simulated, and in two ensembles, before an emulator of them says where to go on; until then, the
slope through the members does."""
LED = 3
"""Up to this step, emulators say where to go."""
NARROW = 0.3
"""Mean of the standard deviations of members, in those of what was expected, from which on they are near enough."""
SIMULATED = 2
"""Of so many members one is simulated afterwards: emulators know by then what members predict."""
WIDE = 0.7
"""Standard deviation of members, in those of what was expected, that look around once a drive was taken away."""
BEGIN = 8
"""Members at which the search of the most likely point begins."""


@dataclass(kw_only=True, eq=False)
class Emulated(Searched):
    """What a search found for one sequence, and all that was simulated for it.

    Attributes
    ----------
    past : list of Members
        All members of this sequence that were simulated.
    emulator : Emulator | None
        Of all of them.
    points : list of array, shape (n_free,)
        What emulators said is most likely, once they had led the ensemble, and in the end.
    z : array, shape (n_members, n_free) | None
        All members, those that were simulated and those of which only the emulator tells; None before there is one.
    """

    past: list[Members] = field(default_factory=list)
    emulator: Emulator | None = None
    points: list[FloatArray] = field(default_factory=list)
    z: FloatArray | None = None

    @property
    def everywhere(self) -> FloatArray:
        """Standard normal numbers of all members, shape (n_members, n_free)."""
        return self.members.z if self.z is None else self.z


class EmulatedSearch(Search):
    """The ensembles of all sequences, which go where emulators say."""

    drive_costs = 8.0  # the mean of four planted truths, whose evidence with a drive more was known
    more_steps = 4
    besides = 1

    def left_at(self, step: int, n: int) -> int:
        """Return how many of so many sequences make a step: all, as only ensembles that are narrow can be compared."""
        return n

    def searched(self, **parts: Any) -> Searched:
        """Return an ensemble that was simulated."""
        return Emulated(**parts, past=[parts["members"]])

    def step(self, found: Searched, step: int) -> None:
        """Move an ensemble towards the data, and simulate where it is then."""
        assert isinstance(found, Emulated)
        if found.emulator is None:
            super().step(found, step)
        elif step > LED:
            self.go_on(found)
            return
        else:
            found.steps = step
            self.simulated(found, self._led(found))
        self._learn(found, [found.members])
        if step == LED:
            self._point(found)

    def go_on(self, found: Searched) -> None:
        """Move an ensemble on along the slope of what its members give."""
        assert isinstance(found, Emulated)
        super().go_on(found)
        self._learn(found, [found.members])

    def expected(self, found: Searched) -> Members:
        """Return all members with what is expected of them: all networks tell that were simulated, not these alone."""
        assert isinstance(found, Emulated)
        if found.emulator is None:
            return super().expected(found)
        z = found.everywhere
        return self.data.members(z, predicted(found.vector, found.emulator, z))

    def asked(self, found: Searched) -> SpikingData:
        """Return what an ensemble is asked to meet: once the data were counted, as closely as it comes."""
        assert isinstance(found, Emulated)
        if found.emulator is None or found.steps <= self.task.settings.generations:
            return self.data
        return self.data.left_by(self.expected(found).moment.mean(axis=0))

    def simulated(self, found: Searched, z: FloatArray, *, level: Level | None = None) -> None:
        """Simulate some of the members: they teach the emulator, which tells of the others."""
        assert isinstance(found, Emulated)
        led = found.emulator is None or found.steps <= LED
        every = 1 if led else max(1, min(SIMULATED, len(z) // FEWEST))
        found.z, found.members = z, self.predicted(found.vector, z[::every], found.steps, level=level)

    def well(self, found: Searched) -> bool:
        """Return whether an ensemble may stay where it is: near to the response, with members near to each other."""
        free = found.vector.sd > 0
        return super().well(found) and float(found.members.z[:, free].std(axis=0).mean()) < NARROW

    def exchanged(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Change the best sequence by a drive more, and then by one less, as long as that makes it better."""
        longer = super().exchanged(found, atoms)
        return [*longer, *self.shorter(min([found, *longer], key=self.value))]

    def mean_misfit(self, found: Searched) -> float:
        """Return how far the mean of what an ensemble is expected to predict is from the data."""
        assert isinstance(found, Emulated)
        return self.data.mean_misfit(found.members if found.emulator is None else self.expected(found))

    def changed(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Return a sequence with a drive more: members near to each other must begin anew to be without one."""
        return self.longer(found, atoms)

    def shorter(self, found: Searched) -> list[Searched]:
        """Return sequences with one drive less, that which is needed least, and once more where that is better."""
        settings = self.task.settings
        changed: list[Searched] = []
        while len(found.sequence) > 1 and not (settings.sequence or settings.n_drives):
            without = [self._without(found, k) for k in range(len(found.sequence))]
            less = min(without, key=self.mean_misfit)
            self._anew(less)
            changed.append(less)
            if self.value(less) > self.value(found):
                break
            found = less
        return changed

    def _without(self, found: Searched, k: int) -> Emulated:
        """Return some members without one of their drives, as they are."""
        few = self._few(found)
        less = self.made_from(few, shortened(few.vector, few.members, k, self.task))
        assert isinstance(less, Emulated)
        less.size = found.size
        return less

    def _anew(self, found: Emulated) -> None:
        """Let members that are near to each other look around, be led, and come near to each other again."""
        found.steps += 1
        shape = (max(found.size // SIMULATED, FEWEST), found.vector.n_free)
        apart = self.random(found.number, found.steps).standard_normal(shape)
        z = found.members.z.mean(axis=0) + np.where(found.vector.sd > 0, WIDE * apart, 0.0)
        found.members = self.predicted(found.vector, z, found.steps)
        self._learn(found, [found.members])
        if found.emulator is not None:
            found.steps += 1
            self.simulated(found, self._led(found))
            self._learn(found, [found.members])
        self.more(found, self.more_steps)

    def candidates(self, found: Searched, tried: Sequence[Members]) -> FloatArray:
        """Return means of ensembles, the best members, and what emulators say is most likely."""
        assert isinstance(found, Emulated)
        self._learn(found, tried)
        self._point(found)
        return np.vstack([super().candidates(found, tried), *found.points])

    def _learn(self, found: Emulated, simulated: Sequence[Members]) -> None:
        """Take what was simulated into the emulator."""
        found.past += simulated
        if len(found.past) > 1 and sum(len(members) for members in found.past) >= LEAST_KNOWN:
            scales = None if found.emulator is None else found.emulator.scales
            found.emulator = emulate(self.data, found.vector, found.past, scales)

    def _point(self, found: Emulated) -> None:
        """Keep what the emulator says is most likely."""
        if found.emulator is not None:
            begin = np.vstack([found.everywhere.mean(axis=0), self._nearest(found, BEGIN)])
            found.points.append(most_likely(self.asked(found), found.vector, found.emulator, begin))

    def _led(self, found: Emulated) -> FloatArray:
        """Return members where the emulator says that the data are explained, shape (n_members, n_free)."""
        assert found.emulator is not None
        begin = self._nearest(found, found.size)
        expected = self.random(found.number, found.steps).standard_normal(begin.shape)
        return likely_members(self.data, found.vector, found.emulator, begin, expected)

    def _nearest(self, found: Emulated, n: int) -> FloatArray:
        """Return those of all members whose trial was nearest to the data."""
        losses = np.concatenate([self.data.misfit(members) for members in found.past])
        return np.vstack([members.z for members in found.past])[np.argsort(losses, kind="stable")[:n]]
