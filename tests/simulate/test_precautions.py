"""What is said before a run in which nothing happens."""

import warnings

import pytest

from mne_hnn.errors import MneHnnWarning
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.simulate.precautions import warn_of_silence

L5P = "L5_pyramidal"
AMPA = {"location": "proximal", "weights_ampa": {L5P: 0.01}}
SMALL = jones_2009((1, 1))
DRIVEN = SMALL.with_evoked_drive("d", mu_ms=25.0, sigma_ms=3.0, **AMPA)


def test_a_run_without_drives_is_said():
    with pytest.warns(MneHnnWarning, match="no drives and no biases: .*with_erp_drives"):
        dipole = simulate(SMALL, tstop=2.0).dipole
    assert abs(dipole.data).max() < 1e-20


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (DRIVEN.only_cells(), "no drives and no biases"),
        (SMALL.with_tonic_bias("b", amplitude_nA={L5P: 0.0}), "no drives and no biases"),
        (DRIVEN.with_drive_changes("d", weights_ampa={L5P: 0.0}), "'d' has only weights of 0"),
        (DRIVEN.with_drive_changes("d", mu_ms=500.0), "'d' does not fire within 170 ms"),
        (SMALL.with_bursty_drive("d", burst_rate_Hz=10.0, tstart=500.0, **AMPA), "'d' does not fire"),
        (SMALL.with_poisson_drive("d", rate_Hz=0.0, **AMPA), "'d' does not fire"),
        (SMALL.with_spike_train_drive("d", times_ms=[[200.0], []], **AMPA), "'d' does not fire"),
        (SMALL.with_tonic_bias("b", amplitude_nA={L5P: 1.0}, t0_ms=300.0), "'b' has no current then"),
    ],
)
def test_nothing_acts(network, sentence):
    with pytest.warns(MneHnnWarning, match=sentence):
        warn_of_silence(network, 170.0)


@pytest.mark.parametrize(
    "network",
    [
        DRIVEN, DRIVEN.with_drive_changes("d", mu_ms=180.0), SMALL.with_tonic_bias("b", amplitude_nA={L5P: 1.0}),
        SMALL.with_poisson_drive("d", rate_Hz={L5P: 5.0}, **AMPA),
        SMALL.with_bursty_drive("d", burst_rate_Hz=10.0, tstart=175.0, **AMPA),
        SMALL.with_spike_train_drive("d", times_ms=[[200.0], [5.0]], **AMPA),
    ],
)  # fmt: skip
def test_something_acts(network):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_silence(network, 170.0)
