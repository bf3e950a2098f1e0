"""Network files of HNN give the networks that wrote them: the same models, pairs, distances and spikes."""

import json
from pathlib import Path

import numpy as np
import pytest

from mne_hnn.errors import DataError
from mne_hnn.io import read_hnn_network, read_network, read_spikes_txt
from mne_hnn.network import (
    BurstyDrive,
    Connection,
    EvokedDrive,
    Exponential,
    Linear,
    PoissonDrive,
    SpikeTrainDrive,
    Tabulated,
    TonicBias,
    calcium,
    connection_wires,
    drive_events,
    drive_wires,
    jones_2009,
    law_2021,
    neymotin_2020,
    replace,
)
from mne_hnn.simulate import simulate

DATA = Path(__file__).parent / "data"
L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
MODELS = {"neymotin_2020": neymotin_2020, "law_2021": law_2021, "calcium": calcium}


def changed(path, folder, change):
    """Return a copy of a file with its content changed."""
    content = json.loads(path.read_text())
    change(content)
    other = folder / "changed.json"
    other.write_text(json.dumps(content))
    return other


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_peer_is_our_model(hnn_file, name):
    network = read_hnn_network(hnn_file(f"{name}_3x3"))
    own = MODELS[name](mesh_shape=(3, 3), drives=True)
    assert network.name == f"hnn_{name}_3x3"
    assert network.populations == own.populations  # sections, channels, tree, positions: exactly
    assert network.connections == own.connections
    assert network.drives == own.drives
    assert network == own


def test_the_layout_of_04_without_metadata_voltages_and_gains(hnn_file):
    network = read_hnn_network(hnn_file("calcium_3x3_v04"))
    assert network == calcium(mesh_shape=(3, 3), drives=True)
    assert network.cell_types[L5P].sections["apical_tuft"].v_init_mV == -67.3  # not -65 mV


def test_channels_that_change_with_distance_are_recognised(hnn_file):
    tuft = read_hnn_network(hnn_file("calcium_3x3")).cell_types[L5P].sections["apical_tuft"].channels
    assert tuft["ca"]["gbar"] == Linear(10.0, 40.0, 1501.0)
    assert tuft["hh"]["gkbar"] == Exponential(0.06, -0.006, 1e-4)
    assert tuft["ar"]["gbar"] == Exponential(1e-6, 0.003)


def test_other_profiles_become_tables_with_the_value_of_each_segment(hnn_file, tmp_path):
    given = {}

    def change(content):
        section = content["cell_types"][L5P]["cell_object"]["sections"]["apical_1"]["mechs"]["ca"]
        values = section["gbar_ca"][1]
        section["gbar_ca"][1] = [value + 0.1 * k**2 for k, value in enumerate(values)]
        given["values"] = section["gbar_ca"][1]

    path = changed(hnn_file("calcium_3x3"), tmp_path, change)
    template = read_hnn_network(path).cell_types[L5P]
    assert isinstance(template.sections["apical_1"].channels["ca"]["gbar"], Tabulated)
    np.testing.assert_array_equal(template.density("apical_1", "ca", "gbar"), given["values"])


