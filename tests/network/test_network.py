"""The network as a value: numbers, edits, errors, identity."""

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn.errors import DriveError, NetworkError, ParameterError
from mne_hnn.network import (
    DRIVE_KINDS,
    BurstyDrive,
    Connection,
    EvokedDrive,
    Network,
    PoissonDrive,
    Population,
    SpikeTrainDrive,
    calcium,
    connection_wires,
    drive_events,
    jones_2009,
    law_2021,
    model,
    neymotin_2020,
    replace,
    weight_set,
    with_erp_drives,
)

W = {"L2_pyramidal": 0.001}
EVOKED = {"mu_ms": 20.0, "sigma_ms": 1.0, "location": "proximal", "weights_ampa": W}
PLAIN = {"location": "soma", "receptor": "gabaa", "weight_uS": 0.1, "delay_ms": 1.0, "lamtha": 3.0}


def test_positions(reference):
    for mesh in ((10, 10), (3, 3)):
        network = jones_2009(mesh)
        label = f"{mesh[0]}x{mesh[1]}"
        for cell_type, expected in reference["grid"][label].items():
            assert network.positions(cell_type).tolist() == expected
        assert list(network.origin) == reference["grid"][f"origin_{label}"]


def test_gids(small, column):
    assert column.gid_ranges == {
        "L2_basket": range(35),
        "L2_pyramidal": range(35, 135),
        "L5_basket": range(135, 170),
        "L5_pyramidal": range(170, 270),
    }
    assert list(small.gid_ranges.values())[4:] == [range(24, 45), range(45, 69), range(69, 93)]
    assert (small.n_cells, small.n_gids) == (24, 93)
    assert [small.gid_to_type(g) for g in (0, 2, 3, 23, 24, 92)] == [
        "L2_basket",
        "L2_basket",
        "L2_pyramidal",
        "L5_pyramidal",
        "evdist1",
        "evprox2",
    ]
    assert small.position(4) == (0.0, 1.0, 1307.4)
    assert small.position(50) == (1.0, 1.0, 653.0)
    with pytest.raises(NetworkError, match="gid must be an integer from 0 to 92, got 93"):
        small.gid_to_type(93)


def test_erp_drives(column):
    network = with_erp_drives(column, tstart=125.0)
    assert list(network.drives) == ["evdist1", "evprox1", "evprox2"]
    assert network.drives["evprox1"].mu_ms == 151.61
    assert [d.event_seed for d in network.drives.values()] == [274, 544, 814]
    assert network.drives["evdist1"].weights_nmda["L5_pyramidal"] == 0.080074


def test_defaults_of_the_drives():
    rows = {
        name: (d.space_constant, d.cell_specific, d.n_drive_cells, d.event_seed, d.conn_seed)
        for name, d in {
            "evoked": EvokedDrive(name="d", **EVOKED),
            "poisson": PoissonDrive(name="d", rate_Hz=1, location="distal", weights_ampa=W),
            "bursty": BurstyDrive(name="d", burst_rate_Hz=1, location="distal", weights_ampa=W),
            "spike_train": SpikeTrainDrive(name="d", times_ms=[[1.0]], location="distal", weights_ampa=W),
        }.items()
    }
    assert rows == {
        "evoked": (3.0, True, "n_cells", 2, 3),
        "poisson": (100.0, True, "n_cells", 2, 3),
        "bursty": (100.0, False, 1, 2, 3),
        "spike_train": (3.0, False, 1, 2, 3),
    }
    assert set(DRIVE_KINDS) == set(rows)
    bursty = BurstyDrive(name="d", burst_rate_Hz=1, location="distal", weights_ampa=W)
    assert (bursty.numspikes, bursty.spike_isi_ms, bursty.burst_std_ms, bursty.tstart_std) == (2, 10.0, 0.0, 0.0)


def test_spike_trains_from_other_forms():
    common = {"name": "s", "location": "distal", "weights_ampa": W}
    pairs = SpikeTrainDrive.from_pairs([(5.0, 7), (1.0, 3), (2.0, 7)], **common)
    assert pairs.times_ms == ((1.0,), (5.0, 2.0))
    assert SpikeTrainDrive.from_dict({3: [1.0], 7: [5.0, 2.0]}, **common) == pairs


# -- identity ----------------------------------------------------------------------------------


