"""The cells carry the published numbers."""

import numpy as np
import pytest

from mne_hnn.network import Section, model

CASES = [
    ("jones_2009", "L2_basket"),
    ("jones_2009", "L2_pyramidal"),
    ("jones_2009", "L5_basket"),
    ("jones_2009", "L5_pyramidal"),
    ("law_2021", "L2_pyramidal"),
    ("law_2021", "L5_pyramidal"),
    ("calcium", "L5_pyramidal"),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def pair(request, reference):
    name, cell_type = request.param
    return model(name).cell_types[cell_type], reference["cells"][name][cell_type]


def test_section_numbers(pair):
    template, expected = pair
    assert list(template.sections) == expected["order"]
    for name, row in expected["sections"].items():
        section = template.section(name)
        numbers = [
            section.L_um,
            section.diam_um,
            section.Ra_ohm_cm,
            section.cm_uF_cm2,
            section.nseg,
            section.v_init_mV,
        ]
        assert numbers == row["numbers"], name
        np.testing.assert_allclose(section.end_points_um, row["end_points"], rtol=0, atol=1e-6)
        assert sorted(section.receptors) == row["receptors"]


def test_channels_and_densities(pair):
    template, expected = pair
    for name, row in expected["sections"].items():
        section = template.section(name)
        assert set(section.channels) == set(row["channels"]), name
        for channel, parameters in row["channels"].items():
            for parameter, value in parameters.items():
                density = template.density(name, channel, parameter)
                assert density.shape == (section.nseg,)
                np.testing.assert_allclose(density, value, rtol=1e-13, err_msg=f"{name} {channel} {parameter}")


def test_basket_takes_channel_defaults(column):
    basket = column.cell_types["L2_basket"]
    values = [basket.density("soma", "hh", name)[0] for name in ("gnabar", "gkbar", "gl", "el")]
    assert values == [0.12, 0.036, 0.0003, -54.3]


def test_geometry(pair):
    template, expected = pair
    for name, row in expected["sections"].items():
        if row["cos_theta"] is not None:
            assert template.cos_theta(name) == pytest.approx(row["cos_theta"], abs=1e-11)
            assert template.path_distance_um(name, 0.5) == pytest.approx(row["centre"], abs=1e-9)


def test_tree_synapses_locations(pair):
    template, expected = pair
    tree = [[b.child, b.child_end, b.parent, b.parent_end] for b in template.tree]
    assert tree == expected["tree"]
    synapses = {k: {"e": s.e_mV, "tau1": s.tau1_ms, "tau2": s.tau2_ms} for k, s in template.synapses.items()}
    assert synapses == expected["synapses"]
    assert {k: list(v) for k, v in template.locations.items()} == expected["locations"]
    assert template.root == "soma"


def test_metadata(column):
    rows = {name: (t.layer, t.morphology, t.electro_type, t.measures_dipole) for name, t in column.cell_types.items()}
    assert rows == {
        "L2_basket": ("L2", "basket", "inhibitory", False),
        "L2_pyramidal": ("L2", "pyramidal", "excitatory", True),
        "L5_basket": ("L5", "basket", "inhibitory", False),
        "L5_pyramidal": ("L5", "pyramidal", "excitatory", True),
    }


def test_number_of_segments(reference):
    for length, nseg in reference["nseg"].items():
        section = Section(
            L_um=float(length), diam_um=1, Ra_ohm_cm=1, cm_uF_cm2=1, v_init_mV=-70, end_points_um=((0, 0, 0), (0, 0, 1))
        )
        assert section.nseg == nseg, length


def test_total_segments_of_the_column(column):
    """8,770 segments and 1,770 sections in the published 10x10 column."""
    sections = segments = 0
    for population in column.populations.values():
        parts = population.template.sections.values()
        sections += len(population) * len(parts)
        segments += len(population) * sum(section.nseg for section in parts)
    assert (sections, segments) == (1770, 8770)
