"""What the stage of posteriors notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .record import Facts, left_out, list_of, part

__all__ = ["DrawnFacts", "EstimatorFacts", "PosteriorFacts"]


@dataclass(frozen=True, kw_only=True)
class DrawnFacts(Facts):
    """The posterior of one explanation.

    Attributes
    ----------
    explanation : int
        Which one, counted from 1.
    file : str
        Its file in the folder of posteriors.
    regime : str
        ``'spiking'`` or ``'silent'``.
    sentences : sequence of str
        What was found, in words.
    learned : sequence of str
        Numbers of which the response says at least one bit.
    numbers : int
        How many there are.
    polarity : float
        Probability that the current flows as the target says.
    networks : int | None
        That were simulated; None where no cell fires.
    checks : sequence of mapping
        Name, value, what is expected, whether it passed; see :class:`mne_hnn.inference.Checked`.
    controls : sequence of mapping
        Name, difference of evidences, its error, whether it was rejected; see :class:`mne_hnn.inference.Control`.
    held_out : mapping | None
        Channels, errors of posterior, point fit, moment of the patch and no source, standard error of the difference;
        logarithms of densities by posterior, point fit without and with a discrepancy, and no source, their difference
        and its standard error (not in sidecars of before); and the sentence; see
        :class:`mne_hnn.inference.HeldOut`. None where no sensors were left out.
    warnings : sequence of str
        What to know of it.
    estimator : int | None
        Which of several estimators drew it, counted from 1; None where the analysis has one or none.
    """

    explanation: int
    file: str
    regime: str
    sentences: Sequence[str]
    learned: Sequence[str]
    numbers: int
    polarity: float
    networks: int | None
    checks: Sequence[Mapping[str, Any]]
    controls: Sequence[Mapping[str, Any]]
    held_out: Mapping[str, Any] | None
    warnings: Sequence[str]
    estimator: int | None = left_out(None)


@dataclass(frozen=True, kw_only=True)
class EstimatorFacts(Facts):
    """The amortised estimator that drew; the sidecar has the hash of its file.

    Attributes
    ----------
    file : str
        Name of its file.
    regime : str
        ``'spiking'`` or ``'silent'``.
    sides : sequence of str
        Side of each drive, in order.
    tstop : float
        Length of the record, ms.
    trials : int
        That were simulated to train it.
    settings : mapping
        How it was trained; see :class:`mne_hnn.inference.TrainingSettings`.
    truths : int
        Circuits that it never saw, by which its own draws were judged.
    half, most : float | None
        Share of their numbers that lay inside intervals of 50 and of 90 % of its own draws; None if none were judged.
    planted : int
        Truths by which posteriors of such estimators were judged (``mne_hnn.inference.trust``).
    sentences : sequence of str
        What it says of itself: what it is for, what it cost, how its own draws were found to hold.
    """

    file: str
    regime: str
    sides: Sequence[str]
    tstop: float
    trials: int
    settings: Mapping[str, Any]
    truths: int
    half: float | None
    most: float | None
    planted: int
    sentences: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PosteriorFacts(Facts):
    """What stage posterior drew.

    Attributes
    ----------
    source : str
        ``'sensors'`` or ``'waveform'``.
    searched : str | None
        Label whose discs were compared; None if no place was searched.
    radii_mm : sequence of float
        Their radii, mm.
    populations, particles : int
        Populations of each posterior, and particles of each of them.
    drawn : sequence of DrawnFacts
        The posteriors, in the order of the explanations.
    evidence : sequence of mapping
        The most probable first: explanation, evidence with its error, difference, strength and probability; see
        :func:`mne_hnn.inference.compare_posteriors`.
    estimator : EstimatorFacts | None
        What drew them; None if networks were simulated for this response, or kernels of the silent column, or if there
        are several estimators.
    estimators : sequence of EstimatorFacts
        Several, in the order in which they were given; none if there is one or none.
    """

    source: str
    searched: str | None
    radii_mm: Sequence[float]
    populations: int
    particles: int
    drawn: Sequence[DrawnFacts] = list_of(DrawnFacts)
    evidence: Sequence[Mapping[str, Any]]
    estimator: EstimatorFacts | None = part(EstimatorFacts, default=None)
    estimators: Sequence[EstimatorFacts] = left_out((), EstimatorFacts)

    def drew(self) -> list[tuple[EstimatorFacts, list[int]]]:
        """Return each estimator, and the explanations whose posteriors it drew; of several one may have drawn none."""
        if self.estimator is not None:
            return [(self.estimator, [one.explanation for one in self.drawn])]
        return [
            (estimator, [one.explanation for one in self.drawn if one.estimator == number])
            for number, estimator in enumerate(self.estimators, start=1)
        ]
