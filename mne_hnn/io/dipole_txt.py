"""Dipoles as plain text: columns of times in ms and moments in nA m, as HNN reads and writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .._checks import check_bool, check_finite, check_name
from .._files import Target, new_file, write_whole
from .._times import even_times, resample_evenly, sampling
from .._types import FloatArray
from .._units import MS, NAM
from .._warn import warn
from ..dipole import AGGREGATE, Dipole
from ..errors import DataError, MneHnnError, ParameterError
from ._tables import read_table

__all__ = ["read_dipole_txt", "write_dipole_txt"]

#: Moments that no text of a dipole in nA m has: 1000 columns of HNN's largest responses stay below, one cell is above.
LARGEST_NAM, SMALLEST_NAM = 1000.0, 1e-7
#: A record that is shorter and finer than this has times in seconds.
SHORTEST_MS, SHORTEST_STEP_MS = 10.0, 0.02
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
    """
    resample = check_bool(resample, "resample")
    rows = read_table(path, "a dipole")
    layers = COLUMNS.get(rows.shape[1])
    if layers is None:
        raise DataError(
            f"{path} has {rows.shape[1]} columns: expected 2 (time in ms, moment in nA m) or 4 (time, agg, L2, L5)."
        )
    _check_times(rows[:, 0], path)
    times, moments = _times(rows[:, 0]), rows[:, 1:].T * NAM
    if resample:
        times, moments = _even(times, moments, path)
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
        remedy = " Or read it with resample=True." if "equal steps" in str(error) and np.diff(times).min() > 0 else ""
        raise DataError(f"{path} cannot be read as a dipole: {error}{remedy}") from error
    _warn_of_size(dipole, path)
    return dipole


def _check_times(times_ms: FloatArray, path: Target) -> None:
    """Refuse times that can only be in seconds: no response is over after 10 ms, and none is sampled at 50 kHz."""
    duration = times_ms[-1] - times_ms[0]
    if 0 < duration < SHORTEST_MS and duration / (len(times_ms) - 1) < SHORTEST_STEP_MS:
        raise DataError(
            f"{path} begins at {times_ms[0]:g} and ends at {times_ms[-1]:g} ms, with {len(times_ms)} samples: are its "
            "times in seconds? The first column must be in ms: multiply it by 1000."
        )


def _warn_of_size(dipole: Dipole, path: Target) -> None:
    peak = float(np.abs(dipole.data).max()) / NAM
    if peak > LARGEST_NAM:
        warn(
            f"{path} has moments of up to {peak:g} nA m, and the largest responses of a cortex have some 100: are they "
            "in pA m or fA m? Moments must be in nA m."
        )
    elif 0 < peak < SMALLEST_NAM:
        warn(
            f"{path} has moments of at most {peak:g} nA m, less than a single cell has: are they in A m? Moments must "
            "be in nA m."
        )


def _times(column_ms: FloatArray) -> FloatArray:
    """Return times in s; those that are even but for the digits that were written become even."""
    even = even_times(column_ms, 6e-4)  # HNN writes three digits of a millisecond
    return (column_ms if even is None else even) * MS


def _even(times: FloatArray, moments: FloatArray, path: Target) -> tuple[FloatArray, FloatArray]:
    try:
        sampling(times)
    except ParameterError:
        steps = np.diff(times) / MS
        if not np.isfinite(times).all() or steps.min() <= 0:
            raise DataError(f"{path} has times that do not rise: it cannot be resampled.") from None
        even, values = resample_evenly(times, moments)
        warn(
            f"{path} has uneven times, in steps of {steps.min():g} to {steps.max():g} ms: it is resampled to steps of "
            f"{(even[1] - even[0]) / MS:g} ms by linear interpolation."
        )
        return even, values
    return times, moments


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
