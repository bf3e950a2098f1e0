"""Read the files of a user with one sentence for each way that fails."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mne.utils import logger, use_log_level

from .._warn import warn
from ..errors import DataError, MneHnnError

__all__ = ["existing", "first_line", "heard", "read_file", "some"]

# what MNE and MNE-BIDS warn of that changes no number: names of files, and files that need not be there
_NO_MATTER = (
    "does not conform to MNE naming",
    "Did not find any",
    "TSV file is empty",
    "participants.tsv",
    "raw Internal Active Shielding",
)


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


def first_line(error: BaseException | str) -> str:
    """Return the first line of an error's message, or its type where there is none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def some(names: Sequence[Any], at_most: int = 5) -> str:
    """List the first few of many names."""
    listed = ", ".join(str(name) for name in names[:at_most])
    return listed if len(names) <= at_most else f"{listed} and {len(names) - at_most} more"


class heard:  # noqa: N801 - reads as what it does, as a function would
    """Say what MNE warns of meanwhile as warnings of this package, which no log level hides.

    Parameters
    ----------
    where : str
        What is being done, with which the sentence begins.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack = ExitStack()
        self._caught: list[warnings.WarningMessage] = []

    def __enter__(self) -> None:
        caught = self._stack.enter_context(warnings.catch_warnings(record=True))
        assert caught is not None
        self._caught = caught
        self._stack.enter_context(use_log_level(min(logger.level, logging.WARNING)))
        warnings.simplefilter("always")

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        if error[0] is not None:
            return  # the error says what matters
        for sentence in dict.fromkeys(first_line(one.message) for one in self._caught if _matters(one)):
            warn(f"{self._where}: {sentence}")


def _matters(caught: warnings.WarningMessage) -> bool:
    of_the_code = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
    return not issubclass(caught.category, of_the_code) and not any(part in str(caught.message) for part in _NO_MATTER)
