"""Synapses and channels of one's own: what NEURON alone gives with the same files, and what is refused."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import numpy as np
import pytest

from mne_hnn.errors import CompilationError, MneHnnWarning, NetworkError, ParameterError
from mne_hnn.fit import DriveSettings, Parameter, drive_contributions, fit_drives
from mne_hnn.io import read_network, read_simulation, write_network, write_simulation
from mne_hnn.network import (
    Branch,
    CellTemplate,
    Exponential,
    Mechanism,
    Network,
    Population,
    Section,
    get_value,
    jones_2009,
    set_values,
)
from mne_hnn.simulate import SimulationSettings, _neuron, simulate, simulate_many, simulate_mpi
from mne_hnn.simulate.custom import load_custom
from mne_hnn.sweep import run_sweep

MODS = Path(__file__).parents[1] / "data" / "mechanisms"
L2P, L5P = "L2_pyramidal", "L5_pyramidal"
TRAINS = ((5.0, 6.0, 30.0), (5.1, 12.5))
RECORD = {
    "voltage": ["soma", "dendrite"],
    "synaptic_current": "dendrite",
    "variables": {"nmda.block": "dendrite", "nap.m": "dendrite", "kcalcium.n": "soma", "pool.cai": "soma"},
}


def mechanism(name):
    return Mechanism.from_mod(MODS / f"{name}.mod")


def section(length, diameter, points, **more):
    return Section(
        L_um=length, diam_um=diameter, Ra_ohm_cm=150.0, cm_uF_cm2=1.0, v_init_mV=-70.0, end_points_um=points, **more
    )  # fmt: skip


def cell():
    """Return the network of one cell that plain_cell.py builds by hand."""
    template = CellTemplate(
        name="cell",
        sections={
            "soma": section(20.0, 20.0, ((0, 0, 0), (0, 0, 20))),
            "dendrite": section(300.0, 2.0, ((0, 0, 20), (0, 0, 320)), nseg_override=5),
        },
        tree=[Branch(child="dendrite", parent="soma")],
        layer="L5",
        morphology="stick",
        electro_type="excitatory",
        measures_dipole=True,
    )
    template = template.with_channel("all", mechanism("leak"), e=-68.0)
    template = template.with_channel(
        "dendrite", mechanism("persistent_sodium"), gbar=Exponential(2e-5, -0.005), ena=55.0, tau=1.5
    )
    # a current that fills a pool, whose calcium opens another
    template = template.with_channel("soma", mechanism("calcium_potassium"), gbar=2e-4, ek=-90.0)
    template = template.with_channel("soma", mechanism("calcium_pool"), tau=15.0)
    template = template.with_channel("soma", mechanism("calcium_current"), gbar=5e-5)
    template = template.with_synapse("nmda", mechanism("nmda_block"), tau2=40.0, e=2.0, mg=1.2)
    template = template.with_synapse("ampa", mechanism("gabab_kinetic"), gmax=0.005, K4=0.03)
    template = template.with_section("dendrite", receptors=("ampa", "nmda"))
    network = Network(populations={"cell": Population(template=template, positions_um=[(0, 0, 0)])})
    return network.with_spike_train_drive(
        "given", times_ms=TRAINS, location="dendrite", weights_ampa={"cell": 1.0}, weights_nmda={"cell": 0.003},
        synaptic_delays={"cell": 1.0}, space_constant=1e9,
    )  # fmt: skip


def column():
    """Return a small column with each kind of mechanism."""
    network = jones_2009((2, 2), drives=True)
    network = network.with_synapse(L2P, "nmda", mechanism("nmda_block"), tau2=40.0)
    network = network.with_synapse(L5P, "gabab", mechanism("gabab_kinetic"))
    return network.with_channel(L5P, "basal_*", mechanism("persistent_sodium"), gbar=1e-5)


def altered(name, *changes):
    """Return a mechanism whose text is changed."""
    text = (MODS / f"{name}.mod").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Mechanism(text=text, file="my.mod")


def same(one, other):
    """Whether two simulations have the same bytes."""
    dipoles = zip(one.dipoles, other.dipoles, strict=True)
    return one.spikes == other.spikes and all(np.array_equal(a.data, b.data) for a, b in dipoles)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return the table of plain_cell.py, with mechanisms that NEURON's own script compiled."""
    folder = tmp_path_factory.mktemp("alone")
    for name in ("leak", "persistent_sodium", "nmda_block", "gabab_kinetic", "current", "pool", "potassium"):
        (mod,) = MODS.glob(f"*{name}.mod")
        shutil.copy(mod, folder)
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    subprocess.run(["nrnivmodl"], cwd=folder, env=environment, check=True, capture_output=True)
    (library,) = folder.glob("*/libnrnmech.so")
    script = Path(__file__).with_name("plain_cell.py")
    subprocess.run([sys.executable, script, library, folder / "table.npy"], check=True)
    return np.load(folder / "table.npy")


