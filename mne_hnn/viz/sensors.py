"""What the sensors recorded: responses over time and over the head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from numpy.typing import ArrayLike

from .._types import FloatArray
from .._units import MS
from ..errors import ParameterError
from .colors import CHANNEL_TYPES

__all__ = ["peak_times", "plot_response", "plot_topomaps"]


NAMES = {"mag": "Magnetometers", "grad": "Gradiometers", "eeg": "EEG"}
# how MNE draws them: unit shown, and factor from SI
UNITS = {"mag": ("fT", 1e15), "grad": ("fT/cm", 1e13), "eeg": ("\N{MICRO SIGN}V", 1e6)}
TITLES = {"mag": "Magnetometers", "grad": "Gradiometers (RMS of pairs)", "eeg": "EEG"}


def good_channels(evoked: Any, *others: Any) -> dict[str, list[str]]:
    """Return the names of good channels per type, of those that all the instances have."""
    if not isinstance(evoked, mne.Evoked):
        raise ParameterError(f"An mne.Evoked is expected, got {type(evoked).__name__}: average the epochs first.")
    bads = (
        {name for response in (evoked, *others) for name in response.info["bads"]}
        if others
        else set(evoked.info["bads"])
    )
    shared = set(evoked.ch_names).intersection(*(response.ch_names for response in others))
    kinds: dict[str, list[str]] = {}
    for kind, name in zip(evoked.get_channel_types(), evoked.ch_names, strict=True):
        if kind in NAMES and name in shared and name not in bads:
            kinds.setdefault(kind, []).append(name)
    if not kinds:
        raise ParameterError("There is no good MEG or EEG channel to draw: check info['bads'] and the channel types.")
    return {kind: kinds[kind] for kind in NAMES if kind in kinds}


def check_times(times: ArrayLike | None, evoked: mne.Evoked) -> FloatArray:
    """Return latencies in s that lie within the response; None gives its peaks."""
    if times is None:
        return peak_times(evoked)
    wanted = np.atleast_1d(np.asarray(times, dtype=float))
    half = 0.5 / evoked.info["sfreq"]
    first, last = evoked.times[0] - half, evoked.times[-1] + half
    if wanted.ndim != 1 or not np.isfinite(wanted).all() or (wanted < first).any() or (wanted > last).any():
        raise ParameterError(
            f"times must be latencies in s from {evoked.times[0]:g} to {evoked.times[-1]:g}, got {times!r}."
        )
    return wanted


def peak_times(evoked: mne.Evoked, n_peaks: int = 3, *, noise_cov: mne.Covariance | None = None) -> FloatArray:
    """Return the latencies of the most prominent deflections after 0 s.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    n_peaks : int
        How many at most.
    noise_cov : mne.Covariance | None
        The response is whitened with it, so that noisy channels do not decide.

    Returns
    -------
    times : array, shape (n_found,)
        In s, rising; peaks of the root mean square of each channel type over its largest value, averaged over types.
        At least one: the largest value if nothing stands out.

    Examples
    --------
    >>> peak_times(evoked, 2).round(2)  # s
    array([...])
    """
    from scipy.signal import find_peaks  # slow to import

    strength = np.zeros(len(evoked.times))
    if noise_cov is not None:
        evoked = mne.whiten_evoked(evoked, noise_cov, verbose="error")
    for names in good_channels(evoked).values():
        power = np.sqrt(np.mean(evoked.get_data(names) ** 2, axis=0))
        strength += power / (power.max() or 1.0)
    after = evoked.times > 0 if (evoked.times > 0).any() else np.ones(len(evoked.times), dtype=bool)
    strength = np.where(after, strength, 0.0)
    peaks, shape = find_peaks(strength, prominence=0.1 * strength.max())
    if not len(peaks):
        return np.array([evoked.times[strength.argmax()]])
    largest = peaks[np.argsort(shape["prominences"])[::-1][:n_peaks]]
    return np.asarray(evoked.times[np.sort(largest)])


def mark_times(axes: Axes, times: FloatArray, *, labels: bool = False) -> None:
    """Draw a thin vertical line at each latency in s, on request with its ms above the axes."""
    for time in times:
        axes.axvline(time / MS, color="0.35", linewidth=0.8, linestyle=(0, (4, 3)), zorder=500)
    if not labels:
        return
    span = np.diff(axes.get_xlim())[0]
    shown = -np.inf
    for time in np.sort(times) / MS:
        # a second line for what would run into its neighbour
        lifted = 10 if time - shown < 0.09 * span else 0
        axes.annotate(
            f"{time:.0f} ms",
            (time, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2 + lifted),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize="x-small",
            color="0.2",
        )
        shown = time if not lifted else -np.inf


@contextmanager
def _undrawn(figure: Any) -> Iterator[None]:
    """Keep MNE from drawing the whole figure twice for each panel, for the places of its insets."""
    figure.canvas.draw = lambda *_, **__: None
    try:
        yield
    finally:
        del figure.canvas.draw


def draw_butterfly(
    evoked: mne.Evoked,
    axes: Mapping[str, Axes],
    *,
    gfp: bool = False,
    ylim: Mapping[str, tuple[float, float]] | None = None,
    inset: bool = True,
) -> None:
    """Draw the channels of each type over ms with MNE's colours, which stand for places on the head."""
    for kind, names in good_channels(evoked).items():
        panel = axes[kind]
        before = set(panel.figure.axes)
        # one call per type: MNE has its own order of types for the axes it is given
        with _undrawn(panel.figure):
            evoked.copy().pick(names).plot(
                axes=panel,
                spatial_colors=True,
                gfp=gfp,
                time_unit="ms",
                selectable=False,
                show=False,
                titles="",
                ylim=None if ylim is None else {kind: list(ylim[kind])},
                verbose="error",
            )
        for added in set(panel.figure.axes) - before if not inset else ():
            added.remove()
        for line in panel.lines:
            line.set_linewidth(1.2 if gfp and line is panel.lines[-1] else 0.5)
        for text in panel.texts:
            text.set_visible(text.get_text() in ("GFP", "RMS"))
        panel.set_title("")
        panel.set_xlabel("")
        panel.set_ylabel(f"{NAMES[kind]}\n({UNITS[kind][0]})")
        panel.set_xlim(evoked.times[0] / MS, evoked.times[-1] / MS)
        panel.spines[["top", "right"]].set_visible(False)


