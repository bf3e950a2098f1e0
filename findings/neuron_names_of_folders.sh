#!/usr/bin/env bash
# neuron 9.0.2: compiled mechanisms cannot be loaded from a folder with a non-ASCII name, although they compile there.
#
# In a home folder such as /home/rené, nrnivmodl makes the library without complaint; nrn_load_dll (which
# neuron.load_mechanisms calls) then raises an error of the ASCII codec that says nothing of folders. A path through
# /proc/self/fd or a symbolic link with a plain name loads the same file.
# Seen: "'ascii' codec can't encode character", and 1 (loaded) through the link.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'neuron==9.0.2' 'setuptools<81'
mkdir "$work/rené" && cd "$work/rené"
cat > steady.mod <<'MOD'
NEURON { SUFFIX steady NONSPECIFIC_CURRENT i RANGE g }
PARAMETER { g = 1e-4 (S/cm2) }
ASSIGNED { v (mV) i (mA/cm2) }
BREAKPOINT { i = g * (v + 65) }
MOD
PATH="$work/venv/bin:$PATH" "$work/venv/bin/nrnivmodl" . > build.log 2>&1 || { cat build.log; exit 1; }
ln -s "$work/rené" "$work/plain"
NEURON_MODULE_OPTIONS=-nogui "$work/venv/bin/python" - "$work" <<'PYTHON' 2>&1 | grep -v DISPLAY
import sys
from pathlib import Path

from neuron import h

work = Path(sys.argv[1])
library = next((work / "rené").rglob("libnrnmech.so"))
try:
    h.nrn_load_dll(str(library))
    said = "loaded"
except Exception as error:
    said = f"{type(error).__name__}: {error}"
print(said)
assert "ascii" in said, "the behaviour has changed"
loaded = int(h.nrn_load_dll(str(work / "plain" / library.relative_to(work / "rené"))))
print("through a link:", loaded)
assert loaded == 1, "the behaviour has changed"
PYTHON
