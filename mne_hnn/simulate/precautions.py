"""What a user should know before a simulation begins."""

from __future__ import annotations

import numpy as np

from .._warn import warn
from ..network import BurstyDrive, Drive, EvokedDrive, Network, PoissonDrive, SpikeTrainDrive, drive_wires
from .engine import n_steps
from .record import Record, every_nth, recording_channels

__all__ = ["warn_of_large_tables", "warn_of_silence", "warn_of_unheard_drives"]

# What a notebook may hold without anybody noticing, bytes
_LARGE = 4e9
# Standard deviations beyond which none of some hundred draws falls
_NEVER = 5.0


def warn_of_silence(network: Network, tstop: float) -> None:
    """Say when nothing acts on the cells in a run of `tstop` (ms), so that its dipole is that of cells at rest."""
    if not network.drives and not any(any(bias.amplitude_nA.values()) for bias in network.biases.values()):
        why = "The network has no drives and no biases: add some, such as with_erp_drives(network)"
    else:
        weak = {name for name, drive in network.drives.items() if not _weighs(drive)}
        late = {name for name, drive in network.drives.items() if not _fires(drive, tstop)}
        idle = {
            name
            for name, bias in network.biases.items()
            if not any(bias.amplitude_nA.values()) or bias.t0_ms >= tstop or bias.tstop_ms == bias.t0_ms
        }
        if {*network.drives, *network.biases} - weak - late - idle:
            return
        parts = (
            (sorted(weak), "has only weights of 0"), (sorted(late - weak), f"does not fire within {tstop:g} ms"),
            (sorted(idle), "has no current then"),
        )  # fmt: skip
        reasons = [f"{', '.join(map(repr, names))} {what}" for names, what in parts if names]
        why = f"No drive or bias acts on the cells: {'; '.join(reasons)}"
    warn(f"{why}. The dipole is that of cells at rest: zero once the baseline is subtracted.")


def _weighs(drive: Drive) -> bool:
    return any(weight > 0 for weights in drive.weights.values() for weight in weights.values())


def _fires(drive: Drive, tstop: float) -> bool:
    """Whether a drive can have an event after 0 and up to `tstop`, ms."""
    if isinstance(drive, EvokedDrive):
        first, last = (drive.mu_ms + sign * _NEVER * drive.sigma_ms for sign in (-1, 1))
        return first <= tstop and last > 0
    if isinstance(drive, BurstyDrive):
        half = (drive.numspikes - 1) * drive.spike_isi_ms / 2
        spread = _NEVER * (drive.tstart_std + drive.burst_std_ms) + half
        return drive.tstart - spread <= tstop and (drive.tstop is None or drive.tstop > drive.tstart)
    if isinstance(drive, PoissonDrive):
        rates = drive.rate_Hz.values() if hasattr(drive.rate_Hz, "values") else [drive.rate_Hz]
        return any(rates) and drive.tstart < min(tstop, np.inf if drive.tstop is None else drive.tstop)
    if isinstance(drive, SpikeTrainDrive):
        return any(time <= tstop for train in drive.times_ms for time in train)
    return True


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
