"""Potentials and current sources of laminar arrays against closed forms."""

import matplotlib.pyplot as plt
import mne
import numpy as np
import pytest

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.lfp import current_source_density
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.viz import plot_csd, plot_lfp

Z = np.arange(-300.0, 1501.0, 200.0)
TIMES = np.arange(50) / 1000.0


def _evoked(data, z=Z, x=0.0, kind="seeg", nave=1):
    info = mne.create_info([f"shank {k:03d}" for k in range(1, len(z) + 1)], 1000.0, kind)
    for channel, depth in zip(info["chs"], z, strict=True):
        channel["loc"][:3] = (x, 0.0, depth * 1e-6)
    return mne.EvokedArray(np.asarray(data), info, tmin=0.0, nave=nave)


def _epochs(data):
    evoked = _evoked(data[0])
    return mne.EpochsArray(np.asarray(data), evoked.info, tmin=0.0, baseline=None)


def _waves(rng=0):
    return 1e-4 * np.random.default_rng(rng).standard_normal((len(Z), len(TIMES)))


def _traces(axes):
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def test_traces_sit_at_their_depth_and_the_bar_is_right():
    data = _waves()
    axes = plot_lfp(_evoked(data), show=False).axes[0]
    traces = _traces(axes)
    assert len(traces) == len(Z)
    factor = 1.5 * 200.0 / np.abs(data).max()  # the largest spans one and a half distances
    for trace, depth, row in zip(traces, Z, data, strict=True):
        np.testing.assert_allclose(trace.get_xdata(), TIMES * 1e3)
        np.testing.assert_allclose(trace.get_ydata(), depth + factor * row)
        assert min(axes.get_ylim()) <= trace.get_ydata().min()
        assert max(axes.get_ylim()) >= trace.get_ydata().max()
    bar = next(line for line in axes.lines if line.get_label() == "scale bar")
    height = float(axes.texts[-1].get_text().split()[0]) * 1e-6
    assert np.ptp(bar.get_ydata()) == pytest.approx(height * factor)
    assert axes.texts[-1].get_text().endswith("\N{MICRO SIGN}V")
    assert axes.get_xlabel() == "Time (ms)"
    assert axes.get_title() == "LFP"


def test_scale_and_decimation():
    data = _waves()
    traces = _traces(plot_lfp(_evoked(data), decim=5, scale_uV=100.0, show=False).axes[0])
    np.testing.assert_allclose(traces[3].get_xdata(), TIMES[::5] * 1e3)
    np.testing.assert_allclose(traces[3].get_ydata(), Z[3] + data[3, ::5] * 1e6 * 200.0 / 100.0)


def test_channels_are_sorted_by_depth():
    data, order = _waves(), np.random.default_rng(1).permutation(len(Z))
    axes = plot_lfp(_evoked(data[order], Z[order]), show=False).axes[0]
    expected = plot_lfp(_evoked(data), show=False).axes[0]
    for one, other in zip(_traces(axes), _traces(expected), strict=True):
        np.testing.assert_allclose(one.get_ydata(), other.get_ydata())


def test_epochs_are_averaged_and_the_title_says_so():
    data = np.array([_waves(k) for k in range(3)])
    fig = plot_lfp(_epochs(data), kind="image", show=False)
    mesh = fig.axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_array(), 1e6 * data.mean(axis=0))
    assert fig.axes[0].get_title() == "LFP, average of 3"
    assert mesh.get_clim() == pytest.approx(np.array([-1, 1]) * 1e6 * np.abs(data.mean(axis=0)).max())
    assert fig.axes[1].get_ylabel() == "LFP (\N{MICRO SIGN}V)"
    density = plot_csd(_epochs(data), show=False)
    expected = current_source_density(_evoked(data.mean(axis=0))).data
    np.testing.assert_allclose(density.axes[0].collections[0].get_array(), 1e-3 * expected)
    assert expected.shape[0] == len(Z) - 2
    assert density.axes[0].get_title() == "Current source density, average of 3"


@pytest.mark.parametrize("curvature", [3.0, -3.0])
def test_density_of_a_quadratic_potential_is_constant(curvature):
    # phi = a z2 in V with z in m has the density -2 a V/m2 everywhere
    potential = np.repeat(curvature * (Z[:, None] * 1e-6) ** 2, len(TIMES), axis=1)
    fig = plot_csd(_evoked(potential), show=False)
    np.testing.assert_allclose(fig.axes[0].collections[0].get_array(), -2 * curvature * 1e-3, rtol=1e-6)
    bar = fig.axes[1]
    assert bar.get_ylabel() == "CSD (mV/mm\N{SUPERSCRIPT TWO})"
    heights = {text.get_text(): text.get_position()[1] for text in bar.texts}
    assert heights["source"] > heights["sink"]
    cmap = fig.axes[0].collections[0].cmap
    # sources are red, sinks blue
    assert cmap(1.0)[0] > cmap(1.0)[2]
    assert cmap(0.0)[2] > cmap(0.0)[0]


