"""What MNE warns of meanwhile, as warnings of this package."""

from __future__ import annotations

import logging
import warnings
from contextlib import ExitStack

from mne.utils import logger, use_log_level

from .._text import first_line
from .._warn import warn

__all__ = ["heard"]

# what MNE and MNE-BIDS warn of that changes no number: names of files, and files that need not be there
_NO_MATTER = (
    "does not conform to MNE naming",
    "Did not find any",
    "TSV file is empty",
    "participants.tsv",
    "raw Internal Active Shielding",
)


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
        self._sentences: list[str] = []

    def __enter__(self) -> list[str]:
        """Return a list that holds the sentences once it is over."""
        caught = self._stack.enter_context(warnings.catch_warnings(record=True))
        assert caught is not None
        self._caught = caught
        self._stack.enter_context(use_log_level(min(logger.level, logging.WARNING)))
        warnings.simplefilter("always")
        return self._sentences

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        if error[0] is not None:
            return  # the error says what matters
        self._sentences += dict.fromkeys(first_line(caught.message) for caught in self._caught if _matters(caught))
        for sentence in self._sentences:
            warn(f"{self._where}: {sentence}")


def _matters(caught: warnings.WarningMessage) -> bool:
    of_the_code = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
    return not issubclass(caught.category, of_the_code) and not any(part in str(caught.message) for part in _NO_MATTER)
