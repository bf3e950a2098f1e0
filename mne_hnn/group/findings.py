"""What the subjects and conditions of a group show together: one value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._value import Value
from .alignment import Alignment, check_alignment
from .entry import Entry, check_entries
from .truth import same_drives, same_windows, true_differences

if TYPE_CHECKING:
    from ..fit import Explanations
    from ..inference import GroupPosterior
    from .average import Average
    from .comparison import Comparison, Difference
    from .demo_truth import SubjectTruth
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
    structure : Explanations | None
        Of the average of all targets; everybody was fitted with regime and drives of the first.
    pooled : GroupPosterior | None
        Posteriors of the subjects, pooled.
    truths : mapping of str to SubjectTruth
        What truly happened in a subject, of data that were generated.

    Raises
    ------
    ParameterError
        Something else than entries, or than an alignment.

    Examples
    --------
    >>> findings = GroupFindings(entries=entries, alignment=align_polarity(entries))
    >>> len(findings.good)
    10
    """

    entries: Sequence[Entry]
    alignment: Alignment | None = None
    averages: Mapping[str, Average] = field(default_factory=dict)
    comparison: Comparison | None = None
    influences: Sequence[Influence] = ()
    structure: Explanations | None = None
    pooled: GroupPosterior | None = None
    truths: Mapping[str, SubjectTruth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_entries(self.entries)
        check_alignment(self.alignment)

    @property
    def good(self) -> list[Entry]:
        """The entries that did not fail."""
        return [entry for entry in self.entries if entry.status == "ok"]

    @property
    def true(self) -> dict[str, Difference]:
        """True differences between the conditions that were compared, as far as they are known.

        Numbers of spikes are left out where they were counted in another window than those of the fits.
        """
        if self.comparison is None or not self.truths:
            return {}
        fitted = [entry for entry in self.good if entry.fit is not None and entry.subject in self.truths]
        found = true_differences(self.truths, self.comparison)
        same = same_windows(self.truths, fitted)
        known = {name: one for name, one in found.items() if one.group != "spikes" or same}
        if same_drives(self.truths, fitted):
            return known
        return {name: one for name, one in known.items() if one.group == "spikes"}
