"""How evoked drives are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_finite, check_int, check_name, check_non_negative, check_positive
from .._value import FrozenMap
from ..errors import ParameterError
from .circuit_prior import CircuitPrior
from .drive_settings import DriveSettings
from .levels import Level
from .sequence import Sequenced, as_sequence
from .settings import MAX_EVALUATIONS, WaveformSettings

__all__ = ["REGIMES", "EvokedSettings", "check_two_levels"]

MAX_DRIVES = 8
"""Proposed at most, unless said otherwise."""
REFINE = 4
REGIMES = ("spiking", "silent")
"""What an explanation can be."""
STEPS = ("auto", "emulator", "smoother")
"""How ensembles move."""
FEWEST_MEMBERS = 12
"""Networks of an ensemble: with fewer nothing is known of how predictions vary together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvokedSettings(WaveformSettings):
    """How :func:`fit_evoked` finds evoked drives.

    Parameters
    ----------
    drives : str
        ``'propose'`` finds the sequence of drives in the waveform and keeps the cells below threshold; ``'network'``
        starts from the evoked drives that the network has, and searches their times, spreads and weights around the
        values they have (:func:`fit_drives`), in whatever regime they put the cells.
    n_drives : int | None
        Number of drives; None lets the data decide.
    max_drives : int
        The most drives that are proposed, where neither `n_drives` nor `sequence` says how many there are; five at
        most where cells fire.
    sequence : sequence of (str, float) | None
        Location (``'proximal'`` or ``'distal'``) and about when (ms) of each drive, at least 10 ms apart, instead of a
        search for them; for example :attr:`FitResult.sequence` of a group's average. Number, sides and order are kept,
        so that a name such as ``evprox2`` means the same in every fit with this sequence; times, spreads and weights
        are fitted. Each drive keeps to its side of the middle between its time here and its neighbour's (2.5 ms short
        of it, so that two drives stay at least 5 ms apart), the outermost ones to the record; a drive that ends at
        such a border is named in the warnings.
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none. It is part of what is fitted: drives are sought whose
        smoothed response is the target.
    prior : ColumnPrior | 'target' | None
        How many columns are expected to act together; ``'target'`` takes :meth:`ColumnPrior.for_target`.
    circuit : CircuitPrior
        What is plausible for a column whose cells fire: columns per nA m, participating cells, spikes, drives.
    noise : float
        Noise of the target relative to its root mean square: what no column is expected to explain. The standard error
        counts instead if it is larger.
    standard_error : float | None
        Standard error of the target, A m; None takes the one in the target's provenance, if there is one.
    regimes : sequence of str
        What is searched: ``'spiking'``, explanations by columns whose cells fire, ``'silent'``, one in which no cell
        fires, or both.
    members : int
        Networks of the ensemble of each sequence of drives whose cells fire.
    generations : int
        Steps in which an ensemble takes the response into account, each with an equal part of its weight. After each
        the sequences that are farther from the response are dropped.
    steps : str
        How ensembles move: ``'smoother'`` along the slope of what their members give (Emerick and Reynolds 2013,
        https://doi.org/10.1016/j.cageo.2012.03.011); ``'emulator'`` at first to where a Gaussian process of all
        networks of a sequence says that the response is explained (after Chen and Oliver 2012,
        https://doi.org/10.1007/s11004-011-9376-z), then along the slope of what it says; ``'auto'`` the latter, and
        where that leaves more than 3 % of the response besides its noise, or gives numbers of spikes more than two
        standard deviations from what is expected, the former as well, unless `sequence` is given: the best of both is
        kept.
    max_sequences : int
        Sequences whose cells fire that are searched at most. The last one is a proximal, a distal and a proximal drive,
        as published responses have them (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009), if that is not
        among the others.
    finalists : int
        Sequences that go on on the full column, and become explanations.
    start : mapping of str to (float, float) | None
        Where the ensembles begin instead of at the prior: :attr:`Explanation.ensemble` of another fit with the same
        `sequence`, which must be given, too. Means are these, and standard deviations twice these, at least half and at
        most all of the prior's; half of the members begin there, the others at what this response itself says. It is
        for members of a group whose average was explained first: distances of weights are relative to this start then.
    columns : float | None
        Number of columns, where it is known, such as that of another condition of the same person; None fits it. A
        silent explanation has more if its cells would fire with as few.
    refine : int
        Simulations of the full column at most, each after the first with the sequence corrected by the one before.
    polish : int
        Evaluations of a further search on the full column, around the result, by `optimizer`.
    optimizer : str
        For `polish` and for ``drives='network'``, refused without; see :data:`~mne_hnn.fit.OPTIMIZERS`.
    max_evaluations : int
        Networks to try with ``drives='network'``, refused without.
    n_trials : int | None
        Trials per evaluation, averaged. None is 2, or what the last of `levels` says.
    n_final : int
        Trials of the final score. A response is the sum of many columns, in which the chance of each is lost; the mean
        of some trials of one still has some of it, so that even the R² of the drives that did make a response differs
        from some trials to others.
    levels, dt, seed, fresh_seed, precision
        As in :class:`FitSettings`. Kernels are measured on the first of at most two levels.

    Raises
    ------
    ParameterError
        A wrong value, or one that the choice of drives makes no use of.

    Examples
    --------
    >>> settings = EvokedSettings(sequence=[("proximal", 25.0), ("distal", 60.0)], regimes=("spiking",), smooth_ms=20.0)
    >>> settings.n_final
    60
    """

    usual_trials: ClassVar[int] = 2

    drives: str = "propose"
    n_final: int = 60
    n_drives: int | None = None
    max_drives: int = MAX_DRIVES
    sequence: Sequenced | None = None
    refine: int = REFINE
    polish: int = 0
    circuit: CircuitPrior = CircuitPrior()
    regimes: Sequence[str] = REGIMES
    members: int = 96
    generations: int = 4
    steps: str = "auto"
    max_sequences: int = 7
    finalists: int = 2
    start: Mapping[str, tuple[float, float]] | None = None
    columns: float | None = None

    def __post_init__(self) -> None:
        self._check_shared()
        check_name(self.drives, ("propose", "network"), "choice of drives")
        check_name(self.steps, STEPS, "steps")
        self._check_waveform()
        self._keep(
            n_drives=None if self.n_drives is None else check_int(self.n_drives, "n_drives", minimum=1),
            max_drives=check_int(self.max_drives, "max_drives", minimum=1),
            refine=check_int(self.refine, "refine", minimum=1),
            polish=check_int(self.polish, "polish", minimum=0),
            regimes=_check_regimes(self.regimes),
            members=check_int(self.members, "members", minimum=FEWEST_MEMBERS),
            generations=check_int(self.generations, "generations", minimum=1),
            max_sequences=check_int(self.max_sequences, "max_sequences", minimum=1),
            finalists=check_int(self.finalists, "finalists", minimum=1),
            sequence=None if self.sequence is None else as_sequence(self.sequence),
            start=None if self.start is None else _check_start(self.start),
            columns=None if self.columns is None else check_positive(self.columns, "columns"),
        )
        if not isinstance(self.circuit, CircuitPrior):
            raise ParameterError(
                f"circuit must be a CircuitPrior, such as CircuitPrior(time_sd_ms=5), got {self.circuit!r}."
            )
        self._check_used()
        if self.drives == "propose" and isinstance(self.levels, tuple):
            check_two_levels(self.levels)

    def search(self) -> DriveSettings:
        """Return how :func:`fit_drives` searches for ``drives='network'``."""
        return DriveSettings(
            **self._shared(),
            smooth_ms=self.smooth_ms,
            prior=self.prior,
            noise=self.noise,
            standard_error=self.standard_error,
        )

    def _check_used(self) -> None:
        """Refuse values that the choice of drives makes no use of."""
        if self.sequence is not None and self.n_drives is not None:
            raise ParameterError("sequence says how many drives there are: leave n_drives out.")
        if self.sequence is not None and self.drives == "network":
            raise ParameterError("sequence and drives='network' both say where the fit starts: leave one of them out.")
        if self.start is not None and self.sequence is None:
            raise ParameterError("start is of the drives of a sequence: give that sequence, too.")
        if self.drives == "network":
            given = {
                "start": self.start is not None,
                "columns": self.columns is not None,
                "n_drives": self.n_drives is not None,
                "max_drives": self.max_drives != MAX_DRIVES,
                "refine": self.refine != REFINE,
                "polish": self.polish > 0,
            }
            reason = "the network says which drives there are, and max_evaluations how long to search"
        else:
            counted = self.n_drives is not None or self.sequence is not None
            given = {
                "max_evaluations": self.max_evaluations != MAX_EVALUATIONS,
                "optimizer": self.optimizer != "auto" and not self.polish,
                "max_drives": counted and self.max_drives != MAX_DRIVES,
            }
            reason = "it is for drives='network'" if not given["max_drives"] else "how many drives there are is given"
            if given["optimizer"]:
                reason += ", or with polish"
        for name, has in given.items():
            if has:
                raise ParameterError(f"{name} has no effect with drives={self.drives!r} here ({reason}): leave it out.")


