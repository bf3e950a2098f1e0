"""Fits try fast and judge exactly: what a fit returns is of exact simulations, whatever its search was."""

import dataclasses
import logging

import numpy as np
import pytest
from bumps import RUN_NETWORKS, simulated
from targets import L2P, L5P, driven, silently, target_of

from mne_hnn.errors import ParameterError
from mne_hnn.fit import DriveSettings, EvokedSettings, Level, Parameter, Waveform, evaluate, fit_drives
from mne_hnn.fit.evaluate import searching
from mne_hnn.fit.search import FINALISTS
from mne_hnn.io import read_simulation, write_simulation
from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings, simulate
from mne_hnn.simulate import settings as settings_module

MU = "drives.evprox1.mu_ms"
AROUND = Parameter(path=MU, low=15.0, high=45.0)
SHORT = driven(jones_2009((2, 2)), ("proximal", 25.0), ("distal", 45.0))
quiet = {"progress": lambda *_: None}


@pytest.fixture
def asked(monkeypatch):
    """What fits ask to be simulated: precision, trials, seed, and how many networks."""
    calls = []

    def run(networks, runs, **options):
        calls.append((runs.precision, runs.n_trials, runs.seed, len(networks)))
        return RUN_NETWORKS(networks, runs, **options)

    monkeypatch.setattr(evaluate, "run_networks", run)
    return calls


@pytest.fixture(scope="module")
def response():
    return target_of(SHORT, tstop=60.0, n_trials=2)


def test_a_search_is_fast_and_what_it_returns_exact(asked, response):
    settings = DriveSettings(max_evaluations=8, n_final=3)
    fit = fit_drives(SHORT.with_drive_changes("evprox1", mu_ms=42.0), response, [AROUND], settings, **quiet)
    tried = sum(number for precision, _, _, number in asked if precision == "search")
    exact = [(trials, seed, number) for precision, trials, seed, number in asked if precision == "exact"]
    assert tried == len({one.values[MU] for one in fit.evaluations}) > FINALISTS
    assert exact[0] == (1, 1, FINALISTS + 1)  # and the start
    assert exact[1] == (3, 2, 1)
    assert exact[2] == (1, 1, 1)  # for the interval, beside the best, which is known
    assert fit.simulation.precision == "exact"
    again = simulate(fit.network, 60.0, n_trials=3, seed=2, verbose="error")
    assert again.dipole.data.tobytes() == fit.simulation.dipole.data.tobytes()
    # the loss of the search is that of an exact simulation with its random numbers
    objective = Waveform(target=response, prior=fit.prior)
    found = objective.score(simulate(fit.network, 60.0, seed=1, verbose="error"))
    assert (fit.scores.search_loss, fit.scale) == (found.loss, found.scale)
    start = objective.score(simulate(fit.start_network, 60.0, seed=1, verbose="error"))
    assert fit.scores.start_loss == start.loss


def test_an_exact_search_asks_for_nothing_else(asked, response):
    settings = DriveSettings(max_evaluations=8, n_final=3, precision="exact")
    fit = fit_drives(SHORT, response, [AROUND], settings, **quiet)
    assert {precision for precision, *_ in asked} == {"exact"}
    different = len({one.values[MU] for one in fit.evaluations})
    # and one for the interval: the best is not simulated again
    assert sum(number for _, _, seed, number in asked if seed == 1) == different + 1
    assert fit.scores.search_loss == min(one.loss for one in fit.evaluations) == fit.levels[-1].loss
    assert fit.scores.start_loss == fit.evaluations[0].loss


def test_levels_are_compared_exactly(asked, response):
    levels = [Level(mesh_shape=(1, 1)), Level()]
    fit_drives(SHORT, response, [AROUND], DriveSettings(max_evaluations=8, n_final=1, levels=levels), **quiet)
    meshes = [number for precision, _, seed, number in asked if precision == "exact" and seed == 1]
    assert meshes[:2] == [1, 1]  # the best of the coarse level, on both


