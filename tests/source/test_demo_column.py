"""The column that the demo's recording is made of: its drives give its moment, and its cells fire plausibly often."""

import json

import numpy as np
import pytest

from mne_hnn.fit import CircuitPrior, spikes_per_cell
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.source.demo import demo_column, demo_dataset, median_nerve_waveform, read_truth, simulate_recording
from mne_hnn.source.demo.dataset import _write_truth


def test_moment_resembles_the_real_response():
    column = demo_column()
    times = np.arange(0.0, 0.1701, 1e-3)
    moment, real = (1e9 * what for what in (column.moment(times), median_nerve_waveform(times)))
    assert np.sum((moment - real) ** 2) < 0.1 * np.sum((real - real.mean()) ** 2)
    main = (times > 0.030) & (times < 0.052)
    assert moment[main].min() == pytest.approx(-30, abs=0.01)
    assert times[main][moment[main].argmin()] == pytest.approx(0.040, abs=0.0015)
    assert moment.min() > -31
    early = (times > 0.012) & (times < 0.030)
    assert 4 < moment[early].max() < 12
    assert times[early][moment[early].argmax()] == pytest.approx(0.021, abs=0.004)


def test_moment_is_zero_before_the_stimulus_and_after_the_end():
    column = demo_column()
    times = np.arange(-0.1, 0.3, 1e-4)
    moment = 1e9 * column.moment(times)
    assert not moment[times < -1e-9].any()
    assert not moment[times > 0.2].any()
    assert np.abs(np.diff(moment)).max() < 0.6  # no step
    np.testing.assert_allclose(column.moment(np.arange(201) * 1e-3), 1e-9 * column.moment_nAm, rtol=0, atol=1e-18)


def test_columns_and_spikes_are_plausible():
    column = demo_column()
    assert 10 <= column.n_columns / np.abs(column.moment_nAm).max() <= 80
    prior = CircuitPrior().spikes_in(column.spikes_window_ms)
    assert set(prior) == set(column.spikes_per_cell)
    for cell_type, spikes in prior.items():
        low, high = spikes.interval(0.9)
        assert low < column.spikes_per_cell[cell_type] < high
    assert str(column).startswith("<DemoColumn | ")
    with pytest.raises(ValueError, match="read-only"):
        column.moment_nAm[0] = 1


@pytest.mark.slow
def test_the_drives_give_the_moment_and_the_spikes():
    column = demo_column()
    network = jones_2009()
    for name, drive in column.drives.items():
        network = network.with_evoked_drive(name, **drive)
    simulation = simulate(
        network, column.tstop_ms, n_trials=column.n_trials, seed=column.seed, n_jobs=2, verbose="error"
    )
    dipole = simulation.dipole.smooth(column.smooth_ms)
    ms = np.arange(column.tstop_ms + 1)
    begin, end = column.fade_ms
    fade = 0.5 * (1 + np.cos(np.pi * np.clip((ms - begin) / (end - begin), 0, 1)))
    moment = 1e9 * column.n_columns * fade * np.interp(1e-3 * ms, dipole.times, dipole["agg"])
    np.testing.assert_allclose(moment, column.moment_nAm, rtol=0, atol=1e-3 * 30)
    for cell_type, count in spikes_per_cell(simulation, 0.0, 1e-3 * column.spikes_window_ms).types.items():
        assert count.per_cell == pytest.approx(column.spikes_per_cell[cell_type], abs=0.01)


def test_truth_holds_drives_columns_and_spikes(anatomy, tmp_path):
    column = demo_column()
    _, truth = simulate_recording(anatomy, n_epochs=1, peak_nAm=60)
    assert truth.drives == column.drives
    assert truth.n_columns == pytest.approx(2 * column.n_columns)
    np.testing.assert_allclose(truth.dipole["agg"], 2 * column.moment(truth.dipole.times))
    assert truth.spikes_per_cell == column.spikes_per_cell
    _write_truth(tmp_path, truth)
    record = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert record["n_columns"] == truth.n_columns
    again = read_truth(demo_dataset(n_epochs=2))
    assert again.drives == {name: dict(drive) for name, drive in column.drives.items()}
    assert again.n_columns == column.n_columns
    assert again.spikes_per_cell == dict(column.spikes_per_cell)
    assert again.spikes_window_ms == column.spikes_window_ms
    for drive in again.drives.values():
        assert {"location", "mu_ms", "sigma_ms", "weights_ampa", "weights_nmda"} < set(drive)
