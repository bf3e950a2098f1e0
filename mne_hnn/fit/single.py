"""A column as it is, as the only explanation: nothing was found that its evidence could be compared with."""

from __future__ import annotations

from .amplitude import Amplitude
from .circuit_prior import CircuitPrior
from .evidence import Evidence
from .explanation import Explanation
from .judging import counted
from .result import FitResult
from .scoring import pyramidal_spikes
from .spiking_counts import spikes_per_cell

__all__ = ["single_explanation"]


def single_explanation(fit: FitResult, prior: CircuitPrior) -> Explanation:
    """Return the explanation that a column with given drives is, fitted around them or only scaled.

    Parameters
    ----------
    fit : FitResult
        The column, with its target.
    prior : CircuitPrior
        What is plausible: cells are counted with it.

    Returns
    -------
    explanation : Explanation
        In the regime that its cells are in; its evidence has no parts, as it was not judged.
    """
    assert fit.target is not None
    firing = bool(pyramidal_spikes(fit.simulation))
    amplitude: Amplitude | None = None
    refusals: list[str] = []
    if fit.scale > 0:
        amplitude, refusals = counted(fit.scale, fit.network, fit.target, prior, firing=firing)
    return Explanation(
        regime="spiking" if firing else "silent",
        fit=fit,
        evidence=Evidence(value=0.0, error=0.0, parts={}),
        amplitude=amplitude,
        spikes=spikes_per_cell(fit.simulation),
        refusals=tuple(refusals),
    )
