"""Whether quantities are those of a brain and of a recording: a wrong unit looks fine until the fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np

from .._checks import check_finite, check_int, check_positive
from .._types import FloatArray
from .._warn import warn
from ..errors import DataError, ParameterError

__all__ = [
    "RANGES",
    "check_amplitudes",
    "check_band",
    "check_baseline",
    "check_covariance",
    "check_limits",
    "check_rate",
    "check_seconds",
    "check_window",
    "has_noise",
    "say_band",
    "say_limits",
]

LONGEST_S = 20.0
"""No window around an event is longer, s."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Largest deviation of an average from its mean over time, in the unit of a channel type."""

    unit: str
    low: float
    high: float
    impossible: float
    slips: Mapping[str, float]


RANGES = {
    "mag": Range(unit="T", low=1e-16, high=2e-11, impossible=1e-9, slips={"fT": 1e-15, "pT": 1e-12}),
    "grad": Range(
        unit="T/m", low=1e-14, high=2e-9, impossible=1e-7, slips={"fT/cm": 1e-13, "fT": 1e-15, "pT/m": 1e-12}
    ),
    "eeg": Range(unit="V", low=1e-9, high=5e-4, impossible=1e-2, slips={"\N{MICRO SIGN}V": 1e-6, "mV": 1e-3}),
    "ref_meg": Range(unit="T", low=0.0, high=1e-8, impossible=1e-5, slips={"fT": 1e-15, "pT": 1e-12}),
}
"""Generous: averages reach some 1e-13 to 1e-12 T, 1e-12 to 1e-11 T/m and 1e-6 to 1e-5 V (Hämäläinen et al. 1993,
https://doi.org/10.1103/RevModPhys.65.413); epileptic spikes ten times as much. Reference sensors are far from the head
and see the room."""

LIMITS = {
    "mag": (1e-14, 1e-8),
    "grad": (1e-13, 1e-6),
    "eeg": (1e-7, 1e-1),
    "eog": (1e-7, 1e-1),
    "ecg": (1e-7, 1.0),
}
"""Rejection limits beyond which nothing, or everything, is rejected, in the unit of a channel type."""
_UNITS = {"mag": "T", "grad": "T/m", "eeg": "V", "eog": "V", "ecg": "V"}
_USUAL = {
    "mag": "4e-12 T (4000 fT)",
    "grad": "4e-10 T/m (4000 fT/cm)",
    "eeg": "1e-4 V (100 \N{MICRO SIGN}V)",
    "eog": "1.5e-4 V (150 \N{MICRO SIGN}V)",
    "ecg": "1e-3 V (1 mV)",
}


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
        slip = _slip(peak, expected)
        if peak > expected.impossible:
            name = np.array(evoked.ch_names)[kinds == kind][int(peaks.argmax())]
            raise DataError(
                f"The average of {origin} reaches {peak:.3g} {unit} at {name} ({kind}), which no brain gives "
                f"({plausible}): the units of the file are wrong, for example V where µV are meant, or the channel is "
                f"bad.{slip}"
            )
        if peak > expected.high or 0 < peak < expected.low:
            warn(
                f"The average of {origin} reaches {peak:.3g} {unit} in channels of type {kind}, where {plausible}: "
                f"check the units of the file, and channels that should be marked bad.{slip}"
            )


def _slip(value: float, expected: Range) -> str:
    """Return which unit a value seems to have instead of the right one."""
    for unit, factor in expected.slips.items():
        if value > expected.high and 10 * expected.low <= value * factor <= expected.high:
            return f" Values in {unit}? Multiply them by {factor:g}."
    return ""


