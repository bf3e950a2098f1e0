"""Several posteriors of the same response side by side: how probable each explanation is, and which it leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ParameterError
from .circuit_posterior import CircuitPosterior

__all__ = ["compare_posteriors", "evidence_in_words", "strength"]

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
        Regime, sequence, evidence with its error, difference from the best, how strong that is, whether the best is
        told apart from it (by 3, and by twice the error of the difference), probability, and whether all checks passed.

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
            "told_apart": ordered[0].evidence.decides_over(one.evidence),
            "probability": float(weight / weights.sum()),
            "checks_passed": all(check.passed for check in one.checks),
        }
        for one, weight in zip(ordered, weights, strict=True)
    ]


def evidence_in_words(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which explanations a response tells apart, and which it does not: all of these are to be reported.

    Parameters
    ----------
    rows : sequence of mapping
        Of :func:`compare_posteriors`.

    Returns
    -------
    sentences : list of str
        None for a single posterior.

    Examples
    --------
    >>> evidence_in_words(compare_posteriors([drawn]))
    []
    """
    if len(rows) < 2:
        return []
    open_ = [row for number, row in enumerate(rows) if not number or not row.get("told_apart", True)]
    others = [row for row in rows if not any(row is one for one in open_)]
    told = []
    if len(open_) > 1:
        listed = "; ".join(f"{_name(row)} (probability {row['probability']:.2f}{_below(row)})" for row in open_)
        both = "Both are" if len(open_) == 2 else "All of them are"
        told.append(
            f"Not told apart by this response: {listed}. {both} to be reported: what they share is what the response "
            "says, what differs between them it leaves open."
        )
    if others:
        listed = "; ".join(f"{_name(row)}{_below(row)}" for row in others)
        told.append(f"The response decides for {_name(rows[0])} against {listed}.")
    return told


def _name(row: Mapping[str, Any]) -> str:
    number = f"explanation {row['explanation']}, " if "explanation" in row else ""
    return f"{number}{row['sequence']} ({'cells fire' if row['regime'] == 'spiking' else 'no cell fires'})"


def _below(row: Mapping[str, Any]) -> str:
    return f", {row['difference']:.1f} below" if row["difference"] > 0 else ""
