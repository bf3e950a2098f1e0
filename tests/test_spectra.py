"""Spectral measures against closed forms: sines, power laws, white noise, mixtures of known shares."""

import time

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import detrend

from mne_hnn import Dipole
from mne_hnn.aperiodic import aperiodic_fit, periodic_part
from mne_hnn.bands import band_power, relative_band_power
from mne_hnn.errors import ParameterError
from mne_hnn.fit.spectral_losses import band_power_loss, band_ratio_loss, spectrum_loss, time_frequency_loss
from mne_hnn.spectra import power_spectrum
from mne_hnn.time_frequency import time_frequency_power

NAM = 1e-9
FREQS = np.arange(1.0, 50.5, 0.5)
ALPHA, BETA = (7.0, 14.0), (15.0, 30.0)


def sines(*amplitudes_at, duration=2.0, sfreq=40e3, phase=0.3):
    """Return the sum of sines given as (amplitude in nA m, frequency in Hz), and nothing else."""
    times = np.arange(round(duration * sfreq)) / sfreq
    moment = sum(a * NAM * np.sin(2 * np.pi * f * times + phase) for a, f in amplitudes_at)
    return Dipole(moment, layers=("agg",), sfreq=sfreq)


def noise(exponent, *, seed=0, duration=2.0, sfreq=1000.0, level=1.0):
    """Return Gaussian noise of the one-sided density ``level * f^-exponent`` nA² m² / Hz."""
    n = round(duration * sfreq)
    freqs = np.fft.rfftfreq(n, 1 / sfreq)
    density = level * NAM**2 * np.maximum(freqs, freqs[1]) ** -exponent
    real, imaginary = np.random.default_rng(seed).standard_normal((2, len(freqs))) * np.sqrt(density * n * sfreq / 4)
    return Dipole(np.fft.irfft(real + 1j * imaginary, n), layers=("agg",), sfreq=sfreq)


# power spectra


@pytest.mark.parametrize("method", ["multitaper", "welch"])
@pytest.mark.parametrize("sfreq", [600.0, 40e3])
def test_a_sine_has_half_its_squared_amplitude_as_power(method, sfreq):
    freqs, psd = power_spectrum(sines((3.0, 20.0), sfreq=sfreq), method=method)
    assert freqs[np.argmax(psd)] == pytest.approx(20.0, abs=1.0)
    assert band_power(freqs, psd, [BETA]) == pytest.approx([4.5 * NAM**2], rel=0.01)


@pytest.mark.parametrize("method", ["multitaper", "welch"])
def test_a_sine_in_a_record_as_short_as_simulations(method):
    freqs, psd = power_spectrum(sines((1.0, 24.0), duration=0.3), method=method, fmax=80.0)
    assert np.diff(freqs).max() <= 0.5
    assert band_power(freqs, psd, [(1.0, 80.0)]) == pytest.approx([0.5 * NAM**2], rel=0.06)
    assert freqs[0] == 1.0
    assert freqs[-1] == 80.0


def test_multitaper_agrees_with_mne():
    dipole = noise(1.0, duration=1.5)
    bandwidth = 4.0
    _, psd = power_spectrum(dipole, burn_in_ms=0.0, freqs=np.arange(6.0, 51.0, 2.0), bandwidth=bandwidth)
    detrended = detrend(dipole["agg"], type="linear")
    expected, freqs = mne.time_frequency.psd_array_multitaper(
        detrended, 1000.0, bandwidth=bandwidth, normalization="full", verbose="error"
    )
    assert np.abs(freqs - 6.0).min() < 1e-9
    np.testing.assert_allclose(psd, np.interp(np.arange(6.0, 51.0, 2.0), freqs, expected), rtol=0.02)


@pytest.mark.parametrize("method", ["multitaper", "welch"])
def test_white_noise_has_its_density(method):
    trials = [noise(0.0, seed=seed, level=2.0) for seed in range(60)]
    _, psd = power_spectrum(trials, fmin=5.0, method=method)
    assert psd.mean() == pytest.approx(2.0 * NAM**2, rel=0.05)
    assert psd == pytest.approx(2.0 * NAM**2, rel=0.5)


