"""Worker processes that can be ended for good while something still waits for them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from ..parallel import WorkerPool

__all__ = ["EndingPool"]


class EndingPool(WorkerPool):
    """Worker processes that never start again once they were ended, whoever still submits to them.

    Parameters
    ----------
    size : int
        Number of processes.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.ended = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a module in a worker; a CancelledError is raised once the workers were ended."""
        if self.ended:
            raise CancelledError
        future = super().submit(fn, *args, **kwargs)
        if self.ended:  # in between
            self.give_up()
            raise CancelledError
        return future

    def end(self) -> None:
        """End all workers, whatever they are at, for good."""
        self.ended = True
        self.give_up()
