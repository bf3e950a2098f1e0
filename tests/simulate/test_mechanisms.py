"""The mechanisms against the closed form of their equations, one membrane at a time."""

import numpy as np
import pytest

from mne_hnn.simulate import _neuron

VOLTAGES = (-95.0, -81.2, -72.0, -65.0, -55.0, -40.0, -39.99999, -30.0, -27.0, -5.3, 25.0)
TADJ = 2.3 ** ((37 - 23 - 30.7) / 10)


def _x_over_expm1(x):
    return 1 - x / 2 if abs(x) < 1e-6 else x / np.expm1(x)


def _published(v):
    """Steady state and time constant (ms) of each gate, written as in the publications."""
    exp = np.exp
    rates = {
        "m": (_x_over_expm1(-(v + 40) / 10), 4 * exp(-(v + 65) / 18), 1),
        "h": (0.07 * exp(-(v + 65) / 20), 1 / (exp(-(v + 35) / 10) + 1), 1),
        "n": (0.1 * _x_over_expm1(-(v + 55) / 10), 0.125 * exp(-(v + 65) / 80), 1),
        "km_n": (0.009 * _x_over_expm1(-(v + 30) / 9), 0.009 * _x_over_expm1((v + 30) / 9), TADJ),
        "ca_m": (0.055 * 3.8 * _x_over_expm1((-27 - v) / 3.8), 0.94 * exp((-75 - v) / 17), TADJ),
        "ca_h": (0.000457 * exp((-13 - v) / 50), 0.0065 / (exp((-v - 15) / 28) + 1), TADJ),
    }
    gates = {name: (a / (a + b), 1 / (factor * (a + b))) for name, (a, b, factor) in rates.items()}
    gates["cat_m"] = (
        1 / (1 + exp((-v - 56) / 6.2)),
        0.204 + 0.333 / (exp((v + 15.8) / 18.2) + exp((-v - 131) / 16.7)),
    )
    tau = 0.333 * exp((v + 466) / 66.6) if v < -81 else 9.32 + 0.333 * exp((-v - 21) / 10.5)
    gates["cat_h"] = (1 / (1 + exp((v + 80) / 4)), tau)
    gates["ar_m"] = (1 / (1 + exp((v + 75) / 5.5)), 1 / (exp(-14.6 - 0.086 * v) + exp(-1.87 + 0.07 * v)))
    return gates


@pytest.fixture
def h():
    h, _ = _neuron.load()
    h.celsius = 37.0
    return h


@pytest.fixture
def clamped(h):
    """Return a function that makes a membrane whose voltage cannot move: its capacity is immense."""
    sections = []

    def make(mechanism, v, **parameters):
        section = h.Section("clamped")
        section.L = section.diam = 10
        section.cm = 1e12
        section.insert(mechanism)
        for name, value in parameters.items():
            setattr(section, f"{name}_{mechanism}", value)
        section.v = v
        sections.append(section)
        h.dt = 0.025
        h.finitialize()
        return section

    yield make
    sections.clear()


@pytest.mark.parametrize("v", VOLTAGES)
def test_steady_states_follow_the_published_rates(clamped, v):
    membrane = clamped("hnn_full", v)(0.5).hnn_full
    starts = {"cat_m": 0.0, "ar_m": 0.25}
    for name, (steady, _) in _published(v).items():
        assert getattr(membrane, name) == pytest.approx(starts.get(name, steady), rel=2e-6, abs=1e-15), name


@pytest.mark.parametrize("v", VOLTAGES)
def test_gates_relax_exactly_under_clamp(h, clamped, v):
    start = -70.0
    section = clamped("hnn_full", start)
    before = {name: getattr(section(0.5).hnn_full, name) for name in _published(v)}
    section.v = v
    for _ in range(40):
        h.fadvance()
    assert section.v == pytest.approx(v, abs=1e-9)
    for name, (steady, tau) in _published(v).items():
        expected = steady + (before[name] - steady) * np.exp(-1.0 / tau)
        assert getattr(section(0.5).hnn_full, name) == pytest.approx(expected, rel=3e-6, abs=1e-12), name


@pytest.mark.parametrize(("small", "channels"), [("hnn_hh", ("hh",)), ("hnn_hh_km", ("hh", "km"))])
def test_small_membranes_equal_the_full_one(h, clamped, small, channels):
    values = {"hh_gnabar": 0.15, "hh_gkbar": 0.01, "hh_gl": 4e-5, "hh_el": -65.0}
    if "km" in channels:
        values["km_gbar"] = 250.0
    v = -52.0
    one, other = clamped(small, v, **values), clamped("hnn_full", v, **values)
    h.finitialize()
    for _ in range(20):
        h.fadvance()
    a, b = getattr(one(0.5), small), other(0.5).hnn_full
    assert a.g == pytest.approx(b.g, rel=1e-13)
    assert a.i == pytest.approx(b.i, rel=1e-11)


