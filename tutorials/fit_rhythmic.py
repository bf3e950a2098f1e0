"""
Fit a rhythm
============

Alpha and beta rhythms arise in the column when bursts of input arrive at its proximal and distal dendrites (Jones et
al. 2009, https://doi.org/10.1152/jn.00535.2009). Here bursts at 10 Hz are to become a rhythm with power at 10 and
20 Hz; then drives are recovered from a spectrum.
"""

# %%
# The start: two rhythmic drives
# ------------------------------

from mne_hnn.fit import Level, Parameter, fit_rhythmic
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

network = jones_2009()
for name, place, delays, std_ms in (
    ("bursty_prox", "proximal", {"L2_pyramidal": 0.1, "L5_pyramidal": 1.0}, 20.0),
    ("bursty_dist", "distal", {"L2_pyramidal": 5.0, "L5_pyramidal": 5.0}, 15.0),
):
    network = network.with_bursty_drive(
        name, tstart=50.0, burst_rate_Hz=10.0, burst_std_ms=std_ms, numspikes=2, spike_isi_ms=10.0, n_drive_cells=10,
        location=place, weights_ampa={"L2_pyramidal": 5.4e-5, "L5_pyramidal": 4.4e-5}, synaptic_delays=delays,
    )  # fmt: skip

# %%
# Power in bands
# --------------
# Cells stay below threshold, where few cells give the same dipole as many: the search uses a 3 x 3 mesh, and only the
# last evaluations and the final score the full column. The first 50 ms are left out.

rows = {
    "weights_ampa.L2_pyramidal": (4.4e-5, 6.4e-5),
    "tstart": (45, 55),
    "burst_rate_Hz": (1, 30),
    "burst_std_ms": (10, 30),
}
parameters = [
    Parameter(path=f"drives.{name}.{field}", low=low, high=high)
    for name in network.drives for field, (low, high) in rows.items()
]  # fmt: skip
levels = [Level(mesh_shape=(3, 3), n_trials=2, share=9), Level(n_trials=2)]
fit = fit_rhythmic(
    network, None, parameters, bands=[(9, 11), (19, 21)], shares=[1, 2], levels=levels, max_evaluations=150, n_jobs=2
)
fit.plot()
fit.plot_convergence()
for name, drive in fit.network.drives.items():
    print(f"{name}: {drive.burst_rate_Hz:.1f} Hz, jitter {drive.burst_std_ms:.1f} ms")
scores = fit.scores
print(f"objective {-scores.start_loss:.3f} -> {-scores.search_loss:.3f}, {-scores.loss:.3f} in fresh trials")

# %%
# A target spectrum
# -----------------
# A measured spectrum can be matched instead: a source time course as a Dipole, or frequencies and power. Here it is
# that of a column with known drives, so the answer can be checked.

truth = network.with_drive_changes("bursty_prox", burst_rate_Hz=20.0, burst_std_ms=5.0)
truth = truth.with_drive_changes("bursty_dist", burst_rate_Hz=20.0, burst_std_ms=5.0, tstart=75.0)
trials = simulate(truth, tstop=500.0, n_trials=6, seed=11, n_jobs=2).dipoles
free = [
    Parameter(path=f"drives.{name}.{field}", low=low, high=high)
    for name in network.drives for field, (low, high) in {"burst_rate_Hz": (5, 30), "burst_std_ms": (2, 30)}.items()
]  # fmt: skip
matched = fit_rhythmic(
    network, trials, free, tstop=500.0, n_trials=2, levels=levels, max_evaluations=150, n_jobs=2, n_final=6
)
matched.plot()
for name, drive in matched.network.drives.items():
    print(f"{name}: {drive.burst_rate_Hz:.1f} Hz (20 in truth), jitter {drive.burst_std_ms:.1f} ms (5 in truth)")
print(f"distance of the spectra: {matched.scores.start_loss:.2f} -> {matched.scores.loss:.2f} log10 units")
