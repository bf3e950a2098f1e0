"""What is kept of one simulation: plain arrays by name, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._archive import plain, restore
from ..dipole import Dipole
from ..io.results import dipole_parts, dipoles_from, measured_of, measured_parts, spike_parts, spikes_from
from ..network import Network
from ..network.serial import network_from_text, network_to_text
from ..simulate import Simulation
from ..spikes import Spikes

__all__ = ["KEEP", "Record", "Row"]

Record = Mapping[str, Any]
#: What can be kept of a simulation.
KEEP = ("dipole", "spikes", "recordings", "lfp")
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
        "status": np.array(row.status),
        "error": np.array(row.error),
        "summary_names": np.array(list(row.summaries), dtype=str),
        "summary_values": np.array(list(row.summaries.values()), dtype=float),
    }


def row_of(record: Record) -> Row:
    """Return the row of a record."""
    columns = zip(record["summary_names"].tolist(), record["summary_values"].tolist(), strict=True)
    return Row(status=str(record["status"]), error=str(record["error"]), summaries=dict(columns))


def simulation_arrays(simulation: Simulation, keep: Iterable[str]) -> dict[str, Any]:
    """Return what is kept of a simulation, without loss, as arrays."""
    kept = set(keep)
    content: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    parts = []
    if "dipole" in kept:
        parts.append(dipole_parts(simulation.dipoles))
    if "spikes" in kept:
        parts.append(spike_parts(simulation.spikes, cells=True))
    if kept & {"recordings", "lfp"}:
        parts.append(measured_parts(simulation, kept))
    for about, own in parts:
        content |= about
        arrays |= own
    return {"content": np.array(json.dumps(plain(content))), **arrays} if parts else {}


def _content(record: Record) -> dict[str, Any]:
    return dict(restore(json.loads(str(record["content"]))))


def measured_in(record: Record) -> dict[str, Any]:
    """Return the recordings and potentials of a record, as fields of a simulation."""
    return measured_of(_content(record), record)


def dipoles_of(record: Record) -> tuple[Dipole, ...]:
    """Return the dipoles of a record, one per trial."""
    return dipoles_from(_content(record), record)


def spikes_of(record: Record) -> Spikes:
    """Return the spikes of a record."""
    return spikes_from(_content(record), record)


def network_arrays(network: Network) -> dict[str, Any]:
    """Return a network as an array of text."""
    return {"network": np.array(network_to_text(network))}


def network_of(record: Record) -> Network:
    """Return the network of a record."""
    return network_from_text(str(record["network"]))
