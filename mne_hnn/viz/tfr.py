"""Power of dipoles over time and frequency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .._checks import check_finite, check_name, check_positive
from .._units import MS, NAM
from ..dipole import Dipole
from ..errors import ParameterError
from ._groups import check_axes, crop_trials, figure_of, layer_names, trials_of

if TYPE_CHECKING:
    from ..simulate import Simulation

__all__ = ["plot_tfr"]

FMAX = 100.0
MOST_COLUMNS = 1000
EDGE = 2.0  # standard deviations of the wavelet: nearly all of it lies within


def plot_tfr(
    dipoles: Dipole | Sequence[Dipole] | Simulation,
    *,
    freqs: ArrayLike | None = None,
    n_cycles: float | ArrayLike = 7.0,
    layer: str = "agg",
    tmin: float | None = None,
    tmax: float | None = None,
    vlim: tuple[float | None, float | None] = (None, None),
    cmap: str = "viridis",
    colorbar: bool = True,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot power over time and frequency by Morlet wavelets, averaged over trials.

    Records faster than 1 kHz and ten times the highest frequency are first brought down to about that, behind a
    filter against aliasing (:func:`scipy.signal.resample_poly`); the rate is logged. A straight line is taken out.

    Parameters
    ----------
    dipoles : Dipole | sequence of Dipole | Simulation
        One dipole, or trials of the same times: the average is of their power, not of the dipoles.
    freqs : array-like, shape (n_freqs,) | None
        Frequencies, Hz, rising. None takes 80 from the lowest whose wavelet fits the record up to 100 Hz.
    n_cycles : float | array-like, shape (n_freqs,)
        Cycles per wavelet, whose Gaussian has a standard deviation of ``n_cycles / (2 pi f)`` s.
    layer : str
        The layer.
    tmin, tmax : float | None
        Window in s, cut out before the analysis; None for the start or end. Cut off the first 50 ms or so of a
        simulation, in which the network settles.
    vlim : (float | None, float | None)
        Limits of the colours, (nA m)² / Hz; None for 0 and for the largest power where wavelets fit.
    cmap : str
        Colour map of matplotlib.
    colorbar : bool
        Draw the colour bar.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Power spectral density in (nA m)² / Hz, see :func:`mne_hnn.time_frequency.time_frequency_power`.
        Hatched within two standard deviations of the wavelet from the ends of the record, where it sees in part the
        mirror image by which the record is continued.

    Raises
    ------
    ParameterError
        The layer is unknown, trials differ in times, the window is empty, or a frequency is too high.

    Examples
    --------
    >>> figure = plot_tfr(simulation, freqs=[40.0, 60.0], n_cycles=2.0)
    """
    from ..time_frequency import time_frequency_power

    trials = trials_of(dipoles)
    layer_names({"": trials}, [layer])
    check_name(cmap, plt.colormaps(), "colour map")
    trials = crop_trials(trials, tmin, tmax)
    duration = len(trials[0].times) / trials[0].info["sfreq"]
    grid = _frequencies(freqs, n_cycles, duration, trials[0].info["sfreq"])
    times, density = time_frequency_power(trials, grid, n_cycles, 0.0, layer=layer)
    power = density / NAM**2
    if len(times) > 1:
        mne.utils.logger.info(
            f"plot_tfr: {trials[0].info['sfreq']:g} Hz, analysed at {1 / (times[1] - times[0]):g} Hz, "
            f"{len(trials)} trial(s)"
        )
    reach = EDGE * np.broadcast_to(np.asarray(n_cycles, dtype=float), grid.shape) / (2 * np.pi * grid)
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    every = max(1, len(times) // MOST_COLUMNS)
    low, high = _limits(vlim, power, times, reach)
    mesh = axes.pcolormesh(
        times[::every] / MS, grid, power[:, ::every], cmap=cmap, vmin=low, vmax=high, shading="nearest", rasterized=True
    )
    _mark_edges(axes, times, grid, reach)
    _describe(axes, layer if len(trials) == 1 else f"{layer}, average of {len(trials)} trials", times, grid)
    fig = figure_of(axes)
    if colorbar:
        bar = fig.colorbar(mesh, ax=axes, extend="max" if power.max() > high * (1 + 1e-9) else "neither")
        bar.set_label("Power spectral density\n((nAm)²/Hz)")
    if show:
        plt.show()
    return fig


def _describe(axes: Axes, title: str, times: NDArray[np.float64], freqs: NDArray[np.float64]) -> None:
    axes.set_title(title, loc="left", fontsize="medium")
    axes.set_title("hatched: record too short for the wavelet", loc="right", fontsize="x-small", color="0.35")
    axes.set_xlim(times[0] / MS, times[-1] / MS)
    axes.set_ylim(freqs[0], freqs[-1])
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel("Frequency (Hz)")


def _frequencies(freqs: ArrayLike | None, n_cycles: ArrayLike, duration: float, sfreq: float) -> NDArray[np.float64]:
    if freqs is not None:
        grid = np.asarray(freqs, dtype=float)
        if grid.ndim != 1 or len(grid) < 2:
            raise ParameterError(f"freqs must be one row of at least two frequencies in Hz, got shape {grid.shape}.")
        if np.isfinite(grid).all() and (grid > 0).all() and grid.max() < 1 / duration:
            raise ParameterError(
                f"freqs reach {grid.max():g} Hz, a rhythm slower than the record of {duration:g} s: were they given in "
                "kHz?"
            )
        return grid
    if np.ndim(n_cycles):
        raise ParameterError("n_cycles of several frequencies needs these freqs: give them, too.")
    # the frequency at which both edges meet in the middle of the record
    cycles = check_positive(n_cycles, "n_cycles")
    low = 2 * EDGE * cycles / (2 * np.pi * duration)
    high = min(max(FMAX, 3 * low), sfreq / 2)
    if low >= high:
        raise ParameterError(f"A record of {duration:g} s is too short for wavelets of {cycles:g} cycles: give freqs.")
    return np.linspace(low, high, 80)


def _limits(
    vlim: tuple[float | None, float | None],
    power: NDArray[np.float64],
    times: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> tuple[float, float]:
    low, high = vlim
    if high is None:
        # the ends, where a transient often rings, must not set the scale for the rest
        fits = (times >= times[0] + reach[:, np.newaxis]) & (times <= times[-1] - reach[:, np.newaxis])
        high = float(power[fits].max()) if fits.any() else float(power.max())
    low = 0.0 if low is None else check_finite(low, "vlim")
    high = check_finite(high, "vlim") or 1.0
    if high <= low:
        raise ParameterError(f"vlim must rise, got {low:g} to {high:g} (nA m)²/Hz.")
    return low, high


def _mark_edges(axes: Axes, times: NDArray[np.float64], freqs: NDArray[np.float64], reach: NDArray[np.float64]) -> None:
    """Hatch where the wavelet does not fit into the record."""
    start, stop = times[0] / MS, times[-1] / MS
    style: dict[str, Any] = {
        "facecolor": "none",
        "edgecolor": "white",
        "linewidth": 0.0,
        "hatch": "////",
        "alpha": 0.55,
    }
    middle = (start + stop) / 2
    left, right = np.minimum(start + reach / MS, middle), np.maximum(stop - reach / MS, middle)
    axes.fill_betweenx(freqs, start, left, **style)
    axes.fill_betweenx(freqs, right, stop, **style)
    for border in (left, right):
        axes.plot(border, freqs, color="white", linewidth=0.8, alpha=0.8)
