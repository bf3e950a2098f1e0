"""Write the report of an analysis whose target was read from a file."""

from __future__ import annotations

from ... import viz
from ..._units import MS, NAM
from ..analysis_page import AnalysisPage, arrival, extrema, fresh, regime
from ..facts import ReadTargetFacts, ReportFacts
from ..options import ShortReportOptions
from ..page import drawing, new_report, table
from ..stage import Stage, Work
from ..wording import columns_of

LEFT_OUT = (
    "The target was read from a file of other software. There are no sensors in this analysis: the measured response, "
    "the place on the cortex, the forward and inverse solutions, and the prediction at the sensors are left out. What "
    "the file does not say (below: assumed) was not checked."
)


def _run(work: Work[ShortReportOptions]) -> ReportFacts:
    options = work.options
    report = new_report(f"{options.name}: sub-{work.subject}")
    with drawing():
        page = _FilePage(work, report)
        page.summary(options)
        page.target()
        page.explained()
        page.first()
        page.simulation()
        if "posterior" in page.analysis:
            page.posteriors()
        page.methods()
        page.tables()
    report.save(work.path("report"), open_browser=False, overwrite=True, verbose="error")
    return ReportFacts(figures=page.figures)


class _FilePage(AnalysisPage):
    """The report's sections, in the order of the analysis."""

    @property
    def facts(self) -> ReadTargetFacts:
        """What was read."""
        return self.analysis.read_target.facts

    def summary(self, options: ShortReportOptions) -> None:
        """Say what a reader wants to know first."""
        self.paragraph()
        facts, fit, network = self.facts, self.analysis.fit.facts, options.network
        rows = [
            ("Source", f"{facts.course}, read from {facts.file} ({facts.form}, {facts.software})"),
            ("Polarity", f"{facts.polarity}; whether up is outward was not checked"),
            ("Target", extrema(self.target_dipole)),
            ("Column", f"{network.name}, {network.n_cells} cells"),
            (
                "Fit" if self.fitted else "Scale",
                f"R² = {fit.r_squared:.3f}{fresh(fit)}; {columns_of(fit.scale)}{regime(fit)}",
            ),
            ("Drives", ", ".join(arrival(name, drive) for name, drive in fit.drives.items())),
            *self.sure(),
            ("Left out", LEFT_OUT),
        ]
        self.text(table(rows), "In short", "Summary")
        self.words()

    def target(self) -> None:
        """Show the target and what was assumed of it."""
        facts = self.facts
        smoothed = f" Smoothed with a Hamming window of {facts.smooth_ms:g} ms." if facts.smooth_ms else ""
        self.add(
            viz.plot_target(self.target_dipole, show=False),
            "Target dipole",
            "Target",
            f"{facts.course} of {facts.file}, {facts.window[0] / MS:g} to {facts.window[1] / MS:g} ms, at "
            f"{facts.sfreq:g} Hz.{smoothed}",
        )
        error = facts.standard_error
        rows = [
            ("File", facts.file),
            ("Software", " ".join(filter(None, [facts.software, facts.version, facts.method]))),
            ("Course", facts.course if facts.trial is None else f"{facts.course}, {facts.trial}"),
            ("Units of the file", f"{facts.unit_of_file}, {facts.time_unit_of_file}"),
            ("Sign", f"{facts.sign:+d}, {facts.polarity}"),
            ("Direction", "one component" if facts.orientation is None else _numbers(facts.orientation)),
            ("Resampled", "yes, by linear interpolation" if facts.resampled else "no"),
            ("Area of the cortex", "not given" if facts.area_mm2 is None else f"{facts.area_mm2:g} mm²"),
            ("Standard error", "not given" if error is None else f"{error / NAM:g} nA m"),
            *(("Assumed", text) for text in facts.assumed),
        ]
        self.text(table(rows), "Where the target comes from", "Target")


def _numbers(values: object) -> str:
    return ", ".join(f"{value:.3g}" for value in values) if isinstance(values, (list, tuple)) else str(values)


STAGE = Stage(
    name="report",
    title="Write the report",
    options=ShortReportOptions,
    facts=ReportFacts,
    after=("target", "simulate", "fit", "posterior"),
    outputs={"report": "report.html"},
    run=_run,
)