def test_what_is_fast_does_not_decide_who_wins(monkeypatch, column, wave):
    """A search whose simulations are off by a few ms is put right among the best that it found."""
    off_ms = 1.5

    def many(networks, runs, *, done=None, **_):
        found = []
        for network in networks:
            late = off_ms if runs.precision == "search" else 0.0
            seen = network.with_drive_changes("evprox1", mu_ms=network.drives["evprox1"].mu_ms + late)
            shown = simulated(seen, runs.tstop, n_trials=runs.n_trials, dt=runs.dt, seed=runs.seed)
            found.append(dataclasses.replace(shown, network=network, precision=runs.precision))
            done(len(found) - 1, found[-1])
        return found

    monkeypatch.setattr(evaluate, "run_networks", many)
    settings = DriveSettings(max_evaluations=31, n_final=1, optimizer="scan", smooth_ms=0.0, intervals=False)
    fit = fit_drives(column.with_drive_changes("evprox1", mu_ms=40.0), wave, [AROUND], settings, **quiet)
    fast = min(fit.evaluations, key=lambda one: one.loss).values[MU]
    assert abs(fit.estimate(MU).value - 25.0) < abs(fast - 25.0)
    assert fast == pytest.approx(25.0 - off_ms, abs=0.6)


def test_proposed_drives_are_tried_for_spikes_only(asked, response):
    """The column whose moment counts is exact; whether its cells would fire with more weight is tried."""
    fit = silently(SHORT, response, EvokedSettings(n_drives=2, n_final=1, n_trials=1, refine=2), **quiet)
    fast = [call for call in asked if call[0] == "search"]
    assert fast
    assert all(call == ("search", 1, 1, 1) for call in fast)
    full = [one for one in fit.evaluations if one.level == "full"]
    assert fit.scores.search_loss in {one.loss for one in full}


@pytest.mark.parametrize("lack", ["kernel", "electrodes"])
def test_where_nothing_is_fast_all_is_exact(monkeypatch, caplog, lack):
    runs, network = SimulationSettings(tstop=60.0), SHORT
    if lack == "kernel":
        monkeypatch.setattr(settings_module, "_available_engine", lambda _engine: "neuron")
    else:
        network = SHORT.with_electrodes("shank", positions_um=[(0.0, 0.0, z) for z in (0.0, 500.0)])
    monkeypatch.setattr(logging.getLogger("mne"), "propagate", True)
    with caplog.at_level(logging.DEBUG, logger="mne"):
        assert searching(runs, network, "search") == runs
    name = "engine 'neuron'" if lack == "kernel" else "electrodes"
    assert f"Searching by exact simulations: with {name} there are no others." in caplog.text


def test_a_fit_of_a_column_with_electrodes(asked, response):
    network = SHORT.with_electrodes("shank", positions_um=[(0.0, 0.0, z) for z in (0.0, 500.0)])
    fit_drives(network, response, [AROUND], DriveSettings(max_evaluations=3, n_final=1, intervals=False), **quiet)
    assert {precision for precision, *_ in asked} == {"exact"}


def test_a_score_of_a_fast_simulation_is_refused(response):
    fit = fit_drives(SHORT, response, [AROUND], DriveSettings(max_evaluations=2, n_final=1, intervals=False), **quiet)
    fast = simulate(fit.network, 60.0, precision="search", verbose="error")
    with pytest.raises(ParameterError) as raised:
        dataclasses.replace(fit, simulation=fast)
    assert str(raised.value) == (
        "The simulation of a fit must be exact, as its scores are final, got one of precision='search': simulate the "
        "network again with precision='exact'."
    )


def test_a_simulation_knows_how_it_was_made(tmp_path):
    for precision in ("exact", "search"):
        one = simulate(SHORT, 20.0, precision=precision, verbose="error")
        write_simulation(one, tmp_path / f"{precision}.npz")
        assert (one.precision, read_simulation(tmp_path / f"{precision}.npz").precision) == (precision, precision)


def test_kernels_need_no_fast_simulations(response):
    """Below threshold a fast simulation is as far from an exact one as that of half the step."""
    network = jones_2009((2, 2)).with_evoked_drive(
        "input", mu_ms=30.0, sigma_ms=0.0, location="proximal", weights_ampa={L2P: 5e-5, L5P: 5e-5}
    )
    exact, fast, fine = (
        simulate(network, 80.0, verbose="error", **how).dipole.smooth(20.0)["agg"]
        for how in ({}, {"precision": "search"}, {"dt": 0.0125})
    )
    size = np.linalg.norm(exact)
    assert 0 < np.linalg.norm(fast - exact) / size < 0.01
    assert np.linalg.norm(fast - exact) < 3 * np.linalg.norm(fine[::2] - exact)
