"""What must make a result out of date, does; what must not, does not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest

from mne_hnn import Dipole, read_dipole
from mne_hnn.errors import ConfigError, ParameterError
from mne_hnn.fit import fit_scale
from mne_hnn.fit.files import read_fit
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import Config, run_pipeline
from mne_hnn.pipeline.identity import described, recording_files
from mne_hnn.pipeline.values import chosen_subjects, option_value
from mne_hnn.source.demo import demo_response


@pytest.fixture
def evoked():
    info = mne.create_info(["MEG 0111", "MEG 0121"], 100.0, "mag", verbose="error")
    return mne.EvokedArray(np.arange(40.0).reshape(2, 20), info, tmin=-0.1, nave=10, verbose="error")


@pytest.fixture
def raw():
    info = mne.create_info(["MEG 0111", "STI 014"], 100.0, ["mag", "stim"], verbose="error")
    return mne.io.RawArray(np.ones((2, 1000)), info, verbose="error")


CHANGES = {
    "bads": lambda one: one.info["bads"].append("MEG 0111"),
    "nave": lambda one: setattr(one, "nave", 3),
    "times": lambda one: one.shift_time(0.01),
    "name": lambda one: setattr(one, "comment", "other"),
    "samples": lambda one: one.data.__setitem__((0, 0), 7.0),
    "baseline": lambda one: one.apply_baseline((None, 0), verbose="error"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_average_is_more_than_its_samples(evoked, change):
    before = described(evoked)
    assert described(evoked.copy()) == before
    CHANGES[change](evoked)
    assert described(evoked) != before


def test_annotations_and_events_count(raw):
    before = described(raw)
    assert described(raw.copy()) == before
    raw.set_annotations(mne.Annotations([1.0], [0.5], ["bad_blink"]))
    assert described(raw) != before
    events = np.array([[100, 0, 1], [300, 0, 2]])
    epochs = mne.Epochs(raw, events, {"a": 1, "b": 2}, 0, 0.1, baseline=None, preload=True, verbose="error")
    renamed = epochs.copy()
    renamed.event_id = {"a": 1, "c": 2}
    assert described(renamed) != described(epochs)


def test_operators_and_networks(evoked):
    one, other = np.eye(2), np.eye(2) * 2
    covs = [mne.Covariance(data, evoked.ch_names, [], [], 10) for data in (one, one.copy(), other)]
    assert described(covs[0]) == described(covs[1]) != described(covs[2])
    network = with_erp_drives(jones_2009((2, 2)))
    assert described(network) == described(with_erp_drives(jones_2009((2, 2)))) != described(jones_2009((2, 2)))


def test_every_part_of_a_split_recording(raw, tmp_path):
    for name in ("x_raw.fif", "x_raw-1.fif", "x_raw-2.fif", "y_raw.fif"):
        (tmp_path / name).write_text(name)
    assert [path.name for path in recording_files(tmp_path / "x_raw.fif")] == [
        "x_raw.fif", "x_raw-1.fif", "x_raw-2.fif"
    ]  # fmt: skip


def test_what_bids_keeps_beside_a_recording(tmp_path):
    mne_bids = pytest.importorskip("mne_bids")
    folder = tmp_path / "sub-01" / "meg"
    folder.mkdir(parents=True)
    stem = "sub-01_task-touch"
    for name in ("meg.fif", "channels.tsv", "events.tsv", "meg.json"):
        (folder / f"{stem}_{name}").write_text(name)
    (folder / "sub-01_coordsystem.json").write_text("{}")
    path = mne_bids.BIDSPath(subject="01", task="touch", suffix="meg", datatype="meg", extension=".fif", root=tmp_path)
    names = {one.name for one in recording_files(path)}
    assert names == {f"{stem}_{name}" for name in ("meg.fif", "channels.tsv", "events.tsv", "meg.json")} | {
        "sub-01_coordsystem.json"
    }


def test_bids_paths_and_runs(tmp_path):
    mne_bids = pytest.importorskip("mne_bids")
    runs = [
        mne_bids.BIDSPath(
            subject="01", session="a", task="touch", run=run, processing="clean", suffix="epo", datatype="meg",
            extension=".fif", root=tmp_path, check=False,
        )
        for run in ("01", "02")
    ]  # fmt: skip
    (first, second) = described(runs)
    assert first != second
    assert json.loads(json.dumps(first)) == first
    again = mne_bids.BIDSPath(**second["BIDSPath"])
    assert again.fpath == runs[1].fpath
    assert again.check is False
    folder = tmp_path / "sub-01" / "ses-a" / "meg"
    folder.mkdir(parents=True)
    for run in runs:
        run.fpath.write_text("")
    assert {one.name for one in recording_files(runs)} == {run.fpath.name for run in runs}
    paths = [folder / run.basename for run in runs]
    assert list(recording_files(paths)) == paths

    config = Config(data=runs, label="x", network=jones_2009((2, 2)), subjects=("01", "02"))
    assert [one.subject for one in option_value(config, "data", "02")] == ["02", "02"]
    assert [one.run for one in option_value(config, "data", "02")] == ["01", "02"]
    assert [one.subject for one in runs] == ["01", "01"]
    assert chosen_subjects(config, None) == ("01", "02")
    plain = replace(config, data=("{subject}_run-1_raw.fif", "{subject}_run-2_raw.fif"))
    assert option_value(plain, "data", "02") == ("02_run-1_raw.fif", "02_run-2_raw.fif")
    assert chosen_subjects(plain, None) == ("01", "02")
    with pytest.raises(ConfigError, match="2 subjects, but one recording"):
        chosen_subjects(replace(config, data=["{subject}_run-1_raw.fif", "02_raw.fif"]), None)
    with pytest.raises(ConfigError, match="data is not set"):
        replace(config, data=[])
    with pytest.raises(ConfigError, match=r"condition must be a name \(str\) or number \(int\), or several, got 1.5"):
        replace(config, condition=["left", 1.5])
    assert replace(config, condition=["left", 2], events=["a-eve.fif", np.zeros((1, 3), int)]).condition == ["left", 2]


def test_runs_go_through_the_pipeline(raw, tmp_path):
    """What one more run changes makes the response out of date."""
    data = np.vstack([np.random.default_rng(1).standard_normal(1000) * 1e-13, np.zeros(1000)])
    data[1, 100::200] = 1
    folder = tmp_path / "in"
    folder.mkdir()
    for run in (1, 2):
        mne.io.RawArray(data, raw.info, verbose="error").save(folder / f"{run}_raw.fif", verbose="error")
    paths = [folder / "1_raw.fif", folder / "2_raw.fif"]
    config = Config(data=paths, event_id=1, channel_types="mag", label="x", network=jones_2009((2, 2)), output=tmp_path)
    assert ran(config, "load") == ("load",)
    assert ran(config, "load") == ()
    sidecar = json.loads((tmp_path / "sub-01" / "01_load" / "load.json").read_text())
    assert (sidecar["facts"]["runs"], sidecar["facts"]["epochs"], sidecar["facts"]["kind"]) == (2, 10, "raw data")
    assert sidecar["facts"]["channels"] == {"mag": 1}
    assert {Path(one["path"]).name for one in sidecar["files"]} == {"1_raw.fif", "2_raw.fif"}
    data[0] *= 2
    mne.io.RawArray(data, raw.info, verbose="error").save(paths[1], overwrite=True, verbose="error")
    assert ran(config, "load") == ("load",)


@pytest.fixture(scope="module")
def average(anatomy):
    evoked, noise_cov, _ = demo_response(seed=1)
    keep = [name for number, name in enumerate(evoked.ch_names) if number // 3 % 5 == 0]  # whole triplets
    return evoked.pick(keep), noise_cov.pick_channels(keep)


@pytest.fixture
def config(dataset, average, tmp_path):
    """Of an average, with anatomy of its own that a test may change."""
    shutil.copytree(dataset.subjects_dir, tmp_path / "subjects")
    evoked, noise_cov = average
    return Config(
        data=evoked, noise_cov=noise_cov, subjects_dir=tmp_path / "subjects",
        fs_subject="01", label="postcentral-rh", patch_radius_mm=10.0, patch_latency=0.04, spacing="ico3", bem="sphere",
        network=with_erp_drives(jones_2009((2, 2))), n_trials=1, fit=False, output=tmp_path / "out", draw_cortex=False,
    )  # fmt: skip


def ran(config, *steps):
    return run_pipeline(config, steps=list(steps))[0].ran


SOURCE = ("load", "inverse", "target")


def test_anatomy_that_changed(config, tmp_path):
    assert ran(config, *SOURCE) == SOURCE
    assert ran(config, *SOURCE) == ()
    folder = tmp_path / "subjects" / "01"
    annotation = folder / "label" / "rh.aparc.annot"
    shutil.copy(folder / "label" / "rh.aparc.a2009s.annot", tmp_path / "other")
    annotation.write_bytes(annotation.read_bytes() + b" ")
    assert ran(config, *SOURCE) == ("target",)
    points, triangles = mne.read_surface(folder / "surf" / "lh.white")
    mne.write_surface(folder / "surf" / "lh.white", points * 0.99, triangles, overwrite=True)
    assert "inverse" in ran(config, *SOURCE)


def test_another_folder_of_subjects(config, tmp_path, monkeypatch):
    from_environment = replace(config, subjects_dir=None)
    monkeypatch.setenv("SUBJECTS_DIR", str(tmp_path / "subjects"))
    assert ran(from_environment, *SOURCE) == SOURCE
    shutil.copytree(tmp_path / "subjects", tmp_path / "others")
    monkeypatch.setenv("SUBJECTS_DIR", str(tmp_path / "others"))
    assert "inverse" in ran(from_environment, *SOURCE)


def test_steps_do_not_mix_configurations(config):
    everything = (*SOURCE, "simulate", "fit", "sensors")
    assert ran(config, *everything) == everything
    other = replace(config, network=with_erp_drives(jones_2009((3, 3))))
    with pytest.raises(ConfigError, match="'report' needs the results of step 'simulate' for this configuration"):
        run_pipeline(other, steps="report")
    with pytest.raises(ConfigError, match="'target' needs the results of step 'load'"):
        run_pipeline(replace(config, tmin=-0.15), steps=["target"])
    (result,) = run_pipeline(replace(config, decim=2), steps="load")
    assert set(result.outputs) == {"load"}
    assert result.report is None


def test_an_average_without_noise_covariance_goes_all_the_way(config):
    (result,) = run_pipeline(replace(config, noise_cov=None))
    assert result.report.exists()
    evoked = mne.read_evokeds(result.outputs["sensors"]["predicted"], condition=0, verbose="error")
    assert np.abs(evoked.data).max() > 1e-14


def test_without_a_fit_only_the_scale_is_found(config):
    (result,) = run_pipeline(config)
    fit = read_fit(result.outputs["fit"]["result"])
    facts = json.loads((result.folder / "05_fit" / "fit.json").read_text())["facts"]
    target, simulated = (
        read_dipole(result.outputs[one][two]) for one, two in (("target",) * 2, ("simulate", "dipole"))
    )
    scale, r_squared = fit_scale(simulated.smooth(config.smooth_ms), target)
    assert facts["scale"] == pytest.approx(scale, rel=1e-5)
    assert facts["r_squared"] == facts["search_r_squared"] == pytest.approx(r_squared, abs=1e-5)
    assert (facts["fitted"], facts["columns_prior"], facts["warnings"]) == (False, None, [])
    assert {name: one["mu_ms"] for name, one in facts["drives"].items()} == {
        name: drive.mu_ms for name, drive in config.network.drives.items()
    }
    assert (fit.kind, fit.estimates, len(fit.evaluations)) == ("none", (), 1)
    assert fit.network == fit.start_network == config.network
    text = result.report.read_text(encoding="utf-8")
    assert "Simulated and measured dipole" in text
    assert "Convergence" not in text
    assert "(drives as configured)" in text


def test_a_fit_may_start_from_the_drives_of_the_network(config):
    changes = {"fit": True, "fit_drives": "network", "fit_evaluations": 3, "fit_trials": 1, "fit_final_trials": 2}
    (result,) = run_pipeline(replace(config, seed=7, **changes), steps=[*SOURCE, "simulate", "fit"])
    fit = read_fit(result.outputs["fit"]["result"])
    assert len(fit.evaluations) == 3
    assert list(fit.network.drives) == list(config.network.drives)
    assert fit.evaluations[0].values["drives.evprox1.mu_ms"] == config.network.drives["evprox1"].mu_ms
    assert (fit.settings.seed, fit.settings.fresh_seed) == (7, 8)
    assert fit.scores.search_loss <= fit.scores.start_loss
    assert fit.scores.search_loss == pytest.approx(min(one.loss for one in fit.evaluations), rel=0.05)


def test_arbitrary_units_go_all_the_way(config):
    (result,) = run_pipeline(replace(config, amplitude="arbitrary", method="dSPM", mode="mean_flip"))
    target = Dipole(*_read(result, "target", "target"), ("agg",))
    assert np.abs(target["agg"]).max() == pytest.approx(1.0)
    assert "arbitrary" in result.report.read_text(encoding="utf-8")


def _read(result, stage, name):
    dipole = read_dipole(result.outputs[stage][name])
    return dipole["agg"], dipole.times


def test_a_template_is_scaled_among_the_results(config, tmp_path):
    before = sorted(path.name for path in (tmp_path / "subjects").iterdir())
    (result,) = run_pipeline(replace(config, template="01", fs_subject="nobody"), steps=SOURCE)
    assert sorted(path.name for path in (tmp_path / "subjects").iterdir()) == before
    scaled = result.folder / "02_inverse" / "subjects"
    assert [path.name for path in scaled.iterdir()] == ["01_scaled_01"]
    assert (scaled / "01_scaled_01" / "surf" / "rh.white").exists()


def test_subjects_need_recordings_of_their_own(config, tmp_path):
    with pytest.raises(ConfigError, match=r"2 subjects, but one recording: write \{subject\}"):
        run_pipeline(replace(config, subjects=("01", "02")))
    with pytest.raises(ConfigError, match="A subject must be a plain name"):
        run_pipeline(replace(config, subjects=("a/b",)))
    (result,) = run_pipeline(config, subjects="07", steps="load")
    assert result.subject == "07"


def test_home_folder_and_braces(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (result,) = run_pipeline(replace(config, output="~/results"), steps="load")
    assert result.folder == tmp_path / "results" / "sub-01"
    with pytest.raises(Exception, match=r"There is no file .*01/\{task\}\.fif"):
        run_pipeline(replace(config, data="~/{subject}/{task}.fif"), steps="load")


def test_a_data_set_and_a_source_space_of_one_s_own(dataset, tmp_path):
    config = Config(
        dataset="demo", label="postcentral-rh", network=jones_2009((2, 2)), spacing="ico2", bem="sphere",
        trans=dataset.root / "derivatives" / "sub-01" / "sub-01_task-somato-trans.fif", output=tmp_path,
    )  # fmt: skip
    (result,) = run_pipeline(config, steps=["load", "inverse"])
    forward = mne.read_forward_solution(result.outputs["inverse"]["forward"], verbose="error")
    assert forward["nsource"] <= 2 * 162
    with pytest.raises(ConfigError, match="data and dataset are both set"):
        run_pipeline(replace(config, data="x_raw.fif"))


def test_missing_packages_are_found_before_the_work(config, monkeypatch):
    from mne_hnn.viz import brain

    monkeypatch.setattr(brain, "find_spec", lambda name: None if name == "trame" else object())
    with pytest.raises(ParameterError, match=r"\(trame\): pip install 'mne-hnn\[report\]', or go without"):
        run_pipeline(replace(config, draw_cortex=True))
    assert not config.output.exists()
    assert ran(replace(config, draw_cortex=True), "load") == ("load",)
