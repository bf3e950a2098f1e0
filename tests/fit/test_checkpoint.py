"""Killed at any moment, a fit goes on where it stopped and ends with the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from mne_hnn import _files
from mne_hnn.errors import CacheError, SimulationError
from mne_hnn.fit.checkpoint import Checkpoint
from mne_hnn.fit.evaluate import Evaluator
from mne_hnn.fit.objectives import Custom
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import SimulationSettings


def batch(*names):
    return {name: {"loss": np.array(float(len(name))), "residual": np.arange(3.0) + len(name)} for name in names}


def equal(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[key], two[key], equal_nan=True) for key in one)


def test_what_was_added_is_found_again(tmp_path):
    first = Checkpoint(tmp_path / "new" / "folder")
    first.add(batch("a", "bb"))
    first.add(batch("ccc"))
    first.add({})
    assert len(list(first.folder.iterdir())) == 2
    second = Checkpoint(tmp_path / "new" / "folder")
    assert len(first) == len(second) == 3
    for name, record in batch("a", "bb", "ccc").items():
        assert equal(first.get(name), record)
        assert equal(second.get(name), record)
    assert second.get("d") is None


def test_values_are_kept_to_the_last_bit(tmp_path):
    values = np.array([0.1, -0.0, np.nan, np.inf, 5e-324, 1 / 3])
    Checkpoint(tmp_path).add({"k": {"v": values, "none": np.empty(0), "one": np.array(0.1)}})
    kept = Checkpoint(tmp_path).get("k")
    assert kept["v"].tobytes() == values.tobytes()
    assert kept["none"].shape == (0,)
    assert kept["one"].shape == ()


def test_without_a_folder_all_stays_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory = Checkpoint(None)
    memory.add(batch("a"))
    assert len(memory) == 1
    assert list(tmp_path.iterdir()) == []


def test_files_half_written_are_never_read(tmp_path):
    Checkpoint(tmp_path).add(batch("a"))
    whole = next(tmp_path.glob("batch-*.npz")).read_bytes()
    (tmp_path / ".writing-x1y2.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / ".writing-z3.npz").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("mine")
    assert len(Checkpoint(tmp_path)) == 1


def test_unfinished_files_are_left_to_those_who_live(tmp_path):
    """Two runs in one folder: the second must not take away what the first is writing."""
    other = subprocess.Popen(["sleep", "30"])
    dead = subprocess.Popen(["true"])
    dead.wait()
    here, old = _files._HERE, time.time() - 2 * 86400
    names = {
        f".writing-{here}-{other.pid}-a.npz": True, f".writing-{here}-{os.getpid()}-b.npz": True,
        f".writing-{here}-{dead.pid}-c.npz": False, f".writing-other-{dead.pid}-d.npz": True,
        f".writing-other-{dead.pid}-e.npz": False, ".writing-x1y2.npz": False,
    }  # fmt: skip
    try:
        for name in names:
            (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / f".writing-other-{dead.pid}-e.npz", (old, old))
        Checkpoint(tmp_path)
        assert {name: (tmp_path / name).exists() for name in names} == names
    finally:
        other.kill()
        other.wait()


def test_a_batch_that_goes_while_they_are_read_is_run_again(tmp_path, monkeypatch):
    Checkpoint(tmp_path).add(batch("a"))
    Checkpoint(tmp_path).add(batch("b"))
    load = np.load

    def late(file, **options):
        if file.name == "batch-a.npz":
            file.unlink()
        return load(file, **options)

    monkeypatch.setattr(np, "load", late)
    kept = Checkpoint(tmp_path)
    assert kept.get("a") is None
    assert kept.get("b") is not None


def test_nothing_but_whole_files_has_the_final_name(tmp_path, monkeypatch):
    """Killed while it writes: the name of a batch is given last."""
    seen = []
    replace = os.replace

    def watched(source, target):
        seen.append(sorted(one.name for one in tmp_path.glob("batch-*")))
        with np.load(source) as content:  # all there before it gets its name
            seen.append(sorted(content.files))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    Checkpoint(tmp_path).add(batch("a"))
    assert seen == [[], ["a/loss", "a/residual"]]
    assert [one.name for one in tmp_path.iterdir()] == ["batch-a.npz"]


@pytest.mark.skipif(os.name == "nt", reason="files have no such rights there")
def test_batches_have_the_rights_of_any_other_file(tmp_path):
    """A fit in a folder that a group shares goes on for each of them."""
    Checkpoint(tmp_path / "fit").add(batch("a"))
    (tmp_path / "other").write_text("")
    assert (tmp_path / "fit" / "batch-a.npz").stat().st_mode == (tmp_path / "other").stat().st_mode


def damaged(kind, whole):
    middle = len(whole) // 2
    return {
        "empty": b"",
        "text": b"not an archive at all",
        "zeros": bytes(len(whole)),
        "head only": whole[:middle],
        "tail cut": whole[:-10],
        "flipped": whole.replace(np.float64(5.0).tobytes(), np.float64(6.0).tobytes(), 1),
        "one array": None,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["empty", "text", "zeros", "head only", "tail cut", "flipped", "one array"],
)
def test_a_damaged_file_is_one_sentence(tmp_path, kind):
    Checkpoint(tmp_path).add({"a": {"loss": np.array([5.0, 5.0])}})
    file = tmp_path / "batch-a.npz"
    content = damaged(kind, file.read_bytes())
    if content is None:
        with open(file, "wb") as out:
            np.save(out, np.ones(3))
    else:
        file.write_bytes(content)
    with pytest.raises(CacheError) as caught:
        Checkpoint(tmp_path)
    text = str(caught.value)
    assert str(file) in text
    assert "delete it" in text
    assert "\n" not in text
    file.unlink()
    assert len(Checkpoint(tmp_path)) == 0


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be made"):
        Checkpoint(tmp_path / "file")
    with pytest.raises(CacheError, match="cannot be made"):
        Checkpoint(tmp_path / "file" / "below")


def test_a_folder_that_went_away(tmp_path):
    checkpoint = Checkpoint(tmp_path / "gone")
    checkpoint.folder.rmdir()
    with pytest.raises(CacheError, match="cannot be written"):
        checkpoint.add(batch("a"))


# -- networks


def some():
    network = with_erp_drives(jones_2009((2, 2)))
    fails = network.with_tonic_bias("absurd", amplitude_nA={"L5_pyramidal": 1e6})
    return [network, network.with_drive_changes("evprox1", mu_ms=10.0), fails, network]


RUNS = SimulationSettings(tstop=30.0, seed=3)
PEAK = Custom(function=lambda one: 1e15 * float(abs(one.dipole["agg"]).max()))


def test_nothing_is_simulated_twice(tmp_path):
    first = Evaluator(checkpoint=Checkpoint(tmp_path))
    scores = first.scores(some(), RUNS, PEAK)
    assert (first.n_simulated, first.n_failed) == (3, 1)  # equal networks once
    assert scores[0].loss == scores[3].loss > 0
    assert scores[1].loss not in (scores[0].loss, np.inf)
    assert scores[2].loss == np.inf
    second = Evaluator(checkpoint=Checkpoint(tmp_path))
    again = second.scores(some(), RUNS, PEAK)
    assert second.n_simulated == 0
    assert [one.loss for one in again] == [one.loss for one in scores]


def test_other_runs_and_objectives_are_other_results(tmp_path):
    evaluator = Evaluator(checkpoint=Checkpoint(tmp_path))
    one = some()[:1]
    evaluator.scores(one, RUNS, PEAK)
    for number, (runs, objective) in enumerate(
        [
            (RUNS.with_trials(2, 3), PEAK), (RUNS.with_trials(1, 4), PEAK), (replace(RUNS, tstop=31.0), PEAK),
            (replace(RUNS, dt=0.05), PEAK), (replace(RUNS, seed=None), PEAK), (RUNS, Custom(function=lambda s: 1.0)),
        ],
        start=2,
    ):  # fmt: skip
        evaluator.scores(one, runs, objective)
        assert evaluator.n_simulated == number


def test_not_a_number_is_the_worst():
    evaluator = Evaluator()
    scores = evaluator.scores(some()[:1], RUNS, Custom(function=lambda one: float("nan")))
    assert scores[0].loss == np.inf
    assert evaluator.n_failed == 0


def test_failures_are_returned():
    outcomes = Evaluator().simulate(some()[2:3], RUNS)
    assert isinstance(outcomes[0], SimulationError)
    records = Evaluator().records(some()[2:], RUNS, "x", lambda one: {"size": one.spikes.time.size})
    assert records[0] is None
    assert records[1]["size"] >= 0


# -- killed

DRIVES = """
from mne_hnn.fit import DriveSettings, fit_drives
L2P, L5P = "L2_pyramidal", "L5_pyramidal"
network = jones_2009((2, 2)).with_evoked_drive(
    "evprox1", mu_ms=20.0, sigma_ms=3.0, location="proximal", weights_ampa={L2P: 1e-4, L5P: 1e-4})
