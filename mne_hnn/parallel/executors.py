"""What `executor` means everywhere: a ``concurrent.futures.Executor``, or the name of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .. import _names
from .._checks import suggestion
from ..errors import ParameterError
from .clusters import DaskExecutor, dask_client
from .executor import SerialExecutor, TaskExecutor
from .foreign import ForeignExecutor
from .workers import WorkerPool

__all__ = ["EXECUTORS", "check_executor", "opened"]


@contextmanager
def _serial(**_options: Any) -> Iterator[TaskExecutor]:
    yield SerialExecutor()


@contextmanager
def _processes(*, n_jobs: int, **_options: Any) -> Iterator[TaskExecutor]:
    workers = WorkerPool(n_jobs)
    try:
        yield workers
    finally:
        workers.close()


@contextmanager
def _dask(*, n_jobs: int, scheduler: Any, retries: int, code: Sequence[str]) -> Iterator[TaskExecutor]:
    with dask_client(scheduler, n_jobs, retries) as client:
        yield DaskExecutor(client, code)


EXECUTORS: dict[str, Callable[..., AbstractContextManager[TaskExecutor]]] = dict(
    zip(_names.EXECUTORS, (_processes, _dask, _serial), strict=True)
)
"""Where tasks can run, by name: processes of this machine, Dask's workers, this process."""


def check_executor(executor: Any, *, otherwise: str = "", error: type[ParameterError] = ParameterError) -> None:
    """Refuse what is neither an executor nor the name of one.

    Parameters
    ----------
    executor : object
        What was given.
    otherwise : str
        What else could have been given, in a few words.
    error : type of ParameterError
        The error to raise.

    Raises
    ------
    ParameterError
        It is something else, or a name that is not known.
    """
    if isinstance(executor, Executor) or (isinstance(executor, str) and executor in EXECUTORS):
        return
    names = f"the name of one ({', '.join(map(repr, EXECUTORS))})"
    hint = suggestion(executor, EXECUTORS) if isinstance(executor, str) else ""
    raise error(
        "executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor(2) or get_executor() of a Dask "
        f"Client, {f'{names}, or {otherwise}' if otherwise else f'or {names}'}, got {executor!r}.{hint}"
    )


@contextmanager
def opened(
    executor: str | Executor,
    *,
    n_jobs: int = 1,
    scheduler: Any = None,
    retries: int = 1,
    code: Sequence[str] = (),
    what: str = "job",
) -> Iterator[TaskExecutor]:
    """Yield an executor: the one that is given, or one of that name, which ends with the context.

    Parameters
    ----------
    executor : str | concurrent.futures.Executor
        A name of :data:`EXECUTORS`, or an executor whose workers are processes with one task at a time.
    n_jobs : int
        Processes of this machine.
    scheduler : str | distributed.Client | None
        Address or scheduler file of Dask; None starts workers here.
    retries : int
        How often a task is started again whose process died.
    code : sequence of str
        Folders, besides those that make simulations, whose code workers must have in common with this process.
    what : str
        What its tasks are, in a sentence.
    """
    check_executor(executor)
    if isinstance(executor, Executor):
        yield _adopted(executor, code, what)
        return
    with EXECUTORS[executor](n_jobs=n_jobs, scheduler=scheduler, retries=retries, code=code) as place:
        yield place


def _adopted(executor: Executor, code: Sequence[str], what: str) -> TaskExecutor:
    """Return a user's executor as this package needs it; one of ours is what it is."""
    if isinstance(executor, TaskExecutor):
        return executor
    # what get_executor() of a client of Dask gave is checked as those that this package gets are
    client = getattr(executor, "_client", None) if type(executor).__module__.startswith("distributed.") else None
    return ForeignExecutor(executor, code, what) if client is None else DaskExecutor(client, code)
