"""Times, spreads and weights of a sequence of drives as one vector, its misfit and its priors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from .._types import FloatArray
from .linear import LinearColumn
from .observation import ColumnPrior
from .sequence import EDGE_MS, GAP_MS, SIGMA_BOUNDS, SIGMA_FACTOR, SIGMA_MS, Candidate, drive_names

__all__ = ["WEIGHT_FACTOR", "DriveVector", "Posterior", "at_border", "natural"]

WEIGHT_uS, WEIGHT_FACTOR = 1e-4, 5.0
"""Weight that is expected of an input, and its standard deviation as a factor."""
REACH = float(np.log(1e6))
WEIGHT_BOUNDS_uS = (1e-7, 1e-3)
BORDER_MS = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class DriveVector:
    """Drives as one vector: times, log spreads, log weights, log number of columns."""

    locations: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def n(self) -> int:
        """Number of drives."""
        return len(self.locations)

    def parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, list[FloatArray], float]:
        """Return times (ms), spreads (ms), weights per drive (uS) and number of columns of a vector."""
        n = self.n
        weights = np.split(np.exp(x[2 * n : -1]), np.cumsum(self.sizes)[:-1])
        return x[:n], np.exp(x[n : 2 * n]), weights, float(np.exp(x[-1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Misfit and priors as one sum of squares."""

    column: LinearColumn
    sequence: DriveVector
    wanted: FloatArray
    variance: float
    prior: ColumnPrior | None
    within: tuple[FloatArray, FloatArray] | None = None
    """From when to when each drive may come, ms; None leaves them the whole record."""
    expected: float = 0.0
    """Logarithm of the number of columns that the search starts from; it stays within a factor of 1e6 of it."""
    lowered: float = 0.0
    """Logarithm of the factor by which all weights had to be lower, and columns more, than expected a priori."""

    def moment(self, x: FloatArray) -> FloatArray:
        """Return the moment of one column, A m."""
        mu, sigma, weights, _ = self.sequence.parts(x)
        found: FloatArray = self.column.background.copy()
        for place, time, spread, some in zip(self.sequence.locations, mu, sigma, weights, strict=True):
            found = found + self.column.basis(place, float(time), float(spread)) @ some
        return found

    def priors(self, x: FloatArray) -> FloatArray:
        """Return how far spreads, weights, gaps and number of columns lie from what is expected, in deviations."""
        mu, _, _, scale = self.sequence.parts(x)
        n = self.sequence.n
        gaps = np.diff(np.sort(mu))
        return np.concatenate(
            [
                (x[n : 2 * n] - np.log(SIGMA_MS)) / np.log(SIGMA_FACTOR),
                (x[2 * n : -1] + self.lowered - np.log(WEIGHT_uS)) / np.log(WEIGHT_FACTOR),
                3.0 * np.maximum(0.0, GAP_MS - gaps),
                # without a prior on the columns their number and the weights would be free against one another
                [0.0 if self.prior is None else self.prior.distance(scale * np.exp(-self.lowered))],
            ]
        )

    def residual(self, x: FloatArray, correction: FloatArray | float = 0.0) -> FloatArray:
        """Return misfit and priors; `correction` (A m) is added to the moment of one column."""
        scale = float(np.exp(x[-1]))
        data = (scale * (self.moment(x) + correction) - self.wanted) / np.sqrt(self.variance)
        return np.asarray(np.concatenate([data, self.priors(x)]), dtype=float)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return the bounds of a vector."""
        n, m = self.sequence.n, sum(self.sequence.sizes)
        first, last = self.within or (np.full(n, EDGE_MS), np.full(n, self.column.tstop - EDGE_MS))
        low = (
            [*first]
            + [np.log(SIGMA_BOUNDS[0])] * n
            + [np.log(WEIGHT_BOUNDS_uS[0]) - self.lowered] * m
            + [self.expected + self.lowered - REACH]
        )
        high = [*last] + [np.log(SIGMA_BOUNDS[1])] * n + [np.log(WEIGHT_BOUNDS_uS[1]) - self.lowered] * m
        return np.array(low), np.array([*high, self.expected + self.lowered + REACH])

    def best(self, x: FloatArray, correction: FloatArray | float = 0.0) -> FloatArray:
        """Return the most probable vector near another."""
        low, high = self.bounds()
        found = least_squares(
            self.residual,
            np.clip(x, low + 1e-9, high - 1e-9),
            bounds=(low, high),
            x_scale=self.steps(),
            max_nfev=60,
            kwargs={"correction": correction},
            diff_step=1e-4,
        )
        return np.asarray(found.x)

    def steps(self) -> FloatArray:
        """Return sensible steps of a vector."""
        n, m = self.sequence.n, sum(self.sequence.sizes)
        return np.array([5.0] * n + [0.5] * n + [1.0] * m + [1.0])

    def started(self, candidate: Candidate) -> tuple[Posterior, FloatArray]:
        """Return what is expected near a candidate, and its vector: weights and columns that are both plausible."""
        total = np.concatenate(candidate.weights)
        scale = self.prior.median if self.prior is not None else float(total.max()) / WEIGHT_uS
        scale = candidate.columns or scale  # the background tells how many columns there are
        scale = max(scale, float(total.max()) / WEIGHT_BOUNDS_uS[1] * 1.01)
        weights = np.clip(total / scale, 3e-3 * WEIGHT_uS, WEIGHT_BOUNDS_uS[1])
        x = np.concatenate([candidate.mu_ms, np.log(candidate.sigma_ms), np.log(weights), [np.log(scale)]])
        return replace(self, expected=float(np.log(scale))), x

    def lowered_by(self, factor: float, x: FloatArray) -> tuple[Posterior, FloatArray]:
        """Return the vector with weights smaller by a factor and as many more columns, and that this is expected."""
        n = self.sequence.n
        moved = x.copy()
        moved[2 * n : -1] += np.log(factor)
        moved[-1] -= np.log(factor)
        return replace(self, lowered=self.lowered - float(np.log(factor))), moved

    def covariance(self, x: FloatArray, inflation: float, correction: FloatArray | float = 0.0) -> FloatArray:
        """Return the covariance of a local Gaussian approximation; `inflation` multiplies the noise variance."""
        base = self.residual(x, correction)
        steps = 1e-3 * self.steps()
        jacobian = np.array([(self.residual(x + step, correction) - base) / step.sum() for step in np.diag(steps)]).T
        n = len(self.wanted)
        jacobian[:n] /= np.sqrt(inflation)
        # times are as likely anywhere in the record before the data are seen
        flat = np.zeros(len(x))
        flat[: self.sequence.n] = 12.0 / self.column.tstop**2
        flat[-1] = 1e-6
        return np.asarray(np.linalg.inv(jacobian.T @ jacobian + np.diag(flat)))


def natural(sequence: DriveVector, x: FloatArray) -> FloatArray:
    """Return times, spreads, weights and number of columns of a vector, in ms, uS and 1."""
    return np.concatenate([x[: sequence.n], np.exp(x[sequence.n :])])


def at_border(posterior: Posterior, x: FloatArray) -> list[str]:
    """Return a warning per drive whose time lies at the border that its neighbours in a given sequence leave it."""
    if posterior.within is None:
        return []
    locations = posterior.sequence.locations
    ends = zip(drive_names(locations), x.tolist(), *(bound.tolist() for bound in posterior.within), strict=False)
    return [
        f"{name} lies at {mu:.1f} ms, the border that the given sequence leaves it ({low:g} to {high:g} ms): the "
        "waveform asks for another sequence."
        for name, mu, low, high in ends
        if min(mu - low, high - mu) < BORDER_MS
    ]
