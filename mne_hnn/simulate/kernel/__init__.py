"""The column beside NEURON: cells as lanes of vectors, with the same kinetics, checked against it."""

from __future__ import annotations

from .run import Expanded, beyond_kernel, forget, run_kernel

__all__ = ["Expanded", "beyond_kernel", "forget", "run_kernel"]
