"""Tasks on an executor, again where their worker died."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import closing
from typing import Any, TypeVar

from mne.utils import logger

from .executor import DeathError, TaskExecutor
from .packed import Lost

__all__ = ["run_with_retries"]

Key = TypeVar("Key", bound=Hashable)
Tasks = Mapping[Key, tuple[Any, ...]]


def run_with_retries(
    function: Callable[..., Any],
    tasks: Tasks[Key],
    executor: TaskExecutor,
    done: Callable[[Key, Any], None],
    *,
    retries: int = 1,
    title: Callable[[Key], str] = str,
) -> None:
    """Call a function for each task; a death of its worker costs a task no more than another attempt.

    Parameters
    ----------
    function : callable
        A function of a module.
    tasks : mapping of key to tuple
        Arguments by key.
    executor : TaskExecutor
        Where.
    done : callable
        Called in this process with key and result as each task ends; with a :class:`Lost` where a task killed its
        worker each time.
    retries : int
        How often a task is started again whose worker died.
    title : callable
        What a sentence calls a task, from its key.

    Raises
    ------
    Exception
        What a task raised, or `done`; everything else is given up then.
    """
    try:
        if executor.accuses_bystanders:  # alone, each is judged; how often it is tried, the executor knows
            for key in _run(function, tasks, executor, done):
                for times in _run(function, {key: tasks[key]}, executor, done).values():
                    done(key, _died(title(key), times))
            return
        left = dict(tasks)
        for _ in range(retries + 1):
            # what is left was lost with its worker, through no fault that is known
            left = {key: left[key] for key in _run(function, left, executor, done)}
            if not left:
                return
            logger.warning("A worker process died with its job (killed, or out of memory).")
        for key in left:
            done(key, _died(title(key), retries + 1))
    except BaseException:  # interrupted as well: let no worker go on in the background
        executor.give_up()
        raise


def _died(title: str, times: int) -> Lost:
    often = "once" if times == 1 else f"{times} times"
    return Lost(
        reason=f"The process that worked on {title} died {often} (killed, or out of memory): run again, with fewer "
        "n_jobs if memory was short."
    )


def _run(
    function: Callable[..., Any], tasks: Tasks[Key], executor: TaskExecutor, done: Callable[[Key, Any], None]
) -> dict[Key, int]:
    """Run tasks once; return those whose worker died, and how often."""
    died: dict[Key, int] = {}
    with closing(executor.run_all(function, tasks)) as ended:  # type: ignore[type-var]
        for key, outcome in ended:
            try:
                result = outcome()
            except DeathError as error:
                died[key] = error.times
                continue
            del outcome  # else the result would live until the next one is there
            done(key, result)
            del result
    return died
