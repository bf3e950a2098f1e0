"""States one after the other, to go back to and forth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .state import ExploreState

if TYPE_CHECKING:
    from .place import Place

__all__ = ["Entry", "History"]

LONGEST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A state, and where on the cortex its target comes from.

    Attributes
    ----------
    state : ExploreState
        The state.
    place : Place | None
        Where; None if that is not known.
    merge : str | None
        What is being changed, such as a slider: the next change of the same replaces this one.
    """

    state: ExploreState
    place: Place | None = None
    merge: str | None = None


class History:
    """States one after the other, one of them the present one.

    Parameters
    ----------
    first : Entry
        The first one.
    """

    def __init__(self, first: Entry) -> None:
        self._entries = [first]
        self._present = 0

    @property
    def present(self) -> Entry:
        """The present state."""
        return self._entries[self._present]

    @property
    def can_undo(self) -> bool:
        """Whether there is one before."""
        return self._present > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is one after."""
        return self._present < len(self._entries) - 1

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Make a state the present one; what was undone is gone."""
        same = entry.merge is not None and self.present.merge == entry.merge and not self.can_redo and self.can_undo
        kept = self._entries[: self._present + (0 if same else 1)]
        self._entries = [*kept, entry][-LONGEST:]
        self._present = len(self._entries) - 1

    def step(self, by: int) -> bool:
        """Go back (-1) or forth (1); return whether there was one."""
        if not 0 <= self._present + by < len(self._entries):
            return False
        self._present += by
        return True
