"""What made a generated response, beside what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._units import MS
from ..errors import ParameterError
from .colors import COMPARED, TARGET, TRUTH, location_color
from .dipole import draw_legend
from .target import DIRECTION, in_shown_unit

if TYPE_CHECKING:
    from ..fit.explanation import Explanation, Explanations
    from ..source.demo import Truth

__all__ = ["plot_truth"]

MOST = 4
_MARKERS = {"proximal": "^", "distal": "v"}
_STYLES = ("-", "--", "-.", ":")


def plot_truth(truth: Truth, explanations: Explanations, *, show: bool = True) -> Figure:
    """Plot what made a generated response beside its target and the explanations that were found.

    Parameters
    ----------
    truth : Truth
        What :func:`mne_hnn.source.demo.read_truth` returned.
    explanations : Explanations
        What :func:`mne_hnn.fit.fit_evoked` returned; the first four are drawn.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Top: when the drives come, those of the truth first; triangles point up for proximal and down for
        distal ones, bars are 90 % intervals. Below: the dipoles.

    Raises
    ------
    ParameterError
        `truth` or `explanations` are something else.

    Examples
    --------
    >>> from mne_hnn.source.demo import read_truth
    >>> figure = plot_truth(read_truth(dataset), explanations)
    """
    from ..fit.explanation import Explanations
    from ..source.demo import Truth

    if not isinstance(truth, Truth) or not isinstance(explanations, Explanations):
        given = f"{type(truth).__name__} and {type(explanations).__name__}"
        raise ParameterError(f"plot_truth needs the Truth of a generated data set and Explanations, got {given}.")
    items = explanations.items[:MOST]
    height = 0.32 * (len(items) + 1)
    fig, (top, bottom) = plt.subplots(
        2, 1, sharex=True, figsize=(8.0, 4.2 + height), height_ratios=[height + 0.3, 3.4], layout="constrained"
    )
    _draw_sequences(top, truth, items)
    _draw_dipoles(bottom, truth, explanations, items)
    if show:
        plt.show()
    return fig


def _draw_sequences(axes: Axes, truth: Truth, items: Sequence[Explanation]) -> None:
    """Draw a line of drives for the truth, and one for each explanation."""
    made = [(drive["location"], float(drive["mu_ms"]), None) for drive in truth.drives.values()]
    lines: list[tuple[str, list[tuple[str, float, Any]]]] = [("Truth", made)]
    lines += [(f"{number}, {item.regime}", _found(item)) for number, item in enumerate(items, 1)]
    for k, (_, drives) in enumerate(lines):
        for location, mu_ms, interval in drives:
            color = location_color(location)
            if interval is not None:
                axes.plot(interval, [k, k], color=color, linewidth=2.0, solid_capstyle="butt", alpha=0.7)
            axes.plot(mu_ms, k, _MARKERS.get(location, "o"), color=color, markersize=8, markeredgecolor="black")
            if k == 0:
                axes.axvline(mu_ms, color=color, linewidth=0.7, linestyle=":")
    axes.set_yticks(range(len(lines)), [name for name, _ in lines], fontsize="small")
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("When the drives come", fontsize="medium", loc="left")
    handles = [
        Line2D([], [], linestyle="none", marker=marker, color=location_color(name), markeredgecolor="black", label=name)
        for name, marker in _MARKERS.items()
    ]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize="small", frameon=False)


def _found(item: Explanation) -> list[tuple[str, float, Any]]:
    known: Mapping[str, Any] = {estimate.path: estimate for estimate in item.fit.estimates}
    found = []
    for name, drive in item.network.drives.items():
        mu_ms = getattr(drive, "mu_ms", None)
        if mu_ms is None:
            continue
        estimate = known.get(f"drives.{name}.mu_ms")
        certain = estimate is not None and np.isfinite([estimate.low, estimate.high]).all()
        found.append((drive.location, float(mu_ms), [estimate.low, estimate.high] if certain and estimate else None))
    return found


def _draw_dipoles(axes: Axes, truth: Truth, explanations: Explanations, items: Sequence[Explanation]) -> None:
    target = explanations.target
    factor, unit = in_shown_unit(target.provenance.get("unit", "A m"))
    axes.axhline(0.0, color="0.8", linewidth=0.8)
    axes.plot(target.times / MS, target["agg"] * factor, color=TARGET, linewidth=5.0, label="target")
    if unit == "nAm":  # a target without a unit has another size
        inside = (truth.dipole.times >= target.times[0] - 1e-9) & (truth.dipole.times <= target.times[-1] + 1e-9)
        times, moment = truth.dipole.times[inside], truth.dipole["agg"][inside]
        axes.plot(times / MS, moment * factor, color=TRUTH, linewidth=2.4, label="truth")
    for k, item in enumerate(items):
        color = COMPARED[k] if COMPARED[k] != TRUTH else COMPARED[-1]
        dipole = item.fit.dipole
        label = f"{k + 1}, {item.regime}"
        axes.plot(dipole.times / MS, dipole["agg"] * factor, _STYLES[k], color=color, linewidth=1.2, label=label)
    axes.set_xlim(target.times[0] / MS, target.times[-1] / MS)
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel(f"Moment ({unit})")
    axes.set_title(DIRECTION, fontsize="small", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    draw_legend(axes)
