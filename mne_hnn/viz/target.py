"""The target: the time course of a label with its polarity, and the dipole made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from .._checks import check_probability
from .._types import FloatArray
from .._units import MS, NAM
from ..errors import ParameterError
from ..source.localisation import explained_words
from .colors import AGREEMENT, TRUTH
from .dipole import draw_legend

if TYPE_CHECKING:
    from ..dipole import Dipole

__all__ = ["in_shown_unit", "plot_label_course", "plot_target"]

MUCH = 5.0
"""Factor by which a moment passes its sources' estimates that is no longer left unsaid."""
SMALLEST = 0.05
"""Of the largest value: smaller extrema are ripples, and not named."""
DIRECTION = "Up: current from deep to superficial layers"


def in_shown_unit(unit: str | None) -> tuple[float, str]:
    """Return the factor from a unit to the one that is shown, and its name."""
    if unit is not None and not isinstance(unit, str):
        raise ParameterError(f"A unit must be a name such as 'A m', or None, got {unit!r}.")
    if unit == "A m":
        return 1.0 / NAM, "nAm"
    return 1.0, unit if unit is not None else "arbitrary units"


def _rows(values: ArrayLike, times: FloatArray, what: str) -> FloatArray:
    rows = np.atleast_2d(np.asarray(values, dtype=float))
    if rows.ndim != 2 or rows.shape[1] != len(times):
        raise ParameterError(f"{what} must have {len(times)} samples, one per time, got shape {rows.shape}.")
    return rows


def _draw_vertices(axes: Axes, times: FloatArray, rows: FloatArray, course: FloatArray, name: str) -> None:
    """Draw the course of each vertex, in one colour if it goes along with the final course, in another if against."""
    along = rows @ course >= 0
    amplitude = np.linalg.norm(rows, axis=1)
    for agrees, color, word in ((False, AGREEMENT["against"], "against"), (True, AGREEMENT["along"], "along")):
        chosen = rows[along == agrees]
        lines = LineCollection(
            [np.column_stack([times / MS, row]) for row in chosen], colors=color, linewidths=0.6, alpha=0.6
        )
        share = 100 * amplitude[along == agrees].sum() / (amplitude.sum() or 1.0)
        lines.set_label(f"{word} (n = {len(chosen)}, {share:.0f} %)")
        axes.add_collection(lines)
    axes.autoscale(axis="y")
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel(f"Outward current\nof each source ({name})")
    axes.set_xlabel("Time (ms)")
    draw_legend(axes, title="With respect to the\nfinal course (n, share\nof amplitude)")
    axes.spines[["top", "right"]].set_visible(False)


