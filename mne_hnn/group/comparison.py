"""Two conditions, compared within subjects by resampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_int, check_name, check_positive, check_seed
from .._tables import load_pandas
from .._text import some
from .._types import FloatArray
from ..errors import ParameterError
from .alignment import Alignment, align_polarity, check_alignment
from .entry import Entry, check_entries
from .quantities import Quantity, quantities
from .resampling import holm, is_constant, lowest_p, mean_interval, paired_difference, sign_flip_p
from .waveform import FEWEST, Cluster, WaveformDifference, waveform_difference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cluster", "Comparison", "Difference", "WaveformDifference", "compare_conditions"]

FEW = 6
"""Below this many pairs, no result of the permutation test is below 0.05 (2 / 2**5)."""
SHARED = "kept from another condition, as it cannot differ within a person"
LOOSE = "not determined by the data of most subjects"
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
        The same, corrected for all quantities of the group by Holm's method (1979, Scand J Stat 6:65); those that are
        the same in both conditions of everybody do not count.
    dz : float
        Mean difference over its standard deviation.
    n_same_sign : int
        Subjects whose difference has the sign of the mean; 0 if that is zero.
    n_determined : int | None
        Subjects in whom the data determine it in both conditions; None of what is no parameter, or if that was not
        found out.
    not_tested : str
        Why there is no p, in a few words; empty if there is. What is not tested does not count in the correction.
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
    n_determined: int | None = None
    not_tested: str = ""

    @property
    def tested(self) -> bool:
        """Whether there is a p."""
        return not self.not_tested


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
        for difference in self.differences:
            if difference.quantity == quantity:
                return difference
        raise KeyError(quantity)

    def to_data_frame(self) -> pd.DataFrame:
        """Return a row per quantity, as in the table that is written (needs pandas)."""
        pandas = load_pandas()
        rows = [
            {
                "group": difference.group,
                "unit": difference.unit,
                "scale": difference.scale,
                "n": len(difference.subjects),
                "mean_a": difference.mean_a,
                "mean_b": difference.mean_b,
                "difference": difference.difference,
                "low": difference.low,
                "high": difference.high,
                "p": difference.p,
                "p_holm": difference.p_holm,
                "dz": difference.dz,
                "n_same_sign": difference.n_same_sign,
                "n_determined": difference.n_determined,
                "not_tested": difference.not_tested,
            }
            for difference in self.differences
        ]
        return pandas.DataFrame(rows, index=[difference.quantity for difference in self.differences]).rename_axis(
            "quantity"
        )


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

    Sessions with both conditions are averaged first: the subject is the unit. Intervals are of the bootstrap,
    bias-corrected and accelerated, and below 15 subjects at least as wide as Student's t
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
        Signs of the recordings; None finds them. The fit of a turned one explains the waveform as it was: its
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

    Examples
    --------
    >>> comparison = compare_conditions(entries, ("a", "b"), n_resamples=1000)
    >>> comparison.contrast
    ('a', 'b')
    """
    check_entries(entries)
    check_alignment(alignment)
    check_int(n_resamples, "n_resamples", minimum=100)
    check_seed(seed, "seed")
    if not 0 < check_positive(confidence, "confidence") < 1:
        raise ParameterError(f"confidence must lie between 0 and 1, got {confidence!r}: 0.95 is 95 %.")
    contrast = _check_contrast(contrast, entries)
    alignment = align_polarity(entries) if alignment is None else alignment
    ok = sorted(
        (entry for entry in entries if entry.status == "ok" and entry.condition in contrast),
        key=lambda entry: (entry.subject, entry.session or "", entry.task or "", entry.condition),
    )
    both = _balance(ok, contrast)
    rows = [row for row in quantities(both) if row.quantity not in NO_TEST]
    rows = [row for row in rows if row.group == "fit" or row.recording not in alignment.turned]
    fired = {row.quantity for row in rows if row.group == "spikes" and row.value > 0}
    rows = [row for row in rows if row.group != "spikes" or row.quantity in fired]  # no cell fires in anybody
    options: dict[str, Any] = {"n_resamples": n_resamples, "confidence": confidence, "seed": seed}
    names = dict.fromkeys(row.quantity for row in rows)
    found = {name: difference_of([row for row in rows if row.quantity == name], contrast, **options) for name in names}
    return Comparison(
        contrast=contrast,
        differences=_correct([difference for difference in found.values() if difference is not None]),
        waveform=waveform_difference(both, contrast, alignment, **options),
        notes=(*_notes(ok, contrast, alignment, found), *_limits(found, n_resamples, 1 - confidence)),
        **options,
    )


