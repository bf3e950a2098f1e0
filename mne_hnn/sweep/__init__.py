"""Simulate a network at every point of a grid of its parameters."""

from .grid import COMBINATIONS, Grid
from .result import SweepResult
from .run import read_sweep, run_sweep
from .summaries import SUMMARIES, DipoleExtrema, FiringRates

__all__ = [
    "COMBINATIONS",
    "SUMMARIES",
    "DipoleExtrema",
    "FiringRates",
    "Grid",
    "SweepResult",
    "read_sweep",
    "run_sweep",
]
