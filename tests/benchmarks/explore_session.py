"""Time from a change to its answers, and memory over many changes: ``python tests/benchmarks/explore_session.py``.

A session of the full column with published drives, without a page. 30 changes of a drive's time, each after the answer
to the one before: medians of the time to the coarse answer and to that of the full column. Then 200 changes: memory of
this process and of its workers after 20 and after all of them (proportional set size, so that what processes share
counts once). With ``--clicks`` also the time from a click on the demo's cortex to its target.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

from mne_hnn.explorer.cortex import demo_cortex
from mne_hnn.explorer.session import Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.network import jones_2009, with_erp_drives

PATIENCE_s = 300.0


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def memory_MB(pids: list[int]) -> float:
    """Return the memory of processes, MB."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1e3


def changed(state: ExploreState, number: int) -> ExploreState:
    """Return a state that no earlier change had."""
    return state.with_drive("evprox1", mu_ms=20.0 + 0.05 * number)


def latencies(session: Session, n_changes: int) -> dict[str, list[float]]:
    """Return seconds from each change to its answers."""
    found: dict[str, list[float]] = {"call": [], "coarse": [], "full": []}
    first = session.state
    for number in range(1, n_changes + 1):
        begun = time.perf_counter()
        session.change(changed(first, number))
        found["call"].append(time.perf_counter() - begun)
        for kind in ("coarse", "full"):
            answer = session.wait(PATIENCE_s, kind=kind)
            if answer.kind == kind:
                found[kind].append(time.perf_counter() - begun)
    return found


def clicks(number: int) -> list[float]:
    """Return seconds from each click on a vertex of the demo's cortex to its place."""
    cortex = demo_cortex()
    cortex.activation(cortex.peak, "rh")  # as a page that shows it has done
    n_vertices = len(cortex.surface("rh")[0])
    return [cortex.at_vertex("rh", k * n_vertices // (number + 1)).seconds for k in range(1, number + 1)]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=30, help="changes that are timed (30)")
    parser.add_argument("--memory", type=int, default=200, help="changes after which memory is compared (200; 0: none)")
    parser.add_argument("--clicks", type=int, default=0, help="clicks on the demo's cortex that are timed (0)")
    options = parser.parse_args()
    if options.clicks:
        seconds = clicks(options.clicks)
        say(f"   click: median {1e3 * statistics.median(seconds):8.1f} ms, largest {1e3 * max(seconds):8.1f} ms")
    state = ExploreState(network=with_erp_drives(jones_2009()))
    with Session(state, n_jobs=1) as session:
        begun = time.perf_counter()
        session.wait(PATIENCE_s)
        say(f"first answer of the full column, with the start of the workers: {time.perf_counter() - begun:.2f} s")
        for kind, seconds in latencies(session, options.changes).items():
            median, largest = statistics.median(seconds), max(seconds)
            say(f"{kind:>8}: median {1e3 * median:8.1f} ms, largest {1e3 * largest:8.1f} ms, n = {len(seconds)}")
        early = None
        for number in range(1, options.memory + 1):
            session.change(changed(state, 1000 + number))
            session.wait(PATIENCE_s)
            if number == 20:
                early = memory_MB([os.getpid(), *session.pids()])
        if early is not None:
            late = memory_MB([os.getpid(), *session.pids()])
            grown = f"{late / early - 1:+.1%}"
            say(f"memory after 20 changes {early:.0f} MB, after {options.memory} {late:.0f} MB ({grown})")


if __name__ == "__main__":
    main()
