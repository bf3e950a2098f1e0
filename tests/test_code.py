"""Keys of results change with the code that made them, and with nothing else."""

import hashlib
import shutil
from pathlib import Path

import pytest

from mne_hnn import _code
from mne_hnn._code import STAGE_FOLDERS, labelled, named_apart, source_digest
from mne_hnn.fit.checkpoint import Checkpoint
from mne_hnn.fit.evaluate import Evaluator
from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings
from mne_hnn.sweep import plan

USED = {
    "simulation": (),
    "sweep": ("sweep",),
    "fit": ("fit",),
    "stage": STAGE_FOLDERS,
    "posterior": ("inference", *STAGE_FOLDERS),
    "group": ("group", "inference", *STAGE_FOLDERS),
}


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A copy of the package's sources, which may be edited."""
    copy = tmp_path / "mne_hnn"
    shutil.copytree(Path(_code.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.gii"))
    monkeypatch.setattr(_code, "_PACKAGE", copy)
    source_digest.cache_clear()
    yield copy
    source_digest.cache_clear()


def digests():
    source_digest.cache_clear()
    return {name: source_digest(*folders) for name, folders in USED.items()}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("network/models.py", set(USED)),
        ("simulate/engine.py", set(USED)),
        ("simulate/mod/hnn_synapses.mod", set(USED)),
        ("simulate/mod/hh.inc", set(USED)),
        ("parallel/process.py", set(USED)),
        ("simulate/native/tree_solver.cpp", set(USED)),
        ("dipole.py", set(USED)),
        ("fit/objectives.py", {"fit", "stage", "posterior", "group"}),
        ("source/demo/recording.py", {"stage", "posterior", "group"}),
        ("pipeline/stages/_05_fit.py", {"stage", "posterior", "group"}),
        ("io/network.py", {"stage", "posterior", "group"}),
        ("inference/run.py", {"posterior", "group"}),
        ("group/average.py", {"group"}),
        ("sweep/summaries.py", {"sweep"}),
        ("viz/dipole.py", set()),
        ("group/figures/targets.py", set()),
        ("cli.py", set()),
    ],
)
def test_a_changed_source_file_changes_the_keys_it_counts_for(package, file, changed):
    before = digests()
    assert len(set(before.values())) == len(before)
    with (package / file).open("a") as stream:
        stream.write("\n")
    after = digests()
    assert {name for name in USED if before[name] != after[name]} == changed


def test_where_it_is_and_what_was_compiled_there_do_not_count(package):
    here = digests()
    (package / "network" / "__pycache__").mkdir(exist_ok=True)
    (package / "network" / "__pycache__" / "models.cpython-312.pyc").write_bytes(b"compiled")
    (package / "simulate" / "libnrnmech.so").write_bytes(b"compiled")
    assert digests() == here
    (package / "network" / "models.py").rename(package / "network" / "model.py")
    assert digests()["simulation"] != here["simulation"]


def test_the_copy_has_the_digest_of_the_original(package, monkeypatch):
    copied = digests()
    monkeypatch.undo()
    assert digests() == copied


def test_checkpoints_and_points_of_a_sweep_are_those_of_their_code(monkeypatch):
    network, runs = jones_2009((1, 1)), SimulationSettings(tstop=10.0, engine="neuron")
    evaluator = Evaluator(checkpoint=Checkpoint(None))
    asked = []
    monkeypatch.setattr(Checkpoint, "get", lambda _, key: asked.append(key) or {"size": 1.0})

    def keys():
        asked.clear()
        evaluator.records([network], runs, "x", lambda _: {})
        return asked[-1], plan.network_key(network, {"tstop": 10.0})

    first = keys()
    assert keys() == first
    monkeypatch.setattr("mne_hnn.fit.evaluate.source_digest", lambda *_: "other")
    monkeypatch.setattr("mne_hnn.sweep.plan.source_digest", lambda *_: "other")
    assert not set(keys()) & set(first)


def test_versions_are_named_and_code_only_where_they_are_equal():
    label = labelled("0.3.0", "fit")
    assert label == f"0.3.0 (code {source_digest('fit')[:8]})"
    assert len(source_digest("fit")) == len(hashlib.sha256().hexdigest())
    assert named_apart("0.2.0 (code 01234567)", label) == ("0.2.0", "0.3.0")
    assert named_apart("0.3.0 (code 01234567)", label) == ("0.3.0 (code 01234567)", label)
    assert named_apart("0.2.0", label) == ("0.2.0", "0.3.0")  # of before there were digests
