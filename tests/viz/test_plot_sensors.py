"""What is drawn of sensor signals: channels, units, latencies."""

import mne
import numpy as np
import pytest
from evoked_data import PEAK, TIMES, make_covariance, make_evoked, waveform
from matplotlib.backends.backend_agg import FigureCanvasAgg

from mne_hnn.errors import ParameterError
from mne_hnn.viz import peak_times, plot_response, plot_topomaps


@pytest.fixture(scope="module")
def response():
    return make_evoked()


def _curves(axes, n_times):
    """Return the curves of channels: lines as long as the data, the last of them the GFP or RMS."""
    lines = [np.asarray(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == n_times]
    return np.array(lines[:-1]), lines[-1]


def test_each_channel_type_has_its_panel_and_unit(response):
    evoked = response.copy()
    evoked.info["bads"] = [evoked.ch_names[0], evoked.ch_names[-1]]
    kinds = evoked.get_channel_types()
    fig = plot_response(evoked, show=False)
    panels = [axes for axes in fig.axes if axes.get_ylabel()]
    assert [axes.get_ylabel() for axes in panels] == [
        "Magnetometers\n(fT)", "Gradiometers\n(fT/cm)", "EEG\n(\N{MICRO SIGN}V)",
    ]  # fmt: skip
    for axes, kind, factor in zip(panels, ("mag", "grad", "eeg"), (1e15, 1e13, 1e6), strict=True):
        good = [i for i, one in enumerate(kinds) if one == kind and evoked.ch_names[i] not in evoked.info["bads"]]
        channels, _ = _curves(axes, len(TIMES))
        expected = factor * evoked.data[good]
        assert axes.get_title(loc="right") == f"{len(good)} channels"
        # MNE draws the weakest first: compare as sets of curves
        order, wanted = np.argsort(channels[:, 30]), np.argsort(expected[:, 30])
        np.testing.assert_allclose(channels[order], expected[wanted], rtol=1e-9)
    assert panels[-1].get_xlabel() == "Time (ms)"
    assert panels[-1].get_xlim() == pytest.approx((-40.0, 160.0))


def test_panels_do_not_make_the_figure_be_drawn(response, monkeypatch):
    """MNE draws all of it twice for each panel: most of the time of a report was that."""
    drawn = []
    real = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: drawn.append(canvas) or real(canvas))
    fig = plot_response(response, show=False)
    assert drawn == []
    fig.canvas.draw()
    assert drawn == [fig.canvas]


def test_peak_is_found_and_marked(response):
    np.testing.assert_allclose(peak_times(response), [PEAK], atol=0.004)
    two = response.copy()
    two.data = np.outer(np.arange(1, len(two.ch_names) + 1), waveform(0.03) + 0.5 * waveform(0.1)) * 1e-13
    np.testing.assert_allclose(peak_times(two), [0.03, 0.1], atol=1e-9)
    np.testing.assert_allclose(peak_times(two, n_peaks=1), [0.03], atol=1e-9)
    marks = [text.get_text() for text in plot_response(two, show=False).axes[0].texts]
    assert {"30 ms", "100 ms"} <= set(marks)


def test_given_latencies_are_marked(response):
    fig = plot_response(response, times=[0.02, 0.06], show=False)
    for axes in [axes for axes in fig.axes if axes.get_ylabel()]:
        upright = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
        assert upright == pytest.approx([20.0, 60.0])


def test_whitened_power_is_one_where_there_is_noise_alone(response):
    fig = plot_response(response, noise_cov=make_covariance(response), show=False)
    axes = next(axes for axes in fig.axes if "Whitened" in axes.get_ylabel())
    curves = {line.get_label().split(" (")[0]: line.get_ydata() for line in axes.lines[:3]}
    for name, n in (("Magnetometers", 102), ("Gradiometers", 204), ("EEG", 30)):
        baseline = curves[name][TIMES < 0]
        # the mean of chi-square / n over 20 samples lies within 5 standard errors of 1
        assert baseline.mean() == pytest.approx(1.0, abs=5 * np.sqrt(2 / n / len(baseline)))
        assert curves[name].argmax() == np.abs(TIMES - PEAK).argmin()
        assert curves[name].max() > 100


def test_maps_at_latencies_with_units(response):
    fig = plot_topomaps(response, [0.03, 0.04], show=False)
    assert [axes.get_title() for axes in fig.axes if axes.get_title()] == ["30 ms", "40 ms"]
    bars = [axes for axes in fig.axes if axes.get_ylabel() in ("fT", "fT/cm", "\N{MICRO SIGN}V")]
    assert [axes.get_ylabel() for axes in bars] == ["fT", "fT/cm", "\N{MICRO SIGN}V"]
    samples = [int(np.abs(TIMES - time).argmin()) for time in (0.03, 0.04)]
    largest = 1e15 * np.abs(response.get_data("mag")[:, samples]).max()
    assert bars[0].get_ylim() == pytest.approx((-largest, largest))
    low, high = bars[1].get_ylim()
    grad = 1e13 * response.get_data("grad")[:, samples]
    assert low == 0.0
    # the canonical layout lists the two planar gradiometers of a place one after the other
    assert high == pytest.approx(np.sqrt((grad[0::2] ** 2 + grad[1::2] ** 2) / 2).max())


def test_one_channel_type_is_enough(response):
    assert len([a for a in plot_response(response.copy().pick("eeg"), show=False).axes if a.get_ylabel()]) == 1
    assert plot_topomaps(response.copy().pick("mag"), PEAK, show=False).axes[0].get_title() == "40 ms"


def test_wrong_input_is_answered(response):
    with pytest.raises(ParameterError, match="from -0.04 to 0.16"):
        plot_response(response, times=[0.5], show=False)
    with pytest.raises(ParameterError, match=r"mne\.Evoked is expected, got int"):
        plot_response(3, show=False)
    evoked = response.copy().pick("eeg")
    evoked.info["bads"] = evoked.ch_names
    with pytest.raises(ParameterError, match="no good MEG or EEG channel"):
        plot_topomaps(evoked, show=False)
    foreign = mne.Covariance(np.eye(2), ["A", "B"], [], [], 1, verbose="error")
    with pytest.raises(ParameterError, match="noise_cov has none of the 102"):
        plot_response(response, noise_cov=foreign, show=False)


def test_a_noisy_channel_does_not_decide_on_the_peaks():
    """One gradiometer a hundred times noisier than the others: whitened, the response's own peak is found."""
    info = mne.create_info([f"MEG {n:03d}2" for n in range(20)], 500.0, "grad", verbose="error")
    times = np.arange(-50, 150) / 500
    rng = np.random.default_rng(0)
    response = np.exp(-0.5 * ((times - 0.09) / 0.01) ** 2)
    data = 1e-11 * np.outer(np.linspace(-1, 1, 20), response) + 1e-13 * rng.standard_normal((20, 200))
    data[3] += 1e-9 * np.exp(-0.5 * ((times - 0.2) / 0.005) ** 2)
    evoked = mne.EvokedArray(data, info, tmin=times[0], verbose="error")
    variances = np.full(20, 1e-26)
    variances[3] = 1e-18
    noise_cov = mne.Covariance(np.diag(variances), info["ch_names"], [], [], 100)
    assert np.abs(peak_times(evoked, 1) - 0.2).max() < 0.005
    assert np.abs(peak_times(evoked, 1, noise_cov=noise_cov) - 0.09).max() < 0.005