@pytest.fixture(scope="module")
def once():
    return simulate(column(), 60.0, n_trials=2, record={"synaptic_current": "soma"}, verbose="error")


def test_a_cell_is_what_neuron_alone_makes_of_the_same_files(alone):
    recorded = simulate(cell(), 80.0, record=RECORD, verbose="error").recordings
    own = [
        recorded["voltage"].data[0, 0] * 1e3,
        recorded["synaptic_current"].select(receptors="nmda").data[0, 0] * 1e9,
        recorded["synaptic_current"].select(receptors="ampa").data[0, 0] * 1e9,
        recorded["nmda.block"].data[0, 0],
        recorded["nap.m"].data[0, 0],
        recorded["kcalcium.n"].data[0, 0],
        recorded["pool.cai"].data[0, 0],
    ]
    assert np.ptp(alone[0]) > 5.0  # mV: something happens
    for expected, found in zip(alone, own, strict=True):
        assert np.ptp(expected) > 0
        assert np.abs(found - expected).max() < 1e-9 * np.abs(expected).max()


def test_our_receptors_written_as_a_mechanism_are_our_receptors():
    ready = jones_2009((2, 2), drives=True)
    custom = ready
    for cell_type, template in ready.cell_types.items():
        for receptor, one in template.synapses.items():
            kinetics = {"tau1": one.effective_tau1_ms, "tau2": one.tau2_ms, "e": one.e_mV}
            custom = custom.with_synapse(cell_type, receptor, mechanism("double_exponential"), **kinetics)
    record = {"synaptic_current": "all"}
    expected = simulate(ready, 60.0, engine="neuron", record=record, verbose="error")
    found = simulate(custom, 60.0, record=record, verbose="error")
    assert found.spikes == expected.spikes
    for before, after in (
        (expected.dipoles[0].data, found.dipoles[0].data),
        (expected.recordings["synaptic_current"].data, found.recordings["synaptic_current"].data),
    ):
        assert np.abs(after - before).max() < 1e-11 * np.abs(before).max()


def test_routes_keep_their_thresholds():
    """Of one source two connections with a threshold each, one to a receptor of one's own."""
    ready = jones_2009((2, 2), drives=True)
    (route,) = ready.pick_connections(source="L2_basket", target=L2P, receptor="gabaa")
    ready = ready.with_connection_changes(route, changes={"threshold_mV": 30.0})  # which no basket cell reaches
    one = ready.cell_types[L2P].synapses["gabaa"]
    kinetics = {"tau1": one.effective_tau1_ms, "tau2": one.tau2_ms, "e": one.e_mV}
    custom = ready.with_synapse(L2P, "gabaa", mechanism("double_exponential"), **kinetics)
    usual = custom.with_connection_changes(route, changes={"threshold_mV": None})
    expected, found, other = (simulate(network, 80.0, verbose="error") for network in (ready, custom, usual))
    scale = np.abs(expected.dipoles[0].data).max()
    assert np.abs(found.dipoles[0].data - expected.dipoles[0].data).max() < 1e-9 * scale
    assert np.abs(other.dipoles[0].data - expected.dipoles[0].data).max() > 1e-3 * scale


def test_workers_give_the_same_bytes(once):
    again = simulate(column(), 60.0, n_trials=2, n_jobs=2, record={"synaptic_current": "soma"}, verbose="error")
    assert once.engine == again.engine == "neuron"
    assert same(once, again)
    assert once.recordings == again.recordings
    assert not np.array_equal(once.dipoles[0].data, once.dipoles[1].data)


