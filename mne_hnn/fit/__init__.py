"""Fit a network's drives, or anything else of it, to a target."""

from __future__ import annotations

from ..network import get_value, list_paths, set_values
from .amplitude import Amplitude, check_need, count_amplitude, log_plausibility
from .circuit_prior import CircuitPrior
from .circuit_rows import PriorRow
from .coarse import coarse_network
from .contribution_files import read_contributions
from .contribution_parts import Contribution, Contributions
from .contributions import drive_contributions
from .details import FitDetails
from .distributions import Beta, LogNormal
from .drive_settings import DriveSettings
from .drives import fit_drives
from .evidence import Evidence
from .evoked import fit_evoked
from .evoked_settings import EvokedSettings
from .explained_rhythm import explain_rhythm
from .explanation import Explanation, Explanations
from .explanation_files import read_explanations
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
from .parameter_sets import evoked_parameters, rhythmic_parameters
from .parameter_space import ParameterSpace
from .parameters import Parameter
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores
from .rhythm_explanation import RhythmExplanation, RhythmExplanations
from .rhythm_files import read_rhythm_explanations
from .rhythmic import fit_rhythmic
from .rhythmic_settings import RhythmicSettings
from .scale import fit_scale
from .settings import FitSettings
from .spiking_counts import SpikeCount, SpikeCounts, spikes_per_cell

__all__ = [
    "OBJECTIVES",
    "OPTIMIZERS",
    "Amplitude",
    "BandPower",
    "Beta",
    "CircuitPrior",
    "ColumnPrior",
    "Combined",
    "Contribution",
    "Contributions",
    "Custom",
    "DriveSettings",
    "Estimate",
    "Evaluation",
    "Evidence",
    "EvokedSettings",
    "Explanation",
    "Explanations",
    "FitDetails",
    "FitResult",
    "FitSettings",
    "Level",
    "LevelReport",
    "LogNormal",
    "Objective",
    "Optimizer",
    "Parameter",
    "ParameterSpace",
    "PriorRow",
    "RhythmExplanation",
    "RhythmExplanations",
    "RhythmicSettings",
    "Score",
    "Scores",
    "Spectrum",
    "SpikeCount",
    "SpikeCounts",
    "TimeFrequency",
    "UnfittedSettings",
    "Waveform",
    "check_need",
    "coarse_network",
    "count_amplitude",
    "drive_contributions",
    "evoked_parameters",
    "explain_rhythm",
    "fit_drives",
    "fit_evoked",
    "fit_rhythmic",
    "fit_scale",
    "get_value",
    "list_paths",
    "log_plausibility",
    "read_contributions",
    "read_explanations",
    "read_fit",
    "read_rhythm_explanations",
    "rhythmic_parameters",
    "set_values",
    "spikes_per_cell",
]
