"""Files of mne-bids-pipeline are found by their names: those of today, of older versions, and of trees gone wrong."""

import dataclasses
import subprocess
import sys

import mne
import numpy as np
import pytest
from trees import pipeline_tree

from mne_hnn.errors import DataError
from mne_hnn.group.derivatives import PipelineFiles, pipeline_files, pipeline_root, pipeline_subjects

# from `find` on the results of mne-bids-pipeline 1.10.1, without reports and logs
REAL = """
sub-01_fwd.fif
sub-01_inv.fif
sub-01_proc-clean_cov.fif
sub-01_task-touch_ave.fif
sub-01_task-touch_epo.fif
sub-01_task-touch_proc-clean_epo.fif
sub-01_task-touch_proc-filt_raw.fif
sub-01_trans.fif
"""


def touch(root, *names, session=None, datatype="meg"):
    """Write empty files of subject 01."""
    folder = root / "sub-01" / (f"ses-{session}" if session else "") / datatype
    folder.mkdir(parents=True, exist_ok=True)
    between = f"sub-01_ses-{session}" if session else "sub-01"
    for name in names:
        (folder / f"{between}_{name}.fif").touch()


def names(files):
    return {
        one.name: getattr(files, one.name) and getattr(files, one.name).name.removeprefix("sub-01_")
        for one in dataclasses.fields(files)
    }


def test_tree_of_the_tests_has_the_names_of_the_real_one(small_tree):
    _, root = small_tree
    assert sorted(path.name for path in (root / "sub-01" / "meg").iterdir()) == REAL.split()
    assert [path.name for path in (root / "sub-average" / "meg").iterdir()] == [
        "sub-average_task-touch_proc-clean_ave.fif"
    ]


def test_real_tree(small_tree):
    demo, root = small_tree
    assert pipeline_subjects(demo.bids_root) == pipeline_subjects(root) == ("01", "02")
    assert pipeline_root(demo.bids_root) == pipeline_root(str(root)) == root
    files = pipeline_files(demo.bids_root, subject="01", task="touch")
    assert files == pipeline_files(root, subject="01")
    assert names(files) == {
        "evoked": "task-touch_ave.fif",
        "epochs": "task-touch_proc-clean_epo.fif",
        "noise_cov": "proc-clean_cov.fif",
        "forward": "fwd.fif",
        "inverse": "inv.fif",
        "trans": "trans.fif",
    }
    comments = [evoked.comment for evoked in mne.read_evokeds(files.evoked, verbose="error")]
    assert comments == ["detected", "missed", "detected - missed"]
    # the pipeline writes the transform of the forward solution: from the MRI to the head
    trans = mne.read_trans(files.trans)
    known = mne.read_trans(demo.trans("01"))
    np.testing.assert_allclose(trans["trans"] @ known["trans"], np.eye(4), atol=1e-6)


def test_names_of_older_versions(tmp_path):
    touch(tmp_path, *(f"task-touch_{one}" for one in ("ave", "epo", "cov", "fwd", "inv", "trans", "proc-clean_epo")))
    assert names(pipeline_files(tmp_path, subject="01")) == {
        "evoked": "task-touch_ave.fif",
        "epochs": "task-touch_proc-clean_epo.fif",
        "noise_cov": "task-touch_cov.fif",
        "forward": "task-touch_fwd.fif",
        "inverse": "task-touch_inv.fif",
        "trans": "task-touch_trans.fif",
    }


def test_old_tree_is_read_like_a_new_one(small_demo, tmp_path):
    demo = dataclasses.replace(small_demo, bids_root=tmp_path)
    (tmp_path / "sub-02" / "meg").mkdir(parents=True)
    for path in (small_demo.bids_root / "sub-02" / "meg").iterdir():
        (tmp_path / "sub-02" / "meg" / path.name).symlink_to(path)
    pipeline_tree(demo, ("02",), old=True, source=False)
    files = pipeline_files(tmp_path, subject="02")
    assert files.noise_cov.name == "sub-02_task-touch_proc-clean_cov.fif"
    assert files.forward is files.inverse is files.trans is None


