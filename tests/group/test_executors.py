"""Jobs over processes: each as if it ran alone, whatever dies or goes wrong beside it."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import group_tasks as tasks
import pytest

import mne_hnn
from mne_hnn.errors import ConfigError, ParameterError
from mne_hnn.group.progress import Progress, _duration
from mne_hnn.parallel import Lost, remote, run_tasks, run_with_retries, workers
from mne_hnn.parallel.executor import DeathError

KINDS = ["serial", "processes"]


def started(code, *arguments):
    """Start a script in a session of its own, so that its processes can be interrupted as a terminal does."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        start_new_session=True,
        preexec_fn=tasks.hears_ctrl_c,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    )


def pids(folder):
    return [int(one.name) for one in Path(folder).iterdir()]


@pytest.mark.parametrize("executor", KINDS)
def test_results_and_what_is_told(executor):
    told = []
    results = run_tasks(
        tasks.spectrum, {f"job{k}": (k,) for k in range(5)}, executor=executor, n_jobs=2,
        done=lambda key, result: told.append((key, result)),
    )  # fmt: skip
    assert results == {f"job{k}": tasks.spectrum(k) for k in range(5)}
    assert sorted(told) == sorted(results.items())


def test_a_killed_worker_loses_nothing(tmp_path):
    plan = {f"job{k}": ("square", k) for k in range(6)}
    plan["job2"] = ("once", 2, tmp_path / "flag")
    results = run_tasks(tasks.either, plan, n_jobs=2)
    assert (tmp_path / "flag").exists()
    assert results == {f"job{k}": k * k for k in range(6)}


@pytest.mark.parametrize("retries", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_one_that_dies_each_time_is_lost_and_no_other(tmp_path, retries):
    plan = {"job0": ("square", 3), "job1": ("killed", tmp_path, "a"), "job2": ("square", 4), "job3": ("square", 5)}
    results = run_tasks(tasks.either, plan, n_jobs=2, retries=retries)
    lost = results.pop("job1")
    assert isinstance(lost, Lost)
    often = {0: "once", 2: "3 times"}[retries]
    assert str(lost).startswith(f"The process that worked on job1 died {often} (killed, or out of memory)")
    assert results == {"job0": 9, "job2": 16, "job3": 25}
    assert len(list(tmp_path.iterdir())) == retries + 1


@pytest.mark.parametrize("executor", KINDS)
def test_what_a_task_raises_is_recorded(executor):
    plan = {"a": ("bad", "this"), "b": ("bad", "empty"), "c": ("bad", "exit"), "d": ("square", 2)}
    results = run_tasks(tasks.either, plan, executor=executor, n_jobs=2)
    assert {key: str(one) for key, one in results.items()} == {
        "a": "ValueError: this is wrong", "b": "MemoryError", "c": "SystemExit: 3", "d": "4",
    }  # fmt: skip
    assert [isinstance(results[key], Lost) for key in "abcd"] == [True, True, True, False]


def test_what_a_worker_cannot_unpack_is_lost_and_no_other():
    results = run_tasks(tasks.square, {"a": (2,), "b": (tasks.Unfit(),), "c": (3,)}, n_jobs=2)
    assert {key: str(one) for key, one in results.items()} == {
        "a": "4",
        "b": "ValueError: what was sent is wrong",
        "c": "9",
    }


@pytest.mark.parametrize("executor", KINDS)
def test_abort_stops_the_rest(executor):
    plan = {"a": ("square", 1), "b": ("bad", "this"), **{f"slow{k}": ("slow", k, tasks.LONG_s) for k in range(3)}}
    results = run_tasks(tasks.either, plan, executor=executor, n_jobs=1, abort_on=lambda one: isinstance(one, Lost))
    assert list(results) == ["a", "b"]
    assert results["a"] == 1


def test_abort_leaves_no_process(tmp_path):
    ended = []

    def done(key, result):
        ended.append(key)

    plan = {f"job{k}": (tmp_path, 0.3 if k == 0 else tasks.LONG_s) for k in range(4)}
    results = run_tasks(tasks.pid, plan, n_jobs=2, done=done, abort_on=lambda _one: True)
    assert list(results) == ended == ["job0"]
    tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in pids(tmp_path)))


RUN = """
    import sys, group_tasks
    from mne_hnn.parallel import run_tasks
    arguments = (sys.argv[1], *map(float, sys.argv[3:]))
    run_tasks(getattr(group_tasks, sys.argv[2]), {f"job{k}": arguments for k in range(4)}, n_jobs=2)
"""


