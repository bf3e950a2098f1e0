"""Power spectra of dipoles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from .._checks import check_bool, check_int, check_name, check_non_negative, check_positive
from .._units import NAM
from .._value import Value, given_or_default
from ..dipole import Dipole
from ..errors import ParameterError
from ..spectra import METHODS
from ._groups import check_axes, crop_groups, figure_of, group_trials, layer_names
from .colors import COMPARED, LAYERS, chosen_colors
from .dipole import draw_legend

if TYPE_CHECKING:
    from ..simulate import Simulation

__all__ = ["SpectrumOptions", "plot_psd"]

SCALES = ("linear", "log")
LOWEST_PEAK = 1e-6  # of the highest density: 60 dB below there are but ripples

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SpectrumOptions(Value):
    """How spectra are made and shown; what it is given is checked when it is made.

    Parameters
    ----------
    method : str
        ``'welch'`` has one peak per rhythm; ``'multitaper'`` varies less, but makes a plateau of a pure rhythm.
    bandwidth : float | None
        Full width to which a pure rhythm is smeared, Hz; None takes 2 Hz, or ``3 / duration`` if the record is too
        short for that.
    average : bool
        Draw the average of the trials' spectra (not the spectrum of their average).
    trials : bool
        Draw the spectra of single trials: light, or in full colour if the average is not drawn.
    xscale, yscale : str
        ``'linear'`` or ``'log'``.

    Raises
    ------
    ParameterError
        An unknown method or scale, a bandwidth that is not positive, or nothing to draw.

    Examples
    --------
    >>> figure = plot_psd(simulation, fmin=20.0, spectrum=SpectrumOptions(method="multitaper", trials=True))
    """

    method: str = "welch"
    bandwidth: float | None = None
    average: bool = True
    trials: bool = True
    xscale: str = "linear"
    yscale: str = "log"

    def __post_init__(self) -> None:
        check_name(self.method, METHODS, "method")
        if self.bandwidth is not None:
            check_positive(self.bandwidth, "bandwidth (Hz)")
        for name in ("xscale", "yscale"):
            check_name(getattr(self, name), SCALES, name)
        if not check_bool(self.average, "average") and not check_bool(self.trials, "trials"):
            raise ParameterError("average and trials are both False: one of them must be drawn.")


def plot_psd(
    dipoles: Dipole | Sequence[Dipole] | Simulation | Mapping[str, Any],
    *,
    fmin: float = 1.0,
    fmax: float = 100.0,
    layer: str | Sequence[str] = "agg",
    tmin: float | None = None,
    tmax: float | None = None,
    spectrum: SpectrumOptions | None = None,
    n_peaks: int = 0,
    colors: Any = None,
    labels: Sequence[str] | None = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot power spectra: of one dipole, of trials with the average of their spectra, or of several to compare.

    Parameters
    ----------
    dipoles : Dipole | sequence of Dipole | Simulation | mapping
        One dipole; trials of the same times; or what to compare, each again one dipole or trials, by label.
    fmin, fmax : float
        First and last frequency, Hz.
    layer : str | sequence of str
        The layer; a list of one is taken, too, as picks of MNE are.
    tmin, tmax : float | None
        Window in s that the spectrum is of; None for the start or end. Cut off the first 50 ms or so of a simulation,
        in which the network settles.
    spectrum : SpectrumOptions | None
        How spectra are made and shown: method, bandwidth, trials and their average, scales of the axes. None is
        Welch's method and a logarithmic density, as in ``SpectrumOptions()``.
    n_peaks : int
        How many of the highest peaks to mark with their frequency: local maxima at least one bandwidth apart.
    colors : color | sequence of color | mapping of str to color | None
        Of the spectrum, or by label when several are compared.
    labels : sequence of str | None
        Names for the dipoles of a sequence, which are then compared instead of taken for trials.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. One-sided densities in (nA m)² / Hz: integrated over frequency they give the mean square of the
        moment. A straight line is taken out of each record before; see :func:`mne_hnn.spectra.power_spectrum`.

    Raises
    ------
    ParameterError
        The layer is unknown, trials differ in times, the window is empty, or `fmax` is too high.

    Examples
    --------
    >>> figure = plot_psd(simulation, fmin=20.0)
    """
    shown = given_or_default(spectrum, SpectrumOptions, "spectrum")
    n_peaks = check_int(n_peaks, "n_peaks", minimum=0)
    groups = group_trials(dipoles, labels)
    layer = _one_layer(groups, layer)
    groups = crop_groups(groups, tmin, tmax)
    slowest = max(some[0].info["sfreq"] / len(some[0].times) for some in groups.values())
    if 0 < check_non_negative(fmax, "fmax") < slowest:
        raise ParameterError(
            f"fmax is {fmax:g} Hz, below the slowest rhythm that the record can show ({slowest:.3g} Hz): was it given "
            "in kHz?"
        )
    default = {
        label: COMPARED[k % len(COMPARED)] if label else LAYERS.get(layer, "0.3") for k, label in enumerate(groups)
    }
    palette = chosen_colors(list(groups), colors, default)
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.5), layout="constrained")
    options = {"fmin": fmin, "fmax": fmax, "layer": layer, "method": shown.method, "bandwidth": shown.bandwidth}
    for label, some in groups.items():
        means = _draw(axes, some, label or layer, palette[label], shown, options=options)
        _mark_peaks(axes, _peaks(some, *means, n_peaks, options), palette[label], (fmin, fmax), shown.xscale)
    _finish(axes, fmin, fmax, (shown.xscale, shown.yscale))
    draw_legend(axes, title=_resolution(groups, shown), last_first="" in groups)
    if show:
        plt.show()
    return figure_of(axes)