def _check_contrast(contrast: Any, entries: Sequence[Entry]) -> tuple[str, str]:
    names = sorted({entry.condition for entry in entries})
    given = tuple(contrast) if isinstance(contrast, (tuple, list)) else (contrast,)
    if len(given) != 2 or given[0] == given[1]:
        raise ParameterError(
            f"contrast must name two different conditions, the first minus the second, got {contrast!r}."
        )
    a, b = (check_name(name, names, "condition", where="of the contrast") for name in given)
    return a, b


def _balance(entries: Sequence[Entry], contrast: tuple[str, str]) -> list[Entry]:
    """Return the entries of recordings that have both conditions: sessions may differ by themselves.

    Who has no such recording, as each condition was a session, keeps all.
    """
    have = {(entry.subject, entry.session, entry.task, entry.condition) for entry in entries}
    whole = {place for place in have if all((*place[:3], name) in have for name in contrast)}
    balanced = {place[0] for place in whole}
    return [
        entry
        for entry in entries
        if entry.subject not in balanced or (entry.subject, entry.session, entry.task, entry.condition) in whole
    ]


def scale_of(quantity: str) -> str:
    """Return the scale on which a quantity is compared."""
    return "log" if quantity == "columns" or ".weights_" in quantity or quantity.endswith(".strength") else "linear"


def difference_of(rows: Sequence[Quantity], contrast: tuple[str, str], **options: Any) -> Difference | None:
    """Return a quantity in two conditions; None if fewer than two subjects have it in both.

    Parameters
    ----------
    rows : sequence of Quantity
        Of one quantity.
    contrast : tuple of str
        The conditions.
    **options
        Resamples, confidence and seed of :func:`compare_conditions`.
    """
    scale = scale_of(rows[0].quantity)
    values: dict[str, dict[str, list[float]]] = {name: {} for name in contrast}
    for row in rows:
        if np.isfinite(row.value) and (scale == "linear" or row.value > 0):
            number = float(np.log(row.value)) if scale == "log" else row.value
            values[row.condition].setdefault(row.subject, []).append(number)
    a, b = (values[name] for name in contrast)
    subjects = tuple(subject for subject in a if subject in b)
    if len(subjects) < FEWEST:
        return None
    first, second = (np.array([np.mean(by_subject[subject]) for subject in subjects]) for by_subject in (a, b))
    paired = paired_difference(first, second)
    mean, spread = float(paired.mean()), float(paired.std(ddof=1))
    low, high = mean_interval(paired, **options)
    n_determined, why = _untestable(rows, subjects)
    p = float("nan") if why else sign_flip_p(paired, n_resamples=options["n_resamples"], seed=options["seed"])
    back = np.exp if scale == "log" else np.asarray
    return Difference(
        quantity=rows[0].quantity,
        unit=rows[0].unit,
        group=rows[0].group,
        scale=scale,
        subjects=subjects,
        values_a=back(first),
        values_b=back(second),
        mean_a=float(back(first.mean())),
        mean_b=float(back(second.mean())),
        difference=float(back(mean)),
        low=float(back(low)),
        high=float(back(high)),
        p=p,
        p_holm=p,
        dz=float("nan") if is_constant(paired) else mean / spread,
        n_same_sign=int(np.sum(paired * mean > 0)),
        n_determined=n_determined,
        not_tested=why,
    )