@pytest.mark.parametrize("everybody", [pytest.param(False, marks=pytest.mark.slow), True], ids=["process", "terminal"])
def test_ctrl_c_leaves_no_worker(tmp_path, everybody):
    """A terminal sends it to all processes of the group."""
    with started(RUN, tmp_path, "pid", tasks.LONG_s) as run:
        tasks.wait_for(lambda: len(pids(tmp_path)) == 2)
        (os.killpg if everybody else os.kill)(run.pid, signal.SIGINT)
        assert run.wait(tasks.PATIENCE_s) != 0
        said = run.stderr.read()
    assert said.count("Traceback") == said.count("KeyboardInterrupt") == 1  # that of the script; workers say nothing
    tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in pids(tmp_path)))


HEARD_ELSEWHERE = """
    import os, signal, threading, time
    from pathlib import Path

    def interrupt():
        while len(list(Path(sys.argv[1]).iterdir())) < 2:
            time.sleep(0.05)
        time.sleep(0.5)  # the main thread waits by then
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
"""


def test_ctrl_c_that_another_thread_hears_of(tmp_path):
    """The system may hand a signal to any thread; the main one, where Python raises, sleeps on."""
    code = RUN.replace("    arguments =", f"{HEARD_ELSEWHERE}    arguments =")
    with started(code, tmp_path, "pid", tasks.LONG_s) as run:
        assert run.wait(tasks.PATIENCE_s) != 0
        assert run.stderr.read().count("KeyboardInterrupt") == 1
    tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in pids(tmp_path)))


@pytest.mark.slow
def test_ctrl_c_while_workers_start(tmp_path):
    with started(RUN, tmp_path, "pid", tasks.LONG_s) as run:
        children = Path(f"/proc/{run.pid}/task")

        def has_children():
            return any(one.read_text().strip() for one in children.glob("*/children"))

        tasks.wait_for(has_children)
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(tasks.PATIENCE_s) != 0

    def left():
        lines = subprocess.run(["ps", "-o", "pid=", "-s", str(run.pid)], capture_output=True, text=True, check=False)
        return [int(word) for word in lines.stdout.split() if tasks.alive(int(word))]

    tasks.wait_for(lambda: not left())


@pytest.mark.slow
def test_workers_end_with_a_killed_parent(tmp_path):
    with started(RUN, tmp_path, "pid", tasks.LONG_s) as run:
        tasks.wait_for(lambda: len(pids(tmp_path)) == 2)
        run.kill()
        run.wait(tasks.PATIENCE_s)
        tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in pids(tmp_path)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends when its simulation does")
def test_workers_end_with_a_killed_parent_within_a_simulation(tmp_path):
    with started(RUN, tmp_path, "long_column") as run:
        tasks.wait_for(lambda: len(pids(tmp_path)) == 2)
        run.kill()
        run.wait(tasks.PATIENCE_s)
        tasks.wait_for(lambda: not any(tasks.alive(pid) for pid in pids(tmp_path)))


def test_workers_have_one_thread_each_and_this_process_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    results = run_tasks(tasks.surroundings, {"a": (), "b": ()}, n_jobs=2)
    assert dict(os.environ) == before
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    for environment, threads in results.values():
        assert environment == one
        assert threads
        assert set(threads) == {1}


def test_ctrl_c_still_works_here_after_workers_started():
    run_tasks(tasks.square, {"a": (2,)})
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_no_worker_starts_in_a_pool_that_was_stopped():
    """Between the end of one task and the start of the next, a worker that nobody knows could begin."""
    pool = workers.WorkerPool(1)
    taken = []

    def done(key, result):
        taken.append(result)
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_with_retries(tasks.pid, dict.fromkeys(range(3), ()), pool, done)
        assert pool.pids() == []
        tasks.wait_for(lambda: not tasks.alive(taken[-1]))


def test_a_process_that_may_have_no_children_works_alone(monkeypatch):
    import multiprocessing

    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert workers.n_workers(4) == 1
    assert workers.n_workers(4, "n_threads") == 4


@pytest.mark.parametrize("executor", KINDS)
def test_no_tasks(executor):
    assert run_tasks(tasks.square, {}, executor=executor) == {}


class Elsewhere(Executor):
    """As of a cluster: what is handed over travels as bytes, and is done there by nothing of this package."""

    def submit(self, function, /, *arguments):
        assert (function, [type(one) for one in arguments]) == (pickle.loads, [bytes])
        future = Future()
        try:
            future.set_result(function(*arguments))
        except ConfigError as error:  # as a cluster hands it back
            future.set_exception(pickle.loads(pickle.dumps(error)))
        return future


