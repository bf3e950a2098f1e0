"""Score networks: simulate those that were not simulated yet, in parallel, and remember all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from mne.utils import logger

from .._code import source_digest
from .._types import FloatArray
from ..errors import SimulationError, WorkerError
from ..network import Network
from ..network.mechanism_uses import custom_mechanisms
from ..simulate import Computing, Simulation, SimulationSettings
from ..simulate.many import run_networks
from .checkpoint import Checkpoint
from .objectives import Objective, Score

__all__ = ["Evaluator", "searching"]


def searching(runs: SimulationSettings, network: Network, precision: str) -> SimulationSettings:
    """Return how to simulate what is only tried.

    Parameters
    ----------
    runs : SimulationSettings
        How to simulate exactly.
    network : Network
        What is changed and tried.
    precision : str
        As in :class:`~mne_hnn.fit.FitSettings`; ``'search'`` is meant where it can be had.
    """
    if precision == "exact":
        return runs
    engine = runs.resolved().engine
    lacks = f"engine {engine!r}" if engine != "kernel" else "electrodes" if network.electrodes else None
    lacks = "mechanisms of one's own" if custom_mechanisms(network) else lacks
    if lacks is not None:
        logger.debug("Searching by exact simulations: with %s there are no others.", lacks)
        return runs
    return replace(runs, precision=precision)


@dataclass(kw_only=True)
class Evaluator:
    """Simulates networks and scores them.

    Attributes
    ----------
    checkpoint : Checkpoint
        Where results are kept; what is there already is not simulated again.
    computing : Computing
        Where to simulate.
    n_simulated, n_failed : int
        Networks simulated by this object, and how many of them failed.
    n_unscored : int
        Networks for which the objective gave no number (NaN).
    """

    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint(None))
    computing: Computing = field(default_factory=Computing)
    n_simulated: int = 0
    n_failed: int = 0
    n_unscored: int = 0

    def simulate(
        self,
        networks: Sequence[Network],
        runs: SimulationSettings | Sequence[SimulationSettings],
        done: Callable[[int, Any], None] | None = None,
    ) -> list[Simulation | SimulationError]:
        """Simulate networks; failures are returned, not raised."""

        def ended(index: int, outcome: Simulation | SimulationError) -> None:
            self.n_simulated += 1
            if isinstance(outcome, SimulationError):
                self.n_failed += 1
                logger.info("A simulation failed and counts as the worst: %s", outcome)
            if done is not None:
                done(index, outcome)

        return run_networks(networks, runs, computing=self.computing, done=ended)

    def records(
        self,
        networks: Sequence[Network],
        runs: SimulationSettings | Sequence[SimulationSettings],
        identity: str,
        extract: Callable[[Simulation], dict[str, Any]],
    ) -> list[dict[str, FloatArray] | None]:
        """Return what `extract` takes from the simulation of each network, or None where it failed.

        Parameters
        ----------
        networks : sequence of Network
            The networks; equal ones are simulated once.
        runs : SimulationSettings | sequence of SimulationSettings
            How to simulate them: all alike, or each as its own say.
        identity : str
            Text that stands for `extract` and all it depends on besides the simulation.
        extract : callable
            From a simulation to named arrays.
        """
        each = [runs] * len(networks) if isinstance(runs, SimulationSettings) else list(runs)
        shared = {one: f"{source_digest('fit')}|{one.identity}|{identity}" for one in set(each)}
        keys = [_key(network, shared[one]) for network, one in zip(networks, each, strict=True)]
        missing = [k for k, key in enumerate(keys) if self.checkpoint.get(key) is None and keys.index(key) == k]
        fresh: dict[str, dict[str, FloatArray]] = {}
        lost: set[str] = set()

        def done(index: int, outcome: Simulation | SimulationError) -> None:
            key = keys[missing[index]]
            if isinstance(outcome, WorkerError):
                lost.add(key)  # perhaps not the network's fault: not kept for a later run
            if isinstance(outcome, SimulationError):
                fresh[key] = {"failed": np.array(1.0)}
            else:
                fresh[key] = {name: np.asarray(value, dtype=float) for name, value in extract(outcome).items()}

        one_for_all = isinstance(runs, SimulationSettings)
        self.simulate([networks[k] for k in missing], runs if one_for_all else [each[k] for k in missing], done)
        # in the order asked, not of completion
        self.checkpoint.add({keys[k]: fresh[keys[k]] for k in missing if keys[k] not in lost})
        found = [None if key in lost else self.checkpoint.get(key) for key in keys]
        return [None if record is None or "failed" in record else dict(record) for record in found]

    def scores(self, networks: Sequence[Network], runs: SimulationSettings, objective: Objective) -> list[Score]:
        """Return the score of each network; a failed one has an infinite loss."""

        def extract(simulation: Simulation) -> dict[str, Any]:
            score = objective.score(simulation)
            return {name: getattr(score, name) for name in ("loss", "scale", "r_squared", "residual")}

        found = self.records(networks, runs, objective.identity, extract)
        self.n_unscored += sum(record is not None and bool(np.isnan(record["loss"])) for record in found)
        return [
            Score(loss=float("inf"))
            if record is None
            else Score(
                loss=float(record["loss"]) if np.isfinite(record["loss"]) else float("inf"),
                scale=float(record["scale"]),
                r_squared=float(record["r_squared"]),
                residual=record["residual"],
            )
            for record in found
        ]


def _key(network: Network, shared: str) -> str:
    return hashlib.sha256(f"{network.digest}|{shared}".encode()).hexdigest()[:32]
