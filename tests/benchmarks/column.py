"""Time two installed builds of the column beside each other, and beside the peer, on the same core in alternation.

    python tests/benchmarks/column.py --before OLD/bin/python --after NEW/bin/python
    python tests/benchmarks/column.py --before ... --after ... --peer PEER/bin/python --what peer
    python tests/benchmarks/column.py --before ... --after ... --variants       # as compiled for other processors

Each side is a process of its interpreter that stays (``column_worker.py``), so that both are warm, and they take turns
trial by trial, the first to go changing from round to round. Tables go to standard output in Markdown, what happens to
standard error. Ratios are before / after; quote their medians, for absolute seconds depend on what else the machine
does. Ratios of CPU seconds depend on it less: where the two differ, the machine was busy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from _timing import HERE, machine, peer_seconds, pin, say, span, table

WHAT = ("exact", "search", "first", "many", "recordings", "growth", "compile", "peer")
SIDES = ("before", "after")
NATIVE, AVX2, PORTABLE = "native", "AVX2", "portable"
SEARCH = "search"
ELECTRODES = {True: "25 electrodes at 2 kHz, 10x10", False: "the same without electrodes"}
NO_SEARCH = "The build that is measured has no `precision`: nothing to say of search."

Round = dict[str, dict]


@dataclass(frozen=True, kw_only=True)
class Build:
    """An interpreter with the package, and the environment it is run in."""

    name: str
    python: str
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, **environment: str) -> Worker:
        """Start a process of it; on the cores this process is kept on."""
        return Worker(self, {**self.environment, **environment})


class Worker:
    """A process that answers requests until it is closed."""

    def __init__(self, build: Build, environment: dict[str, str]) -> None:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "MNE_HNN"))
        }
        self.name = build.name
        self.process = subprocess.Popen(
            [build.python, str(HERE / "column_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**inherited, **environment},
            cwd=tempfile.gettempdir(),  # not where a folder mne_hnn may be
        )

    def ask(self, task: str, **options: object) -> dict:
        """Return the answer to a request."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"task": task, **options}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"The process of {self.name!r} ended at {task} {options}: what it said is above.")
        return json.loads(line)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Session:
    """What is compared, on which cores, how often; and all that was measured."""

    builds: dict[str, Build]
    options: argparse.Namespace
    about: dict[str, dict] = field(default_factory=dict)
    measured: dict[str, list[Round]] = field(default_factory=dict)

    def pinned(self, cores: int) -> None:
        """Keep what is started from now on to so many cores."""
        pin(self.options.cores[:cores])

    def workers(self, stack: ExitStack) -> dict[str, Worker]:
        """Start both sides, compiled and loaded."""
        pair = {side: stack.enter_context(build.start()) for side, build in self.builds.items()}
        for side, worker in pair.items():
            worker.ask("start")
            self.about[side] = self.about.get(side) or worker.ask("about")
        return pair

    @property
    def has_search(self) -> bool:
        """Whether the build that is measured can be less exact."""
        return bool(self.about["after"]["precision"])

    def alternate(self, name: str, pair: dict[str, Worker], request: Callable[[str, int], dict]) -> None:
        """Ask both sides in turn, and keep what they answer under a name."""
        rounds = self.measured.setdefault(name, [])
        for k in range(self.options.rounds):
            order = SIDES if k % 2 == 0 else SIDES[::-1]
            answers = {side: pair[side].ask(**request(side, k)) for side in order}
            rounds.append({side: answers[side] for side in SIDES})
            tell(f"{name}: " + ", ".join(f"{side} {answers[side]['seconds']:.3f} s" for side in SIDES))


