"""Tasks of which each has an outcome, whatever it raises and wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from mne.utils import logger

from .._checks import check_int
from ..errors import ConfigError
from .executors import check_executor, opened
from .packed import call_guarded, pack
from .retries import run_with_retries

__all__ = ["run_tasks"]


class _StoppedError(Exception):
    """An outcome after which nothing else is to be started."""


def run_tasks(
    function: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    *,
    executor: str | Executor = "processes",
    n_jobs: int = 1,
    scheduler: Any = None,
    done: Callable[[str, Any], None] = lambda key, result: None,
    abort_on: Callable[[Any], bool] | None = None,
    retries: int = 1,
    code: Sequence[str] = (),
) -> dict[str, Any]:
    """Call a function for each task, wherever.

    Parameters
    ----------
    function : callable
        A function of a module.
    tasks : mapping of str to tuple
        Arguments by key.
    executor : str | concurrent.futures.Executor
        A name of :data:`EXECUTORS`, or an executor whose workers are processes with one task at a time.
    n_jobs : int
        Processes of this machine.
    scheduler : str | distributed.Client | None
        Address or scheduler file of Dask; None starts workers here.
    done : callable
        Called in this process with key and result as each task ends.
    abort_on : callable | None
        Says of a result whether nothing else is to be started; what runs then is stopped.
    retries : int
        How often a task is started again whose process died.
    code : sequence of str
        Folders of this package, besides those that make simulations, whose code workers must have in common with us.

    Returns
    -------
    results : dict of str to object
        What the function returned; a :class:`Lost` where it raised, or its process died again and again.
    """
    check_executor(executor, error=ConfigError)
    check_int(retries, "retries", minimum=0)
    results: dict[str, Any] = {}

    def _ended(key: str, result: Any) -> None:
        results[key] = result
        done(key, result)
        if abort_on is not None and abort_on(result):
            raise _StoppedError

    if tasks:
        packs = {key: (pack(function, arguments),) for key, arguments in tasks.items()}
        n_jobs = min(n_jobs, len(tasks))
        try:
            with opened(executor, n_jobs=n_jobs, scheduler=scheduler, retries=retries, code=code) as place:
                run_with_retries(call_guarded, packs, place, _ended, retries=retries)
        except _StoppedError:
            logger.warning("%d of %d jobs were not finished.", len(tasks) - len(results), len(tasks))
    return results