def plot_label_course(
    times: ArrayLike,
    course: ArrayLike,
    unit: str | None = "A m",
    *,
    vertices: ArrayLike | None = None,
    vertices_unit: str | None = "same",
    sign: int = 1,
    confidence: float | None = None,
    rule: str | None = None,
    title: str | None = None,
    show: bool = True,
) -> Figure:
    """Plot the time course of a label, why it points up where it does, and the courses it is made of.

    Parameters
    ----------
    times : array-like, shape (n_times,)
        s.
    course : array-like, shape (n_times,)
        The label's time course, its sign not yet decided.
    unit : str | None
        Unit of `course`: ``'A m'`` is shown in nAm, another as it is, None as arbitrary units.
    vertices : array-like, shape (n_vertices, n_times) | None
        Normal-oriented courses of the sources, positive outward. They keep their sign.
    vertices_unit : str | None
        Unit of `vertices`, if it is another one.
    sign : int
        1 or -1: what `course` is multiplied with, ``Polarity.sign``.
    confidence : float | None
        Share of the sources' amplitude that goes along with the final course, 0 to 1, ``Polarity.confidence``.
    rule : str | None
        Why that sign, in words, ``Polarity.rule``.
    title : str | None
        Title of the figure, for example the name of the label.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        Lengths differ, the sign is not 1 or -1, or the confidence is not from 0 to 1.

    Examples
    --------
    >>> figure = plot_label_course(target.times, target["agg"])
    """
    if sign not in (1, -1):
        raise ParameterError(f"sign must be 1 or -1, got {sign!r}: it is Polarity.sign.")
    if vertices is None and vertices_unit != "same":
        raise ParameterError(f"vertices_unit is {vertices_unit!r}, but vertices are not given: leave it out.")
    moments = np.asarray(times, dtype=float)
    if moments.ndim != 1 or len(moments) < 2:
        raise ParameterError(f"times must be one row of at least two samples in s, got shape {moments.shape}.")
    factor, name = in_shown_unit(unit)
    final = sign * factor * _rows(course, moments, "course")[0]
    n_rows = 1 if vertices is None else 2
    fig, rows = plt.subplots(
        n_rows, 1, sharex=True, squeeze=False, figsize=(8.0, 0.9 + 2.3 * n_rows), layout="constrained"
    )
    upper = rows[0, 0]
    upper.plot(moments / MS, final, color="black", linewidth=2.0)
    upper.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    upper.set_ylabel(f"Label time course\n({name})")
    upper.set_xlim(moments[0] / MS, moments[-1] / MS)
    upper.spines[["top", "right"]].set_visible(False)
    notes = [DIRECTION]
    if rule is not None:
        notes.append(f"Rule: {rule}" + (", so the course was turned over" if sign == -1 else ""))
    if confidence is not None:
        share = check_probability(confidence, "confidence")
        notes.append(f"Agreement of the sources: {share:.2f} (1 all, 0.5 half of the amplitude)")
    upper.set_title("\n".join(notes), loc="left", fontsize="small", color="0.25")
    if vertices is not None:
        vertex_factor, vertex_name = (factor, name) if vertices_unit == "same" else in_shown_unit(vertices_unit)
        _draw_vertices(rows[1, 0], moments, vertex_factor * _rows(vertices, moments, "vertices"), final, vertex_name)
        if name == vertex_name and (words := _smaller(final, rows[1, 0], name)):
            rows[1, 0].set_title(words, loc="left", fontsize="small", color="0.25")
    rows[-1, 0].set_xlabel("Time (ms)")
    fig.align_ylabels(rows[:, 0])
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize="medium", fontweight="bold")
    if show:
        plt.show()
    return fig


def _smaller(final: FloatArray, axes: Axes, unit: str) -> str:
    """Say why the sources of a minimum-norm estimate are so much smaller than the moment; empty if they are not."""
    segments = [row for lines in axes.collections for row in lines.get_segments()]  # type: ignore[attr-defined]
    largest = max((float(np.abs(row[:, 1]).max()) for row in segments), default=0.0)
    moment = float(np.abs(final).max())
    if not largest or moment < MUCH * largest:
        return ""
    return (
        f"At most {largest:.2g} {unit} each beside a moment of {moment:.2g} {unit}: an inverse operator spreads and "
        "shrinks the current.\nThey show its direction; the size of the moment is fitted to the sensors"
    )


def extrema(times: FloatArray, values: FloatArray, n_largest: int = 6) -> NDArray[np.int64]:
    """Return the samples of the most prominent peaks and troughs, in order of time."""
    from scipy.signal import find_peaks  # slow to import

    found: dict[int, float] = {}
    spread = float(np.ptp(values))
    for sign in (1, -1):
        peaks, shape = find_peaks(sign * values, prominence=0.08 * spread or None)
        # a trough between two high peaks is not a deflection of its own: it must lie on its side of zero
        found |= {
            int(at): float(height)
            for at, height in zip(peaks, shape.get("prominences", []), strict=True)
            if sign * values[at] > SMALLEST * np.abs(values).max()
        }
    chosen: list[int] = []
    for at in sorted(found, key=lambda index: found[index], reverse=True):
        apart = 0.04 * (times[-1] - times[0])
        if all(abs(times[at] - times[other]) > apart or values[at] * values[other] < 0 for other in chosen):
            chosen.append(at)
    return np.array(sorted(chosen[:n_largest]), dtype=int)


