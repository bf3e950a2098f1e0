"""The last step of a group: which files it leaves, also when there is little to show."""

from types import SimpleNamespace

import mne
import numpy as np
import pytest
from group_data import CONDITIONS, SUBJECTS, TIMES, course, make_entries, make_entry

from mne_hnn.group.entry import Entry
from mne_hnn.group.stages import SUMMARY
from mne_hnn.group.summary import report_links, write_summary
from mne_hnn.pipeline.stage import Work


def _work(folder, **changes):
    options = {
        "name": "Touch", "jobs": (), "structure": None, "truth": None, "pooled": None, "contrast": CONDITIONS,
        "fit_structure": "common", "common_subject": "fsaverage", "subjects_dir": None, "n_resamples": 200,
        "confidence": 0.95, "seed": 0, "draw_cortex": False,
    }  # fmt: skip
    return Work(
        subject="group", options=SimpleNamespace(**(options | changes)), inputs={}, folder=folder,
        outputs=SUMMARY.outputs, n_jobs=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "contrast", "conditions"),
    [
        (make_entries, CONDITIONS, 2),
        (lambda: make_entries(("early",)), None, 1),
        (lambda: [make_entry("01", "early"), make_entry("01", "late")], CONDITIONS, 2),
        (lambda: make_entries()[-2:], CONDITIONS, 0),
    ],
    ids=["group", "one condition", "one subject", "all failed"],
)
def test_every_output_is_there(tmp_path, make, contrast, conditions):
    entries = make()
    facts = write_summary(_work(tmp_path, contrast=contrast), entries)
    assert {path.name for path in tmp_path.iterdir()} == set(SUMMARY.outputs.values())
    assert facts.entries == len(entries)
    assert facts.failed == sum(one.status != "ok" for one in entries)
    kept = mne.read_evokeds(tmp_path / "targets-ave.fif", verbose="error")
    names = [one.comment for one in kept]
    assert names == (list(CONDITIONS[:conditions]) if conditions else ["no targets"])
    lines = (tmp_path / "comparison.tsv").read_text(encoding="utf-8").splitlines()
    if contrast is None or not conditions:
        assert len(lines) == 1  # the header
    if len(entries) == 12:
        assert len(lines) > 1
        assert facts.headline
        mean = np.mean([course(one, "early") for one in SUBJECTS], axis=0)
        np.testing.assert_allclose(kept[0].data[0], mean, atol=1e-13)
        np.testing.assert_allclose(kept[0].times, TIMES, atol=1e-6)
    if len(entries) == 2 and conditions:
        assert facts.notes or facts.headline


def test_links_lead_to_the_reports_of_subjects():
    entries = [
        Entry(subject="01", condition="früh & spät", session="a", task="touch"),
        Entry(subject="02", condition="late", status="failed", step="load", error="x"),
    ]
    assert report_links(entries) == {
        ("01", "a", "touch", "früh & spät"): "sub-01/sub-01_ses-a_task-touch_cond-fruhspat_report.html"
    }
