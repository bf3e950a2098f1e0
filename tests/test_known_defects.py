"""Defects of the published software (hnn-core 0.6.1), numbered as they were collected: none of them is here.

What is not a row of this file is tested where it belongs: baseline (16) in ``simulate/test_simulate.py``, speed (18) in
``benchmarks/compare.py``, processes of others (21) in ``simulate/test_mpi.py``.
"""

import contextlib

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn import Dipole, Spikes, average_dipoles
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import OPTIMIZERS, DriveSettings, Parameter, ParameterSpace, fit_drives
from mne_hnn.fit.optimizers import BudgetSpent
from mne_hnn.io import read_hnn_params, read_network, read_spikes_txt
from mne_hnn.lfp import contact_positions
from mne_hnn.network import connection_wires, drive_events, jones_2009, replace
from mne_hnn.simulate import SimulationSettings, simulate
from mne_hnn.sweep import read_sweep, run_sweep
from mne_hnn.viz import plot_dipole, plot_psd

SMALL = (3, 3)


def one_drive(**changes):
    return jones_2009(mesh_shape=SMALL).with_evoked_drive(
        "ev", mu_ms=10.0, sigma_ms=2.0, location="proximal",
        weights_ampa={"L2_pyramidal": 0.01, "L5_pyramidal": 0.01},
        synaptic_delays={"L2_pyramidal": 0.1, "L5_pyramidal": 1.0}, **changes,
    )  # fmt: skip


def flat(value=1.0, names=("agg",), n=401, scale=1.0):
    return Dipole(np.full((len(names), n), value), np.arange(n) * 1e-3, names).scale(scale)


class Bowl:
    """Three parameters as different as a weight near 1e-5 and a time near 100 ms, as an optimizer sees them."""

    start, step, population = np.array([0.1, 0.2, 0.9]), 0.25, None
    low, high, best = np.array([1e-5, 100.0, 1.0]), np.array([1e-4, 150.0, 20.0]), np.array([3e-5, 137.0, 8.0])

    def __init__(self, seed, budget=50):
        self.seed, self.budget, self.seen = seed, budget, []

    def losses(self, points):
        kept = np.asarray(points)[: self.budget]
        values = self.low + kept * (self.high - self.low)
        self.seen += list(np.sum(((values - self.best) / (self.high - self.low)) ** 2, axis=1))
        self.budget -= len(kept)
        if len(kept) < len(points):
            raise BudgetSpent
        return np.array(self.seen[-len(kept) :])

    def searched(self, name):
        with contextlib.suppress(BudgetSpent):
            OPTIMIZERS[name].run(self)
        return min(self.seen)


@pytest.mark.parametrize("optimizer", ["cma", "differential_evolution", "nelder_mead", "cobyla", "bayesian"])
def test_01_a_search_is_better_than_random_draws(optimizer):
    if optimizer == "cma":
        pytest.importorskip("cma")
    seeds = range(4 if optimizer == "bayesian" else 20)
    found, drawn = (np.median([Bowl(seed).searched(name) for seed in seeds]) for name in (optimizer, "random"))
    assert found < 0.5 * drawn


def test_02_the_record_of_a_search_has_one_row_per_evaluation():
    network = one_drive(event_seed=3)
    target = simulate(network, 40.0, verbose="error").dipole
    fit = fit_drives(
        network,
        target,
        [Parameter(path="drives.ev.mu_ms", low=5, high=15)],
        settings=DriveSettings(optimizer="random", max_evaluations=6, n_final=2),
    )
    assert len(fit.evaluations) == 6


def test_04_the_spectrum_of_several_dipoles_is_their_average():
    times = np.arange(1000) * 1e-3
    one, two = (Dipole(1e-9 * np.sin(2 * np.pi * f * times)[None], times, ["agg"]) for f in (20.0, 60.0))
    axes = plot_psd([one, two], fmin=5.0, fmax=100.0, show=False).axes[0]
    drawn = max(axes.lines, key=lambda line: line.get_linewidth())
    frequencies, power = (np.asarray(part) for part in drawn.get_data())
    peaks = [power[np.argmin(np.abs(frequencies - f))] for f in (20.0, 60.0)]
    assert min(peaks) > 0.5 * max(peaks)
    plt.close("all")


def test_05_rates_count_only_the_window():
    spikes = Spikes(
        trial=[0, 0, 0], time=[0.01, 0.06, 0.15], gid=[0, 0, 0], gid_ranges={"cell": range(1)}, n_trials=1, tmin=0.0,
        tmax=0.2,
    )  # fmt: skip
    assert spikes.rates(0.05, 0.1)["cell"] == pytest.approx(20.0)


