"""The report of one subject: every stage's result as pictures and tables in one HTML file."""

from __future__ import annotations

import mne
from mne.utils import logger

from .. import viz
from .._units import MS
from ..source.demo import read_truth
from ..source.inverse import method_unit
from ..source.localisation import explained_words
from .analysis_page import AnalysisPage, arrival, extrema, fresh, regime
from .facts import ReportFacts, TargetFacts
from .files import (
    anatomy,
    read_course,
    read_forward,
    read_label,
    read_noise_cov,
    read_response,
)
from .options import ReportOptions
from .page import drawing, new_report, table
from .stage import Work
from .wording import (
    columns_of,
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
        if "posterior" in page.analysis:
            page.posteriors(read_forward(work), anatomy(work) if work.options.draw_cortex else None)
        page.methods()
        page.tables()
    report.save(work.path("report"), open_browser=False, overwrite=True, verbose="error")
    return ReportFacts(figures=page.figures)


class _SubjectPage(AnalysisPage):
    """The report's sections, in the order of the analysis."""

    def __init__(self, work: Work[ReportOptions], report: mne.Report) -> None:
        truth = work.options.truth
        super().__init__(work, report, truth=None if truth is None else read_truth(truth))
        self.work = work
        self.evoked, self.noise_cov = read_response(work), read_noise_cov(work)
        self.label = read_label(work)
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
            ("Target", extrema(self.target_dipole)),
            ("Column", f"{self.work.options.network.name}, {self.work.options.network.n_cells} cells"),
            (
                "Fit" if self.fitted else "Scale",
                f"R² = {fit.r_squared:.3f}{fresh(fit)}; {columns_of(fit.scale)}{regime(fit)}",
            ),
            ("Drives", ", ".join(arrival(name, drive) for name, drive in fit.drives.items())),
            (
                "Sensors explained",
                "; ".join(
                    f"{self.predictor(name)} {', '.join(f'{kind} {value:.0%}' for kind, value in kinds.items())}"
                    for name, kinds in analysis.sensors.facts.explained.items()
                ),
            ),
            *self.sure(),
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


def _polarity(target: TargetFacts) -> str:
    # the amplitude of a single vertex is all on one side, whatever it is
    sure = "the only vertex cannot disagree" if target.n_vertices == 1 else "1: all vertices agree"
    return f"{target.polarity}; confidence {target.confidence:.2f} ({sure})"