def test_equal_networks(small):
    again = jones_2009((3, 3), drives=True)
    assert again == small
    assert hash(again) == hash(small)
    assert again.digest == small.digest
    assert neymotin_2020((3, 3), drives=True) == small
    assert pickle.loads(pickle.dumps(small)) == small
    assert copy.deepcopy(small) is small
    assert len({small, again, law_2021((3, 3)), calcium((3, 3)), jones_2009((3, 3))}) == 4
    assert small != "jones_2009"


EDITS = {
    "drive": lambda n: n.with_drive_changes("evprox1", mu_ms=27.0),
    "drive order": lambda n: replace(n, drives={k: n.drives[k] for k in reversed(n.drives)}),
    "no drives": lambda n: n.without_drives(),
    "weight": lambda n: n.scale_connections(2.0, source="L2_basket"),
    "connection": lambda n: n.without_connections(3),
    "gain": lambda n: n.with_gains(i_i=2.0),
    "spacing": lambda n: n.with_positions(inplane_distance_um=2.0),
    "depth": lambda n: n.with_positions(layer_separation_um=1000.0),
    "mesh": lambda n: n.with_mesh((3, 4)),
    "section": lambda n: n.with_section("L2_basket", "soma", diam_um=21.0),
    "channel": lambda n: n.with_channel("L5_pyramidal", "all", "km", gbar=1.0),
    "synapse": lambda n: n.with_synapse("L5_pyramidal", "gabaa", tau2_ms=2.0),
    "bias": lambda n: n.with_tonic_bias("tonic", amplitude_nA={"L5_pyramidal": 6.0}),
    "threshold": lambda n: replace(n, threshold_mV=-10.0),
    "population": lambda n: n.without_population("L5_basket"),
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_changes_the_identity(small, name):
    before = small.digest
    edited = EDITS[name](small)
    assert type(edited) is Network
    assert edited != small
    assert edited.digest != before
    assert small.digest == before == jones_2009((3, 3), drives=True).digest


def test_edits_that_undo_each_other(small):
    assert small.with_positions(inplane_distance_um=30.0).with_positions(inplane_distance_um=1.0) == small
    assert small.with_mesh((4, 2)).with_mesh((3, 3)) == small
    assert small.with_tonic_bias("t", amplitude_nA={"L2_basket": 1}).without_biases("t") == small
    assert with_erp_drives(small.without_drives()) == small
    assert small.with_gains(e_e=3.0).with_gains(e_e=1.0) == small


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 200), st.floats(0, 20), st.integers(1, 5), st.floats(0, 1))
def test_drive_edits_round_trip(mu, sigma, numspikes, weight):
    network = BASE.with_evoked_drive(
        "e", mu_ms=mu, sigma_ms=sigma, numspikes=numspikes, location="distal", weights_nmda={"L2_basket": weight}
    )
    changed = network.with_drive_changes("e", mu_ms=mu + 1)
    assert changed != network
    assert changed.with_drive_changes("e", mu_ms=mu) == network
    assert network.without_drives("e") == BASE


BASE = jones_2009((2, 2))


def test_seed_of_a_full_connection_does_not_count():
    full = Connection(source="a", target="b", seed=5, **PLAIN)
    assert full == Connection(source="a", target="b", **PLAIN)
    sparse = {"source": "a", "target": "b", "probability": 0.5, **PLAIN}
    assert Connection(seed=5, **sparse) != Connection(seed=6, **sparse)
    assert Connection(**sparse).seed == 3


# -- edits -------------------------------------------------------------------------------------


def test_pick_connections(column):
    assert column.pick_connections(source="L2_basket") == (4, 5, 10, 12)
    assert column.pick_connections(source="L2_basket", receptor=["gabaa", "gabab"], target="L2_pyramidal") == (4, 5)
    assert column.pick_connections(location="distal") == (9, 10)
    assert column.pick_connections() == tuple(range(16))
    assert column.pick_connections(source="L5_basket", receptor="ampa") == ()
    with pytest.raises(NetworkError, match="Did you mean 'L2_basket'"):
        column.pick_connections(source="L2_baskets")


def test_without_connections(column):
    assert len(column.without_connections(source="L2_basket").connections) == 12
    assert len(column.without_connections(0, 1).connections) == 14
    assert column.without_connections().connections == ()
    with pytest.raises(NetworkError, match="from 0 to 15, got 16"):
        column.without_connections(16)
    with pytest.raises(NetworkError, match="Unknown selector of connections 'src'"):
        column.without_connections(src="L2_basket")
    with pytest.raises(NetworkError, match="No connection matches"):
        column.without_connections(source="L5_basket", receptor="ampa")


