#!/usr/bin/env bash
# hnn-core 0.6.1: the potassium density of calcium_model falls to 6.6e-6 S/cm2 along the apical dendrite of layer 5,
# where its offset is 1e-4 S/cm2.
#
# The helper that makes the exponential profile describes its argument `offset` as added to the output; it is
# multiplied with the density at the soma (0.06) instead, so that the far end is 0.06 * (exp(...) + 1e-4). Whoever
# rebuilds the model from the described formula, or from the numbers, gets another cell: some 15 times the density in
# the tuft.
# Seen: 6.66e-06 S/cm2 in the last segment of apical_tuft.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'hnn-core==0.6.1' 'NEURON==8.2.7' 'setuptools<81'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from hnn_core import calcium_model

cell = calcium_model().cell_types["L5_pyramidal"]
cell = cell["cell_object"] if isinstance(cell, dict) else cell
positions, densities = cell.sections["apical_tuft"].mechs["hh2"]["gkbar_hh2"]
print(f"gK at {positions[-1]:.2f} of apical_tuft: {densities[-1]:.3g} S/cm2")
assert abs(densities[-1] - 6.66e-6) < 1e-8, "the behaviour has changed"
assert densities[-1] < 1e-4, "the behaviour has changed"
PYTHON
