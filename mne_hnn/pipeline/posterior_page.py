"""The part of a report that tells how sure its explanations are."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mne

from .. import viz
from ..errors import ParameterError
from ..inference import CircuitPosterior, evidence_in_words
from ..inference.words import calibrated
from .page import Page, table
from .posterior_words import (
    CHECK_HEADER,
    CONTROL_HEADER,
    EVIDENCE_HEADER,
    HELD_OUT_HEADER,
    NUMBER_HEADER,
    check_rows,
    control_rows,
    evidence_rows,
    held_out_rows,
    named,
    number_rows,
)

__all__ = ["SECTION", "Shown", "show_posteriors"]

SECTION = "How sure are we?"


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A posterior that a report shows.

    Attributes
    ----------
    number : int
        Of the explanation, counted from 1.
    found : CircuitPosterior
        The posterior.
    controls : sequence of mapping
        What was made wrong; see :class:`mne_hnn.inference.Control`.
    held_out : mapping | None
        How well sensors were predicted that were left out, in numbers and words; see
        :class:`mne_hnn.pipeline.facts.DrawnFacts`.
    drawn_by : str | None
        Which of several estimators drew it, in words; None where there are not several.
    """

    number: int
    found: CircuitPosterior
    controls: Sequence[Mapping[str, Any]] = ()
    held_out: Mapping[str, Any] | None = None
    drawn_by: str | None = None


def show_posteriors(
    page: Page,
    shown: Sequence[Shown],
    evidence: Sequence[Mapping[str, Any]],
    *,
    forward: mne.Forward | None = None,
    cortex: tuple[str, Path] | None = None,
    trained: Sequence[Sequence[str]] = (),
) -> None:
    """Add the section on posteriors to a report.

    Parameters
    ----------
    page : Page
        The report.
    shown : sequence of Shown
        The posteriors, in the order of the explanations.
    evidence : sequence of mapping
        Rows of the table of evidence, each with its explanation.
    forward : mne.Forward | None
        Where the sources are; None where no place was searched.
    cortex : (str, path-like) | None
        Subject of FreeSurfer and folder of subjects, for the map of the place on the cortex; None draws none.
    trained : sequence of sequence of str
        What is known of each estimator that drew, in words; none if none did.
    """
    first, *rivals = shown
    page.text(_words(first), f"Explanation {first.number}, in words", SECTION)
    if trained:
        page.text("".join(map(_listed, trained)), _TRAINED if len(trained) == 1 else _TRAINED_SEVERAL, SECTION)
    page.text(
        _open(evidence) + table(evidence_rows(evidence), EVIDENCE_HEADER) + f"<p>{_EVIDENCE}</p>",
        "Which explanation the response prefers, once all numbers are open",
        SECTION,
    )
    _checked(page, first)
    _pictured(page, first, forward, cortex)
    _numbers(page, first)
    for rival in rivals:
        page.text(_words(rival), f"Explanation {rival.number}, in words", SECTION)
        _checked(page, rival)
        _predicted(page, rival)
        _numbers(page, rival)


def _open(evidence: Sequence[Mapping[str, Any]]) -> str:
    """Return which explanations the response tells apart, in words."""
    return "".join(f"<p><strong>{html.escape(text)}</strong></p>" for text in evidence_in_words(evidence))


_TRAINED = "The estimator that drew, and how its own draws were found to hold"
_TRAINED_SEVERAL = "The estimators that drew, and how their own draws were found to hold"
_EVIDENCE = (
    "Differences of the logarithms of the evidences; what is said of them follows Kass and Raftery (1995). "
    "Probabilities are those among these explanations, not among all that could be."
)


_HELD_OUT = (
    "The mean squared error judges the mean prediction alone. The density asks as well how sure a prediction is: it is "
    "lower if that is more, or less, than what was measured allows. Noise, other sources and errors of the field are "
    "the same in all rows."
)