def test_scale_connections(column):
    scaled = column.scale_connections(3.0, receptor="nmda")
    ratio = [a.weight_uS / b.weight_uS for a, b in zip(scaled.connections, column.connections, strict=True)]
    assert [round(r, 12) for r in ratio] == [3.0, 1.0, 3.0] + [1.0] * 13


def test_clear(small):
    cleared = small.with_tonic_bias("t", amplitude_nA={"L2_basket": 1.0}).only_cells()
    assert (cleared.connections, len(cleared.drives), len(cleared.biases)) == ((), 0, 0)
    assert cleared.n_cells == small.n_cells


def test_custom_population(small):
    basket = small.cell_types["L2_basket"].renamed("chandelier")
    network = small.with_population("L2_chandelier", basket, [(0.5, 0.5, 900.0), (1.5, 1.5, 900.0)])
    assert network.gid_ranges["L2_chandelier"] == range(24, 26)
    assert network.gid_ranges["evdist1"].start == 26
    network = network.with_connection("L2_chandelier", "L2_pyramidal", **PLAIN)
    network = network.with_evoked_drive(
        "custom", mu_ms=1, sigma_ms=0, location="distal", weights_ampa={"L2_chandelier": 1}
    )
    wide = network.with_positions(inplane_distance_um=10.0, layer_separation_um=2 * 1307.4)
    assert wide.populations["L2_chandelier"].positions_um[1] == (15.0, 15.0, 1800.0)
    with pytest.raises(NetworkError, match="'L2_chandelier' has positions of its own"):
        network.with_mesh((4, 4))
    assert network.without_population("L2_chandelier") == small
    alone = Network(populations={"a": Population(template=basket, positions_um=[(0, 0, 0), (2, 4, 0)])})
    assert alone.origin == (1.0, 2.0, 653.7)


def test_removed_population_leaves_nothing_behind(small):
    network = small.without_population("L2_basket", "L2_pyramidal", "L5_pyramidal")
    assert list(network.drives) == ["evprox1", "evprox2"]
    assert set(network.drives["evprox1"].synaptic_delays) == {"L5_basket"}
    assert [(c.source, c.target) for c in network.connections] == [("L5_basket", "L5_basket")]


def test_with_cell(small):
    template = small.cell_types["L2_basket"]
    edited = small.with_cell("L5_basket", template)
    assert edited.cell_types["L5_basket"] is template
    # now the distal drive may reach it
    edited.with_evoked_drive("d", mu_ms=1, sigma_ms=0, location="distal", weights_ampa={"L5_basket": 1.0})
    with pytest.raises(NetworkError, match="either a template or an edit function"):
        small.with_cell("L5_basket")


# -- errors ------------------------------------------------------------------------------------

BAD_DRIVES = [
    ({"sigma_ms": -1}, r"Drive 'd': sigma_ms \(ms\) must be a finite number >= 0, got -1"),
    ({"mu_ms": "20"}, "Drive 'd': mu_ms .ms. must be a finite number, got '20' .a str"),
    ({"numspikes": 0}, "numspikes must be an integer >= 1, got 0"),
    ({"weights_ampa": {"L2_pyramidal": -0.1}}, r"Drive 'd': weights_ampa of 'L2_pyramidal' \(uS\) .* >= 0, got -0.1"),
    ({"weights_ampa": {"L2_pyr": 0.1}}, "Unknown cell type 'L2_pyr' in drive 'd'.*Did you mean 'L2_pyramidal'"),
    ({"weights_ampa": None}, "Drive 'd' has no targets"),
    ({"weights_ampa": 0.1}, "must map cell types to numbers, got 0.1"),
    ({"synaptic_delays": -1.0}, r"synaptic_delays \(ms\) must be a finite number >= 0"),
    ({"synaptic_delays": {"L5_basket": 1.0}}, "no entry for target cell type 'L2_pyramidal': add one"),
    ({"synaptic_delays": {"L2_pyramidal": 1.0, "L6": 1.0}}, "'L6' in synaptic_delays of drive 'd'"),
    ({"probability": 1.1}, "probability must be a number between 0 and 1, got 1.1"),
    ({"space_constant": 0}, "space_constant must be a finite number > 0"),
    ({"event_seed": -1}, "event_seed must be an integer from 0 to 4294967295"),
    ({"n_drive_cells": 1}, "must be 'n_cells' when cell_specific=True, got 1: .* set cell_specific=False"),
    ({"cell_specific": 1}, "cell_specific must be True or False, got 1"),
    ({"location": "apical"}, "Unknown location 'apical' on 'L2_pyramidal' in drive 'd'"),
    ({"location": "soma"}, "Unknown receptor 'ampa' on section 'soma' of 'L2_pyramidal' in drive 'd'"),
    ({"tau": 1}, "Unknown field 'tau' of EvokedDrive"),
    (
        {"location": "distal", "weights_ampa": {"L5_basket": 0.0}},
        "'distal' of cell type 'L5_basket', which has no sections there: remove 'L5_basket' from its weights",
    ),
]


