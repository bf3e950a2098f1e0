"""A Gaussian process with several outputs, of means of unequal numbers of trials, and its length scales.

Every number that a network has counts in its own way: along straight lines, and as far as responses bend with it
(automatic relevance determination; Rasmussen and Williams 2006, https://doi.org/10.7551/mitpress/3206.001.0001,
chapter 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from .._types import FloatArray

__all__ = ["Process", "Scales", "searched"]

NOISES = np.geomspace(1e-3, 1e2, 26)
"""Variance of the chance of trials over that of the mean, as it is looked for."""
USUAL = 6.0
"""Length scale, in standard deviations of the prior, that is expected of each number."""
SPREADS = (0.5, 0.7)
"""Standard deviations of logarithms of length scales of bends and of lines around it."""
SHORTEST, LONGEST = 0.5, 200.0
SEARCHED = 450
"""Networks among which length scales are looked for."""
ANEW, ON = 20, 8
"""Steps of the search from what is usual, and from the scales of the round before."""
ENDS = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class Scales:
    """How far each number has to move until a response bends, and until a straight line has gone as far as it varies.

    Attributes
    ----------
    bends, lines : array, shape (n_free,)
        In standard deviations of the prior.
    """

    bends: FloatArray
    lines: FloatArray

    def kernel(self, one: FloatArray, two: FloatArray) -> FloatArray:
        """Return how alike networks are, shape (n_one, n_two)."""
        return np.asarray(self.bent(one, two) + (one / self.lines**2) @ two.T)

    def bent(self, one: FloatArray, two: FloatArray) -> FloatArray:
        """Return the part of what bends."""
        a, b = one / self.bends, two / self.bends
        apart = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * (a @ b.T)
        return np.asarray(np.exp(-0.5 * np.maximum(apart, 0.0)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Process:
    """A Gaussian process that has seen the means of some trials of networks.

    Attributes
    ----------
    x : array, shape (n, n_free)
        Networks.
    y : array, shape (n, n_outputs)
        Means of their trials, each output about 0 with a deviation of about 1.
    trials : array, shape (n,)
        How many trials each mean is of.
    scales : Scales
        Length scales.
    chance : array, shape (n_outputs,)
        Variance of a single trial, as it is told apart from what the mean does.
    left, expected : array, shape (n, n_outputs)
        What the prediction of each network from all others leaves, and the variance of that, with the chance of its own
        trials.
    """

    x: FloatArray
    y: FloatArray
    trials: FloatArray
    scales: Scales
    chance: FloatArray = field(init=False, repr=False)
    left: FloatArray = field(init=False, repr=False)
    expected: FloatArray = field(init=False, repr=False)
    _alpha: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        root = np.sqrt(self.trials)[:, np.newaxis]
        values, vectors = np.linalg.eigh(self.scales.kernel(self.x, self.x) * root * root.T)
        values = np.maximum(values, 0.0)
        turned = vectors.T @ (root * self.y)
        noise, amplitude, _ = _profiled(values, turned)
        precise = 1.0 / (values[:, np.newaxis] + noise)
        alpha = vectors @ (precise * turned)
        diagonal = (vectors**2) @ precise
        for name, value in {
            "chance": amplitude * noise,
            "left": alpha / diagonal / root,
            "expected": amplitude / diagonal / root**2,
            "_alpha": root * alpha,
        }.items():
            object.__setattr__(self, name, value)

    def predict(self, z: FloatArray) -> FloatArray:
        """Return means of outputs at networks, shape (n, n_outputs)."""
        return np.asarray(self.scales.kernel(z, self.x) @ self._alpha)


def searched(x: FloatArray, y: FloatArray, trials: FloatArray, start: Scales | None = None) -> Scales:
    """Return the length scales with the largest marginal likelihood, times what is expected of them.

    Parameters
    ----------
    x, y, trials : array
        As of :class:`Process`.
    start : Scales | None
        Where to begin; None takes what is usual.
    """
    some = np.linspace(0, len(x) - 1, min(SEARCHED, len(x))).astype(int)
    search = _Search(x[some], y[some], trials[some])
    n = x.shape[1]
    usual = np.full(2 * n, np.log(USUAL))
    begin = usual if start is None else np.log(np.concatenate([start.bends, start.lines]))
    found = minimize(
        search.lost,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(SHORTEST), np.log(LONGEST))] * (2 * n),
        options={"maxiter": ANEW if start is None else ON, "ftol": ENDS},
    ).x
    return Scales(bends=np.exp(found[:n]), lines=np.exp(found[n:]))


class _Search:
    """The negative logarithm of the marginal likelihood, and how it changes with logarithms of scales."""

    def __init__(self, x: FloatArray, y: FloatArray, trials: FloatArray) -> None:
        root = np.sqrt(trials)[:, np.newaxis]
        self.x, self.y, self.root = x, root * y, root * root.T

    def lost(self, logs: FloatArray) -> tuple[float, FloatArray]:
        x, n = self.x, self.x.shape[1]
        scales = Scales(bends=np.exp(logs[:n]), lines=np.exp(logs[n:]))
        bent = scales.bent(x, x)
        values, vectors = np.linalg.eigh((bent + (x / scales.lines**2) @ x.T) * self.root)
        values = np.maximum(values, 0.0)
        turned = vectors.T @ self.y
        noise, amplitude, evidence = _profiled(values, turned)
        precise = 1.0 / (values[:, np.newaxis] + noise)
        alpha = vectors @ (precise * turned)
        # of the evidence by each element of the kernel; noise and amplitude are at their best, and add nothing
        slope = 0.5 * self.root * ((alpha / amplitude) @ alpha.T - (vectors * precise.sum(axis=1)) @ vectors.T)
        by_bends = slope * bent
        bends = 2 * ((by_bends.sum(axis=1) @ x**2) - (x * (by_bends @ x)).sum(axis=0)) / scales.bends**2
        lines = -2 * (x * (slope @ x)).sum(axis=0) / scales.lines**2
        apart = logs - np.log(USUAL)
        precision = np.repeat(np.array(SPREADS) ** -2.0, n)
        lost = -float(evidence.sum()) + 0.5 * float(precision @ apart**2)
        return lost, precision * apart - np.concatenate([bends, lines])


def _profiled(values: FloatArray, turned: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return noise over variance of the mean, that variance, and the logarithm of the evidence, of each output."""
    n = len(values)
    spread = values[:, np.newaxis] + NOISES  # (n, n_noises)
    amplitude = np.einsum("nq,ns->sq", turned**2, 1.0 / spread) / n
    logs = -0.5 * n * np.log(np.maximum(amplitude, 1e-300)) - 0.5 * np.log(spread).sum(axis=0)[:, np.newaxis]
    best = logs.argmax(axis=0)
    columns = np.arange(turned.shape[1])
    return NOISES[best], amplitude[best, columns], logs[best, columns]
