"""Simulations that cost nothing: the dipole is a bump per drive."""

import numpy as np
from targets import L5P

from mne_hnn import Dipole, Spikes
from mne_hnn.fit import evaluate
from mne_hnn.network import EvokedDrive
from mne_hnn.simulate import Simulation

SIZE_Am = 2e-14
RUN_NETWORKS = evaluate.run_networks


def bumps(network, tstop, dt):
    """Proximal drives push the dipole up, distal ones down, 10 ms after they come."""
    times = dt * np.arange(round(tstop / dt) + 1)
    moment = np.zeros(len(times))
    for drive in network.drives.values():
        if not isinstance(drive, EvokedDrive):
            continue
        sign = 1.0 if drive.location == "proximal" else -1.0
        moment += sign * drive.weights_ampa[L5P] / 1e-4 * np.exp(-(((times - drive.mu_ms - 10) / 8) ** 2))
    return times, SIZE_Am * moment


def simulated(network, tstop, *, n_trials, dt, seed):
    own = bumps(network, tstop, dt)[1]
    noise = np.random.default_rng(seed).standard_normal((n_trials, 1)) * 0.01 + 1
    dipoles = tuple(Dipole([row, row / 2, row / 2], None, sfreq=1e3 / dt) for row in own * noise)
    none = [np.array([])] * n_trials
    spikes = Spikes.from_trials(
        none, none, gid_ranges=network.gid_ranges, tmin=0.0, tmax=tstop / 1e3, trials=range(n_trials)
    )
    return Simulation(
        network=network, dipoles=dipoles, spikes=spikes, tstop=tstop, dt=dt, seed=seed, baseline="measured",
        engine="neuron",
    )  # fmt: skip
