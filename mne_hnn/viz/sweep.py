"""A sweep: numbers over parameters, and all dipoles over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from .._checks import check_finite, check_name
from .._types import FloatArray
from .._units import MS
from ..errors import ParameterError
from ._groups import check_axes
from ._sweep_labels import parameter_label, shown_unit
from .colors import cell_type_colors

if TYPE_CHECKING:
    from ..sweep import SweepResult

__all__ = ["plot_sweep", "plot_sweep_dipoles"]

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^v<>"
MOST_TICKS = 10
FAILED = "0.8"
COLORMAP = "viridis"


def _check(result: Any, what: str) -> None:
    if not hasattr(result, "grid") or not hasattr(result, "rows"):
        raise ParameterError(f"{what} needs a SweepResult, such as run_sweep returns, got {type(result).__name__}.")


def _tick_values(axis: Axis, values: FloatArray) -> None:
    """Put the ticks at the values, where they are few and evenly spaced."""
    unique = np.unique(values)
    steps = np.diff(unique)
    if len(unique) <= MOST_TICKS and (not steps.size or np.ptp(steps) <= 1e-6 * steps.mean()):
        axis.set_ticks(unique, [f"{value:g}" for value in unique])


def _tick_log(axis: Axis, values: FloatArray) -> None:
    """Put the ticks of a logarithmic axis at the values, where they are few; plain numbers in any case."""
    unique = np.unique(values)
    if len(unique) <= MOST_TICKS:
        axis.set_ticks(unique, [f"{value:g}" for value in unique])
        axis.set_ticks([], minor=True)
        return
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


# parameters ------------------------------------------------------------------------------------------------


def _is_log(values: FloatArray) -> bool:
    """Whether values are spaced by a factor rather than by a step, over at least a factor of four."""
    unique = np.unique(values)
    if len(unique) < 3 or unique[0] <= 0 or unique[-1] < 4 * unique[0]:
        return False
    steps, ratios = np.diff(unique), np.diff(np.log(unique))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def _varying(result: SweepResult) -> list[str]:
    return [name for name, column in result.parameters.items() if len(set(column.tolist())) > 1]


def _parameter(result: SweepResult, name: str | None, what: str) -> str | None:
    return None if name is None else check_name(name, result.grid.names, "parameter", where=f"for {what}")


# summaries over parameters ---------------------------------------------------------------------------------


def plot_sweep(
    result: SweepResult,
    summary: str | Sequence[str],
    *,
    x: str | None = None,
    y: str | None = None,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot summaries of a sweep over a parameter, or one summary as an image over two.

    Parameters
    ----------
    result : SweepResult
        The sweep.
    summary : str | sequence of str
        Columns of the table; several need the same unit, and one parameter.
    x, y : str | None
        Parameters on the axes. None takes what varies: two parameters of all combinations make an image. Further
        parameters must have one value each (see :meth:`SweepResult.select`).
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure. Axes are logarithmic where values are spaced so. Points without a number are left out of lines,
        and grey in images.

    Raises
    ------
    ParameterError
        A name is wrong, more parameters vary than are drawn, or there are no numbers.

    Examples
    --------
    >>> figure = plot_sweep(swept, "rate_L5_pyramidal")
    """
    _check(result, "plot_sweep")
    names = [summary] if isinstance(summary, str) else list(summary)
    columns = result.summaries
    if not columns:
        raise ParameterError("There are no numbers to plot: the sweep notes no summary, or all of its points failed.")
    if not names:
        raise ParameterError(f"summary must name at least one of {', '.join(columns)}.")
    for name in names:
        check_name(name, columns, "summary")
    across, up = _axes_names(result, _parameter(result, x, "x"), _parameter(result, y, "y"))
    units = {result.units.get(name) for name in names}
    if len(units) > 1 or (up is not None and len(names) > 1):
        raise ParameterError(
            f"{', '.join(names)} cannot share one panel: plot summaries of different units, or images, one by one."
        )
    if not any(np.isfinite(columns[name]).any() for name in names):
        raise ParameterError(f"There are no numbers of {', '.join(names)}: see the `failed` points of the sweep.")
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
    factor, unit = shown_unit(next(iter(units)), np.concatenate([columns[name] for name in names]))
    if up is None:
        _draw_lines(axes, result, names, across, factor=factor, unit=unit)
    else:
        _draw_image(axes, result, names[0], (across, up), factor=factor, unit=unit)
    if show:
        plt.show()
    fig = axes.get_figure(root=True)
    assert fig is not None
    return fig


