"""Sequences of drives that could have made a response, as a population of guesses that is cooled down to it.

Population annealing (Hukushima and Iba 2003, https://doi.org/10.1063/1.1632130): guesses are drawn from what is
plausible, weighted and drawn again as the response counts more and more, and moved in between by steps that keep their
distribution (Metropolis et al. 1953, https://doi.org/10.1063/1.1699114). Guesses are sums of :class:`Atoms`; the number
of drives, their sides and times are free. The weights give the marginal likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import gammaln

from .._types import FloatArray
from .atoms import Atoms, IntArray
from .ensemble import drawn_again, flattened
from .evoked_task import EvokedTask
from .linear import LOCATIONS
from .observation import n_independent
from .sequence import EDGE_MS, GAP_MS, Sequenced
from .spiking_data import HALF_SPIKE, SpikingData

__all__ = ["Annealed", "Guesses", "anneal_sequence", "guess", "guess_exactly", "most_drives"]

NOT_ADDITIVE = 0.2
"""What sums of responses are off by, relative to the root mean square: what sequences are told apart by."""
MOST_DRIVES = 5
REPEATS, N_WEIGHED = 3, 400
"""Populations that weigh a sequence, and guesses in each."""
GRID_MS = 2
"""Responses are compared at these steps."""
MOVES = 20
"""Between two temperatures."""
KEEP = 0.8
"""Effective share of the population that a temperature leaves."""
TIME_STEPS_MS = (2.0, 6.0, 15.0)
COLUMN_STEPS = (0.1, 0.3, 0.6)

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(kw_only=True, eq=False)
class Guesses:
    """A population of sequences of drives.

    Attributes
    ----------
    on : array of bool, shape (n_guesses, n_slots)
        Which drives there are.
    atom, tau_ms : array of int, shape (n_guesses, n_slots)
        What each gives, and when it is expected, ms.
    log_columns : array, shape (n_guesses,)
        Logarithms of numbers of columns.
    wave, rates : array, shape (n_guesses,)
        Half the squared deviations from the response, as if sums were exact, and from plausible numbers of spikes.
    log_evidence : float
        Logarithm of the marginal likelihood of the response, given plausible numbers of spikes.
    """

    on: BoolArray
    atom: IntArray
    tau_ms: IntArray
    log_columns: FloatArray
    wave: FloatArray = field(default_factory=lambda: np.zeros(0))
    rates: FloatArray = field(default_factory=lambda: np.zeros(0))
    log_evidence: float = 0.0

    def __len__(self) -> int:
        return len(self.log_columns)

    def drives(self, number: int) -> list[tuple[int, int]]:
        """Return atom and time (ms) of each drive of a guess, in order of time."""
        slots = [slot for slot in np.argsort(self.tau_ms[number], kind="stable") if self.on[number, slot]]
        return [(int(self.atom[number, slot]), int(self.tau_ms[number, slot])) for slot in slots]

    def picked(self, which: IntArray) -> None:
        """Keep some guesses, perhaps several times."""
        for name in ("on", "atom", "tau_ms", "log_columns", "wave", "rates"):
            if len(getattr(self, name)):  # misfits are not there before they are counted
                setattr(self, name, getattr(self, name)[which])


class _Annealing:
    """What guesses are compared with, and how they move.

    Parameters
    ----------
    atoms : Atoms
        Of what guesses are sums.
    task : EvokedTask
        What is to be explained.
    expected : array, shape (2,)
        Mean and standard deviation of the logarithm of the number of columns.
    sequence : sequence of (str, float) | None
        Sides and expected times, if they are given.
    rng : numpy.random.Generator
        Draws.
    any_times : bool
        Whether only the order of the sequence counts, not its times.
    """

    def __init__(
        self,
        atoms: Atoms,
        task: EvokedTask,
        expected: tuple[float, float],
        sequence: Sequenced | None,
        rng: np.random.Generator,
        *,
        any_times: bool = False,
    ) -> None:
        self.atoms, self.rng, self.expected = atoms, rng, expected
        data = SpikingData.of(task)
        self.tstop = int(task.runs.tstop)
        self.grid = np.arange(0, self.tstop + 1, GRID_MS)
        self.wanted = np.interp(self.grid / 1e3, data.times, task.wanted)
        self.quiet = np.interp(self.grid, np.arange(len(atoms.quiet)), atoms.quiet)
        # squared deviations over this count independent samples, each with noise and what the model leaves
        n, size = n_independent(self.grid / 1e3, task.settings.smooth_ms), float(np.mean(task.wanted**2))
        assert isinstance(task.settings.noise, float)
        relative = task.settings.noise**2 + task.settings.circuit.discrepancy**2
        self.precision = n / len(self.grid) / (relative * size)
        self.loose = relative / (relative + NOT_ADDITIVE**2)
        self.least = HALF_SPIKE / np.array([len(task.network.populations[name]) for name in data.types])
        self.rate_mean, self.rate_sd = data.wanted[data.n_times :], data.deviations[data.n_times :]
        if not atoms.spikes.shape[1]:  # no cell fires, and nothing is asked of spikes
            self.least, self.rate_mean, self.rate_sd = np.zeros(0), np.zeros(0), np.ones(0)
        self.places = [np.flatnonzero(atoms.places == place) for place in range(len(LOCATIONS))]
        self.time_sd = np.inf if any_times else task.settings.circuit.time_sd_ms
        self.sequence, self.n_drives = sequence, task.settings.n_drives
        self.times = np.array([mu for _, mu in sequence or ()])
        self.fixed = sequence is not None or self.n_drives is not None
        self.slots = len(sequence) if sequence is not None else self.n_drives or most_drives(task)

    def begin(self, n: int) -> Guesses:
        """Draw guesses before the response is seen."""
        shape, rng = (n, self.slots), self.rng
        mean, sd = self.expected
        on = np.ones(shape, bool)
        if self.sequence is None:
            if not self.fixed:
                count = rng.integers(1, self.slots + 1, n)
                on = np.argsort(rng.random(shape), axis=1) < count[:, np.newaxis]
            atom = rng.integers(0, len(self.atoms), shape)
            tau = rng.integers(int(EDGE_MS), self.tstop - int(EDGE_MS), shape)
        else:
            atom = np.column_stack([rng.choice(self.places[LOCATIONS.index(place)], n) for place, _ in self.sequence])
            if np.isfinite(self.time_sd):
                tau = np.rint(self.times + self.time_sd * rng.standard_normal(shape)).astype(int)
            else:
                tau = self._anywhere(shape)
        guesses = Guesses(on=on, atom=atom, tau_ms=tau, log_columns=mean + sd * rng.standard_normal(n))
        for _ in range(100):  # until all of them are possible
            wrong = ~np.isfinite(self.log_prior(guesses.on, guesses.tau_ms, guesses.log_columns))
            if not wrong.any():
                break
            right = np.flatnonzero(~wrong)
            if len(right):
                guesses.picked(np.where(wrong, rng.choice(right, n), np.arange(n)))
            else:
                guesses.tau_ms = self._anywhere(shape)
        self.total = self.sums(guesses)
        self.spikes = self.counts(guesses)
        guesses.wave, guesses.rates = self.misfits(self.total, self.spikes, guesses.log_columns)
        return guesses

    def _anywhere(self, shape: tuple[int, int]) -> IntArray:
        """Return times within the record, in order."""
        return np.sort(self.rng.integers(int(EDGE_MS), self.tstop - int(EDGE_MS), shape), axis=1)

    def sums(self, guesses: Guesses) -> FloatArray:
        """Return the moment of one column for each guess, A m, shape (n_guesses, n_grid)."""
        total = np.zeros((len(guesses), len(self.grid))) + self.quiet
        for slot in range(self.slots):
            given = self.atoms.at(guesses.atom[:, slot], guesses.tau_ms[:, slot], self.grid)
            total += given * guesses.on[:, slot, np.newaxis]
        return total

    def counts(self, guesses: Guesses) -> FloatArray:
        """Return spikes per cell of each guess, shape (n_guesses, n_types)."""
        spikes = self.atoms.spikes[guesses.atom] * guesses.on[:, :, np.newaxis]
        return np.asarray(spikes.sum(axis=1) + self.atoms.quiet_spikes)

    def misfits(self, total: FloatArray, spikes: FloatArray, log_columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return half the squared deviations from the response and from plausible numbers of spikes."""
        left = np.exp(log_columns)[:, np.newaxis] * total - self.wanted
        logs = np.log(np.maximum(spikes, 0.0) + self.least)
        rates = (((logs - self.rate_mean) / self.rate_sd) ** 2).sum(axis=1)
        return 0.5 * self.precision * np.einsum("ij,ij->i", left, left), 0.5 * rates

    def log_prior(self, on: BoolArray, tau: IntArray, log_columns: FloatArray) -> FloatArray:
        """Return the logarithm of the prior of each guess, -inf where drives come too close to each other."""
        mean, sd = self.expected
        value = -0.5 * ((log_columns - mean) / sd) ** 2 if sd > 0 else np.zeros(len(log_columns))
        possible = (((tau > EDGE_MS) & (tau < self.tstop - EDGE_MS)) | ~on).all(axis=1)
        if self.sequence is not None:
            value = value - 0.5 * (((tau - self.times) / self.time_sd) ** 2).sum(axis=1)
            possible &= (np.diff(tau, axis=1) >= GAP_MS).all(axis=1)
        else:
            # those that are not there are far away from each other, and from all that are
            apart = np.sort(np.where(on, tau, 10**6 * (1 + np.arange(self.slots))), axis=1)
            possible &= (np.diff(apart, axis=1) >= GAP_MS).all(axis=1)
            count = on.sum(axis=1)
            possible &= count >= 1
            if not self.fixed:  # all numbers of drives are as probable, whichever slots they are in
                value = value - (gammaln(self.slots + 1) - gammaln(count + 1) - gammaln(self.slots - count + 1))
        return np.where(possible, value, -np.inf)

    def move(self, guesses: Guesses, loss: Callable[[FloatArray, FloatArray], FloatArray]) -> None:
        """Propose a change of each guess, and take it as often as their distribution asks."""
        n, rng = len(guesses), self.rng
        rows, slot = np.arange(n), rng.integers(0, self.slots, n)
        on, atom, tau, columns = guesses.on, guesses.atom, guesses.tau_ms, guesses.log_columns
        kind = rng.random()
        if kind < 0.2 and self.expected[1] > 0:
            columns = columns + rng.choice(COLUMN_STEPS) * rng.standard_normal(n)
        else:
            on, atom, tau = self._changed(guesses, rows, slot, kind)
        total, spikes = self.total, self.spikes
        if columns is guesses.log_columns:
            before = self.atoms.at(guesses.atom[rows, slot], guesses.tau_ms[rows, slot], self.grid)
            after = self.atoms.at(atom[rows, slot], tau[rows, slot], self.grid)
            was, now = guesses.on[rows, slot], on[rows, slot]
            total = total + after * now[:, np.newaxis] - before * was[:, np.newaxis]
            given = self.atoms.spikes
            spikes = (
                spikes
                + given[atom[rows, slot]] * now[:, np.newaxis]
                - given[guesses.atom[rows, slot]] * was[:, np.newaxis]
            )
        wave, rates = self.misfits(total, spikes, columns)
        gain = loss(guesses.wave, guesses.rates) - loss(wave, rates)
        gain += self.log_prior(on, tau, columns) - self.log_prior(guesses.on, guesses.tau_ms, guesses.log_columns)
        taken = np.log(rng.random(n)) < gain
        several = taken[:, np.newaxis]
        guesses.on, guesses.atom = np.where(several, on, guesses.on), np.where(several, atom, guesses.atom)
        guesses.tau_ms, guesses.log_columns = (
            np.where(several, tau, guesses.tau_ms),
            np.where(taken, columns, guesses.log_columns),
        )
        guesses.wave, guesses.rates = np.where(taken, wave, guesses.wave), np.where(taken, rates, guesses.rates)
        self.total, self.spikes = np.where(several, total, self.total), np.where(several, spikes, self.spikes)

    def _changed(
        self, guesses: Guesses, rows: IntArray, slot: IntArray, kind: float
    ) -> tuple[BoolArray, IntArray, IntArray]:
        """Return guesses with another time, response, side or number of drives."""
        n, rng = len(guesses), self.rng
        on, atom, tau = guesses.on.copy(), guesses.atom.copy(), guesses.tau_ms.copy()
        if kind < 0.55:
            tau[rows, slot] += np.rint(rng.choice(TIME_STEPS_MS) * rng.standard_normal(n)).astype(int)
        elif kind < 0.75 or self.sequence is not None:
            place = self.atoms.places[atom[rows, slot]]
            sizes = np.array([len(some) for some in self.places])
            drawn = (rng.random(n) * sizes[place]).astype(int)
            first = np.array([some[0] if len(some) else 0 for some in self.places])
            atom[rows, slot] = first[place] + drawn
        elif kind < 0.85 or self.fixed:
            atom[rows, slot] = rng.integers(0, len(self.atoms), n)
            tau[rows, slot] += np.rint(TIME_STEPS_MS[1] * rng.standard_normal(n)).astype(int)
        else:
            born = ~on[rows, slot]
            on[rows, slot] = born
            atom[rows, slot] = np.where(born, rng.integers(0, len(self.atoms), n), atom[rows, slot])
            anywhere = rng.integers(int(EDGE_MS), self.tstop - int(EDGE_MS), n)
            tau[rows, slot] = np.where(born, anywhere, tau[rows, slot])
        return on, atom, tau

    def cool(self, guesses: Guesses, misfit: Callable[[Guesses], FloatArray], up_to: float, *, part: float) -> float:
        """Let a misfit count more and more, and return the logarithm of the marginal likelihood that this adds.

        Parameters
        ----------
        guesses : Guesses
            Changed in place.
        misfit : callable
            What counts.
        up_to : float
            How much of it counts in the end.
        part : float
            How much of it counts already.
        """
        total = 0.0
        while part < up_to:
            losses = misfit(guesses)
            step = max(flattened(losses, up_to - part, keep=KEEP), 1e-6 * (up_to - part))
            weights = np.exp(-step * (losses - losses.min()))
            total += float(np.log(weights.mean()) - step * losses.min())
            part = up_to if step >= up_to - part else part + step
            which = drawn_again(weights, len(guesses), self.rng)
            guesses.picked(which)
            self.total, self.spikes = self.sums(guesses), self.counts(guesses)
            for _ in range(MOVES):
                self.move(guesses, self.loss(misfit, part))
        return total

    def loss(
        self, misfit: Callable[[Guesses], FloatArray], part: float
    ) -> Callable[[FloatArray, FloatArray], FloatArray]:
        """Return what counts where `part` of a misfit does."""
        if misfit is rates_of:
            return lambda _wave, rates: part * rates
        return lambda wave, rates: part * wave + rates


