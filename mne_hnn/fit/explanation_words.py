"""Explanations in words: the paragraph that begins a report, for a reader who sees nothing else."""

from __future__ import annotations

from math import exp, hypot, log
from typing import TYPE_CHECKING

import numpy as np

from .._units import MS, NAM
from ..network import EvokedDrive
from .amplitude import _number
from .doubts import NO_BETTER
from .evidence import DECISIVE
from .explanation_rows import alike_of
from .telling_apart import telling_apart

if TYPE_CHECKING:
    from ..network import Network
    from .explanation import Explanation, Explanations

__all__ = ["evidence_difference", "odds", "paragraphs", "sentences", "sequence_words"]

HALF = 0.5
"""R² below which an explanation is said to explain less than half."""
BETTER = 0.05
"""R² by which a refused explanation must be better for a reader to be told."""
MOST_ODDS = 1e6
FARTHEST = 99.0
"""Distances are clipped there: what is infinitely far, such as no spike at all."""
_REGIMES = {"spiking": "cells fire", "silent": "no cell fires"}
_QUANTITIES = {
    "columns_per_nAm": "columns per nA m",
    "fraction": "share of the cells that take part",
    "density_nAm_per_mm2": "moment per mm²",
    "columns": "number of columns",
}
_OF_DRIVES = {"mu_ms": "time", "sigma_ms": "spread"}


def sentences(explanations: Explanations) -> list[str]:
    """Return what was found, in words: what was measured, what each explanation claims, the verdict, what would help.

    Parameters
    ----------
    explanations : Explanations
        What :func:`mne_hnn.fit.fit_evoked` returned.

    Returns
    -------
    sentences : list of str
        In the order in which they are to be read, each with its full stop.
    """
    return [text for part in paragraphs(explanations) for text in part]


def paragraphs(explanations: Explanations) -> list[list[str]]:
    """Return the same sentences by paragraph: what was measured and the verdict, each explanation, what would help."""
    found = [[_measured(explanations), _looked_for(explanations), *_verdict(explanations)]]
    best = [explanations.spiking, explanations.silent]
    for number, item in enumerate(explanations, 1):
        subject = f"Explanation {number} ({_state(item)}) has as input" if len(explanations) > 1 else "Its input is"
        found.append([f"{subject} {sequence_words(item)}.", *_claims(item, brief=item not in best)])
    last = [*_rivals(explanations), *telling_apart(explanations)]
    return [*found, last] if last else found


def sequence_words(item: Explanation) -> str:
    """Return the drives of an explanation: 'proximal 29 ms, distal 62 ms'."""
    return ", ".join(f"{place} {mu:.0f} ms" for place, mu in item.sequence) or "no evoked drive"


def evidence_difference(item: Explanation, other: Explanation) -> tuple[float, float]:
    """Return how much higher the evidence of an explanation is than that of another, and the error of that."""
    return item.evidence.value - other.evidence.value, hypot(item.evidence.error, other.evidence.error)


def odds(difference: float) -> str:
    """Return a difference of evidence, a natural logarithm, as odds: '20 to 1'."""
    size = abs(difference)
    if size >= log(MOST_ODDS):
        return "more than a million to 1"
    return "about even" if size < log(1.5) else f"{_number(float(f'{exp(size):.2g}'))} to 1"


def _measured(explanations: Explanations) -> str:
    target = explanations.target
    course = target["agg"]
    peak = int(np.abs(course).argmax())
    unit, time = target.provenance.get("unit", "A m"), f"{target.times[peak] / MS:.0f} ms"
    label = target.provenance.get("label")
    where = f" in {label}" if isinstance(label, str) and label else ""
    if unit != "A m":
        way = "up" if course[peak] > 0 else "down"
        return (
            f"The response{where} is largest at {time}, where it goes {way}; it has no unit of a current dipole (A m)."
        )
    way = "deep to superficial" if course[peak] > 0 else "superficial to deep"
    return (
        f"The response{where} reaches {_signed(course[peak] / NAM, '.3g')} nA m at {time} (current from {way} layers); "
        f"{_patch(explanations)}."
    )


def _patch(explanations: Explanations) -> str:
    area = explanations.target.provenance.get("area_mm2")
    return "the area of its patch is not known" if area is None else f"its patch has {_number(float(area))} mm²"


