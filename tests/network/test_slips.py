"""Numbers in another unit, overlapping bursts, and names of hnn-core: each is answered with one sentence."""

import copy
import pickle
import warnings
from importlib import import_module

import numpy as np
import pytest

import mne_hnn
from mne_hnn import _peer_names
from mne_hnn.errors import DriveError, MneHnnWarning, NetworkError, ParameterError
from mne_hnn.network import (
    MODELS,
    BurstyDrive,
    EvokedDrive,
    connection_wires,
    drive_events,
    jones_2009,
    list_paths,
    replace,
    with_erp_drives,
)

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
AMPA = {"location": "proximal", "weights_ampa": {L5P: 0.01}}
EVOKED = {"mu_ms": 25.0, "sigma_ms": 3.0, **AMPA}


def connect(network, source=L2P, target=L5P, **changes):
    given = {"location": "proximal", "receptor": "ampa", "weight_uS": 1e-3, "delay_ms": 1.0, "lamtha": 3.0}
    return network.with_connection(source, target, **{**given, **changes})


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda n: n.with_evoked_drive("d", **{**EVOKED, "mu_ms": 0.025}), "mu_ms of 0.025 ms .*seconds"),
        (lambda n: n.with_evoked_drive("d", **{**EVOKED, "weights_ampa": {L5P: 5e-9}}), "5e-09 uS.* S or mS"),
        (lambda n: n.with_evoked_drive("d", **{**EVOKED, "weights_ampa": {L5P: 5000.0}}), "5000 uS.* nS or pS"),
        (lambda n: n.with_evoked_drive("d", **EVOKED, synaptic_delays={L5P: 0.001}), "0.001 ms .*seconds"),
        (lambda n: n.with_evoked_drive("d", **EVOKED, synaptic_delays=1000.0), "1000 ms .*us instead of ms"),
        (lambda n: n.with_evoked_drive("d", **EVOKED).with_drive_changes("d", mu_ms=0.05), "mu_ms of 0.05"),
        (lambda n: n.with_poisson_drive("d", rate_Hz=0.04, **AMPA), "0.04 Hz .*kHz"),
        (lambda n: n.with_poisson_drive("d", rate_Hz={L5P: 0.04}, **AMPA), "0.04 Hz .*kHz"),
        (lambda n: n.with_poisson_drive("d", rate_Hz=10.0, tstop=0.25, **AMPA), "tstop of 0.25 ms .*seconds"),
        (lambda n: n.with_bursty_drive("d", burst_rate_Hz=0.01, **AMPA), "0.01 Hz .*kHz"),
        (lambda n: n.with_bursty_drive("d", burst_rate_Hz=10.0, tstart=0.05, **AMPA), "tstart of 0.05 ms"),
        (lambda n: n.with_bursty_drive("d", burst_rate_Hz=10.0, spike_isi_ms=0.01, **AMPA), "spike_isi_ms of 0.01"),
        (lambda n: n.with_bursty_drive("d", burst_rate_Hz=10.0, burst_std_ms=0.02, **AMPA), "burst_std_ms of 0.02"),
        (lambda n: n.with_spike_train_drive("d", times_ms=[[0.02, 0.03]], **AMPA), "times_ms of 0.03 ms .*seconds"),
        (lambda n: connect(n, weight_uS=1000.0), "weight_uS, 1000 uS.*nS"),
        (lambda n: connect(n, weight_uS=1e-10), "weight_uS, 1e-10 uS.* S or mS"),
        (lambda n: connect(n, delay_ms=0.001), "delay_ms of 0.001 ms .*seconds"),
        (lambda n: n.with_connection_changes(0, changes={"delay_ms": 0.001}), "delay_ms of 0.001 ms .*seconds"),
        (lambda n: n.with_tonic_bias("b", amplitude_nA={L5P: 500.0}), "500 nA .*pA"),
        (lambda n: n.with_tonic_bias("b", amplitude_nA={L5P: 5e-10}), "5e-10 nA .*A or mA"),
        (lambda n: n.with_electrodes("e", [(0.1, 0.1, 0.1 * k) for k in range(20)]), "1.9 um .*mm instead"),
        (lambda n: n.with_electrodes("e", (1, 2, 500), conductivity_S_m=300.0), "mS/m instead of S/m"),
        (lambda n: n.with_electrodes("e", (1, 2, 500), conductivity_S_m=0.003), "S/cm instead of S/m"),
        (lambda n: n.with_positions(inplane_distance_um=0.03), "inplane_distance_um of 0.03 um .*mm"),
        (lambda n: n.with_positions(layer_separation_um=1.3074), "layer_separation_um of 1.3074 um .*mm"),
    ],
)  # fmt: skip
def test_a_slip_of_the_unit_is_guessed(small, edit, sentence):
    with pytest.warns(MneHnnWarning, match=sentence) as caught:
        edit(small)
    assert len(caught) == 1


