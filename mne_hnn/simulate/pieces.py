"""What the cells of one process contribute to a trial, and the trial of all processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ..network import Network
from . import ranks
from .record import Record, recording_channels

__all__ = ["Piece", "join_recordings", "total"]

_Rows = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The part of one process in a trial.

    Attributes
    ----------
    stable : bool
        Whether all voltages stayed within reason.
    moments, references : dict of str to array, shape (n_samples,)
        Summed dipole moment per cell type; that of its undriven cell, zero where another process has it. fA m.
    spike_times, spike_gids : array, shape (n_spikes,)
        Spikes; ms.
    recordings : dict of str to array, shape (n_channels, n_samples)
        By quantity, the channels of this process in their order.
    lfp : dict of str to array, shape (n_contacts, n_samples)
        Potentials that these cells make at all contacts.
    """

    stable: bool
    moments: _Rows
    references: _Rows
    spike_times: NDArray[np.float64]
    spike_gids: NDArray[np.int64]
    recordings: _Rows
    lfp: _Rows


def total(parts: Sequence[_Rows]) -> dict[str, NDArray[np.float64]]:
    """Return the sum over processes, in their order."""
    return {name: reduce(np.add, [part[name] for part in parts]) for name in parts[0]}


def join_recordings(parts: Sequence[_Rows], network: Network, record: Record) -> dict[str, NDArray[np.float64]]:
    """Return the channels of all processes in the order of the cells."""
    if len(parts) == 1:
        return dict(parts[0])
    joined = {}
    for quantity, channels in recording_channels(network, record).items():
        gids = np.array([channel.gid for channel in channels], dtype=np.int32)
        rows = np.empty((len(channels), parts[0][quantity].shape[1]))
        for rank, part in enumerate(parts):
            rows[ranks.Share(rank, len(parts)).has(gids)] = part[quantity]
        joined[quantity] = rows
    return joined
