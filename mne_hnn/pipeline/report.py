"""The report of one subject: every stage's result as pictures and tables in one HTML file."""

from __future__ import annotations

import json
from typing import Any

import mne
from mne.utils import logger

from .. import viz
from .._units import MS, NAM
from ..fit import read_contributions, read_explanations
from ..io import read_simulation
from ..source.demo import read_truth
from ..source.inverse import method_unit
from ..source.localisation import explained_words
from ..viz.target import SMALLEST
from .explained import ExplainedPage
from .facts import DriveFacts, FitFacts, ReportFacts, TargetFacts
from .files import (
    anatomy,
    read_course,
    read_label,
    read_noise_cov,
    read_response,
    read_sidecar,
    read_target,
)
from .methods import methods_text
from .methods.collected import Analysis
from .options import ReportOptions
from .page import Markup, drawing, new_report, table
from .stage import Work
from .wording import (
    CONFIGURED_HEADER,
    columns_of,
    configured_rows,
    firing,
)

__all__ = ["write_report"]


def write_report(work: Work[ReportOptions]) -> ReportFacts:
    """Write a subject's report as one self-contained HTML file.

    Parameters
    ----------
    work : Work
        What the report stage is given.

    Returns
    -------
    facts : ReportFacts
        What the report holds.
    """
    report = new_report(f"{work.options.name}: sub-{work.subject}")
    with drawing():
        page = _SubjectPage(work, report)
        page.summary()
        page.response()
        page.cortex()
        page.target()
        page.explained()
        page.first()
        page.simulation()
        page.sensors()
        page.methods()
        page.tables()
    report.save(work.path("report"), open_browser=False, overwrite=True, verbose="error")
    return ReportFacts(figures=page.figures)


class _SubjectPage(ExplainedPage):
    """The report's sections, in the order of the analysis."""

    def __init__(self, work: Work[ReportOptions], report: mne.Report) -> None:
        files, truth = work.inputs["fit"], work.options.truth
        super().__init__(
            report,
            read_explanations(files["explanations"]),
            contributions=read_contributions(files["contributions"]),
            truth=None if truth is None else read_truth(truth),
        )
        self.work = work
        self.evoked, self.noise_cov = read_response(work), read_noise_cov(work)
        self.target_dipole, self.label = read_target(work), read_label(work)
        self.sidecars = {name: read_sidecar(next(iter(files.values())).parent) for name, files in work.inputs.items()}
        self.analysis = Analysis(self.sidecars)
        window = self.target_dipole.times
        cropped = self.evoked.copy().crop(window[0], window[-1])
        self.times = viz.peak_times(cropped, work.options.n_peaks, noise_cov=self.noise_cov)

    def summary(self) -> None:
        """Say what a reader wants to know first."""
        self.paragraph()
        analysis = self.analysis
        load, target, fit = analysis.load.facts, analysis.target.facts, analysis.fit.facts
        rows = [
            ("Response", f"{self.evoked.comment}, {load.epochs} epochs averaged"),
            ("Source", f"{target.label}, {target.n_vertices} vertices, {target.area_mm2:.0f} mm²"),
            ("Patch", explained_words(target.json())),
            ("Polarity", _polarity(target)),
            ("Target", _extrema(self.target_dipole)),
            ("Column", f"{self.work.options.network.name}, {self.work.options.network.n_cells} cells"),
            (
                "Fit" if self.fitted else "Scale",
                f"R² = {fit.r_squared:.3f}{_fresh(fit)}; {columns_of(fit.scale)}{_regime(fit)}",
            ),
            ("Drives", ", ".join(_arrival(name, drive) for name, drive in fit.drives.items())),
            (
                "Sensors explained",
                "; ".join(
                    f"{self.predictor(name)} {', '.join(f'{kind} {value:.0%}' for kind, value in kinds.items())}"
                    for name, kinds in analysis.sensors.facts.explained.items()
                ),
            ),
        ]
        self.text(table(rows), "In short", "Summary")
        self.words()

    def predictor(self, name: str) -> str:
        """Return what predicts the sensors, in words."""
        return "by the target" if name == "target" else f"by the {self.named} simulation"

    def response(self) -> None:
        """Show what the sensors recorded."""
        section = "Response"
        figure = viz.plot_response(self.evoked, noise_cov=self.noise_cov, times=self.times, show=False)
        self.add(
            figure,
            "Sensors",
            section,
            "The averaged response per channel type, and its power after whitening with the noise "
            "covariance (1 is noise). Dashed lines mark the peaks of the maps below.",
        )
        self.add(
            viz.plot_topomaps(self.evoked, self.times, show=False),
            "Field maps",
            section,
            "Field at the peaks of the response.",
        )

    def cortex(self) -> None:
        """Show where it was on the cortex."""
        options = self.work.options
        if not options.draw_cortex:
            return
        files, facts = self.work.inputs["target"], self.analysis.target.facts
        subject, subjects_dir = anatomy(self.work)
        stc = mne.read_source_estimate(files["activity_lh"], subject=subject)
        peak = self.target_dipole.times[abs(self.target_dipole["agg"]).argmax()]
        logger.info("Drawing the cortex ...")
        figure = viz.plot_cortex(
            subject,
            subjects_dir,
            label=self.label,
            stc=stc,
            time=peak,
            unit=method_unit(facts.method),
            show=False,
        )
        self.add(
            figure,
            "Label and activation",
            "Cortex",
            f"Normal-oriented {facts.method} estimate at {peak / MS:.0f} ms (red: outward current) "
            f"and the border of {self.label.name}. Its patch {explained_words(facts.json())}.",
        )

    def target(self) -> None:
        """Show the label's time course and the target."""
        section, facts = "Target", self.analysis.target.facts
        course = read_course(self.work.inputs["target"]["course"])
        figure = viz.plot_label_course(
            course.times,
            course.course,
            course.unit,
            vertices=course.vertex_courses,
            vertices_unit=method_unit(facts.method),
            sign=facts.sign,
            confidence=facts.confidence,
            rule=facts.polarity,
            show=False,
        )
        self.add(
            figure,
            "Label time course and polarity",
            section,
            f"Time course of {facts.label} ({course.mode}) with its sign as the polarity rule decided, over the "
            "normal-oriented courses of its vertices: those that agree with the sign, and those that do not.",
        )
        figure = viz.plot_target(self.target_dipole, show=False)
        words = {
            "patch": "Amplitude: the moment with which the label's patch explains the sensors best.",
            "estimate": "Amplitude: as the inverse method gives it.",
            "arbitrary": "Amplitude: arbitrary, largest value 1; the fit finds the scale.",
        }
        explained = explained_words(facts.json())
        self.add(figure, "Target dipole", section, f"{words[facts.amplitude]} The patch {explained}.")

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

    def sensors(self) -> None:
        """Show the prediction at the sensors."""
        section = "Sensors"
        predicted = mne.read_evokeds(self.work.inputs["sensors"]["predicted"], condition=0, verbose="error")
        measured = self.evoked.copy().pick(predicted.ch_names).crop(predicted.times[0], predicted.times[-1])
        explained = self.analysis.sensors.facts.explained["fitted"]
        times = [time for time in self.times if predicted.times[0] <= time <= predicted.times[-1]]
        self.add(
            viz.plot_prediction(measured, predicted, explained, times=times, show=False),
            "Measured, predicted, residual",
            section,
            f"The {self.named} dipole on the label's patch, through the forward model. Explained variance counts all "
            "sensors and all times of the target, and so other sources and noise as well.",
        )
        self.add(
            viz.plot_prediction_topomaps(measured, predicted, times=times, show=False),
            "Field maps, measured and predicted",
            section,
            "At the peaks of the response; measured and predicted on one scale per channel type.",
        )

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


