"""Sequences of drives that are worth a search with cells that fire, each with an ensemble to begin with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
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

__all__ = ["Guessed", "SpikingProposal", "alike", "extended", "propose_spiking", "shortened", "vector_of", "weigh"]

N_GUESSES, POPULATIONS = 2000, 3
"""Populations end in different places now and then: they are pooled by their evidences."""
CENTRES = 300
"""Guesses that are tried as the centre of those that are alike."""
PUBLISHED: Sequenced = (("proximal", 27.0), ("distal", 64.0), ("proximal", 137.0))
"""Drives of the response to a tap (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009), whose sides and order
other sensory responses share. Guesses of fewer drives are more frequent, as sums fit with fewer: this order is searched
at whatever times."""
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
        Of the guesses that had this sequence; none of that which is searched because it was published.
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
    guesses = _guessed(atoms, task, rng, settings.sequence)
    if settings.sequence is not None:
        groups = [(settings.sequence, np.arange(len(guesses)))]
    else:
        groups = _groups(guesses, atoms, rng)[: max(settings.max_sequences - 1, 1)]
    found = [_proposed(group, guesses, atoms, task, rng) for group in groups]
    if settings.sequence is None and settings.max_sequences > 1 and _may_be_published(task, atoms):
        rng = np.random.default_rng([settings.seed, 5])
        guesses = _guessed(atoms, task, rng, PUBLISHED, any_times=True)
        published = _proposed(_groups(guesses, atoms, rng)[0], guesses, atoms, task, rng)
        if not any(alike(published.sequence, one.sequence) for one in found):
            found.append(replace(published, share=0.0))
    return found, atoms


def _guessed(
    atoms: Atoms, task: EvokedTask, rng: np.random.Generator, sequence: Sequenced | None, *, any_times: bool = False
) -> Guesses:
    """Return guesses of some populations together."""
    first = vector_of(task, sequence or ((LOCATIONS[0], task.runs.tstop / 2),), start={})
    expected = float(first.mean[-1]), float(first.sd[-1])
    how: dict[str, Any] = {"rng": rng, "n_guesses": N_GUESSES, "sequence": sequence, "any_times": any_times}
    return _pooled([guess(atoms, task, expected, **how) for _ in range(POPULATIONS)], rng)


def _proposed(
    group: tuple[Sequenced, IntArray], guesses: Guesses, atoms: Atoms, task: EvokedTask, rng: np.random.Generator
) -> SpikingProposal:
    """Return a sequence with an ensemble of the guesses that have it."""
    settings, (sequence, which) = task.settings, group
    vector, plain = vector_of(task, sequence), vector_of(task, sequence, start={})
    z = _numbers(guesses, _drawn(which, settings.members, rng), atoms, plain, rng)
    if settings.start is not None:  # some begin there, and some at what this response says
        z = (plain.plain(z) - vector.mean) / np.where(vector.sd > 0, vector.sd, 1.0)
        half = settings.members // 2
        z[:half] = vector.drawn(half, rng)
    return SpikingProposal(vector=vector, z=z, share=len(which) / len(guesses))


def _may_be_published(task: EvokedTask, atoms: Atoms) -> bool:
    """Return whether the drives of published responses may be the answer, and have the room to be."""
    settings, n = task.settings, len(PUBLISHED)
    room = (n + 1) * GAP_MS + 2 * EDGE_MS < task.runs.tstop
    sides = len(np.unique(atoms.places)) == len(LOCATIONS)
    return room and sides and settings.n_drives in (None, n) and most_drives(task) >= n


def alike(one: Sequenced, other: Sequenced) -> bool:
    """Return whether two sequences come from the same sides at about the same times."""
    return len(one) == len(other) and all(
        place == there and abs(mu - then) <= ALIKE_MS for (place, mu), (there, then) in zip(one, other, strict=True)
    )


def shortened(vector: CircuitVector, members: Members, left_out: int, task: EvokedTask) -> SpikingProposal:
    """Return a sequence without one of its drives, the others as an ensemble has them.

    Parameters
    ----------
    vector : CircuitVector
        What the ensemble is of; it has two drives at least.
    members : Members
        Where it is.
    left_out : int
        Number of the drive.
    task : EvokedTask
        What is to be explained.
    """
    parts = _parts(vector, members, task)
    del parts.drives[left_out], parts.z[left_out]
    return parts.proposal(task)


def extended(
    vector: CircuitVector,
    members: Members,
    atoms: Atoms,
    task: EvokedTask,
    *,
    other_than: tuple[str, float] | None = None,
    more: int = 0,
) -> list[SpikingProposal]:
    """Return sequences with the drive more that would explain most of what an ensemble leaves of the response.

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
    other_than : tuple of (str, float) | None
        Side and time (ms) of a drive that must not come again.
    more : int
        How many sequences to return besides the best one for each side.

    Returns
    -------
    proposals : list of SpikingProposal
        One for each side, and those more; none if there is no room for another drive, or there are as many as there may
        be.
    """
    if len(vector.sequence) >= most_drives(task):
        return []
    parts = _parts(vector, members, task)
    times = np.array([mu for _, mu in parts.drives])
    grid = np.arange(int(EDGE_MS) + 1, int(task.runs.tstop - EDGE_MS), EXTEND_MS)
    grid = grid[np.abs(grid[:, np.newaxis] - times).min(axis=1) >= GAP_MS]
    if not len(grid):
        return []
    worth = _worth(vector, members, atoms, task, grid)
    sides = [atoms.places == place for place in range(len(LOCATIONS))]
    by_side = np.array([worth[:, side].sum(axis=1) for side in sides])
    if other_than is not None:
        by_side[LOCATIONS.index(other_than[0]), np.abs(grid - other_than[1]) <= ALIKE_MS] = 0.0
    rng = np.random.default_rng([task.settings.seed, 4, len(vector.sequence)])
    found = []
    for place, centre in _peaks(by_side, grid, more):
        near = np.abs(grid - grid[centre]) <= ALIKE_MS / 2
        weights = worth * near[:, np.newaxis] * sides[place]
        chosen = rng.choice(weights.size, len(members), p=weights.ravel() / weights.sum())
        tau, atom = np.unravel_index(chosen, weights.shape)
        mean = float(grid[tau].mean())
        apart = (grid[tau] - mean) / task.settings.circuit.time_sd_ms
        added = np.column_stack([apart, _moved(np.array([atoms.z[k] for k in atom]), rng)])
        found.append(parts.with_drive((LOCATIONS[place], mean), added).proposal(task))
    return found


def _peaks(by_side: FloatArray, grid: IntArray, more: int) -> list[tuple[int, int]]:
    """Return sides and places in a grid (ms) where most of the probability is: once for each side, and `more` times."""
    left = by_side @ (np.abs(grid[:, np.newaxis] - grid) <= ALIKE_MS / 2)
    found = []
    for places in [*([place] for place in range(len(left))), *[range(len(left))] * more]:
        place = max(places, key=lambda one: float(left[one].max()))
        centre = int(left[place].argmax())
        if left[place, centre] > 0:
            found.append((place, centre))
            left[place, np.abs(grid - grid[centre]) <= 1.5 * ALIKE_MS] = 0.0  # or its slopes would be the next ones
    return found


@dataclass(kw_only=True, eq=False)
class _Parts:
    """An ensemble drive by drive, each expected at the mean of its times; and its columns."""

    drives: list[tuple[str, float]]
    z: list[FloatArray]
    columns: FloatArray

    def with_drive(self, drive: tuple[str, float], z: FloatArray) -> _Parts:
        """Return them with a drive more."""
        return _Parts(drives=[*self.drives, drive], z=[*self.z, z], columns=self.columns)

    def proposal(self, task: EvokedTask) -> SpikingProposal:
        """Return the drives, in order of time, as one sequence."""
        order = np.argsort([mu for _, mu in self.drives], kind="stable")
        vector = vector_of(task, tuple(self.drives[k] for k in order))
        return SpikingProposal(vector=vector, z=np.hstack([*(self.z[k] for k in order), self.columns]))


def _parts(vector: CircuitVector, members: Members, task: EvokedTask) -> _Parts:
    natural = vector.natural(members.z)
    is_time = np.array([path.endswith("mu_ms") for path in vector.paths])
    times = natural[:, is_time].mean(axis=0)
    z = members.z.copy()
    z[:, is_time] = (natural[:, is_time] - times) / task.settings.circuit.time_sd_ms
    return _Parts(
        drives=list(zip((side for side, _ in vector.sequence), times.tolist(), strict=True)),
        z=np.split(z[:, :-1], np.flatnonzero(is_time)[1:], axis=1),
        columns=z[:, -1:],
    )


def _worth(vector: CircuitVector, members: Members, atoms: Atoms, task: EvokedTask, grid: IntArray) -> FloatArray:
    """Return how probable each atom is at each time (ms) besides what there is, shape (n_grid, n_atoms)."""
    data, columns = SpikingData.of(task), float(vector.natural(members.z)[:, -1].mean())
    loss = np.array([_with_atom(data, members, columns, atoms, int(tau)) for tau in grid])
    return np.asarray(np.exp(-LOOSE * (loss - loss.min())))


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
