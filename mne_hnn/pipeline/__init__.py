"""A whole analysis, from MEG/EEG data to a report, in stages that remember what they did."""

from __future__ import annotations

from .config import Config, read_config
from .from_file import FILE_STAGES
from .model_files import ModelFile, convert_model, read_model
from .model_run import ModelRun, run_model
from .notebook import Explained, ExplainOptions, explain
from .runner import PipelineResult, run_pipeline
from .stages import STAGES
from .starting import OwnData, write_analysis

__all__ = [
    "FILE_STAGES",
    "STAGES",
    "Config",
    "ExplainOptions",
    "Explained",
    "ModelFile",
    "ModelRun",
    "OwnData",
    "PipelineResult",
    "convert_model",
    "explain",
    "read_config",
    "read_model",
    "run_model",
    "run_pipeline",
    "write_analysis",
]
