"""Our own files: everything comes back, and nothing that is damaged, newer or something else is taken for it."""

import json
import os
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import mne_hnn
from mne_hnn.errors import CacheError, DataError, NetworkError, ParameterError
from mne_hnn.io import read_network, read_simulation, read_spikes, write_network, write_simulation, write_spikes
from mne_hnn.network import (
    DRIVE_KINDS,
    PROFILES,
    Branch,
    CellTemplate,
    Connection,
    CustomSynapse,
    Electrodes,
    Exponential,
    Linear,
    Mechanism,
    Network,
    Population,
    Section,
    Synapse,
    Tabulated,
    TonicBias,
    connection_wires,
    jones_2009,
    replace,
)
from mne_hnn.simulate import simulate

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"


def mechanism(name):
    return Mechanism.from_mod(Path(__file__).parents[1] / "data" / "mechanisms" / f"{name}.mod")


def small(**options):
    return jones_2009((2, 2), **options)


def with_connection(**changes):
    network = small()
    connection = Connection(
        source=L2P, target=L2P, location="proximal", receptor="ampa", weight_uS=1e-3, delay_ms=1.0, lamtha=3.0,
        **changes,
    )  # fmt: skip
    return replace(network, connections=(*network.connections[:2], connection))


def with_connection_field(name, value):
    network = with_connection()
    own = (*network.connections[:2], replace(network.connections[2], **{name: value}))
    return replace(network, connections=own)


COMMON = {
    "location": "proximal", "weights_ampa": {L2P: 0.1 + 0.2, L5P: 0.0}, "weights_nmda": {L2P: 1e-5},
    "synaptic_delays": {L2P: 0.1, L5P: 1.0}, "space_constant": 4.5, "probability": {L2P: 0.5, L5P: 1.0},
    "event_seed": 17, "conn_seed": 18,
}  # fmt: skip
DRIVES = {
    "evoked": {"mu_ms": -3.25, "sigma_ms": 2.5, "numspikes": 3, "cell_specific": False, "n_drive_cells": 5},
    "poisson": {"rate_Hz": {L2P: 10.0, L5P: 1 / 3}, "tstart": 1.5, "tstop": None},
    "bursty": {
        "burst_rate_Hz": 9.9, "burst_std_ms": 1.5, "numspikes": 4, "spike_isi_ms": 2.5, "tstart": 3.0,
        "tstart_std": 0.5, "tstop": 33.0, "cell_specific": False, "n_drive_cells": 3,
    },
    "spike_train": {"times_ms": [[3.0, 1.0], [], [0.1 + 0.2]], "n_drive_cells": 3},
}  # fmt: skip


def with_drive(kind, **changes):
    return small(drives=True).with_drives(DRIVE_KINDS[kind](name="mine: ü", **{**COMMON, **DRIVES[kind], **changes}))


def with_section(**changes):
    return small().with_section(L5P, "basal_2", **changes)


def with_template(**changes):
    network = small()
    population = network.populations[L2B]
    changed = replace(population, template=replace(population.template, **changes))
    return replace(network, populations={**network.populations, L2B: changed})


PROFILE_VALUES = {
    "uniform": 5.5, "exponential": Exponential(2.0, -0.01, 0.25), "linear": Linear(10.0, 40.0, 1501.0),
    "tabulated": Tabulated((0.0, 10.5, 700.25), (1.0, 1 / 3, 2.0)),
}  # fmt: skip
CONNECTION_VALUES = {
    "source": L5P, "target": L5P, "location": "distal", "receptor": "nmda", "weight_uS": 1 / 3, "delay_ms": 0.7,
    "lamtha": 7.5, "gain": 1.25, "probability": 0.5, "allow_autapses": False, "source_indices": (0, 3),
    "target_indices": (2, 1), "threshold_mV": -17.5, "pairs": ((0, 1), (3, 2)),
}  # fmt: skip
SECTION_VALUES = {
    "L_um": 123.4, "diam_um": 3.3, "Ra_ohm_cm": 150.0, "cm_uF_cm2": 1.1, "v_init_mV": -70.5,
    "end_points_um": ((0.0, 0.0, 1.0), (0.1, 0.2, 50.0)), "receptors": ("gabab", "nmda", "gabaa", "ampa"),
    "nseg_override": 3,
}  # fmt: skip
TEMPLATE_VALUES = {
    "name": "other", "layer": "L3", "morphology": "stellate", "electro_type": "excitatory", "measures_dipole": True,
    "apical_section": "soma", "locations": {"proximal": ("soma",), "distal": ()}, "reference": "nobody 1999",
}  # fmt: skip

