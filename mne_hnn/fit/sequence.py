"""Which drives came when: sequences of evoked drives proposed from a waveform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import least_squares, nnls

from .._checks import check_finite, check_name
from .._types import FloatArray
from ..errors import ParameterError
from .linear import LOCATIONS, LinearColumn

__all__ = ["Candidate", "as_sequence", "check_sequence", "drive_names", "propose", "refined", "windows"]

SIGMA_MS, SIGMA_FACTOR = 4.0, np.exp(0.5)
"""Spread that is expected of a drive, ms, and its standard deviation as a factor."""
SIGMA_BOUNDS = (1.0, 20.0)
GAP_MS = 10.0
"""Drives closer than this are not told apart."""
COST_PER_DRIVE = 4.0
"""Effective number of free numbers of a drive: time, spread, size, and shape by its four weights."""
EDGE_MS = 1.0
"""Drives stay this far inside the record."""
GRID_MS = 4.0
RIDGE = 0.01
"""Relative to the size of the waveform: enough to share weight between inputs that look alike, too little to matter."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A sequence of drives in order of time.

    Attributes
    ----------
    locations : tuple of str
        ``'proximal'`` or ``'distal'`` for each drive.
    mu_ms, sigma_ms : tuple of float
        Times and spreads.
    weights : tuple of array
        Weight of each input times the number of columns, uS.
    columns : float | None
        Number of columns, if their background tells it.
    misfit : float
        Residual sum of squares in units of the noise of independent samples.
    criterion : float
        Misfit plus what the drives cost; the lowest is the best.
    """

    locations: tuple[str, ...]
    mu_ms: tuple[float, ...]
    sigma_ms: tuple[float, ...]
    weights: tuple[FloatArray, ...]
    columns: float | None
    misfit: float
    criterion: float

    def __str__(self) -> str:
        return ", ".join(f"{location} {mu:.0f} ms" for location, mu in zip(self.locations, self.mu_ms, strict=True))


Drives = list[tuple[str, float, float]]
Sequenced = tuple[tuple[str, float], ...]
"""Location and time (ms) of each drive, in order of time."""


def drive_names(locations: Sequence[str]) -> list[str]:
    """Return names such as those of the published drives: evprox1, evdist1, evprox2, counted per side."""
    counts = dict.fromkeys(LOCATIONS, 0)
    names = []
    for place in locations:
        counts[place] += 1
        names.append(f"{'evprox' if place == 'proximal' else 'evdist'}{counts[place]}")
    return names


def as_sequence(sequence: Any) -> Sequenced:
    """Return a sequence of drives in order of time.

    Raises
    ------
    ParameterError
        It holds no pairs, an unknown location, or drives less than 10 ms apart.
    """
    if isinstance(sequence, (str, bytes)) or not isinstance(sequence, Iterable):
        raise ParameterError(f"sequence must hold pairs such as [('proximal', 25), ('distal', 70)], got {sequence!r}.")
    pairs = list(sequence)
    if not pairs or not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
        raise ParameterError(f"sequence must hold pairs such as [('proximal', 25), ('distal', 70)], got {pairs!r}.")
    checked = [
        (check_name(place, LOCATIONS, "location", where="in sequence"), check_finite(mu, "A time in sequence (ms)"))
        for place, mu in pairs
    ]
    checked.sort(key=lambda pair: pair[1])
    for (_, earlier), (_, later) in pairwise(checked):
        if later - earlier < GAP_MS:
            raise ParameterError(
                f"Drives in sequence must be at least {GAP_MS:g} ms apart to be told apart, got {earlier:g} and "
                f"{later:g} ms."
            )
    return tuple(checked)


def check_sequence(sequence: Any, tstop: float) -> Sequenced:
    """Return a sequence of drives in order of time, if it can be fitted to a target of `tstop` ms.

    Raises
    ------
    ParameterError
        It holds no pairs, an unknown location, a time outside the target, or drives less than 10 ms apart.
    """
    checked = as_sequence(sequence)
    for place, mu in checked:
        if not EDGE_MS < mu < tstop - EDGE_MS:
            raise ParameterError(
                f"The {place} drive at {mu:g} ms in sequence lies outside the target, which lasts from 0 to {tstop:g} "
                "ms: take it out, or take a longer target."
            )
    return checked


def windows(sequence: Sequenced, tstop: float) -> tuple[FloatArray, FloatArray]:
    """Return from when to when the drives of a sequence may come, ms: they must not change places.

    A drive ends short of the middle to its neighbour, by a quarter of the smallest gap, so that two drives stay at
    least half of that gap apart, and the names that depend on their order mean the same in every fit.
    """
    times = np.array([mu for _, mu in sequence])
    middles = (times[1:] + times[:-1]) / 2
    return np.append(EDGE_MS, middles + GAP_MS / 4), np.append(middles - GAP_MS / 4, tstop - EDGE_MS)


class _Proposer:
    def __init__(self, column: LinearColumn, wanted: FloatArray, variance: float, n_independent: float) -> None:
        self.column = column
        self.wanted = wanted / np.sqrt(variance)
        # drives and biases that are kept give every column the same moment: one more kernel, its weight the columns
        self.background = column.background[:, None] if column.background.any() else None
        self.cost = COST_PER_DRIVE * np.log(n_independent)
        self.deviation = np.sqrt(variance)
        # nnls on columns of about one: weights in uS times A m per uS would be of any size
        self.size = float(np.linalg.norm(column.basis(LOCATIONS[0], column.tstop / 2, SIGMA_MS), axis=0).max())

    def basis(self, drives: Drives) -> FloatArray:
        parts = [self.column.basis(*drive) / self.size for drive in drives]
        if self.background is not None:
            parts.append(self.background / np.linalg.norm(self.background))
        return np.hstack(parts)

    def solve(self, drives: Drives) -> tuple[FloatArray, FloatArray]:
        """Return weights >= 0 and the residual with them; a little ridge decides between inputs that look alike."""
        basis = self.basis(drives)
        size = float(np.linalg.norm(self.wanted))
        factor = size / max(float(np.linalg.norm(basis, axis=0).max()), 1e-300)
        ridge = RIDGE * size * np.eye(basis.shape[1])
        found, _ = nnls(
            np.vstack([factor * basis, ridge]), np.concatenate([self.wanted, np.zeros(len(ridge))]), maxiter=1000
        )
        return found * factor * self.deviation, factor * basis @ found - self.wanted

    def refine(self, drives: Drives, within: tuple[FloatArray, FloatArray] | None = None) -> Candidate:
        """Move times (`within` windows) and spreads to the best place; weights follow (variable projection)."""
        drives = sorted(drives, key=lambda drive: drive[1])
        n = len(drives)
        places = [drive[0] for drive in drives]
        begin = np.array([drive[1] for drive in drives] + [np.log(drive[2]) for drive in drives])

        def unpack(x: FloatArray) -> Drives:
            return [(place, float(x[k]), float(np.exp(x[n + k]))) for k, place in enumerate(places)]

        def residual(x: FloatArray) -> FloatArray:
            gaps = np.diff(np.sort(x[:n]))
            return np.concatenate(
                [
                    self.solve(unpack(x))[1],
                    (x[n:] - np.log(SIGMA_MS)) / np.log(SIGMA_FACTOR),
                    3.0 * np.maximum(0.0, GAP_MS - gaps),
                ]
            )

        first, last = within or (np.full(n, EDGE_MS), np.full(n, self.column.tstop - EDGE_MS))
        low = np.append(first, [np.log(SIGMA_BOUNDS[0])] * n)
        high = np.append(last, [np.log(SIGMA_BOUNDS[1])] * n)
        found = least_squares(
            residual,
            np.clip(begin, low + 1e-6, high - 1e-6),
            bounds=(low, high),
            x_scale=np.repeat([5.0, 0.5], n),
            diff_step=1e-3,
            max_nfev=25,
        ).x
        refined = sorted(unpack(found), key=lambda drive: drive[1])
        weights, left = self.solve(refined)
        columns = None
        if self.background is not None:
            weights, columns = weights[:-1], float(weights[-1] / np.linalg.norm(self.background))
        weights = weights / self.size
        misfit = float(left @ left)
        counts = [len(self.column.of(drive[0])) for drive in refined]
        prior = float(np.sum(((found[n:] - np.log(SIGMA_MS)) / np.log(SIGMA_FACTOR)) ** 2))
        return Candidate(
            locations=tuple(drive[0] for drive in refined),
            mu_ms=tuple(drive[1] for drive in refined),
            sigma_ms=tuple(drive[2] for drive in refined),
            weights=tuple(np.split(weights, np.cumsum(counts)[:-1])),
            columns=columns,
            misfit=misfit,
            criterion=misfit + prior + n * self.cost,
        )

    def extremes(self) -> Drives:
        """Return one drive per extremum: a maximum is proximal input, a minimum distal input, somewhat earlier."""
        from scipy.signal import find_peaks  # slower to import than all else

        drives: Drives = []
        heights = np.ptp(self.wanted)
        for location in LOCATIONS:
            kernel = self.column.basis(location, self.column.tstop / 2, SIGMA_MS).sum(axis=1)
            peak = int(np.abs(kernel).argmax())
            lag = float(self.column.times_ms[peak]) - self.column.tstop / 2
            places, _ = find_peaks(np.sign(kernel[peak]) * self.wanted, prominence=0.1 * heights)
            for place in places:
                drives.append((location, max(float(self.column.times_ms[place]) - lag, 2.0), SIGMA_MS))
        return drives

    def extended(self, candidate: Candidate | None) -> Candidate | None:
        """Return the best sequence with one drive more, None if there is no room for it."""
        present = as_drives(candidate) if candidate is not None else []
        best: tuple[float, Drives] | None = None
        for location in LOCATIONS:
            for mu in np.arange(GRID_MS, self.column.tstop - 2.0, GRID_MS):
                if any(abs(mu - drive[1]) < GAP_MS for drive in present):
                    continue
                tried: Drives = [*present, (location, float(mu), SIGMA_MS)]
                _, left = self.solve(tried)
                if best is None or left @ left < best[0]:
                    best = (float(left @ left), tried)
        return None if best is None else self.refine(best[1])

    def turned(self, candidate: Candidate) -> list[Candidate]:
        """Return the sequences in which one drive is left out, or comes from the other side."""
        drives = as_drives(candidate)
        found = []
        for k, (location, mu, sigma) in enumerate(drives):
            others = drives[:k] + drives[k + 1 :]
            if others:
                found.append(self.refine(others))
            other = LOCATIONS[1 - LOCATIONS.index(location)]
            found.append(self.refine([*others, (other, mu, sigma)]))
        return found


def as_drives(candidate: Candidate) -> Drives:
    """Return location, time and spread of each drive."""
    return list(zip(candidate.locations, candidate.mu_ms, candidate.sigma_ms, strict=True))


def propose(
    column: LinearColumn,
    wanted: FloatArray,
    *,
    variance: float,
    n_independent: float,
    n_drives: int | None = None,
    max_drives: int = 8,
    told: Callable[[Candidate], None] = lambda candidate: None,
) -> list[Candidate]:
    """Return sequences of drives that could have made a waveform, the most plausible first.

    Two searches, one from the extrema of the waveform and one from nothing, add drives where they explain most, leave
    out or turn around those that another sequence does better without, and stop where a drive costs more than it
    explains: the criterion is that of Schwarz (1978, https://doi.org/10.1214/aos/1176344136).

    Parameters
    ----------
    column : LinearColumn
        Kernels.
    wanted : array, shape (n_times,)
        The waveform, A m.
    variance : float
        Noise of one sample, so that the squared residuals of all samples over it count independent ones, (A m)².
    n_independent : float
        Number of independent samples.
    n_drives : int | None
        Number of drives; None lets the criterion decide.
    max_drives : int
        The most drives.
    told : callable
        Called with every candidate.

    Returns
    -------
    candidates : list of Candidate
        All that were tried, by their criterion; with the right number of drives first if `n_drives` is given.
    """
    proposer = _Proposer(column, wanted, variance, n_independent)
    tried: list[Candidate] = []

    def keep(candidate: Candidate) -> Candidate:
        tried.append(candidate)
        told(candidate)
        return candidate

    most = n_drives or max_drives
    starts: list[Candidate | None] = [None]
    extremes = proposer.extremes()[:most]
    if extremes:
        starts.insert(0, keep(proposer.refine(extremes)))
    for start in starts:
        current, worse = start, 0
        while (len(current.mu_ms) if current else 0) < most and (worse < 2 or n_drives is not None):
            longer = proposer.extended(current)
            if longer is None:
                break
            better = current is None or keep(longer).criterion < current.criterion
            worse = 0 if better else worse + 1
            if current is None:
                keep(longer)
            current = longer
        best = _rank(tried, n_drives)[0]
        while True:
            others = [
                keep(candidate) for candidate in proposer.turned(best) if n_drives in (None, len(candidate.mu_ms))
            ]
            winner = min(others, key=lambda candidate: candidate.criterion, default=best)
            if winner.criterion >= best.criterion - 1e-6:
                break
            best = winner
    ranked = _rank(tried, n_drives)
    if n_drives not in (None, len(ranked[0].mu_ms)):
        raise ParameterError(
            f"n_drives = {n_drives} drives at least {GAP_MS:g} ms apart do not fit into the {column.tstop:g} ms of the "
            f"target: at most {len(ranked[0].mu_ms)} were placed."
        )
    return ranked


def refined(
    column: LinearColumn, wanted: FloatArray, sequence: Sequenced, *, variance: float, n_independent: float
) -> Candidate:
    """Return a given sequence with its times, spreads and weights brought to the best place; see :func:`propose`.

    Parameters
    ----------
    column : LinearColumn
        Kernels.
    wanted : array, shape (n_times,)
        The waveform, A m.
    sequence : tuple of (str, float)
        Location and time (ms) of each drive, in order of time.
    variance, n_independent : float
        As in :func:`propose`.

    Returns
    -------
    candidate : Candidate
        As many drives, in the same order, from the same sides.
    """
    proposer = _Proposer(column, wanted, variance, n_independent)
    return proposer.refine([(place, mu, SIGMA_MS) for place, mu in sequence], windows(sequence, column.tstop))


def _rank(candidates: Sequence[Candidate], n_drives: int | None) -> list[Candidate]:
    return sorted(
        candidates,
        key=lambda candidate: (
            n_drives is not None and len(candidate.mu_ms) != n_drives,
            candidate.criterion,
            str(candidate),
        ),
    )