def test_resampling_leaves_the_spectrum_alone():
    fine = noise(1.0, sfreq=2000.0)
    finer = mne.filter.resample(fine["agg"], up=10.0, verbose="error")
    freqs, psd = power_spectrum(fine)
    _, other = power_spectrum(Dipole(finer, layers=("agg",), sfreq=20e3))
    np.testing.assert_allclose(np.log10(other), np.log10(psd), atol=0.01)
    assert freqs.shape == psd.shape


def test_spectra_are_averaged_not_dipoles():
    one, opposite = sines((1.0, 20.0)), sines((-1.0, 20.0))
    freqs, psd = power_spectrum([one, opposite])
    np.testing.assert_allclose(psd, power_spectrum(one)[1], rtol=1e-9)
    assert freqs[0] == 1.0


def test_the_burn_in_has_no_effect():
    clean = sines((1.0, 20.0), duration=0.3)
    disturbed = clean.copy()
    disturbed.data = disturbed.data + 1e3 * NAM * (disturbed.times < 0.0499)
    np.testing.assert_array_equal(power_spectrum(disturbed)[1], power_spectrum(clean)[1])
    np.testing.assert_array_equal(*(time_frequency_power(one, [20.0])[1] for one in (disturbed, clean)))
    assert power_spectrum(disturbed, burn_in_ms=40.0)[1].max() > 10 * power_spectrum(clean, burn_in_ms=40.0)[1].max()


def test_offset_and_drift_have_no_effect():
    clean = sines((1.0, 20.0))
    drifting = clean.copy()
    drifting.data = drifting.data + NAM * (50 - 20 * drifting.times)
    np.testing.assert_allclose(power_spectrum(drifting)[1], power_spectrum(clean)[1], rtol=1e-6)


def test_wanted_frequencies_and_layers():
    wave = sines((1.0, 10.0), duration=1.0, sfreq=600.0).data
    dipole = Dipole(np.vstack([0 * wave, wave]), layers=("agg", "L5"), sfreq=600.0)
    freqs, psd = power_spectrum(dipole, layer="L5")
    wanted, found = power_spectrum(dipole, layer="L5", freqs=[4.0, 10.0, 20.0])
    np.testing.assert_array_equal(wanted, [4.0, 10.0, 20.0])
    np.testing.assert_allclose(found, np.interp(wanted, freqs, psd), atol=0.01 * psd.max())
    assert not power_spectrum(dipole)[1].any()


def test_a_trial_takes_little_time():
    dipole = sines((1.0, 20.0), duration=0.3)
    durations = []
    for _ in range(10):
        start = time.process_time()
        power_spectrum(dipole)
        durations.append(time.process_time() - start)
    assert min(durations) < 0.015


# the aperiodic part


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
def test_a_power_law_is_recovered_under_peaks(exponent):
    law = 10.0 ** (1.5 - exponent * np.log10(FREQS))
    peaks = 2.0 * np.exp(-((FREQS - 10) ** 2) / 4) + np.exp(-((FREQS - 21) ** 2) / 8)
    offset, found = aperiodic_fit(FREQS, law * 10**peaks)
    assert (offset, found) == pytest.approx((1.5, exponent), abs=1e-3)
    np.testing.assert_allclose(periodic_part(FREQS, law * 10**peaks), peaks, atol=2e-3)
    # a peak where none was expected, in a tenth of the frequencies
    surprise = np.where(np.abs(FREQS - 40) < 2, 10.0, 1.0)
    assert aperiodic_fit(FREQS, law * surprise) == pytest.approx((1.5, exponent), abs=1e-6)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_of_coloured_noise(exponent):
    trials = [noise(exponent, seed=seed, duration=4.0, level=3.0) for seed in range(30)]
    offset, found = aperiodic_fit(*power_spectrum(trials, fmin=3.0), exclude=())
    assert found == pytest.approx(exponent, abs=0.1)
    assert offset == pytest.approx(np.log10(3.0 * NAM**2), abs=0.15)


# bands


def test_band_power_is_the_integral():
    assert band_power([0.0, 10.0], [0.0, 10.0], [(0, 10), (2, 4), (3.3, 3.4)]) == pytest.approx([50.0, 6.0, 0.335])
    assert relative_band_power([0.0, 10.0], [0.0, 10.0], [(2, 4)]) == pytest.approx([0.12])
    assert relative_band_power(FREQS, 1 / FREQS, [(1, 50)]) == pytest.approx([1.0])


