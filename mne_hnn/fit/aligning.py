"""Responses as if all drives came at their expected times: what is left to be learned of them bends less.

A response moves with the drive that makes it, and a sum of components that stand still needs many of them to move. Time
is stretched between drives, and back for what is predicted: landmarks of curves are aligned (Kneip and Gasser 1992,
https://doi.org/10.1214/aos/1176348769).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._types import FloatArray
from .sequence import GAP_MS

__all__ = ["Alignment"]

MOVES = 0.6
"""Share of the time from a drive to the next, of the shorter one of both, in which the response moves as a whole."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """How responses are moved to the expected times of their drives.

    Attributes
    ----------
    times_ms : array, shape (n_times,)
        Times of the responses, ms.
    expected_ms : array, shape (n_drives,)
        Expected times of the drives, in order, ms.
    tstop : float
        Length of the record, ms.
    """

    times_ms: FloatArray
    expected_ms: FloatArray
    tstop: float

    def aligned(self, moments: FloatArray, drives_ms: FloatArray) -> FloatArray:
        """Return responses as if drives had come when they were expected.

        Parameters
        ----------
        moments : array, shape (n, n_times)
            Responses.
        drives_ms : array, shape (n, n_drives)
            When their drives came.
        """
        own, expected = self._marks(drives_ms)
        return self._at(moments, _between(self.times_ms, expected, own))

    def back(self, moments: FloatArray, drives_ms: FloatArray) -> FloatArray:
        """Return aligned responses as they are with drives at given times, shapes as in :meth:`aligned`."""
        own, expected = self._marks(drives_ms)
        return self._at(moments, _between(self.times_ms, own, expected))

    def _marks(self, drives_ms: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return times that belong together, of responses and as they are expected, shape (n, 2 * n_drives + 2)."""
        n, n_drives = drives_ms.shape
        apart = GAP_MS * np.arange(n_drives)
        # drives that are not in order are impossible, but asked for
        own = np.maximum.accumulate(drives_ms - apart, axis=1) + apart
        own = np.column_stack([own, np.maximum(own[:, -1:] + GAP_MS, self.tstop)])
        expected = np.broadcast_to(np.append(self.expected_ms, self.tstop), own.shape)
        moves = MOVES * np.minimum(np.diff(own, axis=1), np.diff(expected, axis=1))
        both = []
        for times in (own, expected):
            marks = np.empty((n, 2 * n_drives + 2))
            marks[:, 0] = np.minimum(times[:, 0] - GAP_MS, 0.0)
            marks[:, 1:-1:2], marks[:, 2:-1:2] = times[:, :-1], times[:, :-1] + moves
            marks[:, -1] = times[:, -1]
            both.append(marks)
        return both[0], both[1]

    def _at(self, moments: FloatArray, times_ms: FloatArray) -> FloatArray:
        """Return each response at times of its own."""
        place = np.interp(times_ms, self.times_ms, np.arange(len(self.times_ms), dtype=float))
        before = np.minimum(place.astype(int), len(self.times_ms) - 2)
        share = place - before
        one = np.take_along_axis(moments, before, axis=1)
        two = np.take_along_axis(moments, before + 1, axis=1)
        return np.asarray((1 - share) * one + share * two)


def _between(times_ms: FloatArray, marks: FloatArray, others: FloatArray) -> FloatArray:
    """Return for each row where times lie between `others` as they lie between `marks`, shape (n, n_times)."""
    found = others[:, :1] + np.minimum(times_ms - marks[:, :1], 0.0)
    slopes = np.diff(others, axis=1) / np.diff(marks, axis=1)
    for k in range(marks.shape[1] - 1):
        inside = np.clip(times_ms - marks[:, k : k + 1], 0.0, (marks[:, k + 1] - marks[:, k])[:, np.newaxis])
        found = found + slopes[:, k : k + 1] * inside
    return np.asarray(found + np.maximum(times_ms - marks[:, -1:], 0.0))
