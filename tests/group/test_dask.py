"""Jobs on a cluster by Dask: the same results as here, whatever dies."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import group_tasks as tasks
import pytest

import mne_hnn
from mne_hnn.errors import ConfigError, DataError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.parallel import Lost, opened, remote, run_tasks, schedulers
from mne_hnn.parallel.clusters import DaskExecutor
from mne_hnn.simulate import Computing, SimulationSettings, simulate_many
from mne_hnn.simulate.many import run_networks

distributed = pytest.importorskip("distributed")

ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])}


def ended(process):
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def dask(*words, cwd, environment=None):
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *map(str, words)], cwd=cwd, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **ENVIRONMENT, **(environment or {})},
    )  # fmt: skip
    try:
        yield process
    finally:
        ended(process)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler in a process of its own: its file, its address, and its process."""
    file = tmp_path / "scheduler.json"
    with dask(
        "scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file, cwd=tmp_path
    ) as process:
        tasks.wait_for(file.exists)
        yield file, schedulers._read_address(file), process


def worker(file, folder, threads=1, n=1, environment=None):
    folder.mkdir()
    return dask(
        "worker", "--scheduler-file", file, "--nthreads", threads, "--nworkers", n, "--no-dashboard",
        "--local-directory", folder, cwd=folder, environment=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def client():
    """Workers of this machine; each test has its own jobs."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def test_the_same_as_here_and_what_is_raised(client, tmp_path, monkeypatch):
    plan = {f"job{k}": ("square", k) for k in range(5)} | {"bad": ("bad", "this"), "exit": ("bad", "exit")}
    told = []
    results = run_tasks(
        tasks.either, plan, executor="dask", scheduler=client, done=lambda key, result: told.append(key)
    )
    assert {key: str(one) for key, one in results.items()} == {
        "bad": "ValueError: this is wrong", "exit": "SystemExit: 3", **{f"job{k}": str(k * k) for k in range(5)},
    }  # fmt: skip
    assert sorted(told) == sorted(plan)
    spectra = run_tasks(tasks.spectrum, {str(k): (k,) for k in range(4)}, executor="dask", scheduler=client)
    assert spectra == {str(k): tasks.spectrum(k) for k in range(4)}
    monkeypatch.chdir(tmp_path)  # relative paths are those of the run
    assert run_tasks(tasks.working_folder, {"a": ()}, executor="dask", scheduler=client) == {"a": str(tmp_path)}


def test_a_column_in_a_thread_of_a_worker(client):
    """Also where a job asks for processes, which a worker of Dask may not have."""
    results = run_tasks(tasks.column, {"one": (1,), "two": (2,)}, executor="dask", scheduler=client)
    assert results["one"] == results["two"] == tasks.column()


def test_networks_on_the_executor_of_a_client(client, monkeypatch):
    """The same bytes as here, and the same checks as of jobs."""
    networks = [with_erp_drives(jones_2009((2, 2))).with_drive_changes("evprox1", mu_ms=mu) for mu in (15.0, 26.0)]
    settings = SimulationSettings(tstop=40.0, n_trials=2, seed=3)
    alone = simulate_many(networks, settings)
    for found, here in zip(simulate_many(networks, settings, executor=client.get_executor()), alone, strict=True):
        assert [one.data.tobytes() for one in found.dipoles] == [one.data.tobytes() for one in here.dipoles]
        assert found.spikes == here.spikes
    monkeypatch.setattr("mne_hnn.parallel.remote.__version__", "99.9")
    with pytest.raises(ConfigError, match=r"Dask's workers have mne_hnn .*, this is 99\.9: start them in the Python"):
        simulate_many(networks, settings, executor=client.get_executor())


def test_the_executor_of_a_client_gives_futures(client):
    with opened(client.get_executor()) as place:
        assert isinstance(place, DaskExecutor)
        assert place.submit(int, "11", base=2).result() == 3
        assert str(place.submit(tasks.bad, "this").result()) == "ValueError: this is wrong"


def test_networks_on_workers_that_dask_starts_for_them():
    networks = [with_erp_drives(jones_2009((2, 2)))] * 2
    settings = SimulationSettings(tstop=40.0)
    before = dict(os.environ)
    with Computing(executor="dask", n_jobs=1).ready() as computing:
        first, second = (run_networks(networks, settings, computing=computing) for _ in range(2))
    assert dict(os.environ) == before
    assert first[0].dipole.data.tobytes() == second[1].dipole.data.tobytes()
    assert first[0].dipole.data.tobytes() == simulate_many(networks[:1], settings)[0].dipole.data.tobytes()


def test_abort_leaves_the_rest(client):
    plan = {"bad": ("bad", "this"), **{f"slow{k}": ("slow", k, 1.0) for k in range(6)}}
    results = run_tasks(
        tasks.either, plan, executor="dask", scheduler=client, abort_on=lambda one: isinstance(one, Lost)
    )
    assert "bad" in results
    assert len(results) < len(plan)


def test_a_folder_that_a_node_does_not_have(client, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    monkeypatch.setattr(os, "getcwd", lambda: str(gone))
    results = run_tasks(tasks.working_folder, {"a": ()}, executor="dask", scheduler=client)
    assert str(results["a"]) == (
        f"{socket.gethostname()} cannot enter the folder {gone} (No such file or directory): start the run in a folder "
        "that all nodes share."
    )


def test_workers_that_die(tmp_path):
    """Three workers; one is killed from outside in mid-job, one job kills its worker each time."""
    plan = {f"job{k}": ("slow", k, 0.2) for k in range(8)}
    plan["once"] = ("once", 7, tmp_path / "flag")
    (tmp_path / "died").mkdir()
    plan["killed"] = ("killed", tmp_path / "died", "x")
    before = dict(os.environ)
    results = run_tasks(tasks.either, plan, executor="dask", n_jobs=3)
    assert dict(os.environ) == before  # Dask sets numbers of threads here, for its workers
    assert (tmp_path / "flag").exists()
    lost = results.pop("killed")
    assert isinstance(lost, Lost)
    times = len(list((tmp_path / "died").iterdir()))
    assert 2 <= times <= 4  # twice alone, and up to twice among others, where Dask also counts what it only waited for
    assert str(lost).startswith("The process that worked on killed died 2 times (killed, or out of memory)")
    assert results == {**{f"job{k}": k * k for k in range(8)}, "once": 49}


@pytest.mark.slow
def test_a_worker_killed_from_outside(tmp_path):
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed = []

        def done(key, result):
            if not killed:
                busy = [pid for pid in client.run(os.getpid).values() if pid != result]
                killed.append(busy[0])
                os.kill(busy[0], signal.SIGKILL)

        plan = {f"job{k}": (None, 0.5) for k in range(9)}
        results = run_tasks(tasks.pid, plan, executor="dask", scheduler=client, done=done)
    assert set(results) == set(plan)
    assert not any(isinstance(one, Lost) for one in results.values())
    # the two that were left; the one that takes the place of the dead one may come too late
    assert len(set(results.values()) - set(killed)) >= 2


@pytest.mark.parametrize("by", ["file", "address"])
def test_a_scheduler_and_workers_of_their_own(scheduler, tmp_path, by):
    """Without this package's settings in the environment of the workers, and before there are any."""
    file, address, _ = scheduler
    with worker(file, tmp_path / "one", environment={"OPENBLAS_NUM_THREADS": ""}):
        named = str(file) if by == "file" else address
        results = run_tasks(tasks.spectrum, {str(k): (k,) for k in range(3)}, executor="dask", scheduler=named)
    assert results == {str(k): tasks.spectrum(k) for k in range(3)}


def test_no_workers_yet(scheduler, tmp_path, caplog):
    file, address, _ = scheduler
    late = []

    class Late:
        def filter(self, record):
            if "no workers yet" in record.getMessage():
                late.append(worker(file, tmp_path / "one"))
                late[0].__enter__()
            return True

    import mne

    late_filter = Late()
    mne.utils.logger.addFilter(late_filter)
    try:
        results = run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=address)
    finally:
        mne.utils.logger.removeFilter(late_filter)
        for one in late:
            one.__exit__(None, None, None)
    assert results == {"a": 9}
    assert [one.getMessage() for one in caplog.records if "workers" in one.getMessage()] == [
        "The Dask scheduler has no workers yet: waiting for the first ..."
    ]