def expected_everything():
    """Build what make_files.py built with the peer."""
    network = jones_2009((3, 3), drives=True).with_positions(inplane_distance_um=30.0, layer_separation_um=1200.0)
    drives = [
        EvokedDrive(
            name="sync", mu_ms=12.0, sigma_ms=1.0, numspikes=2, location="proximal", n_drive_cells=2,
            cell_specific=False, weights_ampa={L2P: 0.01, L5P: 0.02}, weights_nmda={L2P: 0.001}, synaptic_delays=0.3,
            space_constant=7.0, probability=0.5, event_seed=11, conn_seed=5,
        ),
        PoissonDrive(
            name="noise", rate_Hz={L2P: 140.0, L5P: 40.0}, location="proximal", tstart=2.0, tstop=35.0,
            weights_ampa={L2P: 8e-4, L5P: 7.5e-3}, synaptic_delays={L2P: 0.1, L5P: 1.0}, space_constant=50.0,
            probability={L2P: 0.75, L5P: 1.0}, event_seed=1349,
        ),
        BurstyDrive(
            name="alpha", tstart=5.0, tstart_std=1.0, tstop=38.0, burst_rate_Hz=100.0, burst_std_ms=2.0, numspikes=2,
            spike_isi_ms=3.0, location="distal", n_drive_cells=4, weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5},
            synaptic_delays=5.0, event_seed=296,
        ),
        SpikeTrainDrive(
            name="trains", times_ms=[[8.0, 20.25], [9.5]], location="apical_tuft", weights_ampa={L5P: 0.01},
            synaptic_delays=0.5, event_seed=0,
        ),
    ]  # fmt: skip
    connections = [
        replace(one, gain=1.5) if one.source.endswith("pyramidal") and one.target.endswith("basket") else one
        for one in network.connections
    ]
    connections += [
        Connection(
            source=L5P, target=L5P, location="distal", receptor="ampa", weight_uS=2e-4, delay_ms=1.5, lamtha=40.0,
            gain=2.0, allow_autapses=False, probability=0.4, seed=3,
        ),
        Connection(
            source=L2P, target=L5B, location="soma", receptor="nmda", weight_uS=1e-3, delay_ms=0.5, lamtha=30.0,
            source_indices=[2, 3, 4], target_indices=[0, 1],
        ),
    ]  # fmt: skip
    biases = {
        "tonic": TonicBias(name="tonic", amplitude_nA={L5P: 0.5, L2B: -0.1}, t0_ms=1.0, tstop_ms=30.0),
        "tuft": TonicBias(name="tuft", amplitude_nA={L2P: 0.05}, section="apical_tuft", tstop_ms=39.0),
    }
    network = replace(network.with_drives(*drives), connections=connections, biases=biases)
    return network.with_electrodes(
        "shank", [(1.0, 2.0, float(z)) for z in range(-325, 2076, 400)], conductivity_S_m=0.25, method="lsa",
        min_distance_um=0.75,
    )  # fmt: skip


def test_drives_of_every_kind_biases_electrodes_gains_and_distances(hnn_file):
    network, own = read_hnn_network(hnn_file("everything_3x3")), expected_everything()
    for name in own.drives:
        assert network.drives[name] == own.drives[name]
    assert network.biases == own.biases
    assert network.electrodes == own.electrodes
    assert network.connections == own.connections
    assert (network.inplane_distance_um, network.layer_separation_um) == (30.0, 1200.0)  # the peer loses them
    assert network.mesh_shape == (3, 3)
    assert network == own


def file_pairs(path, source):
    content = json.loads(path.read_text())
    return {
        (int(s), t)
        for one in content["connectivity"]
        if one["src_type"] == source and one["probability"] < 1
        for s, targets in one["gid_pairs"].items()
        for t in targets
    }


def test_sparse_drives_reach_the_pairs_in_the_file(hnn_file):
    path = hnn_file("everything_3x3")
    network = read_hnn_network(path)
    wires, first = drive_wires(network, "sync"), network.gid_ranges["sync"].start
    assert set(zip((wires.source + first).tolist(), wires.target.tolist(), strict=True)) == file_pairs(path, "sync")
    assert len(wires) == 18  # half of 2 x 18, with ampa and nmda on one route


def test_sparse_connections_keep_their_pairs_whatever_chose_them(hnn_file, tmp_path):
    def change(content):
        sparse = next(one for one in content["connectivity"] if one["probability"] == 0.4)
        sparse["gid_pairs"] = {"15": [16, 20], "19": [15]}

    path = changed(hnn_file("everything_3x3"), tmp_path, change)
    network = read_hnn_network(path)
    (sparse,) = (one for one in network.connections if one.pairs)
    assert sparse.pairs == ((0, 1), (0, 5), (4, 0))
    assert sparse.probability == 1.0  # nothing is drawn again
    alone = replace(network, connections=[sparse])
    wires = connection_wires(alone)
    assert list(zip(wires.source.tolist(), wires.target.tolist(), strict=True)) == [(15, 16), (15, 20), (19, 15)]
    # and so they stay, however often they are written and read
    alone.save(tmp_path / "again.json")
    assert read_network(tmp_path / "again.json") == alone


def test_cells_off_the_grid_have_no_mesh(hnn_file, tmp_path):
    def change(content):
        content["pos_dict"][L2P][4] = [1.25, 1.0, 1307.4]

    network = read_hnn_network(changed(hnn_file("neymotin_2020_3x3"), tmp_path, change))
    assert network.mesh_shape is None
    assert network.inplane_distance_um == 1.0
    assert network.origin == (1.0, 1.0, 653.0)
    assert network.populations[L2P].positions_um[4] == (1.25, 1.0, 1307.4)


