"""How sure an explanation is: numbers against what was expected, predictions over the response, what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import mne
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.stats import gaussian_kde

from .._types import FloatArray
from .._units import MS, NAM
from ..errors import ParameterError
from ._fit_parts import readable_log
from .colors import COMPARED, TARGET, location_color

if TYPE_CHECKING:
    from ..inference import CircuitPosterior

__all__ = [
    "plot_posterior_bits",
    "plot_posterior_marginals",
    "plot_posterior_place",
    "plot_posterior_predictions",
]

COLUMNS = 4
PANEL_INCHES = (2.6, 1.7)
ENDS = (0.002, 0.998)
MOST_DECADES = 3.0
POSTERIOR = COMPARED[2]
BAND = "#56B4E9"
PRIOR = "#999999"
ONE_BIT = "half of what was left open"
UNITS = {"mu_ms": "ms", "sigma_ms": "ms"}


def plot_posterior_marginals(
    found: CircuitPosterior, paths: Sequence[str] | None = None, *, show: bool = True
) -> Figure:
    """Plot the posterior of each number over what was expected of it.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior`.
    paths : sequence of str | None
        Which numbers; None takes all.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A panel per number: the prior grey, the posterior filled, a bar below it over 50 % (thick) and 90 % (thin) of
        its probability, and in the corner what was learned, in bits.

    Raises
    ------
    ParameterError
        This is no posterior, or it has no such number.

    Examples
    --------
    >>> figure = plot_posterior_marginals(drawn)
    """
    _check(found, "plot_posterior_marginals")
    chosen = list(found.paths) if paths is None else list(paths)
    for path in chosen:
        found.of(path)
    bits = found.bits()
    n_rows = -(-len(chosen) // COLUMNS)
    n_columns = min(COLUMNS, len(chosen))
    size = (n_columns * PANEL_INCHES[0], n_rows * PANEL_INCHES[1] + 0.4)
    fig, grid = plt.subplots(n_rows, n_columns, squeeze=False, figsize=size, layout="constrained")
    for axes, path in zip(grid.flat, chosen, strict=False):
        _draw_marginal(axes, found, path, bits[path])
    for axes in grid.flat[len(chosen) :]:
        axes.set_visible(False)
    handles = [
        Line2D([], [], color=PRIOR, label="expected before"),
        Line2D([], [], color=POSTERIOR, label="once the response is seen"),
    ]
    fig.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False, fontsize="small")
    if show:
        plt.show()
    return fig


def _check(found: Any, what: str) -> None:
    if not hasattr(found, "polarity") or not hasattr(found, "draws"):
        raise ParameterError(f"{what} needs the CircuitPosterior of mne_hnn.posterior, got {type(found).__name__}.")


def _draw_marginal(axes: Axes, found: CircuitPosterior, path: str, learned: float) -> None:
    log = not path.endswith("mu_ms")
    before, after = found.prior[path], found.of(path)
    if log:
        before, after = np.log10(before), np.log10(after)
    low = min(np.quantile(before, ENDS[0]), np.quantile(after, ENDS[0]))
    high = max(np.quantile(before, ENDS[1]), np.quantile(after, ENDS[1]))
    grid = np.linspace(low, high, 300)
    shown = 10**grid if log else grid
    top = 0.0
    for values, color, filled in ((before, PRIOR, False), (after, POSTERIOR, True)):
        density = _density(values, grid)
        top = max(top, float(density.max()))
        axes.plot(shown, density, color=color, lw=1.2)
        if filled:
            axes.fill_between(shown, density, color=color, alpha=0.25, lw=0)
    for share, width in ((0.9, 1.5), (0.5, 4.0)):
        ends = found.interval(path, share)
        axes.plot(ends, [-0.06 * top] * 2, color=POSTERIOR, lw=width, solid_capstyle="butt")
    axes.set(ylim=(-0.13 * top, 1.25 * top), yticks=[], xlim=(shown[0], shown[-1]))
    if log:
        axes.set_xscale("log")
        readable_log(axes.xaxis, (float(shown[0]), float(shown[-1])), MOST_DECADES)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.tick_params(labelsize="x-small")
    axes.set_title(short_name(path), fontsize="small")
    axes.annotate(
        f"{learned:.1f} bits", (0.98, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize="x-small"
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _density(values: FloatArray, grid: FloatArray) -> FloatArray:
    if np.ptp(values) == 0:
        return np.zeros(len(grid))
    return np.asarray(gaussian_kde(values)(grid))


def short_name(path: str) -> str:
    """Return what a number is called in a figure, with its unit."""
    if path == "columns":
        return "columns"
    if path == "discrepancy":
        return "discrepancy (relative)"
    if path.startswith("spikes."):
        return f"{path.removeprefix('spikes.').replace('_', ' ')} (spikes per cell)"
    _, drive, *rest = path.split(".")
    last = rest[0]
    if last in UNITS:
        return f"{drive} {'time' if last == 'mu_ms' else 'spread'} ({UNITS[last]})"
    receptor = last.removeprefix("weights_").upper()
    return f"{drive} {rest[1].replace('_', ' ')} {receptor} (\N{MICRO SIGN}S)"


def plot_posterior_predictions(found: CircuitPosterior, *, show: bool = True) -> Figure:
    """Plot what a posterior predicts over the response.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior`.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The response; the 50 and 90 % bands of mean moments; and, dashed, the 90 % band of responses with noise, chance
        and what the model leaves. Where cells fire, below it the spikes per cell of simulated draws.

    Examples
    --------
    >>> figure = plot_posterior_predictions(drawn)
    """
    _check(found, "plot_posterior_predictions")
    with_spikes = bool(found.spikes)
    fig, grid = plt.subplots(
        2 if with_spikes else 1,
        1,
        squeeze=False,
        figsize=(6.4, 5.2 if with_spikes else 3.4),
        layout="constrained",
        gridspec_kw={"height_ratios": [2, 1]} if with_spikes else None,
    )
    axes = grid[0, 0]
    times, moments = found.times_ms, found.predicted / NAM
    for low, high, alpha in ((0.05, 0.95, 0.3), (0.25, 0.75, 0.5)):
        ends = np.quantile(moments, [low, high], axis=0)
        label = f"mean response, {high - low:.0%}"
        axes.fill_between(times, *ends, color=BAND, alpha=alpha, lw=0, label=label)
    for k, row in enumerate(np.quantile(found.replicated / NAM, [0.05, 0.95], axis=0)):
        axes.plot(times, row, color=POSTERIOR, ls="--", lw=0.9, label=None if k else "with noise and discrepancy, 90 %")
    axes.plot(times, found.wanted / NAM, color="k", lw=1.6, label="response")
    axes.axhline(0, color=TARGET, lw=0.8, zorder=0)
    times_of = [path for path in found.paths if path.endswith("mu_ms")]
    for (place, _), path in zip(found.sequence, times_of, strict=True):
        first, last = found.interval(path)
        axes.axvspan(first, last, ymax=0.04, color=location_color(place), lw=0)
        axes.annotate(
            place,
            (float(np.median(found.of(path))), 0.05),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize="x-small",
            color=location_color(place),
        )
    axes.set(xlabel="Time (ms)", ylabel="Moment (nAm)", xlim=(times[0], times[-1]))
    axes.legend(frameon=False, fontsize="x-small")
    if with_spikes:
        _draw_spikes(grid[1, 0], found.spikes)
    if show:
        plt.show()
    return fig


def _draw_spikes(axes: Axes, spikes: Mapping[str, FloatArray]) -> None:
    names = list(spikes)
    rows = [spikes[name] for name in names]
    axes.boxplot(rows, orientation="horizontal", whis=(5, 95), showfliers=False, widths=0.6)
    axes.set_yticks(range(1, len(names) + 1), [name.replace("_", " ") for name in names], fontsize="small")
    axes.set_xlabel("Spikes per cell (box: 50 %, whiskers: 90 % of simulated draws)", fontsize="small")


def plot_posterior_bits(found: CircuitPosterior, *, show: bool = True) -> Figure:
    """Plot what the response said of each number beyond what was expected.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior`.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A bar per number, in bits: one bit halves what was left open, and a number with less is not determined.

    Examples
    --------
    >>> figure = plot_posterior_bits(drawn)
    """
    _check(found, "plot_posterior_bits")
    bits = found.bits()
    names = list(bits)[::-1]
    fig, axes = plt.subplots(figsize=(6.4, 0.24 * len(names) + 1.0), layout="constrained")
    values = np.array([bits[name] for name in names])
    axes.barh(range(len(names)), values, color=[POSTERIOR if value >= 1 else TARGET for value in values])
    axes.axvline(1.0, color="k", lw=0.8, ls=":")
    axes.annotate(ONE_BIT, (1.0, len(names) - 0.4), fontsize="x-small", ha="left", va="bottom")
    axes.set_yticks(range(len(names)), [short_name(name) for name in names], fontsize="small")
    axes.set(xlabel="What the response said beyond what was expected (bits)", ylim=(-0.7, len(names) + 0.4))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if show:
        plt.show()
    return fig


def plot_posterior_place(found: CircuitPosterior, forward: mne.Forward, *, show: bool = True) -> Figure:
    """Plot where the patch may be, seen from outside on the sources of the label.

    On the cortex: :func:`plot_posterior_cortex`.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior` with a label that was searched.
    forward : mne.Forward
        The forward solution: where the sources are.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Each source of the label coloured by the probability that it is part of the patch; those that hold 90 % of the
        centre are ringed. Beside it the probability of each radius.

    Raises
    ------
    ParameterError
        No label was searched.

    Examples
    --------
    >>> figure = plot_posterior_place(drawn_at_sensors, forward)
    """
    _check(found, "plot_posterior_place")
    place = found.place
    if place is None:
        raise ParameterError(
            "No label was searched for the place: give Sensors(..., search=label) to mne_hnn.posterior."
        )
    space = forward["src"][0 if place.hemi == "lh" else 1]
    points = space["rr"][place.sources]
    centred = points - points.mean(axis=0)
    # the plane that shows most of the label, the farther end of the head up
    axes_of = np.linalg.svd(centred, full_matrices=False)[2][:2]
    axes_of = axes_of[np.argsort(np.abs(axes_of[:, 2]))]
    axes_of *= np.where(axes_of[[0, 1], [1, 2]] < 0, -1, 1)[:, np.newaxis]
    flat = centred @ axes_of.T / MS
    wide = float(np.clip(3.0 * np.ptp(flat[:, 0]) / max(np.ptp(flat[:, 1]), 1e-9), 1.0, 5.0)) + 1.6
    fig, (axes, beside) = plt.subplots(1, 2, figsize=(wide + 2.0, 3.9), layout="constrained", width_ratios=[wide, 2.0])
    probability = place.of_source
    size = 4 * np.sqrt(place.areas_mm2)
    dots = axes.scatter(*flat.T, c=probability, s=size**1.3, cmap="viridis", vmin=0, vmax=max(probability.max(), 1e-9))
    held = np.isin(place.sources, place.region())
    axes.scatter(*flat[held].T, s=size[held] ** 1.3 * 2.2, facecolors="none", edgecolors="k", lw=0.9)
    fig.colorbar(dots, ax=axes, label="Probability of being in the patch")
    axes.margins(0.12)  # rings are larger than dots
    axes.set(xlabel="mm", ylabel="mm", aspect="equal")
    fig.suptitle(f"{place.label}; ringed: 90 % of the centre, {place.area_mm2():.0f} mm²", fontsize="small")
    radii = place.of_radius
    beside.bar(range(len(radii)), list(radii.values()), color=POSTERIOR)
    beside.set_xticks(range(len(radii)), [f"{radius:g}" for radius in radii])
    beside.set(xlabel="Radius (mm)", ylabel="Probability", ylim=(0, 1))
    if show:
        plt.show()
    return fig
