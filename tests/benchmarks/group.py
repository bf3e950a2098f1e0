# ruff: noqa: T201 - what is measured is told
"""A group analysis killed at random moments, and what it costs.

python tests/benchmarks/group.py kill --kills 30
python tests/benchmarks/group.py cost
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import mne
import numpy as np

CONFIG = """
from mne_hnn.network import jones_2009
from mne_hnn.group import group_demo

_demo = group_demo(
    n_subjects={n}, n_epochs={epochs}, mesh_shape=({mesh}, {mesh}), n_trials=4, without_mri=("02",), broken=("03",)
)
bids_root, subjects_dir = _demo.bids_root, _demo.subjects_dir
conditions = ("detected", "missed")
tmin, tmax, baseline = -0.2, 0.2, (None, -0.005)
label = "postcentral-rh"
patch_radius_mm = 10.0
polarity = {{"latency": 0.062, "points": "down", "half_width": 0.02}}
spacing = "oct4"
target_tmax = {tmax}
network = jones_2009(mesh_shape=({mesh}, {mesh}))
fit_trials = n_trials = 1
fit_final_trials = 2
n_resamples = 1000
draw_cortex = False
"""
TEMPORARY = (".writing-", ".")


def command(config, output, n_jobs):
    return [
        sys.executable, "-m", "mne_hnn", "run", str(config), "--output", str(output), "--n-jobs", str(n_jobs)
    ]  # fmt: skip


def run(config, output, n_jobs, **options):
    return subprocess.run(
        command(config, output, n_jobs), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options
    )


def contents(output):
    """Return the scientific results by name: everything but reports (they carry a date) and records (they carry times).

    Every file is opened by what reads it, so that one that cannot be read is an error.
    """
    found = {}
    for path in sorted(output.rglob("*")):
        name = str(path.relative_to(output))
        if not path.is_file() or path.name == ".mne_hnn.lock":
            continue
        if path.suffix == ".json":
            content = json.loads(path.read_text())
            if isinstance(content, dict) and ("seconds" in content or "StepSidecar" in content):
                outputs = {key: one for key, one in content.get("outputs", {}).items() if key != "report"}
                found[name] = json.dumps([outputs, content.get("facts"), content.get("warnings")])
                continue
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
        elif path.name.endswith(("ave.fif", "dipole.fif")):
            mne.read_evokeds(path, verbose="error")
        elif path.name.endswith("fwd.fif"):
            mne.read_forward_solution(path, verbose="error")
        elif path.name.endswith("inv.fif"):
            mne.minimum_norm.read_inverse_operator(path, verbose="error")
        if path.suffix != ".html":
            found[name] = path.read_bytes()
        else:
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
            found[name] = "report"
    return found


def differences(one, other, roots):
    def plain(value):
        text = value if isinstance(value, bytes) else value.encode()
        for root in roots:
            text = text.replace(str(root).encode(), b"ROOT")
        return text

    names = sorted(set(one) ^ set(other))
    return names + [name for name in one if name in other and plain(one[name]) != plain(other[name])]


def kill(options):
    place = Path(options.folder or tempfile.mkdtemp(prefix="kill-"))
    place.mkdir(exist_ok=True)
    config = place / "group.py"
    config.write_text(CONFIG.format(n=3, epochs=options.epochs, mesh=2, tmax=0.12))
    rng = random.Random(options.seed)
    start = time.perf_counter()
    if not (place / "reference").exists():
        run(config, place / "reference", options.n_jobs)
    took = time.perf_counter() - start
    print(f"reference: {took:.0f} s", flush=True)
    shutil.rmtree(place / "reference")
    start = time.perf_counter()
    run(config, place / "reference", options.n_jobs)  # what is made once per machine is there now
    took = time.perf_counter() - start
    reference = contents(place / "reference")
    print(f"reference again: {took:.0f} s, {len(reference)} files", flush=True)
    good = 0
    for number in range(options.kills):
        output = place / "killed"
        shutil.rmtree(output, ignore_errors=True)
        wait, whole = rng.uniform(0.5, took), rng.random() < 0.5
        process = subprocess.Popen(
            command(config, output, options.n_jobs), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(wait)
            early = False
        except subprocess.TimeoutExpired:
            early = True
            if whole:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()  # its workers must end by themselves
            process.wait()
        before = len(list(output.rglob("*.fif"))) if output.exists() else 0
        run(config, output, options.n_jobs)
        different = differences(contents(output), reference, (output, place / "reference"))
        left = [path for path in output.rglob(".*") if path.name != ".bidsignore" and "lock" not in path.name]
        good += not different and not left
        print(
            f"{number + 1}: {'killed' if early else 'ended'} after {wait:.1f} s "
            f"({'all processes' if whole else 'the first process'}), {before} FIF files then; "
            f"{'identical' if not different else different[:5]}{f', left behind: {left[:3]}' if left else ''}",
            flush=True,
        )
    print(f"{good} of {options.kills} identical")
    return good != options.kills


def cost(options):
    place = Path(options.folder or tempfile.mkdtemp(prefix="cost-"))
    place.mkdir(exist_ok=True)
    config = place / "group.py"
    text = CONFIG.format(n=options.subjects, epochs=60, mesh=options.mesh, tmax=0.17)
    text = text.replace('without_mri=("02",), broken=("03",)', "without_mri=(), broken=()")
    config.write_text(text.replace("draw_cortex = False", "draw_cortex = True").replace('spacing = "oct4"\n', ""))
    run(config, place / "warm", 2)  # data set, mechanisms, forward solutions
    shutil.rmtree(place / "warm")
    times = {1: [], 2: []}
    for _ in range(options.rounds):
        for n_jobs in (1, 2):
            start = time.perf_counter()
            run(config, place / "out", n_jobs)
            times[n_jobs].append(time.perf_counter() - start)
            shutil.rmtree(place / "out")
            hour = 3600 * options.subjects / times[n_jobs][-1]
            took = f"{times[n_jobs][-1]:.0f} s, {hour:.0f} subjects (2 conditions) per hour"
            print(f"{n_jobs} worker(s): {took}", flush=True)
    ratio = np.median(np.array(times[1]) / np.array(times[2]))
    print(f"2 workers are {ratio:.2f} times as fast as one (median of {options.rounds} rounds)")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("kill")
    one.add_argument("--kills", type=int, default=30)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--epochs", type=int, default=20)
    two = commands.add_parser("cost")
    two.add_argument("--subjects", type=int, default=4)
    two.add_argument("--mesh", type=int, default=10)
    two.add_argument("--rounds", type=int, default=3)
    for each in (one, two):
        each.add_argument("--folder")
        each.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    return {"kill": kill, "cost": cost}[options.command](options)


if __name__ == "__main__":
    sys.exit(main())