def test_a_drive_connected_otherwise_is_told(hnn_file, tmp_path):
    def change(content):
        one = next(one for one in content["connectivity"] if one["src_type"] == "sync")
        one["gid_pairs"] = {gid: targets[:1] for gid, targets in one["gid_pairs"].items()}

    with pytest.warns(RuntimeWarning, match="Drive 'sync' is connected otherwise"):
        read_hnn_network(changed(hnn_file("everything_3x3"), tmp_path, change))


def test_weights_come_from_the_connections_of_a_drive(hnn_file, tmp_path):
    def change(content):
        for one in content["connectivity"]:
            if one["src_type"] == "evprox1":
                one["nc_dict"]["A_weight"] *= 2.0

    drive = read_hnn_network(changed(hnn_file("neymotin_2020_3x3"), tmp_path, change)).drives["evprox1"]
    assert drive.weights_ampa[L5P] == 2 * 0.00865


def test_a_drive_without_connections_is_left_out(hnn_file, tmp_path):
    def change(content):
        content["connectivity"] = [one for one in content["connectivity"] if one["src_type"] != "evprox1"]

    with pytest.warns(RuntimeWarning, match="'evprox1' has no connections"):
        network = read_hnn_network(changed(hnn_file("neymotin_2020_3x3"), tmp_path, change))
    assert list(network.drives) == ["evdist1", "evprox2"]


def test_several_thresholds_of_the_same_cells(hnn_file, tmp_path):
    def change(content):
        content["connectivity"][0]["nc_dict"]["threshold"] = -20.0

    with pytest.warns(RuntimeWarning, match="thresholds of -20, 0 mV in the file. Here each has its own"):
        network = read_hnn_network(changed(hnn_file("neymotin_2020_3x3"), tmp_path, change))
    assert {network.threshold_of(one) for one in network.connections} == {-20.0, 0.0}


