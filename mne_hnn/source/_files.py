"""Read the files of a user with one sentence for each way that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import DataError, MneHnnError

__all__ = ["existing", "first_line", "read_file", "some"]


def existing(path: Any, what: str) -> Path:
    """Return the path of a file or folder that must exist."""
    found = Path(path).expanduser()
    if not found.exists():
        raise DataError(f"There is no {what} {found}: check the path.")
    return found


def read_file(reader: Callable[..., Any], path: Any, what: str, **options: Any) -> Any:
    """Read a file with one of MNE's readers."""
    found = existing(path, what)
    try:
        return reader(found, verbose="error", **options)
    except MneHnnError:
        raise
    except Exception as error:
        raise DataError(f"{found} cannot be read as {what}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type where there is none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def some(names: Sequence[Any], at_most: int = 5) -> str:
    """List the first few of many names."""
    listed = ", ".join(str(name) for name in names[:at_most])
    return listed if len(names) <= at_most else f"{listed} and {len(names) - at_most} more"
