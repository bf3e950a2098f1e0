"""Calls as bytes, for processes that others start: what those cannot do becomes an error of the call."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._text import first_line

__all__ = ["Lost", "call_guarded", "call_packed", "pack", "packed"]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What stands for the result of a task that has none.

    Attributes
    ----------
    reason : str
        Why, in one sentence.
    """

    reason: str

    def __str__(self) -> str:
        return self.reason


def pack(function: Callable[..., Any], arguments: Sequence[Any]) -> bytes:
    """Return a call of a function of a module as bytes, for :func:`call_packed`."""
    return pickle.dumps((function, tuple(arguments)))


def call_packed(payload: bytes) -> Any:
    """Do what was packed; what cannot be unpickled here is an error of the call, not the death of a process."""
    function, arguments = pickle.loads(payload)
    return function(*arguments)


def call_guarded(payload: bytes) -> Any:
    """Do what was packed; an exception is its result, so that it is told from the death of the worker."""
    try:
        return call_packed(payload)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a task raises is recorded, and others go on
        kind, first = type(error).__name__, first_line(error)
        return Lost(reason=kind if first == kind else f"{kind}: {first}")


class _Call:
    """A call that is done where it is unpickled."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


def packed(function: Callable[..., Any], *arguments: Any) -> bytes:
    """Return bytes that ``pickle.loads`` turns into the result of a call.

    A scheduler or worker in another Python environment can take ``pickle.loads`` and bytes without loss; handed a
    function of this package, a worker of Dask that cannot import it ends its connection instead of saying so.
    """
    return pickle.dumps(_Call(function, arguments))