def _check_regimes(regimes: Any) -> tuple[str, ...]:
    """Return what is searched, in the usual order."""
    given = (regimes,) if isinstance(regimes, str) else tuple(regimes) if isinstance(regimes, Sequence) else ()
    if not given:
        raise ParameterError(f"regimes must hold 'spiking', 'silent' or both, got {regimes!r}.")
    for regime in given:
        check_name(regime, REGIMES, "regime")
    return tuple(regime for regime in REGIMES if regime in given)


def _check_start(start: Any) -> FrozenMap[tuple[float, float]]:
    """Return means and standard deviations by path."""
    if not isinstance(start, Mapping) or not start:
        raise ParameterError(
            f"start must be the ensemble of another explanation (explanation.ensemble), got {type(start).__name__}."
        )
    found = {}
    for path, pair in start.items():
        if not isinstance(pair, Sequence) or len(pair) != 2:
            raise ParameterError(f"start must hold a mean and a standard deviation per path, got {pair!r} for {path}.")
        mean, sd = pair
        where = f"in start, of {path}"
        found[path] = (check_finite(mean, f"The mean {where}"), check_non_negative(sd, f"The deviation {where}"))
    return FrozenMap(found)


def check_two_levels(levels: Sequence[Level]) -> None:
    """Refuse levels that a proposal would not simulate: it has that of the kernels and that of the column."""
    if len(levels) > 2 or any(level.share != 1 for level in levels):
        raise ParameterError(
            "With drives='propose' levels are the one on which kernels are measured and the full column, at most two, "
            "without a share: the others would not be used."
        )
