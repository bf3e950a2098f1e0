"""Numbers that are allowed but look like a slip of the unit, and sentences that guess which.

No published model, network file or tutorial comes near these limits; the tests hold that. A number on the wrong side is
used as it is, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from .._warn import warn
from .biases import TonicBias
from .connections import Connection
from .drives import BurstyDrive, Drive, EvokedDrive, PoissonDrive, SpikeTrainDrive
from .electrodes import Electrodes

__all__ = ["warn_of_bias", "warn_of_connection", "warn_of_distances", "warn_of_drive", "warn_of_electrodes"]

#: The largest weight in HNN's public files is 50 uS, the smallest of a whole drive 4e-5 uS.
LARGEST_uS, SMALLEST_uS = 100.0, 1e-7
#: Delays in HNN's files are 0.1 to 5 ms.
SHORTEST_DELAY_MS, LONGEST_DELAY_MS = 0.02, 200.0
#: Inputs before this cannot have passed the thalamus.
EARLIEST_MS = 1.0


def warn_of_drive(drive: Drive) -> None:
    """Say what of a drive looks like a slip: a unit, or bursts that run into each other."""
    if not any(weight for weights in drive.weights.values() for weight in weights.values()):
        return  # a placeholder of older files, with numbers to match
    slips = [*_weights(drive), *_delays(_numbers(drive.synaptic_delays), "synaptic_delays")]
    if isinstance(drive, EvokedDrive):
        slips += _seconds("mu_ms", drive.mu_ms, EARLIEST_MS)
    elif isinstance(drive, BurstyDrive):
        slips += _bursts(drive)
    elif isinstance(drive, PoissonDrive):
        slips += [*_rates("rate_Hz", _numbers(drive.rate_Hz), 0.5), *_seconds("tstop", drive.tstop, EARLIEST_MS)]
    elif isinstance(drive, SpikeTrainDrive):
        slips += _seconds("the last of times_ms", max(max(train, default=0.0) for train in drive.times_ms), EARLIEST_MS)
    _say(f"Drive {drive.name!r}", slips)


def warn_of_connection(connection: Connection) -> None:
    """Say what of a connection looks like a slip of the unit."""
    slips = [*_weight("weight_uS", [connection.weight_uS]), *_delays([connection.delay_ms], "delay_ms")]
    _say(f"Connection {connection.source} -> {connection.target} ({connection.receptor})", slips)


def warn_of_bias(bias: TonicBias) -> None:
    """Say what of a bias looks like a slip of the unit."""
    sizes = [abs(value) for value in bias.amplitude_nA.values() if value]
    slips = _seconds("tstop_ms", bias.tstop_ms, EARLIEST_MS)
    if sizes and max(sizes) > 50:
        slips += [f"amplitude_nA of {max(sizes):g} nA is far above what cells bear: pA instead of nA?"]
    if sizes and max(sizes) < 1e-5:
        slips += [f"amplitude_nA of {max(sizes):g} nA is next to nothing: A or mA instead of nA?"]
    _say(f"Bias {bias.name!r}", slips)


def warn_of_electrodes(name: str, electrodes: Electrodes) -> None:
    """Say what of an electrode array looks like a slip of the unit."""
    slips = []
    depths = electrodes.positions[:, 2]
    if np.ptp(depths) > 0 and np.abs(depths).max() < 5.0:
        slips.append(
            f"all contacts lie within {np.abs(depths).max():g} um of the somas of layer 5, and cells reach up by some "
            "2000 um: mm instead of um?"
        )
    if electrodes.conductivity_S_m < 0.02:
        slips.append(f"conductivity_S_m of {electrodes.conductivity_S_m:g} is that of no tissue: S/cm instead of S/m?")
    if electrodes.conductivity_S_m > 10:
        slips.append(f"conductivity_S_m of {electrodes.conductivity_S_m:g} is that of no tissue: mS/m instead of S/m?")
    _say(f"Electrode array {name!r}", slips)


def warn_of_distances(inplane_um: float, separation_um: float) -> None:
    """Say which distance between cells looks like a slip of the unit."""
    slips = []
    if inplane_um < 0.5:
        slips.append(f"inplane_distance_um of {inplane_um:g} um is less than a cell is wide: mm instead of um?")
    if separation_um < 20.0:
        slips.append(f"layer_separation_um of {separation_um:g} um is less than a cell is wide: mm instead of um?")
    _say("Network", slips)


def _say(what: str, slips: Iterable[str]) -> None:
    for slip in slips:
        warn(f"{what}: {slip} It is used as it is.")


def _numbers(value: float | Mapping[str, float]) -> list[float]:
    return list(value.values()) if isinstance(value, Mapping) else [value]


def _seconds(name: str, value: float | None, limit: float) -> list[str]:
    if value is None or not 0 < value < limit:
        return []
    return [f"{name} of {value:g} ms is before any input can arrive: seconds instead of ms?"]


def _weights(drive: Drive) -> Iterator[str]:
    yield from _weight("the largest weight", [*drive.weights_ampa.values(), *drive.weights_nmda.values()])


def _weight(name: str, weights: list[float]) -> Iterator[str]:
    largest = max(weights)
    if largest > LARGEST_uS:
        yield f"{name}, {largest:g} uS, is more than any published one: nS or pS instead of uS?"
    if 0 < largest < SMALLEST_uS:
        yield f"{name}, {largest:g} uS, is next to nothing: S or mS instead of uS?"


def _delays(delays: list[float], name: str) -> Iterator[str]:
    positive = [delay for delay in delays if delay > 0]
    if positive and min(positive) < SHORTEST_DELAY_MS:
        yield f"{name} of {min(positive):g} ms is shorter than a time step: seconds instead of ms?"
    if positive and max(positive) > LONGEST_DELAY_MS:
        yield f"{name} of {max(positive):g} ms is longer than any between neighbours: us instead of ms?"


def _rates(name: str, rates: list[float], limit: float) -> Iterator[str]:
    positive = [rate for rate in rates if rate > 0]
    if positive and max(positive) < limit:
        yield f"{name} of {max(positive):g} Hz is hardly an event in a simulation: kHz instead of Hz?"


def _bursts(drive: BurstyDrive) -> list[str]:
    period, length = 1000.0 / drive.burst_rate_Hz, (drive.numspikes - 1) * drive.spike_isi_ms
    slips = [*_seconds("tstart", drive.tstart, EARLIEST_MS), *_seconds("tstop", drive.tstop, EARLIEST_MS)]
    slips += _rates("burst_rate_Hz", [drive.burst_rate_Hz], 0.05)
    for name, limit in (("burst_std_ms", 0.1), ("spike_isi_ms", 0.1)):
        value = getattr(drive, name)
        if 0 < value < limit:
            slips.append(f"{name} of {value:g} ms is no time between spikes: seconds instead of ms?")
    if length > period:
        slips.append(
            f"a burst of {drive.numspikes} spikes every {drive.spike_isi_ms:g} ms takes {length:g} ms, longer than the "
            f"period of {period:g} ms of burst_rate_Hz = {drive.burst_rate_Hz:g}, so bursts overlap: take fewer "
            "spikes, a shorter spike_isi_ms or a lower burst_rate_Hz."
        )
    return slips
