"""A search whose ensembles go where an emulator of all their networks says."""

from dataclasses import replace

import numpy as np
import pytest
from test_spiking import QUIET, SMALL, bench_of, network, target  # noqa: F401

from mne_hnn.errors import ParameterError
from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.fit.emulated_search import FULL_STEPS, KNOWN, MORE_STEPS, EmulatedSearch
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.levels import Level
from mne_hnn.fit.spiking import search_spiking
from mne_hnn.fit.spiking_data import SpikingData

EMULATED = replace(SMALL, steps="emulator")


@pytest.fixture(scope="module")
def searched(network, target):  # noqa: F811
    task, bench = make_task(network, target, EMULATED), bench_of()
    (found,) = search_spiking(task, bench)
    return task, bench, found


def test_all_networks_teach_the_emulator(searched):
    _, _, found = searched
    steps = 1 + EMULATED.generations + MORE_STEPS + FULL_STEPS
    assert len(found.past) == steps
    assert len(found.emulator.networks) == sum(len(members) for members in found.past)


def test_the_point_that_is_found_explains_more_than_any_that_it_began_with(searched):
    """In trials of its own, that nothing was learned from."""
    task, bench, found = searched
    data, options = SpikingData.of(task), {"level": Level(mesh_shape=None), "bench": bench, "seed": 99, "n_trials": 20}
    first = data.predict(found.vector, found.past[0].z, **options)
    best = data.predict(found.vector, found.best[np.newaxis], **options)
    assert data.misfit(best)[0] < data.misfit(first).min()
    assert data.r_squared(best.moment[0]) > max(data.r_squared(moment) for moment in first.moment)


def test_workers_make_no_difference(network, target):  # noqa: F811
    settings = replace(EMULATED, regimes=("spiking",), members=20, generations=2, n_final=3)
    one, two = (fit_evoked(network, target, settings, n_jobs=n, **QUIET).spiking for n in (1, 2))
    assert one.network.digest == two.network.digest
    assert one.fit.dipole.data.tobytes() == two.fit.dipole.data.tobytes()


def test_none_is_dropped_before_emulators_say_where_to_go(network, target):  # noqa: F811
    task = make_task(network, target, replace(EMULATED, finalists=2))
    search = EmulatedSearch(task, bench_of())
    assert [search.left_at(step, 6) for step in range(1, KNOWN + 2)] == [6] * KNOWN + [4]


def test_a_wrong_way_to_move_is_refused():
    with pytest.raises(ParameterError, match=r"smother.*Did you mean 'smoother'"):
        EvokedSettings(steps="smother")
