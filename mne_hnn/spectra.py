"""How much of which rhythm a dipole holds.

Spectra are power spectral densities in A² m² / Hz, one-sided: integrated over frequency they give the mean square of
the moment. Simulated records are short, so resolution is the limit everywhere: what is closer together than the
``bandwidth`` of a spectrum runs together, and only spectra of equal bandwidth can be compared in detail.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mne.time_frequency import psd_array_welch
from numpy.typing import ArrayLike
from scipy.fft import next_fast_len

from ._checks import check_name, check_non_negative, check_positive
from ._types import FloatArray
from ._units import MS
from .dipole import Dipole
from .errors import ParameterError

__all__ = ["MIN_BANDWIDTH", "as_spectrum", "power_spectrum", "prepared_records", "rising_frequencies"]

METHODS = ("multitaper", "welch")
MIN_RATE = 1000.0  # Hz; faster records are brought down to about this
MIN_SAMPLES = 8
MAX_STEP = 0.5  # Hz
MIN_BANDWIDTH = 2.0  # Hz
LOW_BIAS = 0.9  # tapers of less concentration leak
PADDING = 8  # how many times the record's own resolution the spectrum is computed at, to be interpolated


def prepared_records(
    dipoles: Dipole | Sequence[Dipole], layer: str, burn_in_ms: float, fmax: float, what: str
) -> tuple[FloatArray, float, float]:
    """Return trials (n_trials, n_times) without burn-in and trend, their rate in Hz and their first time in s.

    Examples
    --------
    >>> records, sfreq, first = prepared_records(simulation.dipoles, "agg", 50.0, 80.0, "the spectrum")
    >>> len(records) == simulation.n_trials, round(first, 3)
    (True, 0.05)
    """
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
    from scipy.signal import detrend, resample_poly  # slow to import

    data = detrend(np.array([trial[layer][start:] for trial in trials]), axis=-1, type="linear")
    if down > 1:
        data = resample_poly(data, 1, down, axis=-1, padtype="line")
    return np.asarray(data), sfreq / down, float(first.times[start])


def as_spectrum(
    freqs: ArrayLike, psd: ArrayLike, what: str = "", *, positive: bool = False, at_least: int = 2
) -> tuple[FloatArray, FloatArray]:
    """Check a spectrum and return it as two arrays.

    Examples
    --------
    >>> freqs, psd = as_spectrum([8.0, 10.0, 12.0], [1.0, 4.0, 1.0])
    >>> psd
    array([1., 4., 1.])
    """
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


def rising_frequencies(freqs: ArrayLike) -> FloatArray:
    """Check rising frequencies above zero.

    Examples
    --------
    >>> rising_frequencies([8, 10, 12])
    array([ 8., 10., 12.])
    """
    grid = np.array(freqs, dtype=float, ndmin=1)
    if grid.ndim != 1 or not grid.size or not np.isfinite(grid).all() or grid[0] <= 0 or (np.diff(grid) <= 0).any():
        raise ParameterError("freqs must be one row of rising frequencies above 0 Hz.")
    return grid


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
) -> tuple[FloatArray, FloatArray]:
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
        Hann window (Welch 1967, https://doi.org/10.1109/TAU.1967.1161901; :func:`mne.time_frequency.psd_array_welch`),
        or over the whole record if that is shorter.
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

    Examples
    --------
    >>> freqs, psd = power_spectrum(simulation.dipoles, fmin=20.0, fmax=80.0)
    >>> freqs.shape == psd.shape
    True
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


def _multitaper(data: FloatArray, rate: float, width: float, n_fft: int) -> tuple[FloatArray, FloatArray]:
    n_times = data.shape[-1]
    half = width * n_times / rate / 2  # the time-bandwidth product NW
    if not 1.0 <= half < n_times / 2:
        raise ParameterError(
            f"bandwidth must lie between {2 * rate / n_times:g} Hz, what the record can resolve, and {rate:g} Hz, "
            f"got {width:g} Hz."
        )
    from scipy.signal import periodogram  # slow to import
    from scipy.signal.windows import dpss

    tapers, concentration = dpss(n_times, half, min(int(2 * half), n_times), return_ratios=True)
    keep = concentration > LOW_BIAS
    total = np.zeros(n_fft // 2 + 1)
    fine = total
    for taper, weight in zip(tapers[keep], concentration[keep], strict=True):
        fine, density = periodogram(data, rate, window=taper, nfft=n_fft, detrend=False, axis=-1)
        total = total + weight * density.mean(axis=0)
    return np.asarray(fine), np.asarray(total / concentration[keep].sum())


def _welch(data: FloatArray, rate: float, width: float, n_fft: int) -> tuple[FloatArray, FloatArray]:
    segment = min(data.shape[-1], max(MIN_SAMPLES, round(4 * rate / width)))
    density, fine = psd_array_welch(
        data, rate, n_fft=n_fft, n_per_seg=segment, n_overlap=segment // 2, window="hann", verbose="error"
    )
    return np.asarray(fine), np.asarray(density.mean(axis=0))
