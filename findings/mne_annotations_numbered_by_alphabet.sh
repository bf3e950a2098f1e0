#!/usr/bin/env bash
# mne 1.13.2: annotations called "1", "2", "10" become events 1, 3 and 2.
#
# Triggers that a recording system or a conversion to EDF wrote as annotations are often named by their number.
# events_from_annotations(raw), as well as Epochs(raw), numbers descriptions in the order of their text, not by the
# number they are, so that event_id=2 then selects the trigger 10.
# Seen: {'1': 1, '10': 2, '2': 3}; through an EDF file as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2' 'edfio==0.4.17'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mne
import numpy as np

raw = mne.io.RawArray(1e-5 * np.random.default_rng(0).standard_normal((1, 1000)), mne.create_info(["Cz"], 100.0, "eeg"), verbose="error")
raw.set_annotations(mne.Annotations([1.0, 3.0, 5.0], 0.0, ["1", "2", "10"]))
mne.export.export_raw("triggers.edf", raw, verbose="error")
read = mne.io.read_raw_edf("triggers.edf", verbose="error")
for source in (raw, read):
    events, ids = mne.events_from_annotations(source, verbose="error")
    ids = {str(name): int(number) for name, number in ids.items()}
    print(ids, events[:, 2].tolist())
    assert ids == {"1": 1, "10": 2, "2": 3}, "the behaviour has changed"
    assert events[:, 2].tolist() == [1, 3, 2], "the behaviour has changed"
PYTHON
