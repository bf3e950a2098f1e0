"""Worker processes that keep their network built, and outlive the death of one of them."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, NoReturn, TypeVar

from .._checks import check_int
from ..errors import ParameterError, SimulationError, WorkerError
from .packed import call_packed, pack

Key = TypeVar("Key", bound=Hashable)
_Finished = queue.SimpleQueue[tuple[Any, Any, BaseException | None]]


def n_workers(n_jobs: int, what: str = "n_jobs") -> int:
    """Return the number of processes that `n_jobs` asks for; negative counts from the number of cores, as in MNE."""
    n_jobs = check_int(n_jobs, what)
    if n_jobs == 0:
        kind = what.removeprefix("n_").replace("jobs", "processes").replace("procs", "processes")
        raise ParameterError(f"{what} must be a positive number of {kind}, or -1 for one per core, got 0.")
    if what == "n_jobs" and multiprocessing.current_process().daemon:
        return 1  # such a process, as those of Dask are, may not start others; results are the same
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


_THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
"""What keeps a worker on one core: several of them share the machine, and bytes must not depend on their number."""
_LOOK_s = 0.5


def _begin(parent: int) -> None:
    """Let a worker end with the process that started it, however that one ends."""
    _end_with_pipe()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_s)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()


def _end_with_pipe() -> None:
    """Ask the system to kill this process when the pipe from its parent closes, where it can (Linux).

    A thread that looks needs Python's lock, which NEURON holds for as long as a simulation runs.
    """
    import fcntl

    parent = multiprocessing.parent_process()
    if parent is None or not hasattr(fcntl, "F_SETSIG"):
        return
    pipe = int(parent.sentinel)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, int(signal.SIGKILL))
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)


_starting = threading.Lock()


@contextmanager
def main_hidden() -> Iterator[None]:
    """Keep processes that start from importing the user's script.

    They would import it for functions defined there, and run it again without a main guard; the tasks here are
    functions of this package.
    """
    main = sys.modules["__main__"]
    saved: dict[str, Any] = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(saved)


@contextmanager
def _starting_worker() -> Iterator[None]:
    """Give a starting process its environment, and spare it the user's script.

    Numbers of threads count when the libraries are loaded, before any code of ours runs there. Ctrl-C reaches every
    process of a terminal: it is for this one alone, which ends the others.
    """
    with _starting, main_hidden():
        before = {name: os.environ.get(name) for name in _THREADS}
        os.environ.update(_THREADS)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))  # inherited
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


class _StoppedError(Exception):
    """Nothing more is to be started."""


def _lives(executor: ProcessPoolExecutor) -> bool:
    """Return whether a worker that was kept from an earlier call still lives."""
    processes = list((executor._processes or {}).values())
    return not executor._broken and not wait([process.sentinel for process in processes], timeout=0)


class WorkerPool:
    """Processes that run tasks, each in a process of its own that lives on.

    One executor per process instead of one for all: when a worker dies, only the task it was at is lost.

    Parameters
    ----------
    size : int
        Number of processes; they start when first needed.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # spawned, not forked: a forked NEURON shares state with its parent
        self._context = multiprocessing.get_context("spawn")
        self._executors: list[ProcessPoolExecutor | None] = [None] * size
        self._lock = threading.Lock()  # no worker may start while all are ended

    def _submit(self, slot: int, stop: threading.Event, payload: bytes) -> Future[Any]:
        with self._lock:
            if stop.is_set():
                raise _StoppedError
            executor = self._executors[slot]
            if executor is not None and not _lives(executor):  # died while it waited: no fault of this task
                self._discard(slot)
                executor = None
            if executor is None:
                executor = ProcessPoolExecutor(
                    max_workers=1, mp_context=self._context, initializer=_begin, initargs=(os.getpid(),)
                )
                self._executors[slot] = executor
                with _starting_worker():
                    executor.submit(os.getpid)  # the process starts with its first task
            return executor.submit(call_packed, payload)

    def _discard(self, slot: int) -> None:
        executor, self._executors[slot] = self._executors[slot], None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    def run(
        self,
        function: Callable[..., Any],
        tasks: Mapping[Key, tuple[Any, ...]],
        done: Callable[[Key, Any], None] = lambda key, result: None,
        *,
        keep: bool = True,
    ) -> dict[Key, Any]:
        """Call ``function(*arguments)`` for every task and return the results by key.

        Parameters
        ----------
        function : callable
            A module-level function.
        tasks : mapping of key to tuple
            The arguments of each call.
        done : callable
            Called as ``done(key, result)`` in this process as each task ends.
        keep : bool
            Whether to return the results; False leaves None in their place, for callers that have them by `done`.

        Returns
        -------
        results : dict
            One result per key, in the order of `tasks`.

        Raises
        ------
        WorkerError
            A worker died; ``completed`` holds the results of the other tasks. The next call starts a new worker.
        Exception
            The first exception a task raised, after the others have ended.
        """
        finished: _Finished = queue.SimpleQueue()
        stop = self._start(function, tasks, finished)
        results: dict[Key, Any] = {}
        errors: dict[Key, BaseException] = {}
        try:
            for _ in tasks:
                key, result, error = finished.get()
                if error is None:
                    results[key] = result if keep else None
                    done(key, result)
                else:
                    errors[key] = error
        except BaseException:  # interrupted: let no worker go on in the background
            stop.set()
            self.close(kill=True)
            raise
        ordered = {key: results[key] for key in tasks if key in results}
        if errors:
            _raise_first(errors, ordered, len(tasks))
        return ordered

    def _start(
        self, function: Callable[..., Any], tasks: Mapping[Key, tuple[Any, ...]], finished: _Finished
    ) -> threading.Event:
        """Let every worker take tasks until none is left; return the event that stops them."""
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for key in tasks:
            waiting.put(key)
        stop = threading.Event()

        def serve(slot: int) -> None:
            while not stop.is_set():
                try:
                    key = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    payload = pack(function, tasks[key])
                    finished.put((key, self._submit(slot, stop, payload).result(), None))
                except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                    if isinstance(error, BrokenProcessPool):
                        self._discard(slot)
                    finished.put((key, None, error))

        for slot in range(min(self.size, len(tasks))):
            threading.Thread(target=serve, args=(slot,), daemon=True).start()
        return stop

    def pids(self) -> list[int]:
        """Return the process numbers of the workers that live now."""
        processes = [executor._processes or {} for executor in self._executors if executor is not None]
        return [pid for group in processes for pid in list(group)]

    def close(self, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for what they are at."""
        with self._lock:
            executors = [executor for executor in self._executors if executor is not None]
            self._executors = [None] * self.size
        for executor in executors:
            if kill:
                for process in list((executor._processes or {}).values()):
                    process.kill()
            executor.shutdown(wait=not kill, cancel_futures=True)


def _raise_first(errors: Mapping[Key, BaseException], completed: dict[Key, Any], n_tasks: int) -> NoReturn:
    """Raise what went wrong first: an error of the task itself rather than the death of its process."""
    key, cause = next(iter(errors.items()))
    error: BaseException = WorkerError(
        f"A worker process died while it simulated trial {key} (killed, or out of memory); {len(completed)} of "
        f"{n_tasks} trials were completed and are in the exception's `completed`. Run again, with fewer n_jobs if "
        "memory was short."
    )
    error.__cause__ = cause
    error = next((other for other in errors.values() if not isinstance(other, BrokenProcessPool)), error)
    if isinstance(error, SimulationError):
        error.completed = completed
    raise error


_pool: WorkerPool | None = None


def pool(size: int) -> WorkerPool:
    """Return the pool of this process with `size` workers, kept from call to call so that networks stay built."""
    global _pool
    if _pool is None or _pool.size != size:
        close_workers()
        _pool = WorkerPool(size)
    return _pool


def close_workers() -> None:
    """End the worker processes and free their memory; they start again when needed."""
    global _pool
    if _pool is not None:
        _pool.close()
        _pool = None


atexit.register(close_workers)
