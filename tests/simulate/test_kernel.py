"""The kernel against NEURON on networks far from the published ones, and against itself: what must change nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest
from random_networks import random_case

from mne_hnn.errors import SimulationError
from mne_hnn.network import (
    Branch,
    CellTemplate,
    Network,
    Population,
    Section,
    Synapse,
    jones_2009,
    replace,
    with_erp_drives,
)
from mne_hnn.simulate import SimulationSettings, clear, engine, simulate, steps
from mne_hnn.simulate.engine import run_trial
from mne_hnn.simulate.kernel import run as kernel_run

N_NETWORKS = 50
QUICK = (1, 2, 4, 7, 8, 16, 26, 33)  # the others take minutes, in NEURON


def run(network, tstop=60.0, name="kernel", dt=0.025, trial=0, **more):
    return run_trial(network, trial, SimulationSettings(tstop=tstop, dt=dt, engine=name, **more))


def assert_same(trial, expected, bound=1e-9):
    """Dipoles of each cell type to rounding, spikes on the same step."""
    assert set(trial.moments) == set(expected.moments)
    for one, other in ((trial.moments, expected.moments), (trial.references, expected.references)):
        for cell_type, moment in other.items():
            size = max(np.abs(moment).max(), 1.0)  # fA m; a cell whose voltages are alike has no dipole but rounding
            assert np.abs(one[cell_type] - moment).max() <= bound * size, cell_type
    np.testing.assert_array_equal(trial.spike_times, expected.spike_times)
    np.testing.assert_array_equal(trial.spike_gids, expected.spike_gids)


def assert_equal(trial, expected):
    """The same bytes."""
    assert_same(trial, expected, bound=0.0)


def spikes_of_cells(trial, network):
    return int((trial.spike_gids < network.n_cells).sum())


def of_case(case, name):
    return run(case.network, case.tstop, name, case.dt, case.trial)


@pytest.mark.parametrize(
    "seed", [pytest.param(k, marks=() if k in QUICK else pytest.mark.slow) for k in range(N_NETWORKS)]
)
def test_random_networks_equal_neuron(seed):
    case = random_case(seed)
    assert_same(of_case(case, "kernel"), of_case(case, "neuron"))


def test_most_of_the_random_networks_fire():
    """So that the equality above is one of spikes, events and synapses, not of cells at rest."""
    fired = [spikes_of_cells(of_case(random_case(seed), "kernel"), random_case(seed).network) for seed in QUICK]
    assert sum(n > 5 for n in fired) >= len(QUICK) / 2


@pytest.mark.slow
def test_at_least_half_of_all_random_networks_fire():
    cases = [random_case(seed) for seed in range(N_NETWORKS)]
    assert sum(spikes_of_cells(of_case(case, "kernel"), case.network) > 5 for case in cases) >= N_NETWORKS / 2


# single cells ---------------------------------------------------------------------------------------------


def template(**changes):
    """A small cell with two sections and one receptor."""
    hh = {"hh": {"gnabar": 0.12, "gkbar": 0.036, "gl": 3e-4, "el": -61.0}}
    common = {"Ra_ohm_cm": 200.0, "cm_uF_cm2": 1.0, "v_init_mV": -66.0, "receptors": ("ampa",)}
    values = {
        "name": "own",
        "sections": {
            "soma": Section(L_um=30, diam_um=20, end_points_um=((0, 0, 0), (0, 0, 30)), channels=hh, **common),
            "twig": Section(L_um=150, diam_um=3, end_points_um=((0, 0, 30), (0, 0, 180)), channels=hh, **common),
        },
        "tree": [Branch(child="twig", parent="soma")],
        "synapses": {"ampa": Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)},
        "locations": {"proximal": ("soma",), "distal": ("twig",)},
        "layer": "L2",
        "morphology": "pyramidal",
        "electro_type": "excitatory",
        "measures_dipole": True,
    }
    return CellTemplate(**{**values, **changes})


def unconnected(n, **changes):
    """Cells of one type beside each other, without connections."""
    positions = [(50.0 * k, 0.0, 0.0) for k in range(n)]
    return Network(populations={"own": Population(template=template(**changes), positions_um=positions)})


def driven(network, times=((5.0,),), weight=0.02, **more):
    more = {"location": "proximal", "space_constant": 1e9, "synaptic_delays": 0.0, **more}
    return network.with_spike_train_drive("train", times_ms=times, weights_ampa={"own": weight}, **more)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("precision", ["exact", "search"])
def test_cells_side_by_side_do_not_feel_each_other(n, precision):
    """Whatever their number is against that of a vector's lanes: one of them driven, all of them driven."""
    single = run(driven(unconnected(1)), 20.0, precision=precision)
    moment, rest = single.moments["own"], single.references["own"]
    assert spikes_of_cells(single, unconnected(1)) >= 1
    bound = (1e-5 if precision == "search" else 1e-12) * n * np.abs(moment).max()
    every = run(driven(unconnected(n)), 20.0, precision=precision)
    np.testing.assert_allclose(every.moments["own"], n * moment, rtol=0, atol=bound)
    assert spikes_of_cells(every, unconnected(n)) == n * spikes_of_cells(single, unconnected(1))
    last = [() for _ in range(n - 1)] + [(5.0,)]
    one = run(driven(unconnected(n), times=last, cell_specific=True), 20.0, precision=precision)
    np.testing.assert_allclose(one.moments["own"], moment + (n - 1) * rest, rtol=0, atol=bound)
    assert set(one.spike_gids[one.spike_gids < n]) == {n - 1}


