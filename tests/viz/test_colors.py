"""Colours can be told apart, also by readers with red-green blindness."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.viz.colors import (
    COMPARED,
    LAYERS,
    cell_type_colors,
    chosen_colors,
    drive_colors,
    ink,
    layer_number,
    location_color,
    spike_colors,
)

TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
# severity 1.0 of Machado, Oliveira & Fernandes (2009), https://doi.org/10.1109/TVCG.2009.113, for linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def lab(color, vision):
    """CIE Lab of a colour as seen."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    relative = XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / WHITE
    edge = 6 / 29
    x, y, z = np.where(relative > edge**3, np.cbrt(relative), relative / (3 * edge**2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def closest(colors):
    """Smallest distance between two of the colours in any kind of vision; 2.3 is just noticeable."""
    return min(
        (np.linalg.norm(lab(one, vision) - lab(other, vision)), vision, one, other)
        for vision in VISION
        for one, other in combinations(colors, 2)
    )


def many_drives():
    network = jones_2009(mesh_shape=(1, 1))
    for name, location in [(f"{where}{k}", where) for where in ("proximal", "distal") for k in range(3)]:
        options = {"weights_ampa": {"L5_pyramidal": 0.1}, "mu_ms": 10, "sigma_ms": 1}
        network = network.with_evoked_drive(name, location=location, **options)
    return network


def test_lab_of_known_colours():
    np.testing.assert_allclose(lab("white", "normal"), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab("red", "normal"), [53.24, 80.09, 67.20], atol=0.05)
    # what the check is for: this red and this green are one brown to a deuteranope
    assert closest(["#A05A2C", "#6B8E23"])[0] < 12 < np.linalg.norm(lab("#A05A2C", "normal") - lab("#6B8E23", "normal"))


@pytest.mark.parametrize(
    ("colors", "least"),
    [
        (list(cell_type_colors(TYPES).values()), 18),
        (list(LAYERS.values()), 50),
        (list(drive_colors(many_drives()).values()), 17),
        ([*cell_type_colors(TYPES).values(), *drive_colors(many_drives()).values()], 17),
        (list(COMPARED), 17),
        (list(cell_type_colors([*TYPES, *map(str, range(9))]).values()), 16),
        (list(cell_type_colors([*TYPES, *map(str, range(11))]).values()), 13),
    ],
    ids=["cells", "layers", "drives", "cells-and-drives", "compared", "13-cells", "15-cells"],
)
def test_told_apart_in_every_vision(colors, least):
    assert closest(colors)[0] > least


def test_drives_share_hue_with_their_location_and_differ_in_lightness():
    colors = drive_colors(many_drives())
    for location in ("proximal", "distal"):
        assert colors[f"{location}0"] == location_color(location)
        lightness = [lab(colors[f"{location}{k}"], "normal")[0] for k in range(3)]
        assert min(abs(one - other) for one, other in combinations(lightness, 2)) > 15
    network = with_erp_drives(jones_2009(mesh_shape=(1, 1)))
    colors = drive_colors(network)
    assert colors["evprox1"] == location_color("proximal") != colors["evprox2"]
    assert drive_colors(network.drives) == colors
    # the names alone lead to the same colours
    names = [*network.cell_types, *network.drives]
    assert spike_colors(names) == spike_colors(names, network) == cell_type_colors(TYPES) | colors


def test_five_drives_of_a_side_are_told_apart_and_none_is_nearly_black():
    """In normal vision: a fit of the demo has four distal drives."""
    network = jones_2009(mesh_shape=(1, 1))
    for k in range(5):
        for location in ("proximal", "distal"):
            options = {"weights_ampa": {"L5_pyramidal": 0.1}, "mu_ms": 10, "sigma_ms": 1}
            network = network.with_evoked_drive(f"{location}{k}", location=location, **options)
    colors = drive_colors(network)
    for location in ("proximal", "distal"):
        own = [colors[f"{location}{k}"] for k in range(5)]
        assert closest(own)[0] > 15
        assert min(lab(color, "normal")[0] for color in own) > 25


def test_shades_go_on_when_colours_are_used_up():
    colors = cell_type_colors([*TYPES, *map(str, range(30))])
    assert len(set(colors.values())) == 34
    network = jones_2009(mesh_shape=(1, 1))
    for k in range(7):
        network = network.with_evoked_drive(
            f"ev{k}", location="proximal", weights_ampa={"L5_pyramidal": 0.1}, mu_ms=10, sigma_ms=1
        )
    assert len(set(drive_colors(network).values())) == 7


def test_colours_given_by_the_user():
    default = {"a": "#000000", "b": "#111111"}
    assert chosen_colors(["a", "b"], None, default) == default
    assert chosen_colors(["a", "b"], "red", default) == {"a": "#ff0000", "b": "#ff0000"}
    assert chosen_colors(["a", "b"], ["red", "blue"], default) == {"a": "#ff0000", "b": "#0000ff"}
    assert chosen_colors(["a", "b"], {"b": "red"}, default) == {"a": "#000000", "b": "#ff0000"}
    with pytest.raises(ParameterError, match="Unknown name 'c' in colors"):
        chosen_colors(["a", "b"], {"c": "red"}, default)
    with pytest.raises(ParameterError, match="one colour or 2, one per a, b"):
        chosen_colors(["a", "b"], ["red"], default)
    with pytest.raises(ParameterError, match="'reddish', which is no colour"):
        chosen_colors(["a", "b"], ["red", "reddish"], default)


def test_layers_are_read_from_names_and_writing_is_dark_enough():
    names = {"L2_basket": 2, "L5_pyramidal": 5, "L2/3_vip": 2, "layer4_stellate": 4, "evprox1": None}
    assert {name: layer_number(name) for name in names} == names
    assert ink("#0072B2") == "#0072B2"
    assert ink("#000000") == "#000000"
    # the same hue, darker
    dark, light = (np.array(to_rgb(color)) for color in (ink("#5FE3A1"), "#5FE3A1"))
    np.testing.assert_allclose(dark / light, (dark / light).mean(), atol=0.01)
    assert (dark / light).mean() < 0.8
