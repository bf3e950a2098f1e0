"""The quantities of a prior as rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._value import Value
from .circuit_sources import given_or_source
from .distributions import Beta, Distribution, LogNormal, Normal

if TYPE_CHECKING:
    from .circuit_prior import CircuitPrior

__all__ = ["PriorRow", "prior_rows"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorRow(Value):
    """One quantity of a prior, as tables and figures show it.

    Attributes
    ----------
    name : str
        Such as ``'columns_per_nAm'`` or ``'spikes.L5_pyramidal'``.
    quantity : str
        The same in words.
    median : float | None
        Median; None for the moment density, of which only a ceiling is known; a probability as it is.
    low, high : float | None
        Ends of the 90 % interval, None for a probability; of the moment density, where it is as good as any (`low`) and
        where it is impossible (`high`).
    unit : str
        Unit; empty for a share.
    source : str
        Where the numbers are from.
    distribution : LogNormal | Beta | Normal | None
        The distribution, from which distances follow; None for the moment density.
    derived : bool
        Whether it follows from other rows.

    Examples
    --------
    >>> from mne_hnn.fit import CircuitPrior
    >>> row = CircuitPrior().rows()[0]
    >>> row.name, row.median
    ('columns_per_nAm', 40.0)
    """

    name: str
    quantity: str
    median: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    distribution: Distribution | None = None
    derived: bool = False

    def words(self) -> str:
        """Return median and interval with the unit: ``40 (9 to 179) columns per nA m``."""
        unit = f" {self.unit}" if self.unit else ""
        if self.median is None:
            return f"at ease up to {self.low:g}, not above {self.high:g}{unit}"
        if self.low is None:
            return f"{_short(self.median)}{unit}"
        low, middle, high = (_short(value) for value in (self.low, self.median, self.high))
        return f"{middle} ({low} to {high}){unit}"


def prior_rows(prior: CircuitPrior, window_ms: float) -> tuple[PriorRow, ...]:
    """Return the quantities of a prior, spikes counted in a window (ms)."""
    sources, usual = prior.sources(), type(prior)()
    ceiling = sources["density_hard_nAm_per_mm2"]
    if sources["density_soft_nAm_per_mm2"] != ceiling:
        ceiling = given_or_source("density_hard_nAm_per_mm2", False)
    unit = f"spikes per cell in {window_ms:g} ms"
    rows = [
        _row("columns_per_nAm", "Columns whose cells fire", prior.columns_per_nAm, "columns per nA m", sources),
        _row("fraction", "Participating share of the pyramidal cells", prior.fraction, "", sources),
        PriorRow(
            name="density_nAm_per_mm2",
            quantity="Moment density",
            median=None,
            low=prior.density_soft_nAm_per_mm2,
            high=prior.density_hard_nAm_per_mm2,
            unit="nA m per mm²",
            source=ceiling,
        ),
        _row("pyramidal_per_mm2", "Pyramidal cells", prior.cell_density, "cells per mm²", sources),
    ]
    for cell_type, spikes in prior.spikes_in(window_ms).items():
        source = given_or_source("spikes", prior.spikes[cell_type] == usual.spikes.get(cell_type))
        rows.append(_row(f"spikes.{cell_type}", f"Spikes of {cell_type}", spikes, unit, source))
    for cell_type, spikes in prior.spikes_in_tissue(window_ms).items():
        source = "spikes in the column times the participating share"
        rows.append(
            _row(f"tissue.{cell_type}", f"Spikes of {cell_type} in the tissue", spikes, unit, source, derived=True)
        )
    rows += [
        _row("time_ms", "Time of a drive, from the proposed one", prior.time_ms, "ms", sources["time_sd_ms"]),
        _row("spread_ms", "Spread of a drive", prior.spread_ms, "ms", sources),
        _row("weight_ampa_uS", "AMPA weight of a drive", prior.weight_ampa_uS, "uS", sources),
        _row("weight_nmda_uS", "NMDA weight of a drive", prior.weight_nmda_uS, "uS", sources),
    ]
    for path, weight in prior.weights.items():
        receptor, _, cell_type = path.partition(".")
        title = f"{receptor.upper()} weight of a drive on {cell_type}"
        rows.append(_row(f"weights.{path}", title, weight, "uS", given_or_source("weights", False)))
    if prior.silent is not None:
        columns = LogNormal(prior.silent.median, prior.silent.factor)
        rows.append(_row("silent", "Columns in which no cell fires", columns, "columns", sources))
    return (*rows, _probability("silent_share", "Probability that no cell fires", prior.silent_share, sources))


def _row(
    name: str,
    quantity: str,
    distribution: LogNormal | Beta | Normal,
    unit: str,
    source: str | dict[str, str],
    *,
    derived: bool = False,
) -> PriorRow:
    low, high = distribution.interval()
    return PriorRow(
        name=name,
        quantity=quantity,
        median=distribution.median,
        low=low,
        high=high,
        unit=unit,
        source=source if isinstance(source, str) else source[name],
        distribution=distribution,
        derived=derived,
    )


def _probability(name: str, quantity: str, value: float, sources: dict[str, str]) -> PriorRow:
    return PriorRow(name=name, quantity=quantity, median=value, low=None, high=None, unit="", source=sources[name])


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"
