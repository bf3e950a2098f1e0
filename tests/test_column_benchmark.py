"""The benchmark of two builds: what it asks of them, how it counts, and what it compiles for."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def test_ratios_and_tables(module):
    timing = module("_timing")
    assert timing.span([4.0, 2.0, 3.0], 1) == "3.0 (2.0 - 4.0)"
    assert timing.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert timing.machine()["cores"] == str(os.cpu_count())


@pytest.mark.parametrize(("block_MB", "least", "most"), [(0, 1, 150), (300, 300, 450)])
def test_memory_is_that_of_the_process_alone(block_MB, least, most):
    """Whatever the process had that started it, as large as this one."""
    code = f"from _timing import peak_memory; block = b'x' * ({block_MB} << 20); print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=BENCHMARKS)
    assert least <= float(done.stdout) < most


def test_processor_time_counts_processes_that_run_and_that_ended(module):
    cpu_seconds = module("_timing").cpu_seconds
    code = "import time\nwhile time.process_time() < 0.5: pass\nprint('done', flush=True)\ninput()"
    before = cpu_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.stdout.readline()
        running = cpu_seconds() - before
        child.communicate("\n")
    assert 0.45 < running < 1.5
    assert 0.45 < cpu_seconds() - before < 1.5


def test_a_worker_answers_in_seconds_and_spikes(module):
    build = module("column").Build(name="here", python=sys.executable, environment={"PYTHONPATH": _path(), **_cache()})
    with build.start() as worker:
        assert Path(worker.ask("about")["folder"]).name == "mne_hnn"
        again = [worker.ask("trial", size=2, seed=seed) for seed in (1, 1, 2)]
        anew = worker.ask("trial", size=2, seed=1, first=0)
        recorded = worker.ask("trial", size=2, seed=1, electrodes=True)
        assert worker.ask("memory")["memory"] > 50
    assert again[0]["spikes"] == again[1]["spikes"] == recorded["spikes"] != again[2]["spikes"]
    assert again[0]["number"] > 0
    assert all(answer["seconds"] > 0 < answer["cpu"] for answer in (*again, anew, recorded))


def _path():
    return os.pathsep.join(filter(None, [str(BENCHMARKS.parents[1]), os.environ.get("PYTHONPATH")]))


def _cache():
    return {name: value for name, value in os.environ.items() if name.startswith("MNE_HNN")}


def test_sides_take_turns(module):
    column = module("column")
    asked = []

    class Fake:
        def __init__(self, name):
            self.name = name

        def ask(self, **request):
            asked.append((self.name, request["k"]))
            return {"seconds": 2.0 if self.name == "before" else 1.0, "spikes": str(request["k"] % 2 and self.name)}

    session = column.Session({}, type("Options", (), {"rounds": 3})())
    session.alternate("x", {side: Fake(side) for side in column.SIDES}, lambda _, k: {"k": k})
    assert asked == [("before", 0), ("after", 0), ("after", 1), ("before", 1), ("before", 2), ("after", 2)]
    assert column.ratios(session.measured["x"]) == [2.0, 2.0, 2.0]
    assert column.same_spikes(session.measured["x"]) == "2 of 3"


def test_other_processors_are_what_is_compiled_for(module, tmp_path):
    kinds = module("column").kinds(tmp_path)
    assert kinds["portable"] == {"MNE_HNN_MECHANISMS": "portable"}
    if "AVX2" not in kinds:
        pytest.skip("this processor has no AVX-512 to leave out")
    command = [kinds["AVX2"]["CXX"], "-march=native", "-dM", "-E", "-x", "c++", os.devnull]
    macros = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "__AVX2__" in macros
    assert "__AVX512" not in macros


def test_draws_are_the_same_everywhere_and_differ(module):
    draws = module("_draws")
    small = draws.drawn_column(3, mesh_shape=(2, 2))
    assert small == draws.drawn_column(3, mesh_shape=(2, 2))
    assert dict(small.drives) == dict(draws.drawn_column(3, mesh_shape=(3, 3)).drives)
    assert small.drives != draws.drawn_column(4, mesh_shape=(2, 2)).drives
    silent = draws.drawn_column(3, silent=True, mesh_shape=(2, 2))
    weights = [w for drive in silent.drives.values() for some in drive.weights.values() for w in some.values()]
    assert draws.SILENT_WEIGHTS[0] <= min(weights) < max(weights) <= draws.SILENT_WEIGHTS[1]


def test_errors_of_dipoles_are_relative_to_the_reference(module):
    reference = np.array([3.0, 4.0])
    pairs = np.array([[[7.0, *(1.1 * reference)], [5.0, *reference]], [[5.0, np.nan, 1.0], [5.0, *reference]]])
    errors = module("search_error").dipole_errors(pairs, 1)
    assert errors[0] == pytest.approx(0.1)
    assert np.isnan(errors[1])


def test_kept_runs_are_taken_up_and_of_their_mesh(module, tmp_path):
    store_of = module("search_error").Store
    path = tmp_path / "runs.npz"
    store_of(path, (3.0, 170.0)).keep("spiking 0 exact", np.arange(3.0))
    np.testing.assert_array_equal(store_of(path, (3.0, 170.0)).runs["spiking 0 exact"], np.arange(3.0))
    with pytest.raises(SystemExit, match="name another file"):
        store_of(path, (10.0, 170.0))
