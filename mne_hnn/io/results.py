"""Dipoles, spikes and simulations as plain values and arrays, for the archives that hold them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import mne
import numpy as np

from ..dipole import Dipole
from ..network import Network
from ..recordings import Recording, RecordingChannel
from ..simulate import Simulation
from ..spikes import Spikes

__all__ = [
    "about_dipole",
    "dipole_of",
    "dipole_parts",
    "dipoles_from",
    "measured_of",
    "measured_parts",
    "simulation_of",
    "simulation_parts",
    "spike_parts",
    "spikes_from",
]

Parts = tuple[dict[str, Any], dict[str, Any]]

_SIMULATION = ("tstop", "dt", "seed", "baseline", "engine")
_SPIKES = ("n_trials", "tmin", "tmax", "trials")


def about_dipole(dipole: Dipole) -> dict[str, Any]:
    """Return all of a dipole but its data."""
    return {
        "layers": dipole.layers,
        "comment": dipole.comment,
        "nave": int(dipole.nave),
        "provenance": dipole.provenance,
        "scale_applied": dipole.scale_applied,
        "sfreq": float(dipole.info["sfreq"]),
        "tmin": float(dipole.times[0]),
        "baseline": dipole.baseline,
    }


def dipole_of(data: Any, about: Mapping[str, Any]) -> Dipole:
    """Return the dipole that :func:`about_dipole` and its data describe."""
    options = dict(about)
    baseline = options.pop("baseline")
    dipole = Dipole(data, None, **options)
    if dipole.times[0] != about["tmin"]:  # to the last bit
        dipole.shift_time(about["tmin"], relative=False)
    dipole.baseline = None if baseline is None else tuple(baseline)
    return dipole


def dipole_parts(dipoles: Sequence[Dipole]) -> Parts:
    """Return the plain values and the arrays of the dipoles of all trials."""
    return {"trials": [about_dipole(dipole) for dipole in dipoles]}, {
        "trials": np.array([dipole.data for dipole in dipoles])
    }


def dipoles_from(content: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[Dipole, ...]:
    """Return the dipoles that :func:`dipole_parts` took apart."""
    return tuple(dipole_of(*pair) for pair in zip(arrays["trials"], content["trials"], strict=True))


def spike_parts(spikes: Spikes, *, cells: bool) -> Parts:
    """Return the plain values and the arrays of spikes, with the numbers of all cells where no network says them."""
    content: dict[str, Any] = {"spikes": {name: getattr(spikes, name) for name in _SPIKES}}
    if cells:
        content["gid_ranges"] = [
            [name, {"start": own.start, "stop": own.stop} if isinstance(own, range) else list(own)]
            for name, own in spikes.gid_ranges.items()
        ]
    return content, {"spike_trial": spikes.trial, "spike_time": spikes.time, "spike_gid": spikes.gid}


def spikes_from(
    content: Mapping[str, Any], arrays: Mapping[str, Any], gid_ranges: Mapping[str, Sequence[int]] | None = None
) -> Spikes:
    """Return the spikes that :func:`spike_parts` took apart."""
    if gid_ranges is None:
        gid_ranges = {
            name: range(own["start"], own["stop"]) if isinstance(own, dict) else own
            for name, own in content["gid_ranges"]
        }
    return Spikes(
        trial=arrays["spike_trial"],
        time=arrays["spike_time"],
        gid=arrays["spike_gid"],
        gid_ranges=gid_ranges,
        **content["spikes"],
    )


def simulation_parts(simulation: Simulation) -> Parts:
    """Return the plain values and the arrays of a simulation, without its network."""
    content: dict[str, Any] = {"simulation": {name: getattr(simulation, name) for name in _SIMULATION}}
    if simulation.precision != "exact":  # files of all others are as they were before there was a choice
        content["simulation"]["precision"] = simulation.precision
    arrays: dict[str, Any] = {}
    spikes = spike_parts(simulation.spikes, cells=False)  # the network has them
    for about, own in (dipole_parts(simulation.dipoles), spikes, measured_parts(simulation)):
        content |= about
        arrays |= own
    return content, arrays


def measured_parts(simulation: Simulation, kinds: Container[str] = ("recordings", "lfp")) -> Parts:
    """Return the plain values and the arrays of what cells and electrodes recorded."""
    recordings = simulation.recordings if "recordings" in kinds else {}
    lfp = simulation.lfp if "lfp" in kinds else {}
    content = {
        "recordings": [
            {
                "quantity": recording.quantity,
                "channels": recording.channels,
                "trials": recording.trials,
                **({"own_unit": recording.own_unit} if recording.own_unit else {}),
            }
            for recording in recordings.values()
        ],
        "lfp": [{"name": name, **_about_potential(potential)} for name, potential in lfp.items()],
    }
    arrays: dict[str, Any] = {}
    for k, recording in enumerate(recordings.values()):
        arrays |= {f"recording_{k}_times": recording.times, f"recording_{k}_data": recording.data}
    for k, epochs in enumerate(lfp.values()):
        arrays |= {f"lfp_{k}_data": epochs.get_data(copy=False), f"lfp_{k}_events": epochs.events}
        arrays |= {f"lfp_{k}_positions": np.array([channel["loc"] for channel in epochs.info["chs"]])}
    return content, arrays


def simulation_of(content: Mapping[str, Any], arrays: Mapping[str, Any], network: Network) -> Simulation:
    """Return the simulation that :func:`simulation_parts` took apart."""
    return Simulation(
        network=network,
        dipoles=dipoles_from(content, arrays),
        spikes=spikes_from(content, arrays, network.gid_ranges),
        **measured_of(content, arrays),
        **content["simulation"],
    )


def measured_of(content: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recordings and potentials that :func:`measured_parts` took apart, by field of a simulation."""
    recordings = {
        entry["quantity"]: Recording(
            quantity=entry["quantity"],
            times=arrays[f"recording_{k}_times"],
            data=arrays[f"recording_{k}_data"],
            channels=tuple(RecordingChannel(*channel) for channel in entry["channels"]),
            trials=tuple(entry["trials"]),
            own_unit=entry.get("own_unit", ""),
        )
        for k, entry in enumerate(content.get("recordings", ()))
    }
    lfp = {entry["name"]: _potential(entry, arrays, k) for k, entry in enumerate(content.get("lfp", ()))}
    return {"recordings": recordings, "lfp": lfp}


def _about_potential(epochs: mne.EpochsArray) -> dict[str, Any]:
    return {
        "channels": epochs.ch_names,
        "types": epochs.get_channel_types(),
        "sfreq": float(epochs.info["sfreq"]),
        "frames": [int(channel["coord_frame"]) for channel in epochs.info["chs"]],
        "tmin": float(epochs.tmin),
        "description": epochs.info["description"],
        "event_id": epochs.event_id,
        "baseline": epochs.baseline,
    }


def _potential(about: Mapping[str, Any], arrays: Mapping[str, Any], k: int) -> mne.EpochsArray:
    info = mne.create_info(about["channels"], about["sfreq"], about["types"], verbose="error")
    for channel, loc, frame in zip(info["chs"], arrays[f"lfp_{k}_positions"], about["frames"], strict=True):
        channel["loc"][:] = loc
        channel["coord_frame"] = frame
    info["description"] = about["description"]
    epochs = mne.EpochsArray(
        arrays[f"lfp_{k}_data"],
        info,
        events=arrays[f"lfp_{k}_events"],
        event_id=about["event_id"],
        tmin=about["tmin"],
        baseline=None,
        proj=False,
        verbose="error",
    )
    epochs.baseline = None if about["baseline"] is None else tuple(about["baseline"])
    return epochs
