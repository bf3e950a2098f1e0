"""Cells as the kernel sees them, against NEURON's own sections."""

import numpy as np
import pytest
from random_networks import edited_cell, grown_cell

from mne_hnn.network import jones_2009, replace
from mne_hnn.simulate import _neuron, clear
from mne_hnn.simulate.cell import MEMBRANES, Cell, moment_weights, section_plan
from mne_hnn.simulate.kernel.cells import mechanism, middle_nodes, node_tree, segment_of

PUBLISHED = jones_2009(mesh_shape=(1, 1)).cell_types
SEEDS = range(12)


def templates():
    """The published cells, edited ones, and trees of any shape."""
    edited = [edited_cell(np.random.default_rng(seed), PUBLISHED["L5_pyramidal"]) for seed in range(3)]
    grown = [grown_cell(np.random.default_rng(seed), f"own_{seed}") for seed in SEEDS]
    return [*PUBLISHED.values(), *edited, *grown]


@pytest.fixture(scope="module", autouse=True)
def _no_other_cells():
    clear()


@pytest.fixture
def build():
    """Return a function that makes a cell in NEURON; it is gone after the test."""
    h, _ = _neuron.load()
    made = []

    def make(template):
        made.append(Cell(h, [section_plan(template, name) for name in template.sections], template))
        return made[-1].sections

    yield make
    made.clear()


def neighbours(tree):
    """Conductance between nodes, in both directions."""
    return {
        **{(child, int(parent)): g for child, (parent, g) in enumerate(zip(tree.parent, tree.axial_uS, strict=True))},
        **{(int(parent), child): g for child, (parent, g) in enumerate(zip(tree.parent, tree.axial_uS, strict=True))},
    }


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.name)
def test_areas_capacities_and_resistances_are_those_of_neuron(build, template):
    sections = build(template)
    tree = node_tree(template)
    between = neighbours(tree)
    upside_down = {branch.child for branch in template.tree if branch.child_end == 1}
    assert len(tree.segments) == sum(section.nseg for section in sections.values())
    for name, section in sections.items():
        for number, segment in enumerate(section):
            node = tree.segments[name, number]
            assert tree.area[node] * 100 == pytest.approx(segment.area(), rel=1e-12)
            assert tree.capacity[node] == pytest.approx(segment.cm * segment.area() * 1e-5, rel=1e-12)
            # that to the segment nearer to the root
            nearer = number + 1 if name in upside_down else number - 1
            if (name, nearer) in tree.segments:
                g = between[node, tree.segments[name, nearer]]
                assert 1 / g == pytest.approx(segment.ri(), rel=1e-12)


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.name)
def test_a_parent_comes_before_its_children_and_the_root_is_where_spikes_are_told(build, template):
    tree = node_tree(template)
    n = len(tree.parent)
    assert tree.parent[0] == -1
    assert all(0 <= tree.parent[k] < k for k in range(1, n))
    assert tree.segments[template.root, segment_of(template, template.root)] == 0
    assert middle_nodes(template, tree, [template.root]) == [0]
    assert sorted(tree.segments.values()) == [k for k in range(n) if tree.area[k] > 0]
    sections = build(template)
    for name, section in sections.items():  # NEURON's middle of a section is the same segment
        assert section(0.5).node_index() == list(section)[segment_of(template, name)].node_index()


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.name)
def test_parameters_of_every_segment_are_those_of_neuron(build, template):
    sections = build(template)
    tree = node_tree(template)
    names = [name for name, _ in MEMBRANES]
    at = 0
    places = {node: key for key, node in tree.segments.items()}
    for node, kind in enumerate(tree.membrane):
        if not kind:
            assert node not in places or not template.sections[places[node][0]].channels
            continue
        membrane = names[kind - 1]
        section, number = places[node]
        segment = getattr(list(sections[section])[number], membrane)
        for parameter in mechanism(membrane).parameters:
            assert tree.parameters[at] == pytest.approx(getattr(segment, parameter), rel=1e-12), parameter
            at += 1
    assert at == len(tree.parameters)


def passive(template):
    """The same shape with a leak only, of several densities."""
    for k, name in enumerate(template.sections):
        leak = {"gnabar": 0.0, "gkbar": 0.0, "gl": 1e-4 * (k + 1), "el": -70.0 + 2 * k}
        section = template.sections[name]
        template = replace(
            template, sections={**template.sections, name: replace(section, channels={"hh": leak} if k != 1 else {})}
        )
    return template


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.name)
def test_the_passive_response_of_a_tree_is_that_of_neuron(build, template):
    """Backward Euler on the tree's matrix, written out, for voltages that differ at the start."""
    template = passive(template)
    tree = node_tree(template)
    n, dt = len(tree.parent), 0.025
    leak, reversal = np.zeros(n), np.zeros(n)
    count = len(mechanism("hnn_hh").parameters)
    rows = tree.parameters.reshape(-1, count)
    for row, node in zip(rows, np.flatnonzero(tree.membrane), strict=True):
        values = dict(zip(mechanism("hnn_hh").parameters, row, strict=True))
        leak[node], reversal[node] = values["hh_gl"] * tree.area[node], values["hh_el"]
    matrix = np.diag(tree.capacity / dt + leak)
    for child in range(1, n):
        parent, g = tree.parent[child], tree.axial_uS[child]
        matrix[child, child] += g
        matrix[parent, parent] += g
        matrix[child, parent] -= g
        matrix[parent, child] -= g
    v = tree.start_mV.copy()
    h, _ = _neuron.load()
    sections = build(template)
    h.dt, h.secondorder = dt, 0
    for name, section in sections.items():
        section.v = template.sections[name].v_init_mV
    h.finitialize()
    for _ in range(60):
        h.fadvance()
        v = np.linalg.solve(matrix, tree.capacity / dt * v + leak * reversal)
    for (name, number), node in tree.segments.items():
        assert list(sections[name])[number].v == pytest.approx(v[node], abs=1e-9)
    assert np.abs(v - tree.start_mV).max() > 0.1
    if template.measures_dipole:  # the ends of sections, which are no nodes where fewer than three meet
        expected = sum(weight * sections[name](end).v for (name, end), weight in moment_weights(template).items())
        moment = sum(weight * v[node] for node, weight in tree.moment.items())
        scale = sum(abs(weight) for weight in tree.moment.values()) * 70.0
        assert moment == pytest.approx(expected, abs=1e-11 * scale)


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.name)
def test_the_first_moment_is_that_of_the_start_voltages(build, template):
    sections = build(template)
    h, _ = _neuron.load()
    for name, section in sections.items():
        section.v = template.sections[name].v_init_mV
    h.finitialize()
    weights = moment_weights(template) if template.measures_dipole else {}
    expected = sum(weight * sections[name](end).v for (name, end), weight in weights.items())
    scale = sum(abs(weight) for weight in weights.values()) * 70.0
    assert node_tree(template).first_moment == pytest.approx(expected, abs=1e-12 * scale)
