"""Columns as a search meets them: three evoked drives drawn from a broad prior, with or without spikes."""

from __future__ import annotations

import numpy as np

from mne_hnn.network import Network, jones_2009

# drive, place, mean of its time (ms)
DRIVES = (("evprox1", "proximal", 28.0), ("evdist1", "distal", 65.0), ("evprox2", "proximal", 130.0))
TIME_SPREAD_ms = 8.0
SIGMA_ms, SIGMA_LOG = 5.0, 0.5
# uS; so broad that the fewest draws are alike, and most of them make cells fire
WEIGHTS, WEIGHT_LOG = {"ampa": 0.02, "nmda": 0.01}, 1.5
# uS; what brings no cell to threshold in most draws
SILENT_WEIGHTS = (2e-5, 3e-4)
# ms, as in the published model
DELAYS = {
    "proximal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_basket": 1.0, "L5_pyramidal": 1.0},
    "distal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_pyramidal": 0.1},
}


def drawn_column(number: int, *, silent: bool = False, mesh_shape: tuple[int, int] = (10, 10)) -> Network:
    """Return the draw of this number: the same drives, with the same events, in any build and on any mesh."""
    rng = np.random.default_rng([number, silent])
    network = jones_2009(mesh_shape=mesh_shape)
    for name, place, mean in DRIVES:
        mu = float(rng.normal(mean, TIME_SPREAD_ms))
        sigma = float(SIGMA_ms * np.exp(rng.normal(0.0, SIGMA_LOG)))
        weights = {receptor: _weights(rng, receptor, place, silent) for receptor in WEIGHTS}
        network = network.with_evoked_drive(
            name,
            mu_ms=max(mu, 2.0),
            sigma_ms=sigma,
            location=place,
            weights_ampa=weights["ampa"],
            weights_nmda=weights["nmda"],
            synaptic_delays=DELAYS[place],
            event_seed=int(rng.integers(2**31)),
        )
    return network


def _weights(rng: np.random.Generator, receptor: str, place: str, silent: bool) -> dict[str, float]:
    if silent:
        low, high = np.log(SILENT_WEIGHTS)
        return {cell: float(np.exp(rng.uniform(low, high))) for cell in DELAYS[place]}
    return {cell: float(WEIGHTS[receptor] * np.exp(rng.normal(0.0, WEIGHT_LOG))) for cell in DELAYS[place]}
