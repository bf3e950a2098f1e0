"""Spike times of the drive cells.

Rules and random streams follow the published model (Neymotin et al. 2020,
https://doi.org/10.7554/eLife.51214), so that the seeds of published parameter files give the
published spikes: the k-th cell of a drive draws from
``numpy.random.RandomState(event_seed + trial * n_gids + k)`` with `n_gids` the number of cells and
drive cells of the whole network. Each kind of drive is one row of :data:`EVENT_RULES`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_int, check_positive
from .._recent import Recent
from ..errors import DriveError
from ._base import NetworkBase
from .drives import BurstyDrive, Drive, EvokedDrive, PoissonDrive, SpikeTrainDrive

__all__ = ["EVENT_RULES", "drive_events"]

Times = NDArray[np.float64]
MOST_EVENTS = 1_000_000


@dataclass(slots=True)
class Streams:
    """Random streams of one drive in one trial: one per drive cell and one that all share."""

    cell_seed: int
    shared_seed: int
    state: np.random.RandomState

    def of_cell(self, k: int) -> np.random.RandomState:
        """Return the stream of the k-th drive cell, at its start."""
        # one object re-seeded: making a RandomState costs several times more
        self.state.seed((self.cell_seed + k) & 0xFFFFFFFF)
        return self.state

    def normal(self, means: Times, deviation: float) -> Times:
        """Return one draw of each cell's stream around each of its means, shape (n_cells, n)."""
        n_cells, n = means.shape
        if not _rounds_twice():
            return np.array([self.of_cell(k).normal(row, deviation) for k, row in enumerate(means)])
        # a fit asks for the same streams again and again, with other means
        key = (self.cell_seed, n_cells, n)
        return means + deviation * _normals.get(key, partial(self._standard, n_cells, n), lambda drawn: drawn.nbytes)

    def _standard(self, n_cells: int, n: int) -> Times:
        return np.array([self.of_cell(k).standard_normal(n) for k in range(n_cells)])

    def shared(self) -> np.random.RandomState:
        """Return the stream that all cells of the drive share, at its start."""
        self.state.seed(self.shared_seed & 0xFFFFFFFF)
        return self.state


_normals: Recent[Times] = Recent(8_000_000)


@cache
def _rounds_twice() -> bool:
    """Return whether numpy's normal draws are, to the last bit, standard ones times a deviation plus a mean.

    Where its compiler fuses both operations, as on ARM, they are not.
    """
    mean, deviation, n = 26.61, 2.47, 1000
    drawn, standard = (np.random.RandomState(1) for _ in range(2))
    return np.array_equal(drawn.normal(mean, deviation, n), mean + deviation * standard.standard_normal(n))


def _evoked(drive: EvokedDrive, streams: Streams, targets: list[str], tstop_ms: float) -> list[Times]:
    n_cells, n = len(targets), drive.numspikes
    times = np.full((n_cells, n), drive.mu_ms)
    if drive.sigma_ms > 0:
        times = streams.normal(times, drive.sigma_ms)
    return _window(times, tstop_ms)


def _bursty(drive: BurstyDrive, streams: Streams, targets: list[str], tstop_ms: float) -> list[Times]:
    start = drive.tstart
    if drive.tstart_std > 0:
        start = streams.shared().normal(drive.tstart, drive.tstart_std)
    stop = tstop_ms if drive.tstop is None else drive.tstop
    _check_number((stop - start) * drive.burst_rate_Hz / 1000.0)
    centres = np.arange(start, stop, 1000.0 / drive.burst_rate_Hz)
    bursts = np.tile(centres, (len(targets), 1))
    if drive.burst_std_ms > 0 and centres.size:
        bursts = streams.normal(bursts, drive.burst_std_ms)
    offsets = drive.spike_isi_ms * (np.arange(drive.numspikes) - (drive.numspikes - 1) / 2)
    times = bursts[:, :, None] + offsets
    return _window(times.reshape(len(targets), -1), tstop_ms)


def _poisson(drive: PoissonDrive, streams: Streams, targets: list[str], tstop_ms: float) -> list[Times]:
    stop = tstop_ms if drive.tstop is None else min(drive.tstop, tstop_ms)
    rate = drive.rate_Hz
    rates = [rate.get(target, 0.0) for target in targets] if isinstance(rate, Mapping) else [rate] * len(targets)
    return [_poisson_train(streams, k, hz, (drive.tstart, stop), tstop_ms) for k, hz in enumerate(rates)]


