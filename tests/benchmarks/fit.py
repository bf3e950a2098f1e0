"""What the fits reach, and how fast, beside hnn-core.

    python tests/benchmarks/fit.py waveform FILE [FILE ...]        # text files: time (ms), moment (nA m)
        [--smooth-ms 30] [--area-mm2 314] [--peak-nAm 33] [--steps emulator]
    python tests/benchmarks/fit.py somato                          # the digitised S1 waveform that the package carries
    python tests/benchmarks/fit.py gallery FILE                    # the published start with its 3 free parameters
    python tests/benchmarks/fit.py shift [--trials 5]              # one drive shifted by 10 to 40 ms
    python tests/benchmarks/fit.py peer FILE --peer PEER/bin/python    # wall time of 200 evaluations, and to one loss
    python tests/benchmarks/fit.py peer-optimizer FILE --peer PEER/bin/python [--evaluations 50] [--folder FOLDER]
    python tests/benchmarks/fit.py kill [--times 20] [--folder FOLDER]   # SIGKILL, resume, compare bytes

``peer-optimizer`` gives the peer's own optimizer the same target, the published sequence, and the 90 % ranges of our
prior, and then explains the target with the defaults. FOLDER keeps the plan and a line for each of the peer's
evaluations, so that a search that was made is not repeated; without ``--peer`` the plan is written, and nothing run.

``kill`` lets a small fit end with 1, 2 and 3 workers, then kills it at random moments, either the process that was
started or all of them, and lets another number of workers go on; FOLDER keeps what was done for the same command.

FILE for gallery and peer is yes_trial_S1_ERP_all_avg.txt of https://github.com/jonescompneurolab/hnn-data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _timing import cpu_seconds
from compare import peer_seconds

from mne_hnn import Dipole
from mne_hnn.compare import r_squared
from mne_hnn.fit import CircuitPrior, DriveSettings, EvokedSettings, Level, Parameter, fit_drives, fit_evoked
from mne_hnn.fit.circuit_vector import circuit_inputs
from mne_hnn.fit.evoked_settings import STEPS
from mne_hnn.fit.linear import delay_ms
from mne_hnn.fit.sequence import drive_names
from mne_hnn.network import Network, jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.source.demo import median_nerve_waveform


def say(text: str) -> None:
    """Write a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def quiet(_tried: int, _loss: float) -> None:
    """Show no progress."""


def read(path: str) -> Dipole:
    """Read a waveform from a text file."""
    table = np.loadtxt(path)
    return Dipole.from_nAm(table[:, 0], {"agg": table[:, 1]}, comment=Path(path).stem)


def as_target(waveform: Dipole, peak_nAm: float | None, area_mm2: float | None) -> Dipole:
    """Return a waveform every ms, as sources are: with the peak and the patch that it is said to have."""
    times = np.arange(0.0, waveform.times[-1] + 1e-9, 1e-3)
    moment = np.interp(times, waveform.times, waveform["agg"])
    if peak_nAm is not None:
        moment = moment * peak_nAm * 1e-9 / np.abs(moment).max()
    provenance = {"unit": "A m"} if area_mm2 is None else {"unit": "A m", "area_mm2": area_mm2}
    return Dipole(moment[None], times, ["agg"], comment=waveform.comment, provenance=provenance)


def demo_target() -> Dipole:
    """Return the S1 waveform that the package carries, 0 to 170 ms."""
    times = np.arange(511) / 3003.0
    return Dipole(median_nerve_waveform(times)[None], times, ["agg"], comment="somato")


def evoked(target: Dipole, options: argparse.Namespace) -> None:
    """Fit a waveform with nothing set by hand but its smoothing, its peak, and its patch."""
    target = as_target(target, options.peak_nAm, options.area_mm2)
    settings = EvokedSettings(smooth_ms=options.smooth_ms, steps=options.steps)
    began, used = time.perf_counter(), cpu_seconds()
    explanations = fit_evoked(jones_2009(), target, settings, n_jobs=options.n_jobs, progress=quiet)
    say(
        f"{target.comment}: {time.perf_counter() - began:.0f} s ({cpu_seconds() - used:.0f} s of the processor), "
        f"verdict {explanations.verdict}"
    )
    for item in explanations:
        drives = ", ".join(f"{place[:4]} {mu:.0f}" for place, mu in item.sequence)
        spikes = ", ".join(f"{cell} {count.per_cell:.2g}" for cell, count in item.spikes.types.items())
        say(
            f"  {item.regime}: R2 {item.r_squared:.4f} with fresh seeds (single trials "
            f"{item.fit.scores.trial_r_squared:.3f}, trials of the search {1 - item.fit.scores.search_loss:.4f}), "
            f"evidence {item.evidence.value:.1f} ± {item.evidence.error:.1f}, {item.columns:.3g} columns, {drives}; "
            f"spikes per cell: {spikes}; beyond two deviations: {item.far or 'nothing'} {' '.join(item.refusals)}"
        )


