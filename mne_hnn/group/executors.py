"""Where jobs run: in processes of this machine, on a cluster by Dask, or one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
from mne.utils import logger

from .._checks import check_int, check_name
from ..errors import ConfigError, DataError, WorkerError
from ..simulate.workers import WorkerPool
from ..source._files import first_line

__all__ = ["EXECUTORS", "Lost", "Progress", "run_tasks"]

Done = Callable[[str, Any], None]


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A task that has no result.

    Attributes
    ----------
    reason : str
        Why, in one sentence.
    """

    reason: str

    def __str__(self) -> str:
        return self.reason


class _StoppedError(Exception):
    """An outcome after which nothing else is to be started."""


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a worker; an exception is its result, so that it is told from the death of the worker."""
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is recorded for it, and others go on
        return Lost(reason=f"{type(error).__name__}: {first_line(error)}")


def _died(key: str, times: int) -> Lost:
    often = "once" if times == 1 else f"{times} times"
    return Lost(
        reason=f"The process that worked on {key} died {often} (killed, or out of memory): run again, with fewer "
        "n_jobs if memory was short."
    )


def _serial(
    function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], done: Done, **_options: Any
) -> None:  # fmt: skip
    for key, arguments in tasks.items():
        done(key, _guarded(function, *arguments))


def _processes(
    function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], done: Done, *, n_jobs: int, retries: int,
    **_options: Any,
) -> None:  # fmt: skip
    pool = WorkerPool(min(n_jobs, len(tasks)))
    left = dict(tasks)

    def one(key: str, result: Any) -> None:
        left.pop(key)
        done(key, result)

    try:
        for _ in range(retries + 1):
            try:
                pool.run(_guarded, {key: (function, *arguments) for key, arguments in left.items()}, one, keep=False)
            except WorkerError:
                continue  # what is left was lost with its process, through no fault that is known: once more
            return
    except BaseException:
        pool.close(kill=True)
        raise
    finally:
        pool.close()
    for key in list(left):
        one(key, _died(key, retries + 1))


@contextmanager
def _client(scheduler: Any, n_jobs: int) -> Iterator[Any]:
    """Connect to Dask, or start workers here."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ConfigError("executor = 'dask' needs Dask: pip install 'mne-hnn[hpc]'.") from error
    if isinstance(scheduler, Client):
        yield scheduler
        return
    if scheduler is None:
        with (
            LocalCluster(n_workers=n_jobs, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    named = str(scheduler)
    is_file = "://" not in named and Path(named).expanduser().suffix == ".json"
    if is_file and not Path(named).expanduser().is_file():
        raise ConfigError(
            f"There is no scheduler file {named}: start one with `dask scheduler --scheduler-file {named}`."
        )
    try:
        client = Client(scheduler_file=str(Path(named).expanduser())) if is_file else Client(named, timeout="15s")
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"No Dask scheduler answers at {named!r} ({first_line(error)}): give the address that `dask scheduler` "
            "prints, such as tcp://192.168.0.1:8786."
        ) from error
    try:
        yield client
    finally:
        client.close()


def _check_workers(client: Any) -> None:
    """Check that there are workers, each with one thread: two columns in one process would be in each other's way."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        logger.warning("The Dask scheduler has no workers yet: waiting for the first ...")
        client.wait_for_workers(1)
        workers = client.scheduler_info(n_workers=-1)["workers"]
    most = max(worker["nthreads"] for worker in workers.values())
    if most > 1:
        raise ConfigError(
            f"Dask's workers have up to {most} threads, but NEURON needs a process for each simulation: start them "
            "with `dask worker --nthreads 1 --nworkers N`."
        )


def _dask(
    function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], done: Done, *, n_jobs: int, scheduler: Any,
    retries: int,
) -> None:  # fmt: skip
    with _client(scheduler, n_jobs) as client:
        from distributed import KilledWorker, as_completed

        _check_workers(client)
        futures = {
            client.submit(_guarded, function, *arguments, pure=False, retries=retries): key
            for key, arguments in tasks.items()
        }
        try:
            for future in as_completed(list(futures)):
                try:
                    result = future.result()
                except KilledWorker:
                    result = _died(futures[future], 1 + _allowed_failures())
                except CancelledError as error:
                    raise DataError(
                        "The Dask scheduler was lost, or cancelled the jobs: start the run again."
                    ) from error
                done(futures[future], result)
        finally:
            client.cancel(list(futures))


def _allowed_failures() -> int:
    import dask

    return int(dask.config.get("distributed.scheduler.allowed-failures", 3))


EXECUTORS: dict[str, Callable[..., None]] = {"processes": _processes, "dask": _dask, "serial": _serial}
"""Where jobs can run."""


def run_tasks(
    function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], *, executor: str = "processes",
    n_jobs: int = 1, scheduler: Any = None, done: Done = lambda key, result: None,
    abort_on: Callable[[Any], bool] | None = None, retries: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Call a function for each task, wherever.

    Parameters
    ----------
    function : callable
        A function of a module.
    tasks : mapping of str to tuple
        Arguments by key.
    executor : str
        A name of :data:`EXECUTORS`.
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

    Returns
    -------
    results : dict of str to object
        What the function returned; a :class:`Lost` where it raised, or its process died again and again.
    """
    check_name(executor, EXECUTORS, "executor", error=ConfigError)
    check_int(retries, "retries", minimum=0)
    results: dict[str, Any] = {}

    def one(key: str, result: Any) -> None:
        results[key] = result
        done(key, result)
        if abort_on is not None and abort_on(result):
            raise _StoppedError

    if tasks:
        try:
            EXECUTORS[executor](function, tasks, one, n_jobs=n_jobs, scheduler=scheduler, retries=retries)
        except _StoppedError:
            logger.warning("%d of %d jobs were not finished.", len(tasks) - len(results), len(tasks))
    return results


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
