"""Conversions between NEURON's units (ms, mV, nA, um, fA m) and SI: the only place that has them."""

from __future__ import annotations

MS = 1e-3
"""Seconds in a millisecond."""

FAM = 1e-15
"""A m in a fA m; NEURON's nA um is the same unit."""

NAM = 1e-9
"""A m in a nA m."""

MV = 1e-3
"""Volt in a mV."""

UV = 1e-6
"""Volt in a uV."""

NA = 1e-9
"""Ampere in a nA."""

UM = 1e-6
"""Metres in a um."""