def gallery_start() -> tuple[Network, list[Parameter]]:
    """Return the published start and its three free parameters with their bounds."""
    network = with_erp_drives(jones_2009())
    weights = {**network.drives["evprox2"].weights_ampa, "L5_pyramidal": 0.1}
    network = network.with_drive_changes("evprox2", mu_ms=120.0, sigma_ms=1.0, weights_ampa=weights)
    return network, [
        Parameter(path="drives.evprox2.weights_ampa.L5_pyramidal", low=0.01, high=1.0, scale="log"),
        Parameter(path="drives.evprox2.mu_ms", low=100.0, high=150.0),
        Parameter(path="drives.evprox2.sigma_ms", low=1.0, high=20.0),
    ]


def gallery(target: Dipole, n_jobs: int) -> None:
    """Fit the three parameters; scale and smoothing are the published ones."""
    network, parameters = gallery_start()
    for optimizer in ("auto", "cma"):
        began = time.perf_counter()
        fit = fit_drives(
            network,
            target,
            parameters,
            settings=DriveSettings(
                optimizer=optimizer, scale=3000.0, smooth_ms=30.0, max_evaluations=90, n_trials=4, intervals=False
            ),
            objective="rmse",
            n_jobs=n_jobs,
            progress=quiet,
        )
        best = fit.convergence()
        say(
            f"gallery start, {fit.settings.optimizer}: RMSE {best[0]:.1f} -> {best[49]:.2f} (50 evaluations) -> "
            f"{best[-1]:.2f} nAm ({len(best)}), with fresh seeds {fit.scores.loss:.2f}, "
            f"{time.perf_counter() - began:.0f} s"
        )


def shift(n_trials: int, n_jobs: int) -> None:
    """Shift one of the published drives, and look for its time."""
    network = with_erp_drives(jones_2009())
    worst = 0.0
    cases = {"evdist1": (10, -40), "evprox1": (-20, 40), "evprox2": (-10, -30)}
    for name, shifts in cases.items():
        mu = network.drives[name].mu_ms
        for by in shifts:
            truth = network.with_drive_changes(name, mu_ms=mu + by)
            made = simulate(truth, 170.0, n_trials=10, seed=77, n_jobs=n_jobs, verbose="error").dipole
            made.smooth(30).scale(3000)
            target = Dipole(made["agg"][None, ::40], made.times[::40], ["agg"])
            around = Parameter(path=f"drives.{name}.mu_ms", low=max(mu - 50, 1.0), high=min(mu + 50, 169.0))
            fit = fit_drives(
                network,
                target,
                [around],
                settings=DriveSettings(smooth_ms=30.0, max_evaluations=29, n_trials=n_trials, n_final=2),
                n_jobs=n_jobs,
                progress=quiet,
            )
            one = fit.estimates[0]
            worst = max(worst, abs(one.value - mu - by))
            say(f"{name} by {by:+d} ms: at {mu + by:.2f}, found {one.value:.2f} ({one.low:.1f} to {one.high:.1f}) ms")
    say(f"largest error {worst:.2f} ms")


