"""Posteriors of several subjects, pooled: every subject before and after the group is known, and the group."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter

from .._types import FloatArray
from ..errors import ParameterError
from ._fit_parts import readable_log
from .colors import COMPARED
from .posterior import short_name

if TYPE_CHECKING:
    from ..inference import GroupPosterior

__all__ = ["plot_group_posterior"]

COLUMNS = 3
MOST = 9
"""Numbers that are shown unless others are named."""
LEARNED, SURE = 1.0, 0.95
"""Bits, and the probability of a sign, from which on a number is shown."""
MOST_DECADES = {"plain": 2.2, "scientific": 1.0}
"""Wider axes have ticks at powers of ten only: panels are narrow, and numbers such as 2 x 10^-5 long."""
GROUP = "group"
OWN = "0.6"
DASHED = (0, (4, 3))


def plot_group_posterior(found: GroupPosterior, paths: Sequence[str] | None = None, *, show: bool = True) -> Figure:
    """Plot what pooling did: every subject by its own posterior and once the group is known, and the group's mean.

    Parameters
    ----------
    found : GroupPosterior
        Of :func:`mne_hnn.inference.pool_posteriors`.
    paths : sequence of str | None
        Which numbers; None takes nine at most: those whose conditions surely differ, then those whose mean is known at
        least a bit better than it was expected; if there are none, the best known three.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        A panel per number, a row per subject. Grey and hollow: the median of the subject's own posterior, with 90 %;
        filled: once the group is known. Last row and dashed: the group's mean with 90 %, a colour per condition.

    Raises
    ------
    ParameterError
        This is no pooled posterior, or it has no such number.

    Examples
    --------
    >>> figure = plot_group_posterior(pooled)
    """
    if not hasattr(found, "own_spread"):
        raise ParameterError(
            f"plot_group_posterior needs the GroupPosterior of pool_posteriors, got {type(found).__name__}."
        )
    chosen = _chosen(found) if paths is None else list(paths)
    for path in chosen:
        found.of(path, found.conditions[0])
    n_columns = min(COLUMNS, len(chosen))
    n_rows = -(-len(chosen) // n_columns)
    per_row = 0.16 + 0.14 * len(found.conditions)
    size = (1.0 + 3.0 * n_columns, n_rows * (1.0 + per_row * (len(found.subjects) + 1)) + 0.5)
    fig, grid = plt.subplots(n_rows, n_columns, squeeze=False, sharey=True, figsize=size, layout="constrained")
    colors = {name: COMPARED[2 - k % 2 if k < 2 else k % len(COMPARED)] for k, name in enumerate(found.conditions)}
    for axes, path in zip(grid.flat, chosen, strict=False):
        _draw_number(axes, found, path, colors)
    for axes in grid.flat[len(chosen) :]:
        axes.set_visible(False)
    names = [literal(name) for name in found.subjects]
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(names) + 1), [*names, GROUP], fontsize="small")
    grid[0, 0].set_ylim(len(names) + 0.6, -0.6)
    _explain(fig, colors)
    if show:
        plt.show()
    return fig


def literal(text: str) -> str:
    """Return a user's text so that matplotlib does not read it as mathematics."""
    return text.replace("$", r"\$")


def _chosen(found: GroupPosterior) -> list[str]:
    bits = {path: max(found.learned(path, name) for name in found.conditions) for path in found.paths}
    differ = {
        row["parameter"]
        for a, b in combinations(found.conditions, 2)
        for row in found.difference(a, b)
        if max(row["above"], 1 - row["above"]) >= SURE
    }
    best = sorted(bits, key=lambda path: (path not in differ, -bits[path]))
    taken = [path for path in best if path in differ or bits[path] >= LEARNED][:MOST] or best[:3]
    return [path for path in found.paths if path in taken]


def _draw_number(axes: Axes, found: GroupPosterior, path: str, colors: dict[str, str]) -> None:
    log = not path.endswith("mu_ms")
    shown = np.exp if log else np.asarray
    n_conditions, low, high = len(colors), np.inf, -np.inf
    for k, (condition, color) in enumerate(colors.items()):
        if not np.isfinite(found.count[path][:, k]).any():
            continue
        off = (k - (n_conditions - 1) / 2) * 0.84 / n_conditions
        step = 0.16 / n_conditions
        for s in range(len(found.subjects)):
            if not np.isfinite(found.count[path][s, k]):
                continue
            for draws, place, style in (
                (found.before[path][:, s, k], s + off - step, _style(OWN, filled=False)),
                (found.after[path][:, s, k], s + off + step, _style(color, filled=True)),
            ):
                ends = _draw_interval(axes, shown(draws), place, style)
                low, high = min(low, ends[0]), max(high, ends[1])
        mean = found.of(path, condition)
        _draw_interval(axes, mean, len(found.subjects) + off, {**_style(color, filled=True), "marker": "D"}, width=2.4)
        axes.axvline(float(np.median(mean)), color=color, lw=0.9, ls=DASHED, zorder=1)
    axes.axhline(len(found.subjects) - 0.5, color="0.8", lw=0.8)
    if log:
        axes.set_xscale("log")
        plain = low >= 1e-4 and high < 1e5
        readable_log(axes.xaxis, (float(low), float(high)), MOST_DECADES["plain" if plain else "scientific"])
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.tick_params(axis="x", labelsize="x-small")
    axes.tick_params(axis="y", length=0)
    axes.set_title(short_name(path), fontsize="small")
    axes.spines[["top", "right", "left"]].set_visible(False)


def _style(color: str, *, filled: bool) -> dict[str, Any]:
    return {"color": color, "marker": "o", "markersize": 3.6, "markerfacecolor": color if filled else "white"}


def _draw_interval(
    axes: Axes, draws: FloatArray, place: float, style: dict[str, Any], *, width: float = 1.1
) -> tuple[float, float]:
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    axes.plot([low, high], [place] * 2, color=style["color"], lw=width, solid_capstyle="butt", zorder=2)
    axes.plot([middle], [place], linestyle="none", zorder=3, **style)
    return float(low), float(high)


def _explain(fig: Figure, colors: dict[str, str]) -> None:
    handles = [Line2D([], [], lw=1.1, label="own posterior, 90 %", **_style(OWN, filled=False))]
    for condition, color in colors.items():
        told = f"{literal(condition)}, group known" if condition else "group known"
        handles.append(Line2D([], [], lw=1.1, label=told, **_style(color, filled=True)))
    handles.append(Line2D([], [], color="0.3", lw=0.9, ls=DASHED, label="mean of the group"))
    options = {"ncols": 2 if len(handles) == 4 else len(handles), "frameon": False, "fontsize": "small"}
    fig.legend(handles=handles, loc="outside upper center", **options)
