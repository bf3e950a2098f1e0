"""Distributions of single quantities: log-normal, beta and normal, as values that say how far off a number is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from .._checks import check_finite, check_positive, check_probability
from .._types import FloatArray
from .._value import Value
from ..errors import ParameterError

__all__ = ["Beta", "Distribution", "LogNormal", "Normal"]

USUAL_SHARE = 0.9
_FLATTEST, _SHARPEST = 1e-3, 1e9
"""Sums of the two numbers of a beta distribution between which the one of an interval is sought."""


class Distribution(Protocol):
    """What is known of a single quantity."""

    def ppf(self, share: ArrayLike) -> Any:
        """Return the value below which a share of the probability lies."""

    def interval(self, share: float = USUAL_SHARE) -> tuple[float, float]:
        """Return the interval that holds a share of the probability, with equal shares on both sides."""

    def distance(self, value: ArrayLike) -> Any:
        """Return how many standard deviations a value lies above the middle."""

    def at(self, distance: ArrayLike) -> Any:
        """Return the value at so many standard deviations from the middle."""

    def log_density(self, value: ArrayLike) -> Any:
        """Return the logarithm of the density."""


@dataclass(frozen=True, slots=True)
class LogNormal(Value):
    """A quantity above zero whose logarithm is normal.

    Parameters
    ----------
    median : float
        Median, in the unit of the quantity.
    factor : float
        Standard deviation, as a factor: 68 % of the probability lies between ``median / factor`` and
        ``median * factor``.

    Raises
    ------
    ParameterError
        `median` is not above 0, or `factor` not above 1.

    Examples
    --------
    >>> spikes = LogNormal(median=1.0, factor=2.0)
    >>> [round(end, 2) for end in spikes.interval(0.9)]
    [0.32, 3.13]
    """

    median: float
    factor: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "median", check_positive(self.median, "LogNormal: median"))
        object.__setattr__(self, "factor", check_finite(self.factor, "LogNormal: factor"))
        if self.factor <= 1:
            raise ParameterError(
                f"LogNormal: factor must be above 1, got {self.factor:g}: it is the standard deviation as a factor, "
                "2 where 68 % lie between half and twice the median."
            )

    @classmethod
    def between(cls, low: float, high: float, *, share: float = USUAL_SHARE) -> Self:
        """Return the distribution that has a given interval.

        Parameters
        ----------
        low, high : float
            Ends of the interval, in the unit of the quantity; the median is their geometric mean.
        share : float
            Share of the probability in it, the rest being equal on both sides.

        Returns
        -------
        distribution : LogNormal
            The distribution.

        Raises
        ------
        ParameterError
            The interval is not above 0, or does not rise.
        """
        first, last = _rising(check_positive(low, "low"), check_positive(high, "high"))
        width = math.log(last / first) / (2 * _deviations(share))
        return cls(math.sqrt(first) * math.sqrt(last), math.exp(width))

    @property
    def mean_log(self) -> float:
        """Mean of the natural logarithm."""
        return math.log(self.median)

    @property
    def sd_log(self) -> float:
        """Standard deviation of the natural logarithm."""
        return math.log(self.factor)

    def scaled(self, by: float) -> Self:
        """Return the distribution of the quantity times a number above zero."""
        return type(self)(self.median * check_positive(by, "by"), self.factor)

    def ppf(self, share: ArrayLike) -> Any:
        """Return the value below which a share of the probability lies.

        Parameters
        ----------
        share : float or array
            Between 0 and 1.

        Returns
        -------
        value : float or array
            Of the shape of `share`.
        """
        return self.at(stats.norm.ppf(_shares(share)))

    def interval(self, share: float = USUAL_SHARE) -> tuple[float, float]:
        """Return the interval that holds a share of the probability, with equal shares on both sides."""
        width = _deviations(share) * self.sd_log
        return self.median * math.exp(-width), self.median * math.exp(width)

    def distance(self, value: ArrayLike) -> Any:
        """Return how many standard deviations the logarithm of a value lies above that of the median.

        Parameters
        ----------
        value : float or array
            In the unit of the quantity; 0 is infinitely far below.

        Returns
        -------
        distance : float or array
            Of the shape of `value`.

        Raises
        ------
        ParameterError
            A value is below 0.
        """
        return _plain((_logarithms(value) - self.mean_log) / self.sd_log)

    def at(self, distance: ArrayLike) -> Any:
        """Return the value at so many standard deviations from the median; the inverse of :meth:`distance`."""
        return _plain(np.exp(self.mean_log + self.sd_log * np.asarray(distance, dtype=np.float64)))

    def log_density(self, value: ArrayLike) -> Any:
        """Return the logarithm of the density of the natural logarithm of a value; minus infinity at 0."""
        return _plain(stats.norm.logpdf(_logarithms(value), self.mean_log, self.sd_log))

    def to_plain(self) -> dict[str, float]:
        """Return the numbers by name, as files hold them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the distribution from its numbers; the inverse of :meth:`to_plain`."""
        return cls(**_by_name(plain, cls))


@dataclass(frozen=True, slots=True)
class Beta(Value):
    """A share between 0 and 1 with a beta distribution.

    Parameters
    ----------
    alpha, beta : float
        The two numbers of the distribution, above 0: the mean is ``alpha / (alpha + beta)``, and the larger their sum,
        the narrower it is.

    Raises
    ------
    ParameterError
        A number is not above 0.

    Examples
    --------
    >>> Beta(alpha=2.0, beta=6.0).mean
    0.25
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", check_positive(self.alpha, "Beta: alpha"))
        object.__setattr__(self, "beta", check_positive(self.beta, "Beta: beta"))

    @classmethod
    def with_mean_and_interval(cls, mean: float, low: float, high: float, *, share: float = USUAL_SHARE) -> Self:
        """Return the distribution of a given mean that has a share of its probability in an interval.

        Parameters
        ----------
        mean : float
            Mean, above 0 and below 1.
        low, high : float
            Ends of the interval, around the mean. A distribution of two numbers cannot obey three: what is left over
            need not be equal on both sides.
        share : float
            Share of the probability in the interval.

        Returns
        -------
        distribution : Beta
            The distribution.

        Raises
        ------
        ParameterError
            The mean is 0 or 1 or outside the interval, or no distribution has so little in it.
        """
        middle = check_finite(mean, "mean")
        if not 0 < middle < 1:
            raise ParameterError(f"The mean of a share must be above 0 and below 1, got {middle:g}.")
        first, last = _rising(check_probability(low, "low"), check_probability(high, "high"))
        if not first < middle < last:
            raise ParameterError(f"The mean must lie within the interval, got {middle:g} and {first:g} to {last:g}.")
        _deviations(share)

        bounds = math.log(_FLATTEST), math.log(_SHARPEST)
        known = (middle, first, last, share)
        if _excess(bounds[0], *known) >= 0 or _excess(bounds[1], *known) <= 0:
            raise ParameterError(
                f"No beta distribution with a mean of {middle:g} has {share:.0%} of its probability between {first:g} "
                f"and {last:g}: give another interval."
            )
        size = math.exp(optimize.brentq(_excess, *bounds, args=known, xtol=1e-12))
        return cls(middle * size, (1 - middle) * size)

    @property
    def mean(self) -> float:
        """Mean."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def median(self) -> float:
        """Median."""
        return float(stats.beta.median(self.alpha, self.beta))

    def ppf(self, share: ArrayLike) -> Any:
        """Return the value below which a share of the probability lies.

        Parameters
        ----------
        share : float or array
            Between 0 and 1.

        Returns
        -------
        value : float or array
            Of the shape of `share`.
        """
        return _plain(stats.beta.ppf(_shares(share), self.alpha, self.beta))

    def interval(self, share: float = USUAL_SHARE) -> tuple[float, float]:
        """Return the interval that holds a share of the probability, with equal shares on both sides."""
        _deviations(share)
        low, high = stats.beta.ppf([(1 - share) / 2, (1 + share) / 2], self.alpha, self.beta)
        return float(low), float(high)

    def distance(self, value: ArrayLike) -> Any:
        """Return the normal score of a value: as far from the median as a normal variable of the same probability.

        Parameters
        ----------
        value : float or array
            Shares; 0 and 1 are infinitely far off.

        Returns
        -------
        distance : float or array
            In standard deviations, of the shape of `value`.

        Raises
        ------
        ParameterError
            A value is no share.
        """
        given = _shares(value)
        below = stats.norm.ppf(stats.beta.cdf(given, self.alpha, self.beta))
        above = -stats.norm.ppf(stats.beta.sf(given, self.alpha, self.beta))
        return _plain(np.where(below < 0, below, above))  # each tail by its own small number: 1 - 1e-20 would be 1

    def at(self, distance: ArrayLike) -> Any:
        """Return the share at so many standard deviations from the median; the inverse of :meth:`distance`."""
        scores = np.asarray(distance, dtype=np.float64)
        low = stats.beta.ppf(stats.norm.cdf(scores), self.alpha, self.beta)
        high = stats.beta.isf(stats.norm.sf(scores), self.alpha, self.beta)
        return _plain(np.where(scores < 0, low, high))

    def log_density(self, value: ArrayLike) -> Any:
        """Return the logarithm of the density of a share."""
        return _plain(stats.beta.logpdf(_shares(value), self.alpha, self.beta))

    def to_plain(self) -> dict[str, float]:
        """Return the numbers by name, as files hold them."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the distribution from its numbers; the inverse of :meth:`to_plain`."""
        return cls(**_by_name(plain, cls))


