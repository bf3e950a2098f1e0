"""The aperiodic part of a spectrum, and what stands above it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import theilslopes

from ._types import FloatArray
from .bands import Bands, as_bands
from .errors import ParameterError
from .spectra import as_spectrum

__all__ = ["RHYTHMS", "aperiodic_fit", "periodic_part"]

RHYTHMS = ((7.0, 14.0), (15.0, 30.0))
"""Bands, in Hz, in which rhythms are expected and that a fit of the aperiodic part therefore leaves out."""


def aperiodic_fit(freqs: ArrayLike, psd: ArrayLike, *, exclude: Bands = RHYTHMS) -> tuple[float, float]:
    """Fit the aperiodic part of a spectrum, a straight line in double logarithms.

    ``log10 P = offset - exponent * log10 f``, the form without knee of Donoghue et al. 2020
    (https://doi.org/10.1038/s41593-020-00744-x), here by the median of the slopes between all pairs of frequencies
    (Theil and Sen, https://doi.org/10.1080/01621459.1968.10480934), which peaks of up to 29 % of the frequencies
    cannot throw off.

    Parameters
    ----------
    freqs : array-like, shape (n_freqs,)
        Frequencies, Hz, above 0.
    psd : array-like, shape (n_freqs,)
        Power spectral density, positive.
    exclude : sequence of (float, float)
        Bands, Hz, that the fit leaves out because rhythms are expected there.

    Returns
    -------
    offset : float
        log10 of the aperiodic power at 1 Hz.
    exponent : float
        How steeply it falls: 1 for 1/f.

    Raises
    ------
    ParameterError
        A value is not positive, or fewer than three frequencies remain.

    Examples
    --------
    >>> import numpy as np
    >>> freqs = np.arange(1.0, 50.0)
    >>> offset, exponent = aperiodic_fit(freqs, 100 / freqs**2)
    >>> round(offset, 6), round(exponent, 6)
    (2.0, 2.0)
    """
    grid, power = as_spectrum(freqs, psd, positive=True)
    kept = np.ones(len(grid), dtype=bool)
    for low, high in as_bands(exclude, "exclude", empty=True):
        kept &= (grid < low) | (grid > high)
    if kept.sum() < 3:
        raise ParameterError(
            f"exclude must leave at least three of the frequencies {grid[0]:g} to {grid[-1]:g} Hz, "
            f"{int(kept.sum())} remain: give fewer or narrower bands."
        )
    slope, intercept, _, _ = theilslopes(np.log10(power[kept]), np.log10(grid[kept]), method="joint")
    return float(intercept), -float(slope)


def periodic_part(freqs: ArrayLike, psd: ArrayLike, *, exclude: Bands = RHYTHMS) -> FloatArray:
    """Return log10 of the power relative to the aperiodic part: what stands above it is positive.

    Parameters
    ----------
    freqs, psd, exclude
        As in :func:`aperiodic_fit`.

    Returns
    -------
    periodic : array, shape (n_freqs,)
        In log10 units: 1 is ten times the aperiodic power.

    Examples
    --------
    >>> import numpy as np
    >>> freqs = np.arange(1.0, 50.0)
    >>> psd = np.where(freqs == 10, 1000.0, 100.0) / freqs
    >>> round(float(periodic_part(freqs, psd)[freqs == 10][0]), 6)
    1.0
    """
    grid, power = as_spectrum(freqs, psd, positive=True)
    offset, exponent = aperiodic_fit(grid, power, exclude=exclude)
    return np.asarray(np.log10(power) - (offset - exponent * np.log10(grid)))
