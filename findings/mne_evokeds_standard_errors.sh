#!/usr/bin/env bash
# mne 1.13.2: read_evokeds(file, kind="average") without a condition returns the standard errors of the file, too.
#
# A file that holds an average and its standard error, as Neuromag's own software and Evoked.save write them, is asked
# for averages. With a condition (a place or a name) `kind` selects; without one it is of no account, so that a script
# which goes through the list takes a standard error, always positive, for a response.
# Seen: kinds ['average', 'standard_error'] for condition=None; for condition="tone" one set, the average.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'mne==1.13.2'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import mne
import numpy as np

info = mne.create_info(["MEG 0113"], 100.0, "grad")
made = [
    mne.EvokedArray(np.full((1, 20), 1e-12), info, comment="tone", kind=kind, nave=10, verbose="error")
    for kind in ("average", "standard_error")
]
mne.write_evokeds("tone-ave.fif", made, verbose="error")
everything = mne.read_evokeds("tone-ave.fif", kind="average", verbose="error")
named = mne.read_evokeds("tone-ave.fif", condition="tone", kind="average", verbose="error")
print("condition=None:", [one.kind for one in everything], "condition='tone':", named.kind)
assert [one.kind for one in everything] == ["average", "standard_error"], "the behaviour has changed"
assert named.kind == "average", "the behaviour has changed"
PYTHON
