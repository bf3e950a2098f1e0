"""Temperatures other than 37 C: against closed forms, NEURON's own channels, and the published software."""

from pathlib import Path

import numpy as np
import pytest
from test_kernel import assert_equal, assert_same, run, template, unconnected

from mne_hnn.errors import NetworkError
from mne_hnn.network import calcium, get_value, jones_2009, list_paths, set_values
from mne_hnn.network.serial import network_from_text, network_to_text
from mne_hnn.simulate import _neuron, clear
from mne_hnn.simulate.kernel.cells import mechanism
from mne_hnn.simulate.temperature import TEMPERATURE_PARAMETERS, temperature_parameters

DATA = Path(__file__).parent.parent / "data" / "peer_celsius.npz"
MODELS = {"jones": jones_2009, "calcium": calcium}


@pytest.fixture
def h():
    clear()
    h, _ = _neuron.load()
    yield h
    h.celsius = 37.0


def two_drives(network):
    """The drives with which the published software was run at several temperatures."""
    proximal = {"L2_basket": 0.05, "L2_pyramidal": 0.01, "L5_basket": 0.05, "L5_pyramidal": 0.02}
    distal = {"L2_basket": 0.02, "L2_pyramidal": 0.02, "L5_pyramidal": 0.05}
    network = network.with_evoked_drive(
        "evprox1", mu_ms=20, sigma_ms=3, location="proximal", weights_ampa=proximal, event_seed=2
    )
    return network.with_evoked_drive(
        "evdist1", mu_ms=40, sigma_ms=3, location="distal", weights_ampa=distal, event_seed=2
    )


@pytest.mark.parametrize("celsius", [0.0, 6.3, 23.0, 34.0, 45.0])
def test_factors_are_the_closed_forms(celsius):
    found = temperature_parameters(celsius)
    assert found["hh_warming"] == pytest.approx(3 ** ((celsius - 6.3 - 30.7) / 10), rel=1e-13)
    assert 0.2488367461978179 * found["warming"] == pytest.approx(2.3 ** ((celsius - 53.7) / 10), rel=1e-13)
    assert found["kelvin"] == pytest.approx(273.15 + celsius, rel=1e-15)


def test_mechanisms_have_the_numbers_of_37_degrees():
    known = temperature_parameters(37.0)
    for name, own in TEMPERATURE_PARAMETERS.items():
        parameters = mechanism(name).parameters
        assert {key: parameters[key] for key in own} == {key: known[key] for key in own}
        assert not (set(known) - set(own)) & set(parameters)


@pytest.mark.parametrize("celsius", [6.3, 34.0])
@pytest.mark.parametrize("gate", ["m", "h", "n", "km_n", "ca_m", "ca_h", "cat_m", "cat_h", "ar_m"])
def test_gates_relax_faster_by_their_factor(h, celsius, gate):
    """A gate in a clamped membrane moves as one at 37 C does in a step that is longer by the factor."""

    def moved(parameters, dt):
        section = h.Section("clamped")
        section.cm = 1e12
        section.insert("hnn_full")
        for name, value in parameters.items():
            setattr(section, f"{name}_hnn_full", value)
        section.v = -70.0
        h.dt = dt
        h.finitialize()
        section.v = -41.0
        h.fadvance()
        return getattr(section(0.5).hnn_full, gate)

    known = temperature_parameters(celsius)
    factor = known["hh_warming"] if gate in ("m", "h", "n") else known["warming"]
    if gate in ("cat_m", "cat_h", "ar_m"):
        factor = 1.0
    assert moved(known, 0.025) == pytest.approx(moved({}, 0.025 * factor), rel=1e-11)


