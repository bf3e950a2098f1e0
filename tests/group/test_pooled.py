"""Posteriors of a group's subjects in its last steps: what is pooled, what is left, and what the report says."""

import json
from dataclasses import replace

import numpy as np
import pytest
from group_data import make_entries
from posteriors import PATHS, made
from tables import rows_of

from mne_hnn.group.export import export_pooled
from mne_hnn.group.facts import PoolFacts
from mne_hnn.group.findings import GroupFindings
from mne_hnn.group.options import PoolOptions
from mne_hnn.group.pooled import POOLED, SUBJECTS, pool_records, read_pooled
from mne_hnn.group.report import write_group_report
from mne_hnn.group.stages import POOL
from mne_hnn.inference import PoolSettings, pooling
from mne_hnn.pipeline.chain import Chain

pytest.importorskip("arviz")
pytestmark = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")


@pytest.fixture
def quick(monkeypatch):
    """Let groups be drawn with few draws."""
    monkeypatch.setattr(
        "mne_hnn.group.pooled.PoolSettings", lambda **given: PoolSettings(draws=150, warmup=300, **given)
    )
    assert pooling.PoolSettings is PoolSettings


def saved(folder, subjects=4, **others):
    """Write posteriors of two conditions, the drive 6 ms later in one; some of another explanation."""
    rng = np.random.default_rng(3)
    records = []
    for s in range(subjects):
        for condition, later in (("early", 0.0), ("late", 6.0)):
            name = f"{s + 1:02d}"
            one = made(**others.get(f"{name}_{condition}", {}))
            draws = {**one.draws, PATHS[0]: 25 + s + later + rng.standard_normal((4, 150))}
            path = folder / f"{name}-{condition}.nc"
            replace(one, draws=draws).save(path)
            records.append({"recording": name, "condition": condition, "path": str(path)})
    return tuple(records)


def ran(folder, records):
    chain = Chain(
        PoolOptions(posteriors=records, seed=None), stages=(POOL,), folder=folder, subject="group", verbose="error",
        quiet=True,
    )  # fmt: skip
    return chain.run()


def test_posteriors_are_pooled_once_and_left_as_tables(quick, tmp_path):
    records = saved(tmp_path, **{"02_late": {"sequence": (("distal", 25.0),)}})
    result = ran(tmp_path / "pool", records)
    assert result.ran == ("pool",)
    assert ran(tmp_path / "pool", records).ran == ()
    outputs = result.outputs["pool"]
    told = json.loads((outputs["pooled"].parent / "pool.json").read_text(encoding="utf-8"))
    facts = PoolFacts.read(told["facts"], tmp_path)
    assert facts.subjects == ["01", "02", "03", "04"]
    assert facts.refused is None
    assert facts.left_out == [
        "02 late is left out: its first explanation is spiking with distal, that of most is spiking with proximal."
    ]
    rows = rows_of(outputs["pooled"].read_text())
    assert list(rows[0]) == list(POOLED)
    assert {row["of"] for row in rows} == {"mean", "difference"}
    (time,) = [row for row in rows if row["parameter"] == PATHS[0] and row["of"] == "difference"]
    assert (time["condition"], time["other"], time["n"]) == ("early", "late", "3")
    assert float(time["value"]) == pytest.approx(-6.0, abs=1.0)
    assert float(time["above"]) < 0.05
    subjects = rows_of(outputs["subjects"].read_text())
    assert list(subjects[0]) == list(SUBJECTS)
    assert len(subjects) == 7 * 7  # numbers, and recordings with a condition
    assert read_pooled(outputs["pooled"].parent).subjects == ("01", "02", "03", "04")
    # among the derivatives, and gone again without posteriors
    export_pooled("touch", outputs, tmp_path)
    names = {path.name for path in tmp_path.glob("group*")}
    assert names == {
        f"group_task-touch_desc-pooled{part}.{end}" for part in ("", "subjects") for end in ("tsv", "json")
    }
    assert "LongName" in (tmp_path / "group_task-touch_desc-pooled.json").read_text(encoding="utf-8")
    export_pooled("touch", None, tmp_path)
    assert not list(tmp_path.glob("group*"))


def test_a_single_subject_is_no_group(quick, tmp_path):
    outputs = ran(tmp_path / "pool", saved(tmp_path, subjects=1)).outputs["pool"]
    assert read_pooled(outputs["pooled"].parent) is None
    assert len(rows_of(outputs["pooled"].read_text())) == 0
    told = json.loads((outputs["pooled"].parent / "pool.json").read_text(encoding="utf-8"))
    assert "at least two subjects" in told["facts"]["refused"]


def test_records_name_the_first_explanations():
    job = {"subject": "01", "session": None, "condition": "early", "folder": "/work/01", "status": "ok"}
    (record,) = pool_records([job, {**job, "status": "failed"}])
    assert record["recording"] == "01"
    assert record["path"].endswith("posteriors/explanation-1.nc")


def test_the_report_has_a_section(quick, tmp_path):
    outputs = ran(tmp_path / "pool", saved(tmp_path)).outputs["pool"]
    found = read_pooled(outputs["pooled"].parent)
    findings = GroupFindings(entries=make_entries(), pooled=found)
    facts = write_group_report(tmp_path / "report.html", findings, title="Touch", draw_cortex=False)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert facts["figures"] == 3  # drives, fits and this one
    assert "Pooled over subjects" in text
    assert "4 subjects in 2 conditions (early, late), pooled partially" in text
    assert "evprox1 time (ms), early minus late: \N{MINUS SIGN}" in text
    assert "early below late: 1.000" in text
    assert "Of all 8 posteriors: A warning." in text
    assert PATHS[0] not in text
