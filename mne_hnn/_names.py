"""Names that the command line and what they stand for share, where nothing heavy is imported."""

from __future__ import annotations

__all__ = ["EXECUTORS", "STEPS"]

STEPS = ("load", "inverse", "target", "simulate", "fit", "sensors", "report")
"""The steps of an analysis, in their order: each is a file of :mod:`mne_hnn.pipeline.stages`."""

EXECUTORS = ("processes", "dask", "serial")
"""Where the jobs of a group can run."""
