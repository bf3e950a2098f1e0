"""Names that the command line and what they stand for share, where nothing heavy is imported."""

from __future__ import annotations

__all__ = ["EXECUTORS", "MODEL_FORMATS", "MODEL_SUFFIXES", "SECTIONS", "STEPS", "VARIANTS"]

STEPS = ("load", "inverse", "target", "simulate", "fit", "sensors", "posterior", "report")
"""The steps of an analysis, in their order: each is a file of :mod:`mne_hnn.pipeline.stages`."""

SECTIONS = (*STEPS, "file", "run", "group")
"""What has options: the steps, a target that is read from a file, how to run, and a group."""

EXECUTORS = ("processes", "dask", "serial")
"""Where the jobs of a group can run."""

VARIANTS = ("vector", "portable", "neuron")
"""How mechanisms can be compiled, the fastest first."""

MODEL_SUFFIXES = (".param", ".json", ".npz")
"""How names of files end that hold a column: those of HNN, and ours."""

MODEL_FORMATS = ("hnn", "hnn-params", "mne-hnn")
"""What a column can be written as."""
