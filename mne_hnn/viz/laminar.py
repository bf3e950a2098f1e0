"""Recordings of laminar electrode arrays: potentials and current sources over depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from .._checks import check_int, check_name, check_positive
from .._types import FloatArray
from .._units import MS, UM, UV
from ..errors import DataError, ParameterError
from ._groups import check_axes
from ._scene import check_network, round_length
from .colors import cell_type_colors, check_cmap, check_limits, ink

if TYPE_CHECKING:
    from ..network import Network

KINDS = ("traces", "image")
POTENTIALS = {"seeg": True, "dbs": True, "ecog": True, "eeg": True}
#: A V/m2 in mV/mm2.
MV_PER_MM2 = 1e-3
MICRO = "\N{MICRO SIGN}"


def plot_lfp(
    lfp: mne.Evoked | mne.BaseEpochs,
    *,
    kind: str = "traces",
    decim: int = 1,
    scale_uV: float | None = None,
    cmap: str = "RdBu_r",
    network: Network | None = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot the potentials of a laminar array over time, stacked by depth.

    Parameters
    ----------
    lfp : mne.Evoked | mne.Epochs
        Potentials in V whose channels have positions, such as ``simulation.lfp["shank"]``; epochs are averaged.
    kind : 'traces' | 'image'
        One trace per contact at its depth, positive up; or colours.
    decim : int
        Draw every n-th sample only. Nothing is filtered.
    scale_uV : float | None
        The potential that is as high as the distance of two contacts or, in the image, the end of the colour bar, uV;
        None lets the largest one span one and a half distances, or the colour bar.
    cmap : str
        Diverging colour map of the image.
    network : Network | None
        Mark the depths of the somas of this network.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    DataError
        No channel measures a potential, or the channels have no positions.

    Examples
    --------
    >>> figure = plot_lfp(simulation.lfp["shank"], network=network)
    """
    check_name(kind, KINDS, "kind")
    check_cmap(cmap)
    if kind == "traces" and cmap != "RdBu_r":
        raise ParameterError("cmap belongs to kind='image': traces are black; leave it out, or change the kind.")
    evoked, note = averaged(lfp, "plot_lfp")
    evoked = picked(evoked, **POTENTIALS)
    if not len(evoked.ch_names):
        raise DataError(
            f"plot_lfp needs channels of type {', '.join(POTENTIALS)}, such as those of simulation.lfp, got "
            f"{', '.join(sorted(set(lfp.get_channel_types())))}."
        )
    times, depths, data, label = _prepare(evoked, decim)
    scale = None if scale_uV is None else check_positive(scale_uV, "scale_uV")
    axes = _axes(axes)
    if kind == "traces":
        _draw_traces(axes, times, depths, data / UV, scale)
    else:
        vlim = None if scale is None else (-scale, scale)
        draw_image(axes, times, depths, data / UV, vlim=vlim, cmap=cmap, label=f"LFP ({MICRO}V)")
    return _finish(axes, times, label, f"LFP{note}", network, show=show)


