"""Where jobs run: in processes of this machine, on a cluster by Dask, or one after the other."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
from mne.utils import logger

from .. import __version__
from .._checks import check_int, check_name
from .._code import STAGE_FOLDERS, labelled, named_apart
from .._text import first_line
from ..errors import ConfigError, DataError, WorkerError
from ..simulate.packed import call_packed, pack, packed
from ..simulate.workers import WorkerPool, main_hidden

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
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a task raises is recorded, and others go on
        kind, first = type(error).__name__, first_line(error)
        return Lost(reason=kind if first == kind else f"{kind}: {first}")


def _died(key: str, times: int) -> Lost:
    often = "once" if times == 1 else f"{times} times"
    return Lost(
        reason=f"The process that worked on {key} died {often} (killed, or out of memory): run again, with fewer "
        "n_jobs if memory was short."
    )


def _serial(function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], done: Done, **_options: Any) -> None:
    for key, arguments in tasks.items():
        done(key, _guarded(function, *arguments))


def _processes(
    function: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    done: Done,
    *,
    n_jobs: int,
    retries: int,
    **_options: Any,
) -> None:
    pool = WorkerPool(min(n_jobs, len(tasks)))
    left = dict(tasks)

    def one(key: str, result: Any) -> None:
        left.pop(key)
        done(key, result)

    try:
        for _ in range(retries + 1):
            try:
                packs = {key: (call_packed, pack(function, arguments)) for key, arguments in left.items()}
                pool.run(_guarded, packs, one, keep=False)
            except WorkerError:  # what is left was lost with its process, through no fault that is known
                logger.warning("A worker process died with its job (killed, or out of memory).")
                continue
            return
    except BaseException:
        pool.close(kill=True)
        raise
    finally:
        pool.close()
    for key in list(left):
        one(key, _died(key, retries + 1))


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back what Dask puts in this process's environment for its workers: processes of later runs inherit it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _client(scheduler: Any, n_jobs: int, retries: int) -> Iterator[Any]:
    """Connect to Dask, or start workers here."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ConfigError("executor = 'dask' needs Dask: pip install 'mne-hnn[hpc]'.") from error
    if isinstance(scheduler, Client):
        yield scheduler
        return
    if scheduler is None:
        with (
            main_hidden(),  # as long as it lives: it starts new workers for those that die
            _environment_kept(),
            dask.config.set({"distributed.scheduler.allowed-failures": retries}),
            LocalCluster(
                n_workers=n_jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,  # how workers end is no news
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    address = _address(str(scheduler))
    try:
        client = Client(address, timeout=_ANSWER)
    except (OSError, ValueError, TypeError) as error:  # gone since it answered
        raise _unreachable(str(scheduler), error) from error
    with client:
        yield client


def _tell_of_waiting(client: Any) -> None:
    """Say that jobs wait for a first worker; clusters that grow as needed start it when there are jobs."""
    try:
        waits = not client.nthreads()
    except OSError as error:
        raise DataError(f"The Dask scheduler was lost ({first_line(error)}): start the run again.") from error
    if waits:
        logger.warning("The Dask scheduler has no workers yet: waiting for the first ...")


_LOOKS = 5
_ANSWER = "15s"
"""How long a scheduler may take to answer."""


def _address(named: str) -> str:
    """Return the address of a scheduler that answers."""
    address = named
    if "://" not in named and Path(named).suffix == ".json":
        try:
            address = _read_address(Path(named).expanduser())
        except FileNotFoundError:
            raise ConfigError(
                f"There is no scheduler file {named}: start one with `dask scheduler --scheduler-file {named}`."
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{named} is not a scheduler file ({type(error).__name__}): it is what `dask scheduler "
                f"--scheduler-file {named}` writes."
            ) from error
    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has an event loop of its own in this thread
            aside.submit(asyncio.run, _reach(address)).result()
    except (OSError, ValueError, TypeError) as error:
        raise _unreachable(named, error) from error
    return address


def _read_address(file: Path) -> str:
    """Return the address in a scheduler file; one that is being written is looked at again."""
    for attempt in range(_LOOKS):
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except ValueError:
            if attempt == _LOOKS - 1:
                raise
            time.sleep(0.1)
    raise AssertionError


def _unreachable(named: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"No Dask scheduler answers at {named} ({first_line(error).rstrip('.')}): give the address that "
        "`dask scheduler` prints, such as tcp://192.168.0.1:8786, or its scheduler file."
    )


async def _reach(address: str) -> None:
    """Connect to an address, no more: a Client that fails can wait for ever when it is collected as garbage."""
    from distributed import Security
    from distributed.comm import connect

    comm = await connect(address, timeout=_ANSWER, **Security().get_connection_args("client"))
    await comm.close()


_at_work = threading.Lock()
"""Held by the job of Dask that this process is at."""


def _check_here(asked: str) -> None:
    """Refuse to work in a worker of another version or code, or with threads: two columns would be in each other's way.

    The worker itself looks, each time it begins a job: who asks from afar may ask one that has just gone, and others
    come later.
    """
    from distributed import get_worker

    threads = get_worker().state.nthreads
    if threads > 1 or not _at_work.acquire(blocking=False):
        raise ConfigError(
            f"Dask's workers have up to {max(threads, 2)} threads in a process, but NEURON needs a process for each "
            "simulation: start them with `dask worker --nthreads 1 --nworkers N`."
        )
    own = labelled(__version__, "group", *STAGE_FOLDERS)
    if asked != own:
        _at_work.release()
        there, here = named_apart(own, asked)
        raise ConfigError(
            f"Dask's workers have mne_hnn {there}, this is {here}: start them in the Python environment of this run."
        )


def _there(asked: str, folder: str, payload: bytes) -> Any:
    """Do a job in a worker of Dask, in the folder of the run: paths are meant from there."""
    _check_here(asked)
    try:
        os.chdir(folder)
        return _guarded(call_packed, payload)
    except OSError as error:
        return Lost(
            reason=f"{socket.gethostname()} cannot enter the folder {folder} ({error.strerror}): start the run in a "
            "folder that all nodes share."
        )
    finally:
        _at_work.release()


def _result(future: Any) -> Any:
    """Return what a job of Dask gave.

    Raises
    ------
    ConfigError
        The worker is not fit for any job: what it said of itself, or that it cannot import this package.
    DataError
        The scheduler was lost.
    distributed.KilledWorker
        The worker died, again and again.
    """
    from distributed import KilledWorker

    try:
        return future.result()
    except (KilledWorker, ConfigError):
        raise
    except CancelledError as error:
        raise DataError("The Dask scheduler was lost, or cancelled the jobs: start the run again.") from error
    except ImportError as error:  # of this package, as what a job raises is its result
        raise ConfigError(
            f"Dask's workers cannot import this package ({error!r}): start them in the Python environment of this run."
        ) from error
    except Exception as error:  # noqa: BLE001 - whatever Dask makes of a result, others go on
        return Lost(reason=f"Dask lost the job ({type(error).__name__}: {first_line(error)}).")


def _submit(
    client: Any, function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]], done: Done
) -> dict[str, int]:
    """Run tasks; return those whose worker died again and again, and how often."""
    from distributed import KilledWorker, as_completed

    here, label = os.getcwd(), labelled(__version__, "group", *STAGE_FOLDERS)
    futures = {
        # the worker unpacks it: one that cannot would close its connection, and be given the job again and again
        client.submit(
            pickle.loads, packed(_there, label, here, pack(function, arguments)), key=f"{key}-{uuid.uuid4().hex}"
        ): key
        for key, arguments in tasks.items()
    }
    died: dict[str, int] = {}
    try:
        for future in as_completed(list(futures)):
            key = futures[future]
            try:
                result = _result(future)
            except KilledWorker as error:
                died[key] = 1 + int(error.args[2])
                continue
            done(key, result)
    finally:
        with suppress(OSError):  # the connection is closed: nothing of ours runs on
            client.cancel(list(futures))
    return died


def _dask(
    function: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    done: Done,
    *,
    n_jobs: int,
    scheduler: Any,
    retries: int,
) -> None:
    with _client(scheduler, min(n_jobs, len(tasks)), retries) as client:
        _tell_of_waiting(client)
        for key in _submit(client, function, tasks, done):
            # Dask accuses all that a worker had taken when it died, also what only waited there: alone, each is judged
            for times in _submit(client, function, {key: tasks[key]}, done).values():
                done(key, _died(key, times))


EXECUTORS: dict[str, Callable[..., None]] = {"processes": _processes, "dask": _dask, "serial": _serial}
"""Where jobs can run."""


def run_tasks(
    function: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    *,
    executor: str = "processes",
    n_jobs: int = 1,
    scheduler: Any = None,
    done: Done = lambda key, result: None,
    abort_on: Callable[[Any], bool] | None = None,
    retries: int = 1,
) -> dict[str, Any]:
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
