"""What the fits ask of their arguments, said once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from .._checks import check_int, check_name, check_positive, check_seed, suggestion
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from ..network.paths import get_value
from ..simulate import Computing
from .levels import Level
from .objectives import Objective, Waveform, called, option_names
from .observation import ColumnPrior
from .parameters import ParameterSpace
from .scoring import check_prior
from .settings import DriveSettings

__all__ = [
    "agreed_trials",
    "check_names",
    "check_network",
    "check_running",
    "check_share",
    "check_start",
    "check_trials",
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


def check_trials(n_trials: Any, n_final: Any, seed: Any, fresh_seed: Any) -> None:
    """Refuse numbers of trials and seeds with which there is no score in fresh trials."""
    check_int(n_trials, "n_trials", minimum=1)
    check_int(n_final, "n_final", minimum=1)
    check_seed(seed, "seed")
    check_seed(fresh_seed, "fresh_seed")
    if seed == fresh_seed:
        raise ParameterError(f"fresh_seed must differ from seed, got {seed} twice: the final score would not be fresh.")


def chosen_prior(prior: Any, target: Dipole | None, network: Network) -> ColumnPrior | None:
    """Return the prior on the number of columns that is given, or that ``'target'`` stands for."""
    if isinstance(prior, str):
        check_name(prior, ("target",), "prior")
        return None if target is None else ColumnPrior.for_target(target, network)
    check_prior(prior)
    known: ColumnPrior | None = prior
    return known


def agreed_trials(levels: Any, n_trials: int | None, usual: int) -> int:
    """Return the trials per evaluation on the full column, which `n_trials` and the last of given levels both say."""
    last = levels[-1] if isinstance(levels, Sequence) and levels else levels
    if not isinstance(last, Level):
        return usual if n_trials is None else n_trials
    if n_trials is not None and n_trials != last.n_trials:
        raise ParameterError(
            f"n_trials = {n_trials!r}, but the last of levels has {last.n_trials}: leave n_trials out, or give "
            f"Level(n_trials={n_trials!r})."
        )
    return last.n_trials


def check_running(n_jobs: Any, executor: Any, checkpoint: Any, progress: Any) -> Computing:
    """Return where to simulate; refuse what does not say where to, where to keep it, and whom to tell."""
    computing = Computing(n_jobs=n_jobs, executor=executor)
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise ParameterError(f"checkpoint must be a folder, or None to keep nothing, got {checkpoint!r}.")
    if progress is not None and not callable(progress):
        raise ParameterError(
            f"progress must be a function of the number of networks tried and the best loss, or None, got {progress!r}."
        )
    return computing


def check_share(step: Any) -> None:
    """Refuse a first step beyond the bounds."""
    if check_positive(step, "step") > 1:
        raise ParameterError(f"step is a share of the bounds of each parameter, at most 1, got {step:g}.")


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


def check_unused(goal: Objective, *, smooth_ms: Any, scale: Any, prior: Any, noise: Any) -> None:
    """Refuse arguments that only an objective given by name reads, where another one is given."""
    name = called(goal)
    given = {"scale": scale is not None, "prior": isinstance(prior, ColumnPrior), "noise": noise != 0.05}
    if isinstance(goal, Waveform):
        given["smooth_ms"] = smooth_ms not in (20.0, goal.smooth_ms)
    unused = [argument for argument, has in given.items() if has]
    if unused:
        where = f"give it to {type(goal).__name__} itself" if isinstance(goal, Waveform) else "leave it out"
        raise ParameterError(f"{unused[0]} has no effect on objective {name!r}: {where}.")


def check_start(space: ParameterSpace) -> None:
    """Refuse a network that lies outside the bounds: the search would not begin with it."""
    space.network(space.start)  # refuses bounds that the network cannot have
    for parameter in space.free:
        value = get_value(space._network, parameter.path)
        slack = 1e-9 * (parameter.high - parameter.low)
        if not parameter.low - slack <= value <= parameter.high + slack:
            raise ParameterError(
                f"{parameter.path} is {value:g} in the network that the fit starts with, outside its bounds "
                f"{parameter.low:g} to {parameter.high:g}: widen them, or start from set_values(network, "
                f"{{{parameter.path!r}: ...}})."
            )
