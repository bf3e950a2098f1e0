"""Auditory response of the transverse temporal cortex, from MEG to the column.

    mne-hnn run pipelines/auditory.py

runs on MNE's sample data set (`mne.datasets.sample.data_path()` gets it). For your own recording, take `dataset` out
and set `data`, `noise_cov`, `subjects_dir`, `fs_subject` and `trans`; without an MRI, set `template = "fsaverage"`
instead of `fs_subject` and `trans`, and the template is scaled to the digitised head points.
"""

from mne_hnn.network import jones_2009, with_erp_drives

dataset = "sample"

# the response
channel_types = ("meg",)
tmin, tmax = -0.2, 0.3
baseline = (None, 0.0)
h_freq = 40.0

# where it comes from: left-ear tones, so the right transverse temporal gyrus, and in it the best disc of 10 mm
label = "transversetemporal-rh"
patch_radius_mm = 10.0
patch_latency = 0.090
other_labels = ("transversetemporal-lh",)  # active as well: fitted along, so that the right one is not given its field
polarity = {"latency": 0.090, "points": "down", "half_width": 0.02, "name": "M100"}
target_tmin, target_tmax = 0.0, 0.25

# the column: its cells and connections count for the fit; its drives, a proximal, a distal and a late proximal one, are
# only shown for comparison
network = with_erp_drives(jones_2009())
n_trials = 2
smooth_ms = 30.0  # Hamming window on simulated dipoles

# the fit: which drives there were, when they came, how strong they were and how many such columns act together is found
# in the waveform of the target; nothing is to be set
