"""The pictures of the page: what was simulated, beside the target and what was pinned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._units import MS, NAM
from ..dipole import Dipole
from ..viz.colors import LAYERS, TARGET, cell_type_colors, drive_colors, spike_colors
from ..viz.dipole import draw_layers
from ..viz.raster import draw_raster, sort_by_layer
from .answer import Answer
from .drawing import COLUMNS, drawing, new_figure, put_legend
from .session import Pin
from .spans import Span

__all__ = ["FIGURES", "draw"]

_SAME_MARGINS = ("dipole", "drives", "layers")

_Draw = Callable[[Axes, Answer, Sequence[Pin]], None]


def _now(answer: Answer) -> str:
    return "simulated (full column)" if answer.kind == "full" else "simulated (coarse)"


def _time_axis(axes: Axes, answer: Answer) -> None:
    axes.set_xlim(0, answer.state.tstop_ms)
    axes.set_xlabel("Time (ms)")


def _plot(axes: Axes, dipole: Dipole, **style: object) -> None:
    axes.plot(dipole.times / MS, dipole["agg"] / NAM, **style)  # type: ignore[arg-type]


def draw_dipole(axes: Axes, answer: Answer, pins: Sequence[Pin]) -> None:
    """Draw the dipole of all columns over the target and what was pinned."""
    if answer.state.target is not None:
        _plot(axes, answer.state.target, color=TARGET, linewidth=5.0, label="target")
    for pin in pins:
        _plot(axes, pin.answer.dipole, color=pin.color, linewidth=1.2, label=_matched(pin.name, pin.answer))
    style = "-" if answer.kind == "full" else "--"
    _plot(axes, answer.dipole, color="#000000", linewidth=1.8, linestyle=style, label=_matched(_now(answer), answer))
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel("Dipole moment (nAm)")
    _time_axis(axes, answer)
    put_legend(axes)


def draw_spans(axes: Axes, answer: Answer, spans: Sequence[Span]) -> None:
    """Draw the interval of each drive's mean time as a band over the whole height."""
    colors = drive_colors(answer.state.network)
    for span in spans:
        if span.drive in colors:
            name = f"{span.drive}: time, 90 %"
            axes.axvspan(span.low_ms, span.high_ms, color=colors[span.drive], alpha=0.25, linewidth=0, label=name)


def _matched(name: str, answer: Answer) -> str:
    return name if answer.r_squared is None else f"{name}, R² = {answer.r_squared:.2f}"


def draw_layer_dipoles(axes: Axes, answer: Answer, _pins: Sequence[Pin]) -> None:
    """Draw the dipole of each layer."""
    draw_layers(axes, answer.dipole, list(answer.dipole.layers), LAYERS)
    handles, _ = axes.get_legend_handles_labels()
    words = {"agg": "all layers", "L2": "layer 2/3", "L5": "layer 5"}
    for handle in handles:
        handle.set_label(words.get(str(handle.get_label()), str(handle.get_label())))
    _time_axis(axes, answer)
    put_legend(axes)


def draw_drives(axes: Axes, answer: Answer, _pins: Sequence[Pin]) -> None:
    """Draw when the drives send spikes."""
    edges, counts = answer.drive_histogram()
    colors = drive_colors(answer.state.network)
    centres = (edges[1:] + edges[:-1]) / 2
    for name, count in counts.items():
        axes.step(centres, count, where="mid", color=colors[name], label=name)
        axes.fill_between(centres, count, step="mid", color=colors[name], alpha=0.25, linewidth=0)
    if not any(np.any(count) for count in counts.values()):
        axes.text(0.5, 0.5, "no drive sends spikes", transform=axes.transAxes, ha="center", color="0.35")
    else:
        put_legend(axes)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Spikes of drives\nper trial and 5 ms")
    _time_axis(axes, answer)


def draw_spikes(axes: Axes, answer: Answer, _pins: Sequence[Pin]) -> None:
    """Draw which cells fired when, in the first trial."""
    network, spikes = answer.simulation.network, answer.simulation.spikes
    cell_types = sort_by_layer(network.cell_types, network)
    first = spikes.select(trial=spikes.trials[0]) if spikes.trials else spikes
    draw_raster(axes, first, cell_types, spike_colors(cell_types, network))
    _time_axis(axes, answer)