def _polarity(target: TargetFacts) -> str:
    # the amplitude of a single vertex is all on one side, whatever it is
    sure = "the only vertex cannot disagree" if target.n_vertices == 1 else "1: all vertices agree"
    return f"{target.polarity}; confidence {target.confidence:.2f} ({sure})"


def _extrema(dipole: Any) -> str:
    data, unit = dipole["agg"], dipole.provenance.get("unit")
    factor, name = (NAM, "nA m") if unit == "A m" else (1.0, "(arbitrary units)")
    largest = SMALLEST * abs(data).max()
    places = sorted(at for at in (int(data.argmin()), int(data.argmax())) if abs(data[at]) > largest)
    return ", ".join(f"{data[at] / factor:+.3g} {name} at {dipole.times[at] / MS:.0f} ms" for at in places)


def _fresh(fit: FitFacts) -> str:
    """Return what the R² of a fit is to be read with."""
    if not fit.fitted:
        return " (drives as configured)"
    known = "" if fit.ceiling is None else f"; the true waveform would reach {fit.ceiling:.3f}"
    return f" in trials that the search has not seen ({fit.search_r_squared:.3f} in those of the search{known})"


def _regime(fit: FitFacts) -> str:
    """Return whether cells fire, and whether that was compared."""
    state = "pyramidal cells fire" if fit.regime == "spiking" else "no pyramidal cell fires"
    verdicts = {"undecided": "; the data leave open whether any does", "none": "; refused"}
    return f", in which {state}{verdicts.get(fit.verdict or '', '')}"


def _arrival(name: str, drive: DriveFacts) -> str:
    ends = [end for end in drive.mu_ms_90 or () if end is not None]
    interval = f" ({ends[0]:.0f} to {ends[1]:.0f})" if len(ends) == 2 else ""
    return f"{name} at {drive.mu_ms:.0f} ms{interval}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 300 else text[:300] + " …"
