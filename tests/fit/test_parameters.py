import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import L2P, L5P, full

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Parameter, ParameterSpace, evoked_parameters, rhythmic_parameters
from mne_hnn.network import Network, get_value, replace, set_values

NETWORK = full()
UNIT = st.floats(0, 1)


@pytest.fixture(scope="module")
def network():
    return NETWORK


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
        ({"low": 0.1, "high": 1.0, "start": 2.0}, "start must be within the bounds 0.1 to 1, got 2"),
        ({"low": 0.1, "high": 1.0, "start": 0.5, "fixed": 0.5}, "cannot start anywhere: leave out start"),
        ({"low": 0.1, "high": 1.0, "tied": "gains.e_i"}, "must be a list of paths"),
        ({"low": 0.1, "high": 1.0, "tied": ["gains.e_e"]}, "tied to it twice, or to itself"),
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
            Parameter(path=f"drives.evdist1.weights_ampa.{L2P}", low=1e-6, high=0.3, scale="log"),
            Parameter(path=f"biases.tonic.{L5P}", low=-0.3, high=0.1),
        ],
        network,
    )


def test_space_separates_free_and_fixed(network):
    space = cube()
    assert space.n_free == 3
    assert space.names == ("drives.evprox1.mu_ms", f"drives.evdist1.weights_ampa.{L2P}", f"biases.tonic.{L5P}")
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
    with pytest.raises(ParameterError, match="Did you mean 'drives.evprox1.mu_ms'"):
        ParameterSpace([Parameter(path="drives.evprox1.mu", low=0.0, high=1.0)], network)
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


# -- tied and derived parameters


def test_tied_paths_take_one_value(network):
    first, second = (f"drives.evdist1.weights_{receptor}.{L2P}" for receptor in ("ampa", "nmda"))
    parameter = Parameter(path=first, low=1e-6, high=0.3, scale="log", tied=[second])
    assert parameter.paths == (first, second)
    space = ParameterSpace([parameter], network)
    assert space.names == (first,)
    assert space.decode(space.start) == {first: pytest.approx(get_value(network, first))}
    made = space.network([0.5])
    assert get_value(made, first) == get_value(made, second) == pytest.approx(np.sqrt(1e-6 * 0.3))
    with pytest.raises(ParameterError, match="'drives.evdist1.weights_nmda.L2_pyramidal' is there twice"):
        ParameterSpace([parameter, Parameter(path=second, low=0.0, high=1.0)], network)
    with pytest.raises(ParameterError, match="Did you mean 'gains.e_i'"):
        ParameterSpace([Parameter(path="gains.e_e", low=0.0, high=2.0, tied=["gains.ei"])], network)


def test_a_start_of_its_own(network):
    space = ParameterSpace([Parameter(path="gains.e_e", low=0.0, high=4.0, start=3.0)], network)
    np.testing.assert_allclose(space.start, [0.75])
    assert space.begins == {"gains.e_e": 3.0}


def shifted(network, values):
    """Let all evoked drives come later by `shift`; the second distal weight is a share of the first."""
    times = {name: f"drives.{name}.mu_ms" for name in ("evprox1", "evdist1")}
    moved = {path: get_value(network, path) + values["shift"] for path in times.values()}
    share = {f"drives.evdist1.weights_ampa.{L2P}": 0.5 * values[f"drives.evdist1.weights_nmda.{L2P}"]}
    return set_values(network, {**moved, **share})


DERIVED = [
    Parameter(path="shift", low=-10.0, high=10.0, start=0.0),
    Parameter(path=f"drives.evdist1.weights_nmda.{L2P}", low=1e-6, high=0.3, scale="log"),
]


def test_derived_parameters(network):
    space = ParameterSpace(DERIVED, network, apply=shifted)
    np.testing.assert_allclose(space.start[0], 0.5)
    made = space.network([1.0, 1.0])
    assert get_value(made, "drives.evprox1.mu_ms") == pytest.approx(36.61)
    assert get_value(made, f"drives.evdist1.weights_nmda.{L2P}") == 0.3
    assert get_value(made, f"drives.evdist1.weights_ampa.{L2P}") == 0.15


def test_wrong_ways_to_derive(network):
    with pytest.raises(ParameterError, match="Network 'default' has no parameter 'shift'|no parameter 'shift'"):
        ParameterSpace(DERIVED, network)
    with pytest.raises(ParameterError, match="'shift' needs a start if apply interprets it. Or is a path meant"):
        ParameterSpace([replace(DERIVED[0], start=None), DERIVED[1]], network, apply=shifted)
    with pytest.raises(ParameterError, match="nothing can be tied to it: let apply set 'gains.e_e'"):
        ParameterSpace([replace(DERIVED[0], tied=["gains.e_e"]), DERIVED[1]], network, apply=shifted)
    with pytest.raises(ParameterError, match="apply must return a Network, got NoneType"):
        ParameterSpace(DERIVED, network, apply=lambda network, values: None)
    with pytest.raises(ParameterError, match="apply must be a function of a network"):
        ParameterSpace(DERIVED, network, apply="shifted")


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
