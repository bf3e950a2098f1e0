"""Times of a file in equal steps: as they are, or resampled on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._times import even_times, resample_evenly, sampling
from ..._types import FloatArray
from ..._units import MS
from ..._warn import warn
from ...errors import DataError, ParameterError

__all__ = ["evenly", "without_rounding"]

#: How far times may be from even ones because programs write three digits of a millisecond, s.
WRITTEN_s = 6e-7


def without_rounding(times: FloatArray) -> FloatArray:
    """Return times (s) that are even but for the digits that were written as even ones, others as they are."""
    even = even_times(times, WRITTEN_s)
    return times if even is None else even


def evenly(
    times: FloatArray, values: FloatArray, path: Any, *, what: str, resample: bool
) -> tuple[FloatArray, FloatArray, bool]:
    """Return times (s) in equal steps with their values, and whether these were interpolated.

    Parameters
    ----------
    times : array, shape (n_times,)
        s.
    values : array, shape (n_rows, n_times)
        Values at these times.
    path : path-like
        Named in messages.
    what : str
        What the file should be, such as ``'a dipole'``.
    resample : bool
        Whether uneven times are allowed, with a warning that says what was done.

    Raises
    ------
    DataError
        The times do not rise, or are uneven and `resample` is False.
    """
    try:
        sampling(times)
    except ParameterError as error:
        steps = np.diff(times)
        rising = len(steps) > 0 and np.isfinite(times).all() and steps.min() > 0
        if resample and not rising:
            raise DataError(f"{path} has times that do not rise: it cannot be resampled.") from error
        if not resample:
            remedy = " Or read it with resample=True." if rising else ""
            raise DataError(f"{path} cannot be read as {what}: {error}{remedy}") from error
        even, interpolated = resample_evenly(times, values)
        warn(
            f"{path} has uneven times, in steps of {steps.min() / MS:g} to {steps.max() / MS:g} ms: it is resampled "
            f"to steps of {(even[1] - even[0]) / MS:g} ms by linear interpolation."
        )
        return even, interpolated, True
    return times, values, False