def plot_csd(
    lfp_or_csd: mne.Evoked | mne.BaseEpochs,
    *,
    decim: int = 1,
    vlim: tuple[float, float] | None = None,
    cmap: str = "RdBu_r",
    network: Network | None = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot the current source density of a laminar array over depth and time.

    Parameters
    ----------
    lfp_or_csd : mne.Evoked | mne.Epochs
        Potentials of contacts at equal distances on a line, or what :func:`mne_hnn.lfp.current_source_density` made of
        them; epochs are averaged.
    decim : int
        Draw every n-th sample only.
    vlim : (float, float) | None
        Ends of the colour bar, mV/mm2; None for the largest value and its negative.
    cmap : str
        Diverging colour map; the default one can be read by colour-blind people.
    network : Network | None
        Mark the depths of the somas of this network.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    DataError
        Fewer than three contacts, no positions, or contacts that are not on one line at equal distances.

    Examples
    --------
    >>> figure = plot_csd(simulation.lfp["shank"], network=network)
    """
    from ..lfp import current_source_density

    evoked, note = averaged(lfp_or_csd, "plot_csd")
    if "csd" in evoked.get_channel_types():
        evoked = picked(evoked, csd=True)
    else:
        evoked = picked(evoked, **POTENTIALS)
        if not len(evoked.ch_names):
            raise DataError(
                f"plot_csd needs channels of type csd, {', '.join(POTENTIALS)}, such as those of simulation.lfp, got "
                f"{', '.join(sorted(set(lfp_or_csd.get_channel_types())))}."
            )
        evoked = current_source_density(evoked)
    times, depths, data, label = _prepare(evoked, decim)
    check_cmap(cmap)
    axes = _axes(axes)
    if vlim is not None:
        vlim = check_limits(vlim, "mV/mm2")
    label_of_bar = "CSD (mV/mm\N{SUPERSCRIPT TWO})"
    bar = draw_image(axes, times, depths, data * MV_PER_MM2, vlim=vlim, cmap=cmap, label=label_of_bar)
    for height, word in ((1.02, "source"), (-0.02, "sink")):
        va = "bottom" if height > 0 else "top"
        bar.ax.text(0.5, height, word, transform=bar.ax.transAxes, ha="center", va=va, fontsize="small")
    return _finish(axes, times, label, f"Current source density{note}", network, show=show)


def averaged(data: Any, what: str) -> tuple[mne.Evoked, str]:
    """Return an average, and words that say of what."""
    if isinstance(data, mne.BaseEpochs):
        if not len(data):
            raise DataError(f"{what} got epochs of which none is left: keep at least one.")
        average = data.average(picks="all")
    elif isinstance(data, mne.Evoked):
        average = data
    else:
        raise ParameterError(
            f"{what} needs an mne.Evoked or mne.Epochs, such as simulation.lfp['shank'], got {type(data).__name__}."
        )
    return average, f", average of {average.nave}" if average.nave > 1 else ""


def picked(evoked: mne.Evoked, **types: bool) -> mne.Evoked:
    """Return the channels of some types, of an average that may have others."""
    picks = mne.pick_types(evoked.info, meg=False, exclude=(), **types)
    names = [evoked.ch_names[k] for k in picks]
    return evoked.copy().pick(names) if names else mne.EvokedArray(np.empty((0, 1)), mne.create_info(0, 1.0))


def _prepare(evoked: mne.Evoked, decim: int) -> tuple[FloatArray, FloatArray, FloatArray, str]:
    """Return times (ms), depths in rising order (um), data in that order, and what the depths are."""
    from ..lfp import contact_positions

    step = check_int(decim, "decim", minimum=1)
    if step > 1 and step > len(evoked.times) // 2:
        raise ParameterError(
            f"decim leaves fewer than two of {len(evoked.times)} samples, got {step}: take a smaller one."
        )
    positions = contact_positions(evoked) / UM
    if not np.isfinite(positions).all() or (len(positions) > 1 and not np.ptp(positions, axis=0).any()):
        raise DataError("The channels have no positions: set them (m) in info['chs'][k]['loc'][:3].")
    depths, label = positions[:, 2], f"Height of the contact, z ({MICRO}m)"
    if len(np.unique(np.round(depths, 6))) < len(depths):  # an array along the cortex, not across
        depths = np.linalg.norm(positions - positions[0], axis=1)
        label = f"Distance from {evoked.ch_names[0]} ({MICRO}m)"
        if len(np.unique(np.round(depths, 6))) < len(depths):
            raise DataError("Contacts of several shanks cannot be stacked: pick the channels of one.")
    order = np.argsort(depths)
    return evoked.times[::step] / MS, depths[order], evoked.data[order, ::step], label


def _axes(axes: Axes | None) -> Axes:
    check_axes(axes)
    return plt.subplots(figsize=(7.5, 5.5), layout="constrained")[1] if axes is None else axes


def _draw_traces(axes: Axes, times: FloatArray, depths: FloatArray, data: FloatArray, scale: float | None) -> None:
    """Draw traces in uV at their depths, and a bar that says how large they are."""
    spacing = float(np.diff(depths).min()) if len(depths) > 1 else 1.0
    largest = float(np.abs(data).max()) or 1.0
    scale = largest / 1.5 if scale is None else scale
    for depth, row in zip(depths, data, strict=True):
        axes.axhline(depth, color="0.85", linewidth=0.5, zorder=1)
        axes.plot(times, depth + row * spacing / scale, color="black", linewidth=0.8, zorder=2)
    tops, bottoms = depths + data.max(axis=1) * spacing / scale, depths + data.min(axis=1) * spacing / scale
    axes.set_ylim(
        min(bottoms.min(), depths[0] - spacing / 2) - spacing / 4,
        max(tops.max(), depths[-1] + spacing / 2) + spacing / 4,
    )
    bar = round_length(4 * max(largest, scale))
    place = blended_transform_factory(axes.transAxes, axes.transData)
    foot = depths[-1] - bar * spacing / scale
    axes.plot(
        [1.02, 1.02],
        [foot, depths[-1]],
        transform=place,
        color="black",
        linewidth=2.5,
        clip_on=False,
        solid_capstyle="butt",
        label="scale bar",
    )
    axes.text(1.035, (foot + depths[-1]) / 2, f"{bar:g} {MICRO}V", transform=place, va="center", fontsize="small")


def draw_image(
    axes: Axes,
    times: FloatArray,
    depths: FloatArray,
    data: FloatArray,
    *,
    vlim: tuple[float, float] | None,
    cmap: str,
    label: str,
) -> Any:
    """Draw values as colours over time and depth; return the bar of the colours."""
    if vlim is None:
        top = float(np.abs(data).max()) or 1.0
        vlim = (-top, top)
    image = axes.pcolormesh(
        times, depths, data, cmap=cmap, vmin=vlim[0], vmax=vlim[1], shading="nearest", rasterized=True
    )
    fig = axes.get_figure(root=True)
    assert isinstance(fig, Figure)
    return fig.colorbar(image, ax=axes, label=label)


def _finish(axes: Axes, times: FloatArray, label: str, title: str, network: Network | None, *, show: bool) -> Figure:
    if network is not None:
        _mark_layers(axes, check_network(network, "The marking of layers"), depths=label.startswith("Height"))
    axes.set(xlabel="Time (ms)", ylabel=label, xlim=(times[0], times[-1]))
    axes.set_title(title, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    if show:
        plt.show()
    fig = axes.get_figure(root=True)
    assert isinstance(fig, Figure)
    return fig


def _mark_layers(axes: Axes, network: Network, *, depths: bool) -> None:
    """Point to the mean depth of the somas of each cell type, inside the left edge."""
    if not depths:
        return
    colors = cell_type_colors(network.cell_types)
    place = blended_transform_factory(axes.transAxes, axes.transData)
    for name, population in network.populations.items():
        z = float(population.positions[:, 2].mean())
        if not min(axes.get_ylim()) < z < max(axes.get_ylim()):
            continue
        axes.axhline(z, color=colors[name], linewidth=1.0, linestyle="--", zorder=3, label=f"somas {name}")
        axes.text(
            0.01,
            z,
            name.replace("_", " "),
            transform=place,
            color=ink(colors[name]),
            fontsize="x-small",
            va="bottom",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
            zorder=4,
        )
