#!/usr/bin/env bash
# hnn-core 0.6.1: read_params drops the constant currents of a parameter file, and the network is built without them.
#
# Parameter files say constant currents as Itonic_A_... (nA), Itonic_t0_... and Itonic_T_... (ms) for each cell type; so
# do files that come with hnn-core. A network that is built with add_drives_from_params=True looks for these names, but
# read_params keeps only names that its own defaults have, and those have none of them. No warning says so.
# Whom it bites: whoever opens a published parameter file in which cells are held depolarised: they are not.
# Seen: none of 12 Itonic parameters of gamma_L5weak_L2weak.json is left, and no bias for a current of 1 nA.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'hnn-core==0.6.1' 'NEURON==8.2.7' 'setuptools<81'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import json
from pathlib import Path

import hnn_core
from hnn_core import neymotin_2020_model, read_params

values = json.loads((Path(hnn_core.__file__).parent / "param" / "gamma_L5weak_L2weak.json").read_text())
named = [name for name in values if name.startswith("Itonic_")]
values |= {"Itonic_A_L5Pyr_soma": 1.0, "Itonic_t0_L5Pyr_soma": 0.0, "Itonic_T_L5Pyr_soma": 100.0}
Path("depolarised.json").write_text(json.dumps(values))

params = read_params("depolarised.json")
left = [name for name in params if name.startswith("Itonic_")]
network = neymotin_2020_model(params, add_drives_from_params=True, mesh_shape=(2, 2))
print(f"{len(named)} names in the file, {len(left)} read; biases of the network: {network.external_biases}")
assert len(named) == 12, "the file has changed"
assert not left and not network.external_biases, "the behaviour has changed"
PYTHON
