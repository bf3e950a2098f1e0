"""The built cells against the physics of cables, currents and dipoles."""

import math

import numpy as np
import pytest

from mne_hnn.network import CellTemplate, Network, Population, Section, jones_2009, with_erp_drives
from mne_hnn.network.sections import Branch
from mne_hnn.simulate import Record, SimulationSettings, engine
from mne_hnn.simulate.build import MOMENT_SLOTS
from mne_hnn.simulate.cell import effective_diameter, moment_weights
from mne_hnn.simulate.engine import run_trial

EL = -65.0


def passive_section(length, diameter, start, stop, *, nseg, gl=1e-4, v_init=EL):
    """A cylinder with a leak and nothing else."""
    return Section(
        L_um=length,
        diam_um=diameter,
        Ra_ohm_cm=200.0,
        cm_uF_cm2=1.0,
        v_init_mV=v_init,
        end_points_um=(start, stop),
        channels={"hh": {"gnabar": 0.0, "gkbar": 0.0, "gl": gl, "el": EL}},
        receptors=(),
        nseg_override=nseg,
    )


def one_cell(sections, tree=()):
    template = CellTemplate(
        name="cable",
        sections=sections,
        tree=tree,
        synapses={},
        locations={},
        layer="L5",
        morphology="cable",
        electro_type="excitatory",
        measures_dipole=True,
    )
    return Network(name="cable", populations={"cable": Population(template=template, positions_um=[(0, 0, 0)])})


def cable(length=1000.0, diameter=2.0, nseg=301, gl=1e-4):
    """Two halves of one cylinder, so that current can enter in the middle of either."""
    half = length / 2
    return one_cell(
        {
            "soma": passive_section(half, diameter, (0, 0, 0), (0, 0, half), nseg=nseg, gl=gl),
            "dendrite": passive_section(half, diameter, (0, 0, half), (0, 0, length), nseg=nseg, gl=gl),
        },
        [Branch(child="dendrite", child_end=0, parent="soma", parent_end=1)],
    )


each_engine = pytest.mark.parametrize("name", ["kernel", "coreneuron", "neuron"])


def run(network, tstop=170.0, trial=0, name="coreneuron", record=None):
    return run_trial(network, trial, SimulationSettings(tstop=tstop, engine=name, record=record))


def test_steady_voltage_of_a_sealed_cable_is_the_closed_form():
    """Injection at x0 into a sealed cable: V = I R cosh(..)cosh(..)/sinh(L/lambda)."""
    length, diameter, gl, amplitude = 1000.0, 2.0, 1e-4, 0.01
    network = cable(length, diameter, gl=gl).with_tonic_bias("step", amplitude_nA={"cable": amplitude}, section="soma")
    run(network, tstop=400.0)
    column = engine._column
    diameter = effective_diameter(diameter)
    # um and ohm cm to cm; lambda = sqrt(d/(4 Ra gl))
    space = math.sqrt(diameter * 1e-4 / (4 * 200.0 * gl)) * 1e4
    resistance = 4 * 200.0 * space * 1e-4 / (math.pi * (diameter * 1e-4) ** 2) * 1e-6  # MOhm
    entry = length / 4
    for name, offset in (("soma", 0.0), ("dendrite", length / 2)):
        section = column.section(0, name)
        for segment in list(section)[::30]:
            x = offset + segment.x * length / 2
            near, far = min(x, entry), max(x, entry)
            shape = math.cosh(near / space) * math.cosh((length - far) / space) / math.sinh(length / space)
            assert segment.v - EL == pytest.approx(amplitude * resistance * shape, rel=1e-4)


@each_engine
def test_dipole_of_a_current_source_and_sink_is_current_times_distance(name):
    """Without a leak all of the current that enters one half leaves the other: Q = I d."""
    amplitude, length = 0.02, 1000.0
    network = cable(length, gl=0.0)
    network = network.with_tonic_bias("source", amplitude_nA={"cable": amplitude}, section="soma")
    network = network.with_tonic_bias("sink", amplitude_nA={"cable": -amplitude}, section="dendrite")
    trial = run(network, tstop=400.0, name=name)
    moment = trial.moments["cable"][-1]
    assert moment == pytest.approx(amplitude * length / 2 * 1.0, rel=1e-4)  # nA um = fA m, upwards
    reversed_ = network.without_biases("source", "sink")
    reversed_ = reversed_.with_tonic_bias("source", amplitude_nA={"cable": amplitude}, section="dendrite")
    reversed_ = reversed_.with_tonic_bias("sink", amplitude_nA={"cable": -amplitude}, section="soma")
    assert run(reversed_, tstop=400.0, name=name).moments["cable"][-1] == pytest.approx(-moment, rel=1e-9)