def rates_of(guesses: Guesses) -> FloatArray:
    """Return half the squared deviations from plausible numbers of spikes."""
    return guesses.rates


def wave_of(guesses: Guesses) -> FloatArray:
    """Return half the squared deviations from the response."""
    return guesses.wave


def most_drives(task: EvokedTask) -> int:
    """Return how many drives a sequence has at most."""
    return min(MOST_DRIVES, task.settings.max_drives)


def guess(
    atoms: Atoms,
    task: EvokedTask,
    expected: tuple[float, float],
    *,
    rng: np.random.Generator,
    n_guesses: int,
    sequence: Sequenced | None = None,
    any_times: bool = False,
) -> Guesses:
    """Return sequences of drives that could have made a response.

    Parameters
    ----------
    atoms : Atoms
        Of what guesses are sums.
    task : EvokedTask
        What is to be explained.
    expected : tuple of float
        Mean and standard deviation of the logarithm of the number of columns.
    rng : numpy.random.Generator
        Draws.
    n_guesses : int
        How many.
    sequence : sequence of (str, float) | None
        Sides and expected times (ms) of the drives; None finds them.
    any_times : bool
        Whether only the order of the sequence counts, not its times.
    """
    return _cooled(_Annealing(atoms, task, expected, sequence, rng, any_times=any_times), n_guesses)


