"""Where the states of a session are simulated: worker processes that give up what is old."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..parallel.executor import DeathError
from ..simulate import Simulation
from ..simulate.engine import Trial
from ..simulate.trials import collect
from .answer import Answer, answered
from .pool import EndingPool
from .state import ExploreState
from .work import Newest, Run, run_coarse, run_trial

__all__ = ["Runner"]

KEPT_BYTES = 8_000_000
"""Of simulations of the full column that are kept, so that undoing shows them at once."""

_Make = Callable[..., Answer]


class Runner:
    """Worker processes for coarse answers, and for those of the full column.

    Both have their own, as a process keeps one network built.

    Parameters
    ----------
    n_jobs : int
        Processes for the full column, which share its trials.
    """

    def __init__(self, n_jobs: int) -> None:
        self._newest = {"coarse": Newest(), "full": Newest()}
        self._pools = {"coarse": EndingPool(1), "full": EndingPool(n_jobs)}
        self._kept: OrderedDict[tuple[str, str], tuple[Simulation, Run]] = OrderedDict()
        self._lock = threading.Lock()

    def want(self, kind: str, number: int) -> None:
        """Let workers give up answers of a kind to other states."""
        self._newest[kind].set(number)

    def has_full(self, state: ExploreState) -> bool:
        """Return whether the full column of a state was simulated lately."""
        with self._lock:
            return _key(state) in self._kept

    def answer(self, kind: str, number: int, state: ExploreState) -> _Make | None:
        """Return what makes the answer, given the `seconds` that it took; None if there is none or it is not wanted."""
        found = self._coarse(number, state) if kind == "coarse" else self._full(number, state)
        if found is None:
            return None
        simulation, run = found
        return partial(answered, state, simulation, number=number, kind=kind, how=run.how, warnings=run.warnings)

    def _coarse(self, number: int, state: ExploreState) -> tuple[Simulation, Run] | None:
        arguments = (state.network.without_electrodes(), state.settings, number, str(self._newest["coarse"].path))
        (run,) = _results(self._pools["coarse"], run_coarse, [arguments])
        return None if run is None else (run.result, run)

    def _full(self, number: int, state: ExploreState) -> tuple[Simulation, Run] | None:
        key = _key(state)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        tasks = [
            (state.network, trial, state.settings, number, str(self._newest["full"].path))
            for trial in range(state.n_trials)
        ]
        runs = _results(self._pools["full"], run_trial, tasks)
        if any(run is None for run in runs):
            return None
        trials: dict[int, Trial] = {trial: run.result for trial, run in enumerate(runs)}
        simulation = collect(state.network, trials, state.settings.resolved())
        self._keep(key, simulation, runs[0])
        return simulation, runs[0]

    def _keep(self, key: tuple[str, str], simulation: Simulation, run: Run) -> None:
        note = Run(result=simulation, warnings=run.warnings, how=run.how)
        with self._lock:
            self._kept[key] = simulation, note
            while len(self._kept) > 1 and sum(_bytes(kept) for kept, _ in self._kept.values()) > KEPT_BYTES:
                self._kept.popitem(last=False)

    def pids(self) -> list[int]:
        """Return the process numbers of the workers that live now."""
        return [pid for pool in self._pools.values() for pid in pool.pids()]

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for newest in self._newest.values():
            newest.close()
        for pool in self._pools.values():
            pool.end()


def _results(pool: EndingPool, function: Callable[..., Any], tasks: list[tuple[Any, ...]]) -> list[Any]:
    """Call a function for each task; what was lost with its worker is tried once more."""
    futures: list[Future[Any]] = [pool.submit(function, *arguments) for arguments in tasks]
    found = []
    for future, arguments in zip(futures, tasks, strict=True):
        try:
            found.append(future.result())
        except DeathError:
            found.append(pool.submit(function, *arguments).result())
    return found


def _key(state: ExploreState) -> tuple[str, str]:
    return state.network.digest, state.settings.identity


def _bytes(simulation: Simulation) -> int:
    return sum(dipole.data.nbytes for dipole in simulation.dipoles) + 40 * len(simulation.spikes)
