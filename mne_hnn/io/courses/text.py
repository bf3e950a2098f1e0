"""Source time courses in text: a column of times, and one of moments or several."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ..tables import read_named_table
from .content import Courses, Trial
from .units import named_units, time_unit_of

__all__ = ["text_courses"]

_TIME_NAMES = ("time", "times", "t", "latency", "zeit", "temps", "tiempo", "tempo")


def text_courses(path: Path) -> Courses:
    """Return what a text file holds: its times are the column called so, else the first."""
    table = read_named_table(path, "a source time course")
    count = table.rows.shape[1]
    if count < 2:
        raise DataError(f"{path} has one column: a source time course has its times and, beside them, its moments.")
    titles = table.names
    if table.commented and table.separator == "spaces" and not _is_time(titles[0]):
        titles = ()  # a sentence that happens to have as many words
    column = next((k for k, title in enumerate(titles) if _is_time(title)), 0)
    others = [k for k in range(count) if k != column]
    names = tuple(titles[k] for k in others) if titles else ()
    units = {unit for unit, _ in map(named_units, names) if unit is not None}
    if len(units) > 1:
        raise DataError(
            f"{path} names different units ({', '.join(sorted(units))}) in its columns: write them in one unit."
        )
    time_unit = None
    if titles:
        time_unit = named_units(titles[column])[1] or time_unit_of(titles[column])
    return Courses(
        software="text",
        form=f"columns separated by {table.separator}",
        noun="column",
        names=names,
        trials=(Trial(times=table.rows[:, column], data=table.rows[:, others].T[:, None]),),
        unit=units.pop() if units else None,
        time_unit=time_unit,
        facts={"decimal_commas": True} if table.decimal_commas else {},
        assumed=(f"times in column {column + 1}{f', {titles[column]!r}' if titles else ''}",),
    )


def _is_time(title: str) -> bool:
    """Return whether a column is called as times are, with or without a unit."""
    words = title.lower().replace("(", " ").replace("[", " ").replace("_", " ").split()
    return bool(words) and words[0] in _TIME_NAMES