def test_a_cluster_that_grows_as_needed():
    with (
        distributed.LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as client,
    ):
        cluster.adapt(minimum=0, maximum=2)
        results = run_tasks(tasks.square, {str(k): (k,) for k in range(3)}, executor="dask", scheduler=client)
    assert results == {"0": 0, "1": 1, "2": 4}


def test_workers_that_go_between_being_counted_and_being_given_jobs(client, monkeypatch):
    """Nothing may depend on who is there: one that was counted has gone, others come, and nobody is asked from afar."""
    monkeypatch.setattr(client, "nthreads", lambda: {"tcp://127.0.0.1:9": 1})
    monkeypatch.setattr(client, "run", lambda *_, **__: pytest.fail("asked workers that may have gone"))
    monkeypatch.setattr(client, "wait_for_workers", lambda *_, **__: pytest.fail("waited for workers that may go"))
    assert run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=client) == {"a": 9}


def test_workers_of_another_version(client, monkeypatch):
    monkeypatch.setattr("mne_hnn.parallel.remote.__version__", "99.9")
    with pytest.raises(ConfigError) as caught:
        run_tasks(tasks.square, {"a": (3,), "b": (4,)}, executor="dask", scheduler=client)
    assert str(caught.value) == (
        f"Dask's workers have mne_hnn {mne_hnn.__version__}, this is 99.9: start them in the Python environment of "
        "this run."
    )
    monkeypatch.undo()
    own = remote.labelled(mne_hnn.__version__)
    other = f"{mne_hnn.__version__} (code 01234567)"
    monkeypatch.setattr("mne_hnn.parallel.remote.labelled", lambda *_: other)
    with pytest.raises(ConfigError) as caught:
        run_tasks(tasks.square, {"a": (3,), "b": (4,)}, executor="dask", scheduler=client)
    assert str(caught.value) == (
        f"Dask's workers have mne_hnn {own}, this is {other}: start them in the Python environment of this run."
    )
    monkeypatch.undo()  # who was refused can go on once that is mended
    assert run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=client) == {"a": 9}


