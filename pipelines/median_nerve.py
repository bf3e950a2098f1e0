"""Median-nerve stimulation: the response of primary somatosensory cortex, from MEG to the column.

    mne-hnn run pipelines/median_nerve.py

runs on simulated MEG data that are generated on this machine. With MNE's somatosensory data set on disk
(`mne.datasets.somato.data_path()` gets it), set `dataset = "somato"`.
"""

from mne_hnn.network import jones_2009

dataset = "demo"

# the response
event_id = {"median nerve": 1}
l_freq, h_freq = 1.0, 100.0
tmin, tmax = -0.2, 0.3
baseline = (None, -0.005)
reject = {"grad": 4000e-13, "eog": 350e-6}

# where it comes from: the best disc of 10 mm inside the right postcentral gyrus
label = "postcentral-rh"
patch_radius_mm = 10.0
patch_latency = 0.040
polarity = {"latency": 0.040, "points": "down", "name": "the 40 ms deflection"}

# the column: weights and drives of HNN's median-nerve example
_TYPES = ("L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal")
_DELAYS_ms = {
    "proximal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_basket": 1.0, "L5_pyramidal": 1.0},
    "distal": {"L2_basket": 0.1, "L2_pyramidal": 0.1, "L5_pyramidal": 0.1},
}
_DRIVES = {
    # name: location, mean and SD (ms), AMPA and NMDA weights (uS) in the order of the types, event seed
    "evprox1": ("proximal", 21, 4.0, (0.0036, 0.0039, 0.0019, 0.0020), (0.0029, 0.0005, 0.0030, 0.0019), 276),
    "evdist1": ("distal", 32, 2.5, (0.0043, 0.0032, None, 0.0009), (0.0029, 0.0051, None, 0.0010), 277),
    "evdist2": ("distal", 84, 4.5, (0.0041, 0.0019, None, 0.0018), (0.0032, 0.0018, None, 0.0017), 275),
    "evprox2": ("proximal", 134, 4.5, (0.0030, 0.0039, 0.0040, 0.0020), (0.0010, 0.0005, 0.0020, 0.0020), 276),
}


def _weights(values):
    return {cell_type: value for cell_type, value in zip(_TYPES, values, strict=True) if value is not None}


network = jones_2009(weights="N20")
for _name, (_location, _mu, _sigma, _ampa, _nmda, _seed) in _DRIVES.items():
    network = network.with_evoked_drive(
        _name,
        mu_ms=_mu,
        sigma_ms=_sigma,
        location=_location,
        weights_ampa=_weights(_ampa),
        weights_nmda=_weights(_nmda),
        synaptic_delays=_DELAYS_ms[_location],
        n_drive_cells=1,
        cell_specific=False,
        event_seed=_seed,
    )
n_trials = 2
smooth_ms = 20.0  # Hamming window on simulated dipoles

# the fit: which drives there were, when they came, how strong they were and how many such columns act together is found
# in the waveform of the target; nothing is to be set. The drives above are only shown for comparison
