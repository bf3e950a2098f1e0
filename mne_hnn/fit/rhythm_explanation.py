"""What a rhythm may have been: a column in which no cell fires and one whose cells fire, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from .._tables import load_pandas
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import BurstyDrive
from .circuit_prior import CircuitPrior
from .explanation import Explanation
from .rhythmic_settings import RhythmicSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CLEARLY", "NOTHING", "NOT_REACHED", "RhythmExplanation", "RhythmExplanations"]

CLEARLY = 0.1
"""By how much a loss must be smaller to count: in spectra, a typical deviation of 26 % in power."""
NOT_REACHED = ("No pyramidal cell fires in it", "Pyramidal cells fire in it")
"""How the refusals begin of what is not in the regime that was searched."""
NOTHING = "It explains nothing of the rhythm"
"""How the refusal begins of what is no nearer to the rhythm than a spectrum without one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmExplanation(Explanation):
    """One way in which a column could have made a rhythm.

    Attributes
    ----------
    regime, fit, amplitude, refusals
        As in :class:`Explanation`. The scores of `fit` are of what was searched: the distance from the rhythm, and what
        the regime asks besides.
    evidence : Evidence
        How probable the spectrum is under the explanation, where the target gives trials to tell how sure its spectrum
        is (see :func:`explain_rhythm`); else it has no parts.
    spikes : SpikeCounts
        Spikes per cell of each type in the fresh trials after the burn-in.
    distances : mapping of str to float
        How far from what is expected, in standard deviations: ``'columns_per_nAm'``, ``'fraction'`` and
        ``'spikes.TYPE'`` of cells that fire, ``'columns'`` of silent ones.
    loss : float
        Distance of the rhythm from the wanted one in fresh trials, and nothing else: of a spectrum in log10 units of
        power, 0.1 is a typical deviation of 26 %.
    loss_error : float
        Its standard error, from leaving out one fresh trial after the other.
    likeness : float
        Correlation of the logarithms of power with those of the target over frequencies; NaN where there are bands.
    n_columns : float
        Number of columns; NaN where the target has no unit.

    Examples
    --------
    >>> rhythms.first.regime, rhythms.first.in_regime
    ('silent', True)
    """

    loss: float
    loss_error: float
    likeness: float = float("nan")
    n_columns: float = float("nan")

    @property
    def columns(self) -> float:
        """Number of columns that act together, in step; NaN where the target has no unit."""
        return self.n_columns

    @property
    def in_regime(self) -> bool:
        """Whether its cells do what was asked of them: what a search did not reach is not refuted."""
        return not any(text.startswith(NOT_REACHED) for text in self.refusals)

    @property
    def impossible(self) -> bool:
        """Whether more speaks against it than that a search did not find better: there are too few cells for it."""
        return any(not text.startswith((*NOT_REACHED, NOTHING)) for text in self.refusals)

    @property
    def bursts(self) -> tuple[tuple[str, float], ...]:
        """Location and rate (Hz) of each bursty drive, in the order of the network."""
        drives = (drive for drive in self.network.drives.values() if isinstance(drive, BurstyDrive))
        return tuple((drive.location, drive.burst_rate_Hz) for drive in drives)

    def clearly_over(self, other: RhythmExplanation) -> bool:
        """Return whether the rhythm is told apart in favour of this explanation.

        By evidence where both have one (:meth:`Evidence.decides_over`); else if the loss is smaller by 0.1 at least and
        by twice the standard error of the difference.

        Parameters
        ----------
        other : RhythmExplanation
            Another explanation of the same rhythm.
        """
        if self.evidence.parts and other.evidence.parts:
            return self.evidence.decides_over(other.evidence)
        closer = other.loss - self.loss
        return closer > CLEARLY and closer > 2 * hypot(self.loss_error, other.loss_error)

    def __repr__(self) -> str:
        drives = ", ".join(f"{place} {rate:.1f} Hz" for place, rate in self.bursts)
        columns = "" if self.columns != self.columns else f", {self.columns:.3g} columns"
        return (
            f"<RhythmExplanation ({self.regime}): {drives}; loss {self.loss:.3f} ± {self.loss_error:.3f} with fresh "
            f"seeds{columns}{'' if self.admissible else ', refused'}>"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmExplanations(Sequence[RhythmExplanation]):
    """The explanations of a rhythm: the silent one first, unless it is refused or clearly worse.

    Attributes
    ----------
    items : tuple of RhythmExplanation
        In order; those against which something speaks come last.
    moment : Dipole | None
        Amplitude of the target's rhythm, A m, with the area of its patch; None where it has no unit.
    settings : RhythmicSettings
        How explanations were looked for, as they were used; they hold the prior.

    Examples
    --------
    >>> len(rhythms), rhythms.first is rhythms[0]
    (2, True)
    """

    items: tuple[RhythmExplanation, ...]
    moment: Dipole | None
    settings: RhythmicSettings

    def __post_init__(self) -> None:
        if not self.items or len({item.regime for item in self.items}) < len(self.items):
            raise ParameterError(
                f"RhythmExplanations need one explanation per regime, silent and spiking, got {len(self.items)} of "
                f"{', '.join(item.regime for item in self.items) or 'none'}."
            )
        ordered = sorted(self.items, key=lambda item: (not item.admissible, item.regime != "silent"))
        if len(ordered) > 1 and ordered[0].admissible == ordered[1].admissible and ordered[1].clearly_over(ordered[0]):
            ordered.reverse()
        object.__setattr__(self, "items", tuple(ordered))

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> RhythmExplanation: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RhythmExplanation, ...]: ...
    def __getitem__(self, index: int | slice) -> RhythmExplanation | tuple[RhythmExplanation, ...]:
        """Return an explanation by its place."""
        return self.items[index]

    def __iter__(self) -> Iterator[RhythmExplanation]:
        return iter(self.items)

    @property
    def first(self) -> RhythmExplanation:
        """The one to begin with."""
        return self.items[0]

    @property
    def prior(self) -> CircuitPrior:
        """What was expected."""
        return CircuitPrior() if self.settings.circuit is None else self.settings.circuit

    @property
    def spiking(self) -> RhythmExplanation | None:
        """The one whose cells fire."""
        return next((item for item in self.items if item.regime == "spiking"), None)

    @property
    def silent(self) -> RhythmExplanation | None:
        """The one in which no cell fires."""
        return next((item for item in self.items if item.regime == "silent"), None)

    @property
    def verdict(self) -> str:
        """What can be said: ``'spiking'``, ``'silent'``, ``'undecided'``, or ``'none'``.

        A regime is claimed if it is clearly nearer to the rhythm (:meth:`RhythmExplanation.clearly_over`), or if there
        are too few cells for the other, unless that one is clearly nearer. None is claimed where the other search did
        not reach its regime: what was not found is not refuted. ``'none'`` if all are refused.
        """
        able = [item for item in self.items if item.admissible]
        if not able:
            return "none"
        if len(self.items) == 1:
            return "undecided"
        first, other = self.items
        if not other.in_regime:
            return "undecided"
        claimed = not other.clearly_over(first) if other.impossible else first.clearly_over(other)
        return first.regime if claimed else "undecided"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know of the first explanation, and why it is none to be believed, if so."""
        return (*self.first.refusals, *self.first.fit.warnings)

    def sentences(self) -> list[str]:
        """Return what was found, in words, for a reader who sees nothing else."""
        from .rhythm_words import sentences

        return sentences(self)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per explanation, as :meth:`Explanations.rows`, with the loss and its error for R²."""
        from .rhythm_rows import rows

        return rows(self)

    def to_data_frame(self) -> Any:
        """Return the rows as a table (needs pandas)."""
        return load_pandas().DataFrame(self.rows())

    def plot(self, *, show: bool = True) -> Figure:
        """Plot the explanations side by side; see :func:`mne_hnn.viz.plot_rhythm_explanations`."""
        from ..viz import plot_rhythm_explanations

        return plot_rhythm_explanations(self, show=show)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.npz``) for :func:`read_rhythm_explanations`.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .rhythm_files import write_rhythm_explanations

        write_rhythm_explanations(path, self, overwrite=overwrite)

    def __repr__(self) -> str:
        lines = "\n".join(f"  {item!r}" for item in self.items)
        return f"<RhythmExplanations, verdict {self.verdict!r}:\n{lines}\n>"
