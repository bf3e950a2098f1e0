"""How far a fit is: a count without a promise, on one line of a terminal or as lines of a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from mne.utils import logger

__all__ = ["Counter", "Report"]

EVERY_s = 10.0
"""Time between two lines of a log."""


class Report:
    """Who hears how far a fit is: a function of the user's, or a :class:`Counter` that is closed at the end.

    Parameters
    ----------
    progress : callable | None
        Called with the number of networks tried and the best loss; None shows them.
    most : int | None
        How many networks will be tried at most, if that is known.
    """

    def __init__(self, progress: Callable[[int, float], None] | None, most: int | None = None) -> None:
        self._counter = Counter("Fitting", most) if progress is None else None
        self._progress = progress

    def tell(self, tried: int, loss: float) -> None:
        """Tell how many networks were tried, and the best loss of the full column."""
        heard = self._progress or self._counter
        if heard is not None:
            heard(tried, loss)

    def say(self, step: str) -> None:
        """Show what is done now."""
        if self._counter is not None:
            self._counter.say(step)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        if self._counter is not None:
            self._counter.close()


class Counter:
    """Count networks that were tried; silent where MNE's log level is above ``'info'``.

    How many a fit will need is not known before: optimizers end when they are done, and so do proposals. So there is
    no share of a whole and no time that is left.

    Parameters
    ----------
    what : str
        What is going on.
    most : int | None
        How many networks will be tried at most, if that is known.
    """

    def __init__(self, what: str, most: int | None = None) -> None:
        self.what, self.most = what, most
        self.began = time.perf_counter()
        self._due = self.began
        self._width = 0

    def __call__(self, tried: int, loss: float) -> None:
        """Show how many were tried, and the best loss of the full column."""
        parts = [f"{tried}{'' if self.most is None else f' of at most {self.most}'} networks tried"]
        if loss < float("inf"):
            parts.append(f"best loss {loss:.3g}")
        self._show(", ".join(parts), due=time.perf_counter() >= self._due)

    def say(self, step: str) -> None:
        """Show what is done now."""
        self._show(step, due=True)

    def close(self) -> None:
        """End the line of a terminal."""
        if self._width:
            sys.stderr.write("\n")
            self._width = 0

    def _show(self, text: str, due: bool) -> None:
        if logger.level > logging.INFO:
            return
        line = f"{self.what}: {text} ({_duration(time.perf_counter() - self.began)})"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line:<{self._width}}")
            sys.stderr.flush()
            self._width = len(line)
        elif due:
            self._due = time.perf_counter() + EVERY_s
            logger.info(line)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
