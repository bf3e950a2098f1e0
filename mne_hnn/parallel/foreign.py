"""Executors that users bring: tasks on them are checked where they run, and whatever goes wrong there is told."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

from ..errors import ConfigError
from .executor import TaskExecutor
from .packed import Lost
from .remote import remote_call

__all__ = ["ForeignExecutor"]


class ForeignExecutor(TaskExecutor):
    """An executor of a user. What goes wrong on it is the result of a task, as a :class:`Lost`.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Each of its workers must run one task at a time, in a process of its own.
    code : sequence of str
        Folders, besides those that make simulations, whose code workers must have in common with this process.
    what : str
        What its tasks are, in a sentence.
    """

    def __init__(self, executor: Executor, code: Sequence[str] = (), what: str = "job") -> None:
        self._executor = executor
        self._code = tuple(code)
        self._what = what
        self._asked: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a module in a worker."""
        asked = self._ask(partial(fn, **kwargs) if kwargs else fn, args)
        self._asked.add(asked)
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        asked.add_done_callback(partial(self._hand_over, future))
        return future

    def _ask(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Future[Any]:
        if isinstance(self._executor, (ProcessPoolExecutor, ThreadPoolExecutor)):
            return self._executor.submit(function, *arguments)  # of this machine and Python environment
        return self._executor.submit(pickle.loads, remote_call("The executor's", self._code, function, arguments))

    def _hand_over(self, future: Future[Any], asked: Future[Any]) -> None:
        self._asked.discard(asked)
        try:
            result = self._outcome(asked)
        except BaseException as error:  # noqa: BLE001 - whatever it is, who waits for it must hear of it
            future.set_exception(error)
        else:
            future.set_result(result)

    def _outcome(self, asked: Future[Any]) -> Any:
        """Return what became of a task that has ended, or raise what is to end all others."""
        try:
            return asked.result()
        except ConfigError as error:
            return Lost(reason=str(error))
        except Exception as error:  # noqa: BLE001 - executors have errors of their own
            return Lost(reason=f"The executor lost a {self._what} ({type(error).__name__}: {error}).")

    def give_up(self) -> None:
        """Cancel what has not begun."""
        for asked in list(self._asked):
            asked.cancel()
