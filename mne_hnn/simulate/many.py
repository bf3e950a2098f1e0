"""Simulate many networks side by side, where one that fails is no reason to stop."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from typing import Any

from .. import __version__
from .._checks import check_bool
from .._code import labelled, named_apart
from ..errors import ParameterError, SimulationError, WorkerError
from ..network import Network
from .computing import Computing
from .engine import Trial
from .packed import call_packed, pack, packed
from .record import Record, as_record
from .result import Simulation
from .settings import SimulationSettings
from .trials import collect, work
from .workers import pool

__all__ = ["run_networks", "simulate_many"]

Outcome = Simulation | SimulationError
_Key = tuple[int, int]
_Told = Callable[[_Key, Any], None]


def _attempt(network: Network, trial: int, settings: SimulationSettings) -> Trial | SimulationError:
    """Return the error of a run instead of raising it: other networks go on."""
    try:
        return work(network, trial, settings)
    except (SimulationError, ParameterError) as error:  # parameters of this network, such as a delay below the step
        return SimulationError(str(error))


def _elsewhere(asked: str, payload: bytes) -> Trial | SimulationError:
    """Simulate in a process of a foreign executor; its numbers would not be those of another version or code."""
    own = labelled(__version__)
    if asked != own:
        there, here = named_apart(own, asked)
        return WorkerError(
            f"The executor's workers have mne_hnn {there}, this is {here}: start them in the Python environment of "
            "this run."
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
    computing = Computing(n_jobs=n_jobs, executor=executor)
    _check_outcomes(done, keep)
    settings = SimulationSettings(
        tstop=tstop,
        n_trials=n_trials,
        dt=dt,
        seed=seed,
        baseline=baseline,
        engine=engine,
        n_threads=n_threads,
        record=as_record(record),
    )
    different = {network.digest: network for network in networks}
    for network in different.values():
        settings.check(network)
    if different:
        settings.warn_of_times()
    for network in different.values():
        settings.warn_of(network)
    return run_networks(networks, settings, computing=computing, done=done, keep=keep)


def run_networks(
    networks: Sequence[Network],
    settings: SimulationSettings,
    *,
    computing: Computing | None = None,
    done: Callable[[int, Outcome], None] | None = None,
    keep: bool = True,
) -> list[Outcome]:
    """Simulate several networks as :func:`simulate_many` does, without its warnings.

    For callers with many batches of networks, which warn once and for all.

    Parameters
    ----------
    networks : sequence of Network
        The networks.
    settings : SimulationSettings
        How to simulate them.
    computing : Computing | None
        Where; None for this process.
    done, keep
        As in :func:`simulate_many`.

    Returns
    -------
    outcomes : list of Simulation | SimulationError
        In the order of `networks`; empty if `keep` is False.
    """
    computing = computing or Computing()
    settings = settings.resolved()
    for network in networks:
        settings.check(network)
    gathered: list[dict[int, Trial | SimulationError]] = [{} for _ in networks]
    outcomes: list[Outcome | None] = [None] * len(networks)

    def told(key: _Key, trial: Trial | SimulationError) -> None:
        index, number = key
        gathered[index][number] = trial
        if len(gathered[index]) == settings.n_trials:
            outcome = _joined(networks[index], gathered[index], settings)
            gathered[index] = {}
            if keep:
                outcomes[index] = outcome
            if done is not None:
                done(index, outcome)

    tasks = {
        (index, number): (network, number, settings)
        for index, network in enumerate(networks)
        for number in range(settings.n_trials)
    }
    _run_tasks(tasks, computing, told)
    return [outcome for outcome in outcomes if outcome is not None]


def _run_tasks(tasks: dict[_Key, tuple[Any, ...]], computing: Computing, told: _Told) -> None:
    if computing.executor is not None:
        futures = {_submitted(computing.executor, arguments): key for key, arguments in tasks.items()}
        for future in as_completed(futures):
            told(futures.pop(future), _result(future))
    elif computing.n_processes == 1:
        for key, arguments in tasks.items():
            told(key, _attempt(*arguments))
    else:
        _in_processes(tasks, computing.n_processes, told)


def _submitted(executor: Executor, arguments: tuple[Any, ...]) -> Future[Trial | SimulationError]:
    if isinstance(executor, (ProcessPoolExecutor, ThreadPoolExecutor)):
        return executor.submit(_attempt, *arguments)  # of this machine and Python environment
    return executor.submit(pickle.loads, packed(_elsewhere, labelled(__version__), pack(_attempt, arguments)))


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


def _joined(network: Network, trials: dict[int, Trial | SimulationError], settings: SimulationSettings) -> Outcome:
    good: dict[int, Trial] = {}
    for number in sorted(trials):
        trial = trials[number]
        if isinstance(trial, SimulationError):
            return trial
        good[number] = trial
    return collect(network, good, settings)
