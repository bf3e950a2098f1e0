"""All that a search is, worked out and checked before the first simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._units import MS
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import EvokedDrive, Network
from ..simulate import SimulationSettings
from ..simulate.precautions import warn_of_unheard_drives
from .checks import check_start, check_unused, chosen_prior
from .details import FitDetails
from .doubts import announce, target_doubts
from .drive_settings import DriveSettings
from .levels import Level, as_levels
from .objectives import MEASURES, Objective, Waveform, as_objective
from .observation import ColumnPrior, check_target, covering
from .optimizers import FEW, Optimizer, check_population, choose_optimizer
from .parameter_sets import evoked_parameters
from .parameter_space import Apply, ParameterSpace
from .parameters import Parameter
from .rehearsal import check_smoothing, rehearse
from .scoring import known_error, relative_noise

__all__ = ["Plan", "Request", "make_plan", "warn_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    network : Network
        Where the search starts.
    settings : DriveSettings
        How to search.
    target : Dipole | Target | None
        The target.
    parameters : sequence of Parameter | None
        What may change; None for the evoked drives.
    objective : str | callable | Objective
        What is made small.
    options : mapping
        Of an objective given by name.
    kind : str
        Of the fit, kept in the result.
    apply : callable | None
        What parameters mean that are no paths; see :class:`ParameterSpace`.
    """

    network: Network
    settings: DriveSettings
    target: Any = None
    parameters: Sequence[Parameter] | None = None
    objective: Any = "r_squared"
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "drives"
    apply: Apply | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A search before it begins.

    Attributes
    ----------
    kind : str
        Of the fit.
    network : Network
        Where it starts.
    target : Dipole | None
        The target.
    objective : Objective
        What is made small.
    space : ParameterSpace
        What may change.
    optimizer : Optimizer
        Who searches.
    runs : SimulationSettings
        How to simulate; trials are those of the level.
    levels : tuple of Level
        Steps of the search.
    dropped : int
        Levels that are left out, as there are too few evaluations for them.
    settings : DriveSettings
        As they are used: nothing is left to be chosen.
    details : FitDetails
        What followed from the request.
    doubts : tuple of str
        What is odd about the target.
    """

    kind: str
    network: Network
    target: Dipole | None
    objective: Objective
    space: ParameterSpace
    optimizer: Optimizer
    runs: SimulationSettings
    levels: tuple[Level, ...]
    dropped: int
    settings: DriveSettings
    details: FitDetails
    doubts: tuple[str, ...] = ()


def make_plan(request: Request) -> Plan:
    """Return the plan of a search; all that can be known before a simulation is refused here.

    Raises
    ------
    ParameterError
        Parts of the request do not fit together.
    DataError
        The target cannot be fitted.
    """
    network = request.network
    target = None if request.target is None else check_target(request.target)
    settings = _of_target(request.settings, target)
    objective, options = _objective(request, target, settings)
    prior = getattr(objective, "prior", None)
    settings = replace(
        settings, tstop=_duration(settings, target), prior=prior if isinstance(prior, ColumnPrior) else None
    )
    assert settings.tstop is not None
    runs = SimulationSettings(tstop=settings.tstop, dt=settings.dt, seed=settings.seed)
    free = evoked_parameters(network) if request.parameters is None else request.parameters
    space = ParameterSpace(free, network, apply=request.apply)
    if target is not None:
        check_drives_within(network, target)
    optimizer = _optimizer(settings, space, objective)
    wanted = _levels(settings, space, network)
    # too few evaluations cannot compare levels
    levels = wanted if settings.max_evaluations >= 4 * len(wanted) else wanted[-1:]
    if not isinstance(objective, Waveform):
        check_smoothing(settings.smooth_ms, settings.tstop, settings.dt)
    rehearse(objective, network, settings.tstop, settings.dt)
    check_start(space)
    return Plan(
        kind=request.kind,
        network=network,
        target=target,
        objective=objective,
        space=space,
        optimizer=optimizer,
        runs=runs,
        levels=levels,
        dropped=0 if isinstance(settings.levels, str) else len(wanted) - len(levels),
        settings=replace(
            settings,
            optimizer=optimizer.name,
            levels=levels,
            n_trials=settings.trials,
            intervals=settings.intervals and isinstance(objective, Waveform),
        ),
        details=FitDetails(
            objective=_name(request.objective, objective),
            tstop=settings.tstop,
            parameters=space.parameters,
            apply="" if request.apply is None else getattr(request.apply, "__name__", type(request.apply).__name__),
            options={name: value for name, value in options.items() if isinstance(value, (int, float, str))},
        ),
        doubts=() if target is None else tuple(target_doubts(target, request.kind, settings.noise)),
    )


def warn_of(plan: Plan) -> None:
    """Say what a user should know before a search begins."""
    for text in plan.doubts:
        announce(text)
    plan.runs.warn_of_times()
    warn_of_unheard_drives(plan.network, plan.runs.tstop)


def check_drives_within(network: Network, target: Dipole) -> None:
    """Refuse evoked drives that come after the target's end: nothing could tell of them."""
    end = target.times[-1] / MS
    for name, drive in network.drives.items():
        if isinstance(drive, EvokedDrive) and drive.mu_ms >= end:
            raise ParameterError(
                f"Drive {name!r} comes at {drive.mu_ms:g} ms, but the target ends at {end:g} ms: take a longer target, "
                f"or remove the drive with network.without_drives({name!r})."
            )


