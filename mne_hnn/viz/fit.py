"""A fit: how good it is, how it got there, and what it says of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from .._units import MS, NAM
from ..errors import ParameterError
from .colors import LAYERS, TARGET, location_color
from .comparison import plot_comparison
from .histogram import draw_drives
from .target import _in_shown_unit

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..fit.result import Estimate, FitResult
    from ..network import Network

__all__ = ["plot_convergence", "plot_fit", "plot_parameters"]

FloatArray = NDArray[np.float64]
TRIALS = "0.55"
BAND = "#56B4E9"
FAILED = "#D55E00"
LOOSE = "0.55"
ROW_INCHES = 0.24


def _checked(result: Any, what: str) -> None:
    if not hasattr(result, "estimates") or not hasattr(result, "evaluations"):
        raise ParameterError(f"{what} needs the FitResult of a fit, got {type(result).__name__}.")


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


# the fit itself --------------------------------------------------------------------------------------------


def plot_fit(result: FitResult, *, show: bool = True) -> Figure:
    """Plot the fitted dipole over its target, with its layers and drives, or the spectrum of a fitted rhythm.

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
    """
    _checked(result, "plot_fit")
    drawn = _plot_rhythm(result) if result.target is None or result.kind == "rhythmic" else _plot_waveform(result)
    if show:
        plt.show()
    return drawn


def _prepared(result: FitResult, dipole: Dipole) -> Dipole:
    """Return a dipole of the simulation smoothed and scaled as the fit did it."""
    changed: Dipole = dipole.copy().scale(result.scale)
    window_ms = float(result.settings.get("smooth_ms") or 0.0)
    return changed.smooth(window_ms) if window_ms else changed


def _window_note(result: FitResult) -> str | None:
    window_ms = float(result.settings.get("smooth_ms") or 0.0)
    return f"{window_ms:g} ms Hamming window" if window_ms else None


def _headline(result: FitResult) -> str:
    scores = result.scores
    numbers = {"$R^2$": (scores.r_squared, ".3f"), "NRMSE": (scores.nrmse, ".3f"), "r": (scores.correlation, ".3f")}
    parts = [_with_minus(f"{name} = {value:{form}}") for name, (value, form) in numbers.items() if np.isfinite(value)]
    line = ", ".join(parts) + " (fresh seeds)" if parts else ""
    assert result.target is not None
    if result.target.provenance.get("unit", "A m") != "A m":
        return f"{line}\nscale {result.scale:.3g} (the target is not in nAm)"
    populations = result.network.populations.values()
    cells = sum(len(one) for one in populations if one.template.measures_dipole)
    columns = _count(result.scale, "column")
    return f"{line}\n{columns}, {_count(result.scale * cells, 'pyramidal cell')}" if cells else f"{line}\n{columns}"


def _plot_waveform(result: FitResult) -> Figure:
    assert result.target is not None
    factor, unit = _in_shown_unit(result.target.provenance.get("unit", "A m"))
    dipole, target = result.dipole, result.target
    if unit != "nAm":  # what is drawn in nAm has the target's unit then
        dipole, target = (one.copy().scale(factor * NAM) for one in (dipole, target))
    fig = plot_comparison(dipole, target, drives=result.simulation, show=False)
    panels = fig.axes[-len(dipole.layers) :]
    simulation, main = result.simulation, panels[0]
    if simulation.n_trials > 1:
        for k, one in enumerate(simulation.dipoles):
            trial = _prepared(result, one)
            main.plot(
                trial.times / MS, trial["agg"] * factor, color=TRIALS, linewidth=0.5, alpha=0.7, zorder=1.5,
                label="_single trials" if k else "single trials, agg",
            )  # fmt: skip
        average = next(line for line in main.lines if line.get_label() == "simulated, agg")
        average.set_label(f"average of {simulation.n_trials}, agg")
        average.set_zorder(3)
    main.set_title("", loc="left")
    _order_legend(main, ["average", "simulated", "target", "single"], _window_note(result))
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


def _order_legend(axes: Axes, beginnings: Sequence[str], title: str | None) -> None:
    """Draw the legend beside the axes, sorted by the beginning of the labels."""

    def rank(label: str) -> int:
        return next((k for k, word in enumerate(beginnings) if label.startswith(word)), len(beginnings))

    handles, labels = axes.get_legend_handles_labels()
    pairs = sorted(zip(handles, labels, strict=True), key=lambda pair: rank(pair[1]))
    axes.legend(
        [handle for handle, _ in pairs], [label for _, label in pairs], title=title, title_fontsize="x-small",
        fontsize="small", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5),
    )  # fmt: skip


def _plot_rhythm(result: FitResult) -> Figure:
    simulation = result.simulation
    ratios = [1.4, 2.0] if not simulation.network.drives else [0.9, 1.4, 2.0]
    fig, grid = plt.subplots(
        len(ratios), 1, squeeze=False, height_ratios=ratios, layout="constrained",
        figsize=(8.0, 1.2 + 1.7 * sum(ratios)),
    )  # fmt: skip
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
        f"{_loss_name(result)} = {loss} (fresh seeds), {_count(result.scale, 'column')}", loc="left", fontsize="medium"
    )
    fig.align_ylabels(rows)
    return fig


def _fine_unit(result: FitResult) -> tuple[float, str]:
    """Return the factor from A m to a unit in which the dipole, of perhaps one column, has readable numbers."""
    largest = max(float(np.abs(one["agg"]).max()) for one in result.simulation.dipoles) * abs(result.scale)
    for factor, unit in ((1.0 / NAM, "nAm"), (1e3 / NAM, "pAm")):
        if largest * factor >= 0.1 or not largest:
            return factor, unit
    return 1e6 / NAM, "fAm"


def _burn_in(result: FitResult) -> float:
    # a record too short for the usual burn-in is shown nevertheless
    return float(result.settings.get("burn_in_ms", min(50.0, result.simulation.tstop / 2)))


def _draw_course(axes: Axes, result: FitResult, factor: float, unit: str) -> None:
    simulation = result.simulation
    first = _prepared(result, simulation.dipoles[0])
    single = simulation.n_trials == 1
    axes.plot(
        first.times / MS, first["agg"] * factor, color=LAYERS["agg"] if single else TRIALS,
        linewidth=1.6 if single else 0.9, label="first trial",
    )  # fmt: skip
    if not single:
        average = result.dipole
        axes.plot(
            average.times / MS, average["agg"] * factor, color=LAYERS["agg"], linewidth=1.6,
            label=f"average of {simulation.n_trials}",
        )  # fmt: skip
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    if _burn_in(result):
        axes.axvspan(0.0, _burn_in(result), color="0.92", linewidth=0, zorder=-1, label="burn-in, not in\nthe spectrum")
    axes.set_xlim(0.0, simulation.tstop)
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel(f"Dipole\nmoment ({unit})")
    _order_legend(axes, ["average", "first", "burn-in"], _window_note(result))


def _draw_spectrum(axes: Axes, result: FitResult, factor: float, unit: str) -> None:
    from ..fit.spectra import power_spectrum

    settings, trials = result.settings, result.simulation.dipoles
    fmin, fmax = float(settings.get("fmin") or 2.0), float(settings.get("fmax") or 50.0)
    options: dict[str, Any] = {"fmin": fmin, "fmax": fmax, "burn_in_ms": _burn_in(result)}
    in_unit = (result.scale * factor) ** 2
    freqs, psd = power_spectrum(trials, **options)
    for k, (low, high) in enumerate(settings.get("bands") or ()):
        axes.axvspan(
            low, high, color=BAND, alpha=0.3, linewidth=0, zorder=0, label="_band" if k else "wanted bands"
        )  # fmt: skip
    wanted = settings.get("target_freqs"), settings.get("target_power")
    if wanted[0] is not None and wanted[1] is not None:
        label, power = _target_power(np.asarray(wanted[0]), np.asarray(wanted[1]), freqs, psd, result)
        axes.plot(wanted[0], power * in_unit, color=TARGET, linewidth=3.0, zorder=2, label=label)
    if len(trials) > 1:
        for k, trial in enumerate(trials):
            _, one = power_spectrum(trial, **options)
            axes.plot(
                freqs, one * in_unit, color=TRIALS, linewidth=0.5, alpha=0.7, zorder=1.5,
                label="_single trials" if k else "single trials",
            )  # fmt: skip
    label = f"average of\n{len(trials)} spectra" if len(trials) > 1 else "simulated"
    axes.plot(freqs, psd * in_unit, color=LAYERS["agg"], linewidth=1.8, zorder=3, label=label)
    if psd.max() > 0:
        axes.set_yscale("log")
    axes.set_xlim(fmin, fmax)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10]))
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel(f"Power spectral density\n({unit[:-1]}²m²/Hz)")
    _order_legend(axes, ["average", "simulated", "target", "single", "wanted"], None)


def _target_power(
    freqs: FloatArray, power: FloatArray, own_freqs: FloatArray, own: FloatArray, result: FitResult
) -> tuple[str, FloatArray]:
    """Return label and power of the target, at the level of the simulated spectrum if only its shape was fitted."""
    common = (freqs >= own_freqs[0]) & (freqs <= own_freqs[-1]) & (power > 0)
    if result.settings.get("aperiodic", "scale") == "keep" or not common.any() or not own.min() > 0:
        return "target", power / result.scale**2
    ratio = np.log(np.interp(freqs[common], own_freqs, own)) - np.log(power[common])
    return "target, moved to\nthe same level", power * float(np.exp(ratio.mean()))


# how it got there ------------------------------------------------------------------------------------------

_LOSSES = {
    "r_squared": "1 \N{MINUS SIGN} $R^2$",
    "nrmse": "NRMSE",
    "rmse": "RMSE, nAm",
    "correlation": "1 \N{MINUS SIGN} r",
    "bandpower": "band power",
}


def _loss_name(result: FitResult) -> str:
    objective = str(result.settings.get("objective", ""))
    named = _LOSSES.get(objective, objective.replace("_", " "))
    return f"Loss ({named})" if named else "Loss"


def plot_convergence(result: FitResult, *, show: bool = True) -> Figure:
    """Plot the loss of every network that was tried, and the best so far at each level of the search.

    Parameters
    ----------
    result : FitResult
        What a fit returned.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Losses of different levels are not comparable; simulations that failed are crosses at the top edge.

    Raises
    ------
    ParameterError
        `result` is no fit result, or nothing was tried.
    """
    _checked(result, "plot_convergence")
    if not result.evaluations:
        raise ParameterError("The fit holds no evaluations: there is nothing to plot.")
    losses = np.array([one.loss for one in result.evaluations])
    numbers = np.arange(1, len(losses) + 1)
    good = np.isfinite(losses)
    fig, axes = plt.subplots(figsize=(8.0, 3.8), layout="constrained")
    axes.plot(numbers[good], losses[good], ".", color="0.55", markersize=4.5, label="evaluation", zorder=3.5)
    if good.any() and (losses[good] > 0).all():
        axes.set_yscale("log")
    segments = _draw_best(axes, result)
    if not good.all():
        axes.plot(
            numbers[~good], np.full((~good).sum(), 0.975), "x", color=FAILED, markersize=6, markeredgewidth=1.4,
            transform=axes.get_xaxis_transform(), label="failed", zorder=4,
        )  # fmt: skip
        axes.margins(y=0.12)  # room for them
        axes.autoscale_view()
    axes.set_ylabel(_loss_name(result))
    axes.set_xlabel("Evaluation")
    if axes.get_yscale() == "log":
        _readable_log(axes.yaxis, axes.get_ylim(), 3.0)
    axes.set_xlim(0.5, len(losses) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    if not good.any():
        axes.set_yticks([])
    axes.spines[["top", "right"]].set_visible(False)
    _order_legend(axes, ["best", "evaluation", "failed"], None)
    _name_levels(fig, axes, segments)
    if show:
        plt.show()
    return fig


def _draw_best(axes: Axes, result: FitResult) -> list[tuple[str, int, int]]:
    """Draw the best so far of each level and lines between levels; return names, first and last evaluation."""
    best = np.where(np.isfinite(result.convergence()), result.convergence(), np.nan)
    segments, stop = [], 0
    several = len({one.level for one in result.evaluations}) > 1
    label = "best so far\nof the level" if several else "best so far"
    for name, some in groupby(one.level for one in result.evaluations):
        start, stop = stop, stop + len(list(some))
        segments.append((name, start + 1, stop))
        axes.stairs(
            best[start:stop], np.arange(start, stop + 1) + 0.5, baseline=None, color=LAYERS["L2"], linewidth=1.8,
            zorder=3, label="_best" if start else label,
        )  # fmt: skip
        if start:
            axes.axvline(start + 0.5, color="0.6", linewidth=0.6, zorder=1)
    return segments


def _level_name(name: str) -> str:
    width, _, depth = name.partition("x")
    if width.isdigit() and depth.isdigit():
        return f"{width} \N{MULTIPLICATION SIGN} {depth} mesh"
    return {"full": "full column", "linear": "linear sum"}.get(name, name)


def _name_levels(fig: Figure, axes: Axes, segments: Sequence[tuple[str, int, int]]) -> None:
    """Write the names of levels above them, on further lines where they would run into one another."""
    texts = [
        axes.annotate(
            _level_name(name), ((first + last) / 2, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 4),
            textcoords="offset points", ha="center", va="bottom", fontsize="small", color="0.25",
        )
        for name, first, last in segments
    ]  # fmt: skip
    fig.draw_without_rendering()
    rows: list[float] = []
    for text in texts:
        box = text.get_window_extent()
        row = next((k for k, end in enumerate(rows) if box.x0 > end + 4), len(rows))
        rows[row:] = [box.x1, *rows[row + 1 :]]
        text.set_position((0, 4 + 12 * row))


def _readable_log(axis: Any, limits: tuple[float, float], most: float) -> None:
    """Label also what lies between powers of ten on an axis of at most so many decades, where those are few."""
    decades = float(np.log10(limits[1] / limits[0]))
    if decades >= most:
        return
    if decades < 0.3:
        axis.set_major_locator(MaxNLocator(nbins=5))
    else:
        wide = (1.0, 2.0, 5.0) if decades > 0.9 else (1.0, 2.0, 3.0, 5.0)
        axis.set_major_locator(
            LogLocator(subs=wide if decades > 0.6 else (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0))
        )
    axis.set_minor_formatter(NullFormatter())
    plain = limits[0] >= 1e-4 and limits[1] < 1e5
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if plain else _scientific(value)))


def _scientific(value: float) -> str:
    mantissa, _, power = f"{value:.2e}".partition("e")
    shown = f"{float(mantissa):g}"
    return rf"$10^{{{int(power)}}}$" if shown == "1" else rf"${shown}\times 10^{{{int(power)}}}$"


# what it says of each parameter ----------------------------------------------------------------------------


class _Row(NamedTuple):
    """A parameter as it is shown: panel, whether that is logarithmic, name of the row, where the input arrives."""

    panel: str
    log: bool
    name: str
    location: str | None = None


_TIME, _SPREAD, _WEIGHT = "Time (ms)", "Spread (ms)", "Weight (\N{MICRO SIGN}S)"
_DELAY, _RATE, _GAIN, _COLUMNS = "Delay (ms)", "Rate (Hz)", "Gain (factor)", "Number of columns"
_FIRST_PANELS = (_TIME, _SPREAD, _WEIGHT)

# panel and addition to the name of the row, by field
_DRIVE_FIELDS = {
    "mu_ms": (_TIME, ""),
    "tstart": (_TIME, ", start"),
    "tstop": (_TIME, ", end"),
    "sigma_ms": (_SPREAD, ""),
    "burst_std_ms": (_SPREAD, ", bursts"),
    "tstart_std": (_SPREAD, ", start"),
    "weights_ampa": (_WEIGHT, ", AMPA"),
    "weights_nmda": (_WEIGHT, ", NMDA"),
    "synaptic_delays": (_DELAY, ""),
    "rate_Hz": (_RATE, ""),
    "burst_rate_Hz": (_RATE, ", bursts"),
    "spike_isi_ms": ("Interval (ms)", ", within bursts"),
    "probability": ("Probability", ""),
    "space_constant": ("Space constant (cells)", ""),
}
_OTHER_FIELDS = {
    "weight_uS": (_WEIGHT, ""),
    "delay_ms": (_DELAY, ""),
    "gain": (_GAIN, ""),
    "lamtha": ("Space constant (cells)", ""),
    "e_mV": ("Reversal potential (mV)", ""),
    "tau1_ms": ("Time constant (ms)", ", rise"),
    "tau2_ms": ("Time constant (ms)", ", decay"),
    "L_um": ("Length (\N{MICRO SIGN}m)", ""),
    "diam_um": ("Diameter (\N{MICRO SIGN}m)", ""),
    "Ra_ohm_cm": ("Axial resistivity (\N{GREEK CAPITAL LETTER OMEGA} cm)", ""),
    "cm_uF_cm2": ("Capacitance (\N{MICRO SIGN}F/cm²)", ""),
}


def _plain(name: str) -> str:
    receptors = {"ampa": "AMPA", "nmda": "NMDA", "gabaa": "GABA$_A$", "gabab": "GABA$_B$"}
    return receptors.get(name, name.replace("_", " "))


def _row(path: str, network: Network) -> _Row:
    """Return how a parameter is shown."""
    root, _, rest = path.partition(".")
    if path == "columns":
        return _Row(_COLUMNS, True, "columns")
    if root == "drives":
        # names of drives may hold points
        names = [name for name in network.drives if rest.startswith(f"{name}.")]
        name = max(names, key=len, default=rest.partition(".")[0])
        field, _, cell_type = rest[len(name) + 1 :].partition(".")
        panel, addition = _DRIVE_FIELDS.get(field, (_plain(field), ""))
        kind = f", {_plain(cell_type)}" if cell_type else ""
        location = network.drives[name].location if name in network.drives else None
        return _Row(panel, panel == _WEIGHT, f"{name}{kind}{addition}", location)
    if root == "gains":
        return _Row(_GAIN, False, " \N{RIGHTWARDS ARROW} ".join(rest.upper().split("_")))
    if root == "biases":
        return _Row("Current (nA)", False, ", ".join(map(_plain, rest.rsplit(".", 1))))
    *place, field = rest.split(".")
    words = [_plain(word.replace(">", " \N{RIGHTWARDS ARROW} ")) for word in place if word != "synapses"]
    if field in _OTHER_FIELDS:
        panel, addition = _OTHER_FIELDS[field]
        return _Row(panel, panel == _WEIGHT, ", ".join(words) + addition)
    # a parameter of a channel: each has its own unit, which only its mechanism knows, and so its own panel
    return _Row(f"{' '.join([*place[-1:], field])} (unit of the mechanism)", False, ", ".join(words[:-1]) or path)


def plot_parameters(result: FitResult, *, show: bool = True) -> Figure:
    """Plot the estimated parameters with their 90 % intervals, one panel per kind.

    Parameters
    ----------
    result : FitResult
        What a fit returned.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure: times, spreads and weights, then a panel for each other unit. Triangles point up for proximal
        drives and down for distal ones. What the data do not determine is grey and hollow; what has no interval is a
        marker only.

    Raises
    ------
    ParameterError
        `result` is no fit result, or has no estimates.
    """
    _checked(result, "plot_parameters")
    panels: dict[str, list[tuple[_Row, Estimate]]] = {name: [] for name in _FIRST_PANELS}
    for one in result.estimates:
        row = _row(one.path, result.network)
        panels.setdefault(row.panel, []).append((row, one))
    panels = {name: rows for name, rows in panels.items() if rows}
    if not panels:
        raise ParameterError("The fit holds no estimates: there is nothing to plot.")
    sizes = [len(rows) + 0.4 for rows in panels.values()]
    fig, grid = plt.subplots(
        len(panels), 1, squeeze=False, height_ratios=sizes, layout="constrained",
        figsize=(7.0, 0.6 + 0.55 * len(panels) + ROW_INCHES * sum(sizes)),
    )  # fmt: skip
    for axes, (name, rows) in zip(grid[:, 0], panels.items(), strict=True):
        _draw_estimates(axes, rows)
        axes.set_xlabel(name)
    _explain(fig, [pair for rows in panels.values() for pair in rows])
    if show:
        plt.show()
    return fig


def _style(row: _Row, determined: bool) -> dict[str, Any]:
    color = "black" if row.location is None else location_color(row.location)
    color = color if determined else LOOSE
    marker = {"proximal": "^", "distal": "v"}.get(row.location or "", "o")
    return {"marker": marker, "color": color, "markerfacecolor": color if determined else "white"}


def _has_interval(one: Estimate) -> bool:
    return bool(np.isfinite([one.low, one.high]).all())


def _draw_estimates(axes: Axes, rows: Sequence[tuple[_Row, Estimate]]) -> None:
    shown = []
    for y, (row, one) in enumerate(rows):
        style = _style(row, one.determined)
        if _has_interval(one):
            axes.plot([one.low, one.high], [y, y], color=style["color"], linewidth=1.6, solid_capstyle="butt", zorder=2)
            shown += [one.low, one.high]
        axes.plot([one.value], [y], linestyle="none", markersize=6.5, markeredgewidth=1.2, zorder=3, **style)
        shown.append(one.value)
    _scale_estimates(axes, rows[0][0], np.array(shown))
    axes.set_ylim(len(rows) - 0.3, -0.7)
    axes.set_yticks(range(len(rows)), [row.name for row, _ in rows], fontsize="small")
    axes.tick_params(axis="x", labelsize="small")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _scale_estimates(axes: Axes, row: _Row, values: FloatArray) -> None:
    """Set scale, limits and ticks: not so narrow that a single number seems to be known exactly."""
    low, high = float(values.min()), float(values.max())
    columns = row.panel == _COLUMNS
    if row.log and low > 0 and (high >= 10 * low or not columns):
        decades = np.log10(high / low)
        room = 10 ** max(0.05 * decades, (0.6 - decades) / 2)
        axes.set_xscale("log")
        axes.set_xlim(low / room, high * room)
        _readable_log(axes.xaxis, axes.get_xlim(), 1.8)
    else:
        span = high - low
        room = 0.05 * span if span else 0.5 * abs(high) or 1.0
        axes.set_xlim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    if columns and low >= 0.01 and high < 1e7:
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 100 else f"{value:g}")
        )


def _explain(fig: Figure, pairs: Sequence[tuple[_Row, Estimate]]) -> None:
    """Put a legend above all panels, of what is there."""
    entries: dict[str, Line2D] = {}
    for row, one in pairs:
        if one.determined and row.location is not None:
            word = f"{_plain(row.location)} drive"
            entries.setdefault(word, Line2D([], [], linestyle="none", markersize=6.5, **_style(row, True)))
    if any(not one.determined for _, one in pairs):
        style: dict[str, Any] = {
            "marker": "o", "color": LOOSE, "markerfacecolor": "white", "markeredgewidth": 1.2, "markersize": 6.5,
        }  # fmt: skip
        entries["not determined by the data"] = Line2D([], [], linestyle="none", **style)
    if any(_has_interval(one) for _, one in pairs):
        entries["90 % interval"] = Line2D([], [], color="black", linewidth=1.6)
    if entries:
        fig.legend(
            list(entries.values()), list(entries), loc="outside upper center", ncols=len(entries), fontsize="small",
            frameon=False, columnspacing=1.5, handletextpad=0.5,
        )  # fmt: skip
