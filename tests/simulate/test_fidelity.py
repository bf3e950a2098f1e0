"""The simulator against the published software, waveform by waveform and spike by spike.

`tests/data/README.md` says where the reference data come from.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import runs
from scipy.signal import periodogram

from mne_hnn.simulate import simulate

DATA = Path(__file__).parent.parent / "data"
EVERY = 8  # the reference keeps every 8th sample
RUNS = runs.runs()
EXACT = [name for name in RUNS if name != "w03_gamma_weak"]
BOUND_TABLES = {"w01_evoked": 0.015, "w02_alpha": 0.015, "w04_somato": 0.015}


@cache
def reference(file):
    with np.load(DATA / file) as stored:
        return dict(stored)


@cache
def simulated(name):
    run = RUNS[name]
    return simulate(run.network, run.tstop, n_trials=run.n_trials, baseline="published", verbose="error")


def layers_of(data, name, trial):
    deep, superficial = data[f"{name}/L5/{trial}"], data[f"{name}/L2/{trial}"]
    return {"agg": superficial + deep, "L2": superficial, "L5": deep}


def nrmse(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def trials(names):
    return [pytest.param(name, trial, id=f"{name}-{trial}") for name in names for trial in range(RUNS[name].n_trials)]


@pytest.mark.parametrize(("name", "trial"), trials(EXACT))
def test_raw_dipole_equals_the_published_model(name, trial):
    """Without its lookup tables the published software and this one differ in arithmetic only."""
    dipole = simulated(name).dipoles[trial]
    for layer, expected in layers_of(reference("peer_exact.npz"), name, trial).items():
        value = dipole[layer][::EVERY] * 1e9
        assert nrmse(value, expected) < 1e-5, layer
        assert np.corrcoef(value, expected)[0, 1] > 0.9999999999, layer


@pytest.mark.parametrize(("name", "trial"), trials(EXACT))
def test_every_spike_falls_on_the_published_step(name, trial):
    spikes = simulated(name).spikes.select(trial=trial, cell_types=runs.TYPES)
    order = np.lexsort((spikes.time, spikes.gid))
    data = reference("peer_exact.npz")
    np.testing.assert_array_equal(spikes.gid[order], data[f"{name}/gid/{trial}"])
    steps = np.rint(spikes.time[order] / 25e-6).astype(int)
    np.testing.assert_array_equal(steps, data[f"{name}/step/{trial}"])


@pytest.mark.parametrize(("name", "trial"), trials(sorted({key.split("/")[0] for key in reference("peer_tables.npz")})))
def test_smoothed_dipole_is_close_to_the_published_software_as_shipped(name, trial):
    """As shipped it reads gates from tables of 1 mV; that moves its dipole by up to a few per cent."""
    run = RUNS[name]
    dipole = simulated(name).dipoles[trial].copy().smooth(run.window_ms, edges="zero")
    for layer, expected in layers_of(reference("peer_tables.npz"), name, trial).items():
        assert nrmse(dipole[layer][::EVERY] * 1e9, expected) < BOUND_TABLES.get(name, 0.05), layer


def test_gamma_has_the_published_spike_counts_and_rhythm():
    """Recurrent spiking is chaotic: counts and spectrum are compared, not single spikes."""
    name = "w03_gamma_weak"
    simulation = simulated(name)
    data = reference("peer_exact.npz")
    counts = simulation.spikes.select(cell_types=runs.TYPES).counts()
    for cell_type, cells in simulation.network.gid_ranges.items():
        if cell_type in runs.TYPES:
            expected = np.isin(data[f"{name}/gid/0"], list(cells)).sum()
            assert expected > 100
            assert counts[cell_type] == pytest.approx(expected, rel=0.05), cell_type

    def peak(waveform):
        frequencies, power = periodogram(waveform[50 * 5 :], fs=5000.0, window="hamming", nfft=20_000)
        band = (frequencies > 20) & (frequencies < 100)
        return frequencies[band][np.argmax(power[band])]

    expected = peak(layers_of(data, name, 0)["agg"])
    assert 30 < expected < 80
    assert peak(simulation.dipoles[0]["agg"][::EVERY]) == pytest.approx(expected, abs=2.0)
    assert simulation.spikes.counts()["poisson"] == 4452
