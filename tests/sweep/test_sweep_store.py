"""Folders of sweeps: one table for any number of workers, killed and resumed, damaged or somebody else's."""

import io
import json
import multiprocessing
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sweeps import GRID, L5P, MU, OPTIONS, SHORT, WEIGHTS, bytes_of, column, quiet, small

from mne_hnn.errors import CacheError, DataError, ParameterError, WorkerError
from mne_hnn.network import set_values
from mne_hnn.sweep import FiringRates, plan, read_sweep
from mne_hnn.sweep import run as sweep_run
from mne_hnn.sweep.records import ROW_MEMBERS


def test_what_is_on_disk(written):
    folder, result = written
    files = bytes_of(folder)
    assert len(files) == 2 + 8
    content = json.loads(files["sweep.json"])
    assert content["schema"] == 1
    assert content["network"]["digest"] == small().digest
    assert content["settings"]["tstop"] == SHORT
    lines = [line.split("\t") for line in files["sweep.tsv"].decode().splitlines()]
    assert lines[0] == [
        "point", MU, WEIGHTS + L5P, "peak", "peak_latency", "trough", "trough_latency", "spike_count", "status",
        "error", "file",
    ]  # fmt: skip
    for k, line in enumerate(lines[1:]):
        assert [float(cell) for cell in line[1:3]] == list(result.points[k].values())
        assert float(line[3]) == result.summaries["peak"][k]  # to the last bit
        with np.load(folder / line[-1], allow_pickle=False) as kept:
            assert kept["trials"].dtype == np.float64
            assert all(kept[name].dtype != object for name in kept.files)
            np.testing.assert_array_equal(kept["trials"].mean(axis=0), result.dipole(k).data)


@pytest.mark.parametrize("how", ["processes", "executor", "name"])
def test_any_number_of_workers_leaves_the_same_bytes(written, tmp_path, how):
    if how == "executor":
        with ProcessPoolExecutor(max_workers=2, mp_context=multiprocessing.get_context("spawn")) as executor:
            quiet(small(), GRID, folder=tmp_path, executor=executor, **OPTIONS)
    elif how == "name":
        quiet(small(), GRID, folder=tmp_path, executor="processes", n_jobs=2, **OPTIONS)
    else:
        quiet(small(), GRID, folder=tmp_path, n_jobs=2, **OPTIONS)
    assert bytes_of(tmp_path) == bytes_of(written[0])


def test_the_same_call_again_simulates_nothing(written, monkeypatch):
    folder, result = written
    before = bytes_of(folder)
    real = sweep_run.run_networks
    monkeypatch.setattr(sweep_run, "run_networks", lambda networks, **options: real([], **options) and networks)
    again = quiet(small(), GRID, folder=folder, **OPTIONS)
    assert again.rows == result.rows
    assert bytes_of(folder) == before


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from sweeps import GRID, OPTIONS, quiet, small

quiet(small(), GRID, folder={folder!r}, **OPTIONS)
"""


def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(written, tmp_path):
    folder = tmp_path / "killed"
    script = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 120.0
        while len(list(folder.glob("points/[!.]*.npz"))) < 2 and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = set(folder.glob("points/[!.]*.npz"))  # not what was being written when it was killed
    assert 2 <= len(done) < 8
    assert not (folder / "sweep.tsv").exists()
    half = read_sweep(folder, verbose="error")
    assert half.status.count("missing") == 8 - len(done)
    assert half.status.count("ok") == len(done)
    stamps = {path: path.stat().st_mtime_ns for path in done}
    quiet(small(), GRID, folder=folder, **OPTIONS)
    assert {path: path.stat().st_mtime_ns for path in done} == stamps  # not simulated again
    assert bytes_of(folder) == bytes_of(written[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tstop": 11.0}, "tstop is 12.0 there and 11.0 here"),
        ({"seed": 3}, "seed is None there and 3 here"),
        ({"keep": "dipole"}, "keep is"),
        ({"summary": "extrema"}, "its summary functions are others"),
        ({"summary": ["extrema", FiringRates()]}, "its summary functions are others"),
        ({"grid": {MU: [1.0, 2.0]}}, "its grid is another one"),
        ({"network": column()}, "it varies another network"),
    ],
)
def test_another_sweep_in_the_same_folder_is_refused(written, change, message):
    before = bytes_of(written[0])
    options = {**OPTIONS, **change}
    network, grid = options.pop("network", small()), options.pop("grid", GRID)
    with pytest.raises(ParameterError, match=f"holds another sweep: {message}"):
        quiet(network, grid, folder=written[0], **options)
    assert bytes_of(written[0]) == before


SUMMARY = """


def helper(simulation):
    return {inner}

def summary(simulation):
    return {outer} * helper(simulation) * FACTOR

