"""Spectra and time-frequency maps against signals whose power is known."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.time_frequency import time_frequency_power
from mne_hnn.viz import SpectrumOptions, plot_psd, plot_tfr

TIMES = np.arange(0, 2000, 0.25)  # ms
AMPLITUDE = 3.0  # nA m


def sine(frequency, amplitude=AMPLITUDE, times=TIMES):
    wave = amplitude * np.sin(2 * np.pi * frequency * times * 1e-3)
    return Dipole.from_nAm(times, {"agg": wave, "L5": wave})


def curve(axes, beginning):
    line = next(line for line in axes.lines if line.get_label().startswith(beginning))
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


@pytest.mark.parametrize("method", ["welch", "multitaper"])
def test_sine_has_its_power_at_its_frequency(method):
    axes = sine(10.0).plot_psd(fmax=40, spectrum=SpectrumOptions(method=method), show=False).axes[0]
    freqs, psd = curve(axes, "agg")
    # half the square of the amplitude, in (nA m)^2
    assert np.trapezoid(psd, freqs) == pytest.approx(AMPLITUDE**2 / 2, rel=0.02)
    assert (psd * freqs).sum() / psd.sum() == pytest.approx(10.0, abs=0.1)
    if method == "welch":
        assert freqs[psd.argmax()] == pytest.approx(10.0, abs=0.26)
    assert "(nAm)²/Hz" in axes.get_ylabel()
    assert axes.get_xlabel() == "Frequency (Hz)"


def test_average_is_that_of_the_spectra_not_the_last_one():
    trials = [sine(10.0), sine(20.0), sine(10.0, -AMPLITUDE)]
    before = [one.data.copy() for one in trials]
    axes = plot_psd(trials, fmax=40, show=False).axes[0]
    freqs, psd = curve(axes, "agg, average of\n3 spectra")
    singles = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_alpha()]
    assert len(singles) == 3
    np.testing.assert_allclose(psd, np.mean(singles, axis=0), rtol=1e-9)
    at_10, at_20 = (np.trapezoid(psd[abs(freqs - f) < 5], freqs[abs(freqs - f) < 5]) for f in (10, 20))
    # opposite phases would cancel in the spectrum of the average
    assert at_10 == pytest.approx(2 * at_20, rel=0.03)
    assert len(trials) == 3
    for one, data in zip(trials, before, strict=True):
        np.testing.assert_array_equal(one.data, data)


def test_comparison_peaks_and_log_axes():
    compared = {"alpha": sine(10.0), "beta": [sine(20.0), sine(20.0)]}
    fig = plot_psd(compared, fmax=40, n_peaks=1, spectrum=SpectrumOptions(xscale="log"), show=False)
    axes = fig.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    marked = [float(text.get_text().removesuffix(" Hz")) for text in axes.texts]
    assert marked == pytest.approx([10, 20], abs=0.3)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["alpha", "beta, single trials", "beta, average of\n2 spectra"]
    assert "bandwidth 2 Hz" in axes.get_legend().get_title().get_text()


def _marked(fig):
    return [float(text.get_text().removesuffix(" Hz")) for text in fig.axes[0].texts]


def test_marked_peaks_are_the_highest_also_at_the_edge_of_what_is_drawn():
    # 3 Hz is highest, 20 Hz most prominent: a falling spectrum hides how much 3 Hz stands out above 2 Hz
    waves = sum(a * np.sin(2 * np.pi * f * TIMES * 1e-3) for f, a in ((3, 5), (20, 2), (21, 1), (40, 1)))
    dipole = Dipole.from_nAm(TIMES, {"agg": waves})
    spectrum = SpectrumOptions(bandwidth=2.0)
    for fmin, fmax in ((1.0, 60.0), (3.0, 60.0), (1.0, 40.0)):
        options = {"fmin": fmin, "fmax": fmax, "n_peaks": 3, "spectrum": spectrum, "show": False}
        assert _marked(dipole.plot_psd(**options)) == pytest.approx([3, 20, 40], abs=0.5)
    # the flank of a maximum is none
    assert all(f > 4.2 for f in _marked(dipole.plot_psd(4.0, 18.0, n_peaks=2, spectrum=spectrum, show=False)))


@pytest.mark.parametrize("method", ["welch", "multitaper"])
def test_peaks_of_a_falling_spectrum(method):
    walk = np.cumsum(np.random.default_rng(4).normal(size=len(TIMES)))
    dipole = Dipole.from_nAm(TIMES, {"agg": walk})
    fig = plot_psd(dipole, fmin=0.5, n_peaks=4, spectrum=SpectrumOptions(method=method, bandwidth=4.0), show=False)
    marked = _marked(fig)
    freqs, psd = curve(fig.axes[0], "agg")
    assert np.interp(marked[0], freqs, psd) > 0.99 * psd.max()
    assert np.diff(sorted(marked)).min() >= 3.9
    heights = np.interp(marked, freqs, psd)
    assert (np.diff(heights) < 0).all()


def test_layer_may_be_a_list_of_one():
    assert curve(sine(10.0).plot_psd(picks=["L5"], show=False).axes[0], "L5")
    with pytest.raises(ParameterError, match="one layer, got agg, L5"):
        plot_psd(sine(10.0), layer=["agg", "L5"], show=False)


def test_window_is_cut_before_the_analysis():
    late = np.where(TIMES < 1000, 0.0, np.sin(2 * np.pi * 0.03 * TIMES))
    dipole = Dipole.from_nAm(TIMES, {"agg": late})
    early, later = (
        curve(plot_psd(dipole, tmin=start, tmax=start + 0.9, fmax=60, show=False).axes[0], "agg")[1].max()
        for start in (0.0, 1.05)
    )
    assert early < 1e-12 < 0.05 < later
    assert len(dipole.times) == len(TIMES)


def test_first_arguments_are_those_of_mne():
    freqs, psd = curve(sine(10.0).plot_psd(5.0, 40.0, 0.5, 1.5, "L5", show=False).axes[0], "L5")
    assert (freqs[0], freqs[-1]) == (5, 40)
    assert freqs[psd.argmax()] == pytest.approx(10.0, abs=0.4)


def test_silence_is_drawn():
    axes = plot_psd(Dipole.from_nAm(TIMES, {"agg": 0 * TIMES}), show=False).axes[0]
    assert axes.get_yscale() == "linear"


@pytest.mark.parametrize("plot", [plot_psd, plot_tfr])
@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([], {}, "at least one Dipole"),
        ([sine(10.0), sine(10.0, times=TIMES[:4000])], {}, "different times"),
        (sine(10.0), {"layer": "L4"}, "Unknown layer 'L4'"),
        (sine(10.0), {"tmin": 1.9999}, "at least two of the samples"),
    ],
)
def test_wrong_dipoles_are_named(plot, given, options, message):
    with pytest.raises(ParameterError, match=message):
        plot(given, show=False, **options)


def test_wrong_options_are_named():
    for options, message in (
        ({"fmax": 4000.0}, "Nyquist"),
        ({"tmin": 0, "tmax": 30}, "within the record, 0 to 1.99975 s, got 30 s: are they in ms"),
    ):
        with pytest.raises(ParameterError, match=message):
            plot_psd(sine(10.0), show=False, **options)
    for options, message in (
        ({"method": "fft"}, "Unknown method"),
        ({"yscale": "dB"}, "Unknown yscale"),
        ({"average": False, "trials": False}, "both False"),
        ({"bandwidth": 0}, r"bandwidth \(Hz\) must be a finite number > 0"),
        ({"methd": "welch"}, "Unknown field 'methd' of SpectrumOptions.*Did you mean 'method'"),
    ):
        with pytest.raises(ParameterError, match=message):
            SpectrumOptions(**options)
    with pytest.raises(ParameterError, match=r"^spectrum must be SpectrumOptions\(\.\.\.\) or None, got str: see"):
        plot_psd(sine(10.0), spectrum="welch", show=False)
    for options, message in (
        ({"freqs": [3000.0, 4000.0]}, "Nyquist"),
        ({"cmap": "viridiss"}, "Unknown colour map.*viridis"),
        ({"vlim": (2.0, 1.0)}, "vlim must rise"),
        ({"n_cycles": [3.0, 4.0]}, "needs these freqs"),
    ):
        with pytest.raises(ParameterError, match=message):
            plot_tfr(sine(10.0), show=False, **options)


def test_ridge_of_a_chirp():
    t = TIMES * 1e-3
    chirp = Dipole.from_nAm(TIMES, {"agg": np.sin(2 * np.pi * (20 * t + 15 * t**2))})  # 20 to 80 Hz in 2 s
    freqs = np.arange(10.0, 100.0)
    fig = chirp.plot_tfr(freqs, show=False)
    axes, bar = fig.axes
    power = np.asarray(axes.collections[0].get_array()).reshape(len(freqs), -1)
    times = np.linspace(*axes.get_xlim(), power.shape[1]) * 1e-3
    inside = (times > 0.3) & (times < 1.7)
    ridge = freqs[power.argmax(axis=0)][inside]
    assert np.abs(ridge - (20 + 30 * times[inside])).max() < 2.0
    assert "(nAm)²/Hz" in bar.get_ylabel()
    # a density: over frequencies it adds up to the mean square
    total = np.trapezoid(power[:, power.shape[1] // 2], freqs)
    assert total == pytest.approx(0.5, rel=0.1)
    assert power.shape[1] <= 2000


def test_power_is_averaged_over_trials_and_not_aliased():
    opposite = [sine(30.0), sine(30.0, -AMPLITUDE)]
    before = opposite[1].data.copy()
    maps = [
        np.asarray(plot_tfr(given, freqs=np.arange(20.0, 90.0), show=False).axes[0].collections[0].get_array())
        for given in (opposite, opposite[0])
    ]
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-9)
    np.testing.assert_array_equal(opposite[1].data, before)
    # 970 Hz would appear at 30 Hz if one of four samples was kept
    fast = plot_tfr(sine(970.0), freqs=np.arange(20.0, 90.0), show=False).axes[0].collections[0].get_array()
    middle = slice(fast.shape[1] // 4, 3 * fast.shape[1] // 4)  # away from the filter's own ends
    assert np.asarray(fast)[:, middle].max() < 1e-4 * maps[0].max()


def test_a_record_that_does_not_end_at_zero_makes_no_power_at_its_ends():
    """Nothing until 100 ms, then a slow rise: as in a longer record, there is nothing at 40 Hz at the start."""
    times = np.arange(-1000, 3000) * 1e-3
    rise = np.where(times < 0.1, 0.0, 1 - np.cos(2 * np.pi * 1.5 * (times - 0.1)))
    inside = (times >= 0) & (times < 0.4)
    long, short = (Dipole(rise[keep][None], times[keep], ["agg"]) for keep in (slice(None), inside))
    (at, expected), (moments, power) = (time_frequency_power(one, [40.0, 50.0], 7.0, 0.0) for one in (long, short))
    largest = expected[:, (at >= 0) & (at < 0.4)].max()
    before = moments < 0.09
    assert power[:, before].max() < 1.1 * expected[:, (at >= 0) & (at < 0.09)].max() + 1e-6 * largest


def test_edges_are_hatched_where_the_wavelet_does_not_fit():
    fig, axes = plt.subplots()
    assert plot_tfr(sine(30.0), freqs=[20.0, 40.0, 80.0], n_cycles=7.0, axes=axes, colorbar=False, show=False) is fig
    assert len(fig.axes) == 1
    hatched = [part for part in axes.collections if part.get_hatch()]
    assert len(hatched) == 2
    left = axes.lines[0]
    # two standard deviations, n_cycles / (2 pi f) each
    np.testing.assert_allclose(left.get_xdata(), 1e3 * 2 * 7 / (2 * np.pi * np.array([20, 40, 80])), rtol=1e-6)


def test_default_frequencies_fit_the_record():
    axes = plot_tfr(sine(30.0), show=False).axes[0]
    low, high = axes.get_ylim()
    assert low == pytest.approx(2 * 2 * 7 / (2 * np.pi * 2.0), rel=1e-3)
    assert high == 100