def label_extrema(
    axes: Axes,
    times: FloatArray,
    values: FloatArray,
    unit: str = "",
    *others: tuple[FloatArray, FloatArray],
    floor: float = 0.0,
) -> None:
    """Mark the extrema of a course in ms with their latency and value, outside the curve, if they pass the floor."""
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for at in extrema(times, values):
        if abs(values[at]) < floor:
            continue
        up = values[at] > 0
        axes.plot(times[at], values[at], marker="o", markersize=3.5, color="black", zorder=5)
        # beyond every curve near by, so that the text covers none
        near = [row[np.abs(at_times - times[at]) < 0.03 * (times[-1] - times[0])] for at_times, row in others]
        beyond = np.concatenate([[values[at]], *near])
        axes.annotate(
            f"{times[at]:.0f} ms\n{_with_sign(values[at])}{unit}",
            (times[at], beyond.max() if up else beyond.min()),
            xytext=(0, 5 if up else -5),
            textcoords="offset points",
            ha="center",
            va="bottom" if up else "top",
            fontsize="x-small",
            linespacing=1.1,
            path_effects=halo,
            zorder=6,
        )
    axes.margins(y=0.22)


def _with_sign(value: float) -> str:
    return f"{value:+.3g}".replace("-", "\N{MINUS SIGN}")


def plot_target(target: Dipole, *, truth: Dipole | None = None, show: bool = True) -> Figure:
    """Plot a target with latency and moment of its extrema, and what its patch explains.

    Named are deflections above 5 % of the largest one, and above twice the target's standard error where it is known.

    Parameters
    ----------
    target : Dipole
        The target, as ``Target.dipole``. Its moment in A m is shown in nAm; if its provenance says that it has no
        unit of current, as it is.
    truth : Dipole | None
        The dipole that made the data, where it is known.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> figure = plot_target(target)
    """
    from ..dipole import Dipole

    for what, given in (("target", target), ("truth", truth)):
        if not isinstance(given, Dipole) and (what == "target" or given is not None):
            raise ParameterError(f"{what} must be a Dipole, such as Target.dipole, got {type(given).__name__}.")
    provenance: dict[str, Any] = target.provenance
    unit = provenance.get("unit", "A m")
    factor, name = in_shown_unit(unit if unit == "A m" else None)
    fig, axes = plt.subplots(figsize=(8.0, 3.6), layout="constrained")
    times, values = target.times / MS, factor * target["agg"]
    others = []
    if truth is not None:
        if unit != "A m":
            raise ParameterError(
                "A target in arbitrary units has no truth in nAm to be compared with: leave truth out."
            )
        others.append((truth.times / MS, truth["agg"] / NAM))
        axes.plot(*others[0], color=TRUTH, linewidth=1.6, linestyle=(0, (4, 2)), label="truth")
    axes.plot(times, values, color="black", linewidth=2.0, label="target")
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    noise = factor * float(provenance.get("standard_error") or 0.0) if unit == "A m" else 0.0
    label_extrema(axes, times, values, " nAm" if unit == "A m" else "", *others, floor=2.0 * noise)
    axes.set_xlim(times[0], times[-1])
    axes.set_xlabel("Time (ms)")
    axes.set_ylabel(f"Dipole moment ({name})")
    notes = [DIRECTION]
    if "best_source" in provenance:
        notes.append(f"The patch {explained_words(provenance)}")
    axes.set_title("\n".join(notes), loc="left", fontsize="small", color="0.25")
    axes.spines[["top", "right"]].set_visible(False)
    if truth is not None:
        draw_legend(axes)
    if show:
        plt.show()
    return fig