FACTOR = {factor}
"""


def test_edits_of_a_summary_are_noticed_but_not_those_of_its_helpers(tmp_path):
    def call(inner=1.0, outer=1.0, factor=1.0):
        script = {"__name__": "script"}
        exec(SUMMARY.format(inner=inner, outer=outer, factor=factor), script)
        return quiet(small(), {MU: [1.0]}, tstop=3.0, summary=script["summary"], folder=tmp_path).summaries["summary"]

    assert call() == [1.0]
    for edit in ({"outer": 2.0}, {"factor": 2.0}):
        with pytest.raises(ParameterError, match="its summary functions are others, or were edited"):
            call(**edit)
    assert call(inner=2.0) == [1.0]  # as the docstring of run_sweep warns


def test_another_apply_is_noticed(tmp_path):
    quiet(small(), {"x": [1.0]}, apply=lambda network, values: network, tstop=SHORT, folder=tmp_path)

    def other(network, values):
        return set_values(network, {MU: values["x"]})

    with pytest.raises(ParameterError, match="its points have other networks"):
        quiet(small(), {"x": [1.0]}, apply=other, tstop=SHORT, folder=tmp_path)


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ParameterError, match="holds no sweep, but thesis.tex"):
        quiet(small(), GRID, folder=tmp_path, **OPTIONS)
    assert bytes_of(tmp_path) == {"thesis.tex": b"mine"}
    assert not (tmp_path / "points").exists()
    with pytest.raises(ParameterError, match="is a file"):
        quiet(small(), GRID, folder=tmp_path / "thesis.tex", **OPTIONS)
    with pytest.raises(DataError, match="holds no sweep"):
        read_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(DataError, match="damaged"):
        read_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text('{"schema": 99}')
    with pytest.raises(DataError, match="another version"):
        quiet(small(), GRID, folder=tmp_path, **OPTIONS)


def test_a_sweep_of_other_code_is_left_alone(monkeypatch, tmp_path):
    """Its points have other keys, but not other networks."""
    options = {"tstop": SHORT, "summary": "extrema", "folder": tmp_path}
    quiet(small(), {MU: [1.0]}, **options)
    before = bytes_of(tmp_path)
    monkeypatch.setattr(plan, "source_digest", lambda *_: "0" * 64)
    with pytest.raises(ParameterError, match="holds another sweep: it was made by another version of mne_hnn"):
        quiet(small(), {MU: [1.0]}, **options)
    assert bytes_of(tmp_path) == before
    assert read_sweep(tmp_path, verbose="error").status == ("ok",)


def test_a_damaged_point_is_simulated_again(tmp_path):
    options = {"tstop": SHORT, "summary": "extrema", "folder": tmp_path}
    quiet(small(), {MU: [1.0, 2.0]}, **options)
    before = bytes_of(tmp_path)
    victim = sorted((tmp_path / "points").iterdir())[0]
    for content in (b"", victim.read_bytes()[:200], victim.read_bytes().replace(b"ok"[:1], b"x")):
        victim.write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            read_sweep(tmp_path)
        (tmp_path / "points" / ".writing-left").write_text("of a run that was killed")
        quiet(small(), {MU: [1.0, 2.0]}, **options)
        assert bytes_of(tmp_path) == before


def test_a_point_that_claims_more_than_memory_holds_is_damaged(tmp_path):
    quiet(small(), {MU: [1.0]}, tstop=SHORT, summary="extrema", folder=tmp_path)
    (victim,) = (tmp_path / "points").iterdir()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(victim, "w") as archive:
        for name in ROW_MEMBERS:
            archive.writestr(f"{name}.npy", header.getvalue())
    with pytest.raises(DataError, match="damaged"):
        read_sweep(tmp_path)


def test_a_point_whose_workers_died_is_tried_again(monkeypatch, tmp_path):
    def dying(networks, *, done, **options):
        done(0, WorkerError("A worker process died."))
        return real(networks[1:], done=lambda index, outcome: done(index + 1, outcome), **options)

    real = sweep_run.run_networks
    with monkeypatch.context() as patch:
        patch.setattr(sweep_run, "run_networks", dying)
        result = quiet(small(), {MU: [1.0, 2.0]}, tstop=SHORT, summary="extrema", folder=tmp_path)
    assert result.failed == {0: "A worker process died."}
    assert read_sweep(tmp_path, verbose="error").status == ("missing", "ok")
    again = quiet(small(), {MU: [1.0, 2.0]}, tstop=SHORT, summary="extrema", folder=tmp_path)
    assert again.status == ("ok", "ok")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be made"):
        quiet(small(), GRID, folder=tmp_path / "file" / "below", **OPTIONS)


@pytest.mark.parametrize("folder", [5, ["a"]])
def test_a_folder_is_a_path(folder):
    with pytest.raises(ParameterError, match="folder must be a path"):
        quiet(small(), {MU: [1.0]}, folder=folder)
    with pytest.raises(ParameterError, match="folder must be a path"):
        read_sweep(folder)
