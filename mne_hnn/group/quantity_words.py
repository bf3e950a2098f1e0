"""What the numbers that are compared between conditions are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .comparison import Difference

__all__ = [
    "change_text",
    "choose",
    "drive_of",
    "in_shown_units",
    "number",
    "p_text",
    "quantity_name",
    "rank",
    "short_name",
    "unit_factor",
]

SHOWN_GROUPS = ("spikes", "parameter")
"""What figures and sentences on the fits are of."""
_FIELDS = {"mu_ms": "time", "sigma_ms": "spread"}
_ORDER = ("mu_ms", "strength", "weight", "sigma_ms")


_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
# units of the tables, with the factor to those of figures and words
_UNITS = {"A m": (1e9, "nAm"), "s": (1e3, "ms"), "uS": (1.0, "\N{MICRO SIGN}S"), "nA": (1.0, "nA")}


def in_shown_units(difference: Difference) -> Difference:
    """Return a difference in the unit that a reader sees: nAm for A m, ms for s."""
    factor, unit = _UNITS.get(difference.unit or "", (1.0, difference.unit or ""))
    if unit == difference.unit:
        return difference
    own = factor if difference.scale == "linear" else 1.0  # a ratio has no unit
    return replace(
        difference,
        unit=unit,
        values_a=factor * np.asarray(difference.values_a),
        values_b=factor * np.asarray(difference.values_b),
        mean_a=factor * difference.mean_a,
        mean_b=factor * difference.mean_b,
        difference=own * difference.difference,
        low=own * difference.low,
        high=own * difference.high,
    )


def rank(quantity: str) -> int:
    """Return what a reader wants to see first: what is of no drive, then when, how strong, how spread out."""
    if not quantity.startswith("drives."):
        return 0
    return next((k for k, word in enumerate(_ORDER, start=1) if f".{word}" in quantity), len(_ORDER) + 1)


def unit_factor(unit: str | None) -> float:
    """Return the factor to the unit that a reader sees."""
    return _UNITS.get(unit or "", (1.0, ""))[0]


def drive_of(quantity: str) -> str | None:
    """Return the drive that a quantity belongs to, if any."""
    root, _, rest = quantity.partition(".")
    return rest.partition(".")[0] if root == "drives" and rest else None


def short_name(quantity: str) -> str:
    """Return what a quantity is called beside the name of its drive."""
    drive = drive_of(quantity)
    root, _, cell_type = quantity.partition(".")
    if root == "spikes":
        cell_type, _, when = cell_type.partition(".")
        return f"{cell_type.replace('_', ' ')} spike{' time' if when else 's'}"
    if drive is None:
        return "R²" if quantity == "r_squared" else quantity.replace("_", " ")
    field, _, cell = quantity.removeprefix(f"drives.{drive}.").partition(".")
    if field in _FIELDS:
        return _FIELDS[field]
    kind = field.removeprefix("weights_").upper() if field.startswith("weights_") else field.replace("_", " ")
    return f"{kind} {cell.replace('_', ' ')}".strip()


def quantity_name(quantity: str) -> str:
    """Return a quantity in words: ``evdist1 time``, ``number of columns``."""
    drive = drive_of(quantity)
    if drive is None:
        return "number of columns" if quantity == "columns" else short_name(quantity)
    return f"{drive} {short_name(quantity)}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with a true minus sign and, where it is large, thousands apart."""
    if not np.isfinite(value):
        return "\N{EN DASH}"
    rounded = float(f"{value:.{digits}g}")
    if 0 < abs(rounded) < 1e-3:
        mantissa, _, power = f"{rounded:.{digits - 1}e}".partition("e")
        tens = str(int(power)).translate(_SUPERSCRIPTS)
        return f"{float(mantissa):g} \N{MULTIPLICATION SIGN} 10{tens}".replace("-", "\N{MINUS SIGN}")
    text = f"{rounded:,.0f}" if 1e3 <= abs(rounded) < 1e9 else f"{rounded:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")


def change_text(difference: Difference) -> str:
    """Return a difference with its interval: ``−9.1 ms (−11 to −7.2)``, or a factor, ``× 1.5 (1.2 to 1.9)``."""
    difference, interval = in_shown_units(difference), ""
    if np.isfinite([difference.low, difference.high]).all():
        interval = f" ({number(difference.low)} to {number(difference.high)})"
    if difference.scale == "log":
        return f"\N{MULTIPLICATION SIGN} {number(difference.difference)}{interval}"
    unit = f" {difference.unit}" if difference.unit else ""
    rounding = 1e-12 * max(abs(difference.mean_a), abs(difference.mean_b))
    value = difference.difference if abs(difference.difference) > rounding else 0.0
    return f"{'+' if value > 0 else ''}{number(value)}{unit}{interval}"


def choose(differences: Iterable[Difference], most: int) -> list[Difference]:
    """Return the spikes and parameters to show, at most so many: times before weights before spreads.

    What was not tested is left out: the data do not determine it, or it is the same in both conditions by design.
    """
    listed: Sequence[Difference] = [
        difference for difference in differences if difference.group in SHOWN_GROUPS and difference.tested
    ]
    kept = {id(difference) for difference in sorted(listed, key=lambda difference: rank(difference.quantity))[:most]}
    return [difference for difference in listed if id(difference) in kept]


def p_text(p: float) -> str:
    """Return a p value in words; never zero."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
