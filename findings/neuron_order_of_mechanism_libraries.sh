#!/usr/bin/env bash
# neuron 9.0.2: the last bits of a run depend on the order in which libraries of mechanisms were loaded.
#
# Currents of a segment are summed in the order of mechanism types, which are numbered as libraries are loaded. The same
# cell, with the same mechanisms inserted in the same order, so gives other bits in a session that happened to load one
# library before the other; nothing in the model tells. Bits that must not depend on what a process did before need
# libraries in one fixed order, or a second copy under another name.
# Seen: voltages after 100 ms differ by some 1e-14 mV between both orders, and are equal in bytes for one order.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'neuron==9.0.2' 'setuptools<81'
export PATH="$work/venv/bin:$PATH" NEURON_MODULE_OPTIONS=-nogui
for name in first second; do
    mkdir "$work/$name"
    cat > "$work/$name/$name.mod" <<MOD
NEURON { SUFFIX $name NONSPECIFIC_CURRENT i RANGE g, e }
PARAMETER { g = 1e-4 (S/cm2) e = -60 (mV) }
ASSIGNED { v (mV) i (mA/cm2) }
BREAKPOINT { i = g * (v - e) }
MOD
    (cd "$work/$name" && nrnivmodl > compiled.log 2>&1)
done
cat > "$work/run.py" <<'PYTHON'
import glob
import sys

from neuron import h

folder, *order = sys.argv[1:]
for name in order:
    h.nrn_load_dll(glob.glob(f"{folder}/{name}/*/libnrnmech.so")[0])
h.load_file("stdrun.hoc")
section = h.Section("section")
for mechanism in ("pas", "first", "second"):
    section.insert(mechanism)
section.g_pas, section.e_pas = 1 / 3e4, -70.1
section.g_first, section.e_first = 1 / 7e3, -61.3
section.g_second, section.e_second = 1 / 1.1e4, -43.7
vector = h.Vector().record(section(0.5)._ref_v)
h.finitialize(-65)
h.continuerun(100)
print(vector.as_numpy().tobytes().hex())
PYTHON
cd "$work"
python run.py "$work" first second 2>/dev/null > forward
python run.py "$work" first second 2>/dev/null > again
python run.py "$work" second first 2>/dev/null > backward
python - <<'PYTHON'
import numpy as np

forward, again, backward = (
    np.frombuffer(bytes.fromhex(open(name).read().strip())) for name in ("forward", "again", "backward")
)
print(f"{len(forward)} samples, largest difference between both orders: {np.abs(forward - backward).max():.1e} mV")
assert np.array_equal(forward, again), "the behaviour has changed"
assert not np.array_equal(forward, backward), "the behaviour has changed"
assert np.abs(forward - backward).max() < 1e-10, "the behaviour has changed"
PYTHON
