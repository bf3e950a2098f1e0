"""Units of moments and times as people and programs write them, and sizes that no source has."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..._checks import suggestion
from ..._types import FloatArray
from ..._units import MS, NAM
from ..._warn import warn
from ...errors import DataError, ParameterError

__all__ = [
    "MOMENTS",
    "TIMES",
    "check_span",
    "moment_unit",
    "named_units",
    "time_unit_of",
    "warn_of_size",
    "without_unit",
]

#: A m in each unit of a moment.
MOMENTS = {"A m": 1.0, "uA m": 1e-6, "nA m": 1e-9, "pA m": 1e-12, "fA m": 1e-15}
#: Seconds in each unit of time.
TIMES = {"s": 1.0, "ms": MS}

#: Moments that no source has: 1000 columns of HNN's largest responses stay below, one cell is above. nA m
LARGEST_NAM, SMALLEST_NAM = 1000.0, 1e-7
#: A record that is shorter and finer than this has times in seconds.
SHORTEST_MS, SHORTEST_STEP_MS = 10.0, 0.02
#: One that is longer and coarser than this has times in milliseconds: a source is sampled at 50 Hz or more.
LONGEST_s, LONGEST_STEP_s = 10.0, 0.0201

_MOMENT = re.compile(r"(?P<prefix>[unpf\u00b5\u03bc]?)A(?:mp)?[\s.*\u00b7\u22c5\u2219_-]?m", re.ASCII)
_BRACKETS = re.compile(r"[(\[/,_\s]+(?P<unit>[^()\[\]]+?)[)\]]?\s*")
_SECONDS = {"s": "s", "sec": "s", "second": "s", "seconds": "s"}
_MILLISECONDS = {"ms": "ms", "msec": "ms", "millisecond": "ms", "milliseconds": "ms"}


def moment_unit(text: Any) -> str | None:
    """Return the unit of a moment as :data:`MOMENTS` has it, None for what is none: ``'pA.m'`` is ``'pA m'``."""
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    prefix = found["prefix"].replace("\u00b5", "u").replace("\u03bc", "u")
    return f"{prefix}A m"


def check_unit(value: Any) -> str | None:
    """Return the unit that a user names, or None."""
    if value is None:
        return None
    unit = moment_unit(value)
    if unit is None:
        near = suggestion(value, MOMENTS) if isinstance(value, str) else ""
        raise ParameterError(f"unit must be one of {', '.join(map(repr, MOMENTS))}, got {value!r}.{near}")
    return unit


def time_unit_of(text: Any) -> str | None:
    """Return the unit of times as :data:`TIMES` has it, None for what is none."""
    return (_SECONDS | _MILLISECONDS).get(text.strip().lower()) if isinstance(text, str) else None


def named_units(name: str) -> tuple[str | None, str | None]:
    """Return the units of a moment and of time that stand at the end of a column's name: ``'V1 (nAm)'``, ``'time_ms'``.

    A plain name that is a unit, such as ``'s'``, names none.
    """
    return _parted(name)[1:]


def without_unit(name: str) -> str:
    """Return the name of a column without the unit at its end."""
    return _parted(name)[0]


def _parted(name: str) -> tuple[str, str | None, str | None]:
    """Return what stands before the unit, and the unit of a moment or of time."""
    for start in (match.start() for match in re.finditer(r"[(\[/,_\s]", name)):
        found = _BRACKETS.fullmatch(name, start)
        if start and found is not None:
            units = moment_unit(found["unit"]), time_unit_of(found["unit"])
            if any(units):
                return name[:start], *units
    return name, None, None


def span(times: FloatArray) -> tuple[float, float]:
    """Return how long times last, and their mean step."""
    duration = float(times[-1] - times[0])
    return duration, duration / max(len(times) - 1, 1)


def _is_too_short(times_ms: FloatArray) -> bool:
    duration, step = span(times_ms)
    return 0 < duration < SHORTEST_MS and step < SHORTEST_STEP_MS


def _is_too_coarse(times_s: FloatArray) -> bool:
    duration, step = span(times_s)
    return step > LONGEST_STEP_s and duration > LONGEST_s


def plausible_time_unit(times: FloatArray) -> str | None:
    """Return the only unit in which times can be those of a source, None if both will do or neither."""
    possible = [unit for unit, wrong in (("s", _is_too_coarse), ("ms", _is_too_short)) if not wrong(times)]
    return possible[0] if len(possible) == 1 else None


def check_span(times: FloatArray, unit: str, path: Any, remedy: str) -> None:
    """Refuse times that can only be in the other unit."""
    other = "seconds" if unit == "ms" else "milliseconds"
    if _is_too_short(times) if unit == "ms" else _is_too_coarse(times):
        raise DataError(
            f"{path} begins at {times[0]:g} and ends at {times[-1]:g} {unit}, with {len(times)} samples: are its times "
            f"in {other}? {remedy}"
        )


def warn_of_size(moments: FloatArray, path: Any, unit: str) -> None:
    """Warn of moments (A m) that no source has, and were read in `unit`: they are in another."""
    peak = float(np.abs(moments).max()) / NAM
    if peak > LARGEST_NAM:
        smaller = [name for name in ("nA m", "pA m", "fA m") if MOMENTS[name] < MOMENTS[unit]]
        meant = f"are they in {' or '.join(smaller)}, or scaled" if smaller else "are they scaled"
        warn(
            f"{path} has moments of up to {peak:g} nA m, and the largest responses of a cortex have some 100: {meant}? "
            f"They were read in {unit}."
        )
    elif 0 < peak < SMALLEST_NAM:
        larger = [name for name in ("pA m", "nA m", "A m") if MOMENTS[name] > MOMENTS[unit]]
        meant = f"are they in {' or '.join(larger)}, or scaled" if larger else "are they scaled"
        warn(
            f"{path} has moments of at most {peak:g} nA m, less than a single cell has: {meant}? They were read in "
            f"{unit}."
        )
