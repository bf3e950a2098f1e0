"""Give a run up between its pieces of some 10 ms, where nothing half-done is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["check_given_up", "given_up_by"]


def _nobody() -> None:
    """Give nothing up."""


_check: Callable[[], None] = _nobody


@contextmanager
def given_up_by(check: Callable[[], None]) -> Iterator[None]:
    """Let runs of this process in the kernel end with what `check` raises; it is called after each piece."""
    global _check
    before, _check = _check, check
    try:
        yield
    finally:
        _check = before


def check_given_up() -> None:
    """Raise what says that the run at hand is not wanted any more, if so."""
    _check()
