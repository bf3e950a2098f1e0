"""What the numbers that are compared between conditions are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ._group_parts import literal

if TYPE_CHECKING:
    from ..group.comparison import Difference

__all__ = ["change_text", "chosen", "drive_of", "number", "quantity_name", "short_name"]

_FIELDS = {"mu_ms": "time", "sigma_ms": "spread"}
# what a reader wants to see first: when, then how strong, then how spread out
_ORDER = ("mu_ms", "weight", "sigma_ms")


def drive_of(quantity: str) -> str | None:
    """Return the drive that a quantity belongs to, if any."""
    root, _, rest = quantity.partition(".")
    return rest.partition(".")[0] if root == "drives" and rest else None


def short_name(quantity: str) -> str:
    """Return what a quantity is called beside the name of its drive."""
    drive = drive_of(quantity)
    if drive is None:
        return "columns" if quantity == "columns" else quantity.replace("_", " ")
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
    text = f"{rounded:,.0f}" if 1e3 <= abs(rounded) < 1e9 else f"{rounded:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}")


def change_text(one: Difference) -> str:
    """Return a difference with its interval: ``−9.1 ms (−11 to −7.2)``, or a factor, ``× 1.5 (1.2 to 1.9)``."""
    interval = ""
    if np.isfinite([one.low, one.high]).all():
        interval = f" ({number(one.low)} to {number(one.high)})"
    if one.scale == "log":
        return f"\N{MULTIPLICATION SIGN} {number(one.difference)}{interval}"
    unit = f" {literal(one.unit)}" if one.unit else ""
    sign = "+" if one.difference > 0 else ""
    return f"{sign}{number(one.difference)}{unit}{interval}"


def chosen(differences: Iterable[Difference], most: int) -> list[Difference]:
    """Return the parameters to show, at most so many: times before weights before spreads; all else goes last."""

    def rank(quantity: str) -> int:
        return next((k for k, word in enumerate(_ORDER) if f".{word}" in quantity), -1 if quantity == "columns" else 3)

    listed: Sequence[Difference] = [one for one in differences if one.group == "parameter"]
    kept = {id(one) for one in sorted(listed, key=lambda one: rank(one.quantity))[:most]}
    return [one for one in listed if id(one) in kept]
