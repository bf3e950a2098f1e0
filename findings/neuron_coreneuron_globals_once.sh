#!/usr/bin/env bash
# neuron 9.0.2: CoreNEURON takes the GLOBAL parameters of mechanisms at its first run of a process, and never again.
#
# A GLOBAL parameter that is set between two runs counts in plain NEURON; in CoreNEURON every later run has the value
# that the first run had, after a new finitialize as well, and without a word. Initial values come from NEURON, which
# knows the new one, so that such a run is a mixture of both. RANGE parameters are handed over each time. Whoever sweeps
# a GLOBAL parameter in one process, or simulates at several temperatures by one, compares runs that are all alike.
# Seen: a current of 1, 5 and 2 mA/cm2 into a passive section moves it by other amounts in plain NEURON, and by the same
# in CoreNEURON.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'neuron==9.0.2' 'setuptools<81'
cd "$work"
mkdir mod
cat > mod/push.mod <<'MOD'
NEURON {
    THREADSAFE
    SUFFIX push
    NONSPECIFIC_CURRENT i
    GLOBAL strength
}
PARAMETER {
    strength = 1
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = -0.001 * strength
}
MOD
PATH="$work/venv/bin:$PATH" nrnivmodl -coreneuron mod > compile.log 2>&1 || { tail -5 compile.log; exit 1; }
NEURON_MODULE_OPTIONS=-nogui "$work/venv/bin/python" - <<'PYTHON' 2>&1 | grep -v DISPLAY
from neuron import coreneuron, h

section = h.Section("section")
section.insert("pas")
section.insert("push")
pc = h.ParallelContext()


def moved(strength, enable):
    h.strength_push = strength
    pc.set_maxstep(10)
    h.dt = 0.025
    coreneuron.enable, coreneuron.verbose = enable, 0
    h.finitialize(-70)
    pc.psolve(1.0)
    coreneuron.enable = False
    return section(0.5).v + 70


for enable in (False, True):
    found = [moved(strength, enable) for strength in (1.0, 5.0, 2.0)]
    print("CoreNEURON" if enable else "NEURON    ", *(f"{value:.4f} mV" for value in found))
    if enable:
        assert abs(found[1] - found[0]) < 1e-9 and abs(found[2] - found[0]) < 1e-9, "the behaviour has changed"
    else:
        assert found[1] > 4.5 * found[0] and found[2] > 1.8 * found[0], "the behaviour has changed"
PYTHON