def test_comments_may_have_any_letters():
    german = altered("leak", ("TITLE Leak", "TITLE Leitwert in \u00b5S\n: f\u00fcr \u03bb"))
    network = jones_2009((2, 2), drives=True).with_channel(L5P, "soma", german, g=0.0)
    assert simulate(network, 30.0, verbose="error").spikes is not None
    with pytest.raises(NetworkError, match="line 20 has '\u03b3', and NMODL has ASCII letters only, but in comments"):
        altered("leak", ("i = g * (v - e)", "i = \u03b3 * (v - e)"))


def test_the_choice_of_the_engine_is_said():
    with mne.utils.catch_logging(verbose="debug") as log:
        assert simulate(cell(), 5.0, verbose="debug").engine == "neuron"
    assert "Simulating in NEURON instead of the kernel, which has no mechanisms of one's own." in log.getvalue()


def test_ranks_give_the_same_spikes(once):
    record = {"synaptic_current": "soma", "variables": {"nmda.g": "basal_2", "nap.m": "basal_2"}}
    ranks = simulate_mpi(column(), SimulationSettings(tstop=60.0, record=record), n_procs=2, verbose="error")
    assert ranks.engine == "neuron"
    first = once.dipoles[0].data
    assert np.abs(ranks.dipoles[0].data - first).max() < 1e-12 * np.abs(first).max()
    current, expected = (one.recordings["synaptic_current"] for one in (ranks, once))
    assert current.channels == expected.channels
    assert np.allclose(current.data[0], expected.data[0], rtol=1e-9, atol=1e-24)
    assert [len(ranks.recordings[name]) for name in ("nmda.g", "nap.m")] == [4, 4]


def test_nothing_of_a_run_is_left_for_the_next():
    """A file that counts its events, and sets the count to nothing at no start."""
    counting = altered(
        "double_exponential",
        ("    factor\n", "    factor\n    n\n    total\n"),
        ("RANGE tau1, tau2, e", "RANGE tau1, tau2, e\n    GLOBAL total"),
        ("NET_RECEIVE(w) {", "NET_RECEIVE(w) {\n    n = n + 1\n    total = total + 1\n    w = w * 1.1"),
        ("i = (B - A)", "i = (1 + n + 0.1 * total) * (B - A)"),
    )
    network = jones_2009((2, 2), drives=True).with_synapse(L5P, "ampa", counting)
    first, second = (simulate(network, 40.0, verbose="error") for _ in range(2))
    assert same(first, second)
    plain = network.with_synapse(L5P, "ampa", mechanism("double_exponential"))
    assert not same(first, simulate(plain, 40.0, verbose="error"))


def test_two_texts_of_one_name_live_in_one_process_and_others_run_beside_them():
    ready = jones_2009((2, 2), drives=True)
    stronger = altered("double_exponential", ("i = (B - A)", "i = 2 * (B - A)"))
    networks = [ready.with_synapse(L5P, "ampa", one) for one in (mechanism("double_exponential"), stronger)]
    found = [simulate(network, 30.0, verbose="error") for network in (*networks, networks[0])]
    assert same(found[0], found[2])
    assert not same(found[0], found[1])
    expected = simulate(ready, 30.0, verbose="error")
    assert expected.engine == "kernel"
    beside = simulate(ready, 30.0, engine="coreneuron", verbose="error")  # which does not know them
    assert beside.spikes == expected.spikes
    assert np.allclose(
        found[0].dipoles[0].data, expected.dipoles[0].data, atol=1e-9 * np.abs(expected.dipoles[0].data).max()
    )


def test_what_was_loaded_before_moves_no_bit():
    """NEURON sums currents in the order in which it got to know their mechanisms."""
    early = altered("nmda_block", ("NmdaBlock", "Early"))
    late = altered("nmda_block", ("NmdaBlock", "Late"), ("-0.062", "-0.07"))
    ready = jones_2009((2, 2), drives=True)
    simulate(ready.with_synapse(L5P, "nmda", late), 30.0, verbose="error")  # here first, in new workers second
    both = ready.with_synapse(L5P, "nmda", early, tau2=40.0).with_synapse(L5P, "ampa", late, tau2=5.0)
    here, there = (simulate(both, 80.0, n_trials=2, n_jobs=n_jobs, verbose="error") for n_jobs in (1, 2))
    assert same(here, there)