def test_published_numbers_raise_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for build in MODELS.values():
            network = build(mesh_shape=(3, 3), drives=True)
            for drive in network.drives.values():  # all that can be warned about is looked at
                network.with_drive_changes(drive.name, event_seed=1)
            network.with_connection_changes(changes={"gain": 1.0})
        network = jones_2009((3, 3))
        # the alpha rhythm, gamma by noise, and the strongest drive of HNN's public files
        network = network.with_bursty_drive(
            "alpha", burst_rate_Hz=10.0, burst_std_ms=20.0, numspikes=2, spike_isi_ms=10.0, tstart=50.0,
            location="distal", weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5}, synaptic_delays=5.0,
        )  # fmt: skip
        network = network.with_poisson_drive(
            "noise", rate_Hz={L2P: 140.0, L5P: 40.0}, location="proximal", weights_ampa={L2P: 8e-4, L5P: 7.5e-3}
        )
        network = network.with_evoked_drive("strong", **{**EVOKED, "weights_ampa": {L5P: 49.87}})
        network.with_positions(inplane_distance_um=30.0).with_tonic_bias("b", amplitude_nA={L5P: 6.0, L2P: -0.05})
        # a silent drive of an older file may have any numbers
        network.with_evoked_drive("null", mu_ms=0.5, sigma_ms=0.0, location="distal", weights_ampa={L5P: 0.0})


def test_bursts_longer_than_their_period(small):
    sentence = "4 spikes every 10 ms takes 30 ms, longer than the period of 20 ms .* bursts overlap"
    with pytest.warns(MneHnnWarning, match=sentence):
        network = small.with_bursty_drive("b", burst_rate_Hz=50.0, numspikes=4, **AMPA)
    # they do overlap, and are used as they are
    train = drive_events(network, 0, 100.0)["b"][0]
    np.testing.assert_allclose(np.unique(train)[:4], [5.0, 15.0, 25.0, 35.0])
    with pytest.warns(MneHnnWarning, match="bursts overlap"):
        small.with_drives(BurstyDrive(name="c", burst_rate_Hz=200.0, **AMPA))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small.with_bursty_drive("b", burst_rate_Hz=50.0, numspikes=3, **AMPA)  # 20 of 20 ms: they touch


def test_one_contact(small):
    (contact,) = small.with_electrodes("e", (1, 2, 3)).electrodes["e"].positions_um
    assert contact == (1.0, 2.0, 3.0)
    assert small.with_electrodes("e", np.array([1, 2, 3])) == small.with_electrodes("e", [(1, 2, 3)])
    for wrong in ((1, 2), 5, "x", [1, 2, 3, 4], [(1, 2, 3), 4]):
        with pytest.raises(ParameterError, match="positions_um must be|contact"):
            small.with_electrodes("e", wrong)


def test_erp_drives_of_what_is_no_network():
    with pytest.raises(ParameterError, match="network must be a Network, .* got 'x'"):
        with_erp_drives("x")


