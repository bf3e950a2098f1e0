"""What the response of each subject says of a number: its posterior over its prior, and that blurred by a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .._types import FloatArray
from ..fit.atoms import IntArray
from .draws import effective_size

__all__ = ["LEVELS", "NumberLikelihood", "level_of"]

POINTS, FINE = (161, 321, 641), 8
"""Of the grid of a number: the fewest with which the narrowest posterior has so many in a standard deviation."""
MARGIN = 1.5
"""Standard deviations of the prior that the grid goes beyond what the subjects have."""
LEVELS = np.geomspace(0.01, 3.0, 44)
"""Standard deviations between subjects for which likelihoods are kept, in those of the prior."""
TAIL = 0.01
"""Share of a normal density, which has the tail where no draw is."""
OUTSIDE = 0.001
"""Share of the draws beyond which they say nothing of a likelihood, on either side."""
FLOOR = 1e-300
GIVEN = 1e-6
"""Standard deviation of a prior below which a number was known."""


def level_of(log_sd: FloatArray) -> IntArray:
    """Return which of :data:`LEVELS` is nearest, by the logarithm of a standard deviation."""
    step = np.log(LEVELS[1] / LEVELS[0])
    return np.asarray(np.clip(np.rint((log_sd - np.log(LEVELS[0])) / step), 0, len(LEVELS) - 1).astype(int))


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberLikelihood:
    """What the responses of all subjects say of one number.

    Draws of a posterior over their prior density stand for the likelihood of the subject (Hogg, Myers and Bovy 2010,
    https://doi.org/10.1088/0004-637X/725/2/2166). Kernels make a density of the draws, which are drawn together so that
    their variance stays (West 1993, https://doi.org/10.1111/j.2517-6161.1993.tb01911.x).

    Attributes
    ----------
    centre, size : float
        What is subtracted from a number, and what it is then divided by.
    grid : array, shape (n_points,)
        Where likelihoods are known, in these units.
    likelihood : array, shape (n_cells, n_points)
        Of each subject and condition; its maximum is 1.
    blurred : array, shape (n_levels, n_cells, n_points)
        Logarithm of the mean likelihood where the number is normal around each point with each standard deviation.
    draws : tuple of array
        Draws of each, in these units.
    log_prior : tuple of array
        Logarithm of the prior density at these draws, up to a constant.
    independent : array, shape (n_cells,)
        How many of the draws of each count.
    given : array of bool, shape (n_cells,)
        Where the number was known before, such as columns that are those of another condition: nothing is said there.
    """

    centre: float
    size: float
    grid: FloatArray
    likelihood: FloatArray
    blurred: FloatArray
    draws: tuple[FloatArray, ...]
    log_prior: tuple[FloatArray, ...]
    independent: FloatArray
    given: NDArray[np.bool_]

    @classmethod
    def of(cls, draws: Sequence[FloatArray], prior: Sequence[tuple[float, float] | None]) -> NumberLikelihood:
        """Return what draws of the subjects' posteriors say, given mean and standard deviation of their priors.

        Parameters
        ----------
        draws : sequence of array, shape (n_populations, n)
            Of each subject and condition, as the number is compared.
        prior : sequence of (float, float) | None
            Mean and standard deviation of the prior of each; None where it is not known: the posterior is taken then as
            it is.
        """
        given = np.array([known is not None and known[1] <= GIVEN for known in prior])
        open_ = [int(k) for k in np.flatnonzero(~given)]
        centre, size = _scale([draws[k] for k in open_], [prior[k] for k in open_])
        plain = [(one - centre) / size for one in draws]
        means, sds = (np.array([of(plain[k]) for k in open_]) for of in (np.mean, np.std))
        low, high = float((means - 5 * sds).min()) - MARGIN, float((means + 5 * sds).max()) + MARGIN
        needed = FINE * (high - low) / max(float(sds.min()), 1e-9)
        grid = np.linspace(low, high, next((n for n in POINTS if n >= needed), POINTS[-1]))
        independent = np.array([effective_size(np.atleast_2d(one)) for one in plain])
        rows, logs = [], []
        for one, known, n, told in zip(plain, prior, independent, given, strict=True):
            flat = one.ravel()
            if told:
                rows.append(np.ones(len(grid)))
                logs.append(np.zeros(len(flat)))
                continue
            log = _log_normal(grid, known, centre, size)
            row = _falling(np.log(np.maximum(_density(flat, grid, n), FLOOR)) - log, grid, flat)
            rows.append(np.exp(row - row.max()))
            logs.append(_log_normal(flat, known, centre, size))
        likelihood = np.array(rows)
        return cls(
            centre=centre,
            size=size,
            grid=grid,
            likelihood=likelihood,
            blurred=_blurred(likelihood, grid),
            draws=tuple(one.ravel() for one in plain),
            log_prior=tuple(logs),
            independent=independent,
            given=given,
        )

    @property
    def narrowest(self) -> float:
        """Standard deviation of the narrowest posterior, in units of the prior's."""
        sds = [one.std() for one, given in zip(self.draws, self.given, strict=True) if not given]
        return max(float(min(sds)), float(self.grid[1] - self.grid[0]))


def _scale(draws: Sequence[FloatArray], prior: Sequence[tuple[float, float] | None]) -> tuple[float, float]:
    known = [one for one in prior if one is not None]
    if known:
        middles, sizes = np.array(known).T
        # priors of times lie around each subject's own explanation
        return float(middles.mean()), float(np.sqrt(np.mean(sizes**2) + middles.var()))
    return float(np.mean([one.mean() for one in draws])), 1.0


def _log_normal(x: FloatArray, known: tuple[float, float] | None, centre: float, size: float) -> FloatArray:
    """Return the logarithm of a normal density up to a constant, in units of the scale."""
    if known is None:
        return np.zeros(len(x))
    middle, sd = (known[0] - centre) / size, known[1] / size
    return np.asarray(-0.5 * ((x - middle) / sd) ** 2)


def _density(draws: FloatArray, grid: FloatArray, independent: float) -> FloatArray:
    """Return the density of draws on a grid, with their mean and variance."""
    step, mean = float(grid[1] - grid[0]), float(draws.mean())
    sd = max(float(draws.std()), 1e-9)
    quarter, half = np.quantile(draws, [0.25, 0.75])
    narrow = min(sd, float(half - quarter) / 1.349) or sd
    # Silverman's rule of thumb; not narrower than the grid can show
    kernel = max(min(0.9 * narrow * max(independent, 2.0) ** -0.2, 0.9 * sd), 1.5 * step)
    closer = np.sqrt(max(1.0 - (kernel / sd) ** 2, 0.0))
    atoms = mean + closer * (draws - mean)
    # each is shared among the two points around it, so that one product makes the density of all
    at = np.clip((atoms - grid[0]) / step, 0, len(grid) - 1.001)
    left = at.astype(int)
    mass = np.bincount(left, 1 - (at - left), len(grid)) + np.bincount(left + 1, at - left, len(grid))
    found = _near(len(grid), step / kernel) @ mass / (len(draws) * step) * np.sqrt(2 * np.pi)
    wide = max(sd, kernel)
    return np.asarray((1 - TAIL) * found + TAIL / wide * np.exp(-0.5 * ((grid - mean) / wide) ** 2))


def _falling(log: FloatArray, grid: FloatArray, draws: FloatArray) -> FloatArray:
    """Return the logarithm of a likelihood that does not rise where no draw tells of it.

    There one tail would be divided by another, and of a posterior as wide as its prior the quotient grows without end.
    """
    low, high = np.searchsorted(grid, np.quantile(draws, [OUTSIDE, 1 - OUTSIDE]))
    found = log.copy()
    found[high:] = np.minimum.accumulate(log[high:])
    found[:low] = np.minimum.accumulate(log[:low][::-1])[::-1]
    return found


def _blurred(likelihood: FloatArray, grid: FloatArray) -> FloatArray:
    step = float(grid[1] - grid[0])
    found = np.empty((len(LEVELS), *likelihood.shape), np.float32)
    for k, sd in enumerate(LEVELS):
        near = _near(len(grid), step / sd)
        found[k] = np.log(np.maximum(likelihood @ near, FLOOR))
    return found


def _near(n: int, step: float) -> FloatArray:
    """Return normal weights of each point around each other, shape (n, n); those of a whole line of points sum to 1."""
    line = np.exp(-0.5 * (np.arange(1 - n, n) * step) ** 2)
    return np.asarray(sliding_window_view(line / line.sum(), n)[::-1])
