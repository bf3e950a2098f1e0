"""
04. From MEG sensors to the column, and back
============================================

**Question.** You have recorded the response to median-nerve stimulation. What did primary somatosensory cortex do?

**Claim.** Four volleys, proximal at 21 ms, distal at 32 and 84 ms and proximal at 134 ms, set by hand, have the main
features of the response that is estimated there (in the generated recording r = 0.87), and what they make at the
sensors can be predicted.

The recording is generated on your machine, so that nothing is downloaded and the truth is known; if MNE's
somatosensory data set is on your disk, that is analysed instead. The volleys are those that were fitted to that data
set by hand, see Neymotin et al. (2020), `doi:10.7554/eLife.51214 <https://doi.org/10.7554/eLife.51214>`_. Minimum-norm
estimates: Hämäläinen and Ilmoniemi (1994), `doi:10.1007/BF02512476 <https://doi.org/10.1007/BF02512476>`_.
"""

# %%
# Which recording?
# ----------------

# sphinx_gallery_thumbnail_number = 3

import mne
import numpy as np

from mne_hnn.compare import correlation
from mne_hnn.errors import DataError
from mne_hnn.fit import fit_scale
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.source import best_patch, estimate_target, predict_sensors
from mne_hnn.source.demo import demo_dataset, read_truth, somato_dataset
from mne_hnn.viz import plot_comparison, plot_prediction, plot_response, plot_target

try:
    dataset = somato_dataset()  # never downloads
except DataError:
    dataset = demo_dataset()
print(f"{dataset.name}: subject {dataset.subject}, {dataset.raw_fname.name}")

# %%
# From the recording to a response
# --------------------------------
# This is MNE-Python as you know it. The first cortical deflection lasts a few milliseconds, so the low-pass filter is
# at 100 Hz. Noise is what was there before the stimulus.

raw = mne.io.read_raw_fif(dataset.raw_fname, preload=True).filter(1.0, 100.0)
events = mne.find_events(raw, stim_channel="STI 014")
epochs = mne.Epochs(
    raw,
    events,
    dataset.event_id,
    tmin=-0.2,
    tmax=0.17,
    baseline=(None, -0.005),
    reject={"grad": 4000e-13, "eog": 350e-6},
    preload=True,
)
noise_cov = mne.compute_covariance(epochs, tmax=-0.005)
evoked = epochs.average()
plot_response(evoked)

# %%
# From the response to the cortex
# -------------------------------
# A minimum-norm estimate, of which the component along the cortical normal is kept: pyramidal cells stand on the
# surface, so their current flows along the normal, outwards (positive) or inwards.

forward = mne.read_forward_solution(dataset.forward_fname)
inverse = mne.minimum_norm.make_inverse_operator(epochs.info, forward, noise_cov)
stc = mne.minimum_norm.apply_inverse(evoked, inverse, lambda2=1.0 / 9.0, method="MNE", pick_ori="normal")
gyrus = mne.read_labels_from_annot(
    dataset.subject, "aparc.a2009s", hemi="rh", regexp="G_postcentral", subjects_dir=dataset.subjects_dir
)[0]
course = stc.extract_label_time_course(gyrus, inverse["src"], mode="pca_flip")[0]
at_40_ms = course[np.abs(stc.times - 0.040).argmin()] * 1e9
print(f"{gyrus.name}: {at_40_ms:+.3f} nAm at 40 ms, by pca_flip")

# %%
# Two things are wrong with that number. The sign of a ``pca_flip`` course is arbitrary: many analysts turn it over
# until it looks right. And the size is that of an estimate which spreads the current over the whole cortex.
#
# From the cortex to a target
# ---------------------------
# :func:`~mne_hnn.source.best_patch` looks for the disc of 10 mm that explains the sensors best at 40 ms.
# :func:`~mne_hnn.source.estimate_target` fits the moment of that disc to the sensors, in nAm, and decides the sign by
# a rule that you name: here, that the deflection at 40 ms points down, from superficial to deep layers. It tells how
# many of the vertices agree.

postcentral = mne.read_labels_from_annot(
    dataset.subject, "aparc", hemi="rh", regexp="postcentral", subjects_dir=dataset.subjects_dir
)[0]
patch = best_patch(evoked, postcentral, forward, noise_cov=noise_cov, latency=0.040)
rule = {"latency": 0.040, "points": "down", "name": "the 40 ms deflection"}
target = estimate_target(evoked, inverse, patch.label, forward=forward, polarity=rule)
print(f"{patch.area_mm2:.0f} mm², sign {target.polarity.sign:+d}, agreement {target.polarity.confidence:.2f}")
print(
    f"largest moment {abs(target.dipole['agg']).max() * 1e9:.1f} nAm, standard error {target.standard_error * 1e9:.1f}"
)

# %%
# Because the recording was generated, the answer is known: the dipole of columns whose cells fire, 30 nAm at 40 ms,
# with drives that make it look like the real response.