def guess_exactly(
    atoms: Atoms,
    task: EvokedTask,
    expected: tuple[float, float],
    sequence: Sequenced,
    *,
    rng: np.random.Generator,
    n_guesses: int,
) -> tuple[Guesses, Guesses]:
    """Return drives of a sequence that could have made a response, and those that do if sums are exact.

    Parameters
    ----------
    atoms, task, expected, sequence, rng, n_guesses
        As in :func:`guess`.

    Returns
    -------
    could, do : Guesses
        The first with what sums are off by; the evidence of the second is that of sums that are exact.
    """
    annealing = _Annealing(atoms, task, expected, sequence, rng)
    could = _cooled(annealing, n_guesses)
    do = replace(could)
    more = annealing.cool(do, wave_of, 1.0, part=annealing.loose)
    do.log_evidence += more
    return could, do


@dataclass(frozen=True, kw_only=True, eq=False)
class Annealed:
    """Populations of guesses of one sequence, and its evidence.

    Attributes
    ----------
    could : tuple of Guesses
        What could have made the response, given what sums are off by.
    evidence, error : float
        Logarithm of the marginal likelihood of the response if sums are exact, and its standard error from repeats.
    best : float
        Half the squared deviations of the best guess.
    """

    could: tuple[Guesses, ...]
    evidence: float
    error: float
    best: float

    @property
    def volume(self) -> float:
        """Logarithm of the share that the response leaves of all that was plausible, in the best place.

        With half the squared deviations of a better place, which no sum has reached, it makes the marginal likelihood.
        """
        return self.evidence + self.best

    def together(self, name: str) -> FloatArray:
        """Return an attribute of all guesses."""
        return np.concatenate([getattr(one, name) for one in self.could])


