"""A real median-nerve waveform of primary somatosensory cortex, which the demo's column was made to resemble."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import Akima1DInterpolator

from ..._units import NAM

__all__ = ["PEAK_NAM", "median_nerve_waveform"]

_RATE_Hz = 300.3
# Source estimate of S1 in the somatosensory data set of MNE-Python (CC0; left median nerve, minimum norm, right
# postcentral gyrus), digitised from a published figure; nA m of that estimate, which is smaller than the current.
_DIGITISED = (
    0.0167,
    0.0108,
    0.0032,
    0.0008,
    0.0066,
    0.0200,
    0.0317,
    0.0310,
    0.0112,
    -0.0249,
    -0.0651,
    -0.0968,
    -0.1093,
    -0.1048,
    -0.0913,
    -0.0803,
    -0.0774,
    -0.0827,
    -0.0892,
    -0.0912,
    -0.0869,
    -0.0810,
    -0.0786,
    -0.0816,
    -0.0878,
    -0.0919,
    -0.0904,
    -0.0817,
    -0.0691,
    -0.0572,
    -0.0497,
    -0.0455,
    -0.0416,
    -0.0354,
    -0.0258,
    -0.0147,
    -0.0064,
    -0.0018,
    -0.0011,
    -0.0025,
    -0.0039,
    -0.0042,
    -0.0042,
    -0.0043,
    -0.0064,
    -0.0105,
    -0.0155,
    -0.0203,
    -0.0240,
    -0.0265,
    -0.0274,
    -0.0261,
)
PEAK_NAM = 30.0
"""Size that the deflection at 40 ms is given, nA m: a typical equivalent current dipole of that response
(10 to 50 nA m; Hari and Forss 1999, doi:10.1098/rstb.1999.0470)."""
_FADE_s = 0.05
_SILENT = 3
"""Samples before the volley from the wrist can have reached the cortex (10 ms): noise or stimulus artefact."""


def median_nerve_waveform(times: ArrayLike) -> NDArray[np.float64]:
    """Return the current of primary somatosensory cortex after median-nerve stimulation.

    The digitised samples, joined by an Akima spline, zero before 7 ms and faded out within 50 ms after the last
    of their 170 ms. Scaled so that the deflection at 40 ms, which points down, is 30 nA m.

    Parameters
    ----------
    times : array-like, shape (n_times,)
        Time from the stimulus, s.

    Returns
    -------
    moment : array, shape (n_times,)
        In A m, positive outward.

    Examples
    --------
    >>> import numpy as np
    >>> times = np.arange(0.0, 0.17, 0.001)
    >>> bool(median_nerve_waveform(times)[40] < 0)  # the deflection at 40 ms points down
    True
    """
    when = np.asarray(times, dtype=float)
    values = np.array(_DIGITISED)
    values[:_SILENT] = 0.0
    known = np.arange(len(values)) / _RATE_Hz
    spline = Akima1DInterpolator(known, values * (PEAK_NAM * NAM / np.abs(values).max()))
    beyond = np.clip((when - known[-1]) / _FADE_s, 0.0, 1.0)
    return np.asarray(spline(np.clip(when, 0.0, known[-1])) * 0.5 * (1.0 + np.cos(np.pi * beyond)))
