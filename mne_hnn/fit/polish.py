"""Search further around an evoked fit, on the full column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..simulate import Computing
from .drives import search_drives
from .evoked_settings import EvokedSettings
from .parameter_sets import evoked_parameters
from .parameters import Parameter
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
    values = {estimate.path: estimate.value for estimate in further.estimates} | {"columns": further.scale}
    # the curvature is that of the sequence before: its intervals move along with the values
    estimates = tuple(_move(estimate, values.get(estimate.path, estimate.value)) for estimate in result.estimates)
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
        warnings=(*[warning for warning in result.warnings if warning not in before], *firing(further.simulation)),
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
        parameter
        if parameter.path not in allowed
        else replace(
            parameter,
            low=max(parameter.low, allowed[parameter.path][0]),
            high=min(parameter.high, allowed[parameter.path][1]),
        )
        for parameter in parameters
    ]


def _move(estimate: Estimate, value: float) -> Estimate:
    """Return an estimate with another value, its interval moved along: times are added to, the others multiplied."""
    if estimate.path.endswith(".mu_ms"):
        return replace(
            estimate,
            value=value,
            low=estimate.low + value - estimate.value,
            high=estimate.high + value - estimate.value,
        )
    factor = value / estimate.value
    return replace(estimate, value=value, low=estimate.low * factor, high=estimate.high * factor)
