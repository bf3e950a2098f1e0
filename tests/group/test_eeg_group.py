"""A data set of EEG alone: electrodes on a head that is taken for a sphere."""

import mne
import numpy as np
import pytest
from eeg_data import eeg_dataset

from mne_hnn import read_dipole
from mne_hnn.errors import DataError
from mne_hnn.group import GroupConfig, run_group
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.source import forward_solution

pytest.importorskip("pybv")

OPTIONS = {
    "conditions": ("detected", "missed"), "tmin": -0.2, "tmax": 0.2, "baseline": (None, -0.005), "bem": "sphere",
    "label": "postcentral-rh", "patch_radius_mm": 10.0, "spacing": "oct4", "target_tmax": 0.12, "fit": False,
    "polarity": {"latency": 0.062, "points": "down", "half_width": 0.02}, "draw_cortex": False, "n_trials": 1,
    "network": with_erp_drives(jones_2009(mesh_shape=(2, 2))), "n_resamples": 500,
}  # fmt: skip


@pytest.fixture
def root(demo, tmp_path):
    return eeg_dataset(demo, tmp_path / "eeg")


def test_electrodes_tell_the_moment(demo, root):
    result = run_group(GroupConfig(bids_root=root, **OPTIONS), n_jobs=2)
    assert not result.failed
    folder = result.output / "sub-01" / "eeg"
    for condition, truth in demo.truth()["01"].dipoles.items():
        target = read_dipole(folder / f"sub-01_task-touch_cond-{condition}_desc-target_dipole.fif")
        true = np.interp(target.times, truth.times, truth["agg"])
        assert np.corrcoef(target["agg"], true)[0, 1] > 0.99
        assert np.abs(target["agg"]).max() == pytest.approx(np.abs(true).max(), rel=0.1)
    report = result.reports[0].read_text(encoding="utf-8")
    assert "The analysis used 63 EEG electrodes" in report  # one of 64 is bad
    assert "EEG was referenced to the average of all electrodes" in report
    assert "magnetometers" not in report


def test_electrodes_that_are_nowhere(root):
    for path in [*root.glob("sub-01/eeg/*electrodes.tsv"), *root.glob("sub-01/eeg/*coordsystem.json")]:
        path.unlink()
    result = run_group(GroupConfig(bids_root=root, **OPTIONS))
    assert result.failed[0]["error"].startswith("63 of 63 EEG electrodes have no position (AF7, AF3, F1, F3, F5 and 58")
    assert "add electrodes.tsv" in result.failed[0]["error"]


def test_a_recording_without_fiducials(demo):
    info = mne.create_info(["Cz", "Pz"], 500.0, "eeg")
    for channel, place in zip(info["chs"], ((0.0, 0.0, 0.1), (0.0, -0.05, 0.09)), strict=True):
        channel["loc"][:3] = place
    options = {"subject": "sub-01", "subjects_dir": demo.subjects_dir, "bem": "sphere"}
    with pytest.raises(DataError, match="no digitised fiducials.*give trans"):
        forward_solution(info, **options)
    info["chs"][1]["loc"][:3] = 0.0
    with pytest.raises(DataError, match=r"1 of 2 EEG electrodes have no position \(Pz\)"):
        forward_solution(info, **options)
    info["bads"] = ["Pz"]
    with pytest.raises(DataError, match="no digitised fiducials"):
        forward_solution(info, **options)
