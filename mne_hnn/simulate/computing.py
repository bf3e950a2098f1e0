"""How to compute: where simulations run, who hears of it, and what is kept on the way; no result depends on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from ..errors import ParameterError
from .workers import n_workers

__all__ = ["Computing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Computing:
    """Where simulations run, and what goes on beside them; never part of an identity.

    Parameters
    ----------
    n_jobs : int
        Processes of this machine; 1 runs in this process, -1 takes one per core. Not together with `executor`.
    executor : concurrent.futures.Executor | None
        Runs them instead. Each of its workers must run one task at a time, in a process of its own.
    progress : callable | None
        Of a fit: called with the number of networks tried and the best loss; None shows them.
    checkpoint : path-like | None
        Of a fit: folder in which everything simulated is kept; None keeps nothing.

    Raises
    ------
    ParameterError
        `n_jobs` is no number of processes, `executor` no executor, both are given, `progress` is no function, or
        `checkpoint` no folder.
    """

    n_jobs: int = 1
    executor: Executor | None = None
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
        if not isinstance(self.executor, Executor):
            raise ParameterError(
                f"executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor(2) or get_executor() of "
                f"a Dask Client, or None for n_jobs processes of this machine, got {self.executor!r}."
            )
        if self.n_jobs != 1:
            raise ParameterError(
                f"executor and n_jobs = {self.n_jobs} both say where to simulate: leave one of them out (the executor "
                "has workers of its own)."
            )

    @property
    def n_processes(self) -> int:
        """How many processes `n_jobs` asks for here and now."""
        return n_workers(self.n_jobs)
