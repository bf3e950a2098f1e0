"""Connections of HNN's network files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..network import Connection
from ..network.connections import DEFAULT_CONN_SEED, keep_pairs

__all__ = ["cell_connection", "gid_pairs"]

Pairs = list[tuple[int, int]]


def gid_pairs(entry: Mapping[str, Any]) -> Pairs:
    """Return the pairs of cell numbers that an entry joins, in order."""
    return sorted((int(source), int(target)) for source, targets in entry["gid_pairs"].items() for target in targets)


def cell_connection(entry: Mapping[str, Any], ranges: Mapping[str, range], threshold_mV: float) -> Connection | None:
    """Return one set of connections between cells; None for one without any pair."""
    source, target = ranges[entry["src_type"]], ranges[entry["target_type"]]
    rules = entry["nc_dict"]
    threshold = float(rules.get("threshold", threshold_mV))
    pairs = [(s - source.start, t - target.start) for s, t in gid_pairs(entry)]
    if not pairs:
        return None
    return Connection(
        source=entry["src_type"],
        target=entry["target_type"],
        location=entry["loc"],
        receptor=entry["receptor"],
        weight_uS=rules["A_weight"],
        delay_ms=rules["A_delay"],
        lamtha=rules["lamtha"],
        gain=rules.get("gain", 1.0),
        threshold_mV=None if threshold == threshold_mV else threshold,
        **_who(entry, pairs, source, target),
    )


def _who(entry: Mapping[str, Any], pairs: Pairs, source: range, target: range) -> dict[str, Any]:
    """Return how to say which cells are joined, as briefly as the pairs allow."""
    chosen = {
        name: sorted(int(gid) - cells.start for gid in entry[f"{key}_gids"])
        for name, key, cells in (("source", "src", source), ("target", "target", target))
    }
    autapses = bool(entry.get("allow_autapses", True))
    same = entry["src_type"] == entry["target_type"]
    full = [(s, t) for s in chosen["source"] for t in chosen["target"] if autapses or not same or s != t]
    indices = {
        f"{name}_indices": None if chosen[name] == list(range(len(cells))) else chosen[name]
        for name, cells in (("source", source), ("target", target))
    }
    if pairs == full:
        return {"allow_autapses": autapses, **indices}
    probability = float(entry.get("probability", 1.0))
    if pairs == _keep(full, probability):
        return {"allow_autapses": autapses, "probability": probability, "seed": DEFAULT_CONN_SEED, **indices}
    return {"allow_autapses": autapses, "pairs": pairs}


def _keep(full: Sequence[tuple[int, int]], probability: float) -> Pairs:
    return [full[k] for k in keep_pairs(len(full), probability, DEFAULT_CONN_SEED)]