@pytest.mark.parametrize("tau1_ms", [1e-5, 1e-3, 4.9999])
def test_synapses_far_faster_than_a_step(tau1_ms):
    """exp(-dt/tau) of -2500: it is zero."""
    synapses = {"ampa": Synapse(e_mV=0.0, tau1_ms=tau1_ms, tau2_ms=5.0)}
    network = driven(unconnected(2, synapses=synapses), weight=0.002)
    assert_same(run(network, 20.0), run(network, 20.0, "neuron"))


def test_more_receptors_than_one_bank_holds():
    """Eleven: three banks, each receptor by a connection of its own."""
    names = [f"r{k:02d}" for k in range(10)]
    synapses = {n: Synapse(e_mV=-80.0 + 8 * k, tau1_ms=0.3 + k, tau2_ms=15.0) for k, n in enumerate(names)}
    synapses["ampa"] = Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)
    base = template()
    sections = {n: replace(s, receptors=tuple(synapses)) for n, s in base.sections.items()}
    network = driven(unconnected(3, synapses=synapses, sections=sections))
    for k, name in enumerate(names):
        network = network.with_connection(
            "own", "own", location=("proximal", "distal")[k % 2], receptor=name, weight_uS=1e-3 * (k + 1),
            delay_ms=1.0 + 0.3 * k, lamtha=1e6,
        )  # fmt: skip
    trial = run(network, 60.0)
    assert_same(trial, run(network, 60.0, "neuron"))
    without = run(network.without_connections(receptor="r09"), 60.0)
    assert np.abs(without.moments["own"] - trial.moments["own"]).max() > 1e-3 * np.abs(trial.moments["own"]).max()


@pytest.mark.parametrize("amplitude", [-3.0, 30.0])
@pytest.mark.parametrize("cell_type", ["L5_pyramidal", "L2_pyramidal"])
def test_voltages_outside_the_tables(cell_type, amplitude):
    """Their gates go by the formulas: currents that no cell bears bring them there and back."""
    network = jones_2009(mesh_shape=(1, 1)).with_tonic_bias(
        "strong", amplitude_nA={cell_type: 4 * amplitude}, t0_ms=3.0, tstop_ms=9.0
    )
    expected = run(network, 20.0, "neuron", record={"voltage": "soma", "cells": cell_type})
    voltage = expected.recordings["voltage"]
    assert voltage.min() < -110 if amplitude < 0 else voltage.max() > 90
    assert_same(run(network, 20.0), expected)


