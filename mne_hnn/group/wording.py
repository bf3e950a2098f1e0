"""A group in words and rows of tables, for its report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._units import MS
from ..pipeline.page import Markup
from .entry import Entry, conditions_of, recording_name
from .influence import can_change, level_of
from .quantity_words import change_text, in_shown_units, number, p_text, quantity_name, rank

if TYPE_CHECKING:
    from .alignment import Alignment
    from .comparison import Comparison, Difference
    from .influence import Influence

__all__ = [
    "COMPARISON_HEADER",
    "DRIVE_HEADER",
    "MOST_NAMED",
    "TRUE_HEADER",
    "comparison_rows",
    "drive_rows",
    "failures",
    "hanging",
    "headline",
    "list_words",
    "nothing_hangs",
    "overview_rows",
    "polarity_text",
    "scored_in",
]

MOST_NAMED = 6
DRIVE_HEADER = ("Condition", "Drive", "Location", "Subjects", "Mean time (ms)", "SD over subjects (ms)", "Range (ms)")


def list_words(words: Iterable[str], most: int | None = None) -> str:
    """Return words in a row: ``a, b and c``; those beyond the most are counted."""
    some = list(words)
    if most is not None and len(some) > most:
        some = [*some[:most], f"{len(some) - most} more"]
    return some[0] if len(some) == 1 else f"{', '.join(some[:-1])} and {some[-1]}" if some else ""


# what went wrong -------------------------------------------------------------------------------------------


def failures(entries: Sequence[Entry]) -> list[str]:
    """Return a sentence per recording that failed; conditions with the same error share one."""
    by_error: dict[tuple[str, str | None, str | None], list[str]] = {}
    for entry in entries:
        if entry.status != "ok":
            by_error.setdefault((_recording(entry), entry.step, entry.error), []).append(entry.condition)
    every = conditions_of(entries)
    sentences = []
    for (name, step, error), conditions in by_error.items():
        which = "" if len(conditions) == len(every) else f", {list_words(conditions)}"
        sentences.append(f"{name}{which} failed at {step or 'an unknown step'}: {error or 'no reason was given.'}")
    return sentences


def _recording(entry: Entry) -> str:
    return recording_name(entry) + (f" task-{entry.task}" if entry.task else "")


# in short --------------------------------------------------------------------------------------------------


def overview_rows(
    entries: Sequence[Entry], alignment: Alignment | None, comparison: Comparison | None
) -> Iterator[tuple[str, str]]:
    """Yield what a reader wants to know first."""
    good = [entry for entry in entries if entry.status == "ok"]
    subjects, conditions = _names(entries), conditions_of(entries)
    fitted = [entry for entry in good if entry.fit is not None]
    yield "Subjects", f"{len(subjects)}: {list_words(subjects, 40)}" if subjects else "none"
    yield "Conditions", list_words(conditions) or "none"
    failed = len(entries) - len(good)
    unfitted = len(good) - len(fitted)
    state = [f"{len(fitted)} of {len(entries)} (subjects by conditions) fitted"]
    if unfitted:
        state.append(f"{unfitted} with a target only")
    state.append(f"{failed} failed")
    yield "Fits", "; ".join(state)
    if epochs := [entry.n_epochs for entry in good if entry.n_epochs is not None]:
        yield "Epochs averaged", _range(epochs, "{:d}")
    if fitted:
        r_squared = [entry.fit.r_squared for entry in fitted if entry.fit is not None]
        yield (
            f"R² {scored_in(good)}",
            f"median {np.median(r_squared):.3f}, {_range(r_squared, '{:.3f}')}",
        )
    scaled = {entry.subject: entry.template for entry in good if entry.template}
    if scaled:
        yield "Without an MRI", list_words(f"sub-{name} (scaled {template})" for name, template in scaled.items())
    if by_fiducials := sorted({entry.subject for entry in good if entry.coregistration == "fiducials"}):
        names = list_words((f"sub-{name}" for name in by_fiducials), MOST_NAMED)
        yield "Head and MRI", f"aligned by the digitised fiducials alone: {names}"
    if alignment is not None and good:
        yield "Polarity", polarity_text(alignment)
    if comparison is not None:
        yield f"{comparison.contrast[0]} against {comparison.contrast[1]}", " ".join(headline(comparison))


def scored_in(entries: Sequence[Entry]) -> str:
    """Say which trials R² is of: without a search there are none that it has not seen."""
    kinds = {entry.fit.kind == "none" for entry in entries if entry.fit is not None}
    if kinds == {True}:
        return "of the drives as configured, of which only the scale was fitted"
    return "in trials that the search has not seen"


def _names(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(f"sub-{entry.subject}" for entry in entries))


def _range(values: Sequence[Any], form: str) -> str:
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def polarity_text(alignment: Alignment) -> str:
    """Say whose targets were turned over, and whose sign is in doubt."""
    if len(alignment.signs) < 2:
        return "There is one recording only, and so nothing to compare its sign with: it is that of its rule."
    sentences = []
    if alignment.turned:
        names = list_words(f"sub-{name}" for name in alignment.turned)
        sentences.append(f"Turned over to agree with the others: {names}.")
    if alignment.doubtful:
        names = list_words(
            f"sub-{name}"
            + (f" (r = {number(alignment.correlations[name], 2)})" if name in alignment.correlations else "")
            for name in alignment.doubtful
        )
        sentences.append(f"Hardly like the others, so that the sign is in doubt: {names}.")
    return " ".join(sentences) or "All targets agree in their sign; none was turned over."


# the comparison --------------------------------------------------------------------------------------------


def _is_certain(difference: Difference, comparison: Comparison) -> bool:
    return bool(difference.p_holm < 1 - comparison.confidence)


def headline(comparison: Comparison) -> list[str]:
    """Say in sentences what differs between the conditions and by how much, and what does not."""
    compared = [difference for difference in comparison.differences if difference.group != "fit" and difference.tested]
    sentences = []
    if compared:
        told = [difference for difference in compared if _is_certain(difference, comparison)]
        rest = [difference for difference in compared if not _is_certain(difference, comparison)]
        if told:
            first = sorted(_sort(told), key=lambda difference: rank(difference.quantity))
            words = list_words(
                (f"{quantity_name(difference.quantity)} {change_text(difference)}" for difference in first), MOST_NAMED
            )
            sentences.append(f"Different: {words}.")
            if rest:
                names = list_words((quantity_name(difference.quantity) for difference in _sort(rest)), MOST_NAMED)
                sentences.append(f"Not told apart from no difference after correction: {names}.")
        else:
            sentences.append(_nothing(_sort(rest)[0], len(compared)))
    if comparison.waveform is not None:
        sentences.append(_waveform_sentence(comparison))
    return sentences or ["There was nothing to compare."]


def _sort(some: Sequence[Difference]) -> list[Difference]:
    return sorted(
        some, key=lambda difference: (np.nan_to_num(difference.p, nan=2.0), -abs(np.nan_to_num(difference.dz)))
    )


def _nothing(best: Difference, n: int) -> str:
    name, same = quantity_name(best.quantity), f"the same sign in {best.n_same_sign} of {len(best.subjects)} subjects"
    if n == 1:
        return f"No difference is certain in {name}: {change_text(best)}, {p_text(best.p)}, {same}."
    return (
        f"No difference of {n} quantities is certain once corrected for their number (Holm). Clearest is {name}: "
        f"{change_text(best)}, {p_text(best.p)} uncorrected, {same}."
    )


def _waveform_sentence(comparison: Comparison) -> str:
    assert comparison.waveform is not None
    reached = [cluster for cluster in comparison.waveform.clusters if cluster.p < 1 - comparison.confidence]
    if not reached:
        lowest = 2.0 ** (1 - len(comparison.waveform.subjects))
        limit = f"; with so few subjects none can be below {lowest:.3g}" if lowest >= 1 - comparison.confidence else ""
        return f"No cluster of times in which the targets differ has p < {1 - comparison.confidence:.2g}{limit}."
    spans = list_words(
        f"{cluster.tmin / MS:.0f} to {cluster.tmax / MS:.0f} ms ({p_text(cluster.p)})" for cluster in reached
    )
    return f"The targets differ in clusters of times: {spans}."


COMPARISON_HEADER = (
    "Quantity",
    "{a}",
    "{b}",
    "Difference or ratio",
    "p",
    "p, Holm",
    Markup("d<sub>z</sub>"),
    "n",
    "Same sign",
    "Determined",
)
TRUE_HEADER = "Truth"


def comparison_rows(
    differences: Iterable[Difference], true: Mapping[str, Difference] | None = None
) -> Iterator[tuple[str, ...]]:
    """Yield what was compared, as :data:`COMPARISON_HEADER` says; a true difference, if asked for, comes last."""
    for difference in map(in_shown_units, differences):
        unit = f" ({difference.unit})" if difference.unit else ""
        yield (
            quantity_name(difference.quantity) + unit,
            number(difference.mean_a, 4),
            number(difference.mean_b, 4),
            change_text(difference),
            _p(difference.p),
            _p(difference.p_holm),
            _effect(difference.dz),
            str(len(difference.subjects)),
            f"{difference.n_same_sign} of {len(difference.subjects)}",
            _determined(difference),
            *([] if true is None else [_truth(true.get(difference.quantity))]),
        )


def _truth(difference: Difference | None) -> str:
    return "" if difference is None else change_text(difference).partition(" (")[0]


def _determined(difference: Difference) -> str:
    if difference.n_determined is None:
        return f"not tested: {difference.not_tested}" if difference.not_tested else ""
    in_whom = f"in {difference.n_determined} of {len(difference.subjects)}"
    return in_whom if difference.tested else f"{in_whom}: not tested"


def _effect(value: float) -> str:
    text = f"{round(value, 2) + 0.0:.2f}" if np.isfinite(value) else "\N{EN DASH}"
    return text.replace("-", "\N{MINUS SIGN}")


def _p(value: float) -> str:
    return "\N{EN DASH}" if not np.isfinite(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def nothing_hangs(comparison: Comparison) -> str:
    """Say that no verdict changes, or that with so few subjects none could."""
    most = max((len(difference.subjects) for difference in comparison.differences), default=0)
    if can_change(most, comparison):
        return "No verdict changes when a single subject is left out."
    return (
        f"With {most} subjects this cannot be told: without one of them no p could be below "
        f"{level_of(comparison):.2g}, whatever the others show. Judge by the differences that are left."
    )


def hanging(influences: Sequence[Influence], comparison: Comparison) -> list[str]:
    """Return a sentence per quantity whose verdict, or direction, hangs on one subject."""
    known = {difference.quantity for difference in comparison.differences}
    return [
        f"{quantity_name(quantity)}: the {what} changes without {list_words(names)}."
        if len(names) == 1
        else f"{quantity_name(quantity)}: the {what} changes without any one of {list_words(names)}."
        for what, attribute in (("verdict", "changes_verdict"), ("direction of the difference", "changes_sign"))
        for quantity, names in _without(influences, attribute).items()
        if quantity in known
    ]


def _without(influences: Sequence[Influence], attribute: str) -> dict[str, list[str]]:
    """Return without whom something of each quantity changes."""
    found: dict[str, list[str]] = {}
    for influence in influences:
        if getattr(influence, attribute):
            found.setdefault(influence.quantity, []).append(f"sub-{influence.subject}")
    return found


# drives ----------------------------------------------------------------------------------------------------


def drive_rows(entries: Sequence[Entry]) -> Iterator[tuple[str, ...]]:
    """Yield when each drive came, over subjects, as :data:`DRIVE_HEADER` says."""
    from ..network import EvokedDrive

    times: dict[tuple[str, str, str], list[float]] = {}
    for entry in entries:
        drives: Mapping[str, Any] = {} if entry.fit is None else entry.fit.network.drives
        for name, drive in drives.items():
            if isinstance(drive, EvokedDrive):
                times.setdefault((entry.condition, name, drive.location), []).append(drive.mu_ms)
    order = conditions_of(entries)
    for (condition, name, location), some in sorted(times.items(), key=lambda item: order.index(item[0][0])):
        spread = f"{np.std(some, ddof=1):.1f}" if len(some) > 1 else "\N{EN DASH}"
        yield condition, name, location, str(len(some)), f"{np.mean(some):.1f}", spread, _range(some, "{:.1f}")
