"""A network as text and back: nothing is lost, and what is damaged is told."""

import json
import os
import subprocess
import sys

import pytest

from mne_hnn.errors import NetworkError
from mne_hnn.network import (
    MODELS,
    CellTemplate,
    Exponential,
    Linear,
    Network,
    OrderedFrozenMap,
    canonical,
    jones_2009,
    model,
    replace,
)
from mne_hnn.network.serial import network_from_text, network_to_text

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"


def edited(name="jones_2009"):
    """Return a network that has something of everything."""
    network = model(name, mesh_shape=(3, 2), drives=True)
    network = network.with_bursty_drive(
        "alpha", location="proximal", burst_rate_Hz=10.0, tstart=1.5, tstart_std=0.1, tstop=250.0,
        weights_ampa={L5P: 5.4e-5, L2P: 1 / 3}, probability={L5P: 0.25, L2P: 1.0},
    ).with_poisson_drive(
        "noise", location="apical_tuft", rate_Hz={L5P: 140.0, L2P: 90.0}, weights_nmda={L5P: 1e-3, L2P: 0.0}
    ).with_spike_train_drive(
        "trains", times_ms=[[5.0, 3.25], [], [0.1 + 0.2]], location="distal", weights_ampa={L2P: 0.01}
    )  # fmt: skip
    network = network.with_tonic_bias("depolarised", amplitude_nA={L5P: 0.1, L2B: -0.25}, t0_ms=3.0, tstop_ms=17.5)
    network = network.with_tonic_bias("another", amplitude_nA={L2P: 1e-3}, section="apical_tuft")
    network = network.with_channel(
        L5P, "apical_*", "hh", gnabar=Linear(0.3, 0.1, 700.0), gkbar=Exponential(0.06, -0.01)
    )
    network = network.without_channel(L2P, "basal_*", "km").with_section(L5B, "soma", L_um=41.5, nseg_override=3)
    network = network.with_synapse(L2P, "gabab", tau2_ms=123.0)
    network = network.with_connection(
        L5B, L2B, location="soma", receptor="gabaa", weight_uS=0.1, delay_ms=2.0, lamtha=7.0, probability=0.5, seed=11,
        source_indices=[1, 0], target_indices=[1], allow_autapses=False,
    )  # fmt: skip
    network = network.with_gains(e_i=1.25).with_positions(inplane_distance_um=48.0)
    return replace(network, name="mine: ü", origin_um=(1.0, -2.0, 3.5), threshold_mV=-10.0)


def backwards(items):
    return {name: items[name] for name in reversed(items)}


def templates(network):
    return {name: one.template for name, one in network.populations.items()}


def assert_same(restored, network):
    assert type(restored) is Network
    assert restored == network
    assert restored.digest == network.digest
    assert hash(restored) == hash(network)
    assert canonical(restored) == canonical(network)
    # what equality leaves out, or what the order of names decides
    assert restored.name == network.name
    for own in ("populations", "drives"):
        assert isinstance(getattr(restored, own), OrderedFrozenMap)
        assert list(getattr(restored, own)) == list(getattr(network, own))
    assert restored.gid_ranges == network.gid_ranges
    assert restored.connections == network.connections
    assert restored.biases == network.biases
    for name, template in templates(network).items():
        again = templates(restored)[name]
        assert isinstance(again, CellTemplate)
        assert again == template
        assert again.reference == template.reference
        assert list(again.sections) == list(template.sections)
        for section, value in template.sections.items():
            assert list(again.sections[section].channels) == list(value.channels)
    for name, drive in network.drives.items():
        assert type(restored.drives[name]) is type(drive)
        assert restored.drives[name] == drive


