import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mne_hnn import simulate
from mne_hnn.errors import ParameterError
from mne_hnn.explorer.fitting import FitJob, free_parameters
from mne_hnn.explorer.opening import read_start
from mne_hnn.explorer.state import ExploreState
from mne_hnn.network import jones_2009

PATIENCE_s = 100.0
PATH = "drives.evprox1.mu_ms"


@pytest.fixture(scope="module")
def state():
    """A state whose target is what it gives with its first drive 6 ms later."""
    network = jones_2009(mesh_shape=(2, 2)).with_evoked_drive(
        "evprox1",
        mu_ms=28.0,
        sigma_ms=1.0,
        location="proximal",
        weights_ampa={"L2_pyramidal": 0.02, "L5_pyramidal": 0.01},
    )
    target = simulate.simulate(network, tstop=60.0).dipole.smooth(20.0).scale(50.0)
    start = ExploreState(network=network).with_target(target)
    return start.with_drive("evprox1", mu_ms=22.0)


@pytest.fixture(scope="module")
def only_time(state):
    return [parameter for parameter in free_parameters(state) if parameter.path == PATH]


def test_what_can_be_free(state):
    rich = state.add_drive("bursty").add_drive("poisson").add_drive("tonic")
    paths = [parameter.path for parameter in free_parameters(rich)]
    assert {PATH, "drives.evprox1.sigma_ms", "drives.evprox1.weights_ampa.L5_pyramidal"} <= set(paths)
    assert {"drives.bursty1.burst_rate_Hz", "drives.poisson1.rate_Hz"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert all("evprox1" in parameter.path for parameter in free_parameters(rich, ["evprox1"]))
    with pytest.raises(ParameterError, match="evprox1"):
        free_parameters(rich, ["evprox2"])


def test_a_fit_finds_the_time_again(state, only_time, tmp_path):
    heard, ended = [], threading.Event()
    job = FitJob(state, only_time, budget=25, on_progress=heard.append, on_end=lambda progress: ended.set(), n_jobs=1)
    assert ended.wait(PATIENCE_s)
    progress = job.wait(PATIENCE_s)
    assert progress.status == "done", progress.message
    assert progress.r_squared > 0.98
    found = job.found()
    assert found.network.drives["evprox1"].mu_ms == pytest.approx(28.0, abs=1.0)
    assert found.target is state.target
    assert heard[-1].tried <= 25
    losses = [loss for _, loss in progress.losses]
    assert losses == sorted(losses, reverse=True)
    assert job.pids() == []
    assert job.best.network == found.network  # not what intervals and final trials were made of
    job.result.save(tmp_path / "fit.npz")
    (span,) = read_start(tmp_path / "fit.npz").spans
    assert span.drive == "evprox1"
    assert span.low_ms < found.network.drives["evprox1"].mu_ms < span.high_ms


@pytest.mark.slow
def test_drives_are_looked_for(state):
    job = FitJob(state.with_network(state.network.without_drives()), kind="silent", n_jobs=1)
    progress = job.wait(PATIENCE_s)
    assert progress.status == "done", progress.message
    assert progress.budget is None
    assert {item.regime for item in job.explanations} == {"silent"}
    found = job.found(0)
    assert found.network == job.explanations[0].network
    assert found.network.drives
    assert found.columns == job.explanations[0].columns


def test_a_stopped_fit_has_its_best(state, only_time):
    tried, stopped = threading.Event(), threading.Event()

    def hold(progress):
        if progress.r_squared is not None:
            tried.set()
            stopped.wait(PATIENCE_s)  # else it might be done before it is stopped

    job = FitJob(state, only_time, budget=500, on_progress=hold, n_jobs=1)
    assert tried.wait(PATIENCE_s), job.progress.message
    pids = job.pids()
    job.stop()
    stopped.set()
    assert job.wait(PATIENCE_s).status == "stopped"
    assert job.found() is not None
    end = time.monotonic() + 20.0
    while any(map(_runs, pids)) and time.monotonic() < end:  # what is killed takes a moment to end
        time.sleep(0.05)
    assert not any(map(_runs, pids))
    assert np.isfinite(job.progress.best_loss)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_cannot_be_fitted_is_refused(state):
    with pytest.raises(ParameterError, match="needs a target"):
        FitJob(state.with_target(None))
    with pytest.raises(ParameterError, match="Nothing is free"):
        FitJob(state, [])
    with pytest.raises(ParameterError, match="Did you mean 'cobyla'"):
        FitJob(state, optimizer="cobila")
    with pytest.raises(ParameterError, match="budget"):
        FitJob(state, budget=0)
