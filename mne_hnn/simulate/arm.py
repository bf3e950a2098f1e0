"""Prepare a built column for one trial: the events of the drives, and the currents of the biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Network, Wires
from .build import Column
from .slots import SYNAPSE_SLOTS


@dataclass(frozen=True, slots=True)
class Armed:
    """What one trial adds to a column.

    Attributes
    ----------
    arrivals : list of (NetCon, float)
        Events and their times of arrival, ms.
    spike_times, spike_gids : array, shape (n_spikes,)
        Spikes of the drive cells themselves.
    """

    arrivals: list[tuple[Any, float]]
    spike_times: NDArray[np.float64]
    spike_gids: NDArray[np.int64]


def _first_rows(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row at which each distinct key appears first."""
    return np.unique(keys, return_index=True)[1]


def _set_weights(column: Column, drive: str, wires: Wires) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Return the ways from a drive into the cells, with its weights set: (target, site) -> one NetCon per bank.

    All cells of a drive sit at the origin, so their routes to one target are alike and share a way in.
    """
    ways: dict[tuple[int, int], tuple[Any, ...]] = {}
    tables = {cell_type: column.slot_weights(wires, cell_type) for cell_type, _ in wires.sites}
    for row in _first_rows(wires.target.astype(np.int64) * len(wires.sites) + wires.site):
        gid, site = int(wires.target[row]), int(wires.site[row])
        cell_type, sections = wires.sites[site]
        weights = tables[cell_type][row].tolist()
        netcons = column.drive_netcons(drive, gid, sections)
        for bank, netcon in enumerate(netcons):
            for slot, weight in enumerate(weights[bank * SYNAPSE_SLOTS : (bank + 1) * SYNAPSE_SLOTS]):
                netcon.weight[slot] = weight
        ways[gid, site] = netcons
    return ways


def _arrivals(
    column: Column, drive: str, wires: Wires, trains: tuple[NDArray[np.float64], ...], tstop: float
) -> list[tuple[Any, float]]:
    ways = _set_weights(column, drive, wires)
    arrivals: list[tuple[Any, float]] = []
    spikes = [train.tolist() for train in trains]
    routes = zip(
        wires.source.tolist(), wires.target.tolist(), wires.site.tolist(), wires.delay_ms.tolist(), strict=True
    )
    for source, gid, site, delay in routes:
        for time in spikes[source]:
            if time + delay <= tstop:
                arrivals += [(netcon, time + delay) for netcon in ways[gid, site]]
    return arrivals


def _own_part(column: Column, wires: Wires) -> Wires:
    """Return the routes that end at cells of this process."""
    here = column.share.has(wires.target)
    if np.all(here):
        return wires
    arrays = ("source", "target", "site", "delay_ms", "weights_uS", "threshold")
    return replace(wires, **{name: getattr(wires, name)[here] for name in arrays})


def _set_clamps(column: Column, network: Network, tstop: float) -> None:
    """Give the column the current clamps of the biases, and take those of an earlier run away."""
    column.clamps.clear()
    ranges = network.gid_ranges
    for bias in network.biases.values():
        stop = tstop if bias.tstop_ms is None else bias.tstop_ms
        for cell_type, amplitude in bias.amplitude_nA.items():
            for gid in column.share.of(ranges[cell_type]):
                clamp = column.h.IClamp(column.section(gid, bias.section)(0.5))
                clamp.delay, clamp.dur, clamp.amp = bias.t0_ms, stop - bias.t0_ms, amplitude
                column.clamps.append(clamp)


def arm(
    column: Column,
    network: Network,
    wires: Mapping[str, Wires],
    events: Mapping[str, tuple[NDArray[np.float64], ...]],
    tstop: float,
) -> Armed:
    """Set the weights of the drives and the biases, and list what arrives when.

    Parameters
    ----------
    column : Column
        The built cells.
    network : Network
        The network with the drives of this run.
    wires : dict of str to Wires
        The routes of each drive.
    events : dict of str to tuple of array, shape (n_events,)
        The spikes of each cell of each drive, as :func:`mne_hnn.network.drive_events` draws them for a trial; ms.
    tstop : float
        End of the run, ms.

    Returns
    -------
    Armed
        Events, and the spikes of the drive cells.
    """
    ranges = network.gid_ranges
    arrivals: list[tuple[Any, float]] = []
    times: list[NDArray[np.float64]] = [np.empty(0)]
    gids: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    for name, trains in events.items():
        own = _own_part(column, wires[name])
        arrivals += _arrivals(column, name, own, trains, tstop) + column.points.arrivals(own, trains, tstop)
        for gid, train in zip(ranges[name], trains, strict=True):
            times.append(train)
            gids.append(np.full(len(train), gid, dtype=np.int64))
    _set_clamps(column, network, tstop)
    return Armed(arrivals=arrivals, spike_times=np.concatenate(times), spike_gids=np.concatenate(gids))
