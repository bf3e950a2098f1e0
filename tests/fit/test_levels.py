"""A coarse column stands for the full one where cells do not fire."""

import numpy as np
import pytest
from targets import L2P, L5P, two_drives

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Level, coarse_network
from mne_hnn.fit.levels import as_levels, multiplied, on_level
from mne_hnn.fit.objectives import Custom
from mne_hnn.network import jones_2009, replace
from mne_hnn.network.wiring import connection_wires, drive_wires
from mne_hnn.simulate import simulate


def driven(mesh, weight=5e-5):
    both = {L2P: weight, L5P: weight}
    return two_drives(mesh, mu_ms=(15.0, 40.0), sigma_ms=0.0, proximal=both, distal=both, distal_nmda={L5P: weight})


def totals(network):
    """Return the mean weight that arrives at a cell, by source and target type."""
    wires, ranges = connection_wires(network), network.gid_ranges
    found = {}
    for source, one in ranges.items():
        for target, two in ranges.items():
            rows = (wires.source >= one.start) & (wires.source < one.stop)
            rows &= (wires.target >= two.start) & (wires.target < two.stop)
            if rows.any():
                found[source, target] = float(wires.weights_uS[rows].sum()) / len(two)
    return found


@pytest.mark.parametrize(("full", "mesh"), [((10, 10), (5, 5)), ((6, 6), (3, 3)), ((12, 12), (4, 4))])
def test_input_of_a_cell_stays_the_same_in_the_mean(full, mesh):
    network = jones_2009(full)
    fine, coarse = totals(network), totals(coarse_network(network, mesh))
    assert coarse.keys() == fine.keys()
    pyramidal = {pair: coarse[pair] / fine[pair] for pair in fine if pair[0].endswith("pyramidal")}
    for (source, target), ratio in pyramidal.items():
        # a cell does not reach itself, which takes more of few cells than of many
        assert ratio == pytest.approx(1.0, abs=0.35 if source == target else 0.16)


@pytest.mark.parametrize(("full", "mesh"), [((10, 10), (5, 5)), ((6, 6), (3, 3))])
def test_input_of_a_cell_stays_the_same(full, mesh):
    network = jones_2009(full)
    fine, coarse = totals(network), totals(coarse_network(network, mesh))
    assert {pair: coarse[pair] / fine[pair] for pair in fine} == pytest.approx(dict.fromkeys(fine, 1.0), abs=0.02)


def test_same_distances_in_micrometres():
    network = driven((10, 10))
    coarse = coarse_network(network, (5, 5))
    assert coarse.mesh_shape == (5, 5)
    assert coarse.inplane_distance_um == network.inplane_distance_um
    for one, two in zip(network.connections, coarse.connections, strict=True):
        assert two.lamtha == pytest.approx(one.lamtha / 2)
        assert (one.source, one.target, one.receptor, one.delay_ms) == (
            two.source,
            two.target,
            two.receptor,
            two.delay_ms,
        )
    for name in network.drives:
        assert coarse.drives[name].space_constant == network.drives[name].space_constant / 2
        assert coarse.drives[name].weights == network.drives[name].weights


def test_drives_reach_the_cells_of_a_place_alike():
    """The law over distance is the same: a coarse cell receives what the full cell at twice its place does."""
    network = driven((10, 10))
    coarse = coarse_network(network, (5, 5))
    weights = {}
    for key, one, factor in (("full", network, 1), ("coarse", coarse, 2)):
        wires = drive_wires(one, "evdist1")
        gids = one.gid_ranges[L5P]
        places = np.array(one.populations[L5P].positions_um)[:, :2] - np.array(one.origin)[:2]
        rows = [k for k, gid in enumerate(wires.target) if gid in gids]
        weights[key] = {
            tuple(np.round(factor * places[wires.target[k] - gids.start], 6)): (
                wires.weights_uS[k].tolist(), wires.delay_ms[k],
            )
            for k in rows
        }  # fmt: skip
    assert len(weights["coarse"]) == 25
    for place, (weight, delay) in weights["coarse"].items():
        expected, when = weights["full"][place]
        assert weight == pytest.approx(expected)
        assert delay == pytest.approx(when)
    means = [np.mean([weight for weight, _ in weights[key].values()]) for key in ("full", "coarse")]
    assert means[1] == pytest.approx(means[0], rel=0.1)


