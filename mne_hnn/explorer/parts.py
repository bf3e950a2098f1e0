"""What each drive pushes up or down, worked out beside everything else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

from ..errors import MneHnnError
from ..fit import Contributions, drive_contributions
from .pool import EndingPool
from .state import ExploreState

__all__ = ["PartsJob"]


class PartsJob:
    """Takes dipoles apart, one at a time: a new one ends the one before. Its process ends with the work."""

    def __init__(self) -> None:
        self._pool: EndingPool | None = None
        self._lock = threading.Lock()

    def start(
        self,
        state: ExploreState,
        columns: float | None,
        done: Callable[[Contributions], None],
        failed: Callable[[str], None],
        *,
        currents: bool,
    ) -> None:
        """Take the dipole of a state apart.

        Parameters
        ----------
        state : ExploreState
            The state.
        columns : float | None
            Number of columns; None or 0 for one.
        done, failed : callable
            Called with the parts, or with the reason why there are none.
        currents : bool
            Whether to split by currents, too.
        """
        self.stop()
        pool = EndingPool(1)
        with self._lock:
            self._pool = pool

        def work() -> None:
            """Work, and tell unless something else was asked for."""
            found, reason = None, ""
            try:
                found = drive_contributions(
                    state.network,
                    state.settings,
                    scale=columns or 1.0,
                    smooth_ms=state.smooth_ms or None,
                    currents=currents,
                    executor=pool,
                )
            except CancelledError:
                return
            except MneHnnError as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - told, whatever it is
                reason = f"The dipole could not be taken apart ({type(error).__name__}: {error})."
            with self._lock:
                if self._pool is not pool:
                    return
                self._pool = None
            pool.end()
            if found is None:
                failed(reason)
            else:
                done(found)

        threading.Thread(target=work, name="mne_hnn-parts", daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether a dipole is being taken apart."""
        return self._pool is not None

    def stop(self) -> None:
        """Give up what is being worked on."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.end()

    def pids(self) -> list[int]:
        """Return the process numbers of the workers that live now."""
        pool = self._pool
        return [] if pool is None else pool.pids()

    def close(self) -> None:
        """Give up what is being worked on."""
        self.stop()
