"""Data to try everything on without a download: a generated recording with a known truth."""

from __future__ import annotations

from .anatomy import DemoAnatomy, demo_anatomy
from .column import DemoColumn, demo_column
from .dataset import Dataset, demo_dataset, read_truth, somato_dataset
from .recording import Truth, demo_response, simulate_recording
from .waveform import median_nerve_waveform

__all__ = [
    "Dataset",
    "DemoAnatomy",
    "DemoColumn",
    "Truth",
    "demo_anatomy",
    "demo_column",
    "demo_dataset",
    "demo_response",
    "median_nerve_waveform",
    "read_truth",
    "simulate_recording",
    "somato_dataset",
]
