"""Sequences of drives that are worth a search with cells that fire.

The sums of kernels of the silent column tell when input arrives, and from which side; published explanations tell what
such sequences look like: a first volley from the thalamus reaches proximal dendrites, one from other areas the distal
ones some 40 ms later, and a third the proximal ones again (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from .evoked_task import EvokedTask
from .sequence import GAP_MS, Candidate, Sequenced

__all__ = ["propose_sequences"]

COUNTS = (3, 2, 4, 1)
"""Numbers of drives of the sequences, those of published explanations first."""
PER_COUNT = 2
LAG_MS = 38.0
"""From the first proximal volley to the first distal one: that of the published drives of a tap."""
ALIKE_MS = 8.0
"""Sequences from the same sides whose times differ less than this are found by the same search."""


def propose_sequences(candidates: Sequence[Candidate], task: EvokedTask) -> list[Sequenced]:
    """Return the sequences that a search with cells that fire begins with.

    Parameters
    ----------
    candidates : sequence of Candidate
        With kernels, by their criterion; those that were tried on the way to the best have fewer drives.
    task : EvokedTask
        What is to be explained; its settings may give the sequence or the number of drives.

    Returns
    -------
    sequences : list of tuple of (str, float)
        At most `max_sequences`.
    """
    settings = task.settings
    if settings.sequence is not None:
        return [settings.sequence]
    columns = [_of_count(candidates, count) for count in COUNTS]
    found: list[Sequenced] = []
    for sequence in (sequence for row in zip_longest(*columns) for sequence in row if sequence is not None):
        for variant in (*_fed_forward(sequence), sequence):
            wanted = settings.n_drives is None or len(variant) == settings.n_drives
            if wanted and not any(_alike(variant, other) for other in found):
                found.append(variant)
    if not found:  # no sequence of the kernels has as many drives: their times spread over the record
        found = [_spread(settings.n_drives or 1, task.runs.tstop)]
    return found[: settings.max_sequences]


def _of_count(candidates: Iterable[Candidate], count: int) -> list[Sequenced]:
    """Return the best sequences with so many drives, from different sides each."""
    found: dict[tuple[str, ...], Sequenced] = {}
    for candidate in candidates:
        if len(candidate.mu_ms) == count and candidate.locations not in found:
            found[candidate.locations] = tuple(zip(candidate.locations, candidate.mu_ms, strict=True))
    return list(found.values())[:PER_COUNT]


def _fed_forward(sequence: Sequenced) -> list[Sequenced]:
    """Return the sequence with a first proximal volley where it has none: cells that fire hide how small it is."""
    place, first = sequence[0]
    if place == "proximal" or first < 2 * GAP_MS:
        return []
    return [(("proximal", max(first - LAG_MS, GAP_MS)), *sequence)]


def _alike(one: Sequenced, other: Sequenced) -> bool:
    return len(one) == len(other) and all(
        place == there and abs(mu - then) < ALIKE_MS for (place, mu), (there, then) in zip(one, other, strict=True)
    )


def _spread(n_drives: int, tstop: float) -> Sequenced:
    places = ("proximal", "distal")
    return tuple((places[k % 2], tstop * (k + 1) / (n_drives + 1)) for k in range(n_drives))
