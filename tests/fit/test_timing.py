import numpy as np
import pytest

from mne_hnn import Dipole, average_dipoles
from mne_hnn.errors import ParameterError, SimulationError
from mne_hnn.fit import fit_scale, fit_timing, timing
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate


@pytest.fixture(scope="module")
def network():
    return with_erp_drives(jones_2009(mesh_shape=(2, 2)))


def shifted(network, **moves_ms):
    for name, move in moves_ms.items():
        network = network.with_drive_changes(name, mu_ms=network.drives[name].mu_ms + move)
    return network


def target_of(network, scale=3000.0):
    dipole = simulate(network, tstop=170.0).dipole.smooth(20.0).scale(scale)
    return Dipole(dipole["agg"], dipole.times, ("agg",))


def test_scale_is_the_least_squares_solution():
    times = np.arange(100) / 1000
    simulated = Dipole(np.sin(2 * np.pi * 20 * times), times, ("agg",))
    target = Dipole(3.5 * simulated["agg"] + 0.7 * np.cos(2 * np.pi * 20 * times), times, ("agg",))
    scale, r_squared = fit_scale(simulated, target)
    assert scale == pytest.approx(3.5)  # sine and cosine are orthogonal over whole periods
    assert r_squared == pytest.approx(3.5**2 / (3.5**2 + 0.7**2))
    turned = Dipole(-simulated["agg"], times, ("agg",))
    assert fit_scale(turned, target)[0] == 0.0


def test_scale_recovers_the_number_of_columns(network):
    fit = fit_timing(network, target_of(network), n_trials=1, max_evaluations=1)
    assert fit.scale == pytest.approx(3000.0, rel=1e-6)
    assert fit.r_squared == pytest.approx(1.0, abs=1e-9)


def test_common_delay_is_found_at_once(network):
    late = shifted(network, evprox1=6.0, evdist1=6.0, evprox2=6.0)
    fit = fit_timing(network, target_of(late), n_trials=1, max_evaluations=2)
    assert len(fit.evaluations) == 2
    for name, drive in late.drives.items():
        assert fit.network.drives[name].mu_ms == pytest.approx(drive.mu_ms, abs=1.0)
    assert fit.r_squared > 0.97 > fit.start_r_squared


def test_one_shifted_drive_is_recovered(network):
    truth = shifted(network, evdist1=10.0)
    fit = fit_timing(network, target_of(truth), n_trials=1, max_evaluations=60)
    assert fit.network.drives["evdist1"].mu_ms == pytest.approx(truth.drives["evdist1"].mu_ms, abs=2.0)
    assert fit.r_squared > 0.97


def test_budget_best_and_order(network):
    fit = fit_timing(network, target_of(shifted(network, evprox2=-8.0)), n_trials=1, max_evaluations=7)
    scores = [one.r_squared for one in fit.evaluations]
    assert len(scores) == 7
    assert fit.r_squared == pytest.approx(max(scores))
    assert fit.start_r_squared == scores[0]
    best = fit.evaluations[int(np.argmax(scores))]
    assert {name: drive.mu_ms for name, drive in fit.network.drives.items()} == pytest.approx(dict(best.mu_ms))
    again = simulate(fit.network, tstop=170.0).dipole.smooth(20.0).scale(fit.scale)
    np.testing.assert_array_equal(again["agg"], fit.dipole["agg"])


def test_trials_are_averaged_and_do_not_depend_on_processes(network):
    target = target_of(network)
    one = fit_timing(network, target, n_trials=2, max_evaluations=1)
    two = fit_timing(network, target, n_trials=2, max_evaluations=1, n_jobs=2)
    np.testing.assert_array_equal(one.dipole.data, two.dipole.data)
    expected = average_dipoles(one.simulation.dipoles).smooth(20.0)
    np.testing.assert_allclose(one.dipole["agg"], one.scale * expected["agg"])


def test_a_failed_network_scores_worst_and_the_search_goes_on(network, monkeypatch):
    calls = []

    def failing(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise SimulationError("Not finite.")
        return simulate(*arguments, **options)

    target = target_of(shifted(network, evdist1=10.0))
    monkeypatch.setattr(timing, "simulate", failing)
    fit = fit_timing(network, target, n_trials=1, max_evaluations=6)
    assert [np.isfinite(one.r_squared) for one in fit.evaluations] == [True, True, False, True, True, True]


def test_drives_stay_in_range_and_after_zero(network):
    early = network.with_drive_changes("evprox1", mu_ms=3.0)
    fit = fit_timing(early, target_of(shifted(early, evdist1=30.0)), n_trials=1, max_evaluations=20, range_ms=5.0)
    for one in fit.evaluations:
        for name, mu_ms in one.mu_ms.items():
            assert abs(mu_ms - early.drives[name].mu_ms) <= 5.0 + 1e-9
            assert mu_ms >= 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_evaluations": 0}, "max_evaluations must be an integer >= 1"),
        ({"range_ms": -1}, "range_ms must be a finite number > 0"),
        ({"smooth_ms": np.nan}, "smooth_ms must be a finite number >= 0"),
        ({"target": "x"}, "target must be a Dipole, got str"),
        ({"target": Dipole(np.ones(171), np.arange(171) / 1000, ("agg",))}, "target is constant"),
    ],
)
def test_wrong_arguments(network, change, message):
    arguments = {"target": Dipole(np.arange(171.0), np.arange(171) / 1000, ("agg",)), "n_trials": 1, **change}
    with pytest.raises(ParameterError, match=message):
        fit_timing(network, arguments.pop("target"), **arguments)
