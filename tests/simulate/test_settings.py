"""How to simulate and how to compute, as values: checked when made, told by one text, used by all who simulate."""

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace

import pytest

from mne_hnn.errors import MneHnnWarning, ParameterError, SimulationError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.parallel import workers
from mne_hnn.parallel.executor import SerialExecutor
from mne_hnn.simulate import Computing, Record, SimulationSettings, many, settings, simulate, simulate_many
from mne_hnn.simulate.mpi_files import read_task, write_task

VALUES = {
    "tstop": 40.0, "n_trials": 2, "dt": 0.05, "seed": 3, "baseline": "none", "engine": "neuron", "n_threads": 2,
    "record": {"voltage": "soma", "sfreq": 1000.0}, "precision": "exact",
}  # fmt: skip


@pytest.fixture(scope="module")
def network():
    return with_erp_drives(jones_2009((2, 2)))


def test_it_is_a_value():
    made = SimulationSettings(**VALUES)
    assert made == SimulationSettings(**VALUES)
    assert hash(made) == hash(SimulationSettings(**VALUES))
    assert made.record == Record(voltage="soma", sfreq=1000.0)
    with pytest.raises(FrozenInstanceError):
        made.dt = 0.025
    with pytest.raises(TypeError):
        SimulationSettings(170.0)
    assert made.with_trials(5, None) == SimulationSettings(**{**VALUES, "n_trials": 5, "seed": None})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"tstop": 0.15}, "tstop = 0.15 ms is too short for any response: was it given in seconds?"),
        ({"dt": 0.03}, "dt must divide tstop into whole steps, got tstop = 40 ms and dt = 0.03 ms"),
        ({"dt": 1.0}, "dt must be at most 0.5 ms, got 1 ms"),
        ({"n_trials": 0}, "n_trials must be"),
        ({"n_trials": True}, "n_trials must be an integer"),
        ({"seed": -1}, "seed must"),
        ({"baseline": "measurd"}, "Did you mean 'measured'"),
        ({"engine": "nueron"}, "Did you mean 'neuron'"),
        ({"n_threads": 0}, "n_threads must be a positive number of threads, or -1 for one per core, got 0."),
        ({"engine": "kernal"}, "Did you mean 'kernel'"),
        ({"precision": "quick"}, "Unknown precision 'quick': expected one of 'exact', 'search'."),
        ({"precision": "serach"}, "Did you mean 'search'"),
        ({"precision": 1}, "precision"),
        ({"record": 3}, "record must be a Record or a dict"),
        ({"record": {"sfreq": 20.0}}, "leaves one sample of the 40 ms that are simulated: it is in Hz"),
    ],
)
def test_wrong_values_are_refused_when_it_is_made(wrong, sentence):
    with pytest.raises(ParameterError) as caught:
        SimulationSettings(**{**VALUES, **wrong})
    assert sentence in str(caught.value)
    with pytest.raises(ParameterError):
        replace(SimulationSettings(**VALUES), **wrong)


def test_the_identity_tells_every_value_apart():
    made = SimulationSettings(**VALUES)
    assert json.loads(made.identity) == {**VALUES, "record": {"voltage": ["soma"], "sfreq": 1000.0}}
    others = {
        "tstop": 50.0, "n_trials": 3, "dt": 0.025, "seed": None, "baseline": "measured", "n_threads": 1,
        "record": {"voltage": "all", "sfreq": 1000.0}, "engine": "coreneuron",
    }  # fmt: skip
    texts = {made.identity, *(replace(made, **{name: value}).identity for name, value in others.items())}
    assert len(texts) == 1 + len(others)
    assert SimulationSettings(precision="search").identity != SimulationSettings().identity
    assert SimulationSettings(tstop=40, dt=0.05).identity == SimulationSettings(tstop=40.0, dt=0.05).identity


