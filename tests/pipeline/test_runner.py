import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mne
import pytest

from mne_hnn.errors import ConfigError, DataError, StageError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.pipeline import Config, run_pipeline, runner, stage
from mne_hnn.pipeline.facts import Facts
from mne_hnn.pipeline.identity import recording_files
from mne_hnn.pipeline.lock import LOCK
from mne_hnn.pipeline.options import Options
from mne_hnn.pipeline.stage import Stage


@dataclass(frozen=True, kw_only=True)
class FirstOptions(Options):
    data: Any
    snr: float


@dataclass(frozen=True, kw_only=True)
class FirstFacts(Facts):
    length: int


@dataclass(frozen=True, kw_only=True)
class SecondOptions(Options):
    depth: float


class Toy:
    """Two stages that count how often they ran."""

    def __init__(self):
        self.ran = []
        self.fails = None
        first = {"options": FirstOptions, "facts": FirstFacts, "files": lambda options: recording_files(options.data)}
        self.stages = (
            Stage(name="first", title="First", outputs={"text": "first.txt"}, run=self._first, **first),
            Stage(
                name="second",
                title="Second",
                options=SecondOptions,
                facts=Facts,
                after=("first",),
                outputs={"text": "second.txt"},
                run=self._second,
            ),
        )

    def _first(self, work):
        self.ran.append("first")
        work.path("text").write_text(f"{work.options.snr} {Path(work.options.data).read_text()}")
        return FirstFacts(length=1)

    def _second(self, work):
        self.ran.append("second")
        if self.fails is not None:
            work.path("text").write_text("half")
            raise self.fails
        work.path("text").write_text(work.inputs["first"]["text"].read_text() + str(work.options.depth))
        return Facts()


def test_an_input_that_changes_while_it_is_read_is_no_input(toy, tmp_path, monkeypatch):
    """The sidecar would say of the result that another file had made it."""
    data, first = tmp_path / "data-01.txt", toy.stages[0].run

    def changed(work):
        facts = first(work)
        data.write_text("abcdef")
        return facts

    def taken(work):
        facts = first(work)
        data.unlink()
        return facts

    for late, said in ((changed, "was changed while step 'first' used it: run again"), (taken, "was taken away while")):
        monkeypatch.setattr(runner, "STAGES", (replace(toy.stages[0], run=late), toy.stages[1]))
        with pytest.raises(DataError, match=said):
            run_pipeline(toy.config)
    data.write_text("abcdef")
    monkeypatch.setattr(runner, "STAGES", toy.stages)
    run_pipeline(toy.config)
    assert toy.ran == ["first", "first", "first", "second"]


@pytest.fixture
def toy(monkeypatch, tmp_path):
    toy = Toy()
    monkeypatch.setattr(runner, "STAGES", toy.stages)
    (tmp_path / "data-01.txt").write_text("abc")
    toy.config = Config(
        data=str(tmp_path / "data-{subject}.txt"), label="x-lh", network=with_erp_drives(jones_2009((2, 2))),
        output=tmp_path / "out",
    )  # fmt: skip
    return toy


def test_runs_once_and_again_only_what_changed(toy, tmp_path):
    (result,) = run_pipeline(toy.config)
    assert result.ran == ("first", "second")
    assert result.outputs["second"]["text"].read_text() == "3.0 abc0.8"
    assert run_pipeline(toy.config)[0].ran == ()
    assert run_pipeline(replace(toy.config, depth=0.5))[0].ran == ("second",)
    assert run_pipeline(replace(toy.config, depth=0.5, snr=2.0))[0].ran == ("first", "second")
    (tmp_path / "data-01.txt").write_text("abd")
    assert run_pipeline(replace(toy.config, depth=0.5, snr=2.0))[0].ran == ("first", "second")
    assert run_pipeline(replace(toy.config, depth=0.5, snr=2.0, n_jobs=2))[0].ran == ()
    assert run_pipeline(replace(toy.config, depth=0.5, snr=2.0), force=True)[0].ran == ("first", "second")


