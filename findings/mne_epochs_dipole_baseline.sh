#!/usr/bin/env bash
# mne 1.13.2: apply_baseline of Epochs with channels of type "dipole" notes the baseline and subtracts nothing.
#
# Single trials of a dipole's moment are put into EpochsArray with MNE's own channel type "dipole". Afterwards
# epochs.baseline says that the baseline is corrected, and the data are what they were: only "data channels" are
# corrected, of which a dipole is none. In an EvokedArray of the same channel the same call does subtract. average()
# of such epochs ends with a ValueError that no data channel was found.
# Seen: baseline (-0.1, 0.0), mean of the interval still 5 nA m (evoked: 0), ValueError of average().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mne
import numpy as np

info = mne.create_info(["moment"], 1000.0, "dipole")
epochs = mne.EpochsArray(np.full((3, 1, 301), 5e-9), info, tmin=-0.1, baseline=None, verbose="error")
epochs.apply_baseline((None, 0.0), verbose="error")
left = epochs.get_data(picks="all", tmax=0.0).mean()
evoked = mne.EvokedArray(np.full((1, 301), 5e-9), info, tmin=-0.1, verbose="error")
evoked.apply_baseline((None, 0.0), verbose="error")
try:
    epochs.average()
    said = "no error"
except ValueError as error:
    said = f"ValueError: {error}"
print("baseline:", epochs.baseline, "mean of the interval:", left, "of the evoked:", evoked.data[:, :101].mean())
print("average():", said)
assert epochs.baseline == (-0.1, 0.0), "the behaviour has changed"
assert np.isclose(left, 5e-9), "the behaviour has changed"
assert abs(evoked.data[:, :101].mean()) < 1e-20, "the behaviour has changed"
assert said.startswith("ValueError"), "the behaviour has changed"
PYTHON
