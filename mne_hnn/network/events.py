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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_int, check_positive
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

    def shared(self) -> np.random.RandomState:
        """Return the stream that all cells of the drive share, at its start."""
        self.state.seed(self.shared_seed & 0xFFFFFFFF)
        return self.state


def _evoked(drive: EvokedDrive, streams: Streams, targets: list[str], tstop_ms: float) -> list[Times]:
    n_cells, n = len(targets), drive.numspikes
    times = np.full((n_cells, n), drive.mu_ms)
    if drive.sigma_ms > 0:
        for k in range(n_cells):
            times[k] = streams.of_cell(k).normal(drive.mu_ms, drive.sigma_ms, n)
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
        for k in range(len(targets)):
            bursts[k] = streams.of_cell(k).normal(centres, drive.burst_std_ms)
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