def peer(python: str, target: Dipole, n_jobs: int, rounds: int) -> None:
    """Time evaluations of the peer and fits, alternating."""
    network, parameters = gallery_start()
    per_evaluation, full, graded = [], [], []
    losses = []
    for number in range(rounds):
        per_evaluation.append(peer_seconds(python, 2, 2))
        if number == 0:
            began = time.perf_counter()
            fit_drives(
                network,
                target,
                parameters,
                settings=DriveSettings(
                    scale=3000.0,
                    smooth_ms=30.0,
                    max_evaluations=200,
                    levels=[Level(n_trials=2)],
                    n_final=1,
                    intervals=False,
                ),
                objective="rmse",
                n_jobs=n_jobs,
                progress=quiet,
            )
            full.append(time.perf_counter() - began)
        began = time.perf_counter()
        settings = EvokedSettings(n_final=2, smooth_ms=30.0, regimes="spiking")
        fit = fit_evoked(jones_2009(), target, settings, n_jobs=n_jobs, progress=quiet).first.fit
        graded.append(time.perf_counter() - began)
        losses.append(float(np.sqrt(np.mean(target["agg"] ** 2))) * fit.scores.nrmse * 1e9)
    each = statistics.median(per_evaluation)
    say(
        f"peer: {each:.1f} s per evaluation (median of {rounds}: two trials on two processes), times 200 = "
        f"{200 * each:.0f} s\n200 evaluations of the full column, two trials each: {full[0]:.0f} s, ratio "
        f"{200 * each / full[0]:.1f}\nfit_evoked: {statistics.median(graded):.0f} s to RMSE {max(losses):.1f} nAm; the "
        f"peer's 50 evaluations take {50 * each:.0f} s, ratio {50 * each / statistics.median(graded):.0f}"
    )


PUBLISHED = (("proximal", 26.61), ("distal", 63.53), ("proximal", 137.12))
"""The drives whose times, spreads and weights the peer's optimizer is to find, and when they are expected."""
PUBLISHED_SCALE, PUBLISHED_SMOOTH_MS, GOOD = 3000.0, 30.0, 0.95


def peer_plan(file: str) -> dict[str, Any]:
    """Return what the peer's optimizer is to do: drives, and the 90 % ranges of what is free in them."""
    network, prior = jones_2009(), CircuitPrior()
    drives, ranges = [], {}
    for name, (place, mu) in zip(drive_names([place for place, _ in PUBLISHED]), PUBLISHED, strict=True):
        low, high = prior.time_ms.interval()
        ranges[f"{name}.mu_ms"] = (mu + low, mu + high)
        ranges[f"{name}.sigma_ms"] = prior.spread_ms.interval()
        cells: dict[str, list[str]] = {"ampa": [], "nmda": []}
        for one in circuit_inputs(network):
            if one.location == place:
                cells[one.receptor].append(one.cell_type)
                ranges[f"{name}.{one.receptor}.{one.cell_type}"] = prior.weight(one.receptor, one.cell_type).interval()
        delays = {cell: delay_ms(network, place, cell) for some in cells.values() for cell in some}
        drives.append({"name": name, "location": place, "cells": cells, "delays_ms": delays})
    return {
        "waveform": str(Path(file).resolve()),
        "smooth_ms": PUBLISHED_SMOOTH_MS,
        "scale": PUBLISHED_SCALE,
        "drives": drives,
        "ranges": ranges,
    }


def peer_optimizer(options: argparse.Namespace) -> None:
    """Let the peer's optimizer search, then explain the same target with nothing set by hand."""
    file = options.files[0]
    folder = options.folder or Path(tempfile.mkdtemp(prefix="peer_optimizer_"))
    folder.mkdir(parents=True, exist_ok=True)
    plan, lines = folder / "plan.json", folder / "evaluations.jsonl"
    plan.write_text(json.dumps(peer_plan(file), indent=1))
    given = ["--evaluations", str(options.evaluations), "--solver", options.solver, "--mesh", str(options.mesh)]
    command = [str(Path(__file__).with_name("peer_optimizer.py")), str(plan), str(lines), *given]
    if not options.peer:
        say(f"PEER/bin/python {' '.join(command)}")
        return
    subprocess.run([options.peer, *command], check=True, stdout=subprocess.DEVNULL)
    target = read(file)
    settings = EvokedSettings(
        smooth_ms=PUBLISHED_SMOOTH_MS, regimes="spiking", members=options.members, generations=options.generations
    )
    network = jones_2009((options.mesh, options.mesh))
    simulate(with_erp_drives(network), 1.0, verbose="error")  # mechanisms are compiled, which is done once
    began, busy = time.perf_counter(), cpu_seconds()
    explanation = fit_evoked(network, target, settings, n_jobs=options.n_jobs, progress=quiet).first
    seconds, busy = time.perf_counter() - began, cpu_seconds() - busy
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    tried, last = [row for row in rows if "evaluation" in row], rows[-1]
    say(peer_line(tried, last, target))
    say(
        f"fit_evoked, n_jobs={options.n_jobs}: {seconds:.0f} s ({busy:.0f} s of processors) to R2 "
        f"{explanation.r_squared:.4f} with fresh seeds"
    )
    if explanation.r_squared < GOOD:
        say(f"no ratio, as fit_evoked did not reach R2 {GOOD}")
    elif good := good_after(tried, last, target):
        say(f"the peer takes {good / seconds:.1f} times as long to R2 {GOOD}")
    else:
        ratio = tried[-1]["since_start"] / seconds
        say(f"the peer takes more than {ratio:.1f} times as long: its search did not reach R2 {GOOD}")