@pytest.mark.parametrize("celsius", [20.0, 30.7, 37.0, 43.0])
@pytest.mark.parametrize("engine", ["kernel", "neuron", "coreneuron"])
def test_a_membrane_of_hodgkin_and_huxley_equals_that_of_neuron(h, celsius, engine):
    """The published model counts from 37 where Hodgkin and Huxley count from 6.3: it is theirs 30.7 degrees colder."""
    network = unconnected(1).with_tonic_bias("step", amplitude_nA={"own": 0.6}, t0_ms=5.0, tstop_ms=45.0)
    network = network.with_temperature(celsius)
    found = run(network, 50.0, engine, record={"voltage": "soma"}).recordings["voltage"][0]
    clear()
    own = template()
    sections = {name: h.Section(name) for name in own.sections}
    for name, part in own.sections.items():
        section = sections[name]
        section.L, section.diam, section.Ra, section.cm = part.L_um, part.diam_um, part.Ra_ohm_cm, part.cm_uF_cm2
        section.nseg = part.nseg
        section.insert("hh")
        section.gnabar_hh, section.gkbar_hh, section.gl_hh, section.el_hh = 0.12, 0.036, 3e-4, -61.0
    sections["twig"].connect(sections["soma"](1.0), 0)
    h.usetable_hh = 0
    clamp = h.IClamp(sections["soma"](0.5))
    clamp.delay, clamp.dur, clamp.amp = 5.0, 40.0, 0.6
    voltage = h.Vector().record(sections["soma"](0.5)._ref_v)
    h.celsius, h.dt = celsius - 30.7, 0.025
    h.finitialize(-66.0)
    for _ in range(2000):
        h.fadvance()
    expected = np.array(voltage)
    assert expected.max() > 0 or celsius > 40  # it fires, but where the gates are too fast to
    assert np.abs(found - expected).max() < 1e-6


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("celsius", [34, 30])
def test_every_spike_falls_on_the_step_of_the_published_software(model, celsius):
    network = two_drives(MODELS[model]((3, 3))).with_temperature(celsius)
    trial = run(network, 100.0)
    cells = trial.spike_gids < network.n_cells
    steps, gids = np.round(trial.spike_times[cells] / 0.025).astype(int), trial.spike_gids[cells]
    order = np.lexsort((steps, gids))
    with np.load(DATA) as stored:
        np.testing.assert_array_equal(steps[order], stored[f"{model}/{celsius}/step"])
        np.testing.assert_array_equal(gids[order], stored[f"{model}/{celsius}/gid"])


@pytest.mark.parametrize("celsius", [6.3, 34.0])
def test_engines_agree(celsius):
    network = two_drives(calcium((2, 2))).with_temperature(celsius)
    expected = run(network, name="neuron")
    for name in ("kernel", "coreneuron"):
        assert_same(run(network, name=name), expected)


@pytest.mark.parametrize(("name", "precision"), [("kernel", "exact"), ("kernel", "search"), ("coreneuron", "exact")])
def test_temperatures_in_turn(name, precision):
    """What is kept built or tabled for one temperature is not taken for another."""
    networks = [two_drives(jones_2009((2, 2))).with_temperature(celsius) for celsius in (37.0, 34.0)]
    fresh = []
    for network in networks:
        clear()
        fresh.append(run(network, name=name, precision=precision))
    for network, expected in zip(networks * 2, fresh * 2, strict=True):
        assert_equal(run(network, name=name, precision=precision), expected)
    assert not np.array_equal(fresh[0].spike_times, fresh[1].spike_times)


def test_37_degrees_are_not_written_down():
    """Digests and files of networks that do not use another temperature stay what they were."""
    network = jones_2009((3, 3))
    assert network.digest == "9d6b80315c4c793311b37ee8e27715455efc5c9cbfb925359fdf417eaea7752d"
    assert network.with_temperature(37) == network
    assert repr(network.with_temperature(34)) == repr(network)[:-1] + ", at 34 °C>"
    assert "celsius" not in network_to_text(network)
    colder = network.with_temperature(34)
    assert colder != network
    assert network_from_text(network_to_text(colder)).celsius == 34.0


def test_a_temperature_has_a_path():
    network = jones_2009((1, 1))
    assert "celsius" in list_paths(network)
    assert get_value(network, "celsius") == 37.0
    assert set_values(network, {"celsius": 32.5}) == network.with_temperature(32.5)


@pytest.mark.parametrize(
    ("celsius", "message"),
    [(-0.1, "from 0 to 45 degrees Celsius, got -0.1"), (310.15, "is it in kelvin?"), ("cold", "a finite number")],
)
def test_temperatures_that_cannot_be(celsius, message):
    with pytest.raises(NetworkError, match=message):
        jones_2009((1, 1)).with_temperature(celsius)
