"""Several simulations in one figure, and the figures a simulation offers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import plot_psd, plot_simulations
from mne_hnn.viz.colors import COMPARED, drive_colors


@pytest.fixture(scope="module")
def erp():
    return simulate(with_erp_drives(jones_2009(mesh_shape=(3, 3))), 170.0, n_trials=2, verbose="error")


@pytest.fixture(scope="module")
def proximal():
    network = with_erp_drives(jones_2009(mesh_shape=(3, 3))).without_drives("evdist1")
    return simulate(network, 170.0, verbose="error")


def line(axes, label):
    return next(one for one in axes.lines if one.get_label() == label)


def test_overlay_on_shared_axes(erp, proximal):
    before = [one.data.copy() for one in erp.dipoles]
    fig = plot_simulations({"all": erp, "no distal": proximal}, window_ms=30, scale=3000.0, show=False)
    for one, data in zip(erp.dipoles, before, strict=True):
        np.testing.assert_array_equal(one.data, data)
    left, right, moment, left_cells, right_cells = fig.axes
    assert left.get_ylim() == right.get_ylim()
    assert {axes.get_xlim() for axes in fig.axes} == {(0.0, 170.0)}
    expected = erp.dipole.smooth(30).scale(3000)["agg"] * 1e9
    np.testing.assert_allclose(line(moment, "all, average of 2").get_ydata(), expected)
    assert line(moment, "no distal").get_color() == COMPARED[1]
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("all", "no distal")
    for axes, one in ((left_cells, erp), (right_cells, proximal)):
        spikes = one.spikes.select(trial=0, cell_types=list(one.network.cell_types))
        assert sum(len(dots.get_offsets()) for dots in axes.collections) == len(spikes)
    assert {text.get_text() for text in right.texts} == {"evprox1", "evprox2"}
    # a drive has its colour in both
    assert drive_colors(erp.network)["evprox2"] == drive_colors(proximal.network)["evprox2"]


def test_columns_with_a_scale_each(erp, proximal):
    fig = plot_simulations(
        {"a": erp, "b": proximal}, scale={"a": 1000.0, "b": 2000.0}, layer="L5", dipoles="columns", show=False
    )
    first, second = fig.axes[2:4]
    np.testing.assert_allclose(line(second, "L5").get_ydata(), proximal.dipole["L5"] * 2e12, rtol=1e-9)
    assert first.get_ylim() == second.get_ylim()
    assert second.get_title(loc="right") == "\N{MULTIPLICATION SIGN} 2,000"


def test_very_different_drives_keep_their_own_scale(erp):
    network = jones_2009(mesh_shape=(3, 3)).with_bursty_drive(
        "one", burst_rate_Hz=10, location="proximal", numspikes=1, weights_ampa={"L5_pyramidal": 1e-5}
    )
    quiet = simulate(network, 170.0, verbose="error")
    fig = plot_simulations({"erp": erp, "quiet": quiet}, show=False)
    assert fig.axes[0].get_ylim()[1] > 5 * fig.axes[1].get_ylim()[1]
    assert [text.get_text() for text in fig.axes[-1].texts] == ["no spikes"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "L4"}, "Unknown layer 'L4' of 'a'"),
        ({"trial": 2}, "trial of 'a' must be an integer from 0 to 1"),
        ({"dipoles": "rows"}, "Unknown way to show dipoles"),
        ({"scale": {"c": 1.0}}, "Unknown label 'c' in scale"),
        ({"window_ms": -1.0}, "window_ms must be a finite number > 0"),
    ],
)
def test_wrong_input_is_named(erp, options, message):
    with pytest.raises(ParameterError, match=message):
        plot_simulations({"a": erp}, show=False, **options)
    for given in ([erp], {}):
        with pytest.raises(ParameterError, match="must be a mapping"):
            plot_simulations(given, show=False)
    with pytest.raises(ParameterError, match="'a' must be a Simulation, got int"):
        plot_simulations({"a": 1}, show=False)


def test_methods_of_a_simulation(erp):
    assert len(erp.plot(show=False).axes) == 3
    raster = erp.plot_raster(trial=1, dipole=True, show=False)
    np.testing.assert_allclose(raster.axes[1].lines[0].get_ydata(), erp.dipoles[1]["agg"] * 1e9)
    fig, axes = plt.subplots()
    assert erp.plot_histogram(axes=axes, show=False) is fig
    bars = {part.get_label(): sum(bar.get_height() for bar in part) for part in axes.containers}
    counts = erp.spikes.counts()
    # distal drives hang from above
    expected = {name: (-0.5 if name == "evdist1" else 0.5) * counts[name] for name in erp.network.drives}
    assert bars == pytest.approx(expected)
    assert len(plot_psd(erp, tmin=0.05, show=False).axes[0].lines) == 3
