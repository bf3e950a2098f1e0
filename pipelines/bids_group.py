"""A group: what the columns of several subjects did in two conditions, from a BIDS dataset to a comparison.

    mne-hnn run pipelines/bids_group.py

runs on MEG data of six subjects that are generated on this machine: one has no MRI, and the file of another is
damaged, as it happens. Its results go to `mne_hnn_results/bids_group`, where the command runs. For your own data,
take `dataset` out and set `bids_root`, and `subjects_dir` if FreeSurfer's folders are not in
`derivatives/freesurfer/subjects`; results then go to `derivatives/mne-hnn` of the data set.
"""

from mne_hnn.network import jones_2009

dataset = "group-demo"

# who and what: everybody at this task; the difference of interest is the first condition minus the second
tasks = ("touch",)
datatype = "meg"
conditions = ("detected", "missed")
contrast = ("detected", "missed")

# the responses. Where MNE-BIDS-Pipeline has run, `mne_bids_pipeline = True` takes its averages, noise covariances,
# forward solutions and inverse operators instead of making them; take the filter and `reject` out then
channel_types = ("meg",)
l_freq, h_freq = 1.0, 100.0
tmin, tmax = -0.15, 0.3
baseline = (None, -0.005)
reject = {"grad": 4000e-13, "eog": 350e-6}

# subjects without an MRI get a template that is scaled to their digitised points
without_mri = "fsaverage"

# where it comes from: in each subject the best disc of 10 mm inside the right postcentral gyrus, the same one for all
# conditions, and with one sign: the deflection of the distal drive, near 62 ms, points down
label = "postcentral-rh"
patch_radius_mm = 10.0
patch_latency = 0.062
polarity = {"latency": 0.062, "points": "down", "name": "the 62 ms deflection"}
target_tmin, target_tmax = 0.0, 0.17

# the column, without drives: which there were is found in the average of all subjects' targets, and then fitted to each
# subject and condition, so that parameters have the same names in everybody
network = jones_2009()
smooth_ms = 20.0  # Hamming window on simulated dipoles

# a subject that fails is left out, and the report says so and why
on_error = "continue"
