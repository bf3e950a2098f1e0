"""Draw from the posterior of a group: means of its conditions, and how much subjects differ, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from ..fit.atoms import IntArray
from .pool_likelihood import LEVELS, NumberLikelihood, level_of
from .pool_settings import PoolSettings

__all__ = ["Cells", "Chains", "Shrunken", "draw_chains", "shrunken"]

REACH = 4.0
"""Standard deviations up to which what the conditions of a subject share is integrated."""
NODES = (33, 65, 129, 193)
JUMP = 10
"""Each so many steps a chain may go as far as two earlier states are apart: to another mode."""
KEPT = 400
"""Draws of the group for which subjects are drawn."""
WEIGHED, ATOMS = 100, 800
"""Draws of the group, and of a subject, by which it is told how many count."""
LEAST_LOG = float(np.log(LEVELS[0])) - 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Which subject and condition each posterior is of; those of a subject follow each other.

    Attributes
    ----------
    subject, condition : array of int, shape (n_cells,)
        Their numbers.
    """

    subject: IntArray
    condition: IntArray

    @property
    def n_conditions(self) -> int:
        """How many conditions there are."""
        return int(self.condition.max()) + 1

    @property
    def first(self) -> IntArray:
        """First cell of each subject."""
        return np.flatnonzero(np.r_[True, np.diff(self.subject) > 0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Chains:
    """Draws of the group, in the units of each number's likelihood.

    Attributes
    ----------
    mean : array, shape (n_numbers, n_chains, n_draws, n_conditions)
        Means of the conditions.
    shared : array, shape (n_numbers, n_chains, n_draws)
        Standard deviation over subjects of what their conditions share; 0 with one condition.
    own : array, shape (n_numbers, n_chains, n_draws)
        Standard deviation of what each condition of a subject adds.
    """

    mean: FloatArray
    shared: FloatArray
    own: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Target:
    """The posterior of a group for several numbers at once; what subjects have is integrated out.

    A number of a subject in a condition is the condition's mean, plus what the subject's conditions share, plus what is
    its own, both normal. A state is the means, and the logarithms of the standard deviations.
    """

    numbers: Sequence[NumberLikelihood]
    cells: Cells
    settings: PoolSettings
    nodes: FloatArray
    table: FloatArray = field(init=False)
    low: FloatArray = field(init=False)
    step: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", np.stack([one.blurred for one in self.numbers]))
        object.__setattr__(self, "low", np.array([one.grid[0] for one in self.numbers]))
        object.__setattr__(self, "step", np.array([one.grid[1] - one.grid[0] for one in self.numbers]))

    @property
    def paired(self) -> bool:
        """Whether subjects have several conditions, which share something."""
        return self.cells.n_conditions > 1

    @property
    def size(self) -> int:
        """How many numbers a state has."""
        return self.cells.n_conditions + 1 + self.paired

    def deviations(self, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the standard deviations of what is shared, and of what is own."""
        own = np.exp(state[..., -1])
        return (np.exp(state[..., -2]) if self.paired else np.zeros_like(own)), own

    def at_nodes(self, state: FloatArray) -> FloatArray:
        """Return the log likelihood of each cell at each node, shape (n_numbers, n_states, n_cells, n_nodes)."""
        _, n_levels, n_cells, n_points = self.table.shape
        shared, _ = self.deviations(state)
        means = state[..., self.cells.condition]
        where = means[..., np.newaxis] + shared[..., np.newaxis, np.newaxis] * self.nodes
        where -= self.low[:, np.newaxis, np.newaxis, np.newaxis]
        where /= self.step[:, np.newaxis, np.newaxis, np.newaxis]
        left = np.clip(where, 0, n_points - 2).astype(np.int64)
        row = np.arange(len(self.numbers))[:, np.newaxis] * n_levels + level_of(state[..., -1])
        index = (row[..., np.newaxis] * n_cells + np.arange(n_cells))[..., np.newaxis] * n_points + left
        flat = self.table.ravel()
        found = flat[index]
        where -= left
        found = found + where * (flat[index + 1] - found)  # beyond the grid it goes on as at its end
        return np.asarray(found)

    def of_subjects(self, state: FloatArray) -> FloatArray:
        """Return the log weight of each node for each subject, shape (n_numbers, n_states, n_subjects, n_nodes)."""
        logs = np.add.reduceat(self.at_nodes(state), self.cells.first, axis=2)
        return np.asarray(logs - 0.5 * self.nodes**2 - np.log(np.exp(-0.5 * self.nodes**2).sum()))

    def __call__(self, state: FloatArray) -> FloatArray:
        """Return the logarithm of the posterior density, shape (n_numbers, n_states)."""
        logs = self.of_subjects(state)
        top = logs.max(axis=-1, keepdims=True)
        likelihood = (top[..., 0] + np.log(np.exp(logs - top).sum(axis=-1))).sum(axis=-1)
        means = state[..., : self.cells.n_conditions]
        prior = -0.5 * ((means / self.settings.mean_sd) ** 2).sum(axis=-1)
        for log_sd in (state[..., k] for k in range(self.cells.n_conditions, self.size)):
            # half-normal; its logarithm is what is drawn
            prior = prior - 0.5 * (np.exp(log_sd) / self.settings.spread_sd) ** 2 + log_sd
            prior = np.where(log_sd < LEAST_LOG, -np.inf, prior)
        return np.asarray(likelihood + prior)

    def around(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return states around what the subjects have, wider than the posterior, shape (n_numbers, n, size)."""
        state = np.empty((len(self.numbers), n, self.size))
        for k, one in enumerate(self.numbers):
            middles = np.array([draws.mean() for draws in one.draws])
            widths = np.array([draws.std() for draws in one.draws])
            open_ = ~one.given
            off = float(np.sqrt((middles[open_].var() + np.mean(widths[open_] ** 2)) / open_.sum())) + 0.02
            for condition in range(self.cells.n_conditions):
                some = open_ & (self.cells.condition == condition)
                state[k, :, condition] = middles[some].mean() if some.any() else 0.0
            state[k, :, : self.cells.n_conditions] += off * rng.standard_normal((n, self.cells.n_conditions))
        deviations = self.size - self.cells.n_conditions
        usual = np.log(0.5 * self.settings.spread_sd)
        state[..., -deviations:] = usual + 0.7 * rng.standard_normal((len(self.numbers), n, deviations))
        return state


def _nodes(one: NumberLikelihood, cells: Cells) -> int:
    """Return how many nodes resolve the narrowest likelihood."""
    if cells.n_conditions == 1:
        return 1
    needed = 12.0 / one.narrowest
    return next((n for n in NODES if n >= needed), NODES[-1])


def draw_chains(numbers: Sequence[NumberLikelihood], cells: Cells, settings: PoolSettings) -> Chains:
    """Draw from the posterior of a group, number by number.

    Chains step along differences of earlier states (ter Braak and Vrugt 2008,
    https://doi.org/10.1007/s11222-008-9104-9), which are kept as they are once draws are taken: the chains are
    independent then.

    Parameters
    ----------
    numbers : sequence of NumberLikelihood
        What the subjects' responses say of each number.
    cells : Cells
        Whose they are.
    settings : PoolSettings
        How to draw.
    """
    shape = (len(numbers), settings.chains, settings.draws)
    mean, shared, own = np.empty((*shape, cells.n_conditions)), np.empty(shape), np.empty(shape)
    kinds = [(_nodes(one, cells), len(one.grid)) for one in numbers]
    for n, n_points in sorted(set(kinds)):
        which = np.flatnonzero([kind == (n, n_points) for kind in kinds])
        at = np.linspace(-REACH, REACH, n) if n > 1 else np.zeros(1)
        target = _Target(numbers=[numbers[int(k)] for k in which], cells=cells, settings=settings, nodes=at)
        states = _walk(target, np.random.default_rng([settings.seed, n, n_points]))
        mean[which] = states[..., : cells.n_conditions]
        shared[which], own[which] = target.deviations(states)
    return Chains(mean=mean, shared=shared, own=own)


def _walk(target: _Target, rng: np.random.Generator) -> FloatArray:
    """Return states of the chains, shape (n_numbers, n_chains, n_draws, size)."""
    settings, n_numbers = target.settings, len(target.numbers)
    state = target.around(settings.chains, rng)
    value = target(state)
    archive = target.around(10 * target.size, rng)
    numbers = np.arange(n_numbers)[:, np.newaxis]
    usual = 2.38 / np.sqrt(2 * target.size)
    kept = np.empty((n_numbers, settings.chains, settings.draws, target.size))
    for step in range(settings.warmup + settings.draws * settings.thin):
        first = len(archive[0]) // 2 if step > settings.warmup // 4 else 0  # the beginning is forgotten
        a, b = rng.integers(first, archive.shape[1], (2, n_numbers, settings.chains))
        size = 1.0 if step % JUMP == JUMP - 1 else usual * rng.uniform(0.3, 1.1, (n_numbers, settings.chains, 1))
        proposal = state + size * (archive[numbers, a] - archive[numbers, b])
        proposal += 1e-4 * rng.standard_normal(proposal.shape)
        proposed = target(proposal)
        taken = np.log(rng.random(value.shape)) < proposed - value
        state = np.where(taken[..., np.newaxis], proposal, state)
        value = np.where(taken, proposed, value)
        if step < settings.warmup:
            if step % 5 == 0:
                archive = np.concatenate([archive, state], axis=1)
            continue
        done = step - settings.warmup
        if done % settings.thin == settings.thin - 1:
            kept[:, :, done // settings.thin] = state
    return kept


@dataclass(frozen=True, kw_only=True, eq=False)
class Shrunken:
    """A number of each subject once the group is known.

    Attributes
    ----------
    draws : array, shape (n, n_cells)
        Draws, in the units of the likelihood.
    count, share : array, shape (n_cells,)
        How many of the draws of the subject's own posterior count under the group's distribution, and which share of
        those that are independent these are.
    """

    draws: FloatArray
    count: FloatArray
    share: FloatArray


def shrunken(one: NumberLikelihood, cells: Cells, settings: PoolSettings, chains: Chains, which: int) -> Shrunken:
    """Draw a number of each subject, given draws of the group.

    Parameters
    ----------
    one : NumberLikelihood
        What the subjects' responses say of the number.
    cells : Cells
        Whose they are.
    settings : PoolSettings
        How the group was drawn.
    chains : Chains
        The group.
    which : int
        Which number of the chains it is.
    """
    rng = np.random.default_rng([settings.seed, 77, which])
    n = _nodes(one, cells)
    nodes = np.linspace(-REACH, REACH, n) if n > 1 else np.zeros(1)
    target = _Target(numbers=[one], cells=cells, settings=settings, nodes=nodes)
    state = _thinned(chains, which, target)
    logs = target.of_subjects(state[np.newaxis])[0]
    node = _drawn(logs, rng)  # (n_kept, n_subjects)
    shared, own = target.deviations(state)
    middle = state[:, cells.condition] + shared[:, np.newaxis] * nodes[node][:, cells.subject]
    known = np.log(np.maximum(one.likelihood, 1e-300))
    found, share = np.empty(middle.shape), np.empty(len(cells.subject))
    step = float(one.grid[1] - one.grid[0])
    for cell in range(len(cells.subject)):
        near = -0.5 * ((one.grid - middle[:, cell, np.newaxis]) / own[:, np.newaxis]) ** 2
        at = _drawn(known[cell] + near, rng)
        found[:, cell] = one.grid[at] + step * (rng.random(len(at)) - 0.5)
        share[cell] = _share(one, cell, middle[:, cell], own)
    found[:, one.given], share[one.given] = np.nan, np.nan  # there was nothing to learn
    return Shrunken(draws=found, count=share * one.independent, share=share)


def _thinned(chains: Chains, which: int, target: _Target) -> FloatArray:
    means = chains.mean[which].reshape(-1, target.cells.n_conditions)
    logs = [np.log(chains.shared[which].ravel())] if target.paired else []
    state = np.column_stack([means, *logs, np.log(chains.own[which].ravel())])
    return np.asarray(state[np.linspace(0, len(state) - 1, min(KEPT, len(state))).astype(int)])


def _drawn(logs: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return an index along the last axis, drawn by the logarithms of weights."""
    weights = np.cumsum(np.exp(logs - logs.max(axis=-1, keepdims=True)), axis=-1)
    cut = rng.random(weights.shape[:-1]) * weights[..., -1]
    return np.asarray((weights < cut[..., np.newaxis]).sum(axis=-1).clip(max=weights.shape[-1] - 1))


def _share(one: NumberLikelihood, cell: int, middle: FloatArray, own: FloatArray) -> float:
    """Return the share of a subject's draws that count under the group's distribution."""
    some = np.linspace(0, len(middle) - 1, min(WEIGHED, len(middle))).astype(int)
    draws = one.draws[cell]
    atoms = np.linspace(0, len(draws) - 1, min(ATOMS, len(draws))).astype(int)
    apart = -0.5 * ((draws[atoms] - middle[some, np.newaxis]) / own[some, np.newaxis]) ** 2
    levels = level_of(np.log(own[some]))
    size = np.array([np.interp(m, one.grid, one.blurred[k, cell]) for m, k in zip(middle[some], levels, strict=True)])
    logs = apart - (np.log(own[some]) + size)[:, np.newaxis]
    top = logs.max(axis=0)
    weights = top + np.log(np.exp(logs - top).sum(axis=0)) - one.log_prior[cell][atoms]
    plain = np.exp(weights - weights.max())
    return float(plain.sum() ** 2 / (plain**2).sum()) / len(plain)
