"""Search further around an evoked fit, on the full column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .parameters import Parameter, evoked_parameters
from .result import Estimate, FitResult
from .scoring import firing
from .search import search_drives
from .sequence import drive_names, windows

__all__ = ["polished"]


def polished(result: FitResult, polish: int, common: dict[str, Any]) -> FitResult:
    """Search around a result on the full column; keep what is better in the trials of the search."""
    assert result.target is not None
    parameters = _in_order(evoked_parameters(result.network, range_ms=5.0, weight_factor=3.0), result)
    further = search_drives(
        result.network,
        result.target,
        parameters,
        max_evaluations=polish,
        levels=None,
        intervals=False,
        step=0.1,
        **common,
    )
    both = (*result.evaluations, *further.evaluations)
    reports = (*result.levels, replace(further.levels[0], name="full, polished"))
    if further.scores.search_loss >= result.scores.search_loss:
        return replace(result, evaluations=both, levels=reports)
    before = firing(result.simulation)
    values = {one.path: one.value for one in further.estimates} | {"columns": further.scale}
    # the curvature is that of the sequence before: its intervals move along with the values
    estimates = tuple(_moved(one, values.get(one.path, one.value)) for one in result.estimates)
    return replace(
        result,
        network=further.network,
        simulation=further.simulation,
        dipole=further.dipole,
        scale=further.scale,
        scores=replace(further.scores, ceiling=result.scores.ceiling, start_loss=result.scores.start_loss),
        estimates=estimates,
        evaluations=both,
        levels=reports,
        warnings=(*[one for one in result.warnings if one not in before], *firing(further.simulation)),
    )


def _in_order(parameters: Sequence[Parameter], result: FitResult) -> list[Parameter]:
    """Return parameters whose times keep the order of a sequence that was given."""
    given = result.settings["sequence"]
    if given is None:
        return list(parameters)
    locations = [place for place, _ in given]
    ends = zip(drive_names(locations), *windows(given, result.settings["tstop"]), strict=True)
    allowed = {f"drives.{name}.mu_ms": (float(low), float(high)) for name, low, high in ends}
    return [
        one
        if one.path not in allowed
        else replace(one, low=max(one.low, allowed[one.path][0]), high=min(one.high, allowed[one.path][1]))
        for one in parameters
    ]


def _moved(one: Estimate, value: float) -> Estimate:
    """Return an estimate with another value, its interval moved along: times are added to, the others multiplied."""
    if one.path.endswith(".mu_ms"):
        return replace(one, value=value, low=one.low + value - one.value, high=one.high + value - one.value)
    factor = value / one.value
    return replace(one, value=value, low=one.low * factor, high=one.high * factor)
