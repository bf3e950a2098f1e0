"""Two conditions, compared within subjects by resampling."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .._checks import check_int, check_seed
from ..errors import ParameterError
from ..source._files import some
from .alignment import Alignment, align_polarity
from .average import group_average
from .entry import Entry
from .quantities import Quantity, quantities

__all__ = ["Cluster", "Comparison", "Difference", "WaveformDifference", "compare_conditions"]

FloatArray = NDArray[np.float64]
FEWEST = 2
"""Pairs that a difference needs."""
FEW = 6
"""Below this many pairs, no result of the permutation test is below 0.05 (2 / 2**5)."""
NO_TEST = ("ceiling", "n_epochs", "standard_error", "confidence")
"""Quantities that describe the data rather than answer a question: they are in the tables, and not compared."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """A quantity in two conditions.

    Attributes
    ----------
    quantity, unit, group : str
        As in :class:`Quantity`.
    scale : str
        ``'linear'``: differences and arithmetic means. ``'log'``, of weights and numbers of columns, which are positive
        and spread by factors: ratios and geometric means.
    subjects : tuple of str
        Those with both conditions.
    values_a, values_b : array, shape (n_subjects,)
        Their values, sessions averaged.
    mean_a, mean_b : float
        Means.
    difference : float
        Mean of a - b, or of the ratio a / b.
    low, high : float
        Ends of the bootstrap interval of it.
    p : float
        Of the sign-flip permutation test, two-sided.
    p_holm : float
        The same, corrected for all quantities of the group by Holm's method (1979, Scand J Stat 6:65).
    dz : float
        Mean difference over its standard deviation.
    n_same_sign : int
        Subjects whose difference has the sign of the mean.
    """

    quantity: str
    unit: str
    group: str
    scale: str
    subjects: tuple[str, ...]
    values_a: FloatArray
    values_b: FloatArray
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    dz: float
    n_same_sign: int


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two conditions, compared.

    Attributes
    ----------
    contrast : tuple of str
        The conditions a and b.
    differences : tuple of Difference
        Quantity by quantity.
    waveform : WaveformDifference | None
        Of the targets; None if fewer than two subjects have both.
    n_resamples : int
        Resamples.
    confidence : float
        Of the intervals.
    seed : int
        Of the resamples.
    notes : tuple of str
        What is to be known before it is believed.
    """

    contrast: tuple[str, str]
    differences: tuple[Difference, ...]
    waveform: WaveformDifference | None
    n_resamples: int
    confidence: float
    seed: int
    notes: tuple[str, ...]

    def __getitem__(self, quantity: str) -> Difference:
        for one in self.differences:
            if one.quantity == quantity:
                return one
        raise KeyError(quantity)


