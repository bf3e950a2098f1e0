"""What stage fit notes of each explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .record import Facts, each_of

__all__ = ["DriveFacts", "ExplanationFacts", "SpikesFacts"]


@dataclass(frozen=True, kw_only=True)
class DriveFacts(Facts):
    """An evoked drive.

    Attributes
    ----------
    location : str
        ``'proximal'`` or ``'distal'``.
    mu_ms, sigma_ms : float
        Mean and spread of its time, ms.
    mu_ms_90 : sequence of float | None
        Interval that holds 90 % of the probability of the mean, ms.
    """

    location: str
    mu_ms: float
    mu_ms_90: Sequence[float | None] | None
    sigma_ms: float


@dataclass(frozen=True, kw_only=True)
class SpikesFacts(Facts):
    """Spikes of one cell type in the fresh trials.

    Attributes
    ----------
    per_cell : float
        Spikes per cell and trial.
    share_firing : float
        Share of the cells that fire at least once in a trial.
    median_ms : float | None
        When half of the spikes have been fired; None without spikes.
    """

    per_cell: float
    share_firing: float
    median_ms: float | None


@dataclass(frozen=True, kw_only=True)
class ExplanationFacts(Facts):
    """One way in which a column could have made the response.

    Attributes
    ----------
    regime : str
        ``'spiking'`` or ``'silent'``.
    refusals : sequence of str
        Why it cannot be what happened; empty if nothing speaks against it.
    drives : mapping of str to DriveFacts
        Its evoked drives.
    r_squared : float | None
        In trials that the search has not seen.
    evidence, evidence_error : float | None
        Logarithm of the evidence and its standard error; None where none was computed.
    evidence_parts : mapping of str to float
        What it is the sum of.
    columns : float
        Columns that act together.
    cells, fraction, area_mm2, least_area_mm2, patch_mm2 : float | None
        Pyramidal cells, the share of those of the tissue that they are, the cortex that holds as many (on average, and
        where most take part), and the area of the patch, mm²; None where they cannot be counted.
    density_nAm_per_mm2, columns_per_nAm : float | None
        Largest moment per area; columns per nA m of the largest moment.
    spikes : mapping of str to SpikesFacts
        By cell type.
    distances : mapping of str to float
        From what is expected, in standard deviations; see :class:`mne_hnn.fit.Explanation`.
    """

    regime: str
    refusals: Sequence[str]
    drives: Mapping[str, DriveFacts] = each_of(DriveFacts)
    r_squared: float | None
    evidence: float | None
    evidence_error: float | None
    evidence_parts: Mapping[str, float]
    columns: float
    cells: float | None
    fraction: float | None
    area_mm2: float | None
    least_area_mm2: float | None
    patch_mm2: float | None
    density_nAm_per_mm2: float | None
    columns_per_nAm: float | None
    spikes: Mapping[str, SpikesFacts] = each_of(SpikesFacts)
    distances: Mapping[str, float]
