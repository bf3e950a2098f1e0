"""What a user should know before a simulation begins."""

from __future__ import annotations

import numpy as np

from .._units import MS
from .._warn import warn
from ..errors import ParameterError
from ..network import BurstyDrive, Drive, EvokedDrive, Network, PoissonDrive, SpikeTrainDrive, drive_wires
from .record import Record, every_nth, recording_channels
from .steps import n_steps

__all__ = [
    "check_times",
    "warn_of_coarse_steps",
    "warn_of_large_tables",
    "warn_of_silence",
    "warn_of_unheard_drives",
]

# What a notebook may hold without anybody noticing, bytes
_LARGE = 4e9
# Standard deviations beyond which none of some hundred draws falls
_NEVER = 5.0
FINE_ms, COARSEST_ms = 0.05, 0.5
"""Up to the first step the dipole of a column below threshold is within 0.6 % of its limit for small steps (1.3 % at
0.1 ms, 8 % at 0.5 ms; a column that fires differs by more, as its spikes fall on other steps). Beyond the second,
events of 1 ms delay and the gates of sodium channels are lost."""
FINEST_ms = 5e-4
SHORTEST_ms, LONGEST_ms = 1.0, 120e3


def check_times(tstop: float, dt: float) -> None:
    """Refuse a duration and a step, both ms, that are those of another unit.

    Raises
    ------
    ParameterError
        `dt` does not divide `tstop`, or one of them is too small or too large for ms.
    """
    n_steps(tstop, dt)
    if dt > COARSEST_ms:
        raise ParameterError(
            f"dt must be at most {COARSEST_ms:g} ms, got {dt:g} ms: the published models are defined at 0.025 ms."
        )
    if dt < FINEST_ms:
        raise ParameterError(f"dt = {dt:g} ms is far too small a step: was it given in seconds? It is in ms.")
    if tstop < SHORTEST_ms:
        raise ParameterError(
            f"tstop = {tstop:g} ms is too short for any response: was it given in seconds? It is in ms: {tstop / MS:g}."
        )


def warn_of_coarse_steps(tstop: float, dt: float) -> None:
    """Say that a step changes results, or that a duration (both ms) is as long as no experiment."""
    if dt > FINE_ms:
        warn(
            f"dt = {dt:g} ms is a coarse step: dipoles and spikes differ from those at 0.025 ms, at which the "
            f"published models are defined (the dipole of a column below threshold by about 1 % at 0.1 ms and 8 % at "
            f"0.5 ms, of one that fires by far more). Take dt of at most {FINE_ms:g} ms."
        )
    if tstop > LONGEST_ms:
        warn(f"tstop = {tstop:g} ms is {tstop * MS:g} s of simulated time: is it in ms?")


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
            (sorted(weak), "has only weights of 0"),
            (sorted(late - weak), f"does not fire within {tstop:g} ms"),
            (sorted(idle), "has no current then"),
        )
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