@pytest.mark.parametrize("cell_type", ["L2_pyramidal", "L5_pyramidal"])
def test_moment_weights_equal_the_sum_over_segments(cell_type):
    """The weights on section ends equal the sum over all axial currents of their length along the apical axis."""
    template = jones_2009(mesh_shape=(1, 1)).cell_types[cell_type]
    rng = np.random.default_rng(7)
    parents = template.parents
    ends: dict[tuple[str, float], float] = {}

    def end_voltage(section, end):
        branch = parents.get(section)
        if branch is not None and end == branch.child_end:
            return end_voltage(branch.parent, branch.parent_end)
        return ends.setdefault((section, end), rng.normal(-65, 5))

    total = 0.0
    for name, section in template.sections.items():
        n = section.nseg
        step = section.L_um / n
        nodes = np.array([end_voltage(name, 0.0), *rng.normal(-65, 5, n), end_voltage(name, 1.0)])
        lengths = np.array([step / 2, *[step] * (n - 1), step / 2])
        area = math.pi * effective_diameter(section.diam_um) ** 2 / 4
        resistance = section.Ra_ohm_cm * 0.01 * lengths / area  # MOhm
        current = -np.diff(nodes) / resistance  # nA from end 0 to end 1
        total += template.cos_theta(name) * np.sum(current * lengths)
    weighted = sum(weight * ends[node] for node, weight in moment_weights(template).items())
    assert weighted == pytest.approx(total, rel=1e-10)


def test_a_tree_with_more_ends_than_one_moment_holds():
    """Twenty branches on a soma: the moment is spread over several mechanisms and still adds up."""
    rng = np.random.default_rng(3)
    sections = {"soma": passive_section(20, 20, (0, 0, 0), (0, 0, 20), nseg=1, v_init=-60.0)}
    tree = []
    for k in range(20):
        angle = rng.uniform(-1, 1)
        stop = (100 * math.sqrt(1 - angle**2), 0, 20 + 100 * angle)
        name = f"branch_{k}"
        sections[name] = passive_section(100, 2, (0, 0, 20), stop, nseg=3, v_init=rng.uniform(-80, -50))
        tree.append(Branch(child=name, child_end=0, parent="soma", parent_end=1))
    network = one_cell(sections, tree)
    weights = moment_weights(network.cell_types["cable"])
    assert len(weights) > MOMENT_SLOTS
    trial = run(network, tstop=1.0)
    column = engine._column
    expected = sum(weight * column.section(0, name)(end).v for (name, end), weight in weights.items())
    assert trial.moments["cable"][-1] == pytest.approx(expected, rel=1e-9)
    assert run(network, tstop=1.0, name="kernel").moments["cable"][-1] == pytest.approx(expected, rel=1e-9)


def test_membrane_currents_of_a_cell_sum_to_zero():
    """What enters a driven cell leaves it, at every moment: charge is conserved."""
    network = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    gid = network.gid_ranges["L5_pyramidal"][0]
    record = Record(membrane_current="all", cells=[gid])
    currents = run(network, tstop=60.0, name="neuron", record=record).recordings["membrane_current"]
    assert currents.shape == (len(network.cell_types["L5_pyramidal"].sections), 2401)
    assert np.abs(currents).max() > 1.0  # nA: it spiked
    # the first sample is the start, not yet a solution of the cable equation
    assert np.abs(currents[:, 1:].sum(axis=0)).max() < 1e-12 * np.abs(currents).max()


@each_engine
def test_without_drives_nothing_happens(name):
    """The undriven column gives its baseline and nothing else: zero to the last bits."""
    network = jones_2009(mesh_shape=(3, 3))
    trial = run(network, tstop=250.0, name=name)
    assert len(trial.spike_times) == 0
    for cell_type, moment in trial.moments.items():
        scale = np.abs(moment).max()
        assert np.abs(moment - trial.references[cell_type]).max() < 1e-12 * scale


@each_engine
def test_no_weight_means_no_effect(name):
    """A drive of weight zero leaves the column at its baseline; a weight brings it off."""
    quiet = jones_2009(mesh_shape=(2, 2)).with_evoked_drive(
        "touch", mu_ms=10, sigma_ms=1, location="proximal", weights_ampa={"L2_pyramidal": 0.0}
    )
    loud = quiet.with_drive_changes("touch", weights_ampa={"L2_pyramidal": 0.01})
    a, b = run(quiet, tstop=30.0, name=name), run(loud, tstop=30.0, name=name)
    assert np.abs(a.moments["L2_pyramidal"] - a.references["L2_pyramidal"]).max() < 1e-12
    assert np.abs(b.moments["L2_pyramidal"] - b.references["L2_pyramidal"]).max() > 1.0
    np.testing.assert_array_equal(a.references["L2_pyramidal"], b.references["L2_pyramidal"])
