"""Spike times repeat the published ones, and fresh draws are independent."""

import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn.errors import DriveError, ParameterError
from mne_hnn.network import drive_events, jones_2009, model
from mne_hnn.network import events as events_module

PYRAMIDAL = {"L2_pyramidal": 5.4e-5, "L5_pyramidal": 5.4e-5}
BETA = {"tstart": 50, "tstop": 100, "burst_rate_Hz": 1, "n_drive_cells": 10}


def lists(trains):
    return [train.tolist() for train in trains]


def test_evoked_times(reference):
    network = jones_2009(drives=True)
    assert network.n_gids == 1045
    expected = reference["events"]
    assert lists(drive_events(network, 0, 170.0)["evprox1"][:5]) == expected["evoked_trial0"]
    assert lists(drive_events(network, 1, 170.0)["evprox1"][:3]) == expected["evoked_trial1"]


def check_run(events, expected):
    assert list(events) == list(expected)
    for name, row in expected.items():
        assert len(events[name]) == row["n_drive_cells"]
        assert lists(events[name][:3]) == row["first_cells"], name
        assert sum(map(len, events[name])) == row["total"]


def test_erp_run(reference):
    check_run(drive_events(jones_2009(drives=True), 0, 170.0), reference["runs"]["w01_evoked"])


def test_alpha_run(reference, column):
    shared = {"tstart": 50, "burst_rate_Hz": 10, "n_drive_cells": 10, "weights_ampa": PYRAMIDAL}
    network = column.with_bursty_drive("alpha_prox", location="proximal", burst_std_ms=20, event_seed=284, **shared)
    network = network.with_bursty_drive("alpha_dist", location="distal", burst_std_ms=15, event_seed=296, **shared)
    events = drive_events(network, 0, 310.0)
    assert lists(events["alpha_prox"][:3]) == reference["events"]["bursty"]
    check_run(events, reference["runs"]["w02_alphabeta"])


def test_beta_run(reference):
    network = model("law_2021")
    network = network.with_bursty_drive(
        "beta_dist", location="distal", burst_std_ms=10, event_seed=290, weights_ampa=PYRAMIDAL, **BETA
    )
    network = network.with_bursty_drive(
        "beta_prox", location="proximal", burst_std_ms=20, event_seed=300, weights_ampa=PYRAMIDAL, **BETA
    )
    check_run(drive_events(network, 0, 400.0), reference["runs"]["w05_beta"])


def test_poisson_run(reference, column):
    network = column.with_poisson_drive(
        "poisson",
        rate_Hz={"L2_pyramidal": 140, "L5_pyramidal": 40},
        location="proximal",
        weights_ampa={"L2_pyramidal": 0.0008, "L5_pyramidal": 0.0075},
        event_seed=1349,
    )
    events = drive_events(network, 0, 250.0)
    assert lists(events["poisson"][:1]) == reference["events"]["poisson_cell0"]
    check_run(events, reference["runs"]["w03_gamma_weak"])


def test_synchronous_run(reference, column):
    rows = {
        "evprox1": ("proximal", 21, 4, 276),
        "evprox2": ("proximal", 134, 4.5, 276),
        "evdist1": ("distal", 32, 2.5, 277),
        "evdist2": ("distal", 84, 4.5, 275),
    }
    network = column
    for name, (location, mu, sigma, seed) in rows.items():
        network = network.with_evoked_drive(
            name,
            mu_ms=mu,
            sigma_ms=sigma,
            location=location,
            event_seed=seed,
            weights_ampa=PYRAMIDAL,
            cell_specific=False,
            n_drive_cells=1,
        )
    check_run(drive_events(network, 0, 170.0), reference["runs"]["w04_somato"])


def test_common_jitter_of_bursts(reference, column):
    network = column.with_bursty_drive(
        "b",
        tstart=50,
        tstart_std=5,
        burst_rate_Hz=10,
        location="proximal",
        event_seed=7,
        n_drive_cells=2,
        weights_ampa=PYRAMIDAL,
    )
    assert lists(drive_events(network, 0, 310.0)["b"]) == reference["events"]["bursty_common_jitter"]


def test_open_end_follows_each_simulation(column):
    network = column.with_bursty_drive("b", burst_rate_Hz=10, location="proximal", weights_ampa=PYRAMIDAL)
    network = network.with_poisson_drive("p", rate_Hz=200, location="proximal", weights_ampa=PYRAMIDAL)
    drive_events(network, 0, 30.0)
    events = drive_events(network, 0, 310.0)
    assert events["b"][0].max() > 250
    assert events["p"][0].max() > 250


def test_zero_sigma_is_synchronous(column):
    network = column.with_evoked_drive("e", mu_ms=20, sigma_ms=0, location="distal", weights_ampa=PYRAMIDAL)
    assert all(train.tolist() == [20.0] for train in drive_events(network, 3, 50.0, seed=1)["e"])


def test_trials_differ(small):
    first, second = (drive_events(small, trial, 170.0)["evprox1"] for trial in (0, 1))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_fresh_draws_do_not_depend_on_other_drives(small):
    alone = drive_events(small.without_drives("evdist1", "evprox2"), 2, 170.0, seed=9)["evprox1"]
    together = drive_events(small, 2, 170.0, seed=9)["evprox1"]
    assert lists(alone) == lists(together)
    # the published rule does depend on them
    assert lists(drive_events(small, 2, 170.0)["evprox1"]) != lists(
        drive_events(small.without_drives("evdist1"), 2, 170.0)["evprox1"]
    )


