"""Arguments of simulations: implausible ones are refused or warned about, and none is accepted for nothing."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from mne_hnn import MneHnnWarning
from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings, many, simulate, simulate_many, simulate_mpi, trials
from mne_hnn.simulate.precautions import check_times, warn_of_coarse_steps


@pytest.fixture(scope="module")
def column():
    return jones_2009((1, 1)).with_evoked_drive(
        "ev", mu_ms=5.0, sigma_ms=1.0, location="proximal", weights_ampa={"L5_pyramidal": 1e-4}
    )


def one(network, tstop=20.0, **options):
    return simulate(network, tstop, **options)


def several(network, tstop=20.0, **options):
    return simulate_many([network], SimulationSettings(tstop=tstop, **options))


def spread(network, tstop=20.0, **options):
    return simulate_mpi(network, SimulationSettings(tstop=tstop, **options), n_procs=1)


@pytest.fixture
def untouched(monkeypatch):
    for place in (trials, many):
        monkeypatch.setattr(place, "work", lambda *_: pytest.fail("a simulation began"))


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("call", [one, several, spread])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 1.0}, "dt must be at most 0.5 ms, got 1 ms: the published models are defined at 0.025 ms"),
        ({"dt": 2.5e-5}, "dt = 2.5e-05 ms is far too small a step: was it given in seconds"),
        ({"tstop": 0.17, "dt": 0.01}, "tstop = 0.17 ms is too short .* It is in ms: 170"),
        ({"dt": 0.03}, "dt must divide tstop"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"seed": True}, "seed must be an integer"),
        ({"seed": -1}, "seed must be an integer"),
        ({"record": {"voltage": "soma", "sfreq": 0.04}}, r"sfreq = 0.04 Hz leaves one sample .* was it given in kHz"),
        ({"n_trials": 2.0}, "n_trials must be an integer"),
        ({"n_threads": 0}, "n_threads must be"),
    ],
)
def test_refused_before_the_work(column, call, options, message):
    with pytest.raises(ParameterError, match=message):
        call(column, **options)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"executor": "x"}, "executor must be a concurrent.futures.Executor, such as .* got 'x'"),
        ({"executor": 4}, "executor must be a concurrent.futures.Executor"),
        ({"executor": ThreadPoolExecutor(1), "n_jobs": 2}, "executor and n_jobs = 2 both say where to simulate"),
        ({"done": 3}, "done must be a function"),
        ({"keep": False}, "keep=False hands the outcomes to done only"),
        ({"keep": "no", "done": print}, "keep must be True or False"),
    ],
)
def test_of_many(column, options, message):
    with pytest.raises(ParameterError, match=message):
        simulate_many([column], SimulationSettings(tstop=20.0), **options)


@pytest.mark.parametrize("networks", [5, "jones", {"a": 1}, None, jones_2009((1, 1))])
def test_what_holds_no_networks(networks):
    with pytest.raises(ParameterError, match="networks must hold Networks"):
        simulate_many(networks, SimulationSettings(tstop=20.0))


@pytest.mark.usefixtures("untouched")
def test_the_published_baseline_of_many_is_refused_first():
    other = jones_2009((1, 1)).without_population("L2_pyramidal")
    with pytest.raises(ParameterError, match="baseline='published' is defined for"):
        simulate_many([other], SimulationSettings(tstop=20.0, baseline="published"))


def test_a_generator_of_networks_is_not_used_up(column):
    found = simulate_many((network for network in [column, column]), SimulationSettings(tstop=5.0))
    assert len(found) == 2


@pytest.mark.parametrize(("dt", "warns"), [(0.025, False), (0.05, False), (0.1, True), (0.5, True)])
def test_coarse_steps_warn(dt, warns):
    check_times(20.0, dt)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_coarse_steps(20.0, dt)
    assert [f"dt = {dt:g} ms is a coarse step" in str(each.message) for each in caught] == [True] * warns


@pytest.mark.parametrize("call", [one, several])
def test_a_coarse_step_is_said_once(column, call):
    with pytest.warns(MneHnnWarning, match="dt = 0.5 ms is a coarse step.*8 % at 0.5 ms") as caught:
        call(column, 5.0, dt=0.5)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_long_durations_warn():
    with pytest.warns(MneHnnWarning, match="tstop = 170000 ms is 170 s of simulated time: is it in ms"):
        warn_of_coarse_steps(170e3, 0.025)
