#!/usr/bin/env bash
# neuron 9.0.2: with CoreNEURON, ParallelContext.psolve stops at another time than it is told once a run is longer than 10 s.
#
# psolve hands the end of the run over as text with six digits: 10000.356 ms becomes 10000.4, 12345.678 becomes
# 12345.7. Plain NEURON stops where it should. A run in pieces, whose ends fall between two steps on purpose, is a step
# short or long; nothing is said. An attribute nrncore_arg of the object neuron.coreneuron that names all digits mends it.
# Seen: plain NEURON ends at 10000.35 ms (within a step), CoreNEURON 2 steps away, with all digits within a step again.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'neuron==9.0.2' 'setuptools<81'
cd "$work"
NEURON_MODULE_OPTIONS=-nogui "$work/venv/bin/python" - <<'PYTHON' 2>&1 | grep -v DISPLAY
from neuron import coreneuron, h

DT, END = 0.025, 10000.35

section = h.Section("section")
section.insert("pas")
pc = h.ParallelContext()


def end_of_run(enable):
    pc.set_maxstep(10)
    h.dt = DT
    coreneuron.enable, coreneuron.verbose = enable, 0
    h.finitialize(-65)
    pc.psolve(END + 0.25 * DT)  # between two steps, so that rounding does not decide
    coreneuron.enable = False
    return h.t


plain, core = end_of_run(False), end_of_run(True)
told = coreneuron.nrncore_arg
coreneuron.nrncore_arg = lambda tstop: told(tstop).replace(f"--tstop {tstop:g}", f"--tstop {tstop!r}")
mended = end_of_run(True)
for name, time in (("NEURON", plain), ("CoreNEURON", core), ("CoreNEURON, all digits", mended)):
    print(f"{name}: ends at {time:.4f} ms, {round((time - END) / DT)} steps away")
assert abs(plain - END) < DT / 2, "the behaviour has changed"
assert abs(mended - END) < DT / 2, "the behaviour has changed"
assert abs(core - END) > 1.5 * DT, "the behaviour has changed"
PYTHON
