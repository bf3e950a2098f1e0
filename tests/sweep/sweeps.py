"""The small columns, grids and options that tests of sweeps share."""

from dataclasses import fields
from pathlib import Path

from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings
from mne_hnn.sweep import run_sweep

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
WEIGHTS = "drives.evprox.weights_ampa."
MU = "drives.evprox.mu_ms"
SHORT = 12.0
GRID = {MU: [1.0, 2.0, 3.0, 4.0], WEIGHTS + L5P: [1e-3, 1e-2]}


def quiet(network, grid, **options):
    """Run a sweep; what its settings are told is given among the options."""
    names = [one.name for one in fields(SimulationSettings) if one.name in options]
    settings = SimulationSettings(**{name: options.pop(name) for name in names})
    return run_sweep(network, grid, settings, verbose="error", **options)


def column(mesh=(1, 1), mu_ms=40.0, sigma_ms=5.0):
    return jones_2009(mesh).with_evoked_drive(
        "evprox", mu_ms=mu_ms, sigma_ms=sigma_ms, location="proximal",
        weights_ampa=dict.fromkeys((L2B, L2P, L5B, L5P), 0.001),
        synaptic_delays={L2B: 0.1, L2P: 0.1, L5B: 1.0, L5P: 1.0},
    )  # fmt: skip


def small():
    return column(mu_ms=2.0, sigma_ms=0.0)


def spike_count(simulation):
    return len(simulation.spikes)


def unstable(network, values):
    current = 1e6 if values["bias"] == 1 else 0.1
    return network.with_tonic_bias("bias", amplitude_nA={L5P: current})


OPTIONS = {"tstop": SHORT, "summary": ["extrema", spike_count], "keep": ("dipole", "spikes")}


def bytes_of(folder):
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