def test_connections_by_cell_number(small):
    ranges = small.gid_ranges
    network = connect(small, ranges[L2P][1], ranges[L5P][2:5])
    made = network.connections[-1]
    assert (made.source, made.source_indices, made.target, made.target_indices) == (L2P, (1,), L5P, (2, 3, 4))
    wires = connection_wires(replace(network, connections=(made,)))
    assert set(zip(wires.source.tolist(), wires.target.tolist(), strict=True)) == {
        (ranges[L2P][1], gid) for gid in ranges[L5P][2:5]
    }
    assert connect(small, np.int64(ranges[L2P][1]), list(ranges[L5P][2:5])) == network
    last = len(network.connections) - 1
    assert last in network.pick_connections(source=ranges[L2P][1], target=ranges[L5P][2])
    assert last not in network.pick_connections(source=ranges[L2P][0])
    assert network.pick_connections(target=[ranges[L2B][0]]) == small.pick_connections(target=L2B)


def test_one_list_of_targets_per_source_cell(small):
    """As HNN users give pairs; a cell type stands for all its cells."""
    sources, targets = small.gid_ranges[L2P], small.gid_ranges[L5P]
    made = connect(small, sources[:2], [[targets[0]], [targets[3], targets[1]]]).connections[-1]
    assert (made.source, made.target, made.pairs) == (L2P, L5P, ((0, 0), (1, 1), (1, 3)))
    own = [[gid] for gid in targets]
    assert connect(small, L2P, own).connections[-1].pairs == tuple((k, k) for k in range(9))
    with pytest.raises(NetworkError, match="one list of cell numbers per source cell, got 1 lists for 2 cells"):
        connect(small, sources[:2], [[targets[0]]])
    with pytest.raises(NetworkError, match="each only once"):
        connect(small, sources[:1], [[targets[0], targets[0]]])
    with pytest.raises(NetworkError, match="of types"):
        connect(small, sources[:1], [[targets[0], 0]])
    with pytest.raises(NetworkError, match="leave out pairs"):
        connect(small, sources[:1], [[targets[0]]], pairs=[(0, 0)])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (30, "Cell 30 in source belongs to drive 'evdist1'"),
        ([0, 5], "of types L2_basket, L2_pyramidal: add one connection per type"),
        (1000, "from 0 to 23"), (-1, "from 0 to 23"), (1.5, "the number of a cell"), (True, "the number of a cell"),
        ([], "the number of a cell"), ("L5", "Unknown cell type 'L5'"),
    ],
)  # fmt: skip
def test_wrong_cell_numbers(small, source, message):
    with pytest.raises(NetworkError, match=message):
        connect(small, source)


def test_names_of_hnn_core_for_arguments(small):
    with pytest.raises(DriveError, match="'mu', 'sigma' .*'mu_ms' for 'mu' and 'sigma_ms' for 'sigma'"):
        small.with_evoked_drive("d", mu=20, sigma=3, numspikes=1, **AMPA)
    with pytest.raises(DriveError, match="Did you mean 'mu_ms'.* It also needs sigma_ms"):
        small.with_evoked_drive("d", mu=20, **AMPA)
    with pytest.raises(DriveError, match="needs sigma_ms: give it by name"):
        small.with_evoked_drive("d", mu_ms=20, **AMPA)
    with pytest.raises(DriveError, match="takes only name by position|needs mu_ms, sigma_ms"):
        small.with_evoked_drive("d", 20, 3, **AMPA)
    with pytest.raises(DriveError, match="Did you mean 'rate_Hz'"):
        small.with_poisson_drive("d", rate_constant=10, **AMPA)
    with pytest.raises(DriveError, match="'burst_rate_Hz'"):
        small.with_bursty_drive("d", burst_rate=10, **AMPA)
    with pytest.raises(DriveError, match="'times_ms'"):
        small.with_spike_train_drive("d", spike_data=[(1.0, 0)], **AMPA)
    with pytest.raises(DriveError, match="'amplitude_nA'"):
        small.with_tonic_bias("b", amplitude={L5P: 1.0})
    with pytest.raises(NetworkError, match="'positions_um'"):
        small.with_electrodes("e", electrode_pos=[(1, 2, 3)])
    with pytest.raises(NetworkError, match="'inplane_distance_um'"):
        small.with_positions(inplane_distance=30)
    with pytest.raises(NetworkError, match="'source' for 'src_gids' and 'target' for 'target_gids'"):
        small.with_connection(src_gids=0, target_gids=1, loc="soma", receptor="ampa", weight=1, delay=1, lamtha=3)
    with pytest.raises(ParameterError, match="EvokedDrive needs a value for mu_ms, sigma_ms"):
        EvokedDrive(name="d", location="distal", weights_ampa={L5P: 1.0})