def test_currents_are_ohmic_in_each_channel(h, clamped):
    v = -48.0
    cases = {
        "hh_gnabar": (0.1, lambda s: s.m**3 * s.h * (v - 50)),
        "hh_gkbar": (0.1, lambda s: s.n**4 * (v + 77)),
        "hh_gl": (0.1, lambda s: v + 65),
        "km_gbar": (100.0, lambda s: 1e-4 * TADJ * s.km_n * (v + 77)),
        "kca_gbar": (100.0, lambda s: 1e-4 * TADJ * s.kca_n * (v + 77)),
        "cat_gbar": (0.1, lambda s: s.cat_m**2 * s.cat_h * (v - 125)),
        "ar_gbar": (0.1, lambda s: s.ar_m * (v + 35)),
    }
    for name, (density, current) in cases.items():
        section = clamped("hnn_full", v, **{name: density})
        membrane = section(0.5).hnn_full
        h.fcurrent()
        assert membrane.i == pytest.approx(density * current(membrane), rel=1e-10, abs=1e-18), name


def test_calcium_current_sees_the_nernst_potential_of_the_published_constants(h, clamped):
    v, gbar = -20.0, 60.0
    section = clamped("hnn_full", v, ca_gbar=gbar)
    membrane = section(0.5).hnn_full
    h.fcurrent()
    reversal = 1e3 * 8.3134 * 310.15 / (2 * 96485.309) * np.log(2.0 / 1e-4)
    assert reversal == pytest.approx(132.32668565, abs=1e-7)
    expected = 1e-4 * TADJ * gbar * membrane.ca_m**2 * membrane.ca_h * (v - reversal)
    assert membrane.ca_i == pytest.approx(expected, rel=1e-12)


def test_calcium_pool_settles_where_inflow_equals_removal(h, clamped):
    v, gbar, taur = -10.0, 60.0, 20.0
    section = clamped("hnn_full", v, ca_gbar=gbar, cad_gain=1.0, cad_taur=taur)
    for _ in range(40_000):
        h.fadvance()
    membrane = section(0.5).hnn_full
    inflow = -1e4 * membrane.ca_i / (2 * 96485.309 * 0.1)
    assert inflow > 0
    assert membrane.cai == pytest.approx(1e-4 + taur * inflow, rel=1e-9)
    gate = 0.01 * membrane.cai / (0.01 * membrane.cai + 0.02)
    assert membrane.kca_n == pytest.approx(gate, rel=1e-2)
    without = clamped("hnn_full", v, ca_gbar=gbar)
    for _ in range(100):
        h.fadvance()
    assert without(0.5).hnn_full.cai == pytest.approx(1e-4, rel=1e-12)


@pytest.mark.parametrize("slot", range(4))
def test_synapse_is_the_double_exponential_and_peaks_at_its_weight(h, slot):
    section = h.Section("post")
    section.v = -70.0
    bank = h.HnnSynapses(section(0.5))
    tau1, tau2, weight, onset = 0.7, 6.0, 0.003, 2.0
    setattr(bank, f"tau1_{slot}", tau1)
    setattr(bank, f"tau2_{slot}", tau2)
    setattr(bank, f"e_{slot}", -80.0)
    netcon = h.NetCon(None, bank)
    netcon.weight[slot] = weight
    traces = {name: h.Vector().record(getattr(bank, f"_ref_{name}")) for name in (f"g_{slot}", "g", "ge")}
    h.dt = 0.025
    h.finitialize()
    netcon.event(onset)
    for _ in range(1200):
        h.fadvance()
    t = np.arange(1201) * 0.025
    tp = tau1 * tau2 / (tau2 - tau1) * np.log(tau2 / tau1)
    scale = weight / (np.exp(-tp / tau2) - np.exp(-tp / tau1))
    after = np.clip(t - onset, 0, None)
    expected = scale * (np.exp(-after / tau2) - np.exp(-after / tau1))
    conductance = np.array(traces[f"g_{slot}"])
    np.testing.assert_allclose(conductance, expected, atol=1e-12 * weight)
    assert conductance.max() == pytest.approx(weight, rel=1e-3)
    np.testing.assert_allclose(np.array(traces["g"]), conductance, rtol=1e-12)
    np.testing.assert_allclose(np.array(traces["ge"]), -80.0 * conductance, rtol=1e-12)


def test_all_weights_of_a_synapse_survive_initialisation(h):
    section = h.Section("post")
    bank = h.HnnSynapses(section(0.5))
    netcon = h.NetCon(None, bank)
    for slot in range(4):
        netcon.weight[slot] = 0.1 * (slot + 1)
    h.finitialize(-65)
    assert [netcon.weight[slot] for slot in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_dead_synapse_is_exactly_zero(h):
    """A conductance left to decay through denormal numbers would slow every later step."""
    section = h.Section("post")
    section.v = -65.0
    bank = h.HnnSynapses(section(0.5))
    netcon = h.NetCon(None, bank)
    netcon.weight[0] = 1.0
    h.dt = 0.1
    h.finitialize()
    netcon.event(1.0)
    for _ in range(20_000):
        h.fadvance()
    assert bank.g == 0.0
    assert bank.A_0 == 0.0
