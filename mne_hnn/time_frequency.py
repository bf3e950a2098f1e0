"""When a dipole holds how much of which rhythm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mne.time_frequency import tfr_array_morlet
from numpy.typing import ArrayLike

from ._checks import check_int
from ._types import FloatArray
from .dipole import Dipole
from .errors import ParameterError
from .spectra import prepared_records, rising_frequencies

__all__ = ["time_frequency_power"]


def time_frequency_power(
    dipoles: Dipole | Sequence[Dipole],
    freqs: ArrayLike,
    n_cycles: ArrayLike | None = None,
    burn_in_ms: float = 50.0,
    decim: int = 1,
    *,
    layer: str = "agg",
) -> tuple[FloatArray, FloatArray]:
    """Return power over time and frequency by Morlet wavelets, averaged over trials.

    As Tallon-Baudry et al. (1997, https://doi.org/10.1523/JNEUROSCI.17-02-00722.1997) have it, in densities.
    Records are prepared as in :func:`~mne_hnn.spectra.power_spectrum`, then continued by point reflection at both
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

    Examples
    --------
    >>> times, power = time_frequency_power(simulation.dipoles, [40.0, 60.0], n_cycles=2, burn_in_ms=0)
    >>> len(power)
    2
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
