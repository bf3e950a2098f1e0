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
from .likely_members import emulate, likely_members, most_likely, predicted
from .spiking import Search, Searched
from .spiking_data import Members

__all__ = ["EmulatedSearch"]

LEAST_KNOWN = 40
"""Networks that were simulated, and in two ensembles, before an emulator of them says where to go on; until then, the
slope through the members does."""
LED = 3
"""Up to this step, emulators say where to go."""
NARROW = 0.3
"""Mean of the standard deviations of members, in those of what was expected, from which on they are near enough."""
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
    """

    past: list[Members] = field(default_factory=list)
    emulator: Emulator | None = None
    points: list[FloatArray] = field(default_factory=list)


class EmulatedSearch(Search):
    """The ensembles of all sequences, which go where emulators say."""

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
            found.members = self.predicted(found.vector, self._led(found), step)
        self._learn(found, [found.members])
        if step == LED:
            self._point(found)

    def go_on(self, found: Searched) -> None:
        """Move an ensemble on along the slope of what its members give."""
        assert isinstance(found, Emulated)
        super().go_on(found)
        self._learn(found, [found.members])

    def expected(self, found: Searched) -> FloatArray:
        """Return what members are expected to predict, as all networks tell that were simulated, not these alone."""
        assert isinstance(found, Emulated)
        if found.emulator is None:
            return super().expected(found)
        return predicted(found.vector, found.emulator, found.members.z)

    def well(self, found: Searched) -> bool:
        """Return whether an ensemble may stay where it is: near to the response, with members near to each other."""
        free = found.vector.sd > 0
        return super().well(found) and float(found.members.z[:, free].std(axis=0).mean()) < NARROW

    def changed(self, found: Searched, atoms: Atoms) -> list[Searched]:
        """Return a sequence with a drive more: members that are near to each other have no way to one without."""
        return self.longer(found, atoms)

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
            begin = np.vstack([found.members.z.mean(axis=0), self._nearest(found, BEGIN)])
            found.points.append(most_likely(self.data, found.vector, found.emulator, begin))

    def _led(self, found: Emulated) -> FloatArray:
        """Return members where the emulator says that the data are explained, shape (n_members, n_free)."""
        assert found.emulator is not None
        expected = self.random(found.number, found.steps).standard_normal((found.size, found.vector.n_free))
        return likely_members(self.data, found.vector, found.emulator, self._nearest(found, found.size), expected)

    def _nearest(self, found: Emulated, n: int) -> FloatArray:
        """Return those of all members whose trial was nearest to the data."""
        losses = np.concatenate([self.data.misfit(members) for members in found.past])
        return np.vstack([members.z for members in found.past])[np.argsort(losses, kind="stable")[:n]]
