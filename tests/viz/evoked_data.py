"""Responses to draw: known numbers on real sensor layouts."""

import mne
import numpy as np

TIMES = np.arange(-20, 81) / 500.0  # s
PEAK = 0.04  # s


def waveform(latency=PEAK):
    """Gaussian deflection of height 1."""
    return np.exp(-0.5 * ((TIMES - latency) / 0.01) ** 2)


def make_evoked(seed=0, nave=40):
    """Return a response of 306 MEG and 30 EEG channels, one pattern times one waveform, plus a little noise."""
    rng = np.random.default_rng(seed)
    meg = mne.channels.read_meg_canonical_info("neuromag")
    with meg._unlock():
        meg["sfreq"] = 500.0
    angles = np.deg2rad(137.5 * np.arange(30))  # a spiral over the upper half of a sphere
    height = 0.095 * np.linspace(0.95, 0.05, 30)
    radius = np.sqrt(0.095**2 - height**2)
    places = np.column_stack([radius * np.cos(angles), radius * np.sin(angles), height])
    names = [f"EEG {i + 1:03d}" for i in range(30)]
    eeg = mne.create_info(names, 500.0, "eeg", verbose="error")
    points = {"nasion": [0, 0.095, 0], "lpa": [-0.08, 0, 0], "rpa": [0.08, 0, 0]}
    eeg.set_montage(mne.channels.make_dig_montage(dict(zip(names, places, strict=True)), coord_frame="head", **points))
    parts = []
    for info in (meg, eeg):
        scale = np.array([{"mag": 1e-13, "grad": 3e-12, "eeg": 2e-6}[kind] for kind in info.get_channel_types()])
        data = rng.normal(size=(len(scale), 1)) * waveform() + rng.normal(0, 0.02, (len(scale), len(TIMES)))
        parts.append(mne.EvokedArray(scale[:, None] * data, info, TIMES[0], "touch", nave, verbose="error"))
    return parts[0].add_channels([parts[1]], force_update_info=True)


def make_covariance(evoked):
    """Return the covariance of single trials that fits the noise of :func:`make_evoked`."""
    scale = np.array([{"mag": 1e-13, "grad": 3e-12, "eeg": 2e-6}[kind] for kind in evoked.get_channel_types()])
    variance = evoked.nave * (0.02 * scale) ** 2
    return mne.Covariance(np.diag(variance), evoked.ch_names, [], [], nfree=1000, verbose="error")
