"""The numbers of a group, one by one: parameters, how good the fits are, and the targets' deflections."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .._units import MS, NAM
from .entry import Entry

__all__ = ["Quantity", "quantities"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One number of one subject, session, task and condition.

    Attributes
    ----------
    subject, session, task, condition : str
        Whose.
    quantity : str
        What: the path of a parameter, or a name such as ``'r_squared'``.
    value : float
        The number.
    low, high : float
        Ends of the interval that holds 90 % of the probability; NaN if there is none.
    determined : bool | None
        Whether the data narrowed a parameter down.
    unit : str
        ``''`` for numbers without unit.
    group : str
        ``'parameter'``, ``'fit'`` or ``'target'``.
    """

    subject: str
    condition: str
    quantity: str
    value: float
    unit: str
    group: str
    session: str | None = None
    task: str | None = None
    low: float = math.nan
    high: float = math.nan
    determined: bool | None = None


def unit_of(path: str) -> str:
    """Return the unit of a parameter: networks have ms and uS."""
    if path.endswith("_ms"):
        return "ms"
    return "uS" if ".weights_" in path else ""


def quantities(entries: Sequence[Entry]) -> tuple[Quantity, ...]:
    """Return the numbers of all entries.

    Parameters
    ----------
    entries : sequence of Entry
        Those that failed have none.

    Returns
    -------
    rows : tuple of Quantity
        In the order of the entries.
    """
    return tuple(row for entry in entries for row in _of(entry))


def _of(entry: Entry) -> Iterator[Quantity]:
    whose = {
        "subject": entry.subject, "session": entry.session, "task": entry.task, "condition": entry.condition
    }  # fmt: skip

    def row(quantity: str, value: float | None, unit: str, group: str, **more: float | bool) -> Quantity:
        number = math.nan if value is None else float(value)
        return Quantity(**whose, quantity=quantity, value=number, unit=unit, group=group, **more)  # type: ignore[arg-type]

    fit = entry.fit
    if fit is not None:
        for one in fit.estimates:
            yield row(
                one.path, one.value, unit_of(one.path), "parameter", low=one.low, high=one.high,
                determined=one.determined,
            )  # fmt: skip
        if not any(one.path == "columns" for one in fit.estimates):
            yield row("columns", fit.scale, "", "parameter")
        for name in ("r_squared", "ceiling", "nrmse", "correlation"):
            yield row(name, getattr(fit.scores, name), "", "fit")
    for kind, share in entry.explained.items():
        yield row(f"explained_{kind}", share, "", "fit")
    if entry.n_epochs is not None:
        yield row("n_epochs", entry.n_epochs, "", "fit")
    if entry.target is not None:
        data, told = entry.target["agg"], entry.target.provenance
        sized = told.get("unit", "A m") == "A m"
        for name, index in (("minimum", int(np.argmin(data))), ("maximum", int(np.argmax(data)))):
            amplitude = float(data[index]) / (NAM if sized else 1.0)
            yield row(f"{name}_amplitude", amplitude, "nAm" if sized else "arbitrary", "target")
            yield row(f"{name}_latency", float(entry.target.times[index]) / MS, "ms", "target")
        if told.get("standard_error") is not None:
            yield row("standard_error", told["standard_error"] / NAM, "nAm", "target")
        if told.get("confidence") is not None:
            yield row("confidence", told["confidence"], "", "target")