def _draw_whitened(axes: Axes, evoked: mne.Evoked, noise_cov: mne.Covariance) -> None:
    """Draw the power of each channel type relative to the noise of the average: 1 is noise alone."""
    kinds = good_channels(evoked)
    for kind, names in kinds.items():
        known = [name for name in names if name in noise_cov.ch_names]
        if not known:
            raise ParameterError(f"noise_cov has none of the {len(names)} {NAMES[kind]} of the response.")
        part = evoked.copy().pick(known)
        rank = mne.compute_rank(noise_cov, info=part.info, verbose="error")
        white = mne.whiten_evoked(part, noise_cov, picks=known, rank=rank, verbose="error")
        power = np.sum(white.data**2, axis=0) / sum(rank.values())
        axes.semilogy(
            evoked.times / MS,
            power,
            color=CHANNEL_TYPES[kind],
            linewidth=1.2,
            label=f"{NAMES[kind]} (rank {sum(rank.values())})",
        )
    axes.axhline(1.0, color="0.4", linewidth=0.8, linestyle="--", label="expected of noise")
    axes.set_ylabel("Whitened\npower")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axes.tick_params(axis="y", which="minor", labelsize="small")
    axes.legend(
        fontsize="x-small", frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(-0.01, 0.98), handlelength=1.5
    )
    axes.spines[["top", "right"]].set_visible(False)


def plot_response(
    evoked: mne.Evoked,
    *,
    noise_cov: mne.Covariance | None = None,
    times: ArrayLike | None = None,
    show: bool = True,
) -> Figure:
    """Plot the channels of a response over time, one panel per channel type, bad channels left out.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    noise_cov : mne.Covariance | None
        Noise covariance of single trials. If given, a panel shows the power of the whitened channels divided by their
        rank, which is 1 on average where there is noise alone.
    times : array-like | None
        Latencies to mark, s; None for the peaks, see :func:`peak_times`.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        There is no good MEG or EEG channel, a latency lies outside, or `noise_cov` belongs to other channels.

    Examples
    --------
    >>> figure = plot_response(evoked, noise_cov=noise_cov)
    """
    kinds = good_channels(evoked)
    marked = check_times(times, evoked)
    n_rows = len(kinds) + (noise_cov is not None)
    fig, rows = plt.subplots(
        n_rows, 1, sharex=True, squeeze=False, figsize=(8.0, 0.6 + 1.9 * n_rows), layout="constrained"
    )
    panels = dict(zip(kinds, rows[:, 0], strict=False))
    draw_butterfly(evoked, panels, gfp=True)
    if noise_cov is not None:
        _draw_whitened(rows[-1, 0], evoked, noise_cov)
    for kind, axes in panels.items():
        axes.set_title(f"{len(kinds[kind])} channels", loc="right", fontsize="small")
    for index, axes in enumerate(rows[:, 0]):
        mark_times(axes, marked, labels=index == 0)
        axes.tick_params(labelbottom=index == n_rows - 1)
    rows[-1, 0].set_xlabel("Time (ms)")
    average = f"average of {evoked.nave}" if evoked.nave > 1 else "one trial"
    rows[0, 0].set_title(", ".join(filter(None, [evoked.comment, average])), loc="left", fontsize="medium", pad=22)
    fig.align_ylabels(rows[:, 0])
    if show:
        plt.show()
    return fig


