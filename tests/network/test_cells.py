"""Sections, profiles, synapses and edits of templates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mne_hnn.errors import NetworkError, ParameterError
from mne_hnn.network import (
    CHANNELS,
    Branch,
    CellTemplate,
    Exponential,
    Linear,
    Section,
    Synapse,
    Uniform,
    jones_2009,
)

L5 = jones_2009((1, 1)).cell_types["L5_pyramidal"]
LINE = ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def section(**changes):
    numbers = {"L_um": 10.0, "diam_um": 2.0, "Ra_ohm_cm": 200.0, "cm_uF_cm2": 1.0, "v_init_mV": -65.0}
    return Section(**{**numbers, "end_points_um": LINE, **changes})


def cell(**changes):
    fields = {
        "name": "cell",
        "sections": {"soma": section(), "dendrite": section()},
        "tree": [Branch(child="dendrite", parent="soma")],
        "layer": "L2",
        "morphology": "pyramidal",
        "electro_type": "excitatory",
        "measures_dipole": True,
    }
    return CellTemplate(**{**fields, **changes})


def test_profiles_at_known_points():
    x = np.array([0.0, 10.0, 100.0])
    np.testing.assert_array_equal(Uniform(3.0).at(x), [3.0, 3.0, 3.0])
    np.testing.assert_allclose(Exponential(2.0, -0.1, 0.5).at(x), 2 * (np.exp([0, -1.0, -10.0]) + 0.5))
    np.testing.assert_allclose(Linear(1.0, 3.0, 20.0).at(x), [1.0, 2.0, 3.0])


@given(st.floats(0, 10), st.floats(0, 10), st.floats(1, 1e3), st.lists(st.floats(0, 2e3), min_size=1))
def test_linear_profile_stays_between_its_ends(start, stop, distance, xs):
    profile = Linear(start, stop, distance)
    values = profile.at(np.array(xs))
    low, high = profile.extremes()
    assert np.all(values >= low - 1e-9)
    assert np.all(values <= high + 1e-9)


def test_number_equals_uniform_profile():
    assert section(channels={"km": {"gbar": 5}}) == section(channels={"km": {"gbar": Uniform(5.0)}})


def test_defaults_are_filled_in():
    assert section(channels={"hh": {}}) == section(channels={"hh": {"gnabar": 0.12, "el": -54.3}})
    assert CHANNELS["cad"].parameters["taur"].default == 20.0


def test_nseg_override():
    assert section(L_um=680.0).nseg == 13
    assert section(L_um=680.0, nseg_override=1).nseg == 1


def test_synapse_peak_is_the_weight():
    synapse = Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)
    t = np.linspace(0, 20, 200001)
    conductance = synapse.peak_factor * (np.exp(-t / 5.0) - np.exp(-t / 0.5))
    assert conductance.max() == pytest.approx(1.0, abs=1e-8)
    assert t[conductance.argmax()] == pytest.approx(synapse.peak_time_ms, abs=1e-3)


def test_equal_time_constants_are_separated():
    synapse = Synapse(e_mV=0.0, tau1_ms=5.0, tau2_ms=5.0)
    assert synapse.effective_tau1_ms == 0.9999 * 5.0
    assert math.isfinite(synapse.peak_factor)


def test_path_distance_of_a_child_joined_by_its_end_1():
    template = cell(tree=[Branch(child="dendrite", child_end=1, parent="soma", parent_end=1)])
    assert template.path_distance_um("dendrite", 1.0) == 10.0
    assert template.path_distance_um("dendrite", 0.0) == 20.0


def test_segment_centres():
    np.testing.assert_allclose(L5.segment_centres_um("apical_trunk"), 39 + 102 * np.array([1, 3, 5]) / 6)


def test_with_section_moves_what_hangs_on_it():
    longer = L5.with_section("apical_trunk", L_um=202.0)
    assert longer.section("apical_trunk").end_points_um[1] == (0.0, 0.0, 241.0)
    assert longer.section("apical_1").end_points_um[0] == (0.0, 0.0, 241.0)
    assert longer.section("apical_tuft").end_points_um[1] == pytest.approx((0.0, 0.0, 2026.0))
    assert longer.section("basal_1") == L5.section("basal_1")
    assert longer.path_distance_um("apical_1", 0) == 241.0


@pytest.mark.parametrize("name", list(L5.sections))
def test_edits_round_trip(name):
    edited = L5.with_section(name, diam_um=99.0)
    assert edited != L5
    back = edited.with_section(name, diam_um=L5.section(name).diam_um)
    assert back == L5
    assert hash(back) == hash(L5)


def test_with_channel_on_a_pattern():
    edited = L5.with_channel("basal_*", "km", gbar=7.0)
    changed = {name for name in L5.sections if edited.density(name, "km", "gbar")[0] == 7.0}
    assert changed == {"basal_1", "basal_2", "basal_3"}
    # other parameters and channels stay
    assert edited.density("basal_1", "hh", "gkbar")[0] == 0.01


def test_with_channel_keeps_other_parameters():
    edited = L5.with_channel("soma", "hh", gnabar=0.5)
    assert edited.density("soma", "hh", "gnabar")[0] == 0.5
    assert edited.density("soma", "hh", "el")[0] == -65.0


def test_without_channel():
    edited = L5.without_channel("all", "ca")
    assert all("ca" not in part.channels for part in edited.sections.values())
    with pytest.raises(ParameterError, match="Unknown channel 'ca' in section 'all'"):
        edited.without_channel("all", "ca")


def test_with_synapse():
    assert L5.with_synapse("gabaa", tau2_ms=2.0).synapses["gabaa"].tau2_ms == 2.0
    assert L5.with_synapse("slow", e_mV=-90.0, tau1_ms=1.0, tau2_ms=300.0).synapses["slow"].e_mV == -90.0
    with pytest.raises(ParameterError, match="Unknown receptor 'gaba' of .*Did you mean 'gaba"):
        L5.with_synapse("gaba", tau2_ms=2.0)


def test_sections_at():
    assert L5.sections_at("proximal") == ("apical_oblique", "basal_2", "basal_3")
    assert L5.sections_at("soma") == ("soma",)
    with pytest.raises(ParameterError, match=r"expected one of 'proximal'.*Did you mean 'proximal'"):
        L5.sections_at("proxmal")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: section(L_um=0), r"Section: L_um must be a finite number > 0, got 0\."),
        (lambda: section(diam_um=True), "diam_um must be a finite number > 0, got True"),
        (lambda: section(Ra_ohm_cm=float("nan")), "Ra_ohm_cm must be a finite number"),
        (lambda: section(cm_uF_cm2="1"), "give the number without quotes"),
        (lambda: section(v_init_mV=None), r"v_init_mV must be a finite number, got None \(give a value\)"),
        (lambda: section(end_points_um=((0, 0), (1, 1))), r"three coordinates \(x, y, z\) in um"),
        (lambda: section(nseg_override=0), "nseg_override must be an integer >= 1, got 0"),
        (lambda: section(diameter_um=2.0), "Unknown field 'diameter_um' of Section.*Did you mean 'diam_um'"),
        (lambda: section(channels={"hh2": {}}), "Unknown channel 'hh2'.*Did you mean 'hh'"),
        (lambda: section(channels={"hh": {"gna": 1}}), "Unknown parameter 'gna' of channel 'hh'.*'gnabar'"),
        (lambda: section(channels={"km": {"gbar": -1}}), r"km.gbar \(pS/um2\) must be >= 0 everywhere"),
        (lambda: section(channels={"km": {"gbar": "1"}}), "a finite number or a density profile"),
        (lambda: section(channels={"km": {"gbar": Linear(1, -1, 5)}}), "must be >= 0 everywhere"),
        (lambda: section(receptors=("ampa", "ampa")), "each receptor must be listed once"),
        (lambda: Synapse(e_mV=0, tau1_ms=9, tau2_ms=5), "tau1_ms .rise. must not exceed tau2_ms"),
        (lambda: Linear(0, 1, 0), "Linear: distance_um must be a finite number > 0"),
        (lambda: Branch(child="a", parent="b", parent_end=2), "parent_end must be an integer from 0 to 1, got 2"),
        (lambda: L5.path_distance_um("soma", 1.5), "between 0 and 1, got 1.5"),
        (lambda: L5.section("apical"), "Unknown section 'apical' of 'L5_pyramidal'"),
    ],
)
def test_wrong_values(build, message):
    with pytest.raises(ParameterError, match=message):
        build()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tree": ()}, "must have one root section, got .'soma', 'dendrite'.: add branches"),
        (
            {"tree": [Branch(child="dendrite", parent="some")]},
            "Unknown section 'some' in the tree.*Did you mean 'soma'",
        ),
        (
            {"tree": [Branch(child="dendrite", parent="soma"), Branch(child="soma", parent="dendrite")]},
            "one root section, got a loop",
        ),
        ({"tree": [Branch(child="dendrite", parent="soma")] * 2}, "'dendrite' has two parents"),
        ({"locations": {"distal": ["tuft"]}}, "Unknown section 'tuft' in location 'distal'"),
        ({"locations": {"distal": "dendrite"}}, "must be a sequence of section names, got the str"),
        ({"sections": {"soma": section(receptors=("ampa",))}, "tree": ()}, "Unknown receptor 'ampa' on section 'soma'"),
        ({"electro_type": "excitory"}, "Did you mean 'excitatory'"),
        ({"apical_section": "trunk"}, "Unknown apical section"),
        ({"sections": {}}, "has no sections"),
    ],
)
def test_templates_that_do_not_fit(changes, message):
    with pytest.raises(NetworkError, match=message):
        cell(**changes)