@dataclass(frozen=True, slots=True)
class Normal(Value):
    """A quantity of either sign with a normal distribution.

    Parameters
    ----------
    median : float
        Middle, in the unit of the quantity.
    sd : float
        Standard deviation, in the same unit.

    Raises
    ------
    ParameterError
        `sd` is not above 0.
    """

    median: float
    sd: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "median", check_finite(self.median, "Normal: median"))
        object.__setattr__(self, "sd", check_positive(self.sd, "Normal: sd"))

    def ppf(self, share: ArrayLike) -> Any:
        """Return the value below which a share of the probability lies."""
        return self.at(stats.norm.ppf(_shares(share)))

    def interval(self, share: float = USUAL_SHARE) -> tuple[float, float]:
        """Return the interval that holds a share of the probability, with equal shares on both sides."""
        width = _deviations(share) * self.sd
        return self.median - width, self.median + width

    def distance(self, value: ArrayLike) -> Any:
        """Return how many standard deviations a value lies above the median."""
        return _plain((np.asarray(value, dtype=np.float64) - self.median) / self.sd)

    def at(self, distance: ArrayLike) -> Any:
        """Return the value at so many standard deviations from the median; the inverse of :meth:`distance`."""
        return _plain(self.median + self.sd * np.asarray(distance, dtype=np.float64))

    def log_density(self, value: ArrayLike) -> Any:
        """Return the logarithm of the density of a value."""
        return _plain(stats.norm.logpdf(value, self.median, self.sd))