def _poisson_train(streams: Streams, k: int, rate_Hz: float, window: tuple[float, float], tstop_ms: float) -> Times:
    start, stop = window
    if rate_Hz == 0 or stop <= start:
        return np.empty(0)
    stream = streams.of_cell(k)
    expected = (stop - start) * rate_Hz / 1000.0
    _check_number(expected)
    block = math.ceil(expected + 4 * math.sqrt(expected)) + 8
    times = np.array([start])
    while times[-1] < stop:
        # summing from the last time on repeats the additions of one interval after another
        intervals = stream.exponential(1 / rate_Hz, block) * 1000
        times = np.concatenate([times[:-1], np.cumsum(np.concatenate([times[-1:], intervals]))])
    times = times[1:]
    return times[(times > 0) & (times < stop) & (times <= tstop_ms)]


def _spike_train(drive: SpikeTrainDrive, _streams: Streams, _targets: list[str], tstop_ms: float) -> list[Times]:
    trains = (np.sort(np.array(train, dtype=float)) for train in drive.times_ms)
    return [train[train <= tstop_ms] for train in trains]


def _check_number(expected: float) -> None:
    if expected > MOST_EVENTS:
        raise DriveError(
            f"A drive cell would have some {expected:.3g} spikes, more than the {MOST_EVENTS:,} allowed: reduce its "
            "rate, in Hz."
        )


def _window(times: Times, tstop_ms: float) -> list[Times]:
    """Sort each row and keep 0 < t <= tstop."""
    times = np.sort(times, axis=1)
    keep = (times > 0) & (times <= tstop_ms)
    if keep.all():
        return list(times)
    return [row[mask] for row, mask in zip(times, keep, strict=True)]


#: The rule of each kind of drive, by the name of the kind.
EVENT_RULES: Mapping[str, Callable[[Any, Streams, list[str], float], list[Times]]] = {
    EvokedDrive.kind: _evoked,
    BurstyDrive.kind: _bursty,
    PoissonDrive.kind: _poisson,
    SpikeTrainDrive.kind: _spike_train,
}


def _streams(drive: Drive, trial: int, n_gids: int, seed: int | None, state: np.random.RandomState) -> Streams:
    if seed is None:
        first = drive.event_seed + trial * n_gids
        # the published rule: the shared stream is that of the first cell
        return Streams(first, first, state)
    entropy = (seed, zlib.crc32(drive.name.encode("utf-8")))
    cell, shared = np.random.SeedSequence(entropy, spawn_key=(trial,)).generate_state(2, np.uint32).tolist()
    return Streams(cell, shared, state)


def drive_events(
    network: NetworkBase, trial: int, tstop_ms: float, seed: int | None = None
) -> dict[str, tuple[Times, ...]]:
    """Return when each cell of each drive spikes.

    Parameters
    ----------
    network : Network
        The network with its drives.
    trial : int
        Number of the trial, from 0. By the published rule the times of later trials depend on the
        total number of cells and drive cells, so they change when a drive is added.
    tstop_ms : float
        End of the simulation, ms; also the end of drives without one.
    seed : int | None
        None uses the event seeds of the drives. A number replaces them with seeds derived by
        :class:`numpy.random.SeedSequence` from the number, the name of the drive and the trial:
        fresh draws that are independent between drives and do not change when one is added.

    Returns
    -------
    dict of str to tuple of array
        Per drive, per drive cell: spike times, sorted, with 0 < t <= `tstop_ms`, in ms (a spike
        train drive may also spike at 0).

    Examples
    --------
    >>> events = drive_events(network, trial=0, tstop_ms=170.0)
    >>> sorted(events)
    ['evdist1', 'evprox1', 'evprox2']
    >>> [round(float(time), 1) for time in events["evprox1"][0]]  # ms
    [23.8]
    """
    trial = check_int(trial, "trial", minimum=0)
    tstop_ms = check_positive(tstop_ms, "tstop_ms")
    if seed is not None:
        seed = check_int(seed, "seed", minimum=0)
    state = np.random.RandomState(0)
    n_gids = network.n_gids
    events = {}
    for name, drive in network.drives.items():
        streams = _streams(drive, trial, n_gids, seed, state)
        events[name] = tuple(EVENT_RULES[drive.kind](drive, streams, _cell_targets(network, drive), tstop_ms))
    return events


def _cell_targets(network: NetworkBase, drive: Drive) -> list[str]:
    """Return the target type of each drive cell (empty names where it reaches all types)."""
    if not drive.cell_specific:
        return [""] * network.n_drive_cells(drive)
    return [name for name in network.numbered_types(drive) for _ in range(len(network.populations[name]))]
