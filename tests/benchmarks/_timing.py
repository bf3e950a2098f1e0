"""What the scripts that take time share: the clock, cores, the peer, ratios, the machine. Standard library only.

The workers of ``column.py`` import it under interpreters of other environments, and a parent that has imported nothing
large leaves the peak memory of its children as it is.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
TSTOP = 170.0


def pin(cores: list[int]) -> None:
    """Keep this process and its children on the given cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(cores))


def timed(function, *arguments, **options):
    """Return the seconds of a call and what it returned."""
    start = time.perf_counter()
    value = function(*arguments, **options)
    return time.perf_counter() - start, value


def peer_seconds(peer: str, n_trials: int, n_jobs: int, size: int = 10) -> float:
    """Return the seconds the peer takes for `n_trials` on `n_jobs` processes."""
    command = [peer, str(HERE / "peer_erp.py"), str(n_trials), str(n_jobs), str(size)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(result.stdout.splitlines()[-1])["seconds"])


def cpu_seconds() -> float:
    """Return the processor time of this process, and of those it has started and they have.

    Which hardly depends on what else the machine does. Of others the system counts in hundredths of a second.
    """
    total, tick = time.process_time(), os.sysconf("SC_CLK_TCK")
    ended = os.times()
    total += ended.children_user + ended.children_system
    times: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        times[int(stat.parent.name)] = int(words[1]), sum(map(int, words[11:15])) / tick
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in times.items() if parent in ours} - ours:
        ours |= more
    return total + sum(times[pid][1] for pid in ours - {os.getpid()})


def peak_memory() -> float:
    """Return the largest memory this process has had, MB."""
    try:  # of this program alone: what the system calls ru_maxrss starts with that of the process it was started by
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)[1]) / 1024
    except (OSError, TypeError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def span(ratios, digits: int = 2) -> str:
    """Return the median of some ratios and the range they lie in."""
    return f"{statistics.median(ratios):.{digits}f} ({min(ratios):.{digits}f} - {max(ratios):.{digits}f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> dict[str, str]:
    """Return the processor, its vector instructions, how many cores there are, and how busy they are."""
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n", 1)[0]
    except OSError:
        cpu = ""
    entries = dict(re.findall(r"^([^\t:\n]+?)\s*:\s*(.*)$", cpu, re.MULTILINE))
    flags = entries.get("flags", "").split()
    numbers = [
        f"{name} {entries[key]}" for name, key in (("family", "cpu family"), ("model", "model")) if key in entries
    ]
    name = " ".join([entries.get("model name", "unknown"), *([f"({', '.join(numbers)})"] if numbers else [])])
    widths = [name for name, flag in (("AVX-512", "avx512dq"), ("AVX2", "avx2")) if flag in flags]
    return {
        "processor": name,
        "vector instructions": ", ".join(widths) or "baseline",
        "cores": str(os.cpu_count()),
        "load average": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