def test_fresh_draws_differ_between_seeds_trials_and_drives(small):
    network = small.with_drive_changes("evprox1", event_seed=1).with_drive_changes("evprox2", event_seed=1)
    network = network.with_drive_changes("evprox2", mu_ms=26.61, sigma_ms=2.47)
    draws = {
        tuple(np.concatenate(drive_events(network, trial, 170.0, seed=seed)[name]).tolist())
        for seed in (1, 2)
        for trial in (0, 1)
        for name in ("evprox1", "evprox2")
    }
    assert len(draws) == 8


def test_evoked_statistics(column):
    network = column.with_evoked_drive(
        "e", mu_ms=100, sigma_ms=5, numspikes=50, location="proximal", weights_ampa=PYRAMIDAL
    )
    times = np.concatenate(drive_events(network, 0, 200.0, seed=3)["e"])
    assert len(times) == 200 * 50
    assert times.mean() == pytest.approx(100, abs=4 * 5 / 100)
    assert times.std() == pytest.approx(5, rel=0.04)


@settings(max_examples=30, deadline=None)
@given(
    trial=st.integers(0, 5),
    tstop=st.floats(1, 300),
    seed=st.none() | st.integers(0, 2**40),
    mu=st.floats(-20, 300),
    sigma=st.floats(0, 50),
    rate=st.floats(0, 300),
    std=st.floats(0, 40),
)
def test_times_are_sorted_and_inside(trial, tstop, seed, mu, sigma, rate, std):
    network = SMALL.with_evoked_drive("e", mu_ms=mu, sigma_ms=sigma, numspikes=4, location="distal", weights_ampa=W)
    network = network.with_poisson_drive("p", rate_Hz=rate, location="distal", weights_ampa=W)
    network = network.with_bursty_drive(
        "b", burst_rate_Hz=20, burst_std_ms=std, tstart_std=std, location="distal", weights_ampa=W, n_drive_cells=3
    )
    events = drive_events(network, trial, tstop, seed)
    again = drive_events(network, trial, tstop, seed)
    for name, trains in events.items():
        assert len(trains) == network.n_drive_cells(network.drives[name])
        for train, same in zip(trains, again[name], strict=True):
            assert np.all(np.diff(train) >= 0)
            assert np.all((train > 0) & (train <= tstop))
            assert np.array_equal(train, same)


SMALL = jones_2009((2, 2))
W = {"L2_pyramidal": 1e-4}


def test_spike_trains(column):
    network = column.with_spike_train_drive(
        "s", times_ms={5: [30.0, 10.0], 9: [500.0]}, location="proximal", weights_ampa=W
    )
    assert network.drives["s"].n_drive_cells == 2
    assert lists(drive_events(network, 0, 100.0)["s"]) == [[10.0, 30.0], []]


def test_wrong_arguments(small):
    with pytest.raises(ParameterError, match="tstop_ms must be a finite number > 0"):
        drive_events(small, 0, 0)
    with pytest.raises(ParameterError, match="trial must be an integer >= 0, got -1"):
        drive_events(small, -1, 10)
    with pytest.raises(ParameterError, match="seed must be an integer >= 0"):
        drive_events(small, 0, 10, seed=1.5)
    with pytest.raises(DriveError, match="only when cell_specific=True"):
        small.with_poisson_drive(
            "p", rate_Hz={"L2_pyramidal": 10}, location="distal", weights_ampa=W, cell_specific=False, n_drive_cells=2
        )


def test_a_thousand_cells_are_fast():
    network = jones_2009(drives=True)
    best = min(_seconds(network) for _ in range(5))
    assert best < 0.05


def _seconds(network):
    start = time.process_time()
    drive_events(network, 1, 170.0)
    return time.process_time() - start


@pytest.mark.parametrize(("seed", "spread"), [(None, 2.47), (None, 3.85), (5, 2.47)])
def test_known_streams_give_the_draws_of_new_ones(seed, spread):
    """Standard draws are kept from call to call; times are what each cell's own stream would have drawn."""
    network = jones_2009(mesh_shape=(3, 3)).with_evoked_drive(
        "late", mu_ms=90.0, sigma_ms=spread, numspikes=3, location="distal", weights_ampa=PYRAMIDAL
    )
    for mu_ms in (90.0, 61.7):  # the second finds the streams known
        moved = network.with_drive_changes("late", mu_ms=mu_ms)
        events = drive_events(moved, 2, 170.0, seed)["late"]
        if seed is None:
            first = moved.drives["late"].event_seed + 2 * moved.n_gids
        else:
            entropy = (seed, zlib.crc32(b"late"))
            first = int(np.random.SeedSequence(entropy, spawn_key=(2,)).generate_state(2, np.uint32)[0])
        for k, train in enumerate(events):
            drawn = np.random.RandomState((first + k) % 2**32).normal(mu_ms, spread, 3)
            assert train.tolist() == sorted(drawn.tolist())


def test_draws_where_the_processor_fuses_sums(monkeypatch, column):
    """Where numpy's own draws are not a product and a sum rounded one after the other, it draws them itself."""
    network = column.with_bursty_drive(
        "alpha", location="proximal", burst_std_ms=20, tstart_std=4.0, weights_ampa=PYRAMIDAL, **{**BETA, "tstop": 300}
    )
    before = lists(drive_events(network, 0, 310.0)["alpha"])
    monkeypatch.setattr(events_module, "_rounds_twice", lambda: False)
    assert lists(drive_events(network, 0, 310.0)["alpha"]) == before
