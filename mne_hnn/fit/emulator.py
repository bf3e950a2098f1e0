"""What a column whose cells fire gives on average, from single trials of some hundred networks: a Gaussian process.

Trials of a column that fires are noisy witnesses of its mean response, so that what is emulated is the mean, and what
is left over is told apart: chance, which the mean of many trials loses, and what the emulator does not know (Kennedy
and O'Hagan 2001, https://doi.org/10.1111/1467-9868.00294; Rasmussen and Williams 2006,
https://doi.org/10.7551/mitpress/3206.001.0001, chapters 2 and 5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..errors import SimulationError
from .aligning import Alignment
from .atoms import IntArray
from .circuit_vector import CircuitVector
from .gaussian_process import Process, Scales, searched
from .spiking_data import Members

__all__ = ["Emulated", "Emulator", "emulator_of"]

KEPT_VARIANCE, MOST_COMPONENTS = 0.999, 48
"""Responses that are smoothed by 20 ms have some 18 components in 120 ms, and more in a longer record: with twelve of
them a tenth of a network's root mean square is lost."""
LEAST_UNKNOWN = 0.02
"""Of the variance of chance: so well the mean is not known, whatever a Gaussian process says of itself."""
FEWEST = 20
CHUNK = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class Emulated:
    """Mean responses of some particles.

    Attributes
    ----------
    moments : array, shape (n, n_times)
        A m of one column.
    log_rates : array, shape (n, n_types)
        Logarithms of spikes per cell.
    """

    moments: FloatArray
    log_rates: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Emulator:
    """A Gaussian process over the principal components of the dipole, and over logarithms of spikes per cell.

    Responses are emulated as if their drives had come when they were expected.

    Attributes
    ----------
    x : array, shape (n, n_free)
        The network of each trial that was simulated, as standard normal numbers; equal rows are trials of one network.
    moments : array, shape (n, n_times)
        Single trials, A m of one column.
    log_rates : array, shape (n, n_types)
        And logarithms of their spikes per cell.
    drives_ms : callable
        From networks, shape (n, n_free), to the times of their drives, shape (n, n_drives).
    alignment : Alignment
        When drives are expected.
    start : Scales | None
        Length scales to begin with.
    """

    x: FloatArray
    moments: FloatArray
    log_rates: FloatArray
    drives_ms: Callable[[FloatArray], FloatArray]
    alignment: Alignment
    start: Scales | None = None
    networks: FloatArray = field(init=False, repr=False)
    scales: Scales = field(init=False)
    basis: FloatArray = field(init=False, repr=False)
    deviations: FloatArray = field(init=False, repr=False)
    _process: Process = field(init=False, repr=False)
    _of: IntArray = field(init=False, repr=False)
    _mean: FloatArray = field(init=False, repr=False)
    _centre: FloatArray = field(init=False, repr=False)
    _outputs: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _, first, of = np.unique(self.x, axis=0, return_index=True, return_inverse=True)
        if len(first) < FEWEST:
            raise SimulationError(
                f"Only {len(first)} networks ran, at least {FEWEST} are needed to know how responses "
                "vary: simulate the network of the explanation to see why."
            )
        order = np.argsort(first)  # as they came
        object.__setattr__(self, "networks", self.x[first[order]])
        object.__setattr__(self, "_of", np.argsort(order)[of.ravel()])
        trials = np.bincount(self._of).astype(float)
        outputs = self._reduced()
        object.__setattr__(self, "_outputs", outputs)
        means = np.zeros((len(trials), outputs.shape[1]))
        np.add.at(means, self._of, outputs)
        means /= trials[:, np.newaxis]
        scales = searched(self.networks, means, trials, self.start)
        object.__setattr__(self, "scales", scales)
        object.__setattr__(self, "_process", Process(x=self.networks, y=means, trials=trials, scales=scales))

    def _reduced(self) -> FloatArray:
        """Return what is emulated, centred and scaled: components of the moment, and logarithms of spikes."""
        moments = self.alignment.aligned(self.moments, self.drives_ms(self.x))
        mean = moments.mean(axis=0)
        _, singular, directions = np.linalg.svd(moments - mean, full_matrices=False)
        share = np.cumsum(singular**2) / np.sum(singular**2)
        n = min(int(np.searchsorted(share, KEPT_VARIANCE)) + 1, MOST_COMPONENTS, len(singular))
        object.__setattr__(self, "basis", directions[:n])
        outputs = np.hstack([(moments - mean) @ directions[:n].T, self.log_rates])
        centre = outputs.mean(axis=0)
        object.__setattr__(self, "_mean", mean)
        object.__setattr__(self, "_centre", centre)
        object.__setattr__(self, "deviations", np.where(outputs.std(axis=0) > 0, outputs.std(axis=0), 1.0))
        return np.asarray((outputs - centre) / self.deviations)

    @property
    def n_components(self) -> int:
        """How many components of the moment are emulated."""
        return len(self.basis)

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""
        scales = (self.scales.bends, self.scales.lines)
        parts = (self.x, self.moments, self.log_rates, *scales, self.alignment.times_ms, self.alignment.expected_ms)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def predict(self, z: FloatArray) -> Emulated:
        """Return mean responses of particles, shape (n, n_free)."""
        scaled = np.vstack([self._process.predict(z[at : at + CHUNK]) for at in range(0, len(z), CHUNK)])
        outputs = self._centre + self.deviations * scaled
        n = self.n_components
        moments = self.alignment.back(self._mean + outputs[:, :n] @ self.basis, self.drives_ms(z))
        return Emulated(moments=moments, log_rates=outputs[:, n:])

    def chance(self, which: slice = slice(None)) -> FloatArray:
        """Return the variance of single trials around the mean of their network, shape (n_outputs,).

        It is that of networks with several trials, if there are some; else what the Gaussian process tells apart.
        """
        of = self._of[which]
        trials = np.bincount(of)
        free = int(np.maximum(trials - 1, 0).sum())
        if free < FEWEST:
            return np.asarray(self._process.chance * self.deviations**2)
        sums = np.zeros((len(trials), self._outputs.shape[1]))
        np.add.at(sums, of, self._outputs[which])
        apart = self._outputs[which] - (sums / np.maximum(trials, 1)[:, np.newaxis])[of]
        return np.asarray((apart**2).sum(axis=0) / free * self.deviations**2)

    def unknown(self, which: slice = slice(None)) -> FloatArray:
        """Return the variance of what is not known of mean responses, around some of the trials, shape (n_outputs,).

        It is what a prediction from all other networks is expected to be off by, without the chance of trials, and
        larger if predictions are worse than they say: by one factor for the moment, and one for each type of cells.
        """
        process, networks = self._process, np.unique(self._of[which])
        share = float(np.mean(1.0 / process.trials[networks]))
        chance = self.chance(which) / self.deviations**2
        said = np.mean(process.expected[networks], axis=0) - share * process.chance
        said = np.maximum(said, LEAST_UNKNOWN * chance) * self.deviations**2
        found = (np.mean(process.left[networks] ** 2, axis=0) - share * chance) * self.deviations**2
        n = self.n_components
        worse = np.concatenate([np.full(n, found[:n].sum() / said[:n].sum()), found[n:] / said[n:]])
        return np.asarray(np.maximum(worse, 1.0) * said)

    def covariance(self, which: slice = slice(None)) -> FloatArray:
        """Return the covariance of what is not known of the mean moment of one column, (A m)², over time.

        What the components leave of the moments of these trials counts, too.
        """
        lower = np.sqrt(self.unknown(which)[: self.n_components])[:, np.newaxis] * self.basis
        drives = self.drives_ms(np.unique(self.x[which], axis=0))
        found = np.zeros((len(self.alignment.times_ms),) * 2)
        for one in drives:
            moved = self.alignment.back(lower, np.broadcast_to(one, (len(lower), len(one))))
            found += moved.T @ moved / len(drives)
        left = self.outside(self.moments[which], self.x[which])
        return np.asarray(found + left.T @ left / len(left))

    def outside(self, moments: FloatArray, x: FloatArray) -> FloatArray:
        """Return what the components leave of moments of networks, shape as that of the moments: no prediction has it.

        What is lost because moments are known at few times, and moved, counts.
        """
        drives = self.drives_ms(x)
        apart = self.alignment.aligned(moments, drives) - self._mean
        return np.asarray(moments - self.alignment.back(self._mean + (apart @ self.basis.T) @ self.basis, drives))


def emulator_of(vector: CircuitVector, known: Members, times_ms: FloatArray, start: Scales | None) -> Emulator:
    """Return an emulator of networks of a sequence.

    Parameters
    ----------
    vector : CircuitVector
        What the numbers of networks mean.
    known : Members
        Networks, without their number of columns, and single trials of one column of each.
    times_ms : array, shape (n_times,)
        Times of their moments, ms.
    start : Scales | None
        Length scales to begin with.
    """
    return Emulator(
        x=known.z,
        moments=known.moment,
        log_rates=known.log_rates,
        drives_ms=vector.drives_ms,
        alignment=Alignment(
            times_ms=times_ms, expected_ms=vector.drives_ms(np.zeros((1, vector.n_free)))[0], tstop=vector.tstop
        ),
        start=start,
    )