def test_results_of_other_code_are_made_again_and_that_is_said_once(toy, monkeypatch, caplog):
    """Two subjects with two stages each: one sentence. Afterwards they are of this code."""
    (Path(toy.config.output).parent / "data-02.txt").write_text("abcd")
    config = replace(toy.config, subjects=("01", "02"))
    sentence = "made by another version of mne_hnn: computed again"
    first = run_pipeline(config)
    code = {one["code"] for one in sidecars(first)}
    assert code == {toy.stages[0].code}
    assert sentence not in caplog.text
    monkeypatch.setattr(stage, "source_digest", lambda *_: "0" * 64)
    assert [result.ran for result in run_pipeline(config)] == [("first", "second")] * 2
    assert caplog.text.count(sentence) == 1
    assert [one["code"] for one in sidecars(first)] == ["0" * 64] * 4
    assert [result.ran for result in run_pipeline(config)] == [(), ()]
    assert [result.ran for result in run_pipeline(replace(config, depth=0.5))] == [("second",)] * 2
    assert caplog.text.count(sentence) == 1


def test_results_of_before_there_were_digests_are_made_again(toy, caplog):
    (result,) = run_pipeline(toy.config)
    file = result.folder / "01_first" / "first.json"
    old = {name: value for name, value in json.loads(file.read_text()).items() if name != "code"}
    file.write_text(json.dumps({**old, "key": "of the version before"}))
    assert run_pipeline(toy.config)[0].ran == ("first",)
    assert "made by another version of mne_hnn: computed again" in caplog.text


def sidecars(results):
    return [json.loads(path.read_text()) for result in results for path in sorted(result.folder.glob("0*/*.json"))
            if path.stem in ("first", "second")]  # fmt: skip


def test_a_touched_file_with_the_same_content_is_the_same(toy, tmp_path):
    run_pipeline(toy.config)
    (tmp_path / "data-01.txt").write_text("abc")
    assert run_pipeline(toy.config)[0].ran == ()


def test_a_stage_whose_result_does_not_change_leaves_later_ones_alone(toy):
    run_pipeline(toy.config)
    assert run_pipeline(toy.config, steps=["first"], force=True)[0].ran == ("first",)
    assert run_pipeline(toy.config)[0].ran == ()


def test_sidecar_says_what_made_the_result(toy):
    (result,) = run_pipeline(toy.config)
    sidecar = json.loads((result.folder / "01_first" / "first.json").read_text())
    assert sidecar["options"]["snr"] == 3.0
    assert sidecar["versions"]["mne"] == mne.__version__
    # of b"abc", as published with the standard (FIPS 180-2)
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sidecar["files"][0]["sha256"] == digest
    assert sidecar["facts"] == {"length": 1}


def test_a_failure_leaves_the_old_result_and_nothing_half_written(toy):
    (result,) = run_pipeline(toy.config)
    toy.fails = DataError("No.")
    with pytest.raises(DataError, match="No."):
        run_pipeline(replace(toy.config, depth=0.1))
    assert result.outputs["second"]["text"].read_text() == "3.0 abc0.8"
    assert sorted(path.name for path in result.folder.iterdir() if path.name != LOCK) == ["01_first", "02_second"]
    toy.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(replace(toy.config, depth=0.1))
    assert sorted(path.name for path in result.folder.iterdir() if path.name != LOCK) == ["01_first", "02_second"]
    toy.fails = None
    assert run_pipeline(replace(toy.config, depth=0.1))[0].ran == ("second",)


def test_an_unforeseen_error_is_one_sentence_with_a_log(toy):
    toy.fails = ZeroDivisionError("division by zero\nsecond line")
    with pytest.raises(
        StageError, match=r"^Step 'second' of subject '01' failed: division by zero \(details: .*log\)$"
    ):
        run_pipeline(toy.config)
    assert "ZeroDivisionError" in (toy.config.output / "sub-01" / "second-error.log").read_text()


def test_a_damaged_result_is_made_again(toy):
    (result,) = run_pipeline(toy.config)
    result.outputs["first"]["text"].unlink()
    assert run_pipeline(toy.config)[0].ran == ("first",)
    (result.folder / "02_second" / "second.json").write_text('{"key": ')
    assert run_pipeline(toy.config)[0].ran == ("second",)


def test_steps_need_what_they_read(toy):
    with pytest.raises(ConfigError, match="Step 'second' needs the results of step 'first'"):
        run_pipeline(toy.config, steps=["second"])
    with pytest.raises(ConfigError, match="Did you mean 'second'"):
        run_pipeline(toy.config, steps=["secnd"])


def test_subjects(toy, tmp_path):
    (tmp_path / "data-02.txt").write_text("xyz")
    both = replace(toy.config, subjects=("01", "02"))
    results = run_pipeline(both)
    assert [result.subject for result in results] == ["01", "02"]
    assert results[1].outputs["first"]["text"].read_text() == "3.0 xyz"
    with pytest.raises(ConfigError, match=r"Unknown subject '03'"):
        run_pipeline(both, subjects=["03"])
