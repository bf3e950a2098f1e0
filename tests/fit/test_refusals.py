"""What can be known before a simulation is refused before the first: in one sentence, with the likely slip."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import mne
import numpy as np
import pytest
from targets import with_drives, with_evoked, with_rhythm

from mne_hnn import Dipole
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import (
    BandPower,
    ColumnPrior,
    Combined,
    Custom,
    Level,
    Parameter,
    Spectrum,
    TimeFrequency,
    Waveform,
    fit_drives,
    fit_evoked,
)
from mne_hnn.network import jones_2009

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
MU = "drives.evprox1.mu_ms"
AROUND = Parameter(path=MU, low=15.0, high=45.0)
pytestmark = pytest.mark.usefixtures("untouched")


def wrong(message, **changes):
    return pytest.param(changes, message, id=message)


def flat(simulation):
    return 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # windows against one another
        wrong("smooth_ms must not exceed the 15 ms that are simulated, got 20", target=None, objective=flat, tstop=15),
        wrong("smooth_ms must be 0 for none, or at least 1 ms and two steps of 0.025 ms, got 0.02 ms: was it given in "
              "seconds", smooth_ms=0.02),
        wrong("smooth_ms must not exceed the 80 ms", smooth_ms=81.0),
        wrong("tstop = 60 ms ends before the target, which goes on to 80 ms: leave tstop out, or crop", tstop=60.0),
        wrong("must lie within the 0 to 0.08 s that both dipoles cover: was it given in ms", tmin=20, tmax=40),
        wrong("must hold two samples", tmin=0.02, tmax=0.0201),
        wrong("tmin \\(s\\) must be a finite number, got '0.02'", tmin="0.02"),
        wrong("weights must return", weights=lambda times: [1.0]),
        wrong("constant where it counts", tmin=0.0, tmax=0.004, weights=lambda times: (times < 0.0005).astype(float)),
        wrong("dt must be at most 0.5 ms, got 1 ms", dt=1.0),
        wrong("was it given in seconds", dt=2.5e-5),
        wrong("dt must divide tstop", tstop=90.01),
        wrong("tstop = 0.17 ms is too short for any response: was it given in seconds\\? It is in ms: 170", tstop=0.17,
              dt=0.01, target=None, objective=flat, smooth_ms=0.0),
        wrong("standard_error = 1.5 is .* times the size of the target: .* Was it given in nA m", standard_error=1.5),
        wrong("weights must be a function of times in s", weights=[1, 2]),
        wrong("layers must map layers to weights", layers="agg"),
        # two that say the same
        wrong("n_trials = 3, but the last of levels has 1: leave n_trials out, or give Level\\(n_trials=3\\)",
              n_trials=3, levels=[Level()]),
        wrong("scale and prior both say how many columns", scale=3000.0, prior=ColumnPrior(median=3.0)),
        wrong("executor and n_jobs = 2 both say where", executor=ThreadPoolExecutor(1), n_jobs=2),
        # what would not be used
        wrong("scale has no effect on objective 'flat'", objective=flat, scale=3000.0),
        wrong("noise has no effect on objective 'flat'", objective=flat, noise=0.2),
        wrong("prior has no effect on objective 'flat'", objective=flat, prior=ColumnPrior(median=3.0)),
        wrong("standard_error is that of a target", target=None, objective=flat, tstop=50.0, standard_error=1e-9),
        wrong("Fits record nothing of single cells", record={"voltage": "soma"}),
        wrong("fit_drives has no argument 'n_job'.*Did you mean 'n_jobs'", n_job=2),
        wrong("fit_drives has no argument 'max_evaluation'.*Did you mean 'max_evaluations'", objective=flat,
              max_evaluation=2),
        # a start outside of its bounds
        wrong("drives.evprox1.mu_ms is 25 in the network that the fit starts with, outside its bounds 30 to 45: widen "
              "them, or start from set_values", parameters=[Parameter(path=MU, low=30.0, high=45.0)]),
        # things of the wrong kind
        wrong("executor must be a concurrent.futures.Executor.*got 'x'", executor="x"),
        wrong("n_jobs must be a positive number of processes", n_jobs=0),
        wrong("checkpoint must be a folder", checkpoint=3),
        wrong("progress must be a function", progress="yes"),
        wrong("step is a share of the bounds of each parameter, at most 1, got 20", step=20),
        wrong("seed must be an integer", seed=1.5),
        wrong("has more cells than the column of 3x3", levels=[Level(mesh_shape=(4, 4)), Level()]),
        wrong("parameters must be Parameter values, such as .* got ellipsis \\(...\\): list_paths", parameters=[...]),
        wrong("got str \\('drives.evprox1.mu_ms'\\)", parameters=[MU]),
        wrong("or what evoked_parameters\\(network\\) .* got dict", parameters={MU: (20, 40)}),
        wrong("parameters must be Parameter values.* got int", parameters=5),
    ],
)  # fmt: skip
def test_fit_drives(column, wave, changes, message):
    options = {"target": wave, "parameters": [AROUND], "progress": lambda *_: None, **changes}
    with pytest.raises(ParameterError, match=message):
        with_drives(column, **options)


def test_objects_are_checked_against_the_simulation(column, wave):
    def fails(message, objective, **options):
        with pytest.raises(ParameterError, match=message):
            with_drives(column, None, [AROUND], objective=objective, **{"tstop": 60.0, **options})

    fails("tstop = 60 ms ends before the target", Waveform(target=wave))
    fails("tstop = 60 ms ends before the target", TimeFrequency(target=wave, freqs=[20.0, 30.0]))
    fails("smooth_ms must not exceed the 80 ms", Waveform(target=wave, smooth_ms=90.0), tstop=80.0)
    fails("smooth_ms has no effect on objective 'r_squared': give it to Waveform itself", Waveform(target=wave),
          tstop=80.0, smooth_ms=30.0)  # fmt: skip
    fails("burn_in_ms must leave", BandPower(bands=[(8, 12)], shares=[1], burn_in_ms=70.0))
    fails("burn_in_ms must leave", Spectrum(freqs=np.arange(5.0, 40), power=np.ones(35), burn_in_ms=70.0))
    fails("Unknown layer 'L9'", Waveform(target=Dipole(np.tile(wave.data, (2, 1)), wave.times, ("agg", "L9")),
                                         layers={"L9": 1.0}), tstop=80.0)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        wrong("smooth_ms must not exceed the 80 ms", smooth_ms=90.0),
        wrong("at least 1 ms and two steps", smooth_ms=0.02),
        wrong("n_trials = 5, but the last of levels has 1", n_trials=5, levels=[Level()]),
        wrong("at most two, without a share", levels=[Level(mesh_shape=(1, 1), share=3.0), Level()]),
        wrong("at most two, without a share", levels=[Level(mesh_shape=(1, 1)), Level(mesh_shape=(2, 2)), Level()]),
        wrong("max_evaluations has no effect with drives='propose'", max_evaluations=50),
        wrong("optimizer has no effect with drives='propose'.*or with polish", optimizer="nelder_mead"),
        wrong("max_drives has no effect .*how many drives there are is given", n_drives=2, max_drives=3),
        wrong("polish has no effect with drives='network'", drives="network", polish=10),
        wrong("n_drives has no effect with drives='network'", drives="network", n_drives=2),
        wrong("refine has no effect with drives='network'", drives="network", refine=2),
        wrong("n_drives = 9 drives at least 10 ms apart do not fit into the 80 ms .*: at most 8", n_drives=9),
        wrong("executor must be a concurrent.futures.Executor", executor="processor"),
    ],
)  # fmt: skip
def test_fit_evoked(column, wave, changes, message):
    with pytest.raises(ParameterError, match=message):
        with_evoked(**{"network": column, "target": wave, **changes})


@pytest.fixture(scope="module")
def rhythm():
    return jones_2009((2, 2)).with_bursty_drive(
        "alpha", location="proximal", tstart=50.0, burst_rate_Hz=10.0, burst_std_ms=20.0, weights_ampa={L5P: 5e-5}
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        wrong("too short for any response: was it given in seconds", tstop=0.3, burn_in_ms=0.0),
        wrong("fmin must be below fmax, got 50 and 2 Hz", fmin=50, fmax=2),
        wrong("bands must hold pairs", bands=5),
        wrong("shares must hold one number per band", shares=1),
        wrong("band must be a finite number, got 'a'", bands=[("a", 12)]),
        wrong("aperiodic belongs to a target spectrum", aperiodic="remove"),
        wrong("n_trials = 4, but the last of levels has 1", n_trials=4, levels=[Level()]),
        wrong("got int", parameters=3),
        wrong("executor must be", executor="x"),
    ],
)
def test_fit_rhythmic(rhythm, changes, message):
    with pytest.raises(ParameterError, match=message):
        with_rhythm(rhythm, **{"bands": [(8, 12)], "tstop": 200.0, **changes})


def test_targets_of_rhythms(rhythm, wave):
    def fails(message, target, error=ParameterError, **options):
        with pytest.raises(error, match=message):
            with_rhythm(rhythm, target, **options)

    freqs = np.arange(1.0, 50.0)
    fails("measure belongs to bands", (freqs, np.ones(49)), measure="ratio")
    fails("0 frequencies within fmin to fmax, 2 to 50 Hz: at least 4", (freqs + 60, np.ones(49)))
    fails("two rows of numbers, frequencies .*got str and ndarray", ("alpha", np.ones(49)))
    fails("NaN or infinity", _broken(wave), DataError)
    line = Dipole(np.zeros(400), np.arange(400) / 1000, ("agg",))
    fails("no power", line, DataError)


def _broken(target):
    broken = target.copy()
    broken.data[0, 5] = np.nan
    return broken


# -- targets of the wrong kind


def sensors():
    return mne.EvokedArray(np.zeros((2, 100)), mne.create_info(2, 1000.0, "mag"), verbose="error")


@pytest.mark.parametrize("fit", [fit_evoked, fit_drives])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (sensors, "got EvokedArray: turn sensors into a source with mne_hnn.source.estimate_target"),
        (lambda: "target-ave.fif", "got str: read it with mne_hnn.read_dipole"),
        (lambda: [1, 2], "got list: average trials with mne_hnn.average_dipoles"),
        (lambda: type("Simulation", (), {})(), "got Simulation: take its average"),
        (lambda: mne.Dipole([0.0], [[0, 0, 0]], [1e-9], [[0, 0, 1]], [90.0]), "target_from_dipole"),
    ],
)
def test_what_is_no_target_is_told_how_to_become_one(column, fit, make, message):
    with pytest.raises(ParameterError, match=message):
        fit(column, make())


def test_times_of_another_unit(column, wave):
    values = wave["agg"]
    with pytest.raises(DataError, match=r"ends 0.08 ms after the stimulus.* given in s where ms are expected"):
        fit_evoked(column, Dipole(values, wave.times / 1e3, ("agg",)))
    with pytest.raises(DataError, match="lasts 80 s, no evoked response does"):
        fit_evoked(column, Dipole(values, wave.times * 1e3, ("agg",)))
    with pytest.raises(DataError, match=r"has 3 sample\(s\) after the stimulus, at least 4"):
        fit_evoked(column, Dipole(values[:4], np.arange(4) / 100, ("agg",)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Custom(function=3), "Custom takes a function of a Simulation, got 3"),
        (lambda: Combined(terms=[1.0]), "Combined takes pairs of an objective and its weight"),
        (lambda: Combined(terms=[("r_squared", 1.0)]), "Combined takes pairs"),
    ],
)
def test_objectives_of_the_wrong_kind(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_target_object_is_taken_for_its_dipole(wave):
    target = SimpleNamespace(dipole=wave, polarity=None)
    assert Waveform(target=target).target is wave
