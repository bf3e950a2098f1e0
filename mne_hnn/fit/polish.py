"""Search further around an evoked fit, on the full column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..simulate import Computing
from .drives import search_drives
from .evoked_settings import EvokedSettings
from .parameters import Parameter, evoked_parameters
from .plan import Request
from .result import Estimate, FitResult
from .scoring import firing
from .sequence import drive_names, windows

__all__ = ["polished"]


def polished(result: FitResult, settings: EvokedSettings, computing: Computing) -> FitResult:
    """Search around a result on the full column; keep what is better in the trials of the search.

    Parameters
    ----------
    result : FitResult
        Of drives that were proposed.
    settings : EvokedSettings
        As they were used for it.
    computing : Computing
        Where to simulate.
    """
    free = _in_order(evoked_parameters(result.network, range_ms=5.0, weight_factor=3.0), result, settings)
    search = replace(settings.search(), max_evaluations=settings.polish, levels=None, step=0.1, intervals=False)
    request = Request(network=result.network, target=result.target, parameters=free, settings=search, kind="evoked")
    further = search_drives(request, computing)
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


def _in_order(parameters: Sequence[Parameter], result: FitResult, settings: EvokedSettings) -> list[Parameter]:
    """Return parameters whose times keep the order of a sequence that was given."""
    given = settings.sequence
    if given is None:
        return list(parameters)
    locations = [place for place, _ in given]
    ends = zip(drive_names(locations), *windows(given, result.simulation.tstop), strict=True)
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
