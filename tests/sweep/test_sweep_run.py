"""Points are simulated once, with names of one's own, trials and seeds; one that fails is a row."""

import numpy as np
import pytest
from sweeps import L5P, MU, SHORT, WEIGHTS, column, quiet, small, spike_count, unstable

from mne_hnn.errors import ParameterError
from mne_hnn.network import set_values
from mne_hnn.parallel import workers
from mne_hnn.simulate import SimulationSettings, simulate
from mne_hnn.sweep import read_sweep, run_sweep
from mne_hnn.sweep import run as sweep_run
from mne_hnn.sweep.plan import network_key, told_settings


def drive_by_name(network, values):
    """What a user's script has: names of its own."""
    return network.with_drive_changes("evprox", mu_ms=float(values["onset"] + values["late"]))


def test_apply_takes_names_of_ones_own(tmp_path):
    grid = {"onset": [1, 2], "late": [0.5, 1.5]}
    result = quiet(small(), grid, apply=drive_by_name, tstop=SHORT, summary=spike_count, folder=tmp_path)
    assert [point["onset"] for point in result.points] == [1, 1, 2, 2]
    for one in (result, read_sweep(tmp_path, verbose="error")):
        for k, point in enumerate(one.points):
            network = small().with_drive_changes("evprox", mu_ms=point["onset"] + point["late"])
            assert one.network_of(k) == network
            alone = simulate(network, SHORT, verbose="error")
            assert one.dipole(k).data.tobytes() == alone.dipole.data.tobytes()
            assert one.summaries["spike_count"][k] == len(alone.spikes)


def test_texts_are_values_too(tmp_path):
    def strength(network, values):
        return set_values(network, {WEIGHTS + L5P: {"weak": 1e-4, "strong": 1e-2}[values["drive"]]})

    result = quiet(small(), {"drive": ["weak", "strong"]}, apply=strength, tstop=SHORT, folder=tmp_path)
    assert result.parameters["drive"].tolist() == ["weak", "strong"]
    assert read_sweep(tmp_path).select({"drive": "strong"}).numbers == (1,)
    assert np.abs(result.dipole(1)["L5"]).max() > 10 * np.abs(result.dipole(0)["L5"]).max() > 0


@pytest.mark.parametrize("kept", ["memory", "folder"])
def test_a_network_that_fails_is_a_row(tmp_path, kept):
    folder = tmp_path if kept == "folder" else None
    result = quiet(small(), {"bias": [0, 1, 2]}, apply=unstable, tstop=SHORT, summary="extrema", folder=folder)
    assert result.status == ("ok", "failed", "ok")
    assert list(result.failed) == [1]
    assert "unstable" in result.failed[1]
    assert np.isnan(result.summaries["peak"]).tolist() == [False, True, False]
    assert result.dipoles[1] is None
    assert [one is None for one in result.dipoles] == [False, True, False]
    assert result.network_of(1) == unstable(small(), {"bias": 1})
    with pytest.raises(ParameterError, match=r"Point 1 \(bias = 1\) has no simulation"):
        result.dipole(1)
    if kept == "folder":
        line = (tmp_path / "sweep.tsv").read_text().splitlines()[2].split("\t")
        assert line[:3] == ["1", "1", "n/a"]
        assert line[6] == "failed"
        assert "unstable" in line[7]


def test_equal_points_are_simulated_once(monkeypatch):
    seen = []

    def spy(networks, **options):
        seen.extend(networks)
        return real(networks, **options)

    real = sweep_run.run_networks
    monkeypatch.setattr(sweep_run, "run_networks", spy)
    result = quiet(small(), {MU: [2.0, 3.0, 2.0]}, tstop=SHORT, summary="extrema")
    assert len(seen) == 2
    assert result.summaries["peak"][0] == result.summaries["peak"][2]
    assert len(result) == 3


def test_threads_count_and_one_is_as_ever():
    """The dipole depends on them in its last bits: keys and descriptions tell them, but for the usual one."""
    one, two = (told_settings(SimulationSettings(tstop=SHORT, engine="neuron", n_threads=n), ()) for n in (1, 2))
    assert list(one) == ["tstop", "dt", "n_trials", "seed", "baseline", "engine", "keep", "record"]
    assert {**one, "n_threads": 2} == two
    assert network_key(small(), one) != network_key(small(), two)


def test_settings_of_another_type_and_keywords_of_before():
    with pytest.raises(ParameterError, match=r"settings must be SimulationSettings, such as .*tstop=12.*, got 12.0\."):
        run_sweep(small(), {MU: [1.0]}, SHORT)
    with pytest.raises(TypeError, match="unexpected keyword argument 'tstop'"):
        run_sweep(small(), {MU: [1.0]}, tstop=SHORT)


def test_trials_and_seeds():
    network = column((1, 1), mu_ms=3.0, sigma_ms=1.0)
    result = quiet(network, {WEIGHTS + L5P: [1e-3, 2e-3]}, tstop=SHORT, n_trials=2, seed=5, keep=("dipole", "spikes"))
    for k, weight in enumerate([1e-3, 2e-3]):
        changed = set_values(network, {WEIGHTS + L5P: weight})
        alone = simulate(changed, SHORT, n_trials=2, seed=5, verbose="error")
        assert result.dipole(k).data.tobytes() == alone.dipole.data.tobytes()
        assert result.dipole(k).nave == 2
        assert result.dipole(k, trial=1).data.tobytes() == alone.dipoles[1].data.tobytes()
        assert result.spikes(k) == alone.spikes
    drives = [result.spikes(k).select(cell_types="evprox").time.tolist() for k in range(2)]
    assert drives[0] == drives[1]  # all points see the same draws


def with_shank(network, values):
    """Electrodes that a sweep moves; none at a depth of 0."""
    if not values["depth"]:
        return network
    return network.with_electrodes("shank", [(40.0, 25.0, float(values["depth"] + step)) for step in (0, 300)])


def test_electrodes_may_be_those_of_the_points_alone():
    result = quiet(small(), {"depth": [100.0, 400.0]}, apply=with_shank, tstop=SHORT, keep="lfp")
    for k, depth in enumerate((100.0, 400.0)):
        alone = simulate(with_shank(small(), {"depth": depth}), SHORT, verbose="error")
        np.testing.assert_array_equal(result.lfp(k)["shank"].get_data(), alone.lfp["shank"].get_data())
    with pytest.raises(ParameterError, match=r"keep='lfp' .* that of point 1 \(depth = 0\) has none"):
        run_sweep(small(), {"depth": [100.0, 0.0]}, apply=with_shank, keep="lfp")


def test_what_is_not_recorded_is_not_kept():
    grid = {MU: [5.0]}
    with pytest.raises(ParameterError, match="keep='recordings' needs record to say what"):
        run_sweep(small(), grid, keep="recordings")
    with pytest.raises(ParameterError, match="keep='lfp' needs a network with electrodes"):
        run_sweep(small(), grid, keep="lfp")


def test_interrupted_workers_leave_what_was_done(tmp_path):
    """A summary is no place to be interrupted in silence: Ctrl-C ends the sweep, what is done stays."""
    calls = []

    def interrupt(simulation):
        calls.append(simulation)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt):
        quiet(small(), {MU: [1.0, 2.0, 3.0]}, tstop=SHORT, summary=interrupt, n_jobs=2, folder=tmp_path)
    assert read_sweep(tmp_path, verbose="error").status.count("ok") == 1
    assert workers.pool(2).pids() == []
