"""Dipoles over time: layer by layer, trial by trial, one beside the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_bool
from .._units import MS, NAM
from ..dipole import Dipole, average_dipoles
from ..errors import ParameterError
from ._groups import crop_groups, figure_of, group_trials, layer_names
from .colors import COMPARED, LAYERS, chosen_colors

if TYPE_CHECKING:
    from ..simulate import Simulation


def draw_layers(
    axes: Axes, dipole: Dipole, layers: Sequence[str], colors: Mapping[str, str] = LAYERS, label: str = ""
) -> None:
    """Draw the moment of layers in nAm over ms, the aggregate on top, with labels for a legend."""
    order = [name for name in reversed(layers) if name != "agg"] + [name for name in layers if name == "agg"]
    for layer in order:
        width = 2.0 if layer == "agg" else 1.2
        name = label or layer
        if dipole.nave > 1 and (label or layer == "agg"):
            name += f", average of {dipole.nave}"
        axes.plot(dipole.times / MS, dipole[layer] / NAM, color=colors.get(layer, "0.3"), linewidth=width, label=name)
    axes.axhline(0, color="0.5", linewidth=0.6, zorder=0)
    axes.set_ylabel("Dipole moment (nAm)")


def draw_legend(axes: Axes, title: str | None = None, *, last_first: bool = True) -> None:
    """Put the legend to the right of the axes, where it covers nothing; what was drawn last comes first."""
    handles, labels = axes.get_legend_handles_labels()
    step = -1 if last_first else 1
    axes.legend(
        handles[::step],
        labels[::step],
        title=title,
        title_fontsize="x-small",
        fontsize="small",
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )


def plot_dipole(
    dipole: Dipole | Sequence[Dipole] | Simulation | Mapping[str, Any],
    *,
    layers: str | Sequence[str] | None = None,
    average: bool = True,
    trials: bool = True,
    panels: bool | None = None,
    tmin: float | None = None,
    tmax: float | None = None,
    colors: Any = None,
    labels: Sequence[str] | None = None,
    axes: Axes | Sequence[Axes] | None = None,
    show: bool = True,
) -> Figure:
    """Plot dipoles over time: one, trials with their average, or several to compare.

    Parameters
    ----------
    dipole : Dipole | sequence of Dipole | Simulation | mapping
        One dipole; trials of the same times; or what to compare, each again one dipole or trials, by label. The moment
        in A m is shown in nAm. What is given stays as it is.
    layers : str | sequence of str | None
        Which channels; None for all, and for ``'agg'`` in comparisons.
    average : bool
        Draw the average of trials (weighted by ``nave``).
    trials : bool
        Draw single trials: light, or in full colour if the average is not drawn.
    panels : bool | None
        One panel per layer, on one scale; None does so when several layers of several things are compared.
    tmin, tmax : float | None
        Window in s, within the record; None for the start or end.
    colors : color | sequence of color | mapping of str to color | None
        By layer, or by label when several are compared.
    labels : sequence of str | None
        Names for the dipoles of a sequence, which are then compared instead of taken for trials.
    axes : matplotlib.axes.Axes | sequence of Axes | None
        Where to draw, one per panel; None makes a figure.
    show : bool
        Show the figure.

    Returns
    -------
    fig : matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ParameterError
        A layer is unknown, trials differ in times, layers or scale, or nothing is to be drawn.

    Examples
    --------
    >>> figure = plot_dipole(simulation)
    >>> figure = plot_dipole({"simulated": simulation.dipole.smooth(30).scale(3000), "target": target})
    """
    groups = group_trials(dipole, labels)
    names = layer_names(groups, layers)
    if not check_bool(average, "average") and not check_bool(trials, "trials"):
        raise ParameterError("average and trials are both False: one of them must be drawn.")
    comparing = "" not in groups
    split = comparing and len(names) > 1 if panels is None else check_bool(panels, "panels")
    if comparing and len(names) > 1 and not split:
        raise ParameterError("Several layers of several dipoles need panels=True, or choose one layer.")
    groups = crop_groups(groups, tmin, tmax)
    palette = _palette(groups, names, colors)
    rows = _panels(axes, len(names) if split else 1)
    for row, shown in zip(rows, [[name] for name in names] if split else [names], strict=True):
        for label, some in groups.items():
            by_layer = dict.fromkeys(shown, palette[label]) if comparing else {name: palette[name] for name in shown}
            draw_trials(row, some, by_layer, average=average, trials=trials, label=label)
        row.set_ylabel("Dipole moment (nAm)" if len(rows) == 1 else "Dipole\nmoment (nAm)")
        if split:
            row.set_title(shown[0], loc="left", fontsize="medium")
        row.set_xlim(*_extent(groups))
        row.spines[["top", "right"]].set_visible(False)
    # one legend where all panels have the same entries
    for row in rows if not comparing else rows[:1]:
        draw_legend(row, last_first=not comparing)
    rows[-1].set_xlabel("Time (ms)")
    if show:
        plt.show()
    return figure_of(rows[0])


def _palette(groups: Mapping[str, list[Dipole]], names: Sequence[str], colors: Any) -> dict[str, str]:
    if "" in groups:
        return chosen_colors(names, colors, {name: LAYERS.get(name, "0.3") for name in names})
    labels = list(groups)
    return chosen_colors(labels, colors, {name: COMPARED[k % len(COMPARED)] for k, name in enumerate(labels)})


def _panels(axes: Axes | Sequence[Axes] | None, n: int) -> list[Axes]:
    if axes is None:
        height = 3.5 if n == 1 else 0.8 + 1.7 * n
        _, rows = plt.subplots(
            n, 1, sharex=True, sharey=True, squeeze=False, figsize=(7.0, height), layout="constrained"
        )
        return list(rows[:, 0])
    given = [axes] if isinstance(axes, Axes) else list(axes)
    if len(given) != n:
        raise ParameterError(f"axes must be {n}, one per panel, got {len(given)}.")
    return given


def _extent(groups: Mapping[str, list[Dipole]]) -> tuple[float, float]:
    firsts = [some[0].times for some in groups.values()]
    return min(times[0] for times in firsts) / MS, max(times[-1] for times in firsts) / MS


def draw_trials(
    axes: Axes,
    some: Sequence[Dipole],
    colors: Mapping[str, str],
    *,
    average: bool = True,
    trials: bool = True,
    label: str = "",
) -> None:
    """Draw single trials of the layers in `colors`, and their average on top; with labels for a legend."""
    several = len(some) > 1
    if several and trials:
        for layer, color in colors.items():
            for k, trial in enumerate(some):
                name = "_single" if k or average else label or layer
                style: dict[str, Any] = (
                    {"alpha": 0.35, "linewidth": 0.8} if average else {"alpha": 0.8, "linewidth": 1.0}
                )
                axes.plot(trial.times / MS, trial[layer] / NAM, color=color, label=name, zorder=1.5, **style)
        if average:
            name = f"{label}, single trials" if label else "single trials"
            axes.plot([], [], color=next(iter(colors.values())), alpha=0.35, linewidth=0.8, label=name)
    if average or not several:
        draw_layers(axes, average_dipoles(some), list(colors), colors, label)
