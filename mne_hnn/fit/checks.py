"""What the fits ask of their arguments, said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from .._checks import suggestion
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .drive_settings import DriveSettings
from .objectives import Objective, Waveform, called, option_names
from .observation import ColumnPrior
from .parameter_space import ParameterSpace

__all__ = [
    "check_names",
    "check_network",
    "check_start",
    "check_unused",
    "chosen_prior",
]

ARGUMENTS = (
    "network",
    "target",
    "parameters",
    "settings",
    "objective",
    "n_jobs",
    "executor",
    "checkpoint",
    "progress",
)
"""Of :func:`fit_drives`, for the nearest name of a misspelt one."""


def check_network(network: Any) -> None:
    """Refuse what is no network."""
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, got {type(network).__name__}.")


def chosen_prior(prior: ColumnPrior | str | None, target: Dipole | None, network: Network) -> ColumnPrior | None:
    """Return the prior on the number of columns that is given, or that ``'target'`` stands for."""
    if isinstance(prior, str):
        return None if target is None else ColumnPrior.for_target(target, network)
    return prior


def check_names(options: Iterable[str]) -> None:
    """Refuse arguments that neither :func:`fit_drives` nor a named objective has, and those that are settings."""
    if "record" in options:
        raise ParameterError(
            "Fits record nothing of single cells: simulate the fitted network with record instead, such as "
            "simulate(fit.network, record={'voltage': 'soma'})."
        )
    settings = [field.name for field in fields(DriveSettings)]
    known = [*ARGUMENTS, *settings, *option_names()]
    for name in options:
        if name in settings:
            raise ParameterError(
                f"{name} is one of the settings of a fit: give settings=DriveSettings({name}=...) to fit_drives."
            )
        if name not in known:
            raise ParameterError(
                f"fit_drives has no argument {name!r}, and no objective such an option.{suggestion(name, known)}"
            )


def check_unused(goal: Objective, settings: DriveSettings) -> None:
    """Refuse settings that only an objective given by name reads, where another one is given."""
    name = called(goal)
    given = {
        "scale": settings.scale is not None,
        "prior": isinstance(settings.prior, ColumnPrior),
        "noise": settings.noise != 0.05,
    }
    if isinstance(goal, Waveform):
        given["smooth_ms"] = settings.smooth_ms not in (20.0, goal.smooth_ms)
    unused = [argument for argument, has in given.items() if has]
    if unused:
        where = f"give it to {type(goal).__name__} itself" if isinstance(goal, Waveform) else "leave it out"
        raise ParameterError(f"{unused[0]} has no effect on objective {name!r}: {where}.")


def check_start(space: ParameterSpace) -> None:
    """Refuse a network that lies outside the bounds: the search would not begin with it."""
    space.network(space.start)  # refuses bounds that the network cannot have
    for parameter in space.free:
        value = space.begins[parameter.path]
        slack = 1e-9 * (parameter.high - parameter.low)
        if not parameter.low - slack <= value <= parameter.high + slack:
            raise ParameterError(
                f"{parameter.path} is {value:g} in the network that the fit starts with, outside its bounds "
                f"{parameter.low:g} to {parameter.high:g}: widen them, or start from set_values(network, "
                f"{{{parameter.path!r}: ...}})."
            )
