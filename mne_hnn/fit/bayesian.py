"""Bayesian optimization: where a Gaussian process of the losses so far expects the most."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import qmc

from .._types import FloatArray

if TYPE_CHECKING:
    from .optimizers import Problem

__all__ = ["search"]

BATCH = 4
"""Points that are proposed side by side: the same for any number of processes, so that results are."""
NUGGET = 1e-3
"""Variance of the losses, of their own, that the process does not follow: columns fire chaotically."""


def search(problem: Problem) -> None:
    """Search a problem: first everywhere, then where the loss is expected to fall most.

    Parameters
    ----------
    problem : Problem
        What is searched.

    Notes
    -----
    Losses above the median enter by their logarithm: networks whose loss is orders of magnitude above the others would
    else be all that the process sees.
    """
    n = len(problem.start)
    n_first = max(BATCH, min(2 * n + 2, problem.budget // 3))
    spread = qmc.LatinHypercube(n, rng=np.random.default_rng(problem.seed)).random(n_first)
    points = np.vstack([problem.start, spread])
    losses = problem.losses(points)
    while True:
        proposed = _propose(points, losses, problem.seed + len(points))
        found = problem.losses(proposed)
        points, losses = np.vstack([points, proposed]), np.concatenate([losses, found])


def _propose(points: FloatArray, losses: FloatArray, seed: int) -> FloatArray:
    """Return the next points, shape (BATCH, n): each is proposed as if those before it had been no better."""
    from bayes_opt import BayesianOptimization
    from bayes_opt.acquisition import ConstantLiar, ExpectedImprovement

    names = [f"p{k:03d}" for k in range(points.shape[1])]
    optimizer = BayesianOptimization(
        f=None,
        pbounds=dict.fromkeys(names, (0.0, 1.0)),
        acquisition_function=ConstantLiar(ExpectedImprovement(xi=0.01), strategy="max"),
        random_state=seed % 2**32,
        verbose=0,
        allow_duplicate_points=True,
    )
    optimizer.set_gp_params(alpha=NUGGET, n_restarts_optimizer=1)
    for point, target in zip(points, _scores(losses), strict=True):
        optimizer.register(params=dict(zip(names, point.tolist(), strict=True)), target=float(target))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of length scales at their bounds: a parameter that does nothing
        found: list[dict[str, Any]] = [optimizer.suggest() for _ in range(BATCH)]
    return np.clip([[float(one[name]) for name in names] for one in found], 0.0, 1.0)


def _scores(losses: FloatArray) -> FloatArray:
    """Return what is to be made large: linear in the loss near the best one, logarithmic beyond the median."""
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        return np.zeros(len(losses))
    best, usual = float(finite.min()), float(np.median(finite))
    bounded = np.where(np.isfinite(losses), losses, finite.max()) - best
    return -np.log1p(bounded / (usual - best)) if usual > best else -bounded
