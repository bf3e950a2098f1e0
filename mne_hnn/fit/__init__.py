"""Fit a network's drives, or anything else of it, to a target."""

from __future__ import annotations

from ..network import get_value, list_paths, set_values
from .evoked import fit_evoked
from .files import read_fit
from .levels import Level, coarse_network
from .objectives import (
    OBJECTIVES,
    BandPower,
    Combined,
    Custom,
    Objective,
    Score,
    Spectrum,
    TimeFrequency,
    Waveform,
)
from .observation import ColumnPrior
from .optimizers import OPTIMIZERS, Optimizer
from .parameters import Parameter, ParameterSpace, evoked_parameters, rhythmic_parameters
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores
from .rhythmic import fit_rhythmic
from .scale import fit_scale
from .search import fit_drives
from .settings import DriveSettings, EvokedSettings, FitSettings, RhythmicSettings, UnfittedSettings

__all__ = [
    "OBJECTIVES",
    "OPTIMIZERS",
    "BandPower",
    "ColumnPrior",
    "Combined",
    "Custom",
    "DriveSettings",
    "Estimate",
    "Evaluation",
    "EvokedSettings",
    "FitResult",
    "FitSettings",
    "Level",
    "LevelReport",
    "Objective",
    "Optimizer",
    "Parameter",
    "ParameterSpace",
    "RhythmicSettings",
    "Score",
    "Scores",
    "Spectrum",
    "TimeFrequency",
    "UnfittedSettings",
    "Waveform",
    "coarse_network",
    "evoked_parameters",
    "fit_drives",
    "fit_evoked",
    "fit_rhythmic",
    "fit_scale",
    "get_value",
    "list_paths",
    "read_fit",
    "rhythmic_parameters",
    "set_values",
]
