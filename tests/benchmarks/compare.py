"""Time the column beside hnn-core, on the same cores, in alternation.

    python tests/benchmarks/compare.py --peer PEER/bin/python      # speed against hnn-core 0.6.1
    python tests/benchmarks/compare.py --growth                    # seconds and memory by mesh size
    python tests/benchmarks/compare.py --import-time               # what importing costs

The peer lives in an environment of its own: ``python -m venv PEER && PEER/bin/pip install hnn-core==0.6.1 joblib``.
Absolute seconds depend on the machine and on what else it does: quote the medians of the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

from _timing import TSTOP, peak_memory, peer_seconds, pin, say, span, timed


def one_core(peer: str, rounds: int) -> list[dict[str, float]]:
    """Time a first and a further trial against one peer trial, alternating, on one core."""
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import clear, simulate

    pin([0])
    simulate(with_erp_drives(jones_2009(mesh_shape=(2, 2))), tstop=5.0, verbose="error")  # compiled and loaded
    rows = []
    for _ in range(rounds):
        clear()
        first, _ = timed(lambda: simulate(with_erp_drives(jones_2009()), tstop=TSTOP, verbose="error").dipole)
        again, _ = timed(lambda: simulate(with_erp_drives(jones_2009()), tstop=TSTOP, verbose="error").dipole)
        network = with_erp_drives(jones_2009()).with_drive_changes("evprox1", mu_ms=30.0)
        candidate, _ = timed(lambda n=network: simulate(n, tstop=TSTOP, verbose="error").dipole)
        peer_time = peer_seconds(peer, 1, 1)
        rows.append({"peer": peer_time, "first": first, "again": again, "candidate": candidate})
        report(rows[-1])
    return rows


def two_cores(peer: str, rounds: int) -> list[dict[str, float]]:
    """Time two trials on two workers against the peer with two jobs."""
    from mne_hnn.network import jones_2009, with_erp_drives
    from mne_hnn.simulate import close_workers, simulate

    pin([0, 1])
    rows = []
    for _ in range(rounds):
        close_workers()
        small = with_erp_drives(jones_2009(mesh_shape=(2, 2)))
        simulate(small, tstop=5.0, n_trials=2, n_jobs=2, verbose="error")  # workers started, network not built
        network = with_erp_drives(jones_2009())
        first, _ = timed(lambda n=network: simulate(n, tstop=TSTOP, n_trials=2, n_jobs=2, verbose="error").dipole)
        again, _ = timed(lambda n=network: simulate(n, tstop=TSTOP, n_trials=2, n_jobs=2, verbose="error").dipole)
        rows.append({"peer": peer_seconds(peer, 2, 2), "first": first, "again": again})
        report(rows[-1])
    close_workers()
    return rows


def growth(sizes: list[int]) -> None:
    """Print seconds and peak memory of one evoked response by mesh size, each in a process of its own."""
    say("| mesh | cells | routes | first trial (s) | further trial (s) | peak memory (MB) |")
    say("|---|---|---|---|---|---|")
    for size in sizes:
        command = [sys.executable, __file__, "--one-size", str(size)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        row = json.loads(result.stdout.splitlines()[-1])
        cells = f"{size}x{size} | {row['cells']} | {row['routes']:,} | {row['first']:.2f} | {row['again']:.2f}"
        say(f"| {cells} | {row['memory']:.0f} |")


def one_size(size: int) -> None:
    """Time one mesh size and print the row."""
    from mne_hnn.network import connection_wires, jones_2009, with_erp_drives
    from mne_hnn.simulate import clear, simulate

    pin([0])
    simulate(with_erp_drives(jones_2009(mesh_shape=(2, 2))), tstop=5.0, verbose="error")
    clear()
    network = with_erp_drives(jones_2009(mesh_shape=(size, size)))
    first, _ = timed(lambda: simulate(network, tstop=TSTOP, verbose="error").dipole)
    again, _ = timed(lambda: simulate(network, tstop=TSTOP, verbose="error").dipole)
    routes = int((connection_wires(network).delay_ms <= TSTOP).sum())
    say(
        json.dumps(
            {"cells": network.n_cells, "routes": routes, "first": first, "again": again, "memory": peak_memory()}
        )
    )


def import_time(rounds: int) -> None:
    """Print what importing mne_hnn and its simulator costs beyond importing mne."""
    cases = {
        "import mne": "import mne; mne.EvokedArray",
        "import mne_hnn": "import mne; mne.EvokedArray; import mne_hnn",
    }
    cases["import mne_hnn.simulate"] = "import mne; mne.EvokedArray; import mne_hnn.simulate"
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, code in cases.items():
            times[name].append(timed(subprocess.run, [sys.executable, "-c", code], check=True)[0])
    for name, values in times.items():
        say(f"{name:<26} {statistics.median(values):.2f} s")


def report(row: dict[str, float]) -> None:
    """Print one round."""
    say("  ".join(f"{name} {value:.2f} s" for name, value in row.items()))


def summarise(title: str, rows: list[dict[str, float]]) -> None:
    """Print the median of the ratios to the peer."""
    say(f"\n{title}: median (min - max) of peer / ours over {len(rows)} rounds")
    for name in rows[0]:
        if name != "peer":
            say(f"  {name:<10} {span([row['peer'] / row[name] for row in rows], 1)}")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="python of an environment with hnn-core 0.6.1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 5, 10, 15, 20])
    parser.add_argument("--import-time", action="store_true")
    parser.add_argument("--one-size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_size:
        one_size(options.one_size)
    if options.import_time:
        import_time(options.rounds)
    if options.growth:
        growth(options.sizes)
    if options.peer:
        single = one_core(options.peer, options.rounds)
        double = two_cores(options.peer, options.rounds)
        summarise("One trial, one core", single)
        summarise("Two trials, two cores", double)


if __name__ == "__main__":
    main()
