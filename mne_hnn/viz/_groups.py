"""What figures of dipoles are given, as one thing: trials by label, the same window of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_finite, check_label, check_name
from ..dipole import Dipole, check_dipoles
from ..errors import ParameterError

if TYPE_CHECKING:
    from ..simulate import Simulation


__all__ = [
    "check_axes",
    "check_within",
    "crop_groups",
    "crop_trials",
    "figure_of",
    "group_trials",
    "layer_names",
    "trials_of",
]

ROUNDING = 1e-6  # s; solvers add up their steps with rounding errors


def trials_of(given: Dipole | Sequence[Dipole] | Simulation, what: str = "dipoles") -> list[Dipole]:
    """Return one dipole, trials, or the trials of a simulation as a list of dipoles that fit together."""
    found: Any = getattr(given, "dipoles", given)
    listed = [found] if isinstance(found, Dipole) else list(found) if isinstance(found, Iterable) else []
    if not listed or not all(isinstance(dipole, Dipole) for dipole in listed):
        raise ParameterError(f"{what} must hold at least one Dipole, and nothing but Dipoles, got {given!r:.80}.")
    return check_dipoles(listed)


def group_trials(
    given: Dipole | Sequence[Dipole] | Simulation | Mapping[str, Any], labels: Sequence[str] | None = None
) -> dict[str, list[Dipole]]:
    """Return trials by label, the label being ``''`` for trials that are not compared with others."""
    if isinstance(given, Mapping):
        if labels is not None:
            raise ParameterError("labels are the keys of the mapping: give one of both.")
        if not given:
            raise ParameterError("The mapping must hold at least one Dipole by label, it is empty.")
        return {check_label(name, "A label"): trials_of(trials, f"Entry {name!r}") for name, trials in given.items()}
    if labels is None:
        return {"": trials_of(given)}
    names = [labels] if isinstance(labels, str) else list(labels)
    found: Any = getattr(given, "dipoles", given)
    listed = [found] if isinstance(found, Dipole) else list(found)
    if len(names) != len(listed) or len(set(names)) != len(names):
        raise ParameterError(f"labels must be {len(listed)} different names, one per dipole, got {names}.")
    return group_trials(dict(zip(names, listed, strict=True)))


def layer_names(groups: Mapping[str, list[Dipole]], layers: str | Sequence[str] | None) -> list[str]:
    """Check the layers, which all groups must have; by default all, or the aggregate when groups are compared."""
    first = next(iter(groups.values()))[0]
    if layers is None:
        return list(first.layers) if "" in groups else ["agg"]
    names = [layers] if isinstance(layers, str) else list(layers)
    if not names:
        raise ParameterError(f"layers must name at least one of {', '.join(first.layers)}.")
    for label, trials in groups.items():
        for name in names:
            check_name(name, trials[0].layers, "layer", where=f"of {label!r}" if label else "")
    return names


def check_within(
    times: Iterable[float | None], record: tuple[float, float], what: str, *, step: float = ROUNDING
) -> None:
    """Refuse times in s, None left out, that are more than a step outside a record: most such times are in ms."""
    given = [check_finite(time, f"{what} (s)") for time in times if time is not None]
    slack = max(step, ROUNDING)
    outside = [time for time in given if not record[0] - slack <= time <= record[1] + slack]
    if outside:
        raise ParameterError(
            f"{what} must lie within the record, {record[0]:g} to {record[1]:g} s, got {outside[-1]:g} s: are they in "
            "ms?"
        )


def crop_groups(groups: Mapping[str, list[Dipole]], tmin: float | None, tmax: float | None) -> dict[str, list[Dipole]]:
    """Return copies of all groups that hold the window only, which the longest record must hold."""
    firsts = [some[0] for some in groups.values()]
    record = (min(dipole.times[0] for dipole in firsts), max(dipole.times[-1] for dipole in firsts))
    step = max(1.0 / dipole.info["sfreq"] for dipole in firsts)
    check_within((tmin, tmax), record, "tmin and tmax", step=step)
    return {label: _crop(some, tmin, tmax) for label, some in groups.items()}


def crop_trials(trials: Sequence[Dipole], tmin: float | None, tmax: float | None) -> list[Dipole]:
    """Return copies that hold the window only; what was given stays as it is."""
    return crop_groups({"": list(trials)}, tmin, tmax)[""]


def _crop(trials: Sequence[Dipole], tmin: float | None, tmax: float | None) -> list[Dipole]:
    first = trials[0]
    start = first.times[0] if tmin is None else check_finite(tmin, "tmin (s)")
    stop = first.times[-1] if tmax is None else check_finite(tmax, "tmax (s)")
    inside = (first.times >= start - 1e-9) & (first.times <= stop + 1e-9)
    if inside.sum() < 2:
        raise ParameterError(
            f"tmin and tmax must leave at least two of the samples from {first.times[0]:g} to {first.times[-1]:g} s, "
            f"got {start:g} to {stop:g} s."
        )
    first_time, last_time = first.times[inside][[0, -1]]
    return [trial.copy().crop(first_time, last_time) for trial in trials]


def check_axes(axes: Any) -> None:
    """Refuse what is no single place to draw: figures of one panel take one."""
    if axes is not None and not isinstance(axes, Axes):
        given = f"{len(axes)} of them" if isinstance(axes, Sequence) or hasattr(axes, "shape") else repr(axes)
        raise ParameterError(f"axes must be one matplotlib Axes, as this figure has one panel, got {given:.60}.")


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes belong to."""
    fig = axes.get_figure(root=True)
    assert fig is not None
    return fig