def check_covariance(noise_cov: mne.Covariance, info: mne.Info) -> None:
    """Warn of a noise covariance whose standard deviations no sensor has: one of other units is silently wrong.

    Raises
    ------
    DataError
        It is zero, or has values that are not finite, in all channels of a type.
    """
    if not np.isfinite(noise_cov.data).all():
        raise DataError(
            "The noise covariance has values that are not finite (NaN or infinity): mark the channels that gave them "
            "bad, and compute it again."
        )
    for kind, variances in _variances(noise_cov, info):
        expected = RANGES[kind]
        deviation = float(np.sqrt(np.median(np.abs(variances))))
        if not np.any(variances):
            raise DataError(
                f"The noise covariance is zero in all channels of type {kind}: no sensor is without noise; compute it "
                "from epochs of the recording (mne.compute_covariance)."
            )
        if deviation > 10 * expected.high or 0 < deviation < expected.low:
            warn(
                f"The noise covariance has a standard deviation of {deviation:.3g} {expected.unit} in channels of type "
                f"{kind}, where {expected.low:g} to {expected.high:g} {expected.unit} are plausible: check its units "
                f"(square of {expected.unit}).{_slip(deviation, expected)}"
            )


def has_noise(noise_cov: mne.Covariance, info: mne.Info) -> bool:
    """Return whether a covariance that was estimated is that of sensors: not, say, of a simulation without noise."""
    return all(np.sqrt(np.median(variances)) >= RANGES[kind].low for kind, variances in _variances(noise_cov, info))


def _variances(noise_cov: mne.Covariance, info: mne.Info) -> Iterator[tuple[str, FloatArray]]:
    """Yield channel types and the variances of their channels; reference sensors have none of interest."""
    names = dict(zip(info["ch_names"], info.get_channel_types(), strict=True))
    diagonal = np.asarray(noise_cov.data if noise_cov["diag"] else np.diag(noise_cov.data))
    for kind in RANGES:
        of_kind = [place for place, name in enumerate(noise_cov.ch_names) if names.get(name) == kind]
        if of_kind and kind != "ref_meg":
            yield kind, diagonal[of_kind]


def check_limits(limits: Any, what: str) -> None:
    """Refuse rejection limits that are no amplitudes, or by whose unit nothing would be rejected.

    Parameters
    ----------
    limits : mapping of str to float | None
        Peak-to-peak amplitude per channel type.
    what : str
        What to call it.

    Raises
    ------
    ParameterError
        Not a mapping of types to positive numbers, or implausible.
    """
    if limits is None:
        return
    if not isinstance(limits, Mapping) or not limits:
        raise ParameterError(
            f"{what} must map channel types to amplitudes, such as {{'grad': 4000e-13}}, got {limits!r}."
        )
    for kind, limit in limits.items():
        if callable(limit):
            continue  # a function of the user's own, which MNE applies
        name = f"{what}[{kind!r}]"
        value = check_positive(limit, name)
        if value > LIMITS.get(kind, (0.0, np.inf))[1]:
            raise ParameterError(
                f"{name} is {value:g} {_UNITS[kind]}, which nothing reaches: amplitudes are in {_UNITS[kind]}, a usual "
                f"limit is {_USUAL[kind]}."
            )


def say_limits(limits: Mapping[str, Any]) -> str:
    """Return which limits are so low that every epoch exceeds them, for a sentence."""
    low = [
        kind
        for kind, limit in limits.items()
        if kind in _USUAL and not isinstance(limit, tuple) and not callable(limit) and limit < LIMITS[kind][0]
    ]
    return "".join(f"; reject[{kind!r}] is {limits[kind]:g} {_UNITS[kind]}, usual is {_USUAL[kind]}" for kind in low)


def check_seconds(value: Any, what: str) -> float:
    """Return a moment around an event, s; refuse one that must be in milliseconds."""
    seconds = check_finite(value, what)
    if abs(seconds) > LONGEST_S:
        raise ParameterError(f"{what} is in seconds, got {seconds:g}: for {seconds:g} ms give {seconds / 1000:g}.")
    return seconds


def check_window(tmin: Any, tmax: Any, names: Sequence[str] = ("tmin", "tmax")) -> tuple[float, float]:
    """Return a window around an event, s, whose ends are in order."""
    start, stop = check_seconds(tmin, names[0]), check_seconds(tmax, names[1])
    if start >= stop:
        swapped = " (exchanged?)" if start > stop else ""
        raise ParameterError(f"{names[0]} must be before {names[1]}, got {start:g} and {stop:g} s{swapped}.")
    return start, stop


