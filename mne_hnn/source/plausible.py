"""Whether amplitudes are those of a brain: files whose units are wrong look fine until the fit."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np

from .._warn import warn
from ..errors import DataError

__all__ = ["RANGES", "check_amplitudes"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """Largest deviation of an average from its mean over time, in the unit of a channel type."""

    unit: str
    low: float
    high: float
    impossible: float


RANGES = {
    "mag": Range(unit="T", low=1e-16, high=2e-11, impossible=1e-9),
    "grad": Range(unit="T/m", low=1e-14, high=2e-9, impossible=1e-7),
    "eeg": Range(unit="V", low=1e-9, high=5e-4, impossible=1e-2),
}
"""Generous: averages reach some 1e-13 to 1e-12 T, 1e-12 to 1e-11 T/m and 1e-6 to 1e-5 V (Hämäläinen et al. 1993,
https://doi.org/10.1103/RevModPhys.65.413); epileptic spikes ten times as much."""


def check_amplitudes(evoked: mne.Evoked, origin: str) -> None:
    """Refuse an average that no brain could make, and warn of one that is odd.

    Parameters
    ----------
    evoked : mne.Evoked
        The average. What counts is the deviation from each channel's mean over time: offsets of an amplifier do not.
    origin : str
        What to call it.

    Raises
    ------
    DataError
        An amplitude is at least some hundred times what the largest responses have.
    """
    deviation = np.abs(evoked.data - evoked.data.mean(axis=1, keepdims=True)).max(axis=1)
    kinds = np.array(evoked.get_channel_types())
    for kind, expected in RANGES.items():
        peaks = deviation[kinds == kind]
        if not peaks.size:
            continue
        peak, unit = float(peaks.max()), expected.unit
        plausible = f"{expected.low:g} to {expected.high:g} {unit} are plausible"
        if peak > expected.impossible:
            name = np.array(evoked.ch_names)[kinds == kind][int(peaks.argmax())]
            raise DataError(
                f"The average of {origin} reaches {peak:.3g} {unit} at {name} ({kind}), which no brain gives "
                f"({plausible}): the units of the file are wrong, for example V where µV are meant, or the channel is "
                "bad."
            )
        if peak > expected.high or 0 < peak < expected.low:
            warn(
                f"The average of {origin} reaches {peak:.3g} {unit} in channels of type {kind}, where {plausible}: "
                "check the units of the file, and channels that should be marked bad."
            )
