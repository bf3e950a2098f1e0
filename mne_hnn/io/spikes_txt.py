"""Spikes as plain text, one file per trial, as HNN reads and writes them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._checks import check_finite, check_name
from .._files import Target, existing_file, new_file, read_text, write_whole
from .._units import MS
from .._warn import warn
from ..errors import DataError, MneHnnError, ParameterError
from ..network import Network
from ..spikes import Spikes
from .dipole_txt import DIGITS

__all__ = ["read_spikes_txt", "write_spikes_txt"]

#: No run that is worth a file ends before this.
SHORTEST_MS = 2.0
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"%(?:0([1-9][0-9]?))?d")


class _Trial(NamedTuple):
    times: list[float]
    gids: list[int]
    types: list[str]


def read_spikes_txt(
    paths: Target | Sequence[Target],
    *,
    gid_ranges: Mapping[str, Sequence[int]] | None = None,
    network: Network | None = None,
    tmin: float = 0.0,
    tmax: float | None = None,
) -> Spikes:
    """Read spikes from text, one file per trial with lines of time in ms, cell number and cell type.

    Older files have no third column: then the types are those of `network` or `gid_ranges`.

    Parameters
    ----------
    paths : path-like | sequence of path-like
        A file, a pattern such as ``"spk_*.txt"``, or a list of files. Files of a pattern are trials in the order of the
        numbers in their names (``spk_2`` before ``spk_10``), those of a list in the order of the list.
    gid_ranges : mapping of str to range | None
        Cell numbers per cell type and drive, as ``network.gid_ranges``.
    network : Network | None
        The network that fired, instead of `gid_ranges`.
    tmin, tmax : float | None
        Start and end of the simulation, s. A `tmax` of None is the last spike, rounded up to a whole millisecond.

    Returns
    -------
    spikes : Spikes
        The table; trials are numbered from 0.

    Raises
    ------
    DataError
        A file is missing, damaged or something else, or no file matches the pattern.

    Notes
    -----
    Without `gid_ranges` and `network` only cells that fired in some trial are known, so :meth:`Spikes.rates` divides by
    too few cells and rates are too high where cells were silent; likewise without `tmax` the duration is a guess.

    Examples
    --------
    >>> files = write_spikes_txt(simulation.spikes, "spk.txt")
    >>> read_spikes_txt(files, network=network).n_trials == simulation.n_trials
    True
    """
    if network is not None:
        if gid_ranges is not None:
            raise ParameterError("Give either gid_ranges or network: one of them.")
        gid_ranges = network.gid_ranges
    files = _files(paths)
    trials = [_trial(file) for file in files]
    untyped = next((file for file, trial in zip(files, trials, strict=True) if "" in trial.types), None)
    if untyped is not None and gid_ranges is None:
        raise DataError(
            f"{untyped} has times and cell numbers, but no third column with cell types: give the network that fired, "
            "or gid_ranges with the numbers of each cell type."
        )
    last = max((time for trial in trials for time in trial.times), default=0.0)
    if 0 < last < SHORTEST_MS and sum(len(trial.times) for trial in trials) > 1:
        warn(f"{files[0]} and its like end at {last:g} ms: are their times in seconds? The first column must be in ms.")
    start = check_finite(tmin, "tmin")
    stop = max(float(np.ceil(last)), 1.0) * MS if tmax is None else check_finite(tmax, "tmax")
    try:
        return Spikes.from_trials(
            [np.array(trial.times) * MS for trial in trials],
            [np.array(trial.gids, dtype=np.int64) for trial in trials],
            gid_ranges=_ranges(trials) if gid_ranges is None else gid_ranges,
            tmin=start,
            tmax=stop,
        )
    except MneHnnError as error:
        raise DataError(f"{files[0]} and its like cannot be read as spikes: {error}") from error


def _files(paths: Target | Sequence[Target]) -> list[Path]:
    if not isinstance(paths, (str, os.PathLike)):
        found = [existing_file(path) for path in paths]
        if not found:
            raise ParameterError("paths must name at least one file, got none.")
        return found
    text = os.path.expanduser(os.fspath(paths))
    if Path(text).is_file() or not glob.has_magic(text):
        return [existing_file(text)]
    folder, name = os.path.split(text)
    # a folder that is there is meant as it is spelt, brackets and all
    pattern = os.path.join(glob.escape(folder), name) if os.path.isdir(folder) else text
    found = sorted(map(Path, glob.glob(pattern)), key=_in_numbers)
    if not found:
        raise DataError(f"No file matches {text}: check the pattern.")
    return found


def _in_numbers(file: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in _DIGITS.findall(file.name)], file.name


def _trial(file: Path) -> _Trial:
    trial = _Trial([], [], [])
    for number, line in enumerate(read_text(file, "spikes").splitlines(), start=1):
        cells = line.split()
        if not cells or cells[0].startswith("#"):
            continue
        try:
            time, gid, *rest = cells
            (cell_type,) = rest or [""]
            trial.times.append(float(time))
            trial.gids.append(int(gid) if rest else _whole(gid))
            trial.types.append(cell_type)
        except ValueError as error:
            raise DataError(
                f"{file} is no spike file, or damaged: line {number} is not time in ms, cell number and cell type "
                f"(or without type): {line.strip()[:40]!r}{' (decimal comma?)' if ',' in line else ''}."
            ) from error
    return trial


def _whole(text: str) -> int:
    """Return a cell number that may be written as tables of numbers are, with a point."""
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


def _ranges(trials: Iterable[_Trial]) -> dict[str, list[int]]:
    """Return the cells that fired, by type, in the order of their numbers."""
    of_cell: dict[int, str] = {}
    for trial in trials:
        for gid, cell_type in zip(trial.gids, trial.types, strict=True):
            if of_cell.setdefault(gid, cell_type) != cell_type:
                raise DataError(f"Cell {gid} has two types in the files, {of_cell[gid]!r} and {cell_type!r}.")
    ranges: dict[str, list[int]] = {}
    for gid in sorted(of_cell):
        ranges.setdefault(of_cell[gid], []).append(gid)
    return ranges


def write_spikes_txt(spikes: Spikes, path: Target, *, digits: str = "all", overwrite: bool = False) -> list[Path]:
    """Write spikes as text, one file per trial: time in ms, cell number and cell type.

    Parameters
    ----------
    spikes : Spikes
        The spikes.
    path : path-like
        Pattern of the file names, with ``%d`` or ``{}`` for the number of the trial, such as ``"spk_%d.txt"``, or
        ``%03d`` for at least three digits; without one, the number goes before the suffix.
    digits : str
        ``'all'`` keeps every digit of the times; ``'hnn'`` rounds them as HNN's own files do, to 1 us. HNN reads both.
    overwrite : bool
        Whether to replace files that are there.

    Returns
    -------
    files : list of Path
        The files, one per trial, silent trials included.

    Raises
    ------
    ParameterError
        A file is there and `overwrite` is False, its folder is not there, a cell type has white space in its name, or
        the pattern has another ``%`` sign.
    CacheError
        A file cannot be written.

    Examples
    --------
    >>> [path.name for path in write_spikes_txt(simulation.spikes, "spk.txt")]
    ['spk_0.txt', 'spk_1.txt']
    """
    if not isinstance(spikes, Spikes):
        raise ParameterError(f"spikes must be a Spikes table, got {type(spikes).__name__}.")
    for name in spikes.cell_types:
        if name.split() != [name]:
            raise ParameterError(f"Text cannot hold the name {name!r} with white space in it: use write_spikes.")
    check_name(digits, DIGITS, "choice of digits")
    shown = "{:.3f}" if digits == "hnn" else "{!r}"
    # all names are checked before the first file is written
    files = {number: new_file(_fill_number(os.fspath(path), number), overwrite) for number in spikes.trials or ()}
    types = spikes.cell_type
    for number, file in files.items():
        own = spikes.trial == number
        rows = zip((spikes.time[own] / MS).tolist(), spikes.gid[own].tolist(), types[own].tolist(), strict=True)
        text = "".join(f"{shown.format(time)}\t{gid}\t{cell_type}\n" for time, gid, cell_type in rows)
        write_whole(file, lambda stream, text=text: stream.write(text.encode("utf-8")), "spikes")  # type: ignore[misc]
    return list(files.values())


def _fill_number(path: str, number: int) -> str:
    folder, pattern = os.path.split(path)  # marks in the names of folders stand for nothing
    named = _NUMBER.sub(lambda found: f"{number:0{found[1] or 1}d}", pattern)
    if "%" in named:
        raise ParameterError(f"{pattern!r} has a % sign that stands for no number: use %d, or %03d for three digits.")
    if named == pattern:
        stem, suffix = os.path.splitext(pattern)
        named = next((pattern.replace(mark, str(number)) for mark in ("{}", "{0}") if mark in pattern), "")
        named = named or f"{stem}_{number}{suffix}"
    return os.path.join(folder, named)
