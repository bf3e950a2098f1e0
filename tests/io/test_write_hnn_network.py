"""Network files of HNN from our networks: the peer's own come out as they came in, ours come back, or are refused."""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from mne_hnn.errors import DataError, DriveError, MneHnnWarning, NetworkError, ParameterError
from mne_hnn.io import read_hnn_network, write_hnn_network
from mne_hnn.network import (
    Exponential,
    Linear,
    Mechanism,
    TonicBias,
    calcium,
    connection_wires,
    drive_events,
    drive_wires,
    jones_2009,
    law_2021,
    replace,
)

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def compare(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    made = importlib.import_module("hnn_round_trip")
    return lambda first, second: list(made.differences(made.sorted_content(first), made.sorted_content(second)))


def content(path):
    return json.loads(path.read_text())


def written(network, folder):
    path = folder / "out.json"
    write_hnn_network(network, path, overwrite=True)
    return path


def column(**options):
    return jones_2009((2, 2), drives=True, **options)


@pytest.mark.parametrize(
    "name",
    [
        "neymotin_2020_3x3", "law_2021_3x3", "calcium_3x3", "rhythms", "noise", "biased", "changed_cells", "rewired",
        "synchronous",
    ],
)  # fmt: skip
def test_a_file_of_the_peer_comes_out_as_it_came_in(hnn_file, tmp_path, compare, name):
    path = hnn_file(name)
    network = read_hnn_network(path)
    again = written(network, tmp_path)
    assert compare(content(path), content(again)) == []
    assert read_hnn_network(again) == network


def test_the_comparison_finds_what_differs(hnn_file, compare):
    first, second = content(hnn_file("noise")), content(hnn_file("noise"))
    second["connectivity"].reverse()
    second["connectivity"][3]["nc_dict"]["A_weight"] *= 1 + 1e-9
    del second["rec_arrays"]
    places = [line.split(":")[0].split("[")[0] for line in compare(first, second)]
    assert places == ["/connectivity", "/rec_arrays only in the first"]


def test_old_files_come_out_in_the_layout_of_today(hnn_file, tmp_path, compare):
    old, new = content(hnn_file("calcium_3x3_v04")), content(hnn_file("calcium_3x3"))
    again = content(written(read_hnn_network(hnn_file("calcium_3x3_v04")), tmp_path))
    places = {one.split(": ")[0].split("/", 3)[-1] for one in compare(new, again)}
    assert places == {"cell_metadata/reference"}  # old files cite nothing: the ready models do
    assert "cell_metadata" not in old["cell_types"][L5P]


def test_the_old_mode_keeps_its_cells_that_reach_nothing(hnn_file, tmp_path, compare):
    path = hnn_file("old_mode_3x3")
    found = compare(content(path), content(written(read_hnn_network(path), tmp_path)))
    # rhythms that end before they start, and an empty map instead of none
    assert found == [
        "/external_drives/bursty1/dynamics/tstop: 170, 1000.0",
        "/external_drives/bursty2/dynamics/tstop: 170, 1000.0",
        "/external_drives/extgauss/weights_nmda: {}, None",
    ]
    made = content(tmp_path / "out.json")
    assert made["legacy_mode"] is True
    unreached = [one for one in made["connectivity"] if (one["src_type"], one["target_type"]) == ("evdist1", L5B)]
    assert [one["nc_dict"]["A_weight"] for one in unreached] == [0.0]
    assert unreached[0]["num_srcs"] == 3


@pytest.mark.parametrize(
    "network",
    [
        column(),
        law_2021((2, 2), drives=True),
        calcium((3, 2), weights="N20", drives=True),
        column().with_positions(inplane_distance_um=30.0, layer_separation_um=1200.0),
        column()
        .with_channel(L5P, "apical_*", "ca", gbar=Linear(20.0, 50.0, 1000.0))
        .with_section(L5P, "apical_tuft", L_um=480.0, diam_um=4.0)
        .with_synapse(L2P, "nmda", e_mV=-5.0)
        .with_channel(L2B, "soma", "km", gbar=3.0),
        replace(column(), threshold_mV=-10.0, origin_um=(0.5, 0.0, 300.0), celsius=30.0),
        column()
        .with_tonic_bias("tonic", amplitude_nA={L2P: 0.5, L5B: 0.1}, t0_ms=1.0, tstop_ms=30.0)
        .with_tonic_bias("tuft", amplitude_nA={L5P: 0.5}, section="apical_tuft")
        .with_electrodes("line", [(1.0, 2.0, 3.0)], method="lsa", min_distance_um=2.0),
    ],
    ids=["default", "law_2021", "calcium", "distance", "cells", "threshold", "biases"],
)
def test_our_networks_come_back(tmp_path, network):
    if "apical_tuft" in str(network.biases):
        network = network.with_drives()
    again = read_hnn_network(written(network, tmp_path))
    for name, population in network.populations.items():
        other = again.populations[name].template.sections
        for key, section in population.template.sections.items():
            for channel, parameters in section.channels.items():
                for parameter in parameters:
                    mine = population.template.density(key, channel, parameter)
                    np.testing.assert_array_equal(
                        again.populations[name].template.density(key, channel, parameter), mine
                    )
            assert replace(section, channels={}) == replace(other[key], channels={})
    same_cells = replace(again, populations=network.populations)  # profiles of one's own come back as tables
    assert same_cells == network


def test_profiles_are_a_value_per_segment(tmp_path):
    network = column().with_channel(L5P, "apical_1", "hh", gkbar=Exponential(0.02, -0.004, 0.01))
    cell = content(written(network, tmp_path))["cell_types"][L5P]["cell_object"]
    xs, values = cell["sections"]["apical_1"]["mechs"]["hh2"]["gkbar_hh2"]
    assert len(xs) == len(values) == network.cell_types[L5P].sections["apical_1"].nseg
    np.testing.assert_allclose(np.diff(xs), 1 / len(xs))
    np.testing.assert_array_equal(values, network.cell_types[L5P].density("apical_1", "hh", "gkbar"))


def test_space_constants_are_in_um_where_the_peer_would_forget_the_distance(tmp_path):
    network = column().with_positions(inplane_distance_um=30.0)
    path = written(network, tmp_path)
    made = content(path)
    assert {one["nc_dict"]["lamtha"] for one in made["connectivity"] if one["src_type"] == "evprox1"} == {90.0}
    assert made["mne_hnn"] == {"inplane_distance_um": 30.0}
    assert "mne_hnn" not in content(written(column(), tmp_path))
    # read as the peer reads it, 1 um apart, routes are the same
    del made["mne_hnn"]
    made["pos_dict"][L2P][0][0] += 1e-3  # off the grid: nothing to find a distance from
    path.write_text(json.dumps(made))
    forgotten = read_hnn_network(path)
    assert forgotten.inplane_distance_um == 1.0
    own, theirs = (connection_wires(one).weights_uS for one in (network, forgotten))
    np.testing.assert_allclose(own, theirs, rtol=1e-5)


def test_gains_go_into_connections(tmp_path):
    network = column().with_gains(e_e=1.5, i_e=0.5).with_connection_changes(changes={"gain": 2.0}, source=L5P)
    again = read_hnn_network(written(network, tmp_path))
    assert dict(again.gains) == dict.fromkeys(("e_e", "e_i", "i_e", "i_i"), 1.0)
    gains = {(one.source, one.target): one.gain for one in again.connections}
    assert (gains[L5P, L5P], gains[L2P, L5P], gains[L5P, L5B], gains[L2B, L2P]) == (3.0, 1.5, 2.0, 0.5)
    np.testing.assert_array_equal(connection_wires(again).weights_uS, connection_wires(network).weights_uS)


def sparse():
    bare = jones_2009((3, 3))
    connections = [replace(one, probability=0.5, seed=8) if one.source == L2P else one for one in bare.connections]
    return replace(bare, connections=connections).with_evoked_drive(
        "own", location="proximal", mu_ms=20.0, sigma_ms=4.0, weights_ampa={L2B: 0.05, L2P: 0.02},
        weights_nmda={L2P: 0.01}, synaptic_delays=0.1, probability={L2B: 0.6, L2P: 0.5}, event_seed=7, conn_seed=12,
    )  # fmt: skip


def test_sparse_connections_are_pairs_that_nothing_is_drawn_from_again(tmp_path):
    network = sparse()
    path = written(network, tmp_path)
    made = content(path)
    assert {one["probability"] for one in made["connectivity"]} == {1.0}
    assert made["external_drives"]["own"]["probability"] == {L2B: 0.6, L2P: 0.5}
    again = read_hnn_network(path)
    for name in ("source", "target", "weights_uS", "delay_ms"):
        np.testing.assert_array_equal(getattr(connection_wires(again), name), getattr(connection_wires(network), name))
    assert again.drives == network.drives


def test_every_cell_of_a_sparse_drive_has_an_entry(tmp_path):
    """The peer draws events only for those that have one, and looks at the first for the type of cells."""
    network = sparse()
    made = content(written(network, tmp_path))
    wires, first = drive_wires(network, "own"), network.gid_ranges["own"].start
    for entry in made["connectivity"]:
        if entry["src_type"] == "own":
            pairs = entry["gid_pairs"]
            assert len(pairs) == len(network.populations[entry["target_type"]])
            assert len(next(iter(pairs.values()))) == 1
            assert [] in pairs.values()
    named = sorted(
        {int(gid) - first for one in made["connectivity"] if one["src_type"] == "own" for gid in one["gid_pairs"]}
    )
    assert named == list(range(network.n_drive_cells(network.drives["own"])))
    assert len(set(wires.source.tolist())) < len(named)


def test_events_of_all_trials_are_those_of_the_network(tmp_path):
    network = column().with_bursty_drive(
        "alpha", location="distal", burst_rate_Hz=50.0, burst_std_ms=3.0, tstart_std=2.0, n_drive_cells=3,
        weights_ampa={L5P: 0.01}, event_seed=11,
    ).with_poisson_drive(
        "noise", location="apical_tuft", rate_Hz=80.0, weights_ampa={L5P: 0.01}, event_seed=5
    )  # fmt: skip
    again = read_hnn_network(written(network, tmp_path))
    for trial in (0, 3):
        own, theirs = drive_events(network, trial, 60.0), drive_events(again, trial, 60.0)
        assert list(own) == list(theirs)
        for name, trains in own.items():
            for mine, other in zip(trains, theirs[name], strict=True):
                np.testing.assert_array_equal(mine, other)


def test_off_the_grid_the_mesh_has_as_many_cells_as_a_layer(tmp_path):
    cells = jones_2009((2, 2), drives=True)
    moved = [(x + 0.25 * (k == 1), y, z) for k, (x, y, z) in enumerate(cells.populations[L5P].positions_um)]
    populations = {**cells.populations, L5P: replace(cells.populations[L5P], positions_um=moved)}
    network = replace(cells, populations=populations, mesh_shape=None, origin_um=cells.origin)
    made = content(written(network, tmp_path))
    assert (made["N_pyr_x"], made["N_pyr_y"]) == (4, 1)
    assert read_hnn_network(tmp_path / "out.json") == network


def test_biases_that_were_told_apart_are_one_again(tmp_path):
    windows = {
        "tonic": TonicBias(name="tonic", amplitude_nA={L2P: 0.5}, t0_ms=1.0, tstop_ms=30.0),
        "tonic 2": TonicBias(name="tonic 2", amplitude_nA={L5P: 0.2}, t0_ms=5.0, tstop_ms=40.0),
        "tuft 1": TonicBias(name="tuft 1", amplitude_nA={L2P: 0.1}),
        "tuft 2": TonicBias(name="tuft 2", amplitude_nA={L5P: 0.1}),
    }
    network = replace(column(), biases=windows)
    made = content(written(network, tmp_path))["external_biases"]
    assert {name: sorted(one) for name, one in made.items()} == {
        "tonic": [L2P, L5P],
        "tuft 1": [L2P],
        "tuft 2": [L5P],
    }
    assert read_hnn_network(tmp_path / "out.json") == network
    overlapping = replace(windows["tonic 2"], amplitude_nA={L2P: 0.2})
    made = content(written(replace(network, biases={**windows, "tonic 2": overlapping}), tmp_path))["external_biases"]
    assert sorted(made) == ["tonic", "tonic 2", "tuft 1", "tuft 2"]


def renamed(network, name, **changes):
    """Return a network with fields of one cell's template changed."""
    population = network.populations[name]
    template = replace(population.template, **changes)
    return replace(network, populations={**network.populations, name: replace(population, template=template)})


def mechanism(name):
    return Mechanism.from_mod(Path(__file__).parents[1] / "data" / "mechanisms" / f"{name}.mod")


REFUSED = {
    "receptor": (
        lambda: column().with_synapse(L5P, "nmda", mechanism("nmda_block")),
        NetworkError,
        "Receptor 'nmda' of 'L5_pyramidal' has a mechanism of its own",
    ),
    "channel": (
        lambda: column().with_channel(L5P, "basal_*", mechanism("persistent_sodium"), gbar=1e-5),
        NetworkError,
        "Channel 'nap' in section 'basal_1' of 'L5_pyramidal' is not one of HNN's",
    ),
    "thresholds": (
        lambda: column().with_connection_changes(changes={"threshold_mV": -20.0}, source=L5P, target=L5B),
        NetworkError,
        "Connections from 'L5_pyramidal' have thresholds -20, 0 mV: in HNN a cell has one, that of the last",
    ),
    "spike train": (
        lambda: column().with_spike_train_drive(
            "trains", times_ms=[[1.0]], location="apical_tuft", weights_ampa={L5P: 0.1}
        ),
        DriveError,
        "Drive 'trains' is a SpikeTrainDrive, which HNN 0.6.1 cannot open",
    ),
    "no rate": (
        lambda: column().with_poisson_drive(
            "noise", location="apical_tuft", rate_Hz={L5P: 0.0, L2P: 1.0}, weights_ampa={L5P: 0.1, L2P: 0.1}
        ),
        DriveError,
        "Drive 'noise' has a rate of 0 Hz for L5_pyramidal",
    ),
    "kind of connection": (
        lambda: column().without_connections(source=L2B, target=L2B).without_connections(source=L5B, target=L5B),
        NetworkError,
        "no connection from inhibitory to inhibitory cells",
    ),
    "dipole": (
        lambda: renamed(column(), L2P, measures_dipole=False),
        NetworkError,
        "two cell types, of layers L2 and L5 in this order, and here L5_pyramidal measure",
    ),
    "direction": (
        lambda: renamed(column(), L2P, apical_section="apical_1"),
        NetworkError,
        "along a section 'apical_trunk', and 'L2_pyramidal' measures its dipole along 'apical_1'",
    ),
    "unreached": (
        lambda: column().with_evoked_drive(
            "thin", location="apical_tuft", mu_ms=5.0, sigma_ms=1.0, weights_ampa={L5P: 0.1}, probability=0.1
        ),
        DriveError,
        "Drive 'thin' reaches no cell of 'L5_pyramidal' with a probability of 0.1",
    ),
    "placeholders": (
        lambda: column().with_drive_changes("evdist1", placeholder_types=[L5B]).with_evoked_drive(
            "short", location="apical_tuft", mu_ms=5.0, sigma_ms=1.0, weights_ampa={L5P: 0.1}
        ),
        DriveError,
        "Drive 'short' has no cells for L2_basket, L2_pyramidal, L5_basket while another has placeholders",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_file_or_the_peer_cannot_hold_is_refused_by_name(tmp_path, name):
    build, error, sentence = REFUSED[name]
    path = tmp_path / "out.json"
    with pytest.raises(error, match=sentence):
        write_hnn_network(build(), path)
    assert not path.exists()


def test_overlapping_bursts_are_refused(tmp_path):
    with pytest.warns(MneHnnWarning, match="burst"):
        network = column().with_bursty_drive(
            "fast", location="apical_tuft", burst_rate_Hz=100.0, numspikes=3, spike_isi_ms=8.0, weights_ampa={L5P: 0.1}
        )
    with pytest.raises(DriveError, match="bursts of 16 ms in a period of 10 ms"):
        write_hnn_network(network, tmp_path / "out.json")


def test_what_the_peer_does_otherwise_is_warned_about(tmp_path):
    network = column().with_section(L5P, "apical_1", nseg_override=3)
    with pytest.warns(MneHnnWarning, match="Section 'apical_1' of 'L5_pyramidal' has 3 segments: HNN takes no notice"):
        write_hnn_network(network, tmp_path / "segments.json")
    assert read_hnn_network(tmp_path / "segments.json") == network
    single = jones_2009((1, 2), drives=True)  # two pyramidal cells a layer, one layer 5 basket
    with pytest.warns(MneHnnWarning, match="L5_basket -> L5_basket .gabaa. joins no cells and is left out"):
        write_hnn_network(single, tmp_path / "single.json")
    drawn = column().with_section(L5P, "apical_1", end_points_um=((0.0, 0.0, 0.0), (0.0, 0.0, 5.0)))
    with pytest.warns(MneHnnWarning, match="sections of 'L5_pyramidal' are not drawn as long as they are"):
        write_hnn_network(drawn.with_electrodes("one", (50.0, 0.0, 0.0)), tmp_path / "drawn.json")


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: column().with_drive_changes("evprox1", synaptic_delays=0.1),
            "drive 'evprox1' has one delay for all cell types .give synaptic_delays by cell type.",
        ),
        (
            lambda: column().with_tonic_bias("up", amplitude_nA={L5P: 1.0}),
            "bias 'up' lacks the word 'tonic' in its name",
        ),
        (
            lambda: column().with_connection(
                L5P, L2B, location="soma", receptor="ampa", weight_uS=1e-3, delay_ms=1.0, lamtha=3.0
            ),
            "its models have no connection L5_pyramidal -> L2_basket",
        ),
        (
            lambda: column().with_connection(
                L2P, L2P, location="proximal", receptor="ampa", weight_uS=1e-3, delay_ms=1.0, lamtha=3.0
            ),
            "there are 2 connections L2_pyramidal -> L2_pyramidal .ampa, proximal.",
        ),
    ],
)
def test_what_the_window_does_not_open_is_said(tmp_path, build, sentence):
    with pytest.warns(MneHnnWarning, match=f"in Python, but not in its window: {sentence}") as told:
        write_hnn_network(build(), tmp_path / "out.json")
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_hnn_network(column(), tmp_path / "silent.json")
        tonic = column().with_tonic_bias("tonic 1", amplitude_nA={L5P: 1.0})
        write_hnn_network(tonic, tmp_path / "tonic.json")


def test_files_and_arguments(tmp_path):
    path = written(column(), tmp_path)
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="overwrite=True"):
        write_hnn_network(column(), path)
    with pytest.raises(ParameterError, match="must be a Network, got str"):
        write_hnn_network("jones_2009", tmp_path / "other.json")
    with pytest.raises(ParameterError, match="There is no folder"):
        write_hnn_network(column(), tmp_path / "none" / "out.json")
    write_hnn_network(column(), path, overwrite=True)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.parametrize("distance", ['"far"', "-1", "{}"])
def test_a_damaged_distance_is_refused(tmp_path, distance):
    path = written(column().with_positions(inplane_distance_um=30.0), tmp_path)
    text = path.read_text()
    assert '"inplane_distance_um": 30.0' in text
    path.write_text(text.replace('"inplane_distance_um": 30.0', f'"inplane_distance_um": {distance}'))
    with pytest.raises(DataError, match="inplane_distance_um of mne_hnn"):
        read_hnn_network(path)
