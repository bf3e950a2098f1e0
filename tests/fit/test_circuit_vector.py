"""Standard normal numbers and the drives they stand for."""

import numpy as np
import pytest
from explained import COLUMN, L2B, L2P, L5B, L5P

from mne_hnn.fit import CircuitPrior, LogNormal
from mne_hnn.fit.circuit_vector import SPREAD_BOUNDS_MS, CircuitVector, LARGEST_uS, circuit_inputs
from mne_hnn.fit.sequence import EDGE_MS

PRIOR = CircuitPrior(weights={f"ampa.{L5P}": LogNormal(0.5, 4.0)})
SEQUENCE = (("proximal", 30.0), ("distal", 65.0), ("proximal", 97.0))


@pytest.fixture(scope="module")
def vector():
    return CircuitVector(network=COLUMN, sequence=SEQUENCE, prior=PRIOR, peak_nAm=20.0, tstop=100.0)


def place(vector, path):
    return vector.paths.index(path)


def with_number(vector, path, number):
    z = np.zeros(vector.n_free)
    z[place(vector, path)] = number
    return z


def test_inputs_are_all_that_drives_reach():
    found = {(one.location, one.receptor, one.cell_type) for one in circuit_inputs(COLUMN)}
    reached = {(receptor, name) for receptor in ("ampa", "nmda") for name in (L2B, L2P, L5B, L5P)}
    assert {one[1:] for one in found if one[0] == "proximal"} == reached
    assert {one[1:] for one in found if one[0] == "distal"} == {one for one in reached if one[1] != L5B}


def test_what_is_free_has_names_and_columns_come_last(vector):
    assert vector.names == ["evprox1", "evdist1", "evprox2"]
    assert vector.n_free == len(vector.paths) == len(vector.mean) == len(vector.sd) == 3 * 2 + 2 * 8 + 6 + 1
    assert vector.paths[:2] == ("drives.evprox1.mu_ms", "drives.evprox1.sigma_ms")
    assert vector.paths[-1] == "columns"
    assert len(set(vector.paths)) == vector.n_free


def test_no_deviation_is_what_is_expected(vector):
    values = vector.values(np.zeros(vector.n_free))
    assert values["drives.evprox1.mu_ms"] == 30.0
    assert values["drives.evdist1.sigma_ms"] == pytest.approx(6.0)
    assert values[f"drives.evdist1.weights_nmda.{L2P}"] == pytest.approx(0.01)
    assert values[f"drives.evprox2.weights_ampa.{L2B}"] == pytest.approx(0.02)
    assert values[f"drives.evprox1.weights_ampa.{L5P}"] == pytest.approx(0.5)
    assert values["columns"] == pytest.approx(40.0 * 20.0)


def test_numbers_are_standard_deviations_where_nothing_ends(vector):
    rng = np.random.default_rng(1)
    members = vector.drawn(4000, rng)
    assert members.shape == (4000, vector.n_free)
    natural = vector.natural(members)
    times = natural[:, place(vector, "drives.evdist1.mu_ms")]
    np.testing.assert_allclose([times.mean(), times.std()], [65.0, 10.0], rtol=0.05)
    columns = np.log(natural[:, -1])
    np.testing.assert_allclose([columns.mean(), columns.std()], [np.log(800.0), np.log(2.49)], rtol=0.05)
    down = with_number(vector, f"drives.evdist1.weights_ampa.{L2P}", -2.0)
    assert vector.values(down)[f"drives.evdist1.weights_ampa.{L2P}"] == pytest.approx(0.02 / 7.4**2)
    np.testing.assert_array_equal(vector.natural(members)[7], vector.natural(members[7]))


def test_weights_rise_to_the_largest_and_not_beyond(vector):
    path = f"drives.evprox1.weights_ampa.{L5P}"
    numbers = np.linspace(-6, 6, 61)
    weights = np.array([vector.values(with_number(vector, path, number))[path] for number in numbers])
    assert (np.diff(weights) > 0).all()
    assert weights[-1] < LARGEST_uS
    assert weights[-1] == pytest.approx(LARGEST_uS, rel=0.01)
    np.testing.assert_allclose(weights[:31], 0.5 * 4.0 ** numbers[:31])  # below the median nothing bends them
    slope = np.log(weights[31] / weights[30]) / (numbers[31] - numbers[30])
    assert slope == pytest.approx(np.log(4.0), rel=0.02)


def test_times_stay_within_the_record_and_spreads_within_bounds(vector):
    far = np.full(vector.n_free, 40.0)
    late, early = 100.0 - EDGE_MS, EDGE_MS
    times = {"evprox1": (90.0, early), "evdist1": (late, 5.0), "evprox2": (late, 37.0)}  # six deviations of ten ms
    for name, (last, first) in times.items():
        assert vector.values(far)[f"drives.{name}.mu_ms"] == last
        assert vector.values(-far)[f"drives.{name}.mu_ms"] == first
    assert vector.values(far)["drives.evdist1.sigma_ms"] == SPREAD_BOUNDS_MS[1]
    assert vector.values(-far)["drives.evdist1.sigma_ms"] == SPREAD_BOUNDS_MS[0]
    assert vector.values(far)["columns"] == pytest.approx(800 * 2.49**6)


def test_the_driven_network_carries_the_values(vector):
    member = vector.drawn(1, np.random.default_rng(2))[0]
    values, network = vector.values(member), vector.driven(member)
    assert list(network.drives) == vector.names
    for name, (location, _) in zip(vector.names, SEQUENCE, strict=True):
        drive = network.drives[name]
        assert (drive.location, drive.mu_ms, drive.sigma_ms) == (
            location,
            values[f"drives.{name}.mu_ms"],
            values[f"drives.{name}.sigma_ms"],
        )
        for receptor, weights in (("ampa", drive.weights_ampa), ("nmda", drive.weights_nmda)):
            assert set(weights) == {L2B, L2P, L5P} | ({L5B} if location == "proximal" else set())
            for cell_type, weight in weights.items():
                path = f"drives.{name}.weights_{receptor}.{cell_type}"
                assert weight == pytest.approx(values[path], rel=1e-12)
        late = {cell for cell in drive.synaptic_delays if drive.synaptic_delays[cell] == 1.0}
        assert late == ({L5B, L5P} if location == "proximal" else set())
    assert not vector.network.drives


def test_distances_are_the_numbers_again(vector):
    member = 0.5 * vector.drawn(1, np.random.default_rng(3))[0]
    member[[place(vector, path) for path in vector.paths if "weights" in path]] -= 2.0  # where nothing bends them
    member[place(vector, "drives.evprox2.mu_ms")] = -0.3
    distances = vector.distances(member)
    assert tuple(distances) == vector.paths
    np.testing.assert_allclose(list(distances.values()), member, atol=1e-9)
    late = with_number(vector, "drives.evprox2.mu_ms", 3.0)  # beyond the record
    assert vector.distances(late)["drives.evprox2.mu_ms"] == pytest.approx(0.2)
