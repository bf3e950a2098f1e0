"""The numbers of a group, one by one: parameters, spikes, how good the fits are, and the targets' deflections."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .._units import MS, NAM
from ..dipole import Dipole
from ..fit import Estimate, EvokedSettings, FitResult, spikes_per_cell
from ..network import EvokedDrive
from ..simulate import Simulation
from .entry import Entry
from .names import recording_of

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
        Whether the data narrowed a parameter down; None if that was not found out.
    unit : str
        ``''`` for numbers without unit.
    group : str
        ``'parameter'``, ``'spikes'``, ``'fit'`` or ``'target'``.
    shared : bool
        Whether a parameter was not fitted but taken from another condition of the person, as it cannot differ.
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
    shared: bool = False

    @property
    def recording(self) -> str:
        """Subject and session, as an :class:`Alignment` calls them."""
        return recording_of(self.subject, self.session)


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
    whose = {"subject": entry.subject, "session": entry.session, "task": entry.task, "condition": entry.condition}

    def row(group: str, quantity: str, value: float, unit: str = "", **more: float | bool | None) -> Quantity:
        return Quantity(**whose, quantity=quantity, value=float(value), unit=unit, group=group, **more)  # type: ignore[arg-type]

    if entry.fit is not None:
        for estimate in _parameters(entry.fit):
            known = math.isfinite(estimate.low) and math.isfinite(
                estimate.high
            )  # else nobody asked how well it is determined
            yield row(
                "parameter",
                estimate.path,
                estimate.value,
                unit_of(estimate.path),
                low=estimate.low,
                high=estimate.high,
                determined=estimate.determined if known else None,
                shared=estimate.path == "columns" and columns_given(entry.fit),
            )
        if entry.regime != "spiking":  # spikes do not follow the sum of the weights
            for name, strength in _strengths(entry.fit):
                yield row("parameter", f"drives.{name}.strength", strength, "uS")
        for name, value, unit in _spikes(entry.fit):
            yield row("spikes", name, value, unit)
        for name in ("r_squared", "ceiling", "nrmse", "correlation"):
            yield row("fit", name, getattr(entry.fit.scores, name))
    for kind, share in entry.explained.items():
        yield row("fit", f"explained_{kind}", share)
    if entry.n_epochs is not None:
        yield row("fit", "n_epochs", entry.n_epochs)
    if entry.target is not None:
        for name, value, unit in _deflections(entry.target):
            yield row("target", name, value, unit)


def _parameters(fit: FitResult) -> Iterator[Estimate]:
    yield from fit.estimates
    if not any(estimate.path == "columns" for estimate in fit.estimates):
        yield Estimate(path="columns", value=fit.scale)


def columns_given(fit: FitResult) -> bool:
    """Return whether the number of columns was not fitted but given."""
    return isinstance(fit.settings, EvokedSettings) and fit.settings.columns is not None


def _spikes(fit: FitResult) -> Iterator[tuple[str, float, str]]:
    """Yield the spikes per cell of each type in the fresh trials, and when half of them had been fired."""
    if not isinstance(fit.simulation, Simulation):
        return
    for name, count in spikes_per_cell(fit.simulation).types.items():
        yield f"spikes.{name}", count.per_cell, "spikes per cell"
        if math.isfinite(count.median_ms):
            yield f"spikes.{name}.median_ms", count.median_ms, "ms"


def _strengths(fit: FitResult) -> Iterator[tuple[str, float]]:
    """Yield the sum of each drive's weights times the number of columns, which trade off against each other."""
    for name, drive in fit.network.drives.items():
        if isinstance(drive, EvokedDrive):
            total = sum(weight for some in drive.weights.values() for weight in some.values())
            yield name, total * fit.scale


def _deflections(target: Dipole) -> Iterator[tuple[str, float, str]]:
    data, told = target["agg"], target.provenance
    sized = told.get("unit", "A m") == "A m"
    for name, index in (("minimum", int(np.argmin(data))), ("maximum", int(np.argmax(data)))):
        amplitude = float(data[index]) / (NAM if sized else 1.0)
        yield f"{name}_amplitude", amplitude, "nAm" if sized else "arbitrary"
        yield f"{name}_latency", float(target.times[index]) / MS, "ms"
    if told.get("standard_error") is not None:
        yield "standard_error", told["standard_error"] / NAM, "nAm"
    if told.get("confidence") is not None:
        yield "confidence", told["confidence"], ""