@pytest.mark.parametrize(("changes", "message"), BAD_DRIVES, ids=lambda v: str(v)[:40])
def test_wrong_drives(column, changes, message):
    with pytest.raises(ParameterError, match=message):
        column.with_evoked_drive("d", **{**EVOKED, **changes})


def test_other_wrong_drives(small):
    with pytest.raises(DriveError, match="'evprox1' is there already"):
        small.with_evoked_drive("evprox1", **EVOKED)
    with pytest.raises(DriveError, match="has the name of a cell type"):
        small.with_evoked_drive("L2_basket", **EVOKED)
    with pytest.raises(DriveError, match="Unknown drive 'evprox3'.*Did you mean 'evprox"):
        small.without_drives("evprox3")
    with pytest.raises(ParameterError, match="Did you mean 'sigma_ms'"):
        small.with_drive_changes("evprox1", sigma=3)
    with pytest.raises(DriveError, match="must not end before it starts, got 50.0 to 20.0 ms"):
        small.with_poisson_drive("p", rate_Hz=1, tstart=50, tstop=20, location="distal", weights_ampa=W)
    with pytest.raises(DriveError, match=r"burst_rate_Hz \(Hz\) must be a finite number > 0"):
        small.with_bursty_drive("b", burst_rate_Hz=0, location="distal", weights_ampa=W)
    with pytest.raises(DriveError, match="has 2 spike trains, but being cell-specific it needs 9"):
        small.with_spike_train_drive("s", times_ms=[[1], [2]], location="distal", weights_ampa=W, cell_specific=True)
    with pytest.raises(DriveError, match="one sequence of times per drive cell"):
        small.with_spike_train_drive("s", times_ms=[1.0, 2.0], location="distal", weights_ampa=W)
    with pytest.raises(DriveError, match=r"a time in times_ms \(ms\) must be a finite number >= 0"):
        small.with_spike_train_drive("s", times_ms=[[-1.0]], location="distal", weights_ampa=W)
    with pytest.raises(DriveError, match="Unknown section 'tuft' of 'L5_pyramidal'"):
        small.with_tonic_bias("t", amplitude_nA={"L5_pyramidal": 1.0}, section="tuft")
    with pytest.raises(DriveError, match="at least one cell type to a current in nA"):
        small.with_tonic_bias("t", amplitude_nA={})