def test_a_neighbour_outside_the_tables_changes_nothing():
    """Lanes of one vector, of which one goes by formulas."""
    network = driven(unconnected(8), times=[(5.0,)] * 8, cell_specific=True)
    alone = run(network, 20.0)
    forced = network.with_spike_train_drive(
        "bolt", times_ms=[()] * 7 + [(4.0,)], location="proximal", weights_ampa={"own": 5000.0}, cell_specific=True,
        space_constant=1e9,
    )  # fmt: skip
    there = run(forced, 20.0)
    others = alone.spike_gids < 7
    np.testing.assert_array_equal(there.spike_times[there.spike_gids < 7], alone.spike_times[others])
    assert_same(there, run(forced, 20.0, "neuron"))


def test_every_step_of_a_spike_train_is_heard():
    """At the start, on a step, on half a step and at the end; with no delay at all."""
    for time in (0.0, 0.0125, 0.025, 0.0375, 5.0, 5.0125, 5.0125 + 1e-11, 19.9625, 19.9875, 20.0):
        network = driven(unconnected(1), times=((time,),))
        assert_same(run(network, 20.0), run(network, 20.0, "neuron"))


def test_a_spike_at_the_very_end_is_one_in_both():
    network = driven(unconnected(1))
    trial = run(network, 20.0)
    step = round(trial.spike_times[trial.spike_gids < 1][0] / 0.025)
    for end in range(step - 1, step + 3):
        assert_same(run(network, end * 0.025), run(network, end * 0.025, "neuron"))


# cells that nothing has reached ---------------------------------------------------------------------------


def awake(network):
    """The same, but every cell is simulated from the start: a current of nothing flows into it."""
    for name, cell in network.cell_types.items():
        network = network.with_tonic_bias(f"nothing {name}", amplitude_nA={name: 0.0}, section=cell.root)
    return network


@pytest.mark.parametrize("seed", [4, 7])
def test_a_cell_that_is_reached_late_is_what_it_would_have_been(seed):
    case = random_case(seed)
    late = case.network.without_biases()
    assert_same(
        run(late, case.tstop, dt=case.dt, trial=case.trial), run(awake(late), case.tstop, dt=case.dt, trial=case.trial)
    )


def test_only_some_cells_are_ever_reached():
    network = driven(unconnected(20), times=[()] * 12 + [(7.0,)] + [()] * 7, cell_specific=True)
    assert_same(run(network, 20.0), run(awake(network), 20.0), bound=1e-12)


def test_events_of_the_first_interval():
    network = driven(unconnected(9), times=((0.0, 0.02, 0.3),))
    assert_same(run(network, 20.0), run(network, 20.0, "neuron"))


@pytest.mark.parametrize("threshold", [-80.0, -66.1, -65.9, -65.0, -60.0])
def test_undriven_cells_cross_low_thresholds(threshold):
    """At the start, or on their way to rest; also those that a late event wakes."""
    quiet = replace(unconnected(19), threshold_mV=threshold)
    for network in (quiet, driven(quiet, times=[()] * 18 + [(9.0,)], cell_specific=True)):
        assert_same(run(network, 20.0), run(network, 20.0, "neuron"))
    assert spikes_of_cells(run(replace(quiet, threshold_mV=-80.0), 20.0), quiet) == 19


@pytest.mark.parametrize("start", [0.0, 0.0125, 0.0126, 10.0])
def test_undriven_cells_fire_by_a_bias(start):
    network = unconnected(10).with_tonic_bias("current", amplitude_nA={"own": 0.5}, t0_ms=start, tstop_ms=start + 15)
    network = network.with_tonic_bias("more", amplitude_nA={"own": 0.1}, section="twig", t0_ms=start + 5.0)
    trial = run(network, 30.0)
    assert spikes_of_cells(trial, network) >= 10
    assert_same(trial, run(network, 30.0, "neuron"))


# networks that lack something -----------------------------------------------------------------------------


