"""Arrays and plain values in one file: NumPy's zip format, with a JSON text as one of its members, and no pickle."""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._files import existing_file, write_whole
from .errors import DataError, MneHnnError, NetworkError, ParameterError

__all__ = ["DAMAGE", "describe", "open_archive", "plain", "restore", "write_archive"]

#: What a damaged file makes NumPy, zip and JSON raise.
DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
# what JSON has no word for
_NOT_FINITE = ("nan", "inf", "-inf")


def plain(value: Any) -> Any:
    """Return a value that JSON keeps; numbers that it does not know become text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ParameterError(f"A file keeps plain values only, got {value!r} of {type(value).__name__}.")


def restore(value: Any) -> Any:
    """Return what :func:`plain` was given; tuples are lists now."""
    if isinstance(value, dict):
        if set(value) == {"float"} and value["float"] in _NOT_FINITE:
            return float(value["float"])
        return {key: restore(item) for key, item in value.items()}
    return [restore(item) for item in value] if isinstance(value, list) else value


def write_archive(file: Path, content: Mapping[str, Any], arrays: Mapping[str, Any], what: str) -> None:
    """Write plain values and arrays; equal ones give equal bytes."""
    text = np.array(json.dumps(plain(content)))
    write_whole(file, lambda stream: np.savez_compressed(stream, content=text, **arrays), what)


def open_archive(path: Any, what: str, remedy: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plain values and the arrays of an archive."""
    file = existing_file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.testzip() is not None:  # NumPy compares no checksums of what it does not read to the end
                raise zipfile.BadZipFile
        with np.load(file, allow_pickle=False) as kept:
            arrays = dict(kept)
        content = restore(json.loads(str(arrays.pop("content"))))
        if not isinstance(content, dict):
            raise TypeError
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or type(error).__name__}.") from error
    except DAMAGE as error:
        raise describe(error, file, what, remedy) from error
    return content, arrays


def describe(error: BaseException, file: Any, what: str, remedy: str) -> MneHnnError:
    """Return the error that says in one sentence what is wrong with a file."""
    if isinstance(error, DataError):
        return error
    if isinstance(error, NetworkError):
        return DataError(f"{file} cannot be read: {error}")
    return DataError(f"{file} is no {what}, or damaged ({type(error).__name__}): {remedy}.")
