"""What a worker that others started does with a task: see whether it is fit for it, then do it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from typing import Any

from .. import __version__
from .._code import labelled, named_apart
from ..errors import ConfigError
from .packed import Lost, call_guarded, pack, packed

__all__ = ["remote_call"]

_at_work = threading.Lock()
"""Held by the task of Dask that this process is at."""


def remote_call(
    whose: str, code: Sequence[str], function: Any, arguments: Sequence[Any], folder: str | None = None
) -> bytes:
    """Return a call as bytes which ``pickle.loads`` does, in a worker that looks first whether it is fit for it.

    What unpickles bytes must be nothing of this package: a worker that cannot import it then says so.

    Parameters
    ----------
    whose : str
        Whose worker it is in a sentence, such as ``"Dask's"``.
    code : sequence of str
        Folders, besides those that make simulations, whose code the worker must have in common with this process.
    function, arguments
        The call.
    folder : str | None
        The folder to work in: paths are meant from there.
    """
    return packed(_there, whose, labelled(__version__, *code), tuple(code), pack(function, arguments), folder)


def _there(whose: str, asked: str, code: Sequence[str], payload: bytes, folder: str | None) -> Any:
    """Do a task in a worker; what it raises is its result."""
    _check_threads(whose)
    try:
        _check_code(whose, asked, code)
        if folder is not None:
            os.chdir(folder)
        return call_guarded(payload)
    except OSError as error:
        return Lost(
            reason=f"{socket.gethostname()} cannot enter the folder {folder} ({error.strerror}): start the run in a "
            "folder that all nodes share."
        )
    finally:
        _at_work.release()


def _check_threads(whose: str) -> None:
    """Refuse to work with threads: two columns would be in each other's way.

    The worker itself looks, each time it begins a task: who asks from afar may ask one that has just gone, and others
    come later.
    """
    threads = _n_threads()
    if threads > 1 or not _at_work.acquire(blocking=False):
        raise ConfigError(
            f"{whose} workers have up to {max(threads, 2)} threads in a process, but NEURON needs a process for each "
            "simulation: start them with `dask worker --nthreads 1 --nworkers N`."
        )


def _n_threads() -> int:
    """Return the threads of this worker of Dask; of any other executor's, one."""
    try:
        from distributed import get_worker

        return int(get_worker().state.nthreads)
    except (ImportError, ValueError):
        return 1


def _check_code(whose: str, asked: str, code: Sequence[str]) -> None:
    """Refuse to work with another version or code: the numbers would be others."""
    own = labelled(__version__, *code)
    if asked != own:
        there, here = named_apart(own, asked)
        raise ConfigError(
            f"{whose} workers have mne_hnn {there}, this is {here}: start them in the Python environment of this run."
        )
