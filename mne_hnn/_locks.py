"""Locks on files, which the system gives back when the process that holds them dies."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ._warn import warn
from .errors import CacheError

__all__ = ["BusyError", "held_by", "lock_file"]

_WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS)
"""What file systems say that know no locks, such as some network drives."""
_warned: set[Path] = set()
_LOOK_s = 0.2


class BusyError(CacheError):
    """Another process holds the lock."""


def held_by() -> str:
    """Return what a lock says of the process that holds it."""
    return f"process {os.getpid()} on {socket.gethostname()}, started {time.strftime('%Y-%m-%d %H:%M:%S')}"


def _warn(folder: Path, error: OSError) -> None:
    """Say once for each folder that nothing keeps others out of it."""
    if folder not in _warned:
        _warned.add(folder)
        warn(
            f"The file system of {folder} knows no locks ({error.strerror or error}): see to it that no other run "
            "uses this folder at the same time."
        )


@contextmanager
def lock_file(
    path: Path, *, shared: bool = False, wait: bool = True, waiting: Callable[[str], None] = lambda _holder: None
) -> Iterator[None]:
    """Hold a lock on a file.

    Parameters
    ----------
    path : Path
        The file; made if it is not there, and left there.
    shared : bool
        Whether others that share it, too, may hold it at the same time.
    wait : bool
        Whether to wait for it.
    waiting : callable
        Called once, with what is known of the holder, before it waits.

    Raises
    ------
    BusyError
        Another process holds it, and `wait` is False; the message is what that process said of itself.
    OSError
        The file cannot be written.
    """
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    descriptor, told = _open(path), False
    try:
        while True:
            holder = _try(descriptor, kind, path)
            if holder is None and _is_file(descriptor, path):
                break
            if holder is None:  # deleted, with its folder or by hand, while it was opened or waited for
                os.close(descriptor)
                descriptor = -1
                descriptor = _open(path)
                continue
            if not wait:
                raise BusyError(holder)
            if not told:
                waiting(holder)
                told = True
            time.sleep(_LOOK_s)
        text = held_by().encode()
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _open(path: Path) -> int:
    # not inherited: a child that lives on must not hold what its parent held
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _try(descriptor: int, kind: int, path: Path) -> str | None:
    """Lock an open file if it is free; else return what is known of its holder."""
    import fcntl

    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _WITHOUT_LOCKS:
            _warn(path.parent, error)
            return None  # better without than not at all: results appear whole or not at all in any case
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return os.pread(descriptor, 1000, 0).decode(errors="replace").strip() or "another process"
    return None


def _is_file(descriptor: int, path: Path) -> bool:
    """Return whether an open file is the one that others find under its name: they would lock another one else."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
