"""Draw from a posterior: a population that is cooled down to the data, a temperature at a time.

Sequential Monte Carlo (Del Moral, Doucet and Jasra 2006, https://doi.org/10.1111/j.1467-9868.2006.00553.x): particles
are drawn from the prior, weighted and drawn again as the likelihood counts more and more, and moved in between by steps
that keep their distribution. How fast it is cooled follows from the effective sample size, how far particles step from
their covariance and from how many steps are taken. The weights give the marginal likelihood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np

from .._archive import DAMAGE
from .._files import write_whole
from .._types import FloatArray
from ..errors import CacheError
from ..fit.ensemble import drawn_again, flattened

__all__ = ["Cooled", "Judged", "Problem", "cool", "pooled"]

KEEP = 0.5
"""Effective share of the population that a temperature leaves."""
WANTED = 0.3
"""Share of the steps that should be taken."""
NARROW, WIDE = 0.02, 1.0
"""Bounds of the size of a step."""
RIDGE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What is known of particles, shape (n,) each.

    Attributes
    ----------
    prior : array
        Logarithm of the prior, -inf where it is zero.
    given : array
        Logarithm of what is known besides, before the response is seen: plausible numbers of spikes.
    response : array
        Logarithm of the likelihood of the response.
    """

    prior: FloatArray
    given: FloatArray
    response: FloatArray

    def where(self, taken: FloatArray, other: Judged) -> Judged:
        """Return these, but where `taken`, the others."""
        return Judged(
            prior=np.where(taken, other.prior, self.prior),
            given=np.where(taken, other.given, self.given),
            response=np.where(taken, other.response, self.response),
        )

    def picked(self, which: FloatArray) -> Judged:
        """Return some of them, perhaps several times."""
        return Judged(prior=self.prior[which], given=self.given[which], response=self.response[which])

    def total(self, given: float, response: float) -> FloatArray:
        """Return the logarithm of the density at a temperature."""
        return np.asarray(self.prior + given * self.given + response * self.response)


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """What particles are drawn from.

    Attributes
    ----------
    begin : callable
        From a number and a generator to particles of the prior, shape (n, n_free).
    judge : callable
        From particles to :class:`Judged`.
    identity : str
        Text that differs whenever results could.
    given : bool
        Whether something is known besides prior and response.
    """

    begin: Callable[[int, np.random.Generator], FloatArray]
    judge: Callable[[FloatArray], Judged]
    identity: str
    given: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Cooled:
    """A population at the posterior.

    Attributes
    ----------
    z : array, shape (n, n_free)
        Particles.
    before : array, shape (n, n_free)
        Particles before the response counted.
    judged : Judged
        What is known of the particles.
    log_evidence : float
        Natural logarithm of the marginal likelihood of the response.
    temperatures : array, shape (n_steps,)
        How much of the response counted after each step.
    taken : array, shape (n_steps,)
        Share of the proposals that were taken.
    """

    z: FloatArray
    before: FloatArray
    judged: Judged
    log_evidence: float
    temperatures: FloatArray
    taken: FloatArray


@dataclass(kw_only=True, eq=False)
class _State:
    """Where a population is: all that a run needs to go on."""

    z: FloatArray
    before: FloatArray
    judged: Judged
    given: float = 0.0
    response: float = 0.0
    log_evidence: float = 0.0
    size: float = 0.5
    temperatures: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)

    def arrays(self) -> dict[str, FloatArray]:
        return {
            "z": self.z,
            "before": self.before,
            "judged": np.array([self.judged.prior, self.judged.given, self.judged.response]),
            "numbers": np.array([self.given, self.response, self.log_evidence, self.size]),
            "temperatures": np.array(self.temperatures),
            "taken": np.array(self.taken),
        }

    @classmethod
    def of(cls, arrays: dict[str, FloatArray]) -> _State:
        given, response, log_evidence, size = arrays["numbers"].tolist()
        prior, known, likelihood = arrays["judged"]
        return cls(
            z=arrays["z"],
            before=arrays["before"],
            judged=Judged(prior=prior, given=known, response=likelihood),
            given=given,
            response=response,
            log_evidence=log_evidence,
            size=size,
            temperatures=arrays["temperatures"].tolist(),
            taken=arrays["taken"].tolist(),
        )


def cool(problem: Problem, *, n: int, moves: int, key: tuple[int, ...], folder: str | Path | None = None) -> Cooled:
    """Draw from a posterior.

    Parameters
    ----------
    problem : Problem
        Prior and likelihood.
    n : int
        Number of particles.
    moves : int
        Steps between two temperatures.
    key : tuple of int
        Seeds; equal ones give equal populations.
    folder : path-like | None
        Where each temperature is kept, so that a run that was stopped goes on there; None keeps nothing.

    Returns
    -------
    cooled : Cooled
        The population.
    """
    kept = _Kept(folder, f"{problem.identity}|{n}|{moves}|{key}")
    state = kept.read()
    if state is None:
        rng = np.random.default_rng([*key, 0])
        z = problem.begin(n, rng)
        state = _State(z=z, before=z, judged=problem.judge(z), given=0.0 if problem.given else 1.0)
    while state.response < 1.0:
        # each temperature has a stream of its own, so that a run that goes on draws as one that was never stopped
        _step(problem, state, moves, np.random.default_rng([*key, 1 + len(state.temperatures)]))
        kept.write(state)
    return Cooled(
        z=state.z,
        before=state.before,
        judged=state.judged,
        log_evidence=state.log_evidence,
        temperatures=np.array(state.temperatures),
        taken=np.array(state.taken),
    )


