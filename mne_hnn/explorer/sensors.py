"""Measured and predicted sensors beside each other, in a picture that is drawn at once."""

from __future__ import annotations

import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._units import MS
from ..source import Prediction
from ..viz.colors import CHANNEL_TYPES, TARGET
from .drawing import FONTS, as_image, drawing, new_figure

__all__ = ["draw_sensors", "sensors_image"]

_KINDS = {"mag": ("Magnetometers", "fT", 1e15), "grad": ("Gradiometers", "fT/cm", 1e13), "eeg": ("EEG", "µV", 1e6)}
SIZE = (4.1, 1.75)


def draw_sensors(prediction: Prediction, size: tuple[float, float] = SIZE) -> Figure:
    """Draw the root mean square over sensors, measured and predicted, and maps of both when the measured one peaks.

    Parameters
    ----------
    prediction : Prediction
        What the sensors would see, and what is left of what they measured.
    size : tuple of float
        Width and height, inches.
    """
    kind = next(name for name in _KINDS if name in prediction.explained)
    predicted = prediction.predicted.copy().pick(kind, exclude="bads")
    residual = prediction.residual.copy().pick(kind, exclude="bads")
    measured = mne.combine_evoked([predicted, residual], weights=[1, 1])
    words, unit, factor = _KINDS[kind]
    with drawing({**FONTS, "font.size": 7}):
        figure = new_figure(*size)
        lines, left, right = figure.subplots(1, 3, width_ratios=[1.5, 1, 1])
        times = predicted.times / MS
        for data, name, style in (
            (measured.data, "measured", {"color": TARGET, "linewidth": 3.5}),
            (predicted.data, "predicted", {"color": CHANNEL_TYPES[kind], "linewidth": 1.3}),
        ):
            lines.plot(times, factor * np.sqrt((data**2).mean(axis=0)), label=name, **style)
        share = prediction.explained[kind]
        lines.set_title(f"{words}: {share:.0%} explained", fontsize=7)
        lines.set_xlabel("Time (ms)")
        lines.set_ylabel(f"RMS ({unit})")
        lines.legend(frameon=False, fontsize=6, loc="upper right")
        _maps(measured, predicted, left, right)
    return figure


def sensors_image(prediction: Prediction) -> str:
    """Return the picture of a prediction as the address of a PNG that holds it; a process can be asked for it."""
    return as_image(draw_sensors(prediction))


def _maps(measured: mne.Evoked, predicted: mne.Evoked, left: Axes, right: Axes) -> None:
    """Draw maps of both at the peak of the measured one, on one scale."""
    power = (measured.data**2).sum(axis=0)
    sample = int(power.argmax())
    limit = float(max(np.abs(measured.data[:, sample]).max(), np.abs(predicted.data[:, sample]).max())) or 1.0
    for axes, evoked, name in ((left, measured, "measured"), (right, predicted, "predicted")):
        axes.set_title(f"{name}\n{1e3 * measured.times[sample]:.0f} ms", fontsize=7)
        if not np.any(evoked.data[:, sample]):
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no field", ha="center", transform=axes.transAxes)
            continue
        mne.viz.plot_topomap(
            evoked.data[:, sample], evoked.info, axes=axes, show=False, vlim=(-limit, limit), contours=4, sensors=False
        )