def _untestable(rows: Sequence[Quantity], subjects: Sequence[str]) -> tuple[int | None, str]:
    """Return in how many subjects the data determine a parameter, and why it is not tested, if so."""
    if any(row.shared for row in rows):
        return None, SHARED
    own = [row for row in rows if row.subject in subjects]
    if all(row.determined is None for row in own):
        return None, ""
    loose = {row.subject for row in own if row.determined is False}
    return len(subjects) - len(loose), LOOSE if 2 * len(loose) > len(subjects) else ""


def _correct(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Correct p for all quantities of a group."""
    corrected: dict[str, float] = {}
    for family in _families(differences).values():
        corrected |= holm({difference.quantity: difference.p for difference in family})
    return tuple(
        replace(difference, p_holm=corrected.get(difference.quantity, difference.p)) for difference in differences
    )


def _families(differences: Sequence[Difference]) -> dict[str, list[Difference]]:
    """Return what is corrected together; a quantity that is the same in everybody's conditions was not tested."""
    families: dict[str, list[Difference]] = {}
    for difference in differences:
        if not difference.tested:
            continue
        if difference.dz == difference.dz or difference.difference != (1.0 if difference.scale == "log" else 0.0):
            families.setdefault(difference.group, []).append(difference)
    return families


def _notes(
    entries: Sequence[Entry], contrast: tuple[str, str], alignment: Alignment, found: Mapping[str, Difference | None]
) -> Iterator[str]:
    first, second = ({entry.subject for entry in entries if entry.condition == name} for name in contrast)
    pairs, known = first & second, [difference for difference in found.values() if difference is not None]
    if len(pairs) < FEWEST:
        yield f"Only {len(pairs)} subject(s) have both conditions: nothing was compared."
    if alone := sorted(first ^ second):
        yield f"Subjects with one of the conditions only are left out: {', '.join(f'sub-{name}' for name in alone)}."
    balanced = _balance(entries, contrast)
    dropped = {(entry.subject, entry.session or entry.task) for entry in entries if entry not in balanced}
    if single := sorted(f"sub-{subject} {what}" for subject, what in dropped if subject in pairs and what):
        yield f"Sessions with one of the conditions only are left out: {', '.join(single)}."
    compared = [entry for entry in balanced if entry.subject in pairs]
    turned = [name for name in dict.fromkeys(entry.recording for entry in compared) if name in alignment.turned]
    if turned:
        yield (
            f"The targets of {', '.join(f'sub-{name}' for name in turned)} were turned to agree with the others; their "
            "fits explain the waveform as it was before, so their parameters and deflections are left out of the "
            "comparison."
        )
    if len(pairs) < FEWEST:
        return
    if none := sorted(name for name, difference in found.items() if difference is None):
        yield f"Fewer than {FEWEST} subjects have a value in both conditions of: {some(none)}; not compared."
    counted = {entry.subject for entry in compared if entry.recording not in turned}
    expected = {difference.quantity: len(pairs if difference.group == "fit" else counted) for difference in known}
    if missing := sorted(
        difference.quantity for difference in known if len(difference.subjects) < expected[difference.quantity]
    ):
        yield f"Not everybody has a value of: {some(missing)}."


_FAMILIES = {
    "parameter": "parameters",
    "spikes": "numbers and times of spikes",
    "fit": "measures of the fit",
    "target": "deflections",
}


def _limits(found: Mapping[str, Difference | None], n_resamples: int, level: float) -> Iterator[str]:
    """Say where so few subjects could not show anything, however clear it is."""
    known = [difference for difference in found.values() if difference is not None and difference.tested]
    fewest = min((len(difference.subjects) for difference in known), default=0)
    if known and fewest < FEW:
        yield (
            f"With {fewest} subjects the permutation test cannot give a p below {2 / 2**fewest:.3g}, however large the "
            "difference."
        )
    for group, family in _families(known).items():
        most = max(len(difference.subjects) for difference in family)
        lowest = min(1.0, len(family) * lowest_p(most, n_resamples))
        if most >= FEW and lowest >= level:
            yield (
                f"With {most} subjects and {len(family)} {_FAMILIES[group]}, p corrected by Holm's method cannot be "
                f"below {lowest:.2g}, however large the difference: judge by the intervals, or by the uncorrected p of "
                "one quantity chosen beforehand."
            )
