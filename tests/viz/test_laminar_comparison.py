"""A recorded laminar array beside a simulated one: depths, times and scales."""

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.lfp import current_source_density
from mne_hnn.network import jones_2009
from mne_hnn.viz import plot_laminar_comparison

NETWORK = jones_2009((2, 2))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def array(heights_um, peak=1e-4, at=None, times=(0.0, 0.1)):
    """Potentials with one maximum: at `at` um and 50 ms."""
    heights = np.asarray(heights_um, dtype=float)
    sfreq, n = 1000.0, round((times[1] - times[0]) * 1000) + 1
    info = mne.create_info([f"c{k}" for k in range(len(heights))], sfreq, "seeg")
    for channel, height in zip(info["chs"], heights, strict=True):
        channel["loc"][:3] = (0, 0, height * 1e-6)
    axis = times[0] + np.arange(n) / sfreq
    profile = np.exp(-(((heights - (heights.mean() if at is None else at)) / 150) ** 2))
    data = peak * np.outer(profile, np.exp(-(((axis - 0.05) / 0.01) ** 2)))
    return mne.EvokedArray(data, info, tmin=times[0])


RECORDED = array(np.arange(-1800.0, -100.0, 100.0), at=-900.0)


def image(ax):
    (mesh,) = ax.collections
    y = mesh.get_coordinates()[:, 0, 1]
    return np.asarray(mesh.get_array()), (y[:-1] + y[1:]) / 2, mesh.get_clim()


@pytest.mark.parametrize("quantity", ["lfp", "csd"])
def test_both_have_the_same_depths_and_times(quantity):
    surface = 2200.0
    simulated = array(np.arange(400.0, 2200.0, 100.0), peak=1e-6, at=surface - 900.0)
    fig = plot_laminar_comparison(RECORDED, simulated, quantity=quantity, surface_um=surface, show=False)
    left, right = fig.axes[:2]
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the surface is above
    assert left.get_xlim() == (0.0, 100.0)
    for ax in (left, right):
        values, depths, _ = image(ax)
        row, column = np.unravel_index(np.abs(values).argmax(), values.shape)
        assert (depths[row], column) == (pytest.approx(900.0), 50)
    (a, _, one), (b, _, two) = image(left), image(right)
    assert np.abs(a).max() == pytest.approx(100 * np.abs(b).max(), rel=1e-3)
    assert one[1] == pytest.approx(100 * two[1], rel=1e-3)
    assert "The recorded is 100 times the simulated; each with its own scale" in fig.get_suptitle()
    assert left.get_title().startswith("recorded: at most")


def test_values_and_units_are_stated():
    fig = plot_laminar_comparison(RECORDED, RECORDED, quantity="lfp", surface_um=0.0, shared_scale=True, show=False)
    values, depths, limits = image(fig.axes[0])
    np.testing.assert_allclose(values, RECORDED.data[::-1] * 1e6)
    np.testing.assert_allclose(depths, np.arange(200.0, 1900.0, 100.0))
    assert limits == pytest.approx((-100.0, 100.0))
    assert "at most 100 \N{MICRO SIGN}V" in fig.axes[0].get_title()
    fig = plot_laminar_comparison(RECORDED, RECORDED, surface_um=0.0, show=False)
    truth = current_source_density(RECORDED).data[::-1] * 1e-3
    np.testing.assert_allclose(image(fig.axes[0])[0], truth)
    stored = plot_laminar_comparison(current_source_density(RECORDED), RECORDED, surface_um=0.0, show=False)
    np.testing.assert_allclose(image(stored.axes[0])[0], truth)


def test_one_scale_for_both():
    smaller = array(np.arange(-1800.0, -100.0, 100.0), peak=2e-5)
    fig = plot_laminar_comparison(RECORDED, smaller, quantity="lfp", surface_um=0.0, shared_scale=True, show=False)
    assert image(fig.axes[0])[2] == image(fig.axes[1])[2]
    assert "5 times the simulated; one scale" in fig.get_suptitle()


def test_the_surface_is_the_top_of_the_dendrites():
    top = max(
        float(np.array(section.end_points_um)[:, 2].max() + population.positions[:, 2].max())
        for population in NETWORK.populations.values()
        for section in population.template.sections.values()
    )
    simulated = array(top + np.arange(-1800.0, -100.0, 100.0), at=top - 900.0)
    fig = plot_laminar_comparison(RECORDED, simulated, quantity="lfp", network=NETWORK, show=False)
    np.testing.assert_allclose(image(fig.axes[1])[1], np.arange(200.0, 1900.0, 100.0))


@pytest.mark.parametrize(
    ("recorded", "simulated", "options", "error", "message"),
    [
        (RECORDED, RECORDED, {}, ParameterError, "give network, or its height, surface_um"),
        (RECORDED, RECORDED, {"quantity": "lpf"}, ParameterError, "Did you mean 'lfp'"),
        (3, RECORDED, {"surface_um": 0.0}, ParameterError, "needs an mne.Evoked or mne.Epochs"),
        (RECORDED, RECORDED, {"surface_um": 5000.0}, DataError, "no depths in common"),
        (array(np.arange(-900.0, 0.0, 100.0), times=(0.2, 0.3)), RECORDED, {"surface_um": 0.0}, DataError, "no times"),
        (RECORDED, array(np.zeros(9)), {"surface_um": 0.0, "quantity": "lfp"}, DataError, "simulated channels have no"),
        (
            current_source_density(RECORDED), RECORDED, {"surface_um": 0.0, "quantity": "lfp"}, DataError,
            "recorded data have channels of type csd, not potentials",
        ),
    ],
)  # fmt: skip
def test_refusals(recorded, simulated, options, error, message):
    with pytest.raises(error, match=message):
        plot_laminar_comparison(recorded, simulated, show=False, **options)