def _looked_for(explanations: Explanations) -> str:
    """Return what there is, and what was not looked for."""
    settings, first = explanations.settings, explanations.first
    if settings.drives == "network":
        return (
            f"There is one explanation, found around the drives that the network had, in which {_state(first)}: others "
            "were not looked for."
        )
    counts = {regime: len(explanations.of(regime)) for regime in _REGIMES}
    parts = [f"{_count(n)} in which {_REGIMES[regime]}" for regime, n in counts.items() if n]
    words = f"There {'is' if parts[0].startswith('one') else 'are'} {' and '.join(parts)}"
    words += ", the most plausible first" if len(explanations) > 1 else ""
    for regime, state in _REGIMES.items():
        if not counts[regime]:
            searched = regime in settings.regimes
            words += f"; one in which {state} was " + ("searched and not found" if searched else "not looked for")
    return f"{words}."


def _count(number: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six")
    counted = words[number] if number < len(words) else str(number)
    return f"{counted} explanation{'s' * (number != 1)}"


def _state(item: Explanation) -> str:
    """Return whether cells fire, also where a search wanted it otherwise."""
    fires = _pyramidal_rate(item) > 0
    if fires == (item.regime == "spiking"):
        return _REGIMES[item.regime]
    return "cells were to stay below threshold, some fire" if fires else "cells were to fire, none does"


# what one explanation claims


def _claims(item: Explanation, *, brief: bool) -> list[str]:
    """Return how good an explanation is, how many cells and spikes it takes, what is odd; in brief not all of it."""
    no_better = [text for text in item.fit.warnings if text.startswith(NO_BETTER)]
    found = [_how_well(item), *no_better, *_amount(item, brief=brief)]
    if not brief:
        found.append(_spikes(item))
    found += _far(item, brief=brief)
    if item.refusals:
        text = " ".join(item.refusals)
        found.append(f"It is refused: {text[0].lower()}{text[1:]}")
    return found


def _how_well(item: Explanation) -> str:
    r_squared = item.r_squared
    if np.isnan(r_squared):
        return "How much of the response it explains is not known."
    value = _signed(r_squared, ".3f").removeprefix("+")
    if r_squared <= 0:
        return (
            f"It explains nothing: its R² in fresh trials is {value}, and the mean of the response alone would have 0."
        )
    known = item.fit.scores.ceiling
    most = f"; the noise of the response leaves {known:.3f} to be reached" if np.isfinite(known) and known > 0 else ""
    if r_squared < HALF:
        return (
            f"It explains too little to be believed, less than half of the response (R² {value} in fresh trials{most})."
        )
    return f"It explains {100 * r_squared:.1f} % of the response's variance in fresh trials (R² {value}{most})."


def _amount(item: Explanation, *, brief: bool) -> list[str]:
    """Return columns, cells and mm², and whether the patch has them."""
    amplitude, target = item.amplitude, item.fit.target
    if amplitude is None:
        if target is not None and target.provenance.get("unit", "A m") != "A m":
            return [] if brief else ["Its columns and cells cannot be counted, as the response has no unit."]
        return [f"It takes {_number(item.columns)} columns, whose cells cannot be counted in mm² of cortex."]
    words = amplitude.sentence()
    if any(words in refusal for refusal in item.refusals):  # it is said there
        return []
    if brief:
        return [f"It takes {_number(amplitude.columns)} columns, {_number(amplitude.area_mm2)} mm²."]
    found = [f"It takes {words}."]
    share = amplitude.share_of_patch
    if share is not None and share <= 1:
        found.append(f"The patch has enough cells: {_number(100 * share)} % of its area would do.")
    if amplitude.firing:
        found.append("Those that take no part are assumed to stay below threshold.")
    return found


def _pyramidal_rate(item: Explanation) -> float:
    """Return spikes per cell of the pyramidal type that fires most."""
    return max((item.spikes.types[name].per_cell for name in _pyramidal(item.network)), default=0.0)


def _pyramidal(network: Network) -> list[str]:
    return [name for name, template in network.cell_types.items() if template.measures_dipole]


def _spikes(item: Explanation) -> str:
    """Return how many spikes the cells of each type fire, when, and which layer fires most."""
    counts = item.spikes.types
    pyramidal = _pyramidal(item.network)
    firing = [name for name in sorted(counts, key=lambda name: (name not in pyramidal, name)) if counts[name].per_cell]
    window = f"{item.spikes.window_ms:.0f} ms"
    if not firing:
        return f"No cell of any type fires in {window}."
    parts = [
        f"{_plain(name)} {_rate(counts[name].per_cell)} (half of them by {counts[name].median_ms:.0f} ms; "
        f"{_share(counts[name].share_firing)} of the cells fire)"
        for name in firing
    ]
    rates = f"spikes per cell of the column in {window}: {', '.join(parts)}"
    loud = sorted((name for name in firing if name in pyramidal), key=lambda name: -counts[name].per_cell)
    if not loud:
        return f"No pyramidal cell fires; {rates}."
    quiet = [name for name in pyramidal if name not in loud]
    silent = f"; {' and '.join(_plain(name) for name in quiet)} cells are silent" if quiet else ""
    return f"{rates[0].upper()}{rates[1:]}{silent}; of pyramidal cells those of {_layer(item, loud[0])} fire most."


def _rate(per_cell: float) -> str:
    return f"{per_cell:.2f}" if per_cell >= 0.005 else "less than 0.01"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 else "less than 1 %"


def _layer(item: Explanation, cell_type: str) -> str:
    layer = item.network.cell_types[cell_type].layer
    return {"L2": "layer 2/3", "L5": "layer 5"}.get(layer, f"layer {layer}")


def _plain(cell_type: str) -> str:
    return cell_type.replace("_", " ")


def _far(item: Explanation, *, brief: bool) -> list[str]:
    """Return what lies more than two standard deviations from what was expected."""
    far = item.far
    if not item.distances or (brief and not far):
        return []
    if not far:
        return ["All that can be compared with what was expected lies within 2 standard deviations of it."]
    parts = [f"{_quantity(name, item)} ({_deviations(name, distance)})" for name, distance in far.items()]
    return [f"Far from what was expected: {', '.join(parts)}."]


def _quantity(name: str, item: Explanation) -> str:
    if name in _QUANTITIES:
        return _QUANTITIES[name]
    head, _, tail = name.partition(".")
    if head == "spikes":
        return f"spikes of {_plain(tail)} cells"
    drive, _, kind = tail.rpartition(".")
    known = item.network.drives.get(drive)
    whose = f"{known.location} input at {known.mu_ms:.0f} ms" if isinstance(known, EvokedDrive) else drive
    return f"{_OF_DRIVES.get(kind, kind)} of the {whose}"


def _deviations(name: str, distance: float) -> str:
    more, less = ("later", "earlier") if name.endswith(".mu_ms") else ("more", "less")
    way = more if distance > 0 else less
    return f"far {way}" if abs(distance) >= FARTHEST else f"{abs(distance):.1f} standard deviations {way}"


# which of them


def _verdict(explanations: Explanations) -> list[str]:
    verdict, first = explanations.verdict, explanations.first
    if verdict == "none":
        every = "It is refused" if len(explanations) == 1 else "All of them are refused"
        return [f"{every}, however well the curve is met, so that it remains open whether cells fire."]
    if verdict == "undecided":
        found = _undecided(explanations)
    else:
        other = next(iter(_able(explanations, "silent" if verdict == "spiking" else "spiking")), None)
        found = _decided(explanations, verdict, other)
    if len(explanations) > 1 and first.r_squared < HALF:
        found.append("But even the first explains too little of the response for any of this to count.")
    return found


def _able(explanations: Explanations, regime: str) -> list[Explanation]:
    return [item for item in explanations.of(regime) if item.admissible]


def _decided(explanations: Explanations, verdict: str, other: Explanation | None) -> list[str]:
    claim = f"The verdict is that {_REGIMES[verdict]}"
    state = _REGIMES["silent" if verdict == "spiking" else "spiking"]
    first = explanations.first
    if other is not None:
        return [f"{claim}: the evidence of the first is {_higher(first, other)} than if {state}.", _EVIDENCE]
    refused = explanations.of("silent" if verdict == "spiking" else "spiking")[0]
    found = [
        f"{claim}, as what there is in which {state} is refused. The evidence of the first is "
        f"{_higher(first, refused)} than that of the best of what is refused.",
        _EVIDENCE,
    ]
    if refused.r_squared > first.r_squared + BETTER:
        found.append(
            f"What is refused meets the response better (R² {refused.r_squared:.3f} against {first.r_squared:.3f}): "
            "the verdict hangs on why it is refused."
        )
    return found


_EVIDENCE = (
    "Evidence is the natural logarithm of how probable the response is, averaged over all that an explanation of its "
    f"kind allows beforehand: a difference of {DECISIVE:.0f} means odds of {odds(DECISIVE)}, and less decides nothing."
)


def _higher(item: Explanation, other: Explanation) -> str:
    difference, error = evidence_difference(item, other)
    way, against = ("higher", "") if difference >= 0 else ("lower", " against it")
    return f"{abs(difference):.1f} ± {error:.1f} {way} ({odds(difference)}{against})"


def _against_a_refusal(explanations: Explanations) -> list[str]:
    """Return why nothing is claimed although one regime is refused."""
    first = explanations.first
    other = "silent" if first.regime == "spiking" else "spiking"
    best = max(explanations.of(other), key=lambda item: item.evidence.value)
    if not best.evidence.decides_over(first.evidence):
        best = max((item for item in explanations.of(other) if item.nearly_fits), key=lambda item: item.evidence.value)
        share = 100 * exp(best.evidence.parts["cells"])
        return [
            f"Whether cells fire is undecided: what there is in which {_REGIMES[other]} is refused for its number of "
            f"cells, but of the numbers that are plausible of its kind the patch holds {share:.0f} %, and its evidence "
            f"is {_higher(best, first)} than that of the first explanation, which does not decide.",
            _EVIDENCE,
        ]
    return [
        f"Whether cells fire is undecided: what there is in which {_REGIMES[other]} is refused, yet its evidence is "
        f"{_higher(best, first)} than that of the first explanation. Either the reason of the refusal does not hold, "
        "or neither is what happened.",
        _EVIDENCE,
    ]


def _undecided(explanations: Explanations) -> list[str]:
    spiking, silent = (next(iter(_able(explanations, regime)), None) for regime in ("spiking", "silent"))
    first = explanations.first
    if len({item.regime for item in explanations}) > 1 and (spiking is None or silent is None) and first.admissible:
        return _against_a_refusal(explanations)
    if spiking is not None and silent is not None:
        high, low = sorted((spiking, silent), key=lambda item: -item.evidence.value)
        difference, error = evidence_difference(high, low)
        expected = difference - (high.evidence.said_by_data - low.evidence.said_by_data)
        if difference <= DECISIVE:
            reason = "less than decides"
        elif difference > 2 * error:
            reason = f"of which {expected:.1f} was expected beforehand, and the rest decides nothing"
        else:
            reason = "but not by twice its error"
        return [
            f"Whether cells fire is undecided: the evidence is {difference:.1f} ± {error:.1f} higher if "
            f"{_REGIMES[high.regime]} ({odds(difference)}), {reason}.",
            _EVIDENCE,
        ]
    regime = explanations.first.regime
    if explanations.settings.drives == "network":
        return ["Whether a column in another state explains the response as well is not known: nothing was compared."]
    other = "silent" if regime == "spiking" else "spiking"
    return [f"Whether cells fire is undecided, as there is no explanation in which {_REGIMES[other]} to compare with."]


def _rivals(explanations: Explanations) -> list[str]:
    """Return which other sequences of the first one's kind fit as well, and which do not."""
    first = explanations.first
    own = [item for item in explanations.of(first.regime) if item is not first]
    alike = alike_of(explanations)
    close = [item for item in alike[1:] if evidence_difference(first, item)[0] <= DECISIVE]
    vague = [item for item in alike[1:] if item not in close]
    found = []
    if close:
        parts = [_lower(first, item) for item in close]
        found.append(
            f"As far as the response tells, other input fits as well: {'; '.join(parts)}. What differs between these "
            "and the first is not determined."
        )
    if vague:
        found.append(
            "The evidence is too uncertain to decide against other input, although it is lower: "
            f"{'; '.join(_lower(first, item) for item in vague)}."
        )
    behind = [item for item in own if first.evidence.decides_over(item.evidence) and item.admissible]
    if behind:
        parts = [f"{sequence_words(item)} ({odds(evidence_difference(first, item)[0])})" for item in behind]
        found.append(f"The evidence decides for the first against {'; '.join(parts)}.")
    return found


def _lower(first: Explanation, item: Explanation) -> str:
    difference, error = evidence_difference(first, item)
    return f"{sequence_words(item)} (evidence {difference:.1f} ± {error:.1f} lower, {odds(difference)})"


def _signed(value: float, form: str) -> str:
    return f"{value:+{form}}".replace("-", "\N{MINUS SIGN}")
