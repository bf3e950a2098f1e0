"""The command that compares the results of two states of the code sees what differs, and nothing else."""

import json
import os
import subprocess
import sys

import mne
import numpy as np
import pytest
from benchmarks import same_results

COMMENT = "response"


def write(folder, cwd, *, value=1.0, spikes="1\n", seconds=1.0):
    """A result in FIF that notes the working folder, as forward solutions do; a table; a record; a report."""
    step = folder / "01_step"
    step.mkdir(parents=True)
    info = mne.create_info(["a"], 100.0, "misc")
    evoked = mne.EvokedArray(np.full((1, 5), value), info, comment=COMMENT, verbose="error")
    evoked.save(step / "x-ave.fif", verbose="error")
    whole = (step / "x-ave.fif").read_bytes()
    note = str(cwd).encode()
    tag = same_results.struct.pack(
        same_results.FIF_HEADER, int(same_results.FIFF.FIFF_MNE_ENV_WORKING_DIR), 10, len(note), 0
    )
    (step / "x-ave.fif").write_bytes(tag + note + whole)
    (step / "spikes.tsv").write_text(spikes)
    (step / "step.json").write_text(json.dumps({"stage": "step", "seconds": seconds}))
    (step / "report.html").write_text(str(seconds))
    (step / ".lock").write_text(str(seconds))
    return folder


def said(capsys, before, after):
    same = same_results.compare(before, after, [before, after])
    lines = [line.split("  ") for line in capsys.readouterr().out.split("\n\n")[0].splitlines()]
    return same, {line[0].strip(): line[-1].strip() for line in lines}


def test_records_reports_and_ids_do_not_count(tmp_path, capsys):
    before = write(tmp_path / "a", "/here")
    same, found = said(capsys, before, write(tmp_path / "b", "/there/in", seconds=2.0))
    assert same
    assert found == {"01_step/x-ave.fif": same_results.BUT_FOR_IDS, "01_step/spikes.tsv": same_results.SAME}


@pytest.mark.parametrize(
    ("changes", "name"), [({"value": 1.0 + 1e-6}, "01_step/x-ave.fif"), ({"spikes": "2\n"}, "01_step/spikes.tsv")]
)
def test_what_differs_is_named(tmp_path, capsys, changes, name):
    same, found = said(capsys, write(tmp_path / "a", "/here"), write(tmp_path / "b", "/there/in", **changes))
    assert not same
    assert [key for key, text in found.items() if text == same_results.DIFFERENT] == [name]


def test_a_file_of_one_folder_only(tmp_path):
    before, after = write(tmp_path / "a", "/here"), write(tmp_path / "b", "/here")
    (after / "01_step" / "spikes.tsv").unlink()
    command = [sys.executable, same_results.__file__, before, after]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert f"MISSING in {after}" in done.stdout


def test_the_analyses_are_there():
    assert all((same_results.ROOT / path).is_file() for path in same_results.PIPELINES.values())
