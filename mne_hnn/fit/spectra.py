"""How much of which rhythm a dipole holds, and how far that is from what it should hold.

Spectra are power spectral densities in A² m² / Hz, one-sided: integrated over frequency they give the mean square of
the moment. Simulated records are short, so resolution is the limit everywhere: what is closer together than the
``bandwidth`` of a spectrum runs together, and only spectra of equal bandwidth can be compared in detail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mne.time_frequency import psd_array_welch
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len
from scipy.signal import detrend, periodogram, resample_poly
from scipy.signal.windows import dpss
from scipy.stats import theilslopes

from .._checks import check_name, check_non_negative, check_positive
from .._units import MS
from ..dipole import Dipole
from ..errors import ParameterError

__all__ = [
    "aperiodic_fit",
    "band_power",
    "band_power_loss",
    "band_ratio_loss",
    "periodic_part",
    "power_spectrum",
    "relative_band_power",
    "spectrum_loss",
]

METHODS = ("multitaper", "welch")
APERIODIC = ("scale", "remove", "keep")
#: Bands, in Hz, in which rhythms are expected and that a fit of the aperiodic part therefore leaves out.
RHYTHMS = ((7.0, 14.0), (15.0, 30.0))
MIN_RATE = 1000.0  # Hz; faster records are brought down to about this
MIN_SAMPLES = 8
MAX_STEP = 0.5  # Hz
MIN_BANDWIDTH = 2.0  # Hz
LOW_BIAS = 0.9  # tapers of less concentration leak
PADDING = 8  # how many times the record's own resolution the spectrum is computed at, to be interpolated

Floats = NDArray[np.float64]
Bands = Sequence[tuple[float, float]]


# records ---------------------------------------------------------------------------------------------------


def prepared_records(
    dipoles: Dipole | Sequence[Dipole], layer: str, burn_in_ms: float, fmax: float, what: str
) -> tuple[Floats, float, float]:
    """Return trials (n_trials, n_times) without burn-in and trend, their rate in Hz and their first time in s."""
    trials = [dipoles] if isinstance(dipoles, Dipole) else list(dipoles)
    if not trials or not all(isinstance(trial, Dipole) for trial in trials):
        raise ParameterError("dipoles must be a Dipole or a sequence of at least one Dipole, one per trial.")
    first = trials[0]
    sfreq = float(first.info["sfreq"])
    for trial in trials:
        check_name(layer, trial.layers, "layer")
        if trial.info["sfreq"] != sfreq or len(trial.times) != len(first.times):
            raise ParameterError("All trials must have the same times: crop or resample those that differ.")
    if fmax > sfreq / 2:
        raise ParameterError(
            f"{what} must not exceed the Nyquist frequency {sfreq / 2:g} Hz of the dipole, got {fmax:g} Hz."
        )
    start = int(np.ceil(check_non_negative(burn_in_ms, "burn_in_ms") * MS * sfreq - 1e-6))
    # ten times fmax keeps the spectrum up to fmax clear of the edge of the resampling filter
    down = max(1, int(sfreq // max(MIN_RATE, 10 * fmax)))
    if len(first.times) - start < MIN_SAMPLES * down:
        raise ParameterError(
            f"burn_in_ms must leave at least {MIN_SAMPLES * down / sfreq / MS:g} ms of the "
            f"{len(first.times) / sfreq / MS:g} ms of the record, got {burn_in_ms:g} ms."
        )
    data = detrend(np.array([trial[layer][start:] for trial in trials]), axis=-1, type="linear")
    if down > 1:
        data = resample_poly(data, 1, down, axis=-1, padtype="line")
    return np.asarray(data), sfreq / down, float(first.times[start])


def _spectrum_of(
    freqs: ArrayLike, psd: ArrayLike, what: str = "", *, positive: bool = False, at_least: int = 2
) -> tuple[Floats, Floats]:
    """Check a spectrum and return it as two arrays."""
    grid, power = np.asarray(freqs, dtype=float), np.asarray(psd, dtype=float)
    if grid.ndim != 1 or grid.shape != power.shape or len(grid) < at_least:
        raise ParameterError(
            f"{what}freqs and {what}psd must be two rows of equal length, at least {at_least}, got shapes {grid.shape} "
            f"and {power.shape}."
        )
    if not (np.isfinite(grid).all() and np.isfinite(power).all()):
        raise ParameterError(f"{what}freqs and {what}psd must be finite, got NaN or infinity.")
    if grid[0] < 0 or (np.diff(grid) <= 0).any():
        raise ParameterError(f"{what}freqs must rise from at least 0 Hz, got {grid[0]:g} to {grid[-1]:g} Hz.")
    if power.min() < 0:
        raise ParameterError(f"{what}psd must not be negative: give power, not decibels or log power.")
    if positive and not (grid[0] > 0 and power.min() > 0):
        raise ParameterError(f"{what}freqs and {what}psd must be positive, for they are compared as logarithms.")
    return grid, power


def rising_frequencies(freqs: ArrayLike) -> Floats:
    """Check rising frequencies above zero."""
    grid = np.array(freqs, dtype=float, ndmin=1)
    if grid.ndim != 1 or not grid.size or not np.isfinite(grid).all() or grid[0] <= 0 or (np.diff(grid) <= 0).any():
        raise ParameterError("freqs must be one row of rising frequencies above 0 Hz.")
    return grid


# power spectra ---------------------------------------------------------------------------------------------


def power_spectrum(
    dipoles: Dipole | Sequence[Dipole],
    *,
    fmin: float = 1.0,
    fmax: float = 50.0,
    burn_in_ms: float = 50.0,
    layer: str = "agg",
    method: str = "multitaper",
    freqs: ArrayLike | None = None,
    bandwidth: float | None = None,
) -> tuple[Floats, Floats]:
    """Return the power spectral density of a dipole, averaged over trials.

    The burn-in is cut off, a straight line is taken out of the rest and records faster than 1 kHz are brought down to
    about that. The spectra are computed with zeros appended and interpolated, so that the steps of a short record's
    spectrum are finer than its resolution.

    Parameters
    ----------
    dipoles : Dipole | sequence of Dipole
        One dipole, or trials of the same times: the average is of their spectra, not of the dipoles.
    fmin, fmax : float
        First and last frequency, Hz; not used if `freqs` are given.
    burn_in_ms : float
        What is left out at the start of each record, ms.
    layer : str
        The layer.
    method : str
        ``'multitaper'``: average over Slepian tapers, weighted by their concentration (Thomson 1982,
        https://doi.org/10.1109/PROC.1982.12433), the values of :func:`mne.time_frequency.psd_array_multitaper`, which
        itself cannot append zeros. ``'welch'``: average over half overlapping segments of ``4 / bandwidth`` s with a
        Hann window (:func:`mne.time_frequency.psd_array_welch`), or over the whole record if that is shorter.
    freqs : array-like, shape (n_freqs,) | None
        Frequencies at which the density is wanted, Hz. None takes equal steps of at most 0.5 Hz and at most an eighth
        of the bandwidth.
    bandwidth : float | None
        Full width to which a pure rhythm is smeared, Hz. None takes 2 Hz, or ``3 / duration`` if the record is too
        short for that: 12 Hz in 250 ms. MNE's default, ``8 / duration``, would smear alpha over beta there.

    Returns
    -------
    freqs : array, shape (n_freqs,)
        Frequencies, Hz.
    psd : array, shape (n_freqs,)
        Power spectral density, one-sided, A² m² / Hz.

    Raises
    ------
    ParameterError
        The burn-in leaves nothing, a frequency is above the Nyquist frequency, `fmin` is not below `fmax`, the trials
        differ in times, or the layer or method is unknown.
    """
    check_name(method, METHODS, "method")
    grid = None
    if freqs is not None:
        grid = rising_frequencies(freqs)
        fmin, fmax = float(grid[0]), float(grid[-1])
    elif check_positive(fmin, "fmin (Hz)") >= check_positive(fmax, "fmax (Hz)"):
        raise ParameterError(f"fmin must be below fmax, got {fmin:g} and {fmax:g} Hz.")
    data, rate, _ = prepared_records(dipoles, layer, burn_in_ms, fmax, "fmax" if grid is None else "freqs")
    duration = data.shape[-1] / rate
    width = max(MIN_BANDWIDTH, 3.0 / duration) if bandwidth is None else check_positive(bandwidth, "bandwidth (Hz)")
    n_fft = int(next_fast_len(int(max(PADDING * data.shape[-1], np.ceil(2 * rate / MAX_STEP))), real=True))
    fine, density = (_multitaper if method == "multitaper" else _welch)(data, rate, width, n_fft)
    if grid is None:
        grid = np.linspace(fmin, fmax, 1 + int(np.ceil((fmax - fmin) / min(MAX_STEP, width / 8) - 1e-9)))
    return grid, np.interp(grid, fine, density)


def _multitaper(data: Floats, rate: float, width: float, n_fft: int) -> tuple[Floats, Floats]:
    n_times = data.shape[-1]
    half = width * n_times / rate / 2  # the time-bandwidth product NW
    if not 1.0 <= half < n_times / 2:
        raise ParameterError(
            f"bandwidth must lie between {2 * rate / n_times:g} Hz, what the record can resolve, and {rate:g} Hz, "
            f"got {width:g} Hz."
        )
    tapers, concentration = dpss(n_times, half, min(int(2 * half), n_times), return_ratios=True)
    keep = concentration > LOW_BIAS
    total = np.zeros(n_fft // 2 + 1)
    fine = total
    for taper, weight in zip(tapers[keep], concentration[keep], strict=True):
        fine, density = periodogram(data, rate, window=taper, nfft=n_fft, detrend=False, axis=-1)
        total = total + weight * density.mean(axis=0)
    return np.asarray(fine), np.asarray(total / concentration[keep].sum())


def _welch(data: Floats, rate: float, width: float, n_fft: int) -> tuple[Floats, Floats]:
    segment = min(data.shape[-1], max(MIN_SAMPLES, round(4 * rate / width)))
    density, fine = psd_array_welch(
        data, rate, n_fft=n_fft, n_per_seg=segment, n_overlap=segment // 2, window="hann", verbose="error"
    )
    return np.asarray(fine), np.asarray(density.mean(axis=0))


# the aperiodic part ----------------------------------------------------------------------------------------


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
    """
    grid, power = _spectrum_of(freqs, psd, positive=True)
    kept = np.ones(len(grid), dtype=bool)
    for low, high in _bands(exclude, "exclude", empty=True):
        kept &= (grid < low) | (grid > high)
    if kept.sum() < 3:
        raise ParameterError(
            f"exclude must leave at least three of the frequencies {grid[0]:g} to {grid[-1]:g} Hz, "
            f"{int(kept.sum())} remain: give fewer or narrower bands."
        )
    slope, intercept, _, _ = theilslopes(np.log10(power[kept]), np.log10(grid[kept]), method="joint")
    return float(intercept), -float(slope)


def periodic_part(freqs: ArrayLike, psd: ArrayLike, *, exclude: Bands = RHYTHMS) -> Floats:
    """Return log10 of the power relative to the aperiodic part: what stands above it is positive.

    Parameters
    ----------
    freqs, psd, exclude
        As in :func:`aperiodic_fit`.

    Returns
    -------
    periodic : array, shape (n_freqs,)
        In log10 units: 1 is ten times the aperiodic power.
    """
    grid, power = _spectrum_of(freqs, psd, positive=True)
    offset, exponent = aperiodic_fit(grid, power, exclude=exclude)
    return np.asarray(np.log10(power) - (offset - exponent * np.log10(grid)))


# bands -----------------------------------------------------------------------------------------------------


def _bands(bands: Any, what: str = "bands", *, empty: bool = False) -> Floats:
    """Check bands and return them, shape (n_bands, 2)."""
    try:
        edges = np.array([(float(low), float(high)) for low, high in bands], dtype=float).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{what} must be pairs of frequencies in Hz such as [(7, 14), (15, 30)].") from error
    if not np.isfinite(edges).all() or (edges[:, 0] >= edges[:, 1]).any():
        raise ParameterError(f"Each of {what} must begin below its end, got {edges.tolist()} Hz.")
    if not empty and not len(edges):
        raise ParameterError(f"{what} must hold at least one band.")
    return edges


def band_power(freqs: ArrayLike, psd: ArrayLike, bands: Bands) -> Floats:
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
    """
    grid, power = _spectrum_of(freqs, psd)
    edges = _bands(bands)
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


def relative_band_power(freqs: ArrayLike, psd: ArrayLike, bands: Bands) -> Floats:
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
    """
    grid, power = _spectrum_of(freqs, psd)
    total = float(np.trapezoid(power, grid))
    if not total > 0:
        raise ParameterError("psd must hold power: shares of a spectrum that is zero throughout have no meaning.")
    return band_power(grid, power, bands) / total


def _weights(weights: ArrayLike, n: int, what: str, owner: str) -> Floats:
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
    return -float(_weights(weights, len(shares), "weights", "band") @ shares)


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
    edges = _bands(bands)
    ordered = edges[np.argsort(edges[:, 0])]
    if (ordered[1:, 0] < ordered[:-1, 1]).any():
        raise ParameterError(f"bands must not overlap, for their power would count twice, got {edges.tolist()} Hz.")
    found = relative_band_power(freqs, psd, bands)
    wanted = _weights(shares, len(found), "shares", "band")
    return max(0.0, 1.0 - float(np.sqrt(found * wanted).sum()))


# whole spectra ---------------------------------------------------------------------------------------------


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
    own, power = _spectrum_of(freqs, psd, positive=True)
    grid, wanted = _spectrum_of(target_freqs, target_psd, "target_", positive=True)
    weight = (
        np.full(len(grid), 1 / len(grid))
        if weights is None
        else _weights(weights, len(grid), "weights", "target frequency")
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
