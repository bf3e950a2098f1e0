"""Networks on their way to another process: what many of them share is packed once here, and unpacked once there.

Thousands of candidates of a fit have the same cells, and mostly the same connections. Where those arrive as the same
objects each time, whatever was worked out for the last network (routes, structures) is known to hold for the next one.
"""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

from .._recent import Recent

__all__ = ["SHARED", "Shared", "packed", "unpacked"]

SHARED = ("populations", "connections")
"""The fields of a network that are shared."""


class Shared:
    """A key that is equal for the same object only: equal ones can differ in names that do not count.

    Parameters
    ----------
    value : object
        The object, kept as long as the key is.
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __hash__(self) -> int:
        return id(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shared) and other._value is self._value


_sent: Recent[bytes] = Recent(16_000_000)
_received: Recent[Any] = Recent(16_000_000)


def packed(value: object) -> bytes:
    """Return a part of a network as bytes; those of the last few objects are kept."""
    return _sent.get(Shared(value), partial(pickle.dumps, value), len)


def unpacked(content: bytes) -> Any:
    """Return a part of a network from bytes: the same object as the last time, if it was not long ago."""
    return _received.get(content, partial(pickle.loads, content), lambda _: len(content))