def _one_layer(groups: Mapping[str, list[Dipole]], layer: str | Sequence[str]) -> str:
    names = layer_names(groups, layer)
    if len(names) != 1:
        raise ParameterError(f"layer must be one layer, got {', '.join(names)}: call plot_psd once per layer.")
    return names[0]


def _draw(
    axes: Axes, some: Sequence[Dipole], label: str, color: str, shown: SpectrumOptions, *, options: dict[str, Any]
) -> tuple[Floats, Floats]:
    """Draw the spectra of trials and their average; return the average."""
    from ..spectra import power_spectrum

    several = len(some) > 1
    spectra = [power_spectrum(dipole, burn_in_ms=0.0, **options) for dipole in some]
    freqs = spectra[0][0]
    mean = np.average([psd for _, psd in spectra], axis=0, weights=[dipole.nave for dipole in some]) / NAM**2
    if several and shown.trials:
        style: dict[str, Any] = {"alpha": 0.8, "linewidth": 1.0}
        if shown.average:
            style = {"alpha": 0.35, "linewidth": 0.8}
        for k, (_, psd) in enumerate(spectra):
            name = "_single" if k else f"{label}, single trials" if shown.average else label
            axes.plot(freqs, psd / NAM**2, color=color, zorder=1.5, label=name, **style)
    if shown.average or not several:
        name = f"{label}, average of\n{len(some)} spectra" if several else label
        axes.plot(freqs, mean, color=color, linewidth=1.8, zorder=3, label=name)
    return freqs, mean


def _peaks(
    some: Sequence[Dipole], freqs: Floats, psd: Floats, n_peaks: int, options: Mapping[str, Any]
) -> list[tuple[float, float]]:
    """Return frequency and density of the highest local maxima that are at least one bandwidth apart.

    A maximum at the edge of what is drawn counts if the spectrum falls beyond.
    """
    from scipy.signal import find_peaks  # slow to import

    from ..spectra import power_spectrum

    if not n_peaks or not psd.max() > 0:
        return []
    width, step = _bandwidth(some[0], options["method"], options["bandwidth"]), freqs[1] - freqs[0]
    below = int(np.ceil(freqs[0] / step - 1e-9)) - 1
    above = int(np.clip((some[0].info["sfreq"] / 2 - freqs[-1]) / step - 1e-9, 0, np.ceil(width / step)))
    wide = freqs[0] + step * np.arange(-below, len(freqs) + above)
    others = {key: options[key] for key in ("layer", "method", "bandwidth")}
    spectra = [power_spectrum(dipole, burn_in_ms=0.0, freqs=wide, **others)[1] for dipole in some]
    mean = np.average(spectra, axis=0, weights=[dipole.nave for dipole in some])
    inside = find_peaks(mean)[0] - below
    inside = inside[(inside >= 0) & (inside < len(freqs))]
    chosen: list[int] = []
    for k in inside[np.argsort(-psd[inside])]:
        apart = all(abs(freqs[k] - freqs[other]) >= width - 1e-9 for other in chosen)
        if len(chosen) < n_peaks and apart and psd[k] > LOWEST_PEAK * psd.max():
            chosen.append(int(k))
    return [(float(freqs[k]), float(psd[k])) for k in chosen]


def _mark_peaks(
    axes: Axes, peaks: Sequence[tuple[float, float]], color: str, extent: tuple[float, float], xscale: str
) -> None:
    along = np.log if xscale == "log" else np.asarray
    for frequency, density in peaks:
        axes.plot([frequency], [density], "v", color=color, markersize=5, zorder=4, label="_peak")
        share = float(np.interp(along(frequency), along(extent), (0.0, 1.0)))
        # names near the ends stay inside
        side = "left" if share < 0.08 else "right" if share > 0.95 else "center"
        axes.annotate(
            f"{frequency:.3g} Hz",
            (frequency, density),
            xytext=(0, 5),
            textcoords="offset points",
            ha=side,
            fontsize="small",
            color=color,
        )


def _finish(axes: Axes, fmin: float, fmax: float, scales: tuple[str, str]) -> None:
    positive = any((np.asarray(line.get_ydata()) > 0).any() for line in axes.lines)
    axes.set_xscale(scales[0])
    # a silent layer has no logarithm
    axes.set_yscale(scales[1] if positive else "linear")
    axes.margins(y=0.12)  # room for the names of peaks
    axes.autoscale_view(scalex=False)
    if scales[0] == "log":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=0)
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 4))
    axes.set_xlim(fmin, fmax)
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel("Power spectral density\n((nAm)²/Hz)")
    axes.spines[["top", "right"]].set_visible(False)


def _bandwidth(dipole: Dipole, method: str, bandwidth: float | None) -> float:
    from ..spectra import MIN_BANDWIDTH

    duration = len(dipole.times) / dipole.info["sfreq"]
    wanted = bandwidth or max(MIN_BANDWIDTH, 3.0 / duration)
    # no window of Welch's method is longer than the record
    return float(max(wanted, 4.0 / duration) if method == "welch" else wanted)


def _resolution(groups: Mapping[str, list[Dipole]], options: SpectrumOptions) -> str:
    """Say how far a pure rhythm is smeared, so that the width of a peak is not taken for that of a rhythm."""
    widths = {f"{_bandwidth(some[0], options.method, options.bandwidth):.2g}" for some in groups.values()}
    shown = " to ".join(sorted(widths, key=float)) if len(widths) < 3 else f"{min(widths, key=float)} or more"
    return f"{options.method},\nbandwidth {shown} Hz"
