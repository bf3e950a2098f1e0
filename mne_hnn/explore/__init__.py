"""Explore a column by hand: change a drive, click on the cortex, and see dipole, spikes and sensors answer.

What is here knows of no user interface: states, the session that runs them, the cortex, opening, saving, fitting.
"""

from __future__ import annotations

from .answer import Answer
from .cortex import Cortex, demo_cortex
from .fitting import FitJob, FitProgress, free_parameters
from .opening import open_session
from .place import CortexActivation, Place
from .saving import save_analysis, save_pictures
from .session import Failure, Pin, Session
from .state import ExploreState

__all__ = [
    "Answer",
    "Cortex",
    "CortexActivation",
    "ExploreState",
    "Failure",
    "FitJob",
    "FitProgress",
    "Pin",
    "Place",
    "Session",
    "demo_cortex",
    "free_parameters",
    "open_session",
    "save_analysis",
    "save_pictures",
]
