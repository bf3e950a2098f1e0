"""What a fit makes small, against closed forms."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mne_hnn import Dipole
from mne_hnn.dipole import average_dipoles
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import (
    OBJECTIVES,
    BandPower,
    ColumnPrior,
    Combined,
    Custom,
    Score,
    Spectrum,
    TimeFrequency,
    Waveform,
)
from mne_hnn.fit.objectives import as_objective
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.spectra import power_spectrum

MS = np.arange(0, 171)  # 1 kHz
T = MS / 1000


def dipole(*rows, times=T, layers=("agg", "L2", "L5")):
    return Dipole(np.array(rows), times, layers[: len(rows)], provenance={"unit": "A m"})


def run(*dipoles):
    """What objectives see of a simulation."""
    return SimpleNamespace(dipole=average_dipoles(dipoles), dipoles=tuple(dipoles))


def wave(*coefficients):
    return 1e-9 * sum(c * np.sin(2 * np.pi * (k + 1) * 6 * T + k) for k, c in enumerate(coefficients))


def score(simulated, target, **options):
    return Waveform(target=dipole(target), **{"smooth_ms": 0.0, **options}).score(run(dipole(simulated)))


coefficients = st.lists(st.floats(-5, 5), min_size=3, max_size=3).filter(lambda c: max(map(abs, c)) > 0.1)


# -- waveforms


@settings(deadline=None, max_examples=50)
@given(coefficients, coefficients, st.floats(0.1, 100))
def test_measures_are_their_formulas(one, two, factor):
    simulated, wanted = wave(*one) + 1e-10, wave(*two) - 3e-10
    residual = factor * simulated - wanted
    expected = {
        "r_squared": np.sum(residual**2) / np.sum((wanted - wanted.mean()) ** 2),
        "nrmse": np.linalg.norm(residual) / np.linalg.norm(wanted),
        "rmse": np.sqrt(np.mean(residual**2)) * 1e9,
        "correlation": 1 - np.corrcoef(simulated, wanted)[0, 1],
    }
    for measure, loss in expected.items():
        found = score(simulated, wanted, measure=measure, scale=factor)
        assert found.loss == pytest.approx(loss, rel=1e-9, abs=1e-12)
        assert found.scale == factor
        assert found.r_squared == pytest.approx(1 - expected["r_squared"], rel=1e-9)
        np.testing.assert_allclose(found.residual, residual / np.linalg.norm(wanted), rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(coefficients, coefficients)
def test_best_scale_is_the_projection(one, two):
    simulated, wanted = wave(*one), wave(*two)
    found = score(simulated, wanted)
    expected = max(simulated @ wanted / (simulated @ simulated), 0.0)
    assert found.scale == pytest.approx(expected, rel=1e-9)
    for factor in (0.9, 1.1):  # nothing near it is better
        assert found.loss <= score(simulated, wanted, scale=factor * max(expected, 1e-3)).loss + 1e-12


def test_a_silent_simulation_explains_nothing():
    found = score(np.zeros(171), wave(1.0))
    assert (found.scale, found.loss) == (0.0, pytest.approx(1.0, abs=1e-3))
    assert score(np.zeros(171), wave(1.0), measure="correlation").loss == 1.0
    assert score(-wave(1.0), wave(1.0)).scale == 0.0


def test_prior_pulls_the_scale():
    simulated, wanted = wave(1.0), wave(1000.0, 300.0)
    free = score(simulated, wanted).scale
    assert free == pytest.approx(1000, rel=0.02)
    scales = [
        score(simulated, wanted, prior=ColumnPrior(median=10.0, factor=factor), noise=0.3).scale
        for factor in (1.05, 1.5, 3.0, 1e3)
    ]
    assert 10.0 < scales[0] < scales[1] < scales[2] < scales[3] < free
    assert scales[0] < 20.0
    assert scales[3] == pytest.approx(free, rel=0.02)
    loud = [score(simulated, wanted, prior=ColumnPrior(median=10.0), noise=noise).scale for noise in (0.01, 1.0, 100.0)]
    assert loud[0] > loud[1] > loud[2]
    assert loud[0] == pytest.approx(free, rel=1e-3)
    assert loud[2] == pytest.approx(10.0, rel=0.05)
    assert score(simulated, wanted, prior=ColumnPrior(median=10.0), scale=7.0).scale == 7.0


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 1e4), st.floats(1.1, 10), st.floats(0.01, 1.0), st.floats(-5, 5))
def test_scale_with_a_prior_is_the_minimum_of_its_sum(median, factor, noise, deviations):
    true = median * factor**deviations
    prior = ColumnPrior(median=median, factor=factor)
    simulated, wanted = wave(1.0), wave(true, 0.3 * true)
    variance = noise**2 * float(wanted @ wanted)

    def cost(log):
        s = np.exp(log)
        return np.sum((wanted - s * simulated) ** 2) / variance + (np.log(s / median) / np.log(factor)) ** 2

    found = np.log(prior.best_scale(simulated, wanted, variance))
    centre = np.log(median)
    ends = (centre - 8 * np.log(factor), centre + 8 * np.log(factor))
    grid = np.linspace(*ends, 4001)
    best = grid[np.argmin([cost(one) for one in grid])]
    width = grid[1] - grid[0]
    exact = minimize_scalar(cost, bounds=(best - width, best + width), method="bounded", options={"xatol": 1e-10})
    assert cost(found) <= exact.fun + 1e-4 * (1 + abs(exact.fun))


def test_correlation_is_blind_to_scale_and_offset():
    simulated, wanted = wave(1.0, 2.0), wave(2.0, 1.0)
    losses = [
        score(a * simulated + b, wanted, measure="correlation").loss for a, b in ((1, 0), (1e3, 0), (1, 5e-9), (0.1, 1))
    ]
    assert losses == pytest.approx([losses[0]] * 4, abs=1e-6)
    assert score(-wanted, wanted, measure="correlation").loss == pytest.approx(2.0)
    assert score(wanted, wanted, measure="correlation").loss == pytest.approx(0.0, abs=1e-12)


def test_only_the_window_counts():
    simulated, wanted = wave(1.0, 2.0), wave(2.0, 1.0)
    inside = (MS >= 30) & (MS <= 90)
    for measure in ("r_squared", "nrmse", "rmse", "correlation"):
        found = score(simulated, wanted, measure=measure, tmin=0.03, tmax=0.09)
        cut = Waveform(target=dipole(wanted[inside], times=T[inside]), measure=measure, smooth_ms=0.0)
        assert found.loss == pytest.approx(cut.score(run(dipole(simulated[inside], times=T[inside]))).loss, rel=1e-9)
        outside = np.where(inside, wanted, 1e-9 * MS)
        assert score(simulated, outside, measure=measure, tmin=0.03, tmax=0.09).loss == pytest.approx(found.loss)


def test_weights_are_those_of_squares():
    simulated, wanted = wave(1.0, 2.0), wave(2.0, 1.0)
    weight = 0.1 + T / T.max()
    found = score(simulated, wanted, measure="nrmse", scale=2.0, weights=lambda t: 0.1 + t / 0.17)
    expected = np.sqrt(np.sum(weight * (2 * simulated - wanted) ** 2) / np.sum(weight * wanted**2))
    assert found.loss == pytest.approx(expected)
    best = score(simulated, wanted, weights=lambda t: 0.1 + t / 0.17).scale
    assert best == pytest.approx(np.sum(weight * simulated * wanted) / np.sum(weight * simulated**2))


@pytest.mark.parametrize("measure", ["r_squared", "nrmse", "rmse", "correlation"])
def test_weights_of_zero_and_one_are_a_window(measure):
    simulated, wanted = wave(1.0, 2.0) + 1e-9, wave(2.0, 1.0) - 2e-9
    window = score(simulated, wanted, measure=measure, tmin=0.03, tmax=0.09, scale=1.5)
    masked = score(simulated, wanted, measure=measure, weights=lambda t: (t > 0.0295) & (t < 0.0905), scale=1.5)
    assert masked.loss == pytest.approx(window.loss, rel=1e-6)


@pytest.mark.parametrize("measure", ["r_squared", "nrmse", "rmse", "correlation"])
def test_equal_weights_change_nothing(measure):
    simulated, wanted = wave(1.0, 2.0) + 1e-9, wave(2.0, 1.0) - 2e-9
    plain = score(simulated, wanted, measure=measure, scale=1.5).loss
    assert score(simulated, wanted, measure=measure, scale=1.5, weights=lambda t: 7 * np.ones_like(t)).loss == (
        pytest.approx(plain)
    )


def test_layers_share_one_scale():
    l2, l5, y2, y5 = wave(1.0), wave(0.0, 2.0), wave(2.0, 0.5), wave(0.3, 3.0)
    target, simulated = dipole(y2 + y5, y2, y5), run(dipole(l2 + l5, l2, l5))
    layers = {"L2": 3.0, "L5": 1.0}
    found = Waveform(target=target, smooth_ms=0.0, measure="nrmse", layers=layers).score(simulated)
    scale = (3 * l2 @ y2 + l5 @ y5) / (3 * l2 @ l2 + l5 @ l5)
    squares = 3 * np.sum((scale * l2 - y2) ** 2) + np.sum((scale * l5 - y5) ** 2)
    assert found.scale == pytest.approx(scale)
    assert found.loss == pytest.approx(np.sqrt(squares / (3 * y2 @ y2 + y5 @ y5)))
    assert len(found.residual) == 2 * 171
    only = Waveform(target=target, smooth_ms=0.0, layers={"L2": 1.0}).score(simulated)
    assert only.loss == pytest.approx(score(l2, y2).loss)


def test_smoothing_is_that_of_a_dipole():
    fine = np.arange(0, 6801) / 40000
    noise = np.random.default_rng(0).standard_normal(6801)
    rough = Dipole(1e-9 * (np.sin(2 * np.pi * 6 * fine) + noise), fine, ("agg",))
    smooth = rough.copy().smooth(20.0)
    target = dipole(wave(1.0, 2.0))
    inside = Waveform(target=target, smooth_ms=20.0).score(run(rough))
    outside = Waveform(target=target, smooth_ms=0.0).score(run(smooth))
    assert inside.loss == pytest.approx(outside.loss, rel=1e-9)
    assert abs(inside.scale - Waveform(target=target, smooth_ms=0.0).score(run(rough)).scale) > 1e-3


def test_trials_are_averaged():
    a, b, wanted = wave(1.0), wave(0.0, 2.0), wave(1.0, 1.0)
    target = Waveform(target=dipole(wanted), smooth_ms=0.0)
    both = target.score(run(dipole(a), dipole(b)))
    assert both.loss == pytest.approx(score((a + b) / 2, wanted).loss)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"measure": "r2"}, "Unknown measure 'r2'"),
        ({"smooth_ms": -1.0}, "smooth_ms"),
        ({"noise": 0.0}, "noise"),
        ({"scale": 0.0}, "scale"),
        ({"layers": {"L3": 1.0}}, "Unknown layer 'L3'"),
        ({"layers": {"agg": -1.0}}, "weight of layer 'agg'"),
        ({"layers": {"agg": 0.0}}, "all zero"),
        ({"layers": {}}, "all zero"),
    ],
)
def test_wrong_waveforms(options, message):
    with pytest.raises(ParameterError, match=message):
        Waveform(target=dipole(wave(1.0)), **options)


@pytest.mark.parametrize(
    "weights", [lambda t: 1.0, lambda t: -np.ones_like(t), lambda t: 0 * t, lambda t: np.full_like(t, np.nan)]
)
def test_wrong_weights(weights):
    with pytest.raises(ParameterError, match="171 numbers >= 0, not all zero"):
        score(wave(1.0), wave(1.0), weights=weights)


def test_wrong_targets():
    with pytest.raises(ParameterError, match="must be a Dipole, got ndarray.*from_nAm"):
        Waveform(target=wave(1.0))
    with pytest.raises(DataError, match="constant"):
        Waveform(target=dipole(np.full(171, 1e-9)))
    with pytest.raises(DataError, match="probably nA m"):
        Waveform(target=dipole(wave(1.0) * 1e9))
    with pytest.raises(DataError, match="not after the stimulus"):
        Waveform(target=dipole(wave(1.0), times=T - 0.2))
    broken = dipole(wave(1.0))
    broken.data[0, 3] = np.nan
    with pytest.raises(DataError, match="NaN"):
        Waveform(target=broken)
    nanoamperes = Dipole(wave(1.0) * 1e9, T, ("agg",), provenance={"unit": "arbitrary"})
    assert Waveform(target=nanoamperes, smooth_ms=0.0).score(run(dipole(wave(1.0)))).scale == pytest.approx(1e9)


# -- rhythms

LONG = np.arange(2001) / 1000


def rhythm(*parts, noise=0.0, seed=0):
    values = sum(a * np.sin(2 * np.pi * f * LONG + f) for f, a in parts)
    values = values + noise * np.random.default_rng(seed).standard_normal(len(LONG))
    return Dipole(1e-9 * values, LONG, ("agg",))


def test_band_power_of_sines():
    bands = ((8.0, 12.0), (18.0, 22.0))
    both = run(rhythm((10, 1.0), (20, np.sqrt(2.0))))  # power 1:2
    power = BandPower(bands=bands, shares=(1.0, 2.0), burn_in_ms=0.0).score(both).loss
    assert power == pytest.approx(-(1 * 1 / 3 + 2 * 2 / 3) / 3, abs=0.01)
    ratio = BandPower(bands=bands, shares=(1.0, 2.0), measure="ratio", burn_in_ms=0.0)
    assert ratio.score(both).loss == pytest.approx(0.0, abs=0.005)
    wrong = run(rhythm((10, np.sqrt(2.0)), (20, 1.0)))
    assert ratio.score(wrong).loss == pytest.approx(1 - 2 * np.sqrt(2 / 9), abs=0.005)
    elsewhere = run(rhythm((35, 1.0)))
    assert ratio.score(elsewhere).loss == pytest.approx(1.0, abs=0.05)
    assert BandPower(bands=bands, shares=(1, 2), burn_in_ms=0.0).score(elsewhere).loss == pytest.approx(0.0, abs=0.01)


def test_band_power_is_scale_free_and_averages_spectra():
    goal = BandPower(bands=((8, 12),), shares=(1,), burn_in_ms=0.0)
    one = rhythm((10, 1.0), (30, 1.0))
    assert goal.score(run(one)).loss == pytest.approx(goal.score(run(one.copy().scale(1e3))).loss)
    opposite = Dipole(-one.data, LONG, ("agg",))
    # the average of both trials is silent, the average of their spectra is not
    assert goal.score(run(one, opposite)).loss == pytest.approx(goal.score(run(one)).loss)


def test_silence_has_no_band_power():
    silent = run(Dipole(np.zeros(2001), LONG, ("agg",)))
    assert BandPower(bands=((8, 12),), shares=(1,)).score(silent).loss == 0.0
    assert BandPower(bands=((8, 12),), shares=(1,), measure="ratio").score(silent).loss == 1.0
    goal = Spectrum(freqs=np.arange(5.0, 40.0), power=np.ones(35))
    assert goal.score(silent).loss == np.inf


@pytest.mark.parametrize("kind", ["bands", "spectrum"])
def test_what_comes_before_the_burn_in_does_not_count(kind):
    plain = rhythm((10, 1.0), noise=0.2)
    shaken = plain.copy()
    shaken.data[:, :100] += 1e-6 * np.random.default_rng(1).standard_normal(100)
    if kind == "bands":
        goals = [BandPower(bands=((8, 12),), shares=(1,), burn_in_ms=one) for one in (100.0, 50.0)]
    else:
        freqs, power = power_spectrum(rhythm((12, 1.0), noise=0.2, seed=5), fmin=2.0, fmax=50.0)
        goals = [Spectrum(freqs=freqs, power=power, burn_in_ms=one) for one in (100.0, 50.0)]
    assert goals[0].score(run(shaken)).loss == goals[0].score(run(plain)).loss
    assert abs(goals[1].score(run(shaken)).loss - goals[1].score(run(plain)).loss) > 0.01


def test_spectrum_against_itself_and_scaled():
    one = rhythm((10, 1.0), (22, 0.5), noise=0.3)
    freqs, power = power_spectrum(one, fmin=2.0, fmax=50.0)
    for aperiodic, louder in (("scale", 0.0), ("remove", 0.0), ("keep", 2.0)):
        goal = Spectrum(freqs=freqs, power=power, aperiodic=aperiodic)
        assert goal.score(run(one)).loss == pytest.approx(0.0, abs=1e-9)
        assert goal.score(run(one.copy().scale(10.0))).loss == pytest.approx(louder, abs=1e-9)
        assert goal.score(run(rhythm((15, 1.0), noise=0.3, seed=3))).loss > 0.1


def test_time_frequency_against_itself_and_other_rhythms():
    one = rhythm((10, 1.0), noise=0.05)
    goal = TimeFrequency(target=one, freqs=[6, 8, 10, 12, 15, 20])
    assert goal.score(run(one)).loss == pytest.approx(0.0, abs=1e-9)
    assert goal.score(run(one.copy().scale(1e3))).loss == pytest.approx(0.0, abs=1e-9)
    near = goal.score(run(rhythm((11, 1.0), noise=0.05))).loss
    far = goal.score(run(rhythm((20, 1.0), noise=0.05))).loss
    assert 0 < near < far < 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": (), "shares": ()}, "one share"),
        ({"bands": ((8, 12),), "shares": (1, 2)}, "1 bands, 2 shares"),
        ({"bands": ((12, 8),), "shares": (1,)}, "must rise"),
        ({"bands": ((40, 60),), "shares": (1,)}, "within 2 to 50 Hz"),
        ({"bands": ((8, 12), (10, 20)), "shares": (1, 1)}, "must not overlap"),
        ({"bands": ((8, 12),), "shares": (0,)}, "share of a band"),
        ({"bands": ((8, 12),), "shares": (1,), "measure": "rato"}, "Did you mean 'ratio'"),
    ],
)
def test_wrong_bands(options, message):
    with pytest.raises(ParameterError, match=message):
        BandPower(**options)


@pytest.mark.parametrize(
    ("freqs", "power"),
    [([1, 2, 3], [1, 1, 1]), ([1, 2, 3, 4], [1, 1, 1]), ([1, 2, 2, 4], [1] * 4), ([0, 1, 2, 3], [1] * 4),
     ([1, 2, 3, 4], [1, 1, 1, -1]), ([1, 2, 3, 4], [1, 1, 1, np.nan])],
)  # fmt: skip
def test_wrong_spectra(freqs, power):
    with pytest.raises(ParameterError, match="at least 4|rising frequencies above 0 Hz"):
        Spectrum(freqs=freqs, power=power)


# -- functions and sums


def test_custom_is_the_function():
    simulation = run(dipole(wave(2.0)))
    found = Custom(function=lambda one: float(np.abs(one.dipole["agg"]).max()) * 1e9).score(simulation)
    assert found.loss == pytest.approx(2.0, rel=0.01)
    assert np.isnan(found.scale)
    assert np.isnan(found.r_squared)
    assert len(found.residual) == 0
    assert Custom(function=lambda one: np.float32(3)).score(simulation).loss == 3.0


@pytest.mark.parametrize("value", [None, "much", [1.0, 2.0], np.ones(3), 1j, {"loss": 1.0}])
def test_custom_must_return_a_number(value):
    def too_much(_simulation):
        return value

    with pytest.raises(ParameterError, match="objective 'too_much' must return one number"):
        Custom(function=too_much).score(run(dipole(wave(1.0))))


def test_combined_is_the_weighted_sum():
    simulation, target = run(dipole(wave(1.0, 2.0))), dipole(wave(2.0, 1.0))
    shape = Waveform(target=target, measure="correlation", smooth_ms=0.0, scale=3.0)
    size = Custom(function=lambda one: 5.0)
    found = Combined(terms=[(shape, 2.0), (size, 0.1)]).score(simulation)
    first = shape.score(simulation)
    assert found.loss == pytest.approx(2 * first.loss + 0.5)
    assert (found.scale, found.r_squared) == (3.0, first.r_squared)
    assert Combined(terms=[(size, 0.0)]).score(simulation).loss == 0.0
    with pytest.raises(ParameterError, match="at least one term"):
        Combined(terms=[])
    with pytest.raises(ParameterError, match="weight of a term"):
        Combined(terms=[(size, -1.0)])


def test_a_real_simulation_is_scored():
    network = jones_2009((2, 2)).with_evoked_drive(
        "evprox1", mu_ms=20.0, sigma_ms=3.0, location="proximal",
        weights_ampa={"L2_pyramidal": 1e-4, "L5_pyramidal": 1e-4},
    )  # fmt: skip
    simulation = simulate(network, 60.0, n_trials=2, seed=1, verbose="error")
    average = simulation.dipole.smooth(20.0)
    target = Dipole(500 * average["agg"][::40], average.times[::40], ("agg",))
    found = Waveform(target=target).score(simulation)
    assert found.scale == pytest.approx(500.0)
    assert found.loss == pytest.approx(0.0, abs=1e-12)
    assert Custom(function=lambda one: one.spikes.time.size).score(simulation).loss == simulation.spikes.time.size


# -- names and identities


def test_names():
    target = dipole(wave(1.0))
    assert set(OBJECTIVES) == {"r_squared", "nrmse", "rmse", "correlation", "time_frequency"}
    for name in ("r_squared", "nrmse", "rmse", "correlation"):
        made = as_objective(name, target, smooth_ms=5.0)
        assert (made.measure, made.smooth_ms) == (name, 5.0)
    assert as_objective("time_frequency", rhythm((10, 1.0)), freqs=[10.0]).freqs == [10.0]
    goal = BandPower(bands=((8, 12),), shares=(1,))
    assert as_objective(goal, None) is goal
    assert isinstance(as_objective(lambda one: 1.0, None), Custom)
    with pytest.raises(ParameterError, match="Did you mean 'r_squared'"):
        as_objective("r_square", target)
    with pytest.raises(ParameterError, match="compares with a target: give one"):
        as_objective("nrmse", None)
    with pytest.raises(ParameterError, match="must be a name"):
        as_objective(3, target)


def outer(x):
    def inner(_simulation):
        return x

    return inner


def variants():
    target, other = dipole(wave(1.0)), dipole(wave(1.0, 1e-6))
    layered = dipole(wave(1.0), wave(0.5), wave(0.5))
    waveforms = [
        {}, {"target": other}, {"target": layered}, {"target": dipole(wave(1.0), times=T + 0.001)},
        {"measure": "nrmse"}, {"smooth_ms": 20.5}, {"scale": 2.0}, {"prior": ColumnPrior(median=5.0)},
        {"prior": ColumnPrior(median=5.0, factor=2.0)}, {"noise": 0.06}, {"tmin": 0.01}, {"tmax": 0.1}, {"tmax": 0.01},
        {"weights": lambda t: t}, {"weights": lambda t: t**2}, {"target": layered, "layers": {"agg": 1.0, "L2": 1.0}},
        {"target": layered, "layers": {"agg": 1.0, "L2": 2.0}}, {"target": layered, "layers": {"agg": 2.0, "L2": 1.0}},
    ]  # fmt: skip
    bands = {"bands": ((8, 12), (18, 22)), "shares": (1, 2)}
    freqs, power = np.arange(4.0, 30.0), np.arange(1.0, 27.0)
    long = rhythm((10, 1.0))
    return [
        *(Waveform(**{"target": target, **options}) for options in waveforms),
        *(
            BandPower(**{**bands, **options})
            for options in (
                {}, {"bands": ((8, 12), (18, 23))}, {"shares": (2, 1)}, {"measure": "ratio"}, {"fmin": 3.0},
                {"fmax": 40.0}, {"burn_in_ms": 0.0},
            )
        ),
        *(
            Spectrum(**{"freqs": freqs, "power": power, **options})
            for options in (
                {}, {"freqs": freqs + 0.5}, {"power": power + 0.5}, {"aperiodic": "keep"}, {"burn_in_ms": 0.0},
                {"bandwidth": 5.0},
            )
        ),
        TimeFrequency(target=long, freqs=[10.0]), TimeFrequency(target=long, freqs=[11.0]),
        TimeFrequency(target=long, freqs=[10.0], burn_in_ms=10.0),
        TimeFrequency(target=rhythm((10, 1.1)), freqs=[10.0]),
        Custom(function=outer(1)), Custom(function=outer(2)), Custom(function=outer("1")),
        Custom(function=outer(np.ones(2))),
        Combined(terms=[(Custom(function=outer(1)), 1.0)]), Combined(terms=[(Custom(function=outer(1)), 2.0)]),
        Combined(terms=[(Custom(function=outer(1)), 1.0), (Custom(function=outer(1)), 1.0)]),
    ]  # fmt: skip


def test_identity_differs_whenever_scores_could():
    first, second = [one.identity for one in variants()], [one.identity for one in variants()]
    assert first == second
    assert len(set(first)) == len(first)
    assert all(isinstance(one, str) for one in first)


def powered(simulation, exponent=1.0):
    return float(np.abs(simulation.dipole["agg"]).max()) ** exponent


class Wanted:
    def __init__(self, value):
        self.value = value

    def __call__(self, simulation):
        return self.value


def defaulted(value):
    def inner(_simulation, kept=value):
        return kept

    return inner


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(partial(powered, exponent=1.0), partial(powered, exponent=2.0), id="partial"),
        pytest.param(Wanted(1.0), Wanted(2.0), id="callable object"),
        pytest.param(defaulted(1.0), defaulted(2.0), id="default"),
        pytest.param(outer([1.0]), outer([2.0]), id="closure of a list"),
        pytest.param(outer(dipole(wave(1.0))), outer(dipole(wave(2.0))), id="closure of a dipole"),
        pytest.param(lambda _: 1.0, lambda _: 2.0, id="two on one line"),
    ],
)
def test_identity_of_functions_that_look_alike(one, two):
    assert Custom(function=one).identity != Custom(function=two).identity


def test_a_score_has_no_scale_unless_given():
    plain = Score(loss=1.0)
    assert np.isnan([plain.scale, plain.r_squared]).all()
    assert plain.residual.shape == (0,)
