import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn.errors import DriveError, ParameterError
from mne_hnn.fit.parameters import Parameter, ParameterSpace, evoked_parameters, rhythmic_parameters
from mne_hnn.fit.paths import PATH_KINDS, get_value, list_paths, set_values
from mne_hnn.network import Exponential, Network, calcium, jones_2009, replace

L2P, L5P = "L2_pyramidal", "L5_pyramidal"


def full():
    network = jones_2009((2, 2), drives=True)
    network = network.with_bursty_drive(
        "alpha", burst_rate_Hz=10.0, burst_std_ms=20.0, tstart=50.0, tstop=400.0, location="distal",
        weights_ampa={L2P: 5.4e-5, L5P: 5.4e-5}, weights_nmda={L2P: 0.0},
    )  # fmt: skip
    network = network.with_poisson_drive(
        "noise", rate_Hz={L2P: 10.0, L5P: 20.0}, location="proximal", weights_ampa={L2P: 1e-4},
        weights_nmda={L5P: 2e-4}, probability={L2P: 0.5, L5P: 0.7},
    )  # fmt: skip
    network = network.with_poisson_drive("even", rate_Hz=10.0, location="soma", weights_ampa={"L2_basket": 1e-4})
    network = network.with_spike_train_drive("given", times_ms=[[1.0, 2.0]], location="distal", weights_ampa={L5P: 0.1})
    return network.with_tonic_bias("tonic", amplitude_nA={L5P: -0.05, L2P: 0.0})


NETWORK = full()
UNIT = st.floats(0, 1)
PATHS = {
    "drive": "drives.evprox1.mu_ms",
    "drive by cell type": f"drives.evdist1.weights_ampa.{L2P}",
    "gain": "gains.e_i",
    "connection": f"connections.{L2P}>{L5P}.distal.ampa.weight_uS",
    "synapse": f"cells.{L5P}.synapses.gabab.tau2_ms",
    "section": f"cells.{L5P}.apical_1.L_um",
    "channel": f"cells.{L5P}.soma.ar.gbar",
    "bias": f"biases.tonic.{L5P}",
}


@pytest.fixture(scope="module")
def network():
    return NETWORK


# -- paths


def test_every_kind_of_path_has_an_example():
    assert set(PATHS) == set(PATH_KINDS)
    for kind, row in PATH_KINDS.items():
        assert row.description
        assert PATHS[kind].startswith(row.root + ".")


@pytest.mark.parametrize("kind", PATHS)
def test_get_set_get(network, kind):
    path = PATHS[kind]
    before = get_value(network, path)
    changed = set_values(network, {path: before * 1.25})
    assert get_value(changed, path) == before * 1.25
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
    with pytest.raises(ParameterError, match="Did you mean"):
        ParameterSpace([Parameter(path=wrong, low=0.0, high=1.0)], network)


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


def test_setting_is_fast():
    network = jones_2009(drives=True)
    paths = [p for p in list_paths(network) if p.startswith("drives.")][:40]
    assert len(paths) >= 35
    values = {path: 1.01 * get_value(network, path) if "probability" not in path else 0.9 for path in paths}
    edited = set_values(network, values)

    def fastest(call):
        spans = []
        for _ in range(30):
            start = time.perf_counter()
            call()
            spans.append(time.perf_counter() - start)
        return min(spans)

    def validation():
        replace(network, drives={name: replace(drive, name=name) for name, drive in edited.drives.items()})

    assert fastest(lambda: set_values(network, values)) - fastest(validation) < 1e-3


# -- parameters


