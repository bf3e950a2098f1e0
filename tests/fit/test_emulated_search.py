"""A search whose ensembles go where an emulator of all their networks says."""

from dataclasses import replace

import numpy as np
import pytest
from test_spiking import QUIET, SMALL, bench_of, network, target  # noqa: F401

from mne_hnn.errors import ParameterError
from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.fit.emulated_search import LED, NARROW, SIMULATED, WIDE, EmulatedSearch
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.levels import Level
from mne_hnn.fit.spiking import FULL_STEPS, Search
from mne_hnn.fit.spiking_data import EXPECTED_SAMPLES, SpikingData
from mne_hnn.fit.spiking_search import search_spiking

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


def test_members_of_which_the_emulator_tells_are_not_all_simulated(searched):
    _, _, found = searched
    sizes = [len(members) for members in found.past]
    assert sizes[: LED + 1] == [EMULATED.members] * (LED + 1)
    assert sizes[LED + 1 :] == [EMULATED.members // SIMULATED] * (len(sizes) - LED - 1)
    assert len(found.everywhere) == EMULATED.members


def test_a_response_that_is_nearly_met_counts_more(searched):
    """The discrepancy that is likely once so much is left: the mean of an inverse gamma distribution."""
    task, _, _ = searched
    data = SpikingData.of(task)
    n = data.n_times
    off = np.sqrt(np.mean(data.wanted[:n] ** 2)) * np.where(np.arange(n) % 2, 1.0, -1.0)
    allowed = np.hypot(task.settings.noise, task.settings.circuit.discrepancy)
    for size in (0.0, 0.03, 0.4):
        samples = task.n_independent
        likely = (EXPECTED_SAMPLES * allowed**2 + samples * size**2) / (EXPECTED_SAMPLES + samples)
        asked = data.left_by(data.wanted[:n] + size * off)
        shrunk = asked.deviations / data.deviations
        np.testing.assert_allclose(shrunk[:n], min(1.0, np.sqrt(likely) / allowed))
        np.testing.assert_array_equal(shrunk[n:], 1.0)  # spikes are as plausible as before


def test_ensembles_are_asked_for_more_once_the_data_were_counted(searched):
    task, bench, found = searched
    search = EmulatedSearch(task, bench)
    assert search.asked(replace(found, steps=task.settings.generations)) is search.data
    assert (search.asked(found).deviations <= search.data.deviations).all()
    smoother = Search(task, bench)
    assert smoother.asked(found) is smoother.data


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


def test_a_drive_less_is_tried_where_sequences_are_free(network, searched):  # noqa: F811
    task, bench, found = searched
    assert EmulatedSearch(task, bench).shorter(found) == []
    free = make_task(network, task.target, replace(EMULATED, sequence=None))
    search = EmulatedSearch(free, bench)
    (less,) = search.shorter(found)  # one drive is the least there can be
    assert len(less.sequence) == 1
    # the drive is left out that is needed least: the other one stays
    left = [search.mean_misfit(search._without(found, k)) for k in (0, 1)]
    stays = found.vector.sequence[1 - int(np.argmin(left))]
    assert less.vector.sequence[0][0] == stays[0]
    assert less.vector.sequence[0][1] == pytest.approx(stays[1], abs=10.0)
    # members looked around before they came near to each other again
    looked, last = (spread(less, less.past[k]) for k in (1, -1))
    assert looked > 0.5 * WIDE > last / 2
    assert len(less.emulator.networks) == sum(len(members) for members in less.past)


def test_a_wrong_way_to_move_is_refused():
    with pytest.raises(ParameterError, match=r"smother.*Did you mean 'smoother'"):
        EvokedSettings(steps="smother")