def _axes_names(result: SweepResult, x: str | None, y: str | None) -> tuple[str, str | None]:
    varying = _varying(result)
    if result.grid.combine == "paired":
        if y is not None:
            raise ParameterError("Paired values lie on a line: give x only, or combine='product' for an image.")
        return x or (varying or list(result.grid.names))[0], None
    if x is not None and x == y:
        raise ParameterError(f"x and y must be two parameters, got {x!r} for both.")
    free = [name for name in varying if name not in (x, y)]
    across = x or (free.pop(0) if free else result.grid.names[0])
    up = y or (free.pop(0) if free else None)
    if free:
        raise ParameterError(
            f"The sweep varies {', '.join(varying)}, of which two can be drawn: select() one value of {free[0]!r}."
        )
    return across, up


def _summary_name(name: str) -> str:
    return name.replace("_", " ")


def _draw_lines(
    axes: Axes, result: SweepResult, names: Sequence[str], across: str, *, factor: float, unit: str
) -> None:
    column = result.parameters[across]
    texts = column.dtype.kind not in "fi"
    places = np.arange(len(column), dtype=float) if texts else column.astype(float)
    order = np.argsort(places, kind="stable")
    kind = _common(names)
    colors, labels = _line_styles(result, names, kind)
    for k, name in enumerate(names):
        axes.plot(
            places[order],
            result.summaries[name][order] * factor,
            marker=MARKERS[k % len(MARKERS)],
            markersize=4.5,
            linewidth=1.4,
            color=colors[k],
            label=labels[k],
            clip_on=False,
            zorder=3,
        )
    if texts:
        axes.set_xticks(places, column.tolist())
    elif _is_log(places):
        axes.set_xscale("log")
        _tick_log(axes.xaxis, places)
    else:
        _tick_values(axes.xaxis, places)
    lost = ~np.isfinite([result.summaries[name] for name in names]).any(axis=0)
    if lost.any():
        axes.plot(
            places[lost],
            np.zeros(int(lost.sum())),
            "x",
            color="black",
            transform=axes.get_xaxis_transform(),
            markersize=6,
            clip_on=False,
            label="no result",
            zorder=4,
        )
    axes.set_xlabel(parameter_label(result, across))
    axes.set_ylabel(_with_unit(_capital(_summary_name(names[0]) if len(names) == 1 else kind), unit))
    if unit == "Hz":
        axes.set_ylim(bottom=0.0)
    axes.spines[["top", "right"]].set_visible(False)
    if len(names) > 1 or lost.any():
        axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def _line_styles(result: SweepResult, names: Sequence[str], kind: str) -> tuple[list[str], list[str]]:
    """Return colours and labels of lines; rates of cell types have the colours of the types."""
    if kind != "firing rate":
        return [LINES[k % len(LINES)] for k in range(len(names))], [_summary_name(name) for name in names]
    types = [name.split(".")[-1].removeprefix("rate_") for name in names]
    return list(cell_type_colors(types).values()), [name.replace("_", " ") for name in types]


