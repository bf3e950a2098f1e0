"""Levels of rising cost: the same piece of cortex with fewer pyramidal cells, and fewer trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._checks import check_int, check_positive
from ..errors import ParameterError
from ..network import Network
from ..network.grid import check_mesh_shape
from ..simulate import Simulation
from .coarse import coarse_network, no_coarser_form
from .objectives import Objective, Score

__all__ = ["Level", "as_levels", "given_levels", "on_level"]

COARSE = (5, 5)
"""The smallest mesh without a bias that could be measured where cells fire (``tests/benchmarks/meshes.py``)."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One step of a search.

    Attributes
    ----------
    mesh_shape : tuple of int | None
        Pyramidal cells of each layer along x and y (:func:`coarse_network`); None for the network as it is.
    n_trials : int
        Trials per evaluation.
    share : float
        Part of the evaluations that is spent here, relative to the other levels.

    Examples
    --------
    >>> from mne_hnn.fit import DriveSettings
    >>> levels = [Level(mesh_shape=(3, 3)), Level(mesh_shape=None, n_trials=2)]
    >>> DriveSettings(levels=levels).levels[0].share
    1.0
    """

    mesh_shape: tuple[int, int] | None = None
    n_trials: int = 1
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.mesh_shape is not None:
            object.__setattr__(self, "mesh_shape", check_mesh_shape(self.mesh_shape))
        check_int(self.n_trials, "Level: n_trials", minimum=1)
        check_positive(self.share, "Level: share")

    def __str__(self) -> str:
        return "full" if self.mesh_shape is None else f"{self.mesh_shape[0]}x{self.mesh_shape[1]}"


def _ratio(network: Network, mesh_shape: tuple[int, int]) -> float:
    assert network.mesh_shape is not None
    return float(np.prod(network.mesh_shape) / np.prod(mesh_shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Multiplied:
    """An objective that sees dipoles as large as those of the full column."""

    objective: Objective
    factor: float

    @property
    def identity(self) -> str:
        return f"{self.factor!r} x {self.objective.identity}"

    def score(self, simulation: Simulation) -> Score:
        return self.objective.score(multiplied(simulation, self.factor))


def multiplied(simulation: Simulation, factor: float) -> Simulation:
    """Return a simulation with larger dipoles."""
    dipoles = [dipole.copy() for dipole in simulation.dipoles]
    for dipole in dipoles:
        dipole.data = dipole.data * factor
    return replace(simulation, dipoles=tuple(dipoles))


def on_level(network: Network, objective: Objective, level: Level) -> tuple[Any, Objective]:
    """Return what turns a network into that of a level, and the objective there."""
    if level.mesh_shape is None:
        return (lambda column: column), objective
    shape = level.mesh_shape
    return (
        (lambda column: coarse_network(column, shape)),
        _Multiplied(objective=objective, factor=_ratio(network, shape)),
    )


def given_levels(levels: Any) -> str | tuple[Level, ...] | None:
    """Return levels as they are given: ``'auto'``, None, or a tuple.

    Raises
    ------
    ParameterError
        It is something else, or the last level is not the full column.
    """
    if levels is None:
        return None
    if isinstance(levels, str):
        if levels != "auto":
            raise ParameterError(f"levels must be 'auto', None, or Levels, got {levels!r}.")
        return levels
    given = tuple(levels) if isinstance(levels, Sequence) else (levels,)
    if not given or not all(isinstance(level, Level) for level in given):
        raise ParameterError("levels must be 'auto', None, or a sequence of Levels, the last of them the full column.")
    if given[-1].mesh_shape is not None:
        raise ParameterError("The last level must be the full column: end with Level(mesh_shape=None).")
    return given


def as_levels(levels: Any, network: Network, n_trials: int) -> tuple[Level, ...]:
    """Return the levels of a search.

    Parameters
    ----------
    levels : 'auto' | None | sequence of Level
        ``'auto'`` puts a mesh of 5 x 5 before a column that has at least four times as many pyramidal cells, and a
        coarser form; None uses the column only.
    network : Network
        The network.
    n_trials : int
        Trials on the full column.

    Raises
    ------
    ParameterError
        It is something else, the last level is not the full column, or a level has more cells than the column, or
        fewer of one that has no coarser form.
    """
    full = Level(n_trials=n_trials)
    given = given_levels(levels)
    if given is None:
        return (full,)
    if isinstance(given, str):
        large = no_coarser_form(network) is None and _ratio(network, COARSE) >= 4
        return (Level(mesh_shape=COARSE), full) if large else (full,)
    obstacle = no_coarser_form(network)
    for level in given[:-1]:
        if level.mesh_shape is None:
            continue
        if obstacle is not None:
            raise ParameterError(f"{obstacle}, so it has no coarser form: use levels=None.")
        assert network.mesh_shape is not None  # else there is an obstacle
        if _ratio(network, level.mesh_shape) < 1:
            raise ParameterError(
                f"Level {level} has more cells than the column of {network.mesh_shape[0]}x{network.mesh_shape[1]}: "
                "levels before the last are coarser."
            )
    return given
