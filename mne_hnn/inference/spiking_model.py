"""The column whose cells fire as a fast model: an emulator of what simulations gave."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..fit.circuit_vector import LARGEST_NUMBER, CircuitVector, with_columns
from ..fit.emulator import Emulator
from .circuit_model import Predicted, drawn_possible, possible_times

__all__ = ["FiringColumn", "SpikingModel"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FiringColumn:
    """A column whose cells fire: which drives are expected of it, whatever says what they give.

    Attributes
    ----------
    vector : CircuitVector
        What the numbers mean, and what is expected of them; the number of columns is integrated out.
    """

    vector: CircuitVector

    @property
    def paths(self) -> tuple[str, ...]:
        """What the numbers are called in the network."""
        return self.vector.paths[:-1]

    @property
    def asks_spikes(self) -> bool:
        """Some numbers of spikes are more plausible than others."""
        return True

    def begin(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw particles from the prior, shape (n, n_free)."""
        return drawn_possible(self, n, len(self.paths), rng)

    def log_prior(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of the prior: normal, where drives are in order, shape (n,)."""
        ordered = possible_times(self.vector.drives_ms(z), self.vector.tstop)
        possible = ordered & np.all(np.abs(z) <= LARGEST_NUMBER, axis=1)
        return np.asarray(np.where(possible, -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi), -np.inf))

    def natural(self, z: FloatArray) -> FloatArray:
        """Return times and spreads (ms) and weights (uS) of particles, shape (n, n_free)."""
        return self.vector.natural(with_columns(z))[:, :-1]


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingModel(FiringColumn):
    """Drives of a column whose cells fire, by an emulator.

    Attributes
    ----------
    emulator : Emulator
        What they give.
    rates, deviations : array, shape (n_types,)
        Plausible logarithms of spikes per cell, and their standard deviations.
    last : int
        So many of the emulator's last trials are near the posterior: how well it knows their mean responses.
    """

    emulator: Emulator
    rates: FloatArray
    deviations: FloatArray
    last: int
    _unknown: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        unknown = self.emulator.unknown(self.around)[self.emulator.n_components :]
        object.__setattr__(self, "_unknown", self.deviations**2 + unknown)

    @property
    def around(self) -> slice:
        """Trials of the emulator that are near the posterior."""
        return slice(len(self.emulator.x) - self.last, None)

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""
        return f"spiking {self.vector.sequence} {self.vector.prior!r} {self.emulator.identity}"

    def predict(self, z: FloatArray) -> Predicted:
        """Return the moments of particles, A m, and how plausible their spikes are."""
        found = self.emulator.predict(z)
        residual = (found.log_rates - self.rates) ** 2 / self._unknown
        return Predicted(moments=found.moments, given=-0.5 * residual.sum(axis=1))