def _deviations(share: Any) -> float:
    """Return how many standard deviations from the middle a normal interval of such a share ends."""
    given = check_finite(share, "share")
    if not 0 < given < 1:
        raise ParameterError(f"share must be above 0 and below 1, 0.9 for a 90 % interval, got {given:g}.")
    return float(stats.norm.ppf((1 + given) / 2))


def _excess(log_size: float, mean: float, low: float, high: float, share: float) -> float:
    """Return how much more than a share lies in an interval of the beta distribution with such a mean and sum."""
    size = math.exp(log_size)
    ends = stats.beta.cdf([low, high], mean * size, (1 - mean) * size)
    return float(ends[1] - ends[0]) - share


def _rising(low: float, high: float) -> tuple[float, float]:
    if low >= high:
        raise ParameterError(f"low must be below high, got {low:g} and {high:g}.")
    return low, high


def _logarithms(value: ArrayLike) -> FloatArray:
    numbers = np.asarray(value, dtype=np.float64)
    if (numbers < 0).any():
        raise ParameterError(f"A quantity with a log-normal distribution is not below 0, got {numbers.min():g}.")
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(numbers))


def _shares(value: ArrayLike) -> FloatArray:
    numbers = np.asarray(value, dtype=np.float64)
    if ((numbers < 0) | (numbers > 1)).any():
        wrong = numbers[(numbers < 0) | (numbers > 1)]
        raise ParameterError(f"A share lies between 0 and 1, got {wrong.ravel()[0]:g}.")
    return numbers


def _plain(values: Any) -> Any:
    """Return a float for a single value, arrays as they are."""
    return float(values) if np.ndim(values) == 0 else values


def _by_name(plain: Any, kind: type) -> dict[str, Any]:
    if not isinstance(plain, Mapping):
        raise ParameterError(f"{kind.__name__} is made from numbers by name, got {plain!r}.")
    return dict(plain)
