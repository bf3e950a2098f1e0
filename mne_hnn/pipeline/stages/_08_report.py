"""Write the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..facts import ReportFacts
from ..options import ReportOptions
from ..report import write_report
from ..stage import Stage, Work


def _run(work: Work[ReportOptions]) -> ReportFacts:
    return write_report(work)


def _files(options: ReportOptions) -> Iterator[Path]:
    if options.truth is not None:
        yield from sorted(path for path in Path(options.truth).parent.glob("*") if path.is_file())


STAGE = Stage(
    name="report",
    title="Write the report",
    options=ReportOptions,
    facts=ReportFacts,
    files=_files,
    after=("load", "inverse", "target", "simulate", "fit", "sensors", "posterior"),
    outputs={"report": "report.html"},
    run=_run,
    revision=4,
)
