"""Dipoles as plain text: columns of times in ms and moments in nA m, as HNN reads and writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._checks import check_bool, check_finite, check_name
from .._files import Target, new_file, write_whole
from .._units import MS, NAM
from ..dipole import AGGREGATE, Dipole
from ..errors import DataError, MneHnnError, ParameterError
from .courses.evenly import evenly, without_rounding
from .courses.units import check_span, warn_of_size
from .tables import read_table

__all__ = ["read_dipole_txt", "write_dipole_txt"]

#: How many digits texts have.
DIGITS = ("all", "hnn")
COLUMNS = {2: (AGGREGATE,), 4: (AGGREGATE, "L2", "L5")}


def read_dipole_txt(path: Target, *, scale_applied: float = 1.0, resample: bool = False) -> Dipole:
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
    resample : bool
        Whether uneven times are brought to even ones, with their median step, by linear interpolation (and a warning
        that says so). Times that are even but for the digits that were written need none.

    Returns
    -------
    dipole : Dipole
        The moments in A m at times in s. The times are taken as evenly spaced: text with three digits of a
        millisecond, such as HNN's, rounds them.

    Raises
    ------
    DataError
        The file is missing, no such table, has uneven times and `resample` is False, or has times in seconds.

    Notes
    -----
    Decimal commas are read as points where nothing else can be meant. They, and moments that no cortex has, are warned
    about.

    Examples
    --------
    >>> write_dipole_txt(simulation.dipole, "dpl.txt")
    >>> read_dipole_txt("dpl.txt").layers
    ('agg', 'L2', 'L5')
    """
    resample = check_bool(resample, "resample")
    rows = read_table(path, "a dipole")
    layers = COLUMNS.get(rows.shape[1])
    if layers is None:
        raise DataError(
            f"{path} has {rows.shape[1]} columns: expected 2 (time in ms, moment in nA m) or 4 (time, agg, L2, L5)."
        )
    check_span(rows[:, 0], "ms", path, "The first column must be in ms: multiply it by 1000.")
    times = without_rounding(rows[:, 0] * MS)
    times, moments, _ = evenly(times, rows[:, 1:].T * NAM, path, what="a dipole", resample=resample)
    try:
        dipole = Dipole(
            moments,
            times,
            layers,
            comment=Path(path).name.rsplit(".", 1)[0],
            scale_applied=check_finite(scale_applied, "scale_applied"),
            provenance={"file": Path(path).name},
        )
    except MneHnnError as error:
        raise DataError(f"{path} cannot be read as a dipole: {error}") from error
    warn_of_size(dipole.data, path, "nA m")
    return dipole


def write_dipole_txt(dipole: Dipole, path: Target, *, digits: str = "all", overwrite: bool = False) -> None:
    """Write a dipole as text for HNN and other programs.

    Parameters
    ----------
    dipole : Dipole
        With the layers ``agg``, ``L2`` and ``L5``, or ``agg`` alone.
    path : path-like
        The file, ``.txt``.
    digits : str
        ``'all'`` keeps every digit; ``'hnn'`` rounds as HNN's own files do, to 1 us and 1e-4 nA m, which is for dipoles
        that were scaled. HNN reads both.
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

    Examples
    --------
    >>> write_dipole_txt(simulation.dipole, "dpl.txt", digits="hnn")
    """
    if not isinstance(dipole, Dipole):
        raise ParameterError(f"dipole must be a Dipole, got {type(dipole).__name__}.")
    if dipole.layers not in COLUMNS.values():
        raise ParameterError(f"Text has columns for agg, L2 and L5 (or agg alone), the dipole has {dipole.layers}.")
    check_name(digits, DIGITS, "choice of digits")
    file = new_file(path, overwrite)
    formats = ["%.3f", *["%.4f"] * len(dipole.layers)] if digits == "hnn" else "%.17g"
    table = np.column_stack([dipole.times / MS, *(dipole[name] / NAM for name in dipole.layers)])
    write_whole(file, lambda stream: np.savetxt(stream, table, fmt=formats, delimiter="\t"), "dipole")
