"""Several networks side by side: each as if it were simulated alone, and one that fails stops no other."""

import dataclasses
import gc
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import time
import weakref
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path

import deadly
import numpy as np
import pytest

from mne_hnn import _code
from mne_hnn._code import source_digest
from mne_hnn.errors import ParameterError, SimulationError, WorkerError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.parallel import remote, workers
from mne_hnn.simulate import Computing, Simulation, SimulationSettings, clear, many, simulate, simulate_many

TSTOP = 40.0
HOW = SimulationSettings(tstop=TSTOP, n_trials=2, seed=7)


def networks():
    """Two that run, one that cannot, and another one that runs, in this order."""
    first = with_erp_drives(jones_2009((2, 2)))
    second = first.with_drive_changes("evprox1", mu_ms=15.0)
    fails = first.with_tonic_bias("absurd", amplitude_nA={"L5_pyramidal": 1e6})
    third = with_erp_drives(jones_2009((3, 2)))
    return [first, second, fails, third]


def bytes_of(simulation):
    spikes = simulation.spikes
    parts = [dipole.data.tobytes() for dipole in simulation.dipoles]
    return b"".join([*parts, spikes.trial.tobytes(), spikes.time.tobytes(), spikes.gid.tobytes()])


@pytest.fixture(scope="module")
def alone():
    return [
        bytes_of(simulate(network, TSTOP, n_trials=2, seed=7, verbose="error"))
        for k, network in enumerate(networks()) if k != 2
    ]  # fmt: skip


def assert_as_alone(outcomes, alone):
    assert len(outcomes) == 4
    assert isinstance(outcomes[2], SimulationError)
    assert "unstable" in str(outcomes[2])
    assert [bytes_of(one) for k, one in enumerate(outcomes) if k != 2] == alone
    for k in (0, 1, 3):
        assert isinstance(outcomes[k], Simulation)
        assert outcomes[k].network == networks()[k]
        assert outcomes[k].n_trials == 2
        assert (outcomes[k].tstop, outcomes[k].dt, outcomes[k].seed) == (TSTOP, 0.025, 7)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_is_what_it_is_alone(alone, n_jobs):
    told = []
    outcomes = simulate_many(networks(), HOW, n_jobs=n_jobs, done=lambda index, outcome: told.append((index, outcome)))
    assert_as_alone(outcomes, alone)
    assert sorted(index for index, _ in told) == [0, 1, 2, 3]
    assert all(outcomes[index] is outcome for index, outcome in told)
    if n_jobs == 1:
        assert [index for index, _ in told] == [0, 1, 2, 3]


def test_an_executor_of_ones_own(alone):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as executor:
        outcomes = simulate_many(networks(), HOW, executor=executor)
    assert_as_alone(outcomes, alone)


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_an_executor_by_name(alone, executor):
    assert_as_alone(simulate_many(networks(), HOW, executor=executor, n_jobs=2), alone)
    pids = workers.pool(2).pids()
    if executor == "processes":
        assert len(pids) == 2  # kept, as their networks stay built
        assert os.getpid() not in pids


def test_a_network_that_kills_its_worker_is_told_and_no_other(monkeypatch, alone):
    """Twice, the second time in a new process."""
    import_path = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([import_path, os.environ.get("PYTHONPATH", "")]))
    workers.close_workers()  # they are to find the module
    monkeypatch.setattr(many, "_attempt", deadly.attempt)
    outcomes = simulate_many(networks()[:2], HOW, n_jobs=2)
    workers.close_workers()
    assert bytes_of(outcomes[1]) == alone[1]
    assert isinstance(outcomes[0], WorkerError)
    assert str(outcomes[0]).startswith("The process that worked on trial 1 of network 0 died 2 times (killed, or out")


class Cluster(Executor):
    """As of a cluster: what is handed over travels as bytes; may it be of another version."""

    def __init__(self, monkeypatch, version):
        self.monkeypatch, self.version = monkeypatch, version

    def submit(self, function, /, *arguments):
        future = Future()
        with self.monkeypatch.context() as there:
            there.setattr(remote, "__version__", self.version)
            try:
                future.set_result(pickle.loads(pickle.dumps(function))(*pickle.loads(pickle.dumps(arguments))))
            except Exception as error:  # noqa: BLE001 - as a cluster hands it back
                future.set_exception(error)
        return future


