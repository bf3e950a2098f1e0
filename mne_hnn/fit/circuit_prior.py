"""What is plausible for a column that explains a response: columns, participating cells, spikes, drives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import polygamma, psi

from .._checks import check_finite, check_label, check_name, check_positive
from .._value import FrozenMap, Value
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .circuit_rows import PriorRow, prior_rows
from .circuit_sources import SOURCES, given_or_source
from .distributions import Beta, LogNormal, Normal
from .observation import ColumnPrior, PYRAMIDAL_PER_mm2, pyramidal_cells

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CircuitPrior", "SPIKES_WINDOW_ms"]

SPIKES_WINDOW_ms = 100.0
"""Time after the stimulus in which the spikes of :class:`CircuitPrior` are counted."""
PUBLISHED_CELLS = 200
"""Pyramidal cells of the published column."""
RECEPTORS = ("ampa", "nmda")
ALL_FIRE_nAm_per_mm2 = 50.0
"""Above what 50,000 pyramidal cells give if all of them fire at once, each with the 0.9 pA m that are the most for one
(after Murakami and Okada 2006, https://doi.org/10.1113/jphysiol.2006.105379)."""

_SPIKES: FrozenMap[LogNormal] = FrozenMap(
    {
        "L2_basket": LogNormal.between(0.5, 2.5),
        "L2_pyramidal": LogNormal.between(0.1, 1.0),
        "L5_basket": LogNormal.between(0.5, 3.5),
        "L5_pyramidal": LogNormal.between(0.5, 3.5),
    }
)
_NO_WEIGHTS: FrozenMap[LogNormal] = FrozenMap()
_WEIGHT_RANGE = (1e-7, 10.0, "uS", "published drives of evoked responses have some 1e-6 to 1 uS")
_RANGES: Mapping[str, tuple[float, float, str, str]] = {
    # 200 pyramidal cells a column: 50 pA m a cell, fifty times what one gives that fires, to 5e-5 pA m
    "columns_per_nAm": (0.1, 1e5, "columns per nA m", "published fits have 29 to 42"),
    "spread_ms": (0.1, 100.0, "ms", "a drive of an evoked response lasts some ms"),
    "weight_ampa_uS": _WEIGHT_RANGE,
    "weight_nmda_uS": _WEIGHT_RANGE,
    # 500 Hz: no cell of the column follows such a rate
    "spikes": (1e-4, 50.0, "spikes per cell in 100 ms", "cells that take part fire some 0.1 to 4"),
    "time_sd_ms": (0.1, 100.0, "ms", "with more a drive could as well be any other one of the response"),
    "pyramidal_per_mm2": (1e3, 1e6, "cells per mm²", "cortex has some 50,000"),
    "density_hard_nAm_per_mm2": (1e-3, ALL_FIRE_nAm_per_mm2, "nA m per mm²", "cortex gives 2 at most"),
}
"""By quantity: the smallest and the largest median of the model, its unit, and what is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CircuitPrior(Value):
    """What is plausible for a column that explains a response, before its waveform is looked at.

    Every field has a default, with its source in :meth:`sources`; a changed one is said to be the user's. Change a part
    with :func:`dataclasses.replace`, and one cell type with
    ``replace(prior, spikes=prior.spikes.set("L5_pyramidal", LogNormal.between(0.2, 2)))``.

    Parameters
    ----------
    columns_per_nAm : LogNormal
        Columns of 200 pyramidal cells that fire, per nA m of the largest moment: 40, 9 to 179 in 90 %; see
        :meth:`columns_of` for networks of another size. Published fits have 29 to 42 (after Neymotin et al. 2020,
        https://doi.org/10.7554/eLife.51214, and Kohl et al. 2022, https://doi.org/10.1007/s10548-021-00838-0).
    fraction : Beta
        Share of the pyramidal cells of the tissue that take part where cells fire, the others staying below threshold:
        0.15 on average, 0.05 to 0.29 in 90 % (after Crochet et al. 2011, https://doi.org/10.1016/j.neuron.2011.02.022,
        and Peron et al. 2015, https://doi.org/10.1016/j.neuron.2015.03.027).
    density_soft_nAm_per_mm2, density_hard_nAm_per_mm2 : float
        Moment per area that is as good as any smaller one, and that is impossible; see :meth:`density_weight` (after
        Murakami and Okada 2015, https://doi.org/10.1016/j.neuroimage.2015.02.003).
    pyramidal_per_mm2 : float
        Pyramidal cells of layers 2/3 and 5 below one mm² (Rockel et al. 1980,
        https://doi.org/10.1093/brain/103.2.221).
    area_factor : float
        Uncertainty of how many cells a patch holds: one standard deviation, as a factor. A choice of this package.
    spikes : mapping of str to LogNormal
        Spikes per cell of each cell type in the first 100 ms, in a column whose cells fire; see :meth:`spikes_in` for
        other windows. A type that is left out is free (after de Kock et al. 2007,
        https://doi.org/10.1113/jphysiol.2006.124321, Sakata and Harris 2009,
        https://doi.org/10.1016/j.neuron.2009.09.020, and the published fits).
    time_sd_ms : float
        Standard deviation of the time of a drive around the one that was proposed, ms.
    spread_ms : LogNormal
        Standard deviation of the times of a drive's events, ms.
    weight_ampa_uS, weight_nmda_uS : LogNormal
        Weight of a drive on any cell type, uS: broad, around those of published drives (Neymotin et al. 2020).
    weights : mapping of str to LogNormal
        Other weights for single receptors and cell types, uS, by names such as ``'ampa.L5_pyramidal'``.
    silent : ColumnPrior | None
        Number of columns of an explanation in which no cell fires; None takes :meth:`ColumnPrior.for_target`.
    silent_share : float
        Probability, before the waveform is seen, that an evoked response comes from columns in which no cell fires.
        Cells fire in evoked responses wherever they were recorded from (after de Kock et al. 2007 and Crochet et al.
        2011), and in the published fits; that so few do that they count for nothing is not impossible. A choice of this
        package.
    discrepancy : float
        What the model is expected to leave of a response besides its noise, relative to the root mean square: published
        fits have R² of 0.96 to 0.997, and so leave 0.05 to 0.2. A choice of this package.

    Raises
    ------
    ParameterError
        A value is of the wrong kind, or outside what the model can have; the sentence says which and what is usual.

    Examples
    --------
    >>> from dataclasses import replace
    >>> prior = CircuitPrior()
    >>> rarely = replace(prior, spikes=prior.spikes.set("L5_pyramidal", LogNormal.between(0.2, 2)))
    >>> rarely.fraction == prior.fraction
    True
    """

    columns_per_nAm: LogNormal = LogNormal(40.0, 2.49)
    fraction: Beta = Beta(3.3, 18.7)
    density_soft_nAm_per_mm2: float = 1.0
    density_hard_nAm_per_mm2: float = 2.0
    pyramidal_per_mm2: float = PYRAMIDAL_PER_mm2
    area_factor: float = 1.5
    spikes: Mapping[str, LogNormal] = _SPIKES
    time_sd_ms: float = 10.0
    spread_ms: LogNormal = LogNormal(6.0, 2.0)
    weight_ampa_uS: LogNormal = LogNormal(0.02, 7.4)
    weight_nmda_uS: LogNormal = LogNormal(0.01, 7.4)
    weights: Mapping[str, LogNormal] = _NO_WEIGHTS
    silent: ColumnPrior | None = None
    silent_share: float = 0.05
    discrepancy: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.fraction, Beta):
            raise ParameterError(
                "fraction must be a distribution of shares above 0 and below 1, such as Beta(3.3, 18.7) or "
                f"Beta.with_mean_and_interval(0.15, 0.05, 0.3), got {self.fraction!r}."
            )
        if self.silent is not None and not isinstance(self.silent, ColumnPrior):
            raise ParameterError(f"silent must be a ColumnPrior or None, got {self.silent!r}.")
        for name in ("columns_per_nAm", "spread_ms", "weight_ampa_uS", "weight_nmda_uS"):
            _check_median(getattr(self, name), name, name)
        for name in ("spikes", "weights"):
            object.__setattr__(self, name, _checked_map(getattr(self, name), name))
        self._check_numbers()

    def _check_numbers(self) -> None:
        object.__setattr__(self, "discrepancy", check_positive(self.discrepancy, "discrepancy"))
        object.__setattr__(self, "silent_share", check_finite(self.silent_share, "silent_share"))
        if not 0 < self.silent_share < 1:
            raise ParameterError(
                f"silent_share must be a probability above 0 and below 1, got {self.silent_share:g}: to look for one "
                "kind of explanation only, take regimes='spiking' or regimes='silent'."
            )
        for name in ("time_sd_ms", "pyramidal_per_mm2", "density_hard_nAm_per_mm2"):
            object.__setattr__(self, name, _in_range(check_positive(getattr(self, name), name), name, name))
        soft = check_positive(self.density_soft_nAm_per_mm2, "density_soft_nAm_per_mm2")
        object.__setattr__(self, "density_soft_nAm_per_mm2", soft)
        if self.density_hard_nAm_per_mm2 < soft:
            raise ParameterError(
                "density_hard_nAm_per_mm2, from which on a moment density is impossible, must not be below "
                f"density_soft_nAm_per_mm2, up to which it is as good as any: got {self.density_hard_nAm_per_mm2:g} "
                f"and {soft:g}."
            )
        object.__setattr__(self, "area_factor", check_finite(self.area_factor, "area_factor"))
        if self.area_factor <= 1:
            raise ParameterError(
                f"area_factor must be above 1, got {self.area_factor:g}: it is a standard deviation as a factor."
            )

    @property
    def time_ms(self) -> Normal:
        """Time of a drive, ms from the one that was proposed."""
        return Normal(0.0, self.time_sd_ms)

    @property
    def cell_density(self) -> LogNormal:
        """Pyramidal cells per mm², as uncertain as `area_factor` says."""
        return LogNormal(self.pyramidal_per_mm2, self.area_factor)

    def spikes_in(self, window_ms: float) -> FrozenMap[LogNormal]:
        """Return the spikes per cell in a window of another length, by cell type, in a column whose cells fire.

        Parameters
        ----------
        window_ms : float
            Length of the window, ms. Spikes are as many more as it is longer than 100 ms.

        Returns
        -------
        spikes : mapping of str to LogNormal
            Spikes per cell.
        """
        by = check_positive(window_ms, "window_ms") / SPIKES_WINDOW_ms
        return FrozenMap({name: spikes.scaled(by) for name, spikes in self.spikes.items()})

    def spikes_in_tissue(self, window_ms: float) -> FrozenMap[LogNormal]:
        """Return the spikes per cell of all cells of the tissue, those that do not take part counted as silent.

        The logarithm of the participating fraction is taken as normal, with its own mean and variance.

        Parameters
        ----------
        window_ms : float
            Length of the window, ms.

        Returns
        -------
        spikes : mapping of str to LogNormal
            Spikes per cell.
        """
        alpha, total = self.fraction.alpha, self.fraction.alpha + self.fraction.beta
        mean = float(psi(alpha) - psi(total))
        variance = float(polygamma(1, alpha) - polygamma(1, total))
        return FrozenMap(
            {
                name: LogNormal(column.median * math.exp(mean), math.exp(math.hypot(column.sd_log, variance**0.5)))
                for name, column in self.spikes_in(window_ms).items()
            }
        )

    def weight(self, receptor: str, cell_type: str) -> LogNormal:
        """Return the prior of a drive's weight, uS.

        Parameters
        ----------
        receptor : str
            ``'ampa'`` or ``'nmda'``.
        cell_type : str
            The cell type that the drive reaches.

        Returns
        -------
        weight : LogNormal
            The one of `weights`, or that of the receptor.
        """
        check_name(receptor, RECEPTORS, "receptor")
        usual = self.weight_ampa_uS if receptor == "ampa" else self.weight_nmda_uS
        return self.weights.get(f"{receptor}.{check_label(cell_type, 'cell_type')}", usual)

    def columns_of(self, network: Network) -> LogNormal:
        """Return `columns_per_nAm` for a network of another size: as many pyramidal cells per nA m."""
        cells = pyramidal_cells(network)
        return self.columns_per_nAm.scaled(PUBLISHED_CELLS / cells) if cells else self.columns_per_nAm

    def silent_columns(self, target: Dipole, network: Network) -> ColumnPrior | None:
        """Return how many columns are plausible if no cell fires: `silent`, or what the target's size says."""
        return ColumnPrior.for_target(target, network) if self.silent is None else self.silent

    def log_regime(self, *, firing: bool) -> float:
        """Return the logarithm of the probability that cells fire, or that none does, before the waveform is seen."""
        return math.log(1 - self.silent_share if firing else self.silent_share)

    def density_weight(self, density: ArrayLike) -> Any:
        """Return how possible a moment density is.

        Parameters
        ----------
        density : float or array
            nA m per mm².

        Returns
        -------
        weight : float or array
            1 up to `density_soft_nAm_per_mm2`, 0 from `density_hard_nAm_per_mm2` on, half a period of a cosine between.
        """
        soft, hard = self.density_soft_nAm_per_mm2, self.density_hard_nAm_per_mm2
        given = np.asarray(density, dtype=np.float64)
        if soft == hard:
            weight = (given < hard).astype(np.float64)
        else:
            weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((given - soft) / (hard - soft), 0.0, 1.0))
        return float(weight) if weight.ndim == 0 else weight

    def check_network(self, network: Network) -> None:
        """Refuse spikes and weights of cell types that a network does not have.

        What is as in the defaults, whose cell types are those of the published column, asks nothing of a network
        without them.

        Raises
        ------
        ParameterError
            A cell type does not exist; the sentence names those that do.
        """
        for cell_type, spikes in self.spikes.items():
            if spikes != _SPIKES.get(cell_type):
                check_name(cell_type, network.cell_types, "cell type", where="in the prior's spikes")
        for path in self.weights:
            check_name(path.partition(".")[2], network.cell_types, "cell type", where="in the prior's weights")

    def sources(self) -> dict[str, str]:
        """Return where the numbers of each field are from; of a changed one, that the user gave them."""
        usual = type(self)()
        return {name: given_or_source(name, getattr(self, name) == getattr(usual, name)) for name in SOURCES}

    def rows(self, window_ms: float = SPIKES_WINDOW_ms) -> tuple[PriorRow, ...]:
        """Return all quantities for a table.

        Parameters
        ----------
        window_ms : float
            Window in which spikes are counted, ms.

        Returns
        -------
        rows : tuple of PriorRow
            Quantity, median, 90 % interval, unit, source.
        """
        return prior_rows(self, window_ms)

    def plot(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        explanations: Mapping[str, Mapping[str, Any]] | None = None,
        window_ms: float = SPIKES_WINDOW_ms,
        show: bool = True,
    ) -> Figure:
        """Plot all quantities, and what explanations claim of them; see :func:`mne_hnn.viz.plot_prior`."""
        from ..viz import plot_prior

        return plot_prior(self, values, explanations=explanations, window_ms=window_ms, show=show)

    def to_plain(self) -> dict[str, Any]:
        """Return all fields as numbers by name, as JSON can hold them."""
        return {field.name: _to_plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the prior from its numbers; the inverse of :meth:`to_plain`.

        Parameters
        ----------
        plain : mapping
            Fields by name; one that is left out is as usual.

        Returns
        -------
        prior : CircuitPrior
            The prior.

        Raises
        ------
        ParameterError
            A field does not exist, or a value is wrong.
        """
        if not isinstance(plain, Mapping):
            raise ParameterError(f"A CircuitPrior is made from values by name, got {plain!r}.")
        return cls(**{name: _from_plain(name, value) for name, value in plain.items()})


def _in_range(median: float, name: str, shown: str) -> float:
    low, high, unit, usual = _RANGES[name]
    if not low <= median <= high:
        raise ParameterError(
            f"{shown} must lie between {low:g} and {high:g} {unit}, got {median:g}: {usual}. Is the unit right?"
        )
    return median


def _check_median(given: Any, name: str, shown: str) -> None:
    if not isinstance(given, LogNormal):
        raise ParameterError(f"{shown} must be a LogNormal, such as LogNormal.between(low, high), got {given!r}.")
    _in_range(given.median, name, f"The median of {shown}")


def _checked_map(given: Any, name: str) -> FrozenMap[LogNormal]:
    if not isinstance(given, Mapping):
        example = '{"L5_pyramidal"' if name == "spikes" else '{"ampa.L5_pyramidal"'
        raise ParameterError(f"{name} must be a mapping such as {example}: LogNormal(...)}}, got {given!r}.")
    for key, value in given.items():
        check_label(key, f"A name in {name}")
        if name == "spikes":
            _check_median(value, "spikes", f"spikes of {key!r}")
            continue
        receptor, _, cell_type = key.partition(".")
        if not cell_type:
            raise ParameterError(f"A name in weights is a receptor and a cell type, 'ampa.L5_pyramidal', got {key!r}.")
        check_name(receptor, RECEPTORS, "receptor", where="in weights")
        _check_median(value, f"weight_{receptor}_uS", f"weights of {key!r}")
    return FrozenMap(given)


def _to_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: item.to_plain() for name, item in value.items()}
    if isinstance(value, ColumnPrior):
        return {"median": float(value.median), "factor": float(value.factor)}
    return value.to_plain() if isinstance(value, (LogNormal, Beta)) else value


def _from_plain(name: str, value: Any) -> Any:
    if name == "silent":
        return ColumnPrior(**value) if isinstance(value, Mapping) else value
    if name == "fraction":
        return Beta.from_plain(value)
    if name in ("spikes", "weights") and isinstance(value, Mapping):
        return {key: LogNormal.from_plain(item) for key, item in value.items()}
    return LogNormal.from_plain(value) if isinstance(value, Mapping) else value
