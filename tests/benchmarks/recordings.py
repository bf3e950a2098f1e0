"""What recording costs: seconds and memory of the evoked response (10x10), by what is recorded and how long.

Each row is a process of its own; the first trial is not timed.
"""

import json
import statistics
import subprocess
import sys

from _timing import peak_memory, say, timed

from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate

CONTACTS = [(135.0, 135.0, float(z)) for z in range(-325, 2076, 100)]
CASES = {
    "nothing": ({}, False),
    "voltage of somata, 2 kHz": ({"voltage": "soma", "sfreq": 2000.0}, False),
    "voltage of all sections, 2 kHz": ({"voltage": "all", "sfreq": 2000.0}, False),
    "voltage of all sections, every step": ({"voltage": "all"}, False),
    "synaptic currents of all sections, 2 kHz": ({"synaptic_current": "all", "sfreq": 2000.0}, False),
    "25 electrodes, 2 kHz": ({"sfreq": 2000.0}, True),
    "25 electrodes, every step": ({}, True),
}


def one(name: str, tstop: float) -> None:
    """Time one case and print the row."""
    record, electrodes = CASES[name]
    network = with_erp_drives(jones_2009()).with_positions(inplane_distance_um=30.0)
    if electrodes:
        network = network.with_electrodes("shank", CONTACTS)
    simulate(network, tstop, record=record, verbose="error")
    times = [timed(simulate, network, tstop, record=record, verbose="error")[0] for _ in range(3)]
    say(json.dumps({"seconds": statistics.median(times), "memory": peak_memory()}))


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3:
        one(sys.argv[1], float(sys.argv[2]))
        return
    say("| recorded | 170 ms (s) | peak (MB) | 680 ms (s) | peak (MB) |\n|---|---|---|---|---|")
    for name in CASES:
        cells = []
        for tstop in ("170", "680"):
            run = subprocess.run([sys.executable, __file__, name, tstop], check=True, capture_output=True, text=True)
            row = json.loads(run.stdout.strip().splitlines()[-1])
            cells += [f"{row['seconds']:.2f}", f"{row['memory']:.0f}"]
        say(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