def test_parameter_is_a_checked_value():
    parameter = Parameter(path="gains.e_e", low=1, high=2)
    assert (parameter.low, parameter.high, parameter.scale, parameter.fixed) == (1.0, 2.0, "linear", None)
    assert isinstance(parameter.low, float)
    assert parameter == Parameter(path="gains.e_e", low=1.0, high=2.0)
    assert Parameter(path="gains.e_e", low=1, high=2, fixed=1).fixed == 1.0
    with pytest.raises(ParameterError, match="Did you mean 'high'"):
        Parameter(path="gains.e_e", low=1, hihg=2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": 2.0, "high": 1.0}, "wrong way round: swap them"),
        ({"low": 1.0, "high": 1.0}, "fixed"),
        ({"low": np.nan, "high": 1.0}, "finite"),
        ({"low": 0.0, "high": np.inf}, "finite"),
        ({"low": "0", "high": 1.0}, "without quotes"),
        ({"low": -1e308, "high": 1e308}, "too wide"),
        ({"low": 0.0, "high": 1.0, "scale": "log"}, "above 0"),
        ({"low": 0.1, "high": 1.0, "scale": "lin"}, "Did you mean 'linear'"),
        ({"low": 0.1, "high": 1.0, "fixed": 1.1}, "within the bounds"),
        ({"low": 0.1, "high": 1.0, "fixed": np.nan}, "finite"),
        ({"low": 0.1, "high": 1.0, "path": ""}, "non-empty"),
    ],
)
def test_wrong_parameters(fields, message):
    with pytest.raises(ParameterError, match=message):
        Parameter(**{"path": "gains.e_e", **fields})


# -- the cube


def cube(network=NETWORK):
    return ParameterSpace(
        [
            Parameter(path="drives.evprox1.mu_ms", low=10.0, high=40.0),
            Parameter(path="gains.i_e", low=0.5, high=2.0, fixed=1.5),
            Parameter(path=PATHS["drive by cell type"], low=1e-6, high=0.3, scale="log"),
            Parameter(path=f"biases.tonic.{L5P}", low=-0.3, high=0.1),
        ],
        network,
    )


def test_space_separates_free_and_fixed(network):
    space = cube()
    assert space.n_free == 3
    assert space.names == ("drives.evprox1.mu_ms", PATHS["drive by cell type"], f"biases.tonic.{L5P}")
    assert tuple(p.path for p in space.free) == space.names
    assert len(space.parameters) == 4
    assert "3 free of 4" in repr(space)
    assert list(space.decode(np.full(3, 0.5))) == [p.path for p in space.parameters]
    assert space.network(space.start).gains["i_e"] == 1.5
    assert pickle.loads(pickle.dumps(space)).decode(space.start) == space.decode(space.start)


def test_start_is_where_the_network_is(network):
    space = cube()
    values = space.decode(space.start)
    for name in space.names:
        assert values[name] == pytest.approx(get_value(network, name), rel=1e-12)
    away = set_values(network, {space.names[0]: 500.0, space.names[1]: 0.0, space.names[2]: -2.0})
    np.testing.assert_array_equal(cube(away).start, [1.0, 0.0, 0.0])


def test_ends_are_exact_and_beyond_is_clipped():
    space = cube()
    for unit, end in ((0.0, "low"), (-3.0, "low"), (1.0, "high"), (7.0, "high"), (np.inf, "high")):
        values = space.decode(np.full(3, unit))
        assert {p.path: getattr(p, end) for p in space.free} == {name: values[name] for name in space.names}
    middle = space.decode([0.5, 0.5, 0.5])
    assert middle["drives.evprox1.mu_ms"] == 25.0
    assert middle[space.names[1]] == pytest.approx(np.sqrt(1e-6 * 0.3))


bounds = st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)).filter(lambda b: abs(b[0] - b[1]) > 1e-3 * max(b))


@settings(deadline=None)
@given(bounds, st.sampled_from(["linear", "log"]), st.lists(UNIT, min_size=2, max_size=2))
def test_round_trip_and_bounds(pair, scale, units):
    low, high = sorted(pair)
    space = ParameterSpace([Parameter(path="gains.e_e", low=low, high=high, scale=scale)], NETWORK)
    values = [space.decode([u])["gains.e_e"] for u in units]
    assert all(low <= value <= high for value in values)
    for unit, value in zip(units, values, strict=True):
        assert space.encode({"gains.e_e": value})[0] == pytest.approx(unit, abs=1e-9)
        assert space.network([unit]).gains["e_e"] == value
    if units[1] - units[0] > 1e-6:
        assert values[1] > values[0]
    assert space.decode([0.0])["gains.e_e"] == low
    assert space.decode([1.0])["gains.e_e"] == high
    np.testing.assert_array_equal(space.encode({"gains.e_e": low}), [0.0])
    np.testing.assert_array_equal(space.encode({"gains.e_e": high}), [1.0])