def test_two_workers_in_one_process():
    """Each has one thread, and still two columns would be in each other's way."""
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": "127.0.0.1:0"}
    sentence = r"have up to 2 threads in a process, but NEURON needs a process for"
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        with remote._at_work, pytest.raises(ConfigError, match=sentence):  # the other worker's job
            run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=client)
        assert run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=client) == {"a": 9}


def test_a_job_that_a_worker_cannot_unpack_is_lost_and_no_other(client, tmp_path, monkeypatch):
    """What is missing is named; it is no reason to say that this package is."""
    (tmp_path / "only_here.py").write_text("def work(value):\n    return value\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    results = run_tasks(only_here.work, {"a": (3,)}, executor="dask", scheduler=client)
    assert str(results["a"]) == "ModuleNotFoundError: No module named 'only_here'"


def test_workers_with_two_threads_and_without_the_package(scheduler, tmp_path):
    file, address, _ = scheduler
    with worker(file, tmp_path / "two", threads=2), pytest.raises(ConfigError) as caught:
        run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=str(file))
    assert str(caught.value) == (
        "Dask's workers have up to 2 threads in a process, but NEURON needs a process for each simulation: start them "
        "with `dask worker --nthreads 1 --nworkers N`."
    )
    block = tmp_path / "block" / "mne_hnn"
    block.mkdir(parents=True)
    (block / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'mne_hnn'\", name='mne_hnn')")
    without = {"PYTHONPATH": os.pathsep.join([str(block.parent), ENVIRONMENT["PYTHONPATH"]])}
    with distributed.Client(address) as client:
        tasks.wait_for(lambda: not client.nthreads())
    with worker(file, tmp_path / "three", environment=without), pytest.raises(ConfigError) as caught:
        run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=address)
    assert str(caught.value) == (
        "Dask's workers cannot import this package (ModuleNotFoundError(\"No module named 'mne_hnn'\")): start them in "
        "the Python environment of this run."
    )


def test_a_scheduler_that_is_lost(scheduler, tmp_path):
    file, address, process = scheduler

    def done(key, result):
        os.killpg(process.pid, signal.SIGKILL)

    with worker(file, tmp_path / "one"), pytest.raises(DataError, match="scheduler was lost"):
        run_tasks(
            tasks.slow_square, {str(k): (k, 0.1 if k == 0 else 60.0) for k in range(3)}, executor="dask",
            scheduler=address, done=done,
        )  # fmt: skip


def test_a_scheduler_file_that_is_being_written(tmp_path, monkeypatch):
    file, looks = tmp_path / "scheduler.json", []

    def written(seconds):
        looks.append(seconds)
        file.write_text("" if len(looks) == 1 else '{"address": "tcp://127.0.0.1:1"}')

    monkeypatch.setattr(schedulers.time, "sleep", written)
    file.write_text('{"addr')
    assert schedulers._read_address(file) == "tcp://127.0.0.1:1"
    assert len(looks) == 2


