"""The column below the threshold of its cells as a fast model: drives add up, and what one gives is looked up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..fit.linear import LOCATIONS, LinearColumn
from ..fit.posterior import WEIGHT_FACTOR, WEIGHT_uS
from ..fit.sequence import EDGE_MS, SIGMA_BOUNDS, SIGMA_FACTOR, SIGMA_MS, Sequenced, drive_names
from .circuit_model import Predicted, drawn_possible, possible_times

__all__ = ["SilentModel"]

TIME_STEP_MS, N_SPREADS = 1.0, 16
"""Responses are tabulated at these times and as many spreads, and interpolated: smoothed ones are straight between."""
CHUNK = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class SilentModel:
    """Drives of a column in which no cell fires.

    Each drive has a time, a spread, and a weight per input; a particle holds them as standard normal numbers. The
    responses of :class:`~mne_hnn.fit.linear.LinearColumn` are tabulated once.

    Attributes
    ----------
    column : LinearColumn
        Kernels, sampled at the times that are compared.
    sequence : tuple of (str, float)
        Location and expected time (ms) of each drive.
    time_sd_ms : float
        How uncertain times are, ms.
    known : mapping of str to float
        Parameters that are not free, by path, as standard normal numbers.
    """

    column: LinearColumn
    sequence: Sequenced
    time_sd_ms: float
    known: dict[str, float] = field(default_factory=dict)
    all_paths: tuple[str, ...] = field(init=False)
    _free: FloatArray = field(init=False, repr=False)
    _tables: dict[str, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        paths = []
        for name, (place, _) in zip(drive_names([place for place, _ in self.sequence]), self.sequence, strict=True):
            weights = [f"drives.{name}.weights_{one.receptor}.{one.cell_type}" for one in self.column.of(place)]
            paths += [f"drives.{name}.mu_ms", f"drives.{name}.sigma_ms", *weights]
        object.__setattr__(self, "all_paths", tuple(paths))
        object.__setattr__(self, "_free", np.array([path not in self.known for path in paths]))
        places = [place for place in LOCATIONS if any(place == one for one, _ in self.sequence)]
        object.__setattr__(self, "_tables", {place: self._table(place) for place in places})

    @property
    def paths(self) -> tuple[str, ...]:
        """What the free numbers are called in the network."""
        return tuple(path for path, free in zip(self.all_paths, self._free, strict=True) if free)

    @property
    def asks_spikes(self) -> bool:
        """No cell fires."""
        return False

    @property
    def identity(self) -> str:
        """Text that differs whenever predictions could."""
        tables = b"".join(np.ascontiguousarray(table).tobytes() for table in self._tables.values())
        content = hashlib.sha256(tables + self.column.background.tobytes()).hexdigest()
        return f"silent {self.sequence} {self.time_sd_ms!r} {sorted(self.known.items())} {content}"

    def begin(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw particles from the prior, shape (n, n_free)."""
        return drawn_possible(self, n, int(self._free.sum()), rng)

    def log_prior(self, z: FloatArray) -> FloatArray:
        """Return the logarithm of the prior: normal, where drives are in order, shape (n,)."""
        plain = self._plain(self._whole(z))
        times = plain[:, [path.endswith("mu_ms") for path in self.all_paths]]
        possible = possible_times(times, self.column.tstop)
        return np.asarray(np.where(possible, -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi), -np.inf))

    def natural(self, z: FloatArray) -> FloatArray:
        """Return times and spreads (ms) and weights (uS) of particles, shape (n, n_free)."""
        return np.asarray(self._plain(self._whole(z))[:, self._free])

    def _whole(self, z: FloatArray) -> FloatArray:
        """Return particles with what is known of all others."""
        whole = np.empty((len(z), len(self.all_paths)))
        whole[:, self._free] = z
        for k, path in enumerate(self.all_paths):
            if path in self.known:
                whole[:, k] = self.known[path]
        return whole

    def _plain(self, whole: FloatArray) -> FloatArray:
        found = np.empty_like(whole)
        times = iter(self.sequence)
        for k, path in enumerate(self.all_paths):
            if path.endswith("mu_ms"):
                found[:, k] = next(times)[1] + self.time_sd_ms * whole[:, k]
            elif path.endswith("sigma_ms"):
                found[:, k] = np.clip(SIGMA_MS * SIGMA_FACTOR ** whole[:, k], *SIGMA_BOUNDS)
            else:
                found[:, k] = WEIGHT_uS * WEIGHT_FACTOR ** whole[:, k]
        return found

    def predict(self, z: FloatArray) -> Predicted:
        """Return the moments of particles, A m."""
        plain = self._plain(self._whole(z))
        moments = np.empty((len(z), len(self.column.times_ms)))
        for first in range(0, len(z), CHUNK):
            moments[first : first + CHUNK] = self._moments(plain[first : first + CHUNK])
        return Predicted(moments=moments, given=np.zeros(len(z)))

    def _moments(self, plain: FloatArray) -> FloatArray:
        total = np.zeros((len(plain), len(self.column.times_ms))) + self.column.background
        at = 0
        for place, _ in self.sequence:
            n = len(self.column.of(place))
            mu, sigma, weights = plain[:, at], plain[:, at + 1], plain[:, at + 2 : at + 2 + n]
            total += self._response(place, mu, sigma, weights)
            at += 2 + n
        return np.asarray(total)

    def _grids(self) -> tuple[FloatArray, FloatArray]:
        times = np.arange(0.0, self.column.tstop + TIME_STEP_MS, TIME_STEP_MS)
        low, high = SIGMA_BOUNDS
        return times, np.linspace(float(np.log(low)), float(np.log(high)), N_SPREADS)

    def _table(self, place: str) -> FloatArray:
        """Return what drives at a place give per uS, shape (n_times_of_drives, n_spreads, n_inputs, n_times)."""
        times, spreads = self._grids()
        return np.array(
            [
                [self.column.response(place, float(mu), float(np.exp(spread))).T for spread in spreads]
                for mu in np.clip(times, EDGE_MS / 2, None)
            ],
            dtype=float,
        )

    def _response(self, place: str, mu: FloatArray, sigma: FloatArray, weights: FloatArray) -> FloatArray:
        """Return what drives give, between what is tabulated for two times and two spreads."""
        table, (times, spreads) = self._tables[place], self._grids()
        where = np.clip(mu / TIME_STEP_MS, 0, len(times) - 1.001)
        wide = np.clip((np.log(sigma) - spreads[0]) / (spreads[1] - spreads[0]), 0, len(spreads) - 1.001)
        early, narrow = where.astype(int), wide.astype(int)
        late, wider = where - early, wide - narrow
        total = np.zeros((len(mu), table.shape[-1]))
        for step_t, share_t in ((0, 1 - late), (1, late)):
            for step_s, share_s in ((0, 1 - wider), (1, wider)):
                rows = table[early + step_t, narrow + step_s]
                total += np.einsum("ni,nit->nt", weights * (share_t * share_s)[:, np.newaxis], rows)
        return total