def test_06_spikes_that_are_read_have_rates_in_the_order_of_trials(tmp_path):
    for trial in range(12):
        (tmp_path / f"spk_{trial}.txt").write_text(f"{trial + 1:.3f}\t0\tL2_basket\n")  # one spike each
    spikes = read_spikes_txt(tmp_path / "spk_*.txt")
    np.testing.assert_allclose(spikes.time, np.arange(1, 13) * 1e-3)
    assert spikes.rates()["L2_basket"] > 0


def test_07_files_keep_the_in_plane_distance(tmp_path):
    network = one_drive(event_seed=3).with_positions(inplane_distance_um=30.0)
    network.save(tmp_path / "net.json")
    again = read_network(tmp_path / "net.json")
    assert again == network
    first, second = (simulate(one, 20.0, verbose="error") for one in (network, again))
    assert first.dipole.data.tobytes() == second.dipole.data.tobytes()


def test_08_files_keep_the_pairs_of_sparse_connections(tmp_path):
    network = jones_2009(mesh_shape=SMALL).with_connection_changes(0, changes={"probability": 0.5, "seed": 7})
    network.save(tmp_path / "net.json")
    again = read_network(tmp_path / "net.json")
    again.save(tmp_path / "net2.json")
    wires = [connection_wires(one) for one in (network, again, read_network(tmp_path / "net2.json"))]
    for other in wires[1:]:
        np.testing.assert_array_equal(other.source, wires[0].source)
        np.testing.assert_array_equal(other.target, wires[0].target)


def test_09_spike_trains_need_no_seed_and_survive_a_file(tmp_path):
    network = jones_2009(mesh_shape=SMALL).with_spike_train_drive(
        "train", times_ms=[[3.0, 5.0]], location="proximal", weights_ampa={"L2_pyramidal": 0.01}, synaptic_delays=0.1,
        cell_specific=False, n_drive_cells=1, probability=0.5,
    )  # fmt: skip
    network.save(tmp_path / "net.json")
    assert read_network(tmp_path / "net.json") == network


def test_10_an_open_end_follows_each_run():
    network = jones_2009(mesh_shape=SMALL).with_bursty_drive(
        "alpha", location="proximal", tstart=5.0, burst_rate_Hz=100.0, burst_std_ms=0.0, numspikes=1, spike_isi_ms=1.0,
        n_drive_cells=1, weights_ampa={"L2_pyramidal": 1e-5}, synaptic_delays=0.1,
    )  # fmt: skip
    assert max(drive_events(network, 0, 30.0, None)["alpha"][0]) < 30.0
    simulate(network, 30.0, verbose="error")
    assert simulate(network, 100.0, verbose="error").spikes.select(cell_types="alpha").time.max() > 0.08


def test_11_a_sweep_without_dipoles_runs():
    swept = run_sweep(
        one_drive(), {"drives.ev.mu_ms": [5.0, 8.0]}, SimulationSettings(tstop=15.0), keep="spikes", verbose="error"
    )
    assert [len(swept.spikes(k)) > 0 for k in range(2)] == [True, True]


def test_12_plotting_leaves_the_list_alone():
    dipoles = [flat(), flat(2.0)]
    plot_dipole(dipoles, average=True, show=False)
    assert len(dipoles) == 2
    plt.close("all")


def test_13_electrodes_keep_their_settings():
    contacts = [(30.0, 30.0, float(z)) for z in range(0, 900, 300)]
    network = one_drive().with_electrodes("shank", contacts, min_distance_um=5.0, conductivity_S_m=0.4)
    edited = network.with_drive_changes("ev", mu_ms=12.0)
    assert edited.electrodes["shank"] == network.electrodes["shank"]
    potential = simulate(edited, 5.0, n_trials=2, verbose="error").lfp["shank"]
    part = potential.copy().crop(0.001, 0.004).pick(potential.ch_names[:2])
    assert part.info["description"] == potential.info["description"]
    assert '"min_distance_um": 5.0' in part.info["description"]
    np.testing.assert_allclose(contact_positions(part), np.array(contacts[:2]) * 1e-6, rtol=1e-6)
    assert len(part) == 2  # both trials


def test_14_a_network_holds_no_results():
    network = one_drive()
    before = network.digest
    simulate(network, 5.0, verbose="error")
    assert network.digest == before
    with pytest.raises(AttributeError, match="never changes: its with_"):
        network.spikes = ()


def test_14_a_dipole_says_which_layers_it_has():
    dipole = flat(names=("agg", "L5"))
    assert dipole.layers == ("agg", "L5")
    np.testing.assert_array_equal(dipole["L5"], 1.0)
    with pytest.raises(ParameterError, match="one row per layer"):
        Dipole(np.ones((2, 5)), np.arange(5) * 1e-3)


