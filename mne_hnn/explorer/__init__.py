"""Explore a column by hand: change a drive, click on the cortex, and see dipole, spikes and sensors answer.

What is named here knows of no user interface: states, the session that runs them, the cortex, opening, saving, fitting.
The page is opened by :func:`mne_hnn.explore`.
"""

from __future__ import annotations

from .answer import Answer
from .cortex import Cortex, demo_cortex
from .entry import Exploration, explore
from .fitting import FitBest, FitJob, FitProgress, free_parameters
from .opening import open_session
from .place import CortexActivation, Place, TargetRule
from .saving import save_analysis, save_pictures
from .session import Failure, Pin, Session
from .single_files import write_single
from .state import ExploreState

__all__ = [
    "Answer",
    "Cortex",
    "CortexActivation",
    "Exploration",
    "ExploreState",
    "Failure",
    "FitBest",
    "FitJob",
    "FitProgress",
    "Pin",
    "Place",
    "Session",
    "TargetRule",
    "demo_cortex",
    "explore",
    "free_parameters",
    "open_session",
    "save_analysis",
    "save_pictures",
    "write_single",
]
