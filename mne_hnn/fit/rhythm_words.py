"""Explanations of a rhythm in words, for a reader who sees nothing else."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from .._units import NAM
from .amplitude import _number
from .evidence import DECISIVE
from .explanation_words import _REGIMES, _far, _spikes, _state, evidence_difference, odds
from .rhythm_explanation import CLEARLY

if TYPE_CHECKING:
    from .rhythm_explanation import RhythmExplanation, RhythmExplanations

__all__ = ["sentences"]

_MEANING = (
    "Evidence is the natural logarithm of how probable the spectrum is, and what the explanation claims, at its best "
    f"point: a difference of {DECISIVE:.0f} means odds of {odds(DECISIVE)}, and less decides nothing."
)

_FREE = (
    "Below threshold weaker drives in more columns make the same spectrum: the number is what was expected, as far as "
    "cells stay silent with it."
)


def sentences(explanations: RhythmExplanations) -> list[str]:
    """Return what was found, in words: what was measured, the verdict, what each explanation claims.

    Parameters
    ----------
    explanations : RhythmExplanations
        What :func:`mne_hnn.fit.explain_rhythm` returned.

    Returns
    -------
    sentences : list of str
        In the order in which they are to be read, each with its full stop.
    """
    found = [_measured(explanations), *_verdict(explanations)]
    for number, item in enumerate(explanations, 1):
        found += [f"Explanation {number} ({_state(item)}) has as input {_input(item)}.", *_claims(item)]
    return found


def _measured(explanations: RhythmExplanations) -> str:
    settings, moment = explanations.settings, explanations.moment
    where = f"{settings.fmin:g} to {settings.fmax:g} Hz"
    if settings.bands is not None:
        bands = ", ".join(f"{low:g} to {high:g} Hz" for low, high in settings.bands)
        return f"Wanted is power at {bands}, of all from {where}."
    if moment is None:
        return f"Of the spectrum from {where} the shape counts: columns and cells cannot be counted."
    area = moment.provenance.get("area_mm2")
    patch = "the area of its patch is not known" if area is None else f"its patch has {_number(float(area))} mm²"
    return (
        f"From {where} the rhythm has the power of a sinusoid of {_number(float(moment['agg'].max()) / NAM)} nA m; "
        f"{patch}."
    )


def _input(item: RhythmExplanation) -> str:
    return ", ".join(f"{place} bursts at {rate:.1f} Hz" for place, rate in item.bursts) or "no bursty drive"


def _claims(item: RhythmExplanation) -> list[str]:
    """Return how near an explanation is, how many cells and spikes it takes, what is odd."""
    like = "" if isnan(item.likeness) else f"; the logarithms of both spectra correlate with r = {item.likeness:.2f}"
    found = [f"Its loss in fresh trials is {item.loss:.3g} ± {item.loss_error:.2g}{like}."]
    if item.amplitude is not None:
        words = item.amplitude.sentence()
        if not any(words in refusal for refusal in item.refusals):  # it is said there
            found.append(f"It takes {words}.")
        if item.regime == "silent":
            found.append(_FREE)
    found += [_spikes(item), *_far(item, brief=False)]
    if item.refusals:
        text = " ".join(item.refusals)
        found.append(f"It is refused: {text[0].lower()}{text[1:]}")
    return found


def _verdict(explanations: RhythmExplanations) -> list[str]:
    verdict, first = explanations.verdict, explanations.first
    if verdict == "none":
        return ["All that was found is refused, so that it remains open whether cells fire."]
    if len(explanations) == 1:
        other = _REGIMES["spiking" if first.regime == "silent" else "silent"]
        return [f"Whether cells fire is undecided, as there is no explanation in which {other} to compare with."]
    second = explanations[1]
    compared, reason = _compared(first, second)
    if verdict != "undecided":
        because = f"what there is in which {_REGIMES[second.regime]} is refused; " if not second.admissible else ""
        return [f"The verdict is that {_REGIMES[verdict]}: {because}{compared}.", *reason]
    if second.in_regime and not second.impossible:
        return [f"Whether cells fire is undecided: {compared}, which does not decide.", *reason]
    if not second.in_regime:
        return [
            f"Whether cells fire is undecided: the search for a column in which {_REGIMES[second.regime]} ended in "
            "another state, and what was not found is not refuted."
        ]
    return [
        f"Whether cells fire is undecided: what there is in which {_REGIMES[second.regime]} is refused, yet "
        f"{compared}. Either the reason of the refusal does not hold, or neither is what happened.",
        *reason,
    ]


def _compared(first: RhythmExplanation, second: RhythmExplanation) -> tuple[str, list[str]]:
    """Return how the first compares with the second, and what that means."""
    if first.evidence.parts and second.evidence.parts:
        difference, error = evidence_difference(first, second)
        way, against = ("higher", "") if difference >= 0 else ("lower", " against it")
        words = (
            f"the evidence of the first is {abs(difference):.1f} ± {error:.1f} {way} than that of the second "
            f"({odds(difference)}{against})"
        )
        return words, [_MEANING, _tried(first, second)]
    return (
        f"the losses are {first.loss:.3g} ± {first.loss_error:.2g} and {second.loss:.3g} ± {second.loss_error:.2g}",
        [f"A difference counts from {CLEARLY:g} and twice its standard error on.", _tried(first, second)],
    )


def _tried(first: RhythmExplanation, second: RhythmExplanation) -> str:
    """Return what the comparison hangs on."""
    fewest = min(len(first.fit.evaluations), len(second.fit.evaluations))
    return f"It compares the best of at least {fewest} networks tried in each state: too short a search tells nothing."