times = np.arange(61.0)
target = Dipole.from_nAm(times, {"agg": 5 * np.exp(-(((times - 40) / 8) ** 2))})
def fit():
    return fit_drives(
        network, target, checkpoint=folder, progress=lambda *_: None,
        settings=DriveSettings(optimizer="cma", max_evaluations=40, n_final=2, levels=None))
"""
EVOKED = """
from mne_hnn.fit import EvokedSettings, fit_evoked
times = np.arange(101.0)
bumps = 5 * np.exp(-(((times - 35) / 8) ** 2)) - 4 * np.exp(-(((times - 70) / 9) ** 2))
target = Dipole.from_nAm(times, {"agg": bumps})
def fit():
    return fit_evoked(
        jones_2009((2, 2)), target, EvokedSettings(n_final=2, max_drives=3, regimes="silent"), checkpoint=folder,
        progress=lambda *_: None).first.fit
"""
SPIKING = """
from mne_hnn.fit import EvokedSettings, fit_evoked
times = np.arange(61.0)
target = Dipole.from_nAm(times, {"agg": 5 * np.exp(-(((times - 40) / 8) ** 2))})
settings = EvokedSettings(
    n_final=2, sequence=[("proximal", 15), ("distal", 35)], members=12, generations=2, regimes="spiking")
