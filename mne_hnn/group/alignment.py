"""Whether the targets of all subjects point the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..compare import align
from ..dipole import Dipole
from .entry import Entry

__all__ = ["Alignment", "align_polarity"]

DOUBTFUL = 0.3
"""Correlation with the others below which a subject's sign is called doubtful."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The sign of each subject with which the targets agree best.

    Attributes
    ----------
    signs : mapping of str to int
        1, or -1 for a subject whose target is turned to agree with the others.
    correlations : mapping of str to float
        Of each subject's target, after that, with the mean of the others; NaN for a subject alone.
    turned : tuple of str
        Subjects with sign -1: the rule that decided their sign contradicts the group.
    doubtful : tuple of str
        Subjects whose correlation is too small to say anything of their sign.
    """

    signs: Mapping[str, int] = field(default_factory=dict)
    correlations: Mapping[str, float] = field(default_factory=dict)
    turned: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def common_courses(dipoles: Sequence[Dipole]) -> tuple[FloatArray, FloatArray]:
    """Bring targets to the window that all cover and the samples of the one with the fewest.

    Returns
    -------
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_dipoles, n_times)
        A m.
    """
    start, stop = max(one.times[0] for one in dipoles), min(one.times[-1] for one in dipoles)
    coarsest = min(dipoles, key=lambda one: one.info["sfreq"])
    brought = [align(coarsest, one, tmin=start, tmax=stop) for one in dipoles]
    return brought[0][0], np.array([moment for _, _, moment in brought])


def subject_courses(entries: Sequence[Entry]) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Return subjects in order of their names, times, and the mean over conditions and sessions of each.

    Returns
    -------
    subjects : tuple of str
        Those with a target.
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_subjects, n_times)
        A m.
    """
    ordered = _ordered(entries)
    if not ordered:
        return (), np.empty(0), np.empty((0, 0))
    times, courses = common_courses([one.target for one in ordered if one.target is not None])
    subjects = tuple(dict.fromkeys(one.subject for one in ordered))
    means = [courses[[one.subject == subject for one in ordered]].mean(axis=0) for subject in subjects]
    return subjects, times, np.array(means)


def _ordered(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with a target, so that their order on disk or in time makes no difference."""
    with_target = [one for one in entries if one.target is not None]
    return sorted(with_target, key=lambda one: (one.subject, one.session or "", one.task or "", one.condition))


def align_polarity(entries: Sequence[Entry]) -> Alignment:
    """Find the sign of each subject with which the targets agree best.

    Each target has a sign by a rule. Here it is seen whether the rules agree: the signs are those of the leading
    eigenvector of the correlations of all subjects' targets, which makes the sum of pairwise products largest among
    unit vectors; which of its two directions is up, the rules decide by a vote that their confidence weighs.

    Parameters
    ----------
    entries : sequence of Entry
        Those without a target are left out.

    Returns
    -------
    alignment : Alignment
        Signs, and who was turned.
    """
    subjects, _, courses = subject_courses(entries)
    if not subjects:
        return Alignment()
    norms = np.linalg.norm(courses, axis=1, keepdims=True)
    units = courses / np.where(norms > 0, norms, 1.0)
    leading = np.linalg.eigh(units @ units.T)[1][:, -1]
    signs = np.where(leading >= 0, 1, -1)
    trust = np.array([_confidence(entries, subject) for subject in subjects])
    vote = float(signs @ trust)
    if vote < -1e-12 or (abs(vote) <= 1e-12 and signs[0] < 0):
        signs = -signs
    turned_units = units * signs[:, np.newaxis]
    correlations = {}
    for k, subject in enumerate(subjects):
        others = np.delete(turned_units, k, axis=0)
        correlations[subject] = _correlation(turned_units[k], others.mean(axis=0)) if len(others) else float("nan")
    return Alignment(
        signs={subject: int(sign) for subject, sign in zip(subjects, signs, strict=True)},
        correlations=correlations,
        turned=tuple(subject for subject, sign in zip(subjects, signs, strict=True) if sign < 0),
        doubtful=tuple(subject for subject, r in correlations.items() if abs(r) < DOUBTFUL),
    )


def _confidence(entries: Sequence[Entry], subject: str) -> float:
    known = [
        float(one.target.provenance.get("confidence", 0.5))
        for one in _ordered(entries)
        if one.subject == subject and one.target is not None
    ]
    return max(float(np.mean(known)), 0.01)  # a rule against the anatomy is a rule all the same


def _correlation(one: FloatArray, two: FloatArray) -> float:
    first, second = one - one.mean(), two - two.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else 0.0