def test_band_power_loss_weighs_the_relative_powers():
    flat = np.ones_like(FREQS)
    shares = np.array([7.0, 15.0]) / 49
    assert band_power_loss(FREQS, flat, [ALPHA, BETA], [2, 1]) == pytest.approx(-(2 * shares[0] + shares[1]) / 3)
    inside = np.where((FREQS > 7) & (FREQS < 14), 1.0, 0.0)
    assert band_power_loss(FREQS, inside, [ALPHA, BETA], [2, 1]) == pytest.approx(-2 / 3)
    assert band_power_loss(FREQS, inside, [ALPHA], [5]) == pytest.approx(-1.0)


def test_band_ratio_loss_is_zero_for_the_mixture_and_only_there():
    # power 1 : 2 is amplitude 1 : sqrt(2)
    exact = power_spectrum(sines((1.0, 10.5), (np.sqrt(2), 22.0), duration=4.0))
    assert band_ratio_loss(*exact, [ALPHA, BETA], [1, 2]) == pytest.approx(0.0, abs=2e-3)
    for a, b in [(1.0, 1.0), (np.sqrt(2), 1.0), (1.0, 0.0), (1.0, 2.5)]:
        other = power_spectrum(sines((a, 10.5), (b, 22.0), duration=4.0))
        p = np.array([a**2, b**2]) / (a**2 + b**2)
        expected = 1 - np.sqrt(p[0] / 3) - np.sqrt(2 * p[1] / 3)
        assert band_ratio_loss(*other, [ALPHA, BETA], [1, 2]) == pytest.approx(
            expected, abs=5e-3 if b else 0.02
        )  # leakage
        assert expected > 0.01
    # a third of the power outside: 1 - sqrt(2 / 3)
    outside = power_spectrum(sines((1.0, 10.5), (np.sqrt(2), 22.0), (np.sqrt(1.5), 40.0), duration=4.0))
    assert band_ratio_loss(*outside, [ALPHA, BETA], [1, 2]) == pytest.approx(1 - np.sqrt(2 / 3), abs=5e-3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 10.0), min_size=3, max_size=3).filter(lambda x: sum(x) > 0.1), st.floats(0.1, 10.0))
def test_band_ratio_loss_of_boxes(powers, ratio):
    # zero density at the edges of the bands, so that each holds exactly what was put in
    freqs = np.array([0.0, 5, 6, 7, 8, 9, 10, 11, 12])
    psd = np.zeros(9)
    psd[[2, 4, 6]] = powers  # each a triangle of area 1 times the power
    loss = band_ratio_loss(freqs, psd, [(5, 7), (7, 9)], [ratio, 1])
    p, q = np.array(powers) / sum(powers), np.array([ratio, 1, 0]) / (ratio + 1)
    assert loss == pytest.approx(0.5 * np.sum((np.sqrt(p) - np.sqrt(q)) ** 2), abs=1e-9)
    assert 0 <= loss <= 1
    psd[[2, 4, 6]] = ratio, 1, 0
    assert band_ratio_loss(freqs, psd, [(5, 7), (7, 9)], [ratio, 1]) == pytest.approx(0, abs=1e-12)


# whole spectra


def test_spectrum_loss_closed_forms():
    psd = 1 / FREQS + np.exp(-((FREQS - 20) ** 2) / 10)
    for aperiodic in ("scale", "remove", "keep"):
        assert spectrum_loss(FREQS, psd, FREQS, psd, aperiodic=aperiodic) == pytest.approx(0.0, abs=1e-12)
    assert spectrum_loss(FREQS, 100 * psd, FREQS, psd, aperiodic="keep") == pytest.approx(2.0)
    assert spectrum_loss(FREQS, 1e-20 * psd, FREQS, psd, aperiodic="scale") == pytest.approx(0.0, abs=1e-9)
    assert spectrum_loss(FREQS, 100 * psd, FREQS, psd, aperiodic="remove") == pytest.approx(0.0, abs=1e-9)
    # another power law on top is of no account once the aperiodic part is gone, but a peak is
    tilted, tilt = psd * FREQS**-1.0, -np.log10(FREQS)
    assert spectrum_loss(FREQS, tilted, FREQS, psd, aperiodic="remove") < 0.02
    assert spectrum_loss(FREQS, tilted, FREQS, psd) == pytest.approx(np.std(tilt))
    assert spectrum_loss(FREQS, 1 / FREQS, FREQS, psd, aperiodic="remove") > 0.1


