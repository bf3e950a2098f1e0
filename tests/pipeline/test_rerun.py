"""Steps repeated from their sidecars: what agrees, what differs, and what cannot be compared any more."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest

from mne_hnn._threads import NAMES, threads
from mne_hnn.errors import DataError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import Config
from mne_hnn.pipeline.chain import Chain
from mne_hnn.pipeline.facts import Facts
from mne_hnn.pipeline.identity import recording_files
from mne_hnn.pipeline.options import Options
from mne_hnn.pipeline.rerun import rerun
from mne_hnn.pipeline.stage import Stage

NETWORK = with_erp_drives(jones_2009(mesh_shape=(2, 2)))


@dataclass(frozen=True, kw_only=True)
class DataOptions(Options):
    data: Any


@dataclass(frozen=True, kw_only=True)
class FirstOptions(DataOptions):
    network: Any
    snr: float
    baseline: Any
    reject: Any


def first(work):
    read = Path(work.options.data).read_text()
    work.path("text").write_text(f"{read} {work.options.network.digest} {work.options.snr}")
    return Facts()


def second(work):
    work.path("text").write_text(work.inputs["first"]["text"].read_text().upper())
    work.path("page").write_text(f"<p>same</p><span>Created on {time.time()} by us</span>")
    return Facts()


def moody(work):
    work.path("text").write_text(str(time.time_ns()))
    return Facts()


STAGES = (
    Stage(name="first", title="First", options=FirstOptions, facts=Facts, run=first,
          files=lambda options: recording_files(options.data), outputs={"text": "first.txt"}),
    Stage(name="second", title="Second", options=Options, facts=Facts, after=("first",), run=second,
          outputs={"text": "second.txt", "page": "page.html"}),
    Stage(name="moody", title="Moody", options=Options, facts=Facts, run=moody, outputs={"text": "moody.txt"}),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data.txt").write_text("abc")
    config = Config(data=str(tmp_path / "data.txt"), label="x-lh", network=NETWORK, reject={"grad": 4e-10})
    Chain(config, stages=STAGES, folder=tmp_path / "sub-01", subject="01", quiet=True).run()
    return tmp_path / "sub-01"


def test_threads_are_those_of_the_start(monkeypatch):
    """Libraries read their number of threads when they are loaded: who sets it later changes nothing."""
    before = threads()
    for name in NAMES:
        monkeypatch.setenv(name, "77")
    assert threads() == before


def test_the_same_bytes(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    done = rerun(folder / "01_first" / "first.json", stages=STAGES)
    assert done.agrees
    assert done.same == ("text",)
    assert done.changed == ()
    assert str(done) == "Step 'first' repeated: all 1 output(s) agree byte for byte."
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_a_report_differs_by_its_date_only(folder):
    done = rerun(folder / "02_second" / "second.json", stages=STAGES)
    assert done.same == ("text", "page")


def test_a_result_that_was_edited_is_not_compared_with(folder):
    page = folder / "02_second" / "page.html"
    page.write_text(page.read_text().replace("same", "else"))
    with pytest.raises(DataError, match=r"page.html is not what the step wrote: run the analysis again"):
        rerun(folder / "02_second" / "second.json", stages=STAGES)
    page.unlink()
    with pytest.raises(DataError, match=r"page.html is gone"):
        rerun(folder / "02_second" / "second.json", stages=STAGES)


def test_other_bytes_are_told(folder):
    done = rerun(folder / "03_moody" / "moody.json", stages=STAGES)
    assert not done.agrees
    assert done.different == ("text",)
    assert "1 of 1 output(s) differ (text)" in str(done)


def test_versions_that_changed_are_named(folder):
    sidecar = folder / "01_first" / "first.json"
    content = json.loads(sidecar.read_text())
    content["versions"]["neuron"] = "8.2.0"
    content["machine"] = "Darwin arm64"
    sidecar.write_text(json.dumps(content))
    changed = rerun(sidecar, stages=STAGES).changed
    assert any(one.startswith("neuron 8.2.0 -> 9") for one in changed)
    assert any(one.startswith("Darwin arm64 -> ") for one in changed)


def test_an_input_file_that_changed(folder, tmp_path):
    (tmp_path / "data.txt").write_text("abd")
    with pytest.raises(DataError, match="data.txt has changed: its SHA-256 was ba7816bf8f01cfea"):
        rerun(folder / "01_first" / "first.json", stages=STAGES)
    (tmp_path / "data.txt").unlink()
    with pytest.raises(DataError, match="data.txt is gone"):
        rerun(folder / "01_first" / "first.json", stages=STAGES)


def test_a_result_of_an_earlier_step_that_changed(folder):
    (folder / "01_first" / "first.txt").write_text("edited")
    with pytest.raises(DataError, match="first.txt is not what it was: repeat the step that made it"):
        rerun(folder / "02_second" / "second.json", stages=STAGES)


def test_the_network_that_was_kept_is_checked(folder):
    kept = folder / "01_first" / "network.json"
    kept.write_text(kept.read_text().replace('"weight_uS": 0.0005', '"weight_uS": 0.0006'))
    with pytest.raises(DataError):
        rerun(folder / "01_first" / "first.json", stages=STAGES)


def test_an_object_in_memory_cannot_be_repeated(tmp_path):
    evoked = mne.EvokedArray(np.zeros((1, 5)), mne.create_info(["a"], 100.0, "mag", verbose="error"))
    stage = Stage(
        name="memory", title="Memory", options=DataOptions, facts=Facts, outputs={"text": "a.txt"},
        run=lambda work: work.path("text").write_text("a") and Facts(),
    )  # fmt: skip
    config = Config(data=evoked, label="x-lh", network=NETWORK)
    Chain(config, stages=(stage,), folder=tmp_path, subject="01", quiet=True).run()
    with pytest.raises(DataError, match=r"'data' was an object in memory \(EvokedArray\)"):
        rerun(tmp_path / "01_memory" / "memory.json", stages=(stage,))


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1]", "list instead of an object"), ('{"stage": "first"}', "no sidecar of a step"), ("{", "whole JSON"),
     ('{"stage": "frist"}', "Did you mean 'first'"), ('{"StepSidecar": "../gone.json"}', "which is gone")],
)  # fmt: skip
def test_what_is_no_sidecar(tmp_path, text, message):
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        rerun(path, stages=STAGES)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda options: options.pop("snr"), "lacks 'snr' among the options of step 'first'"),
     (lambda options: options.update(snrr=2.0), "has 'snrr' among the options of step 'first'")],
)  # fmt: skip
def test_a_sidecar_with_other_options_is_not_repeated(folder, change, message):
    """A default in the place of an option that is gone would be another step."""
    path = folder / "01_first" / "first.json"
    sidecar = json.loads(path.read_text())
    change(sidecar["options"])
    path.write_text(json.dumps(sidecar))
    with pytest.raises(DataError, match=message):
        rerun(path, stages=STAGES)


def test_a_damaged_result_is_made_again(folder, tmp_path):
    """A file that was cut, say by a full disk or a crash, is not taken for a result."""
    result = folder / "01_first" / "first.txt"
    whole = result.read_text()
    result.write_text(whole[:5])
    config = Config(data=str(tmp_path / "data.txt"), label="x-lh", network=NETWORK, reject={"grad": 4e-10})
    again = Chain(config, stages=STAGES, folder=folder, subject="01", quiet=True).run()
    assert again.ran == ("first",)
    assert result.read_text() == whole


def test_an_output_that_equals_an_input_is_kept_once(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "operator.fif").write_bytes(b"x" * 1000)
    stage = Stage(
        name="copy", title="Copy", options=DataOptions, facts=Facts, outputs={"copy": "operator.fif"},
        files=lambda options: recording_files(options.data),
        run=lambda work: work.path("copy").write_bytes(b"x" * 1000) and Facts(),
    )  # fmt: skip
    config = Config(data=str(tmp_path / "shared" / "operator.fif"), label="x-lh", network=NETWORK)
    Chain(config, stages=(stage,), folder=tmp_path / "job", subject="01", quiet=True).run()
    assert os.stat(tmp_path / "job" / "01_copy" / "operator.fif").st_nlink == 2


def test_warnings_are_in_the_sidecar(tmp_path):
    import warnings

    def warned(work):
        warnings.warn("the sign is uncertain", RuntimeWarning, stacklevel=1)
        work.path("text").write_text("a")
        return Facts()

    stage = Stage(name="warned", title="W", options=Options, facts=Facts, outputs={"text": "a.txt"}, run=warned)
    config = Config(data="x", label="x-lh", network=NETWORK)
    with pytest.warns(RuntimeWarning, match="the sign is uncertain"):
        Chain(config, stages=(stage,), folder=tmp_path / "a", subject="01").run()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Chain(config, stages=(stage,), folder=tmp_path / "b", subject="01", quiet=True).run()
    for name in "ab":
        sidecar = json.loads((tmp_path / name / "01_warned" / "warned.json").read_text())
        assert sidecar["warnings"] == ["the sign is uncertain"]