def test_an_executor_of_a_cluster_tells_other_versions(alone, monkeypatch):
    own = remote.__version__
    outcomes = simulate_many(networks(), HOW, executor=Cluster(monkeypatch, own))
    assert_as_alone(outcomes, alone)
    (outcome,) = simulate_many(networks()[:1], SimulationSettings(tstop=TSTOP), executor=Cluster(monkeypatch, "0.0"))
    assert isinstance(outcome, WorkerError)
    assert str(outcome) == (
        f"The executor's workers have mne_hnn 0.0, this is {own}: start them in the Python environment of this run."
    )


def test_an_executor_of_a_cluster_tells_other_code_of_the_same_version(monkeypatch):
    cluster = Cluster(monkeypatch, remote.__version__)
    asked, own = source_digest()[:8], remote.__version__

    def submit(function, /, *arguments):
        with monkeypatch.context() as there:
            there.setattr(_code, "source_digest", lambda *_: "0123456789" * 6)
            return Cluster.submit(cluster, function, *arguments)

    cluster.submit = submit
    (outcome,) = simulate_many(networks()[:1], SimulationSettings(tstop=TSTOP), executor=cluster)
    assert str(outcome) == (
        f"The executor's workers have mne_hnn {own} (code 01234567), this is {own} (code {asked}): start them in the "
        "Python environment of this run."
    )


def test_a_cluster_without_the_package(monkeypatch):
    """It is handed bytes, which it can take; that it cannot unpack them is told."""
    cluster = Cluster(monkeypatch, remote.__version__)

    def submit(function, payload):
        assert (function, type(payload)) == (pickle.loads, bytes)
        future = Future()
        future.set_exception(ModuleNotFoundError("No module named 'mne_hnn'", name="mne_hnn"))
        return future

    cluster.submit = submit
    (outcome,) = simulate_many(networks()[:1], SimulationSettings(tstop=TSTOP), executor=cluster)
    assert str(outcome) == "The executor lost a trial (ModuleNotFoundError: No module named 'mne_hnn')."


def test_a_worker_that_died_while_it_waited_is_no_fault_of_the_next_trial():
    """Kept from call to call, it can be killed between two of them (memory taken by others)."""
    pool = workers.WorkerPool(1)
    try:
        first = pool.submit(os.getpid).result()
        for _ in range(2):
            (pid,) = pool.pids()
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 300
            while multiprocessing.connection.wait(sentinels(pool), 0) == []:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert pool.submit(os.getpid).result() not in (first, pid)
    finally:
        pool.close(kill=True)


def sentinels(pool):
    return [one.sentinel for executor in pool._executors for one in list((executor._processes or {}).values())] or [
        closed()
    ]


def closed():
    """What is ready at once, where the pool has noticed already."""
    reader, writer = multiprocessing.Pipe()
    writer.close()
    return reader


@pytest.mark.parametrize("how", ["here", "processes", "executor"])
def test_outcomes_can_be_handed_over_and_forgotten(alone, how):
    handed, dipoles, alive = {}, [], []

    def done(index, outcome):
        if index != 2:
            handed[index] = bytes_of(outcome)
            dipoles.append(weakref.ref(outcome.dipoles[0]))
        gc.collect()
        alive.append(sum(one() is not None for one in dipoles))

    options = {"settings": HOW, "done": done, "keep": False}
    if how == "executor":
        with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as executor:
            assert simulate_many(networks(), executor=executor, **options) == []
    else:
        assert simulate_many(networks(), n_jobs=1 if how == "here" else 2, **options) == []
    assert [handed[k] for k in (0, 1, 3)] == alone
    assert max(alive) <= 2  # the one that is handed over, and perhaps the one before it


def test_order_does_not_matter(alone):
    outcomes = simulate_many(networks()[::-1], HOW)
    assert [bytes_of(one) for k, one in enumerate(outcomes[::-1]) if k != 2] == alone


def test_no_seed_takes_those_of_the_drives():
    network = networks()[0]
    (outcome,) = simulate_many([network], SimulationSettings(tstop=TSTOP))
    assert bytes_of(outcome) == bytes_of(simulate(network, TSTOP, verbose="error"))


