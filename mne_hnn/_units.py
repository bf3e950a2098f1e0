"""Conversions between NEURON's units (ms, fA m) and SI (s, A m): the only place that has them."""

from __future__ import annotations

MS = 1e-3
"""Seconds in a millisecond."""

FAM = 1e-15
"""A m in a fA m; NEURON's nA um is the same unit."""

NAM = 1e-9
"""A m in a nA m."""
