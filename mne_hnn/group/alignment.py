"""Whether the targets of all recordings point the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .._types import FloatArray
from ..compare import at_times
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from .entry import Entry, check_entries

__all__ = ["Alignment", "align_polarity"]

DOUBTFUL = 0.3
"""Correlation with the others below which a sign is called doubtful."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The sign of each recording with which the targets agree best.

    A recording is called by its subject, and by its session if it has one: ``'01'``, ``'01 ses-before'``.

    Attributes
    ----------
    signs : mapping of str to int
        1, or -1 for a recording whose target is turned to agree with the others.
    correlations : mapping of str to float
        Of each recording's target, after that, with the mean of the others; NaN for a recording alone.
    turned : tuple of str
        Recordings with sign -1: the rule that decided their sign contradicts the group.
    doubtful : tuple of str
        Recordings whose correlation is too small to say anything of their sign: it is that of their rule.

    Examples
    --------
    >>> alignment = align_polarity(entries)
    >>> sorted(alignment.signs) == sorted({entry.recording for entry in entries}), alignment.turned
    (True, ())
    """

    signs: Mapping[str, int] = field(default_factory=dict)
    correlations: Mapping[str, float] = field(default_factory=dict)
    turned: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def check_alignment(alignment: Alignment | None) -> None:
    """Refuse what is no alignment."""
    if alignment is not None and not isinstance(alignment, Alignment):
        raise ParameterError(f"alignment must be that of align_polarity, or None, got {type(alignment).__name__}.")


def common_courses(dipoles: Sequence[Dipole]) -> tuple[FloatArray, FloatArray]:
    """Bring targets to the window that all cover and the samples of the one with the fewest.

    Returns
    -------
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_dipoles, n_times)
        A m.

    Raises
    ------
    DataError
        They have no two samples in common.
    """
    start, stop = max(dipole.times[0] for dipole in dipoles), min(dipole.times[-1] for dipole in dipoles)
    coarsest = min(dipoles, key=lambda dipole: dipole.info["sfreq"])
    slack = 0.5 / coarsest.info["sfreq"]  # nearest samples: rates differ in where theirs fall
    times = coarsest.times[(coarsest.times > start - slack) & (coarsest.times <= stop + slack)]
    if len(times) < 2:
        raise DataError(
            f"The targets have no time in common: one begins at {start:g} s, another ends at {stop:g} s. Give all "
            "subjects the same window (tmin, tmax)."
        )
    return np.asarray(times), np.array([at_times(dipole, "agg", times) for dipole in dipoles])


def recording_courses(entries: Sequence[Entry]) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Return recordings in order of their names, times, and the mean over conditions of each.

    Returns
    -------
    recordings : tuple of str
        Those with a target.
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_recordings, n_times)
        A m.
    """
    ordered = with_targets(entries)
    if not ordered:
        return (), np.empty(0), np.empty((0, 0))
    times, courses = common_courses([entry.target for entry in ordered if entry.target is not None])
    recordings = tuple(dict.fromkeys(entry.recording for entry in ordered))
    means = [courses[[entry.recording == name for entry in ordered]].mean(axis=0) for name in recordings]
    return recordings, times, np.array(means)


def with_targets(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with a target, so that their order on disk or in time makes no difference."""
    with_target = [entry for entry in entries if entry.target is not None]
    return sorted(
        with_target, key=lambda entry: (entry.subject, entry.session or "", entry.task or "", entry.condition)
    )


def align_polarity(entries: Sequence[Entry]) -> Alignment:
    """Find the sign of each recording with which the targets agree best.

    Each target has a sign by a rule. Here it is seen whether the rules agree: the signs are those with the largest sum
    of pairwise products of the targets (each the mean over conditions, of unit norm), sought from the
    leading eigenvector of these products by turning one after the other; which of the two directions is up, the rules
    decide by a vote that their confidence weighs. Where a target is too unlike the others to tell, its rule stands.

    Parameters
    ----------
    entries : sequence of Entry
        Those without a target are left out.

    Returns
    -------
    alignment : Alignment
        Signs, and who was turned.

    Raises
    ------
    DataError
        The targets have no time in common.

    Examples
    --------
    >>> align_polarity(entries).signs.values()
    dict_values([...])
    """
    check_entries(entries)
    recordings, _, courses = recording_courses(entries)
    if not recordings:
        return Alignment()
    norms = np.linalg.norm(courses, axis=1, keepdims=True)
    units = courses / np.where(norms > 0, norms, 1.0)
    signs = _best_signs(units @ units.T)
    vote = float(signs @ np.array([_confidence(entries, name) for name in recordings]))
    if vote < -1e-12 or (abs(vote) <= 1e-12 and signs[0] < 0):
        signs = -signs
    found = _with_others(units, signs)
    while len(unclear := np.flatnonzero((signs < 0) & (np.abs(found) < DOUBTFUL))):
        signs[unclear] = 1
        found = _with_others(units, signs)
    return Alignment(
        signs={name: int(sign) for name, sign in zip(recordings, signs, strict=True)},
        correlations={name: float(r) for name, r in zip(recordings, found, strict=True)},
        turned=tuple(name for name, sign in zip(recordings, signs, strict=True) if sign < 0),
        doubtful=tuple(name for name, r in zip(recordings, found, strict=True) if abs(r) < DOUBTFUL),
    )


def _best_signs(products: FloatArray) -> NDArray[np.int64]:
    """Return signs that no turning of a single one makes better."""
    signs = np.where(np.linalg.eigh(products)[1][:, -1] >= 0, 1, -1)
    between = products - np.diag(np.diag(products))
    while (gain := -signs * (between @ signs)).max() > 1e-12:
        signs[gain.argmax()] *= -1
    return signs


def _with_others(units: FloatArray, signs: NDArray[np.int64]) -> FloatArray:
    """Return the correlation of each target with the mean of the others; NaN for one alone."""
    turned = units * signs[:, np.newaxis]
    if len(turned) < 2:
        return np.full(len(turned), np.nan)
    return np.array([_correlation(row, np.delete(turned, k, axis=0).mean(axis=0)) for k, row in enumerate(turned)])


def _confidence(entries: Sequence[Entry], recording: str) -> float:
    told = [
        entry.target.provenance.get("confidence")
        for entry in with_targets(entries)
        if entry.recording == recording and entry.target is not None
    ]
    return max(
        float(np.mean([0.5 if share is None else share for share in told])), 0.01
    )  # a rule against the anatomy is a rule all the same


def _correlation(values: FloatArray, other: FloatArray) -> float:
    first, second = values - values.mean(), other - other.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else 0.0
