"""Several thresholds for the same cells, one per connection: events set out where the recorded voltage crosses them."""

import numpy as np
import pytest
from test_kernel import assert_same, run, template

from mne_hnn.network import Network, Population, jones_2009, replace
from mne_hnn.simulate import clear

ENGINES = ("kernel", "neuron", "coreneuron")
THRESHOLDS = (-30.0, 0.0, 20.0)
DELAY = 1.0


def three_listeners(network_threshold=0.0, thresholds=THRESHOLDS):
    """A cell that fires, and three others, each of which hears it at a threshold of its own."""
    names = ("one", "two", "three")
    populations = {
        name: Population(template=template(), positions_um=[(0, 0, 0)])
        for name in ("talker", *names[: len(thresholds)])
    }
    network = Network(populations=populations, threshold_mV=network_threshold)
    for name, threshold in zip(names, thresholds, strict=False):
        network = network.with_connection(
            "talker", name, location="proximal", receptor="ampa", weight_uS=1e-4, delay_ms=DELAY, lamtha=1.0,
            threshold_mV=threshold,
        )  # fmt: skip
    drive = {"location": "proximal", "space_constant": 1e9, "synaptic_delays": 0.0}
    return network.with_spike_train_drive("train", times_ms=[[5.0, 15.0, 28.0]], weights_ampa={"talker": 0.03}, **drive)


def crossings(voltage, threshold):
    """Return the steps at which a voltage is above a threshold for the first time."""
    above = voltage > threshold
    return np.flatnonzero(above[1:] & ~above[:-1]) + 1


@pytest.mark.parametrize("engine", ENGINES)
def test_events_set_out_where_the_voltage_crosses_the_connections_threshold(engine):
    network = three_listeners()
    record = {"voltage": "soma", "synaptic_current": "soma"}
    trial = run(network, 40.0, engine, record=record)
    voltage, arrived = trial.recordings["voltage"][0], trial.recordings["synaptic_current"]
    heard = []
    for row, threshold in enumerate(THRESHOLDS, start=1):
        started = np.flatnonzero(np.diff(np.abs(arrived[row])) > 0)
        expected = crossings(voltage, threshold) + round(DELAY / 0.025)
        assert len(expected) == 3
        # of the current that rises at once after each event, the first step
        onsets = [int(started[started >= step][0]) for step in expected]
        assert [onset - step for onset, step in zip(onsets, expected, strict=True)] == [1, 1, 1]
        assert not np.abs(arrived[row][: expected[0]]).any()
        heard.append(expected[0])
    assert heard[0] < heard[1] < heard[2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("network_threshold", [0.0, 10.0, 20.0])
def test_spikes_are_crossings_of_the_networks_threshold_where_connections_differ(engine, network_threshold):
    network = three_listeners(network_threshold)
    trial = run(network, 40.0, engine, record={"voltage": "soma"})
    assert network.spike_threshold("talker") == network_threshold
    times = trial.spike_times[trial.spike_gids == 0]
    expected = crossings(trial.recordings["voltage"][0], network_threshold) * 0.025
    np.testing.assert_allclose(times, expected, atol=1e-6)
    assert set(trial.spike_gids.tolist()) == {0, network.gid_ranges["train"][0]}  # the others only listen


@pytest.mark.parametrize("engine", ENGINES)
def test_of_one_threshold_spikes_are_its_crossings(engine):
    network = three_listeners(0.0, (-30.0, -30.0))
    assert network.spike_threshold("talker") == -30.0
    trial = run(network, 40.0, engine, record={"voltage": "soma"})
    expected = crossings(trial.recordings["voltage"][0], -30.0) * 0.025
    np.testing.assert_allclose(trial.spike_times[trial.spike_gids == 0], expected, atol=1e-6)


def many_thresholds():
    """A column whose cells are heard at several thresholds, below rest among them."""
    network = jones_2009((2, 2))
    levels = (-80.0, -45.0, -20.0, 0.0, 15.0, None)
    connections = [replace(one, threshold_mV=levels[k % 6]) for k, one in enumerate(network.connections)]
    network = replace(network, connections=tuple(connections))
    weights = {"L2_pyramidal": 0.02, "L5_pyramidal": 0.03, "L2_basket": 0.05, "L5_basket": 0.05}
    return network.with_evoked_drive("evprox1", mu_ms=15, sigma_ms=3, location="proximal", weights_ampa=weights)


@pytest.mark.parametrize("delay_ms", [None, 1.0125])
def test_engines_agree(delay_ms):
    """Also with delays of whole and a half steps, where an event is not later by a rounding."""
    network = many_thresholds()
    if delay_ms is not None:
        network = replace(network, connections=tuple(replace(c, delay_ms=delay_ms) for c in network.connections))
    expected = run(network, 60.0, "neuron")
    assert (expected.spike_gids < network.n_cells).sum() > 20
    for engine in ("kernel", "coreneuron"):
        assert_same(run(network, 60.0, engine), expected)


@pytest.mark.parametrize("engine", ["kernel", "coreneuron"])
def test_networks_with_and_without_in_turn(engine):
    several = many_thresholds()
    one = replace(several, connections=tuple(replace(c, threshold_mV=None) for c in several.connections))
    clear()
    fresh = run(one, 60.0, engine)
    other = run(several, 60.0, engine)
    assert not np.array_equal(fresh.spike_times, other.spike_times)
    assert_same(run(one, 60.0, engine), fresh, bound=0.0)
    assert_same(run(several, 60.0, engine), other, bound=0.0)


def test_searching_hears_the_same_thresholds():
    network = three_listeners()
    exact, search = run(network, 40.0), run(network, 40.0, precision="search")
    assert np.abs(exact.spike_times - search.spike_times).max() <= 0.1
    sizes = [np.abs(trial.moments["three"]).max() for trial in (exact, search)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)
