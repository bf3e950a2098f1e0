"""A recorded laminar array beside a simulated one: the same depths and times, each with its own scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.figure import Figure

from .._checks import check_bool, check_finite, check_name
from .._types import FloatArray
from .._units import MS, UM, UV
from ..errors import DataError, ParameterError
from ._scene import check_network, network_cylinders
from .colors import check_cmap
from .laminar import MICRO, MV_PER_MM2, POTENTIALS, averaged, draw_image, picked

if TYPE_CHECKING:
    from ..network import Network

__all__ = ["plot_laminar_comparison"]

QUANTITIES = ("csd", "lfp")
#: Of each quantity the unit that is shown, and what it is in SI.
UNITS = {"csd": ("mV/mm\N{SUPERSCRIPT TWO}", 1 / MV_PER_MM2), "lfp": (f"{MICRO}V", UV)}


def plot_laminar_comparison(
    recorded: mne.Evoked | mne.BaseEpochs,
    simulated: mne.Evoked | mne.BaseEpochs,
    *,
    quantity: str = "csd",
    surface_um: float | None = None,
    network: Network | None = None,
    shared_scale: bool = False,
    cmap: str = "RdBu_r",
    show: bool = True,
) -> Figure:
    """Plot what a laminar probe recorded beside what a simulated array gives, over the same depths and times.

    Parameters
    ----------
    recorded : mne.Evoked | mne.Epochs
        Of :func:`mne_hnn.io.read_laminar`, or other channels whose ``loc[2]`` is the height over the cortical surface
        in m, negative below it; epochs are averaged.
    simulated : mne.Evoked | mne.Epochs
        Such as ``simulation.lfp["shank"]``, heights in the frame of the network.
    quantity : 'csd' | 'lfp'
        Current source densities, which are computed where potentials are given; or potentials.
    surface_um : float | None
        Height of the cortical surface in the frame of the network, um; None takes the top of its dendrites.
    network : Network | None
        The network that was simulated; needed where `surface_um` is None.
    shared_scale : bool
        Whether both have the larger of their scales; else each its own. The title says by how much they differ.
    cmap : str
        Diverging colour map.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Recorded on the left, simulated on the right.

    Raises
    ------
    DataError
        There are no such channels, no positions, or no times or depths that both have.
    ParameterError
        Neither `surface_um` nor `network` is given.

    Examples
    --------
    >>> recorded, simulated = simulation.lfp["shank"], simulation.lfp["shank"]
    >>> figure = plot_laminar_comparison(recorded, simulated, surface_um=0.0)
    """
    check_name(quantity, QUANTITIES, "quantity")
    check_cmap(cmap)
    shared_scale = check_bool(shared_scale, "shared_scale")
    surface = _surface(surface_um, network)
    name, unit = UNITS[quantity]
    parts = []
    for data, what, height in ((recorded, "recorded", 0.0), (simulated, "simulated", surface)):
        evoked, note = _of_quantity(data, quantity, what)
        times, depths, values = _over_depth(evoked, height, what)
        parts.append((f"{what}{note}", times, depths, values / unit))
    limits = _common([(times, depths) for _, times, depths, _ in parts])
    fig, axes = plt.subplots(1, 2, figsize=(11, 4.8), sharex=True, sharey=True, layout="constrained")
    shown = [_within(values, times, limits[0]) for _, times, _, values in parts]
    peaks = [float(np.abs(values).max()) or 1.0 for values in shown]
    tops = [max(peaks)] * 2 if shared_scale else peaks
    for ax, (title, times, depths, values), top, peak in zip(axes, parts, tops, peaks, strict=True):
        label = f"{quantity.upper()} ({name})"
        draw_image(ax, times, depths, values, vlim=(-top, top), cmap=cmap, label=label)
        ax.set_title(f"{title}: at most {peak:.3g} {name}", fontsize="medium")
        ax.set_xlabel("Time (ms)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(f"Depth below the cortical surface ({MICRO}m)")
    axes[0].set(xlim=limits[0], ylim=limits[1][::-1])
    scale = "one scale" if shared_scale else "each with its own scale"
    fig.suptitle(f"The recorded is {peaks[0] / peaks[1]:.3g} times the simulated; {scale}", fontsize="medium")
    if show:
        plt.show()
    return fig


def _surface(surface_um: float | None, network: Network | None) -> float:
    """Return the height of the cortical surface in the frame of the network, um."""
    if surface_um is not None:
        return check_finite(surface_um, "surface_um")
    if network is None:
        raise ParameterError(
            "Where the cortical surface is in the simulation is not known: give network, or its height, surface_um."
        )
    return float(network_cylinders(check_network(network, "plot_laminar_comparison")).ends[..., 2].max())


def _of_quantity(data: Any, quantity: str, what: str) -> tuple[mne.Evoked, str]:
    """Return the average of what is asked for."""
    from ..lfp import current_source_density

    evoked, note = averaged(data, "plot_laminar_comparison")
    densities = picked(evoked, csd=True) if "csd" in evoked.get_channel_types() else None
    if quantity == "csd" and densities is not None:
        return densities, note
    potentials = picked(evoked, **POTENTIALS)
    if not len(potentials.ch_names):
        wanted = "potentials" if quantity == "lfp" else "potentials or densities"
        kinds = ", ".join(sorted(set(evoked.get_channel_types())))
        raise DataError(f"The {what} data have channels of type {kinds}, not {wanted}: read, or simulate, such.")
    return (potentials if quantity == "lfp" else current_source_density(potentials)), note


def _over_depth(evoked: mne.Evoked, surface_um: float, what: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times (ms), depths (um, rising) and values in their order."""
    from ..lfp import contact_positions

    heights = contact_positions(evoked)[:, 2] / UM
    if not np.isfinite(heights).all() or (len(heights) > 1 and not np.ptp(heights)):
        raise DataError(f"The {what} channels have no depths: set heights (m) in info['chs'][k]['loc'][2].")
    depths = surface_um - heights
    order = np.argsort(depths)
    return evoked.times / MS, depths[order], np.asarray(evoked.data)[order]


def _common(axes: list[tuple[FloatArray, FloatArray]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the times that both have, and the depths that either has, which must overlap."""
    (start, stop), (top, bottom) = (
        (max(float(one[k][0]) for one in axes), min(float(one[k][-1]) for one in axes)) for k in (0, 1)
    )
    if stop <= start:
        raise DataError(
            f"Recorded and simulated have no times in common: one ends at {stop:g}, the other begins at {start:g} ms."
        )
    if bottom < top:
        raise DataError(
            f"Recorded and simulated have no depths in common: one ends {bottom:g} um below the surface, the other "
            f"begins {top:g} um below it. Check surface_um, and upward of read_laminar."
        )
    return (start, stop), (min(float(d[0]) for _, d in axes), max(float(d[-1]) for _, d in axes))


def _within(values: FloatArray, times: FloatArray, limits: tuple[float, float]) -> FloatArray:
    return values[:, (times >= limits[0] - 1e-6) & (times <= limits[1] + 1e-6)]
