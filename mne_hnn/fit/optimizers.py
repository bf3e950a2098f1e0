"""Optimizers, all with one signature: they ask for the losses of points of the unit cube until their budget is spent.

Each is deterministic for a seed, and asks for points in batches that do not depend on the number of processes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from scipy.optimize import differential_evolution, least_squares, minimize
from scipy.stats import qmc

from .._checks import check_name
from .._types import FloatArray
from ..errors import ParameterError
from . import bayesian

__all__ = ["FEW", "OPTIMIZERS", "BudgetSpent", "Optimizer", "Problem", "check_population", "choose_optimizer"]

FEW = 4
"""So many parameters need so few evaluations that they can be searched everywhere, and on the full column at once."""
WORST = 1e12
"""Loss of a simulation that failed, for optimizers that cannot take infinity."""


class BudgetSpent(Exception):  # noqa: N818 - not an error: how a search ends
    """The last evaluation of the budget was made."""


class Problem(Protocol):
    """What an optimizer sees of a fit.

    Attributes
    ----------
    start : array, shape (n_free,)
        Where to start, in the unit cube.
    step : float
        Size of first steps, as a share of the bounds.
    seed : int
        Seed of everything random.
    population : int | None
        Points of a generation, for those that have generations; None for the usual number.
    budget : int
        Evaluations left.
    """

    start: FloatArray
    step: float
    seed: int
    population: int | None

    @property
    def budget(self) -> int:
        """Evaluations left."""
        ...

    def losses(self, points: FloatArray) -> FloatArray:
        """Return the losses of points, shape (n_points, n_free); ends the search when the budget is spent."""
        ...

    def residuals(self, points: FloatArray) -> FloatArray:
        """Return the residuals of points, shape (n_points, n_residuals); as :meth:`losses`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """A row of :data:`OPTIMIZERS`.

    Attributes
    ----------
    name : str
        Its name.
    description : str
        What it is good for, with its source.
    run : callable
        Searches a ``Problem``: parameters in the unit cube, and losses in batches.
    needs : str | None
        The package it needs besides the required ones.
    extra : str
        The extra of mne-hnn that brings this package.
    generations : bool
        Whether it has a population whose size can be chosen.

    Examples
    --------
    >>> OPTIMIZERS["cma"].needs, OPTIMIZERS["cma"].extra
    ('cma', 'fit')
    """

    name: str
    description: str
    run: Callable[[Problem], None]
    needs: str | None = None
    extra: str = "fit"
    generations: bool = False


def _finite(losses: FloatArray) -> FloatArray:
    return np.where(np.isfinite(losses), losses, WORST)


def _cma(problem: Problem) -> None:
    import cma

    n = len(problem.start)
    if n == 1:  # the strategy has no covariance to adapt in one dimension, and pycma refuses it
        return _scan(problem)
    stream = np.random.default_rng(problem.seed)
    size = 4 + math.floor(3 * math.log(n)) if problem.population is None else problem.population
    options = {
        "bounds": [0.0, 1.0],
        "popsize": size,
        # its own stream: pycma would seed the global one
        "seed": np.nan,
        "randn": lambda *shape: stream.standard_normal(shape),
        "verbose": -9,
        "maxfevals": np.inf,
    }
    restart = 0
    start, step = problem.start, problem.step
    while True:
        strategy = cma.CMAEvolutionStrategy(np.clip(start, 0.01, 0.99), step, options)
        while not strategy.stop():
            points = np.array(strategy.ask())
            strategy.tell(list(points), _finite(problem.losses(points)).tolist())
        restart += 1
        options["popsize"] = size * 2**restart  # Auger and Hansen 2005, doi:10.1109/CEC.2005.1554902
        start, step = stream.random(n), max(problem.step, 0.3)


