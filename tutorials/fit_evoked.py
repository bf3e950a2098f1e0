"""
Fit an evoked response
======================

Which inputs, when and how strong, could have made a response of primary somatosensory cortex to a tap on the finger?
The target is that of Jones et al. (2007, https://doi.org/10.1523/JNEUROSCI.0482-07.2007): trials in which a tactile
stimulus at threshold was felt. It is fetched from the HNN project once, or read from a file given on the command line.
"""

# %%
# The target
# ----------
# A target is a :class:`mne_hnn.Dipole`: it knows its unit. Yours comes from
# :func:`mne_hnn.source.estimate_target`; this one is a text file of times (ms) and moments (nA m).

import sys
from pathlib import Path
from urllib.request import urlretrieve

import numpy as np

from mne_hnn import Dipole
from mne_hnn.fit import Parameter, fit_drives, fit_evoked
from mne_hnn.network import jones_2009, with_erp_drives

URL = "https://raw.githubusercontent.com/jonescompneurolab/hnn/master/data/MEG_detection_data/yes_trial_S1_ERP_all_avg.txt"
path = Path(sys.argv[1] if len(sys.argv) > 1 else "yes_trial_S1_ERP_all_avg.txt")
if not path.exists():
    urlretrieve(URL, path)
times_ms, moment_nAm = np.loadtxt(path).T
target = Dipole.from_nAm(times_ms, {"agg": moment_nAm}, comment="tap on the finger")
target.plot()

# %%
# Nothing set by hand
# -------------------
# :func:`fit_evoked` proposes the sequence of drives from the waveform, decides how many the data warrant, fits their
# times, spreads and weights and the number of columns, and scores the result in trials that the search has not seen.

fit = fit_evoked(jones_2009(), target, n_jobs=2)
fit.plot()
print(fit)

# %%
# What was learned, and what was not
# ----------------------------------
# Each parameter has an interval that holds it with a probability of 90 %, and parameters that the data do not
# determine say so. Times are well determined; which receptor on which cell, hardly: their kernels look alike.

fit.plot_parameters()
for warning in fit.warnings:
    print(warning)

# %%
# Read the warnings. This column explains the response without a spike of a pyramidal cell, by synaptic currents, but
# needs far more columns than the size of the response would suggest. A column whose cells fire needs fewer.
#
# A column that fires
# -------------------
# The published drives put the cells above threshold. From there the times, spreads and weights that matter can be
# searched; here those of the last drive, from a start that is wrong on purpose.

network = with_erp_drives(jones_2009())
weights = {**network.drives["evprox2"].weights_ampa, "L5_pyramidal": 0.1}
start = network.with_drive_changes("evprox2", mu_ms=120.0, sigma_ms=1.0, weights_ampa=weights)
free = [
    Parameter(path="drives.evprox2.weights_ampa.L5_pyramidal", low=0.01, high=1.0, scale="log"),
    Parameter(path="drives.evprox2.mu_ms", low=100.0, high=150.0),
    Parameter(path="drives.evprox2.sigma_ms", low=1.0, high=20.0),
]
spiking = fit_drives(
    start, target, free, objective="rmse", scale=3000.0, smooth_ms=30.0, n_trials=4, max_evaluations=60, n_jobs=2
)
spiking.plot()
spiking.plot_convergence()
scores = spiking.scores
print(f"RMSE {scores.start_loss:.1f} -> {scores.search_loss:.1f} nAm, {scores.loss:.1f} with fresh seeds")

# %%
# A long search can be killed and continued: with ``checkpoint="folder"`` everything simulated is kept, and the same
# call ends with the same result. ``fit.save("fit.npz")`` and :func:`mne_hnn.fit.read_fit` keep it.
