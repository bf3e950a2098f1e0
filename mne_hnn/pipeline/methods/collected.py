"""What the sidecars of one analysis, or of many, say: one value, or a range."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Collected", "listing", "number"]

Sidecars = Mapping[str, Mapping[str, Any]]


class Collected:
    """Sidecars of one or several analyses.

    Parameters
    ----------
    sets : sequence of mapping of str to mapping
        For each analysis the sidecars by name of the stage.
    """

    def __init__(self, sets: Sequence[Sidecars]) -> None:
        self.sets = sets

    def values(self, *path: str) -> list[Any]:
        """Return a value of each analysis by its path, such as ``("load", "facts", "epochs")``; None where missing."""
        found = []
        for one in self.sets:
            value: Any = one
            for key in path:
                value = value.get(key) if isinstance(value, Mapping) else None
            found.append(value)
        return found

    def known(self, *path: str) -> list[Any]:
        """Return the different values that are not None, in order of appearance."""
        found: dict[str, Any] = {}
        for value in self.values(*path):
            if value is not None:
                found.setdefault(json.dumps(value, sort_keys=True, default=str), value)
        return list(found.values())

    def one(self, *path: str) -> Any:
        """Return the value of all analyses, None if they differ or have none."""
        found = self.known(*path)
        return found[0] if len(found) == 1 else None

    def said(self, *path: str, factor: float = 1.0) -> str:
        """Return a number in words: ``'108'``, or ``'between 51 and 60'`` where it varies."""
        found = sorted(float(value) * factor for value in self.known(*path))
        if not found:
            return ""
        low, high = number(found[0]), number(found[-1])
        return low if low == high else f"between {low} and {high}"

    def counted(self, noun: str, *path: str) -> str:
        """Return a number and what it counts: ``'1 trial'``, ``'between 2 and 4 trials'``."""
        count = self.said(*path)
        return f"{count} {noun}" if count == "1" else f"{count} {noun}s"

    def names(self, *path: str) -> str:
        """Return names, all of those that occur."""
        return listing([str(value) for value in self.known(*path)], "or")

    def where(self, condition: Callable[[Sidecars], bool]) -> str | None:
        """Return in which analyses a condition holds: ``''`` for all, ``' (in 2 of 9 analyses)'``, None for none."""
        count = sum(map(condition, self.sets))
        if not count:
            return None
        return "" if count == len(self.sets) else f" (in {count} of {len(self.sets)} analyses)"


def number(value: float) -> str:
    """Return a number with three digits, more if it is an integer below 10,000."""
    if value == int(value) and abs(value) < 10000:
        text = str(int(value))
    elif abs(value) >= 1000:
        text = f"{float(f'{value:.3g}'):,.0f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def listing(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list: ``'a, b and c'``."""
    return " ".join([", ".join(words[:-1]), last, words[-1]]) if len(words) > 1 else "".join(words)
