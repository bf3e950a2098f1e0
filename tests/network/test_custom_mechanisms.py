"""Synapses and channels from NMODL files: what is read of them, where they can be, and what is refused."""

import pickle
from pathlib import Path

import pytest

from mne_hnn.errors import DataError, NetworkError, ParameterError
from mne_hnn.network import (
    CustomSynapse,
    Exponential,
    Linear,
    Mechanism,
    Synapse,
    Uniform,
    get_value,
    jones_2009,
    list_paths,
    set_values,
)
from mne_hnn.network.serial import network_from_text, network_to_text

MODS = Path(__file__).parents[1] / "data" / "mechanisms"
L2P, L5P = "L2_pyramidal", "L5_pyramidal"

# all that files of others have and ours have not
BUSY = """
TITLE SUFFIX title  : POINT_PROCESS wrong
INDEPENDENT {t FROM 0 TO 1 WITH 1 (ms)}
COMMENT
NEURON { SUFFIX comment }
ENDCOMMENT
? SUFFIX question
NEURON { : SUFFIX remark
    THREADSAFE POINT_PROCESS Busy RANGE g , gmax, tau
    RANGE n, rates  : list, all, of, them
    USEION ca READ eca, cao WRITE ica VALENCE 2
    USEION cl WRITE icl VALENCE -1
    NONSPECIFIC_CURRENT i, iextra
    GLOBAL mg, warn
}
VERBATIM
/* PARAMETER { no = 1 } */
ENDVERBATIM
UNITS { (nA) = (nanoamp) FARADAY = (faraday) (coulomb) }
PARAMETER {
    gmax = .5 (uS) <0, 1e9> tau = 1e1 (ms) n = -4 FROM -10 TO 10
    mg = 1 (mM)
    celsius = 37 (degC) eca (mV) dt (ms) none
    table[3]
}
ASSIGNED { v (mV) i (nA) iextra (nA) ica (nA) icl (nA) g (uS) warn rates[4] (/ms) }
STATE { Ron (1) Roff FROM 0 TO 1 }
BREAKPOINT { if (g < 1) { g = 2 } }
NET_RECEIVE(weight (uS), on, t0 (ms)) { INITIAL { on = 0 } }
"""


def mechanism(name):
    return Mechanism.from_mod(MODS / f"{name}.mod")


def altered(name, *changes):
    text = (MODS / f"{name}.mod").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Mechanism(text=text, file="my.mod")


def test_a_file_says_what_it_is():
    nmda, sodium = mechanism("nmda_block"), mechanism("persistent_sodium")
    assert (nmda.name, nmda.kind, nmda.file) == ("NmdaBlock", "synapse", "nmda_block.mod")
    assert {name: (one.default, one.unit, one.everywhere) for name, one in nmda.parameters.items()} == {
        "tau1": (1.0, "ms", False), "tau2": (20.0, "ms", False), "e": (0.0, "mV", False), "mg": (1.0, "mM", True),
    }  # fmt: skip
    assert dict(nmda.variables) == {"g": "uS", "block": "", "A": "uS", "B": "uS", "i": "nA"}
    assert nmda.currents == ("i",)
    assert (sodium.name, sodium.kind, sodium.currents) == ("nap", "channel", ("ina",))
    # a reversal potential of the section is a parameter, with NEURON's default
    assert (sodium.parameters["ena"].default, sodium.parameters["ena"].ion) == (50.0, "na")
    assert dict(sodium.variables) == {"g": "S/cm2", "m": ""}  # ina is the current of all sodium channels
    assert repr(nmda) == "<Mechanism 'NmdaBlock': a synapse with tau1, tau2, e, mg>"


def test_whatever_else_stands_in_a_file():
    busy = Mechanism(text=BUSY)
    assert (busy.name, busy.kind, busy.file) == ("Busy", "synapse", "Busy.mod")
    defaults = {name: one.default for name, one in busy.parameters.items()}
    assert defaults == {
        "gmax": 0.5,
        "tau": 10.0,
        "n": -4.0,
        "mg": 1.0,
        "none": 0.0,
        "eca": pytest.approx(132.458, abs=1e-3),
    }
    assert [name for name, one in busy.parameters.items() if one.everywhere] == ["mg", "none"]
    assert busy.currents == ("i", "iextra", "ica", "icl")
    assert dict(busy.variables) == {
        "g": "uS", "Ron": "1", "Roff": "", "i": "nA", "iextra": "nA", "ica": "nA", "icl": "nA",
    }  # fmt: skip
    assert busy.counters == ("warn",)
    assert busy.reads_concentrations() == ("cao",)


