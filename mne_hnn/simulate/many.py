"""Simulate many networks side by side, where one that fails is no reason to stop."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from typing import Any

from .. import __version__
from .._checks import check_bool, check_int
from ..errors import ParameterError, SimulationError, WorkerError
from ..network import Network
from .engine import Trial
from .packed import call_packed, pack, packed
from .precautions import warn_of_coarse_steps
from .record import Record
from .result import Simulation
from .trials import TrialSettings, check_network, collect, shared_settings, work
from .workers import n_workers, pool

__all__ = ["check_workers", "simulate_many"]

Outcome = Simulation | SimulationError
_Key = tuple[int, int]
_Told = Callable[[_Key, Any], None]


def _attempt(network: Network, trial: int, settings: TrialSettings) -> Trial | SimulationError:
    """Return the error of a run instead of raising it: other networks go on."""
    try:
        return work(network, trial, settings)
    except (SimulationError, ParameterError) as error:  # parameters of this network, such as a delay below the step
        return SimulationError(str(error))


def _elsewhere(version: str, payload: bytes) -> Trial | SimulationError:
    """Simulate in a process of a foreign executor; its numbers would not be those of another version."""
    if version != __version__:
        return WorkerError(
            f"The executor's workers have mne_hnn {__version__}, this is {version}: start them in the Python "
            "environment of this run."
        )
    trial: Trial | SimulationError = call_packed(payload)
    return trial


def simulate_many(
    networks: Sequence[Network],
    tstop: float = 170.0,
    *,
    n_trials: int = 1,
    dt: float = 0.025,
    seed: int | None = None,
    baseline: str = "measured",
    engine: str = "auto",
    n_threads: int = 1,
    record: Record | Mapping[str, Any] | None = None,
    n_jobs: int = 1,
    executor: Executor | None = None,
    done: Callable[[int, Outcome], None] | None = None,
    keep: bool = True,
) -> list[Outcome]:
    """Simulate several networks, each as :func:`simulate` would.

    Parameters
    ----------
    networks : sequence of Network
        The networks.
    tstop, n_trials, dt, seed, baseline, engine, n_threads, record
        As in :func:`simulate`, the same for all.
    n_jobs : int
        Processes; trials of all networks share them. Not together with `executor`.
    executor : concurrent.futures.Executor | None
        Runs the trials instead of this machine's own processes, for example ``dask.distributed.Client.get_executor()``.
        Each of its workers must run one task at a time, in a process of its own.
    done : callable | None
        Called as ``done(index, outcome)`` in this process when all trials of a network have ended.
    keep : bool
        Whether to return the outcomes. False hands them to `done` only, so that memory does not grow with the number
        of networks.

    Returns
    -------
    outcomes : list of Simulation | SimulationError
        In the order of `networks`: the simulation, or the error that ended it (voltages that are not finite; a worker
        that died twice at it). Empty if `keep` is False.

    Raises
    ------
    ParameterError
        A wrong argument.
    """
    networks = _listed(networks)
    n_trials = check_int(n_trials, "n_trials", minimum=1)
    check_workers(n_jobs, executor)
    _check_outcomes(done, keep)
    settings = shared_settings(
        tstop, dt=dt, seed=seed, baseline=baseline, engine=engine, n_threads=n_threads, record=record
    )
    for network in networks:
        check_network(network, settings)
    if networks:
        warn_of_coarse_steps(tstop, settings.dt)
    gathered: list[dict[int, Trial | SimulationError]] = [{} for _ in networks]
    outcomes: list[Outcome | None] = [None] * len(networks)

    def told(key: _Key, trial: Trial | SimulationError) -> None:
        index, number = key
        gathered[index][number] = trial
        if len(gathered[index]) == n_trials:
            outcome = _joined(networks[index], gathered[index], settings)
            gathered[index] = {}
            if keep:
                outcomes[index] = outcome
            if done is not None:
                done(index, outcome)

    tasks = {
        (index, number): (network, number, settings)
        for index, network in enumerate(networks)
        for number in range(n_trials)
    }
    if executor is not None:
        futures = {_submitted(executor, arguments): key for key, arguments in tasks.items()}
        for future in as_completed(futures):
            told(futures.pop(future), _result(future))
    elif n_workers(n_jobs) == 1:
        for key, arguments in tasks.items():
            told(key, _attempt(*arguments))
    else:
        _in_processes(tasks, n_workers(n_jobs), told)
    return [outcome for outcome in outcomes if outcome is not None]


def _submitted(executor: Executor, arguments: tuple[Any, ...]) -> Future[Trial | SimulationError]:
    if isinstance(executor, (ProcessPoolExecutor, ThreadPoolExecutor)):
        return executor.submit(_attempt, *arguments)  # of this machine and Python environment
    return executor.submit(pickle.loads, packed(_elsewhere, __version__, pack(_attempt, arguments)))


def _listed(networks: Any) -> list[Network]:
    """Return networks as a list: they are gone through more than once."""
    iterable = hasattr(networks, "__iter__") and not isinstance(networks, (Network, str, Mapping))
    listed: list[Any] = list(networks) if iterable else [None]
    if not all(isinstance(network, Network) for network in listed):
        raise ParameterError("networks must hold Networks, such as jones_2009() returns, and nothing else.")
    return listed


def _check_outcomes(done: Any, keep: Any) -> None:
    """Refuse what would leave nobody with the outcomes."""
    if done is not None and not callable(done):
        raise ParameterError(f"done must be a function of an index and an outcome, or None, got {done!r}.")
    if not check_bool(keep, "keep") and done is None:
        raise ParameterError("keep=False hands the outcomes to done only: give done, or leave keep out.")


def check_workers(n_jobs: int, executor: Any) -> None:
    """Refuse a number of processes and an executor that cannot be, or of which one would be of no account.

    Raises
    ------
    ParameterError
        `n_jobs` is no number of processes, `executor` no executor, or both are given.
    """
    n_workers(n_jobs)
    if executor is None:
        return
    if not isinstance(executor, Executor):
        raise ParameterError(
            f"executor must be a concurrent.futures.Executor, such as ProcessPoolExecutor(2) or get_executor() of a "
            f"Dask Client, or None for n_jobs processes of this machine, got {executor!r}."
        )
    if n_jobs != 1:
        raise ParameterError(
            f"executor and n_jobs = {n_jobs} both say where to simulate: leave one of them out (the executor has "
            "workers of its own)."
        )


def _result(future: Future[Trial | SimulationError]) -> Trial | SimulationError:
    """Return what a foreign executor made of a trial; whatever kills its workers is an error of this trial."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - executors have errors of their own
        return WorkerError(f"The executor lost a trial ({type(error).__name__}: {error}).")


def _in_processes(tasks: dict[_Key, tuple[Any, ...]], size: int, told: _Told) -> None:
    ended: set[_Key] = set()

    def note(key: _Key, trial: Any) -> None:
        ended.add(key)
        told(key, trial)

    for _ in range(2):  # a worker may have died for a reason that is not the network's, such as memory taken by others
        left = {key: arguments for key, arguments in tasks.items() if key not in ended}
        try:
            pool(size).run(_attempt, left, note, keep=False)
            return
        except WorkerError as error:
            lost = str(error)
    for key in tasks:
        if key not in ended:
            told(key, WorkerError(lost))


def _joined(network: Network, trials: dict[int, Trial | SimulationError], settings: TrialSettings) -> Outcome:
    good: dict[int, Trial] = {}
    for number in sorted(trials):
        trial = trials[number]
        if isinstance(trial, SimulationError):
            return trial
        good[number] = trial
    return collect(network, good, settings)
