"""Rhythms: power in bands, or a spectrum."""

from functools import partial

import numpy as np
import pytest
from targets import with_rhythm

from mne_hnn import Dipole
from mne_hnn.bands import relative_band_power
from mne_hnn.errors import ParameterError
from mne_hnn.fit import Level, Parameter, Spectrum, rhythmic_parameters, set_values
from mne_hnn.fit.plain_settings import plain_settings
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.spectra import power_spectrum

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
RATE = "drives.alpha.burst_rate_Hz"
quick = partial(with_rhythm, n_final=2, progress=lambda *_: None)


def rhythm(rate_Hz=10.0):
    return jones_2009((2, 2)).with_bursty_drive(
        "alpha", tstart=30.0, burst_rate_Hz=rate_Hz, burst_std_ms=5.0, location="proximal", n_drive_cells=10,
        weights_ampa={L2P: 5e-5, L5P: 5e-5},
    )  # fmt: skip


@pytest.fixture(scope="module")
def trials():
    return simulate(rhythm(16.0), 300.0, n_trials=3, seed=50, verbose="error").dipoles


@pytest.fixture(scope="module")
def fitted(trials):
    parameter = [Parameter(path=RATE, low=6.0, high=26.0)]
    return quick(rhythm(10.0), trials, parameter, tstop=300.0, max_evaluations=20)


def test_a_known_rate_is_found(fitted):
    assert fitted.kind == "rhythmic"
    assert fitted.estimate(RATE).value == pytest.approx(16.0, abs=1.5)
    assert fitted.scores.search_loss < 0.5 * fitted.scores.start_loss
    assert fitted.scores.loss < fitted.scores.start_loss
    assert fitted.target is None
    assert fitted.scale == 1.0
    assert np.isnan(fitted.r_squared)
    assert np.isnan(fitted.estimates[0].low)
    assert (np.diff(fitted.convergence()) <= 0).all()


def test_the_truth_is_better_than_the_start(trials):
    freqs, power = power_spectrum(trials, fmin=2.0, fmax=50.0, bandwidth=3e3 / 250)
    goal = Spectrum(freqs=freqs, power=power, bandwidth=3e3 / 250)
    losses = {
        rate: goal.score(simulate(rhythm(rate), 300.0, n_trials=2, seed=1, verbose="error")).loss
        for rate in (10.0, 16.0, 22.0)
    }
    assert losses[16.0] < 0.5 * min(losses[10.0], losses[22.0])


def test_settings_hold_every_choice(fitted):
    expected = {
        "objective": "spectrum", "optimizer": "scan", "max_evaluations": 20, "n_trials": 2, "n_final": 2,
        "tstop": 300.0, "fmin": 2.0, "fmax": 50.0, "burn_in_ms": 50.0, "aperiodic": "scale", "smooth_ms": 0.0,
        "seed": 1, "fresh_seed": 2, "precision": "search",
    }  # fmt: skip
    plain = plain_settings(fitted.settings, fitted.details)
    assert {name: plain[name] for name in expected} == expected
    freqs, power = (np.array(plain[name]) for name in ("target_freqs", "target_power"))
    assert (freqs[0], freqs[-1]) == (2.0, 50.0)
    assert freqs[np.argmax(power * (freqs > 5))] == pytest.approx(16.0, abs=3.0)


@pytest.mark.slow
def test_a_spectrum_of_any_size_is_the_same(trials, fitted):
    freqs, power = (np.array(row) for row in (fitted.details.target_freqs, fitted.details.target_power))
    parameter = [Parameter(path=RATE, low=6.0, high=26.0)]
    options = {"tstop": 300.0, "max_evaluations": 2}
    one, two = (quick(rhythm(), (freqs, factor * power), parameter, **options) for factor in (1.0, 1e20))
    assert [e.loss for e in two.evaluations] == pytest.approx([e.loss for e in one.evaluations])
    wider = np.arange(1.0, 100.0)
    cut = quick(rhythm(), (wider, 1 / wider), parameter, fmin=5.0, fmax=30.0, **options)
    assert cut.details.target_freqs == tuple(np.arange(5.0, 31.0).tolist())
    row = quick(rhythm(), (freqs, power[None]), parameter, **options)  # as MNE's spectra give one channel
    assert [e.loss for e in row.evaluations] == [e.loss for e in one.evaluations]


def test_what_comes_before_the_burn_in_has_no_effect(trials):
    shaken = []
    for one in trials:
        data = one["agg"].copy()
        data[one.times < 0.0999] += 1e-9 * np.random.default_rng(1).standard_normal((one.times < 0.0999).sum())
        shaken.append(Dipole(data, one.times, ("agg",)))
    parameter = [Parameter(path=RATE, low=6.0, high=26.0)]
    options = {"tstop": 300.0, "max_evaluations": 2}
    clean, dirty = (quick(rhythm(), one, parameter, burn_in_ms=100.0, **options) for one in (trials, shaken))
    assert dirty.details.target_power == clean.details.target_power
    assert [e.loss for e in dirty.evaluations] == [e.loss for e in clean.evaluations]
    clean, dirty = (quick(rhythm(), one, parameter, burn_in_ms=50.0, **options) for one in (trials, shaken))
    assert dirty.evaluations[0].loss != pytest.approx(clean.evaluations[0].loss, rel=0.01)


