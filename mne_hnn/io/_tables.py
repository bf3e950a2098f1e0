"""Tables of numbers as plain text, as many programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .._files import Target, read_text
from .._warn import warn
from ..errors import DataError

__all__ = ["read_table"]

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_LEADING_ZEROS = re.compile(r"0\d+")


def read_table(path: Target, what: str) -> NDArray[np.float64]:
    """Read a table whose columns are separated by white space, commas or semicolons.

    Parameters
    ----------
    path : path-like
        The file. Lines that begin with ``#`` or ``%``, lines of names at the top, and empty lines are skipped.
    what : str
        What it should be, such as ``"a dipole"``.

    Raises
    ------
    DataError
        The file is missing, no such table, or its numbers cannot be told apart.
    """
    lines = read_text(path, what).splitlines()
    content = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    content = [(number, line) for number, line in content if line and line[0] not in "#%"]
    commas = _decimal_commas(line for _, line in content)
    rows: list[list[float]] = []
    for number, line in content:
        cells = _cells(line, commas)
        try:
            values = [float(cell) for cell in cells]
        except ValueError as error:
            if not rows:  # names of columns
                continue
            raise DataError(
                f"{path} is no {what[2:]}, or damaged: line {number} has {line[:40]!r} among numbers."
            ) from error
        if not commas and "," in line and any(_LEADING_ZEROS.fullmatch(cell) for cell in cells):
            raise DataError(
                f"{path}: line {number}, {line[:40]!r}, has commas that look like decimal commas but also separate its "
                "columns: write points, or separate the columns by semicolons or tabs."
            )
        if rows and len(values) != len(rows[0]):
            raise DataError(f"{path} is damaged: line {number} has {len(values)} columns, those before {len(rows[0])}.")
        rows.append(values)
    if len(rows) < 2:
        raise DataError(f"{path} is no {what[2:]}: it has {len(rows)} rows of numbers, and two are needed.")
    if commas:
        warn(f"{path} is written with decimal commas, such as {content[-1][1][:30]!r}: they are read as points.")
    return np.array(rows)


def _cells(line: str, commas: bool) -> list[str]:
    if commas:
        return line.replace(",", ".").replace(";", " ").split()
    return line.replace(",", " ").replace(";", " ").split()


def _decimal_commas(lines: Iterable[str]) -> bool:
    """Whether commas stand for points: all cells between other separators are numbers with at most one comma each."""
    found = False
    for line in lines:
        cells = line.replace(";", " ").split()
        if "." in line and any(char.isdigit() for char in line) and "," in line:
            return False
        with_comma = [cell for cell in cells if "," in cell]
        if len(cells) < 2 or not all(_DECIMAL_COMMA.fullmatch(cell) for cell in with_comma):
            if any(char.isalpha() for char in line):  # names of columns
                continue
            return False
        found = found or bool(with_comma)
    return found
