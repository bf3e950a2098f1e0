"""Drives and biases of HNN's network files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._checks import check_name
from ..errors import DataError
from ..network import BurstyDrive, Drive, EvokedDrive, Network, PoissonDrive, SpikeTrainDrive, TonicBias, drive_wires
from ._hnn_connections import gid_pairs

__all__ = ["biases", "drive", "same_wires"]


def _evoked(dynamics: Mapping[str, Any], _n: int) -> dict[str, Any]:
    return {"mu_ms": dynamics["mu"], "sigma_ms": dynamics["sigma"], "numspikes": int(dynamics["numspikes"])}


def _window(dynamics: Mapping[str, Any]) -> tuple[float, float | None]:
    """Return start and end; a drive of HNN's old mode that ends before it starts is one that never fires."""
    start, stop = float(dynamics["tstart"]), dynamics["tstop"]
    return start, None if stop is None else max(float(stop), start)


def _poisson(dynamics: Mapping[str, Any], _n: int) -> dict[str, Any]:
    start, stop = _window(dynamics)
    return {"rate_Hz": dynamics["rate_constant"], "tstart": start, "tstop": stop}


def _bursty(dynamics: Mapping[str, Any], _n: int) -> dict[str, Any]:
    start, stop = _window(dynamics)
    silent = stop is not None and stop <= start
    return {
        "tstart": start,
        "tstart_std": 0.0 if silent else dynamics["tstart_std"],
        "tstop": stop,
        "burst_rate_Hz": dynamics["burst_rate"],
        "burst_std_ms": dynamics["burst_std"],
        "numspikes": int(dynamics["numspikes"]),
        "spike_isi_ms": dynamics["spike_isi"],
    }


def _spike_train(dynamics: Mapping[str, Any], n_cells: int) -> dict[str, Any]:
    trains: list[list[float]] = [[] for _ in range(n_cells)]
    for time, cell in zip(dynamics["times"], dynamics["gids"], strict=True):
        trains[int(cell)].append(float(time))
    return {"times_ms": trains}


_KINDS: Mapping[str, tuple[type[Drive], Callable[[Mapping[str, Any], int], dict[str, Any]]]] = {
    "evoked": (EvokedDrive, _evoked),
    "gaussian": (EvokedDrive, _evoked),
    "poisson": (PoissonDrive, _poisson),
    "bursty": (BurstyDrive, _bursty),
    "spike_train": (SpikeTrainDrive, _spike_train),
}


def drive(
    name: str, entry: Mapping[str, Any], connections: Sequence[Mapping[str, Any]], placeholders: Sequence[str] = ()
) -> Drive:
    """Return a drive from its own entry and those of its connections, which decide where they differ.

    Parameters
    ----------
    name : str
        Its name.
    entry : mapping
        What the file says of it.
    connections : sequence of mapping
        Its connections.
    placeholders : sequence of str
        Cell types that it does not reach, but has drive cells for if it is cell-specific.
    """
    kind, own = _KINDS[check_name(entry["type"], _KINDS, "kind of drive", where=f"of {name!r}", error=DataError)]
    n_cells = int(entry["n_drive_cells"])
    specific = bool(entry["cell_specific"])
    weights: dict[str, dict[str, float]] = {"ampa": {}, "nmda": {}}
    delays: dict[str, float] = {}
    constants = set()
    for connection in connections:
        rules, target = connection["nc_dict"], connection["target_type"]
        receptor = check_name(connection["receptor"], weights, "receptor", where=f"of drive {name!r}", error=DataError)
        weights[receptor][target] = rules["A_weight"] * rules.get("gain", 1.0)
        constants.add(rules["lamtha"])
        if delays.setdefault(target, rules["A_delay"]) != rules["A_delay"]:
            raise DataError(f"Drive {name!r} has two delays to {target!r}; here a drive has one per cell type.")
    if len(constants) != 1:
        raise DataError(f"Drive {name!r} has space constants {sorted(constants)}; here a drive has one.")
    return kind(
        name=name,
        location=entry["location"],
        weights_ampa=weights["ampa"],
        weights_nmda=weights["nmda"],
        synaptic_delays=_as_given(entry.get("synaptic_delays"), delays),
        space_constant=constants.pop(),
        probability=_for_targets(entry.get("probability", 1.0), delays),
        cell_specific=specific,
        n_drive_cells="n_cells" if specific else n_cells,
        placeholder_types=placeholders if specific else (),
        event_seed=int(entry.get("event_seed") or 0),
        conn_seed=_conn_seed(entry),
        **own(entry["dynamics"], n_cells),
    )


def _conn_seed(entry: Mapping[str, Any]) -> int:
    seed = entry.get("conn_seed")
    return 3 if seed is None else int(seed)


def _as_given(given: Any, delays: Mapping[str, float]) -> Any:
    return given if not isinstance(given, Mapping) and set(delays.values()) == {given} else dict(delays)


def _for_targets(given: Any, targets: Mapping[str, float]) -> Any:
    return {name: given[name] for name in targets} if isinstance(given, Mapping) else float(given)


def same_wires(network: Network, name: str, connections: Sequence[Mapping[str, Any]], cells: range) -> bool:
    """Return whether a drive has the cells it has in the file, joined to the same targets by each receptor."""
    if network.n_drive_cells(network.drives[name]) != len(cells):
        return False
    wires = drive_wires(network, name)
    made = sorted(zip((wires.source + cells.start).tolist(), wires.target.tolist(), strict=True))
    ranges = network.gid_ranges
    return all(
        gid_pairs(connection) == [pair for pair in made if pair[1] in ranges[connection["target_type"]]]
        for connection in connections
    )


def biases(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, TonicBias]:
    """Return the tonic biases: one per name, time window and section."""
    found: dict[str, TonicBias] = {}
    for name, by_type in entries.items():
        groups: dict[tuple[Any, ...], dict[str, float]] = {}
        for cell_type, bias in by_type.items():
            window = (bias.get("section", "soma"), bias["t0"], bias["tstop"])
            groups.setdefault(window, {})[cell_type] = bias["amplitude"]
        for number, ((section, start, stop), amplitude) in enumerate(groups.items()):
            key = name if number == 0 else f"{name} {number + 1}"
            found[key] = TonicBias(name=key, amplitude_nA=amplitude, section=section, t0_ms=start, tstop_ms=stop)
    return found
