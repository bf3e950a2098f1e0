"""The page by hand through a browser: ``python tests/benchmarks/explore_browser.py [--peer PEER/bin/python]``.

Starts ``mne-hnn explore`` on the demo, the full column with three drives beside a cortex, and opens it in Chromium
without a window (1280 x 720). Drags sliders of a drive as the mouse does, each time to a new place, once the picture of
the change before is there. Times are those of the page's own clock: from the last move of the mouse to the frame after
the picture of the dipole was loaded, first the coarse one, then that of the full column (which may come so soon that it
is the first); from a click on Undo, while
the full column is simulated, to the frame in which the fields have the values of before. Memory is the proportional set
size of the page's process with its workers, and of the browser's processes: as it is, with the pictures that Chromium
has decoded and keeps as long as there is room, and after it was told that there is none.

With ``--peer``, an interpreter that has ``hnn-core[gui]``, its window is timed, too: see ``peer_window_time.py``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from _timing import machine, say, table  # noqa: E402
from explore_page import Visitor, serving  # noqa: E402
from report_browser import open_browser, wait_until  # noqa: E402

ASKED = {"coarse": 0.4, "full": 1.5, "click": 0.1}
SLIDERS = ("Time (ms)", "Spread (ms)")
DRIVE = "evprox1"
PATIENCE_s = 20.0  # without a picture a change is not counted
QUIET_s = 0.5
_WATCH = """
window.seen = {pictures: [], moved: 0, answered: 0};
const frame = what => requestAnimationFrame(() => requestAnimationFrame(what));
document.addEventListener('load', event => {
    if (event.target.id === 'dipole') frame(() => window.seen.pictures.push(performance.now()));
}, true);
document.addEventListener('mousemove', event => { if (event.buttons) window.seen.moved = performance.now(); }, true);
const values = () => [...document.querySelectorAll('input.number')].map(field => field.value).join(' ');
document.addEventListener('click', event => {
    if (!event.target.closest('#undo')) return;
    const before = values(), begun = performance.now();
    const look = () => {
        if (values() !== before) window.seen.answered = performance.now() - begun;
        else requestAnimationFrame(look);
    };
    look();
}, true);
"""
_PLACE = """
const thumb = document.querySelector(`[role=slider][aria-label='${arguments[0]}']`);
const own = thumb.getBoundingClientRect(), all = thumb.parentElement.getBoundingClientRect();
return [own.x + own.width / 2, own.y + own.height / 2, all.x, all.width];
"""


class Hand:
    """Moves sliders of the page, and reads what the page noted."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.browser = visitor, visitor.browser
        self._moves = 0
        self.browser.execute_script(_WATCH)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        self.browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def seen(self) -> dict[str, Any]:
        """Return what the page noted."""
        return dict(self.browser.execute_script("return window.seen"))

    def drag(self) -> None:
        """Drag a slider to a new place, and let go."""
        self._moves += 1
        x, y, left, width = self.browser.execute_script(_PLACE, SLIDERS[self._moves % len(SLIDERS)])
        share = (0.5 + 0.618034 * self._moves) % 1.0  # never twice the same for both sliders
        self.browser.execute_script("window.seen.pictures = []; window.seen.moved = 0")
        self._mouse("mousePressed", x, y)
        there = left + width * (0.02 + 0.28 * share)
        if abs(there - x) < 3:  # it would be the same value
            there += 0.12 * width
        self._mouse("mouseMoved", there, y)
        self._mouse("mouseReleased", there, y)

    def wait(self) -> list[float]:
        """Return when pictures came, s after the mouse was moved, once the last of them is there."""

        def done() -> bool:
            """Return whether the full column is shown, and nothing more comes."""
            now = self.browser.execute_script("return performance.now()")
            pictures = self.seen()["pictures"]
            return self.visitor.is_full() and bool(pictures) and now - pictures[-1] > 1e3 * QUIET_s

        if not wait_until(done, PATIENCE_s):
            return []  # the slider snapped back to a state that had its picture
        seen = self.seen()
        return [1e-3 * (moment - seen["moved"]) for moment in seen["pictures"]]


def tell(what: str, number: int, total: int, seconds: list[float]) -> None:
    """Show how far the benchmark is."""
    said = ", ".join(f"{one:.2f} s" for one in seconds) or "no picture"
    sys.stderr.write(f"{what} {number + 1} of {total}: {said}\n")


def latencies(hand: Hand, n_changes: int) -> dict[str, list[float]]:
    """Return seconds from a slider at its new place to the first picture and to the last."""
    found: dict[str, list[float]] = {"coarse": [], "full": []}
    for change in range(n_changes):
        hand.drag()
        pictures = hand.wait()
        if pictures:
            found["coarse"].append(pictures[0])
            found["full"].append(pictures[-1])
        tell("change", change, n_changes, pictures)
    return found