def test_a_worker_that_dies_once_is_replaced(alone):
    """Its network may be innocent, so it is tried again in a new process."""
    killed = []

    def kill_one(_index, _outcome):
        if not killed:
            killed.append(workers.pool(2).pids()[0])
            os.kill(killed[0], signal.SIGKILL)

    outcomes = simulate_many(networks(), HOW, n_jobs=2, done=kill_one)
    assert len(killed) == 1
    assert_as_alone(outcomes, alone)


def test_none_and_the_same_one_twice(alone):
    assert simulate_many([]) == []
    assert simulate_many([], n_jobs=2) == []
    network = networks()[0]
    two = simulate_many([network, network], HOW)
    assert [bytes_of(one) for one in two] == [alone[0], alone[0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            170.0,
            r"settings must be SimulationSettings, such as SimulationSettings\(tstop=170, n_trials=1\), got 170.0.",
        ),
        ({"tstop": 170.0}, r"such as SimulationSettings\(tstop=170.0, n_trials=1\), got {'tstop': 170.0}."),
    ],
)
def test_settings_of_another_type(settings, message):
    with pytest.raises(ParameterError, match=message):
        simulate_many(networks()[:1], settings)


def test_keywords_of_before_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'tstop'"):
        simulate_many(networks()[:1], tstop=TSTOP)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_trials": 0}, "n_trials"),
        ({"tstop": -1.0}, "tstop"),
        ({"dt": 0.0}, "dt"),
        ({"baseline": "measurd"}, "Did you mean 'measured'"),
        ({"engine": "neurn"}, "Did you mean 'neuron'"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_wrong_arguments(options, message):
    how = {name: value for name, value in options.items() if name != "n_jobs"}
    with pytest.raises(ParameterError, match=message):
        simulate_many(networks()[:1], SimulationSettings(**{"tstop": TSTOP, **how}), n_jobs=options.get("n_jobs", 1))


def test_wrong_networks():
    with pytest.raises(ParameterError, match="must hold Networks"):
        simulate_many([networks()[0], "jones_2009"])


def test_an_error_of_the_caller_is_not_swallowed():
    def refuse(_index, _outcome):
        raise KeyError("mine")

    for n_jobs in (1, 2):
        with pytest.raises(KeyError, match="mine"):
            simulate_many(networks()[:2], SimulationSettings(tstop=10.0), n_jobs=n_jobs, done=refuse)
    (again,) = simulate_many(networks()[:1], SimulationSettings(tstop=10.0), n_jobs=2)
    assert np.isfinite(again.dipole.data).all()


@pytest.mark.parametrize("precision", ["exact", "search"])
def test_what_is_kept_of_a_network_does_not_decide_the_next(precision):
    """Each as if it were the first: routes, tables and structures are kept, and must be those of what is asked for."""
    first = with_erp_drives(jones_2009((2, 2)))
    several = [
        first,
        first.with_gains(e_e=2.0, i_e=0.5),
        first.with_drive_changes("evdist1", mu_ms=20.0, weights_ampa={"L5_pyramidal": 0.2}),
        first.with_tonic_bias("tonic", amplitude_nA={"L5_pyramidal": 1.0}),
        first.with_tonic_bias("tonic", amplitude_nA={"L5_pyramidal": 2.0}),
        first.with_drive_changes("evdist1", location="proximal", weights_nmda=None, weights_ampa={"L2_basket": 0.1}),
        first,
    ]
    kept, anew = [], []
    for network in several:
        kept.append(bytes_of(simulate(network, TSTOP, precision=precision, verbose="error")))
    for network in several:
        clear()
        anew.append(bytes_of(simulate(network, TSTOP, precision=precision, verbose="error")))
    assert kept == anew
    assert len(set(kept)) == len(several) - 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_network_can_have_settings_of_its_own(n_jobs):
    first, second, *_ = networks()
    each = [dataclasses.replace(HOW, seed=3), dataclasses.replace(HOW, n_trials=1)]
    told = []
    found = many.run_networks(
        [first, second], each, computing=Computing(n_jobs=n_jobs), done=lambda index, _: told.append(index)
    )
    assert sorted(told) == [0, 1]
    for network, settings, simulation in zip((first, second), each, found, strict=True):
        alone = simulate(network, TSTOP, n_trials=settings.n_trials, seed=settings.seed, verbose="error")
        assert bytes_of(simulation) == bytes_of(alone)
    with pytest.raises(ValueError, match="zip"):
        many.run_networks([first], each)
