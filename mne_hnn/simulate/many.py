"""Simulate many networks side by side, where one that fails is no reason to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from .._checks import check_bool
from ..errors import ParameterError, SimulationError, WorkerError
from ..network import Network
from ..parallel import Lost, run_with_retries
from .computing import Computing
from .engine import Trial
from .result import Simulation
from .settings import SimulationSettings, as_settings
from .trials import collect, work

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


def simulate_many(
    networks: Sequence[Network],
    settings: SimulationSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    done: Callable[[int, Outcome], None] | None = None,
    keep: bool = True,
) -> list[Outcome]:
    """Simulate several networks, each as :func:`simulate` would.

    Parameters
    ----------
    networks : sequence of Network
        The networks.
    settings : SimulationSettings | None
        How to simulate them, all alike: duration, trials, seed and so on. None takes the defaults.
    n_jobs : int
        Processes; trials of all networks share them. Not together with an executor that is an object.
    executor : str | concurrent.futures.Executor | None
        Runs the trials instead of this machine's own processes, for example ``dask.distributed.Client.get_executor()``.
        Each of its workers must run one task at a time, in a process of its own. A name starts one for this call:
        ``'processes'``, ``'dask'`` (`n_jobs` workers on this machine) or ``'serial'``.
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
    ConfigError
        Workers of Dask that are not fit: of another version or code, or with threads.

    Examples
    --------
    >>> networks = [network.with_drive_changes("evprox1", mu_ms=mu) for mu in (20.0, 30.0)]
    >>> early, late = simulate_many(networks, SimulationSettings(tstop=40.0, precision="search"))
    >>> bool(abs(early.dipole["agg"]).max() > 0)
    True
    """
    networks = _listed(networks)
    settings = as_settings(settings)
    computing = Computing(n_jobs=n_jobs, executor=executor)
    _check_outcomes(done, keep)
    different = {network.digest: network for network in networks}
    for network in different.values():
        settings.check_engine(network)
        settings.check(network)
    if different:
        settings.warn_of_times()
    for network in different.values():
        settings.warn_of(network)
    return run_networks(networks, settings, computing=computing, done=done, keep=keep)


def run_networks(
    networks: Sequence[Network],
    settings: SimulationSettings | Sequence[SimulationSettings],
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
    settings : SimulationSettings | sequence of SimulationSettings
        How to simulate them: all alike, or each as its own say.
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
    listed = [settings] * len(networks) if isinstance(settings, SimulationSettings) else settings
    resolved = {one: one.resolved() for one in set(listed)}
    each = [resolved[one] for one in listed]
    for network, one in zip(networks, each, strict=True):
        one.check(network)
    gathered: list[dict[int, Trial | SimulationError]] = [{} for _ in networks]
    outcomes: list[Outcome | None] = [None] * len(networks)

    def told(key: _Key, trial: Trial | SimulationError) -> None:
        index, number = key
        gathered[index][number] = trial
        if len(gathered[index]) == each[index].n_trials:
            outcome = _join(networks[index], gathered[index], each[index])
            gathered[index] = {}
            if keep:
                outcomes[index] = outcome
            if done is not None:
                done(index, outcome)

    tasks = {
        (index, number): (network, number, one)
        for index, (network, one) in enumerate(zip(networks, each, strict=True))
        for number in range(one.n_trials)
    }
    _run_tasks(tasks, computing, told)
    return [outcome for outcome in outcomes if outcome is not None]


def _run_tasks(tasks: dict[_Key, tuple[Any, ...]], computing: Computing, told: _Told) -> None:
    def ended(key: _Key, outcome: Trial | SimulationError | Lost) -> None:
        told(key, WorkerError(str(outcome)) if isinstance(outcome, Lost) else outcome)

    # a worker may have died for a reason that is not the network's, such as memory taken by others: once more, then
    with computing.opened() as executor:
        run_with_retries(_attempt, tasks, executor, ended, title=_title)


def _title(key: _Key) -> str:
    index, trial = key
    return f"trial {trial} of network {index}"


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


def _join(network: Network, trials: dict[int, Trial | SimulationError], settings: SimulationSettings) -> Outcome:
    good: dict[int, Trial] = {}
    for number in sorted(trials):
        trial = trials[number]
        if isinstance(trial, SimulationError):
            return trial
        good[number] = trial
    return collect(network, good, settings)
