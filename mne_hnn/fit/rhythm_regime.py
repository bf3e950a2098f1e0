"""What a regime asks of a column that makes a rhythm, besides the rhythm: whether its cells fire, and how much."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._code import value_text
from .._units import MS
from ..simulate import Simulation
from .circuit_prior import CircuitPrior
from .rhythm_moment import RhythmMoment
from .score import Score
from .scoring import pyramidal_spikes
from .spiking_counts import SpikeCounts, spikes_per_cell
from .spiking_data import HALF_SPIKE

__all__ = ["RhythmRegime", "counts_of", "pyramidal_rate", "rate_distances"]

WRONG = 1.0
"""Loss of a column that is in the other regime: in spectra a deviation by a factor of ten. A choice of this package."""
PER_NAT = 0.05
"""Loss per unit of the negative logarithm of what is plausible: two standard deviations of one quantity cost 0.1, what
a deviation of a spectrum by 26 % costs. A choice of this package."""


def counts_of(simulation: Simulation, burn_in_ms: float) -> SpikeCounts:
    """Return the spikes per cell after the burn-in, as the rhythm is judged there."""
    return spikes_per_cell(simulation, tmin=burn_in_ms * MS if burn_in_ms else None)


def pyramidal_rate(simulation: Simulation, counts: SpikeCounts) -> float:
    """Return spikes per cell of the pyramidal type that fires most."""
    types = simulation.network.cell_types
    return max((counts.types[name].per_cell for name, one in types.items() if one.measures_dipole), default=0.0)


def rate_distances(counts: SpikeCounts, prior: CircuitPrior, *, soft: bool = False) -> dict[str, float]:
    """Return how many standard deviations the spikes of each type lie from what is expected of cells that fire.

    Parameters
    ----------
    counts : SpikeCounts
        In a window, as long as which spikes are expected.
    prior : CircuitPrior
        What is expected.
    soft : bool
        Add half a spike to the spikes of each type in a trial, so that none is not infinitely far from some.
    """
    expected = prior.spikes_in((counts.tmax - counts.tmin) / MS)
    found = {}
    for name, count in counts.types.items():
        if name in expected and count.n_cells:
            found[name] = float(expected[name].distance(count.per_cell + (HALF_SPIKE / count.n_cells if soft else 0.0)))
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmRegime:
    """An objective that is small where cells do what a regime says, and as many columns as are plausible are needed.

    In ``'silent'`` each spike of a pyramidal cell costs; in ``'spiking'`` the spikes per cell of each type are a
    log-normal observation (:meth:`CircuitPrior.spikes_in`). The number of columns is one in both, where the target has
    a unit: the shape of a spectrum below threshold is the same however strong the drives are.

    Attributes
    ----------
    regime : str
        ``'silent'`` or ``'spiking'``.
    prior : CircuitPrior
        What is plausible.
    burn_in_ms : float
        What is left out at the start where spikes are counted, ms.
    moment : RhythmMoment | None
        Of which columns are counted; None where the target has no unit.
    """

    regime: str
    prior: CircuitPrior
    burn_in_ms: float
    moment: RhythmMoment | None

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        moment = None if self.moment is None else self.moment.identity
        return value_text("regime", self.regime, self.prior, self.burn_in_ms, moment)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        loss = self._of_spikes(simulation) + PER_NAT * self._of_columns(simulation)
        return Score(loss=loss)

    def _of_spikes(self, simulation: Simulation) -> float:
        if self.regime == "silent":
            spikes = pyramidal_spikes(simulation) / simulation.n_trials
            return WRONG + math.log1p(spikes) if spikes else 0.0
        counts = counts_of(simulation, self.burn_in_ms)
        far = 0.5 * sum(distance**2 for distance in rate_distances(counts, self.prior, soft=True).values())
        return PER_NAT * far + (0.0 if pyramidal_rate(simulation, counts) else WRONG)

    def _of_columns(self, simulation: Simulation) -> float:
        """Return the negative logarithm of how plausible the number of columns is, but for a constant."""
        if self.moment is None:
            return 0.0
        columns, firing = self.moment.columns(simulation), self.regime == "spiking"
        if not (np.isfinite(columns) and columns > 0):
            return float("inf")
        distance = self.moment.distance(columns, self.prior, firing=firing)
        fit = self.moment.log_plausibility(columns, self.prior, firing=firing)
        return (0.0 if np.isnan(distance) else 0.5 * distance**2) - fit
