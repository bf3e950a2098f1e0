"""Frequency bands, and the power that a spectrum has there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._types import FloatArray
from .errors import ParameterError
from .spectra import as_spectrum

__all__ = ["Bands", "as_bands", "band_power", "relative_band_power"]

Bands = Sequence[tuple[float, float]]


def as_bands(bands: Any, what: str = "bands", *, empty: bool = False) -> FloatArray:
    """Check bands and return them, shape (n_bands, 2).

    Examples
    --------
    >>> as_bands([(9, 11), (19, 21)])
    array([[ 9., 11.],
           [19., 21.]])
    """
    try:
        edges = np.array([(float(low), float(high)) for low, high in bands], dtype=float).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{what} must be pairs of frequencies in Hz such as [(7, 14), (15, 30)].") from error
    if not np.isfinite(edges).all() or (edges[:, 0] >= edges[:, 1]).any():
        raise ParameterError(f"Each of {what} must begin below its end, got {edges.tolist()} Hz.")
    if not empty and not len(edges):
        raise ParameterError(f"{what} must hold at least one band.")
    return edges


def band_power(freqs: ArrayLike, psd: ArrayLike, bands: Bands) -> FloatArray:
    """Return the power within frequency bands: the integral of the density, by the trapezoidal rule.

    Parameters
    ----------
    freqs : array-like, shape (n_freqs,)
        Frequencies, Hz.
    psd : array-like, shape (n_freqs,)
        Power spectral density, A² m² / Hz; interpolated at the edges of the bands.
    bands : sequence of (float, float)
        First and last frequency of each band, Hz, within those of `freqs`.

    Returns
    -------
    power : array, shape (n_bands,)
        The mean square of the moment in each band, A² m².

    Raises
    ------
    ParameterError
        A band is empty or reaches beyond the frequencies, or the spectrum is malformed.

    Examples
    --------
    >>> import numpy as np
    >>> band_power(np.arange(1.0, 31.0), np.ones(30), [(9, 11), (15, 25)])
    array([ 2., 10.])
    """
    grid, power = as_spectrum(freqs, psd)
    edges = as_bands(bands)
    slack = 1e-6 * (grid[-1] - grid[0])
    if edges.min() < grid[0] - slack or edges.max() > grid[-1] + slack:
        raise ParameterError(
            f"bands must lie within the {grid[0]:g} to {grid[-1]:g} Hz of the spectrum, got {edges.tolist()} Hz."
        )
    found = []
    for low, high in edges.clip(grid[0], grid[-1]):
        inner = np.concatenate([[low], grid[(grid > low) & (grid < high)], [high]])
        found.append(float(np.trapezoid(np.interp(inner, grid, power), inner)))
    return np.array(found)


def relative_band_power(freqs: ArrayLike, psd: ArrayLike, bands: Bands) -> FloatArray:
    """Return the power within frequency bands as share of the power at all `freqs`.

    Parameters
    ----------
    freqs, psd, bands
        As in :func:`band_power`; the first and last of `freqs` define what all the power is.

    Returns
    -------
    shares : array, shape (n_bands,)
        Between 0 and 1.

    Raises
    ------
    ParameterError
        There is no power at all, or as in :func:`band_power`.

    Examples
    --------
    >>> import numpy as np
    >>> relative_band_power(np.arange(1.0, 42.0), np.ones(41), [(9, 11)])
    array([0.05])
    """
    grid, power = as_spectrum(freqs, psd)
    total = float(np.trapezoid(power, grid))
    if not total > 0:
        raise ParameterError("psd must hold power: shares of a spectrum that is zero throughout have no meaning.")
    return band_power(grid, power, bands) / total
