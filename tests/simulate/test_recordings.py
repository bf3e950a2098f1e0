"""Recordings of single cells and of electrodes, against the published software and closed forms."""

import math
import warnings
from functools import cache
from pathlib import Path

import mne
import numpy as np
import pytest
from scipy.integrate import quad

from mne_hnn.errors import MneHnnWarning, ParameterError
from mne_hnn.network import CellTemplate, Electrodes, Network, Population, Section, jones_2009, with_erp_drives
from mne_hnn.simulate import Record, SimulationSettings, recorder, simulate, simulate_many
from mne_hnn.simulate.extracellular import contacts_inside_cells, potential_weights
from mne_hnn.simulate.precautions import warn_of_large_tables
from mne_hnn.simulate.record import thinned

DATA = Path(__file__).parent.parent / "data"
CONTACTS = [(40.0, 45.0, float(z)) for z in range(-300, 2000, 460)]
EVERYTHING = {"voltage": "all", "synaptic_current": "all", "calcium": "all", "membrane_current": "all"}
TO_SI = {"voltage": 1e-3, "synaptic_current": 1e-9, "calcium": 1.0}


def network():
    return (
        with_erp_drives(jones_2009(mesh_shape=(3, 3)))
        .with_positions(inplane_distance_um=30.0)
        .with_electrodes("points", CONTACTS)
        .with_electrodes("lines", CONTACTS, method="lsa")
    )


@cache
def recorded(sfreq=1000.0):
    return simulate(network(), 170.0, record={**EVERYTHING, "sfreq": sfreq}, verbose="error")


@cache
def peer():
    with np.load(DATA / "peer_recordings.npz") as stored:
        return dict(stored)


