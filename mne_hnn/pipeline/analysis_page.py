"""What every report of one subject has, whether its target was made of sensors or read from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne

from .. import viz
from .._units import MS, NAM
from ..fit import read_contributions, read_explanations
from ..inference import evidence_in_words, read_posterior
from ..io import read_simulation
from ..viz.target import SMALLEST
from .explained import ExplainedPage
from .facts import DriveFacts, FitFacts
from .files import read_sidecar, read_target
from .methods import methods_text
from .methods.collected import Analysis
from .page import Markup, table
from .posterior_page import Shown, show_posteriors
from .posterior_words import drawn_words, in_short, trained_words
from .stage import Work
from .wording import CONFIGURED_HEADER, configured_rows, firing

if TYPE_CHECKING:
    from ..source.demo import Truth

__all__ = ["AnalysisPage", "arrival", "extrema", "fresh", "regime"]


class AnalysisPage(ExplainedPage):
    """A report of one subject that is being written: simulation, methods, and what is needed to repeat it.

    Parameters
    ----------
    work : Work
        What the report stage is given; its options have `network` and `smooth_ms`.
    report : mne.Report
        The report.
    truth : Truth | None
        What made the response, where it was generated.
    """

    def __init__(self, work: Work[Any], report: mne.Report, *, truth: Truth | None = None) -> None:
        files = work.inputs["fit"]
        super().__init__(
            report,
            read_explanations(files["explanations"]),
            contributions=read_contributions(files["contributions"]),
            truth=truth,
        )
        self.work = work
        self.target_dipole = read_target(work)
        self.sidecars = {name: read_sidecar(next(iter(files.values())).parent) for name, files in work.inputs.items()}
        self.analysis = Analysis(self.sidecars)

    def simulation(self) -> None:
        """Show what the column did."""
        section = "Simulation"
        window_ms = self.work.options.smooth_ms or None
        self.add(
            viz.plot_simulation(self.result.simulation, window_ms=window_ms, scale=self.result.scale, show=False),
            f"{self.named.capitalize()} column: drives, dipole, spikes",
            section,
            "Single trials in grey; the raster shows the spikes of the first trial. Cells fire in "
            f"{firing(self.result)} trials.",
        )
        if not self.fitted:  # it is the one above
            return
        configured = read_simulation(self.work.inputs["simulate"]["simulation"])
        self.add(
            viz.plot_simulation(configured, window_ms=window_ms, show=False),
            "Column as configured, before the fit",
            section,
            "A single column, not scaled.",
        )

    def posteriors(self, forward: mne.Forward | None = None, cortex: tuple[str, Path] | None = None) -> None:
        """Show how sure the explanations are."""
        facts, folder = self.analysis.posterior.facts, self.work.inputs["posterior"]["posteriors"]
        shown = [
            Shown(
                number=one.explanation,
                found=read_posterior(folder / one.file),
                controls=one.controls,
                held_out=one.held_out,
                drawn_by=drawn_words(facts, one),
            )
            for one in facts.drawn
        ]
        show_posteriors(self, shown, facts.evidence, forward=forward, cortex=cortex, trained=trained_words(facts))

    def sure(self) -> list[tuple[str, str]]:
        """Return a row of the summary on how sure the first explanation is, where that was asked."""
        if "posterior" not in self.analysis:
            return []
        facts = self.analysis.posterior.facts
        told = evidence_in_words(facts.evidence)
        return [("How sure", " ".join([in_short(facts.drawn[0]) + ".", *told]) if told else in_short(facts.drawn[0]))]

    def methods(self) -> None:
        """Say what was done, in words for a paper."""
        self.text(methods_text(self.sidecars).html, "What was done, ready to paste", "Methods")

    def tables(self) -> None:
        """List everything needed to repeat it."""
        rows = configured_rows(self.work.options.network, self.result.network)
        title = "Drives, as configured and fitted" if self.fitted else "Drives, as configured"
        self.text(table(rows, CONFIGURED_HEADER), title, "Parameters")
        sidecars = self.sidecars
        given = [
            (name, option, json.dumps(value, default=str))
            for name, sidecar in sidecars.items()
            for option, value in sidecar["options"].items()
        ]
        self.text(table(given, ("Step", "Option", "Value")), "Options", "Parameters")
        facts = [
            (name, fact, _short(value))
            for name, sidecar in sidecars.items()
            for fact, value in sidecar["facts"].items()
        ]
        self.text(table(facts, ("Step", "Fact", "Value")), "What the steps found", "Provenance")
        inputs = [
            (name, record["path"], Markup(f"<code>{record['sha256'][:16]}</code>"))
            for name, sidecar in sidecars.items()
            for record in sidecar["files"]
        ]
        self.text(table(inputs, ("Step", "File", "SHA-256 (first 16)")), "Input files", "Provenance")
        versions = sidecars["fit"]["versions"].items()
        self.text(table(versions, ("Software", "Version")), "Versions", "Provenance")


def extrema(dipole: Any) -> str:
    """Return the largest values of a target of either sign, and when."""
    data, unit = dipole["agg"], dipole.provenance.get("unit")
    factor, name = (NAM, "nA m") if unit == "A m" else (1.0, "(arbitrary units)")
    largest = SMALLEST * abs(data).max()
    places = sorted(at for at in (int(data.argmin()), int(data.argmax())) if abs(data[at]) > largest)
    return ", ".join(f"{data[at] / factor:+.3g} {name} at {dipole.times[at] / MS:.0f} ms" for at in places)


def fresh(fit: FitFacts) -> str:
    """Return what the R² of a fit is to be read with."""
    if not fit.fitted:
        return " (drives as configured)"
    known = "" if fit.ceiling is None else f"; the true waveform would reach {fit.ceiling:.3f}"
    return f" in trials that the search has not seen ({fit.search_r_squared:.3f} in those of the search{known})"


def regime(fit: FitFacts) -> str:
    """Return whether cells fire, and whether that was compared."""
    state = "pyramidal cells fire" if fit.regime == "spiking" else "no pyramidal cell fires"
    verdicts = {"undecided": "; the data leave open whether any does", "none": "; refused"}
    return f", in which {state}{verdicts.get(fit.verdict or '', '')}"


def arrival(name: str, drive: DriveFacts) -> str:
    """Return when a drive arrives, with its interval."""
    ends = [end for end in drive.mu_ms_90 or () if end is not None]
    interval = f" ({ends[0]:.0f} to {ends[1]:.0f})" if len(ends) == 2 else ""
    return f"{name} at {drive.mu_ms:.0f} ms{interval}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 300 else text[:300] + " …"
