#!/usr/bin/env bash
# MNE-Python 1.13.2: read_evoked_fieldtrip gives an average that begins at 0 s, whatever times the FieldTrip structure has.
#
# A timelock structure holds its times in `time`; of an average from -100 to 400 ms the one that comes back lasts from 0 to
# 500 ms, so that every latency is 100 ms late, and the time before the stimulus is taken for the response. Epochs of
# the same times (read_epochs_fieldtrip) begin where they should. Nothing is said.
# Seen: times[0] is 0.0 for the average, and -0.1 for the epochs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2' 'pymatreader==1.3.2' 'scipy==1.17.1' 'numpy==2.4.6'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import mne
import numpy as np
import scipy.io

warnings.simplefilter("ignore")  # that there is no info of the sensors
times = np.arange(-100, 401) * 1e-3
course = np.exp(-(((times - 0.1) / 0.01) ** 2))  # its peak is at 100 ms
label = np.array([["a"], ["b"]], dtype=object)
data = np.array([course, course])
cell = np.empty((1, 2), dtype=object)
axis = cell.copy()
for k in range(2):
    cell[0, k], axis[0, k] = data, times[None]
scipy.io.savemat("average.mat", {"data": {"label": label, "time": times[None], "avg": data}})
trials = {"label": label, "time": axis, "trial": cell, "trialinfo": np.ones((2, 1)), "fsample": 1000.0}
scipy.io.savemat("trials.mat", {"data": trials})
average = mne.read_evoked_fieldtrip("average.mat", info=None)
epochs = mne.read_epochs_fieldtrip("trials.mat", info=None)
print(f"file: {times[0]:g} to {times[-1]:g} s, peak at 0.1 s")
print(f"average: {average.times[0]:g} to {average.times[-1]:g} s, peak at {average.times[average.data[0].argmax()]:g} s")
print(f"epochs: {epochs.times[0]:g} to {epochs.times[-1]:g} s")
assert average.times[0] == 0 and abs(average.times[average.data[0].argmax()] - 0.2) < 1e-9, "the behaviour has changed"
assert abs(epochs.times[0] + 0.1) < 1e-9, "the behaviour has changed"
PYTHON