def test_schedulers_that_are_not_there(tmp_path, monkeypatch):
    def run(scheduler):
        with pytest.raises(ConfigError) as caught:
            run_tasks(tasks.square, {"a": (3,)}, executor="dask", scheduler=scheduler)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    monkeypatch.setattr("mne_hnn.parallel.schedulers.ANSWER", "1s")
    port = free_port()
    said = run(f"tcp://127.0.0.1:{port}")
    assert said.startswith(f"No Dask scheduler answers at tcp://127.0.0.1:{port} (")
    assert "give the address that `dask scheduler` prints" in said
    assert run("here").startswith("No Dask scheduler answers at here (")
    missing = tmp_path / "scheduler.json"
    assert run(missing) == (
        f"There is no scheduler file {missing}: start one with `dask scheduler --scheduler-file {missing}`."
    )
    for text in ("{", "[]", '{"id": "x"}'):
        missing.write_text(text)
        assert run(missing).startswith(f"{missing} is not a scheduler file (")
    missing.write_text(f'{{"address": "tcp://127.0.0.1:{port}"}}')
    assert run(missing).startswith(f"No Dask scheduler answers at {missing} (")


def test_no_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"executor = 'dask' needs Dask: pip install 'mne-hnn\[hpc\]'\."):
        run_tasks(tasks.square, {"a": (3,)}, executor="dask")


def test_a_script_without_a_main_guard(tmp_path):
    """Also where a worker that died is started again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, group_tasks\n"
        "from mne_hnn.parallel import run_tasks\n"
        "plan = {'a': ('square', 3), 'b': ('once', 4, sys.argv[1])}\n"
        "results = run_tasks(group_tasks.either, plan, executor='dask', n_jobs=1)\n"
        "print(results, __file__ == sys.argv[0])\n"
    )
    words = [sys.executable, script, tmp_path / "flag"]
    run = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, **ENVIRONMENT}, timeout=tasks.PATIENCE_s
    )
    assert run.returncode == 0, run.stderr
    printed, is_restored = run.stdout.strip().rsplit(" ", 1)
    assert eval(printed) == {"a": 9, "b": 16}
    assert is_restored == "True"


RUN = """
import sys, group_tasks
from mne_hnn.parallel import run_tasks
if __name__ == "__main__":
    plan = {f"job{k}": (sys.argv[1], group_tasks.LONG_s) for k in range(4)}
    run_tasks(group_tasks.pid, plan, executor="dask", n_jobs=2, scheduler=(sys.argv[2:] or [None])[0])
"""


@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_ctrl_c_and_death_leave_no_worker(tmp_path, how):
    (tmp_path / "pids").mkdir()
    script = tmp_path / "script.py"
    script.write_text(RUN)
    with subprocess.Popen(
        [sys.executable, script, tmp_path / "pids"], start_new_session=True, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **ENVIRONMENT}, preexec_fn=tasks.hears_ctrl_c,
    ) as run:  # fmt: skip
        tasks.wait_for(lambda: len(list((tmp_path / "pids").iterdir())) == 2)
        os.killpg(run.pid, how) if how == signal.SIGINT else run.kill()
        assert run.wait(tasks.PATIENCE_s) != 0
        said = run.stderr.read()
    if how == signal.SIGINT:
        assert said.strip().splitlines()[-1] == "KeyboardInterrupt"
    alive = [int(one.name) for one in (tmp_path / "pids").iterdir()]
    tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in alive))


@pytest.mark.slow
def test_ctrl_c_cancels_what_waits_on_a_cluster(scheduler, tmp_path):
    file, address, _ = scheduler
    (tmp_path / "pids").mkdir()
    script = tmp_path / "script.py"
    script.write_text(RUN)
    with worker(file, tmp_path / "one"), distributed.Client(address) as client:
        with subprocess.Popen(
            [sys.executable, script, tmp_path / "pids", address], start_new_session=True, stderr=subprocess.DEVNULL,
            env={**os.environ, **ENVIRONMENT}, preexec_fn=tasks.hears_ctrl_c,
        ) as run:  # fmt: skip
            tasks.wait_for(lambda: len(list((tmp_path / "pids").iterdir())) == 1)
            run.send_signal(signal.SIGINT)
            assert run.wait(tasks.PATIENCE_s) != 0
        tasks.wait_for(lambda: sum(len(one) for one in client.processing().values()) == 0)