def test_the_same_mesh_is_the_same_network():
    network = driven((4, 4))
    assert coarse_network(network, (4, 4)) == network


@pytest.mark.parametrize(("full", "mesh"), [((6, 6), (3, 3)), ((10, 10), (5, 5))])
def test_below_threshold_the_dipoles_agree(full, mesh):
    network = driven(full)
    fine = simulate(network, 90.0, seed=1, verbose="error")
    transform, objective = on_level(
        network, Custom(function=lambda one: float(np.abs(one.dipole["agg"]).max())), Level(mesh_shape=mesh)
    )
    coarse = simulate(transform(network), 90.0, seed=1, verbose="error")
    assert len(fine.spikes.gid[fine.spikes.gid < network.n_cells]) == 0
    ratio = np.prod(full) / np.prod(mesh)
    large = multiplied(coarse, ratio).dipole
    for layer in ("agg", "L2", "L5"):
        one, two = fine.dipole[layer], large[layer]
        assert np.corrcoef(one, two)[0, 1] > 0.99
        assert np.ptp(two) == pytest.approx(np.ptp(one), rel=0.05)
    assert objective.score(coarse).loss == pytest.approx(np.abs(large["agg"]).max())
    assert multiplied(coarse, 4.0).spikes is coarse.spikes
    assert np.abs(coarse.dipole["agg"]).max() < np.abs(large["agg"]).max()  # not changed in place


def test_levels_of_a_search():
    large, small = jones_2009(), jones_2009((3, 3))
    assert as_levels("auto", large, 2) == (Level(mesh_shape=(5, 5)), Level(n_trials=2))
    assert as_levels("auto", small, 2) == (Level(n_trials=2),)
    assert as_levels(None, large, 3) == (Level(n_trials=3),)
    own = [Level(mesh_shape=(2, 2), share=2), Level(n_trials=4)]
    assert as_levels(own, small, 1) == tuple(own)
    assert as_levels(Level(), small, 1) == (Level(),)
    assert [str(one) for one in own] == ["2x2", "full"]


def test_identity_of_an_objective_depends_on_the_level():
    network, objective = jones_2009((6, 6)), Custom(function=len)
    names = {on_level(network, objective, Level(mesh_shape=mesh))[1].identity for mesh in (None, (3, 3), (2, 2))}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ("coarse", "'auto', None, or Levels, got 'coarse'"),
        ([], "sequence of Levels"),
        ([(5, 5), None], "sequence of Levels"),
        (3, "sequence of Levels"),
        ([Level(), Level(mesh_shape=(2, 2))], "must be the full column: end with"),
    ],
)
def test_wrong_levels(levels, message):
    with pytest.raises(ParameterError, match=message):
        as_levels(levels, jones_2009((3, 3)), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mesh_shape": 5}, "two integers"),
        ({"mesh_shape": (0, 5)}, "number of cells"),
        ({"n_trials": 0}, "n_trials"),
        ({"share": 0.0}, "share"),
    ],
)
def test_wrong_level(options, message):
    with pytest.raises(ParameterError, match=message):
        Level(**options)


def test_cells_on_no_grid_have_no_coarser_form():
    network = jones_2009((3, 3))
    moved = [(x + 1.0, y, z) for x, y, z in network.populations[L5P].positions_um]
    cells = {**network.populations, L5P: replace(network.populations[L5P], positions_um=moved)}
    with pytest.raises(ParameterError, match="grid"):
        coarse_network(replace(network, populations=cells), (2, 2))
