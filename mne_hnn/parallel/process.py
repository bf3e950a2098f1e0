"""How a worker process begins: with one thread for linear algebra, without the user's script, and not to outlive us."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["begin_worker", "main_hidden", "starting_worker"]

_THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
}
"""What keeps a worker on one core: several of them share the machine, and bytes must not depend on their number."""
_LOOK_s = 0.5


def begin_worker(parent: int) -> None:
    """Let a worker end with the process that started it, however that one ends."""
    _end_with_pipe()
    threading.Thread(target=_watch, args=(parent,), daemon=True, name="watch-parent").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_s)
    os._exit(1)


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
def starting_worker() -> Iterator[None]:
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
