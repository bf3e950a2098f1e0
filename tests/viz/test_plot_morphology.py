"""The shape of a cell: sizes, labels and locations."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Polygon
from matplotlib.text import Text
from scipy.optimize import minimize

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009
from mne_hnn.viz import plot_morphology
from mne_hnn.viz.colors import location_color
from mne_hnn.viz.morphology import NO_LOCATION, _space_out

TEMPLATES = jones_2009(mesh_shape=(1, 1)).cell_types


def _strips(axes):
    found = {}
    for patch in axes.patches:
        assert isinstance(patch, Polygon)
        found.setdefault(patch.get_gid(), []).append(patch)
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_sections_have_true_lengths_and_diameters(name):
    template = TEMPLATES[name]
    axes = template.plot_morphology(show=False).axes[0]
    strips = _strips(axes)
    assert list(strips) == list(template.sections)
    for section, parts in strips.items():
        corners = parts[0].get_xy()[:4]
        values = template.sections[section]
        assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(values.L_um)
        widths = [np.linalg.norm(part.get_xy()[3] - part.get_xy()[0]) for part in parts]
        assert sum(widths) == pytest.approx(values.diam_um)
    assert axes.get_aspect() == 1.0


def test_labels_say_names_sizes_and_receptors():
    template = TEMPLATES["L5_pyramidal"]
    axes = plot_morphology(template, show=False).axes[0]
    texts = [text.get_text() for text in axes.texts]
    for name, section in template.sections.items():
        size = f"{section.L_um:g} \N{MULTIPLICATION SIGN} {section.diam_um:g} \N{MICRO SIGN}m"
        assert f"{name.replace('_', ' ')}\n{size}" in texts
    assert "Receptors\nsoma: gabaa, gabab\nall others: ampa, nmda, gabaa, gabab" in texts
    assert axes.get_title() == "L5 pyramidal"
    bar = next(text for text in texts if re.fullmatch(r"[0-9.]+ \N{MICRO SIGN}m", text))
    assert np.ptp(axes.lines[-1].get_ydata()) == pytest.approx(float(bar.split()[0]))


def test_colours_are_those_of_the_locations():
    strips = _strips(plot_morphology(TEMPLATES["L5_pyramidal"], show=False).axes[0])
    colors = {name: [to_hex(part.get_facecolor()) for part in parts] for name, parts in strips.items()}
    assert colors["apical_tuft"] == [location_color("distal").lower()]
    assert colors["basal_2"] == colors["apical_oblique"] == [location_color("proximal").lower()]
    assert colors["soma"] == colors["basal_1"] == [NO_LOCATION.lower()]
    both = _strips(plot_morphology(TEMPLATES["L2_basket"], show=False).axes[0])["soma"]
    # one half each
    assert {to_hex(part.get_facecolor()) for part in both} == {
        location_color("distal").lower(),
        location_color("proximal").lower(),
    }


def test_labels_of_neighbours_do_not_overlap():
    fig = plot_morphology(TEMPLATES, show=False)
    fig.canvas.draw()
    for axes in fig.axes:
        # of the words alone, without the line to the section
        boxes = [Text.get_window_extent(text) for text in axes.texts if "\N{MULTIPLICATION SIGN}" in text.get_text()]
        assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_several_templates_share_one_scale():
    fig = plot_morphology(TEMPLATES, show=False)
    fig.canvas.draw()
    assert [axes.get_title() for axes in fig.axes] == [name.replace("_", " ") for name in TEMPLATES]
    scales = [axes.transData.get_matrix() for axes in fig.axes]
    for matrix in scales:
        np.testing.assert_allclose((matrix[0, 0], matrix[1, 1]), scales[0][0, 0], rtol=1e-6)


def test_cells_in_another_plane_are_turned_into_the_picture():
    template = TEMPLATES["L2_pyramidal"]
    turned = template
    for name, section in template.sections.items():
        ends = [(-y, x, z) for x, y, z in section.end_points_um]
        turned = turned.with_section(name, end_points_um=ends)
    before = _strips(plot_morphology(template, show=False).axes[0])
    after = _strips(plot_morphology(turned, show=False).axes[0])
    for name in before:
        np.testing.assert_allclose(after[name][0].get_xy(), before[name][0].get_xy(), atol=1e-9)


@given(st.lists(st.floats(-1000, 1000), max_size=8).map(sorted), st.floats(0.1, 200))
def test_spaced_labels_keep_their_distance(heights, step):
    moved = _space_out(np.array(heights), step)
    assert len(moved) == len(heights)
    assert (np.diff(moved) >= step * (1 - 1e-9) - 1e-9).all()
    if heights and (np.diff(heights) >= step).all():
        np.testing.assert_allclose(moved, heights, atol=1e-9)


def test_spaced_labels_move_as_little_as_possible():
    heights, step = np.array([0.0, 1.0, 2.0, 30.0, 31.0]), 10.0
    moved = _space_out(heights, step)
    constraints = {"type": "ineq", "fun": lambda x: np.diff(x) - step}
    best = minimize(lambda x: np.sum((x - heights) ** 2), heights + np.arange(5), constraints=constraints)
    np.testing.assert_allclose(moved, best.x, atol=1e-3)


def test_wrong_arguments():
    with pytest.raises(ParameterError, match="got Network"):
        plot_morphology(jones_2009(mesh_shape=(1, 1)), show=False)
    with pytest.raises(ParameterError, match="empty mapping"):
        plot_morphology({}, show=False)
    with pytest.raises(ParameterError, match="axes hold one template, got 4"):
        plot_morphology(TEMPLATES, axes=plt.subplots()[1], show=False)


def test_own_axes_are_used():
    fig, axes = plt.subplots()
    assert plot_morphology(TEMPLATES["L5_basket"], axes=axes, show=False) is fig
    assert len(axes.patches) == 1
