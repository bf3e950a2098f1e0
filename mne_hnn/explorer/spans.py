"""When drives come, as far as a fit knows: spans over the dipole that it was fitted by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..fit import Estimate

__all__ = ["Span", "time_spans"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The interval that holds 90 % of the probability of a drive's mean time.

    Attributes
    ----------
    drive : str
        The drive.
    low_ms, high_ms : float
        Its ends, ms.
    """

    drive: str
    low_ms: float
    high_ms: float


def time_spans(estimates: Iterable[Estimate]) -> tuple[Span, ...]:
    """Return the spans of the mean times among what a fit has estimated, where it has intervals."""
    found = []
    for estimate in estimates:
        parts = estimate.path.split(".")
        if parts[0] == "drives" and parts[-1] == "mu_ms" and np.isfinite([estimate.low, estimate.high]).all():
            found.append(Span(drive=".".join(parts[1:-1]), low_ms=estimate.low, high_ms=estimate.high))
    return tuple(found)