VARIANTS = {
    "as it is": small,
    "drives": lambda: small(drives=True),
    "name": lambda: replace(small(), name="ü: mine"),
    "in-plane distance": lambda: small().with_positions(inplane_distance_um=30.0),
    "layer separation": lambda: small().with_positions(layer_separation_um=1000.0 / 3),
    "no mesh": lambda: replace(small(), mesh_shape=None),
    "origin": lambda: replace(small(), origin_um=(1.0, 2.5, -3.0)),
    "temperature": lambda: small().with_temperature(100.0 / 3),
    "network threshold": lambda: replace(small(), threshold_mV=-12.5),
    "gains": lambda: small().with_gains(e_e=0.1, e_i=0.2, i_e=0.3, i_i=0.4),
    "bias": lambda: small().with_tonic_bias(
        "b", amplitude_nA={L2P: -0.5, L5B: 0.25}, section="soma", t0_ms=1.5, tstop_ms=9.0
    ),
    "endless bias": lambda: small().with_tonic_bias("b", amplitude_nA={L5P: 0.1}, section="apical_tuft"),
    "electrodes": lambda: (
        small()
        .with_electrodes("a", [(1.0, 2.0, 3.0), (1.0, 2.0, 1 / 3)], method="lsa", conductivity_S_m=0.2)
        .with_electrodes("b", [(0.0, 0.0, 0.0)], min_distance_um=5.0)
    ),
    "one cell type": lambda: small().without_population(L5P, L5B, L2B),
    "other positions": lambda: replace(
        small(),
        populations={
            **small().populations, L2B: Population(template=small().cell_types[L2B], positions_um=[(0.1, 0.2, 0.3)]),
        },
    ),
    "without a channel": lambda: small().without_channel(L5P, "all", "ar"),
    "synapse": lambda: small().with_synapse(L2P, "gabab", e_mV=-90.0, tau1_ms=1.5, tau2_ms=123.0),
    "synapse of one's own": lambda: small().with_synapse(L2P, "nmda", mechanism("nmda_block"), tau2=40.0),
    "channel of one's own": lambda: small().with_channel(
        L5P, "basal_*", mechanism("persistent_sodium"), gbar=Exponential(1e-5, -0.01), ena=55.0
    ),
    "reversed drives": lambda: replace(
        small(drives=True), drives=dict(reversed(list(small(drives=True).drives.items())))
    ),
    **{f"drive {kind}": lambda kind=kind: with_drive(kind) for kind in DRIVE_KINDS},
    "drive at a section": lambda: with_drive("evoked", location="apical_tuft"),
    "cell specific drive": lambda: with_drive("evoked", cell_specific=True, n_drive_cells="n_cells"),
    "placeholders": lambda: with_drive(
        "evoked", cell_specific=True, n_drive_cells="n_cells", placeholder_types=[L5B, L2B]
    ),
    "one delay and probability": lambda: with_drive("bursty", synaptic_delays=0.3, probability=0.25),
    **{
        f"profile {name}": lambda value=value: small().with_channel(L5P, "apical_*", "ca", gbar=value)
        for name, value in PROFILE_VALUES.items()
    },
    **{
        f"connection {name}": lambda name=name, value=value: with_connection_field(name, value)
        for name, value in CONNECTION_VALUES.items()
    },
    "connection seed": lambda: with_connection(probability=0.3, seed=12),
    **{f"section {n}": lambda n=n, v=v: with_section(**{n: v}) for n, v in SECTION_VALUES.items()},
    **{f"template {n}": lambda n=n, v=v: with_template(**{n: v}) for n, v in TEMPLATE_VALUES.items()},
}  # fmt: skip


