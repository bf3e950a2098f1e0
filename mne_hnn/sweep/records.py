"""What is kept of one simulation: plain arrays by name, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dipole import Dipole
from ..network import Network
from ..network.serial import network_from_text, network_to_text
from ..simulate import Simulation
from ..spikes import Spikes

__all__ = ["KEEP", "Record", "Row"]

Record = Mapping[str, Any]
#: What can be kept of a simulation.
KEEP = ("dipole", "spikes")
ROW_MEMBERS = ("status", "error", "summary_names", "summary_values")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the table says of one point.

    Attributes
    ----------
    status : str
        ``'ok'``, ``'failed'`` (the simulation), ``'summary failed'``, or ``'missing'`` (not simulated yet).
    error : str
        What went wrong; empty if nothing did.
    summaries : mapping of str to float
        The numbers by column.
    """

    status: str
    error: str = ""
    summaries: Mapping[str, float]

    @property
    def simulated(self) -> bool:
        """Whether there is a simulation."""
        return self.status in ("ok", "summary failed")


def row_arrays(row: Row) -> dict[str, Any]:
    """Return a row as arrays."""
    return {
        "status": np.array(row.status), "error": np.array(row.error),
        "summary_names": np.array(list(row.summaries), dtype=str),
        "summary_values": np.array(list(row.summaries.values()), dtype=float),
    }  # fmt: skip


def row_of(record: Record) -> Row:
    """Return the row of a record."""
    columns = zip(record["summary_names"].tolist(), record["summary_values"].tolist(), strict=True)
    return Row(status=str(record["status"]), error=str(record["error"]), summaries=dict(columns))


def simulation_arrays(simulation: Simulation, keep: Iterable[str]) -> dict[str, Any]:
    """Return what is kept of a simulation, without loss, as arrays."""
    kept = set(keep)
    arrays: dict[str, Any] = {}
    if "dipole" in kept:
        first = simulation.dipoles[0]
        arrays |= {
            "dipole": np.array([one.data for one in simulation.dipoles], dtype=np.float64),
            "dipole_layers": np.array(first.layers), "dipole_sfreq": np.array(float(first.info["sfreq"])),
            "dipole_comment": np.array([one.comment for one in simulation.dipoles]),
        }  # fmt: skip
    if "spikes" in kept:
        spikes = simulation.spikes
        cells = [np.asarray(numbers, dtype=np.int64) for numbers in spikes.gid_ranges.values()]
        arrays |= {
            "spike_trial": spikes.trial, "spike_time": spikes.time, "spike_gid": spikes.gid,
            "spike_window": np.array([spikes.tmin, spikes.tmax]), "spike_trials": np.array(spikes.trials),
            "cell_types": np.array(list(spikes.gid_ranges), dtype=str),
            "cell_counts": np.array([len(numbers) for numbers in cells]),
            "cell_gids": np.concatenate([np.empty(0, dtype=np.int64), *cells]),
        }  # fmt: skip
    return arrays


def dipoles_of(record: Record) -> tuple[Dipole, ...]:
    """Return the dipoles of a record, one per trial."""
    layers, sfreq = record["dipole_layers"].tolist(), float(record["dipole_sfreq"])
    return tuple(
        Dipole(data, None, layers, sfreq=sfreq, comment=comment)
        for data, comment in zip(record["dipole"], record["dipole_comment"].tolist(), strict=True)
    )


def spikes_of(record: Record) -> Spikes:
    """Return the spikes of a record."""
    ends = np.cumsum(record["cell_counts"])
    cells = [one.tolist() for one in np.split(record["cell_gids"], ends[:-1])] if len(ends) else []
    tmin, tmax = record["spike_window"].tolist()
    trials = tuple(record["spike_trials"].tolist())
    return Spikes(
        trial=record["spike_trial"], time=record["spike_time"], gid=record["spike_gid"],
        gid_ranges=dict(zip(record["cell_types"].tolist(), cells, strict=True)), n_trials=len(trials), tmin=tmin,
        tmax=tmax, trials=trials,
    )  # fmt: skip


def network_arrays(network: Network) -> dict[str, Any]:
    """Return a network as an array of text."""
    return {"network": np.array(network_to_text(network))}


def network_of(record: Record) -> Network:
    """Return the network of a record."""
    return network_from_text(str(record["network"]))
