"""Say what a user must know: a Python warning of our own category, which no log level of MNE hides."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from .errors import MneHnnWarning

__all__ = ["warn", "warned"]

_HERE = str(Path(__file__).parent)


def warn(message: str, category: type[MneHnnWarning] = MneHnnWarning) -> None:
    """Warn, at the place in the user's code that called this package.

    :func:`mne.utils.warn` is silent below its log level: what changes a number must not depend on how much MNE says.

    Parameters
    ----------
    message : str
        One sentence: what was noticed, what it means, what to do.
    category : type of MneHnnWarning
        Its category.
    """
    frame: FrameType | None = inspect.currentframe()
    level = 0
    while frame is not None and _is_between(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level + 1)


def _is_between(frame: FrameType) -> bool:
    """Whether a frame is of this package, or of a decorator of MNE between two that are."""
    return frame.f_code.co_filename.startswith((_HERE, "<decorator"))


@contextmanager
def warned() -> Iterator[list[str]]:
    """Yield a list that has our warnings once this ends, for those who show them beside a result.

    What Python does with warnings belongs to the process: no two threads may be here at once.
    """
    found: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    found += dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, MneHnnWarning))
