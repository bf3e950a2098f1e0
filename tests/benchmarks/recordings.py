"""What recording costs: time and memory of the evoked response (10x10), by what is recorded and how long.

Each row is a process of its own, in which runs that record and runs that do not alternate; the first of each is not
timed. Times are those of the processor, which depend little on other work on the machine, on one core. Ratios are
medians over the rounds, with their range.
"""

import json
import statistics
import subprocess
import sys
import time

from _timing import peak_memory, pin, say

from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate

CONTACTS = [(135.0, 135.0, float(z)) for z in range(-325, 2076, 100)]
CASES = {
    "nothing": ({}, False),
    "voltage of somata, 2 kHz": ({"voltage": "soma", "sfreq": 2000.0}, False),
    "voltage of all sections, 2 kHz": ({"voltage": "all", "sfreq": 2000.0}, False),
    "voltage of all sections, every step": ({"voltage": "all"}, False),
    "membrane currents of all sections, 2 kHz": ({"membrane_current": "all", "sfreq": 2000.0}, False),
    "synaptic currents of all sections, 2 kHz": ({"synaptic_current": "all", "sfreq": 2000.0}, False),
    "calcium of all sections, 2 kHz": ({"calcium": "all", "sfreq": 2000.0}, False),
    "25 electrodes, 2 kHz": ({"sfreq": 2000.0}, True),
    "25 electrodes, every step": ({}, True),
}
ROUNDS = {"170": 9, "680": 5}


def one(name: str, tstop: str) -> None:
    """Time one case and print the row."""
    record, electrodes = CASES[name]
    plain = with_erp_drives(jones_2009()).with_positions(inplane_distance_um=30.0)
    network = plain.with_electrodes("shank", CONTACTS) if electrodes else plain

    def seconds(recording: bool) -> float:
        start = time.process_time()
        simulate(network if recording else plain, float(tstop), record=record if recording else None, verbose="error")
        return time.process_time() - start

    rounds = [(seconds(False), seconds(True)) for _ in range(ROUNDS[tstop] + 1)][1:]
    ratios = [recorded / without for without, recorded in rounds]
    row = {
        "seconds": statistics.median(recorded for _, recorded in rounds),
        "ratio": f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})",
        "memory": peak_memory(),
    }
    say(json.dumps(row))


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3:
        pin([0])
        one(sys.argv[1], sys.argv[2])
        return
    heads = [f"{tstop} ms (s) | times a plain run | peak (MB)" for tstop in ROUNDS]
    say(f"| recorded | {' | '.join(heads)} |\n|{'---|' * (3 * len(ROUNDS) + 1)}")
    for name in CASES:
        cells = []
        for tstop in ROUNDS:
            run = subprocess.run([sys.executable, __file__, name, tstop], check=True, capture_output=True, text=True)
            row = json.loads(run.stdout.strip().splitlines()[-1])
            cells += [f"{row['seconds']:.2f}", row["ratio"], f"{row['memory']:.0f}"]
        say(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
