"""Sequences of drives that are worth a search with cells that fire, each with an ensemble to begin with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._types import FloatArray
from .annealing import Guesses, anneal_sequence, guess, most_drives
from .atoms import Atoms, IntArray, measure_atoms
from .bench import Bench
from .circuit_vector import CircuitVector, circuit_inputs
from .evoked_task import EvokedTask
from .linear import LOCATIONS
from .observation import pyramidal_cells
from .sequence import EDGE_MS, GAP_MS, Sequenced
from .spiking_data import Members, SpikingData

__all__ = ["Guessed", "SpikingProposal", "alike", "extended", "propose_spiking", "vector_of", "weigh"]

N_GUESSES, POPULATIONS = 2000, 3
"""Populations end in different places now and then: they are pooled by their evidences."""
CENTRES = 300
"""Guesses that are tried as the centre of those that are alike."""
ALIKE_MS = 15.0
"""Guesses from the same sides whose times differ less than this are one sequence."""
EXTEND_MS = 2
"""Times that are tried for another drive are so far apart."""
LOOSE = 0.25
"""So much counts what another drive explains, as sums are off by a fifth."""
RAREST = 0.005
"""Share of the guesses that a sequence has at least."""
KEPT = 0.8
"""Of the numbers of an atom a member keeps so much, and the rest is drawn: an ensemble must not consist of the same few
atoms."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Guessed:
    """What the sums of atoms say of one sequence, whatever else is known of it.

    Attributes
    ----------
    below, above : array, shape (n_free,)
        From the median to the 5 and the 95 % point of what could have made the response: times in ms, logarithms of all
        else.
    sd, prior_sd : array, shape (n_free,)
        Standard deviations in the same units, with and without the response.
    volume, error : float
        Logarithm of the share that the response leaves of all that was plausible, in the best place, and its standard
        error from repeats.
    """

    below: FloatArray
    above: FloatArray
    sd: FloatArray
    prior_sd: FloatArray
    volume: float
    error: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingProposal:
    """A sequence to search.

    Attributes
    ----------
    vector : CircuitVector
        What is free in it.
    z : array, shape (n_members, n_free)
        The members to begin with.
    share : float
        Of the guesses that had this sequence.
    """

    vector: CircuitVector
    z: FloatArray
    share: float = 1.0

    @property
    def sequence(self) -> Sequenced:
        """Sides and times of the drives."""
        return self.vector.sequence


def vector_of(task: EvokedTask, sequence: Sequenced, *, start: Mapping[str, Any] | None = None) -> CircuitVector:
    """Return what is free in a sequence; it begins at `start` instead of that of the settings if one is given."""
    settings = task.settings
    begin = settings.start if start is None else start
    return CircuitVector(
        network=task.network,
        sequence=sequence,
        prior=settings.circuit,
        peak_nAm=float(np.abs(task.wanted).max()) * 1e9,
        tstop=task.runs.tstop,
        start=begin or {},
        columns=settings.columns,
    )


def propose_spiking(task: EvokedTask, bench: Bench) -> tuple[list[SpikingProposal], Atoms | None]:
    """Return the sequences that a search with cells that fire begins with, the most probable first.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained; its settings may give the sequence, the number of drives, or where to start.
    bench : Bench
        Simulates.

    Returns
    -------
    proposals : list of SpikingProposal
        At most `max_sequences`; none if no cell could fire.
    atoms : Atoms | None
        Of what they are guesses.
    """
    settings = task.settings
    if not pyramidal_cells(task.network) or not circuit_inputs(task.network):
        return [], None
    atoms = measure_atoms(task, bench)
    rng = np.random.default_rng([settings.seed, 2])
    first = vector_of(task, settings.sequence or ((LOCATIONS[0], task.runs.tstop / 2),), start={})
    expected = float(first.mean[-1]), float(first.sd[-1])
    guesses = _pooled(
        [
            guess(atoms, task, expected, rng=rng, n_guesses=N_GUESSES, sequence=settings.sequence)
            for _ in range(POPULATIONS)
        ],
        rng,
    )
    if settings.sequence is not None:
        groups = [(settings.sequence, np.arange(len(guesses)))]
    else:
        groups = _groups(guesses, atoms, rng)[: settings.max_sequences]
    found = []
    for sequence, which in groups:
        vector, plain = vector_of(task, sequence), vector_of(task, sequence, start={})
        z = _numbers(guesses, _drawn(which, settings.members, rng), atoms, plain, rng)
        if settings.start is not None:  # some begin there, and some at what this response says
            z = (plain.plain(z) - vector.mean) / np.where(vector.sd > 0, vector.sd, 1.0)
            half = settings.members // 2
            z[:half] = vector.drawn(half, rng)
        found.append(SpikingProposal(vector=vector, z=z, share=len(which) / len(guesses)))
    return found, atoms