@pytest.mark.parametrize("ion", ["na", "k", "ca"])
def test_reversal_potentials_are_those_of_neuron_until_they_are_given(ion):
    names = {
        "USEION na READ ena WRITE ina": f"USEION {ion} READ e{ion} WRITE i{ion}",
        "    ena (mV)": f"    e{ion} (mV)",
        "    ina (mA/cm2)": f"    i{ion} (mA/cm2)",
        "ina = g * (v - ena)": f"i{ion} = g * (v - e{ion})",
    }
    channel = altered("persistent_sodium", *names.items())
    network = jones_2009((2, 2)).with_channel(L5P, "soma", channel)
    h, _ = _neuron.load()
    section = h.Section()
    section.insert(load_custom(h, network)[channel])
    assert getattr(section, f"e{ion}") == channel.parameters[f"e{ion}"].default


def test_a_current_that_a_file_keeps_to_itself_cannot_be_recorded():
    hidden = altered("nmda_pulse", (", Cdur, ica", ", Cdur"))
    network = jones_2009((2, 2), drives=True).with_synapse(L5P, "nmda", hidden)
    with pytest.raises(ParameterError, match=r"'ica' of 'NMDA_gao' cannot be recorded: list it under RANGE in my.mod"):
        simulate(network, 30.0, record={"synaptic_current": "basal_2"}, verbose="error")


def test_files_keep_networks_and_simulations(once, tmp_path):
    network = column()
    write_network(network, tmp_path / "network.json")
    back = read_network(tmp_path / "network.json")
    assert (back, back.digest) == (network, network.digest)
    assert back != network.with_synapse(L2P, "nmda", altered("nmda_block", ("-0.062", "-0.07")), tau2=40.0)
    assert same(simulate(back, 60.0, n_trials=2, verbose="error"), once)
    recorded = simulate(network, 30.0, record={"variables": {"nmda.g": "all", "nap.m": "basal_1"}}, verbose="error")
    write_simulation(recorded, tmp_path / "simulation.npz")
    read = read_simulation(tmp_path / "simulation.npz")
    assert read.network == network
    assert read.recordings == recorded.recordings
    assert [read.recordings[name].unit for name in ("nmda.g", "nap.m")] == ["uS", ""]


def test_sweeps_and_fits_vary_their_parameters():
    path = "cells.L2_pyramidal.synapses.nmda.tau2"
    felt = {"drives.evprox1.sigma_ms": 0.0, "drives.evprox1.weights_nmda.L2_pyramidal": 0.005}
    network = set_values(column().without_drives("evdist1", "evprox2"), felt)
    target = simulate(set_values(network, {path: 80.0}), 60.0, verbose="error").dipoles[0]
    sweep = run_sweep(network, {path: [20.0, 80.0]}, SimulationSettings(tstop=60.0), verbose="error")
    assert np.array_equal(sweep.dipole(1).data, target.data)
    assert not np.array_equal(sweep.dipole(0).data, target.data)
    settings = DriveSettings(max_evaluations=12, n_final=1, intervals=False, scale=1.0, smooth_ms=0.0)
    free = [Parameter(path=path, low=10.0, high=160.0)]
    fit = fit_drives(network, target, free, settings=settings, progress=lambda *_: None)
    assert abs(get_value(fit.network, path) - 80.0) < 20.0


def test_parts_that_need_reversal_potentials_say_so():
    with pytest.raises(ParameterError, match=r"not known of receptor 'nmda' of 'L2_pyramidal'.*take currents=False"):
        drive_contributions(column(), SimulationSettings(tstop=20.0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "kernel"}, "engine='kernel' cannot run this network.*'NmdaBlock'.*take engine='auto' or 'neuron'"),
        ({"engine": "coreneuron"}, "engine='coreneuron' cannot run this network"),
        ({"n_threads": 2}, "n_threads=2 cannot run this network.*n_jobs"),
        ({"precision": "search"}, "precision='search' cannot run this network.*take precision='exact'"),
        ({"record": {"variables": {"nmda.blok": "soma"}}}, "Did you mean 'nmda.block'"),
        ({"record": {"variables": {"block": "soma"}}}, "such as 'nmda.block', got 'block'"),
        ({"record": {"variables": "nmda.block"}}, "variables must be a dict"),
        ({"record": {"variables": {"nmda.block": "axon"}}}, "Unknown section 'axon'"),
    ],
)
def test_what_cannot_be_had_with_them(options, said):
    with pytest.raises(ParameterError, match=said):
        simulate(column(), 5.0, verbose="error", **options)
    if "engine" in options:
        with pytest.raises(ParameterError, match=said):
            simulate_many([column()], SimulationSettings(tstop=5.0, **options))


