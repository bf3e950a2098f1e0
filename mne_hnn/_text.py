"""Parts of messages: the first line of another error, the first few of many names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["first_line", "some"]


def first_line(error: BaseException | str) -> str:
    """Return the first line of an error's message, or its type where there is none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def some(names: Sequence[Any], at_most: int = 5) -> str:
    """List the first few of many names."""
    listed = ", ".join(str(name) for name in names[:at_most])
    return listed if len(names) <= at_most else f"{listed} and {len(names) - at_most} more"
