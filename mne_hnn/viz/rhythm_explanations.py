"""What a rhythm may have been: a silent and a spiking explanation side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_bool
from .._units import NAM
from ..errors import ParameterError
from ..spectra import power_spectrum
from .colors import LAYERS, TARGET
from .explanations import _draw_area, _draw_spikes, _tidy
from .fit import BAND

if TYPE_CHECKING:
    from ..fit.rhythm_explanation import RhythmExplanation, RhythmExplanations

__all__ = ["plot_rhythm_explanations"]


def plot_rhythm_explanations(explanations: RhythmExplanations, *, show: bool = True) -> Figure:
    """Plot the explanations of a rhythm side by side.

    Parameters
    ----------
    explanations : RhythmExplanations
        What :func:`mne_hnn.fit.explain_rhythm` returned.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Above, for each explanation, its power spectrum in fresh trials over that of the target (as of all
        its columns where they can be counted, else the target moved to the level of one column) or the wanted bands.
        Below, spikes per cell beside what is plausible if cells fire, and the cortex that each takes beside that of the
        patch.

    Raises
    ------
    ParameterError
        `explanations` are something else.

    Examples
    --------
    >>> figure = plot_rhythm_explanations(rhythms)
    """
    from ..fit.rhythm_explanation import RhythmExplanations

    if not isinstance(explanations, RhythmExplanations):
        raise ParameterError(
            "explanations must be what explain_rhythm or read_rhythm_explanations returns, got "
            f"{type(explanations).__name__}."
        )
    check_bool(show, "show")
    items = explanations.items
    fig = plt.figure(figsize=(11.0, 6.8), layout="constrained")
    above, below = fig.subfigures(2, 1, squeeze=False)[:, 0]
    for number, (item, axes) in enumerate(zip(items, above.subplots(1, len(items), squeeze=False)[0], strict=True), 1):
        _draw_spectrum(axes, item, explanations, number)
    spikes, area = below.subplots(1, 2)
    _draw_spikes(spikes, items, explanations.prior)
    _draw_area(area, items)
    if show:
        plt.show()
    return fig


def _draw_spectrum(axes: Axes, item: RhythmExplanation, explanations: RhythmExplanations, number: int) -> None:
    settings, details = explanations.settings, item.fit.details
    freqs, power = power_spectrum(
        item.fit.simulation.dipoles, fmin=settings.fmin, fmax=settings.fmax, burn_in_ms=settings.burn_in_ms
    )
    counted = bool(np.isfinite(item.columns))
    power = power * ((item.columns if counted else 1.0) / NAM) ** 2
    for low, high in settings.bands or ():
        axes.axvspan(low, high, color=BAND, alpha=0.3, linewidth=0, zorder=0)
    if details.target_freqs is not None and details.target_power is not None:
        grid, wanted = np.asarray(details.target_freqs), np.asarray(details.target_power) / NAM**2
        if not counted and power.min() > 0:  # only the shape counts
            wanted = wanted * np.exp(np.mean(np.log(np.interp(grid, freqs, power)) - np.log(wanted)))
        axes.plot(grid, wanted, color=TARGET, linewidth=3.0, label="target")
    axes.plot(freqs, power, color=LAYERS["agg"], linewidth=1.8, label="simulated")
    if power.max() > 0:
        axes.set_yscale("log")
    axes.set_xlim(settings.fmin, settings.fmax)
    axes.set_xlabel("Frequency (Hz)", fontsize="small")
    axes.set_ylabel(f"Power (nA²m²/Hz), {'all columns' if counted else 'one column'}", fontsize="small")
    refused = "" if item.admissible else ", refused"
    drives = ", ".join(f"{place} {rate:.1f} Hz" for place, rate in item.bursts)
    axes.set_title(f"{number} {item.regime}{refused}: {drives}", loc="left", fontsize="small")
    axes.set_title(f"loss {item.loss:.2f}", loc="right", fontsize="small")
    axes.legend(fontsize="x-small", frameon=False)
    _tidy(axes)