truth = None
if dataset.name == "demo":
    truth = read_truth(dataset).dipole
    found, true = target.dipole.times, np.interp(target.dipole.times, truth.times, truth["agg"])
    r = np.corrcoef(target.dipole["agg"], true)[0, 1]
    size = target.dipole["agg"] @ true / (true @ true)
    print(f"correlation with the truth {r:.4f}, size {size:.2f} of the true one")
    assert r > 0.98
    assert abs(size - 1) < 0.15
    truth = truth.copy().crop(0.0, 0.17)
plot_target(target.dipole, truth=truth)

# %%
# The column
# ----------
# The set of weights ``N20`` and the four published volleys. In each, one drive cell reaches all cells at once.

TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
DELAYS_ms = {
    "proximal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_basket": 1.0, "L5_pyramidal": 1.0},
    "distal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_pyramidal": 0.1},
}
VOLLEYS = {
    # name: location, mean and SD (ms), AMPA and NMDA weights (uS) in the order of the types, seed
    "evprox1": ("proximal", 21, 4.0, (0.0036, 0.0039, 0.0019, 0.0020), (0.0029, 0.0005, 0.0030, 0.0019), 276),
    "evprox2": ("proximal", 134, 4.5, (0.0030, 0.0039, 0.0040, 0.0020), (0.0010, 0.0005, 0.0020, 0.0020), 276),
    "evdist1": ("distal", 32, 2.5, (0.0043, 0.0032, None, 0.0009), (0.0029, 0.0051, None, 0.0010), 277),
    "evdist2": ("distal", 84, 4.5, (0.0041, 0.0019, None, 0.0018), (0.0032, 0.0018, None, 0.0017), 275),
}


def by_type(values):
    """Return weights by cell type, without the types that the drive does not reach."""
    return {cell_type: value for cell_type, value in zip(TYPES, values, strict=True) if value is not None}


network = jones_2009(weights="N20")
for name, (location, mu_ms, sigma_ms, ampa, nmda, seed) in VOLLEYS.items():
    network = network.with_evoked_drive(
        name,
        mu_ms=mu_ms,
        sigma_ms=sigma_ms,
        location=location,
        weights_ampa=by_type(ampa),
        weights_nmda=by_type(nmda),
        synaptic_delays=DELAYS_ms[location],
        n_drive_cells=1,
        cell_specific=False,
        event_seed=seed,
    )
simulation = simulate(network, tstop=170.0, n_trials=2, n_jobs=2)

# %%
# The published numbers
# ---------------------
# Smoothed with 20 ms and multiplied by 12, the mean of two trials reaches -0.1028 nAm at 61.75 ms in the published
# software, and is -0.0824 nAm at 40 ms.

published = simulation.dipole.smooth(20, edges="zero").scale(12)
moment, times_ms = published["agg"] * 1e9, published.times * 1e3
print(f"{moment.min():.4f} nAm at {times_ms[moment.argmin()]:.2f} ms, {np.interp(40.0, times_ms, moment):.4f} at 40 ms")
assert abs(moment.min() / -0.1028 - 1) < 0.01
assert abs(times_ms[moment.argmin()] - 61.75) < 0.2
assert abs(np.interp(40.0, times_ms, moment) / -0.0824 - 1) < 0.02
assert abs(moment.max() - 0.0119) < 0.003

# %%
# Twelve columns? That is what fits the shrunken minimum-norm course. With a target in nAm that flowed, the factor can
# be read as a number of columns.

dipole = simulation.dipole.smooth(20)
n_columns, r_squared = fit_scale(dipole, target.dipole)
dipole = dipole.scale(n_columns)
print(f"{n_columns:.0f} columns, R² {r_squared:.2f}, r {correlation(dipole, target.dipole):.2f}")
plot_comparison(dipole, target.dipole, drives=simulation)
if dataset.name == "demo":
    assert 500 < n_columns < 5000
    assert correlation(dipole, target.dipole) > 0.8

# %%
# **What to look at.** The first proximal volley turns the moment up, the distal one at 32 ms turns it down, mostly in
# layer 5. The volleys, set by hand, have the right signs and about the right times. The deflections at 20 and at 40 ms
# come out too small.
#
# Which cells fire?

simulation.plot_raster()

# %%
# Back to the sensors
# -------------------
# The column sits on the patch, the forward solution says what the sensors see of it, and the recording can be asked
# how much of it is explained. A model that is right at the source but wrong at the sensors is wrong.

prediction = predict_sensors(dipole, target.patch, forward, evoked)
best = predict_sensors(target.dipole, target.patch, forward, evoked)
for kind, share in prediction.explained.items():
    print(
        f"{kind}: {share:.0%} of the variance explained by the column, {best.explained[kind]:.0%} by the target itself"
    )
measured = evoked.copy().crop(*prediction.predicted.times[[0, -1]])
plot_prediction(measured, prediction.predicted, prediction.explained)
if dataset.name == "demo":
    assert min(prediction.explained.values()) > 0.5
assert all(best.explained[kind] >= prediction.explained[kind] for kind in best.explained)

# %%
# Try
# ---
# * Let the data find the volleys: ``fit_evoked(network.without_drives(), target.dipole)`` (see *Fit an evoked
#   response*).
# * Take the sign from the anatomy, ``polarity="normal"``. Does it agree?
# * Take another label, ``precentral``. How much of the sensors does its best patch explain?
