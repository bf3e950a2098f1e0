"""Run the tutorials and make one HTML page of them: text, code, output, figures, time.

    python tutorials/build.py [--only PATTERN] [--quick] [--output FOLDER] [--readme]

Each script runs in a process of its own, without a display. A script that fails is shown with its traceback, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _cells import Cell, split
from _page import Page, document, small_picture

HERE = Path(__file__).resolve().parent

#: What takes a few seconds each on an idle machine; for continuous integration.
QUICK = (
    "workflows/plot_01_evoked.py",
    "workflows/plot_02_alpha_beta.py",
    "workflows/plot_03_gamma.py",
    "howto/plot_01_firing_pattern.py",
    "howto/plot_02_extracellular_potentials.py",
    "howto/plot_03_connectivity.py",
    "howto/plot_07_batch.py",
)
BEGIN, END = "<!-- table: python tutorials/build.py --readme -->", "<!-- end of the table -->"


def scripts(only: str | None = None, *, quick: bool = False) -> list[Path]:
    """Return the tutorials in their order; `only` is a part of the name, or a pattern with ``*``."""
    found = [path for group in ("workflows", "howto") for path in sorted((HERE / group).glob("plot_*.py"))]
    if quick:
        found = [path for path in found if name_of(path) in QUICK]
    if only:
        pattern = only if "*" in only else f"*{only}*"
        found = [path for path in found if fnmatch.fnmatch(name_of(path), pattern)]
    return found


def name_of(script: Path) -> str:
    """Return the name of a script within the tutorials, or that of its file."""
    return script.relative_to(HERE).as_posix() if script.is_relative_to(HERE) else script.name


def run_one(script: Path) -> Page:
    """Run one tutorial in a process of its own."""
    name = name_of(script)
    source = script.read_text(encoding="utf-8")
    number = re.search(r"^# sphinx_gallery_thumbnail_number = (\d+)$", source, re.MULTILINE)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "cells.json"
        parts = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        variables = {
            "MPLBACKEND": "agg",
            "MNE_LOGGING_LEVEL": "WARNING",
            "PYTHONPATH": os.pathsep.join(filter(None, parts)),
            "TMPDIR": folder,
        }
        process = subprocess.run(
            [sys.executable, str(HERE / "_cells.py"), str(script), str(result)],
            cwd=folder,
            env={**os.environ, **variables},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.exists():
            cells = [Cell(**cell) for cell in json.loads(result.read_text(encoding="utf-8"))]
        else:
            cells = split(source)
            cells[-1].error = f"The process ended with code {process.returncode}.\n{process.stderr}"
    seconds = time.perf_counter() - began
    return Page(name=name, cells=cells, seconds=seconds, thumbnail=int(number[1]) if number else 1)


def run_all(chosen: list[Path]) -> list[Page]:
    """Run tutorials one after the other, telling how far it is."""
    pages = []
    for k, script in enumerate(chosen, start=1):
        sys.stdout.write(f"[{k}/{len(chosen)}] {name_of(script)} ... ")
        sys.stdout.flush()
        page = run_one(script)
        pages.append(page)
        sys.stdout.write(f"{'FAILED after ' if page.failed else ''}{page.seconds:.1f} s, {len(page.figures)} figures\n")
        for cell in page.cells:
            sys.stdout.write(cell.error)
        sys.stdout.flush()
    return pages


def _thumbnail(page: Page) -> str:
    """Write a small picture of a page beside the README's others, and return its name."""
    name = re.sub(r"plot_(\d+)_(\w+)\.py", r"\1_\2", page.name).replace("/", "_") + ".png"
    (HERE / "figures" / name).write_bytes(small_picture(page))
    return name


def write_readme(pages: list[Page]) -> None:
    """Renew the table of the README and its pictures."""
    readme = HERE / "README.md"
    rows = ["| page | question, and the claim that is checked | time | figure |", "|---|---|---|---|"]
    for page in pages:
        claim = f"*{page.question}* {page.claim}".replace("``", "`").replace("|", "\\|")
        claim = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", claim)
        title = re.sub(r"^\d+\. ", "", page.title)
        picture = f"![{title}](figures/{_thumbnail(page)})"
        rows.append(f"| [{title}]({page.name}) | {claim} | {page.seconds:.0f} s | {picture} |")
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n\n" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Run what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PATTERN", help="a part of the name, or a pattern with *")
    parser.add_argument("--quick", action="store_true", help="only those that take a few seconds")
    parser.add_argument("--output", type=Path, default=Path("tutorials_html"), metavar="FOLDER")
    parser.add_argument("--readme", action="store_true", help="renew the table and the pictures of tutorials/README.md")
    options = parser.parse_args()
    chosen = scripts(options.only, quick=options.quick)
    if not chosen:
        parser.error(f"no tutorial matches {options.only!r}: there are {', '.join(path.stem for path in scripts())}")
    if options.readme and len(chosen) < len(scripts()):
        parser.error("--readme needs all tutorials: leave --only and --quick out")
    began = time.perf_counter()
    pages = run_all(chosen)
    seconds = time.perf_counter() - began
    options.output.mkdir(parents=True, exist_ok=True)
    target = options.output / "index.html"
    machine = f"{os.cpu_count()} cores ({platform.system()}, Python {platform.python_version()})"
    target.write_text(document(pages, seconds, machine), encoding="utf-8")
    failed = [page.name for page in pages if page.failed]
    if options.readme and not failed:
        write_readme(pages)
    sys.stdout.write(f"{len(pages) - len(failed)} of {len(pages)} passed in {seconds:.0f} s: {target.resolve()}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