def alike(one: Sequenced, other: Sequenced) -> bool:
    """Return whether two sequences come from the same sides at about the same times."""
    return len(one) == len(other) and all(
        place == there and abs(mu - then) <= ALIKE_MS for (place, mu), (there, then) in zip(one, other, strict=True)
    )


def extended(vector: CircuitVector, members: Members, atoms: Atoms, task: EvokedTask) -> SpikingProposal | None:
    """Return a sequence with the drive more that would explain most of what an ensemble leaves of the response.

    Parameters
    ----------
    vector : CircuitVector
        What the ensemble is of.
    members : Members
        Where it is, and what it predicts.
    atoms : Atoms
        What the drive could give, above what there is.
    task : EvokedTask
        What is to be explained.

    Returns
    -------
    proposal : SpikingProposal | None
        None if there is no room for another drive, or there are as many as there may be.
    """
    if len(vector.sequence) >= most_drives(task):
        return None
    data = SpikingData.of(task)
    natural = vector.natural(members.z).mean(axis=0)
    is_time = [path.endswith("mu_ms") for path in vector.paths]
    times = natural[is_time]
    grid = np.arange(int(EDGE_MS) + 1, int(task.runs.tstop - EDGE_MS), EXTEND_MS)
    grid = grid[np.abs(grid[:, np.newaxis] - times).min(axis=1) >= GAP_MS]
    if not len(grid):
        return None
    rng = np.random.default_rng([task.settings.seed, 4, len(vector.sequence)])
    loss = np.array([_with_atom(data, members, natural[-1], atoms, int(tau)) for tau in grid])
    weights = np.exp(-LOOSE * (loss - loss.min()))
    # the side and time that most of the probability is near
    by_side = np.array([weights[:, atoms.places == place].sum(axis=1) for place in range(len(LOCATIONS))])
    near = np.abs(grid[:, np.newaxis] - grid) <= ALIKE_MS / 2
    place, centre = np.unravel_index(int((by_side @ near).argmax()), by_side.shape)
    weights[~near[centre]] = 0.0
    weights[:, atoms.places != place] = 0.0
    chosen = rng.choice(weights.size, len(members), p=weights.ravel() / weights.sum())
    tau, atom = np.unravel_index(chosen, weights.shape)
    mean = float(grid[tau].mean())
    drives = [*zip((side for side, _ in vector.sequence), times.tolist(), strict=True), (LOCATIONS[int(place)], mean)]
    order = np.argsort([mu for _, mu in drives], kind="stable")
    longer = vector_of(task, tuple(drives[k] for k in order))
    sd = task.settings.circuit.time_sd_ms
    added = np.column_stack([(grid[tau] - mean) / sd, _moved(np.array([atoms.z[k] for k in atom]), rng)])
    old = members.z.copy()
    old[:, is_time] = (vector.natural(members.z)[:, is_time] - times) / sd
    parts = [*np.split(old[:, :-1], np.flatnonzero(is_time)[1:], axis=1), added]
    return SpikingProposal(vector=longer, z=np.hstack([*(parts[k] for k in order), old[:, -1:]]))


def _with_atom(data: SpikingData, members: Members, columns: float, atoms: Atoms, tau: int) -> FloatArray:
    """Return half the squared deviations with each atom at a time (ms) besides what there is, shape (n_atoms,)."""
    n = len(atoms)
    milliseconds = np.arange(int(data.task.runs.tstop) + 1)
    moments = columns * atoms.at(np.arange(n), np.full(n, tau), milliseconds)
    given = np.array([np.interp(data.times * 1e3, milliseconds, moment) for moment in moments])
    left = members.moment.mean(axis=0) + given - data.wanted[: data.n_times]
    rates = np.log(np.exp(members.log_rates.mean(axis=0)) + np.maximum(atoms.spikes, 0.0))
    apart = np.hstack([left, rates - data.wanted[data.n_times :]]) / data.deviations
    return np.asarray(0.5 * (apart**2).sum(axis=1))


