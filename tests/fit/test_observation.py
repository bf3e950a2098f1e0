import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.fit import fit_scale
from mne_hnn.fit.observation import covering, fitted_dipole, smoothed
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate


@pytest.fixture(scope="module")
def simulation():
    return simulate(with_erp_drives(jones_2009(mesh_shape=(2, 2))), tstop=60.0, n_trials=2, seed=1)


def dipole_of(values, times=None):
    times = np.arange(len(values)) / 1000 if times is None else times
    return Dipole(np.asarray(values, dtype=float), times, ("agg",))


def test_scale_is_the_least_squares_solution():
    times = np.arange(100) / 1000
    simulated = dipole_of(np.sin(2 * np.pi * 20 * times))
    target = dipole_of(3.5 * simulated["agg"] + 0.7 * np.cos(2 * np.pi * 20 * times))
    scale, r_squared = fit_scale(simulated, target)
    assert scale == pytest.approx(3.5)  # sine and cosine are orthogonal over whole periods
    assert r_squared == pytest.approx(3.5**2 / (3.5**2 + 0.7**2))
    assert fit_scale(dipole_of(-simulated["agg"]), target)[0] == 0.0


def test_scale_recovers_the_number_of_columns(simulation):
    target = smoothed(simulation, 20.0).scale(3000.0)
    scale, r_squared = fit_scale(smoothed(simulation, 20.0), dipole_of(target["agg"], target.times))
    assert scale == pytest.approx(3000.0, rel=1e-6)
    assert r_squared == pytest.approx(1.0, abs=1e-9)


def test_a_constant_target_has_no_scale():
    with pytest.raises(ParameterError, match="target is constant"):
        fit_scale(dipole_of(np.arange(50.0)), dipole_of(np.ones(50)))


def test_smoothing_averages_trials_first_and_leaves_them_alone(simulation):
    before = simulation.dipole["agg"]
    average = np.mean([one["agg"] for one in simulation.dipoles], axis=0)
    expected = dipole_of(average, simulation.dipole.times).smooth(20.0)
    np.testing.assert_allclose(smoothed(simulation, 20.0)["agg"], expected["agg"], rtol=1e-9, atol=1e-20)
    np.testing.assert_array_equal(smoothed(simulation, 0.0)["agg"], before)
    np.testing.assert_array_equal(simulation.dipole["agg"], before)


@pytest.mark.parametrize(
    ("last_s", "dt", "expected"),
    # a time that is no whole number of steps is rounded up; one that only misses it by rounding is not
    [(0.17, 0.025, 170.0), (0.1701, 0.025, 170.1), (0.17011, 0.025, 170.125), (0.1, 0.03, 100.02)],
)
def test_a_simulation_covers_its_target_in_whole_steps(last_s, dt, expected):
    target = dipole_of([0.0, 1.0, 2.0], np.array([0.0, last_s / 2, last_s]))
    assert covering(target, dt) == pytest.approx(expected, abs=1e-9)


def test_nothing_covers_a_target_before_the_stimulus():
    with pytest.raises(ParameterError, match="not after the stimulus"):
        covering(dipole_of([0.0, 1.0, 2.0], np.array([-0.02, -0.01, 0.0])), 0.025)


def test_a_fitted_dipole_has_the_unit_and_direction_of_its_target(simulation):
    given = {"unit": "A m", "label": "S1-rh", "outward": False, "polarity": "a rule", "snr": 3.0}
    values = np.linspace(0, 1e-8, 61)
    target = Dipole(values, np.arange(61) / 1000, ("agg",), provenance=given)
    scaled = smoothed(simulation, 20.0).scale(3000.0)
    fitted = fitted_dipole(scaled, target)
    assert fitted.provenance == {name: given[name] for name in ("unit", "label", "outward", "polarity")}
    assert fitted.layers == scaled.layers
    assert fitted.scale_applied == 3000.0
    np.testing.assert_array_equal(fitted.data, scaled.data)
    np.testing.assert_allclose(fitted.times, scaled.times)


@pytest.mark.parametrize("layer", ["agg", "L2", "L5"])
def test_a_layer_alone_is_smoothed_as_among_others(simulation, layer):
    alone = smoothed(simulation, 20.0, [layer])
    assert alone.layers == (layer,)
    assert alone[layer].tobytes() == smoothed(simulation, 20.0)[layer].tobytes()
    assert simulation.dipoles[0].layers == ("agg", "L2", "L5")
