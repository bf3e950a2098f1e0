"""Times of a response: the samples around them, and the likely slip where they lie outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_non_negative
from .._types import FloatArray
from .._units import MS
from ..errors import DataError, ParameterError

__all__ = ["check_half_width", "milliseconds", "samples_around"]

LONGEST_s = 5.0
"""Beyond it, a time of a response was hardly meant in s."""
HALF_WIDTH_ms = (0.1, 100.0)


def milliseconds(*values: float) -> str:
    """Return `` (times are in s: was it given in ms?)`` if a time is too large to be one in s, else nothing."""
    return " (times are in s: was it given in ms?)" if any(abs(value) > LONGEST_s for value in values) else ""


def check_half_width(half_width_ms: Any) -> float:
    """Return a half width in s, given in ms: 0, or 0.1 to 100."""
    value = check_non_negative(half_width_ms, "half_width_ms")
    if 0 < value < HALF_WIDTH_ms[0] or value > HALF_WIDTH_ms[1]:
        slip = ": was it given in s?" if value < 1 else "."
        raise ParameterError(
            f"half_width_ms must be 0, or {HALF_WIDTH_ms[0]:g} to {HALF_WIDTH_ms[1]:g} ms, got {value:g}{slip}"
        )
    return value * MS


def samples_around(times: FloatArray, latencies: Any, half_width: float) -> NDArray[np.bool_]:
    """Return which samples lie around latencies.

    Parameters
    ----------
    times : array, shape (n_times,)
        Of the response, s.
    latencies : float | sequence of float
        s.
    half_width : float
        s.

    Raises
    ------
    DataError
        A latency lies outside the response.
    """
    chosen = np.zeros(len(times), bool)
    half = 0.5 * (times[1] - times[0])  # 0.3 s is the last sample of data to 0.2997 s
    for value in (check_finite(latency, "latency") for latency in np.atleast_1d(latencies).tolist()):
        if not times[0] - half <= value <= times[-1] + half:
            raise DataError(
                f"Latency {value:g} s lies outside the response, {times[0]:g} to {times[-1]:g} s{milliseconds(value)}."
            )
        chosen |= np.abs(times - value) <= half_width + half
    return chosen