def clicks(hand: Hand, n_clicks: int) -> list[float]:
    """Return seconds from a click on Undo, while a change is simulated, to the fields that show it."""
    found = []
    for click in range(n_clicks):
        hand.drag()
        hand.browser.execute_script("window.seen.answered = 0; document.querySelector('#undo').click()")
        if not wait_until(lambda: hand.seen()["answered"], PATIENCE_s):
            raise SystemExit("The page did not answer to Undo.")
        found.append(1e-3 * hand.seen()["answered"])
        tell("click", click, n_clicks, found[-1:])
        wait_until(hand.visitor.is_full, PATIENCE_s)  # the state of before may have its picture already
        time.sleep(QUIET_s)
    return found


def memory_MB(pid: int) -> float:
    """Return the memory of a process and of all that it started, MB."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="utf-8")
        except OSError:  # ended meanwhile
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1e3


def row(words: str, kind: str, seconds: list[float]) -> list[str]:
    """Return a line of the table."""
    middle, largest = statistics.median(seconds), max(seconds)
    kept = "yes" if middle <= ASKED[kind] else "no"
    return [words, f"{ASKED[kind]:g} s", f"{middle:.3f} s", f"{largest:.3f} s", str(len(seconds)), kept]


def measure(options: argparse.Namespace) -> list[list[str]]:
    """Measure the page, and return the lines of its table."""
    command = [sys.executable, "-m", "mne_hnn", "explore", "--no-browser"]
    with tempfile.TemporaryDirectory() as folder, serving(command, Path(folder)) as served, open_browser() as browser:
        metrics = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        visitor = Visitor(browser)
        begun = time.perf_counter()
        visitor.open(served.address)
        if not wait_until(lambda: visitor.is_full() and visitor.picture(), 30 * PATIENCE_s):
            raise SystemExit("There was no first simulation.")
        say(f"first picture of the full column, with the start of the workers: {time.perf_counter() - begun:.1f} s")
        visitor.click(f"#drive-{DRIVE}")
        time.sleep(1.0)  # the panel opens
        hand = Hand(visitor)
        latencies(hand, 2)  # the sensors' process starts
        found = latencies(hand, options.changes)
        rows = [
            row("slider moved, to coarse dipole", "coarse", found["coarse"]),
            row("slider moved, to full column", "full", found["full"]),
            row("click while simulating, to its answer", "click", clicks(hand, options.changes)),
        ]
        if options.memory > 20:
            rows += remember(hand, served.process.pid, browser.service.process.pid, options.memory)
        errors = visitor.errors()
        say(f"errors of the console: {len(errors)} {errors[:3]}")
    return rows


def remember(hand: Hand, server: int, browser: int, n_changes: int) -> list[list[str]]:
    """Return lines of memory after 20 and after all changes."""
    memories = []
    for n in (20, n_changes - 20):
        latencies(hand, n)
        memories.append((memory_MB(server), memory_MB(browser), _given_back_MB(hand, browser)))
    return [
        [f"memory of {what} after {n_changes} changes", "+10 %", f"{after / before - 1:+.1%}",
         f"{before:.0f} -> {after:.0f} MB", "1", "yes" if after <= 1.1 * before else "no"]
        for what, before, after in zip(("page and workers", "browser", "browser, caches empty"), *memories, strict=True)
    ]  # fmt: skip


def _given_back_MB(hand: Hand, browser: int) -> float:
    """Return the memory of the browser once it has given back what it can."""
    hand.browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    hand.browser.execute_cdp_cmd("Memory.simulatePressureNotification", {"level": "critical"})
    time.sleep(3.0)
    return memory_MB(browser)


def peer(python: str, n_runs: int) -> list[str]:
    """Return the line of the peer's window."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told.json"
        command = [python, str(HERE / "peer_window_time.py"), str(n_runs), str(file)]
        subprocess.run(command, capture_output=True, check=True)
        told = json.loads(file.read_text(encoding="utf-8"))
    seconds = told["seconds"]
    words = f"the peer's window: button Run, to its figures ({told['tstop']:g} ms, {len(told['drives'])} drives)"
    return [words, "-", f"{statistics.median(seconds):.3f} s", f"{max(seconds):.3f} s", str(len(seconds)), "-"]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=30, help="changes, and clicks, that are timed (30)")
    parser.add_argument("--memory", type=int, default=200, help="changes after which memory is compared (200; 0: none)")
    parser.add_argument("--peer", help="interpreter with the peer and its window")
    parser.add_argument("--peer-runs", type=int, default=5, help="runs of the peer's window that are timed (5)")
    options = parser.parse_args()
    say(", ".join(f"{name}: {value}" for name, value in machine().items()))
    rows = measure(options)
    if options.peer:
        rows.append(peer(options.peer, options.peer_runs))
    say(table(["what", "asked", "median", "largest", "n", "kept"], rows))
    say(f"load average at the end: {machine()['load average']}")


if __name__ == "__main__":
    main()
