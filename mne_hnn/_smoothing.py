"""Smoothing of rows of samples with a Hamming window."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ._checks import check_name, check_positive
from ._types import FloatArray
from ._units import MS
from .errors import ParameterError

__all__ = ["smoothed_rows"]

EDGES = ("normalised", "zero")


def smoothed_rows(rows: FloatArray, sfreq: float, window_ms: float, edges: str) -> FloatArray:
    """Return rows convolved with a Hamming window.

    Parameters
    ----------
    rows : array, shape (n_rows, n_times)
        The rows.
    sfreq : float
        Sampling frequency, Hz.
    window_ms, edges
        As in :meth:`mne_hnn.Dipole.smooth`.

    Raises
    ------
    ParameterError
        The window is too short or too long, or the treatment of edges unknown.
    """
    check_name(edges, EDGES, "treatment of edges")
    window_ms = check_positive(window_ms, "window_ms")
    n, longest = round(window_ms * MS * sfreq), rows.shape[1]
    if window_ms < 1 or n < 2 or n > longest:
        raise ParameterError(
            f"window_ms must be at least 1 ms and two samples, and at most the record's "
            f"{longest / sfreq / MS:g} ms, got {window_ms:g} ms."
        )
    window, share = _hamming(n, longest)
    smoothed = np.array([np.convolve(row, window, "same") for row in rows])
    return smoothed / share if edges == "normalised" else smoothed


@lru_cache(maxsize=8)
def _hamming(n: int, longest: int) -> tuple[FloatArray, FloatArray]:
    """Return a Hamming window of `n` samples, and the share of it that lies within a record of `longest` at each."""
    window = np.hamming(n)
    window /= window.sum()
    share = np.convolve(np.ones(longest), window, "same")
    for array in (window, share):
        array.flags.writeable = False  # all get the same arrays
    return window, share