@pytest.mark.parametrize("measure", ["power", pytest.param("ratio", marks=pytest.mark.slow)])
def test_power_in_bands(measure):
    parameter = [Parameter(path=RATE, low=6.0, high=30.0)]
    result = quick(
        rhythm(10.0), None, parameter, bands=[(18.0, 24.0)], measure=measure, tstop=200.0, max_evaluations=14
    )  # fmt: skip
    assert 17.0 <= result.estimate(RATE).value <= 25.0 or result.estimate(RATE).value <= 12.5  # or its harmonic
    assert result.scores.search_loss < result.scores.start_loss
    freqs, psd = power_spectrum(result.simulation.dipoles, fmin=2.0, fmax=50.0, method="welch")
    inside = float(relative_band_power(freqs, psd, [(18.0, 24.0)])[0])
    assert result.scores.loss == pytest.approx(-inside if measure == "power" else 1 - np.sqrt(inside))
    assert result.settings.bands == ((18.0, 24.0),)
    assert result.settings.shares == (1.0,)
    assert result.settings.measure == measure


def test_shares_of_bands():
    result = quick(rhythm(), bands=[(8, 12), (18, 22)], shares=[1, 2], tstop=200.0, max_evaluations=2)
    assert result.settings.shares == (1.0, 2.0)
    assert [one.path for one in result.estimates] == [one.path for one in rhythmic_parameters(rhythm())]


def test_same_bytes_twice_with_a_checkpoint_and_two_processes(tmp_path):
    options = {"bands": [(12.0, 20.0)], "tstop": 100.0, "max_evaluations": 10}
    one = quick(rhythm(), **options)
    for more in ({"n_jobs": 2}, {"checkpoint": tmp_path}, {"checkpoint": tmp_path}):
        again = quick(rhythm(), **options, **more)
        assert [(e.values, e.loss) for e in again.evaluations] == [(e.values, e.loss) for e in one.evaluations]
        assert repr(again.scores) == repr(one.scores)
        assert again.network == one.network
        assert again.simulation.dipole.data.tobytes() == one.simulation.dipole.data.tobytes()


def test_levels():
    levels = [Level(mesh_shape=(1, 1)), Level()]
    result = quick(rhythm(), bands=[(12.0, 20.0)], tstop=100.0, max_evaluations=10, levels=levels)
    assert [(one.name, one.evaluations) for one in result.levels] == [("1x1", 5), ("full", 5)]
    assert np.isnan(result.levels[0].agreement)  # spectra have no waveform to compare


# -- wrong calls


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "jones"}, "network must be a Network, got str"),
        ({"bands": None}, "exactly one of both"),
        ({"target": (np.arange(1.0, 50.0), np.ones(49))}, "exactly one of both"),
        ({"burn_in_ms": 190.0}, "must leave at least 20 ms of the 200 ms"),
        ({"burn_in_ms": -1.0}, "burn_in_ms"),
        ({"tstop": 0.0}, "tstop"),
        ({"bands": [(12, 8)]}, "must rise"),
        ({"bands": [(8, 12), (10, 20)]}, "must not overlap"),
        ({"bands": [(8, 12)], "shares": [1, 2]}, "1 bands, 2 shares"),
        ({"bands": [(40, 60)]}, "within 2 to 50 Hz"),
        ({"measure": "ratoi"}, "Did you mean 'ratio'"),
        ({"optimizer": "least_squares"}, "needs a waveform objective"),
        ({"max_evaluations": 0}, "max_evaluations"),
        ({"seed": 2}, "fresh_seed must differ"),
        ({"network": jones_2009((2, 2))}, "no bursty drive to fit"),
    ],
)
def test_wrong_arguments(changes, message):
    with pytest.raises(ParameterError, match=message):
        quick(**{"network": rhythm(), "bands": [(8, 12)], "tstop": 200.0, **changes})


FREQS = np.arange(1.0, 50.0)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ((FREQS, np.ones(49)), {"shares": [1.0]}, "shares belong to bands"),
        ((FREQS, np.ones(49)), {"aperiodic": "removed"}, "Did you mean 'remove'"),
        ((FREQS, np.ones(48)), {}, "two rows of equal length"),
        ((FREQS, -np.ones(49)), {}, "powers above 0"),
        ((FREQS, np.full(49, np.nan)), {}, "finite powers"),
        ((FREQS + 60, np.ones(49)), {}, "at least 4"),
        ([], {}, "target must be a Dipole"),
        ([FREQS, np.ones(49)], {}, "target must be a Dipole"),
    ],
)
def test_wrong_targets(target, options, message):
    with pytest.raises(ParameterError, match=message):
        quick(rhythm(), target, tstop=200.0, **options)


def test_a_target_of_another_kind():
    with pytest.raises(ParameterError, match="target must be a Dipole"):
        quick(rhythm(), 3.0, tstop=200.0)


def test_a_single_dipole_is_a_target(trials):
    result = quick(rhythm(), trials[0], [Parameter(path=RATE, low=6.0, high=26.0)], tstop=200.0, max_evaluations=2)
    assert np.isfinite(result.scores.loss)


def test_truth_and_start_differ_only_in_the_rate():
    assert set_values(rhythm(10.0), {RATE: 16.0}) == rhythm(16.0)
