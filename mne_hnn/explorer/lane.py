"""Background work of which only the newest counts: what is asked for replaces what waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Lane"]

Job = Callable[[], None]


class Lane:
    """A thread that does the job asked for last, and forgets those before it that it has not begun.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._wanted: Job | None = None
        self._working = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._serve, name=f"mne_hnn-{name}", daemon=True)
        self._thread.start()

    def ask(self, job: Job | None) -> None:
        """Want a job done instead of the one that waits; None wants nothing. A job must not raise."""
        with self._changed:
            if not self._closed:
                self._wanted = job
                self._changed.notify_all()

    @property
    def busy(self) -> bool:
        """Whether a job is being done or waits."""
        with self._changed:
            return self._working or self._wanted is not None

    def close(self) -> None:
        """Begin nothing more; the thread ends after the job it is at."""
        with self._changed:
            self._closed, self._wanted = True, None
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the thread, unless it is the one that asks."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._working = False
                self._changed.notify_all()
                while self._wanted is None and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job, self._wanted, self._working = self._wanted, None, True
            assert job is not None
            job()
            del job  # it may hold a large state
