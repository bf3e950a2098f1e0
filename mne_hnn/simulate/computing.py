"""How to compute: where simulations run, who hears of it, and what is kept on the way; no result depends on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ParameterError
from ..parallel import check_executor, n_workers, opened, pool
from ..parallel.executor import SerialExecutor, TaskExecutor

__all__ = ["Computing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Computing:
    """Where simulations run, and what goes on beside them; never part of an identity.

    Parameters
    ----------
    n_jobs : int
        Processes of this machine; 1 runs in this process, -1 takes one per core. Not together with an executor that is
        an object.
    executor : str | concurrent.futures.Executor | None
        ``'processes'`` (`n_jobs` of this machine, also if it is one), ``'dask'`` (as many workers that Dask starts on
        this machine), ``'serial'`` (this process), or an executor each of whose workers runs one task at a time, in a
        process of its own. None takes this process for one job and processes for several.
    progress : callable | None
        Of a fit: called with the number of networks tried and the best loss; None shows them.
    checkpoint : path-like | None
        Of a fit: folder in which everything simulated is kept; None keeps nothing.

    Raises
    ------
    ParameterError
        `n_jobs` is no number of processes, `executor` no executor, both say where, `progress` is no function, or
        `checkpoint` no folder.

    Examples
    --------
    >>> Computing(n_jobs=2).n_processes
    2
    """

    n_jobs: int = 1
    executor: str | Executor | None = None
    progress: Callable[[int, float], None] | None = None
    checkpoint: str | Path | None = None

    def __post_init__(self) -> None:
        n_workers(self.n_jobs)
        self._check_executor()
        if self.checkpoint is not None and not isinstance(self.checkpoint, (str, os.PathLike)):
            raise ParameterError(f"checkpoint must be a folder, or None to keep nothing, got {self.checkpoint!r}.")
        if self.progress is not None and not callable(self.progress):
            raise ParameterError(
                "progress must be a function of the number of networks tried and the best loss, or None, got "
                f"{self.progress!r}."
            )

    def _check_executor(self) -> None:
        if self.executor is None:
            return
        check_executor(self.executor, otherwise="None for n_jobs processes of this machine")
        if isinstance(self.executor, Executor) and self.n_jobs != 1:
            raise ParameterError(
                f"executor and n_jobs = {self.n_jobs} both say where to simulate: leave one of them out (the executor "
                "has workers of its own)."
            )

    @property
    def n_processes(self) -> int:
        """How many processes `n_jobs` asks for here and now."""
        return n_workers(self.n_jobs)

    @contextmanager
    def opened(self) -> Iterator[TaskExecutor]:
        """Yield the executor; processes of this machine are kept from call to call, so that networks stay built."""
        if self.executor in (None, "processes"):
            alone = self.executor is None and self.n_processes == 1
            yield SerialExecutor() if alone else pool(self.n_processes)
            return
        assert self.executor is not None
        with opened(self.executor, n_jobs=self.n_processes, what="trial") as place:
            yield place

    @contextmanager
    def ready(self) -> Iterator[Computing]:
        """Yield the same with what would be started anew for each batch of networks (Dask's workers) started once."""
        if not isinstance(self.executor, str) or self.executor == "processes":
            yield self
            return
        with self.opened() as place:
            yield replace(self, n_jobs=1, executor=place)
