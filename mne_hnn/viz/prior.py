"""What is plausible for a column, and where explanations lie in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from .._checks import check_name
from .._types import FloatArray
from ..errors import ParameterError
from ._fit_parts import readable_log
from .colors import COMPARED, cell_type_colors, ink

if TYPE_CHECKING:
    from ..fit import CircuitPrior, PriorRow

__all__ = ["plot_prior"]

COLUMNS = 4
PANEL_INCHES = (2.75, 1.75)
SHOWN = 3.2
"""Standard deviations that a panel shows on both sides, more only if a value lies farther out."""
FAR = 2.0
LEVEL = 0.24
FEW = 1000.0
_GREY = "#777777"
_MARKERS = "ovs^DP*"
_UNITS = {"uS": "\N{MICRO SIGN}S"}


def plot_prior(
    prior: CircuitPrior,
    values: Mapping[str, Any] | None = None,
    *,
    explanations: Mapping[str, Mapping[str, Any]] | None = None,
    window_ms: float = 100.0,
    show: bool = True,
) -> Figure:
    """Plot what is plausible for a column, and what a fit claims.

    Parameters
    ----------
    prior : CircuitPrior
        What is plausible.
    values : mapping of str to float or of str to sequence of float | None
        What a fit claims, by the names of :meth:`CircuitPrior.rows`, in their units: ``{"columns_per_nAm": 32.0,
        "spikes.L5_pyramidal": 1.9, "spread_ms": [2.5, 4.0]}``, several numbers where there are several drives.
    explanations : mapping of str to mapping | None
        Such values of several explanations, by their names; instead of `values`.
    window_ms : float
        Window in which spikes are counted, ms.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure: a panel per quantity with the density, darker in the 90 % interval. Each value is a marker with its
        distance from the middle in standard deviations (SD), in bold from 2 on.

    Raises
    ------
    ParameterError
        Something else than a prior, a name or a value that it cannot place, or both `values` and `explanations`.

    Examples
    --------
    >>> figure = plot_prior(CircuitPrior())
    """
    from ..fit import CircuitPrior

    if not isinstance(prior, CircuitPrior):
        raise ParameterError(f"plot_prior needs a CircuitPrior, got {type(prior).__name__}.")
    rows = [
        row for row in prior.rows(window_ms) if not row.derived and row.low is not None
    ]  # a probability is no curve
    claimed = _claimed(rows, values, explanations)
    n_rows = -(-len(rows) // COLUMNS)
    size = (COLUMNS * PANEL_INCHES[0], n_rows * PANEL_INCHES[1] + 0.4)
    fig, grid = plt.subplots(n_rows, COLUMNS, squeeze=False, figsize=size, layout="constrained")
    for axes, row in zip(grid.flat, rows, strict=False):
        found = [given.get(row.name, np.empty(0)) for given in claimed.values()]
        limits, log = _limits(row, np.concatenate([np.empty(0), *found]))
        _draw(axes, row, prior, limits, log)
        axes.set_ylim(0.0, 1.05 + (LEVEL * len(found) + 0.1 if found else 0.0))
        for k, numbers in enumerate(found):
            if numbers.size:
                _mark(axes, row, numbers, k)
    for axes in grid.flat[len(rows) :]:
        axes.set_visible(False)
    _explain(fig, list(claimed))
    if show:
        plt.show()
    return fig


def _claimed(
    rows: list[PriorRow], values: Mapping[str, Any] | None, explanations: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, dict[str, FloatArray]]:
    """Return the values of each explanation by its name and theirs."""
    if values is not None and explanations is not None:
        raise ParameterError("values are those of one explanation, explanations those of several: give one of them.")
    several = explanations if explanations is not None else {} if values is None else {"the fit": values}
    if not isinstance(several, Mapping) or not all(isinstance(given, Mapping) for given in several.values()):
        raise ParameterError(
            "values must be numbers by name, and explanations such values by the name of each explanation."
        )
    if len(several) > len(COMPARED):
        raise ParameterError(f"At most {len(COMPARED)} explanations can be told apart, got {len(several)}.")
    return {str(title): dict(_checked(rows, given)) for title, given in several.items()}


def _checked(rows: list[PriorRow], given: Mapping[str, Any]) -> Iterator[tuple[str, FloatArray]]:
    for name, value in given.items():
        check_name(name, [row.name for row in rows], "quantity", where="in values")
        try:
            numbers = np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()
        except (TypeError, ValueError):
            raise ParameterError(f"{name} must be a number, or several, got {value!r}.") from None
        low, high = (-np.inf, np.inf) if name == "time_ms" else (0.0, 1.0 if name == "fraction" else np.inf)
        if not numbers.size or not (np.isfinite(numbers) & (numbers >= low) & (numbers <= high)).all():
            expected = "shares from 0 to 1" if name == "fraction" else "finite" if low < 0 else "finite and not below 0"
            raise ParameterError(f"Values of {name} must be {expected}, got {value!r}.")
        yield name, numbers


def _draw(axes: Axes, row: PriorRow, prior: CircuitPrior, limits: tuple[float, float], log: bool) -> None:
    """Draw the density of one quantity and its interval."""
    color = _color(row)
    grid = np.geomspace(*limits, 301) if log else np.linspace(*limits, 301)
    if row.distribution is None:
        height = np.asarray(prior.density_weight(grid))
        first, last = 0.0, prior.density_soft_nAm_per_mm2
    else:
        density = np.asarray(row.distribution.log_density(grid))
        height = np.exp(density - density.max())
        first, last = row.distribution.interval()
    axes.fill_between(grid, height, color=color, alpha=0.2, linewidth=0)
    axes.fill_between(grid, height, where=(grid >= first) & (grid <= last), color=color, alpha=0.35, linewidth=0)
    axes.plot(grid, height, color=color, linewidth=1.2)
    if row.distribution is None:
        axes.text(0.5 * last, 0.5, "as good\nas any", ha="center", va="center", fontsize="x-small")
    if log:
        axes.set_xscale("log")
        readable_log(axes.xaxis, limits, 2.6)
        if limits[0] >= FEW:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(limits)
    axes.set_title(row.quantity.replace("_", " "), fontsize="small")
    axes.set_xlabel(_UNITS.get(row.unit, row.unit) or "share", fontsize="small")
    axes.set_ylabel("weight" if row.distribution is None else "density", fontsize="small")
    axes.set_yticks([])
    axes.tick_params(labelsize="small")
    axes.spines[["top", "right", "left"]].set_visible(False)


def _mark(axes: Axes, row: PriorRow, numbers: FloatArray, k: int) -> None:
    """Draw the values of one explanation above the density, and write the largest distance beside them."""
    place, y = np.clip(numbers, *axes.get_xlim()), 1.2 + LEVEL * k
    axes.vlines(place, 0.0, y, color=COMPARED[k], linewidth=0.7, alpha=0.6)
    axes.plot(place, np.full(place.size, y), _MARKERS[k], color=COMPARED[k], markersize=5, clip_on=False)
    if row.distribution is None:
        return
    distances = np.atleast_1d(row.distribution.distance(numbers))
    worst = float(distances[np.abs(distances).argmax()])
    pixels = axes.transData.transform(np.column_stack([np.sort(place), np.full(place.size, y)]))
    x, side = _widest_gap(axes.transAxes.inverted().transform(pixels)[:, 0])
    axes.annotate(
        _deviations(worst),
        (x, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=({"left": 6, "right": -6}.get(side, 0), 0),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize="x-small",
        weight="bold" if abs(worst) >= FAR else "normal",
        color=ink(COMPARED[k]),
    )


def _widest_gap(places: FloatArray) -> tuple[float, Literal["left", "center", "right"]]:
    """Return where on an axis from 0 to 1 a text has most room beside markers, and what of it is there."""
    ends = np.concatenate([[0.0], places, [1.0]])
    gap = int(np.diff(ends).argmax())
    if gap == 0:
        return float(ends[1]), "right"
    return (float(ends[-2]), "left") if gap == len(places) else (float(ends[gap : gap + 2].mean()), "center")


def _deviations(distance: float) -> str:
    sign = "\N{MINUS SIGN}" if distance < -0.05 else "+" if distance >= 0.05 else ""
    return f"{sign}{abs(distance):.1f} SD" if np.isfinite(distance) else f"{sign}\N{INFINITY} SD"


def _limits(row: PriorRow, numbers: FloatArray) -> tuple[tuple[float, float], bool]:
    """Return what a panel shows, and whether its axis is logarithmic."""
    if row.distribution is None:
        return (0.0, max(1.3 * float(row.high or 1.0), 1.1 * float(numbers.max(initial=0.0)))), False
    low, high = float(row.distribution.at(-SHOWN)), float(row.distribution.at(SHOWN))
    log = row.name not in ("time_ms", "fraction")
    seen = numbers[numbers > 0] if log else numbers
    if row.name == "fraction":
        return (0.0, min(max(high, 1.1 * float(seen.max(initial=0.0))), 1.0)), False
    room = 1.3 if log else 0.05 * (high - low)
    if seen.size:
        nearest, farthest = float(seen.min()), float(seen.max())
        low = min(low, nearest / room if log else nearest - room)
        high = max(high, farthest * room if log else farthest + room)
    return (low, high), log


def _color(row: PriorRow) -> str:
    kind, _, cell_type = row.name.partition(".")
    return cell_type_colors([cell_type])[cell_type] if kind == "spikes" else _GREY


def _explain(fig: Figure, titles: list[str]) -> None:
    handles: list[Any] = [Patch(color=_GREY, alpha=0.5, linewidth=0, label="90 % interval of what is plausible")]
    for k, title in enumerate(titles):
        handles.append(Line2D([], [], linestyle="none", marker=_MARKERS[k], color=COMPARED[k], label=title))
    if titles:
        handles.append(Line2D([], [], linestyle="none", label="SD: of the farthest, in standard deviations"))
    fig.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 4), fontsize="small", frameon=False)
