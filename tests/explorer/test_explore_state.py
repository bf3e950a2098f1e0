import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import DriveError, MneHnnError, ParameterError
from mne_hnn.explorer.history import Entry, History
from mne_hnn.explorer.state import ExploreState
from mne_hnn.fit import CircuitPrior
from mne_hnn.network import jones_2009, with_erp_drives


@pytest.fixture(scope="module")
def state():
    return ExploreState(network=with_erp_drives(jones_2009(mesh_shape=(2, 2))))


def test_edits_return_new_states(state):
    edited = state.with_drive("evprox1", mu_ms=30.0)
    assert edited.network.drives["evprox1"].mu_ms == 30.0
    assert state.network.drives["evprox1"].mu_ms != 30.0
    assert list(edited.network.drives) == list(state.network.drives)
    assert edited != state
    assert edited.with_drive("evprox1", mu_ms=state.network.drives["evprox1"].mu_ms) == state


def test_added_evoked_drive_reaches_what_has_the_location(state):
    drive = state.add_drive("evoked", location="distal").network.drives["evoked1"]
    prior = CircuitPrior()
    assert drive.targets == {"L2_basket", "L2_pyramidal", "L5_pyramidal"}
    assert drive.weights_ampa["L5_pyramidal"] == prior.weight("ampa", "L5_pyramidal").median
    assert drive.mu_ms == 50.0


@pytest.mark.parametrize(("kind", "field", "value"), [("bursty", "burst_rate_Hz", 10.0), ("poisson", "rate_Hz", 10.0)])
def test_rhythmic_drives_begin_weak(state, kind, field, value):
    drive = state.add_drive(kind, "rhythm", "proximal").network.drives["rhythm"]
    assert getattr(drive, field) == value
    assert set(drive.weights_ampa.values()) == {5.4e-5}
    assert not drive.weights_nmda


def test_tonic_currents_are_drives_of_a_kind(state):
    added = state.add_drive("tonic", "current")
    assert dict(added.network.biases["current"].amplitude_nA) == {"L2_pyramidal": 0.1, "L5_pyramidal": 0.1}
    changed = added.with_drive("current", amplitude_nA={"L5_pyramidal": 0.5})
    assert dict(changed.network.biases["current"].amplitude_nA) == {"L5_pyramidal": 0.5}
    assert changed.with_drive("current", name="other").network.biases["other"].section == "soma"
    assert changed.without_drive("current") == state
    assert set(changed.copy_drive("current").network.biases) == {"current", "current1"}


def test_copies_have_events_of_their_own(state):
    copied = state.copy_drive("evprox1").network.drives
    assert list(copied)[-1] == "evprox3"
    assert copied["evprox3"].mu_ms == copied["evprox1"].mu_ms
    seeds = [drive.event_seed for drive in copied.values()]
    assert len(set(seeds)) == len(seeds)


def test_weights_come_and_go(state):
    heavier = state.with_weight("evdist1", "nmda", "L5_pyramidal", 0.25)
    assert heavier.network.drives["evdist1"].weights_nmda["L5_pyramidal"] == 0.25
    gone = heavier.with_weight("evdist1", "nmda", "L5_pyramidal", None).with_weight(
        "evdist1", "ampa", "L5_pyramidal", None
    )
    assert "L5_pyramidal" not in gone.network.drives["evdist1"].targets
    back = gone.with_weight("evdist1", "ampa", "L5_pyramidal", 0.1)
    assert back.network.drives["evdist1"].delay_ms("L5_pyramidal") > 0


def test_the_rest_of_a_state(state):
    assert state.with_gain("e_e", 1.5).network.gains["e_e"] == 1.5
    assert state.with_columns(30.0).columns == 30.0
    assert state.with_smoothing(0.0).smooth_ms == 0.0
    runs = state.with_runs(tstop_ms=100.0, n_trials=2, seed=4)
    assert (runs.settings.tstop, runs.settings.n_trials, runs.settings.seed) == (100.0, 2, 4)
    assert runs.with_runs(seed=None).seed is None
    assert state.same_simulation(state.with_columns(30.0))
    assert not state.same_simulation(runs)


def test_a_target_says_how_long_and_which_area(state):
    target = Dipole.from_nAm(np.arange(0, 121.0), {"agg": np.hanning(121)}, provenance={"area_mm2": 200.0})
    with_target = state.with_target(target)
    assert with_target.tstop_ms == 120.0
    assert with_target.area_mm2 == 200.0
    assert with_target.with_patch_area(50.0).area_mm2 == 50.0
    assert with_target.with_target(None).area_mm2 is None


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda s: s.with_drive("evprox", mu_ms=1.0), "Did you mean 'evprox"),
        (lambda s: s.without_drive("evprox"), "drive"),
        (lambda s: s.add_drive("evoced"), "Did you mean 'evoked'"),
        (lambda s: s.add_drive("evoked", "evprox1"), "'evprox1' is there already"),
        (lambda s: s.add_drive("evoked", location="apical_moon"), "No cell type has the location"),
        (lambda s: s.copy_drive("evprox1", "evdist1"), "there already"),
        (lambda s: s.with_weight("evprox1", "gabaa", "L5_pyramidal", 1.0), "receptor"),
        (lambda s: s.with_weight("evprox1", "ampa", "L5_pyramidal", -1.0), ">= 0"),
        (lambda s: s.with_drive("evprox1", mu=1.0), "mu"),
        (lambda s: s.with_gain("e_x", 1.0), "gain"),
        (lambda s: s.with_columns(0.0), "columns"),
        (lambda s: s.with_smoothing(-1.0), "smooth_ms"),
        (lambda s: s.with_runs(n_trials=0), "n_trials"),
        (lambda s: s.with_target("target.txt"), "target"),
        (lambda s: s.with_runs(tstop_ms=100.01), "dt must divide"),
        (lambda s: s.add_drive("tonic", "t").with_weight("t", "ampa", "L5_pyramidal", 1.0), "constant current"),
        (lambda s: s.add_drive("tonic", "t").with_drive("evprox1", name="t"), "there already"),
    ],
)
def test_wrong_edits_are_refused_in_a_sentence(state, edit, sentence):
    with pytest.raises(MneHnnError, match=sentence) as caught:
        edit(state)
    assert isinstance(caught.value, (DriveError, ParameterError))
    assert "\n" not in str(caught.value)


# back and forth


def test_history_goes_back_and_forth(state):
    history = History(Entry(state=state))
    first, second = state.with_columns(1.0), state.with_columns(2.0)
    history.add(Entry(state=first))
    history.add(Entry(state=second))
    assert history.step(-1)
    assert history.present.state == first
    assert history.can_redo
    assert history.step(1)
    assert history.present.state == second
    assert not history.step(1)
    history.step(-1)
    history.add(Entry(state=state.with_columns(3.0)))
    assert not history.can_redo
    assert len(history) == 3


def test_a_slider_counts_once(state):
    history = History(Entry(state=state))
    for number in range(1, 6):
        history.add(Entry(state=state.with_columns(float(number)), merge="columns"))
    history.add(Entry(state=state.with_smoothing(5.0), merge="smoothing"))
    assert len(history) == 3
    history.step(-1)
    assert history.present.state.columns == 5.0
    history.step(-1)
    assert history.present.state == state


def test_history_has_an_end(state):
    history = History(Entry(state=state))
    for number in range(1, 600):
        history.add(Entry(state=state.with_columns(float(number))))
    assert len(history) == 500
    assert history.present.state.columns == 599.0