@pytest.mark.parametrize("has", [True, False])
def test_the_identity_names_the_engine_that_runs(monkeypatch, has):
    """Machines differ in the engine they have, and engines in the last digits."""
    library = type("Library", (), {"kernel_path": "somewhere" if has else None})()
    monkeypatch.setattr(settings, "mechanism_library", lambda: library)
    made = SimulationSettings(tstop=40.0)
    assert made.engine == "auto"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert json.loads(made.identity)["engine"] == ("kernel" if has else "neuron")
    assert [str(one.message)[:27] for one in caught] == ([] if has else ["Simulating in plain NEURON,"])
    for engine, name in (("kernel", "the kernel"), ("coreneuron", "CoreNEURON")):
        asked = replace(made, engine=engine)
        if has:
            assert asked.resolved().engine == engine
        else:
            with pytest.raises(SimulationError, match=f"were compiled without {name}: use engine='neuron'"):
                asked.resolved()
    assert replace(made, engine="neuron").resolved().engine == "neuron"


def test_ranks_read_what_was_written(tmp_path, network):
    made = SimulationSettings(**VALUES)
    write_task(tmp_path, network, made)
    again, read = read_task(tmp_path)
    assert again.digest == network.digest
    assert read == made


def test_all_that_simulate_give_the_same_warnings(monkeypatch, network):
    """Each once, whichever function simulates; batches of a search or a sweep say nothing of their own."""
    monkeypatch.setattr(many, "_run_tasks", lambda *_: None)
    silent = network.without_drives(*network.drives)
    wanted = ["dt = 0.1 ms is a coarse step", "The network has no drives and no biases"]

    def said(call):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MneHnnWarning)
            call()
        return [str(one.message) for one in caught if issubclass(one.category, MneHnnWarning)]

    made = SimulationSettings(tstop=10.0, dt=0.1)
    alone = said(lambda: made.made_ready(silent))
    assert [text[: len(start)] for text, start in zip(alone, wanted, strict=True)] == wanted
    assert said(lambda: simulate_many([silent, silent], made)) == alone
    assert said(lambda: many.run_networks([silent, silent], made)) == []
    assert said(lambda: simulate(silent, 10.0, dt=0.1, verbose="error")) == alone


def test_computing_is_checked_and_part_of_no_identity():
    with pytest.raises(ParameterError, match="must be a positive number of processes, or -1 for one per core, got 0"):
        Computing(n_jobs=0)
    with pytest.raises(ParameterError, match=r"executor must be a concurrent\.futures\.Executor"):
        Computing(executor="x")
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(ParameterError, match="both say where to simulate: leave one of them out"),
    ):
        Computing(n_jobs=2, executor=executor)
    with pytest.raises(ParameterError, match="checkpoint must be a folder, or None to keep nothing, got 3"):
        Computing(checkpoint=3)
    with pytest.raises(ParameterError, match="progress must be a function of the number of networks tried"):
        Computing(progress="yes")
    assert Computing(n_jobs=3).n_processes == 3
    with pytest.raises(
        ParameterError, match=r"the name of one \('processes', 'dask', 'serial'\), or None .* Did you mean"
    ):
        Computing(executor="proceses")
    assert not {"n_jobs", "executor", "progress", "checkpoint"} & set(SimulationSettings().plain())


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, SerialExecutor),
        ({"executor": "serial", "n_jobs": 4}, SerialExecutor),
        ({"n_jobs": 2}, workers.WorkerPool),
        ({"executor": "processes"}, workers.WorkerPool),
    ],
)
def test_computing_opens_what_it_names(given, kind):
    """Processes are kept from call to call; what is named can be opened once for many calls."""
    computing = Computing(**given)
    with computing.opened() as place, computing.opened() as again:
        assert type(place) is type(again) is kind
        assert (place is again) == (kind is workers.WorkerPool)
    with computing.ready() as ready, ready.opened() as place, ready.opened() as again:
        assert type(place) is kind
        assert (place is again) == (kind is workers.WorkerPool or "executor" in given)


def test_an_executor_of_a_user_is_not_ended_here():
    with ThreadPoolExecutor(1) as executor:
        computing = Computing(executor=executor)
        for _ in range(2):
            with computing.ready() as ready, ready.opened() as place:
                assert place.submit(abs, -3).result() == 3
                assert str(place.submit(abs, "x").result()).startswith(
                    "The executor lost a trial (TypeError: bad operand"
                )
        assert executor.submit(abs, -4).result() == 4
