"""Write the report."""

from __future__ import annotations

from typing import Any

from ..report import write_report
from ..stage import Stage, Work


def _run(work: Work) -> dict[str, Any]:
    return write_report(work)


STAGE = Stage(
    name="report",
    title="Write the report",
    options=("name", "network", "fs_subject", "subjects_dir", "n_peaks", "draw_cortex", "smooth_ms"),
    after=("load", "inverse", "target", "simulate", "fit", "sensors"),
    outputs={"report": "report.html"},
    run=_run,
    revision=3,
)