def nrmse(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


def same(value, expected):
    """Equal but for the order in which sums over segments are taken."""
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("quantity", TO_SI)
def test_recordings_equal_those_of_the_published_software(quantity):
    recording = recorded().recordings[quantity]
    compared = 0
    for key, values in peer().items():
        kind, *place = key.split("/")
        if kind != quantity:
            continue
        gid, section = int(place[0]), place[1]
        receptor = place[2].split("_")[-1] if len(place) > 2 else None
        own = recording.select(gids=gid, sections=section, receptors=receptor)
        assert own.data.shape == (1, 1, 171)
        expected = values * TO_SI[quantity]
        if np.any(expected):
            assert nrmse(own.data[0, 0], expected) < 1e-6, key
            compared += 1
        else:
            assert not np.any(own.data), key
    assert compared > 8


def test_potential_equals_that_of_the_published_software():
    own = recorded(None).lfp["points"].get_data()[0, :, ::40] * 1e6
    assert nrmse(own, peer()["lfp/psa"]) < 1e-5
    assert np.abs(own).max() > 50.0  # uV: something was measured


def test_potential_of_the_full_column_equals_the_published_one():
    """The HNN gallery's page on extracellular potentials: 25 contacts through the 10x10 column."""
    contacts = [(135.0, 135.0, float(z)) for z in range(-325, 2076, 100)]
    column = with_erp_drives(jones_2009()).with_positions(inplane_distance_um=30.0).with_electrodes("shank", contacts)
    simulation = simulate(column, 170.0, baseline="published", verbose="error")
    own = simulation.lfp["shank"].get_data()[0, :, ::40] * 1e6
    assert own.shape == (25, 171)
    assert nrmse(own, peer()["h02/lfp"]) < 1e-5
    assert nrmse(simulation.dipole["agg"][::40] * 1e9, peer()["h02/agg"]) < 1e-5


def test_line_sources_differ_from_the_published_ones_by_their_overlap_only():
    """The published software lets neighbouring lines overlap; what is left agrees to some per cent."""
    own = recorded(None).lfp["lines"].get_data()[0, :, ::40] * 1e6
    assert 1e-3 < nrmse(own, peer()["lfp/lsa"]) < 0.06


def test_recording_changes_nothing():
    plain = simulate(network().without_electrodes(), 170.0, verbose="error")
    assert plain.recordings == {}
    assert plain.lfp == {}
    assert plain.dipole.data.tobytes() == recorded().dipole.data.tobytes()
    assert plain.spikes == recorded().spikes


def test_sampling_takes_every_nth_step():
    full, part = recorded(None), recorded(1000.0)
    for quantity in EVERYTHING:
        same(part.recordings[quantity].data, full.recordings[quantity].data[..., ::40])
        np.testing.assert_allclose(full.recordings[quantity].times[::40], part.recordings[quantity].times, atol=1e-15)
        assert part.recordings[quantity].sfreq == pytest.approx(1000.0)


def test_potentials_are_filtered_before_they_are_thinned():
    """Against MNE's own resampling, away from the ends; and nothing is left above the new Nyquist frequency."""
    full, part = recorded(None).lfp["points"], recorded(1000.0).lfp["points"]
    assert part.info["sfreq"] == 1000.0
    assert part.info["lowpass"] == 500.0
    assert part.get_data().shape == (1, 5, 171)
    expected = full.copy().filter(None, 450.0, verbose="error").get_data()[0, :, ::40]
    inside = slice(20, -20)
    assert nrmse(part.get_data()[0, :, inside], expected[:, inside]) < 0.06
    assert nrmse(full.get_data()[0, :, ::40][:, inside], expected[:, inside]) > 0.1  # what aliasing would add
    np.testing.assert_allclose(part.times, full.times[::40], atol=1e-12)


@pytest.mark.parametrize("every", [1, 2, 5, 40])
def test_thinning_keeps_slow_waves_up_to_both_ends_and_takes_fast_ones_out(every):
    steps = np.arange(4001)
    slow, fast = np.cos(2 * np.pi * steps / (60.0 * every)), np.cos(2 * np.pi * steps / (1.2 * every))
    np.testing.assert_allclose(thinned(slow[None], every)[0], slow[::every], atol=0.03)
    if every > 2:
        assert np.abs(thinned(fast[None], every)[0, 25:-25]).max() < 0.01


@pytest.mark.parametrize("sfreq", [None, 1000.0, 40_000 / 7])
def test_short_stretches_of_the_simulator_give_the_same(monkeypatch, sfreq):
    record = {**EVERYTHING, "cells": ["L5_pyramidal"], "sfreq": sfreq}
    whole = simulate(network(), 60.0, engine="coreneuron", record=record, verbose="error")
    monkeypatch.setattr(recorder, "_BUFFER", 1)
    monkeypatch.setattr(recorder, "_SHORTEST", 113)
    parts = simulate(network(), 60.0, engine="coreneuron", record=record, verbose="error")
    for quantity in EVERYTHING:
        same(parts.recordings[quantity].data, whole.recordings[quantity].data)
    same(parts.lfp["points"].get_data(), whole.lfp["points"].get_data())


def test_plain_neuron_records_the_same():
    record = {**EVERYTHING, "sfreq": 1000.0}
    one = recorded()
    other = simulate(network(), 170.0, engine="neuron", record=record, verbose="error")
    for quantity in EVERYTHING:
        assert nrmse(other.recordings[quantity].data, one.recordings[quantity].data) < 1e-8, quantity
    assert nrmse(other.lfp["points"].get_data(), one.lfp["points"].get_data()) < 1e-8


def test_workers_and_many_give_the_same_recordings():
    record = Record(voltage="soma", cells="L2_pyramidal", sfreq=2000.0)
    here = simulate(network(), 60.0, n_trials=2, record=record, verbose="error")
    there = simulate(network(), 60.0, n_trials=2, record=record, n_jobs=2, verbose="error")
    (many,) = simulate_many([network()], SimulationSettings(tstop=60.0, n_trials=2, record=record))
    for other in (there, many):
        assert other.recordings["voltage"] == here.recordings["voltage"]
        same(other.lfp["lines"].get_data(), here.lfp["lines"].get_data())
    assert not np.array_equal(*here.recordings["voltage"].data)


def test_spikes_are_where_the_soma_crosses_the_threshold():
    full = recorded(None)
    voltage = full.recordings["voltage"].select(sections="soma")
    for row, channel in enumerate(voltage.channels):
        above = voltage.data[0, row] > 0.0
        crossings = voltage.times[1:][above[1:] & ~above[:-1]]
        spikes = full.spikes.time[full.spikes.gid == channel.gid]
        assert len(spikes) == len(crossings)
        np.testing.assert_allclose(np.sort(spikes), crossings, atol=30e-6)


def test_the_simulator_never_holds_more_than_its_buffer(monkeypatch):
    """However long the run, what it records is taken out and thinned in time."""
    held = []
    drain = recorder.Recorder.drain

    def watched(self):
        held.append(sum(len(vector) for vector in self._traces.vectors))
        drain(self)
        assert all(len(vector) == 0 for vector in self._traces.vectors)

    monkeypatch.setattr(recorder, "_BUFFER", 400_000)
    monkeypatch.setattr(recorder.Recorder, "drain", watched)
    record = {"voltage": "all", "sfreq": 1000.0}
    simulate(network(), 170.0, engine="coreneuron", record=record, verbose="error")
    assert len(held) > 10
    assert max(held) <= 410_000


def test_large_tables_are_told_before_the_work():
    with pytest.warns(MneHnnWarning, match=r"^The recordings of 50 trial\(s\) take 28 GB of memory"):
        warn_of_large_tables(jones_2009(), Record(voltage="all"), 1000.0, 0.025, 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_large_tables(jones_2009(), Record(voltage="all", sfreq=1000.0), 1000.0, 0.025, 50)


def test_a_drive_that_reaches_nobody_is_told():
    """Space constants count in in-plane distances: 1 um, where cells are 60 um apart, lets nothing through."""
    template = jones_2009(mesh_shape=(1, 1)).cell_types["L5_pyramidal"]
    cells = Population(template=template, positions_um=[(60.0 * k, 0.0, 0.0) for k in range(4)])
    drive = {"mu_ms": 2.0, "sigma_ms": 0.0, "location": "proximal", "weights_ampa": {"A": 0.05}, "synaptic_delays": 0.1}
    far = Network(populations={"A": cells}).with_evoked_drive("ev", **drive)
    near = Network(populations={"A": cells}, inplane_distance_um=60.0).with_evoked_drive("ev", **drive)
    for one, told in ((far, True), (near, False)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            simulate(one, 5.0, verbose="error")  # no log level hides what changes a result
        assert any("Drive 'ev' reaches no cell within 5 ms" in str(said.message) for said in caught) == told


# electrodes against closed forms


def stick(nseg=1, length=100.0):
    section = Section(
        L_um=length, diam_um=2.0, Ra_ohm_cm=100.0, cm_uF_cm2=1.0, v_init_mV=-65.0,
        end_points_um=((0, 0, 0), (0, 0, length)), channels={}, receptors=(), nseg_override=nseg,
    )  # fmt: skip
    template = CellTemplate(
        name="stick", sections={"soma": section}, layer="L5", morphology="stick", electro_type="excitatory",
        measures_dipole=True,
    )  # fmt: skip
    return Network(name="stick", populations={"stick": Population(template=template, positions_um=[(10, 20, 30)])})


def test_point_source_is_coulombs_law():
    array = Electrodes(positions_um=[(10, 20, 80), (50, 20, 80), (10, 20, 80.1)], conductivity_S_m=0.4)
    weights = potential_weights(array, stick())[:, 0]
    # 1 nA at 40 um in 0.4 S/m, in uV; and never nearer than half a um
    assert weights[1] == pytest.approx(1e-9 / (4 * math.pi * 0.4 * 40e-6) * 1e6, rel=1e-12)
    assert weights[0] == weights[2] == pytest.approx(1e-9 / (4 * math.pi * 0.4 * 0.5e-6) * 1e6, rel=1e-12)


@pytest.mark.parametrize("contact", [(40, 20, 80), (40, 20, 30), (15, 20, -60), (12, 25, 400), (10, 20.6, 100)])
def test_line_source_is_the_mean_of_point_sources(contact):
    array = Electrodes(positions_um=[contact], method="lsa")
    x, y, z = np.subtract(contact, (10, 20, 30))
    mean = quad(lambda s: 1 / math.sqrt(x**2 + y**2 + (z - s) ** 2), 0, 100, points=[min(max(z, 0), 100)], limit=200)[0]
    expected = 1e-9 / (4 * math.pi * 0.3) * mean / 100 * 1e6 * 1e6
    assert potential_weights(array, stick())[0, 0] == pytest.approx(expected, rel=1e-6)


def test_lines_and_points_agree_far_away_and_in_fine_pieces():
    near, far = Electrodes(positions_um=[(60, 20, 80)]), Electrodes(positions_um=[(5000, 20, 80)])
    lines = [Electrodes(positions_um=array.positions_um, method="lsa") for array in (near, far)]
    assert potential_weights(far, stick())[0] == pytest.approx(potential_weights(lines[1], stick())[0], rel=1e-4)
    fine = potential_weights(near, stick(nseg=501))[0].mean()
    assert fine == pytest.approx(potential_weights(lines[0], stick())[0, 0], rel=1e-5)


def test_contacts_inside_cells_are_named():
    array = Electrodes(positions_um=[(10, 20.5, 50), (12, 20, 50), (10, 20, 131)])
    assert contacts_inside_cells(array, stick()) == [(0, 0)]
    dense = jones_2009(mesh_shape=(3, 3)).with_electrodes("shank", [(1.0, 1.0, 10.0), (200.0, 0.0, 0.0)])
    with pytest.warns(MneHnnWarning, match=r"^1 of 2 contact\(s\) of electrode array 'shank' lie inside cells"):
        simulate(dense, 5.0, verbose="error")


def test_potential_is_an_mne_object_with_positions():
    potential = recorded().lfp["points"]
    assert isinstance(potential, mne.EpochsArray)
    assert set(potential.get_channel_types()) == {"seeg"}
    positions = [channel["loc"][:3] for channel in potential.info["chs"]]
    np.testing.assert_allclose(positions, np.array(CONTACTS) * 1e-6, rtol=1e-6)
    assert potential.ch_names[0] == "points 001"
    assert potential.average().filter(None, 100.0, verbose="error").data.shape == (5, 171)


# what users get wrong


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"voltage": "some"}, "Unknown section 'some' in voltage of Record.*Did you mean 'soma'"),
        ({"volts": "soma"}, "Unknown field 'volts' of Record.*Did you mean 'voltage'"),
        ({"voltage": "soma", "cells": "L5_pyramid"}, "Unknown cell type 'L5_pyramid'.*Did you mean 'L5_pyramidal'"),
        ({"voltage": "soma", "cells": [999]}, "cell number must be an integer from 0 to 23, got 999"),
        ({"voltage": "soma", "cells": []}, "cells names no cell"),
        ({"cells": "L2_basket"}, "cells are chosen, but nothing to record of them"),
        ({"voltage": "soma", "sfreq": 30000.0}, "sfreq must divide the 40000 steps per second.*take 40000 Hz"),
        ({"voltage": "soma", "sfreq": -1.0}, "sfreq .* > 0, got -1"),
        ({"calcium": "soma", "cells": "L2_basket"}, "none of the chosen cells has calcium at 'soma'"),
        ({"voltage": 3}, "voltage must be 'soma', 'all'"),
        ("soma", "record must be a Record or a dict"),
    ],
)
def test_wrong_records_are_refused_before_the_work(record, message):
    with pytest.raises(ParameterError, match=message):
        simulate(jones_2009(mesh_shape=(3, 3)), 170.0, record=record)
