"""How sure an explanation is: the posterior of its circuit, from the source waveform or the sensors."""

from __future__ import annotations