def _words(shown: Shown) -> str:
    told = [named(text, shown.found) for text in shown.found.sentences()]
    told += [] if shown.held_out is None else [shown.held_out["sentence"]]
    told += [] if shown.drawn_by is None else [shown.drawn_by]
    warned = _listed([named(text, shown.found) for text in shown.found.warnings])
    more = f"<p>What to keep in mind:</p>{warned}" if shown.found.warnings else ""
    return f"{_listed(told)}{more}<p><strong>{html.escape(calibrated(shown.found))}</strong></p>"


def _listed(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in sentences)}</ul>"


def _checked(page: Page, shown: Shown) -> None:
    checks = [asdict(check) for check in shown.found.checks]
    page.text(
        table(check_rows(checks), CHECK_HEADER),
        f"What could show that the posterior of explanation {shown.number} is not to be believed",
        SECTION,
    )
    if shown.controls:
        page.text(
            table(control_rows(shown.controls), CONTROL_HEADER),
            f"What must be rejected, for explanation {shown.number}",
            SECTION,
        )
    if shown.held_out is not None:
        page.text(
            table(held_out_rows(shown.held_out), HELD_OUT_HEADER) + f"<p>{_HELD_OUT}</p>",
            f"Sensors that the posterior of explanation {shown.number} was not given",
            SECTION,
        )


def _pictured(page: Page, shown: Shown, forward: mne.Forward | None, cortex: tuple[str, Path] | None) -> None:
    _predicted(page, shown)
    page.add(
        viz.plot_posterior_bits(shown.found, show=False),
        f"What the response says of explanation {shown.number}, beyond what was expected",
        SECTION,
        "One bit halves what was left open. A number with less (grey) is not determined, whatever its median.",
    )
    page.add(
        viz.plot_posterior_marginals(shown.found, show=False),
        f"Each number of explanation {shown.number}, before and after",
        SECTION,
        "Grey: what was expected before; coloured: once the response is seen. Bars: 50 % (thick) and 90 % (thin).",
    )
    if shown.found.place is not None and forward is not None:
        page.add(
            viz.plot_posterior_place(shown.found, forward, show=False),
            f"Where the patch of explanation {shown.number} may be",
            SECTION,
            "Each source of the label that was searched, seen from outside, and the radius of the patch. "
            "The most probable one is said to be more probable than it is: take it as the order of the places.",
        )
        if cortex is not None:
            _on_cortex(page, shown, forward, cortex)


def _on_cortex(page: Page, shown: Shown, forward: mne.Forward, cortex: tuple[str, Path]) -> None:
    """Show the place on the cortex, or say why not: the flat map is there without it."""
    assert shown.found.place is not None
    place, title = shown.found.place, f"Where the patch of explanation {shown.number} may be, on the cortex"
    try:
        figure = viz.plot_posterior_cortex(shown.found, forward, *cortex, show=False)
    except ParameterError as error:
        page.text(f"<p>Not drawn. {html.escape(str(error))}</p>", title, SECTION)
        return
    page.add(
        figure,
        title,
        SECTION,
        f"Colour: the probability that a place is part of the patch. Blue: the sources that hold its centre with 90 %, "
        f"{place.area_mm2():.0f} of the {place.areas_mm2.sum():.0f} mm² of {place.label} (black), each with the "
        "part of the surface that is nearest to it.",
    )


def _predicted(page: Page, shown: Shown) -> None:
    page.add(
        viz.plot_posterior_predictions(shown.found, show=False),
        f"What the posterior of explanation {shown.number} predicts",
        SECTION,
        "The response, and the bands that hold 50 and 90 % of the mean moments. Dashed: 90 % of responses with noise, "
        "chance, and what the model leaves. Marks at the bottom: 90 % of the time of each drive."
        + (" Below: spikes per cell of draws that were simulated." if shown.found.spikes else ""),
    )


def _numbers(page: Page, shown: Shown) -> None:
    page.text(
        table(number_rows(shown.found), NUMBER_HEADER),
        f"All numbers of explanation {shown.number}; bold: those of which the response says at least one bit",
        SECTION,
    )
