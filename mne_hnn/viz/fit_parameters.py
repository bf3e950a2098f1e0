"""What a fit says of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .._types import FloatArray
from ..errors import ParameterError
from ._fit_parts import check_result, readable_log
from .colors import location_color

if TYPE_CHECKING:
    from ..fit.result import Estimate, FitResult
    from ..network import Network

__all__ = ["plot_parameters"]

LOOSE = "0.55"
ROW_INCHES = 0.24


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
    if path == "celsius":
        return _Row("Temperature (°C)", False, "channels")
    if root == "gains":
        return _Row(_GAIN, False, " \N{RIGHTWARDS ARROW} ".join(rest.upper().split("_")))
    if root == "biases":
        return _Row("Current (nA)", False, ", ".join(map(_plain, rest.rsplit(".", 1))))
    if not rest:  # a name of one's own, which a function interprets
        return _Row(f"{path} (in a unit of its own)", False, path)
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

    Examples
    --------
    >>> figure = plot_parameters(found)
    """
    check_result(result, "plot_parameters")
    panels: dict[str, list[tuple[_Row, Estimate]]] = {name: [] for name in _FIRST_PANELS}
    for estimate in result.estimates:
        row = _row(estimate.path, result.network)
        panels.setdefault(row.panel, []).append((row, estimate))
    panels = {name: rows for name, rows in panels.items() if rows}
    if not panels:
        raise ParameterError("The fit holds no estimates: there is nothing to plot.")
    sizes = [len(rows) + 0.4 for rows in panels.values()]
    fig, grid = plt.subplots(
        len(panels),
        1,
        squeeze=False,
        height_ratios=sizes,
        layout="constrained",
        figsize=(7.0, 0.6 + 0.55 * len(panels) + ROW_INCHES * sum(sizes)),
    )
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


def _has_interval(estimate: Estimate) -> bool:
    return bool(np.isfinite([estimate.low, estimate.high]).all())


def _draw_estimates(axes: Axes, rows: Sequence[tuple[_Row, Estimate]]) -> None:
    shown = []
    for y, (row, estimate) in enumerate(rows):
        style = _style(row, estimate.determined is not False)
        if _has_interval(estimate):
            axes.plot(
                [estimate.low, estimate.high],
                [y, y],
                color=style["color"],
                linewidth=1.6,
                solid_capstyle="butt",
                zorder=2,
            )
            shown += [estimate.low, estimate.high]
        axes.plot([estimate.value], [y], linestyle="none", markersize=6.5, markeredgewidth=1.2, zorder=3, **style)
        shown.append(estimate.value)
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
        readable_log(axes.xaxis, axes.get_xlim(), 1.8)
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
    for row, estimate in pairs:
        if estimate.determined is not False and row.location is not None:
            word = f"{_plain(row.location)} drive"
            entries.setdefault(word, Line2D([], [], linestyle="none", markersize=6.5, **_style(row, True)))
    if any(estimate.determined is False for _, estimate in pairs):
        style: dict[str, Any] = {
            "marker": "o",
            "color": LOOSE,
            "markerfacecolor": "white",
            "markeredgewidth": 1.2,
            "markersize": 6.5,
        }
        entries["not determined by the data"] = Line2D([], [], linestyle="none", **style)
    if any(_has_interval(estimate) for _, estimate in pairs):
        entries["90 % interval"] = Line2D([], [], color="black", linewidth=1.6)
    if entries:
        fig.legend(
            list(entries.values()),
            list(entries),
            loc="outside upper center",
            ncols=len(entries),
            fontsize="small",
            frameon=False,
            columnspacing=1.5,
            handletextpad=0.5,
        )