def check_baseline(baseline: Any, what: str = "baseline") -> tuple[float | None, float | None] | None:
    """Return a baseline; refuse one that is no interval of time, or is in milliseconds."""
    if baseline is None:
        return None
    if not isinstance(baseline, (tuple, list)) or len(baseline) != 2:
        raise ParameterError(
            f"{what} must be a pair of times in s (None for an end of the epoch) or None, got {baseline!r}."
        )
    ends = [None if end is None else check_seconds(end, what) for end in baseline]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise ParameterError(f"{what} must not end before it begins, got {ends[0]:g} and {ends[1]:g} s (exchanged?).")
    return baseline[0], baseline[1]


def check_band(l_freq: Any, h_freq: Any, sfreq: float | None = None) -> None:
    """Refuse a band that is empty or beyond what a sampling rate holds.

    Parameters
    ----------
    l_freq, h_freq : float | None
        Ends of the band, Hz.
    sfreq : float | None
        Sampling rate, Hz, if known.

    Raises
    ------
    ParameterError
        The ends are not in order (MNE would make a band-stop filter) or not below half of the sampling rate.
    """
    low = None if l_freq is None else check_positive(l_freq, "l_freq")
    high = None if h_freq is None else check_positive(h_freq, "h_freq")
    if low is not None and high is not None and low >= high:
        raise ParameterError(
            f"l_freq must be below h_freq, got {low:g} and {high:g} Hz (exchanged?): frequencies from l_freq to h_freq "
            "are kept."
        )
    if sfreq is not None:
        for name, value in (("l_freq", low), ("h_freq", high)):
            if value is not None and value >= sfreq / 2:
                raise ParameterError(
                    f"{name} is {value:g} Hz, but data sampled at {sfreq:g} Hz hold frequencies below {sfreq / 2:g} "
                    f"Hz: give less, or leave {name} out."
                )


def say_band(l_freq: float | None, h_freq: float | None) -> None:
    """Warn of a band without brain signals."""
    if l_freq is not None and l_freq > 50:
        warn(f"l_freq is {l_freq:g} Hz: evoked responses, most of which are slower, are filtered out.")
    if h_freq is not None and h_freq < 5:
        warn(f"h_freq is {h_freq:g} Hz: evoked responses, most of which are faster, are filtered out (kHz?).")


def check_rate(sfreq: float, decim: int = 1, n_times: int | None = None, lowpass: float | None = None) -> int:
    """Return `decim`; refuse or warn of a sampling rate at which no response can be seen, or is aliased.

    Parameters
    ----------
    sfreq : float
        Sampling rate of the data, Hz.
    decim : int
        Of `decim` samples one is kept.
    n_times : int | None
        Samples of an epoch.
    lowpass : float | None
        Highest frequency in the data, Hz.

    Returns
    -------
    decim : int
        Checked.
    """
    factor = check_int(decim, "decim", minimum=1)
    if sfreq < 10:
        raise DataError(f"The data have a sampling rate of {sfreq:g} Hz, too slow for a response (kHz given as Hz?).")
    if sfreq > 1e5:
        warn(f"The data have a sampling rate of {sfreq:g} Hz: if that is wrong, all times are.")
    kept = sfreq / factor
    if kept < 10 or (n_times is not None and n_times / factor < 2):
        raise ParameterError(
            f"decim={factor} leaves {kept:.3g} of {sfreq:g} samples per second, too few for a response: decim is a "
            "factor, not a rate in Hz."
        )
    if kept < 100 and (factor > 1 or sfreq < 50):
        warn(f"The response has {kept:.3g} samples per second, which hide its course: 100 or more are usual.")
    if factor > 1 and lowpass is not None and lowpass > kept / 2.5:
        warn(
            f"decim={factor} leaves {kept:.4g} samples per second, but the data have frequencies up to {lowpass:.4g} "
            f"Hz, which are folded into lower ones: filter them with h_freq={kept / 2.5:.3g} or less."
        )
    return factor
