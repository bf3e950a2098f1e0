import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mne_hnn import Dipole, simulate
from mne_hnn.compare import r_squared
from mne_hnn.errors import MneHnnError, MneHnnWarning, ParameterError
from mne_hnn.explorer.session import MOST_PINS, PIN_COLORS, Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.network import jones_2009, with_erp_drives

PATIENCE_s = 120.0


@pytest.fixture(scope="module")
def target():
    times = np.arange(0.0, 61.0)
    return Dipole.from_nAm(times, {"agg": 30 * np.exp(-(((times - 30) / 8) ** 2))}, provenance={"area_mm2": 300.0})


@pytest.fixture(scope="module")
def state(target):
    return ExploreState(network=with_erp_drives(jones_2009(mesh_shape=(3, 3))), seed=1).with_target(target)


@pytest.fixture(scope="module")
def session(state):
    with Session(state, n_jobs=1) as opened:
        opened.wait(PATIENCE_s)
        yield opened


def lives(pid):
    return Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]


def gone(pids, within=20.0):
    end = time.monotonic() + within
    while any(map(lives, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(lives, pids))


def test_the_answer_is_that_of_simulate(session, state, target):
    session.change(state)
    answer = session.wait(PATIENCE_s)
    alone = simulate.simulate(state.network, tstop=60.0, seed=1).dipole.smooth(20.0)
    assert answer.kind == "full"
    assert answer.number == session.number
    assert np.allclose(answer.dipole["agg"], answer.columns * alone["agg"], rtol=1e-12, atol=0)
    assert answer.r_squared == pytest.approx(r_squared(answer.dipole, target))
    assert set(answer.moments_nAm) == {"agg", "L2", "L5"}
    assert answer.times_ms[-1] == pytest.approx(60.0)


def test_cells_and_spikes_beside_what_is_expected(session, state):
    session.change(state)
    answer = session.wait(PATIENCE_s)
    rates = {rate.cell_type: rate for rate in answer.rates()}
    spikes = answer.simulation.spikes.select(cell_types="L5_basket")
    assert rates["L5_basket"].per_cell == pytest.approx(len(spikes) / len(spikes.gid_ranges["L5_basket"]))
    assert rates["L5_basket"].rate_Hz == pytest.approx(rates["L5_basket"].per_cell / 0.06)
    assert rates["L5_basket"].band == pytest.approx((0.5 * 0.6, 3.5 * 0.6))
    edges, events = answer.drive_histogram()
    assert len(edges) == 13
    assert set(events) == set(state.network.drives)
    amplitude = session.change(state.with_columns(100.0)) and session.wait(PATIENCE_s).amplitude()
    assert amplitude.cells == 1800
    assert amplitude.patch_mm2 == 300.0


def test_only_the_comparison_changes_without_a_new_run(session, state):
    session.change(state)
    before = session.wait(PATIENCE_s)
    session.change(state.with_columns(50.0).with_smoothing(0.0))
    answer = session.wait(PATIENCE_s)
    assert answer.columns == 50.0
    assert answer.simulation is before.simulation
    assert answer.dipole["agg"].max() != before.dipole["agg"].max()


def test_a_coarse_answer_comes_first_and_is_marked(state):
    told = []
    network = with_erp_drives(jones_2009(mesh_shape=(6, 6)))
    with Session(state.with_network(network), n_jobs=1) as opened:
        opened.on_result(told.append)
        coarse = opened.wait(PATIENCE_s, kind="coarse")
        full = opened.wait(PATIENCE_s)
    assert coarse.number == full.number == 1
    if coarse.kind == "coarse":  # else the full column was faster
        assert coarse.how == "5 x 5 pyramidal cells for each type, in search precision"
        assert coarse.simulation.network.n_cells < network.n_cells
        # the dipole of the full column, about
        ratio = np.abs(coarse.dipole["agg"] / coarse.columns).max() / np.abs(full.dipole["agg"] / full.columns).max()
        assert 0.7 < ratio < 1.4
    assert full.how == "full column, exact (kernel)"
    assert [answer.kind for answer in told] in (["coarse", "full"], ["full"])


def test_the_newest_wins(session, state):
    told = []
    end = session.on_result(told.append)
    begun = time.monotonic()
    for number in range(40):
        session.change(state.with_drive("evprox1", mu_ms=20.0 + number), merge="time")
    assert time.monotonic() - begun < 2.0  # nothing is simulated by the caller
    answer = session.wait(PATIENCE_s)
    end()
    assert answer.state.network.drives["evprox1"].mu_ms == 59.0
    fulls = [one for one in told if one.kind == "full"]
    assert [one.number for one in fulls] == [session.number]
    assert [one.number for one in told] == sorted(one.number for one in told)
    session.change(state)
    session.wait(PATIENCE_s)
    assert len(told) <= 12


def test_undo_and_redo_show_what_was_simulated(session, state):
    session.change(state)
    first = session.wait(PATIENCE_s)
    session.change(state.with_drive("evprox1", sigma_ms=9.0))
    second = session.wait(PATIENCE_s)
    assert session.can_undo
    session.undo()
    assert session.state == state
    assert session.wait(PATIENCE_s).simulation is first.simulation
    assert session.can_redo
    session.redo()
    assert session.wait(PATIENCE_s).simulation is second.simulation
    assert not session.can_redo
    number = session.number
    assert session.redo() == number
    assert session.change(session.state) == number


def test_what_cannot_be_simulated_is_said_and_forgotten(session, state):
    told = []
    session.on_failure(told.append)
    with pytest.warns(MneHnnWarning):
        far = state.add_drive("tonic", "lightning", amplitude_nA={"L5_pyramidal": 1e9})
    session.change(far)
    with pytest.raises(MneHnnError, match="unstable"):
        session.wait(PATIENCE_s)
    assert told[-1].number == session.number
    session.undo()
    assert session.wait(PATIENCE_s).state == session.state
    assert session.failure is None


def test_the_death_of_a_worker_costs_nothing(session, state):
    session.change(state.with_drive("evprox1", mu_ms=31.5))
    for pid in session.pids():
        os.kill(pid, signal.SIGKILL)
    assert session.wait(PATIENCE_s).state.network.drives["evprox1"].mu_ms == 31.5


def test_pins(session, state):
    session.change(state)
    answer = session.wait(PATIENCE_s)
    assert session.pin().name == "Simulation 1"
    assert session.pin("weak").color == PIN_COLORS[1]
    assert [pin.answer for pin in session.pins] == [answer, answer]
    session.unpin("Simulation 1")
    assert session.pin("again").color == PIN_COLORS[0]
    with pytest.raises(ParameterError, match="'weak' is kept already"):
        session.pin("weak")
    with pytest.raises(ParameterError, match="Did you mean 'weak'"):
        session.unpin("weka")
    session.change(state.with_columns(2.0))
    session.take_pin("weak")
    assert session.state == state
    session.wait(PATIENCE_s)
    while len(session.pins) < MOST_PINS:
        session.pin()
    with pytest.raises(ParameterError, match="10 simulations are kept already"):
        session.pin()
    assert len({pin.color for pin in session.pins}) == MOST_PINS
    for pin in session.pins:
        session.unpin(pin.name)


def test_contributions_of_drives(session, state):
    session.change(state)
    answer = session.wait(PATIENCE_s)
    ended, found = threading.Event(), []

    def done(parts):
        found.append(parts)
        ended.set()

    session.contributions(done, lambda failure: done(failure))
    assert ended.wait(PATIENCE_s)
    assert set(found[0].drives) == set(state.network.drives)
    assert np.allclose(found[0].dipole["agg"], answer.dipole["agg"], rtol=1e-6, atol=1e-15)


def test_contributions_without_drives_say_why(session, state):
    ended, found = threading.Event(), []
    session.change(state.with_network(state.network.without_drives()))
    session.contributions(found.append, lambda failure: (found.append(failure), ended.set()))
    assert ended.wait(PATIENCE_s)
    assert "at least one drive" in found[0].message
    session.undo()


def test_workers_end_with_the_session(state):
    opened = Session(state, n_jobs=1)
    opened.wait(PATIENCE_s)
    pids = opened.pids()
    opened.change(state.with_runs(tstop_ms=170.0, n_trials=3))
    marks = [newest.path for newest in opened._runner._newest.values()]
    opened.close()
    assert pids
    assert gone(pids)
    assert not any(path.exists() for path in marks)
    assert opened.pids() == []
    with pytest.raises(ParameterError, match="closed"):
        opened.change(state)
    opened.close()


SCRIPT = """
import sys, time
from mne_hnn.explorer.session import Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.network import jones_2009, with_erp_drives

session = Session(ExploreState(network=with_erp_drives(jones_2009(mesh_shape=(2, 2))), tstop_ms=30.0), n_jobs=1)
session.wait(120)
session.change(session.state.with_runs(tstop_ms=5000.0))
time.sleep(0.3)
print(*session.pids(), flush=True)
time.sleep(600)
"""


def test_workers_end_with_a_killed_process():
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    try:
        pids = [int(word) for word in process.stdout.readline().split()]
    finally:
        process.kill()
        process.wait()
    assert pids
    assert gone(pids)


def test_wrong_arguments(session, state):
    with pytest.raises(ParameterError, match="ExploreState"):
        Session("state")
    with pytest.raises(ParameterError, match="ExploreState"):
        session.change(state.network)
    with pytest.raises(ParameterError, match="function"):
        session.on_result(None)
