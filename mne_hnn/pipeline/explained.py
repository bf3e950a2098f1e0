"""The parts of a report that tell of explanations, for a subject's report and for one of a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import mne

from .. import viz
from ..fit import Contributions, Explanations, FitResult, UnfittedSettings
from ..viz.colors import COMPARED
from .explained_words import (
    CONTRIBUTION_HEADER,
    EXPLAINED_GLOSSARY,
    INTERVAL_HEADER,
    PRIOR_HEADER,
    contribution_rows,
    explanation_header,
    explanation_rows,
    first_paragraph,
    interval_rows,
    names,
    prior_table_rows,
    prior_values,
    rival_words,
    truth_rows,
)
from .noted import taken_apart
from .page import Page, table
from .wording import DRIVE_HEADER, GLOSSARY, drive_rows, intervals_by, plain_warnings, score_rows

if TYPE_CHECKING:
    from ..source.demo import Truth

__all__ = ["ExplainedPage"]

SECTION = "Explanations"


class ExplainedPage(Page):
    """A report on explanations that is being written.

    Parameters
    ----------
    report : mne.Report
        The report.
    explanations : Explanations
        What was found.
    contributions : Contributions | None
        Of the explanation that was taken apart.
    truth : Truth | None
        What made the response, where it was generated.
    """

    def __init__(
        self,
        report: mne.Report,
        explanations: Explanations,
        *,
        contributions: Contributions | None = None,
        truth: Truth | None = None,
    ) -> None:
        super().__init__(report)
        self.explanations, self.contributions, self.truth_known = explanations, contributions, truth

    @property
    def fitted(self) -> bool:
        """Whether drives were searched."""
        return self.result.kind != "none"

    @property
    def result(self) -> FitResult:
        """The fit of the first explanation."""
        return self.explanations.first.fit

    @property
    def named(self) -> str:
        """What its column is called."""
        return "fitted" if self.fitted else "configured"

    def paragraph(self, section: str = "Summary") -> None:
        """Begin with what was found, in words."""
        self.text(first_paragraph(self.explanations), "What was found, in words", section)

    def words(self, section: str = "Summary") -> None:
        """Add the drawing of the column, and what the words mean."""
        self.column(section, (*GLOSSARY, *EXPLAINED_GLOSSARY))

    def explained(self) -> None:
        """Show all explanations, what was expected of them, what their drives do, and the truth where it is known."""
        found = self.explanations
        self.text(table(explanation_rows(found), explanation_header(found)), "The explanations side by side", SECTION)
        self.add(
            viz.plot_explanations(found, show=False),
            "The explanations in pictures",
            SECTION,
            "Left: the response (grey) and the dipole of each explanation, with its drives (arrows) and its spikes. "
            "Right: evidence beside that of the first, spikes per cell beside what is plausible, and the cortex that "
            "each takes beside that of the patch.",
        )
        if self.fitted:
            self.text(
                f"<p>{html.escape(rival_words(found))}</p>" + table(interval_rows(found), INTERVAL_HEADER),
                "What drives and columns may be, over everything that fits as well",
                SECTION,
            )
        self.spikes()
        self.parts()
        self.expected()
        self.truth()

    def spikes(self) -> None:
        """Show how many spikes cells fire, beside what is plausible."""
        item = self.explanations.spiking
        if item is None:
            return
        counts = item.spikes
        bands = {
            name: spikes.interval()
            for name, spikes in self.explanations.prior.spikes_in(counts.window_ms).items()
            if name in counts.types
        }
        number = self.explanations.items.index(item) + 1
        self.add(
            viz.plot_spikes_per_cell(counts, bands, show=False),
            f"Spikes per cell of explanation {number}",
            SECTION,
            f"In {counts.n_trials} fresh trials of {counts.window_ms:.0f} ms. Bands: the 90 % interval of what is "
            "plausible for cells that take part, after recordings in vivo and published fits (sources below).",
        )

    def parts(self) -> None:
        """Show which drive does what."""
        parts = self.contributions
        if parts is None:
            return
        found = self.explanations
        item = taken_apart(found)
        number = found.items.index(item) + 1
        target = found.target if found.target.provenance.get("unit", "A m") == "A m" else None
        self.text(
            table(contribution_rows(parts), CONTRIBUTION_HEADER),
            f"Which drive does what in explanation {number}",
            SECTION,
        )
        self.add(
            viz.plot_contributions(parts, target, show=False),
            f"Which drive does what in explanation {number}, over time",
            SECTION,
            "The dipole of a trial with the random numbers of the fresh ones. Left: what each drive contributes (with "
            "minus without it, all other events the same; the line is that drive alone). Right: the layers, and what "
            "synapses and voltage-gated channels make in each cell type. Up is towards the cortical surface.",
        )

    def expected(self) -> None:
        """Show what was plausible beforehand, with sources and what the explanations claim."""
        found = self.explanations
        window_ms = found.first.spikes.window_ms
        self.text(
            table(prior_table_rows(found.prior, window_ms), PRIOR_HEADER),
            "What was plausible beforehand, with sources",
            SECTION,
        )
        claimed = prior_values(found, len(COMPARED))
        self.add(
            viz.plot_prior(found.prior, explanations=claimed or None, window_ms=window_ms, show=False),
            "What was plausible beforehand, and what explanations claim",
            SECTION,
            "Markers: what each explanation claims, with its distance in standard deviations. Of explanations in which "
            "no cell fires it is the moment density alone.",
        )

    def truth(self) -> None:
        """Show what made the response, where it was generated."""
        if self.truth_known is None:
            return
        found, made = self.explanations, self.truth_known
        self.add(
            viz.plot_truth(made, found, show=False),
            "What was found beside the truth",
            SECTION,
            "The response was generated: what made it is known, and the fit did not see it. Dotted lines: true times.",
        )
        self.text(table(truth_rows(made, found), ("", "Truth", *names(found))), "The truth in numbers", SECTION)

    def _left(self) -> str:
        """Return what was not fitted."""
        settings = self.result.settings
        if not isinstance(settings, UnfittedSettings):
            return ""
        if settings.columns is not None:
            return " Nothing was fitted: the number of columns was given, too (fit = False, fit_columns)."
        return " Nothing but the scale was fitted (fit = False)."

    def first(self) -> None:
        """Show the first explanation: how well it fits, and how sure its parameters are."""
        section, result = "First explanation" if self.fitted else "Fit", self.result
        drives, dipole = ("fitted drives", "fitted") if self.fitted else ("drives as configured", "simulated")
        self.add(
            viz.plot_fit(result, show=False),
            "Simulated and measured dipole",
            section,
            f"Top: when the {drives} fire, distal ones hanging from above. Below: the {dipole} dipole (agg: of all "
            "layers together) over the target, and the contributions of the layers." + self._left(),
        )
        self.text(table(score_rows(result)), "How good the fit is", section)
        listed = "".join(f"<li>{html.escape(text)}</li>" for text in plain_warnings(result))
        if listed:
            self.text(f"<ul>{listed}</ul>", "What to keep in mind", section)
        self.text(table(drive_rows(result), DRIVE_HEADER), f"Drives of the {self.named} column", section)
        if result.kind == "none":
            return
        self.add(
            viz.plot_parameters(result, show=False),
            "Parameters of the first explanation",
            section,
            f"What was found, with the interval that holds 90 % of the probability {intervals_by(result)}. What other "
            "explanations that fit as well say is in the table of the section before.",
        )
        self.add(
            viz.plot_convergence(result, show=False),
            "Convergence",
            section,
            "Unexplained share of the target's variance for every network that was tried, and the best so far.",
        )
