"""One network over several threads of a process."""

import subprocess
import sys

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import SimulationSettings, _neuron, clear, engine, simulate, simulate_many

TSTOP = 60.0


def small():
    return with_erp_drives(jones_2009(mesh_shape=(3, 3)))


@pytest.fixture(scope="module")
def alone():
    """In the engine that has threads."""
    return simulate(small(), TSTOP, n_trials=2, engine="coreneuron", verbose="error")


def assert_same(one, two):
    assert one.spikes == two.spikes
    assert len(one.spikes) > 50
    for a, b in zip(one.dipoles, two.dipoles, strict=True):
        assert np.abs(a.data - b.data).max() < 1e-12 * np.abs(a.data).max()


@pytest.mark.parametrize("name", ["coreneuron", "neuron"])
@pytest.mark.parametrize("n_threads", [2, 3, 1000])  # 24 cells: there are no more threads than that
def test_threads_change_nothing(alone, name, n_threads):
    assert_same(simulate(small(), TSTOP, n_trials=2, engine=name, n_threads=n_threads, verbose="error"), alone)


def test_the_number_may_change_from_call_to_call(alone):
    """NEURON itself crashes when a recorded network is moved to fewer threads."""
    for n_threads in (1000, 2, 1, 3, 1):
        again = simulate(small(), TSTOP, n_trials=2, n_threads=n_threads, engine="coreneuron", verbose="error")
        assert_same(again, alone)
        assert _neuron.load()[0].ParallelContext().nthread() == min(n_threads, 26)


def test_the_same_number_keeps_the_network_built(alone):
    simulate(small(), TSTOP, n_threads=2, verbose="error")
    column = engine._column
    simulate(small(), TSTOP, n_threads=2, verbose="error")
    assert engine._column is column
    assert column.pc.nthread() == 2


def test_one_thread_after_several_gives_the_bytes_of_one_thread(alone):
    simulate(small(), TSTOP, n_threads=2, verbose="error")
    again = simulate(small(), TSTOP, n_trials=2, engine="coreneuron", verbose="error")
    for one, two in zip(again.dipoles, alone.dipoles, strict=True):
        np.testing.assert_array_equal(one.data, two.data)


def test_costly_cells_are_dealt_evenly():
    simulate(small(), 5.0, n_threads=2, verbose="error")
    h, _ = _neuron.load()
    parts = [list(h.ParallelContext().get_partition(thread)) for thread in range(2)]
    tufts = [sum(len(root.wholetree()) for root in part) for part in parts]  # sections: many in costly cells
    assert sum(len(part) for part in parts) == 24 + 2  # and the two undriven cells of the baseline
    assert abs(tufts[0] - tufts[1]) <= 9 + 8  # one L5 and one L2 pyramidal cell


def test_the_kernel_gives_threads_to_coreneuron(alone):
    """It has none, whether it was asked for or would be taken by itself."""
    clear()
    for name in ("auto", "kernel"):
        together = simulate(small(), TSTOP, n_trials=2, n_threads=2, engine=name, verbose="error")
        assert_same(together, alone)
        assert together.engine == "coreneuron"
        assert engine._column.pc.nthread() == 2
    single = simulate(small(), TSTOP, n_trials=2, engine="kernel", verbose="error")
    assert_same(single, alone)
    assert single.engine == "kernel"


def test_threads_in_worker_processes_and_in_many(alone):
    assert_same(simulate(small(), TSTOP, n_trials=2, n_jobs=2, n_threads=2, verbose="error"), alone)
    outcomes = simulate_many([small(), small()], SimulationSettings(tstop=TSTOP, n_trials=2, n_threads=2))
    for outcome in outcomes:
        assert_same(outcome, alone)


def test_recordings_of_all_threads(alone):
    record = {"voltage": "soma", "synaptic_current": "soma", "membrane_current": "all", "calcium": "soma"}
    network = small().with_electrodes("tip", [(30.0, 30.0, 300.0)])
    for name in ("coreneuron", "neuron"):
        one = simulate(network, 40.0, record=record, engine=name, verbose="error")
        two = simulate(network, 40.0, record=record, engine=name, n_threads=2, verbose="error")
        pairs = [(recording.data, two.recordings[key].data) for key, recording in one.recordings.items()]
        pairs.append((one.lfp["tip"].get_data(), two.lfp["tip"].get_data()))
        assert len(pairs) == 5
        for a, b in pairs:
            assert np.abs(a - b).max() < 1e-11 * np.abs(a).max()


def test_threads_wait_without_spinning():
    """Read by OpenMP when it is loaded, so it must be there by then."""
    code = (
        "import os; from mne_hnn.simulate import _neuron; _neuron.load(); "
        "print(os.environ['OMP_WAIT_POLICY'], 'libgomp' in open('/proc/self/maps').read())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split()[-2:] == ["passive", "False"]


@pytest.mark.parametrize(("n_threads", "message"), [(0, "number of threads"), (1.5, "integer"), ("2", "integer")])
def test_wrong_numbers(n_threads, message):
    with pytest.raises(ParameterError, match=message):
        simulate(small(), TSTOP, n_threads=n_threads)
    with pytest.raises(ParameterError, match=message):
        simulate_many([small()], SimulationSettings(tstop=TSTOP, n_threads=n_threads))
