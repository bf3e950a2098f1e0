"""Dipoles as plain text: columns of times in ms and moments in nA m, as HNN reads and writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite
from .._units import MS, NAM
from ..dipole import AGGREGATE, Dipole
from ..errors import DataError, MneHnnError, ParameterError
from ._files import Target, new_file, read_text, write_whole

__all__ = ["read_dipole_txt", "write_dipole_txt"]

COLUMNS = {2: (AGGREGATE,), 4: (AGGREGATE, "L2", "L5")}


def read_dipole_txt(path: Target, *, scale_applied: float = 1.0) -> Dipole:
    """Read a dipole from text: time in ms, then the moment in nA m.

    Two columns are time and aggregate; four are time, aggregate, layer 2/3 and layer 5, as HNN writes them. Columns are
    separated by white space, commas or semicolons. Lines that begin with ``#`` or ``%``, lines of names at the top, and
    empty lines are skipped.

    Parameters
    ----------
    path : path-like
        The file.
    scale_applied : float
        The factor that the moments were multiplied with before they were written, which text does not hold.

    Returns
    -------
    dipole : Dipole
        The moments in A m at times in s. The times are taken as evenly spaced: text with three digits of a
        millisecond, such as HNN's, rounds them.

    Raises
    ------
    DataError
        The file is missing, no such table, or has uneven times.
    """
    rows = _rows(path)
    layers = COLUMNS.get(rows.shape[1])
    if layers is None:
        raise DataError(
            f"{path} has {rows.shape[1]} columns: expected 2 (time in ms, moment in nA m) or 4 (time, agg, L2, L5)."
        )
    try:
        return Dipole(
            rows[:, 1:].T * NAM, _times(rows[:, 0]), layers, comment=Path(path).name.rsplit(".", 1)[0],
            scale_applied=check_finite(scale_applied, "scale_applied"), provenance={"file": Path(path).name},
        )  # fmt: skip
    except MneHnnError as error:
        raise DataError(f"{path} cannot be read as a dipole: {error}") from error


def _times(column_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times in s; those that are even but for the digits that were written become even."""
    n = len(column_ms)
    even = np.linspace(column_ms[0], column_ms[-1], n)
    digits = 6e-4  # HNN writes three digits of a millisecond
    return (even if np.abs(even - column_ms).max() < digits else column_ms) * MS


def _rows(path: Target) -> NDArray[np.float64]:
    rows: list[list[float]] = []
    for number, line in enumerate(read_text(path, "a dipole").splitlines(), start=1):
        content = line.strip()
        if not content or content[0] in "#%":
            continue
        cells = content.replace(",", " ").replace(";", " ").split()
        try:
            values = [float(cell) for cell in cells]
        except ValueError as error:
            if not rows:  # names of columns
                continue
            raise DataError(
                f"{path} is no dipole, or damaged: line {number} has {content[:40]!r} among numbers."
            ) from error
        if rows and len(values) != len(rows[0]):
            raise DataError(f"{path} is damaged: line {number} has {len(values)} columns, those before {len(rows[0])}.")
        rows.append(values)
    if len(rows) < 2:
        raise DataError(f"{path} is no dipole: it has {len(rows)} rows of numbers, and two are needed.")
    return np.array(rows)


def write_dipole_txt(dipole: Dipole, path: Target, *, overwrite: bool = False) -> None:
    """Write a dipole as text for other programs, with all digits.

    Parameters
    ----------
    dipole : Dipole
        With the layers ``agg``, ``L2`` and ``L5``, or ``agg`` alone.
    path : path-like
        The file, ``.txt``.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The dipole has other layers, the file is there and `overwrite` is False, or its folder is not there.
    CacheError
        It cannot be written.

    Notes
    -----
    Tab-separated columns without header: time in ms, then aggregate, layer 2/3 and layer 5 in nA m. The factor
    :attr:`Dipole.scale_applied`, the number of averages and the provenance are not in it: :meth:`Dipole.save` and
    :func:`write_simulation` keep them.
    """
    if not isinstance(dipole, Dipole):
        raise ParameterError(f"dipole must be a Dipole, got {type(dipole).__name__}.")
    if dipole.layers not in COLUMNS.values():
        raise ParameterError(f"Text has columns for agg, L2 and L5 (or agg alone), the dipole has {dipole.layers}.")
    file = new_file(path, overwrite)
    table = np.column_stack([dipole.times / MS, *(dipole[name] / NAM for name in dipole.layers)])
    write_whole(file, lambda stream: np.savetxt(stream, table, fmt="%.17g", delimiter="\t"), "dipole")