@settings(deadline=None, max_examples=40)
@given(st.lists(UNIT, min_size=3, max_size=3))
def test_round_trip_through_the_network(unit):
    space = cube()
    network = space.network(np.array(unit))
    assert isinstance(network, Network)
    assert {path: get_value(network, path) for path in space.decode(unit)} == space.decode(unit)
    np.testing.assert_allclose(cube(network).start, unit, atol=1e-9)
    np.testing.assert_allclose(space.encode(space.decode(unit)), unit, atol=1e-9)


def test_bounds_next_to_each_other():
    low = 1e10
    space = ParameterSpace(
        [Parameter(path="gains.e_e", low=low, high=np.nextafter(low, 2 * low), scale="log")], NETWORK
    )
    assert np.isfinite(space.encode({"gains.e_e": low})).all()
    assert space.decode([1.0])["gains.e_e"] > low


def test_wrong_spaces(network):
    free = Parameter(path="gains.e_e", low=0.0, high=1.0)
    assert ParameterSpace(free, network).parameters == (free,)
    with pytest.raises(ParameterError, match="twice"):
        ParameterSpace([free, replace(free, high=2.0)], network)
    with pytest.raises(ParameterError, match="all are fixed"):
        ParameterSpace([replace(free, fixed=0.5)], network)
    with pytest.raises(ParameterError, match="none is given"):
        ParameterSpace([], network)
    with pytest.raises(ParameterError, match="got str"):
        ParameterSpace(["gains.e_e"], network)
    with pytest.raises(ParameterError, match="needs a Network"):
        ParameterSpace([free], None)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ([0.1, np.nan, 0.2], "weights_ampa.*NaN"),
        ([0.1, 0.2], r"shape \(3,\)"),
        ([[0.1, 0.2, 0.3]], r"shape \(3,\)"),
        (["a", "b", "c"], "3 numbers"),
    ],
)
def test_wrong_points(unit, message):
    with pytest.raises(ParameterError, match=message):
        cube().decode(unit)


def test_wrong_values_to_encode():
    space = cube()
    values = space.decode(space.start)
    with pytest.raises(ParameterError, match="no value for 'drives.evprox1.mu_ms'"):
        space.encode({name: values[name] for name in space.names[1:]})
    with pytest.raises(ParameterError, match="Did you mean 'drives.evprox1.mu_ms'"):
        space.encode({**values, "drives.evprox1.mu": 1.0})
    with pytest.raises(ParameterError, match="finite"):
        space.encode({**values, "drives.evprox1.mu_ms": np.nan})


# -- ready sets


def test_evoked_set(network):
    found = {p.path: p for p in evoked_parameters(network)}
    assert all(p.split(".")[1] in ("evdist1", "evprox1", "evprox2") for p in found)
    mu = found["drives.evprox1.mu_ms"]
    assert (mu.low, mu.high, mu.scale) == (26.61 - 15, 26.61 + 15, "linear")
    sigma = found["drives.evprox1.sigma_ms"]
    assert (sigma.low, sigma.high, sigma.scale) == (1.0, 25.0, "log")
    weight = found[f"drives.evprox2.weights_ampa.{L2P}"]
    assert (weight.low, weight.high, weight.scale) == (1.43884 / 30, 10.0, "log")
    small = found[f"drives.evdist1.weights_nmda.{L2P}"]
    assert small.high == 0.004317 * 30
    assert len(found) == 3 * 2 + 6 + 4 + 4
    space = ParameterSpace(found.values(), network)
    assert get_value(space.network(space.start), mu.path) == pytest.approx(mu.low + 15)
    for end in (0.0, 1.0):
        space.network(np.full(space.n_free, end))


