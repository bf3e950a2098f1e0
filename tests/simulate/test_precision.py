"""Runs for searching: single precision and two steps at a time, beside exact ones."""

import numpy as np
import pytest
from random_networks import random_case

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, replace, with_erp_drives
from mne_hnn.simulate import SimulationSettings, simulate
from mne_hnn.simulate.engine import run_trial


def small(shape=(3, 3)):
    return with_erp_drives(jones_2009(mesh_shape=shape))


def run(network, tstop, precision, dt=0.025, trial=0):
    return run_trial(network, trial, SimulationSettings(tstop=tstop, dt=dt, precision=precision, engine="kernel"))


def smoothed(network, precision, **options):
    simulation = simulate(network, precision=precision, verbose="error", **options)
    return simulation, simulation.dipole.smooth(30.0).data[0]


def nrmse(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


@pytest.fixture(scope="module")
def erp():
    return {name: smoothed(small(), name, tstop=170.0) for name in ("exact", "search")}


def test_a_response_to_drives_is_that_of_an_exact_run(erp):
    (exact, dipole), (search, near) = erp["exact"], erp["search"]
    assert exact.dipole.data.tobytes() != search.dipole.data.tobytes()
    assert nrmse(near, dipole) < 0.03
    for cell_type, n in exact.spikes.counts().items():
        assert search.spikes.counts()[cell_type] == pytest.approx(n, abs=max(1, 0.03 * n)), cell_type
    assert sum(exact.spikes.counts().values()) > 100


def test_its_error_is_smaller_than_that_of_the_step(erp):
    _, fine = smoothed(small(), "exact", tstop=170.0, dt=0.00625)
    (_, dipole), (_, near) = erp["exact"], erp["search"]
    assert nrmse(near, dipole) < nrmse(dipole, fine[::4])


def test_first_spikes_fall_on_the_step_or_beside_it(erp):
    """Before errors could grow: the first of every cell that fires."""
    exact, search = (erp[name][0].spikes for name in ("exact", "search"))
    cells = [gid for gid in np.unique(exact.gid) if gid < small().n_cells]
    late = [abs(exact.time[exact.gid == g].min() - search.time[search.gid == g].min()) * 1e3 for g in cells]
    assert np.median(late) <= 0.051
    assert max(late) < 1.0


def test_drives_are_those_of_the_exact_run(erp):
    """Their spikes are drawn, not simulated."""
    exact, search = (erp[name][0].spikes for name in ("exact", "search"))
    for name in small().drives:
        np.testing.assert_array_equal(exact.select(cell_types=name).time, search.select(cell_types=name).time)


@pytest.mark.parametrize("dt", [0.0125, 0.05, 0.1])
def test_other_steps(dt):
    exact, search = (run(small((2, 2)), 60.0, name, dt) for name in ("exact", "search"))
    window = np.ones(round(10.0 / dt))  # spikes may fall beside each other
    for name, moment in exact.moments.items():
        assert len(search.moments[name]) == len(moment)
        smooth, expected = (np.convolve(one, window, "valid") for one in (search.moments[name], moment))
        assert nrmse(smooth, expected) < (0.15 if dt == 0.1 else 0.05)
    assert len(search.spike_times) == pytest.approx(len(exact.spike_times), rel=0.1)


def test_an_odd_number_of_steps():
    odd, even = run(small((2, 2)), 40.025, "search"), run(small((2, 2)), 40.05, "search")
    for name, moment in odd.moments.items():
        assert len(moment) == 1602
        np.testing.assert_array_equal(moment, even.moments[name][:1602])
        np.testing.assert_array_equal(odd.references[name], even.references[name][:1602])
    assert odd.spike_times.max() <= 40.025
    np.testing.assert_array_equal(odd.spike_times, even.spike_times[even.spike_times <= 40.025])


def test_dipoles_begin_at_the_start_voltages():
    """The first samples too, which lie before the end of the first two steps."""
    exact, search = (run(small((2, 2)), 10.0, name) for name in ("exact", "search"))
    for name, moment in exact.moments.items():
        assert search.moments[name][0] == pytest.approx(moment[0], rel=1e-12)
        change = np.abs(np.diff(moment)).max()
        assert np.abs(search.moments[name] - moment).max() < 2 * change + 1e-6 * np.abs(moment).max()


@pytest.mark.parametrize("n_steps", [1, 1.5, 2, 2.5, 3, 4, 7])
@pytest.mark.parametrize("dt", [0.025, 0.05])
def test_no_event_of_a_fast_connection_is_lost(n_steps, dt):
    """A chain: layer 2 makes layer 5 fire, by one weight, some steps later."""
    network = (
        jones_2009(mesh_shape=(2, 2))
        .without_connections()
        .with_evoked_drive("touch", mu_ms=5.0, sigma_ms=1.0, location="soma", weights_ampa={"L2_basket": 0.05})
    )
    network = network.with_connection(
        "L2_basket", "L5_basket", location="soma", receptor="ampa", weight_uS=0.05, delay_ms=n_steps * dt, lamtha=1e6
    )
    exact, search = (run(network, 30.0, name, dt) for name in ("exact", "search"))
    for name in ("L2_basket", "L5_basket"):
        assert np.isin(network.gid_ranges[name], exact.spike_gids).all()
    np.testing.assert_array_equal(np.sort(search.spike_gids), np.sort(exact.spike_gids))
    order = [np.lexsort((trial.spike_times, trial.spike_gids)) for trial in (exact, search)]
    assert np.abs(exact.spike_times[order[0]] - search.spike_times[order[1]]).max() < 3.01 * dt


@pytest.mark.parametrize("seed", [2, 4, 7, 8, 16, 33])
def test_random_networks_fire_about_as_often(seed):
    case = random_case(seed)
    network = replace(
        case.network,
        connections=tuple(replace(c, delay_ms=max(c.delay_ms, 3 * case.dt)) for c in case.network.connections),
    )
    exact, search = (run(network, case.tstop, name, case.dt, case.trial) for name in ("exact", "search"))
    n = [int((trial.spike_gids < network.n_cells).sum()) for trial in (exact, search)]
    assert n[1] == pytest.approx(n[0], abs=max(2, 0.15 * n[0]))


def test_the_same_bytes_every_time():
    first, second = (run(small(), 40.0, "search") for _ in range(2))
    for name, moment in first.moments.items():
        assert moment.tobytes() == second.moments[name].tobytes()
    assert first.spike_times.tobytes() == second.spike_times.tobytes()


def test_a_precision_that_does_not_exist():
    with pytest.raises(ParameterError, match="Unknown precision 'quick': expected one of 'exact', 'search'") as caught:
        simulate(small(), 10.0, precision="quick")
    assert "\n" not in str(caught.value)