def test_a_density_is_drawn_as_it_is():
    density = current_source_density(_evoked(_waves()))
    mesh = plot_csd(density, vlim=(-2.0, 1.0), show=False).axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_array(), 1e-3 * density.data)
    assert mesh.get_clim() == (-2.0, 1.0)


def test_image_cells_are_centred_on_the_contacts():
    axes = plot_csd(_evoked(_waves()), show=False).axes[0]
    corners = axes.collections[0].get_coordinates()
    np.testing.assert_allclose(corners[:, 0, 1], np.append(Z[1:-1] - 100, Z[-2] + 100))


def test_layers_are_marked_at_the_depth_of_the_somas():
    network = jones_2009(mesh_shape=(2, 2))
    for plot in (plot_lfp, plot_csd):
        axes = plot(_evoked(_waves()), network=network, show=False).axes[0]
        marked = {line.get_label(): line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("somas")}
        assert marked == {f"somas {name}": network.positions(name)[0, 2] for name in network.cell_types}


def test_an_array_along_the_cortex_is_stacked_by_distance():
    evoked = _evoked(_waves(), z=np.zeros(len(Z)))
    for channel, place in zip(evoked.info["chs"], Z, strict=True):
        channel["loc"][:3] = (place * 1e-6, 0.0, 0.0)
    axes = plot_lfp(evoked, show=False).axes[0]
    assert "Distance from shank 001" in axes.get_ylabel()
    assert _traces(axes)[1].get_ydata().mean() == pytest.approx(200, abs=100)


def test_what_cannot_be_drawn():
    waves = _waves()
    with pytest.raises(ParameterError, match=r"mne.Evoked or mne.Epochs.*got ndarray"):
        plot_lfp(waves, show=False)
    with pytest.raises(DataError, match="plot_lfp needs channels of type seeg.*got mag"):
        plot_lfp(_evoked(waves, kind="mag"), show=False)
    with pytest.raises(DataError, match="plot_csd needs channels of type csd.*got mag"):
        plot_csd(_evoked(waves, kind="mag"), show=False)
    with pytest.raises(DataError, match="no positions"):
        plot_lfp(_evoked(waves, z=np.zeros(len(Z))), show=False)
    with pytest.raises(DataError, match="at least three contacts"):
        plot_csd(_evoked(waves[:1], z=Z[:1]), show=False)
    with pytest.raises(DataError, match="equal distances"):
        plot_csd(_evoked(waves, z=Z**2), show=False)
    with pytest.raises(ParameterError, match="Did you mean 'traces'"):
        plot_lfp(_evoked(waves), kind="trace", show=False)
    with pytest.raises(ParameterError, match="decim"):
        plot_lfp(_evoked(waves), decim=0, show=False)
    with pytest.raises(ParameterError, match="vlim must be two rising values in mV/mm2"):
        plot_csd(_evoked(waves), vlim=(1.0, -1.0), show=False)
    with pytest.raises(DataError, match="none is left"):
        plot_lfp(_epochs([waves])[[]], show=False)


def test_one_contact_is_one_trace():
    assert len(_traces(plot_lfp(_evoked(_waves()[:1], z=Z[:1]), show=False).axes[0])) == 1


def test_methods_of_a_simulation():
    positions = [(1.0, 1.0, z) for z in Z]
    network = with_erp_drives(jones_2009(mesh_shape=(1, 1))).with_electrodes("shank", positions)
    simulation = simulate(network, 40.0, n_trials=2, verbose="error")
    axes = simulation.plot_csd(decim=4, show=False).axes[0]
    expected = current_source_density(simulation.lfp["shank"]).get_data(copy=False).mean(axis=0)[:, ::4]
    np.testing.assert_allclose(axes.collections[0].get_array(), 1e-3 * expected, rtol=1e-9, atol=1e-12)
    assert any(line.get_label() == "somas L5_pyramidal" for line in axes.lines)
    assert not any(
        line.get_label().startswith("somas")
        for line in simulation.plot_lfp("shank", network=None, show=False).axes[0].lines
    )
    with pytest.raises(ParameterError, match="Did you mean 'shank'"):
        simulation.plot_lfp("shanks", show=False)
    both = simulate(network.with_electrodes("far", [(500.0, 0.0, 0.0)]), 1.0, verbose="error")
    with pytest.raises(ParameterError, match="name one of"):
        both.plot_csd(show=False)
    with pytest.raises(ParameterError, match="no electrode arrays"):
        simulate(network.without_electrodes(), 1.0, verbose="error").plot_lfp(show=False)


def test_own_axes_are_used():
    fig, axes = plt.subplots()
    assert plot_lfp(_evoked(_waves()), axes=axes, show=False) is fig
