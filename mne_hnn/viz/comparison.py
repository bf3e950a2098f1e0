"""How far a simulation explains its target, and its prediction the sensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from .._checks import check_finite
from .._units import MS, NAM
from ..compare import correlation, nrmse, r_squared
from ..errors import ParameterError
from .colors import LAYERS, TARGET
from .dipole import draw_legend
from .histogram import draw_drives
from .sensors import (
    NAMES,
    TITLES,
    UNITS,
    check_times,
    draw_butterfly,
    draw_maps,
    good_channels,
    map_grid,
    mark_times,
    name_row,
    shown_values,
)

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..simulate import Simulation

__all__ = ["plot_comparison", "plot_prediction", "plot_prediction_topomaps"]


def plot_comparison(
    simulated: Dipole, target: Dipole, *, drives: Simulation | None = None, show: bool = True
) -> Figure:
    """Plot a simulated dipole over its target, and the layers it comes from.

    Parameters
    ----------
    simulated : Dipole
        The simulated dipole, smoothed and scaled as for the fit.
    target : Dipole
        The target.
    drives : Simulation | None
        The simulation itself, if its drive spikes are to be shown, too.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Agreement over the times both have: coefficient of determination, correlation, and error relative
        to the size of the target (:mod:`mne_hnn.compare`).

    Raises
    ------
    ParameterError
        The dipoles do not overlap, or one of them is none.

    Examples
    --------
    >>> figure = plot_comparison(simulation.dipole.smooth(30).scale(3000), target, drives=simulation)
    """
    if drives is not None and not hasattr(drives, "network"):
        raise ParameterError(f"drives must be a Simulation, whose drives are drawn, got {type(drives).__name__}.")
    numbers = (
        f"$R^2$ = {r_squared(simulated, target):.3g}, r = {correlation(simulated, target):.2f}, "
        f"NRMSE = {nrmse(simulated, target):.3g}"
    ).replace("-", "\N{MINUS SIGN}")
    layers = simulated.layers
    ratios = [1.6] + [1.0] * (len(layers) - 1)
    if drives is not None and drives.network.drives:
        ratios.insert(0, 0.9)
    fig, rows = plt.subplots(
        len(ratios),
        1,
        sharex=True,
        squeeze=False,
        height_ratios=ratios,
        layout="constrained",
        figsize=(8.0, 0.6 + 1.5 * sum(ratios)),
    )
    panels = list(rows[:, 0])
    if drives is not None and len(panels) > len(layers):
        draw_drives(panels[0], drives)
        panels.pop(0)
    for axes, layer in zip(panels, layers, strict=True):
        _draw_layer(axes, simulated, layer, target if layer == "agg" else None)
    # the panels share one scale, so that the layers can be seen to add up to the aggregate
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)
    panels[0].set_title(numbers, loc="left", fontsize="medium")
    for axes in rows[:, 0]:
        axes.spines[["top", "right"]].set_visible(False)
    rows[-1, 0].set_xlabel("Time (ms)")
    rows[-1, 0].set_xlim(simulated.times[0] / MS, simulated.times[-1] / MS)
    fig.align_ylabels(rows[:, 0])
    if show:
        plt.show()
    return fig


def _draw_layer(axes: Axes, simulated: Dipole, layer: str, target: Dipole | None) -> None:
    if target is not None:
        inside = (target.times >= simulated.times[0]) & (target.times <= simulated.times[-1])
        axes.plot(target.times[inside] / MS, target["agg"][inside] / NAM, color=TARGET, linewidth=3.0, label="target")
    name = "simulated" if layer == "agg" else layer
    axes.plot(
        simulated.times / MS,
        simulated[layer] / NAM,
        color=LAYERS.get(layer, "0.3"),
        linewidth=1.6,
        label=f"{name}, agg" if layer == "agg" else name,
    )
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel("Dipole\nmoment (nAm)")
    draw_legend(axes)


def _pair(measured: Any, predicted: Any) -> tuple[mne.Evoked, mne.Evoked, dict[str, list[str]]]:
    """Return both responses with the same good channels."""
    kinds = good_channels(measured, predicted) if isinstance(predicted, mne.Evoked) else {}
    if not kinds:
        raise ParameterError(f"predicted must be an mne.Evoked, got {type(predicted).__name__}.")
    if len(measured.times) != len(predicted.times) or not np.allclose(measured.times, predicted.times, atol=1e-6):
        raise ParameterError(
            f"measured ({measured.times[0]:g} to {measured.times[-1]:g} s, {len(measured.times)} samples) and "
            f"predicted ({predicted.times[0]:g} to {predicted.times[-1]:g} s, {len(predicted.times)}) must have the "
            "same times."
        )
    names = [name for some in kinds.values() for name in some]
    pair = [response.copy().pick(names).reorder_channels(names) for response in (measured, predicted)]
    return pair[0], pair[1], kinds


def _residual(measured: mne.Evoked, predicted: mne.Evoked) -> mne.Evoked:
    residual = measured.copy()
    residual.data = measured.data - predicted.data
    return residual


def plot_prediction(
    measured: mne.Evoked,
    predicted: mne.Evoked,
    explained: Mapping[str, float],
    *,
    times: ArrayLike | None = None,
    show: bool = True,
) -> Figure:
    """Plot measured and predicted sensor signals and what is left, one row per channel type.

    Parameters
    ----------
    measured, predicted : mne.Evoked
        The responses; the same times, the good channels of both are shown.
    explained : mapping of str to float
        Explained variance per channel type (``mag``, ``grad``, ``eeg``) as a share: 1 is all.
    times : array-like | None
        Latencies to mark, s; None for the peaks of the measured response.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. The three panels of a row share their scale.

    Raises
    ------
    ParameterError
        The responses have no good channel in common or differ in their times.

    Examples
    --------
    >>> prediction = predict_sensors(target, patch, forward, evoked)
    >>> measured = evoked.copy().crop(0.0, 0.17)
    >>> figure = plot_prediction(measured, prediction.predicted, prediction.explained)
    """
    measured, predicted, kinds = _pair(measured, predicted)
    marked = check_times(times, measured)
    columns = {"Measured": measured, "Predicted": predicted, "Residual": _residual(measured, predicted)}
    fig, rows = plt.subplots(
        len(kinds),
        3,
        sharex=True,
        sharey="row",
        squeeze=False,
        layout="constrained",
        figsize=(10.5, 0.8 + 2.0 * len(kinds)),
    )
    limits = {}
    for kind, names in kinds.items():
        largest = 1.08 * max(float(np.abs(response.get_data(names)).max()) for response in columns.values()) or 1.0
        limits[kind] = (-largest * UNITS[kind][1], largest * UNITS[kind][1])
    for column, (name, evoked) in enumerate(columns.items()):
        panels = dict(zip(kinds, rows[:, column], strict=True))
        # the colours are explained where there is least to be hidden
        draw_butterfly(evoked, panels, ylim=limits, inset=name == "Residual")
        for kind, axes in panels.items():
            mark_times(axes, marked)
            axes.tick_params(labelbottom=kind == list(kinds)[-1], labelleft=column == 0)
            title = name if axes is rows[0, column] else ""
            if column == 2 and kind in explained:
                share = 100 * check_finite(explained[kind], f"explained variance of {kind}")
                axes.set_title(f"{share:.0f} % explained".replace("-", "\N{MINUS SIGN}"), loc="right", fontsize="small")
            axes.set_title(title, loc="left", fontsize="medium")
            if column:
                axes.set_ylabel("")
        rows[-1, column].set_xlabel("Time (ms)")
    fig.align_ylabels(rows[:, 0])
    if show:
        plt.show()
    return fig


def plot_prediction_topomaps(
    measured: mne.Evoked, predicted: mne.Evoked, *, times: ArrayLike | None = None, show: bool = True
) -> Figure:
    """Plot maps of measured and predicted signals below each other, on one scale per channel type.

    Parameters
    ----------
    measured, predicted : mne.Evoked
        The responses; the same times, the good channels of both are shown.
    times : array-like | None
        Latencies, s; None for the peaks of the measured response.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        The responses have no good channel in common or differ in their times.

    Examples
    --------
    >>> prediction = predict_sensors(target, patch, forward, evoked)
    >>> measured = evoked.copy().crop(0.0, 0.17)
    >>> figure = plot_prediction_topomaps(measured, prediction.predicted, times=[0.04])
    """
    measured, predicted, kinds = _pair(measured, predicted)
    wanted = check_times(times, measured)
    fig, rows = map_grid(2 * len(kinds), len(wanted))
    for index, kind in enumerate(kinds):
        both = {"measured": measured, "predicted": predicted}
        limit = max(float(np.abs(shown_values(response, kind, wanted)).max()) for response in both.values())
        for row, (name, evoked) in zip(rows[2 * index : 2 * index + 2], both.items(), strict=True):
            draw_maps(evoked, kind, wanted, row, limit)
            short = NAMES[kind] if kind != "grad" else TITLES[kind].replace(" (RMS of pairs)", ", RMS")
            name_row(row[0], f"{short} ({name})")
    for axes in rows[1:, :-1].flat:
        axes.set_title("")
    if show:
        plt.show()
    return fig