def test_the_table_has_every_field_of_every_class():
    def names(kind):
        return {one.name for one in fields(kind) if one.init}

    assert names(Connection) == {*CONNECTION_VALUES, "seed"}
    assert names(Section) == {*SECTION_VALUES, "channels", "mechanisms"}
    assert names(CellTemplate) == {*TEMPLATE_VALUES, "sections", "tree", "synapses"}
    assert names(Branch) == {"child", "parent", "child_end", "parent_end"}
    assert names(Synapse) == {"e_mV", "tau1_ms", "tau2_ms"}
    assert names(CustomSynapse) == {"mechanism", "parameters"}
    assert names(Mechanism) == {"text", "file"}
    assert names(TonicBias) == {"name", "amplitude_nA", "section", "t0_ms", "tstop_ms"}
    assert names(Population) == {"template", "positions_um"}
    assert names(Electrodes) == {"positions_um", "conductivity_S_m", "method", "min_distance_um"}
    assert set(PROFILES) == set(PROFILE_VALUES)
    for kind, own in DRIVES.items():
        extra = {"name", "cell_specific", "n_drive_cells", "placeholder_types"}
        assert names(DRIVE_KINDS[kind]) == {*COMMON, *own, *extra}
    assert names(Network) == {
        "name", "populations", "connections", "drives", "biases", "inplane_distance_um", "layer_separation_um",
        "mesh_shape", "origin_um", "threshold_mV", "gains", "electrodes", "celsius",
    }  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_option_of_a_network_comes_back(tmp_path, variant):
    network = VARIANTS[variant]()
    if variant not in ("as it is", "name", "template reference"):
        assert network != small()
    path = tmp_path / "network.json"
    network.save(path)
    again = read_network(path)
    assert again == network
    assert again.digest == network.digest
    assert again.name == network.name
    assert again.connections == network.connections
    assert list(again.drives) == list(network.drives)
    assert [one.template.reference for one in again.populations.values()] == [
        one.template.reference for one in network.populations.values()
    ]
    write_network(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_two_branches_that_join_at_other_ends(tmp_path):
    section = Section(
        L_um=50.0, diam_um=2.0, Ra_ohm_cm=100.0, cm_uF_cm2=1.0, v_init_mV=-65.0, end_points_um=((0, 0, 0), (0, 0, 50)),
        channels={"hh": {}}, receptors=("ampa",),
    )  # fmt: skip
    template = CellTemplate(
        name="stick", sections={"soma": section, "up": section}, layer="L4", morphology="stellate",
        tree=[Branch(child="up", parent="soma", child_end=1, parent_end=0)], electro_type="inhibitory",
        synapses={"ampa": Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)}, measures_dipole=False,
    )  # fmt: skip
    network = Network(populations={"stick": Population(template=template, positions_um=[(0, 0, 0), (1, 0, 0)])})
    network.save(tmp_path / "network.json")
    assert read_network(tmp_path / "network.json") == network


def test_a_network_read_back_simulates_to_the_same_bytes(tmp_path):
    network = with_connection(probability=0.5, seed=4).with_positions(inplane_distance_um=30.0)
    network = network.with_evoked_drive(
        "early", mu_ms=5.0, sigma_ms=1.0, location="proximal", weights_ampa={L2P: 0.05, L5P: 0.05}
    )
    network.save(tmp_path / "network.json")
    first, second = (simulate(one, tstop=20.0) for one in (network, read_network(tmp_path / "network.json")))
    assert len(first.spikes) > 8
    assert first.dipole.data.tobytes() == second.dipole.data.tobytes()
    assert first.spikes == second.spikes


# pairs


