"""What a column whose cells fire gives on average, from single trials of some hundred networks: a Gaussian process.

Trials of a column that fires are noisy witnesses of its mean response, so that what is emulated is the mean, and what
is left over is told apart: chance, which the mean of many trials loses, and what the emulator does not know (Kennedy
and O'Hagan 2001, https://doi.org/10.1111/1467-9868.00294; Rasmussen and Williams 2006,
https://doi.org/10.7551/mitpress/3206.001.0001, chapters 2 and 5).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..errors import SimulationError

__all__ = ["Emulated", "Emulator"]

KEPT_VARIANCE, MOST_COMPONENTS = 0.999, 48
"""Responses that are smoothed by 20 ms have some 18 components in 120 ms, and more in a longer record: with twelve of
them a tenth of a network's root mean square is lost."""
NOISES = np.geomspace(1e-3, 1e2, 26)
"""Variance of the chance of trials over that of the mean, as it is looked for."""
LENGTHS = (3.0, 6.0, 6.0)
"""Where the search for length scales begins: times, spreads, weights, in standard deviations of the prior."""
SHORTEST, LONGEST = 0.7, 40.0
STEP, ROUNDS = 1.6, 3
SEARCHED = 300
"""Networks among which length scales are looked for."""
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

    Attributes
    ----------
    x : array, shape (n, n_free)
        Networks that were simulated, as standard normal numbers.
    moments : array, shape (n, n_times)
        Single trials of each, A m of one column.
    log_rates : array, shape (n, n_types)
        And logarithms of their spikes per cell.
    kinds : array of int, shape (n_free,)
        Which length scale each number has: 0 for times, 1 for spreads, 2 for weights.
    start : array, shape (3,)
        Length scales to begin with.
    """

    x: FloatArray
    moments: FloatArray
    log_rates: FloatArray
    kinds: FloatArray
    start: FloatArray = field(default_factory=lambda: np.array(LENGTHS))
    lengths: FloatArray = field(init=False)
    basis: FloatArray = field(init=False, repr=False)
    chance: FloatArray = field(init=False, repr=False)
    _centre: FloatArray = field(init=False, repr=False)
    _scale: FloatArray = field(init=False, repr=False)
    _alpha: FloatArray = field(init=False, repr=False)
    _left: FloatArray = field(init=False, repr=False)
    _expected: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.x) < FEWEST:
            raise SimulationError(
                f"Only {len(self.x)} networks of a posterior ran, at least {FEWEST} are needed to know how responses "
                "vary: simulate the network of the explanation to see why."
            )
        outputs = self._outputs()
        some = np.linspace(0, len(self.x) - 1, min(SEARCHED, len(self.x))).astype(int)
        object.__setattr__(self, "lengths", self._searched(outputs[some], self.x[some]))
        values, vectors = np.linalg.eigh(self._kernel(self.x, self.x, self.lengths))
        values = np.maximum(values, 0.0)
        turned = vectors.T @ outputs
        noise, amplitude, _ = _profiled(values, turned)
        alpha, left, expected = [], [], []
        for k in range(outputs.shape[1]):
            precise = 1.0 / (values + noise[k])
            alpha.append(vectors @ (precise * turned[:, k]))
            diagonal = (vectors**2) @ precise
            left.append(alpha[-1] / diagonal)  # each network from all others
            expected.append(amplitude[k] / diagonal)
        known = {"_alpha": np.array(alpha).T, "_left": np.array(left).T, "_expected": np.array(expected).T}
        for name, value in {**known, "chance": amplitude * noise}.items():
            object.__setattr__(self, name, value)

    def _outputs(self) -> FloatArray:
        """Return what is emulated, centred and scaled: components of the moment, and logarithms of spikes."""
        mean = self.moments.mean(axis=0)
        _, singular, directions = np.linalg.svd(self.moments - mean, full_matrices=False)
        share = np.cumsum(singular**2) / np.sum(singular**2)
        n = min(int(np.searchsorted(share, KEPT_VARIANCE)) + 1, MOST_COMPONENTS, len(singular))
        object.__setattr__(self, "basis", directions[:n])
        outputs = np.hstack([(self.moments - mean) @ directions[:n].T, self.log_rates])
        centre = outputs.mean(axis=0)
        scale = np.where(outputs.std(axis=0) > 0, outputs.std(axis=0), 1.0)
        object.__setattr__(self, "_centre", np.concatenate([mean, centre]))
        object.__setattr__(self, "_scale", scale)
        return np.asarray((outputs - centre) / scale)

    def _kernel(self, one: FloatArray, two: FloatArray, lengths: FloatArray) -> FloatArray:
        """Return how alike networks are: straight lines, and what bends over a length scale."""
        by = lengths[self.kinds.astype(int)]
        a, b = one / by, two / by
        product = a @ b.T
        apart = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * product
        return np.asarray(np.exp(-0.5 * np.maximum(apart, 0.0)) + product)

    def _searched(self, outputs: FloatArray, x: FloatArray) -> FloatArray:
        """Return the length scales with the largest marginal likelihood, one after the other."""

        def judged(lengths: FloatArray) -> float:
            """Return the logarithm of the marginal likelihood."""
            values, vectors = np.linalg.eigh(self._kernel(x, x, lengths))
            return float(_profiled(np.maximum(values, 0.0), vectors.T @ outputs)[2].sum())

        lengths = self.start.copy()
        best = judged(lengths)
        for _ in range(ROUNDS):
            before = best
            for k in range(len(lengths)):
                for factor in (STEP, 1 / STEP):
                    tried = lengths.copy()
                    tried[k] = np.clip(tried[k] * factor, SHORTEST, LONGEST)
                    found = judged(tried)
                    if found > best:
                        best, lengths = found, tried
                        break
            if best < before + 1.0:
                break
        return lengths

    @property
    def scales(self) -> FloatArray:
        """Standard deviations by which outputs are divided, shape (n_outputs,)."""
        return self._scale

    @property
    def n_components(self) -> int:
        """How many components of the moment are emulated."""
        return len(self.basis)

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""
        parts = (self.x, self.moments, self.log_rates, self.lengths)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def predict(self, z: FloatArray) -> Emulated:
        """Return mean responses of particles, shape (n, n_free)."""
        scaled = np.vstack(
            [self._kernel(z[at : at + CHUNK], self.x, self.lengths) @ self._alpha for at in range(0, len(z), CHUNK)]
        )
        n_times = self.moments.shape[1]
        outputs = self._centre[n_times:] + self._scale * scaled
        n = self.n_components
        return Emulated(moments=self._centre[:n_times] + outputs[:, :n] @ self.basis, log_rates=outputs[:, n:])

    def calibration(self, which: FloatArray | slice = slice(None)) -> float:
        """Return squared errors of predictions of networks from all others, over what was expected: 1 is right."""
        return float(np.mean(self._left[which] ** 2 / self._expected[which]))

    def unknown(self, which: FloatArray | slice = slice(None)) -> FloatArray:
        """Return the variance of what is not known of mean responses, around some of the networks, shape (n_outputs,).

        It is what a prediction from all other networks is expected to be off by, without the chance of the trial, and
        larger if predictions are worse than they say.
        """
        worse = np.maximum(np.mean(self._left[which] ** 2 / self._expected[which], axis=0), 1.0)
        unknown = np.mean(self._expected[which], axis=0) - self.chance
        found = np.maximum(worse * (unknown + self.chance) - self.chance, LEAST_UNKNOWN * self.chance)
        return np.asarray(found * self._scale**2)

    def covariance(self, which: FloatArray | slice = slice(None)) -> FloatArray:
        """Return the covariance of what is not known of the mean moment of one column, (A m)², over time.

        What the components leave of the moments of these networks counts, too.
        """
        unknown = self.unknown(which)[: self.n_components]
        left = self.outside(self.moments[which])
        return np.asarray((self.basis.T * unknown) @ self.basis + left.T @ left / len(left))

    def outside(self, moments: FloatArray) -> FloatArray:
        """Return what the components leave of moments, shape as theirs: no prediction has it."""
        apart = moments - self._centre[: self.moments.shape[1]]
        return np.asarray(apart - (apart @ self.basis.T) @ self.basis)


def _profiled(values: FloatArray, turned: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return noise over variance of the mean, that variance, and the logarithm of the evidence, of each output."""
    n = len(values)
    spread = values[:, np.newaxis] + NOISES  # (n, n_noises)
    amplitude = np.einsum("nq,ns->sq", turned**2, 1.0 / spread) / n
    logs = -0.5 * n * np.log(np.maximum(amplitude, 1e-300)) - 0.5 * np.log(spread).sum(axis=0)[:, np.newaxis]
    best = logs.argmax(axis=0)
    columns = np.arange(turned.shape[1])
    return NOISES[best], amplitude[best, columns], logs[best, columns]