def _of_target(settings: DriveSettings, target: Dipole | None) -> DriveSettings:
    """Return settings with the standard error that is known of the target, and the noise that it makes."""
    if target is None:
        if settings.standard_error is not None:
            raise ParameterError("standard_error is that of a target: leave it out where there is none.")
        return settings
    error = known_error(target, settings.standard_error)
    return replace(settings, standard_error=error, noise=relative_noise(target, settings.noise, error))


def _objective(request: Request, target: Dipole | None, settings: DriveSettings) -> tuple[Objective, Mapping[str, Any]]:
    """Return the objective and the options of its name; settings that it does not read are refused."""
    given, prior = request.settings, chosen_prior(settings.prior, target, request.network)
    if not (isinstance(request.objective, str) and request.objective in MEASURES):
        objective = as_objective(request.objective, target, **request.options)
        check_unused(objective, given)
        return objective, request.options
    if given.scale is not None and isinstance(given.prior, ColumnPrior):
        raise ParameterError("scale and prior both say how many columns there are: leave one of them out.")
    own = {"smooth_ms": given.smooth_ms, "scale": given.scale, "noise": settings.noise, "prior": prior}
    return as_objective(request.objective, target, **own, **request.options), request.options


def _name(given: Any, objective: Objective) -> str:
    return given if isinstance(given, str) else type(objective).__name__.lower()


def _duration(settings: DriveSettings, target: Dipole | None) -> float:
    if settings.tstop is not None:
        return settings.tstop
    if target is None:
        raise ParameterError("tstop must be given when there is no target: how long to simulate, in ms.")
    return covering(target, settings.dt)


def _optimizer(settings: DriveSettings, space: ParameterSpace, objective: Objective) -> Optimizer:
    row = choose_optimizer(settings.optimizer, space.n_free)
    check_population(row, settings.population, settings.max_evaluations)
    if row.name == "least_squares" and not isinstance(objective, Waveform):
        raise ParameterError(
            "Optimizer 'least_squares' needs a waveform objective, such as 'r_squared': use 'cma' or "
            "'differential_evolution'."
        )
    return row


def _levels(settings: DriveSettings, space: ParameterSpace, network: Network) -> tuple[Level, ...]:
    few = isinstance(settings.levels, str) and space.n_free <= FEW
    return as_levels(None if few else settings.levels, network, settings.trials)