BAD_CONNECTIONS = [
    ({"weight_uS": -1}, "weight_uS must be a finite number >= 0, got -1"),
    ({"lamtha": 0}, "lamtha must be a finite number > 0"),
    ({"receptor": "ampa"}, "Unknown receptor 'ampa' on section 'soma' of 'L2_pyramidal'"),
    ({"location": "tuft"}, "Unknown location 'tuft' on 'L2_pyramidal' in connection L2_basket -> L2_pyramidal"),
    ({"probability": -0.1}, "between 0 and 1"),
    ({"seed": 1.5}, "seed must be an integer"),
    ({"source_indices": [3]}, "source_indices must be below the 3 cells there, got 3"),
    ({"target_indices": []}, "at least one index"),
    ({"weight": 1}, "Unknown field 'weight' of Connection.*Did you mean 'weight_uS'"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_CONNECTIONS, ids=lambda v: str(v)[:40])
def test_wrong_connections(small, changes, message):
    with pytest.raises(ParameterError, match=message):
        small.with_connection("L2_basket", "L2_pyramidal", **{**PLAIN, **changes})


def test_requests_beyond_memory_are_refused_first():
    with pytest.raises(NetworkError, match="more than the 10,000 that can be simulated: take a smaller mesh"):
        jones_2009(mesh_shape=(30_000, 30_000))
    with pytest.raises(NetworkError, match="pairs of cells, more than the 100,000,000"):
        connection_wires(jones_2009(mesh_shape=(100, 100)))
    fast = jones_2009((1, 1)).with_poisson_drive("p", rate_Hz=1e12, location="soma", weights_ampa={"L2_basket": 0.1})
    with pytest.raises(DriveError, match="reduce its rate"):
        drive_events(fast, 0, 100.0)


def test_thresholds_per_connection():
    base = jones_2009((1, 1))
    assert base.threshold_of(base.connections[0]) == 0.0
    every = base.with_connection_changes(changes={"threshold_mV": -20.0}, source="L2_pyramidal")
    assert set(connection_wires(every).threshold) == {0.0, -20.0}
    assert (every.spike_threshold("L2_pyramidal"), every.spike_threshold("L5_pyramidal")) == (-20.0, 0.0)
    first = base.pick_connections(source="L2_pyramidal", target="L5_pyramidal")[0]
    one = base.with_connection_changes(first, changes={"threshold_mV": -20.0})
    assert set(connection_wires(one).threshold) == {0.0, -20.0}
    assert one.spike_threshold("L2_pyramidal") == 0.0
    with pytest.raises(NetworkError, match="Did you mean 'L2_basket'"):
        base.spike_threshold("L2_bask")


def test_wrong_networks(small):
    with pytest.raises(NetworkError, match="Unknown cell type 'L2_bask' in connection L2_bask -> L2_pyramidal"):
        small.with_connection("L2_bask", "L2_pyramidal", **PLAIN)
    with pytest.raises(NetworkError, match="Unknown gain 'ee'.*Did you mean 'e_e'"):
        small.with_gains(ee=2)
    with pytest.raises(NetworkError, match="mesh_shape must be two integers"):
        jones_2009((3,))
    with pytest.raises(NetworkError, match="at least one population"):
        Network(populations={})
    with pytest.raises(NetworkError, match="'L2_basket' is there already"):
        small.with_population("L2_basket", small.cell_types["L2_basket"], [(0, 0, 0)])
    with pytest.raises(ParameterError, match="Unknown model 'jones_2020'.*Did you mean 'jones_2009'"):
        model("jones_2020")
    with pytest.raises(ParameterError, match="Unknown option 'mesh' of model 'calcium'.*Did you mean 'mesh_shape'"):
        model("calcium", mesh=(3, 3))
    with pytest.raises(ParameterError, match="Unknown weight set 'N21'.*Did you mean 'N20'"):
        jones_2009(weights="N21")
    with pytest.raises(ParameterError, match="Unknown connection weight 'gbar_L2'"):
        weight_set({"gbar_L2": 1.0})


def test_repr(small):
    assert repr(small).startswith("<Network 'jones_2009': 24 cells (3 L2_basket, 9 L2_pyramidal")
    assert "evdist1, evprox1, evprox2" in repr(small)


def test_networks_that_share_cells_do_so_in_another_process(small):
    """What they share is the same object for each that arrives, so that what is known of one holds for the next."""
    moved = small.with_gains(e_e=2.0)
    one, other, again = (pickle.loads(pickle.dumps(network)) for network in (small, moved, small))
    assert one.populations is other.populations is again.populations
    assert one.connections is again.connections is other.connections
    assert (one.digest, other.digest) == (small.digest, moved.digest) != (moved.digest, small.digest)
    changed = pickle.loads(pickle.dumps(small.with_connection_changes(0, changes={"weight_uS": 0.5})))
    assert changed.populations is one.populations
    assert changed.connections[0].weight_uS == 0.5
    assert len(pickle.dumps([small, moved])) < 1.3 * len(pickle.dumps(small))


def test_equal_cells_keep_their_own_names_on_the_way(small):
    """References are no part of a cell's identity, but they must arrive."""
    populations = {
        name: replace(population, template=replace(population.template, reference=f"{name} of mine"))
        for name, population in small.populations.items()
    }
    renamed = replace(small, populations=populations)
    assert renamed == small
    for network in (small, renamed, small):
        arrived = pickle.loads(pickle.dumps(network))
        assert [one.template.reference for one in arrived.populations.values()] == [
            one.template.reference for one in network.populations.values()
        ]


def test_ranges_of_cells_can_be_changed_by_who_asked(small):
    small.gid_ranges["more"] = range(3)
    assert "more" not in small.gid_ranges
    driven = small.with_evoked_drive(
        "late", mu_ms=1.0, sigma_ms=0.0, location="distal", weights_ampa={"L2_basket": 1.0}
    )
    assert [*driven.gid_ranges] == [*small.gid_ranges, "late"]
