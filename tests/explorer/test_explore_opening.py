import numpy as np
import pytest

from mne_hnn import Dipole, simulate
from mne_hnn.errors import DataError, MneHnnError
from mne_hnn.explorer.opening import MOST_TRIALS, open_session, read_start, start_network
from mne_hnn.explorer.results import results_of
from mne_hnn.io import (
    HnnSettings,
    write_dipole_txt,
    write_hnn_network,
    write_hnn_params,
    write_network,
    write_simulation,
)
from mne_hnn.network import jones_2009, with_erp_drives


@pytest.fixture(scope="module")
def network():
    return with_erp_drives(jones_2009(mesh_shape=(2, 2)))


@pytest.fixture(scope="module")
def target():
    times = np.arange(0.0, 101.0)
    return Dipole.from_nAm(times, {"agg": 30 * np.exp(-(((times - 40) / 8) ** 2))}, provenance={"area_mm2": 300.0})


def test_text_with_names_and_units(tmp_path, target):
    path = tmp_path / "course.txt"
    table = np.column_stack([target.times, target["agg"]])
    np.savetxt(path, table, header="time (s)\tmoment (A m)", comments="", delimiter="\t", fmt="%.17g")
    state = read_start(path).state
    assert np.allclose(state.target["agg"], target["agg"], rtol=1e-12)
    assert state.tstop_ms == 100.0
    assert state.network == start_network()
    assert state.columns is None


def test_text_of_hnn(tmp_path, target):
    path = tmp_path / "dpl.txt"
    write_dipole_txt(target, path, digits="hnn")
    state = read_start(path).state
    assert np.abs(state.target["agg"]).max() == pytest.approx(30e-9, rel=1e-3)


def test_a_saved_dipole(tmp_path, target):
    path = tmp_path / "target-ave.fif"
    target.save(path)
    assert np.allclose(read_start(path).state.target["agg"], target["agg"], rtol=1e-6)


@pytest.mark.parametrize("writer", [write_network, write_hnn_network])
def test_networks(tmp_path, network, writer):
    path = tmp_path / "network.json"
    writer(network, path)
    opened = read_start(path)
    assert list(opened.state.network.drives) == list(network.drives)
    assert opened.state.target is None
    assert opened.cortex is None


def test_parameters_say_how_they_are_run(tmp_path):
    path = tmp_path / "default.param"
    settings = HnnSettings(dipole_scale=3000.0, smooth_ms=30.0, tstop_ms=170.0, n_trials=10)
    write_hnn_params(with_erp_drives(jones_2009()), path, settings)
    opened = read_start(path)
    state = opened.state
    assert (state.columns, state.smooth_ms, state.tstop_ms) == (3000.0, 30.0, 170.0)
    assert state.n_trials == MOST_TRIALS
    assert "10 trials" in opened.notes[0]


def test_a_simulation(tmp_path, network):
    path = tmp_path / "simulation.npz"
    write_simulation(simulate.simulate(network, tstop=20.0, seed=5), path)
    state = read_start(path).state
    assert state.network == network
    assert (state.tstop_ms, state.seed) == (20.0, 5)


def test_a_session_with_notes(tmp_path, network):
    path = tmp_path / "simulation.npz"
    write_simulation(simulate.simulate(network, tstop=20.0, n_trials=4, seed=5), path)
    with open_session(path, n_jobs=1) as session:
        assert session.wait(120).simulation.n_trials == MOST_TRIALS
        assert "4 trials" in session.notes[0]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("picture.png", b"\x89PNG", "nothing to explore"),
        ("empty.json", b"{}", "holds no column"),
        ("broken.npz", b"PK", "simulation or fit"),
        ("words.txt", b"some words\n", "words.txt"),
        ("three.csv", b"1,2,3\n4,5,6\n7,8,9\n10,11,12\n", "three.csv"),
        ("sensors.fif", b"no fif", "sensors.fif"),
    ],
)
def test_anything_else_is_answered_in_a_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MneHnnError, match=sentence) as caught:
        read_start(path)
    assert "\n" not in str(caught.value)


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"There is no file or folder .*gone.txt"):
        read_start(tmp_path / "gone.txt")
    with pytest.raises(DataError, match="no results folder"):
        read_start(tmp_path)


def test_folders_of_several_subjects(tmp_path):
    for subject in ("sub-01", "sub-02"):
        step = tmp_path / subject / "03_target"
        step.mkdir(parents=True)
        (step / "target.json").write_text("{}")
    with pytest.raises(DataError, match="results of 2 subjects"):
        results_of(tmp_path)
    assert results_of(tmp_path / "sub-01").folder == tmp_path / "sub-01"