def test_the_temperature_of_the_file(hnn_file, tmp_path):
    path = changed(hnn_file("neymotin_2020_3x3"), tmp_path, lambda content: content.update(celsius=34.0))
    assert read_hnn_network(path) == read_hnn_network(hnn_file("neymotin_2020_3x3")).with_temperature(34.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.pop("object_type"), "is no network file of HNN"),
        (lambda content: content.pop("gid_ranges"), "lacks 'gid_ranges'"),
        (lambda content: content.update(celsius=340.0), "from 0 to 45 degrees Celsius"),
        (
            lambda content: content["cell_types"][L2B]["cell_object"]["sections"]["soma"]["mechs"].update(kv={}),
            r"Section 'soma' of cell type 'L2_basket' has the mechanism 'kv', .*mechanisms=\['kv.mod'\]",
        ),
        (lambda content: content["external_drives"]["evprox1"].update(type="sinus"), "Unknown kind of drive 'sinus'"),
        (lambda content: content["connectivity"][0]["nc_dict"].update(A_weight="much"), "cannot be read as a network"),
        (lambda content: content["connectivity"][0].update(loc="distant"), "Did you mean 'distal'"),
    ],
)
def test_what_cannot_be_is_told(hnn_file, tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read_hnn_network(changed(hnn_file("neymotin_2020_3x3"), tmp_path, change))


def test_damaged_and_missing_files(hnn_file, tmp_path):
    path = tmp_path / "half.json"
    path.write_text(hnn_file("neymotin_2020_3x3").read_text()[:5000])
    with pytest.raises(DataError, match="does not hold whole JSON"):
        read_hnn_network(path)
    with pytest.raises(DataError, match="There is no file"):
        read_hnn_network(tmp_path / "nothing.json")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is no text"):
        read_hnn_network(path)
    with pytest.raises(DataError, match="read_hnn_network"):
        read_network(hnn_file("neymotin_2020_3x3"))


def test_the_old_mode_with_placeholders(hnn_file, recwarn):
    """There every drive has a cell for every cell of the column, also where nothing can reach it."""
    network = read_hnn_network(hnn_file("old_mode_3x3"))
    assert not recwarn.list
    assert list(network.drives) == ["bursty1", "bursty2", "evdist1", "evprox1", "evprox2", "extgauss", "extpois"]
    distal = network.drives["evdist1"]
    assert (distal.targets, distal.placeholder_types) == ({L2B, L2P, L5P}, (L5B,))
    assert network.drives["evprox2"].placeholder_types == ()
    assert network.drives["evprox2"].weights_ampa[L2P] == 1.43884
    ranges = network.gid_ranges
    assert [len(ranges[name]) for name in ("evdist1", "evprox1", "extpois")] == [24, 24, 24]
    assert network.n_gids == 24 + 20 + 5 * 24
    events = drive_events(network, 0, 170.0)
    fires = {name for name, trains in events.items() if any(train.size for train in trains)}
    assert fires == {"evdist1", "evprox1", "evprox2"}


def test_placeholders_keep_the_streams_of_the_cells_after_them(hnn_file):
    """Cell k of a drive draws from its own seed, and later trials count all cells (checked against hnn-core 0.6.1)."""
    network = read_hnn_network(hnn_file("old_mode_3x3"))
    drive, n_gids = network.drives["evdist1"], network.n_gids
    for trial in (0, 1):
        trains = drive_events(network, trial, 170.0)["evdist1"]
        assert len(trains) == 24  # 3 + 9 + 3 + 9: the placeholders draw, and reach nothing
        for k, train in enumerate(trains):
            stream = np.random.RandomState(drive.event_seed + trial * n_gids + k)
            np.testing.assert_array_equal(train, stream.normal(drive.mu_ms, drive.sigma_ms, 1))
    wires = drive_wires(network, "evdist1")
    of_l5 = wires.target >= network.gid_ranges[L5P].start
    np.testing.assert_array_equal(
        wires.source[of_l5] + 0, wires.target[of_l5]
    )  # the drive's cells are numbered as the column's
    assert set(wires.source) == {*range(12), *range(15, 24)}


def test_a_network_with_placeholders_is_written_and_edited(hnn_file, tmp_path):
    network = read_hnn_network(hnn_file("old_mode_3x3"))
    network.save(tmp_path / "old.json")
    assert read_network(tmp_path / "old.json") == network
    smaller = network.without_population(L5B)
    assert smaller.drives["evdist1"].placeholder_types == ()
    assert network.n_drive_cells(smaller.drives["evdist1"]) == 21


def test_a_drive_that_ends_before_it_starts_never_fires(hnn_file, tmp_path):
    def change(content):
        for name in ("alpha", "noise"):
            content["external_drives"][name]["dynamics"].update(tstart=50.0, tstop=-1.0)

    network = read_hnn_network(changed(hnn_file("everything_3x3"), tmp_path, change))
    assert list(network.drives) == ["evdist1", "evprox1", "evprox2", "sync", "noise", "alpha", "trains"]
    events = drive_events(network, 0, 100.0)
    assert not any(train.size for name in ("alpha", "noise") for train in events[name])


def test_it_fires_as_it_did_in_the_peer(hnn_file):
    """Drives of every kind, sparse pairs, biases, gains and distances: two trials of 40 ms, times to three digits."""
    network = read_hnn_network(hnn_file("everything_3x3"))
    peer = read_spikes_txt(DATA / "everything_spk_*.txt", network=network, tmax=0.04)
    own = simulate(network, tstop=40.0, n_trials=2).spikes
    for name in network.drives:
        # the peer makes no drive cells that have lost all their targets
        wired = np.unique(drive_wires(network, name).source) + network.gid_ranges[name].start
        mine, theirs = own.select(gids=wired.tolist()), peer.select(cell_types=name)
        assert len(theirs) or name in ("evdist1", "evprox2")
        np.testing.assert_array_equal(mine.trial, theirs.trial)
        np.testing.assert_allclose(mine.time, theirs.time, rtol=0, atol=6e-7)
    for name in network.populations:
        mine, theirs = own.select(cell_types=name), peer.select(cell_types=name)
        assert len(theirs) > 5
        np.testing.assert_array_equal(mine.gid, theirs.gid)
        np.testing.assert_allclose(mine.time, theirs.time, rtol=0, atol=6e-7)


@pytest.mark.parametrize("name", ["calcium_3x3_v04", "everything_3x3"])
def test_it_simulates_like_our_own(hnn_file, name):
    own = calcium(mesh_shape=(3, 3), drives=True) if "calcium" in name else expected_everything()
    read = simulate(read_hnn_network(hnn_file(name)), tstop=40.0)
    built = simulate(own, tstop=40.0)
    assert len(read.spikes) > 40
    assert read.spikes == built.spikes
    np.testing.assert_array_equal(read.dipole.data, built.dipole.data)