@pytest.mark.parametrize("kind", ["processes", "threads", "elsewhere"])
def test_an_executor_that_a_user_brings(kind):
    context = multiprocessing.get_context("spawn")
    made = {
        "processes": lambda: ProcessPoolExecutor(2, mp_context=context),
        "threads": lambda: ThreadPoolExecutor(1),
        "elsewhere": Elsewhere,
    }
    plan = {"a": ("bad", "this"), "b": ("square", 3), "c": ("square", 2)}
    with made[kind]() as executor:
        results = run_tasks(tasks.either, plan, executor=executor)
    assert {key: str(one) for key, one in results.items()} == {"a": "ValueError: this is wrong", "b": "9", "c": "4"}


def test_an_executor_of_other_code_is_told(monkeypatch):
    label = remote.labelled(mne_hnn.__version__, "group")
    monkeypatch.setattr(remote, "labelled", lambda version, *code: next(labels))
    labels = iter([f"{mne_hnn.__version__} (code 01234567)", label])  # here, then there
    (lost,) = run_tasks(tasks.square, {"a": (3,)}, executor=Elsewhere(), code=("group",)).values()
    assert str(lost) == (
        f"The executor's workers have mne_hnn {label}, this is {mne_hnn.__version__} (code 01234567): start them in "
        "the Python environment of this run."
    )


def test_an_executor_whose_process_dies(tmp_path):
    """Its pool is broken, and no other can be made: what it had is lost, and said."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        results = run_tasks(tasks.killed, {"a": (tmp_path, "x")}, executor=executor)
    assert str(results["a"]).startswith("The executor lost a job (BrokenProcessPool: A process in the process pool was")


def test_a_pool_is_an_executor():
    """Of the standard library's kind: used in a block, it ends when all is done."""
    with workers.WorkerPool(2) as pool:
        futures = [pool.submit(tasks.slow_square, k, 0.1) for k in range(5)]
    assert [future.result() for future in futures] == [0, 1, 4, 9, 16]
    assert pool.pids() == []
    with pool:
        assert pool.submit(int, "11", base=2).result() == 3  # also again
        waits = [pool.submit(tasks.slow_square, k, 1.0) for k in range(4)]
        pool.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in waits[2:]] == [True, True]


def test_wrong_arguments():
    with pytest.raises(ConfigError, match="Did you mean 'processes'"):
        run_tasks(tasks.square, {}, executor="proceses")
    with pytest.raises(ParameterError, match="retries"):
        run_tasks(tasks.square, {}, retries=-1)


def test_progress(caplog):
    progress = Progress(3, "Fits", n_workers=2)
    with caplog.at_level("INFO", logger="mne"):
        progress.tell("sub-01", "done", seconds=40.0, failed=False)
        progress.tell("sub-02", "failed at load: no file", seconds=0.1, failed=True)
        progress.tell("sub-03", "done", seconds=20.0, failed=False)
    assert [one.getMessage() for one in caplog.records] == [
        "Fits 1/3  sub-01: done in 40 s; about 40 s left",
        "Fits 2/3  sub-02: failed at load: no file; 1 failed so far; about 20 s left",
        "Fits 3/3  sub-03: done in 20 s; 1 failed so far",
    ]
    assert [_duration(one) for one in (3, 60, 600, 7200)] == ["10 s", "60 s", "10 min", "2.0 h"]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_nobody_waits_for_a_large_result_whose_worker_was_killed(share):
    size = 200_000_000  # many times what a pipe holds
    pool = workers.WorkerPool(1)
    pool.submit(len, b"").result(60.0)
    began = time.monotonic()
    pool.submit(bytes, size).result(60.0)
    taken = time.monotonic() - began
    future = pool.submit(bytes, size)
    time.sleep(share * taken)
    pool.give_up()
    with contextlib.suppress(DeathError):
        assert len(future.result(30.0)) == size  # it was faster this time
    assert pool.submit(len, b"ab").result(60.0) == 2
    pool.close()


def test_a_worker_that_is_killed_while_it_sends_is_noticed(monkeypatch):
    """Nobody told the pool, and its process holds the other end of the pipe, too."""
    monkeypatch.setattr(workers, "LOOKS_s", 0.2)
    pool = workers.WorkerPool(1)
    with pytest.raises(DeathError):
        pool.submit(tasks.killed_while_it_sends).result(60.0)
    assert pool.submit(len, b"ab").result(60.0) == 2
    with pytest.raises(TimeoutError, match="of the task itself"):
        pool.submit(tasks.raises_timeout).result(60.0)
    assert pool.submit(tasks.slow_square, 3, 1.0).result(60.0) == 9  # longer than it is waited between two looks
    pool.close()