def compare_conditions(
    entries: Sequence[Entry],
    contrast: tuple[str, str],
    *,
    alignment: Alignment | None = None,
    n_resamples: int = 10000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two conditions within subjects.

    Sessions are averaged first: the subject is the unit. Intervals are of the bootstrap, bias-corrected and accelerated
    (Efron 1987, https://doi.org/10.1080/01621459.1987.10478410); tests flip the signs of the subjects' differences,
    all of them if there are at most `n_resamples` ways; waveforms are compared by clusters in time (Maris and
    Oostenveld 2007, https://doi.org/10.1016/j.jneumeth.2007.03.024).

    Parameters
    ----------
    entries : sequence of Entry
        All conditions; others are left out.
    contrast : tuple of str
        Conditions a and b: a - b.
    alignment : Alignment | None
        Signs of the subjects; None finds them. The fit of a turned subject explains the waveform as it was: its
        parameters are left out.
    n_resamples : int
        Resamples.
    confidence : float
        Of the intervals.
    seed : int
        Of the resamples.

    Returns
    -------
    comparison : Comparison
        The same for the same entries in any order.

    Raises
    ------
    ParameterError
        A condition is not there.
    """
    check_int(n_resamples, "n_resamples", minimum=100)
    check_seed(seed, "seed")
    names = {one.condition for one in entries}
    for one in contrast:
        if one not in names:
            raise ParameterError(f"No entry has the condition {one!r}: there are {', '.join(sorted(names)) or 'none'}.")
    alignment = align_polarity(entries) if alignment is None else alignment
    ok = sorted(
        (one for one in entries if one.status == "ok" and one.condition in contrast),
        key=lambda one: (one.subject, one.session or "", one.task or "", one.condition),
    )
    rows = [one for one in quantities(ok) if one.quantity not in NO_TEST]
    rows = [one for one in rows if one.group == "fit" or one.subject not in alignment.turned]
    options: dict[str, Any] = {"n_resamples": n_resamples, "confidence": confidence, "seed": seed}
    differences = []
    for name in dict.fromkeys(one.quantity for one in rows):
        found = _difference([one for one in rows if one.quantity == name], contrast, **options)
        if found is not None:
            differences.append(found)
    waveform = _waveform(ok, contrast, alignment, **options)
    return Comparison(
        contrast=contrast, differences=_corrected(differences), waveform=waveform, notes=_notes(
            ok, contrast, alignment, differences
        ), **options,
    )  # fmt: skip


def scale_of(quantity: str) -> str:
    """Return the scale on which a quantity is compared."""
    return "log" if quantity == "columns" or ".weights_" in quantity or quantity.endswith(".strength") else "linear"


def _difference(rows: Sequence[Quantity], contrast: tuple[str, str], **options: Any) -> Difference | None:
    scale = scale_of(rows[0].quantity)
    values: dict[str, dict[str, list[float]]] = {name: {} for name in contrast}
    for one in rows:
        if np.isfinite(one.value) and (scale == "linear" or one.value > 0):
            number = float(np.log(one.value)) if scale == "log" else one.value
            values[one.condition].setdefault(one.subject, []).append(number)
    a, b = (values[name] for name in contrast)
    subjects = tuple(subject for subject in a if subject in b)
    if len(subjects) < FEWEST:
        return None
    first, second = (np.array([np.mean(one[subject]) for subject in subjects]) for one in (a, b))
    paired = first - second
    mean, low, high, p = paired_test(paired, **options)
    back = np.exp if scale == "log" else np.asarray
    spread = float(paired.std(ddof=1))
    return Difference(
        quantity=rows[0].quantity, unit=rows[0].unit, group=rows[0].group, scale=scale, subjects=subjects,
        values_a=back(first), values_b=back(second), mean_a=float(back(first.mean())),
        mean_b=float(back(second.mean())), difference=float(back(mean)), low=float(back(low)),
        high=float(back(high)), p=p, p_holm=p, dz=mean / spread if spread > 0 else float("nan"),
        n_same_sign=int(np.sum(np.sign(paired) == np.sign(mean))),
    )  # fmt: skip


def paired_test(
    paired: FloatArray, *, n_resamples: int, confidence: float, seed: int
) -> tuple[float, float, float, float]:
    """Return mean, ends of its bootstrap interval, and p of the sign-flip test, of differences of subjects."""
    mean = float(paired.mean())
    if np.ptp(paired) == 0:  # nothing to resample
        low = high = mean
    else:
        low, high = _interval(paired, n_resamples, confidence, seed)
    p = stats.permutation_test(
        (paired,), np.mean, permutation_type="samples", n_resamples=n_resamples, vectorized=True,
        rng=np.random.default_rng(seed),
    ).pvalue  # fmt: skip
    return mean, low, high, float(p)


def _interval(paired: FloatArray, n_resamples: int, confidence: float, seed: int) -> tuple[float, float]:
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BCa says where it is undefined, and percentile takes over
            found = stats.bootstrap(
                (paired,), np.mean, n_resamples=n_resamples, confidence_level=confidence, method=method,
                rng=np.random.default_rng(seed), batch=1000,
            ).confidence_interval  # fmt: skip
        if np.isfinite([found.low, found.high]).all():
            break
    return float(found.low), float(found.high)


def _corrected(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Correct p for all quantities of a group, by Holm's method."""
    corrected: dict[str, float] = {}
    for group in dict.fromkeys(one.group for one in differences):
        own = sorted((one for one in differences if one.group == group), key=lambda one: one.p)
        highest = 0.0
        for k, one in enumerate(own):
            highest = max(highest, min(1.0, (len(own) - k) * one.p))
            corrected[one.quantity] = highest
    return tuple(replace(one, p_holm=corrected[one.quantity]) for one in differences)


def _waveform(
    entries: Sequence[Entry], contrast: tuple[str, str], alignment: Alignment, *, n_resamples: int, confidence: float,
    seed: int,
) -> WaveformDifference | None:  # fmt: skip
    chosen = [one for one in entries if one.target is not None]
    if {one.condition for one in chosen} != set(contrast):
        return None
    averages = group_average(chosen, alignment=alignment)
    a, b = (averages[name] for name in contrast)
    subjects = tuple(one for one in a.subjects if one in b.subjects)
    if len(subjects) < FEWEST:
        return None
    n_times = min(len(a.times), len(b.times))
    courses = np.array([
        a.courses[a.subjects.index(one), :n_times] - b.courses[b.subjects.index(one), :n_times] for one in subjects
    ])  # fmt: skip
    times = a.times[:n_times]
    found = stats.bootstrap(
        (courses,), np.mean, axis=0, n_resamples=n_resamples, confidence_level=confidence, method="percentile",
        rng=np.random.default_rng(seed), batch=200, vectorized=True,
    ).confidence_interval  # fmt: skip
    return WaveformDifference(
        subjects=subjects, times=times, courses=courses, mean=courses.mean(axis=0), low=np.asarray(found.low),
        high=np.asarray(found.high), clusters=_clusters(courses, times, n_resamples, seed),
    )  # fmt: skip


def _clusters(courses: FloatArray, times: FloatArray, n_resamples: int, seed: int) -> tuple[Cluster, ...]:
    n_subjects = len(courses)
    if n_subjects < FEWEST + 1:
        return ()
    ways = 2 ** (n_subjects - 1)
    # a little variance at every time keeps silence before the response from having an infinite t
    test = partial(mne.stats.ttest_1samp_no_p, sigma=1e-3)
    known = inspect.signature(mne.stats.permutation_cluster_1samp_test).parameters
    random: dict[str, Any] = {"rng" if "rng" in known else "seed": seed}  # newer and older MNE
    threshold = float(stats.t.ppf(0.975, n_subjects - 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no cluster was found is a result
        t, clusters, p_values, _ = mne.stats.permutation_cluster_1samp_test(
            courses / np.abs(courses).max(), threshold=threshold, tail=0, stat_fun=test, **random,
            n_permutations="all" if ways <= n_resamples else n_resamples, out_type="indices", verbose="error",
        )  # fmt: skip
    found = [
        Cluster(
            tmin=float(times[where[0]]), tmax=float(times[where[-1]]), p=float(p), sign=int(np.sign(t[where].sum()))
        )
        for (where,), p in zip(clusters, p_values, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: one.tmin))


def _notes(
    entries: Sequence[Entry], contrast: tuple[str, str], alignment: Alignment, differences: Sequence[Difference]
) -> tuple[str, ...]:
    have = [{one.subject for one in entries if one.condition == name} for name in contrast]
    pairs = have[0] & have[1]
    notes = []
    if len(pairs) < FEWEST:
        notes.append(f"Only {len(pairs)} subject(s) have both conditions: nothing was compared.")
    elif len(pairs) < FEW:
        notes.append(
            f"With {len(pairs)} subjects the permutation test cannot give a p below {2 / 2 ** len(pairs):.3g}, however "
            "large the difference."
        )
    alone = sorted(have[0] ^ have[1])
    if alone:
        notes.append(f"Subjects with one of the conditions only are left out: {', '.join(alone)}.")
    turned = [one for one in alignment.turned if one in have[0] | have[1]]
    if turned:
        notes.append(
            f"The targets of {', '.join(turned)} were turned to agree with the others; their fits explain the waveform "
            "as it was before, so their parameters and deflections are left out of the comparison."
        )
    missing = {one.quantity for one in differences if len(one.subjects) < len(pairs - set(turned))}
    if missing:
        notes.append(f"Not everybody has a value of: {some(sorted(missing))}.")
    return tuple(notes)