def test_spectra_on_other_frequencies_and_weights():
    other = np.linspace(4.0, 90.0, 37)
    # a power law is straight in double logarithms, so interpolation is exact
    assert spectrum_loss(FREQS, FREQS**-1.7, other, other**-1.7, aperiodic="keep") == pytest.approx(0.0, abs=1e-12)
    changed = np.where(FREQS > 30, 10.0, 1.0)
    assert spectrum_loss(FREQS, changed, FREQS, np.ones(99), aperiodic="keep", weights=FREQS <= 30) == 0.0
    assert spectrum_loss(FREQS, changed, FREQS, np.ones(99), aperiodic="keep", weights=FREQS > 30) == pytest.approx(1.0)


# time and frequency


def test_time_frequency_power_of_white_noise_is_its_density():
    trials = [noise(0.0, seed=seed, level=2.0) for seed in range(40)]
    times, power = time_frequency_power(trials, [10.0, 20.0, 40.0], 7.0, 0.0)
    inner = (times > 0.5) & (times < 1.5)
    assert power[:, inner].mean(axis=1) == pytest.approx(2.0 * NAM**2, rel=0.15)
    fast = [
        Dipole(mne.filter.resample(one["agg"], up=10.0, verbose="error"), layers=("agg",), sfreq=1e4) for one in trials
    ]
    again = time_frequency_power(fast, [10.0, 20.0, 40.0], 7.0, 0.0)[1]
    np.testing.assert_allclose(again[:, inner], power[:, inner], rtol=0.01)


def test_time_frequency_power_finds_when_and_what():
    times = np.arange(12000) / 40e3
    burst = np.exp(-((times - 0.15) ** 2) / (2 * 0.02**2)) * np.cos(2 * np.pi * 22 * (times - 0.15))
    dipole = Dipole(burst * NAM, layers=("agg",), sfreq=40e3, tmin=0.1)
    grid = np.arange(4.0, 50.0, 1.0)
    found, power = time_frequency_power(dipole, grid, 5.0, 20.0)
    assert power.shape == (len(grid), len(found))
    assert found[0] == pytest.approx(0.12)
    row, column = np.unravel_index(power.argmax(), power.shape)
    assert grid[row] == pytest.approx(22.0, abs=3.0)
    assert found[column] == pytest.approx(0.25, abs=0.005)
    sparse, kept = time_frequency_power(dipole, grid, 5.0, 20.0, 4)
    np.testing.assert_allclose(sparse, found[::4])
    np.testing.assert_array_equal(kept, power[:, ::4])


def test_time_frequency_loss():
    grid = np.arange(6.0, 40.0, 2.0)
    dipole = noise(1.0, duration=0.4)
    times, power = time_frequency_power(dipole, grid)
    assert time_frequency_loss(dipole, power, times, grid) == pytest.approx(0.0, abs=1e-9)
    assert time_frequency_loss(dipole.copy().scale(7.0), power, times, grid) == pytest.approx(0.0, abs=1e-9)
    assert time_frequency_loss(dipole, 1 / power, times, grid) == pytest.approx(2.0, abs=1e-6)
    assert time_frequency_loss(noise(1.0, seed=5, duration=0.4), power, times, grid) > 0.05
    silent = dipole.copy().scale(0.0)
    assert time_frequency_loss(silent, power, times, grid) == 1.0
    # times that only partly overlap, of another step
    assert time_frequency_loss(dipole, power[:, ::3], times[::3], grid) == pytest.approx(0.0, abs=1e-9)
    longer = np.append(times, times[-1] + 0.1)
    assert time_frequency_loss(dipole, np.c_[power, power[:, :1]], longer, grid) == pytest.approx(0.0, abs=1e-9)


# errors

