"""What the kernel records of cells and electrodes, against plain NEURON and against what physics demands."""

from functools import cache

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.network import Branch, CellTemplate, Network, Population, Section, jones_2009, with_erp_drives
from mne_hnn.simulate import Record, SimulationSettings, engine, simulate
from mne_hnn.simulate.extracellular import potential_weights
from mne_hnn.simulate.kernel import beyond_kernel, probes, run
from mne_hnn.simulate.kernel.plan import type_plans

SHANK = [(40.0, 45.0, float(z)) for z in range(-300, 2000, 460)]
PROBE = [(-20.0, 10.0, 900.0), (14.0, 71.0, -100.0)]
QUANTITIES = ("voltage", "synaptic_current", "calcium", "membrane_current")
EVERYTHING = dict.fromkeys(QUANTITIES, "all")
TSTOP = 45.0


@cache
def driven():
    """More cells of a type than any register has lanes, which the drives reach at different times or never."""
    return (
        with_erp_drives(jones_2009(mesh_shape=(3, 3)))
        .with_positions(inplane_distance_um=30.0)
        .with_electrodes("shank", SHANK)
        .with_electrodes("probe", PROBE, method="lsa", conductivity_S_m=0.25)
    )


@cache
def edited():
    """Other channels, receptors and segments, biases that begin and end within the run, and noise."""
    network = (
        jones_2009(mesh_shape=(2, 2))
        .with_section("L2_pyramidal", "apical_trunk", nseg_override=4)
        .with_section("L5_pyramidal", "soma", v_init_mV=-62.0)
        .without_channel("L5_pyramidal", "apical_tuft", "ca")
        .with_channel("L5_pyramidal", "basal_1", "cat", gbar=3e-4)
        .with_synapse("L5_pyramidal", "gabaa", tau2_ms=2.0, e_mV=-75.0)
        .with_tonic_bias("brief", amplitude_nA={"L5_pyramidal": 0.8, "L2_basket": -0.05}, t0_ms=3.0, tstop_ms=21.7)
        .with_tonic_bias("late", amplitude_nA={"L5_pyramidal": -0.1}, section="apical_1", t0_ms=12.3)
    )
    drive = {"n_drive_cells": 2, "cell_specific": False, "location": "proximal", "synaptic_delays": 0.1}
    weights = {"weights_ampa": {"L5_pyramidal": 0.01, "L2_pyramidal": 0.02}, "weights_nmda": {"L5_pyramidal": 0.003}}
    network = network.with_poisson_drive("noise", tstart=2.0, rate_Hz=150.0, event_seed=4, **drive, **weights)
    return network.with_electrodes("shank", SHANK[:3]).with_electrodes("probe", PROBE, min_distance_um=5.0)


def hook():
    """A cell without synapses or dipole, of two sections in a row and two at a joint, the last bare of channels."""
    ends = {"body": ((0, 0, 0), (0, 0, 30)), "neck": ((0, 0, 30), (0, 0, 80))}
    ends |= {"left": ((0, 0, 80), (60, 0, 120)), "right": ((0, 0, 80), (-90, 0, 100))}
    channels = {"hh": {"gnabar": 0.1, "gkbar": 0.02, "gl": 4e-5, "el": -65.0}}
    common = {"Ra_ohm_cm": 150.0, "cm_uF_cm2": 0.9, "v_init_mV": -64.0}
    sections = {
        name: Section(
            L_um=float(np.linalg.norm(np.subtract(*where))),
            diam_um=4.0 if name == "body" else 1.5,
            end_points_um=where,
            channels={} if name == "right" else channels,
            nseg_override=3 if name == "left" else 1,
            **common,
        )
        for name, where in ends.items()
    }
    tree = [Branch(child=child, parent=parent) for child, parent in (("neck", "body"), ("left", "neck"))]
    tree.append(Branch(child="right", parent="neck"))
    template = CellTemplate(
        name="hook", sections=sections, tree=tree, layer="L2", morphology="hook", electro_type="excitatory",
        measures_dipole=False,
    )  # fmt: skip
    cells = Population(template=template, positions_um=[(0.0, 0.0, 0.0), (50.0, 5.0, -20.0)])
    network = Network(name="hooks", populations={"hook": cells})
    network = network.with_tonic_bias("push", amplitude_nA={"hook": 0.05}, section="neck", t0_ms=2.0, tstop_ms=9.0)
    return network.with_electrodes("shank", [(20.0, 20.0, 50.0)])