def lacking():
    base = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
    bare = template(synapses={}, locations={}, sections={
        name: replace(section, receptors=()) for name, section in template().sections.items()
    })  # fmt: skip
    alone = Network(populations={"own": Population(template=bare, positions_um=[(0.0, 0.0, 0.0)])})
    return {
        "connections": base.without_connections(),
        "drives": base.without_drives(),
        "both": base.without_drives().without_connections(),
        "dipole cells": base.without_population("L2_pyramidal", "L5_pyramidal"),
        "synapses": alone.with_tonic_bias("current", amplitude_nA={"own": 1.0}),
        "channels": Network(populations={"own": Population(positions_um=[(0.0, 0.0, 0.0)], template=template(sections={
            name: replace(section, channels={}) for name, section in template().sections.items()
        }))}).with_tonic_bias("current", amplitude_nA={"own": 0.01}),
    }  # fmt: skip


@pytest.mark.parametrize("what", ["connections", "drives", "both", "dipole cells", "synapses", "channels"])
def test_networks_that_lack_something(what):
    network = lacking()[what]
    assert_same(run(network, 40.0), run(network, 40.0, "neuron"))


# what must change nothing ---------------------------------------------------------------------------------


def small():
    return with_erp_drives(jones_2009(mesh_shape=(2, 2)))


def test_stretches_and_pieces_change_nothing(monkeypatch):
    calls = []
    settings = SimulationSettings(tstop=150.0, engine="kernel")
    monkeypatch.setattr(steps, "STRETCH_MS", 7.1)
    parts = run_trial(small(), 0, settings, progress=lambda: calls.append(1))
    assert len(calls) == steps.n_stretches(150.0) == 21
    monkeypatch.setattr(steps, "STRETCH_MS", 1e9)
    assert_equal(run_trial(small(), 0, settings), parts)


def test_a_longer_run_begins_like_a_shorter_one():
    """Although connections that are slower than the run are left out of it."""
    short, long = run(small(), 41.0), run(small(), 90.0)
    for name, moment in short.moments.items():
        np.testing.assert_array_equal(long.moments[name][: len(moment)], moment)
    n = len(short.spike_times)
    np.testing.assert_array_equal(long.spike_times[:n], short.spike_times)


def test_an_interrupted_run_is_freed_and_forgotten(monkeypatch):
    expected = run(small())
    freed = []
    close = kernel_run._Run.close
    monkeypatch.setattr(kernel_run._Run, "close", lambda self: (freed.append(self.handle), close(self)))

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trial(small(), 0, SimulationSettings(tstop=60.0, engine="kernel"), interrupt)
    assert len(freed) == 1
    assert freed[0]
    assert_equal(run(small()), expected)


def test_networks_in_turn():
    cases = [random_case(seed) for seed in (2, 8)]
    first = [of_case(case, "kernel") for case in cases]
    for _ in range(2):
        for case, trial in zip(cases, first, strict=True):
            assert_equal(of_case(case, "kernel"), trial)
    clear()
    assert_equal(of_case(cases[0], "kernel"), first[0])


def test_plans_and_routes_are_kept_for_other_drives_weights_and_trials():
    run(small(), 30.0)
    known = kernel_run._known
    plans, routes = known.plans, known.routes
    changed = small().with_drive_changes("evdist1", mu_ms=20.0, sigma_ms=1.0)
    run(changed, 30.0, trial=3)
    run(changed.with_tonic_bias("bias", amplitude_nA={"L5_pyramidal": 0.3}), 30.0)
    assert (known.plans, known.routes) == (plans, routes)
    run(changed.with_gains(e_e=1.2), 30.0)  # other weights: other routes, the same cells
    assert known.plans is plans
    assert known.routes is not routes
    run(small().with_section("L5_pyramidal", "apical_tuft", diam_um=4.0), 30.0)
    assert known.plans is not plans
    clear()
    assert kernel_run._known.plans is None
    assert kernel_run._known.routes is None


def test_changed_drives_reach_other_sections():
    """Plans that were made without synapses there are not taken."""
    run(small(), 30.0)
    other = small().with_evoked_drive(
        "oblique", mu_ms=5.0, sigma_ms=0.0, location="apical_oblique", weights_ampa={"L5_pyramidal": 0.01}
    )
    again = run(other, 30.0)
    clear()
    assert_equal(run(other, 30.0), again)
    assert_same(again, run(other, 30.0, "neuron"))


