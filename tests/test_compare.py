"""Measures of likeness: closed forms, invariances, and what alignment does to records of different rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn import Dipole
from mne_hnn.compare import align, correlation, nrmse, r_squared, rmse
from mne_hnn.errors import ParameterError

# 100 ms in equal steps without the end point: sines of whole periods are orthogonal to each other and to 1
TIMES_MS = np.arange(400) * 0.25


def wave(frequency=20.0, amplitude=1.0, offset=0.0, times_ms=TIMES_MS):
    return Dipole.from_nAm(times_ms, {"agg": offset + amplitude * np.sin(2 * np.pi * frequency * times_ms / 1e3)})


def test_closed_forms():
    assert rmse(wave(amplitude=3.0), wave()) == pytest.approx(2e-9 / np.sqrt(2))
    assert nrmse(wave(amplitude=3.0), wave()) == pytest.approx(2.0)
    assert nrmse(wave(amplitude=0.0), wave()) == pytest.approx(1.0)
    assert r_squared(wave(amplitude=0.5), wave()) == pytest.approx(0.75)
    assert r_squared(wave(amplitude=-1.0), wave()) == pytest.approx(-3.0)
    assert correlation(wave(amplitude=-2.0, offset=5.0), wave()) == pytest.approx(-1.0)
    assert correlation(wave(40.0), wave(20.0)) == pytest.approx(0.0, abs=1e-12)
    # an offset c adds c^2 to the mean square, which correlation does not see
    assert rmse(wave(offset=0.5), wave()) == pytest.approx(0.5e-9)
    assert r_squared(wave(offset=0.5), wave()) == pytest.approx(1 - 0.25 / 0.5)
    assert correlation(wave(offset=0.5), wave()) == pytest.approx(1.0)


def test_the_same_dipole_is_perfect():
    assert rmse(wave(), wave()) == 0.0
    assert nrmse(wave(), wave()) == 0.0
    assert r_squared(wave(), wave()) == 1.0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 10), st.floats(-5, 5), st.floats(1, 200))
def test_invariances(gain, offset, frequency):
    one, two = wave(frequency, gain, offset), wave(20.0)
    assert rmse(one, two) == pytest.approx(rmse(two, one))
    assert correlation(one, two) == pytest.approx(correlation(wave(frequency), two), abs=1e-9)
    assert nrmse(one.copy().scale(7.0), two.copy().scale(7.0)) == pytest.approx(nrmse(one, two))
    assert r_squared(one, two) <= correlation(one, two) ** 2 + 1e-9


@pytest.mark.parametrize("resampling", ["fourier", "interpolate"])
def test_the_shorter_record_sets_the_times(resampling):
    fine, coarse = wave(times_ms=np.arange(4000) * 0.025), wave(times_ms=np.arange(100) * 1.0)
    times, one, two = align(fine, coarse, resampling=resampling)
    assert times == pytest.approx(coarse.times)
    assert one.shape == two.shape == (100,)
    np.testing.assert_array_equal(two, coarse["agg"])
    swapped = align(coarse, fine, resampling=resampling)
    np.testing.assert_array_equal(swapped[2], one)


def test_fourier_resampling_drifts_and_interpolation_does_not():
    """Simulation at 40 kHz, target at 600.61 Hz, 170 ms: the same sine, yet up to a coarse sample apart."""
    fine = wave(30.0, times_ms=np.arange(6801) * 0.025)
    coarse = wave(30.0, times_ms=np.arange(103) / 0.60061)
    assert nrmse(fine, coarse, resampling="interpolate") < 1e-6
    drifted = nrmse(fine, coarse, resampling="fourier")
    assert 0.02 < drifted < 0.5


def test_the_window_is_cut_at_the_nearest_samples():
    times, one, _ = align(wave(), wave(), tmin=0.0101, tmax=0.0499)
    assert (times[0], times[-1]) == pytest.approx((0.010, 0.050))
    np.testing.assert_array_equal(one, wave()["agg"][40:201])


def test_dipoles_that_start_at_different_times_meet():
    early, late = wave(times_ms=np.arange(-100, 200) * 0.25), wave(times_ms=np.arange(50, 400) * 0.25)
    times, one, two = align(early, late)
    assert (times[0], times[-1]) == pytest.approx((0.0125, 0.04975))
    np.testing.assert_allclose(one, two, atol=1e-20)


def test_layers():
    both = Dipole.from_nAm(TIMES_MS, {"agg": np.ones(400), "L5": np.full(400, 3.0)})
    assert rmse(both, both.copy().scale(2.0), layer="L5") == pytest.approx(3e-9)
    with pytest.raises(ParameterError, match="Unknown layer 'L5'"):
        rmse(both, wave(), layer="L5")


def test_constants():
    flat = wave(amplitude=0.0, offset=0.1)
    assert np.isnan(correlation(flat, wave()))
    assert np.isfinite(r_squared(flat, wave()))
    with pytest.raises(ParameterError, match="constant throughout"):
        r_squared(wave(), flat)
    with pytest.raises(ParameterError, match="zero throughout"):
        nrmse(wave(), wave(amplitude=0.0))


@pytest.mark.parametrize("measure", [rmse, nrmse, correlation, r_squared])
def test_what_is_no_number_is_refused(measure):
    broken = wave()
    broken.data[0, 7] = np.nan
    with pytest.raises(ParameterError, match="Layer 'agg' of a dipole holds NaN or infinity"):
        measure(broken, wave())
    with pytest.raises(ParameterError, match="holds NaN or infinity"):
        measure(wave(), broken)


@pytest.mark.parametrize(
    ("measure", "value"), [(rmse, np.sqrt(2) * 1e-9), (nrmse, 2.0), (correlation, -1.0), (r_squared, -3.0)]
)
def test_every_number_can_fail(measure, value):
    """A sine upside down is as far from it as can be."""
    whole = Dipole(1e-9 * np.sin(2 * np.pi * np.arange(100) / 100), np.arange(100) / 1000, ("agg",))
    assert measure(whole.copy().scale(-1), whole) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tmin": 20, "tmax": 80}, "that both dipoles cover: was it given in ms"),
        ({"tmin": 0.05, "tmax": 0.02}, "must lie within"),
        ({"tmax": 0.3}, "must lie within the 0 to 0.09975 s"),
        ({"tmin": 0.05, "tmax": 0.05001}, "two samples"),
        ({"resampling": "linear"}, "Unknown resampling 'linear'"),
        ({"tmin": "0"}, "tmin must be a finite number"),
    ],
)
def test_wrong_windows(options, message):
    with pytest.raises(ParameterError, match=message):
        rmse(wave(), wave(), **options)


def test_only_dipoles_that_overlap():
    with pytest.raises(ParameterError, match="must lie within"):
        rmse(wave(), wave(times_ms=TIMES_MS + 500))
    with pytest.raises(ParameterError, match="Only dipoles can be compared, got ndarray"):
        rmse(wave(), np.zeros(400))
