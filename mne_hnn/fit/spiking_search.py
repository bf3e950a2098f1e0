"""Search drives that make cells fire and explain a response, by one kind of ensembles, or by two where one falls short.

Ensembles that an emulator leads (:mod:`mne_hnn.fit.emulated_search`) and ensembles that follow a slope
(:mod:`mne_hnn.fit.spiking`) change sequences of drives in different ways, and neither finds the better ones always:
where the explanation of the first leaves too much, the others are asked, from the same beginnings. A sequence that is
given is not changed, so that the first are enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import SimulationError
from .atoms import Atoms
from .bench import Bench
from .emulated_search import EmulatedSearch
from .evidence import log_sequence_prior
from .evoked_task import EvokedTask
from .explanation import FAR
from .sequence import Sequenced
from .spiking import Search, Searched, distinct
from .spiking_proposals import propose_spiking, weigh

__all__ = ["search_spiking"]

KINDS: dict[str, tuple[type[Search], ...]] = {
    "auto": (EmulatedSearch, Search),
    "emulator": (EmulatedSearch,),
    "smoother": (Search,),
}
"""Searches by the name that settings give to how ensembles move: each is made if those before it fall short."""
LEFT = 0.03
"""Share of the response's variance, besides its noise, that an explanation may leave: drives that were published after
tuning by hand leave 0.021 of the response for which they were made (Jones et al. 2009,
https://doi.org/10.1152/jn.00535.2009)."""


def search_spiking(task: EvokedTask, bench: Bench) -> list[Searched]:
    """Search drives that make cells fire, for the sequences that are worth it.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained.
    bench : Bench
        Simulates, and remembers what was tried.

    Returns
    -------
    found : list of Searched
        Sequences that were not dropped, the best first; all were searched on the full column. Each kind of ensembles
        that was asked adds as many as become explanations.

    Raises
    ------
    SimulationError
        Hardly any network runs.
    """
    proposals, atoms = propose_spiking(task, bench)
    if atoms is None:
        return []
    settings = task.settings
    bench.report.say(f"cells that fire: {len(proposals)} sequences of drives, {settings.members} networks each")
    first = Search(task, bench)
    begun = [first.begin(number, proposal) for number, proposal in enumerate(proposals)]
    found: list[Searched] = []
    for kind in KINDS[settings.steps]:
        if found and (settings.sequence or _enough(found[0], task)):
            break
        if found:
            bench.report.say(
                f"cells that fire: looking another way, as {found[0].search_loss:.1%} of the response is left, and "
                f"spikes are {_farthest(found[0]):.1f} standard deviations from what is expected"
            )
        try:
            found += _searched(kind(task, bench), begun, atoms)
        except SimulationError:
            if not found:
                raise
            break  # what was found before is still an answer
        found = distinct(sorted(found, key=lambda one: -_evidence(one, task)))
    return found


def _searched(search: Search, begun: Sequence[Searched], atoms: Atoms) -> list[Searched]:
    """Return the best sequences of one kind of ensembles, searched on the full column."""
    task, bench, settings = search.task, search.bench, search.task.settings
    running = [search.taken(one) for one in begun]
    for step in range(1, settings.generations + 1):
        running = sorted(running, key=search.cost)[: search.left_at(step, len(running))]
        bench.report.say(f"cells that fire: step {step} of {settings.generations}, {len(running)} sequences")
        for found in running:
            search.step(found, step)
    finalists = distinct(sorted(running, key=search.cost))[: settings.finalists + search.besides]
    for found in finalists:
        bench.report.say(f"cells that fire: {_words(found.vector.sequence)}")
        search.more(found, search.more_steps)
    finalists.sort(key=search.value)
    bench.report.say(f"cells that fire: {_words(finalists[0].sequence)}, and what is like it but for one drive")
    # with those from which they came: whether a drive more is needed is for the evidence to say
    finalists = sorted([*search.exchanged(finalists[0], atoms), *finalists], key=search.value)
    finalists = distinct(finalists)[: settings.finalists]
    for found in finalists:
        bench.report.say(f"cells that fire: {_words(found.sequence)} on the full column")
        search.on_full(found)
        found.guessed = weigh(found.vector, atoms, task)
    return finalists


def _evidence(found: Searched, task: EvokedTask) -> float:
    """Return the logarithm of the evidence of a sequence, in the trials in which its best member was chosen."""
    price = log_sequence_prior(len(found.vector.sequence), task.settings.circuit.time_sd_ms, task.runs.tstop)
    return found.waveform(found.misfit)[0] + price


def _enough(found: Searched, task: EvokedTask) -> bool:
    """Return whether a sequence leaves little of the response, with plausible numbers of spikes."""
    assert isinstance(task.settings.noise, float)
    little = found.search_loss <= LEFT + task.settings.noise**2
    return little and _farthest(found) <= FAR


def _farthest(found: Searched) -> float:
    """Return how far the least plausible number of spikes is from what is expected, in standard deviations."""
    return float(np.max(np.abs(found.spikes), initial=0.0))


def _words(sequence: Sequenced) -> str:
    return ", ".join(f"{place} {mu:.0f} ms" for place, mu in sequence)