@pytest.mark.parametrize(
    ("there", "kind", "expected"),
    [
        (["task-a_epo", "task-a_proc-ica_epo"], "epochs", "task-a_proc-ica_epo.fif"),
        (["task-a_proc-ssp_epo", "task-a_proc-clean_epo", "task-a_epo"], "epochs", "task-a_proc-clean_epo.fif"),
        (["task-a_proc-clean_split-01_epo", "task-a_proc-clean_split-02_epo"], "epochs", None),
        (["task-a_proc-adhoc_cov", "proc-clean_cov"], "noise_cov", "task-a_proc-adhoc_cov.fif"),
        (["proc-adhoc_cov", "proc-clean_cov"], "noise_cov", "proc-clean_cov.fif"),
        (["task-noise_proc-clean_cov"], "noise_cov", "task-noise_proc-clean_cov.fif"),
        (["task-noise_proc-clean_cov", "proc-clean_cov"], "noise_cov", "proc-clean_cov.fif"),
        (["task-b_inv"], "inverse", None),
        (["task-a_run-01_epo", "task-a_run-02_epo"], "epochs", None),
        (["task-a_proc-new_ave"], "evoked", "task-a_ave.fif"),
    ],
)
def test_preferences(tmp_path, there, kind, expected):
    touch(tmp_path, "task-a_ave", *there)
    if there[0].endswith("split-01_epo"):
        expected = "task-a_proc-clean_split-01_epo.fif"  # MNE reads on from the first part
    assert names(pipeline_files(tmp_path, subject="01", task="a"))[kind] == expected


def test_run_that_is_asked_for(tmp_path):
    touch(tmp_path, "task-a_ave", "task-a_run-01_epo", "task-a_run-02_epo")
    assert pipeline_files(tmp_path, subject="01", run="02").epochs.name == "sub-01_task-a_run-02_epo.fif"


def test_sessions(tmp_path):
    for session in ("pre", "post"):
        touch(tmp_path, "task-a_ave", "proc-clean_cov", session=session)
    found = pipeline_files(tmp_path, subject="01", session="post")
    assert found.noise_cov == tmp_path / "sub-01" / "ses-post" / "meg" / "sub-01_ses-post_proc-clean_cov.fif"
    with pytest.raises(DataError, match=r"more than one session, \['post', 'pre'\]: give session"):
        pipeline_files(tmp_path, subject="01")
    with pytest.raises(DataError, match="Did you mean 'post'"):
        pipeline_files(tmp_path, subject="01", session="poost")


def test_several_tasks_and_datatypes(tmp_path):
    touch(tmp_path, "task-a_ave", "task-b_ave", "fwd")
    touch(tmp_path, "task-a_ave", datatype="eeg")
    with pytest.raises(DataError, match="more than one datatype, .*: give datatype"):
        pipeline_files(tmp_path, subject="01")
    with pytest.raises(DataError, match="more than one task, .*: give task"):
        pipeline_files(tmp_path, subject="01", datatype="meg")
    assert pipeline_files(tmp_path, subject="01", datatype="eeg").evoked.parent.name == "eeg"
    files = pipeline_files(tmp_path, subject="01", datatype="meg", task="b")
    assert names(files)["evoked"] == "task-b_ave.fif"
    assert names(files)["forward"] == "fwd.fif"


def test_two_files_that_fit_alike(tmp_path):
    touch(tmp_path, "task-a_ave", "task-a_acq-x_ave")
    with pytest.raises(DataError, match="not clear which ave file of subject '01' is meant"):
        pipeline_files(tmp_path, subject="01")


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match=r"There is no folder .*nowhere"):
        pipeline_subjects(tmp_path / "nowhere")
    touch(tmp_path, "task-a_proc-filt_raw", "fwd", "notBIDS")
    assert pipeline_subjects(tmp_path) == ()
    with pytest.raises(DataError, match="found sub-01_fwd.fif; run its preprocessing and sensor steps"):
        pipeline_files(tmp_path, subject="01")
    touch(tmp_path, "task-a_ave")
    with pytest.raises(DataError, match="Unknown subject '1'.*Did you mean '01'"):
        pipeline_files(tmp_path, subject="1")
    with pytest.raises(DataError, match="not in sessions: leave out session 'x'"):
        pipeline_files(tmp_path, subject="01", session="x")
    assert pipeline_files(tmp_path, subject="01") == PipelineFiles(
        evoked=tmp_path / "sub-01" / "meg" / "sub-01_task-a_ave.fif",
        forward=tmp_path / "sub-01" / "meg" / "sub-01_fwd.fif",
    )


def test_that_package_is_not_needed():
    code = "import sys, mne_hnn.group.derivatives; sys.exit('mne_bids_pipeline' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
