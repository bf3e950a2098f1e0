"""What the steps of a group note of their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..pipeline.facts import Facts

__all__ = ["PoolFacts", "StructureFacts", "SummaryFacts"]


@dataclass(frozen=True, kw_only=True)
class StructureFacts(Facts):
    """What was found in the average of all targets.

    Attributes
    ----------
    regime, verdict : str
        Whether pyramidal cells fire in the first explanation, and what can be said of the regimes; see
        :attr:`mne_hnn.fit.Explanations.verdict`.
    sequence : sequence of (str, float)
        Location and time (ms) of each drive.
    r_squared : float
        Of the fit of the average.
    targets : int
        How many were averaged.
    turned : sequence of str
        Recordings whose sign was turned.
    """

    regime: str
    verdict: str
    sequence: Sequence[Sequence[Any]]
    r_squared: float
    targets: int
    turned: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PoolFacts(Facts):
    """What the posteriors of all subjects show together.

    Attributes
    ----------
    subjects : sequence of str
        Recordings that were pooled; none if nothing could be.
    sentences, warnings : sequence of str
        What was found, and what is to be known of it.
    left_out : sequence of str
        Posteriors of other explanations, and why they were left out.
    refused : str | None
        Why nothing could be pooled.
    """

    subjects: Sequence[str]
    sentences: Sequence[str]
    warnings: Sequence[str]
    left_out: Sequence[str]
    refused: str | None


@dataclass(frozen=True, kw_only=True)
class SummaryFacts(Facts):
    """What the subjects show together.

    Attributes
    ----------
    entries, failed, fitted : int
        Results of subjects and conditions; those that failed, and that have a fit.
    headline : sequence of str
        What the comparison found, in sentences.
    figures : int
        Pictures in the report.
    turned, doubtful : sequence of str
        Recordings whose sign was turned, and of which it is not sure.
    notes : sequence of str
        What could not be compared, and why.
    """

    entries: int
    failed: int
    fitted: int
    headline: Sequence[str]
    figures: int
    turned: Sequence[str]
    doubtful: Sequence[str]
    notes: Sequence[str]