SINE = sines((1.0, 20.0), duration=0.3, sfreq=1000.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: power_spectrum(SINE, burn_in_ms=300.0), "burn_in_ms must leave at least 8 ms of the 300 ms"),
        (lambda: power_spectrum(SINE, burn_in_ms=-1.0), "burn_in_ms must be a finite number >= 0"),
        (lambda: power_spectrum(SINE, fmax=501.0), "Nyquist frequency 500 Hz of the dipole, got 501 Hz"),
        (lambda: power_spectrum(SINE, freqs=[10.0, 600.0]), "freqs must not exceed the Nyquist"),
        (lambda: power_spectrum(SINE, fmin=20.0, fmax=20.0), "fmin must be below fmax, got 20 and 20 Hz"),
        (lambda: power_spectrum(SINE, fmin=0.0), "fmin"),
        (lambda: power_spectrum(SINE, freqs=[3.0, 2.0]), "rising frequencies"),
        (lambda: power_spectrum(SINE, method="welsh"), "Did you mean 'welch'"),
        (lambda: power_spectrum(SINE, layer="L2"), "Unknown layer 'L2'"),
        (lambda: power_spectrum(SINE, bandwidth=1.0), "bandwidth must lie between 8 Hz"),
        (lambda: power_spectrum([]), "at least one Dipole"),
        (lambda: power_spectrum([SINE, SINE.copy().crop(0, 0.2)]), "same times"),
        (lambda: aperiodic_fit(FREQS, 0 * FREQS), "must be positive"),
        (lambda: aperiodic_fit(FREQS, 1 / FREQS, exclude=[(1, 49)]), "at least three"),
        (lambda: aperiodic_fit(FREQS, FREQS[1:]), "two rows of equal length"),
        (lambda: band_power(FREQS, -FREQS, [ALPHA]), "not be negative"),
        (lambda: band_power(FREQS, FREQS * np.nan, [ALPHA]), "must be finite"),
        (lambda: band_power(FREQS[::-1], FREQS, [ALPHA]), "must rise"),
        (lambda: band_power(FREQS, FREQS, [(40, 60)]), "must lie within the 1 to 50 Hz"),
        (lambda: band_power(FREQS, FREQS, [(14, 7)]), "begin below its end"),
        (lambda: band_power(FREQS, FREQS, (7, 14)), "pairs of frequencies"),
        (lambda: band_power(FREQS, FREQS, []), "at least one band"),
        (lambda: relative_band_power(FREQS, 0 * FREQS, [ALPHA]), "must hold power"),
        (lambda: band_power_loss(FREQS, FREQS, [ALPHA], [1, 2]), "weights must be 1 numbers"),
        (lambda: band_ratio_loss(FREQS, FREQS, [ALPHA, BETA], [0, 0]), "not all of them 0"),
        (lambda: band_ratio_loss(FREQS, FREQS, [(7, 14), (12, 20)], [1, 1]), "must not overlap"),
        (lambda: spectrum_loss(FREQS, FREQS, FREQS + 60, FREQS), "frequencies in common"),
        (lambda: spectrum_loss(FREQS, FREQS, FREQS, 0 * FREQS), "target_psd must be positive"),
        (lambda: spectrum_loss(FREQS, FREQS, FREQS, FREQS, aperiodic="removed"), "Did you mean 'remove'"),
        (lambda: time_frequency_power(SINE, [0.0, 10.0]), "above 0 Hz"),
        (lambda: time_frequency_power(SINE, [10.0], decim=0), "decim must be an integer >= 1"),
        (lambda: time_frequency_power(SINE, [10.0], [3.0, 4.0]), "n_cycles must be one number"),
        (lambda: time_frequency_loss(SINE, np.ones((2, 3)), [0.1, 0.2], [10.0]), r"must have shape \(1, 2\)"),
        (lambda: time_frequency_loss(SINE, -np.ones((1, 2)), [0.1, 0.2], [10.0]), "not negative"),
        (lambda: time_frequency_loss(SINE, np.ones((1, 2)), [0.2, 0.1], [10.0]), "rising times"),
        (lambda: time_frequency_loss(SINE, np.ones((1, 2)), [1.1, 1.2], [10.0]), "must overlap"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ParameterError, match=message) as caught:
        call()
    assert str(caught.value).count("\n") == 0