def fit():
    return fit_evoked(
        jones_2009((3, 3)), target, settings, checkpoint=folder, progress=lambda *_: None, n_jobs=n_jobs).first.fit
"""
SCRIPT = """
import hashlib, json, sys
import numpy as np
from mne_hnn import Dipole
from mne_hnn.network import jones_2009
folder, n_jobs = sys.argv[1] or None, int(sys.argv[2])
{made}
print("ready", flush=True)
result = fit()
print(json.dumps({{
    "evaluations": [[e.level, sorted(e.values.items()), e.loss, e.scale, e.r_squared] for e in result.evaluations],
    "estimates": [[e.path, e.value, e.low, e.high, e.determined] for e in result.estimates],
    "scale": result.scale, "scores": repr(result.scores), "warnings": result.warnings,
    "levels": repr(result.levels), "network": result.network.digest,
    "dipole": hashlib.sha256(result.dipole.data.tobytes()).hexdigest(),
    "simulation": hashlib.sha256(result.simulation.dipole.data.tobytes()).hexdigest(),
}}))
"""


class Fit:
    """A fit in a process of its own."""

    def __init__(self, made, folder, n_jobs=1):
        self.arguments = [sys.executable, "-c", SCRIPT.format(made=made), str(folder), str(n_jobs)]

    def begin(self):
        process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        return process

    def to_its_end(self):
        began = time.perf_counter()
        out, err = self.begin().communicate(timeout=600)
        assert out, err
        return json.loads(out.splitlines()[-1]), time.perf_counter() - began

    def killed_after(self, seconds):
        process = self.begin()
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        return process.returncode == -signal.SIGKILL


def kill_and_finish(made, tmp_path, times, seed, workers=(1,)):
    unbroken, _ = Fit(made, "").to_its_end()
    rng, killed, span = np.random.default_rng(seed), 0, 2.0
    fits = [Fit(made, tmp_path / "kept", n_jobs) for n_jobs in workers]
    for attempt in range(20 * times):
        if killed == times:
            break
        fit = fits[attempt % len(fits)]
        if fit.killed_after(rng.uniform(0, span)):
            killed += 1
        else:  # it had ended before: begin anew, and kill earlier
            span *= 0.7
            for file in (tmp_path / "kept").iterdir():
                file.unlink()
    assert killed == times
    n_kept = len(list((tmp_path / "kept").glob("batch-*.npz")))
    resumed, _ = fits[-1].to_its_end()
    assert resumed == unbroken
    assert len(list((tmp_path / "kept").glob("batch-*.npz"))) >= n_kept


def test_killed_three_times_ends_with_the_same_bytes(tmp_path):
    kill_and_finish(DRIVES, tmp_path, 3, seed=11)


def test_a_search_with_spikes_that_was_killed_ends_with_the_same_bytes(tmp_path):
    kill_and_finish(SPIKING, tmp_path, 2, seed=13, workers=(2, 1))


@pytest.mark.slow
def test_a_search_with_spikes_that_was_killed_twenty_times_ends_with_the_same_bytes(tmp_path):
    kill_and_finish(SPIKING, tmp_path, 20, seed=14, workers=(1, 2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("made", [DRIVES, EVOKED], ids=["drives", "evoked"])
def test_killed_twenty_times_ends_with_the_same_bytes(tmp_path, made):
    kill_and_finish(made, tmp_path, 20, seed=12)
