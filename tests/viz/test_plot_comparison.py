"""What is drawn of simulation beside target, and of prediction beside measurement."""

import numpy as np
import pytest
from evoked_data import PEAK, TIMES, make_evoked

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import plot_comparison, plot_prediction, plot_prediction_topomaps

MS = np.arange(171.0)


@pytest.fixture(scope="module")
def measured():
    return make_evoked()


@pytest.fixture(scope="module")
def predicted(measured):
    half = measured.copy()
    half.data = 0.5 * measured.data
    return half


def _dipoles():
    shape = np.sin(MS / 20)
    simulated = Dipole.from_nAm(MS, {"agg": shape, "L2": 0.25 * shape, "L5": 0.75 * shape})
    times = np.arange(-50.0, 301.0, 2.0)
    return simulated, Dipole.from_nAm(times, {"agg": 2 * np.sin(times / 20)})


def test_rows_share_scale_and_numbers_are_right():
    simulated, target = _dipoles()
    fig = plot_comparison(simulated, target, show=False)
    assert len(fig.axes) == 3
    assert len({axes.get_ylim() for axes in fig.axes}) == 1
    assert all(axes.get_ylabel() == "Dipole\nmoment (nAm)" for axes in fig.axes)
    lines = {line.get_label(): line for axes in fig.axes for line in axes.lines}
    for name, factor in (("simulated, agg", 1.0), ("L2", 0.25), ("L5", 0.75)):
        np.testing.assert_allclose(lines[name].get_ydata(), factor * np.sin(MS / 20), atol=1e-12)
    assert (lines["target"].get_xdata().min(), lines["target"].get_xdata().max()) == (0.0, 170.0)
    # half the target: it misses half of it everywhere
    reference = 2 * np.sin(np.arange(0.0, 171.0, 2.0) / 20)
    explained = 1 - np.sum((reference / 2) ** 2) / np.sum((reference - reference.mean()) ** 2)
    assert fig.axes[0].get_title(loc="left") == f"$R^2$ = {explained:.3g}, r = 1.00, NRMSE = 0.5"
    assert fig.axes[-1].get_xlim() == pytest.approx((0.0, 170.0))


def test_drives_can_be_drawn_on_top():
    _, target = _dipoles()
    simulation = simulate(with_erp_drives(jones_2009(mesh_shape=(1, 1))), 170.0, verbose="error")
    fig = plot_comparison(simulation.dipole, target, drives=simulation, show=False)
    assert len(fig.axes) == 4
    bars = sum(abs(bar.get_height()) for bar in fig.axes[0].patches)
    assert bars == pytest.approx(sum(simulation.spikes.counts()[name] for name in simulation.network.drives))


def test_dipoles_without_common_times_are_refused():
    simulated, target = _dipoles()
    with pytest.raises(ParameterError, match="must lie within"):
        plot_comparison(simulated, target.copy().crop(0.2, 0.3), show=False)


def _channels(axes):
    if len(axes.lines) < 20:  # the little head with the places of the sensors
        return np.array([])
    return np.array([line.get_ydata() for line in axes.lines if len(line.get_xdata()) == len(TIMES)])


def test_prediction_panels_hold_measured_predicted_and_residual(measured, predicted):
    fig = plot_prediction(measured, predicted, {"mag": 0.75, "grad": 0.6, "eeg": -0.1}, show=False)
    panels = [axes for axes in fig.axes if len(_channels(axes))]
    grid = np.array(panels).reshape(3, 3)
    assert [axes.get_title(loc="left") for axes in grid[0]] == ["Measured", "Predicted", "Residual"]
    assert [row[2].get_title(loc="right") for row in grid] == [
        "75 % explained", "60 % explained", "\N{MINUS SIGN}10 % explained",
    ]  # fmt: skip
    for row, kind, factor in zip(grid, ("mag", "grad", "eeg"), (1e15, 1e13, 1e6), strict=True):
        assert row[0].get_ylim() == row[1].get_ylim() == row[2].get_ylim()
        peak = factor * np.abs(measured.get_data(kind)).max()
        assert [np.abs(_channels(axes)).max() for axes in row] == pytest.approx([peak, peak / 2, peak / 2])
        assert row[0].get_ylim()[1] > peak


def test_only_channels_that_both_have_are_drawn(measured, predicted):
    one = measured.copy()
    one.info["bads"] = [one.ch_names[0]]
    fig = plot_prediction(one, predicted.copy().pick(["grad", "mag"]), {}, times=[PEAK], show=False)
    counts = [len(_channels(axes)) for axes in fig.axes if len(_channels(axes))]
    first = measured.get_channel_types()[0]
    expected = [102 - (first == "mag")] * 3 + [204 - (first == "grad")] * 3
    assert counts == expected


def test_prediction_maps_share_the_scale_of_the_measured_ones(measured, predicted):
    fig = plot_prediction_topomaps(measured, predicted, times=[PEAK], show=False)
    bars = [axes for axes in fig.axes if axes.get_ylabel() in ("fT", "fT/cm", "\N{MICRO SIGN}V")]
    assert len(bars) == 6
    sample = int(np.abs(TIMES - PEAK).argmin())
    largest = 1e15 * np.abs(measured.get_data("mag")[:, sample]).max()
    for bar in bars[:2]:
        assert bar.get_ylim() == pytest.approx((-largest, largest))
    names = {text.get_text() for axes in fig.axes for text in axes.texts}
    assert {"Magnetometers\n(measured)", "Magnetometers\n(predicted)"} <= names


def test_prediction_at_other_times_is_refused(measured, predicted):
    with pytest.raises(ParameterError, match="must have the same times"):
        plot_prediction(measured, predicted.copy().crop(0.0, None), {}, show=False)
    with pytest.raises(ParameterError, match=r"predicted must be an mne\.Evoked, got str"):
        plot_prediction_topomaps(measured, "predicted", show=False)
