"""Files that hold a column: what they are, what they are converted into, and that they run as they say."""

import json

import numpy as np
import pytest
from explained import explanation, explanations

from mne_hnn import cli
from mne_hnn.errors import ConfigError, DataError, NetworkError
from mne_hnn.io import (
    HnnSettings,
    read_dipole_txt,
    read_hnn_network,
    read_hnn_params,
    read_network,
    read_simulation,
    read_spikes_txt,
    write_hnn_network,
    write_hnn_params,
)
from mne_hnn.network import jones_2009
from mne_hnn.pipeline import convert_model, read_model, run_model
from mne_hnn.simulate import simulate

SETTINGS = HnnSettings(dipole_scale=3000.0, smooth_ms=5.0, tstop_ms=30.0, n_trials=2)


@pytest.fixture(scope="module")
def network():
    return jones_2009((2, 2), drives=True)


@pytest.fixture
def param(network, tmp_path):
    path = tmp_path / "column.param"
    write_hnn_params(network, path, SETTINGS)
    return path


def test_a_parameter_file_runs_as_it_says(param, tmp_path):
    run = run_model(param, output=tmp_path / "out")
    assert run.settings == SETTINGS
    texts = ["dipole.txt", "dipole_0.txt", "dipole_1.txt", "spikes_0.txt", "spikes_1.txt"]
    assert sorted(one.name for one in run.folder.iterdir()) == sorted([*texts, "simulation.npz", "simulation.png"])
    expected = simulate(read_hnn_params(param), tstop=30.0, n_trials=2)
    kept = read_simulation(run.archive)
    np.testing.assert_array_equal(kept.dipoles[1].data, expected.dipoles[1].data)
    assert kept.spikes == expected.spikes
    average = expected.dipole.copy().scale(3000.0).smooth(5.0)
    np.testing.assert_allclose(read_dipole_txt(run.dipoles[0]).data, average.data, rtol=1e-12, atol=1e-22)
    second = expected.dipoles[1].copy().scale(3000.0).smooth(5.0)
    np.testing.assert_allclose(read_dipole_txt(run.dipoles[2]).data, second.data, rtol=1e-12, atol=1e-22)
    again = read_spikes_txt(run.folder / "spikes_*.txt", network=expected.network, tmax=0.03)
    np.testing.assert_array_equal(again.gid, expected.spikes.gid)
    assert len(again.gid) > 4
    assert run.figure.read_bytes().startswith(b"\x89PNG")
    assert run.summary == (
        "column.param, a parameter file of HNN: 12 cells; drives: evdist1, evprox1, evprox2; 2 trials of 30 ms in "
        "steps of 0.025 ms; dipole of 3,000 columns; smoothed over 5 ms"
    )


def test_changes_go_before_what_the_file_says(param, tmp_path):
    changes = {"n_trials": 1, "tstop": 20, "dt": 0.05, "dipole_scale": 1, "smooth_ms": 0, "seed": 3}
    run = run_model(param, changes, output=tmp_path / "out")
    assert run.settings == HnnSettings(dipole_scale=1.0, smooth_ms=0.0, tstop_ms=20.0, dt_ms=0.05, n_trials=1)
    expected = simulate(read_hnn_params(param), tstop=20.0, dt=0.05, seed=3)
    np.testing.assert_array_equal(run.simulation.dipole.data, expected.dipole.data)
    assert [one.name for one in run.dipoles] == ["dipole.txt"]


@pytest.mark.parametrize("kind", ["hnn", "mne-hnn"])
def test_network_files_run_as_long_as_their_drives_act(network, tmp_path, kind):
    late = network.only_cells().with_evoked_drive(
        "late", location="proximal", mu_ms=135.0, sigma_ms=10.0, weights_ampa={"L5_pyramidal": 0.02}
    )
    late = late.with_connections(*network.connections)
    path = tmp_path / "late.json"
    if kind == "hnn":
        write_hnn_network(late, path)
    else:
        late.save(path)
    model = read_model(path)
    assert model.network == late
    assert model.settings is None
    run = run_model(path, {"dt": 0.05}, output=tmp_path / "out")
    assert run.settings == HnnSettings(dipole_scale=1.0, smooth_ms=0.0, tstop_ms=215.0, dt_ms=0.05)
    assert run.summary.endswith("(the file says no duration, scale or trials)")


