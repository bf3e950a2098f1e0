"""A whole analysis, from MEG/EEG data to a report, in stages that remember what they did."""

from __future__ import annotations

from .config import Config, read_config
from .runner import PipelineResult, run_pipeline
from .stages import STAGES

__all__ = ["STAGES", "Config", "PipelineResult", "read_config", "run_pipeline"]