@pytest.mark.parametrize("precision", ["exact", "search"])
def test_the_same_bytes_in_worker_processes(precision):
    options = {"tstop": 40.0, "n_trials": 3, "precision": precision, "engine": "kernel", "verbose": "error"}
    here = simulate(small(), **options)
    there = simulate(small(), n_jobs=2, **options)
    for one, other in zip(here.dipoles, there.dipoles, strict=True):
        assert one.data.tobytes() == other.data.tobytes()
    assert here.spikes == there.spikes


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="tells the memory of a process on Linux only")
def test_memory_is_given_back():
    """Forty runs in a process of their own, half of them interrupted, half of another network."""
    code = (
        "from mne_hnn.network import jones_2009, with_erp_drives\n"
        "from mne_hnn.simulate import SimulationSettings\n"
        "from mne_hnn.simulate.engine import run_trial\n"
        "def stop():\n"
        "    raise KeyboardInterrupt\n"
        "def used():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6\n"
        "networks = [with_erp_drives(jones_2009(mesh_shape=shape)) for shape in ((3, 3), (2, 4))]\n"
        "settings = SimulationSettings(tstop=20.0, engine='kernel')\n"
        "for k in range(50):\n"
        "    try:\n"
        "        run_trial(networks[k % 2], k, settings, stop if k % 4 > 1 else lambda: None)\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
        "    if k == 9:\n"
        "        before = used()\n"
        "print(used() - before)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout) < 8.0  # one run takes some 5 MB


# what goes wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["exact", "search"])
@pytest.mark.parametrize(
    ("cell_type", "amplitude"),
    [("L5_pyramidal", 1e300), ("L5_pyramidal", -1e8), ("L2_basket", 1e200), ("L2_basket", 1e5), ("L5_basket", 1e308)],
)
def test_voltages_beyond_reason_are_an_error(precision, cell_type, amplitude):
    network = jones_2009(mesh_shape=(1, 1)).with_tonic_bias("absurd", amplitude_nA={cell_type: amplitude})
    with pytest.raises(SimulationError, match="unstable: voltages exceed 10 V or are not numbers") as caught:
        run(network, 5.0, precision=precision)
    assert "\n" not in str(caught.value)


def test_an_immense_weight_holds_a_cell_until_it_overflows():
    """As in NEURON: a conductance of any size keeps the reversal potential."""
    network = driven(unconnected(2), weight=1e307)
    assert_same(run(network, 10.0), run(network, 10.0, "neuron"))
    for beyond, precision in ((1e308, "exact"), (1e39, "search")):
        with pytest.raises(SimulationError, match="unstable"):
            run(driven(unconnected(2), weight=beyond), 10.0, precision=precision)


def test_a_network_too_large_for_memory_is_said(monkeypatch):
    library = kernel_run._library()

    class Full:
        def __getattr__(self, name):
            return (lambda *_: None) if name == "mne_hnn_new" else getattr(library, name)

    monkeypatch.setattr(kernel_run, "_library", Full)
    with pytest.raises(SimulationError, match="not enough memory for a network of this size and duration"):
        run(small(), 1.0)


def test_what_the_kernel_cannot_do_is_done_by_coreneuron(monkeypatch, caplog):
    """By itself, with a word where details are asked for."""
    said = []
    monkeypatch.setattr(engine.logger, "debug", lambda text, *values: said.append(text % values))
    engine.clear()
    beside = run(small(), 30.0, n_threads=2)
    assert said == ["Simulating in CoreNEURON instead of the kernel, which has no several threads."]
    assert engine._column is not None
    assert kernel_run.beyond_kernel(small(), SimulationSettings(n_threads=2)) == "several threads"
    assert_same(beside, run(small(), 30.0))
    count = len(said)
    engine.clear()
    run(small(), 30.0)
    assert engine._column is None
    assert len(said) == count
