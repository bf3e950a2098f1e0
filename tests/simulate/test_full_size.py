"""What the fast tests show on 3x3 meshes, on the full column: minutes rather than seconds."""

import numpy as np
import pytest

from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def full():
    return simulate(with_erp_drives(jones_2009()), 170.0, n_trials=3, verbose="error")


def test_plain_neuron_equals_coreneuron(full):
    plain = simulate(with_erp_drives(jones_2009()), 170.0, engine="neuron", verbose="error").dipoles[0]
    difference = np.abs(plain.data - full.dipoles[0].data).max()
    assert difference < 1e-9 * np.abs(plain.data).max()


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_same_bytes_for_any_number_of_processes(full, n_jobs):
    parallel = simulate(with_erp_drives(jones_2009()), 170.0, n_trials=3, n_jobs=n_jobs, verbose="error")
    for one, two in zip(full.dipoles, parallel.dipoles, strict=True):
        np.testing.assert_array_equal(one.data, two.data)
    assert parallel.spikes == full.spikes


def test_a_second_long_rhythm_stays_bounded():
    """Seconds of simulated time: no drift of the undriven baseline, no denormal crawl, no instability."""
    network = jones_2009().with_bursty_drive(
        "alpha",
        location="proximal",
        burst_rate_Hz=10.0,
        burst_std_ms=20.0,
        n_drive_cells=10,
        weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5},
        synaptic_delays=1.0,
    )
    dipole = simulate(network, 2000.0, verbose="error").dipole
    moment = dipole["agg"] * 1e9
    assert 1e-4 < np.abs(moment).max() < 1e-2
    assert abs(moment[-4000:].mean()) < 2e-3