def test_variables_are_of_networks_that_have_them():
    with pytest.raises(ParameterError, match="those of mechanisms of one's own, and the network has none"):
        simulate(jones_2009((2, 2)), 5.0, record={"variables": {"nmda.block": "soma"}}, verbose="error")


def test_numbers_that_places_share():
    network = jones_2009((2, 2), drives=True)
    nmda, sodium = mechanism("nmda_block"), mechanism("persistent_sodium")
    both = network.with_synapse(L2P, "nmda", nmda).with_synapse(L5P, "nmda", nmda, mg=2.0)
    with pytest.raises(NetworkError, match=r"'mg' of 'NmdaBlock' is GLOBAL in nmda_block.mod.*has 1 and .* has 2"):
        simulate(both, 5.0, verbose="error")
    other = altered("persistent_sodium", ("SUFFIX nap", "SUFFIX nap2"))
    two = network.with_channel(L5P, "soma", sodium).with_channel(L5P, "soma", other, ena=55.0)
    with pytest.raises(NetworkError, match=r"ena is one reversal potential.*'nap' and channel 'nap2' have different"):
        simulate(two, 5.0, verbose="error")


def test_a_concentration_that_nothing_changes_is_told():
    reads = altered(
        "persistent_sodium", ("READ ena", "READ nai"), ("ena (mV)", "nai (mM)"), ("(v - ena)", "(v - 5 * nai)")
    )
    network = jones_2009((2, 2)).with_tonic_bias("b", amplitude_nA={L5P: 0.1}).with_channel(L5P, "soma", reads)
    with pytest.warns(
        MneHnnWarning, match="'nap' reads nai, which nothing changes in section 'soma' of 'L5_pyramidal'"
    ):
        simulate(network, 5.0, verbose="error")
    writes = altered(
        "leak", ("SUFFIX leak", "SUFFIX pool\n    USEION na WRITE nai"), ("v (mV)", "v (mV)\n nai (mM)\n"),
        ("BREAKPOINT {", "BREAKPOINT {\n    nai = 10\n"),
    )  # fmt: skip
    reversal = network.with_channel(L5P, "soma", writes).with_channel(L5P, "soma", mechanism("persistent_sodium"))
    with pytest.raises(NetworkError, match="NEURON computes it there from the concentrations"):
        simulate(reversal.with_channel(L5P, "soma", "nap", ena=60.0), 5.0, verbose="error")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("(minf - m) / tau", "(minf - m) +* tau", 'illegal expression, "m\' = (minf - m) +* tau".'),
        ("METHOD cnexp", "METHOD nonsense", "illegal SOLVE statement, 'SOLVE gate METHOD nonsense'."),
        ("g = gbar * m", "g = gbar * mm", "'mm' is not declared."),
        ("gbar = 0 ", "gbar = = 0 ", "syntax error (name = number), 'gbar = = 0 (S/cm2)'."),
        (
            "m = minf",
            "VERBATIM\n    qq = 1;\nENDVERBATIM\n",
            "g++ says of the translated file: \u2018qq\u2019 was not declared",
        ),
    ],
)
def test_an_error_in_a_file_is_one_line(old, new, said):
    wrong = altered("persistent_sodium", (old, new))
    number = 1 + next(k for k, line in enumerate(wrong.text.splitlines()) if ("qq" if "qq" in new else new) in line)
    network = jones_2009((2, 2), drives=True).with_channel(L5P, "soma", wrong)
    with pytest.raises(CompilationError) as caught:
        simulate(network, 5.0, verbose="error")
    assert str(caught.value).startswith(f"my.mod, line {number}: {said}")
    assert "\n" not in str(caught.value)
    assert not re.search(r"nap_[0-9a-f]{10}|/", str(caught.value).replace("S/cm2", ""))