def test_the_name_inside_neuron_is_that_of_the_text_and_lines_stay():
    busy = Mechanism(text=BUSY)
    assert busy.compiled_name.startswith("Busy_")
    before, after = BUSY.splitlines(), busy.text_named(busy.compiled_name).splitlines()
    changed = [k for k, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert [before[k].replace("Busy", busy.compiled_name) for k in changed] == [after[k] for k in changed]
    assert len(changed) == 1
    assert busy.compiled_name != Mechanism(text=BUSY + " ").compiled_name


def test_equal_texts_are_equal_whatever_the_system_and_the_name_of_the_file(tmp_path):
    text = (MODS / "leak.mod").read_text()
    (tmp_path / "windows.mod").write_bytes(text.replace("\n", "\r\n").encode())
    windows = Mechanism.from_mod(tmp_path / "windows.mod")
    assert windows == mechanism("leak")
    assert hash(windows) == hash(mechanism("leak"))
    assert pickle.loads(pickle.dumps(windows)) == windows
    (tmp_path / "old.mod").write_bytes(text.replace("Leak", "Leak in \xb5S").encode("latin-1"))
    assert "\xb5S" in Mechanism.from_mod(tmp_path / "old.mod").text


def test_a_network_keeps_them_in_text_and_digest():
    ready = jones_2009((2, 2), drives=True)
    network = ready.with_synapse(L2P, "nmda", mechanism("nmda_block"), tau2=40.0)
    network = network.with_channel(L5P, "basal_*", mechanism("persistent_sodium"), gbar=Exponential(1e-5, -0.01))
    assert network != ready
    back = network_from_text(network_to_text(network))
    assert (back, back.digest) == (network, network.digest)
    assert pickle.loads(pickle.dumps(network)) == network
    assert network_to_text(network).count("Jahr & Stevens") == 1
    synapse = back.cell_types[L2P].synapses["nmda"]
    assert isinstance(synapse, CustomSynapse)
    assert dict(synapse.parameters) == {"tau1": 1.0, "tau2": 40.0, "e": 0.0, "mg": 1.0}
    other = altered("nmda_block", ("-0.062", "-0.072"))
    assert network.with_synapse(L2P, "nmda", other, tau2=40.0).digest != network.digest
    # and what was before comes back, to the digest
    kinetics = ready.cell_types[L2P].synapses["nmda"]
    without = network.without_channel(L5P, "basal_*", "nap").with_synapse(
        L2P, "nmda", e_mV=kinetics.e_mV, tau1_ms=kinetics.tau1_ms, tau2_ms=kinetics.tau2_ms
    )
    assert without.digest == ready.digest


def test_paths_lead_to_their_parameters():
    network = jones_2009((2, 2)).with_synapse(L2P, "nmda", mechanism("nmda_block"))
    network = network.with_channel(L5P, "basal_*", mechanism("persistent_sodium"), gbar=Linear(1e-5, 0.0, 100.0))
    paths = [path for path in list_paths(network) if "L2_pyramidal.synapses.nmda" in path or ".nap." in path]
    assert paths == [
        *(f"cells.{L2P}.synapses.nmda.{name}" for name in ("tau1", "tau2", "e", "mg")),
        *(f"cells.{L5P}.basal_{k}.nap.{name}" for k in (1, 2, 3) for name in ("tau", "ena")),
    ]
    changed = set_values(network, {f"cells.{L2P}.synapses.nmda.tau2": 33.0, f"cells.{L5P}.basal_2.nap.ena": 60.0})
    assert get_value(changed, f"cells.{L2P}.synapses.nmda.tau2") == 33.0
    assert changed.cell_types[L5P].sections["basal_2"].channels["nap"]["ena"] == Uniform(60.0)
    assert changed.cell_types[L5P].sections["basal_1"].channels["nap"]["ena"] == Uniform(50.0)


def test_parameters_stay_until_the_text_changes():
    template = jones_2009((2, 2)).cell_types[L2P]
    nmda, sodium = mechanism("nmda_block"), mechanism("persistent_sodium")
    once = template.with_synapse("nmda", nmda, tau2=40.0).with_channel("soma", sodium, gbar=1e-4)
    twice = once.with_synapse("nmda", tau1=2.0).with_channel("soma", "nap", ena=60.0)
    assert [twice.synapses["nmda"].parameters[name] for name in ("tau1", "tau2")] == [2.0, 40.0]
    assert [twice.sections["soma"].channels["nap"][name].value for name in ("gbar", "ena")] == [1e-4, 60.0]
    other = altered("persistent_sodium", ("4.6", "4.7"))
    assert twice.with_channel("soma", other).sections["soma"].channels["nap"]["gbar"] == Uniform(0.0)
    new = template.with_synapse("extra", nmda).with_section("soma", receptors=("gabaa", "gabab", "extra"))
    assert isinstance(new.synapses["extra"], CustomSynapse)
    assert isinstance(new.synapses["nmda"], Synapse)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("POINT_PROCESS", "ARTIFICIAL_CELL")], "it is an ARTIFICIAL_CELL"),
        ([("    RANGE tau1", "    POINTER other\n    RANGE tau1")], "it has a POINTER to a variable"),
        ([("    RANGE tau1", "    EXTERNAL other\n    RANGE tau1")], "it uses EXTERNAL variables"),
        ([("NONSPECIFIC_CURRENT", "ELECTRODE_CURRENT")], "its current is an ELECTRODE_CURRENT"),
        ([("NET_RECEIVE(weight (uS))", "PROCEDURE got(weight)")], "a POINT_PROCESS without NET_RECEIVE"),
        ([("GLOBAL mg", "USEION cl READ ecl")], "it reads ecl of the ion 'cl', which nothing here has"),
        ([("NEURON {", "NEUROM {")], "it has no NEURON block"),
        ([("POINT_PROCESS NmdaBlock", "")], "must have one POINT_PROCESS or SUFFIX"),
        ([("STATE {", 'INCLUDE "rates.inc"\nSTATE {')], "it includes 'rates.inc'"),
        ([("A = 0\n", "A = scop_random()\n")], r"it draws random numbers \(scop_random\)"),
        ([("    B = B + weight * factor\n}", "    B = B + weight * factor\n")], "NET_RECEIVE block is not closed"),
        ([("POINT_PROCESS NmdaBlock", "SUFFIX nothing")], "library of functions"),
        ([("POINT_PROCESS NmdaBlock", "SUFFIX ca")], "its name 'ca' is taken by a channel of the ready models"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(changes, said):
    with pytest.raises(NetworkError, match=f"my.mod cannot be used as a mechanism: .*{said}") as caught:
        altered("nmda_block", *changes)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_wrong_uses_are_refused(tmp_path):
    network = jones_2009((2, 2))
    nmda, sodium = mechanism("nmda_block"), mechanism("persistent_sodium")
    with pytest.raises(ParameterError, match="Unknown parameter 'tau3' of synapse 'NmdaBlock'.*Did you mean 'tau"):
        network.with_synapse(L2P, "nmda", nmda, tau3=3.0)
    with pytest.raises(ParameterError, match="Unknown parameter 'gmax' of channel 'nap'"):
        network.with_channel(L5P, "soma", sodium, gmax=3.0)
    with pytest.raises(NetworkError, match="'nap' is a channel .SUFFIX., no synapse: put it into sections"):
        network.with_synapse(L2P, "nmda", sodium)
    with pytest.raises(
        NetworkError, match="'NmdaBlock' is a synapse .POINT_PROCESS., no channel: give it to a receptor"
    ):
        network.with_channel(L5P, "soma", nmda)
    with pytest.raises(ParameterError, match="must be a Mechanism, got str: read one with Mechanism.from_mod"):
        network.with_synapse(L2P, "nmda", "nmda_block.mod")
    with pytest.raises(ParameterError, match="tau .ms. is GLOBAL in persistent_sodium.mod.*give a number"):
        network.with_channel(L5P, "basal_1", sodium, tau=Linear(1.0, 2.0, 100.0))
    with pytest.raises(ParameterError, match="Unknown channel 'nap'"):
        network.with_channel(L5P, "soma", "nap", gbar=1e-4)
    with pytest.raises(DataError, match=r"There is no file .*gone.mod"):
        Mechanism.from_mod(tmp_path / "gone.mod")
    with pytest.raises(ParameterError, match="text must be the content of an NMODL file, got \\w*Path"):
        Mechanism(text=tmp_path)