def test_pairs_are_the_connections_and_nothing_else():
    network = with_connection(pairs=[(3, 2), (0, 1), (1, 1)])
    assert network.connections[2].pairs == ((0, 1), (1, 1), (3, 2))
    wires = connection_wires(replace(network, connections=network.connections[2:]))
    first = network.gid_ranges[L2P].start
    assert (wires.source - first).tolist() == [0, 1, 3]
    assert (wires.target - first).tolist() == [1, 1, 2]
    alone = replace(network.connections[2], allow_autapses=False)
    assert len(connection_wires(replace(network, connections=[alone]))) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": []}, "at least one pair"),
        ({"pairs": [(0, 1), (0, 1)]}, "each only once"),
        ({"pairs": [(0, 1, 2)]}, "at least one pair"),
        ({"pairs": 3}, "at least one pair"),
        ({"pairs": [(0, -1)]}, "an integer >= 0"),
        ({"pairs": [(0, 1)], "probability": 0.5}, "leave out probability"),
        ({"pairs": [(0, 1)], "source_indices": [0]}, "leave out probability"),
        ({"pairs": [(0, 4)]}, "one of the 4 target cells, got number 4"),
    ],
)
def test_wrong_pairs(changes, message):
    with pytest.raises(NetworkError, match=message):
        with_connection(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.0, 1.0), (1.0,)), "one value per distance, got 2 and 1"),
        (((1.0, 1.0), (1.0, 2.0)), "must rise"),
        (((), ()), "must be a sequence"),
        ((("a",), (1.0,)), "finite number"),
    ],
)
def test_wrong_tables(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Tabulated(*arguments)


def test_tables_join_their_values_by_lines():
    table = Tabulated((10.0, 20.0), (1.0, 3.0))
    np.testing.assert_allclose(table.at(np.array([0.0, 10.0, 15.0, 99.0])), [1.0, 1.0, 2.0, 3.0])
    assert table.extremes() == (1.0, 3.0)


# what is damaged, newer or something else


def test_networks_that_are_none(tmp_path, simulation):
    path = tmp_path / "network.json"
    small().save(path)
    content = json.loads(path.read_text())
    assert (content["format"], content["schema"]) == ("mne_hnn network", 1)

    def refused(text, message):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            read_network(path)

    refused(json.dumps({**content, "schema": 2}), "schema 2, and this version of mne_hnn reads schemas up to 1")
    refused(json.dumps({**content, "schema": "new"}), "schema 'new'")
    refused(json.dumps({**content, "digest": "0"}), "digest differs")
    refused(json.dumps({**content, "network": 3}), "damaged")
    refused(json.dumps(content)[:-200], "does not hold whole JSON")
    refused("", "does not hold whole JSON")
    refused("[1, 2]", "a list instead of an object")
    refused("{}", "its format is None")
    refused(json.dumps({"gbar_L2Pyr_L2Pyr_ampa": 1}), "read it with read_hnn_params")
    with pytest.raises(DataError, match="There is no file"):
        read_network(tmp_path / "nothing.json")
    simulation.save(tmp_path / "simulation.npz")
    with pytest.raises(DataError, match="is no text"):
        read_network(tmp_path / "simulation.npz")


def test_files_are_replaced_only_when_told(tmp_path, simulation):
    path = tmp_path / "network.json"
    small().save(path)
    with pytest.raises(ParameterError, match="network.json exists: choose another name, or overwrite=True"):
        small(drives=True).save(path)
    small(drives=True).save(path, overwrite=True)
    assert read_network(path) == small(drives=True)
    with pytest.raises(ParameterError, match="There is no folder"):
        small().save(tmp_path / "none" / "network.json")
    with pytest.raises(ParameterError, match="must be a Network"):
        write_network(3, tmp_path / "x.json")
    with pytest.raises(ParameterError, match="must be a Simulation"):
        write_simulation(3, tmp_path / "x.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CacheError, match="cannot be written"):
        small().save(tmp_path / "folder", overwrite=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "network.json"]


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "network.json"
    small().save(path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match="No space left on device"):
        small(drives=True).save(path, overwrite=True)
    monkeypatch.undo()
    assert read_network(path) == small()
    assert [one.name for one in tmp_path.iterdir()] == ["network.json"]


# simulations


def test_a_simulation_comes_back_to_the_last_bit(tmp_path, simulation):
    path = tmp_path / "simulation.npz"
    simulation.save(path)
    again = read_simulation(path)
    assert again.network == simulation.network
    assert again.network.name == simulation.network.name
    for name in ("tstop", "dt", "seed", "baseline", "engine", "spikes"):
        assert getattr(again, name) == getattr(simulation, name)
    for one, other in zip(again.dipoles, simulation.dipoles, strict=True):
        assert one.data.tobytes() == other.data.tobytes()
        assert one.times.tobytes() == other.times.tobytes()
        assert (one.layers, one.comment, one.nave) == (other.layers, other.comment, other.nave)
        assert (one.provenance, one.scale_applied) == (other.provenance, other.scale_applied)
    assert set(again.recordings) == {"voltage", "calcium"}
    assert dict(again.recordings) == dict(simulation.recordings)
    (shank,), (mine,) = again.lfp.values(), simulation.lfp.values()
    assert shank.get_data(copy=False).tobytes() == mine.get_data(copy=False).tobytes()
    assert shank.ch_names == mine.ch_names == ["shank 001", "shank 002", "shank 003"]
    assert shank.info["description"] == mine.info["description"]
    np.testing.assert_array_equal(shank.times, mine.times)
    np.testing.assert_array_equal(shank.events, mine.events)
    for one, other in zip(shank.info["chs"], mine.info["chs"], strict=True):
        np.testing.assert_array_equal(one["loc"], other["loc"])
        assert (one["kind"], one["unit"], one["coord_frame"]) == (other["kind"], other["unit"], other["coord_frame"])
    write_simulation(again, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_changed_results_come_back_changed(tmp_path, simulation):
    own = [one.copy().scale(3000.0).smooth(5.0) for one in simulation.dipoles]
    lfp = {"cut": next(iter(simulation.lfp.values())).copy().crop(0.01, 0.02)}
    changed = replace(simulation, dipoles=tuple(own), lfp=lfp, recordings={})
    changed.save(tmp_path / "simulation.npz")
    again = read_simulation(tmp_path / "simulation.npz")
    assert [one.scale_applied for one in again.dipoles] == [3000.0, 3000.0]
    np.testing.assert_array_equal(again.dipoles[1].data, own[1].data)
    np.testing.assert_allclose(again.lfp["cut"].times, lfp["cut"].times, rtol=0, atol=1e-12)
    assert not again.recordings


def test_an_archive_opens_without_pickle_and_says_what_it_is(tmp_path, simulation):
    simulation.save(tmp_path / "simulation.npz")
    with np.load(tmp_path / "simulation.npz", allow_pickle=False) as kept:
        content = json.loads(str(kept["content"]))
        assert (content["format"], content["schema"]) == ("mne_hnn simulation", 1)
        assert kept["trials"].dtype == np.float64
        assert not any(array.dtype.hasobject for array in dict(kept).values())


def rewritten(path, **changes):
    with np.load(path) as kept:
        arrays = dict(kept)
    content = json.loads(str(arrays.pop("content")))
    content.update(changes)
    np.savez_compressed(path, content=np.array(json.dumps(content)), **arrays)


def test_simulations_that_are_none(tmp_path, simulation):
    path, spikes = tmp_path / "simulation.npz", tmp_path / "spikes.npz"
    simulation.save(path)
    write_spikes(simulation.spikes, spikes)
    with pytest.raises(DataError, match="no simulation file: it holds 'mne_hnn spikes'"):
        read_simulation(spikes)
    with pytest.raises(DataError, match="no spikes file: it holds 'mne_hnn simulation'"):
        read_spikes(path)
    rewritten(path, schema=2)
    with pytest.raises(DataError, match="schema 2, and this version"):
        read_simulation(path)
    rewritten(path, schema=1, network="{}")
    with pytest.raises(DataError, match="cannot be read: The text of the network is damaged"):
        read_simulation(path)
    rewritten(path, format="other")
    with pytest.raises(DataError, match="it holds 'other'"):
        read_simulation(path)
    whole = spikes.read_bytes()
    for damaged in (whole[:-100], whole[: len(whole) // 2], b"", b"once upon a time"):
        spikes.write_bytes(damaged)
        with pytest.raises(DataError, match="is no spike table, or damaged"):
            read_spikes(spikes)
    with zipfile.ZipFile(spikes, "w") as archive:
        archive.writestr("hello.txt", "you")
    with pytest.raises(DataError, match="is no spike table, or damaged"):
        read_spikes(spikes)
    with pytest.raises(DataError, match="There is no file"):
        read_simulation(tmp_path / "nothing.npz")


def test_a_flipped_byte_is_noticed(tmp_path, simulation):
    path = tmp_path / "spikes.npz"
    write_spikes(simulation.spikes, path)
    whole = path.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            again = read_spikes(path)
        except DataError:
            continue
        assert again == simulation.spikes  # a byte that carries nothing, such as a date


def test_the_package_offers_its_files():
    assert mne_hnn.io.read_network is read_network
