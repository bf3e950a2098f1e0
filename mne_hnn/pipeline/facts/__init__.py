"""What each stage notes of its result: frozen values, kept in its sidecar."""

from __future__ import annotations

from .explanations import DriveFacts, ExplanationFacts, SpikesFacts
from .model import ColumnsPrior, FitFacts, ReportFacts, SensorsFacts, SimulateFacts
from .posterior import DrawnFacts, EstimatorFacts, PosteriorFacts
from .record import Facts, each_of, left_out, list_of, part
from .source import BestSource, InverseFacts, LoadFacts, ReadTargetFacts, TargetFacts

__all__ = [
    "BestSource",
    "ColumnsPrior",
    "DrawnFacts",
    "DriveFacts",
    "EstimatorFacts",
    "ExplanationFacts",
    "Facts",
    "FitFacts",
    "InverseFacts",
    "LoadFacts",
    "PosteriorFacts",
    "ReadTargetFacts",
    "ReportFacts",
    "SensorsFacts",
    "SimulateFacts",
    "SpikesFacts",
    "TargetFacts",
    "each_of",
    "left_out",
    "list_of",
    "part",
]