def test_what_is_there_is_not_overwritten_by_chance(param, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = run_model(param, {"n_trials": 1})
    assert run.folder.as_posix() == "mne_hnn_results/column"
    before = run.archive.read_bytes()
    with pytest.raises(ConfigError, match=r"holds simulation.png already: choose another folder .--output., or overw"):
        run_model(param, {"n_trials": 1, "seed": 1})
    assert run.archive.read_bytes() == before
    run_model(param, {"n_trials": 1, "seed": 1}, overwrite=True)
    assert run.archive.read_bytes() != before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tsop": 3}, "Unknown setting 'tsop' of a run: .* Did you mean 'tstop'?"),
        ({"n_trials": 0}, "n_trials must be"),
        ({"smooth_ms": 40}, "smooth_ms of 40 ms is not shorter than the run of 30 ms"),
        ({"seed": -1}, "seed must be"),
        ({"dipole_scale": "large"}, "dipole_scale must be"),
    ],
)
def test_changes_that_cannot_be(param, tmp_path, changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        run_model(param, changes, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_simulations_and_fits_hold_columns(network, tmp_path):
    simulate(network, tstop=5.0).save(tmp_path / "run.npz")
    model = read_model(tmp_path / "run.npz")
    assert (model.kind, model.network) == ("simulation", network)
    np.savez(tmp_path / "other.npz", content=np.array("{}"))
    with pytest.raises(DataError):
        read_model(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"object_type": "Network", "cell_types": {', "does not hold whole JSON"),
        ('{"object_type": "Network"}', "is no network file of HNN"),
        (
            '{"object_type": "Network", "cell_types": {}, "gid_ranges": {}}',
            "damaged, or of a version that is not known",
        ),
        ('{"format": "mne_hnn network", "schema": 99}', "schema 99, and this version of mne_hnn reads schemas up to 1"),
        ('{"format": "something"}', "is no network: its format is 'something'"),
        ('{"stage": "fit"}', "holds no column: it is neither a network file nor a parameter file of HNN"),
        ("[1, 2]", "is no parameter file of HNN: line 1"),
        ("once upon a time", "is no parameter file of HNN: line 1"),
        ("", "is no parameter file of HNN"),
    ],
)
def test_what_holds_no_column_is_told_in_a_sentence(tmp_path, text, sentence, capsys):
    path = tmp_path / "given.json"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_model(path)
    assert cli.main(["run", str(path), "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("mne-hnn: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert cli.main(["run", str(tmp_path / "none.param")]) == 1
    assert capsys.readouterr().err == f"mne-hnn: There is no file {tmp_path / 'none.param'}: check the path.\n"


def test_fits_and_the_first_of_explanations(tmp_path):
    explained = explanations(explanation())
    explained.save(tmp_path / "explanations.npz")
    explained.first.fit.save(tmp_path / "fit.npz")
    fitted = explained.first.network
    for name, kind in (("explanations.npz", "file of explanations"), ("fit.npz", "fit")):
        model = read_model(tmp_path / name)
        assert (model.kind, model.network) == (kind, fitted)
        convert_model(tmp_path / name, tmp_path / "hnn.json", overwrite=True)
        assert read_hnn_network(tmp_path / "hnn.json") == fitted


# conversion


def test_files_are_converted_both_ways(network, param, tmp_path):
    convert_model(param, tmp_path / "hnn.json")
    assert read_hnn_network(tmp_path / "hnn.json") == read_hnn_params(param)
    convert_model(tmp_path / "hnn.json", tmp_path / "ours.json")
    assert read_network(tmp_path / "ours.json") == read_hnn_params(param)
    convert_model(tmp_path / "ours.json", tmp_path / "again.param")
    assert read_hnn_params(tmp_path / "again.param") == read_hnn_params(param)
    convert_model(param, tmp_path / "settings.json", "hnn-params")
    assert read_hnn_params(tmp_path / "settings.json", return_settings=True)[1] == SETTINGS
    convert_model(tmp_path / "hnn.json", tmp_path / "same.json", "hnn")
    assert json.loads((tmp_path / "same.json").read_text()) == json.loads((tmp_path / "hnn.json").read_text())


def test_conversions_that_cannot_be(network, param, tmp_path):
    with pytest.raises(ConfigError, match=r"out.txt must end with .json"):
        convert_model(param, tmp_path / "out.txt")
    with pytest.raises(ConfigError, match="Unknown format 'hn'"):
        convert_model(param, tmp_path / "out.json", "hn")
    with pytest.raises(ConfigError, match="ends as parameter files do"):
        convert_model(param, tmp_path / "out.param", "hnn")
    network.with_electrodes("shank", (9.0, 9.0, 9.0)).save(tmp_path / "ours.json")
    with pytest.raises(NetworkError, match="cannot hold electrodes"):
        convert_model(tmp_path / "ours.json", tmp_path / "out.param")
    assert not (tmp_path / "out.param").exists()


def test_the_commands(param, tmp_path, capsys):
    folder = tmp_path / "out"
    words = ["run", str(param), "--output", str(folder), "--set", "n_trials=1", "--set", "tstop=10", "--n-jobs", "1"]
    assert cli.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 trial of 10 ms" in next(
        line for line in lines if line.startswith("column.param, a parameter file of HNN")
    )
    assert lines[-2:] == [f"Figure: {folder / 'simulation.png'}", f"Results: {folder}"]
    assert cli.main(words) == 1
    assert "holds simulation.png already" in capsys.readouterr().err
    assert cli.main([*words, "--force"]) == 0
    capsys.readouterr()
    assert cli.main(["run", str(param), "--steps", "fit"]) == 1
    assert "--steps is for an analysis; " in capsys.readouterr().err
    new = tmp_path / "hnn.json"
    assert cli.main(["convert", str(param), str(new)]) == 0
    assert capsys.readouterr().out == f"{new}: the column of {param} (parameter file of HNN)\n"
    assert cli.main(["convert", str(param), str(new)]) == 1
    assert capsys.readouterr().err == f"mne-hnn: {new} exists: choose another name, or replace it (--force).\n"
    assert cli.main(["convert", str(param), str(new), "--force", "--format", "mne-hnn"]) == 0
    assert read_network(new) == read_hnn_params(param)
