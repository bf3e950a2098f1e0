"""A whole group on a small column: jobs, derivatives, what failed, what is repeated, what is not run again."""

import hashlib
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mne
import numpy as np
import pytest

from mne_hnn import cli, read_dipole
from mne_hnn.errors import CacheError, ConfigError, DataError, StageError
from mne_hnn.fit import read_fit
from mne_hnn.group import GroupConfig, job_config, rerun, run_group
from mne_hnn.group.export import LOCK_FILES
from mne_hnn.group.job import Job
from mne_hnn.group.job_config import _matching
from mne_hnn.io import read_network
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline.lock import folder_lock

OPTIONS = {
    "conditions": ("detected", "missed"), "tmin": -0.2, "tmax": 0.2, "baseline": (None, -0.005),
    "label": "postcentral-rh", "patch_radius_mm": 10.0, "spacing": "oct4", "target_tmax": 0.12,
    "polarity": {"latency": 0.062, "points": "down", "half_width": 0.02, "name": "deflection of the distal drive"},
    "network": with_erp_drives(jones_2009(mesh_shape=(2, 2))), "fit_trials": 1, "n_trials": 1, "fit_final_trials": 2,
    "n_resamples": 500, "draw_cortex": False, "name": "touch", "fit_regimes": ("silent",),
}  # fmt: skip


def config_of(demo, output, **changes):
    return GroupConfig(
        **{**OPTIONS, "bids_root": demo.bids_root, "subjects_dir": demo.subjects_dir, "output": output, **changes}
    )


@pytest.fixture(scope="module")
def ran(demo, tmp_path_factory):
    config = config_of(demo, tmp_path_factory.mktemp("group") / "derivatives" / "mne-hnn")
    return config, run_group(config, n_jobs=2)


