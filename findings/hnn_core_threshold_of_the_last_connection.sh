#!/usr/bin/env bash
# hnn-core 0.6.1: `threshold` of add_connection is no property of the connection: the one given last holds for all
# connections from the same cells, and for the spikes that are recorded of them.
#
# Each connection sets the threshold of a NetCon, which in NEURON belongs to the source and is shared by all NetCons of
# it. Two connections from the same cells with thresholds of -30 and 20 mV are two of 20 mV, in the other order two of
# -30 mV, and the recorded spikes move along. The network, and the file it is written to, show both values.
# Seen: first spikes of layer 5 pyramidal cells at 20.425 ms for (20, 20) and (-30, 20), at 20.275 ms for (-30, -30) and
# (20, -30).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'hnn-core==0.6.1' 'NEURON==8.2.7' 'setuptools<81'
cd "$work"
NEURON_MODULE_OPTIONS=-nogui "$work/venv/bin/python" - <<'PYTHON' 2>&1 | grep -v "Trial\|Loading\|Building\|Done\|DISPLAY\|Joblib"
from hnn_core import jones_2009_model, simulate_dipole


def first_spike(thresholds):
    net = jones_2009_model(mesh_shape=(3, 3))
    net.clear_connectivity()
    net.add_evoked_drive(
        "drive", mu=20, sigma=3, numspikes=1, location="proximal", weights_ampa={"L5_pyramidal": 0.05}, synaptic_delays=0.1
    )
    for threshold, (target, loc) in zip(thresholds, (("L2_pyramidal", "proximal"), ("L2_basket", "soma"))):
        net.add_connection("L5_pyramidal", target, loc, "ampa", 0.001, 1.0, 3.0, threshold=threshold)
    simulate_dipole(net, tstop=30.0, dt=0.025)
    cells = net.gid_ranges["L5_pyramidal"]
    spikes = zip(net.cell_response.spike_times[0], net.cell_response.spike_gids[0])
    return min(time for time, gid in spikes if gid in cells)


found = {pair: first_spike(pair) for pair in ((20.0, 20.0), (-30.0, 20.0), (-30.0, -30.0), (20.0, -30.0))}
for pair, time in found.items():
    print(f"thresholds {pair}: first spike at {time:.3f} ms")
assert found[20.0, 20.0] == found[-30.0, 20.0], "the behaviour has changed"
assert found[-30.0, -30.0] == found[20.0, -30.0] < found[20.0, 20.0], "the behaviour has changed"
PYTHON