def _evolution(problem: Problem) -> None:
    n = len(problem.start)
    size = max(8, min(4 * n, problem.budget // 5)) if problem.population is None else problem.population
    spread = qmc.LatinHypercube(n, rng=np.random.default_rng(problem.seed)).random(size)
    # half of the first generation close to the start, the other half everywhere
    near = np.clip(problem.start + problem.step * (spread - 0.5), 0.0, 1.0)
    first = np.where(np.arange(size)[:, None] % 2 == 0, near, spread)
    first[0] = problem.start
    differential_evolution(
        lambda points: _finite(problem.losses(np.atleast_2d(points.T))),
        [(0.0, 1.0)] * n,
        init=first,
        maxiter=10**6,
        vectorized=True,
        updating="deferred",
        polish=False,
        tol=0.0,
        rng=np.random.default_rng(problem.seed + 1),
    )


def _fold(point: FloatArray) -> FloatArray:
    """Return a point inside the unit cube: what goes beyond a bound comes back as from a mirror."""
    return np.asarray(1.0 - np.abs(1.0 - np.mod(point, 2.0)))


def _nelder_mead(problem: Problem) -> None:
    start = problem.start
    corners = start + problem.step * np.diag(np.where(start > 0.5, -1.0, 1.0))
    # mirrored rather than cut off at the bounds, where the simplex would collapse onto a face and stay there
    minimize(
        lambda point: float(_finite(problem.losses(_fold(point)[None]))[0]),
        start,
        method="Nelder-Mead",
        options={"initial_simplex": np.vstack([start, corners]), "maxfev": 10**6, "xatol": 1e-4, "fatol": 1e-7},
    )


def _cobyla(problem: Problem) -> None:
    # it builds linear models from a simplex, and keeps to the bounds but for rounding
    minimize(
        lambda point: float(_finite(problem.losses(np.clip(point, 0.0, 1.0)[None]))[0]),
        problem.start,
        method="COBYLA",
        bounds=[(0.0, 1.0)] * len(problem.start),
        options={"rhobeg": problem.step, "tol": 1e-4, "maxiter": 10**6},
    )


def _least_squares(problem: Problem) -> None:
    step = 0.1 * problem.step
    known: dict[bytes, FloatArray] = {}

    def residual(point: FloatArray) -> FloatArray:
        if point.tobytes() not in known:
            known[point.tobytes()] = np.asarray(problem.residuals(point[None])[0])
        return known[point.tobytes()]

    def jacobian(point: FloatArray) -> FloatArray:
        steps = np.where(point > 0.5, -step, step)
        values = problem.residuals(point + np.diag(steps))
        return np.asarray(((values - residual(point)) / steps[:, None]).T)

    # a start on a bound would make only tiny steps
    inside = np.clip(problem.start, 0.02, 0.98)
    least_squares(residual, inside, jac=jacobian, bounds=(0.0, 1.0), x_scale=problem.step, max_nfev=10**6)


def _scan(problem: Problem) -> None:
    """Look everywhere in one dimension, then ever closer around the best."""
    grid = np.linspace(0.0, 1.0, min(17, max(3, problem.budget // 2)))
    width = float(grid[1] - grid[0])
    grid = np.concatenate([problem.start, grid])
    losses = problem.losses(grid[:, None])
    best, lowest = float(grid[np.argmin(losses)]), float(losses.min())
    while width > 1e-6:
        points = np.clip(best + width * np.array([-0.6, -0.3, 0.3, 0.6]), 0.0, 1.0)
        losses = problem.losses(points[:, None])
        if losses.min() < lowest:
            best, lowest = float(points[np.argmin(losses)]), float(losses.min())
        width *= 0.5


def _random(problem: Problem) -> None:
    stream = np.random.default_rng(problem.seed)
    problem.losses(problem.start[None])
    while True:
        problem.losses(stream.random((8, len(problem.start))))


#: Optimizers by name.
OPTIMIZERS: Mapping[str, Optimizer] = {
    row.name: row
    for row in (
        Optimizer(
            name="cma",
            description="CMA-ES with restarts (Hansen and Ostermeier 2001, "
            "https://doi.org/10.1162/106365601750190398): the first choice, for rough losses and up to some 50 "
            "parameters. One parameter is scanned instead.",
            run=_cma,
            needs="cma",
            generations=True,
        ),
        Optimizer(
            name="differential_evolution",
            description="scipy's differential evolution (Storn and Price 1997, "
            "https://doi.org/10.1023/A:1008202821328): global; no further package.",
            run=_evolution,
            generations=True,
        ),
        Optimizer(
            name="least_squares",
            description="scipy's trust-region least squares (Branch, Coleman and Li 1999, "
            "https://doi.org/10.1137/S1064827595289108) with finite differences of the residuals: few evaluations "
            "close to a smooth minimum. Only for waveform objectives.",
            run=_least_squares,
        ),
        Optimizer(
            name="nelder_mead",
            description="scipy's simplex (Nelder and Mead 1965, https://doi.org/10.1093/comjnl/7.4.308): local, one "
            "evaluation at a time.",
            run=_nelder_mead,
        ),
        Optimizer(
            name="cobyla",
            description="scipy's COBYLA (Powell 1994, https://doi.org/10.1007/978-94-015-8330-5_4), which HNN has as "
            "well: local, linear models of the loss within the bounds, one evaluation at a time.",
            run=_cobyla,
        ),
        Optimizer(
            name="bayesian",
            description="Expected improvement under a Gaussian process (Jones et al. 1998, "
            "https://doi.org/10.1023/A:1008306431147), by the package bayesian-optimization: for a few dozen "
            "evaluations of up to some ten parameters.",
            run=bayesian.search,
            needs="bayes_opt",
            extra="bayesian",
        ),
        Optimizer(
            name="scan",
            description="A grid that narrows around the best point, for one parameter.",
            run=_scan,
        ),
        Optimizer(name="random", description="Uniform in the bounds: what others must beat.", run=_random),
    )
}


def choose_optimizer(name: str, n_free: int = 2) -> Optimizer:
    """Return an optimizer by name.

    Parameters
    ----------
    name : str
        A key of :data:`OPTIMIZERS`, or ``'auto'``: a scan for one parameter, scipy's differential evolution for up to
        four, which it searches everywhere; CMA-ES for more, if pycma is installed.
    n_free : int
        Number of free parameters.

    Raises
    ------
    ParameterError
        The name is unknown, its package is missing, or it does not fit the number of parameters.
    """
    if name == "auto":
        cma = n_free > FEW and find_spec("cma") is not None
        name = "scan" if n_free == 1 else "cma" if cma else "differential_evolution"
    row = OPTIMIZERS[check_name(name, ("auto", *OPTIMIZERS), "optimizer")]
    if row.needs is not None and find_spec(row.needs) is None:
        raise ParameterError(
            f"Optimizer {name!r} needs the package {row.needs!r}: pip install 'mne-hnn[{row.extra}]', or use "
            "'differential_evolution'."
        )
    if name == "scan" and n_free != 1:
        raise ParameterError(f"Optimizer 'scan' takes one free parameter, got {n_free}: use 'auto'.")
    return row


def check_population(row: Optimizer, population: int | None, budget: int) -> None:
    """Refuse a population of an optimizer that has none, or one that the budget does not hold once.

    Raises
    ------
    ParameterError
        One of both.
    """
    if population is None:
        return
    if not row.generations:
        names = " or ".join(repr(name) for name, other in OPTIMIZERS.items() if other.generations)
        raise ParameterError(
            f"population = {population} has no effect on optimizer {row.name!r}, which has no generations: leave it "
            f"out, or take optimizer={names}."
        )
    if population > budget:
        raise ParameterError(
            f"population = {population} is more than the {budget} networks of max_evaluations: one generation would "
            "not be complete: make it smaller, or max_evaluations larger."
        )
