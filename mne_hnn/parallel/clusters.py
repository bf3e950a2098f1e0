"""Clusters by Dask: tasks on workers that come and go, on any machines."""

from __future__ import annotations

import logging
import os
import pickle
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from mne.utils import logger

from .._text import first_line
from ..errors import ConfigError, DataError
from .executor import DeathError, Key, TaskExecutor
from .packed import Lost
from .process import main_hidden
from .remote import remote_call
from .schedulers import ANSWER, scheduler_address, unreachable

__all__ = ["DaskExecutor", "dask_client"]


class DaskExecutor(TaskExecutor):
    """The workers of a client of Dask.

    What a task raises is its result, as a :class:`Lost`. Futures raise a :class:`ConfigError` where a worker is not fit
    for any task (what it says of itself, or that it cannot import this package), a :class:`DataError` where the
    scheduler was lost, and a :class:`DeathError` where a task's worker died again and again.

    Parameters
    ----------
    client : distributed.Client
        The client.
    code : sequence of str
        Folders, besides those that make simulations, whose code workers must have in common with this process.
    """

    accuses_bystanders = True  # all that a worker had taken when it died, also what only waited there

    def __init__(self, client: Any, code: Sequence[str] = ()) -> None:
        self._client = client
        self._code = tuple(code)
        self._asked: set[Any] = set()
        _tell_of_waiting(client)

    # not by get_executor() of the client: where a result is lost with its worker, its futures may never end
    def _ask(self, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        call = remote_call("Dask's", self._code, function, arguments, os.getcwd())
        # the worker unpacks it: one that cannot would close its connection, and be given the task again and again
        asked = self._client.submit(pickle.loads, call, key=f"mne_hnn-{uuid.uuid4().hex}")
        self._asked.add(asked)
        return asked

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function of a module in a worker, in the folder of this process: paths are meant from there."""
        asked = self._ask(partial(fn, **kwargs) if kwargs else fn, args)
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def wait() -> None:
            try:
                result = self._outcome(asked)
            except BaseException as error:  # noqa: BLE001 - whatever it is, who waits for it must hear of it
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=wait, daemon=True).start()
        return future

    def run_all(
        self, function: Callable[..., Any], tasks: Mapping[Key, tuple[Any, ...]]
    ) -> Iterator[tuple[Key, Callable[[], Any]]]:
        """Submit a call for each task; yield, as each ends, its key and what returns or raises its outcome."""
        from distributed import as_completed

        futures = {self._ask(function, arguments): key for key, arguments in tasks.items()}
        try:
            for asked in as_completed(list(futures)):
                yield futures[asked], partial(self._outcome, asked)
        finally:
            self.give_up()

    def _outcome(self, asked: Any) -> Any:
        """Return what became of a task, or raise what its futures raise."""
        from distributed import KilledWorker

        try:
            return asked.result()
        except KilledWorker as error:
            raise DeathError(1 + int(error.args[2])) from error
        except ConfigError:
            raise
        except CancelledError as error:
            raise DataError("The Dask scheduler was lost, or cancelled the jobs: start the run again.") from error
        except ImportError as error:  # of this package, as what a task raises is its result
            raise ConfigError(
                f"Dask's workers cannot import this package ({error!r}): start them in the Python environment of this "
                "run."
            ) from error
        except Exception as error:  # noqa: BLE001 - whatever Dask makes of a result, others go on
            return Lost(reason=f"Dask lost the job ({type(error).__name__}: {first_line(error)}).")

    def give_up(self) -> None:
        """Take back what has not begun; what runs on workers goes on to its end."""
        asked, self._asked = self._asked, set()
        with suppress(OSError):  # the connection is closed: nothing of ours runs on
            self._client.cancel(list(asked))


def _tell_of_waiting(client: Any) -> None:
    """Say that tasks wait for a first worker; clusters that grow as needed start it when there are tasks."""
    try:
        waits = not client.nthreads()
    except OSError as error:
        raise DataError(f"The Dask scheduler was lost ({first_line(error)}): start the run again.") from error
    if waits:
        logger.warning("The Dask scheduler has no workers yet: waiting for the first ...")


@contextmanager
def dask_client(scheduler: Any, n_jobs: int, retries: int) -> Iterator[Any]:
    """Connect to Dask, or start workers here.

    Parameters
    ----------
    scheduler : str | distributed.Client | None
        Address or scheduler file, or who is connected; None starts workers here.
    n_jobs : int
        How many workers to start here.
    retries : int
        How often such a worker is replaced that died at the same task.
    """
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
    address = scheduler_address(str(scheduler))
    try:
        client = Client(address, timeout=ANSWER)
    except (OSError, ValueError, TypeError) as error:  # gone since it answered
        raise unreachable(str(scheduler), error) from error
    with client:
        yield client


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
