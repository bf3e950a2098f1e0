# ruff: noqa: T201 - what was found is told
"""Whether two states of the code give the same results: file by file, byte by byte.

python tests/benchmarks/same_results.py BEFORE AFTER                  # two folders of results
python tests/benchmarks/same_results.py --at COMMIT                   # runs the demo at that commit and as it is here
python tests/benchmarks/same_results.py --at COMMIT --group           # the same for the group demo

Left out are what carries dates, durations and versions: records of steps (sidecars), descriptions of data sets,
reports, and locks. The exit code is 1 if any other file differs, or is in one of the folders only.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from mne.io.constants import FIFF

ROOT = Path(__file__).resolve().parents[2]
PIPELINES = {False: "pipelines/median_nerve.py", True: "pipelines/bids_group.py"}
RECORD_KEYS = ("seconds", "StepSidecar", "GeneratedBy")
SAME, BUT_FOR_IDS, DIFFERENT = "equal bytes", "equal but for ids and paths", "DIFFERENT"
# identities of files and blocks (those of MNE may hold the time of writing), the directory, and MNE's note of the
# folder and command line of the process
FIF_IDS = {100, 101, 102, 103, 109, 110, 116, 118, FIFF.FIFF_MNE_ENV_WORKING_DIR, FIFF.FIFF_MNE_ENV_COMMAND_LINE}
FIF_HEADER, FIF_STRING = ">iIii", 10


def is_record(path):
    """Whether a file tells how results were made, or shows them, instead of being one."""
    if path.name.startswith(".") or path.name.endswith((".html", ".lock", ".log")):
        return True
    if path.suffix != ".json":
        return False
    content = json.loads(path.read_text(encoding="utf-8"))
    return isinstance(content, dict) and any(key in content for key in RECORD_KEYS)


def results_of(folder):
    """Return the paths of all results by their names within a folder."""
    inside = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    hidden = {name for name in inside if any(part.startswith(".") for part in name.parts)}
    return {str(name): path for name, path in inside.items() if name not in hidden and not is_record(path)}


def fif_content(data, roots):
    """Return the tags of a FIF file but those of `FIF_IDS`, with the names of folders taken out of texts."""
    tags, place = [], 0
    size = struct.calcsize(FIF_HEADER)
    while 0 <= place <= len(data) - size:
        kind, type_, length, following = struct.unpack_from(FIF_HEADER, data, place)
        value = data[place + size : place + size + length]
        if kind not in FIF_IDS:
            tags.append((kind, type_, without(value, roots) if type_ == FIF_STRING else value))
        place = following if following else place + size + length
    return tags


def without(data, roots):
    for root in roots:
        data = data.replace(str(root).encode(), b"ROOT")
    return data


def compared(before, after, roots):
    """Return what is known of a pair of files."""
    one, other = before.read_bytes(), after.read_bytes()
    if one == other:
        return SAME
    if before.suffix == ".fif" and fif_content(one, roots) == fif_content(other, roots):
        return BUT_FOR_IDS
    return BUT_FOR_IDS if without(one, roots) == without(other, roots) else DIFFERENT


def compare(before, after, roots):
    """Print a table of two folders and return whether they hold the same results."""
    one, other = results_of(before), results_of(after)
    if not one and not other:
        sys.exit(f"There are no results in {before} and {after}: give the folders that the runs wrote.")
    said = {name: f"MISSING in {before if name in other else after}" for name in one.keys() ^ other.keys()}
    said |= {name: compared(one[name], other[name], roots) for name in one.keys() & other.keys()}
    width = max(map(len, said))
    for name in sorted(said):
        print(f"{name:<{width}}  {said[name]}")
    counts = Counter("MISSING" if text.startswith("MISSING") else text for text in said.values())
    print("\n" + ", ".join(f"{count} {text}" for text, count in sorted(counts.items())))
    return not counts.keys() - {SAME, BUT_FOR_IDS}


def clone(commit, folder):
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", "--detach", commit], check=True)


def run(source, pipeline, output, cache, n_jobs):
    """Run an analysis with the package in `source`, whichever is installed."""
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(source), "MNE_HNN_CACHE": str(cache)}
    check = "import sys, mne_hnn; sys.exit(not mne_hnn.__file__.startswith(sys.argv[1]))"
    subprocess.run([sys.executable, "-P", "-c", check, str(source)], check=True, env=environment)
    command = [sys.executable, "-P", "-m", "mne_hnn", "run", str(source / pipeline)]
    subprocess.run([*command, "--output", str(output), "--n-jobs", str(n_jobs)], check=True, env=environment)
    print(f"{source}: {time.perf_counter() - began:.0f} s", flush=True)


def run_both(options):
    """Run the analysis of two states of the code in a new folder, and compare."""
    place = Path(tempfile.mkdtemp(prefix="same-results-", dir=options.folder))
    roots = []
    for name in ("before", "after_"):  # names of one length: paths in files of MNE shift what follows
        source = place / name / "source"
        if name == "before":
            clone(options.at, source)
        else:
            source = ROOT
        cache = options.cache or place / name / "cache"
        roots += [place / name, cache]
        run(source, PIPELINES[options.group], place / name / "results", cache, options.n_jobs)
    print(f"Results are in {place}.\n")
    return compare(place / "before" / "results", place / "after_" / "results", roots)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="two folders of results")
    parser.add_argument("--at", metavar="COMMIT", help="run the analysis at this commit and as it is in this folder")
    parser.add_argument("--group", action="store_true", help="the group demo instead of the demo")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to work (a new folder of the system's)")
    parser.add_argument("--cache", type=Path, help="a cache for both states; without it each generates its own data")
    options = parser.parse_args()
    if (options.at is None) == (len(options.folders) != 2):
        parser.error("give two folders of results, or --at COMMIT")
    same = run_both(options) if options.at else compare(*options.folders, options.folders)
    sys.exit(not same)


if __name__ == "__main__":
    main()