def _common(names: Sequence[str]) -> str:
    """Return what kind of number several summaries are."""
    if all(name.endswith("latency") for name in names):
        return "latency"
    if all(name.split(".")[-1].startswith("rate_") for name in names):
        return "firing rate"
    if len(names) == 1:
        return ""
    return "dipole moment" if all(name.split(".")[-1] in ("peak", "trough") for name in names) else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_unit(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit and text else text or unit


def _draw_image(
    axes: Axes, result: SweepResult, name: str, parameters: tuple[str, str], *, factor: float, unit: str
) -> None:
    across, up = parameters
    columns = result.parameters
    (horizontal, column), (vertical, row) = (
        np.unique(columns[parameter], return_inverse=True) for parameter in (across, up)
    )
    image = np.full((len(vertical), len(horizontal)), np.nan)
    image[row, column] = result.summaries[name] * factor
    for axis, values, parameter in ((axes.xaxis, horizontal, across), (axes.yaxis, vertical, up)):
        axis.set_label_text(parameter_label(result, parameter, 60 if axis is axes.xaxis else 40))
        if values.dtype.kind not in "fi":
            axis.set_ticks(np.arange(len(values)), [str(value) for value in values])
    edges_x, edges_y = _edges(horizontal), _edges(vertical)
    axes.set_facecolor(FAILED)
    mesh = axes.pcolormesh(edges_x, edges_y, np.ma.masked_invalid(image), cmap=COLORMAP)
    for values, scale, axis in ((horizontal, axes.set_xscale, axes.xaxis), (vertical, axes.set_yscale, axes.yaxis)):
        if values.dtype.kind in "fi" and _is_log(values.astype(float)):
            scale("log")
            _tick_log(axis, values.astype(float))
        elif values.dtype.kind in "fi":
            _tick_values(axis, values.astype(float))
    axes.set_xlim(edges_x[0], edges_x[-1])
    axes.set_ylim(edges_y[0], edges_y[-1])
    fig = axes.get_figure(root=True)
    assert fig is not None
    fig.colorbar(mesh, ax=axes, label=_with_unit(_capital(_summary_name(name)), unit))
    if np.isnan(image).any():
        axes.legend(
            handles=[Patch(facecolor=FAILED, edgecolor="0.5", label="no result")],
            fontsize="small",
            frameon=False,
            loc="lower right",
            bbox_to_anchor=(1.0, 1.0),
            borderaxespad=0.2,
        )


def _edges(values: NDArray[Any]) -> FloatArray:
    """Return the borders between values, halfway on the axis they are drawn on."""
    centres = values.astype(float) if values.dtype.kind in "fi" else np.arange(len(values), dtype=float)
    if len(centres) == 1:
        room = abs(centres[0]) / 2 or 0.5
        return np.array([centres[0] - room, centres[0] + room])
    if values.dtype.kind in "fi" and _is_log(centres):
        return np.exp(_borders(np.log(centres)))
    return _borders(centres)


def _borders(centres: FloatArray) -> FloatArray:
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


# dipoles ---------------------------------------------------------------------------------------------------


def plot_sweep_dipoles(
    result: SweepResult,
    color_by: str | None = None,
    *,
    layer: str = "agg",
    window_ms: float | None = None,
    scale: float = 1.0,
    axes: Axes | None = None,
    show: bool = True,
) -> Figure:
    """Plot the dipoles of all points of a sweep over each other, coloured by a parameter or summary.

    Parameters
    ----------
    result : SweepResult
        A sweep that kept its dipoles.
    color_by : str | None
        The parameter or summary; None takes the first parameter that varies.
    layer : str
        Channel of the dipole.
    window_ms : float | None
        Hamming window to smooth with, ms.
    scale : float
        Factor on the moment, for example the number of columns that act together.
    axes : matplotlib.axes.Axes | None
        Where to draw; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure: moment over time in ms; in nAm, or pAm or fAm where these are readable. Points that failed are not
        drawn.

    Raises
    ------
    ParameterError
        A name is wrong, the dipoles were not kept, or none is there.

    Examples
    --------
    >>> figure = plot_sweep_dipoles(swept, "drives.evprox1.mu_ms")
    """
    _check(result, "plot_sweep_dipoles")
    if "dipole" not in result.settings["keep"]:
        raise ParameterError("This sweep kept no dipoles: run it with keep='dipole'.")
    columns = {**result.parameters, **result.summaries}
    name = color_by or (_varying(result) or list(result.grid.names))[0]
    column = columns[check_name(name, columns, "parameter or summary", where="for color_by")]
    scale = check_finite(scale, "scale")
    if column.dtype.kind not in "fi":
        raise ParameterError(f"{name!r} has texts for values: colours need numbers.")
    factor, symbol = shown_unit(result.units.get(name), column.astype(float))
    values = column.astype(float) * factor
    drawn = [k for k, row in enumerate(result.rows) if row.simulated and np.isfinite(values[k])]
    if not drawn:
        raise ParameterError("No point of the sweep has a dipole: see its `failed` points.")
    check_axes(axes)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.4, 3.8), layout="constrained")
    norm = _norm(values[drawn])
    colors = mpl.colormaps[COLORMAP]
    order = sorted(drawn, key=lambda k: values[k])
    dipoles = [_prepare(result, k, layer, window_ms, scale) for k in order]
    in_unit, unit = shown_unit("A m", np.concatenate([moment for _, moment in dipoles]))
    for k, (times, moment) in zip(order, dipoles, strict=True):
        axes.plot(times, moment * in_unit, color=colors(norm(values[k])), linewidth=1.1)
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_xlim(dipoles[0][0][0], dipoles[0][0][-1])
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel(f"Dipole moment{'' if layer == 'agg' else f' of {layer}'} ({unit})")
    axes.spines[["top", "right"]].set_visible(False)
    is_parameter = name in result.grid.values
    label = parameter_label(result, name, 46) if is_parameter else _with_unit(_capital(_summary_name(name)), symbol)
    fig = axes.get_figure(root=True)
    assert fig is not None
    fig.colorbar(mpl.cm.ScalarMappable(norm, colors), ax=axes, label=label)
    if show:
        plt.show()
    return fig


def _norm(values: FloatArray) -> Normalize:
    low, high = float(values.min()), float(values.max())
    return (LogNorm if _is_log(values) else Normalize)(low, high if high > low else low + (abs(low) or 1.0))


def _prepare(
    result: SweepResult, index: int, layer: str, window_ms: float | None, scale: float
) -> tuple[FloatArray, FloatArray]:
    """Return times in ms and moments in A m."""
    dipole = result.dipole(index).scale(scale)
    check_name(layer, dipole.layers, "layer")
    if window_ms is not None:
        dipole.smooth(window_ms)
    return dipole.times / MS, dipole[layer]
