"""How far a spectrum, or power over time and frequency, is from what it should be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import make_interp_spline

from .._checks import check_name
from .._types import FloatArray
from ..aperiodic import RHYTHMS, periodic_part
from ..bands import Bands, as_bands, relative_band_power
from ..dipole import Dipole
from ..errors import ParameterError
from ..spectra import as_spectrum, rising_frequencies
from ..time_frequency import time_frequency_power

__all__ = ["band_power_loss", "band_ratio_loss", "spectrum_loss", "time_frequency_loss"]

APERIODIC = ("scale", "remove", "keep")
DYNAMIC_RANGE = 1e-6  # 60 dB


def _shares(weights: ArrayLike, n: int, what: str, owner: str) -> FloatArray:
    """Check one weight >= 0 per item and return the weights with a sum of 1."""
    given = np.asarray(weights, dtype=float)
    if given.shape != (n,):
        raise ParameterError(f"{what} must be {n} numbers, one per {owner}, got shape {given.shape}.")
    if not np.isfinite(given).all() or given.min() < 0 or not given.sum() > 0:
        raise ParameterError(f"{what} must be finite numbers >= 0, not all of them 0.")
    return np.asarray(given / given.sum())


def band_power_loss(freqs: ArrayLike, psd: ArrayLike, bands: Bands, weights: ArrayLike) -> float:
    """Return minus the weighted mean of the bands' relative powers: small when much of the power is in the bands.

    ``-sum(w_i p_i) / sum(w_i)`` with the shares ``p_i`` of :func:`relative_band_power`. This is what "maximise the
    power in these bands with these weights" means. It does not ask for power in *all* bands: the least value,
    ``-max(w) / sum(w)``, is that of all power in the band of the largest weight. Where the bands' powers are to have a
    ratio, take :func:`band_ratio_loss`.

    Parameters
    ----------
    freqs, psd, bands
        As in :func:`relative_band_power`.
    weights : array-like, shape (n_bands,)
        What power in each band is worth, >= 0.

    Returns
    -------
    loss : float
        Between ``-max(w) / sum(w)`` and 0.

    Raises
    ------
    ParameterError
        As in :func:`relative_band_power`, or the weights do not fit.
    """
    shares = relative_band_power(freqs, psd, bands)
    return -float(_shares(weights, len(shares), "weights", "band") @ shares)


def band_ratio_loss(freqs: ArrayLike, psd: ArrayLike, bands: Bands, shares: ArrayLike) -> float:
    """Return how far the powers are from being all in the bands and there in the wanted ratio.

    The squared Hellinger distance ``1 - sum(sqrt(p_i q_i))`` (after Bhattacharyya's coefficient) between the relative
    powers ``p_i`` of :func:`relative_band_power` and the wanted shares ``q_i``, whose sum is made 1. Power outside the
    bands is one more class of wanted share 0, which adds nothing to the sum but takes from the ``p_i``. So one formula
    sees both: it is 0 if and only if ``p = q``, which leaves nothing outside; ``1 - sqrt(s)`` if the ratio is right but
    only the share ``s`` of the power is inside; and 1 if no band holds power. Unlike the Kullback-Leibler divergence it
    stays finite when a band, or the rest, holds no power.

    Parameters
    ----------
    freqs, psd, bands
        As in :func:`relative_band_power`; the bands must not overlap.
    shares : array-like, shape (n_bands,)
        Wanted powers relative to each other, >= 0. A band of share 0 counts like what is outside.

    Returns
    -------
    loss : float
        Between 0 and 1.

    Raises
    ------
    ParameterError
        As in :func:`relative_band_power`, the bands overlap, or the shares do not fit.
    """
    edges = as_bands(bands)
    ordered = edges[np.argsort(edges[:, 0])]
    if (ordered[1:, 0] < ordered[:-1, 1]).any():
        raise ParameterError(f"bands must not overlap, for their power would count twice, got {edges.tolist()} Hz.")
    found = relative_band_power(freqs, psd, bands)
    wanted = _shares(shares, len(found), "shares", "band")
    return max(0.0, 1.0 - float(np.sqrt(found * wanted).sum()))


def spectrum_loss(
    freqs: ArrayLike,
    psd: ArrayLike,
    target_freqs: ArrayLike,
    target_psd: ArrayLike,
    *,
    aperiodic: str = "scale",
    weights: ArrayLike | None = None,
    exclude: Bands = RHYTHMS,
) -> float:
    """Return the distance between a spectrum and a target, root mean square in log10 units.

    Compared at those of the target's frequencies that lie within the other spectrum, which is interpolated in double
    logarithms. Both should have been computed with the same bandwidth (:func:`power_spectrum`).

    Parameters
    ----------
    freqs, psd : array-like, shape (n_freqs,)
        The spectrum that is judged: frequencies, Hz, and positive density.
    target_freqs, target_psd : array-like, shape (n_target_freqs,)
        The target.
    aperiodic : str
        ``'scale'``: up to the factor that fits best, the mean difference of the log spectra, so that shapes are
        compared. ``'remove'``: what stands above the aperiodic part of each (:func:`periodic_part`). ``'keep'``: as
        they are, both in the same unit.
    weights : array-like, shape (n_target_freqs,) | None
        Weight >= 0 of each of the target's frequencies; None for equal ones.
    exclude : sequence of (float, float)
        For ``'remove'``: bands that the aperiodic fit leaves out, Hz.

    Returns
    -------
    loss : float
        0.1 is a typical deviation of 26 % in power, 1 a factor of ten.

    Raises
    ------
    ParameterError
        A spectrum is malformed or not positive, fewer than two frequencies are common, or `aperiodic` is unknown.
    """
    check_name(aperiodic, APERIODIC, "treatment of the aperiodic part")
    own, power = as_spectrum(freqs, psd, positive=True)
    grid, wanted = as_spectrum(target_freqs, target_psd, "target_", positive=True)
    weight = (
        np.full(len(grid), 1 / len(grid))
        if weights is None
        else _shares(weights, len(grid), "weights", "target frequency")
    )
    slack = 1e-6 * (own[-1] - own[0])
    common = (grid >= own[0] - slack) & (grid <= own[-1] + slack)
    if common.sum() < 2 or not weight[common].sum() > 0:
        raise ParameterError(
            f"Spectrum and target must have two frequencies in common, with weight: the spectrum has {own[0]:g} to "
            f"{own[-1]:g} Hz, the target {grid[0]:g} to {grid[-1]:g} Hz."
        )
    grid, wanted, weight = grid[common], wanted[common], weight[common] / weight[common].sum()
    logs = np.interp(np.log10(grid), np.log10(own), np.log10(power))
    if aperiodic == "remove":
        difference = periodic_part(grid, 10**logs, exclude=exclude) - periodic_part(grid, wanted, exclude=exclude)
    else:
        difference = logs - np.log10(wanted)
    if aperiodic == "scale":
        difference = difference - weight @ difference
    return float(np.sqrt(weight @ difference**2))


def time_frequency_loss(
    dipoles: Dipole | Sequence[Dipole],
    target_power: ArrayLike,
    times: ArrayLike,
    freqs: ArrayLike,
    *,
    n_cycles: ArrayLike | None = None,
    burn_in_ms: float = 50.0,
    layer: str = "agg",
) -> float:
    """Return how unlike time-frequency power is to that of a target: 1 minus the correlation of their logarithms.

    Over all frequencies and the times that both have, blind to the scale of either. What lies more than 60 dB below
    the largest power of its own map counts as 60 dB below, so that silence does not outweigh the response.

    Parameters
    ----------
    dipoles : Dipole | sequence of Dipole
        What is judged; see :func:`time_frequency_power`.
    target_power : array-like, shape (n_freqs, n_times)
        The target's power.
    times : array-like, shape (n_times,)
        Its times in s, rising.
    freqs : array-like, shape (n_freqs,)
        Its frequencies, Hz.
    n_cycles, burn_in_ms, layer
        As in :func:`time_frequency_power`; the target should have been computed with the same cycles.

    Returns
    -------
    loss : float
        Between 0 and 2; 1 if the dipoles, or the target, have the same power throughout, such as none.

    Raises
    ------
    ParameterError
        The shapes do not fit, the records do not overlap in time, or as in :func:`time_frequency_power`.
    """
    grid, wanted_times = rising_frequencies(freqs), np.asarray(times, dtype=float)
    wanted = np.asarray(target_power, dtype=float)
    if wanted_times.ndim != 1 or len(wanted_times) < 2 or not (np.diff(wanted_times) > 0).all():
        raise ParameterError("times must be one row of at least two rising times in s.")
    if wanted.shape != (len(grid), len(wanted_times)):
        raise ParameterError(
            f"target_power must have shape {(len(grid), len(wanted_times))}, frequencies by times, got {wanted.shape}."
        )
    if not np.isfinite(wanted).all() or wanted.min() < 0:
        raise ParameterError("target_power must be finite and not negative: give power, not decibels.")
    own_times, power = time_frequency_power(dipoles, grid, n_cycles, burn_in_ms, layer=layer)
    slack = 0.5 * (own_times[1] - own_times[0])
    common = (wanted_times >= own_times[0] - slack) & (wanted_times <= own_times[-1] + slack)
    if common.sum() < 2:
        raise ParameterError(
            f"The target's times, {wanted_times[0]:g} to {wanted_times[-1]:g} s, must overlap with the "
            f"{own_times[0]:g} to {own_times[-1]:g} s of the dipoles after the burn-in."
        )
    inside = wanted_times[common].clip(own_times[0], own_times[-1])
    judged, target = (_log_map(density) for density in (power, wanted[:, common]))
    if judged is None or target is None:
        return 1.0
    judged = make_interp_spline(own_times, judged, k=1, axis=-1)(inside)
    rows = [row - row.mean() for row in (judged, target)]
    sizes = [float(np.linalg.norm(row)) for row in rows]
    if min(sizes) <= 1e-9:
        return 1.0
    return float(np.clip(1.0 - np.sum(rows[0] * rows[1]) / (sizes[0] * sizes[1]), 0.0, 2.0))


def _log_map(power: FloatArray) -> FloatArray | None:
    """Return log10 of power relative to its maximum, down to the dynamic range; None where there is no power."""
    peak = float(power.max())
    return np.asarray(np.log10(np.maximum(power / peak, DYNAMIC_RANGE))) if peak > 0 else None
