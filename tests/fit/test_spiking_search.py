"""Which ensembles search, and which of what they find is kept."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from test_spiking import QUIET, SMALL, bench_of, network, target  # noqa: F401

from mne_hnn.errors import SimulationError
from mne_hnn.fit import EvokedSettings, fit_evoked, spiking_result, spiking_search
from mne_hnn.fit.emulated_search import EmulatedSearch
from mne_hnn.fit.evoked_settings import STEPS
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.spiking import Search
from mne_hnn.fit.spiking_search import KINDS, LEFT, search_spiking

FREE = replace(SMALL, sequence=None, steps="auto", members=12, generations=1, max_sequences=1, max_drives=2)


@pytest.fixture(scope="module")
def begun(network, target):  # noqa: F811
    """A task, and a real ensemble that was just begun."""
    task, bench = make_task(network, target, FREE), bench_of()
    proposals, atoms = spiking_search.propose_spiking(task, bench)
    found = Search(task, bench).begin(0, proposals[0])
    found.guessed = spiking_search.weigh(found.vector, atoms, task)
    return task, bench, found


@pytest.fixture
def asked(monkeypatch, begun):
    """Searches that find what they are told to, and which were made."""
    _, _, found = begun
    made, finds = [], {}

    def searched(search, begins, atoms):
        """Return what this kind of search is told to find."""
        made.append(type(search))
        if isinstance(finds[type(search)], Exception):
            raise finds[type(search)]
        return [replace(found, **one) for one in finds[type(search)]]

    monkeypatch.setattr(spiking_search, "_searched", searched)
    monkeypatch.setattr(spiking_search, "propose_spiking", lambda *_: ([], object()))
    return made, finds


def one(loss, misfit, spikes=0.0):
    return {"search_loss": loss, "misfit": misfit, "spikes": np.array([0.0, spikes])}


@pytest.mark.parametrize(
    ("first", "kinds"),
    [
        (one(0.9 * LEFT, 5.0), (EmulatedSearch,)),
        (one(LEFT + 0.01, 5.0), (EmulatedSearch, Search)),
        (one(0.9 * LEFT, 5.0, spikes=-2.1), (EmulatedSearch, Search)),
        (one(0.9 * LEFT, 5.0, spikes=-1.9), (EmulatedSearch,)),
    ],
)
def test_other_ensembles_are_asked_if_too_much_is_left_or_spikes_are_not_plausible(begun, asked, first, kinds):
    task, bench, _ = begun
    made, finds = asked
    finds |= {EmulatedSearch: [first], Search: [one(0.01, 4.0)]}
    kept, *_ = search_spiking(task, bench)
    assert tuple(made) == kinds
    assert kept.misfit == min(5.0, 4.0 if Search in kinds else 5.0)


def test_noise_that_is_known_may_be_left(begun, asked):
    task, bench, _ = begun
    made, finds = asked
    finds |= {EmulatedSearch: [one(LEFT + 0.03, 5.0)]}
    search_spiking(replace(task, settings=replace(task.settings, noise=0.2)), bench)
    assert made == [EmulatedSearch]


def test_a_sequence_that_is_given_is_searched_in_one_way(begun, asked):
    task, bench, _ = begun
    made, finds = asked
    finds |= {EmulatedSearch: [one(0.5, 5.0)]}
    given = replace(task.settings, sequence=SMALL.sequence, max_drives=SMALL.max_drives)
    search_spiking(replace(task, settings=given), bench)
    assert made == [EmulatedSearch]


def test_what_was_found_before_is_kept_if_it_is_better_or_the_others_fail(begun, asked):
    task, bench, _ = begun
    made, finds = asked
    for others in ([one(0.2, 9.0)], SimulationError("none ran")):
        finds |= {EmulatedSearch: [one(0.1, 5.0)], Search: others}
        assert search_spiking(task, bench)[0].misfit == 5.0
    assert made == [EmulatedSearch, Search] * 2
    finds[EmulatedSearch] = SimulationError("none ran")
    with pytest.raises(SimulationError, match="none ran"):
        search_spiking(task, bench)


def test_both_kinds_go_on_from_the_same_beginnings(network, target, monkeypatch):  # noqa: F811
    begun, taken = [], []
    begin, take = Search.begin, Search.taken
    monkeypatch.setattr(Search, "begin", lambda self, *args: begun.append(begin(self, *args)) or begun[-1])
    monkeypatch.setattr(Search, "taken", lambda self, other: taken.append((type(self), other)) or take(self, other))
    monkeypatch.setattr(spiking_search, "LEFT", -1.0)  # nothing is ever enough
    z = []
    monkeypatch.setattr(
        spiking_search, "_enough", lambda *_, enough=spiking_search._enough: z.append(begun[0].members.z) or enough(*_)
    )
    found = search_spiking(make_task(network, target, FREE), bench_of())
    assert [kind for kind, _ in taken] == list(KINDS["auto"])
    assert all(other is begun[0] for _, other in taken)
    assert len(begun) == 1
    assert begun[0].steps == 0  # the first kind has not moved it
    assert z[0] is begun[0].members.z
    assert 1 <= len(found) <= 2 * FREE.finalists


def test_the_most_plausible_become_explanations(begun, monkeypatch):
    """By evidence in fresh trials, whatever the order in which they were found, and refused ones last."""
    task, bench, _ = begun
    found = {
        "a": explained(-30.0),
        "b": explained(-20.0),
        "c": explained(-10.0, "too many cells"),
        "d": explained(-25.0),
    }
    monkeypatch.setattr(spiking_result, "conclude_spiking", lambda one, *_: found[one])
    assert spiking_result.conclude_best("abcd", task, bench) == [found["b"], found["d"]]


def explained(value, *refusals):
    evidence = SimpleNamespace(value=value)
    return SimpleNamespace(evidence=evidence, admissible=not refusals)


def test_the_default_asks_both():
    assert KINDS[EvokedSettings().steps] == (EmulatedSearch, Search)
    assert tuple(KINDS) == STEPS


def test_workers_make_no_difference(network, target):  # noqa: F811
    settings = replace(FREE, regimes=("spiking",), n_final=3)
    one_worker, two = (fit_evoked(network, target, settings, n_jobs=n, **QUIET).spiking for n in (1, 2))
    assert one_worker.network.digest == two.network.digest
    assert one_worker.fit.dipole.data.tobytes() == two.fit.dipole.data.tobytes()
