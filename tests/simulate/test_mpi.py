"""One network over several processes (MPI), held against one process.

The processes here run on this machine; what differs on several is the command line alone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mne_hnn.errors import ParameterError, SimulationError, WorkerError
from mne_hnn.network import jones_2009, serial, with_erp_drives
from mne_hnn.network import replace as fields_of
from mne_hnn.network.serial import network_from_text, network_to_text
from mne_hnn.simulate import SimulationSettings, mechanism_library, mpi, mpi_files, mpi_library, simulate, simulate_mpi
from mne_hnn.simulate.mpi_library import find_launcher, world_size
from mne_hnn.simulate.ranks import Share
from mne_hnn.simulate.steps import n_stretches

TSTOP = 60.0
SHORT = SimulationSettings(tstop=TSTOP)
needs_mpi = pytest.mark.skipif(
    shutil.which("mpiexec") is None and shutil.which("mpiexec", path=str(Path(sys.executable).parent)) is None,
    reason="needs mpiexec",
)


def test_an_error_that_a_rank_could_not_finish_writing_is_none(tmp_path, monkeypatch):
    """mpiexec kills the others as soon as the first has failed."""
    mpi_files.write_error(tmp_path, 0, ValueError("é is wrong"))
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        mpi_files.write_error(tmp_path, 1, ValueError("half"))
    assert mpi_files.read_errors(tmp_path) == {0: ("ValueError", "é is wrong")}


def test_the_process_that_started_this_one_may_be_gone(monkeypatch):
    monkeypatch.setattr(mpi_library.os, "readlink", lambda _: (_ for _ in ()).throw(FileNotFoundError))
    monkeypatch.setattr(mpi_library, "_library", lambda program, family: (program, family))
    monkeypatch.setattr(mpi_library, "_family", lambda _: "MPICH")
    monkeypatch.setattr(mpi_library.shutil, "which", lambda _: None)
    assert mpi_library.library_of_world() == (Path(sys.executable), "MPICH")


def test_coreneuron_under_mpi_in_a_folder_with_a_space_is_refused():
    for root in (Path("/home/me/my venv/neuron"), Path("/home/me/my\tvenv")):
        with pytest.raises(
            SimulationError, match="a folder whose name has a space .*: give engine='neuron', use n_jobs"
        ):
            mpi._check_place("coreneuron", root)
        mpi._check_place("neuron", root)
    mpi._check_place("coreneuron", Path("/home/é/%s"))


@needs_mpi
def test_folders_and_cell_types_of_any_name(tmp_path, monkeypatch):
    """The cache, the folder in which work is handed over, and what a network's parts are called."""
    built = mechanism_library()
    cache, scratch = tmp_path / "é 'c' $(HOME)", tmp_path / 't "ü" %s'
    shutil.copytree(built.directory, cache / "mechanisms" / built.key)
    scratch.mkdir()
    network = renamed(with_erp_drives(jones_2009(mesh_shape=(2, 2))))
    record = {"voltage": "Körper/1 %s", "sfreq": 1000.0}
    here = simulate(network, 20.0, record=record, verbose="error")
    monkeypatch.setenv("MNE_HNN_CACHE", str(cache))
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(mpi.tempfile, "tempdir", None)
    there = simulate_mpi(network, SimulationSettings(tstop=20.0, record=record), n_procs=2, verbose="error")
    assert there.spikes.cell_type.tolist() == here.spikes.cell_type.tolist()
    assert there.spikes.time.tolist() == here.spikes.time.tolist()
    np.testing.assert_allclose(there.dipoles[0].data, here.dipoles[0].data, rtol=1e-9, atol=1e-22)
    assert there.recordings["voltage"].channels == here.recordings["voltage"].channels


def renamed(network):
    """Other names for a cell type, its soma and a drive, everywhere in a network."""
    text = network_to_text(network)
    names = {"L5_pyramidal": "L5 Pyramidenzelle ü/%s \\ $(x)", "soma": "Körper/1 %s", "evprox1": "é 1/%d" + "x" * 300}
    for old, new in names.items():
        text = text.replace(f'"{old}"', json.dumps(new))
    content = json.loads(text)
    made = serial._value(content["network"])
    populations = {
        name: replace(one, template=replace(one.template, reference=content["references"][name]))
        for name, one in made.populations.items()
    }
    content["digest"] = replace(made, populations=populations, name=content["name"]).digest
    return network_from_text(json.dumps(content))


