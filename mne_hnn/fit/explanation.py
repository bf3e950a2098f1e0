"""What a response may have been: explanations with their evidence, and which of them comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .._tables import load_pandas
from .._value import FrozenMap
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .amplitude import Amplitude
from .circuit_prior import CircuitPrior
from .evidence import Evidence
from .evoked_settings import REGIMES, EvokedSettings
from .result import FitResult
from .spiking_counts import SpikeCounts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Explanation", "Explanations"]

VERDICTS = ("spiking", "silent", "undecided", "none")
NEARLY = 0.1
"""Probability that the patch holds the cells from which on a refusal for too many cells leaves the regime open."""
FAR = 2.0
"""Standard deviations from what is expected from which on a reader is told."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """One way in which a column could have made a response.

    Attributes
    ----------
    regime : str
        ``'spiking'`` or ``'silent'``: whether pyramidal cells fire.
    fit : FitResult
        Network, simulation in fresh trials, scores, estimates.
    evidence : Evidence
        How probable the response is under explanations of this kind.
    amplitude : Amplitude | None
        Columns, cells and mm²; None where the target has no unit.
    spikes : SpikeCounts
        Spikes per cell of each type in the fresh trials, and when.
    distances : mapping of str to float
        How far from what is expected, in standard deviations: ``'columns_per_nAm'``, ``'fraction'``,
        ``'density_nAm_per_mm2'`` and ``'spikes.TYPE'`` of cells that fire, ``'columns'`` of silent ones, and paths of
        the drives' times and spreads.
    refusals : tuple of str
        Why it cannot be what happened, however well it fits: sentences; empty if nothing speaks against it.
    ensemble : mapping of str to (float, float)
        Mean and standard deviation of what fits, by path, for `start` of :class:`EvokedSettings`: times in ms,
        natural logarithms of spreads (ms), of weights (uS), and of the columns per nA m. Empty where no cell fires.

    Examples
    --------
    >>> first = explanations.first
    >>> first.regime, first.admissible, first.sequence
    ('spiking', True, (('proximal', 25.0), ('distal', 60.0)))
    """

    regime: str
    fit: FitResult
    evidence: Evidence
    amplitude: Amplitude | None
    spikes: SpikeCounts
    distances: Mapping[str, float] = field(default_factory=FrozenMap)
    refusals: tuple[str, ...] = ()
    ensemble: Mapping[str, tuple[float, float]] = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        object.__setattr__(self, "distances", FrozenMap(self.distances))
        object.__setattr__(self, "ensemble", FrozenMap(self.ensemble))

    @property
    def admissible(self) -> bool:
        """Whether nothing speaks against it but how well it fits."""
        return not self.refusals

    @property
    def nearly_fits(self) -> bool:
        """Whether it is refused for too many cells, although the patch may well hold others of its kind.

        Its number of columns is the best one; the evidence takes all plausible ones together, and says how probable it
        is that the patch holds their cells: at least 10 %.
        """
        too_many = self.amplitude is not None and self.amplitude.fits is False and len(self.refusals) == 1
        return too_many and exp(self.evidence.parts.get("cells", -inf)) > NEARLY

    @property
    def network(self) -> Network:
        """The column with its drives."""
        return self.fit.network

    @property
    def r_squared(self) -> float:
        """R² in trials that the search has not seen."""
        return self.fit.r_squared

    @property
    def columns(self) -> float:
        """Number of columns that act together."""
        return self.fit.scale

    @property
    def sequence(self) -> tuple[tuple[str, float], ...]:
        """Location and mean time (ms) of each drive, in order of time."""
        return self.fit.sequence

    @property
    def far(self) -> dict[str, float]:
        """What lies more than two standard deviations from what is expected."""
        return {name: distance for name, distance in self.distances.items() if abs(distance) > FAR}

    def __repr__(self) -> str:
        drives = ", ".join(f"{place} {mu:.0f} ms" for place, mu in self.sequence)
        return (
            f"<Explanation ({self.regime}): {drives}; R² {self.r_squared:.3f} with fresh seeds, {self.columns:.3g} "
            f"columns, evidence {self.evidence.value:.1f} ± {self.evidence.error:.1f}"
            f"{'' if self.admissible else ', refused'}>"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanations(Sequence[Explanation]):
    """The explanations of a response, the most plausible first.

    Those against which something speaks come after all others; within both groups the evidence decides.

    Attributes
    ----------
    items : tuple of Explanation
        In order.
    target : Dipole
        What is explained.
    settings : EvokedSettings
        How explanations were looked for, as they were used; they hold the prior.

    Examples
    --------
    >>> len(explanations), explanations.verdict, explanations.silent.regime
    (2, 'undecided', 'silent')
    """

    items: tuple[Explanation, ...]
    target: Dipole
    settings: EvokedSettings

    def __post_init__(self) -> None:
        if not self.items:
            raise ParameterError("Explanations need at least one: a fit that finds none raises an error.")
        object.__setattr__(self, "items", tuple(ordered(self.items)))

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Explanation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Explanation, ...]: ...
    def __getitem__(self, index: int | slice) -> Explanation | tuple[Explanation, ...]:
        """Return an explanation by its place."""
        return self.items[index]

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self.items)

    @property
    def first(self) -> Explanation:
        """The most plausible one."""
        return self.items[0]

    @property
    def prior(self) -> CircuitPrior:
        """What was expected of columns whose cells fire."""
        return self.settings.circuit

    def of(self, regime: str) -> tuple[Explanation, ...]:
        """Return the explanations of a regime, in order."""
        return tuple(item for item in self.items if item.regime == regime)

    @property
    def spiking(self) -> Explanation | None:
        """The first whose cells fire."""
        return next(iter(self.of("spiking")), None)

    @property
    def silent(self) -> Explanation | None:
        """The first in which no cell fires."""
        return next(iter(self.of("silent")), None)

    @property
    def verdict(self) -> str:
        """What can be said: ``'spiking'``, ``'silent'``, ``'undecided'``, or ``'none'``.

        A regime is claimed if its evidence is decisively higher than that of the other (:meth:`Evidence.decides_over`),
        or if the other is refused, unless the refused one is decisively more probable: then it fits what this one does
        not, and either the patch is larger than thought or neither is right. Nor is it claimed if the patch may well
        hold the cells of the other (:attr:`Explanation.nearly_fits`), whose evidence is not decisively lower.
        ``'none'`` if all explanations are refused.
        """
        able = {regime: [item for item in self.of(regime) if item.admissible] for regime in REGIMES}
        spiking, silent = able["spiking"], able["silent"]
        if not spiking and not silent:
            return "none"
        if spiking and silent:
            if spiking[0].evidence.decides_over(silent[0].evidence):
                return "spiking"
            return "silent" if silent[0].evidence.decides_over(spiking[0].evidence) else "undecided"
        only, other = ("spiking", "silent") if spiking else ("silent", "spiking")
        refused = self.of(other)  # none where nobody looked for it, and what was not looked for was not refused
        if not refused or any(item.evidence.decides_over(able[only][0].evidence) for item in refused):
            return "undecided"
        if any(item.nearly_fits and not able[only][0].evidence.decides_over(item.evidence) for item in refused):
            return "undecided"
        return only

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: of the first explanation, and why it is none to be believed, if so."""
        first = self.first
        return (*first.refusals, *first.fit.warnings)

    def rivals(self, item: Explanation | None = None) -> tuple[Explanation, ...]:
        """Return admissible explanations that another does not decide over: as far as the data go they fit as well.

        Parameters
        ----------
        item : Explanation | None
            The explanation; None for the first.
        """
        chosen = self.first if item is None else item
        return tuple(
            other
            for other in self.items
            if other is not chosen and other.admissible and not chosen.evidence.decides_over(other.evidence)
        )

    def sentences(self) -> list[str]:
        """Return what was found, in words, for a reader who sees nothing else."""
        from .explanation_words import sentences

        return sentences(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per explanation, in their order.

        Returns
        -------
        rows : list of dict
            Regime; drives in words and as a `sequence` of (location, ms); R² with fresh seeds; evidence, its error and
            parts, and how much lower it is than that of the first; whether it fits as well as the first; columns,
            cells, mm²; spikes per cell and their median times (ms) by type; distances from what was expected in
            standard deviations; how many parameters the data determine, and of how many; why it is refused.
        """
        from .explanation_rows import rows

        return rows(self)

    def intervals(self) -> list[dict[str, Any]]:
        """Return what drives and columns may be, over the first explanation and all of its regime that fit as well.

        Drives are matched with those of the first from the same side, in order of time.

        Returns
        -------
        rows : list of dict
            ``drive``: its name in the first explanation, or in a rival if the first has none like it; ``location``;
            empty for the number of columns. ``quantity``: such as ``'mu_ms'``. ``value``: in the first, NaN if it has
            no such drive. ``low``, ``high``: the ends over all, each with its own interval where it has one. ``held``:
            how many of the ``of`` explanations have such a drive. ``determined``: whether the data determine it in
            each of them, and it is in all of them; None if not known.
        """
        from .explanation_rows import intervals

        return intervals(self)

    def to_data_frame(self) -> Any:
        """Return the rows as a table (needs pandas)."""
        return load_pandas().DataFrame(self.rows())

    def plot(self, *, show: bool = True) -> Figure:
        """Plot the explanations side by side; see :func:`mne_hnn.viz.plot_explanations`."""
        from ..viz import plot_explanations

        return plot_explanations(self, show=show)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.npz``) for :func:`read_explanations`.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .explanation_files import write_explanations

        write_explanations(path, self, overwrite=overwrite)

    def __repr__(self) -> str:
        lines = "\n".join(f"  {item!r}" for item in self.items)
        return f"<Explanations, verdict {self.verdict!r}, the most plausible first:\n{lines}\n>"


def ordered(items: Iterable[Explanation]) -> list[Explanation]:
    """Return explanations in the order in which they are shown: by their evidence, those that are refused last."""
    return sorted(items, key=lambda item: (not item.admissible, -item.evidence.value))


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return what is a number: what is infinitely far, such as no spike at all, is as far as can be said."""
    return {name: float(np.clip(value, -99.0, 99.0)) for name, value in values.items() if not np.isnan(value)}
