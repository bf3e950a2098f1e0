"""How to compute: where simulations run, which no result depends on."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from ..errors import ParameterError
from .workers import n_workers

__all__ = ["Computing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Computing:
    """Where simulations run; never part of an identity.

    Parameters
    ----------
    n_jobs : int
        Processes of this machine; 1 runs in this process, -1 takes one per core. Not together with `executor`.
    executor : concurrent.futures.Executor | None
        Runs them instead. Each of its workers must run one task at a time, in a process of its own.

    Raises
    ------
    ParameterError
        `n_jobs` is no number of processes, `executor` no executor, or both are given.
    """

    n_jobs: int = 1
    executor: Executor | None = None

    def __post_init__(self) -> None:
        n_workers(self.n_jobs)
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
