"""The targets of two conditions, subtracted, and when they differ."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import mne
import numpy as np
from scipy import stats

from .._types import FloatArray
from .alignment import Alignment
from .average import group_average
from .entry import Entry
from .resampling import SMALL, student_interval

__all__ = ["Cluster", "WaveformDifference", "waveform_difference"]

FEWEST = 2
"""Pairs that a difference needs; clusters need one more."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Neighbouring times at which two conditions differ.

    Attributes
    ----------
    tmin, tmax : float
        First and last time, s.
    p : float
        Of the cluster's sum, in the permutation distribution of the largest.
    sign : int
        1 where the first condition is larger.
    """

    tmin: float
    tmax: float
    p: float
    sign: int


@dataclass(frozen=True, kw_only=True, eq=False)
class WaveformDifference:
    """The targets of two conditions, subtracted within subjects.

    Attributes
    ----------
    subjects : tuple of str
        Those with both conditions.
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_subjects, n_times)
        a - b, A m.
    mean, low, high : array, shape (n_times,)
        Mean over subjects and its bootstrap interval, time by time.
    clusters : tuple of Cluster
        All clusters, by time; none was looked for with fewer than three subjects.
    """

    subjects: tuple[str, ...]
    times: FloatArray
    courses: FloatArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    clusters: tuple[Cluster, ...]


def waveform_difference(
    entries: Sequence[Entry],
    contrast: tuple[str, str],
    alignment: Alignment,
    *,
    n_resamples: int,
    confidence: float,
    seed: int,
) -> WaveformDifference | None:
    """Subtract the targets of two conditions within subjects; None if fewer than two have both.

    Intervals are percentiles of the bootstrap over subjects, time by time; below 15 subjects at least Student's t.
    Clusters are times at which t passes the
    threshold of p = 0.05; where one begins and ends is no estimate of when a difference does. Their p is that of the
    sum of t among the largest of all flips of signs (Maris and Oostenveld 2007,
    https://doi.org/10.1016/j.jneumeth.2007.03.024). A thousandth of the largest variance is added to that of every
    time, so that silence before a response does not have an infinite t (Ridgway et al. 2012,
    https://doi.org/10.1016/j.neuroimage.2011.10.027).
    """
    chosen = [entry for entry in entries if entry.target is not None]
    if {entry.condition for entry in chosen} != set(contrast):
        return None
    averages = group_average(chosen, alignment=alignment)
    a, b = (averages[name] for name in contrast)
    subjects = tuple(subject for subject in a.subjects if subject in b.subjects)
    if len(subjects) < FEWEST:
        return None
    rows_a, rows_b = ([average.subjects.index(subject) for subject in subjects] for average in (a, b))
    courses, times = a.courses[rows_a] - b.courses[rows_b], a.times
    found = stats.bootstrap(
        (courses,),
        np.mean,
        axis=0,
        n_resamples=n_resamples,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=200,
        vectorized=True,
    ).confidence_interval
    low, high = np.asarray(found.low), np.asarray(found.high)
    if len(subjects) < SMALL:
        student = student_interval(courses, confidence)
        low, high = np.minimum(low, student[0]), np.maximum(high, student[1])
    return WaveformDifference(
        subjects=subjects,
        times=times,
        courses=courses,
        mean=courses.mean(axis=0),
        low=low,
        high=high,
        clusters=_clusters(courses, times, n_resamples, seed),
    )


def _clusters(courses: FloatArray, times: FloatArray, n_resamples: int, seed: int) -> tuple[Cluster, ...]:
    n_subjects = len(courses)
    if n_subjects < FEWEST + 1 or not courses.any():
        return ()
    ways = 2 ** (n_subjects - 1)
    test = partial(mne.stats.ttest_1samp_no_p, sigma=1e-3)
    threshold = float(stats.t.ppf(0.975, n_subjects - 1))
    known = inspect.signature(mne.stats.permutation_cluster_1samp_test).parameters
    random: dict[str, Any] = {"rng" if "rng" in known else "seed": seed}  # newer and older MNE
    with warnings.catch_warnings(), mne.utils.use_log_level("error"):
        warnings.simplefilter("ignore")  # that no cluster was found is a result
        t, clusters, p_values, _ = mne.stats.permutation_cluster_1samp_test(
            courses / np.abs(courses).max(),
            threshold=threshold,
            tail=0,
            stat_fun=test,
            **random,
            n_permutations="all" if ways <= n_resamples else n_resamples,
            out_type="indices",
            verbose="error",
        )
    found = [
        Cluster(
            tmin=float(times[where[0]]), tmax=float(times[where[-1]]), p=float(p), sign=int(np.sign(t[where].sum()))
        )
        for (where,), p in zip(clusters, p_values, strict=True)
    ]
    return tuple(sorted(found, key=lambda cluster: cluster.tmin))
