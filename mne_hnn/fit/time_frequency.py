"""When a dipole holds how much of which rhythm, and how far that is from what it should hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mne.time_frequency import tfr_array_morlet
from numpy.typing import ArrayLike
from scipy.interpolate import make_interp_spline

from .._checks import check_int
from ..dipole import Dipole
from ..errors import ParameterError
from .spectra import Floats, prepared_records, rising_frequencies

__all__ = ["time_frequency_loss", "time_frequency_power"]

DYNAMIC_RANGE = 1e-6  # 60 dB


def time_frequency_power(
    dipoles: Dipole | Sequence[Dipole],
    freqs: ArrayLike,
    n_cycles: ArrayLike | None = None,
    burn_in_ms: float = 50.0,
    decim: int = 1,
    *,
    layer: str = "agg",
) -> tuple[Floats, Floats]:
    """Return power over time and frequency by Morlet wavelets, averaged over trials.

    Records are prepared as in :func:`~mne_hnn.fit.spectra.power_spectrum`, then continued by point reflection at both
    ends, which makes no step there, and lets wavelets be longer than a record
    (:func:`mne.time_frequency.tfr_array_morlet` refuses them): within half a wavelet of the ends, power is in part
    that of the mirror image.

    Parameters
    ----------
    dipoles : Dipole | sequence of Dipole
        One dipole, or trials of the same times.
    freqs : array-like, shape (n_freqs,)
        Frequencies, Hz, rising.
    n_cycles : float | array-like, shape (n_freqs,) | None
        Cycles per wavelet, whose Gaussian has a standard deviation of ``n_cycles / (2 pi f)`` s. None takes ``f / 2``
        (80 ms), but at least 2.
    burn_in_ms : float
        What is left out at the start of each record, ms.
    decim : int
        Keep one of so many times, after records faster than 1 kHz were brought down to about that.
    layer : str
        The layer.

    Returns
    -------
    times : array, shape (n_times,)
        Times in s.
    power : array, shape (n_freqs, n_times)
        Density A² m² / Hz, one-sided: in white noise its mean is the power spectral density, whatever the sampling.

    Raises
    ------
    ParameterError
        The burn-in leaves nothing, a frequency is above the Nyquist frequency, or another argument is wrong.
    """
    grid = rising_frequencies(freqs)
    decim = check_int(decim, "decim", minimum=1)
    cycles = np.maximum(grid / 2, 2.0) if n_cycles is None else np.asarray(n_cycles, dtype=float)
    if cycles.shape not in ((), grid.shape) or not np.isfinite(cycles).all() or cycles.min() <= 0:
        raise ParameterError(f"n_cycles must be one number > 0, or one per each of the {len(grid)} frequencies.")
    cycles = np.broadcast_to(cycles, grid.shape)
    data, rate, start = prepared_records(dipoles, layer, burn_in_ms, float(grid[-1]), "freqs")
    n_times = data.shape[-1]
    margin = int(np.ceil(5 * (cycles / (2 * np.pi * grid)).max() * rate)) + 1  # MNE's wavelets end at 5 deviations
    padded = np.pad(data, ((0, 0), (margin, margin)), mode="reflect", reflect_type="odd")[:, np.newaxis]
    found = tfr_array_morlet(padded, rate, grid, n_cycles=cycles, output="avg_power", verbose="error")[0]
    # MNE's wavelets have a sum of squares of 2 over samples; over time, as needed for a density, that is 2 / rate
    power = found[:, margin : margin + n_times : decim] / rate
    return start + np.arange(0, n_times, decim) / rate, np.asarray(power)


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
    judged, target = (_log_map(one) for one in (power, wanted[:, common]))
    if judged is None or target is None:
        return 1.0
    judged = make_interp_spline(own_times, judged, k=1, axis=-1)(inside)
    rows = [one - one.mean() for one in (judged, target)]
    sizes = [float(np.linalg.norm(row)) for row in rows]
    if min(sizes) <= 1e-9:
        return 1.0
    return float(np.clip(1.0 - np.sum(rows[0] * rows[1]) / (sizes[0] * sizes[1]), 0.0, 2.0))


def _log_map(power: Floats) -> Floats | None:
    """Return log10 of power relative to its maximum, down to the dynamic range; None where there is no power."""
    peak = float(power.max())
    return np.asarray(np.log10(np.maximum(power / peak, DYNAMIC_RANGE))) if peak > 0 else None
