"""Strength of drives against sums that can be made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.viz import plot_drive_strength
from mne_hnn.viz.drive_strength import _wrap, drive_strength

BARE = jones_2009(mesh_shape=(3, 3))
FAR = 1e9  # a space constant at which distance does not count


def evoked(network, name, location="proximal", **options):
    return network.with_evoked_drive(name, location=location, mu_ms=20, sigma_ms=2, space_constant=FAR, **options)


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0), st.integers(1, 5), st.integers(1, 4))
def test_strength_is_weight_times_events(ampa, nmda, numspikes, n_drive_cells):
    weights = {"weights_ampa": {"L2_pyramidal": ampa, "L5_basket": nmda}, "weights_nmda": {"L2_pyramidal": nmda}}
    network = evoked(BARE, "own", numspikes=numspikes, **weights)
    network = evoked(
        network, "shared", numspikes=numspikes, n_drive_cells=n_drive_cells, cell_specific=False, **weights
    )
    expected = np.array([0.0, ampa + nmda, nmda, 0.0]) * numspikes
    np.testing.assert_allclose(drive_strength(network), [expected, expected * n_drive_cells], rtol=1e-6)


def test_strength_falls_with_distance_and_probability():
    network = BARE.with_evoked_drive(
        "near", location="proximal", mu_ms=20, sigma_ms=0, space_constant=1.0, weights_ampa={"L5_pyramidal": 1.0}
    )
    offsets = BARE.positions("L5_pyramidal")[:, :2] - np.array(BARE.origin[:2])
    scale = np.exp(-(offsets**2).sum(axis=1) / BARE.inplane_distance_um**2)
    assert drive_strength(network)[0, 3] == pytest.approx(scale.mean())
    sparse = evoked(BARE, "sparse", probability=0.5, weights_ampa={"L5_pyramidal": 1.0})
    assert 0 < drive_strength(sparse)[0, 3] < 1


def test_map_of_shares_and_of_weights():
    network = evoked(BARE, "one", weights_ampa={"L2_basket": 0.03, "L5_pyramidal": 0.2})
    network = evoked(network, "two", location="distal", weights_ampa={"L2_basket": 0.01})
    fig = network.plot_drive_strength(show=False)
    axes, bar = fig.axes
    dash = "\N{EN DASH}"
    np.testing.assert_allclose(axes.images[0].get_array(), [[75, 0, 0, 100], [25, 0, 0, 0]], atol=1e-6)
    assert [text.get_text() for text in axes.texts] == ["75", dash, dash, "100", "25", dash, dash, dash]
    assert "(%)" in bar.get_ylabel()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["one", "two"]
    axes, bar = plot_drive_strength(network, normalize=False, show=False).axes
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.03, 0, 0, 0.2], [0.01, 0, 0, 0]], atol=1e-9)
    assert "(\N{MICRO SIGN}S)" in bar.get_ylabel()
    weak = evoked(BARE, "weak", weights_ampa={"L2_basket": 0.002})
    axes, bar = plot_drive_strength(weak, normalize=False, show=False).axes
    assert axes.images[0].get_array()[0, 0] == pytest.approx(2.0)
    assert "(nS)" in bar.get_ylabel()


def test_shares_of_each_cell_type_add_up_to_all():
    shares = plot_drive_strength(with_erp_drives(BARE), show=False).axes[0].images[0].get_array()
    np.testing.assert_allclose(np.asarray(shares).sum(axis=0), 100)


def test_drives_without_end_need_one():
    network = BARE.with_poisson_drive(
        "noise", rate_Hz=50.0, location="proximal", weights_ampa={"L5_pyramidal": 0.01}, space_constant=FAR
    )
    with pytest.raises(ParameterError, match="tstop .* events of 'noise'"):
        plot_drive_strength(network, show=False)
    assert drive_strength(network, tstop=4000.0)[0, 3] == pytest.approx(0.01 * 50 * 4, rel=0.1)
    with pytest.raises(ParameterError, match="at least one drive"):
        plot_drive_strength(BARE, show=False)


def test_what_never_arrives_does_not_count():
    options = {"weights_ampa": {"L5_pyramidal": 1.0, "L2_basket": 1.0}, "synaptic_delays": 0.1}
    apart = BARE.with_positions(inplane_distance_um=1.0)
    # at 60 space constants exp(-d**2) is still a number, but the delay is longer than any simulation
    network = apart.with_evoked_drive("ev", location="proximal", mu_ms=20, sigma_ms=0, space_constant=1 / 15, **options)
    reached = drive_strength(network)[0, 3]
    offsets = apart.positions("L5_pyramidal")[:, :2] - np.array(apart.origin[:2])
    scale = np.exp(-(offsets**2).sum(axis=1) * 15**2)
    assert reached == pytest.approx(np.where(0.1 / scale < 1e9, scale, 0).mean())
    assert (scale > 0).sum() > (0.1 / scale < 1e9).sum()
    # events at 20 ms take 5 ms
    late = BARE.with_spike_train_drive(
        "train", times_ms=[[10.0, 20.0]], location="proximal", weights_ampa={"L5_pyramidal": 1.0}, synaptic_delays=5.0,
        space_constant=FAR,
    )  # fmt: skip
    assert drive_strength(late, tstop=24.9)[0, 3] == pytest.approx(1.0)
    assert drive_strength(late, tstop=25.1)[0, 3] == pytest.approx(2.0)


def test_shares_of_next_to_nothing_are_a_dash():
    network = evoked(BARE, "one", weights_ampa={"L2_basket": 1e-12, "L5_pyramidal": 0.2})
    axes = plot_drive_strength(network, show=False).axes[0]
    assert [text.get_text() for text in axes.texts] == ["\N{EN DASH}"] * 3 + ["100"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0, 0, 0, 100]])


def test_wrong_networks_and_colour_maps_are_named():
    network = evoked(BARE, "one", weights_ampa={"L2_basket": 0.1})
    with pytest.raises(ParameterError, match="got SimpleNamespace: take its network"):
        plot_drive_strength(SimpleNamespace(network=network), show=False)
    with pytest.raises(ParameterError, match="Unknown colour map 'virids'.*Did you mean 'viridis'"):
        plot_drive_strength(network, cmap="virids", show=False)


@given(st.text("ab_", min_size=1, max_size=60), st.integers(3, 20))
def test_wrapped_names_hold_every_letter(name, width):
    lines = _wrap(name, width).split("\n")
    assert "".join(lines) == name
    assert max(map(len, lines)) <= width
    assert _wrap("L5_pyramidal_deep_tufted") == "L5_\npyramidal_\ndeep_tufted"
