"""Expansion of connections and drives to routes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mne_hnn.network import (
    Connection,
    connection_wires,
    distance_scale,
    drive_wires,
    jones_2009,
    law_2021,
    model,
    wiring,
)

PLAIN = {"location": "soma", "receptor": "gabaa", "weight_uS": 0.1, "delay_ms": 2.0, "lamtha": 20.0}


def netcons(wires):
    """Count routes, receptors and sections: the published count of synaptic connections."""
    n_sections = np.array([len(sections) for _, sections in wires.sites])
    used = (wires.weights_uS > 0).sum(axis=1)
    return int((n_sections[wires.site] * used).sum())


@pytest.mark.parametrize("name", ["jones_2009", "law_2021", "calcium"])
def test_connections_of_the_models(reference, name):
    network = model(name)
    rows = [
        [c.source, c.target, c.location, c.receptor, c.weight_uS, c.delay_ms, c.lamtha, c.allow_autapses]
        for c in network.connections
    ]
    assert rows == [row[:8] for row in reference["connections"][name]]


@pytest.mark.parametrize("name", ["jones_2009", "law_2021", "calcium"])
def test_counts_per_connection(reference, name):
    network = model(name)
    for connection, row in zip(network.connections, reference["connections"][name], strict=True):
        wires = connection_wires(network.without_connections().with_connections(connection))
        assert (len(wires), netcons(wires)) == (row[8], row[9])


def test_total_count_with_erp_drives():
    """191,025 synaptic connections in the published ERP network."""
    network = jones_2009(drives=True)
    total = netcons(connection_wires(network)) + sum(netcons(drive_wires(network, name)) for name in network.drives)
    assert total == 191025


@pytest.mark.parametrize("name", ["N20", "gamma_L5weak_L2weak"])
def test_weight_sets(reference, name):
    for given_name in (name, f"{name}.json"):
        weights = [c.weight_uS for c in jones_2009(weights=given_name).connections]
        assert weights == reference["weights"][name]


def test_distance_examples(reference):
    for row in reference["distance"]:
        scale = distance_scale(
            np.zeros((1, 3)), np.array([[row["dx"], row["dy"], 99.0]]), row["lamtha"], row["inplane"]
        )
        # to the last digit but one: numpy's exponential differs in the last between processors
        assert scale[0, 0] == pytest.approx(row["weight_factor"], rel=4e-16)
        assert 1 / scale[0, 0] == pytest.approx(row["delay_factor"], rel=4e-16)


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0.1, 100), st.floats(0.1, 100))
def test_scale_falls_with_distance(near, far, lamtha, inplane):
    near, far = sorted((near, far))
    scale = distance_scale(np.zeros((1, 3)), np.array([[near, 0, 0], [0, far, 0]]), lamtha, inplane)[0]
    assert 0 <= scale[1] <= scale[0] <= 1


def test_routes_are_shared_and_distinct(column):
    wires = connection_wires(column)
    assert len(wires) == 9900 * 2 + 3500 * 2 + 10000 * 2 + 3500 + 3500 + 1225 + 1190 + 3500 * 2
    key = (wires.source.astype(np.int64) * 1000 + wires.target) * 100 + wires.site
    assert len(np.unique(key)) == len(wires)
    shared = wires.weights_uS[:, [wires.receptors.index(r) for r in ("ampa", "nmda")]]
    assert np.count_nonzero((shared > 0).all(axis=1)) == 2 * 9900
    assert (wires.source.dtype, wires.target.dtype, wires.site.dtype) == (np.int32, np.int32, np.int16)


def test_values_of_one_route(column):
    wires = connection_wires(column)
    # L2 basket 2 at (6, 0) to L2 pyramidal at (0, 5): gid 35 + 5
    row = np.flatnonzero((wires.source == 2) & (wires.target == 40))
    assert len(row) == 1
    scale = np.exp(-(36 + 25) / 50**2)
    assert wires.delay_ms[row[0]] == pytest.approx(1 / scale, rel=1e-14)
    assert wires.weights_uS[row[0], wires.receptors.index("gabaa")] == pytest.approx(0.05 * scale, rel=1e-14)
    assert wires.sites[wires.site[row[0]]] == ("L2_pyramidal", ("soma",))
    assert wires.threshold[row[0]] == 0.0


def test_same_receptor_twice_adds(small):
    plain = Connection(source="L2_basket", target="L2_pyramidal", **PLAIN)
    once = connection_wires(small.without_connections().with_connections(plain))
    twice = connection_wires(small.without_connections().with_connections(plain, plain))
    assert len(twice) == len(once)
    np.testing.assert_allclose(twice.weights_uS, 2 * once.weights_uS)


@pytest.mark.parametrize("change", [{"delay_ms": 3.0}, {"lamtha": 3.0}, {"probability": 0.5}])
def test_routes_of_different_timing_stay_apart(small, change):
    plain = Connection(source="L2_basket", target="L2_pyramidal", **PLAIN)
    other = Connection(source="L2_basket", target="L2_pyramidal", **{**PLAIN, "receptor": "gabab", **change})
    both = connection_wires(small.without_connections().with_connections(plain, other))
    parts = [connection_wires(small.without_connections().with_connections(c)) for c in (plain, other)]
    assert len(both) == sum(map(len, parts))


def test_sites_go_by_sections_not_by_location_name(small):
    network = small.without_connections()
    for location in ("distal", "apical_tuft"):
        network = network.with_connection(
            "L2_basket", "L5_pyramidal", **{**PLAIN, "location": location, "receptor": "gabaa"}
        )
    wires = connection_wires(network)
    assert wires.sites == (("L5_pyramidal", ("apical_tuft",)),)
    assert len(wires) == 3 * 9


def test_autapses(small):
    base = small.without_connections()
    with_them = connection_wires(base.with_connection("L2_basket", "L2_basket", **PLAIN))
    without = connection_wires(base.with_connection("L2_basket", "L2_basket", allow_autapses=False, **PLAIN))
    assert (len(with_them), len(without)) == (9, 6)
    assert not np.any(without.source == without.target)


def test_sparse_connections_are_reproducible(small):
    base = small.without_connections()
    pairs = [(s, t) for s in range(3) for t in range(3, 12)]
    kept = np.random.default_rng(3).choice(range(27), round(27 * 0.4), replace=False)
    expected = {pairs[k] for k in kept}
    for seed in (None, 3):
        wires = connection_wires(base.with_connection("L2_basket", "L2_pyramidal", probability=0.4, seed=seed, **PLAIN))
        assert set(zip(wires.source.tolist(), wires.target.tolist(), strict=True)) == expected
        assert len(wires) == 11
    other = connection_wires(base.with_connection("L2_basket", "L2_pyramidal", probability=0.4, seed=4, **PLAIN))
    assert set(zip(other.source.tolist(), other.target.tolist(), strict=True)) != expected


def test_sparse_connections_without_autapses(small):
    network = small.without_connections().with_connection(
        "L2_pyramidal", "L2_pyramidal", probability=0.5, allow_autapses=False, **PLAIN
    )
    wires = connection_wires(network)
    assert len(wires) == round(72 * 0.5)
    assert not np.any(wires.source == wires.target)


def test_indices(small):
    network = small.without_connections().with_connection(
        "L2_basket", "L5_pyramidal", source_indices=[1], target_indices=[0, 8], **PLAIN
    )
    wires = connection_wires(network)
    assert wires.source.tolist() == [1, 1]
    assert wires.target.tolist() == [15, 23]


def test_gains_scale_connections_and_not_drives(small):
    plain, scaled = connection_wires(small), connection_wires(small.with_gains(e_e=2.0, i_e=0.5, e_i=3.0, i_i=5.0))
    factor = np.divide(
        scaled.weights_uS, plain.weights_uS, where=plain.weights_uS > 0, out=np.zeros_like(plain.weights_uS)
    )
    types = [small.cell_types[small.gid_to_type(g)].electro_type[0] for g in range(small.n_cells)]
    expected = {("e", "e"): 2.0, ("i", "e"): 0.5, ("e", "i"): 3.0, ("i", "i"): 5.0}
    for source, target, row in zip(plain.source, plain.target, factor, strict=True):
        np.testing.assert_allclose(row[row > 0], expected[types[source], types[target]])
    drive = [drive_wires(n, "evprox1").weights_uS for n in (small, small.with_gains(e_e=2.0))]
    np.testing.assert_array_equal(*drive)


def test_spacing_leaves_weights_and_delays(small):
    wide = small.with_positions(inplane_distance_um=30.0)
    for a, b in zip(
        [connection_wires(small), drive_wires(small, "evdist1")],
        [connection_wires(wide), drive_wires(wide, "evdist1")],
        strict=True,
    ):
        np.testing.assert_allclose(b.weights_uS, a.weights_uS, rtol=1e-12)
        np.testing.assert_allclose(b.delay_ms, a.delay_ms, rtol=1e-12)


def test_far_cells_give_no_warning_and_no_weight(small):
    network = small.without_connections().with_connection(
        "L2_pyramidal", "L2_pyramidal", **{**PLAIN, "lamtha": 0.01, "delay_ms": 0.0}
    )
    with np.errstate(all="raise"):
        wires = connection_wires(network)
    far = wires.source != wires.target
    assert np.all(np.isinf(wires.delay_ms[far]))
    assert np.all(wires.weights_uS[far] == 0)
    assert np.all(wires.delay_ms[~far] == 0)


def test_cell_specific_drive(small):
    wires = drive_wires(small, "evdist1")
    assert wires.source.tolist() == list(range(21))
    assert wires.target.tolist() == [*range(12), *range(15, 24)]
    assert wires.receptors == ("ampa", "nmda")
    # the cell at the origin (1, 1) has the full weight
    assert wires.weights_uS[12 + 4].tolist() == [0.1423, 0.080074]
    assert wires.delay_ms[12 + 4] == 0.1
    assert wires.delay_ms[12] == pytest.approx(0.1 * np.exp(2 / 9))


def test_shared_drive_reaches_all(small):
    network = small.with_bursty_drive(
        "b", burst_rate_Hz=10, location="distal", n_drive_cells=4, weights_nmda={"L5_pyramidal": 0.0, "L2_basket": 1.0}
    )
    wires = drive_wires(network, "b")
    assert len(wires) == 4 * (9 + 3)
    assert set(wires.source.tolist()) == {0, 1, 2, 3}
    assert wires.receptors == ("nmda",)
    assert np.count_nonzero(wires.weights_uS[:, 0] == 0) == 4 * 9


def test_sparse_drive_seeds_each_type_apart(small):
    network = small.with_bursty_drive(
        "b",
        burst_rate_Hz=10,
        location="proximal",
        n_drive_cells=5,
        probability={"L2_pyramidal": 0.4, "L5_pyramidal": 0.4},
        conn_seed=11,
        weights_ampa={"L2_pyramidal": 1.0, "L5_pyramidal": 1.0},
        weights_nmda={"L2_pyramidal": 1.0},
    )
    wires = drive_wires(network, "b")
    for increment, first in enumerate((3, 15)):
        kept = np.random.default_rng(11 + increment).choice(range(45), 18, replace=False)
        inside = (wires.target >= first) & (wires.target < first + 9)
        found = wires.source[inside] * 9 + wires.target[inside] - first
        assert sorted(found.tolist()) == sorted(kept.tolist())


def test_no_connections(small):
    wires = connection_wires(small.without_connections())
    assert len(wires) == 0
    assert wires.weights_uS.shape == (0, 0)


def test_law_model_has_one_extra_connection():
    assert len(law_2021((1, 1)).connections) == 17


def test_gain_of_a_connection_scales_its_weight(small):
    base = small.without_connections()
    plain = connection_wires(base.with_connection("L2_basket", "L2_pyramidal", **PLAIN))
    tripled = connection_wires(base.with_connection("L2_basket", "L2_pyramidal", gain=3.0, **PLAIN))
    np.testing.assert_allclose(tripled.weights_uS, 3 * plain.weights_uS)
    np.testing.assert_array_equal(tripled.delay_ms, plain.delay_ms)


def arrays(wires):
    names = ("source", "target", "site", "delay_ms", "weights_uS", "threshold")
    return [getattr(wires, name).tobytes() for name in names] + [wires.sites, wires.receptors]


@pytest.mark.parametrize(
    "changes",
    [
        {"mu_ms": 30.0},
        {"weights_ampa": {"L2_basket": 0.1, "L5_pyramidal": 0.2}},
        {"probability": 0.5},
        {"probability": 0.5, "conn_seed": 8},
        {"space_constant": 1.5},
        {"synaptic_delays": 2.0},
        {"location": "distal", "weights_ampa": {"L2_basket": 0.1}, "weights_nmda": None},
    ],
)
def test_drives_that_differ_do_not_share_routes(changes):
    """Routes are kept from call to call: what they are must not depend on what was asked for before."""
    network = jones_2009(mesh_shape=(3, 4), drives=True)
    before = drive_wires(network, "evprox1")
    changed = network.with_drive_changes("evprox1", **changes)
    kept = arrays(drive_wires(changed, "evprox1"))
    wiring._drives.clear()
    assert arrays(drive_wires(changed, "evprox1")) == kept
    assert (arrays(before) == kept) == (list(changes) == ["mu_ms"])
    with pytest.raises(ValueError, match="read-only"):
        before.weights_uS[0] = 1.0


@pytest.mark.parametrize("changes", [{"weight_uS": 0.3}, {"lamtha": 5.0}, {"probability": 0.3}, {"delay_ms": 4.0}])
def test_connections_that_differ_do_not_share_routes(changes):
    network = jones_2009(mesh_shape=(3, 4))
    before = arrays(connection_wires(network))
    changed = network.with_connection_changes(3, changes=changes)
    kept = arrays(connection_wires(changed))
    wiring._grids.clear()
    assert arrays(connection_wires(changed)) == kept != before
    assert arrays(connection_wires(network)) == before
