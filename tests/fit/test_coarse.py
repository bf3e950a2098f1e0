"""A column with fewer pyramidal cells stands for the full one: in the input of its cells, its dipole, and its rates."""

import numpy as np
import pytest
from benchmarks.meshes import TSTOP, TYPES, all_fewer, drawn
from targets import L2P, L5P, two_drives

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Level, coarse_network
from mne_hnn.fit.levels import multiplied, on_level
from mne_hnn.fit.objectives import Custom
from mne_hnn.network import MODELS, jones_2009, replace
from mne_hnn.network.wiring import connection_wires, drive_wires
from mne_hnn.simulate import simulate

L2B, L5B = "L2_basket", "L5_basket"
MESHES = [((10, 10), (5, 5)), ((10, 10), (4, 4)), ((6, 6), (3, 3)), ((9, 5), (3, 2))]


def driven(mesh, weight=5e-5):
    both = {L2P: weight, L5P: weight}
    return two_drives(mesh, mu_ms=(15.0, 40.0), sigma_ms=0.0, proximal=both, distal=both, distal_nmda={L5P: weight})


def received(network):
    """Return what arrives at each cell, by source, target and receptor: weights, and weights times delays."""
    wires, ranges = connection_wires(network), network.gid_ranges
    found = {}
    for source, sources in ranges.items():
        for target, targets in ranges.items():
            rows = (wires.source >= sources.start) & (wires.source < sources.stop)
            rows &= (wires.target >= targets.start) & (wires.target < targets.stop)
            for receptor, weights in zip(wires.receptors, wires.weights_uS.T, strict=True):
                used = rows & (weights > 0)
                if used.any():
                    cells = wires.target[used] - targets.start
                    delayed = weights[used] * wires.delay_ms[used]
                    sums = [np.bincount(cells, values, len(targets)) for values in (weights[used], delayed)]
                    found[source, target, receptor] = sums
    return found


def arriving(network, name):
    """Return the weights and delays by which a drive reaches the cells of each type."""
    wires, ranges = drive_wires(network, name), network.gid_ranges
    types = (L2P, L5P)
    rows = {cell: (wires.target >= ranges[cell].start) & (wires.target < ranges[cell].stop) for cell in types}
    return {cell: (wires.weights_uS[row].sum(axis=1), wires.delay_ms[row]) for cell, row in rows.items()}


@pytest.mark.parametrize(("full", "mesh"), MESHES)
@pytest.mark.parametrize("model", ["jones_2009", "law_2021"])
def test_input_of_a_cell_stays_the_same_in_the_mean(model, full, mesh):
    network = MODELS[model](full)
    fine, coarse = received(network), received(coarse_network(network, mesh))
    assert coarse.keys() == fine.keys()
    for pair, (weights, _) in fine.items():
        assert coarse[pair][0].mean() == pytest.approx(weights.mean(), rel=1e-9), pair


@pytest.mark.parametrize("mesh", [(4, 4), (5, 5), (7, 7)])
def test_delays_and_borders_stay_the_same(mesh):
    network = jones_2009()
    fine, coarse = received(network), received(coarse_network(network, mesh))
    for pair, (weights, delayed) in fine.items():
        here, later = coarse[pair]
        # exact where cells have synapses onto themselves for the cells that they stand for
        own = pair[0] == pair[1] and pair[0].endswith("pyramidal")
        mean = delayed.sum() / weights.sum()
        assert later.sum() / here.sum() == pytest.approx(mean, rel=1e-9 if own else 0.05), pair
        # cells at the border receive less, by as much
        assert here.std() / here.mean() == pytest.approx(weights.std() / weights.mean(), abs=0.05), pair


@pytest.mark.parametrize("mesh", [(3, 3), (4, 4), (5, 5)])
def test_drives_reach_cells_alike(mesh):
    """As strongly in the mean, with as large differences between cells, and as late."""
    network = driven((10, 10))
    fine, coarse = (arriving(one, "evdist1") for one in (network, coarse_network(network, mesh)))
    for cell, (weights, delays) in fine.items():
        here, when = coarse[cell]
        assert len(here) == np.prod(mesh)
        assert here.mean() == pytest.approx(weights.mean(), rel=1e-9)
        assert here.std() == pytest.approx(weights.std(), rel=0.05)
        assert np.average(when, weights=here) == pytest.approx(np.average(delays, weights=weights), rel=0.05)


