"""How probable a response is if an explanation of its kind made it: one number by which explanations are ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lgamma, log, pi, sqrt

from .._checks import check_finite, check_non_negative
from .._value import FrozenMap, Value

__all__ = ["DECISIVE", "Evidence", "log_sequence_prior"]

DECISIVE = 3.0
"""Difference of two logarithms of evidence that counts: odds of 20 to 1, 'strong' for Kass and Raftery (1995,
https://doi.org/10.1080/01621459.1995.10476572)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence(Value):
    """Logarithm of the marginal likelihood of a response under an explanation of its kind.

    It is relative to an explanation that meets the response exactly and assumes nothing, so that it is negative.
    Differences between explanations of the same response are what counts: 3 are odds of 20 to 1.

    Attributes
    ----------
    value : float
        Natural logarithm: the sum of the parts.
    error : float
        Its standard error, from leaving out parts of the ensemble.
    parts : mapping of str to float
        ``'waveform'``: what the response itself says, averaged over all that was plausible before; ``'cells'``: whether
        the patch holds the cells that are needed; ``'sequence'``: the price of each drive's time and side;
        ``'regime'``: whether cells were expected to fire.

    Examples
    --------
    >>> one, two = Evidence.of({"waveform": -10.0, "cells": -1.0}, 0.2), Evidence.of({"waveform": -16.0}, 0.2)
    >>> one.value, one.decides_over(two)
    (-11.0, True)
    """

    value: float
    error: float
    parts: Mapping[str, float]

    def __post_init__(self) -> None:
        check_finite(self.value, "Evidence: value")
        check_non_negative(self.error, "Evidence: error")
        object.__setattr__(self, "parts", FrozenMap(self.parts))

    @classmethod
    def of(cls, parts: Mapping[str, float], error: float) -> Evidence:
        """Return the evidence that is the sum of parts."""
        return cls(value=float(sum(parts.values())), error=float(error), parts=parts)

    def decides_over(self, other: Evidence) -> bool:
        """Return whether this evidence is decisively higher: by 3, and by twice the error of the difference.

        It must be so with and without what was expected of regimes: that cells usually fire orders explanations, but is
        nothing that the response says.
        """
        least = max(DECISIVE, 2 * sqrt(self.error**2 + other.error**2))
        return min(self.value - other.value, self.said_by_data - other.said_by_data) > least

    @property
    def said_by_data(self) -> float:
        """The evidence without what was expected of regimes."""
        return self.value - self.parts.get("regime", 0.0)

    def __repr__(self) -> str:
        return f"<Evidence {self.value:.1f} ± {self.error:.1f}>"


def log_sequence_prior(n_drives: int, time_sd_ms: float, tstop: float) -> float:
    """Return what a sequence costs whose times were expected within some ms instead of anywhere in the record.

    Before the response is seen, each drive comes from either side, at any time, in any order; a search that expects it
    around the time that the response itself proposed would count this as foreknowledge.

    Parameters
    ----------
    n_drives : int
        Number of drives.
    time_sd_ms : float
        Standard deviation of the time of each around the proposed one, ms.
    tstop : float
        Length of the record, ms.
    """
    return n_drives * log(sqrt(2 * pi) * time_sd_ms / (2 * tstop)) + lgamma(n_drives + 1)
