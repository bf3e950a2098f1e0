"""What a group's fits say, in words, for a reader who sees nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .comparison import SHARED
from .entry import Entry, conditions_of, recording_name
from .quantities import columns_given, quantities
from .quantity_words import change_text, number, p_text, quantity_name, rank
from .results import LEAST_R_SQUARED
from .truth import same_drives, true_times
from .wording import MOST_NAMED, list_words

if TYPE_CHECKING:
    from ..fit import Explanations
    from .comparison import Comparison, Difference
    from .findings import GroupFindings

__all__ = ["conclusions", "regime_words"]

SAME = 1.05
"""Numbers of columns whose ratio is at most this are the same: that of silent columns is kept nearly, not exactly."""
_DOING = {"spiking": "by columns whose cells fire", "silent": "by columns in which no pyramidal cell fires"}
_VERDICTS = {
    "spiking": "The evidence prefers that decisively to columns in which no cell fires.",
    "silent": "The evidence prefers that decisively to columns whose cells fire.",
    "undecided": "Whether cells fire, the average alone does not tell: the evidence of both is about as high.",
    "none": "Yet nothing that was found can be what happened:",
}


def conclusions(findings: GroupFindings) -> list[str]:
    """Return what a group's fits say: which explanation, in how many, what differs, what could not be determined.

    Parameters
    ----------
    findings : GroupFindings
        Results of all, and what was made of them.
    """
    fitted = [entry for entry in findings.good if entry.fit is not None]
    if not fitted:
        return []
    comparison = findings.comparison
    return [
        *_explained(findings.structure),
        *_everybody(fitted, findings.structure is not None),
        *_spikes(fitted),
        *([] if comparison is None else _differs(comparison, findings.true)),
        *([] if comparison is None else _left_open(comparison)),
        *_doubtful(fitted),
        *_truly(findings, fitted),
    ]


def regime_words(regime: str | None) -> str:
    """Return how an explanation of a regime says that a response was made."""
    return _DOING.get(regime or "", "by a column")


def _sequence(pairs: Sequence[tuple[str, float]]) -> str:
    return list_words(f"a {location} one at {mu:.0f} ms" for location, mu in pairs)


def _explained(structure: Explanations | None) -> Iterator[str]:
    if structure is None:
        return
    first = structure.first
    n = len(first.sequence)
    yield (
        f"The average of all targets is explained best {regime_words(first.regime)}, with {n} "
        f"drive{'s' if n > 1 else ''}: {_sequence(first.sequence)} (R² {first.r_squared:.3f} in trials that the search "
        f"has not seen). {_verdict(structure)}"
        + (f" {' '.join(first.refusals)}" if structure.verdict == "none" else "")
    )


def _verdict(structure: Explanations) -> str:
    if structure.verdict == "undecided" and len(structure.settings.regimes) == 1:
        return "Nothing else was looked for."
    other = "silent" if structure.first.regime == "spiking" else "spiking"
    refused = structure.of(other)
    if structure.verdict == "none" or not refused or any(item.admissible for item in refused):
        return _VERDICTS[structure.verdict]
    # by what is refused nothing was decided, or it alone stands against the first
    columns = "columns in which no cell fires" if other == "silent" else "columns whose cells fire"
    if structure.verdict == "undecided" and any(item.nearly_fits for item in refused):
        return (
            f"Whether cells fire, the average alone does not tell: {columns} are refused for their number of cells, "
            f"but not decisively less probable. {' '.join(refused[0].refusals)}"
        )
    if structure.verdict == "undecided":
        return (
            f"Whether cells fire, the average alone does not tell: the evidence of {columns} is decisively higher, yet "
            f"they are refused. {' '.join(refused[0].refusals)}"
        )
    return f"What there is by {columns} is refused. {' '.join(refused[0].refusals)}"


def _everybody(fitted: Sequence[Entry], in_common: bool) -> Iterator[str]:
    subjects, n = len({entry.subject for entry in fitted}), len(fitted)
    whom = f"{subjects} subject{'s' if subjects > 1 else ''} ({n} fit{'s' if n > 1 else ''})"
    if in_common:
        yield f"All fits, of {whom}, are of this kind, with these drives; times, spreads and weights are their own."
    else:
        regimes = [entry.regime for entry in fitted if entry.regime is not None]
        told = list_words(f"{regimes.count(name)} {words}" for name, words in _DOING.items() if name in regimes)
        yield f"Each target was explained by itself, of {whom}{f': {told}' if told else ''}."
    columns = [entry.fit.scale for entry in fitted if entry.fit is not None]
    words = f"Columns that act together: median {number(float(np.median(columns)))}, {number(min(columns))} to "
    words += number(max(columns))
    yield f"{words}{_sharing(fitted)}."


def _sharing(fitted: Sequence[Entry]) -> str:
    """Return how many recordings have one number of columns in all their conditions, if it was asked for."""
    if not any(columns_given(entry.fit) for entry in fitted if entry.fit is not None):
        return ""
    own: dict[tuple[str, str | None], list[float]] = {}
    for entry in fitted:
        if entry.fit is not None:
            own.setdefault((entry.recording, entry.task), []).append(entry.fit.scale)
    same = sum(max(some) <= SAME * min(some) for some in own.values())
    if same == len(own):
        return ", the same in all conditions of a person"
    return (
        f"; they are the same in all conditions in {same} of {len(own)} recordings, and differ where a condition was "
        "hardly explained, or needs more columns for its cells to stay silent"
    )


def _spikes(fitted: Sequence[Entry]) -> Iterator[str]:
    rows = [row for row in quantities(fitted) if row.group == "spikes" and not row.quantity.endswith("_ms")]
    if not rows:
        return
    if not any(row.value > 0 for row in rows):
        yield "In no fit does any cell fire."
        return
    told = []
    for condition in conditions_of(fitted):
        types = dict.fromkeys(row.quantity for row in rows)
        means = [
            f"{name.partition('.')[2].replace('_', ' ')} "
            + number(
                float(np.mean([row.value for row in rows if row.quantity == name and row.condition == condition])), 2
            )
            for name in types
        ]
        told.append(f"{condition}: {', '.join(means)}")
    yield f"Spikes per cell, on average over subjects: {'; '.join(told)}."


def _differs(comparison: Comparison, true: Mapping[str, Difference]) -> Iterator[str]:
    a, b = comparison.contrast
    some = [
        difference
        for difference in comparison.differences
        if difference.tested and (difference.group == "spikes" or difference.quantity.endswith(".mu_ms"))
    ]
    if not some:
        return
    clear = [difference for difference in some if difference.p_holm < 1 - comparison.confidence]
    if clear:
        chosen = sorted(clear, key=lambda difference: rank(difference.quantity))
        begins = f"Between {a} and {b} these differ, corrected for their number: "
    else:
        chosen = sorted(some, key=lambda difference: (np.nan_to_num(difference.p, nan=2.0), difference.quantity))[:3]
        begins = f"Between {a} and {b} no number or time of spikes or drives differs for certain; nearest to it come "
    yield begins + list_words((_changed(difference, true) for difference in chosen), MOST_NAMED) + "."


def _changed(difference: Difference, true: Mapping[str, Difference]) -> str:
    words = f"{quantity_name(difference.quantity)} {change_text(difference)}, {p_text(difference.p)}"
    if (truth := true.get(difference.quantity)) is not None:
        words += f", truly {change_text(truth).partition(' (')[0]}"
    return words


def _left_open(comparison: Comparison) -> Iterator[str]:
    loose = [difference for difference in comparison.differences if not difference.tested]
    names = [quantity_name(difference.quantity) for difference in loose if difference.not_tested != SHARED]
    if names:
        yield (
            f"Not tested, as the data of most subjects do not determine {'it' if len(names) == 1 else 'them'}: "
            f"{list_words(names, MOST_NAMED)}."
        )


def _doubtful(fitted: Sequence[Entry]) -> Iterator[str]:
    refused = [entry for entry in fitted if entry.refusals]
    if refused:
        yield (
            f"Not to be believed as {'it is' if len(refused) == 1 else 'they are'}: "
            f"{list_words(map(_name, refused), MOST_NAMED)}. {refused[0].refusals[0]}"
        )
    poor = [entry for entry in fitted if entry.fit is not None and entry.fit.r_squared < LEAST_R_SQUARED]
    if poor:
        yield f"Explained by less than half: {list_words(map(_name, poor), MOST_NAMED)}."


def _name(entry: Entry) -> str:
    return f"{recording_name(entry)} {entry.condition}"


def _truly(findings: GroupFindings, fitted: Sequence[Entry]) -> Iterator[str]:
    known = [entry for entry in fitted if entry.subject in findings.truths]
    if not known:
        return
    words = "These data were generated, and what truly happened is shown beside what was found."
    if not same_drives(findings.truths, known):
        first = known[0]
        true = true_times(findings.truths[first.subject], first.condition)
        yield f"{words} The true drives are others: {_sequence(true)}, in {_name(first)}."
        return
    apart = [
        abs(mu - at)
        for entry in known
        if entry.fit is not None
        for (_, mu), (_, at) in zip(
            entry.fit.sequence, true_times(findings.truths[entry.subject], entry.condition), strict=True
        )
    ]
    yield (
        f"{words} Their sequence was found; times of drives are off by {np.median(apart):.1f} ms in the median, "
        f"{max(apart):.1f} ms at most."
    )
