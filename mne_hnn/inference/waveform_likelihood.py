"""How probable the course of a moment is if a column made it: scale and model discrepancy are integrated out.

What no column can give is a Gaussian process beside the noise (Kennedy and O'Hagan 2001,
https://doi.org/10.1111/1467-9868.00294).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import logsumexp

from .._checks import check_non_negative, check_positive
from .._types import FloatArray
from ..errors import DataError, ParameterError
from ..fit.atoms import IntArray

__all__ = ["Columns", "Drawn", "WaveformLikelihood", "correlation", "gaussian_log_density"]

SIZES = (0.02, 0.04, 0.07, 0.1, 0.15, 0.22, 0.33, 0.5)
"""What the model may leave of the response, relative to its root mean square: a grid from next to nothing to half."""
SIZE_FACTOR = 2.0
"""Standard deviation, as a factor, of the log-normal prior of that size."""
REACH = 8.0
"""Numbers of columns are summed over to so many standard deviations from what is expected."""
COARSE = 0.08
"""Largest step of that sum, of logarithms."""
STRONG = 30.0
"""Logarithm of a likelihood ratio from which on all that counts is in the peak, which has a grid of its own: weaker
peaks are wider than 0.13 in logarithms, and the coarse grid sees them."""
PEAK = np.linspace(-8.0, 8.0, 33)
"""That grid, in standard deviations of the peak: the trapezoid rule is exact there to some 1e-6."""
NEWTON = 12
JITTER = 1e-10


def correlation(times_ms: FloatArray, n_independent: float) -> FloatArray:
    """Return the correlation over time of a smooth process with so many independent samples.

    A squared exponential whose integral over all lags is the length of a record over the number of its independent
    samples.

    Parameters
    ----------
    times_ms : array, shape (n_times,)
        Times, ms.
    n_independent : float
        How many independent samples they hold.

    Returns
    -------
    correlation : array, shape (n_times, n_times)
        1 on the diagonal.
    """
    length = float(np.ptp(times_ms)) / check_positive(n_independent, "n_independent") / np.sqrt(2 * np.pi)
    apart = (times_ms[:, np.newaxis] - times_ms) / max(length, 1e-9)
    return np.asarray(np.exp(-0.5 * apart**2))


def gaussian_log_density(deviation: FloatArray, covariance: FloatArray) -> float:
    """Return the logarithm of the density of a multivariate normal at a deviation from its mean."""
    lower = cholesky(covariance, lower=True)
    white = solve_triangular(lower, deviation, lower=True)
    n = len(deviation)
    return float(-0.5 * (white @ white + n * np.log(2 * np.pi)) - np.log(np.diag(lower)).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """How many columns are expected: log-normal, with what else is known of them.

    Attributes
    ----------
    mean_log, sd_log : float
        Of the natural logarithm of their number; a standard deviation of 0 means that it is known.
    log_weight : callable | None
        From numbers of columns, shape (n,), the logarithm of how possible each is besides, at most 0: whether the patch
        holds their cells. It makes the evidence smaller where most of what was expected is impossible.
    """

    mean_log: float
    sd_log: float
    log_weight: Callable[[FloatArray], FloatArray] | None = None

    def __post_init__(self) -> None:
        check_non_negative(self.sd_log, "Columns: sd_log")

    @property
    def width(self) -> float:
        """Distance of neighbours on a grid of logarithms on which the prior, and weak peaks, are smooth."""
        return min(COARSE, 0.5 * self.sd_log)

    def grid(self) -> FloatArray:
        """Return logarithms of numbers of columns as far as they are expected, in even steps."""
        n = int(np.ceil(REACH * self.sd_log / self.width)) if self.sd_log else 0
        return np.asarray(self.mean_log + self.width * np.arange(-n, n + 1)) if n else np.array([self.mean_log])

    def log_density(self, logs: FloatArray) -> FloatArray:
        """Return the logarithm of the density of logarithms of numbers of columns; 0 for the one that is known."""
        found = np.zeros(logs.shape)
        if self.sd_log:
            found = -0.5 * ((logs - self.mean_log) / self.sd_log) ** 2 - np.log(self.sd_log * np.sqrt(2 * np.pi))
        if self.log_weight is not None:
            found = found + np.maximum(self.log_weight(np.exp(logs)), -1e6)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """What was integrated out, drawn for each of some moments.

    Attributes
    ----------
    columns : array, shape (n,)
        Numbers of columns.
    size : array of int, shape (n,)
        Which size of the discrepancy.
    """

    columns: FloatArray
    size: np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class WaveformLikelihood:
    """The probability of the course of a moment, given that of one column.

    The response is the column's moment times a number of columns, plus noise, plus what the model does not know of its
    own mean response, plus what no column of this kind can give: a smooth Gaussian process, the discrepancy (Kennedy
    and O'Hagan 2001, https://doi.org/10.1111/1467-9868.00294). The number of columns and the size of the discrepancy
    are integrated out, by sums over grids.

    Attributes
    ----------
    times_ms : array, shape (n_times,)
        Times, ms.
    wanted : array, shape (n_times,)
        The response, A m.
    noise : array, shape (n_times, n_times)
        Covariance of its noise, (A m)².
    columns : Columns
        How many are expected.
    own : array, shape (n_times, n_times) | None
        Covariance of what is not known of the model's response, (A m)²; None if it is exact.
    smooth : array, shape (n_times, n_times)
        Correlation of the discrepancy over time; see :func:`correlation`.
    sizes : array, shape (n_sizes,)
        Standard deviations of the discrepancy, A m.
    log_size : array, shape (n_sizes,)
        Logarithm of the probability of each of them before the response is seen.
    sign : int
        1 or -1: which way the column's current flows in the response.

    Raises
    ------
    DataError
        The response is not finite, or the noise is no covariance.
    ParameterError
        The parts are of different sizes.

    Examples
    --------
    >>> import numpy as np
    >>> from mne_hnn.inference.waveform_likelihood import Columns, correlation
    >>> times = np.arange(0.0, 80.0, 4.0)
    >>> one = 5e-13 * np.exp(-(((times - 35) / 12) ** 2))  # of one column
    >>> likelihood = WaveformLikelihood(
    ...     times_ms=times,
    ...     wanted=3000 * one,
    ...     noise=1e-20 * np.eye(20),
    ...     columns=Columns(mean_log=np.log(2000), sd_log=1.0),
    ...     smooth=correlation(times, n_independent=8.0),
    ...     sizes=np.array([1e-10]),
    ...     log_size=np.array([0.0]),
    ... )
    >>> right, turned = likelihood.log_likelihood(np.array([one, -one]))
    >>> bool(right > turned)
    True
    """

    times_ms: FloatArray
    wanted: FloatArray
    noise: FloatArray
    columns: Columns
    smooth: FloatArray
    sizes: FloatArray
    log_size: FloatArray
    own: FloatArray | None = None
    sign: int = 1
    _basis: FloatArray = field(init=False, repr=False)
    _white: FloatArray = field(init=False, repr=False)
    _precision: FloatArray = field(init=False, repr=False)
    _constant: FloatArray = field(init=False, repr=False)
    _coarse: tuple[FloatArray, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = len(self.times_ms)
        shapes = {self.noise.shape, self.smooth.shape, (n, n)} | ({self.own.shape} if self.own is not None else set())
        if len(shapes) > 1 or self.wanted.shape != (n,) or self.sizes.shape != self.log_size.shape:
            raise ParameterError(
                f"The {n} times, the response and the covariances of a likelihood must be of one size, got a response "
                f"of {self.wanted.shape} and covariances of {sorted(shapes)}."
            )
        if self.sign not in (1, -1):
            raise ParameterError(f"sign must be 1 or -1, got {self.sign!r}.")
        if not np.isfinite(self.wanted).all():
            raise DataError("The response holds NaN or infinity: remove or interpolate those samples.")
        try:
            lower = cholesky(self._known(), lower=True)
        except (np.linalg.LinAlgError, ValueError):
            raise DataError(
                "The noise of the response is no covariance: it must be symmetric, finite and positive; a noise of "
                "zero has no likelihood."
            ) from None
        # in one basis the covariances of all sizes are diagonal
        inverse = solve_triangular(lower, np.eye(n), lower=True)
        values, vectors = np.linalg.eigh(inverse @ self.smooth @ inverse.T)
        variance = 1.0 + self.sizes[:, np.newaxis] ** 2 * np.maximum(values, 0.0)
        basis = vectors.T @ inverse
        white = basis @ self.wanted
        constant = -0.5 * ((white**2 / variance + np.log(variance)).sum(axis=1) + n * np.log(2 * np.pi))
        logs = self.columns.grid()
        step = np.log(self.columns.width) if self.columns.sd_log else 0.0
        object.__setattr__(self, "_basis", basis)
        object.__setattr__(self, "_white", white)
        object.__setattr__(self, "_precision", 1.0 / variance)
        object.__setattr__(self, "_constant", constant - np.log(np.diag(lower)).sum())
        object.__setattr__(self, "_coarse", (logs, self.columns.log_density(logs) + step))

    def covariances(self) -> list[FloatArray]:
        """Return the covariance of the response around the scaled moment for each size of the discrepancy."""
        known = self._known()
        return [known + size**2 * self.smooth for size in self.sizes]

    def _known(self) -> FloatArray:
        known = self.noise if self.own is None else self.noise + self.own
        return np.asarray(known + JITTER * float(np.trace(known)) / len(known) * np.eye(len(known)))

    def log_likelihood(self, moments: FloatArray) -> FloatArray:
        """Return the logarithm of the likelihood of moments.

        Parameters
        ----------
        moments : array, shape (n, n_times)
            Of one column, A m.

        Returns
        -------
        log_likelihood : array, shape (n,)
            Natural logarithms; number of columns and size of the discrepancy are integrated out.
        """
        along, power = self._products(moments)
        return np.asarray(logsumexp(self._by_size(along, power), axis=0))

    def log_likelihood_of_size(self, moments: FloatArray, size: IntArray) -> FloatArray:
        """Return the logarithm of the likelihood of moments if the size of the discrepancy is known.

        Parameters
        ----------
        moments : array, shape (n, n_times)
            Of one column, A m.
        size : array of int, shape (n,)
            Which size of the discrepancy goes with each.

        Returns
        -------
        log_likelihood : array, shape (n,)
            Natural logarithms; the number of columns is integrated out.
        """
        white, precision = moments @ self._basis.T, self._precision[size]
        along = self.sign * np.sum(precision * white * self._white, axis=1)
        return np.asarray(self._summed(along, np.sum(precision * white**2, axis=1)) + self._constant[size])

    def _products(self, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the product of each moment with the response, and its square, in units of the noise of each size."""
        white = moments @ self._basis.T
        along = self.sign * self._precision @ (white * self._white).T
        return along, self._precision @ (white**2).T

    def _by_size(self, along: FloatArray, power: FloatArray) -> FloatArray:
        summed = self._summed(along.ravel(), power.ravel()).reshape(along.shape)
        return np.asarray(summed + (self._constant + self.log_size)[:, np.newaxis])

    def _summed(self, along: FloatArray, power: FloatArray) -> FloatArray:
        """Return the logarithm of the sum over numbers of columns for each product of moment and response."""
        found = np.empty(len(along))
        strong = self._strong(along, power)
        for some, is_strong in ((strong, True), (~strong, False)):
            if some.any():
                terms = self._terms(along[some], power[some], strong=is_strong)[1]
                most = terms.max(axis=1)
                found[some] = most + np.log(np.exp(terms - most[:, np.newaxis]).sum(axis=1))
        return found

    def _strong(self, along: FloatArray, power: FloatArray) -> Any:
        ratio = 0.5 * np.maximum(along, 0.0) ** 2 / np.maximum(power, 1e-300)
        return (ratio > STRONG) if self.columns.sd_log else np.zeros(len(along), bool)

    def _terms(self, along: FloatArray, power: FloatArray, *, strong: bool) -> tuple[FloatArray, FloatArray]:
        """Return logarithms of numbers of columns, and of what each adds, shape (n, n_columns) or broadcast to it."""
        logs, weights = self._coarse
        if strong:
            logs, step = self._peak(along, power)
            weights = self.columns.log_density(logs) + np.log(step)[:, np.newaxis]
        factors = np.exp(logs)
        return logs, along[:, np.newaxis] * factors - 0.5 * power[:, np.newaxis] * factors**2 + weights

    def _peak(self, along: FloatArray, power: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return logarithms of numbers of columns around the peak of each sum, and their distance."""
        mean, precision = self.columns.mean_log, self.columns.sd_log**-2
        log = np.log(along / power)
        for _ in range(NEWTON):  # from the peak of the likelihood, which the prior hardly moves
            linear, square = along * np.exp(log), power * np.exp(2 * log)
            slope = linear - square - precision * (log - mean)
            bend = np.maximum(2 * square - linear, 0.5 * square) + precision
            log = log + np.clip(slope / bend, -0.5, 0.5)
        width = 1.0 / np.sqrt(np.maximum(2 * power * np.exp(2 * log) - along * np.exp(log), 1e-12) + precision)
        return log[:, np.newaxis] + width[:, np.newaxis] * PEAK, width * (PEAK[1] - PEAK[0])

    def draw(self, moments: FloatArray, rng: np.random.Generator) -> Drawn:
        """Draw the number of columns and the size of the discrepancy that go with each moment.

        Parameters
        ----------
        moments : array, shape (n, n_times)
            Of one column, A m.
        rng : numpy.random.Generator
            Draws.
        """
        along, power = self._products(moments)
        by_size = self._by_size(along, power)
        columns, sizes = np.empty(len(moments)), np.empty(len(moments), dtype=np.int64)
        for number in range(len(moments)):
            size = _drawn(by_size[:, number], rng)
            one, two = along[size, number : number + 1], power[size, number : number + 1]
            logs, terms = self._terms(one, two, strong=bool(self._strong(one, two)[0]))
            logs = np.broadcast_to(logs, terms.shape)[0]
            step = logs[1] - logs[0] if len(logs) > 1 else 0.0
            sizes[number] = size
            columns[number] = np.exp(logs[_drawn(terms[0], rng)] + step * (rng.random() - 0.5))
        return Drawn(columns=columns, size=sizes)

    def log_columns(self) -> tuple[FloatArray, FloatArray]:
        """Return logarithms of numbers of columns as they are expected, and of the weight of each."""
        return self._coarse

    def null(self) -> float:
        """Return the logarithm of the density of the response if there is noise only: no column, no discrepancy."""
        return gaussian_log_density(self.wanted, self.noise)


def _drawn(logs: FloatArray, rng: np.random.Generator) -> int:
    weights = np.cumsum(np.exp(logs - logs.max()))
    return int(np.searchsorted(weights, rng.random() * weights[-1]).clip(0, len(logs) - 1))


def discrepancy_grid(rms: float, expected: float) -> tuple[FloatArray, FloatArray]:
    """Return sizes of the discrepancy (A m), and the logarithm of the probability of each.

    Parameters
    ----------
    rms : float
        Root mean square of the response, A m.
    expected : float
        Median of the relative size.
    """
    check_positive(expected, "discrepancy")
    relative = np.array(SIZES)
    logs = -0.5 * (np.log(relative / expected) / np.log(SIZE_FACTOR)) ** 2 + np.log(np.gradient(np.log(relative)))
    return check_positive(rms, "The root mean square of the response (A m)") * relative, logs - logsumexp(logs)
