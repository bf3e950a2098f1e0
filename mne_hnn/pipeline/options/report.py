"""Options of the stages that show: the prediction at the sensors, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..checks import at_least, path_or
from .option import Options, documented, option
from .shared import Anatomy, Column, Drawing, Named, Smoothing

__all__ = ["ReportOptions", "SensorsOptions", "ShortReportOptions"]


@dataclass(frozen=True, kw_only=True)
class SensorsOptions(Options):
    """Nothing: what stage sensors predicts depends on the stages before it alone."""


@documented
@dataclass(frozen=True, kw_only=True)
class ShortReportOptions(Named, Column, Smoothing):
    """What the report of an analysis without sensors depends on."""


@documented
@dataclass(frozen=True, kw_only=True)
class ReportOptions(Named, Anatomy, Column, Smoothing, Drawing):
    """What stage report depends on."""

    n_peaks: int = option(3, "Peaks of the response to show on the sensors.", check=at_least(1))
    truth: Any = option(
        None,
        "File of what made a generated response, such as the one that generated data sets bring: the report draws it "
        "beside the result, and nothing else reads it.",
        kind="path-like | None",
        check=path_or(),
    )