def test_evoked_set_can_be_narrowed(network):
    only = evoked_parameters(network, spreads=False, weights=False, range_ms=3.0, drives=["evdist1"])
    assert [(p.path, p.high - p.low) for p in only] == [("drives.evdist1.mu_ms", pytest.approx(6.0))]
    assert evoked_parameters(network, drives="evdist1") == evoked_parameters(network, drives=["evdist1", "evdist1"])
    assert {p.path.rsplit(".")[2] for p in evoked_parameters(network, times=False, spreads=False)} == {
        "weights_ampa", "weights_nmda"
    }  # fmt: skip


def test_evoked_bounds_at_the_edges(network):
    zero = network.drives["evprox1"].weights_ampa.set("L5_basket", 0.0).set(L2P, 12.0)
    edge = network.with_drive_changes("evprox1", mu_ms=4.0, sigma_ms=0.0, weights_ampa=zero)
    edge = edge.with_drive_changes("evprox2", mu_ms=-20.0, sigma_ms=40.0).with_drive_changes("evdist1", sigma_ms=0.3)
    found = {p.path: p for p in evoked_parameters(edge)}
    assert found["drives.evprox1.mu_ms"].low == 0.0
    assert found["drives.evprox1.sigma_ms"].low == 0.5
    assert (found["drives.evprox2.mu_ms"].low, found["drives.evprox2.mu_ms"].high) == (-35.0, -5.0)
    assert found["drives.evprox2.sigma_ms"].high == 40.0
    assert found["drives.evdist1.sigma_ms"].low == 0.3
    assert "drives.evprox1.weights_ampa.L5_basket" not in found
    assert found[f"drives.evprox1.weights_ampa.{L2P}"].high == 12.0


def test_rhythmic_set(network):
    found = {p.path: p for p in rhythmic_parameters(network)}
    assert {path: (p.low, p.high, p.scale) for path, p in found.items()} == {
        "drives.alpha.tstart": (25.0, 75.0, "linear"),
        "drives.alpha.burst_rate_Hz": (1.0, 30.0, "linear"),
        "drives.alpha.burst_std_ms": (5.0, 35.0, "linear"),
        f"drives.alpha.weights_ampa.{L2P}": (5.4e-5 / 5, 5.4e-5 * 5, "log"),
        f"drives.alpha.weights_ampa.{L5P}": (5.4e-5 / 5, 5.4e-5 * 5, "log"),
    }
    edge = network.with_drive_changes("alpha", tstart=10.0, tstop=20.0, burst_rate_Hz=40.0, burst_std_ms=0.0)
    edges = {p.path.rpartition(".")[2]: (p.low, p.high) for p in rhythmic_parameters(edge, drives=["alpha"])[:3]}
    assert edges == {"tstart": (0.0, 20.0), "burst_rate_Hz": (1.0, 40.0), "burst_std_ms": (0.0, 35.0)}
    space = ParameterSpace(rhythmic_parameters(edge), edge)
    for end in (0.0, 1.0):
        space.network(np.full(space.n_free, end))
    never = network.with_drive_changes("alpha", tstart=0.0, tstop=0.0)
    assert "drives.alpha.tstart" not in {p.path for p in rhythmic_parameters(never)}


def test_sets_without_such_drives(network):
    bare = network.without_drives()
    with pytest.raises(ParameterError, match="no evoked drive to fit: add one with with_evoked_drive"):
        evoked_parameters(bare)
    with pytest.raises(ParameterError, match="no bursty drive to fit"):
        rhythmic_parameters(bare)
    with pytest.raises(ParameterError, match="Did you mean 'evprox1'"):
        evoked_parameters(network, drives=["evprx1"])
    with pytest.raises(ParameterError, match="Unknown evoked drive 'alpha'"):
        evoked_parameters(network, drives=["alpha"])
    with pytest.raises(ParameterError, match="No evoked drive is named"):
        evoked_parameters(network, drives=[])
    with pytest.raises(ParameterError, match="above 1"):
        evoked_parameters(network, weight_factor=1.0)
    with pytest.raises(ParameterError, match="range_ms"):
        evoked_parameters(network, range_ms=0.0)