NETWORKS = {"driven": driven, "edited": edited, "hook": hook}
# that a cell type has no synapses, or no calcium, is refused
ASKED = dict.fromkeys(NETWORKS, EVERYTHING) | {"hook": {"voltage": "all", "membrane_current": "all"}}


@cache
def recorded(name, which, sfreq=None):
    record = {**ASKED[name], "sfreq": sfreq}
    return simulate(NETWORKS[name](), TSTOP, n_trials=2, engine=which, record=record, verbose="error")


def tables(simulation):
    """Return all that was recorded, by name."""
    found = {quantity: recording.data for quantity, recording in simulation.recordings.items()}
    return found | {name: epochs.get_data() for name, epochs in simulation.lfp.items()}


@pytest.fixture(autouse=True)
def _only_the_kernel(monkeypatch):
    """Recording is no reason to leave it."""
    run_in_neuron = engine._run_in_neuron

    def watched(expanded, settings, progress):
        assert settings.engine != "kernel"
        return run_in_neuron(expanded, settings, progress)

    monkeypatch.setattr(engine, "_run_in_neuron", watched)


@pytest.mark.parametrize("sfreq", [None, 4000.0, 40_000 / 7])
@pytest.mark.parametrize("name", NETWORKS)
def test_everything_equals_plain_neuron(name, sfreq):
    own, neuron = tables(recorded(name, "kernel", sfreq)), tables(recorded(name, "neuron", sfreq))
    assert own.keys() == neuron.keys()
    for table, expected in neuron.items():
        assert own[table].shape == expected.shape
        size = np.abs(expected).max()
        assert size > 0, table
        np.testing.assert_allclose(own[table], expected, rtol=0, atol=1e-9 * size, err_msg=table)
        np.testing.assert_array_equal(own[table][..., 0] == 0, expected[..., 0] == 0, err_msg=table)


def test_currents_of_a_cell_sum_to_what_its_biases_bring():
    """Kirchhoff: what enters through an electrode leaves through the membrane, in the same step."""
    simulation = recorded("edited", "kernel")
    currents = simulation.recordings["membrane_current"]
    times = 0.025 * np.arange(currents.data.shape[-1])
    steps = times - 0.0125  # the middle of the step that ends at each sample
    brief, late = (steps >= 3.0) & (steps < 21.7), steps >= 12.3
    expected = {"L5_pyramidal": 0.8 * brief - 0.1 * late, "L2_basket": -0.05 * brief, "L2_pyramidal": 0.0 * steps}
    for cell_type, current in expected.items():
        rows = [row for row, channel in enumerate(currents.channels) if channel.cell_type == cell_type]
        n_cells = len(edited().populations[cell_type])
        per_cell = currents.data[:, rows].reshape(2, n_cells, -1, len(times)).sum(axis=2)
        bound = 1e-12 * np.abs(currents.data[:, rows]).max() + 1e-21
        np.testing.assert_allclose(per_cell, np.broadcast_to(current * 1e-9, per_cell.shape), rtol=0, atol=bound)


@pytest.mark.parametrize("record", [{}, {"voltage": "all", "sfreq": 1000.0}, EVERYTHING])
@pytest.mark.parametrize("electrodes", [True, False])
def test_recording_changes_no_bit(record, electrodes):
    """Also not of cells that wait for their first event."""
    network = driven() if electrodes else driven().without_electrodes()
    plain = simulate(driven().without_electrodes(), TSTOP, verbose="error")
    other = simulate(network, TSTOP, record=record, verbose="error")
    assert len(plain.spikes) > 10
    assert other.dipole.data.tobytes() == plain.dipole.data.tobytes()
    assert other.spikes == plain.spikes


@pytest.mark.parametrize("cells", ["L2_basket", [0, 8, 23], ["L5_pyramidal", 3]])
def test_chosen_cells_and_sections_are_rows_of_the_whole(cells):
    record = {"voltage": ["soma", "apical_tuft"], "synaptic_current": "soma", "membrane_current": "all", "cells": cells}
    whole = recorded("driven", "kernel", 4000.0).recordings
    part = simulate(driven(), TSTOP, record={**record, "sfreq": 4000.0}, verbose="error").recordings
    for quantity in part:
        rows = [whole[quantity].channels.index(channel) for channel in part[quantity].channels]
        assert rows
        np.testing.assert_array_equal(part[quantity].data[0], whole[quantity].data[0, rows])