def test_what_is_not_pyramidal_stays_as_it_is():
    network = driven((10, 10))
    coarse = coarse_network(network, (5, 5))
    assert {name: len(cells) for name, cells in coarse.populations.items()} == {L2B: 35, L2P: 25, L5B: 35, L5P: 25}
    for cell in (L2B, L5B):
        assert coarse.populations[cell] == network.populations[cell]
    assert coarse.origin == network.origin
    assert coarse.inplane_distance_um == network.inplane_distance_um
    between = [one for one in coarse.connections if one.pairs is None]
    for old, new in zip(network.connections, between, strict=True):
        assert replace(new, weight_uS=old.weight_uS) == old
        if not {old.source, old.target} & {L2P, L5P}:
            assert new == old
    assert {(one.source, one.target) for one in coarse.connections if one.pairs is not None} == {(L2P, L2P), (L5P, L5P)}


def test_a_sparse_connection_keeps_its_share_of_pairs():
    network = jones_2009().with_connection_changes(
        changes={"probability": 0.5, "seed": 7}, source=L5P, target=L5P, receptor="ampa"
    )
    fine, coarse = received(network), received(coarse_network(network, (5, 5)))
    pair = (L5P, L5P, "ampa")
    assert coarse[pair][0].mean() == pytest.approx(fine[pair][0].mean(), rel=0.1)  # which pairs it is, is random


def test_the_middle_of_parts_of_equal_size():
    network = jones_2009((4, 6))
    places = coarse_network(network, (2, 3)).populations[L5P].positions
    assert places[:, :2].tolist() == [[x, y] for x in (0.5, 2.5) for y in (0.5, 2.5, 4.5)]
    assert set(places[:, 2]) == set(network.populations[L5P].positions[:, 2])


def test_the_same_mesh_is_the_same_network():
    network = driven((4, 4))
    assert coarse_network(network, (4, 4)) is network


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


def rates(networks, seed):
    """Return the spikes per cell of each type, of all networks together."""
    counts = []
    for number, network in enumerate(networks):
        simulation = simulate(network, TSTOP, n_trials=2, seed=seed + number, verbose="error")
        spikes = simulation.spikes.counts()
        counts.append([spikes.get(cell, 0) / len(network.populations[cell]) / 2 for cell in TYPES])
    return dict(zip(TYPES, np.mean(counts, axis=0), strict=True))


@pytest.mark.slow
def test_cells_fire_as_in_the_full_column():
    """Over draws of strong drives, and as they did not where baskets were fewer and stronger, too."""
    networks = [drawn(jones_2009(), draw) for draw in (0, 1, 3, 4, 6, 7, 9, 10)]
    full = rates(networks, 0)
    assert min(full.values()) > 1  # they fire
    coarse = rates([coarse_network(network, (5, 5)) for network in networks], 100)
    # two trials of eight draws: what differs between seeds is some 5 %
    assert {cell: coarse[cell] / full[cell] for cell in TYPES} == pytest.approx(dict.fromkeys(TYPES, 1.0), abs=0.15)
    fewer = rates([all_fewer(network, (5, 5)) for network in networks], 100)
    assert fewer[L2B] / fewer[L2P] > 1.2 * full[L2B] / full[L2P]


def test_cells_on_no_grid_have_no_coarser_form():
    network = jones_2009((3, 3))
    moved = [(x + 1.0, y, z) for x, y, z in network.populations[L5P].positions_um]
    cells = {**network.populations, L5P: replace(network.populations[L5P], positions_um=moved)}
    with pytest.raises(ParameterError, match="pyramidal cells of the network are on no grid, so it has no coarser"):
        coarse_network(replace(network, populations=cells), (2, 2))


def test_a_mesh_with_more_cells_is_no_coarser_form():
    with pytest.raises(ParameterError, match="A mesh of 4x3 has more cells than the column of 3x3: give a smaller one"):
        coarse_network(jones_2009((3, 3)), (4, 3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source_indices": (0, 3)}, "from L5_pyramidal to L5_basket of the network names single cells"),
        ({"target_indices": (1,)}, "names single cells"),
        ({"pairs": [(0, 1)]}, "names single cells, so it has no coarser form: use levels=None"),
    ],
)
def test_connections_of_single_cells_have_no_coarser_form(changes, message):
    network = jones_2009((4, 4)).with_connection_changes(changes=changes, source=L5P, target=L5B)
    with pytest.raises(ParameterError, match=message):
        coarse_network(network, (2, 2))


def test_spikes_of_single_cells_have_no_coarser_form():
    network = jones_2009((3, 3)).with_spike_train_drive(
        "given", times_ms=[[10.0]] * 9, location="distal", weights_ampa={L5P: 0.1}, cell_specific=True
    )
    with pytest.raises(ParameterError, match="Drive 'given' of the network has spikes for each single cell"):
        coarse_network(network, (2, 2))
    shared = jones_2009((3, 3)).with_spike_train_drive(
        "given", times_ms=[[10.0]], location="distal", weights_ampa={L5P: 0.1}
    )
    assert coarse_network(shared, (2, 2)).drives["given"].times_ms == shared.drives["given"].times_ms
