"""
07. Simulate many networks
==========================

**Question.** How does the response depend on the strength of its input?

**Claim.** Not in proportion. Below a threshold the moment grows with the weight of the drive; near it cells begin to
fire and the moment jumps by an order of magnitude; above it a stronger drive adds little.

The column is that of Neymotin et al. (2020), `doi:10.7554/eLife.51214 <https://doi.org/10.7554/eLife.51214>`_.
"""

# %%
# A network and a grid
# --------------------
# One proximal volley at 40 ms. Every number of a network has a path; :func:`~mne_hnn.network.list_paths` names them
# all.

# sphinx_gallery_thumbnail_number = 2

import numpy as np

from mne_hnn.network import jones_2009, list_paths
from mne_hnn.simulate import SimulationSettings
from mne_hnn.sweep import run_sweep
from mne_hnn.sweep.summaries import DipoleExtrema

TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
network = jones_2009(mesh_shape=(3, 3)).with_evoked_drive(
    "evprox",
    mu_ms=40.0,
    sigma_ms=5.0,
    location="proximal",
    weights_ampa=dict.fromkeys(TYPES, 1e-4),
    synaptic_delays={"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_basket": 1.0, "L5_pyramidal": 1.0},
)
paths = [f"drives.evprox.weights_ampa.{cell_type}" for cell_type in TYPES]
assert all(path in list_paths(network) for path in paths)

# %%
# Twenty weights from 1e-4 to 1e-1 uS. A tuple of paths gives all of them the same value.

weights_uS = np.logspace(-4, -1, 20)
sweep = run_sweep(
    network,
    {tuple(paths): weights_uS},
    SimulationSettings(tstop=170.0),
    summary=[DipoleExtrema(window_ms=30.0), "rates"],
    n_jobs=2,
)
print(sweep)
assert not sweep.failed

# %%
# All waveforms
# -------------

sweep.plot_dipoles(window_ms=30.0)

# %%
# Peak over weight
# ----------------

sweep.plot(["peak", "trough"])

# %%
# **What to look at.** The axis of weights is logarithmic. On the left the curve follows the weight, then comes the
# jump, then a plateau.
#
# The claim, in numbers
# ---------------------

peak = sweep.summaries["peak"] * 1e9
rate = sweep.summaries["rate_L5_pyramidal"] + sweep.summaries["rate_L2_pyramidal"]
for weight, moment, hertz in zip(weights_uS, peak, rate, strict=True):
    print(f"{weight:.2e} uS: peak {moment * 1e3:6.3f} pAm, {hertz:5.1f} Hz")

quiet = np.flatnonzero(rate == 0)
assert len(quiet) >= 4
slope = np.polyfit(np.log(weights_uS[quiet]), np.log(peak[quiet]), 1)[0]
print(f"below threshold the peak grows with the weight to the power of {slope:.2f}")
assert abs(slope - 1) < 0.35

# %%
# The step to the first network that fires, and what the last decade of weights adds:

first = quiet[-1] + 1
print(f"jump: {peak[first] / peak[quiet[-1]]:.1f} times; last decade: {peak[-1] / peak[-7]:.2f} times")
assert peak[first] > 5 * peak[quiet[-1]]
assert peak[-1] < 2 * peak[-7]

# %%
# Try
# ---
# * Two paths with ``combine="product"``: an image of the peak over both.
# * ``folder="sweep"``: a sweep that was killed goes on by the same call.
# * ``seed=1`` and ``n_trials=5``. How sharp is the threshold in other random draws?