def test_stretches_and_duration_change_no_sample(monkeypatch):
    expected = tables(recorded("driven", "kernel"))
    monkeypatch.setattr(run, "n_stretches", lambda tstop: 7)
    parts = simulate(driven(), TSTOP, n_trials=2, record=EVERYTHING, verbose="error")
    for table, values in tables(parts).items():
        np.testing.assert_array_equal(values, expected[table], err_msg=table)
    shorter = simulate(driven(), 20.0, record=EVERYTHING, verbose="error")
    for table, values in tables(shorter).items():
        np.testing.assert_allclose(values[0], expected[table][0, :, :801], rtol=0, atol=1e-20, err_msg=table)


def test_electrodes_in_turn_do_not_take_each_others_weights():
    """What is kept from run to run is the last network's, and its cells' places belong to it."""
    first = simulate(driven(), 20.0, verbose="error").lfp
    other = simulate(driven().without_electrodes("shank"), 20.0, verbose="error").lfp
    moved = simulate(driven().with_positions(inplane_distance_um=32.0), 20.0, verbose="error").lfp
    again = simulate(driven(), 20.0, verbose="error").lfp
    assert set(other) == {"probe"}
    np.testing.assert_array_equal(other["probe"].get_data(), first["probe"].get_data())
    for name in first:
        np.testing.assert_array_equal(again[name].get_data(), first[name].get_data())
        assert np.abs(moved[name].get_data() - first[name].get_data()).max() > 1e-7


def test_any_number_of_contacts():
    """Contacts are taken some at a time: those of one array do not depend on how many there are."""
    contacts = [(44.0, 44.0, 20.0 + 50.0 * k) for k in range(13)]
    base = driven().without_electrodes()
    whole = simulate(base.with_electrodes("e", contacts), 30.0, verbose="error").lfp["e"].get_data()
    for n in (1, 4, 5, 6, 11):
        part = simulate(base.with_electrodes("e", contacts[:n]), 30.0, verbose="error").lfp["e"].get_data()
        np.testing.assert_array_equal(part, whole[:, :n])


def test_weights_of_voltages_are_those_of_the_currents_they_make():
    """Against currents from random voltages, link by link; a uniform voltage makes no potential."""
    network = hook()
    plans = type_plans(network, [])
    found = probes.contact_weights(network, plans)
    assert isinstance(found, probes.ContactWeights)
    assert found.rows == {"shank": slice(0, 1)}
    tree = plans["hook"].tree
    n = len(tree.parent)
    weights = found.of_voltages.reshape(n, 1, 2)
    assert np.abs(weights.sum(axis=0)).max() < 1e-12 * np.abs(weights).max()
    links = np.zeros((n, n))
    for node in range(1, n):
        links[node, tree.parent[node]] = links[tree.parent[node], node] = tree.axial_uS[node]
    voltage = np.random.default_rng(1).normal(-65.0, 10.0, n)
    (point,) = set(range(n)) - set(tree.segments.values())
    voltage[point] = links[point] @ voltage / links[point].sum()  # no current leaves there
    current = links @ voltage - links.sum(axis=1) * voltage
    order = [tree.segments[key] for key in tree.segments]
    of_segments = potential_weights(network.electrodes["shank"], network).reshape(2, len(order))
    for cell in range(2):
        assert weights[:, 0, cell] @ voltage == pytest.approx(of_segments[cell] @ current[order], rel=1e-12)
    np.testing.assert_allclose(found.of_currents["hook"][order, 0], of_segments.sum(axis=0), rtol=1e-14)


def test_without_anything_to_record_nothing_is_watched():
    network = driven().without_electrodes()
    settings = SimulationSettings(tstop=10.0)
    nothing = probes.Probes(network, type_plans(network, []), settings, clamps={}, weights=None)
    assert not nothing
    assert nothing.results() == ({}, {})


def test_recording_is_within_the_kernel():
    settings = SimulationSettings(tstop=10.0, record=Record(**EVERYTHING))
    assert beyond_kernel(driven(), settings) is None
    assert beyond_kernel(driven(), SimulationSettings(tstop=10.0, n_threads=2)) == "several threads"


@pytest.mark.parametrize("electrodes", [True, False])
def test_search_records_nothing(electrodes):
    network = driven() if electrodes else driven().without_electrodes()
    record = {} if electrodes else {"voltage": "soma"}
    with pytest.raises(ParameterError, match=r"^precision='search' .* take precision='exact'"):
        simulate(network, 10.0, precision="search", record=record, verbose="error")
