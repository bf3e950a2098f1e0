"""Figures: what is drawn, in which units and colours; how it looks was judged by eye."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import plot_dipole, plot_simulation
from mne_hnn.viz.colors import LAYERS, cell_type_colors, location_color

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def simulation():
    return simulate(with_erp_drives(jones_2009(mesh_shape=(3, 3))), 170.0, n_trials=2, verbose="error")


@pytest.fixture
def dipole():
    times = np.arange(101) * 1.0
    return Dipole.from_nAm(times, {"agg": np.sin(times / 10), "L2": np.zeros(101), "L5": np.sin(times / 10)})


def test_dipole_is_drawn_in_nAm_over_ms(dipole):
    axes = dipole.plot(show=False).axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_allclose(lines["agg"].get_ydata(), np.sin(np.arange(101) / 10), atol=1e-12)
    np.testing.assert_allclose(lines["agg"].get_xdata(), np.arange(101), atol=1e-9)
    assert {name: lines[name].get_color() for name in LAYERS} == LAYERS
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (ms)", "Dipole moment (nAm)")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["agg", "L2", "L5"]


def test_dipole_on_given_axes_and_layers(dipole):
    fig, axes = plt.subplots()
    assert plot_dipole(dipole, layers="L2", axes=axes, show=False) is fig
    assert [line.get_label() for line in axes.lines][:1] == ["L2"]
    with pytest.raises(ParameterError, match="Unknown layer 'L4'"):
        plot_dipole(dipole, layers=["L4"], show=False)
    with pytest.raises(ParameterError, match="at least one of agg, L2, L5"):
        plot_dipole(dipole, layers=[], show=False)


def test_simulation_shows_drives_dipole_and_every_spike(simulation):
    before = [one.data.copy() for one in simulation.dipoles]
    fig = plot_simulation(simulation, window_ms=30.0, scale=3000.0, trial=1, show=False)
    drives, moment, raster = fig.axes
    for one, data in zip(simulation.dipoles, before, strict=True):
        np.testing.assert_array_equal(one.data, data)  # what is plotted stays as it was
    bars = sum(abs(bar.get_height()) for bar in drives.patches)
    drive_spikes = sum(simulation.spikes.counts()[name] for name in simulation.network.drives)
    assert bars == pytest.approx(drive_spikes / 2)
    assert {text.get_text() for text in drives.texts} == {"evdist1", "evprox1", "evprox2"}
    label = "agg, average of 2"
    line = next(line for line in moment.lines if line.get_label() == label)
    expected = simulation.dipole.copy().smooth(30.0).scale(3000.0)["agg"] * 1e9
    np.testing.assert_allclose(line.get_ydata(), expected)
    cells = simulation.spikes.select(trial=1, cell_types=list(simulation.network.cell_types))
    assert sum(len(dots.get_offsets()) for dots in raster.collections) == len(cells)
    assert [label.get_text() for label in raster.get_yticklabels()][-1] == "L2 basket"
    assert raster.get_xlabel() == "Time (ms)"


def test_simulation_without_drives_has_no_drive_panel():
    quiet = simulate(jones_2009(mesh_shape=(1, 1)), 5.0, verbose="error")
    assert len(plot_simulation(quiet, show=False).axes) == 2


@pytest.mark.parametrize(("n_drives", "step", "legend"), [(2, 10.0, False), (2, 3.0, True), (6, 0.0, True)])
def test_names_of_drives_that_collide_are_in_a_legend(n_drives, step, legend):
    network = jones_2009(mesh_shape=(1, 1))
    for k in range(n_drives):
        network = network.with_spike_train_drive(
            f"a_rather_long_name_{k}",
            location="proximal",
            times_ms=[[5.0 + step * k]],
            weights_ampa={"L2_basket": 1e-9},
        )
    axes = plot_simulation(simulate(network, 20.0, verbose="error"), show=False).axes[0]
    assert (axes.get_legend() is not None) is legend
    assert len(axes.texts) == (0 if legend else n_drives)


def test_trial_that_does_not_exist(simulation):
    for trial in (2, True):
        with pytest.raises(ParameterError, match=f"trial must be from 0 to 1, got {trial}"):
            plot_simulation(simulation, trial=trial, show=False)


def test_colours_are_distinct_and_constant():
    names = ["L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"]
    colors = cell_type_colors([*names, "martinotti", "chandelier"])
    assert len(set(colors.values())) == 6
    assert {name: colors[name] for name in names} == cell_type_colors(names)
    assert location_color("proximal") != location_color("distal")
