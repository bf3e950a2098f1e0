"""What the subjects and conditions of a group show together: one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._value import Value
from .alignment import Alignment, check_alignment
from .entry import Entry, check_entries

if TYPE_CHECKING:
    from ..fit import FitResult
    from .average import Average
    from .comparison import Comparison
    from .influence import Influence

__all__ = ["GroupFindings"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupFindings(Value):
    """What a group's report tells: results of all, and what was made of them.

    Parameters
    ----------
    entries : sequence of Entry
        Results of all subjects and conditions, also of those that failed.
    alignment : Alignment | None
        How the signs of the targets agree.
    averages : mapping of str to Average
        Average targets by condition.
    comparison : Comparison | None
        Of two conditions.
    influences : sequence of Influence
        What leaving out each subject does to the comparison.
    structure : FitResult | None
        Fit of the average of all targets, whose sequence of drives everybody was fitted with.

    Raises
    ------
    ParameterError
        Something else than entries, or than an alignment.
    """

    entries: Sequence[Entry]
    alignment: Alignment | None = None
    averages: Mapping[str, Average] = field(default_factory=dict)
    comparison: Comparison | None = None
    influences: Sequence[Influence] = ()
    structure: FitResult | None = None

    def __post_init__(self) -> None:
        check_entries(self.entries)
        check_alignment(self.alignment)

    @property
    def good(self) -> list[Entry]:
        """The entries that did not fail."""
        return [entry for entry in self.entries if entry.status == "ok"]
