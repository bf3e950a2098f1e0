"""What each stage notes of its result: frozen values, kept in its sidecar."""

from __future__ import annotations

from .model import ColumnsPrior, DriveFacts, FitFacts, ReportFacts, SensorsFacts, SimulateFacts
from .record import Facts, each_of, left_out, part
from .source import BestSource, InverseFacts, LoadFacts, TargetFacts

__all__ = [
    "BestSource",
    "ColumnsPrior",
    "DriveFacts",
    "Facts",
    "FitFacts",
    "InverseFacts",
    "LoadFacts",
    "ReportFacts",
    "SensorsFacts",
    "SimulateFacts",
    "TargetFacts",
    "each_of",
    "left_out",
    "part",
]
