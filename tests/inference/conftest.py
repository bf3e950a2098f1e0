"""Columns, firing or not, that cost nothing, and a response at the sensors of the demo's head."""

from types import SimpleNamespace

import mne
import numpy as np
import pytest
from columns import kernels
from explained import FIRING, explanation, spikes_of, target_of, wave

from mne_hnn import Dipole
from mne_hnn.fit import evaluate
from mne_hnn.inference import run
from mne_hnn.network import EvokedDrive
from mne_hnn.simulate import Simulation
from mne_hnn.source import find_label, label_patch


@pytest.fixture
def silently(monkeypatch):
    """Let silent columns have kernels by formula: nothing is simulated."""
    monkeypatch.setattr(run, "measure_kernels", kernels)
    return explanation("silent", columns=5e5)


def fired(network, one):
    """Return trials of bumps whose size follows a weight, with chance, and spikes as they are plausible."""
    drives = [drive for drive in network.drives.values() if isinstance(drive, EvokedDrive)]
    times = one.dt * np.arange(round(one.tstop / one.dt) + 1)
    moment = np.zeros(len(times))
    for drive in drives:
        size = np.tanh(drive.weights_ampa.get("L5_pyramidal", 0.0) / 0.02) + 0.3
        sign = 1.0 if drive.location == "proximal" else -1.0
        moment += sign * size * np.exp(-(((times - drive.mu_ms - 10) / 9) ** 2))
    chance = 1 + 0.1 * np.random.default_rng(one.seed).standard_normal((one.n_trials, 1))
    rows = 2e-12 * moment * chance
    return Simulation(
        network=network,
        dipoles=tuple(Dipole([row, row / 2, row / 2], None, sfreq=1e3 / one.dt) for row in rows),
        spikes=spikes_of(network, FIRING, one.n_trials),
        tstop=one.tstop,
        dt=one.dt,
        seed=one.seed,
        baseline="measured",
        engine="neuron",
    )


@pytest.fixture
def firing(monkeypatch):
    """Let columns that fire give bumps; the list holds how many networks each call had."""
    calls = []

    def many(networks, runs, *, done=None, **_):
        calls.append(len(networks))
        each = list(runs) if isinstance(runs, (list, tuple)) else [runs] * len(networks)
        found = [fired(network, one) for network, one in zip(networks, each, strict=True)]
        for index, one in enumerate(found):
            done(index, one)
        return found

    monkeypatch.setattr(evaluate, "run_networks", many)
    return calls


@pytest.fixture(scope="session")
def measured(anatomy):
    """A response of a disc near the hand, at magnetometers every third of which is there, with known noise."""
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    labels = {
        name: find_label(f"{name}", subject="01", subjects_dir=anatomy.subjects_dir)
        for name in ("BA3b_exvivo-rh", "superiortemporal-lh")
    }
    forward = mne.forward.restrict_forward_to_label(forward, list(labels.values()))
    names = [name for name in forward["info"]["ch_names"] if name.endswith("1")][::2]
    forward = mne.pick_channels_forward(forward, names, verbose="error")
    info = mne.create_info(names, 500.0, "mag")
    full = mne.pick_info(forward["info"], [forward["info"]["ch_names"].index(name) for name in names])
    with info._unlock():
        info["chs"], info["dev_head_t"] = full["chs"], full["dev_head_t"]
    target = target_of(area_mm2=300.0)
    times = np.arange(-0.05, 0.1 + 1e-9, 0.002)
    moment = np.where(times >= 0, np.interp(times, target.times, target["agg"]), 0.0)
    noise_cov = mne.make_ad_hoc_cov(info, verbose="error")
    nave = 100
    patch = label_patch(labels["BA3b_exvivo-rh"], forward)
    evoked = mne.EvokedArray(np.zeros((len(names), len(times))), info, tmin=times[0], nave=nave, baseline=(None, 0))
    return SimpleNamespace(
        forward=forward, labels=labels, info=info, times=times, moment=moment, noise_cov=noise_cov, patch=patch,
        evoked=evoked, target=target, wave=wave,
    )  # fmt: skip