@pytest.fixture(autouse=True)
def _root_may(monkeypatch):
    for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
        monkeypatch.setenv(name, "1")


def small():
    """The published ERP with what else a network may have: a bias, a sparse connection, electrodes."""
    return (
        with_erp_drives(jones_2009(mesh_shape=(3, 3)))
        .with_tonic_bias("bias", amplitude_nA={"L5_pyramidal": 0.2, "L2_basket": 0.01}, t0_ms=5.0)
        .with_connection(
            "L2_pyramidal",
            "L5_pyramidal",
            location="proximal",
            receptor="ampa",
            weight_uS=0.001,
            delay_ms=0.7,
            lamtha=3.0,
            probability=0.4,
            seed=3,
        )
        .with_electrodes("shank", [(30.0, 30.0, depth) for depth in (-200.0, 300.0, 900.0)])
    )


RECORD = {"voltage": "soma", "synaptic_current": "apical_tuft", "cells": ["L2_pyramidal", 22], "sfreq": 10_000.0}


@pytest.fixture(scope="module")
def alone():
    """In the engine that MPI takes."""
    return simulate(small(), TSTOP, n_trials=2, record=RECORD, engine="coreneuron", verbose="error")


def assert_same(one, two):
    assert len(two.spikes) > 50
    assert one.spikes == two.spikes
    assert one.network == two.network
    pairs = [(a.data, b.data) for a, b in zip(one.dipoles, two.dipoles, strict=True)]
    assert one.recordings.keys() == two.recordings.keys()
    for name, recording in two.recordings.items():
        assert one.recordings[name].channels == recording.channels
        pairs.append((one.recordings[name].data, recording.data))
    pairs += [(one.lfp[name].get_data(), lfp.get_data()) for name, lfp in two.lfp.items()]
    assert len(pairs) == 5
    for a, b in pairs:
        assert np.abs(a - b).max() < 1e-11 * np.abs(b).max()


@needs_mpi
@pytest.mark.parametrize(("n_procs", "engine"), [(1, "auto"), (2, "kernel"), (3, "coreneuron"), (2, "neuron")])
def test_processes_change_nothing(alone, n_procs, engine):
    settings = SimulationSettings(tstop=TSTOP, n_trials=2, engine=engine, record=RECORD)
    together = simulate_mpi(small(), settings, n_procs=n_procs, timeout=300, verbose="error")
    assert together.engine == ("neuron" if engine == "neuron" else "coreneuron")  # the kernel has a network to itself
    assert_same(together, alone)


@needs_mpi
def test_threads_within_processes_and_a_seed():
    options = {"tstop": TSTOP, "seed": 5, "baseline": "none"}
    one = simulate(small(), **options, engine="coreneuron", verbose="error")
    settings = SimulationSettings(**options, n_threads=2)
    two = simulate_mpi(small(), settings, n_procs=2, timeout=300, verbose="error")
    assert one.spikes == two.spikes
    assert (two.seed, two.baseline, two.tstop, two.dt) == (5, "none", TSTOP, 0.025)
    # the threads' cells are summed in another order: some 1e-12, by the processor
    assert np.abs(one.dipole.data - two.dipole.data).max() < 1e-11 * np.abs(one.dipole.data).max()


@needs_mpi
def test_several_thresholds_and_another_temperature():
    levels = (-45.0, -20.0, None)
    network = small().with_temperature(34.0)
    connections = [fields_of(one, threshold_mV=levels[k % 3]) for k, one in enumerate(network.connections)]
    network = fields_of(network, connections=tuple(connections))
    one = simulate(network, TSTOP, verbose="error")
    two = simulate_mpi(network, SHORT, n_procs=2, timeout=300, verbose="error")
    assert len(one.spikes.select(cell_types=list(network.cell_types))) > 20
    assert one.spikes == two.spikes