def draw_rates(axes: Axes, answer: Answer, _pins: Sequence[Pin]) -> None:
    """Draw how often cells fire beside what is plausible in vivo."""
    rates = answer.rates()
    names = sort_by_layer([rate.cell_type for rate in rates], answer.state.network)
    colors, by_name = cell_type_colors(names), {rate.cell_type: rate for rate in rates}
    for place, name in enumerate(reversed(names)):
        rate = by_name[name]
        if rate.band is not None:
            low, high = rate.band
            axes.barh(
                place, high - low, left=low, height=0.7, color="0.88", label="in vivo (90 %)" if not place else None
            )
        axes.plot(rate.per_cell, place, "o", color=colors[name], markersize=7, markeredgecolor="black", clip_on=False)
        axes.annotate(
            f"{rate.per_cell:.2g}", (rate.per_cell, place), textcoords="offset points", xytext=(6, 4), fontsize="small"
        )
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in reversed(names)])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"Spikes per cell in {answer.state.tstop_ms:g} ms")
    put_legend(axes)


def draw_spectrum(axes: Axes, answer: Answer, pins: Sequence[Pin]) -> None:
    """Draw the power of the dipole over frequency."""
    shown = [(pin.name, pin.color, pin.answer) for pin in pins] + [("simulated", "#000000", answer)]
    for name, color, one in shown:
        found = one.spectrum()
        if found is not None:
            axes.semilogy(found[0], np.maximum(found[1] / NAM**2, 1e-30), color=color, label=name)
    if not axes.lines:
        axes.text(0.5, 0.5, "too short for a spectrum", transform=axes.transAxes, ha="center", color="0.35")
    else:
        put_legend(axes)
    axes.set_xlabel("Frequency (Hz)")
    axes.set_ylabel("Power (nAm² / Hz)")


#: What can be shown below the dipole: name of the figure, words of its tab, what it tells, how it is drawn.
FIGURES: dict[str, tuple[str, str, _Draw]] = {
    "drives": ("Drives", "When the drives send spikes to the column", draw_drives),
    "layers": ("Layers", "Dipole of layer 2/3 and of layer 5: what is added up to the whole", draw_layer_dipoles),
    "raster": ("Spikes", "Which cell fires when, a row per cell, in the first trial", draw_spikes),
    "rates": ("Rates", "Spikes per cell beside what is measured in vivo", draw_rates),
    "spectrum": ("Spectrum", "Power of the unsmoothed dipole over frequency", draw_spectrum),
}


def draw(
    name: str, answer: Answer, pins: Sequence[Pin], size: tuple[float, float], *, spans: Sequence[Span] = ()
) -> Figure:
    """Draw a figure without a display.

    Parameters
    ----------
    name : str
        ``'dipole'`` or a key of `FIGURES`.
    answer : Answer
        What was simulated.
    pins : sequence of Pin
        What it is compared with.
    size : tuple of float
        Width and height, inches.
    spans : sequence of Span
        When drives come, as far as a fit knows: drawn behind the dipole.
    """
    function = draw_dipole if name == "dipole" else FIGURES[name][2]
    with drawing():
        figure = new_figure(*size)
        axes = figure.add_subplot()
        if name == "dipole":
            draw_spans(axes, answer, spans)
        function(axes, answer, pins)
        if name in _SAME_MARGINS:
            _put_margins(figure, axes)
        else:
            figure.set_layout_engine("constrained", h_pad=0.1)  # else the legend above would touch the edge
    return figure


def _put_margins(figure: Figure, axes: Axes) -> None:
    """Give figures the same margins, so that times are below each other; it is faster than to look for the best."""
    width, height = figure.get_size_inches()
    legend = axes.get_legend()
    rows = 0 if legend is None else math.ceil(len(legend.get_texts()) / COLUMNS)
    figure.set_layout_engine(None)
    figure.subplots_adjust(
        left=0.78 / width, right=1 - 0.14 / width, bottom=0.5 / height, top=1 - (0.1 + 0.18 * rows) / height
    )
