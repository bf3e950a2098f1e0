"""Where tasks run, as this package needs it: an executor that tells the death of a worker from an error of its task."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, TypeVar

from ..errors import WorkerError

__all__ = ["DeathError", "SerialExecutor", "TaskExecutor", "as_they_end", "outcome_of"]

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")

LISTENS_s = 1.0
"""So often whoever waits without end looks whether it was interrupted."""


def as_they_end(futures: Iterable[Future[Any]]) -> Iterator[Future[Any]]:
    """Yield futures as they end, and let Ctrl-C through.

    The system may hand it to any thread of a process. Python raises KeyboardInterrupt in the main one, which does not
    hear of it as long as it waits without a time limit.
    """
    left = set(futures)
    while left:
        ended, left = wait(left, timeout=LISTENS_s, return_when=FIRST_COMPLETED)
        while ended:
            yield ended.pop()  # not kept: results may be large


def outcome_of(future: Future[Result]) -> Result:
    """Return the result of a future or raise its error once it is there; Ctrl-C is let through meanwhile."""
    for _ in as_they_end([future]):
        pass
    return future.result()


class DeathError(WorkerError):
    """The worker of a task died at it.

    Parameters
    ----------
    times : int
        How often, one after the other.
    """

    def __init__(self, times: int = 1) -> None:
        super().__init__(
            "A worker process died (killed, or out of memory): run again, with fewer n_jobs if memory was short."
        )
        self.times = times


class TaskExecutor(Executor):
    """An executor whose futures raise a :class:`DeathError` where a worker died, and which can give up at once."""

    accuses_bystanders = False
    """Whether it also accuses tasks that only waited at the worker that died."""

    def run_all(
        self, function: Callable[..., Any], tasks: Mapping[Key, tuple[Any, ...]]
    ) -> Iterator[tuple[Key, Callable[[], Any]]]:
        """Submit a call for each task; yield, as each ends, its key and what returns or raises its outcome."""
        futures = {self.submit(function, *arguments): key for key, arguments in tasks.items()}
        for future in as_they_end(futures):
            yield futures.pop(future), future.result

    def give_up(self) -> None:
        """Begin nothing that was submitted and has not begun, and end the rest where that can be done."""


class SerialExecutor(TaskExecutor):
    """The process itself: a call is done when it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function and return its result as a future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as of any executor
            future.set_exception(error)
        return future

    def run_all(
        self, function: Callable[..., Any], tasks: Mapping[Key, tuple[Any, ...]]
    ) -> Iterator[tuple[Key, Callable[[], Any]]]:
        """Call the function for each task; none begins before what came before it was taken notice of."""
        for key, arguments in tasks.items():
            yield key, self.submit(function, *arguments).result
