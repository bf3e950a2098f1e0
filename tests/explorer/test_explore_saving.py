import os
import subprocess
import sys

import numpy as np
import pytest

from mne_hnn import Dipole, read_dipole
from mne_hnn.errors import ParameterError
from mne_hnn.explorer.opening import read_start
from mne_hnn.explorer.saving import pipeline_text, save_analysis, save_pictures, script_text
from mne_hnn.explorer.session import Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.fit import read_fit
from mne_hnn.io import read_hnn_network, read_network, read_simulation
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import read_config, run_pipeline


@pytest.fixture(scope="module")
def session():
    times = np.arange(0.0, 91.0)
    target = Dipole.from_nAm(times, {"agg": 30 * np.sin(times / 15)}, provenance={"area_mm2": 300.0})
    network = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    state = ExploreState(network=network, seed=3, n_trials=2).with_target(target)
    with Session(state, n_jobs=1) as opened:
        opened.wait(120)
        opened.pin("first")
        yield opened


@pytest.fixture(scope="module")
def saved(session, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "analysis"
    return folder, save_analysis(session, folder), session.answer


def test_all_of_it_is_there(saved, session):
    folder, files, answer = saved
    assert {path.name for path in folder.iterdir()} == {path.name for path in files.values()}
    assert read_network(files["network"]) == session.state.network
    assert list(read_hnn_network(files["hnn_network"]).drives) == list(session.state.network.drives)
    assert np.array_equal(read_simulation(files["simulation"]).dipole["agg"], answer.simulation.dipole["agg"])
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    svg = files["svg"].read_text()
    assert "<svg" in svg
    assert "first" in svg
    assert f"{answer.columns:.6g} columns, R²" in files["read_me"].read_text()


def test_the_script_gives_the_same_dipole(saved):
    folder, files, answer = saved
    done = subprocess.run(
        [sys.executable, files["script"]], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    repeated = read_dipole(folder / "repeated-ave.fif")
    # files of MNE have single precision
    assert np.allclose(repeated["agg"], answer.dipole["agg"], rtol=0, atol=1e-7 * np.abs(answer.dipole["agg"]).max())
    assert f"{answer.columns:.6g} columns" in done.stdout
    (folder / "repeated-ave.fif").unlink()


@pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
def test_the_analysis_gives_the_same_dipole(saved, tmp_path):
    _, files, answer = saved
    config = read_config(files["pipeline"], {"output": str(tmp_path / "results"), "fit_contributions": False})
    run_pipeline(config, steps=["target", "simulate", "fit"])
    (path,) = (tmp_path / "results").rglob("fitted-ave.fif")
    repeated = read_dipole(path)
    assert np.allclose(repeated["agg"], answer.dipole["agg"], rtol=0, atol=1e-6 * np.abs(answer.dipole["agg"]).max())
    opened = read_start(tmp_path / "results")
    assert opened.state.network == answer.state.network
    assert opened.state.columns == pytest.approx(answer.columns, rel=1e-6)
    assert (opened.state.n_trials, opened.state.seed, opened.state.tstop_ms) == (2, 3, 90.0)
    assert opened.state.area_mm2 == 300.0
    assert opened.cortex is None
    assert "no cortex to click on" in opened.notes[-1]


@pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
def test_the_analysis_keeps_a_number_of_columns_that_was_set(session, tmp_path):
    session.change(session.state.with_columns(12.0))
    answer = session.wait(120)
    files = save_analysis(session, tmp_path / "fixed")
    config = read_config(files["pipeline"], {"output": str(tmp_path / "results"), "fit_contributions": False})
    run_pipeline(config, steps=["target", "simulate", "fit"])
    (path,) = (tmp_path / "results").rglob("fit.npz")
    fit = read_fit(path)
    assert (fit.scale, fit.settings.columns) == (12.0, 12.0)
    assert fit.r_squared == pytest.approx(answer.r_squared, abs=1e-6)  # targets in files of MNE are of single precision
    assert np.allclose(fit.dipole["agg"], answer.dipole["agg"], rtol=1e-9, atol=0)
    assert read_start(tmp_path / "results").state.columns == 12.0
    session.undo()
    session.wait(120)


def test_what_was_saved_can_be_opened(saved, session):
    _, files, _ = saved
    assert read_start(files["network"]).state.network == session.state.network
    target = read_start(files["target"]).state.target
    assert np.allclose(target["agg"], session.state.target["agg"], rtol=1e-12)


def test_texts_of_other_states(session):
    state = session.state
    fixed = script_text(state.with_columns(12.0).with_smoothing(0.0))
    assert "columns = 12.0" in fixed
    assert "smooth" not in fixed
    assert "fit_scale" not in fixed
    compile(script_text(state), "repeat.py", "exec")
    assert "target_area_mm2 = 300.0" in pipeline_text(state)
    assert "fit_columns" not in pipeline_text(state)
    assert "fit_columns = 12.0" in pipeline_text(state.with_columns(12.0))


def test_a_state_without_target_names_its_command(session, tmp_path):
    before = session.state
    session.change(before.with_target(None).with_columns(7.0))
    session.wait(120)
    files = save_analysis(session, tmp_path / "alone")
    assert "pipeline" not in files
    words = files["read_me"].read_text()
    assert "network.json --set tstop=90.0 n_trials=2 smooth_ms=20.0 dipole_scale=7.0 seed=3" in words
    session.undo()
    session.wait(120)


def test_nothing_is_replaced_unasked(saved, session, tmp_path):
    folder, _, _ = saved
    with pytest.raises(ParameterError, match="holds files"):
        save_analysis(session, folder)
    save_analysis(session, folder, overwrite=True)
    with pytest.raises(ParameterError, match="There is no folder"):
        save_analysis(session, tmp_path / "none" / "deep")
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="is a file"):
        save_analysis(session, tmp_path / "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_pictures_alone(session, tmp_path):
    files = save_pictures(session, tmp_path / "pictures")
    assert {path.suffix for path in files.values()} == {".png", ".svg"}
    with pytest.raises(ParameterError, match="exists"):
        save_pictures(session, tmp_path / "pictures")
