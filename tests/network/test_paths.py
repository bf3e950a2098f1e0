from collections import Counter

import numpy as np
import pytest
from networks import L2P, L5P, full

from mne_hnn.errors import DriveError, ParameterError
from mne_hnn.network import EvokedDrive, Exponential, Network, calcium, jones_2009, replace
from mne_hnn.network.paths import PATH_KINDS, get_value, list_paths, set_values

NETWORK = full()
PATHS = {
    "drive": "drives.evprox1.mu_ms",
    "drive by cell type": f"drives.evdist1.weights_ampa.{L2P}",
    "gain": "gains.e_i",
    "temperature": "celsius",
    "connection": f"connections.{L2P}>{L5P}.distal.ampa.weight_uS",
    "synapse": f"cells.{L5P}.synapses.gabab.tau2_ms",
    "section": f"cells.{L5P}.apical_1.L_um",
    "channel": f"cells.{L5P}.soma.ar.gbar",
    "bias": f"biases.tonic.{L5P}",
}


@pytest.fixture(scope="module")
def network():
    return NETWORK


def test_every_kind_of_path_has_an_example():
    assert set(PATHS) == set(PATH_KINDS)
    for kind, row in PATH_KINDS.items():
        assert row.description
        assert f"{PATHS[kind]}.".startswith(f"{row.root}.")


@pytest.mark.parametrize("kind", PATHS)
def test_get_set_get(network, kind):
    path = PATHS[kind]
    before = get_value(network, path)
    changed = set_values(network, {path: before * 1.125})
    assert get_value(changed, path) == before * 1.125
    assert get_value(network, path) == before
    assert changed != network
    assert set_values(changed, {path: before}) == network or kind == "section"  # lengths also redraw the cell


def test_numbers_are_those_of_the_network(network):
    drive, connection = network.drives["evprox1"], network.connections[9]
    template = network.cell_types[L5P]
    expected = {
        "drives.evprox1.mu_ms": drive.mu_ms,
        "drives.evprox1.space_constant": 3.0,
        "drives.evprox1.synaptic_delays.L5_basket": 1.0,
        "drives.noise.rate_Hz.L5_pyramidal": 20.0,
        "drives.noise.probability.L2_pyramidal": 0.5,
        "drives.even.rate_Hz": 10.0,
        "drives.alpha.synaptic_delays": 0.1,
        "drives.alpha.tstop": 400.0,
        f"connections.{L2P}>{L5P}.distal.ampa.lamtha": connection.lamtha,
        f"cells.{L5P}.soma.diam_um": template.sections["soma"].diam_um,
        f"cells.{L5P}.soma.hh.gnabar": 0.16,
        f"cells.{L5P}.synapses.ampa.e_mV": 0.0,
        f"biases.tonic.{L2P}": 0.0,
    }
    assert {path: get_value(network, path) for path in expected} == expected


def test_list_is_complete_and_has_each_once(network):
    paths = list_paths(network)
    assert len(set(paths)) == len(paths)
    assert set(PATHS.values()) <= set(paths)
    drives = {path.removeprefix("drives.alpha.") for path in paths if path.startswith("drives.alpha.")}
    assert drives == {
        "synaptic_delays", "space_constant", "probability", "burst_rate_Hz", "burst_std_ms", "spike_isi_ms", "tstart",
        "tstart_std", "tstop", f"weights_ampa.{L2P}", f"weights_ampa.{L5P}", f"weights_nmda.{L2P}",
        f"weights_nmda.{L5P}",
    }  # fmt: skip
    assert "drives.noise.tstop" not in paths  # None: the end of each simulation
    assert "drives.evprox1.numspikes" not in paths
    for connection in network.connections:
        start = f"connections.{connection.source}>{connection.target}.{connection.location}.{connection.receptor}."
        assert {p.removeprefix(start) for p in paths if p.startswith(start)} == {
            "weight_uS", "delay_ms", "lamtha", "gain"
        }  # fmt: skip
    assert sum(p.startswith("gains.") for p in paths) == 4
    assert sum(p.startswith("biases.") for p in paths) == 2
    assert sum(".synapses." in p for p in paths) == 3 * sum(len(t.synapses) for t in network.cell_types.values())


def test_every_listed_path_can_be_set(network):
    for path in list_paths(network):
        before = get_value(network, path)
        value = 0.999 * before if before else 0.001
        changed = set_values(network, {path: value})
        assert get_value(changed, path) == value
        others = [other for other in PATHS.values() if other != path]
        assert all(get_value(changed, other) == get_value(network, other) for other in others)


