"""Several posteriors of the same response side by side: how probable each kind of explanation is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ParameterError
from .circuit_posterior import CircuitPosterior

__all__ = ["compare_posteriors", "strength"]

STRENGTHS = ((1.0, "not worth more than a mention"), (3.0, "positive"), (5.0, "strong"))
"""Differences of logarithms of evidences, and what they are called (Kass and Raftery 1995,
https://doi.org/10.1080/01621459.1995.10476572)."""


def strength(difference: float) -> str:
    """Return how strong a difference of two logarithms of evidences is, in words."""
    return next((word for most, word in STRENGTHS if abs(difference) < most), "very strong")


def compare_posteriors(found: Sequence[CircuitPosterior]) -> list[dict[str, Any]]:
    """Return a row per posterior of the same response, the most probable first.

    Parameters
    ----------
    found : sequence of CircuitPosterior
        Of other regimes or sequences, with the same sensors and settings.

    Returns
    -------
    rows : list of dict
        Regime, sequence, evidence with its error, difference from the best, how strong that is, probability, and
        whether all checks passed.

    Raises
    ------
    ParameterError
        They are of different responses.

    Examples
    --------
    >>> [row["regime"] for row in compare_posteriors([drawn])]
    ['silent']
    """
    if not found:
        raise ParameterError("Give at least one posterior to compare.")
    first = found[0]
    for one in found:
        alike = one.wanted.shape == first.wanted.shape and np.allclose(one.times_ms, first.times_ms)
        noise = (one.facts["log_evidence_of_noise"], first.facts["log_evidence_of_noise"])
        if not alike or not np.isclose(*noise, rtol=1e-6):
            raise ParameterError(
                "These posteriors are of different responses, or of other times or noise: their evidences say nothing "
                "of each other."
            )
    ordered = sorted(found, key=lambda one: -one.evidence.value)
    values = np.array([one.evidence.value for one in ordered])
    weights = np.exp(values - values[0])
    return [
        {
            "regime": one.regime,
            "sequence": ", ".join(f"{place} {mu:.0f} ms" for place, mu in one.sequence),
            "evidence": one.evidence.value,
            "error": one.evidence.error,
            "difference": float(values[0] - one.evidence.value),
            "against": strength(float(values[0] - one.evidence.value)),
            "probability": float(weight / weights.sum()),
            "checks_passed": all(check.passed for check in one.checks),
        }
        for one, weight in zip(ordered, weights, strict=True)
    ]
