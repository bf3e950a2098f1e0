"""Spike trains of recorded or simulated cells from files, for drives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .._checks import check_finite, check_name
from .._files import Target, read_text
from .._units import MS
from .._warn import warn
from ..errors import DataError, ParameterError
from ..spikes import COLUMNS
from .simulation import read_spikes

__all__ = ["read_spike_trains"]

Trains = dict[int | str, tuple[float, ...]]

LAYOUTS = ("events", "cells")
UNITS = {"ms": 1.0, "s": 1e3}
_TIME = {"time": None, "times": None, "t": None, "time_ms": "ms", "t_ms": "ms", "time_s": "s", "t_s": "s"}
_CELL = ("cell", "gid", "unit", "unit_id", "neuron", "cluster", "id")
_SEPARATORS = re.compile(r"\s*,\s*|[\s;]+")
_DECIMAL_COMMA = re.compile(r"\d,\d")
#: A stimulus-locked train is longer, in ms.
_SHORTEST_MS = 2.0


def read_spike_trains(
    path: Target,
    *,
    layout: str = "events",
    unit: str | None = None,
    tmin: float | None = None,
    tmax: float | None = None,
    trial: int | None = None,
) -> Trains:
    r"""Read the spike times of cells, as :meth:`~mne_hnn.network.Network.with_spike_train_drive` takes them.

    Parameters
    ----------
    path : path-like
        Text with white space, commas, semicolons or tabs between columns; or spikes as :func:`write_spikes` and
        :meth:`~mne_hnn.Spikes.write_tsv` write them.
    layout : str
        Of text. ``'events'``: a line per spike with its time and its cell, a number or a name; further columns, such as
        the cell types of HNN's files, are passed over. A first line may name the columns: ``time_ms`` or ``time_s``,
        and ``cell``, ``gid`` or ``unit``, in any place. ``'cells'``: a line per cell with all its times; an empty line
        is a silent cell, and cells are numbered from 0.
    unit : str | None
        Of the times, ``'ms'`` or ``'s'``; None for that which the names of columns tell, else ms.
    tmin, tmax : float | None
        Window, s: spikes before `tmin` and from `tmax` on are left out, and `tmin` becomes the start of the simulation.
        None for no limit.
    trial : int | None
        Of files with several trials, which are ours; None for the first.

    Returns
    -------
    trains : dict of int or str to tuple of float
        By cell, sorted times in ms; cells in the order of their numbers, else of the file. Cells whose spikes all lie
        outside the window stay, without times.

    Raises
    ------
    DataError
        The file is missing, damaged or something else, or has spikes before the start of the simulation.
    ParameterError
        A wrong argument.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("trains.txt").write_text("12.5 20.0 31.0\n14.0 22.5\n")
    >>> read_spike_trains("trains.txt", layout="cells", unit="ms")
    {0: (12.5, 20.0, 31.0), 1: (14.0, 22.5)}
    """
    check_name(layout, LAYOUTS, "layout")
    if unit is not None:
        check_name(unit, UNITS, "unit")
    start = None if tmin is None else check_finite(tmin, "tmin (s)") / MS
    stop = None if tmax is None else check_finite(tmax, "tmax (s)") / MS
    if stop is not None and stop <= (start or 0.0):
        raise ParameterError(f"tmax must be after tmin, got {tmin if tmin is not None else 0:g} and {tmax:g} s.")
    if Path(path).suffix == ".npz":
        trains: Trains = dict(read_spikes(path).trains_ms(trial=trial).items())
    elif layout == "cells":
        trains = _by_cell(path, unit)
    else:
        trains = _by_event(path, unit, trial)
    if not trains:
        raise DataError(f"{path} holds no spikes.")
    return _window(trains, start, stop, path)


def _window(trains: Trains, start: float | None, stop: float | None, path: Target) -> Trains:
    begin = start or 0.0
    kept: Trains = {}
    for cell, times in trains.items():
        inside = (time - begin for time in times if start is None or time >= start)
        kept[cell] = tuple(sorted(time for time in inside if stop is None or time < stop - begin))
    earliest = min((times[0] for times in kept.values() if times), default=0.0)
    if earliest < 0:
        raise DataError(
            f"{path} has a spike at {earliest:g} ms, before the start at 0: give tmin, in s, which becomes 0."
        )
    if all(isinstance(cell, int) for cell in kept):
        return {cell: kept[cell] for cell in sorted(kept, key=int)}
    return kept


def _split(line: str, path: Target, number: int) -> list[str]:
    if _DECIMAL_COMMA.search(line) and re.search(r"\d[\s;]+\S", line):
        raise DataError(
            f"{path}: line {number}, {line.strip()[:40]!r}, has commas within numbers beside other separators: write "
            "decimal points, or separate the columns by commas alone."
        )
    return [text for text in _SEPARATORS.split(line.strip()) if text]


def _number(text: str, path: Target, line: int) -> float:
    try:
        return check_finite(float(text), "a time")
    except (ValueError, ParameterError) as error:
        raise DataError(f"{path}: line {line} has {text[:20]!r} where a time is expected.") from error


def _by_cell(path: Target, unit: str | None) -> Trains:
    factor = UNITS[unit or "ms"]
    lines = enumerate(read_text(path, "spike trains").splitlines(), start=1)
    found = [
        tuple(_number(text, path, number) * factor for text in _split(line, path, number))
        for number, line in lines
        if not line.startswith("#")
    ]
    trains: Trains = dict(enumerate(found))
    _warn_of_seconds(trains, unit, path)
    return trains


def _by_event(path: Target, unit: str | None, trial: int | None) -> Trains:
    lines = enumerate(read_text(path, "spike trains").splitlines(), start=1)
    rows = [
        (number, _split(line, path, number))
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    ]
    time, cell, stated, of_trial = 0, 1, None, None
    if rows and not _is_number(rows[0][1][0]):
        time, cell, stated, of_trial = _columns(rows.pop(0)[1], path)
    if unit is not None and stated is not None and unit != stated:
        raise ParameterError(f"unit is {unit!r}, but the columns of {path} say that times are in {stated}.")
    if trial is not None and of_trial is None:
        raise ParameterError(f"{path} has no column of trials to choose from: leave out trial.")
    if of_trial is not None and rows:
        wanted = str(trial if trial is not None else min(int(row[of_trial]) for _, row in rows))
        rows = [(number, row) for number, row in rows if row[of_trial] == wanted]
    trains: dict[int | str, list[float]] = {}
    for number, row in rows:
        if len(row) <= max(time, cell):
            raise DataError(f"{path} is no table of spikes, or damaged: line {number} is not a time and a cell.")
        at = _number(row[time], path, number) * UNITS[unit or stated or "ms"]
        trains.setdefault(_label(row[cell], path, number), []).append(at)
    found: Trains = {label: tuple(times) for label, times in trains.items()}
    _warn_of_seconds(found, unit or stated, path)
    return found


def _columns(names: list[str], path: Target) -> tuple[int, int, str | None, int | None]:
    """Return the places of time and cell, the unit that the names tell, and the place of the trial."""
    lower = [name.lower() for name in names]
    if tuple(lower) == COLUMNS:
        return COLUMNS.index("time"), COLUMNS.index("gid"), "s", COLUMNS.index("trial")
    time = next((k for k, name in enumerate(lower) if name in _TIME), None)
    cell = next((k for k, name in enumerate(lower) if name in _CELL), None)
    if time is None or cell is None:
        raise DataError(
            f"{path} has columns {', '.join(names)[:60]}: one must be 'time_ms' or 'time_s', another 'cell'."
        )
    return time, cell, _TIME[lower[time]], lower.index("trial") if "trial" in lower else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label(text: str, path: Target, line: int) -> int | str:
    if not _is_number(text):
        return text
    number = float(text)
    if not number.is_integer():
        raise DataError(
            f"{path}: line {line} has {text!r} where a cell is expected, a whole number or a name: times stand "
            "first unless a first line names the columns; for a line of times per cell give layout='cells'."
        )
    return int(number)


def _warn_of_seconds(trains: Trains, unit: Any, path: Target) -> None:
    times = [time for train in trains.values() for time in train]
    if unit is None and len(times) > 1 and 0 < max(times) < _SHORTEST_MS:
        warn(f"{path} ends at {max(times):g} ms: are its times in seconds? Then give unit='s'.")