def peer_line(tried: list[dict[str, Any]], last: dict[str, Any], target: Dipole) -> str:
    """Return what the peer's search came to, by the same score as ours."""
    first, final = tried[0], tried[-1]
    kinds = ("seconds", "processor_seconds")
    each, busy = (statistics.median(row.get(kind, np.nan) for row in tried) for kind in kinds)
    return (
        f"peer, {first['solver']}: R2 {peer_score(last, target):.4f} with fresh seeds, {len(tried)} evaluations "
        f"({last['r_squared_best_scale']:.4f} if scaled by {last['best_scale']:.4g} instead of {PUBLISHED_SCALE:g}), "
        f"{each:.1f} s ({busy:.1f} s of a processor) per evaluation (medians), {final['since_start']:.0f} s in all; "
        f"objective {first['objective']:.2f} -> {final['best']:.2f} nAm"
    )


def peer_score(last: dict[str, Any], target: Dipole) -> float:
    """Return R² of the peer's fresh trials in the window in which fits are judged."""
    found = Dipole.from_nAm(last["times_ms"], {"agg": last["moment_nAm"]})
    return r_squared(found, target, tmin=float(target.times[target.times > 0][0]))


def good_after(tried: list[dict[str, Any]], last: dict[str, Any], target: Dipole) -> float | None:
    """Return after how many seconds the peer's search was good, None if its best is not in fresh trials."""
    enough_nAm = float(np.std(target["agg"])) * 1e9 * np.sqrt(1 - GOOD)
    good = [row["since_start"] for row in tried if row["objective"] <= enough_nAm]
    return good[0] if good and peer_score(last, target) >= GOOD else None


SMALL = """
import sys
import numpy as np
from mne_hnn.fit import EvokedSettings, fit_evoked
from mne_hnn.network import jones_2009
from mne_hnn.source.demo import median_nerve_waveform
from mne_hnn import Dipole
if __name__ == "__main__":
    times = np.arange(211) / 3003.0
    target = Dipole(median_nerve_waveform(times)[None], times, ["agg"])
    settings = EvokedSettings(
        n_final=1, refine=1, max_drives=2, members=12, generations=2, max_sequences=2, finalists=1)
    found = fit_evoked(
        jones_2009((3, 3)), target, settings, checkpoint=sys.argv[1], progress=lambda *_: None, n_jobs=int(sys.argv[3]))
    found.save(sys.argv[2])
"""
MOST_WORKERS, ENDS_WITHIN_s = 3, 20.0


def small_fit(place: Path, result: Path, n_jobs: int) -> subprocess.Popen[bytes]:
    """Start a small fit, in a session of its own."""
    command = [sys.executable, "-c", SMALL, str(place), str(result), str(n_jobs)]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(place: Path, result: Path, n_jobs: int) -> tuple[str, float]:
    """Let a small fit come to its end; return the digest of what it saved, and the seconds it took."""
    began = time.perf_counter()
    if small_fit(place, result, n_jobs).wait():
        raise SystemExit(f"The small fit with n_jobs={n_jobs} failed: run it without kill to see why.")
    return hashlib.sha256(result.read_bytes()).hexdigest(), time.perf_counter() - began


def ended(group: int) -> bool:
    """Return whether all processes of a session end by themselves; those that do not are killed."""
    until = time.monotonic() + ENDS_WITHIN_s
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.2)
    os.killpg(group, signal.SIGKILL)
    return False


