"""The options of each stage: frozen values from which the configuration of an analysis is composed."""

from __future__ import annotations

from .fit import FitOptions, ProposalOptions
from .inverse import InverseOptions
from .load import AveragingOptions, LoadOptions
from .option import Options, documented, option
from .posterior import PosteriorOptions, ShortPosteriorOptions
from .report import ReportOptions, SensorsOptions, ShortReportOptions
from .simulate import SimulateOptions
from .target import TargetOptions
from .target_file import ReadTargetOptions, TargetFileOptions

__all__ = [
    "AveragingOptions",
    "FitOptions",
    "InverseOptions",
    "LoadOptions",
    "Options",
    "PosteriorOptions",
    "ProposalOptions",
    "ReadTargetOptions",
    "ReportOptions",
    "SensorsOptions",
    "ShortPosteriorOptions",
    "ShortReportOptions",
    "SimulateOptions",
    "TargetFileOptions",
    "TargetOptions",
    "documented",
    "option",
]