def tell(text: str) -> None:
    """Say on standard error what happens."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def trials(session: Session, name: str, **options: object) -> None:
    """Measure trials of one kind, each side warmed by one that does not count."""
    after = {"precision": options.pop("precision")} if "precision" in options else {}
    changes = [key for key in ("first", "candidate") if options.pop(key, False)]

    def request(side: str, k: int) -> dict:
        return {
            "task": "trial",
            "seed": 100 + k,
            **options,
            **dict.fromkeys(changes, k),
            **(after if side == "after" else {}),
        }

    session.pinned(1)
    with ExitStack() as stack:
        pair = session.workers(stack)
        if after and not session.has_search:
            say(NO_SEARCH)
            return
        for side in SIDES:
            pair[side].ask(**{**request(side, 0), **dict.fromkeys(changes)})
        session.alternate(name, pair, request)


def exact(session: Session) -> None:
    """Further trials, and other drives."""
    trials(session, "further trial, 10x10")
    trials(session, "further trial, 3x3", size=3)
    trials(session, "other drives, 10x10", candidate=True)


def first(session: Session) -> None:
    """Trials of a network that is built anew."""
    trials(session, "first trial, 10x10", first=True)


def search(session: Session) -> None:
    """Further trials in search mode, against the exact ones of the build before."""
    trials(session, "search, further trial, 10x10", precision=SEARCH)


def many(session: Session) -> None:
    """Batches of candidates on all cores named, none of them seen before."""
    cores, n = len(session.options.cores), session.options.candidates
    session.pinned(cores)
    with ExitStack() as stack:
        pair = session.workers(stack)
        for mode in ("exact", SEARCH) if session.has_search else ("exact",):
            after = {} if mode == "exact" else {"precision": SEARCH}

            def request(side: str, k: int, n: int = n, after: dict = after) -> dict:
                options = after if side == "after" else {}
                return {"task": "many", "draw": (k + 1) * n, "n": n, "n_jobs": cores, **options}

            for side in SIDES:
                pair[side].ask(**request(side, -1, 2 * cores))
            session.alternate(f"simulate_many, {n} candidates, {cores} processes, {mode}", pair, request)
    if not session.has_search:
        say(NO_SEARCH)


def recordings(session: Session) -> None:
    """What 25 electrodes cost each side, relative to the same column without them."""
    session.pinned(1)
    with ExitStack() as stack:
        pair = session.workers(stack)
        for k in range(session.options.rounds):
            found: dict[bool, Round] = {True: {}, False: {}}
            for side in SIDES if k % 2 == 0 else SIDES[::-1]:
                for electrodes in (True, False):  # the trial before brings the column into the state for the next
                    pair[side].ask("trial", electrodes=electrodes, seed=1)
                    found[electrodes][side] = pair[side].ask("trial", electrodes=electrodes, seed=100 + k)
            for electrodes, name in ELECTRODES.items():
                session.measured.setdefault(name, []).append(found[electrodes])
            tell(f"electrodes: {', '.join(f'{side} {cost(found, side):.2f}' for side in SIDES)} times a plain run")


def cost(found: dict[bool, Round], side: str) -> float:
    """Return how many times as long a run with electrodes takes."""
    return found[True][side]["seconds"] / found[False][side]["seconds"]


def growth(session: Session) -> None:
    """First and further trial and peak memory by mesh size, each time in a process of its own."""
    session.pinned(1)
    for size in session.options.sizes:
        rounds = session.measured.setdefault(f"growth, {size}x{size}", [])
        for k in range(session.options.rounds):
            answers = {}
            for side in SIDES if k % 2 == 0 else SIDES[::-1]:
                with session.builds[side].start() as worker:
                    worker.ask("start")
                    took = {name: worker.ask("trial", size=size, seed=k)["seconds"] for name in ("first", "further")}
                    answers[side] = {**took, **worker.ask("memory")}
                    if not rounds:
                        answers[side] |= worker.ask("routes", size=size)
                    session.about[side] = session.about.get(side) or worker.ask("about")
            rounds.append({side: answers[side] for side in SIDES})
            tell(f"growth, {size}x{size}: {rounds[-1]}")


def compilation(session: Session) -> None:
    """The first use in an empty cache, less that in one that is filled, on all cores named."""
    session.pinned(len(session.options.cores))
    rounds = session.measured.setdefault("first use, less a later one", [])
    for k in range(session.options.rounds):
        answers = {}
        for side in SIDES if k % 2 == 0 else SIDES[::-1]:
            with tempfile.TemporaryDirectory() as cache:
                uses = []
                for _ in range(2):
                    with session.builds[side].start(MNE_HNN_CACHE=cache) as worker:
                        uses.append(worker.ask("start"))
                        session.about[side] = session.about.get(side) or worker.ask("about")
            answers[side] = {what: uses[0][what] - uses[1][what] for what in ("seconds", "cpu")}
        rounds.append({side: answers[side] for side in SIDES})
        tell(f"compile: {rounds[-1]}")


def peer(session: Session) -> None:
    """One trial each of the peer, the build before, and the build after, exact and in search."""
    session.pinned(1)
    rounds = session.measured.setdefault("peer", [])
    with ExitStack() as stack:
        pair = session.workers(stack)
        runs = {"peer": lambda _: {"seconds": peer_seconds(session.options.peer, 1, 1)}}
        runs |= {side: (lambda k, side=side: pair[side].ask("trial", seed=100 + k)) for side in SIDES}
        if session.has_search:
            runs[SEARCH] = lambda k: pair["after"].ask("trial", seed=100 + k, precision=SEARCH)
        for name in list(runs)[1:]:
            runs[name](-1)
        for k in range(session.options.rounds):
            names = [*list(runs)[k % len(runs) :], *list(runs)[: k % len(runs)]]
            answers = {name: runs[name](k) for name in names}
            rounds.append({name: answers[name] for name in runs})
            tell("peer: " + ", ".join(f"{name} {answers[name]['seconds']:.2f} s" for name in runs))


MEASURES = dict(
    zip(WHAT, (exact, search, first, many, recordings, growth, compilation, peer), strict=True),
)


def medians(rounds: list[Round], side: str, what: str = "seconds") -> float:
    """Return the median over rounds."""
    return statistics.median(answers[side][what] for answers in rounds)


def ratios(rounds: list[Round], what: str = "seconds", above: str = "before", below: str = "after") -> list[float]:
    """Return a ratio per round."""
    return [answers[above][what] / answers[below][what] for answers in rounds]


def same_spikes(rounds: list[Round]) -> str:
    """Return in how many rounds the same cells fired at the same times."""
    if "spikes" not in rounds[0]["before"]:
        return ""
    same = sum(answers["before"]["spikes"] == answers["after"]["spikes"] for answers in rounds)
    return f"{same} of {len(rounds)}"


def show(session: Session) -> None:
    """Print tables of all that was measured."""
    plain = {name: rounds for name, rounds in session.measured.items() if name != "peer" and "growth" not in name}
    rows = []
    for name, rounds in plain.items():
        seconds = [f"{medians(rounds, side):.3f}" for side in SIDES]
        processor = span(ratios(rounds, "cpu"))
        rows.append([name, *seconds, span(ratios(rounds)), processor, "" if SEARCH in name else same_spikes(rounds)])
    if rows:
        heads = [
            "before (s)",
            "after (s)",
            "before / after: median (min - max)",
            "the same of CPU seconds",
            "same spikes",
        ]
        say("\n" + table(["", *heads], rows))
    if ELECTRODES[True] in plain:
        say("")
        for side in SIDES:
            pairs = zip(plain[ELECTRODES[True]], plain[ELECTRODES[False]], strict=True)
            costs = [cost({True: recorded, False: bare}, side) for recorded, bare in pairs]
            say(f"25 electrodes, {side}: {span(costs)} times a run without")
    show_growth({name: rounds for name, rounds in session.measured.items() if "growth" in name})
    show_peer(session.measured.get("peer", []))


def show_growth(measured: dict[str, list[Round]]) -> None:
    """Print seconds and memory by mesh size."""
    rows = []
    for name, rounds in measured.items():
        known = rounds[0]["after"]
        row = [name.split()[-1], str(known["cells"]), f"{known['routes']:,}"]
        for what, digits in (("first", 2), ("further", 2), ("memory", 0)):
            row += [f"{medians(rounds, side, what):.{digits}f}" for side in SIDES]
            row.append(span(ratios(rounds, what)))
        rows.append(row)
    if rows:
        heads = [f"{what}, {side}" for what in ("first (s)", "further (s)", "peak (MB)") for side in (*SIDES, "ratio")]
        say("\n" + table(["mesh", "cells", "routes", *heads], rows))


def show_peer(rounds: list[Round]) -> None:
    """Print what the peer takes, and how many times as long that is."""
    if not rounds:
        return
    rows = [["peer", f"{medians(rounds, 'peer'):.1f}", ""]]
    for name in list(rounds[0])[1:]:
        rows.append([name, f"{medians(rounds, name):.3f}", span(ratios(rounds, above="peer", below=name), 1)])
    say("\n" + table(["one trial, 10x10", "seconds", "peer / this: median (min - max)"], rows))


def show_head(session: Session, before: str) -> None:
    """Print what was measured on, and with."""
    facts = machine()
    facts["load average"] = f"{before} at the start, {facts['load average']} at the end"
    facts["cores used"] = " ".join(map(str, session.options.cores))
    facts["rounds"] = str(session.options.rounds)
    say("\n" + "\n".join(f"- {name}: {value}" for name, value in facts.items()))
    for side, about in session.about.items():
        say(
            f"- {side}: mne-hnn {about['mne_hnn']} in {about['folder']}, NEURON {about['neuron']}, "
            f"{about['compiler']}, mechanisms {about['mechanisms']!r} compiled for {about['compiled for']}"
        )


def kinds(cache: Path) -> dict[str, dict[str, str]]:
    """Return the environment that makes mechanisms for each kind of processor this one can stand for."""
    found: dict[str, dict[str, str]] = {NATIVE: {}}
    if "AVX-512" in machine()["vector instructions"]:
        compiler = cache / "g++-without-avx512"
        cache.mkdir(parents=True, exist_ok=True)
        # after all flags of the package, whose -march=native would bring them back
        command = shutil.which("g++") or "c++"
        compiler.write_text(f'#!/bin/sh\nexec {command} "$@" -mno-avx512f\n', encoding="utf-8")
        compiler.chmod(0o755)
        found[AVX2] = {"CXX": str(compiler)}
    found[PORTABLE] = {"MNE_HNN_MECHANISMS": "portable"}
    return found


def measure(options: argparse.Namespace, kind: str, environment: dict[str, str], found: dict[str, dict]) -> None:
    """Measure what was asked for with mechanisms for one kind of processor, keep it, and print it."""
    began = machine()["load average"]
    builds = {}
    for side in SIDES:
        path = getattr(options, f"{side}_path")
        place = {"MNE_HNN_CACHE": str(options.cache / kind), **({"PYTHONPATH": str(path)} if path else {})}
        builds[side] = Build(name=side, python=getattr(options, side), environment={**place, **environment})
    session = Session(builds, options)
    for name in options.what:
        MEASURES[name](session)
        found[kind] = {"machine": machine(), "builds": session.about, "rounds": session.measured}
        if options.json:
            options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    show_head(session, began)
    show(session)


def parsed() -> argparse.Namespace:
    """Return what was asked for, checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, help="python of an environment with the earlier build")
    parser.add_argument("--after", required=True, help="python of an environment with the build that is measured")
    for side in SIDES:
        parser.add_argument(f"--{side}-path", type=Path, help=f"a working copy to take instead of what {side} has")
    parser.add_argument("--peer", help="python of an environment with hnn-core 0.6.1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--what", nargs="+", choices=WHAT, help="all by default, the peer if it is named")
    parser.add_argument("--candidates", type=int, default=128)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 5, 10, 15, 20])
    parser.add_argument("--cores", type=int, nargs="+", default=[0, 1], help="the first alone, but for batches")
    parser.add_argument("--variants", action="store_true", help="exact and search, as compiled for other processors")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mne-hnn-column")
    parser.add_argument("--json", type=Path, help="write all rounds to this file")
    options = parser.parse_args()
    wanted = options.what or (["exact", "search"] if options.variants else WHAT)
    if "peer" in (options.what or ()) and not options.peer:
        parser.error("--what peer needs --peer PYTHON, the python of an environment with hnn-core 0.6.1")
    options.what = [name for name in WHAT if name in wanted and (name != "peer" or options.peer)]
    options.cache = options.cache.absolute()
    return options


def main() -> None:
    """Measure, and keep what was measured."""
    options = parsed()
    found: dict[str, dict] = {}
    for kind, environment in kinds(options.cache).items() if options.variants else [(NATIVE, {})]:
        if options.variants:
            say(f"\n## Compiled for: {kind}")
        measure(options, kind, environment, found)


if __name__ == "__main__":
    main()