@needs_mpi
def test_forty_drives():
    """More than the published software can hand over to its ranks."""
    network = jones_2009(mesh_shape=(2, 2))
    for index in range(40):
        network = network.with_evoked_drive(
            f"drive{index}",
            mu_ms=10.0 + index,
            sigma_ms=1.0,
            location="proximal",
            weights_ampa={"L2_pyramidal": 0.003, "L5_pyramidal": 0.003},
            synaptic_delays=0.1,
            event_seed=index,
        )
    two = simulate_mpi(network, SimulationSettings(tstop=TSTOP), n_procs=2, timeout=120, verbose="error")
    assert two.spikes == simulate(network, TSTOP, verbose="error").spikes
    assert len(two.spikes) > 40


@needs_mpi
@pytest.mark.slow
def test_the_published_example_at_full_size():
    """The gallery's page on parallel simulation: a rhythm of ten distal drive cells, 310 ms."""
    network = jones_2009().with_bursty_drive(
        "bursty",
        location="distal",
        tstart=50.0,
        burst_rate_Hz=10.0,
        burst_std_ms=20.0,
        numspikes=2,
        spike_isi_ms=10.0,
        n_drive_cells=10,
        weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5},
        synaptic_delays=0.1,
        event_seed=278,
    )
    one = simulate(network, 310.0, verbose="error")
    two = simulate_mpi(network, SimulationSettings(tstop=310.0), n_procs=2, timeout=600, verbose="error")
    assert two.spikes == one.spikes
    assert np.abs(one.dipole.data - two.dipole.data).max() < 1e-11 * np.abs(one.dipole.data).max()


SCRIPT = """
    import hashlib, sys
    from mne_hnn.errors import SimulationError
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import SimulationSettings, simulate, simulate_mpi, simulate_many

    network = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
    before = simulate(network, 60.0, verbose="error")
    for _ in range(2):  # the second time with what is kept built
        both = simulate_mpi(network, SimulationSettings(tstop=60.0, n_trials=2), verbose="error")
    plain = simulate_mpi(network, SimulationSettings(tstop=60.0, engine="neuron"), verbose="error")
    assert plain.spikes == before.spikes
    assert both.spikes.select(trial=0) == before.spikes
    try:
        simulate(network, 60.0, verbose="error")
    except SimulationError as error:
        assert "simulate_mpi" in str(error)
    else:
        raise AssertionError
    digest = hashlib.sha256(both.dipole.data.tobytes() + both.spikes.time.tobytes()).hexdigest()
    sys.stdout.write(f"RESULT {len(both.spikes)} {digest}\\n")
    sys.stdout.flush()
"""


def run_in_world(tmp_path, script, n_procs=2):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    source = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    command = [str(find_launcher().path), "-n", str(n_procs), sys.executable, str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)


@needs_mpi
def test_in_a_script_that_mpiexec_started(tmp_path):
    done = run_in_world(tmp_path, SCRIPT)
    assert done.returncode == 0, done.stderr
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert len(results) == 2
    assert len(set(results)) == 1
    network = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
    assert f"RESULT {len(simulate(network, 60.0, n_trials=2, verbose='error').spikes)} " in results[0]


@needs_mpi
def test_a_rank_of_ones_own_script_that_fails_ends_all(tmp_path):
    script = """
        from mne_hnn.network import jones_2009
        from mne_hnn.simulate import SimulationSettings, simulate_mpi, ranks
        simulate_mpi(jones_2009(mesh_shape=(1, 1)), SimulationSettings(tstop=5.0), verbose="error")
        if ranks.share().rank == 1:
            raise ZeroDivisionError("of my own")
        simulate_mpi(jones_2009(mesh_shape=(1, 1)), SimulationSettings(tstop=5.0), verbose="error")
    """
    start = time.monotonic()
    failed = run_in_world(tmp_path, script)
    assert failed.returncode != 0
    assert "ZeroDivisionError: of my own" in failed.stderr
    assert time.monotonic() - start < 60


# errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_procs": 0}, "n_procs must be a positive number of processes"),
        ({"n_procs": 2.5}, "n_procs must be an integer"),
        ({"n_procs": 25}, "24 cells, fewer than the 25 processes"),
        ({"timeout": -1}, "timeout"),
        ({"n_trials": 0}, "n_trials"),
        ({"n_threads": 0}, "number of threads"),
        ({"engine": "Neuron"}, "Did you mean 'neuron'"),
        ({"precision": "search"}, "MPI simulates exactly only: take simulate_many"),
        ({"tstop": 10.01}, "dt must divide"),
        ({"network": "jones"}, "must be a Network"),
        ({"record": {"voltage": "some"}}, "section"),
    ],
)
def test_wrong_arguments(change, message):
    how = {name: change[name] for name in SimulationSettings.__slots__ if name in change}
    others = {name: value for name, value in change.items() if name not in how}
    with pytest.raises(ParameterError, match=message):
        simulate_mpi(**{"network": small(), "settings": SimulationSettings(**{"tstop": TSTOP, **how}), **others})


def test_no_mpi_on_this_machine(monkeypatch):
    with pytest.raises(SimulationError, match=r"'mpirun-x' was not found: install one \(`pip install"):
        simulate_mpi(small(), SHORT, command="mpirun-x")


def test_a_library_that_is_not_there(monkeypatch, tmp_path):
    program = tmp_path / "bin" / "mpiexec"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'mpiexec (Open MPI) 5.0'\n")
    program.chmod(0o755)
    monkeypatch.setenv("MPI_LIB_NRN_PATH", "/nowhere/libmpi.so")
    with pytest.raises(SimulationError, match="MPI_LIB_NRN_PATH names '/nowhere/libmpi.so'"):
        simulate_mpi(small(), SHORT, command=str(program))
    monkeypatch.delenv("MPI_LIB_NRN_PATH")
    monkeypatch.setattr(mpi_library, "_folders", lambda program: iter([program.parent.parent / "lib"]))
    with pytest.raises(SimulationError, match="libmpi.so.40 of Open MPI"):
        simulate_mpi(small(), SHORT, command=str(program))


@pytest.mark.parametrize(
    ("greeting", "family", "name", "folder"),
    [
        ("mpiexec (OpenRTE) 4.1.4", "Open MPI", "libmpi.so.40", "lib"),
        ("mpiexec (Open MPI) 5.0.11", "Open MPI", "libmpi.so.40", "lib64"),
        ("HYDRA build details:", "MPICH", "libmpi.so.12", "lib"),
        ("Intel(R) MPI Library for Linux* OS, Version 2021", "MPICH", "libmpi.so.12", "lib/release"),
    ],
)
def test_the_library_beside_the_program_is_taken(tmp_path, monkeypatch, greeting, family, name, folder):
    """Also where the other family lies in the same folder."""
    monkeypatch.delenv("MPI_LIB_NRN_PATH", raising=False)
    program = tmp_path / "bin" / "mpiexec"
    (tmp_path / folder).mkdir(parents=True)
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{greeting}'\n")
    program.chmod(0o755)
    for one in ("libmpi.so.40", "libmpi.so.12"):
        (tmp_path / folder / one).touch()
    launcher = find_launcher(str(program))
    assert (launcher.family, launcher.library) == (family, tmp_path / folder / name)


@needs_mpi
def test_a_command_that_fails():
    with pytest.raises(SimulationError, match="before the simulation began") as caught:
        simulate_mpi(small(), SHORT, options=["--no-such-option"], timeout=300, verbose="error")
    assert "no-such-option" in str(caught.value)
    assert caught.value.completed is None


@needs_mpi
def test_the_other_familys_library_is_told(tmp_path, monkeypatch):
    """Ranks that do not see each other must not each simulate the whole."""
    wrong = tmp_path / "libmpi.so.40"
    wrong.write_bytes(b"no library")
    monkeypatch.setenv("MPI_LIB_NRN_PATH", str(wrong))
    with pytest.raises(SimulationError, match="MPI_LIB_NRN_PATH"):
        simulate_mpi(small(), SHORT, timeout=300, verbose="error")


@needs_mpi
@pytest.mark.parametrize("cell_type", ["L5_pyramidal", "L2_basket"])
def test_an_unstable_network_is_told_by_all_ranks(cell_type):
    network = jones_2009(mesh_shape=(1, 1)).with_tonic_bias("absurd", amplitude_nA={cell_type: 1e200})
    with pytest.raises(SimulationError, match="became unstable"):
        simulate_mpi(network, SimulationSettings(tstop=5.0), timeout=300, verbose="error")


