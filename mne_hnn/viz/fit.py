"""A fit over its target."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._types import FloatArray
from .._units import MS, NAM
from ._fit_parts import check_result, loss_name, order_legend
from .colors import LAYERS, TARGET
from .comparison import plot_comparison
from .histogram import draw_drives
from .target import in_shown_unit

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..fit.result import FitResult
    from ..fit.rhythmic_settings import RhythmicSettings

__all__ = ["plot_fit"]

TRIALS = "0.55"
BAND = "#56B4E9"


def _with_minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _count(number: float, noun: str) -> str:
    """Return a number of things with three digits: ``3,210 columns``."""
    rounded = float(f"{number:.3g}")
    if rounded >= 1e9:
        mantissa, _, power = f"{rounded:.2e}".partition("e")
        text = rf"{mantissa}$\times 10^{{{int(power)}}}$"
    elif rounded >= 1e6:
        text = f"{rounded / 1e6:g} million"
    else:
        text = f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"
    return f"{text} {noun}" if rounded == 1 else f"{text} {noun}s"


def plot_fit(result: FitResult, *, show: bool = True) -> Figure:
    """Plot the simulated dipole of a fit over its target, with layers and drives, or the spectrum of a fitted rhythm.

    Parameters
    ----------
    result : FitResult
        What a fit returned.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. With a target: drive spikes, then dipole and layers as in :func:`plot_comparison` with the single
        trials behind, all smoothed and scaled as in the fit; the numbers are those of ``result.scores``. Without one:
        drive spikes, dipole, and power spectra of the single trials with their average. A target spectrum of which
        only the shape was fitted is moved to the level of the average.

    Raises
    ------
    ParameterError
        `result` is no fit result.

    Examples
    --------
    >>> figure = plot_fit(found)
    """
    check_result(result, "plot_fit")
    drawn = _plot_rhythm(result) if result.target is None or result.kind == "rhythmic" else _plot_waveform(result)
    if show:
        plt.show()
    return drawn


def _prepare(result: FitResult, dipole: Dipole) -> Dipole:
    """Return a dipole of the simulation smoothed and scaled as the fit did it."""
    changed: Dipole = dipole.copy().scale(result.scale)
    window_ms = result.settings.smooth_ms
    return changed.smooth(window_ms) if window_ms else changed


def _window_note(result: FitResult) -> str | None:
    window_ms = result.settings.smooth_ms
    return f"{window_ms:g} ms Hamming window" if window_ms else None


def _drawn_from(result: FitResult) -> str:
    """Say what the scores are of: nothing was searched where only the scale was fitted."""
    return "drives as configured, scale fitted" if result.kind == "none" else "fresh seeds"


def _headline(result: FitResult) -> str:
    scores = result.scores
    numbers = {"$R^2$": (scores.r_squared, ".3f"), "NRMSE": (scores.nrmse, ".3f"), "r": (scores.correlation, ".3f")}
    parts = [_with_minus(f"{name} = {value:{form}}") for name, (value, form) in numbers.items() if np.isfinite(value)]
    line = f"{', '.join(parts)} ({_drawn_from(result)})" if parts else ""
    assert result.target is not None
    if result.target.provenance.get("unit", "A m") != "A m":
        return f"{line}\nscale {result.scale:.3g} (the target is not in nAm)"
    populations = result.network.populations.values()
    cells = sum(len(population) for population in populations if population.template.measures_dipole)
    columns = _count(result.scale, "column")
    return f"{line}\n{columns}, {_count(result.scale * cells, 'pyramidal cell')}" if cells else f"{line}\n{columns}"


def _plot_waveform(result: FitResult) -> Figure:
    assert result.target is not None
    factor, unit = in_shown_unit(result.target.provenance.get("unit", "A m"))
    dipole, target = result.dipole, result.target
    if unit != "nAm":  # what is drawn in nAm has the target's unit then
        dipole, target = (waveform.copy().scale(factor * NAM) for waveform in (dipole, target))
    fig = plot_comparison(dipole, target, drives=result.simulation, show=False)
    panels = fig.axes[-len(dipole.layers) :]
    simulation, main = result.simulation, panels[0]
    if simulation.n_trials > 1:
        for k, single in enumerate(simulation.dipoles):
            trial = _prepare(result, single)
            main.plot(
                trial.times / MS,
                trial["agg"] * factor,
                color=TRIALS,
                linewidth=0.5,
                alpha=0.7,
                zorder=1.5,
                label="_single trials" if k else "single trials, agg",
            )
        average = next(line for line in main.lines if line.get_label() == "simulated, agg")
        average.set_label(f"average of {simulation.n_trials}, agg")
        average.set_zorder(3)
    main.set_title("", loc="left")
    order_legend(main, ["average", "simulated", "target", "single"], _window_note(result))
    for axes in panels:
        axes.relim()
        axes.autoscale(axis="y")
        axes.set_ylabel("Dipole\n" + (f"moment ({unit})" if unit == "nAm" else f"({unit})"))
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    fig.axes[0].set_title(_headline(result), loc="left", fontsize="medium")
    fig.set_figheight(fig.get_figheight() + 0.3)
    return fig


def _plot_rhythm(result: FitResult) -> Figure:
    simulation = result.simulation
    ratios = [1.4, 2.0] if not simulation.network.drives else [0.9, 1.4, 2.0]
    fig, grid = plt.subplots(
        len(ratios),
        1,
        squeeze=False,
        height_ratios=ratios,
        layout="constrained",
        figsize=(8.0, 1.2 + 1.7 * sum(ratios)),
    )
    rows = list(grid[:, 0])
    *over_time, spectrum = rows
    if len(over_time) > 1:
        draw_drives(over_time[0], simulation)
        over_time[0].sharex(over_time[1])
        over_time[0].tick_params(labelbottom=False)
    factor, unit = _fine_unit(result)
    _draw_course(over_time[-1], result, factor, unit)
    _draw_spectrum(spectrum, result, factor, unit)
    for axes in rows:
        axes.spines[["top", "right"]].set_visible(False)
    loss = _with_minus(f"{result.scores.loss:.3g}")
    rows[0].set_title(
        f"{loss_name(result)} = {loss} ({_drawn_from(result)}), {_count(result.scale, 'column')}",
        loc="left",
        fontsize="medium",
    )
    fig.align_ylabels(rows)
    return fig


def _fine_unit(result: FitResult) -> tuple[float, str]:
    """Return the factor from A m to a unit in which the dipole, of perhaps one column, has readable numbers."""
    largest = max(float(np.abs(trial["agg"]).max()) for trial in result.simulation.dipoles) * abs(result.scale)
    for factor, unit in ((1.0 / NAM, "nAm"), (1e3 / NAM, "pAm")):
        if largest * factor >= 0.1 or not largest:
            return factor, unit
    return 1e6 / NAM, "fAm"


def _rhythm(result: FitResult) -> RhythmicSettings:
    """Return how a rhythm was judged; where it was fitted as something else, the usual."""
    from ..fit.rhythmic_settings import RhythmicSettings

    if isinstance(result.settings, RhythmicSettings):
        return result.settings
    # a record too short for the usual burn-in is shown nevertheless
    return RhythmicSettings(burn_in_ms=min(50.0, result.simulation.tstop / 2))


def _draw_course(axes: Axes, result: FitResult, factor: float, unit: str) -> None:
    simulation = result.simulation
    first = _prepare(result, simulation.dipoles[0])
    single = simulation.n_trials == 1
    axes.plot(
        first.times / MS,
        first["agg"] * factor,
        color=LAYERS["agg"] if single else TRIALS,
        linewidth=1.6 if single else 0.9,
        label="first trial",
    )
    if not single:
        average = result.dipole
        axes.plot(
            average.times / MS,
            average["agg"] * factor,
            color=LAYERS["agg"],
            linewidth=1.6,
            label=f"average of {simulation.n_trials}",
        )
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    burn_in_ms = _rhythm(result).burn_in_ms
    if burn_in_ms:
        axes.axvspan(0.0, burn_in_ms, color="0.92", linewidth=0, zorder=-1, label="burn-in, not in\nthe spectrum")
    axes.set_xlim(0.0, simulation.tstop)
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel(f"Dipole\nmoment ({unit})")
    order_legend(axes, ["average", "first", "burn-in"], _window_note(result))


def _draw_spectrum(axes: Axes, result: FitResult, factor: float, unit: str) -> None:
    from ..spectra import power_spectrum

    settings, trials = _rhythm(result), result.simulation.dipoles
    spectrum = partial(power_spectrum, fmin=settings.fmin, fmax=settings.fmax, burn_in_ms=settings.burn_in_ms)
    in_unit = (result.scale * factor) ** 2
    freqs, psd = spectrum(trials)
    for k, (low, high) in enumerate(settings.bands or ()):
        axes.axvspan(low, high, color=BAND, alpha=0.3, linewidth=0, zorder=0, label="_band" if k else "wanted bands")
    details = result.details
    if details.target_freqs is not None and details.target_power is not None:
        label, power = _target_power(freqs, psd, result)
        axes.plot(details.target_freqs, power * in_unit, color=TARGET, linewidth=3.0, zorder=2, label=label)
    if len(trials) > 1:
        for k, trial in enumerate(trials):
            _, trial_psd = spectrum(trial)
            axes.plot(
                freqs,
                trial_psd * in_unit,
                color=TRIALS,
                linewidth=0.5,
                alpha=0.7,
                zorder=1.5,
                label="_single trials" if k else "single trials",
            )
    label = f"average of\n{len(trials)} spectra" if len(trials) > 1 else "simulated"
    axes.plot(freqs, psd * in_unit, color=LAYERS["agg"], linewidth=1.8, zorder=3, label=label)
    if psd.max() > 0:
        axes.set_yscale("log")
    axes.set_xlim(settings.fmin, settings.fmax)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel(f"Power spectral density\n({unit[:-1]}²m²/Hz)")
    order_legend(axes, ["average", "simulated", "target", "single", "wanted"], None)


def _target_power(own_freqs: FloatArray, own: FloatArray, result: FitResult) -> tuple[str, FloatArray]:
    """Return label and power of the target, at the level of the simulated spectrum if only its shape was fitted."""
    freqs, power = np.asarray(result.details.target_freqs), np.asarray(result.details.target_power)
    common = (freqs >= own_freqs[0]) & (freqs <= own_freqs[-1]) & (power > 0)
    if _rhythm(result).aperiodic == "keep" or not common.any() or not own.min() > 0:
        return "target", power / result.scale**2
    ratio = np.log(np.interp(freqs[common], own_freqs, own)) - np.log(power[common])
    return "target, moved to\nthe same level", power * float(np.exp(ratio.mean()))