@pytest.mark.parametrize("drives", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_ready_models_come_back(name, drives):
    network = model(name, mesh_shape=(3, 3), drives=drives)
    restored = network_from_text(network_to_text(network))
    assert_same(restored, network)
    assert restored.name == name
    assert restored.populations[L5P].template.reference.startswith("Neymotin")


@pytest.mark.parametrize("name", MODELS)
def test_everything_that_can_be_edited_comes_back(name):
    network = edited(name)
    restored = network_from_text(network_to_text(network))
    assert_same(restored, network)
    assert restored.drives["trains"].times_ms == ((5.0, 3.25), (), (0.1 + 0.2,))
    assert restored.drives["noise"].rate_Hz == {L5P: 140.0, L2P: 90.0}
    assert restored.drives["alpha"].probability == {L5P: 0.25, L2P: 1.0}
    assert restored.biases["depolarised"].tstop_ms == 17.5
    assert restored.connections[-1].source_indices == (1, 0)
    assert restored.populations[L5P].template.sections["apical_1"].channels["hh"]["gnabar"] == Linear(0.3, 0.1, 700.0)
    assert (restored.name, restored.origin_um, restored.threshold_mV) == ("mine: ü", (1.0, -2.0, 3.5), -10.0)
    # and it can be worked on
    assert_same(restored.without_drives("noise"), network.without_drives("noise"))
    assert_same(restored.with_mesh((2, 2)).without_drives(), network.with_mesh((2, 2)).without_drives())


def test_names_of_classes_are_names_like_others():
    network = jones_2009((2, 2)).with_evoked_drive(
        "Linear", mu_ms=3.0, sigma_ms=0.0, location="distal", weights_ampa={L2P: 1.0}
    )
    network = network.with_population("Uniform", network.populations[L5B].template, [(0.0, 0.0, 1.0)])
    network = network.with_tonic_bias("Network", amplitude_nA={"Uniform": 1.0})
    assert_same(network_from_text(network_to_text(network)), network)


def test_the_order_of_drives_and_cell_types_comes_back():
    network = model("jones_2009", mesh_shape=(2, 2), drives=True)
    other = replace(
        network,
        populations=backwards(network.populations),
        drives=backwards(network.drives),
    )
    assert other != network
    assert_same(network_from_text(network_to_text(other)), other)


def test_equal_networks_are_equal_texts():
    network = edited()
    text = network_to_text(network)
    assert text == network_to_text(edited())
    assert text == network_to_text(network_from_text(text))
    bias = network.biases["depolarised"]
    other_order = replace(bias, amplitude_nA=backwards(bias.amplitude_nA))
    biases = {"another": network.biases["another"], "depolarised": other_order}
    assert network_to_text(replace(network, biases=biases)) == text
    assert text.isascii()
    json.loads(text, parse_constant=pytest.fail)  # neither NaN nor infinity


def test_the_text_is_the_same_in_another_process():
    code = (
        "from mne_hnn.network import model; from mne_hnn.network.serial import network_to_text;"
        "print(network_to_text(model('calcium', mesh_shape=(2, 2), drives=True)))"
    )
    expected = network_to_text(model("calcium", mesh_shape=(2, 2), drives=True))
    for hash_seed in ("1", "2"):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": hash_seed}
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        assert run.stdout.strip() == expected


# -- damaged


def changed(change):
    content = json.loads(network_to_text(jones_2009((2, 2), drives=True)))
    change(content)
    return json.dumps(content)


def fields(content):
    return content["network"][1]


def drives(content):
    return dict(fields(content)["drives"])


DAMAGES = {
    "digest": lambda c: c.update(digest="0" * 64),
    "no digest": lambda c: c.pop("digest"),
    "no name": lambda c: c.pop("name"),
    "name that is a number": lambda c: c.update(name=3),
    "no references": lambda c: c.pop("references"),
    "reference too few": lambda c: c["references"].pop(L5P),
    "no network": lambda c: c.pop("network"),
    "other value": lambda c: c.update(network=["Uniform", {"value": 1.0}]),
    "unknown class": lambda c: c["network"].__setitem__(0, "Netwerk"),
    "number": lambda c: fields(c).update(threshold_mV=1.0),
    "number that is text": lambda c: fields(c).update(threshold_mV="1"),
    "no number": lambda c: fields(c).update(threshold_mV=float("nan")),
    "unknown field": lambda c: fields(c).update(colour="red"),
    "field that is missing": lambda c: fields(c).pop("mesh_shape"),
    "needed field that is missing": lambda c: fields(c).pop("populations"),
    "order of cell types": lambda c: fields(c)["populations"].reverse(),
    "order of drives": lambda c: fields(c)["drives"].reverse(),
    "drive too few": lambda c: fields(c)["drives"].pop(),
    "drives that are none": lambda c: fields(c).update(drives=[1, 2]),
    "pair that is none": lambda c: fields(c).update(drives=[["x"]]),
    "unknown drive": lambda c: drives(c)["evprox1"].__setitem__(0, "EvokedDrives"),
    "weight": lambda c: drives(c)["evprox1"][1]["weights_ampa"].update({L2B: 1.0}),
    "weight below zero": lambda c: drives(c)["evprox1"][1]["weights_ampa"].update({L2B: -1.0}),
    "target that is not there": lambda c: drives(c)["evprox1"][1]["weights_ampa"].update({"L7": 1.0}),
    "connection too few": lambda c: fields(c)["connections"].pop(3),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_one_sentence(damage):
    with pytest.raises(NetworkError, match="text of the network is damaged, or of another version") as caught:
        network_from_text(changed(DAMAGES[damage]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", "3", '"Network"', "[" * 100_000, "{" * 100_000])
def test_what_is_no_network(text):
    with pytest.raises(NetworkError, match="text of the network is damaged, or of another version"):
        network_from_text(text)


def test_text_that_was_cut():
    text = network_to_text(jones_2009((2, 2)))
    for length in range(0, len(text), 997):
        with pytest.raises(NetworkError, match="damaged"):
            network_from_text(text[:length])
