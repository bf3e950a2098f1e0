"""Files that are there whole or not at all, and one sentence for each way that reading fails."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ._checks import check_bool
from ._text import first_line
from .errors import CacheError, DataError, MneHnnError, ParameterError

__all__ = [
    "SCRATCH",
    "Target",
    "check_schema",
    "existing",
    "existing_file",
    "new_file",
    "read_file",
    "read_json",
    "read_text",
    "remove_left",
    "scratch_file",
    "write_whole",
]

#: What the names of unfinished files begin with.
SCRATCH = ".writing-"
_HERE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
_DAY_s = 86400.0
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# bytes that no text has
_CONTROL = set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a")
Target = str | os.PathLike[str]


def new_file(path: Target, overwrite: bool) -> Path:
    """Return the path of a file to be written, which must not be there unless `overwrite`."""
    file = Path(path).expanduser()
    if file.exists() and not check_bool(overwrite, "overwrite"):
        raise ParameterError(f"{file} exists: choose another name, or overwrite=True.")
    if not file.parent.is_dir():
        raise ParameterError(f"There is no folder {file.parent} to write {file.name} into: make it first.")
    return file


def remove_left(folder: Path, pattern: str = f"{SCRATCH}*") -> None:
    """Delete the unfinished files of runs that were killed; those of processes that may still write are left alone.

    Parameters
    ----------
    folder : Path
        The folder.
    pattern : str
        Of their names; with ``**/`` in front also in folders below.
    """
    for left in folder.glob(pattern):
        with suppress(OSError):  # its writer has just finished it
            if not _is_written(left):
                left.unlink()


def _is_written(scratch: Path) -> bool:
    """Return whether a process that lives may be at an unfinished file."""
    host, _, rest = scratch.name.removeprefix(SCRATCH).partition("-")
    pid = rest.partition("-")[0]
    if not pid.isdigit():
        return False
    if host != _HERE:  # nobody here knows: a file is written within seconds
        return time.time() - scratch.stat().st_mtime < _DAY_s
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    return True


@contextmanager
def scratch_file(file: Path, what: str) -> Iterator[Path]:
    """Give another name to write to, and rename at the end, so that nobody ever finds a part of a file."""
    scratch = file.with_name(f"{SCRATCH}{_HERE}-{os.getpid()}-{uuid.uuid4().hex}{file.suffix}")
    try:
        try:
            yield scratch
            os.replace(scratch, file)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise CacheError(f"The {what} cannot be written to {file}: {error.strerror or error}.") from error


def write_whole(file: Path, write: Callable[[IO[bytes]], Any], what: str) -> None:
    """Write a file whole or not at all."""
    with scratch_file(file, what) as scratch, scratch.open("xb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())


def existing(path: Any, what: str) -> Path:
    """Return the path of a file or folder that must exist."""
    found = Path(path).expanduser()
    if not found.exists():
        raise DataError(f"There is no {what} {found}: check the path.")
    return found


def existing_file(path: Target) -> Path:
    """Return the path of a file that must be there."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError(f"There is no file {file}: check the path.")
    return file


def read_file(reader: Callable[..., Any], path: Any, what: str, **options: Any) -> Any:
    """Read a file with one of MNE's readers."""
    found = existing(path, what)
    try:
        return reader(found, verbose="error", **options)
    except MneHnnError:
        raise
    except Exception as error:
        raise DataError(f"{found} cannot be read as {what}: {first_line(error)}") from error


def read_text(path: Target, what: str) -> str:
    """Return the content of a text file."""
    file = existing_file(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or type(error).__name__}.") from error
    try:
        if content.startswith(_UTF_16):  # what spreadsheets call Unicode text
            return content.decode("utf-16")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        if content.isascii() or _CONTROL & set(content):
            raise DataError(f"{file} is no text, so it cannot be {what}.") from error
        return content.decode("latin-1")  # a header with a micro sign, written on Windows; numbers are ASCII anyway


def read_json(path: Target, what: str) -> dict[str, Any]:
    """Return the content of a JSON file that holds an object."""
    text = read_text(path, what)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no {what}, or damaged: it does not hold whole JSON ({error}).") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is no {what}: it holds a {type(content).__name__} instead of an object.")
    return content


def check_schema(schema: Any, newest: int, path: Target) -> None:
    """Check that a file is not of a newer version."""
    if not isinstance(schema, int) or isinstance(schema, bool) or not 1 <= schema <= newest:
        raise DataError(
            f"{path} has schema {schema!r}, and this version of mne_hnn reads schemas up to {newest}: "
            "install a newer version."
        )
