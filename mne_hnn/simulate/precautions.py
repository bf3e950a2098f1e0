"""What a user should know before a simulation begins."""

from __future__ import annotations

import numpy as np

from .._warn import warn
from ..network import Network, drive_wires
from .engine import n_steps
from .record import Record, every_nth, recording_channels

__all__ = ["warn_of_large_tables", "warn_of_unheard_drives"]

# What a notebook may hold without anybody noticing, bytes
_LARGE = 4e9


def warn_of_unheard_drives(network: Network, tstop: float) -> None:
    """Say which drives cannot reach any cell in a run of `tstop` (ms): delays grow without bound with distance."""
    for name, drive in network.drives.items():
        wires = drive_wires(network, drive)
        if len(wires) and not np.any(wires.delay_ms <= tstop):
            warn(
                f"Drive {name!r} reaches no cell within {tstop:g} ms: cells are too far from the origin, "
                f"{network.origin} um, for its space constant, {drive.space_constant:g} times inplane_distance_um = "
                f"{network.inplane_distance_um:g}. Set inplane_distance_um to the distance of the cells."
            )


def warn_of_large_tables(network: Network, record: Record, tstop: float, dt: float, n_trials: int) -> None:
    """Say how large the recordings of all trials will be, if they are large."""
    samples = n_steps(tstop, dt) // every_nth(record, dt) + 1
    rows = sum(len(channels) for channels in recording_channels(network, record).values())
    rows += sum(len(array) for array in network.electrodes.values())
    size = 8.0 * rows * samples * n_trials
    if size > _LARGE:
        warn(
            f"The recordings of {n_trials} trial(s) take {size / 1e9:.0f} GB of memory, and about twice that while "
            "they are put together: record fewer cells or sections, or less often, such as "
            "record={..., 'sfreq': 1000}."
        )
