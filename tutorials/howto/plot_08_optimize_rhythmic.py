"""
08. Fit a rhythm
================

**Question.** Which rhythmic input gives a wanted spectrum?

**Claim.** Starting from two drives of 10 Hz, a search over rates, jitter, times and weights finds drives with more
power at 9 to 11 and, twice as important, at 19 to 21 Hz: in trials that the search has not seen, too.

The two rhythms are those of Jones et al. (2009), `doi:10.1152/jn.00535.2009 <https://doi.org/10.1152/jn.00535.2009>`_.
The search is differential evolution: Storn and Price (1997), `doi:10.1023/A:1008202821328
<https://doi.org/10.1023/A:1008202821328>`_.
"""

# %%
# The start
# ---------
# Two bursty drives of 10 Hz. Their weights keep the cells below threshold, and all cells of a type receive the same
# spikes. One cell of each type then has the moment of its hundred colleagues, but for a factor: a mesh of 1 x 1 is
# enough, and is fast. We come back to that.

# sphinx_gallery_thumbnail_number = 1

import numpy as np

from mne_hnn.fit import Parameter, RhythmicSettings, fit_rhythmic
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

network = jones_2009(mesh_shape=(1, 1))
for name, location, delays in (
    ("bursty_prox", "proximal", {"L2_pyramidal": 0.1, "L5_pyramidal": 1.0}),
    ("bursty_dist", "distal", {"L2_pyramidal": 5.0, "L5_pyramidal": 5.0}),
):
    network = network.with_bursty_drive(
        name,
        location=location,
        tstart=50.0,
        burst_rate_Hz=10.0,
        burst_std_ms=20.0,
        numspikes=2,
        spike_isi_ms=10.0,
        n_drive_cells=10,
        weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 4.4e-5},
        synaptic_delays=delays,
    )


def pyramidal_spikes(simulation, trial=None):
    """Return how often pyramidal cells fire, in a trial or in all."""
    return len(simulation.spikes.select(trial=trial, cell_types=["L2_pyramidal", "L5_pyramidal"]))


# %%
# What may change
# ---------------
# Eight parameters, each with bounds.

bounds = {
    "weights_ampa.L2_pyramidal": (4.4e-5, 6.4e-5),
    "tstart": (45.0, 55.0),
    "burst_rate_Hz": (1.0, 30.0),
    "burst_std_ms": (10.0, 30.0),
}
parameters = [
    Parameter(path=f"drives.{name}.{field}", low=low, high=high)
    for name in network.drives
    for field, (low, high) in bounds.items()
]

# %%
# The search
# ----------
# The objective is the power in the bands relative to all power from 2 to 50 Hz. Bursts are random, and one trial of
# 300 ms says little: spectra of several trials are averaged. The first 50 ms are left out.

fit = fit_rhythmic(
    network,
    None,
    parameters,
    settings=RhythmicSettings(bands=[(9, 11), (19, 21)], shares=[1, 2], n_trials=6, max_evaluations=120, n_final=20),
    n_jobs=2,
)
fit.plot()

# %%
# **What to look at.** The spectrum has grown in the shaded bands. Did the search find it quickly?

fit.plot_convergence()
for name, drive in fit.network.drives.items():
    print(f"{name}: {drive.burst_rate_Hz:.1f} Hz, jitter {drive.burst_std_ms:.1f} ms, from {drive.tstart:.1f} ms on")
scores = fit.scores
print(f"objective: {-scores.start_loss:.3f} at the start, {-scores.search_loss:.3f} found")
print(f"in fresh trials: {-scores.loss:.3f}")
assert -scores.search_loss > 1.3 * -scores.start_loss
assert -scores.loss > 1.2 * -scores.start_loss

# %%
# Eight parameters are many for 120 networks. The same search with ``seed=3`` ended near 10 Hz, with an objective of
# 0.107 in fresh trials; with ``seed=4`` at 0.085, hardly better than the start. Repeat a search with several seeds,
# and take the best in fresh trials.
#
# Is one cell of each type enough?
# --------------------------------
# As long as no cell fires. The fitted drives come close to the threshold: in some trials a cell of layer 2/3 fires. In
# the others the whole column has the waveform of the small one, a hundred times as large.

for seed in range(1, 21):
    small = simulate(fit.network, tstop=300.0, seed=seed)
    if not pyramidal_spikes(small):
        break
whole = simulate(jones_2009().with_drives(*fit.network.drives.values()), tstop=300.0, seed=seed)
one, hundred = small.dipole["agg"], whole.dipole["agg"]
likeness = (one @ hundred) / np.sqrt((one @ one) * (hundred @ hundred))
ratio = abs(hundred).max() / abs(one).max()
print(f"seed {seed}: similarity of the waveforms {likeness:.4f}, ratio of their sizes {ratio:.1f}")
assert likeness > 0.99
assert 90 < ratio < 110

# %%
# Before you believe a fit below threshold, ask in how many trials it stays there.

trials = simulate(fit.network, tstop=300.0, n_trials=20, seed=3, n_jobs=2)
firing = sum(pyramidal_spikes(trials, trial) > 0 for trial in range(20))
print(f"a pyramidal cell fires in {firing} of 20 trials")
assert firing < 20

# %%
# Try
# ---
# * A spectrum as target: ``fit_rhythmic(network, dipole, ...)`` takes a source time course, or frequencies and power.
# * ``measure="ratio"`` asks for power at the two bands in the proportion of ``shares``, not just for much power.
# * ``optimizer="cma"``, which needs ``pip install 'mne-hnn[fit]'``.
# * Let the jitter go down to 2 ms. How much higher does the objective get?