def broken(number: int, seconds: dict[int, float], folder: Path) -> dict[str, Any]:
    """Kill a small fit at a random moment, resume it with another number of workers, and return what came of it."""
    stream, n_jobs = random.Random(number), 1 + number % MOST_WORKERS
    place, result = folder / f"{number}", folder / f"{number}.npz"
    share, alone = stream.uniform(0.05, 0.95), number // MOST_WORKERS % 2 == 1
    while True:
        shutil.rmtree(place, ignore_errors=True)
        result.unlink(missing_ok=True)
        process = small_fit(place, result, n_jobs)
        try:
            process.wait(share * seconds[n_jobs])
        except subprocess.TimeoutExpired:
            break
        share /= 2  # it was faster than the unbroken one, and there was nothing left to kill
    process.kill() if alone else os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone = ended(process.pid)
    kept = len(list(place.glob("batch-*")))
    digest, _ = finished(place, result, then := 1 + (number + 1) % MOST_WORKERS)
    shutil.rmtree(place)
    what = "the first process" if alone else "all processes"
    said = f"{what} of n_jobs={n_jobs} killed after {share * seconds[n_jobs]:.1f} of {seconds[n_jobs]:.1f} s"
    said += f", {kept} batches kept, resumed with n_jobs={then}"
    return {"number": number, "digest": digest, "gone": gone, "said": said}


def kill(times: int, folder: Path) -> None:
    """Kill a small fit at random moments; what it ends with must be what unbroken ones end with."""
    folder.mkdir(parents=True, exist_ok=True)
    wholes, file = folder / "unbroken.json", folder / "kill.jsonl"
    if not wholes.exists():
        finished(folder / "first", folder / "first.npz", 1)  # mechanisms are compiled
        found = [finished(folder / f"whole{n}", folder / f"whole{n}.npz", n) for n in range(1, MOST_WORKERS + 1)]
        wholes.write_text(json.dumps(found))
    unbroken = json.loads(wholes.read_text())
    seconds = {1 + k: took for k, (_, took) in enumerate(unbroken)}
    say(f"unbroken, with 1 to {MOST_WORKERS} workers: {len({digest for digest, _ in unbroken})} different results")
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    same = 0
    for number in range(times):
        if number == len(rows):
            rows.append(broken(number, seconds, folder))
            with file.open("a") as stream:
                stream.write(json.dumps(rows[-1]) + "\n")
        row = rows[number]
        same += row["digest"] == unbroken[0][0]
        left = "" if row["gone"] else f", processes left {ENDS_WITHIN_s:g} s later"
        say(f"{row['said']}{left}: {same} of {number + 1} the same")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("waveform", "somato", "gallery", "shift", "peer", "peer-optimizer", "kill"))
    parser.add_argument("files", nargs="*")
    parser.add_argument("--peer")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--smooth-ms", type=float, default=EvokedSettings().smooth_ms, help="of waveform and somato")
    parser.add_argument("--peak-nAm", type=float, help="of waveform and somato: what the waveform is scaled to")
    parser.add_argument("--area-mm2", type=float, help="of waveform and somato: the patch")
    parser.add_argument("--steps", choices=STEPS, default=EvokedSettings().steps, help="of waveform and somato")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="of peer-optimizer and kill, which go on where they were")
    parser.add_argument("--evaluations", type=int, default=50, help="of the peer's optimizer")
    parser.add_argument("--solver", choices=("bayesian", "cobyla"), default="bayesian", help="of the peer's optimizer")
    parser.add_argument("--mesh", type=int, default=10, help="of peer-optimizer: fewer cells, to try the command")
    parser.add_argument("--members", type=int, default=96, help="of peer-optimizer: a smaller ensemble, to try it")
    parser.add_argument("--generations", type=int, default=4, help="of peer-optimizer")
    options = parser.parse_args()
    if options.what in ("waveform", "gallery", "peer", "peer-optimizer") and not options.files:
        parser.error(f"{options.what} needs a FILE")
    if options.what == "waveform":
        for path in options.files:
            evoked(read(path), options)
    elif options.what == "somato":
        evoked(demo_target(), options)
    elif options.what == "gallery":
        gallery(read(options.files[0]), options.n_jobs)
    elif options.what == "shift":
        shift(options.trials, options.n_jobs)
    elif options.what == "peer":
        peer(options.peer, read(options.files[0]), options.n_jobs, options.rounds)
    elif options.what == "peer-optimizer":
        peer_optimizer(options)
    else:
        kill(options.times, options.folder or Path(tempfile.mkdtemp(prefix="kill_")))


if __name__ == "__main__":
    main()
