"""How far the jobs of a group are, and how long the rest may take."""

from __future__ import annotations

import time

import mne
from mne.utils import logger

__all__ = ["Progress"]


class Progress:
    """Say how far many jobs are, a line for each that ended.

    Parameters
    ----------
    total : int
        Number of jobs.
    what : str
        What they are.
    n_workers : int
        How many run at the same time.
    """

    def __init__(self, total: int, what: str, n_workers: int) -> None:
        self.total, self.what, self.n_workers = total, what, n_workers
        self.ended = self.failed = 0
        self.started = time.perf_counter()
        self.worked: list[float] = []

    def tell(self, title: str, state: str, *, seconds: float, failed: bool) -> None:
        """Say that a job ended."""
        self.ended += 1
        self.failed += failed
        parts = [f"{state} in {seconds:.0f} s" if seconds >= 0.5 and not failed else state]
        if not failed and seconds >= 0.5:
            self.worked.append(seconds)
        if self.failed:
            parts.append(f"{self.failed} failed so far")
        left = self.total - self.ended
        if left and self.worked:
            parts.append(f"about {_duration(left * float(sum(self.worked)) / len(self.worked) / self.n_workers)} left")
        with mne.utils.use_log_level("info"):
            logger.info("%s %d/%d  %s: %s", self.what, self.ended, self.total, title, "; ".join(parts))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
