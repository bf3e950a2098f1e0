"""Network files of HNN with synapses and channels that its head version brought: named there, given by NMODL files."""

import json
from pathlib import Path

import numpy as np
import pytest

from mne_hnn.errors import DataError, NetworkError, ParameterError
from mne_hnn.io import read_hnn_network, read_network, write_network
from mne_hnn.network import CustomSynapse, Mechanism, Synapse, Tabulated, Uniform, neymotin_2020
from mne_hnn.simulate import simulate

MODS = Path(__file__).parents[1] / "data" / "mechanisms"
L2P, L5P = "L2_pyramidal", "L5_pyramidal"
NMDA, SODIUM = MODS / "nmda_pulse.mod", MODS / "persistent_sodium.mod"
GABAB = MODS / "gabab_kinetic.mod"


@pytest.fixture
def given(hnn_file, tmp_path):
    """Return a function that writes a network file of HNN with changed cells: cell type, part, name, entry."""

    def write(*changes):
        content = json.loads(hnn_file("neymotin_2020_3x3").read_text())
        for cell_type, part, name, entry in changes:
            cell = content["cell_types"][cell_type]["cell_object"]
            where = cell["synapses"] if part == "synapses" else cell["sections"][part]["mechs"]
            where[name] = entry
        path = tmp_path / "given.json"
        path.write_text(json.dumps(content))
        return path

    return write


def test_a_synapse_is_read_once_its_file_is_given(given, tmp_path):
    path = given(
        (L5P, "synapses", "nmda", {"mechname": "NMDA_gao", "e": 1.0, "Beta": 0.02}),
        (L2P, "synapses", "gabab", {"type": "GabaBKinetic", "gmax": 0.004}),  # as HNN called it for some weeks
        (L2P, "synapses", "ampa", {"mechname": "Exp2Syn", "e": 0.0, "tau1": 0.5, "tau2": 5.0}),
    )
    network = read_hnn_network(path, mechanisms=[NMDA, Mechanism.from_mod(GABAB)])
    expected = neymotin_2020((3, 3), drives=True)
    expected = expected.with_synapse(L5P, "nmda", Mechanism.from_mod(NMDA), e=1.0, Beta=0.02)
    expected = expected.with_synapse(L2P, "gabab", Mechanism.from_mod(GABAB), gmax=0.004)
    assert network == expected
    synapse = network.cell_types[L5P].synapses["nmda"]
    assert isinstance(synapse, CustomSynapse)
    assert synapse.parameters["Cdur"] == 1.0  # what the file leaves out is the mechanism's default
    assert network.cell_types[L2P].synapses["ampa"] == Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)
    write_network(network, tmp_path / "own.json")
    assert read_network(tmp_path / "own.json") == network
    record = {"synaptic_current": "basal_2", "variables": {"nmda.g": "basal_2", "nmda.ica": "basal_2"}, "cells": L5P}
    simulation = simulate(network, 60.0, record=record, verbose="error")
    current = simulation.recordings["synaptic_current"].select(receptors="nmda").data
    assert current.min() < -1e-12  # A
    calcium = simulation.recordings["nmda.ica"]
    assert calcium.unit == "nA"
    assert np.allclose(calcium.data * 1e-9, 0.1 * current, rtol=1e-12, atol=0)


def test_channels_are_read_with_their_profiles(given):
    values = [1e-5, 2e-5, 3e-5, 2e-5, 1e-5]
    path = given(
        (L5P, "soma", "nap", {"gbar_nap": 1e-4, "ena": 55.0}),
        (L5P, "basal_2", "nap", {"gbar_nap": [[0] * 5, values]}),
    )
    sections = read_hnn_network(path, [SODIUM]).cell_types[L5P].sections
    assert sections["soma"].channels["nap"] == {"gbar": Uniform(1e-4), "tau": Uniform(1.0), "ena": Uniform(55.0)}
    assert isinstance(sections["basal_2"].channels["nap"]["gbar"], Tabulated)
    assert sections["basal_2"].channels["nap"]["gbar"].values == tuple(values)
    assert list(sections["soma"].mechanisms) == ["nap"]
    assert not sections["basal_1"].mechanisms


@pytest.mark.parametrize(
    ("change", "mechanisms", "said"),
    [
        (
            (L5P, "synapses", "nmda", {"mechname": "NMDA_gao", "e": 0.0}), [],
            r"Receptor 'nmda' of cell type 'L5_pyramidal' has the mechanism 'NMDA_gao', of which a network file has "
            r"the name only: give its NMODL file, read_hnn_network\(path, mechanisms=\['NMDA_gao.mod'\]\).$",
        ),
        ((L5P, "synapses", "nmda", {"mechname": "NMDA_gao"}), [GABAB, SODIUM], "; given were 'GabaBKinetic', 'nap'.$"),
        (
            (L5P, "soma", "Ca_HVA_hay2011", {"gbar_Ca_HVA_hay2011": 1e-5}), [],
            "Section 'soma' of cell type 'L5_pyramidal' has the mechanism 'Ca_HVA_hay2011'.*give its NMODL file",
        ),
        ((L5P, "synapses", "nmda", {"e": 0.0, "Beta": 1}), [], "has the numbers e, Beta instead of e, tau1 and tau2"),
        ((L5P, "synapses", "nmda", {"mechname": "NMDA_gao", "beta": 1}), [NMDA], "Unknown parameter 'beta'.*'Beta'"),
        ((L5P, "synapses", "nmda", {"mechname": "nap", "gbar": 1}), [SODIUM], "'nap' is a channel"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(given, change, mechanisms, said):
    with pytest.raises(DataError, match=said) as caught:
        read_hnn_network(given(change), mechanisms)
    assert "damaged" not in str(caught.value)


def test_mechanisms_are_a_list_of_files(given, tmp_path):
    path = given()
    assert read_hnn_network(path, NMDA) == neymotin_2020((3, 3), drives=True)
    with pytest.raises(ParameterError, match="must be a list of NMODL files or of Mechanism values, got int"):
        read_hnn_network(path, 3)
    (tmp_path / "other.mod").write_text(NMDA.read_text().replace("0.062", "0.072"))
    with pytest.raises(ParameterError, match="two different ones of the name 'NMDA_gao'"):
        read_hnn_network(path, [NMDA, tmp_path / "other.mod"])
    (tmp_path / "wrong.mod").write_text("nothing")
    with pytest.raises(NetworkError, match=r"wrong.mod cannot be used as a mechanism: it has no NEURON block"):
        read_hnn_network(path, [tmp_path / "wrong.mod"])
