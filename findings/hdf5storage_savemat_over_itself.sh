#!/usr/bin/env bash
# hdf5storage 0.2.2: savemat of a structure into a file that has it already ends with "The truth value of an array with
# more than one element is ambiguous".
#
# The attribute with the names of a structure's fields is an array of arrays of characters, and whether the one in the file
# is the one to be written is asked of numpy's array_equal, which cannot compare such arrays. Written into a new file, the same structure is fine. Whoever makes test data, or saves
# again after a change, meets it at the second call.
# Seen: ValueError at the second call, with numpy 2.4.6.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'hdf5storage==0.2.2' 'h5py==3.16.0' 'numpy==2.4.6'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import hdf5storage

content = {"D": {"type": "evoked", "Fsample": 1000.0}}
hdf5storage.savemat("a.mat", content, format="7.3", matlab_compatible=True)
print("first call: written")
try:
    hdf5storage.savemat("a.mat", content, format="7.3", matlab_compatible=True)
except ValueError as error:
    print(f"second call: ValueError: {error}")
    assert "truth value of an array" in str(error), "the behaviour has changed"
else:
    raise SystemExit("the behaviour has changed: the second call is fine")
PYTHON
