"""Evenly spaced times: what counts as even, what was even before it was written with few digits, and resampling."""

from __future__ import annotations

import numpy as np

from ._types import FloatArray
from .errors import ParameterError

__all__ = ["even_times", "resample_evenly", "sampling"]

#: Steps of times that may stand in a text: MNE writes dipoles to 0.1 ms, HNN to 0.001 ms. s
_DIGITS = (1e-4, 1e-5, 1e-6)
# rounding moves a time by half of its last digit; the line through all of them adds little to it
_ROUNDED = 0.6
#: How uneven steps may be, as a share of the step.
_TOLERANCE = 1e-3


def sampling(times: FloatArray) -> tuple[float, float]:
    """Return first time and sampling frequency of evenly spaced times.

    Parameters
    ----------
    times : array, shape (n_times,)
        Times in s; those that are even but for the digits that were kept of them count as even.

    Returns
    -------
    tmin, sfreq : float
        First time in s, and sampling frequency in Hz.

    Raises
    ------
    ParameterError
        There are fewer than two, one is not finite, or they are not even.
    """
    if times.ndim != 1 or len(times) < 2:
        raise ParameterError(f"times must be one row of at least two samples in s, got shape {times.shape}.")
    if not np.isfinite(times).all():
        raise ParameterError("times must be finite, got NaN or infinity: remove those samples.")
    steps = np.diff(times)
    step = (times[-1] - times[0]) / (len(times) - 1)
    if step <= 0 or np.abs(steps - step).max() > _TOLERANCE * abs(step):
        line = _rounded_line(times, step)
        if line is None:
            hint = "; samples have the same time, so they were written with too few digits" if steps.min() == 0 else ""
            found = f"{steps.min():g} to {steps.max():g} s{hint}"
            raise ParameterError(f"times must rise in equal steps, got steps from {found}: resample the data.")
        return line
    frequency = 1.0 / step
    if abs(frequency - round(frequency)) < 1e-6 * frequency:
        frequency = float(round(frequency))  # 0.025 ms steps are 40 kHz, whatever their last bits
    return float(times[0]), frequency


def _rounded_line(times: FloatArray, step: float) -> tuple[float, float] | None:
    """Return first time and frequency of times that are even but rounded to a decimal digit; None if they are not."""
    for digit in _DIGITS:
        counts = times / digit
        if np.abs(counts - np.round(counts)).max() > 1e-5 or step < 2 * digit:
            continue
        samples = np.arange(len(times))
        slope = float(np.polyfit(samples, times, 1)[0])
        whole = float(round(1.0 / slope))
        # the roundest frequency that gives these digits
        for frequency in (whole, 1.0 / slope):
            rest = times - samples / frequency
            start = (rest.min() + rest.max()) / 2
            if (rest.max() - rest.min()) / 2 <= (0.5 + 1e-6 if frequency == whole else _ROUNDED) * digit:
                return _as_written(float(start), float(times[0]), digit), float(frequency)
    return None


def _as_written(start: float, first: float, digit: float) -> float:
    """Return the first time as it was written where the line allows it."""
    return first if abs(start - first) <= 0.5 * digit else start


def even_times(times: FloatArray, tolerance: float) -> FloatArray | None:
    """Return evenly spaced times, each at most `tolerance` from those given; None if they are further from even."""
    even = np.linspace(times[0], times[-1], len(times))
    return even if np.abs(even - times).max() < tolerance else None


def resample_evenly(times: FloatArray, data: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return even times with the median step of uneven ones, and data interpolated linearly.

    Parameters
    ----------
    times : array, shape (n_times,)
        Rising times.
    data : array, shape (n_rows, n_times)
        Values at these times.
    """
    steps = np.diff(times)
    n = round((times[-1] - times[0]) / float(np.median(steps))) + 1
    even = np.linspace(times[0], times[-1], max(n, 2))
    return even, np.array([np.interp(even, times, row) for row in data])