def anneal_sequence(
    atoms: Atoms, task: EvokedTask, expected: tuple[float, float], sequence: Sequenced, *, key: list[int]
) -> Annealed:
    """Return what sums of atoms say of a sequence.

    Parameters
    ----------
    atoms, task, expected, sequence
        As in :func:`guess`.
    key : list of int
        Seeds the draws.
    """
    could, evidences, best = [], [], []
    for repeat in range(REPEATS):
        rng = np.random.default_rng([*key, repeat])
        some, do = guess_exactly(atoms, task, expected, sequence, rng=rng, n_guesses=N_WEIGHED)
        could.append(some)
        evidences.append(do.log_evidence)
        best.append(float((do.wave + do.rates).min()))
    return Annealed(
        could=tuple(could),
        evidence=float(np.logaddexp.reduce(evidences) - np.log(REPEATS)),
        error=float(np.std(evidences, ddof=1) / np.sqrt(REPEATS)),
        best=min(best),
    )


def _cooled(annealing: _Annealing, n_guesses: int) -> Guesses:
    guesses = annealing.begin(n_guesses)
    annealing.cool(guesses, rates_of, 1.0, part=0.0)
    guesses.log_evidence = annealing.cool(guesses, wave_of, annealing.loose, part=0.0)
    return guesses