@needs_mpi
def test_a_delay_below_one_step_is_refused_as_elsewhere():
    network = small().with_connection(
        "L2_basket", "L2_basket", location="soma", receptor="gabaa", weight_uS=0.1, delay_ms=0.01, lamtha=20.0
    )
    with pytest.raises(ParameterError, match="shorter than the time step"):
        simulate_mpi(network, SHORT, timeout=300, verbose="error")


def workers_of(folder):
    """Return the process numbers of the ranks that work in a folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        # mpiexec's own command line has these words too, and -n
        if b"mne_hnn.simulate.mpi_worker" in words and b"-n" not in words and str(folder).encode() in b" ".join(words):
            found[int(path.parent.name)] = path
    return sorted(found)


def wait_for(condition, seconds=300.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


LONG = """
    import signal, sys, tempfile
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where it is ignored, in the background
    tempfile.tempdir = sys.argv[1]
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import SimulationSettings, simulate_mpi
    simulate_mpi(with_erp_drives(jones_2009(mesh_shape=(3, 3))), SimulationSettings(tstop=100_000.0), verbose="error")
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def long_run(tmp_path):
    """A script that simulates for minutes, once its ranks run."""
    path = tmp_path / "long.py"
    path.write_text(textwrap.dedent(LONG))
    source = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        [sys.executable, str(path), str(tmp_path)], stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        wait_for(lambda: len(workers_of(tmp_path)) == 2 and list(tmp_path.glob("*/progress")))
        yield process
    finally:
        process.kill()
        process.communicate()


@needs_mpi
@linux
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_no_rank_outlives_the_script(long_run, tmp_path, signum):
    long_run.send_signal(signum)
    long_run.wait(300)
    wait_for(lambda: not workers_of(tmp_path))
    if signum == signal.SIGINT:
        assert not list(tmp_path.glob("mne_hnn-mpi-*"))  # nor does its folder


@needs_mpi
@linux
def test_a_rank_that_is_killed(long_run, tmp_path):
    os.kill(workers_of(tmp_path)[1], signal.SIGKILL)
    _, errors = long_run.communicate(timeout=300)
    last = errors.strip().splitlines()[-1]
    assert last.startswith("mne_hnn.errors.WorkerError: ")
    assert "of 2 died (killed, or out of memory)" in last
    wait_for(lambda: not workers_of(tmp_path))


@needs_mpi
def test_a_timeout_keeps_the_trials_that_ended(monkeypatch):
    """By a clock that stands still until the second trial has begun, so that no machine is too slow for it."""
    parts = []
    clock = SimpleNamespace(monotonic=lambda: 1e6 if len(parts) > n_stretches(1000.0) else 0.0, sleep=time.sleep)
    monkeypatch.setattr(mpi, "time", clock)
    monkeypatch.setattr(mpi, "draw_progress", lambda _: lambda: parts.append(1))
    network = with_erp_drives(jones_2009(mesh_shape=(3, 3)))
    with pytest.raises(WorkerError, match="was ended after 15 s") as caught:
        simulate_mpi(network, SimulationSettings(tstop=1000.0, n_trials=1000), timeout=15, verbose="error")
    assert 1 <= caught.value.completed.n_trials < 1000


# shares ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 7])
def test_every_cell_lives_in_one_process(n_ranks):
    gids = range(5, 41)
    shares = [Share(rank, n_ranks) for rank in range(n_ranks)]
    assert sorted(gid for share in shares for gid in share.of(gids)) == list(gids)
    counts = [len(share.of(gids)) for share in shares]
    assert max(counts) - min(counts) <= 1
    for share in shares:
        assert [gid for gid in gids if share.has(gid)] == list(share.of(gids))


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({}, 1),
        ({"OMPI_COMM_WORLD_SIZE": "4"}, 4),
        ({"PMI_SIZE": "3", "PMI_RANK": "0"}, 3),
        ({"SLURM_NTASKS": "8"}, 1),  # inside an allocation, but not started by srun
        ({"SLURM_NTASKS": "8", "PMIX_RANK": "2"}, 8),
    ],
)
def test_how_many_were_started_together(monkeypatch, variables, size):
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "PMIX_RANK", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert world_size() == size
