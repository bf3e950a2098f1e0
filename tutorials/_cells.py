"""Run one tutorial cell by cell, as a process of its own, and keep what each cell shows."""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

DPI = 100
PICTURES = {".gif": "image/gif", ".png": "image/png"}


@dataclass(kw_only=True)
class Cell:
    """One cell: its text, its code, and what came out."""

    text: str
    code: str
    line: int
    output: str = ""
    figures: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0


def split(source: str) -> list[Cell]:
    """Split a script at ``# %%``.

    Comments that follow at once are the text of a cell; the first cell is the module's docstring.
    """
    lines = source.splitlines()
    first = ast.parse(source).body[0]
    assert first.end_lineno is not None
    cells = [Cell(text=ast.get_docstring(ast.parse(source)) or "", code="", line=1)]
    starts = [k for k, line in enumerate(lines) if line.startswith("# %%")] + [len(lines)]
    before = "\n".join(lines[first.end_lineno : starts[0]])
    if any(line.strip() and not line.startswith("#") for line in before.splitlines()):
        cells.append(Cell(text="", code=before, line=first.end_lineno + 1))
    for start, stop in pairwise(starts):
        end = start + 1
        while end < stop and lines[end].startswith("#"):
            end += 1
        text = "\n".join(line[2:] for line in lines[start + 1 : end])
        cells.append(Cell(text=text, code="\n".join(lines[end:stop]).strip("\n"), line=end + 1))
    return cells


def _pictures_of_figures() -> list[str]:
    import matplotlib.pyplot as plt

    found = []
    for number in plt.get_fignums():
        stream = io.BytesIO()
        plt.figure(number).savefig(stream, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
        found.append("data:image/png;base64," + base64.b64encode(stream.getvalue()).decode())
    plt.close("all")
    return found


def _pictures_of_files(names: dict[str, Any], seen: set[Path]) -> list[str]:
    """Return the picture files, such as animations, that variables of the script newly name."""
    found = []
    for value in list(names.values()):
        if isinstance(value, Path) and value.suffix in PICTURES and value not in seen and value.is_file():
            seen.add(value)
            found.append(f"data:{PICTURES[value.suffix]};base64," + base64.b64encode(value.read_bytes()).decode())
    return found


def run(script: Path) -> list[Cell]:
    """Run a script in the present process and return its cells; it stops at the first that fails."""
    import matplotlib as mpl

    mpl.use("agg", force=True)
    import matplotlib.pyplot as plt

    plt.show = lambda *_, **__: None
    source = script.read_text(encoding="utf-8")
    cells = split(source)
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(script)}
    seen: set[Path] = set()
    for cell in cells:
        if not cell.code:
            continue
        began = time.perf_counter()
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            try:
                # the numbers of lines in a traceback are those of the file
                exec(compile("\n" * (cell.line - 1) + cell.code, str(script), "exec"), names)
                cell.figures = _pictures_of_figures() + _pictures_of_files(names, seen)
            except BaseException:  # noqa: BLE001 - whatever it is, it belongs on the page
                cell.error = traceback.format_exc()
        cell.output, cell.seconds = stream.getvalue(), time.perf_counter() - began
        if cell.error:
            break
    return cells


def main() -> None:
    """Run the script named first and write its cells as JSON to the file named second."""
    script, result = map(Path, sys.argv[1:3])
    os.environ.setdefault("MNE_LOGGING_LEVEL", "WARNING")
    cells = run(script.resolve())
    result.write_text(json.dumps([asdict(cell) for cell in cells]), encoding="utf-8")
    sys.exit(any(cell.error for cell in cells))


if __name__ == "__main__":
    main()