def test_15_smoothing_keeps_a_constant():
    np.testing.assert_allclose(flat(2.0).smooth(50.0)["agg"], 2.0)
    assert flat(2.0).smooth(50.0, edges="zero")["agg"][0] == pytest.approx(1.0, rel=0.05)


def test_19_weights_and_times_are_searched_on_one_scale():
    """Every parameter is searched between its bounds, on the unit interval, logarithmic where asked."""
    weight = Parameter(path="drives.ev.weights_ampa.L5_pyramidal", low=1e-5, high=1e-3, scale="log")
    space = ParameterSpace([weight, Parameter(path="drives.ev.mu_ms", low=100, high=150)], one_drive())
    middle = space.decode([0.5, 0.5])
    assert middle == pytest.approx({"drives.ev.weights_ampa.L5_pyramidal": 1e-4, "drives.ev.mu_ms": 125.0})


def test_20_scores_are_those_of_trials_that_the_search_has_not_seen():
    network = one_drive(event_seed=3)
    target = simulate(network, 40.0, verbose="error").dipole
    fit = fit_drives(
        network,
        target,
        [Parameter(path="drives.ev.mu_ms", low=5, high=15)],
        settings=DriveSettings(max_evaluations=5, n_final=3),
    )
    fresh = fit.simulation.spikes.select(cell_types="ev")
    seen = simulate(fit.network, 40.0, n_trials=3, verbose="error").spikes.select(cell_types="ev")
    assert not np.isin(np.round(fresh.time, 9), np.round(seen.time, 9)).any()


def test_22_results_of_a_sweep_need_no_pickle_and_are_in_order(tmp_path):
    delays = [float(k) for k in range(3, 15)]
    run_sweep(
        one_drive(), {"drives.ev.mu_ms": delays}, SimulationSettings(tstop=5.0), folder=tmp_path / "s", verbose="error"
    )
    assert read_sweep(tmp_path / "s").parameters["drives.ev.mu_ms"].tolist() == delays
    for file in (tmp_path / "s" / "points").glob("*.npz"):
        with np.load(file, allow_pickle=False) as stored:
            assert all(stored[name].dtype != object for name in stored)


def test_23_cell_types_have_any_name_and_baskets_of_layer_5_take_distal_input():
    network = jones_2009(mesh_shape=SMALL)
    template = network.cell_types["L5_basket"]
    renamed = network.only_cells().without_population("L5_basket").with_population(
        "my_interneuron", replace(template, locations={**template.locations, "distal": ("soma",)}), [(0, 0, 100.0)]
    )  # fmt: skip
    driven = renamed.with_evoked_drive(
        "distal_input", mu_ms=5.0, sigma_ms=0.0, location="distal", weights_ampa={"my_interneuron": 0.5},
        synaptic_delays=0.1,
    )  # fmt: skip
    assert simulate(driven, 20.0, verbose="error").spikes.counts()["my_interneuron"] >= 1


def test_24_parameter_files_name_what_they_do_not_know(tmp_path):
    (tmp_path / "p.json").write_text('{"gbar_L2Pyr_L2Pyr_ampa": 0.001, "gbar_L2Pyr_L2Pyr_amp": 0.001}')
    with pytest.warns(RuntimeWarning, match="'gbar_L2Pyr_L2Pyr_amp'. Did you mean 'gbar_L2Pyr_L2Pyr_ampa'"):
        read_hnn_params(tmp_path / "p.json")


def test_25_a_target_in_the_wrong_unit_is_refused():
    network = one_drive(event_seed=3)
    target = simulate(network, 40.0, verbose="error").dipole.scale(1e9)
    with pytest.raises(DataError, match="more than a whole brain gives: its values are probably nA m"):
        fit_drives(network, target, [Parameter(path="drives.ev.mu_ms", low=5, high=15)])


def test_25_a_dipole_knows_unit_and_origin():
    dipole = Dipole.from_nAm([0.0, 1.0], {"agg": [1.0, 2.0]}, provenance={"polarity": "M20 points up"})
    assert dipole["agg"][1] == 2e-9
    assert dipole.times[1] == pytest.approx(1e-3)
    assert average_dipoles([dipole, dipole]).provenance["polarity"] == "M20 points up"


def test_26_a_wrong_optimizer_is_answered_with_all_of_them():
    network = one_drive()
    target = Dipole(np.sin(np.arange(101) / 10.0)[None] * 1e-9, np.arange(101) * 1e-3, ["agg"])
    free = [Parameter(path="drives.ev.mu_ms", low=5, high=15)]
    with pytest.raises(ParameterError, match="'cma'.*'differential_evolution'.*Did you mean 'random'"):
        fit_drives(network, target, free, settings=DriveSettings(optimizer="randm"))
