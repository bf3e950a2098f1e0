"""Write the report."""

from __future__ import annotations

from ..facts import ReportFacts
from ..options import ReportOptions
from ..report import write_report
from ..stage import Stage, Work


def _run(work: Work[ReportOptions]) -> ReportFacts:
    return write_report(work)


STAGE = Stage(
    name="report",
    title="Write the report",
    options=ReportOptions,
    facts=ReportFacts,
    after=("load", "inverse", "target", "simulate", "fit", "sensors"),
    outputs={"report": "report.html"},
    run=_run,
    revision=3,
)
