"""What posteriors of several subjects say together, in words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .words import LEARNED, SURE

if TYPE_CHECKING:
    from .group_posterior import GroupPosterior

__all__ = ["sentences"]


def sentences(found: GroupPosterior) -> list[str]:
    """Return what the subjects say together, for a reader who sees nothing else."""
    kind = "columns whose cells fire" if found.regime == "spiking" else "columns in which no cell fires"
    named = [name for name in found.conditions if name]
    conditions = f" in {len(named)} conditions ({', '.join(named)})" if named else ""
    told = [f"{len(found.subjects)} subjects{conditions}, pooled partially: {kind}, drives {', '.join(found.sides)}."]
    for a, b in combinations(found.conditions, 2):
        told += _difference(found, a, b)
    rows = [row for row in found.rows() if row["learned_bits"] >= LEARNED]
    for path in dict.fromkeys(row["parameter"] for row in rows):
        some_rows = [row for row in rows if row["parameter"] == path]
        means = ", ".join(_mean(row) for row in some_rows)
        told.append(f"{path}: the group's mean is {means}; {_spread(some_rows[0])}.")
    if not rows:
        told.append("Of no number is the group's mean known at least a bit better than it was expected.")
    return told


def _mean(row: Mapping[str, Any]) -> str:
    where = f" in {row['condition']}" if row["condition"] else ""
    low, high = _number(row, "mean_low_90"), _number(row, "mean_high_90")
    return f"{_number(row, 'mean')}{where} ({low} to {high} in 90 %)"


def _spread(row: Mapping[str, Any]) -> str:
    low, middle, high = (_number(row, f"spread{end}") for end in ("_low_90", "", "_high_90"))
    factor = "a factor of " if row["scale"] == "log" else ""
    unit = "" if factor else " ms"
    return f"subjects differ by {factor}{middle}{unit} ({low} to {high}; one standard deviation)"


def _difference(found: GroupPosterior, a: str, b: str) -> list[str]:
    rows = found.difference(a, b)
    sure = [row for row in rows if max(row["above"], 1 - row["above"]) >= SURE]
    told = []
    for row in sure:
        linear = row["scale"] == "linear"
        low, middle, high = (_number(row, f"difference{end}") for end in ("_low_90", "", "_high_90"))
        way = f"{a} minus {b}" if linear else f"{a} divided by {b}"
        side = "larger" if row["above"] >= 0.5 else "smaller"
        told.append(
            f"{row['parameter']}, {way}: {middle}{' ms' if linear else ''} ({low} to {high} in 90 %), {side} in {a} "
            f"with a probability of {max(row['above'], 1 - row['above']):.3f}; {row['n_both']} subjects have both."
        )
    rest = len(rows) - len(sure)
    if rest:
        told.append(
            f"Whether {a} is above or below {b} is open for {rest} of {len(rows)} numbers (probability below {SURE:g})."
        )
    return told


def _number(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")
