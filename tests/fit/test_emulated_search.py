"""A search whose ensembles go where an emulator of all their networks says."""

from dataclasses import replace

import numpy as np
import pytest
from test_spiking import QUIET, SMALL, bench_of, network, target  # noqa: F401

from mne_hnn.errors import ParameterError
from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.fit.emulated_search import LED, NARROW, EmulatedSearch
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.levels import Level
from mne_hnn.fit.spiking import FULL_STEPS, Search, search_spiking
from mne_hnn.fit.spiking_data import SpikingData

EMULATED = replace(SMALL, steps="emulator")


@pytest.fixture(scope="module")
def searched(network, target):  # noqa: F811
    task, bench = make_task(network, target, EMULATED), bench_of()
    (found,) = search_spiking(task, bench)
    return task, bench, found


def test_all_networks_teach_the_emulator(searched):
    _, _, found = searched
    at_most = 1 + EMULATED.generations + EmulatedSearch.more_steps + 1 + FULL_STEPS
    assert 1 + EMULATED.generations < len(found.past) <= at_most
    assert found.steps == len(found.past) - 1
    assert len(found.emulator.networks) == sum(len(members) for members in found.past)


def test_the_point_that_is_found_explains_more_than_most_that_it_began_with(searched):
    """In trials of its own, that nothing was learned from; so few cells are too noisy to ask for more."""
    task, bench, found = searched
    data, options = SpikingData.of(task), {"level": Level(mesh_shape=None), "bench": bench, "seed": 99, "n_trials": 20}
    first = data.predict(found.vector, found.past[0].z, **options)
    best = data.predict(found.vector, found.best[np.newaxis], **options)
    assert data.misfit(best)[0] < np.quantile(data.misfit(first), 0.2)
    assert data.r_squared(best.moment[0]) > np.quantile([data.r_squared(moment) for moment in first.moment], 0.8)


def test_workers_make_no_difference(network, target):  # noqa: F811
    settings = replace(EMULATED, regimes=("spiking",), members=20, generations=2, n_final=3)
    one, two = (fit_evoked(network, target, settings, n_jobs=n, **QUIET).spiking for n in (1, 2))
    assert one.network.digest == two.network.digest
    assert one.fit.dipole.data.tobytes() == two.fit.dipole.data.tobytes()


def spread(found, members):
    return members.z[:, found.vector.sd > 0].std(axis=0).mean()


def test_members_that_were_led_come_near_to_each_other(searched):
    """What a single place gives is known only near it."""
    _, _, found = searched
    led, last = (spread(found, members) for members in (found.past[LED], found.past[-1]))
    assert last < min(led / 2, NARROW)


def test_ensembles_stay_only_if_they_are_near_to_the_response_and_narrow(searched):
    task, bench, found = searched
    search, data = EmulatedSearch(task, bench), SpikingData.of(task)
    n = data.n_times
    there = replace(found.members, moment=np.tile(data.wanted[:n], (len(found.members), 1)))
    narrow = replace(found, members=there)
    wide = replace(found, members=replace(there, z=there.z + np.linspace(-1.0, 1.0, len(there))[:, np.newaxis]))
    assert search.well(narrow)
    assert Search(task, bench).well(wide)
    assert not search.well(wide)


def test_no_sequence_is_dropped_before_ensembles_are_narrow(network, target):  # noqa: F811
    task = make_task(network, target, replace(EMULATED, finalists=2))
    one, other = (kind(task, bench_of()) for kind in (EmulatedSearch, Search))
    assert [one.left_at(step, 6) for step in range(1, 5)] == [6] * 4
    assert [other.left_at(step, 6) for step in range(1, 5)] == [4] * 4
    assert one.besides > other.besides == 0


def test_a_wrong_way_to_move_is_refused():
    with pytest.raises(ParameterError, match=r"smother.*Did you mean 'smoother'"):
        EvokedSettings(steps="smother")
