"""Worker processes that keep what they have built, and outlive the death of one of them."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from typing import Any

from .._checks import check_int
from ..errors import ParameterError
from .executor import DeathError, TaskExecutor
from .packed import call_packed, pack
from .process import begin_worker, starting_worker

__all__ = ["WorkerPool", "close_workers", "n_workers", "pool"]

LOOKS_s = 5.0
"""So often a worker that is at a task is looked at."""

_Call = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


def n_workers(n_jobs: int, what: str = "n_jobs") -> int:
    """Return the number of processes that `n_jobs` asks for; negative counts from the number of cores, as in MNE."""
    n_jobs = check_int(n_jobs, what)
    if n_jobs == 0:
        kind = what.removeprefix("n_").replace("jobs", "processes").replace("procs", "processes")
        raise ParameterError(f"{what} must be a positive number of {kind}, or -1 for one per core, got 0.")
    if what == "n_jobs" and multiprocessing.current_process().daemon:
        return 1  # such a process, as those of Dask are, may not start others; results are the same
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


class _StoppedError(Exception):
    """Nothing more is to be started."""


def _lives(executor: ProcessPoolExecutor) -> bool:
    """Return whether a worker that was kept from an earlier call still lives."""
    processes = list((executor._processes or {}).values())
    return not executor._broken and not wait([process.sentinel for process in processes], timeout=0)


def _kill(executor: ProcessPoolExecutor) -> None:
    """Kill the process of an executor, and let nobody wait for what it was sending.

    A result that is larger than a pipe is sent in pieces. Whoever reads it waits for the rest as long as somebody holds
    the other end of the pipe, as this process does.
    """
    results = executor._result_queue
    for process in list((executor._processes or {}).values()):
        process.kill()
    if results is not None:
        with suppress(OSError):
            results._writer.close()  # type: ignore[attr-defined]


def _awaited(executor: ProcessPoolExecutor, there: Future[Any]) -> Any:
    """Return the result of a call, or raise its error; a worker that was killed while it sent is noticed."""
    while True:
        try:
            return there.result(timeout=LOOKS_s)
        except TimeoutError:
            if there.done():  # it has come since, or this is the error of the call itself
                return there.result()
            if not _lives(executor):
                _kill(executor)


class WorkerPool(TaskExecutor):
    """Processes that run tasks, each in a process of its own that lives on.

    One executor per process instead of one for all: when a worker dies, only the task it was at is lost. Also after
    :meth:`close` or ``shutdown`` it can be used; processes start when they are needed.

    Parameters
    ----------
    size : int
        Number of processes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # spawned, not forked: a forked NEURON shares state with its parent
        self._context = multiprocessing.get_context("spawn")
        self._executors: list[ProcessPoolExecutor | None] = [None] * size
        self._lock = threading.Lock()  # no worker may start while all are ended
        self._waiting: deque[_Call] = deque()
        self._threads: dict[int, threading.Thread] = {}  # by slot, of those at work
        self._stop = threading.Event()  # of what was submitted since all were ended

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a module in a worker; the future raises a :class:`DeathError` if that dies at it."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((future, partial(fn, **kwargs) if kwargs else fn, args))
            slot = next((slot for slot in range(self.size) if slot not in self._threads), None)
            if slot is not None:
                self._threads[slot] = threading.Thread(target=self._serve, args=(slot, self._stop), daemon=True)
                self._threads[slot].start()
        return future

    def _serve(self, slot: int, stop: threading.Event) -> None:
        """Let a worker take calls until none is left."""
        call = self._next(slot, stop)
        while call is not None:
            hand_over = self._outcome(slot, stop, call)
            call = self._next(slot, stop)  # before: who hears of the last outcome finds the worker free
            hand_over()
            del hand_over  # results may be large

    def _next(self, slot: int, stop: threading.Event) -> _Call | None:
        with self._lock:
            while not stop.is_set() and self._waiting:
                call = self._waiting.popleft()
                if call[0].set_running_or_notify_cancel():
                    return call
            if not stop.is_set():
                del self._threads[slot]
            return None

    def _outcome(self, slot: int, stop: threading.Event, call: _Call) -> Callable[[], None]:
        """Do a call in a worker; return what tells its future."""
        future, function, arguments = call
        executor = None
        try:
            executor, there = self._begin(slot, stop, pack(function, arguments))
            return partial(future.set_result, _awaited(executor, there))
        except BrokenProcessPool as broken:
            with self._lock:
                self._discard(slot, executor)
            error: BaseException = DeathError()
            error.__cause__ = broken
        except BaseException as raised:  # noqa: BLE001 - handed to the caller, whatever it is
            error = raised
        return partial(future.set_exception, error)

    def _begin(self, slot: int, stop: threading.Event, payload: bytes) -> tuple[ProcessPoolExecutor, Future[Any]]:
        with self._lock:
            if stop.is_set():
                raise _StoppedError
            executor = self._executors[slot]
            if executor is not None and not _lives(executor):  # died while it waited: no fault of this task
                self._discard(slot, executor)
                executor = None
            if executor is None:
                executor = ProcessPoolExecutor(
                    max_workers=1, mp_context=self._context, initializer=begin_worker, initargs=(os.getpid(),)
                )
                self._executors[slot] = executor
                with starting_worker():
                    executor.submit(os.getpid)  # the process starts with its first task
            return executor, executor.submit(call_packed, payload)

    def _discard(self, slot: int, executor: ProcessPoolExecutor | None) -> None:
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)
            if self._executors[slot] is executor:
                self._executors[slot] = None

    def pids(self) -> list[int]:
        """Return the process numbers of the workers that live now."""
        processes = [executor._processes or {} for executor in self._executors if executor is not None]
        return [pid for group in processes for pid in list(group)]

    def close(self, kill: bool = False) -> None:
        """End all workers and forget what waits; `kill` does not wait for what they are at."""
        with self._lock:
            self._stop.set()
            self._stop = threading.Event()
            waiting, self._waiting, self._threads = self._waiting, deque(), {}
            executors = [executor for executor in self._executors if executor is not None]
            self._executors = [None] * self.size
        for future, *_ in waiting:
            if future.cancel():
                future.set_running_or_notify_cancel()
        for executor in executors:
            if kill:
                _kill(executor)
            executor.shutdown(wait=not kill, cancel_futures=True)

    def give_up(self) -> None:
        """End all workers, whatever they are at."""
        self.close(kill=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers once what was submitted is done."""
        if not cancel_futures:
            with self._lock:
                threads = list(self._threads.values())
            if not wait:
                threading.Thread(target=self.shutdown, daemon=True).start()
                return
            for thread in threads:
                thread.join()
        self.close()


_pool: WorkerPool | None = None


def pool(size: int) -> WorkerPool:
    """Return the pool of this process with `size` workers, kept from call to call so that what they built stays."""
    global _pool
    if _pool is None or _pool.size != size:
        close_workers()
        _pool = WorkerPool(size)
    return _pool


def close_workers() -> None:
    """End the worker processes and free their memory; they start again when needed.

    Examples
    --------
    >>> close_workers()
    """
    global _pool
    if _pool is not None:
        _pool.close()
        _pool = None


atexit.register(close_workers)