def _step(problem: Problem, state: _State, moves: int, rng: np.random.Generator) -> None:
    """Lower the temperature, draw again, and move."""
    before_response = state.given < 1.0
    logs = state.judged.given if before_response else state.judged.response
    part = state.given if before_response else state.response
    losses = np.where(np.isfinite(logs), -logs, 1e300)
    step = max(flattened(losses, 1.0 - part, keep=KEEP), 1e-9)
    weights = np.exp(-step * (losses - losses.min()))
    new = 1.0 if step >= 1.0 - part else part + step
    if before_response:
        state.given = new
    else:
        state.log_evidence += float(np.log(weights.mean()) - step * losses.min())
        state.response = new
    which = drawn_again(weights, len(weights), rng)
    state.z, state.judged = state.z[which], state.judged.picked(which)
    taken = _move(problem, state, moves, rng)
    state.temperatures.append(state.response)
    state.taken.append(taken)
    if before_response and state.given >= 1.0:
        state.before = state.z


def _move(problem: Problem, state: _State, moves: int, rng: np.random.Generator) -> float:
    """Move particles by steps that keep their distribution; return the share of the steps that were taken."""
    n, n_free = state.z.shape
    centre = state.z.mean(axis=0)
    covariance = np.atleast_2d(np.cov(state.z.T)) + RIDGE * np.eye(n_free)
    lower = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(lower)
    shares = []
    for k in range(moves):
        noise = rng.standard_normal((n, n_free)) @ lower.T
        correction = np.zeros(n)
        if k % 2:  # keeps the normal distribution of the population (Cotter et al. 2013, doi:10.1214/13-STS421)
            size = min(state.size, WIDE)
            moved = centre + np.sqrt(1 - size**2) * (state.z - centre) + size * noise
            correction = 0.5 * _squares(moved, centre, inverse) - 0.5 * _squares(state.z, centre, inverse)
        else:  # a random walk, for what is not normal (Roberts et al. 1997, doi:10.1214/aoap/1034625254)
            size = state.size * 2.38 / np.sqrt(n_free)
            moved = state.z + size * noise
        judged = problem.judge(moved)
        with np.errstate(invalid="ignore"):
            gain = judged.total(state.given, state.response) - state.judged.total(state.given, state.response)
        taken = np.log(rng.random(n)) < np.nan_to_num(gain + correction, nan=-np.inf)
        state.z = np.where(taken[:, np.newaxis], moved, state.z)
        state.judged = state.judged.where(taken, judged)
        shares.append(float(taken.mean()))
        # the size follows how many were taken, less and less: what it settles at does not depend on a particle
        state.size = float(np.clip(state.size * np.exp((shares[-1] - WANTED) / (1 + k / 2)), NARROW, WIDE))
    return float(np.mean(shares))


def _squares(z: FloatArray, centre: FloatArray, inverse: FloatArray) -> FloatArray:
    return np.asarray((((z - centre) @ inverse.T) ** 2).sum(axis=1))


class _Kept:
    """The last temperature of a run, in a file."""

    def __init__(self, folder: str | Path | None, identity: str) -> None:
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        self.file = None if folder is None else Path(folder).expanduser() / f"cooled-{name}.npz"
        if self.file is not None:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CacheError(f"The folder {self.file.parent} cannot be made: {error.strerror}.") from error

    def read(self) -> _State | None:
        if self.file is None or not self.file.exists():
            return None
        try:
            with np.load(self.file, allow_pickle=False) as kept:
                return _State.of({name: kept[name] for name in kept.files})
        except (OSError, *DAMAGE) as error:
            raise CacheError(
                f"The checkpoint {self.file} cannot be read ({type(error).__name__}): delete it, and its temperatures "
                "are run again."
            ) from error

    def write(self, state: _State) -> None:
        if self.file is None:
            return
        stream = BytesIO()
        np.savez(stream, **state.arrays())  # type: ignore[arg-type]
        write_whole(self.file, lambda file: file.write(stream.getvalue()), "checkpoint")


def pooled(populations: list[Cooled]) -> tuple[float, float]:
    """Return the logarithm of the mean evidence of populations, and its standard error.

    Populations are independent, so that the spread of their evidences says how far their mean may be off.
    """
    logs = np.array([one.log_evidence for one in populations])
    ratios = np.exp(logs - logs.max())
    mean = float(ratios.mean())
    error = float(ratios.std(ddof=1) / np.sqrt(len(logs)) / mean) if len(logs) > 1 else float("nan")
    return float(np.log(mean) + logs.max()), error
