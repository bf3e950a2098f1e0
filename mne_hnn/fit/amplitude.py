"""From nA m to columns, cells and mm² of cortex, and whether there are as many as an explanation needs."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

from .._checks import check_bool, check_positive
from .._types import FloatArray
from .._units import NAM
from .._value import Value
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from .circuit_prior import CircuitPrior
from .distributions import Beta
from .observation import pyramidal_cells

__all__ = ["Amplitude", "HEMISPHERE_mm2", "check_need", "count_amplitude", "log_plausibility"]

HEMISPHERE_mm2 = 90_000.0
"""Cortex of a hemisphere. Times 50,000 cells per mm² it holds 4.5 billion pyramidal cells, about half of the 10 billion
neurons of a hemisphere (Pakkenberg and Gundersen 1997,
https://doi.org/10.1002/(SICI)1096-9861(19970728)384:2%3C312::AID-CNE10%3E3.0.CO;2-K)."""
FAVOURABLE = 0.95
"""Share of the probability below the fraction that is the most favourable one: where most of the cells take part."""
_LARGEST_LOGIT, _LARGEST_SCORE = 30.0, 9.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Amplitude(Value):
    """How many columns, cells and mm² of cortex an explanation needs for the moment it explains.

    Attributes
    ----------
    peak_nAm : float
        Largest moment of the target, nA m.
    columns : float
        Columns that act together.
    cells : float
        Their pyramidal cells.
    fraction : float
        Share of the pyramidal cells of the tissue that these are: the most plausible on average if they fire, else 1.
    area_mm2 : float
        Cortex that holds as many, mm².
    least_area_mm2 : float
        The same at the most favourable fraction, the prior's 95 % point; equal to `area_mm2` if no cell fires.
    patch_mm2 : float | None
        Area of the target's patch, mm²; None if it is not known.
    density_nAm_per_mm2 : float
        Largest moment per area, nA m per mm².
    columns_per_nAm : float
        Columns per nA m of the largest moment.
    pyramidal_per_mm2 : float
        Pyramidal cells below one mm², of the prior.
    firing : bool
        Whether the cells fire.

    Examples
    --------
    >>> amplitude = count_amplitude(800.0, network, target, CircuitPrior(), firing=True)
    >>> amplitude.cells, round(amplitude.peak_nAm)
    (14400.0, 30)
    """

    peak_nAm: float
    columns: float
    cells: float
    fraction: float
    area_mm2: float
    least_area_mm2: float
    patch_mm2: float | None
    density_nAm_per_mm2: float
    columns_per_nAm: float
    pyramidal_per_mm2: float
    firing: bool

    @property
    def cells_in_patch(self) -> float | None:
        """Pyramidal cells that the patch holds; None if its area is not known."""
        return None if self.patch_mm2 is None else self.patch_mm2 * self.pyramidal_per_mm2

    @property
    def share_of_patch(self) -> float | None:
        """Area over that of the patch, above 1 if it is too small; None if its area is not known."""
        return None if self.patch_mm2 is None else self.area_mm2 / self.patch_mm2

    @property
    def fits(self) -> bool | None:
        """Whether the patch holds the cells at the most favourable fraction; None if its area is not known."""
        return None if self.patch_mm2 is None else self.least_area_mm2 <= self.patch_mm2

    def sentence(self) -> str:
        """Return the count in words, without a full stop."""
        share = f"{_number(100 * self.fraction)} %" if self.firing else "all"
        doing = "whose cells fire" if self.firing else "in which no cell fires"
        words = (
            f"{_counted(self.columns, 'column')} {doing}: {_counted(self.cells, 'pyramidal cell')}, {share} of those "
            f"in {_number(self.area_mm2)} mm²"
        )
        if self.patch_mm2 is None or self.cells_in_patch is None:
            return f"{words}; the area of the patch is not known"
        patch = f"{_number(self.patch_mm2)} mm²"
        if self.area_mm2 <= self.patch_mm2:
            return f"{words}, of a patch of {patch}"
        if not self.firing:
            return f"{words}, more than the {patch} of the patch, which holds {_number(self.cells_in_patch)}"
        most = f"{_number(100 * self.fraction * self.area_mm2 / self.least_area_mm2)} %"
        if self.fits:
            return f"{words}; the {patch} of the patch are enough only if up to {most} take part"
        return (
            f"{words}; even if {most} take part they need {_number(self.least_area_mm2)} mm², and the patch has {patch}"
        )


def count_amplitude(
    columns: float, network: Network, target: Dipole, prior: CircuitPrior, *, firing: bool
) -> Amplitude | None:
    """Count the columns, cells and mm² that an explanation needs.

    If cells fire, the participating fraction is its mean over the prior, each value weighted by how well the cells fit
    into the patch and by the moment density it leads to. If none does, all cells of the tissue take part.

    Parameters
    ----------
    columns : float
        Number of columns, as fitted.
    network : Network
        The column.
    target : Dipole
        What is explained; its provenance may hold the area of its patch, ``'area_mm2'``.
    prior : CircuitPrior
        What is plausible.
    firing : bool
        Whether the cells of the column fire.

    Returns
    -------
    amplitude : Amplitude | None
        The count; None if the target's unit is not A m, or the network has no pyramidal cells: nothing can be counted.

    Raises
    ------
    DataError
        The patch has no area, the target is zero, or a hemisphere has fewer cells than are needed.
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> amplitude = count_amplitude(800.0, jones_2009(), target, CircuitPrior(), firing=True)
    >>> amplitude.cells
    160000.0
    """
    check_bool(firing, "firing")
    number = check_positive(columns, "columns")
    need = _need(np.array([number]), network, target, prior)
    if need is None:
        return None
    cells = float(need.cells[0])
    if cells / prior.pyramidal_per_mm2 > HEMISPHERE_mm2:
        most = _number(HEMISPHERE_mm2 * prior.pyramidal_per_mm2)
        raise DataError(
            f"{_counted(number, 'column')} for the {need.peak_nAm:,.4g} nA m of the target have {_number(cells)} "
            f"pyramidal cells, more than the {most} that a hemisphere has: is the unit of the target right?"
        )
    least = cells / prior.pyramidal_per_mm2
    fraction = _mean_fraction(need, prior) if firing else 1.0
    area = least / fraction
    return Amplitude(
        peak_nAm=need.peak_nAm,
        columns=number,
        cells=cells,
        fraction=fraction,
        area_mm2=area,
        least_area_mm2=least / float(prior.fraction.ppf(FAVOURABLE)) if firing else least,
        patch_mm2=need.patch_mm2,
        density_nAm_per_mm2=need.peak_nAm / area,
        columns_per_nAm=number / need.peak_nAm,
        pyramidal_per_mm2=prior.pyramidal_per_mm2,
        firing=bool(firing),
    )


def log_plausibility(
    columns: float | Sequence[float] | FloatArray,
    network: Network,
    target: Dipole,
    prior: CircuitPrior,
    *,
    firing: bool,
) -> Any:
    """Return how plausible it is that the patch holds the cells that so many columns need.

    If cells fire, it is the logarithm of the integral over the participating fraction of its prior, times the
    probability that the cells fit into the patch, times the weight of the moment density. If none does, it is the
    logarithm of the probability that the cells fit into the patch, all of them taking part. How many cells the patch
    holds is log-normal with the prior's `area_factor`. Without the area of the patch, cells always fit. The prior of
    the number of columns does not enter.

    Parameters
    ----------
    columns : float or array
        Numbers of columns.
    network : Network
        The column.
    target : Dipole
        What is explained; its provenance may hold the area of its patch, ``'area_mm2'``.
    prior : CircuitPrior
        What is plausible.
    firing : bool
        Whether the cells of the column fire.

    Returns
    -------
    log_plausibility : float or array
        At most 0, of the shape of `columns`; 0 where nothing can be counted (see :func:`count_amplitude`).

    Raises
    ------
    DataError
        The patch has no area, or the target is zero.
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> few, many = log_plausibility([80.0, 8000.0], jones_2009(), target, CircuitPrior(), firing=True)
    >>> bool(few < many)  # no cortex gives as much per mm² as 80 columns would have to
    True
    """
    check_bool(firing, "firing")
    given = np.asarray(columns, dtype=np.float64)
    if not (np.isfinite(given) & (given > 0)).all():
        raise ParameterError("columns must be finite numbers > 0.")
    need = _need(given.ravel(), network, target, prior)
    if need is None:
        found = np.zeros(given.size)
    elif firing:
        _, logs = _over_fraction(need, prior)
        found = np.minimum(special.logsumexp(logs, axis=1), 0.0)  # above 0 by rounding at most
    else:
        found = _log_fit(need, need.cells / prior.pyramidal_per_mm2, prior)
    return float(found[0]) if given.ndim == 0 else found.reshape(given.shape)


def check_need(target: Dipole, network: Network, prior: CircuitPrior) -> None:
    """Refuse a target for which a hemisphere has too few cells, before anything is simulated.

    It is the number of columns that the prior expects and the mean of its participating fraction that count.

    Parameters
    ----------
    target : Dipole
        What is to be explained.
    network : Network
        The column.
    prior : CircuitPrior
        What is plausible.

    Raises
    ------
    DataError
        There are too few cells, the target's patch has no area, or the target is zero.

    Examples
    --------
    >>> check_need(target, network, CircuitPrior())
    """
    need = _need(np.array([1.0]), network, target, prior)
    if need is None:
        return
    cells = float(need.cells[0]) * need.peak_nAm * prior.columns_of(network).median
    area = cells / prior.fraction.mean / prior.pyramidal_per_mm2
    if area > HEMISPHERE_mm2:
        raise DataError(
            f"The target reaches {need.peak_nAm:,.4g} nA m, for which {_number(cells)} pyramidal cells are expected to "
            f"fire, {prior.fraction.mean:.0%} of those in {area:,.0f} mm² of cortex, where a hemisphere has "
            f"{HEMISPHERE_mm2:,.0f} mm²: is the unit of the target right?"
        )


class _Need(NamedTuple):
    """What the plausibility of numbers of columns follows from."""

    cells: FloatArray
    peak_nAm: float
    patch_mm2: float | None


def _need(columns: FloatArray, network: Network, target: Dipole, prior: CircuitPrior) -> _Need | None:
    if not isinstance(prior, CircuitPrior):
        raise ParameterError(f"prior must be a CircuitPrior, got {type(prior).__name__}.")
    per_column = pyramidal_cells(network)
    if target.provenance.get("unit", "A m") != "A m" or not per_column:
        return None
    peak = float(np.abs(target["agg"]).max()) / NAM
    if not peak > 0:
        raise DataError("The target is zero at all times: there is no moment to be counted in columns.")
    return _Need(cells=columns * per_column, peak_nAm=peak, patch_mm2=_patch_area(target))


def _patch_area(target: Dipole) -> float | None:
    """Return the area of the target's patch, mm², which must be one."""
    area = target.provenance.get("area_mm2")
    if area is None:
        return None
    if isinstance(area, bool) or not isinstance(area, numbers.Real) or not 0 < float(area) < math.inf:
        raise DataError(
            f"The patch of the target has no area: area_mm2 is {area!r} in its provenance, where a number of mm² above "
            "0 is expected. Take a label that has vertices of the source space, or leave area_mm2 out if it is unknown."
        )
    return float(area)


def _log_fit(need: _Need, area: FloatArray, prior: CircuitPrior) -> FloatArray:
    """Return the logarithm of the probability that the patch holds the cells of so many mm²."""
    if need.patch_mm2 is None:
        return np.zeros(area.shape)
    return np.asarray(stats.norm.logcdf(np.log(need.patch_mm2 / area) / math.log(prior.area_factor)))


def _over_fraction(need: _Need, prior: CircuitPrior) -> tuple[FloatArray, FloatArray]:
    """Return fractions, and for all numbers of cells the logarithm of what each adds to the integral over them."""
    fraction, log_weight = _fractions(prior.fraction)
    area = need.cells[:, np.newaxis] / (fraction * prior.pyramidal_per_mm2)
    with np.errstate(divide="ignore"):
        log_density = np.log(prior.density_weight(need.peak_nAm / area))
    return fraction, log_weight + _log_fit(need, area, prior) + log_density


def _fractions(prior: Beta) -> tuple[FloatArray, FloatArray]:
    """Return fractions on a grid, and the logarithm of the probability around each, together 1.

    The grid is one of logits, as the constraints may move the fraction by orders of magnitude, with points between them
    where the prior is, however narrow.
    """
    near = special.logit(prior.at(np.linspace(-_LARGEST_SCORE, _LARGEST_SCORE, 721)))
    wide = np.linspace(-_LARGEST_LOGIT, _LARGEST_LOGIT, 1201)
    logits = np.unique(np.concatenate([wide, near[np.abs(near) < _LARGEST_LOGIT]]))
    steps = np.gradient(logits)
    # of the logit: the density of the fraction times f (1 - f)
    logs = prior.alpha * special.log_expit(logits) + prior.beta * special.log_expit(-logits) + np.log(steps)
    return special.expit(logits), logs - special.logsumexp(logs)


def _mean_fraction(need: _Need, prior: CircuitPrior) -> float:
    fraction, logs = _over_fraction(need, prior)
    if not np.isfinite(logs).any():  # even a single cell in 10^13 would be too dense
        return float(fraction[0])
    return float(special.softmax(logs[0]) @ fraction)


def _number(value: float) -> str:
    """Return a number with three digits that count, in words from a million on."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{word}"
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.2g}"


def _counted(value: float, noun: str) -> str:
    number = _number(value)
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
