"""The simulations that an amortised estimator of columns that fire learns from: networks where the prior has them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._code import source_digest
from .._types import FloatArray
from .._units import MS
from ..errors import SimulationError
from ..fit.bench import Bench
from ..fit.ensemble import seeds_for
from ..fit.spiking_data import Members
from .kept_arrays import read_arrays, write_arrays
from .scope import Scope

__all__ = ["Bank", "Truths", "simulate_bank"]

VERSION = 1
"""Of how networks are chosen."""
AT_ONCE = 64
"""Networks between two of which a run can be stopped."""
FIRST_SHARE = 0.2
"""Of the networks that are drawn from the prior; the others are where responses and spikes are plausible."""
ROUNDS = 4
SOFT = 0.5
"""Power of the plausibility by which later networks are drawn, so that its edges are known as well."""
FLOOR = 0.02
"""Share of the implausible networks that is simulated all the same."""
CANDIDATES = 4096

Plausible = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """Single trials of networks.

    Attributes
    ----------
    z : array, shape (n, n_free)
        Circuits, as numbers of the scope's broad prior.
    moments : array, shape (n, n_times)
        Moment of one column at the times that are compared, A m.
    log_rates : array, shape (n, n_types)
        Logarithms of spikes per cell.
    log_share : array, shape (n,)
        Logarithm of the probability with which a circuit of the prior was taken.
    """

    z: FloatArray
    moments: FloatArray
    log_rates: FloatArray
    log_share: FloatArray

    def __len__(self) -> int:
        return len(self.z)

    def arrays(self) -> dict[str, FloatArray]:
        """Return all arrays by name."""
        return {"z": self.z, "moments": self.moments, "log_rates": self.log_rates, "log_share": self.log_share}

    def picked(self, which: FloatArray) -> Bank:
        """Return some of them."""
        return Bank(**{name: value[which] for name, value in self.arrays().items()})

    @classmethod
    def together(cls, banks: list[Bank]) -> Bank:
        """Return several as one."""
        return cls(**{name: np.concatenate([bank.arrays()[name] for bank in banks]) for name in banks[0].arrays()})


@dataclass(frozen=True, kw_only=True, eq=False)
class Truths:
    """Networks of the prior that no estimator has seen, with several trials.

    Attributes
    ----------
    z : array, shape (n, n_free)
        Circuits, as numbers of the scope's broad prior.
    moments : array, shape (n, n_times)
        Mean moment of one column, A m.
    log_rates : array, shape (n, n_types)
        Logarithms of spikes per cell.
    n_trials : int
        Trials of each.
    """

    z: FloatArray
    moments: FloatArray
    log_rates: FloatArray
    n_trials: int

    def __len__(self) -> int:
        return len(self.z)


def simulated(scope: Scope, bench: Bench, z: FloatArray, *, key: tuple[int, ...], n_trials: int = 1) -> Members:
    """Simulate networks, each with random numbers of its own; those that fail are left out."""
    found = []
    for number, at in enumerate(range(0, len(z), AT_ONCE)):
        some = z[at : at + AT_ONCE]
        members = scope.data.predict(
            scope.broad,
            np.column_stack([some, np.zeros(len(some))]),
            level=scope.level,
            bench=bench,
            seed=seeds_for([*key, number], len(some)),
            n_trials=n_trials,
        )
        found.append(members)
        bench.report.tell(bench.evaluator.n_simulated, float("nan"))
    columns = float(np.exp(scope.broad.mean[-1]))
    z = np.vstack([one.z[:, :-1] for one in found])
    if not len(z):
        raise SimulationError("No network of the prior ran: simulate one of its explanation to see why.")
    moments = np.vstack([one.moment.reshape(len(one.z), -1) for one in found]) / columns
    times_ms = scope.data.times / MS
    return Members(
        z=z,
        moment=np.array([np.interp(scope.times_ms, times_ms, moment) for moment in moments]),
        log_rates=np.vstack([one.log_rates.reshape(len(one.z), -1) for one in found]),
    )


def simulate_bank(
    scope: Scope,
    bench: Bench,
    learn: Callable[[Bank], Plausible],
    *,
    networks: int,
    seed: int,
    folder: Path | None = None,
) -> Bank:
    """Simulate single trials of networks, most of them where the prior finds columns and spikes plausible.

    The first ones are drawn from the prior. What they gave tells where spikes and columns are plausible, and the next
    ones are drawn there, and so on. It is resumed by running it again.

    Parameters
    ----------
    scope : Scope
        The column.
    bench : Bench
        Simulates.
    learn : callable
        From a bank to a function that gives the logarithm of how plausible circuits are.
    networks : int
        How many.
    seed : int
        Equal ones give equal networks.
    folder : Path | None
        Where each round is kept.
    """
    sizes = [round(FIRST_SHARE * networks)] + [round((1 - FIRST_SHARE) * networks / (ROUNDS - 1))] * (ROUNDS - 1)
    rounds: list[Bank] = []
    for number, size in enumerate(sizes):
        file = _file(folder, scope, f"bank {number} {networks} {seed}")
        kept = None if file is None else read_arrays(file)
        if kept is not None:
            bank = Bank(**kept)
        else:
            bench.report.say(f"training: round {number + 1} of {ROUNDS}, {size} networks")
            plausible = learn(Bank.together(rounds)) if rounds else None
            z, log_share = candidates(scope, plausible, size, np.random.default_rng([seed, 20, number]))
            found = simulated(scope, bench, z, key=(seed, 21, number))
            bank = _bank_of(found, z, log_share)
            if file is not None:
                write_arrays(file, bank.arrays())
        rounds.append(bank)
    return Bank.together(rounds)


def candidates(
    scope: Scope, plausible: Plausible | None, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw circuits of the prior, those that are plausible more often, with the logarithm of how often."""
    if plausible is None:
        return scope.drawn(n, rng), np.zeros(n)
    kept: list[FloatArray] = []
    logs: list[FloatArray] = []
    while sum(len(some) for some in kept) < n:
        z = scope.drawn(CANDIDATES, rng)
        log_share = np.log(FLOOR + (1 - FLOOR) * np.exp(np.minimum(SOFT * plausible(z), 0.0)))
        taken = np.log(rng.random(len(z))) < log_share
        kept.append(z[taken])
        logs.append(log_share[taken])
    return np.vstack(kept)[:n], np.concatenate(logs)[:n]


def _bank_of(found: Members, z: FloatArray, log_share: FloatArray) -> Bank:
    """Return the networks that ran, with the probability with which each was taken."""
    known = {row.tobytes(): share for row, share in zip(z, log_share, strict=True)}
    return Bank(
        z=found.z,
        moments=found.moment,
        log_rates=found.log_rates,
        log_share=np.array([known[np.ascontiguousarray(row).tobytes()] for row in found.z]),
    )


def _file(folder: Path | None, scope: Scope, what: str) -> Path | None:
    """Return where a round of simulations is kept."""
    if folder is None:
        return None
    runs = scope.task.runs.with_trials(1, 0).identity
    text = f"{VERSION}|{source_digest('fit')}|{runs}|{sorted(scope.identity.items())}|{what}"
    return folder / f"bank-{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"