def test_all_at_once_and_unchanged(network):
    values = {path: get_value(network, path) for path in list_paths(network)}
    assert set_values(network, values) is network
    assert set_values(network, {}) is network
    changed = {path: 0.999 * value if value else 0.001 for path, value in values.items()}
    other = set_values(network, changed)
    assert {path: get_value(other, path) for path in list_paths(other)} == changed
    assert list_paths(other) == list_paths(network)
    assert other.name == network.name
    assert list(other.drives) == list(network.drives)


def test_changes_are_those_of_the_editing_methods(network):
    selector = {"source": L2P, "target": L5P, "location": "distal", "receptor": "ampa"}
    by_hand = (
        network.with_drive_changes("evprox1", mu_ms=30.0, sigma_ms=4.0)
        .with_connection_changes(changes={"gain": 2.0}, **selector)
        .with_gains(e_e=0.5)
        .with_synapse(L5P, "nmda", tau2_ms=30.0)
        .with_section(L2P, "apical_trunk", L_um=70.0)
        .with_channel(L2P, "soma", "km", gbar=100.0)
    )
    values = {
        "drives.evprox1.mu_ms": 30.0,
        "drives.evprox1.sigma_ms": 4.0,
        f"connections.{L2P}>{L5P}.distal.ampa.gain": 2.0,
        "gains.e_e": 0.5,
        f"cells.{L5P}.synapses.nmda.tau2_ms": 30.0,
        f"cells.{L2P}.apical_trunk.L_um": 70.0,
        f"cells.{L2P}.soma.km.gbar": 100.0,
    }
    assert set_values(network, values) == by_hand


def test_values_that_limit_each_other_change_together(network):
    taus = {f"cells.{L5P}.synapses.ampa.tau1_ms": 30.0, f"cells.{L5P}.synapses.ampa.tau2_ms": 40.0}
    window = {"drives.alpha.tstart": 500.0, "drives.alpha.tstop": 600.0}
    changed = set_values(network, taus | window)
    assert changed.cell_types[L5P].synapses["ampa"].tau1_ms == 30.0
    assert changed.drives["alpha"].tstart == 500.0


def test_receptor_that_a_target_does_not_use_yet_weighs_nothing(network):
    path = "drives.evprox1.weights_nmda.L5_basket"
    assert "L5_basket" not in network.drives["evprox1"].weights_nmda
    assert get_value(network, path) == 0.0
    assert set_values(network, {path: 0.0}) is network
    assert set_values(network, {path: 0.2}).drives["evprox1"].weights_nmda == {"L5_basket": 0.2}
    with pytest.raises(ParameterError, match="no parameter 'drives.evdist1.weights_ampa.L5_basket'"):
        get_value(network, "drives.evdist1.weights_ampa.L5_basket")


def test_receptor_that_the_place_lacks_is_no_parameter(network):
    template = network.cell_types["L2_basket"]
    soma = replace(template.sections["soma"], receptors=("ampa", "gabaa"))
    proximal = network.without_drives("evdist1")  # which uses it
    without = proximal.with_cell("L2_basket", replace(template, sections={**template.sections, "soma": soma}))
    assert "drives.even.weights_nmda.L2_basket" in list_paths(proximal)
    assert "drives.even.weights_nmda.L2_basket" not in list_paths(without)


def test_only_uniform_channels_are_parameters():
    column = calcium((2, 2))
    profiles = column.cell_types[L5P].sections["apical_1"].channels
    for channel, parameters in profiles.items():
        for name, profile in parameters.items():
            listed = f"cells.{L5P}.apical_1.{channel}.{name}" in list_paths(column)
            assert listed == (type(profile).__name__ == "Uniform")
    assert isinstance(profiles["ar"]["gbar"], Exponential)
    with pytest.raises(ParameterError, match="no parameter"):
        set_values(column, {f"cells.{L5P}.apical_1.ar.gbar": 1e-6})


def test_connections_that_share_a_path(network):
    twin = network.connections[0]
    path = f"connections.{twin.source}>{twin.target}.{twin.location}.{twin.receptor}"
    two = network.with_connections(replace(twin, weight_uS=1.0))
    assert f"{path}.weight_uS" not in list_paths(two)  # two different numbers
    both = set_values(two, {f"{path}.delay_ms": 2.5})
    assert [c.delay_ms for c in both.connections if c.delay_ms != 1.0] == [2.5, 2.5]


