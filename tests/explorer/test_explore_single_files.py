"""Single things are written as what others read again, and taken from files without the rest of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from mne_hnn import Dipole, read_dipole
from mne_hnn.errors import DataError, DriveError, ParameterError
from mne_hnn.explorer.answer import answered
from mne_hnn.explorer.opening import with_part
from mne_hnn.explorer.single_files import SINGLE_FILES, write_single
from mne_hnn.explorer.state import ExploreState
from mne_hnn.io import (
    read_dipole_txt,
    read_hnn_network,
    read_hnn_params,
    read_network,
    read_simulation,
    read_source_course,
    write_dipole_txt,
)
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate


@pytest.fixture(scope="module")
def answer():
    times = np.arange(0.0, 41.0)
    target = Dipole.from_nAm(times, {"agg": 30 * np.sin(times / 9)})
    state = ExploreState(network=with_erp_drives(jones_2009((1, 1))), columns=20.0).with_target(target)
    simulation = simulate(state.network, tstop=40.0)
    return answered(state, simulation, number=1, kind="full", how="full column")


def close(dipole, answer, digits=1e-9):
    return np.allclose(dipole["agg"], answer.dipole["agg"], rtol=0, atol=digits * np.abs(answer.dipole["agg"]).max())


CHECKS = {
    "network": lambda path, answer: read_network(path) == answer.state.network,
    "hnn-network": lambda path, answer: list(read_hnn_network(path).drives) == list(answer.state.network.drives),
    "hnn-params": lambda path, answer: read_hnn_params(path, return_settings=True)[1].dipole_scale == 20.0,
    "simulation": lambda path, answer: close(read_simulation(path).dipole.smooth(20.0).scale(20.0), answer),
    "dipole-txt": lambda path, answer: close(read_dipole_txt(path), answer),
    "dipole": lambda path, answer: close(read_dipole(path), answer, 1e-6),
    "target": lambda path, answer: np.allclose(read_source_course(path)["agg"], answer.state.target["agg"], rtol=1e-12),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_what_is_written_is_read_again(answer, tmp_path, kind):
    path = write_single(kind, answer, None, tmp_path / "one")  # without its ending
    assert path.name == f"one{SINGLE_FILES[kind].ending}"
    assert CHECKS[kind](path, answer)
    before = path.read_bytes()
    with pytest.raises(ParameterError, match=r"exists|is there"):
        write_single(kind, answer, None, path)
    assert write_single(kind, answer, None, path, overwrite=True) == path
    assert path.read_bytes() == before


def test_a_fit_is_what_saves_itself(answer, tmp_path):
    saved = []
    fit = SimpleNamespace(save=lambda path, overwrite: saved.append((path, overwrite)))
    assert write_single("fit", answer, fit, tmp_path / "fit.npz") == tmp_path / "fit.npz"
    assert saved == [(tmp_path / "fit.npz", False)]
    assert set(SINGLE_FILES) == {*CHECKS, "fit"}


def test_what_cannot_be_written_is_said(answer, tmp_path):
    path = tmp_path / "one"
    with pytest.raises(ParameterError, match="still being simulated"):
        write_single("network", None, None, path)
    with pytest.raises(ParameterError, match="no fit to save"):
        write_single("fit", answer, None, path)
    with pytest.raises(ParameterError, match="Did you mean 'network'"):
        write_single("netwrok", answer, None, path)
    with pytest.raises(ParameterError, match="no folder"):
        write_single("network", answer, None, tmp_path / "none" / "one")
    state = answer.state.with_target(None).add_drive("evoked", "of my own")
    other = answered(state, answer.simulation, number=2, kind="full", how="full column")
    with pytest.raises(ParameterError, match="no target to save"):
        write_single("target", other, None, path)
    with pytest.raises(DriveError):
        write_single("hnn-params", other, None, path)
    assert not list(tmp_path.iterdir())


def test_only_a_part_of_a_file_is_taken(answer, tmp_path):
    state = answer.state
    other = state.with_drive("evprox1", mu_ms=33.0).network
    other.save(tmp_path / "other.json")
    taken = with_part(state, tmp_path / "other.json", "column")
    assert taken.network == other
    assert (taken.target, taken.columns, taken.tstop_ms) == (state.target, 20.0, 40.0)
    times = np.arange(0.0, 61.0)
    write_dipole_txt(Dipole.from_nAm(times, {"agg": np.sin(times / 20)}), tmp_path / "dpl.txt")
    taken = with_part(state, tmp_path / "dpl.txt", "target")
    assert taken.network == state.network
    assert taken.tstop_ms == 60.0
    assert taken.target["agg"].max() == pytest.approx(1e-9, rel=1e-3)
    with pytest.raises(DataError, match="no target: it holds a column only"):
        with_part(state, tmp_path / "other.json", "target")
    with pytest.raises(DataError, match="no column: it holds a target or dipole only"):
        with_part(state, tmp_path / "dpl.txt", "column")
    with pytest.raises(ParameterError, match="part of a file"):
        with_part(state, tmp_path / "dpl.txt", "all")
