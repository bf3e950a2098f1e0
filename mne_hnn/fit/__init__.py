"""Fit a network's drives, or anything else of it, to a target."""

from __future__ import annotations

from ..network import get_value, list_paths, set_values
from .coarse import coarse_network
from .contribution_parts import Contribution, Contributions
from .contributions import drive_contributions
from .details import FitDetails
from .drive_settings import DriveSettings
from .drives import fit_drives
from .evoked import fit_evoked
from .evoked_settings import EvokedSettings
from .files import read_fit
from .fitted_settings import UnfittedSettings
from .levels import Level
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
from .rhythmic_settings import RhythmicSettings
from .scale import fit_scale
from .settings import FitSettings
from .spiking_counts import SpikeCount, SpikeCounts, spikes_per_cell

__all__ = [
    "OBJECTIVES",
    "OPTIMIZERS",
    "BandPower",
    "ColumnPrior",
    "Combined",
    "Contribution",
    "Contributions",
    "Custom",
    "DriveSettings",
    "Estimate",
    "Evaluation",
    "EvokedSettings",
    "FitDetails",
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
    "SpikeCount",
    "SpikeCounts",
    "TimeFrequency",
    "UnfittedSettings",
    "Waveform",
    "coarse_network",
    "drive_contributions",
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
    "spikes_per_cell",
]
