#!/usr/bin/env bash
# mne 1.13.2: EpochsArray has no annotations, and anonymize() and set_meas_date(None) end with an AttributeError for it.
#
# Epochs that are made from an array, as every converter from another software makes them, are data to be anonymised
# like any others before they are shared. Both methods ask the annotations, which are None here, for their time of
# origin. EvokedArray and RawArray with the same measurement info can be anonymised.
# Seen: AttributeError "'NoneType' object has no attribute '_orig_time'" from both methods of the epochs only.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mne
import numpy as np

info = mne.create_info(["Cz"], 100.0, "eeg")
made = {
    "raw": mne.io.RawArray(np.zeros((1, 50)), info, verbose="error"),
    "epochs": mne.EpochsArray(np.zeros((2, 1, 50)), info, verbose="error"),
    "evoked": mne.EvokedArray(np.zeros((1, 50)), info, verbose="error"),
}
for name, data in made.items():
    for method, arguments in (("anonymize", ()), ("set_meas_date", (None,))):
        try:
            getattr(data.copy(), method)(*arguments)
            said = "done"
        except AttributeError as error:
            said = f"AttributeError: {error}"
        print(name, method, said)
        assert said.startswith("AttributeError") == (name == "epochs"), "the behaviour has changed"
PYTHON
