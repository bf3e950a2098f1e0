"""What was worked out lately, kept as far as it is small."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Recent"]

T = TypeVar("T")


class Recent(Generic[T]):
    """Values by key, of which those that were not asked for the longest are dropped; for several threads.

    Parameters
    ----------
    most_bytes : int
        How much is kept at most. What alone is larger than half of it is not kept at all.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value of a key, made only if it is not at hand.

        Parameters
        ----------
        key : hashable
            Whatever decides the value.
        make : callable
            Makes it.
        size : callable
            Says of a value how many bytes it takes, about.
        """
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[0]
        value = make()
        n_bytes = size(value)
        if n_bytes <= self._most // 2:
            with self._lock:
                self._total += n_bytes - self._kept.pop(key, (value, 0))[1]
                self._kept[key] = value, n_bytes
                while self._total > self._most:
                    self._total -= self._kept.popitem(last=False)[1][1]
        return value

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._kept.clear()
            self._total = 0

    def __len__(self) -> int:
        return len(self._kept)
