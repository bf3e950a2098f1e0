"""Tables of numbers as plain text, as many programs write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._files import Target, read_text
from .._warn import warn
from ..errors import DataError

__all__ = ["Table", "read_named_table", "read_table"]

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_LEADING_ZEROS = re.compile(r"0\d+")
_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", None: "spaces"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table of numbers.

    Attributes
    ----------
    rows : array, shape (n_rows, n_columns)
        The numbers.
    names : tuple of str
        Of the columns, as a line at the top names them; empty if none does.
    separator : str
        ``'tabs'``, ``'semicolons'``, ``'commas'`` or ``'spaces'``; as in its first row.
    decimal_commas : bool
        Whether commas were read as points.
    commented : bool
        Whether the names stand in a comment, which may be any sentence.
    """

    rows: NDArray[np.float64]
    names: tuple[str, ...]
    separator: str
    decimal_commas: bool
    commented: bool = False


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
    lines = list(_lines(read_text(path, what)))
    commas = _decimal_commas(line for _, line in lines)
    _, rows = _rows(lines, path, what, commas)
    if commas:
        warn(f"{path} is written with decimal commas, such as {lines[-1][1][:30]!r}: they are read as points.")
    return rows


def read_named_table(path: Target, what: str) -> Table:
    """Read a table with the names of its columns, all rows of which have the same separator.

    Parameters
    ----------
    path : path-like
        The file. Its names stand in the last line before the numbers, which may begin with ``#`` or ``%``.
    what : str
        What it should be, such as ``"a source time course"``.

    Raises
    ------
    DataError
        As :func:`read_table`; and the separator changes from row to row.
    """
    text = read_text(path, what)
    lines = list(_lines(text))
    commas = _decimal_commas(line for _, line in lines)
    first, rows = _rows(lines, path, what, commas)
    number_first, line_first = lines[first]
    separator = _separator(line_first, commas)
    for number, line in lines[first:]:
        other = _separator(line, commas)
        if other != separator:
            raise DataError(
                f"{path}: line {number}, {line[:40]!r}, is separated by {_SEPARATORS[other]}, and line {number_first} "
                f"by {_SEPARATORS[separator]}: write all lines with one separator."
            )
    above = [line.strip() for line in text.splitlines()[: number_first - 1] if line.strip()]
    names = _names(above[-1], rows.shape[1]) if above else ()
    commented = bool(names) and above[-1][0] in "#%"
    if commas:
        warn(f"{path} is written with decimal commas, such as {lines[-1][1][:30]!r}: they are read as points.")
    return Table(rows=rows, names=names, separator=_SEPARATORS[separator], decimal_commas=commas, commented=commented)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is no comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if content and content[0] not in "#%":
            yield number, content


def _rows(lines: Sequence[tuple[int, str]], path: Target, what: str, commas: bool) -> tuple[int, NDArray[np.float64]]:
    """Return which of the lines is the first of numbers, and all numbers."""
    rows: list[list[float]] = []
    first = 0
    for place, (number, line) in enumerate(lines):
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
        first = first if rows else place
        rows.append(values)
    if len(rows) < 2:
        raise DataError(f"{path} is no {what[2:]}: it has {len(rows)} rows of numbers, and two are needed.")
    return first, np.array(rows)


def _separator(line: str, commas: bool) -> str | None:
    """Return what separates the columns of a line, None for spaces."""
    return next((sign for sign in "\t;," if sign in line and not (sign == "," and commas)), None)


def _names(line: str, count: int) -> tuple[str, ...]:
    """Return the names of columns that a line holds, none if it has another number of them."""
    content = line.lstrip("#%").strip()
    for separator in _SEPARATORS:
        names = tuple(name.strip().strip("\"'").strip() for name in content.split(separator))
        if len(names) == count and not all(_is_number(name) for name in names):
            return names
    return ()


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


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