def draw_maps(
    evoked: mne.Evoked, kind: str, times: FloatArray, axes: Sequence[Axes], limit: float | None = None
) -> None:
    """Draw maps of one channel type; the last axes take the colour bar. Limit in SI; None takes the largest value."""
    unit, factor = UNITS[kind]
    values = shown_values(evoked, kind, times)
    largest = factor * (float(np.abs(values).max()) if limit is None else limit) or 1.0
    # planar gradiometers are shown as the root mean square of each pair, which has no sign
    signed = kind != "grad"
    evoked.copy().pick(good_channels(evoked)[kind]).plot_topomap(
        times,
        ch_type=kind,
        axes=list(axes),
        vlim=(-largest if signed else 0.0, largest),
        time_unit="ms",
        time_format="%0.0f ms",
        cmap="RdBu_r" if signed else "Reds",
        colorbar=True,
        cbar_fmt="%g",
        show=False,
    )
    axes[-1].set_title("")
    axes[-1].yaxis.set_major_formatter(ScalarFormatter())  # with a real minus sign
    axes[-1].yaxis.set_label_position("right")  # first: it sets an alignment that would put the unit over the numbers
    axes[-1].set_ylabel(unit, rotation=270, va="bottom")


def shown_values(evoked: mne.Evoked, kind: str, times: FloatArray) -> FloatArray:
    """Return what a map shows at the latencies, in SI: pairs of planar gradiometers as their root mean square."""
    names = good_channels(evoked)[kind]
    samples = [int(np.abs(evoked.times - time).argmin()) for time in times]
    values = evoked.get_data(names)[:, samples]
    if kind != "grad":
        return np.asarray(values)
    pairs: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        pairs.setdefault(name[:-1], []).append(index)
    return np.array([np.sqrt(np.mean(values[both] ** 2, axis=0)) for both in pairs.values()])


def plot_topomaps(evoked: mne.Evoked, times: ArrayLike | None = None, *, show: bool = True) -> Figure:
    """Plot maps of a response over the head, one row per channel type.

    Parameters
    ----------
    evoked : mne.Evoked
        The response; bad channels are left out.
    times : array-like | None
        Latencies, s; None for the peaks, see :func:`peak_times`.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. A colour bar holds for its row.

    Raises
    ------
    ParameterError
        There is no good MEG or EEG channel, or a latency lies outside the response.

    Examples
    --------
    >>> figure = plot_topomaps(evoked, times=[0.02, 0.04])
    """
    wanted = check_times(times, evoked)
    kinds = good_channels(evoked)
    fig, rows = map_grid(len(kinds), len(wanted))
    for kind, axes in zip(kinds, rows, strict=True):
        draw_maps(evoked, kind, wanted, axes)
        name_row(axes[0], TITLES[kind])
    for axes in rows[1:, :-1].flat:
        axes.set_title("")
    if show:
        plt.show()
    return fig


def map_grid(n_rows: int, n_maps: int) -> tuple[Figure, Any]:
    """Return a figure with rows of axes for maps, and a narrow one at each end for the colour bar."""
    fig, rows = plt.subplots(
        n_rows,
        n_maps + 1,
        squeeze=False,
        layout="constrained",
        figsize=(1.6 + 1.75 * n_maps, 0.4 + 1.75 * n_rows),
        width_ratios=[1.0] * n_maps + [0.07],
    )
    return fig, rows


def name_row(axes: Axes, name: str) -> None:
    """Write the name of a row to the left of its first map."""
    axes.annotate(
        name.replace(" (", "\n("),
        (0.0, 0.5),
        xycoords="axes fraction",
        xytext=(-8, 0),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="center",
        ma="center",
        fontsize="small",
    )
