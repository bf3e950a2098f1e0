"""Fitting parameters of a network: known truths are found, failures are survived, wrong calls are refused."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from targets import COLUMNS, L2P, L5P, target_of, two_drives, with_drives

from mne_hnn import Dipole
from mne_hnn.errors import DataError, DriveError, ParameterError, SimulationError
from mne_hnn.fit import (
    BandPower,
    Combined,
    Custom,
    DriveSettings,
    Level,
    Parameter,
    TimeFrequency,
    Waveform,
    evoked_parameters,
    fit_drives,
    get_value,
    set_values,
)
from mne_hnn.fit.observation import smoothed
from mne_hnn.fit.plain_settings import plain_settings
from mne_hnn.simulate import simulate

pytestmark = pytest.mark.usefixtures("simulated_once")
MU = "drives.evprox1.mu_ms"
WEIGHT = f"drives.evdist1.weights_ampa.{L2P}"
BIAS = f"biases.tonic.{L5P}"


def driven(mesh=(3, 3), mu_ms=25.0, weight=8e-5):
    strengths = {"proximal": {L2P: 1e-4, L5P: 1e-4}, "distal": {L2P: weight, L5P: 8e-5}}
    return two_drives(mesh, mu_ms=(mu_ms, 50.0), sigma_ms=3.0, **strengths)


response = partial(target_of, n_trials=10, seed=99, every=40)
quick = partial(with_drives, n_final=2, progress=lambda *_: None)


@pytest.fixture(scope="module")
def target():
    return response(driven(), tstop=80.0)


@pytest.fixture(scope="module")
def small():
    """A target for the smallest column, 60 ms long."""
    return response(driven((2, 2)), tstop=60.0, n_trials=3)


def content(result):
    """All that must not depend on how a fit was run."""
    return (
        [(e.level, e.values, e.loss, repr(e.scale), repr(e.r_squared)) for e in result.evaluations],
        [repr(e) for e in result.estimates],
        [repr(one) for one in result.levels],
        result.scale,
        repr(result.scores),
        result.dipole.data.tobytes(),
        result.simulation.dipole.data.tobytes(),
        result.network.digest,
        result.warnings,
    )


# -- known truths


@pytest.fixture(scope="module")
def shifted(target, simulated_once):
    parameter = Parameter(path=MU, low=5.0, high=45.0)
    return quick(driven(mu_ms=36.0), target, [parameter], optimizer="scan", max_evaluations=28)


def test_a_shifted_drive_is_found(shifted):
    assert shifted.kind == "drives"
    assert shifted.estimate(MU).value == pytest.approx(25.0, abs=2.0)
    assert get_value(shifted.network, MU) == shifted.estimate(MU).value
    assert shifted.r_squared > 0.95
    assert shifted.scale == pytest.approx(COLUMNS, rel=0.3)
    scores = shifted.scores
    assert scores.search_loss < 0.05 < scores.start_loss
    # tried fast, scored exactly
    assert scores.search_loss == pytest.approx(min(e.loss for e in shifted.evaluations), rel=0.05)
    assert scores.start_loss == pytest.approx(shifted.evaluations[0].loss, rel=0.05)
    assert shifted.evaluations[0].values == {MU: pytest.approx(36.0)}
    assert scores.correlation > 0.97
    assert scores.trial_r_squared <= scores.r_squared
    assert np.isnan(scores.ceiling)  # no standard error is known
    assert shifted.warnings == ()


def test_scores_are_those_of_fresh_trials(shifted, target):
    fresh = simulate(shifted.network, 80.0, n_trials=2, seed=2, verbose="error")
    assert fresh.dipole.data.tobytes() == shifted.simulation.dipole.data.tobytes()
    dipole = smoothed(fresh, 20.0).scale(shifted.scale)
    np.testing.assert_allclose(shifted.dipole.data, dipole.data, rtol=1e-12)
    judged = dipole["agg"][::40]
    wanted = target["agg"]
    expected = 1 - np.sum((judged - wanted) ** 2) / np.sum((wanted - wanted.mean()) ** 2)
    assert shifted.r_squared == pytest.approx(expected, rel=1e-6)
    assert shifted.scores.nrmse == pytest.approx(np.linalg.norm(judged - wanted) / np.linalg.norm(wanted), rel=1e-6)


def test_a_weight_is_found_by_least_squares(target):
    start = driven(weight=2.5e-5)
    parameters = [Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    result = quick(start, target, parameters, optimizer="least_squares", max_evaluations=16, scale=COLUMNS)
    assert result.estimate(WEIGHT).value == pytest.approx(8e-5, rel=0.15)
    assert result.r_squared > 0.95
    assert result.scale == COLUMNS
    both = [*parameters, Parameter(path=MU, low=15.0, high=45.0)]
    result = quick(driven(weight=2.5e-5, mu_ms=30.0), target, both, optimizer="least_squares", max_evaluations=24,
                   scale=COLUMNS)  # fmt: skip
    assert result.estimate(MU).value == pytest.approx(25.0, abs=2.0)
    assert result.estimate(WEIGHT).value == pytest.approx(8e-5, rel=0.25)


@pytest.mark.slow
def test_eight_parameters_by_the_default(target):
    start = driven(mu_ms=31.0, weight=4e-5)
    result = quick(start, target, evoked_parameters(start), max_evaluations=40, intervals=False)
    assert result.settings.optimizer == "cma"
    assert result.scores.search_loss < 0.6 * result.scores.start_loss
    assert len(result.evaluations) == 40


def test_a_derived_parameter_is_found(target):
    """One number moves both drives, and two weights are one."""
    weights = [f"drives.evprox1.weights_ampa.{cell}" for cell in (L2P, L5P)]
    parameters = [
        Parameter(path="shift", low=-15.0, high=15.0, start=9.0),
        Parameter(path=weights[0], low=1e-5, high=1e-3, scale="log", tied=[weights[1]]),
    ]

    def moved(network, values):
        times = [f"drives.{name}.mu_ms" for name in ("evprox1", "evdist1")]
        return set_values(network, {path: get_value(network, path) + values["shift"] for path in times})

    start = set_values(driven(), dict.fromkeys(weights, 3e-5))
    result = quick(start, target, parameters, apply=moved, optimizer="cobyla", max_evaluations=30, scale=COLUMNS)
    assert result.estimate("shift").value == pytest.approx(0.0, abs=2.0)
    assert result.estimate(weights[0]).value == pytest.approx(1e-4, rel=0.3)
    assert get_value(result.network, weights[1]) == get_value(result.network, weights[0])
    assert get_value(result.network, MU) == pytest.approx(25.0 + result.estimate("shift").value)
    assert result.details.apply == "moved"
    assert result.r_squared > 0.9
    assert result.plot_parameters(show=False).axes[-1].get_xlabel() == "shift (in a unit of its own)"


@pytest.mark.parametrize("optimizer", ["cma", "differential_evolution"])
def test_a_population_is_used(small, optimizer):
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    asked = {"optimizer": optimizer, "max_evaluations": 13, "intervals": False}
    few, many = (
        quick(driven((2, 2)), small, parameters, population=population, **asked).evaluations for population in (5, 12)
    )
    assert few[0] == many[0]
    assert [one.values for one in few[6:]] != [one.values for one in many[6:]]  # the second generation of few


def test_populations_that_cannot_be(small):
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    with pytest.raises(ParameterError, match="population = 8 has no effect on optimizer 'nelder_mead'"):
        quick(driven((2, 2)), small, parameters, optimizer="nelder_mead", population=8)
    with pytest.raises(ParameterError, match="more than the 20 networks of max_evaluations"):
        quick(driven((2, 2)), small, parameters, optimizer="cma", population=30, max_evaluations=20)
    with pytest.raises(ParameterError, match="population must be .*4"):
        DriveSettings(population=2)


# -- the result


def test_convergence_falls(shifted):
    best = shifted.convergence()
    assert len(best) == len(shifted.evaluations)
    assert (np.diff(best) <= 0).all()
    assert best[-1] == pytest.approx(shifted.scores.search_loss, rel=0.05)


def test_tables(shifted):
    pytest.importorskip("pandas")
    frame = shifted.to_data_frame()
    assert list(frame.columns) == ["level", "loss", "scale", "r_squared", MU]
    assert len(frame) == len(shifted.evaluations)
    assert frame.index.name == "evaluation"
    np.testing.assert_array_equal(frame["loss"], [e.loss for e in shifted.evaluations])
    np.testing.assert_allclose(frame["r_squared"], 1 - frame["loss"])
    table = shifted.parameters()
    assert list(table.columns) == ["value", "low", "high", "determined"]
    assert table.loc[MU, "value"] == shifted.estimate(MU).value


def test_intervals_hold_the_value_within_the_bounds(shifted):
    one = shifted.estimate(MU)
    assert 5.0 <= one.low < one.value < one.high <= 45.0
    assert one.high - one.low < 10.0
    assert one.determined
    with pytest.raises(ParameterError, match="Did you mean 'drives.evprox1.mu_ms'"):
        shifted.estimate("drives.evprox1.mu")


def test_settings_hold_every_choice(shifted):
    expected = {
        "objective": "r_squared", "optimizer": "scan", "max_evaluations": 28, "n_trials": 1, "n_final": 2, "step": 0.2,
        "smooth_ms": 20.0, "scale": None, "noise": 0.05, "standard_error": None, "tstop": 80.0, "dt": 0.025,
        "seed": 1, "fresh_seed": 2, "precision": "search", "levels": [["full", 1, 1.0]],
        "parameters": [[MU, 5.0, 45.0, "linear", None]],
    }  # fmt: skip
    plain = plain_settings(shifted.settings, shifted.details)
    assert {name: plain[name] for name in expected} == expected
    assert shifted.settings.prior.median > 0
    assert shifted.settings.prior.factor == 3.0


def test_result_says_what_it_is(shifted, target):
    assert shifted.target is target
    assert get_value(shifted.start_network, MU) == 36.0
    assert shifted.dipole.provenance["unit"] == "A m"
    assert shifted.dipole.scale_applied == shifted.scale
    assert shifted.levels[0].evaluations == len(shifted.evaluations) <= 28
    assert "fresh seeds" in repr(shifted)


def test_standard_error_gives_the_ceiling(target, small):
    error = 0.3 * float(np.sqrt(np.mean(small["agg"][1:] ** 2)))
    parameter = [Parameter(path=MU, low=20.0, high=30.0)]
    result = quick(driven((2, 2)), small, parameter, standard_error=error, max_evaluations=1, intervals=False)
    assert result.settings.noise == pytest.approx(0.3, rel=1e-6)
    assert result.scores.ceiling == pytest.approx(1 - error**2 / np.var(small["agg"][1:]))
    kept = Dipole(small.data, small.times, ("agg",), provenance={"unit": "A m", "standard_error": error})
    same = quick(driven((2, 2)), kept, parameter, max_evaluations=1, intervals=False)
    assert same.scores.ceiling == result.scores.ceiling


def test_undetermined_parameter_is_told(small):
    """Input so weak that nothing comes of it."""
    network = driven((2, 2)).with_evoked_drive(
        "idle", mu_ms=30.0, sigma_ms=3.0, location="proximal", weights_ampa={"L2_basket": 1e-9}
    )
    idle = "drives.idle.weights_ampa.L2_basket"
    parameters = [Parameter(path=MU, low=15.0, high=35.0), Parameter(path=idle, low=1e-10, high=1e-8, scale="log")]
    result = quick(network, small, parameters, max_evaluations=30)
    assert result.estimate(MU).determined
    assert not result.estimate(idle).determined
    assert result.estimate(idle).low < result.estimate(idle).value < result.estimate(idle).high
    warning = next(one for one in result.warnings if "do not determine" in one)
    assert "1 of 2" in warning
    assert idle in warning
    assert MU not in warning


# -- failures


def biased():
    return driven((2, 2)).with_tonic_bias("tonic", amplitude_nA={L5P: 0.0})


def test_failures_count_as_the_worst_and_the_fit_goes_on(small):
    parameters = [Parameter(path=BIAS, low=-0.1, high=1e6), Parameter(path=MU, low=15.0, high=35.0)]
    result = quick(biased(), small, parameters, optimizer="random", max_evaluations=12, intervals=False)
    assert len(result.evaluations) == 12
    failed = [e for e in result.evaluations if np.isinf(e.loss)]
    assert 5 <= len(failed) <= 11
    assert all(e.values[BIAS] > 1e3 for e in failed)
    assert np.isfinite(result.scores.search_loss)
    assert f"{len(failed)} of the networks that were tried failed, and counted as the worst." in result.warnings


@pytest.mark.usefixtures("simulated_each_time")
def test_failures_are_told_after_a_resumption_too(small, tmp_path):
    parameters = [Parameter(path=BIAS, low=-0.1, high=1e6), Parameter(path=MU, low=15.0, high=35.0)]
    options = {"optimizer": "random", "max_evaluations": 12, "intervals": False, "checkpoint": tmp_path}
    first, again = (quick(biased(), small, parameters, **options) for _ in range(2))
    assert content(again) == content(first)


def test_a_network_that_never_runs_says_why(small):
    network = set_values(biased(), {BIAS: 1e6})
    with pytest.raises(SimulationError, match="starts with cannot be scored: .*unstable"):
        quick(network, small, [Parameter(path=MU, low=15.0, high=35.0)])


def test_values_that_make_no_network_count_as_the_worst(small):
    """Rise and decay of a synapse may not cross: a point where they do is a failure, not the end."""
    rise, decay = (f"cells.{L5P}.synapses.ampa.{name}" for name in ("tau1_ms", "tau2_ms"))
    parameters = [Parameter(path=rise, low=0.1, high=20.0), Parameter(path=decay, low=0.2, high=20.0)]
    result = quick(driven((2, 2)), small, parameters, optimizer="random", max_evaluations=10, intervals=False)
    assert len(result.evaluations) == 10


# -- objectives


def test_a_function_of_ones_own():
    network = driven((2, 2))
    parameter = [Parameter(path=f"drives.evprox1.weights_ampa.{L5P}", low=1e-6, high=1e-3, scale="log")]

    def quiet(simulation):
        return 1e15 * float(np.abs(simulation.dipole["agg"]).max())

    result = quick(network, None, parameter, objective=quiet, tstop=40.0, max_evaluations=12)
    assert result.target is None
    assert result.estimate(parameter[0].path).value == pytest.approx(1e-6, rel=0.05)
    assert np.isnan(result.r_squared)
    assert result.details.objective == "custom"
    assert result.scale == 1.0
    assert result.scores.loss == pytest.approx(quiet(result.simulation))
    assert "loss" in repr(result)
    assert np.isnan(result.estimates[0].low)


def test_a_function_that_returns_no_number():
    with pytest.raises(ParameterError, match="must return one number, got None"):
        quick(driven((2, 2)), None, [Parameter(path=MU, low=1.0, high=30.0)], objective=lambda one: None, tstop=20.0)


@pytest.mark.parametrize("measure", ["nrmse", pytest.param("rmse", marks=pytest.mark.slow), "correlation"])
def test_other_measures(small, measure):
    parameter = [Parameter(path=MU, low=10.0, high=45.0)]
    result = quick(driven((2, 2), mu_ms=33.0), small, parameter, objective=measure, max_evaluations=20, intervals=False)
    assert result.estimate(MU).value == pytest.approx(25.0, abs=3.0)


def test_objectives_as_objects(small):
    parameter = [Parameter(path=MU, low=10.0, high=45.0)]
    goal = Combined(terms=[(Waveform(target=small), 1.0), (Custom(function=lambda one: 0.25), 2.0)])
    result = quick(driven((2, 2)), small, parameter, objective=goal, max_evaluations=3, intervals=False)
    plain = quick(driven((2, 2)), small, parameter, prior=None, max_evaluations=3, intervals=False)
    np.testing.assert_allclose(
        [e.loss for e in result.evaluations], [e.loss + 0.5 for e in plain.evaluations], rtol=1e-12
    )
    assert result.details.objective == "combined"
    map_ = TimeFrequency(target=small, freqs=[10.0, 20.0, 30.0])
    result = quick(driven((2, 2)), None, parameter, objective=map_, tstop=60.0, max_evaluations=2, intervals=False)
    assert 0 <= result.scores.loss <= 2


def test_window_is_passed_on(small):
    parameter = [Parameter(path=MU, low=10.0, high=45.0)]
    result = quick(driven((2, 2)), small, parameter, tmin=0.02, tmax=0.04, max_evaluations=1, intervals=False)
    assert result.details.options == {"tmin": 0.02, "tmax": 0.04}
    whole = quick(driven((2, 2)), small, parameter, max_evaluations=1, intervals=False)
    assert result.scores.search_loss != whole.scores.search_loss
    assert result.r_squared != whole.r_squared


def test_smoothing_is_that_of_the_objective(small):
    parameter = [Parameter(path=MU, low=24.0, high=26.0)]
    options = {"max_evaluations": 1, "intervals": False}
    by_name = quick(driven((2, 2)), small, parameter, smooth_ms=5.0, scale=COLUMNS, **options)
    goal = Waveform(target=small, smooth_ms=5.0, scale=COLUMNS)
    by_object = quick(driven((2, 2)), small, parameter, objective=goal, **options)
    assert by_object.scores.search_loss == by_name.scores.search_loss
    assert by_object.r_squared == by_name.r_squared


# -- how it is run


@pytest.mark.usefixtures("simulated_each_time")
def test_same_bytes_for_two_processes(small):
    network = driven((2, 2), mu_ms=30.0)
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    options = {"max_evaluations": 12, "optimizer": "cma"}
    one = quick(network, small, parameters, **options)
    again = quick(network, small, parameters, **options)
    two = quick(network, small, parameters, n_jobs=2, **options)
    assert content(again) == content(one)
    assert content(two) == content(one)
    other = quick(network, small, parameters, seed=5, **options)
    assert content(other)[0] != content(one)[0]


@pytest.mark.usefixtures("simulated_each_time")
def test_a_second_run_simulates_only_the_final_trials(small, tmp_path):
    network = driven((2, 2), mu_ms=30.0)
    options = {"max_evaluations": 12, "optimizer": "nelder_mead", "checkpoint": tmp_path}
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    first = quick(network, small, parameters, **options)
    files = sorted(one.name for one in tmp_path.iterdir())
    again = quick(network, small, parameters, **options)
    assert content(again) == content(first)
    assert sorted(one.name for one in tmp_path.iterdir()) == files
    longer = quick(network, small, parameters, **{**options, "max_evaluations": 15})
    assert content(longer)[0][:12] == content(first)[0]  # it goes on where the shorter one stopped


@pytest.mark.parametrize("budget", [1, 3])
@pytest.mark.parametrize("optimizer", ["cma", "differential_evolution", "least_squares", "nelder_mead", "random"])
def test_budget_is_kept(small, optimizer, budget):
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    result = quick(
        driven((2, 2)), small, parameters, optimizer=optimizer, max_evaluations=budget, n_final=1, intervals=False
    )  # fmt: skip
    assert 1 <= len(result.evaluations) <= budget


def test_progress_is_told(small):
    told = []
    parameters = [Parameter(path=MU, low=15.0, high=45.0)]
    fit_drives(
        driven((2, 2)),
        small,
        parameters,
        settings=DriveSettings(max_evaluations=9, n_final=1, intervals=False),
        progress=lambda count, loss: told.append((count, loss)),
    )
    assert [count for count, _ in told] == sorted(count for count, _ in told)
    assert told[-1][0] == 9
    assert all(two[1] <= one[1] for one, two in pairwise(told))


def test_levels(small):
    parameters = [Parameter(path=MU, low=15.0, high=45.0), Parameter(path=WEIGHT, low=8e-6, high=8e-4, scale="log")]
    network = driven((4, 4), mu_ms=32.0)
    levels = [Level(mesh_shape=(2, 2), share=3.0), Level(n_trials=2)]
    result = quick(network, small, parameters, optimizer="cma", levels=levels, max_evaluations=24)
    assert [(one.name, one.evaluations) for one in result.levels] == [("2x2", 18), ("full", 6)]
    assert [e.level for e in result.evaluations] == ["2x2"] * 18 + ["full"] * 6
    assert result.levels[0].agreement > 0.9
    assert np.isnan(result.levels[1].agreement)
    best = result.convergence()
    assert (np.diff(best[:18]) <= 0).all()
    assert (np.diff(best[18:]) <= 0).all()
    assert result.scores.search_loss == result.levels[1].loss == pytest.approx(best[-1], rel=0.05)
    # the start counts at each level
    assert result.scores.start_loss == pytest.approx(result.evaluations[19].loss, rel=0.05)
    assert result.network.mesh_shape == (4, 4)
    coarse = [e.scale for e in result.evaluations if e.level == "2x2"]
    full = [e.scale for e in result.evaluations if e.level == "full"]
    assert np.median(coarse) == pytest.approx(np.median(full), rel=0.5)  # both in full columns
    assert result.settings.levels == (Level(mesh_shape=(2, 2), share=3.0), Level(n_trials=2))


def test_budget_is_kept_with_levels(small):
    levels = [Level(mesh_shape=(1, 1)), Level()]
    parameters = [Parameter(path=MU, low=15.0, high=45.0)]
    result = quick(driven((2, 2)), small, parameters, levels=levels, max_evaluations=1, intervals=False)
    assert len(result.evaluations) == 1


def test_two_levels_of_trials_are_told_apart(small):
    parameters = [Parameter(path=MU, low=15.0, high=45.0)]
    result = quick(driven((2, 2)), small, parameters, levels=[Level(), Level(n_trials=3)], max_evaluations=12,
                   intervals=False)  # fmt: skip
    assert len({one.name for one in result.levels}) == 2
    best = result.convergence()
    assert best[-1] == pytest.approx(result.scores.search_loss, rel=0.05)


# -- wrong calls


def wrong(message, error=ParameterError, **changes):
    return pytest.param(changes, error, message, id=message)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        wrong("network must be a Network, got str", network="jones_2009"),
        wrong("target must be a Dipole, got ndarray", target=np.zeros(60)),
        wrong("max_evaluations", max_evaluations=0),
        wrong("n_final", n_final=0),
        wrong("step", step=0.0),
        wrong("seed", seed=-1),
        wrong("fresh_seed must differ from seed, got 2 twice", seed=2),
        wrong("Did you mean 'nelder_mead'", optimizer="neldermead"),
        wrong("takes one free parameter, got 8", optimizer="scan", parameters=None),
        wrong("Did you mean 'r_squared'", objective="rsquared"),
        wrong("needs a waveform objective", optimizer="least_squares", objective=lambda one: 1.0),
        wrong("tstop must be given when there is no target", target=None, objective=lambda one: 1.0),
        wrong("compares with a target: give one", target=None),
        wrong("must be the full column: end with", levels=[Level(mesh_shape=(1, 1))]),
        wrong("levels must be 'auto', None", levels="coarse"),
        wrong("smooth_ms", smooth_ms=-1.0),
        wrong("noise", noise=0.0),
        wrong("standard_error", standard_error=-1e-9),
        wrong("scale", scale=-3.0),
        wrong("n_trials", n_trials=0),
        wrong("tstop", tstop=-5.0),
    ],
)
def test_wrong_arguments(small, changes, error, message):
    arguments = {
        "network": driven((2, 2)), "target": small, "parameters": [Parameter(path=MU, low=15.0, high=45.0)], **changes
    }  # fmt: skip
    with pytest.raises(error, match=message):
        quick(**arguments)


def test_wrong_targets(small):
    parameter = [Parameter(path=MU, low=15.0, high=45.0)]
    network = driven((2, 2))

    def fails(dipole, message, error=DataError):
        with pytest.raises(error, match=message):
            quick(network, dipole, parameter)

    broken = small.copy()
    broken.data[0, 5] = np.nan
    fails(broken, "NaN or infinity")
    fails(Dipole(small.data * 1e9, small.times, ("agg",)), "probably nA m. Make it with Dipole.from_nAm")
    fails(Dipole(np.full((1, 61), 3e-9), small.times, ("agg",)), "constant after the stimulus")
    fails(Dipole(small.data, small.times - 0.1, ("agg",)), "not after the stimulus")
    short = Dipole(small.data[:, :40], small.times[:40], ("agg",))
    fails(short, "Drive 'evdist1' comes at 50 ms, but the target ends at 39 ms", ParameterError)


def test_wrong_parameters(small):
    network = driven((2, 2))
    with pytest.raises(ParameterError, match="wrong way round"):
        Parameter(path=MU, low=45.0, high=15.0)
    with pytest.raises(ParameterError, match="Did you mean 'drives.evprox1.mu_ms'"):
        quick(network, small, [Parameter(path="drives.evprox1.mu", low=15.0, high=45.0)])
    with pytest.raises(ParameterError, match="no evoked drive to fit"):
        quick(network.without_drives(*network.drives), small)
    with pytest.raises(ParameterError, match="none is given"):
        quick(network, small, [])
    with pytest.raises(DriveError, match="sigma_ms"):
        quick(network, small, [Parameter(path="drives.evprox1.sigma_ms", low=-5.0, high=-1.0)])


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": "priro"},
        {"objective": lambda one: 1.0, "tmni": 0.01},
        {"tmni": 0.01},
        {"objective": "time_frequency"},
    ],
)
def test_misspelt_options_are_refused(small, changes):
    with pytest.raises(ParameterError):
        quick(driven((2, 2)), small, [Parameter(path=MU, low=15.0, high=45.0)], max_evaluations=1, **changes)


def test_bands_need_no_target():
    goal = BandPower(bands=((8.0, 20.0),), shares=(1.0,), burn_in_ms=0.0)
    parameters = [Parameter(path=MU, low=15.0, high=45.0)]
    result = quick(driven((2, 2)), None, parameters, objective=goal, tstop=100.0, max_evaluations=4)
    assert -1 <= result.scores.loss <= 0
