"""What an objective is, and what it says of a simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .._types import FloatArray
from ..simulate import Simulation

__all__ = ["Objective", "Score"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """What an objective says of a simulation.

    Attributes
    ----------
    loss : float
        Smaller is better; infinity if the simulation failed.
    scale : float
        Factor the dipole was multiplied with to compare it; NaN if the objective has none.
    r_squared : float
        Share of the target's variance that is explained; NaN without a target waveform.
    residual : array, shape (n_residuals,)
        Weighted differences whose mean square the loss grows with, for optimizers that use them; may be empty.

    Examples
    --------
    >>> from mne_hnn.fit import Waveform
    >>> score = Waveform(target=target, tmax=0.1).score(simulation)
    >>> bool(score.loss >= 0), bool(score.scale >= 0)
    (True, True)
    """

    loss: float
    scale: float = float("nan")
    r_squared: float = float("nan")
    residual: FloatArray = field(default_factory=lambda: np.empty(0))


class Objective(Protocol):
    """What a fit makes small.

    Examples
    --------
    >>> class Quiet:
    ...     identity = "rate of layer 5 pyramidal cells"
    ...
    ...     def score(self, simulation):
    ...         return Score(loss=simulation.spikes.rates()["L5_pyramidal"])
    >>> bool(Quiet().score(simulation).loss >= 0)
    True
    """

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ; it names results in a checkpoint."""
        ...

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation of all trials."""
        ...