def test_names_with_dots():
    network = jones_2009((2, 2))
    for name in ("ev", "ev.late", "ev.late.2"):
        network = network.with_evoked_drive(
            name, mu_ms=float(len(name)), sigma_ms=1.0, location="distal", weights_ampa={L5P: 0.1}
        )
    network = network.with_tonic_bias("a.b", amplitude_nA={L5P: 0.1})
    for name in network.drives:
        assert get_value(network, f"drives.{name}.mu_ms") == len(name)
        assert get_value(network, f"drives.{name}.weights_ampa.{L5P}") == 0.1
    for path in list_paths(network):
        get_value(network, path)


def test_name_that_looks_like_the_field_of_another_drive():
    network = jones_2009((2, 2))
    for name, weight in (("ev", 0.1), ("ev.weights_ampa", 0.2)):
        network = network.with_evoked_drive(
            name, mu_ms=9.0, sigma_ms=1.0, location="distal", weights_ampa={L5P: weight}
        )
    assert get_value(network, f"drives.ev.weights_ampa.{L5P}") == 0.1
    assert get_value(network, f"drives.ev.weights_ampa.weights_ampa.{L5P}") == 0.2
    assert all(get_value(set_values(network, {path: 0.5}), path) == 0.5 for path in list_paths(network)[:12])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("drives.evprox1.mu", "drives.evprox1.mu_ms"),
        ("drives.evprx1.sigma_ms", "drives.evprox1.sigma_ms"),
        (f"drives.evprox1.weight_ampa.{L2P}", f"drives.evprox1.weights_ampa.{L2P}"),
        ("gains.ee", "gains.e_e"),
        ("drive.alpha.burst_rate_hz", "drives.alpha.burst_rate_Hz"),
        (f"connections.{L2P}.{L5P}.distal.ampa.weight_uS", f"connections.{L2P}>{L5P}.distal.ampa.weight_uS"),
        (f"cells.{L5P}.synapses.gabab.tau3_ms", f"cells.{L5P}.synapses.gabab.tau"),
        (f"cells.{L5P}.soma.L", f"cells.{L5P}.soma."),
        (f"cells.{L5P}.soma.hh.gnabr", f"cells.{L5P}.soma.hh.gnabar"),
        ("biases.tonics.L5_pyramidal", "biases.tonic.L5_pyramidal"),
    ],
)
def test_nearest_path_is_suggested(network, wrong, right):
    with pytest.raises(ParameterError, match="no parameter") as caught:
        get_value(network, wrong)
    assert f"Did you mean '{right}" in str(caught.value)
    with pytest.raises(ParameterError, match="Did you mean"):
        set_values(network, {wrong: 1.0})


@pytest.mark.parametrize(
    "path", ["", ".", "drives", "drives.", "drives.evprox1", "drives.evprox1.", "drives.evprox1.weights", "cells.x",
             f"cells.{L5P}", f"cells.{L5P}.soma", f"cells.{L5P}.synapses", f"cells.{L5P}.synapses.ampa", "biases.tonic",
             "drives.evprox1.name", "drives.evprox1.event_seed", "drives.evprox1.kind", "drives.evprox1.targets",
             "connections.a>b", "gains", "populations.x.y"],
)  # fmt: skip
def test_paths_that_name_no_number(network, path):
    with pytest.raises(ParameterError, match="no parameter"):
        get_value(network, path)


def test_path_unlike_any_other_is_told_the_forms(network):
    with pytest.raises(ParameterError, match="gains.NAME"):
        get_value(network, "zzz")
    with pytest.raises(ParameterError, match="must be a str"):
        get_value(network, 3)


def test_values_the_network_cannot_have(network):
    with pytest.raises(ParameterError, match="finite"):
        set_values(network, {"drives.evprox1.mu_ms": np.nan})
    with pytest.raises(DriveError, match="sigma_ms"):
        set_values(network, {"drives.evprox1.sigma_ms": -1.0})
    with pytest.raises(ParameterError, match="mapping"):
        set_values(network, [("drives.evprox1.mu_ms", 1.0)])


def test_setting_many_makes_each_value_once(monkeypatch):
    network = jones_2009(drives=True)
    paths = [p for p in list_paths(network) if p.startswith("drives.")][:40]
    assert len(paths) >= 35
    values = {path: 1.01 * get_value(network, path) if "probability" not in path else 0.9 for path in paths}
    made = Counter()
    for kind in (Network, EvokedDrive):

        def counted(value, check=kind.__post_init__, kind=kind):
            made[kind.__name__] += 1
            check(value)

        monkeypatch.setattr(kind, "__post_init__", counted)
    edited = set_values(network, values)
    assert made == {"Network": 1, "EvokedDrive": 3}
    assert all(get_value(edited, path) == value for path, value in values.items())
