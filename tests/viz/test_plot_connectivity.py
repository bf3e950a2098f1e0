"""Matrices and maps of connections against the routes that are simulated."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm

from mne_hnn.errors import NetworkError, ParameterError
from mne_hnn.network import connection_wires, jones_2009, replace
from mne_hnn.viz import plot_cell_connectivity, plot_connectivity

NETWORK = jones_2009(mesh_shape=(3, 4)).with_gains(e_i=2.0)
INDEX = NETWORK.pick_connections(source="L5_pyramidal", target="L5_basket")[0]


def _matrix(fig):
    return np.ma.filled(fig.axes[0].images[0].get_array().astype(float), np.nan)


def test_matrix_is_the_formula():
    connection = NETWORK.connections[INDEX]
    sources, targets = (NETWORK.positions(name)[:, :2] for name in ("L5_pyramidal", "L5_basket"))
    distance = np.linalg.norm(sources[:, None] - targets[None], axis=2)
    scale = np.exp(-(distance**2) / (connection.lamtha * NETWORK.inplane_distance_um) ** 2)
    fig = NETWORK.plot_connectivity(INDEX, show=False)
    np.testing.assert_allclose(_matrix(fig), 2.0 * connection.weight_uS * scale)
    axes, bar = fig.axes
    assert bar.get_ylabel() == "Weight (\N{MICRO SIGN}S)"
    assert "48 of 48 pairs" in axes.get_title()
    assert "ampa at soma" in axes.get_title()
    gids = NETWORK.gid_ranges["L5_basket"]
    assert axes.get_xlim() == (gids.start - 0.5, gids.stop - 0.5)
    delays = _matrix(plot_connectivity(NETWORK, INDEX, value="delay", show=False))
    np.testing.assert_allclose(delays, connection.delay_ms / scale)


def test_sparse_matrix_shows_the_pairs_that_are_kept():
    sparse = NETWORK.with_connection_changes(INDEX, changes={"probability": 0.25, "seed": 7})
    alone = connection_wires(replace(sparse, connections=(sparse.connections[INDEX],)))
    sources, targets = (sparse.gid_ranges[name].start for name in ("L5_pyramidal", "L5_basket"))
    matrix = _matrix(plot_connectivity(sparse, INDEX, show=False))
    kept = np.argwhere(np.isfinite(matrix))
    assert len(kept) == 12
    pairs = {(s - sources, t - targets) for s, t in zip(alone.source, alone.target, strict=True)}
    assert {tuple(pair) for pair in kept.tolist()} == pairs


def test_connections_that_share_routes_are_kept_apart():
    first, second = NETWORK.pick_connections(source="L2_basket", target="L2_pyramidal")
    # gabaa and gabab ride on the same routes
    tops = []
    for index in (first, second):
        matrix = _matrix(plot_connectivity(NETWORK, index, show=False))
        tops.append(matrix.max())
        assert matrix.max() <= NETWORK.connections[index].weight_uS
    changed = NETWORK.with_connection_changes(second, changes={"weight_uS": 7.0})
    assert _matrix(plot_connectivity(changed, first, show=False)).max() == tops[0]
    assert _matrix(plot_connectivity(changed, second, show=False)).max() > 6.0


def test_no_autapses():
    index = NETWORK.pick_connections(source="L2_pyramidal", target="L2_pyramidal")[0]
    network = NETWORK.with_connection_changes(index, changes={"allow_autapses": False})
    matrix = _matrix(plot_connectivity(network, index, show=False))
    np.testing.assert_array_equal(np.isnan(matrix), np.eye(12, dtype=bool))


def _scatters(fig):
    return {dots.get_label(): dots for dots in fig.axes[0].collections}


@pytest.mark.parametrize("way", ["targets", "sources"])
def test_cell_and_its_partners(way):
    sparse = NETWORK.with_connection_changes(INDEX, changes={"probability": 0.5})
    own, other = ("L5_pyramidal", "L5_basket") if way == "targets" else ("L5_basket", "L5_pyramidal")
    gid = sparse.gid_ranges[own].start + 2
    wires = connection_wires(replace(sparse, connections=(sparse.connections[INDEX],)))
    mine, partners = (wires.source, wires.target) if way == "targets" else (wires.target, wires.source)
    found = _scatters(sparse.plot_cell_connectivity(INDEX, gid, show=False))
    partners = partners[mine == gid]
    dots = found[f"{other.replace('_', ' ')}: {len(partners)} {way}"]
    np.testing.assert_allclose(dots.get_offsets(), [sparse.position(int(p))[:2] for p in partners])
    np.testing.assert_allclose(dots.get_array(), wires.weights_uS[mine == gid, 0])
    np.testing.assert_allclose(found[f"{own.replace('_', ' ')}, gid {gid}"].get_offsets(), [sparse.position(gid)[:2]])
    left_out = found[f"{other.replace('_', ' ')}, not joined"]
    assert len(left_out.get_offsets()) == len(sparse.gid_ranges[other]) - len(partners)


def test_delays_over_decades_get_a_logarithmic_scale():
    network = jones_2009(mesh_shape=(8, 8))
    dots = plot_cell_connectivity(network, INDEX, network.gid_ranges["L5_pyramidal"].start, value="delay", show=False)
    (own,) = (dots for label, dots in _scatters(dots).items() if "targets" in label)
    assert isinstance(own.norm, LogNorm)
    assert own.norm.vmin == pytest.approx(network.connections[INDEX].delay_ms, rel=0.5)


def test_within_a_type_the_way_can_be_chosen():
    index = NETWORK.pick_connections(source="L2_pyramidal", target="L2_pyramidal")[0]
    network = NETWORK.with_connection_changes(index, changes={"source_indices": (0, 1)})
    gid = network.gid_ranges["L2_pyramidal"].start
    assert "L2 pyramidal: 11 targets" in _scatters(plot_cell_connectivity(network, index, gid, show=False))
    assert "L2 pyramidal: 1 source" in _scatters(plot_cell_connectivity(network, index, gid, way="sources", show=False))


def _around_a_cell(network, index, **options):
    return plot_cell_connectivity(network, index, NETWORK.gid_ranges["L5_pyramidal"].start, **options)


@pytest.mark.parametrize("plot", [plot_connectivity, _around_a_cell])
def test_unknown_connections(plot):
    with pytest.raises(NetworkError, match=f"from 0 to {len(NETWORK.connections) - 1}, got 99"):
        plot(NETWORK, 99, show=False)
    with pytest.raises(NetworkError, match="has no connections"):
        plot(NETWORK.only_cells(), 0, show=False)
    with pytest.raises(ParameterError, match="needs a Network"):
        plot(NETWORK.connections, 0, show=False)
    with pytest.raises(ParameterError, match="Did you mean 'weight'"):
        plot(NETWORK, INDEX, value="weigth", show=False)
    with pytest.raises(ParameterError, match="Unknown colour map 'virids'.*Did you mean 'viridis'"):
        plot(NETWORK, INDEX, cmap="virids", show=False)


def test_unknown_cells():
    start = NETWORK.gid_ranges["L5_pyramidal"].start
    with pytest.raises(NetworkError, match=f"Cell 0 is of type 'L2_basket'.*give a gid from {start} to .*L5_pyramidal"):
        plot_cell_connectivity(NETWORK, INDEX, 0, show=False)
    with pytest.raises(NetworkError, match="gid must be an integer from 0"):
        plot_cell_connectivity(NETWORK, INDEX, 9999, show=False)
    with pytest.raises(NetworkError, match="its sources are not defined"):
        plot_cell_connectivity(NETWORK, INDEX, start, way="sources", show=False)


def test_own_axes_are_used():
    fig, axes = plt.subplots()
    assert plot_connectivity(NETWORK, INDEX, axes=axes, show=False) is fig
    assert len(axes.images) == 1
