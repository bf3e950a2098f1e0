"""A column that costs nothing: its dipole is a bump per drive, so that fits of many networks take no time."""

import numpy as np
import pytest
from bumps import RUN_NETWORKS, bumps, simulated
from targets import L2P, L5P, driven, target_of

from mne_hnn import Dipole
from mne_hnn.fit import evaluate
from mne_hnn.network import jones_2009


def settings_of_each(networks, settings):
    """Return the settings of each network, of one for all or of a list."""
    return list(settings) if isinstance(settings, (list, tuple)) else [settings] * len(networks)


def remembering(known):
    """Return what runs networks in this process as the package does, each of them once."""

    def run(networks, settings, *, computing=None, done=None, keep=True):
        if computing is not None and (computing.executor is not None or computing.n_processes != 1):
            return RUN_NETWORKS(networks, settings, computing=computing, done=done, keep=keep)
        each = settings_of_each(networks, settings)
        keys = [(network.digest, network.name, one.identity) for network, one in zip(networks, each, strict=True)]
        new = [k for k, key in enumerate(keys) if key not in known]

        def ended(index, outcome):
            known[keys[new[index]]] = outcome
            if done is not None:
                done(new[index], outcome)

        RUN_NETWORKS([networks[k] for k in new], [each[k] for k in new], computing=computing, done=ended)
        for k, key in enumerate(keys):
            if k not in new and done is not None:
                done(k, known[key])
        return [known[key] for key in keys] if keep else []

    return run


@pytest.fixture(scope="module")
def simulated_once():
    """Let the fits of a module share their simulations: most of them begin with the same ones.

    That equal networks give equal bytes is shown by tests that are `simulated_each_time`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "run_networks", remembering({}))
        yield


@pytest.fixture
def simulated_each_time(monkeypatch):
    """Let fits simulate what they ask for, whatever other tests have simulated."""
    monkeypatch.setattr(evaluate, "run_networks", RUN_NETWORKS)


@pytest.fixture
def cheap(monkeypatch):
    """Let fits simulate bumps; the list holds how many networks each call had."""
    calls = []

    def many(networks, runs, *, done=None, **_):
        calls.append(len(networks))
        found = [
            simulated(network, one.tstop, n_trials=one.n_trials, dt=one.dt, seed=one.seed)
            for network, one in zip(networks, settings_of_each(networks, runs), strict=True)
        ]
        for index, one in enumerate(found):
            done(index, one)
        return found

    monkeypatch.setattr(evaluate, "run_networks", many)
    return calls


@pytest.fixture
def untouched(monkeypatch):
    """Nothing may be simulated."""
    monkeypatch.setattr(evaluate, "run_networks", lambda *_a, **_k: pytest.fail("a simulation began"))


@pytest.fixture(scope="session")
def column():
    network = jones_2009((3, 3)).with_evoked_drive(
        "evprox1", mu_ms=25.0, sigma_ms=3.0, location="proximal", weights_ampa={L2P: 1e-4, L5P: 1e-4}
    )
    return network.with_evoked_drive(
        "evdist1", mu_ms=50.0, sigma_ms=3.0, location="distal", weights_ampa={L2P: 1e-4, L5P: 1e-4}
    )


@pytest.fixture(scope="session")
def wave(column):
    """Twenty nA m of that column, at 1 kHz, 80 ms long."""
    times, moment = bumps(column, 80.0, 1.0)
    return Dipole(20e-9 * moment / np.abs(moment).max(), times / 1e3, ("agg",), provenance={"unit": "A m"})


@pytest.fixture(scope="session")
def small():
    """The response of the smallest column to two weak drives, 100 ms long."""
    return target_of(driven(jones_2009((2, 2)), ("proximal", 25.0), ("distal", 60.0)), tstop=100.0)
