"""The column in 3D: what is drawn where, in matplotlib and in a scene."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009
from mne_hnn.viz import plot_cells
from mne_hnn.viz._scene import network_cylinders, round_box, round_length, tube_mesh
from mne_hnn.viz.colors import cell_type_colors

SHANK = [(150.0, 150.0, z) for z in (-200.0, 300.0, 800.0, 1300.0)]


@pytest.fixture(scope="module")
def network():
    return jones_2009(mesh_shape=(3, 3)).with_positions(inplane_distance_um=300.0).with_electrodes("shank", SHANK)


def _offsets(collection):
    return np.column_stack([np.asarray(part) for part in collection._offsets3d])


def test_one_marker_per_cell_in_the_colour_of_its_type(network):
    axes = plot_cells(network, show=False).axes[0]
    drawn = {dots.get_label(): dots for dots in axes.collections}
    colors = cell_type_colors(network.cell_types)
    for name, population in network.populations.items():
        dots = drawn[f"{name.replace('_', ' ')} ({len(population)})"]
        np.testing.assert_allclose(_offsets(dots), population.positions)
        assert to_hex(dots.get_facecolor()[0]) == colors[name].lower()
    np.testing.assert_allclose(_offsets(drawn["shank: 4 contacts"]), SHANK)
    assert (axes.get_xlabel(), axes.get_zlabel()) == ("x (\N{MICRO SIGN}m)", "z (\N{MICRO SIGN}m)")


def test_legend_of_many_cell_types_is_inside_the_figure(network):
    template, places = network.cell_types["L5_basket"], network.positions("L5_basket").tolist()
    for k in range(9):
        network = network.with_population(f"type_{k}", template, places)
    fig = plot_cells(network, show=False)
    fig.canvas.draw()
    legend = fig.axes[0].get_legend()
    assert len(legend.get_texts()) == 14
    assert legend.get_window_extent().y0 > 0


def test_electrodes_can_be_left_out(network):
    axes = network.plot_cells(electrodes=False, show=False).axes[0]
    assert len(axes.collections) == len(network.populations)
    assert not axes.lines


def test_cells_drawn_apart_say_so_and_take_electrodes_along():
    network = jones_2009(mesh_shape=(3, 3)).with_electrodes("shank", [(1.0, 1.0, 0.0), (1.0, 1.0, 100.0)])
    axes = plot_cells(network, inplane_distance_um=200.0, show=False).axes[0]
    assert "drawn 200" in axes.get_title()
    assert "in the model 1 " in axes.get_title()
    np.testing.assert_allclose(_offsets(axes.collections[-1]), [(200, 200, 0), (200, 200, 100)])
    assert plot_cells(network, morphologies=True, show=False).axes[0].get_title() == ""


def test_unequal_scales_are_stated():
    axes = plot_cells(jones_2009(mesh_shape=(3, 3)), show=False).axes[0]
    x, z = np.ptp(axes.get_xlim()), np.ptp(axes.get_zlim())
    assert f"drawn {z / x / 1.5:.3g} times those along z" in axes.get_title()


def test_morphologies_are_all_sections_at_one_scale(network):
    axes = plot_cells(network, morphologies=True, show=False).axes[0]
    lines = axes.collections[0]
    assert len(lines._segments3d) == len(network_cylinders(network)) == 9 * 8 + 9 * 9 + 3 + 3
    spans = [np.ptp(limits()) for limits in (axes.get_xlim, axes.get_ylim, axes.get_zlim)]
    np.testing.assert_allclose(axes._box_aspect / axes._box_aspect[2], np.array(spans) / spans[2])


def test_cylinders_lie_where_the_cells_are(network):
    cylinders = network_cylinders(network, gids=[5, 20])
    assert set(cylinders.gids.tolist()) == {5, 20}
    for gid in (5, 20):
        kind = network.gid_to_type(gid)
        template = network.cell_types[kind]
        own = [k for k in range(len(cylinders)) if cylinders.gids[k] == gid]
        for row, (name, section) in zip(own, template.sections.items(), strict=True):
            expected = np.array(section.end_points_um) + network.position(gid)
            np.testing.assert_allclose(cylinders.ends[row], expected)
            assert (cylinders.sections[row], cylinders.diameters[row]) == (name, section.diam_um)
    with pytest.raises(ParameterError, match="no cell to draw"):
        network_cylinders(network, gids=[])


def test_tubes_have_the_radius_of_their_section(network):
    cylinders = network_cylinders(network, gids=[20])
    mesh, owner = tube_mesh(cylinders, thickness=2.0)
    assert set(owner.tolist()) == set(range(len(cylinders)))
    points = np.asarray(mesh.points, dtype=float)
    for row in range(len(cylinders)):
        start, stop = cylinders.ends[row]
        along = (stop - start) / np.linalg.norm(stop - start)
        relative = points[owner == row] - start
        distance = np.linalg.norm(relative - np.outer(relative @ along, along), axis=1)
        np.testing.assert_allclose(distance, cylinders.diameters[row], rtol=1e-3)  # twice the radius


@pytest.mark.parametrize(("extent", "length"), [(2000.0, 500.0), (1999.0, 200.0), (39.0, 5.0), (8.0, 2.0)])
def test_scale_bars_are_round_and_at_most_a_quarter(extent, length):
    assert round_length(extent) == length


@pytest.mark.parametrize(
    ("spans", "ticks"), [((600, 2, 2400), [3, 0, 6]), ((1000, 1000, 1000), [6, 6, 6]), ((400, 400, 2400), [2, 2, 6])]
)
def test_short_axes_have_few_ticks(spans, ticks):
    bounds, found = round_box(np.array([(0.0, 0.0, 0.0), spans]))
    assert found == ticks
    for low, high, n in zip(bounds[::2], bounds[1::2], found, strict=True):
        if n:  # numbers at round places
            assert (np.linspace(low, high, n) % 50 == 0).all()


def test_scene_without_a_display(network, tmp_path, capfd):
    file = tmp_path / "column.png"
    plotter = plot_cells(network, renderer="pyvista", screenshot=file, window_size=(300, 400), show=False)
    actors = plotter.actors
    bounds = np.array(actors["cells"].bounds).reshape(3, 2)
    ends = network_cylinders(network).ends.reshape(-1, 3)
    radius = 29 / 2
    assert (bounds[:, 0] <= ends.min(axis=0) + 1).all()
    assert (bounds[:, 0] >= ends.min(axis=0) - radius - 1).all()
    contacts = np.array(actors["electrodes shank"].bounds).reshape(3, 2)
    np.testing.assert_allclose(contacts.mean(axis=1), (150.0, 150.0, 550.0), atol=1.0)
    bar = np.array(actors["scale bar"].bounds).reshape(3, 2)
    assert np.ptp(bar, axis=1) == pytest.approx((0.0, 0.0, 500.0), abs=1e-3)
    picture = plotter.screenshot(return_img=True)
    plotter.close()
    assert picture.shape == (400, 300, 3)
    np.testing.assert_array_equal((plt.imread(file)[..., :3] * 255).round().astype(np.uint8), picture)
    blue = np.abs(picture.astype(int) - np.array([0x00, 0x72, 0xB2])).sum(axis=2) < 120
    red = np.abs(picture.astype(int) - np.array([0xD5, 0x5E, 0x00])).sum(axis=2) < 120
    # layer 2/3 above layer 5
    assert min(blue.sum(), red.sum()) > 100
    assert np.argwhere(blue)[:, 0].mean() < np.argwhere(red)[:, 0].mean()
    assert "X server" not in capfd.readouterr().err


def test_somas_only_in_a_scene(network):
    plotter = plot_cells(network, renderer="pyvista", morphologies=False, show=False, window_size=(100, 100))
    low, high = np.array(plotter.actors["cells"].bounds).reshape(3, 2)[2]
    plotter.close()
    assert (low, high) == pytest.approx((0.0, 1307.4 + 22.1), abs=15.0)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"renderer": "pyvist"}, "Did you mean 'pyvista'"),
        ({"screenshot": "a.png"}, "savefig"),
        ({"renderer": "pyvista", "axes": "mine"}, "axes belong to"),
        ({"renderer": "pyvista", "window_size": 300}, "two integers"),
        ({"renderer": "pyvista", "thickness": 0}, "thickness"),
        ({"azimuth": None}, "azimuth"),
        ({"inplane_distance_um": -1.0}, "inplane_distance_um"),
    ],
)
def test_wrong_arguments(network, options, match):
    with pytest.raises(ParameterError, match=match):
        plot_cells(network, show=False, **options)


def test_flat_axes_and_other_objects_are_refused(network):
    with pytest.raises(ParameterError, match="three-dimensional"):
        plot_cells(network, axes=plt.subplots()[1], show=False)
    with pytest.raises(ParameterError, match="needs a Network, got str"):
        plot_cells("network", show=False)