def test_names_of_hnn_core_for_attributes(small):
    for name in _peer_names.NETWORK:
        assert not hasattr(small, name)
        with pytest.raises(AttributeError, match=f"no attribute '{name}': in mne_hnn it is"):
            getattr(small, name)
    with pytest.raises(AttributeError, match="Did you mean 'with_evoked_drive'"):
        small.with_evokd_drive  # noqa: B018
    for module in (mne_hnn, import_module("mne_hnn.network"), import_module("mne_hnn.simulate"), mne_hnn.io):
        for name in ("simulate_dipole", "jones_2009_model", "read_params"):
            with pytest.raises(AttributeError, match=f"'{name}': in mne_hnn it is mne_hnn"):
                getattr(module, name)
    with pytest.raises(AttributeError, match="it is mne_hnn.network.jones_2009"):
        mne_hnn.jones_2009  # noqa: B018
    moment = mne_hnn.Dipole(np.zeros((1, 5)), sfreq=1000.0, layers=["agg"])
    with pytest.raises(AttributeError, match="'write': in mne_hnn it is mne_hnn.io.write_dipole_txt"):
        moment.write  # noqa: B018


def test_what_is_recommended_exists(small):
    """The first word of each advice is a name that can be looked up."""
    for advice in _peer_names.NETWORK.values():
        word = advice.replace(",", " ").replace("(", " ").split()[0]
        assert word in ("not", "simulate", "the", "delay_ms") or hasattr(type(small), word) or hasattr(small, word), (
            advice
        )
    for advice in _peer_names.MODULES.values():
        words = [word.strip(",") for word in advice.split() if word.startswith("mne_hnn.")]
        for word in words:
            module, _, name = word.rpartition(".")
            assert hasattr(import_module(module), name), word


def test_copies_and_pickles_are_as_before(small):
    assert copy.deepcopy(small) is small
    assert pickle.loads(pickle.dumps(small)) == small
    moment = mne_hnn.Dipole(np.zeros((1, 5)), sfreq=1000.0, layers=["agg"])
    for same in (copy.copy(moment), copy.deepcopy(moment), pickle.loads(pickle.dumps(moment)), moment.copy()):
        np.testing.assert_array_equal(same.data, moment.data)
    assert not hasattr(moment, "__array_interface__")


def test_placeholder_types(small):
    network = small.without_drives().with_evoked_drive("d", **EVOKED, placeholder_types=[L2B, L5B])
    assert network.n_drive_cells(network.drives["d"]) == 3 + 3 + 9
    assert network.gid_ranges["d"] == range(24, 39)
    assert [len(one) for one in drive_events(network, 0, 100.0)["d"]] == [1] * 15
    assert list_paths(network)  # they are no parameter
    plain = small.without_drives().with_evoked_drive("d", **EVOKED)
    assert plain.digest == replace(plain, drives={"d": replace(plain.drives["d"], placeholder_types=())}).digest
    for wrong, message in (
        ({"placeholder_types": [L5P]}, "no placeholder then"), ({"placeholder_types": "L5P"}, "list of cell types"),
        ({"placeholder_types": ["x"]}, "Unknown cell type 'x'"),
        ({"placeholder_types": [L2B], "cell_specific": False, "n_drive_cells": 1}, "need cell_specific=True"),
    ):  # fmt: skip
        with pytest.raises(DriveError, match=message):
            small.with_evoked_drive("d", **EVOKED, **wrong)