def results_of(folder):
    """Return the hashes of everything but reports (they carry a date), records (they carry times) and locks."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "report." not in path.name and path.name not in LOCK_FILES:
            content = path.read_bytes()
            if path.suffix == ".json" and (b'"seconds"' in content or b'"StepSidecar' in content):
                told = json.loads(content)
                outputs = {name: one for name, one in told.get("outputs", {}).items() if name != "report"}
                content = json.dumps([outputs, told.get("SHA256"), told.get("Step")]).encode()
            content = content.replace(str(folder).encode(), b"")
            found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def test_everybody_who_can_be_is_fitted(ran):
    _, result = ran
    assert len(result.jobs) == 6
    assert [(job["subject"], job["condition"]) for job in result.failed] == [("03", "detected"), ("03", "missed")]
    assert all(job["step"] == "load" for job in result.failed)
    assert all("ends too early: the file is cut off or damaged" in job["error"] for job in result.failed)
    assert result.ran >= 7


def test_all_have_the_same_drives(ran):
    _, result = ran
    names = set()
    for subject in ("01", "02"):
        for condition in ("detected", "missed"):
            fit = read_fit(
                result.output / f"sub-{subject}" / "meg"
                / f"sub-{subject}_task-touch_cond-{condition}_desc-fit_result.npz"
            )  # fmt: skip
            assert fit.r_squared > 0.5  # the truth fires, and the columns of the first condition are kept
            names.add(tuple(one.path for one in fit.estimates if one.path.endswith("mu_ms")))
    assert len(names) == 1


def test_what_conditions_share_was_found_once(ran, demo):
    _, result = ran
    stem = result.output / "sub-01" / "meg" / "sub-01_task-touch_cond-{}_desc-target_label-rh.label"
    labels = [mne.read_label(str(stem).format(condition)).vertices for condition in ("detected", "missed")]
    np.testing.assert_array_equal(*labels)
    targets = {
        condition: read_dipole(
            result.output / "sub-01" / "meg" / f"sub-01_task-touch_cond-{condition}_desc-target_dipole.fif"
        )
        for condition in ("detected", "missed")
    }
    for condition, target in targets.items():
        truth = demo.truth()["01"].dipoles[condition]
        assert np.corrcoef(target["agg"], np.interp(target.times, truth.times, truth["agg"]))[0, 1] > 0.97


def test_a_subject_without_mri_has_a_scaled_template_and_it_is_said(ran):
    _, result = ran
    report = result.reports[0].read_text(encoding="utf-8")
    assert "fsaverage" in report
    rows = [line.split("\t") for line in (result.output / "participants.tsv").read_text().splitlines()]
    table = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert set(table) == {"sub-01", "sub-02", "sub-03"}
    assert table["sub-02"]["anatomy"] == "fsaverage"
    assert table["sub-01"]["anatomy"] == "own"
    assert [table[f"sub-0{k}"]["coregistration"] for k in (1, 2, 3)] == ["landmarks", "template", "n/a"]
    assert "aligned by the anatomical landmarks of the data set (in 2 of 4 analyses)" in report
    assert table["sub-03"]["status"] == "failed"
    assert "cut off or damaged" in table["sub-03"]["error"]
    assert set(json.loads((result.output / "participants.json").read_text())) >= set(rows[0]) - {"participant_id"}


def test_the_derivatives_are_valid_bids(ran):
    _, result = ran
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if validator is None:
        pytest.skip("needs bids-validator-deno")
    done = subprocess.run([validator, "--json", result.output], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue.get("severity") == "error"] == []
    description = json.loads((result.output / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "mne_hnn"
    assert description["SourceDatasets"][0]["URL"].startswith("file:///")


def test_every_file_leads_to_its_inputs(ran):
    _, result = ran
    folder = result.output / "sub-01" / "meg"
    sidecars = sorted(folder.glob("*_desc-*.json"))
    assert len(sidecars) == 2 * 8  # six files, the parameters, and the network
    for path in sidecars:
        if path.name.endswith("_network.json"):
            assert read_network(path).n_cells > 0
            continue
        told = json.loads(path.read_text())
        step = json.loads((path.parent / told["StepSidecar"]).read_text())
        assert step["stage"] == told["Step"]
        raw = [one for one in told["Sources"] if one["Path"].endswith("sub-01_task-touch_meg.fif")]
        assert raw
        assert hashlib.sha256(Path(raw[0]["Path"]).read_bytes()).hexdigest() == raw[0]["SHA256"]
        if told["Step"] == "fit":
            assert set(told["Mechanisms"]) == {"key", "variant"}
            assert told["Seeds"] == {"seed": 1, "fresh_seed": 2}
            assert told["Versions"]["mne"] == mne.__version__
        for name in path.parent.glob(f"{path.stem}.*"):
            if name.suffix in (".fif", ".label", ".npz") and "SHA256" in told:
                assert hashlib.sha256(name.read_bytes()).hexdigest() == told["SHA256"]


@pytest.mark.parametrize("file", ["desc-target_dipole.json", "desc-fit_dipole.json", "desc-fit_ave.json"])
def test_the_step_behind_a_file_gives_the_same_bytes(ran, file, monkeypatch):
    """Here by a process with more threads, which leaves it to a worker."""
    monkeypatch.setattr("mne_hnn.pipeline.rerun.threads", lambda: None)
    _, result = ran
    done = rerun(result.output / "sub-02" / "meg" / f"sub-02_task-touch_cond-missed_{file}", verbose="error")
    assert done.agrees, str(done)
    assert not done.changed


def test_the_steps_of_the_group_give_the_same_bytes(ran):
    _, result = ran
    for path in ("01_structure/structure.json", "summary/01_summary/summary.json"):
        done = rerun(result.output / "work" / "group_task-touch" / path, verbose="error")
        assert done.agrees, str(done)


def test_again_nothing_runs(ran, caplog):
    config, result = ran
    before = {path: path.stat().st_mtime_ns for path in result.output.rglob("*") if path.name not in LOCK_FILES}
    again = run_group(config, n_jobs=1)
    assert again.ran == 0
    assert "Explaining the average of all subjects: up to date" in caplog.text
    assert "Comparing and averaging the subjects: up to date" in caplog.text
    assert {path: before[path] for path in before if path.is_file()} == {
        path: path.stat().st_mtime_ns for path in before if path.is_file()
    }


def test_what_is_missing_or_damaged_is_made_again(ran, tmp_path):
    config, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    moved = replace(config, output=output)
    work = output / "work" / "sub-01_task-touch_cond-missed"
    (work / "05_fit" / "fitted-ave.fif").unlink()
    (work / ".fit-abc").mkdir()  # what a run leaves that was killed
    exported = output / "sub-01" / "meg" / "sub-01_task-touch_cond-detected_desc-fit_spikes.tsv"
    whole = exported.read_bytes()
    exported.unlink()
    exported.write_bytes(whole[:10])
    run_group(moved, n_jobs=2)
    assert results_of(output) == results_of(result.output)
    assert not (work / ".fit-abc").exists()


def test_results_do_not_go_among_the_raw_data(demo, ran, tmp_path):
    for output in (demo.bids_root, demo.bids_root / "sub-01" / "meg"):
        before = (demo.bids_root / "participants.tsv").read_bytes()
        with pytest.raises(ConfigError, match="among the raw data"):
            run_group(config_of(demo, output))
        assert (demo.bids_root / "participants.tsv").read_bytes() == before
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "GeneratedBy": [{"Name": "fMRIPrep"}]}')
    with pytest.raises(ConfigError, match="holds another data set"):
        run_group(config_of(demo, tmp_path))
    config, result = ran
    with pytest.raises(ConfigError, match="holds the results of the analysis 'touch': set output to another folder"):
        run_group(replace(config, name="other"))
    assert '"mne_hnn: touch"' in (result.output / "dataset_description.json").read_text()


@pytest.mark.slow
def test_what_is_no_part_of_the_analysis_any_more_is_taken_away(ran, tmp_path):
    config, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    run_group(replace(config, output=output, conditions=("missed",), contrast=None, subjects=("01",)), n_jobs=2)
    left = [path.name for path in output.glob("sub-*/**/*_cond-*")]
    assert left
    assert all(name.startswith("sub-01_task-touch_cond-missed_") for name in left)


def test_a_sequence_of_other_options_is_not_taken(ran, tmp_path):
    config, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    done = run_group(replace(config, output=output, fit_n_drives=2), subjects="01")
    assert done.jobs == ()


def test_an_exported_file_that_was_edited_is_not_compared_with(ran, tmp_path):
    _, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    stem = output / "sub-01" / "meg" / "sub-01_task-touch_cond-missed_desc-target_dipole"
    stem.with_suffix(".fif").write_bytes(b"garbage")
    with pytest.raises(DataError, match="is not what its sidecar tells of"):
        rerun(stem.with_suffix(".json"))
    with pytest.raises(DataError, match=r"no sidecar of a step: repeat work/group_task-touch"):
        rerun(output / "participants.json")


def test_hierarchical_names_of_conditions():
    there = {"touch/left", "touch/right", "rest"}
    assert _matching(("touch",), there) == ["touch/left", "touch/right"]
    assert _matching(("left", "rest"), there) == ["touch/left", "rest"]
    assert _matching(("tou",), there) == []


def test_two_runs_at_once(ran):
    config, result = ran
    with folder_lock(result.output, what="run"), pytest.raises(CacheError, match="Another run is using .* wait for it"):
        run_group(config)


def test_one_subject_leaves_the_group_alone(ran, tmp_path):
    config, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    report = output / "group_task-touch_report.html"
    report.unlink()
    one = run_group(replace(config, output=output), subjects="01")
    assert one.reports == ()
    assert not report.exists()
    assert {job["subject"] for job in one.jobs} == {"01"}
    assert not one.failed


def test_one_subject_alone_waits_for_the_sequence_of_the_group(demo, tmp_path):
    one = run_group(config_of(demo, tmp_path / "out"), subjects="01")
    assert one.jobs == ()
    assert (tmp_path / "out" / "work" / "sub-01_task-touch_pooled" / "03_target" / "target-ave.fif").exists()


def test_abort(demo, tmp_path):
    config = config_of(demo, tmp_path / "out", on_error="abort", exclude_subjects=("01", "02"))
    with pytest.raises(StageError, match=r"sub-03 task-touch all conditions failed at step 'load': .* on_error"):
        run_group(config)


@pytest.mark.slow
def test_results_of_a_job_that_fails_now_are_taken_away(ran, tmp_path):
    config, result = ran
    output = shutil.copytree(result.output, tmp_path / "copy")
    changed = replace(config, output=output, without_mri=None)  # the second subject cannot be localised any more
    done = run_group(changed, n_jobs=2)
    assert {job["subject"] for job in done.failed} == {"02", "03"}
    assert "sub-02 has no surfaces in" in next(job["error"] for job in done.failed if job["subject"] == "02")
    assert not list(output.glob("sub-02/**/*_cond-*"))
    assert list(output.glob("sub-01/**/*_cond-*"))


def test_all_failed_is_reported(demo, tmp_path, capsys):
    (tmp_path / "group.py").write_text(
        "from mne_hnn.network import jones_2009, with_erp_drives\n"
        f"bids_root = {str(demo.bids_root)!r}\nsubjects_dir = {str(demo.subjects_dir)!r}\n"
        "conditions = ('detected', 'missed')\nsubjects = ('03',)\nlabel = 'postcentral-rh'\ndraw_cortex = False\n"
        "network = jones_2009(mesh_shape=(2, 2))\n"
    )
    code = cli.main(["run", str(tmp_path / "group.py"), "--output", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert code == 1
    assert "sub-03 touch detected failed at step 'load'" in said.err
    assert "All jobs failed" in said.err
    assert "cut off or damaged" in (tmp_path / "out" / "group_task-touch_report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_names_in_any_script_and_very_long_ones(demo, tmp_path):
    output = tmp_path / "Größe 検出" / ("long" * 20)
    config = config_of(
        demo, output, subjects=("01",), fit=False, conditions={"検出": "detected", "x" * 200: "missed"},
        name="größe & <b>検出</b>",
    )  # fmt: skip
    result = run_group(config)
    assert not result.failed
    assert len(list(output.glob("sub-01/meg/*_desc-target_dipole.fif"))) == 2
    report = result.reports[0].read_text(encoding="utf-8")
    assert "検出" in report
    assert "<b>検出</b>" not in report


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"bids_root": "/nowhere/at/all"}, DataError, "/nowhere/at/all"),
        ({"subjects": ("7",)}, DataError, "Unknown subject '7'"),
        ({"tasks": ("tuch",)}, DataError, "tuch"),
        (
            {"conditions": ("detectd", "missed"), "subjects": ("01",)},
            ConfigError,
            "No recording has events of condition 'detectd': .* Did you mean 'detected'",
        ),
    ],
)
def test_wrong_names(demo, tmp_path, changes, error, message):
    config = config_of(demo, tmp_path / "out", fit=False, **changes)
    with pytest.raises(error, match=message):  # before anything is computed
        run_group(config)
    assert not list((tmp_path / "out").rglob("*.fif"))


def test_a_condition_that_one_recording_lacks(monkeypatch, tmp_path):
    """Others have it: that recording's job says so, and no other is stopped."""
    monkeypatch.setattr(job_config, "_given", lambda job: None)
    monkeypatch.setattr(job_config, "_present", lambda job, given: ["detected"])
    job = Job(
        config=None, unit=SimpleNamespace(subject="01", session=None, task=None), work=tmp_path, condition="missed"
    )
    with pytest.raises(DataError, match="^sub-01 missed: the recording has no trials of this condition"):
        job_config.condition_config(job)


def test_a_folder_that_cannot_be_written(demo, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be written"):
        run_group(config_of(demo, tmp_path / "file" / "out"))


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
sys.path.insert(0, {tests!r})
from test_group_run import config_of, run_group
from mne_hnn.group.demo import group_demo
demo = group_demo(n_subjects=3, n_epochs=20, mesh_shape=(3, 3), n_trials=4, without_mri=("02",), broken=("03",))
from mne_hnn.errors import MneHnnError
try:
    run_group(config_of(demo, {output!r}, subjects=("01",), fit=False), executor="serial")
except MneHnnError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_disk_that_is_full(demo, tmp_path):
    """Files end at a limit, as on a full disk: what was written until then is not taken for a result."""
    output = tmp_path / "out"
    script = LIMITED.format(limit=300_000, tests=str(Path(__file__).parent), output=str(output))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert not list(output.glob("work/*/02_inverse"))
    config = config_of(demo, output, subjects=("01",), fit=False)
    assert not run_group(config).failed
    assert run_group(config).ran == 0  # every result is what its record says
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 300_000


def test_a_single_recording_is_no_group():
    with pytest.raises(ConfigError, match="must be a GroupConfig"):
        run_group("group.py")