def weigh(vector: CircuitVector, atoms: Atoms, task: EvokedTask) -> Guessed:
    """Return what sums of atoms say of a sequence: how much of what was plausible the response leaves.

    Parameters
    ----------
    vector : CircuitVector
        Its sequence.
    atoms : Atoms
        Responses to single drives.
    task : EvokedTask
        What is to be explained.
    """
    plain = vector_of(task, vector.sequence, start={})
    expected = float(plain.mean[-1]), float(plain.sd[-1])
    annealed = anneal_sequence(atoms, task, expected, vector.sequence, key=[task.settings.seed, 3])
    rng = np.random.default_rng([task.settings.seed, 3, len(annealed.could)])
    z = [_numbers(could, np.arange(len(could)), atoms, plain, rng) for could in annealed.could]
    values = plain.plain(np.vstack(z))
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    return Guessed(
        below=low - median,
        above=high - median,
        sd=values.std(axis=0, ddof=1),
        prior_sd=plain.sd,
        volume=annealed.volume,
        error=annealed.error,
    )


def _pooled(populations: list[Guesses], rng: np.random.Generator) -> Guesses:
    """Return the guesses of all populations, as many as they have together, each as often as its evidence asks."""
    size = len(populations[0])
    evidences = np.repeat([one.log_evidence for one in populations], size)
    weights = np.exp(evidences - evidences.max())
    together = Guesses(
        **{
            name: np.concatenate([getattr(one, name) for one in populations])
            for name in ("on", "atom", "tau_ms", "log_columns", "wave", "rates")
        },
        log_evidence=float(np.log(weights.mean()) + evidences.max()),
    )
    together.picked(np.sort(rng.choice(len(weights), len(weights), p=weights / weights.sum())))
    return together


def _groups(guesses: Guesses, atoms: Atoms, rng: np.random.Generator) -> list[tuple[Sequenced, IntArray]]:
    """Return sequences of sides and mean times with the guesses that have them, the most frequent first."""
    by_sides: dict[tuple[int, ...], list[int]] = defaultdict(list)
    drives = [guesses.drives(number) for number in range(len(guesses))]
    for number, some in enumerate(drives):
        by_sides[tuple(int(atoms.places[atom]) for atom, _ in some)].append(number)
    found = []
    for sides, members in by_sides.items():
        left = np.array(members)
        times = np.array([[tau for _, tau in drives[number]] for number in members], dtype=float)
        while len(left) >= max(RAREST * len(guesses), 2):
            centres = times if len(times) <= CENTRES else times[rng.choice(len(times), CENTRES, replace=False)]
            near = np.abs(centres[:, np.newaxis] - times[np.newaxis]).max(axis=2) <= ALIKE_MS
            chosen = near[int(near.sum(axis=1).argmax())]
            mean = times[chosen].mean(axis=0)
            found.append((tuple(zip((LOCATIONS[side] for side in sides), mean.tolist(), strict=True)), left[chosen]))
            left, times = left[~chosen], times[~chosen]
    if not found:  # all guesses differ: the best of them
        best = int(np.argmin(guesses.wave + guesses.rates))
        sequence = tuple((LOCATIONS[int(atoms.places[atom])], float(tau)) for atom, tau in drives[best])
        found = [(sequence, np.array([best]))]
    return sorted(found, key=lambda pair: -len(pair[1]))


def _drawn(which: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return `n` of some numbers, each as often as the others, as far as that goes."""
    times, rest = divmod(n, len(which))
    return np.concatenate([*[which] * times, rng.choice(which, rest, replace=False)])


def _numbers(
    guesses: Guesses, which: IntArray, atoms: Atoms, vector: CircuitVector, rng: np.random.Generator
) -> FloatArray:
    """Return guesses as numbers of a vector, shape (n, n_free), moved a little but for times and columns."""
    rows = []
    free = vector.sd > 0
    for number in which:
        row: list[float] = []
        for (atom, tau), (_, mu) in zip(guesses.drives(int(number)), vector.sequence, strict=True):
            row += [(tau - mu) / vector.prior.time_sd_ms, *atoms.z[atom]]
        columns = (guesses.log_columns[int(number)] - vector.mean[-1]) / vector.sd[-1] if free[-1] else 0.0
        rows.append([*row, float(columns)])
    z = np.array(rows)
    moved = np.array([not path.endswith("mu_ms") and path != "columns" for path in vector.paths])
    z[:, moved] = _moved(z[:, moved], rng)
    return z


def _moved(z: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(KEPT * z + np.sqrt(1 - KEPT**2) * rng.standard_normal(z.shape))
