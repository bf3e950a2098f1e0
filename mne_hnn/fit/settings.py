"""How to fit: one checked value per kind of fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from .._checks import check_bool, check_finite, check_int, check_name, check_non_negative, check_positive, check_seed
from .._value import Value
from ..errors import ParameterError
from ..simulate.precautions import check_times
from .levels import Level, given_levels
from .observation import ColumnPrior
from .optimizers import OPTIMIZERS
from .sequence import Sequenced, as_sequence

__all__ = [
    "DriveSettings",
    "EvokedSettings",
    "FitSettings",
    "RhythmicSettings",
    "UnfittedSettings",
    "as_settings",
    "check_two_levels",
]

MAX_DRIVES = 8
"""Proposed at most, unless said otherwise."""
REFINE = 4
MAX_EVALUATIONS = 200
SHORTEST_RHYTHM_MS = 20.0

S = TypeVar("S", bound="FitSettings")


@dataclass(frozen=True, kw_only=True, slots=True)
class FitSettings(Value):
    """What all fits share.

    Parameters
    ----------
    optimizer : str
        A name of :data:`~mne_hnn.fit.OPTIMIZERS`, or ``'auto'``: CMA-ES if pycma is installed and more than four
        parameters are free, else scipy's differential evolution; a scan for one parameter.
    max_evaluations : int
        Networks to try on all levels together, without the final trials and those for the intervals.
    levels : 'auto' | None | sequence of Level
        Steps of rising cost. ``'auto'`` searches a 5 x 5 mesh first if the column is at least four times as large and
        more than four parameters are free; None uses the column only.
    n_trials : int | None
        Trials per evaluation, averaged. None is what the last of `levels` says, or what is usual for the kind of fit;
        both must agree.
    n_final : int
        Trials of the final score.
    dt : float
        Time step, ms.
    seed, fresh_seed : int
        Seeds of the search and of the final trials.

    Raises
    ------
    ParameterError
        A wrong value; the sentence says which and what was expected.
    """

    usual_trials: ClassVar[int] = 1
    """Trials per evaluation where nothing says how many."""

    optimizer: str = "auto"
    max_evaluations: int = MAX_EVALUATIONS
    levels: str | Sequence[Level] | None = "auto"
    n_trials: int | None = None
    n_final: int = 10
    dt: float = 0.025
    seed: int = 1
    fresh_seed: int = 2

    def __post_init__(self) -> None:
        self._check_shared()

    def _check_shared(self) -> None:
        check_name(self.optimizer, ("auto", *OPTIMIZERS), "optimizer")  # whether its package is there, the fit says
        check_positive(self.dt, "dt (ms)")
        levels = given_levels(self.levels)
        _check_agreed(levels, self.n_trials)
        self._keep(
            max_evaluations=check_int(self.max_evaluations, "max_evaluations", minimum=1),
            levels=levels,
            n_trials=None if self.n_trials is None else check_int(self.n_trials, "n_trials", minimum=1),
            n_final=check_int(self.n_final, "n_final", minimum=1),
            seed=check_seed(self.seed, "seed"),
            fresh_seed=check_seed(self.fresh_seed, "fresh_seed"),
        )
        if self.seed == self.fresh_seed:
            raise ParameterError(
                f"fresh_seed must differ from seed, got {self.seed} twice: the final score would not be fresh."
            )

    def _keep(self, **checked: Any) -> None:
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def trials(self) -> int:
        """Trials per evaluation on the full column: of `n_trials`, of the last of `levels`, or as usual."""
        if isinstance(self.levels, tuple):
            last: Level = self.levels[-1]
            return last.n_trials
        return self.usual_trials if self.n_trials is None else self.n_trials


@dataclass(frozen=True, kw_only=True, slots=True)
class EvokedSettings(FitSettings):
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
        The most drives that are proposed, where neither `n_drives` nor `sequence` says how many there are.
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
    noise : float
        Noise of the target relative to its root mean square: what no column is expected to explain. The standard error
        counts instead if it is larger.
    standard_error : float | None
        Standard error of the target, A m; None takes the one in the target's provenance, if there is one.
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
    levels, n_final, dt, seed, fresh_seed
        As in :class:`FitSettings`. Kernels are measured on the first of at most two levels.

    Raises
    ------
    ParameterError
        A wrong value, or one that the choice of drives makes no use of.
    """

    usual_trials: ClassVar[int] = 2

    drives: str = "propose"
    n_drives: int | None = None
    max_drives: int = MAX_DRIVES
    sequence: Sequenced | None = None
    smooth_ms: float = 20.0
    prior: ColumnPrior | str | None = "target"
    noise: float = 0.05
    standard_error: float | None = None
    refine: int = REFINE
    polish: int = 0

    def __post_init__(self) -> None:
        self._check_shared()
        check_name(self.drives, ("propose", "network"), "choice of drives")
        _check_waveform(self)
        self._keep(
            n_drives=None if self.n_drives is None else check_int(self.n_drives, "n_drives", minimum=1),
            max_drives=check_int(self.max_drives, "max_drives", minimum=1),
            refine=check_int(self.refine, "refine", minimum=1),
            polish=check_int(self.polish, "polish", minimum=0),
            sequence=None if self.sequence is None else as_sequence(self.sequence),
        )
        self._check_used()
        if self.drives == "propose" and isinstance(self.levels, tuple):
            check_two_levels(self.levels)

    def _check_used(self) -> None:
        """Refuse values that the choice of drives makes no use of."""
        if self.sequence is not None and self.n_drives is not None:
            raise ParameterError("sequence says how many drives there are: leave n_drives out.")
        if self.sequence is not None and self.drives == "network":
            raise ParameterError("sequence and drives='network' both say where the fit starts: leave one of them out.")
        if self.drives == "network":
            given = {
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DriveSettings(FitSettings):
    """How :func:`fit_drives` searches.

    Parameters
    ----------
    step : float
        Size of first steps, as a share of the bounds.
    smooth_ms : float
        Hamming window on the simulated dipole before it is compared, ms; 0 for none. Like `scale`, `prior` and
        `noise` it belongs to objectives given by name: a :class:`Waveform` has its own.
    scale : float | None
        Factor on the simulated dipole, the number of columns; None finds it for each network.
    prior : ColumnPrior | 'target' | None
        Which numbers of columns are plausible, if `scale` is None; ``'target'`` takes :meth:`ColumnPrior.for_target`,
        None the number that fits best.
    noise : float
        Noise of the target relative to its root mean square: what no column is expected to explain. The standard error
        counts instead if it is larger.
    standard_error : float | None
        Standard error of the target, A m; None takes the one in the target's provenance, if there is one.
    tstop : float | None
        Duration, ms, not shorter than the target; None is the target's last time.
    intervals : bool
        Whether to compute intervals of the parameters; it takes one more evaluation per parameter.
    n_trials : int | None
        Trials per evaluation, averaged. None is 1, or what the last of `levels` says.
    optimizer, max_evaluations, levels, n_final, dt, seed, fresh_seed
        As in :class:`FitSettings`.

    Raises
    ------
    ParameterError
        A wrong value.
    """

    step: float = 0.2
    smooth_ms: float = 20.0
    scale: float | None = None
    prior: ColumnPrior | str | None = "target"
    noise: float = 0.05
    standard_error: float | None = None
    tstop: float | None = None
    intervals: bool = True

    def __post_init__(self) -> None:
        self._check_shared()
        _check_step(self.step)
        _check_waveform(self)
        if self.scale is not None:
            check_positive(self.scale, "scale")
        if self.tstop is not None:
            check_times(self.tstop, self.dt)
        self._keep(intervals=check_bool(self.intervals, "intervals"))


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmicSettings(FitSettings):
    """How :func:`fit_rhythmic` judges a rhythm and searches.

    Parameters
    ----------
    bands : sequence of (float, float) | None
        Frequency bands whose power is to be high, Hz.
    shares : sequence of float | None
        Wanted power of each band relative to the others; None is the same for all.
    measure : str
        For `bands`: ``'power'`` or ``'ratio'``, see :class:`~mne_hnn.fit.BandPower`.
    aperiodic : str
        For a target: ``'scale'`` compares shapes, ``'remove'`` only what stands above the aperiodic part of each,
        ``'keep'`` all, in A² m² / Hz; see :class:`~mne_hnn.fit.Spectrum`.
    fmin, fmax : float
        The frequencies that count, Hz.
    burn_in_ms : float
        What is left out of each trial at the start, ms.
    tstop : float
        Duration of a simulation, ms. 300 ms resolve some 4 Hz.
    step : float
        Size of first steps, as a share of the bounds.
    n_trials : int | None
        Trials per evaluation; their spectra are averaged, not their dipoles. None is 2, or what the last of `levels`
        says.
    optimizer : str
        A name of :data:`~mne_hnn.fit.OPTIMIZERS`. ``'auto'`` is a scan for one parameter, else differential evolution,
        which searches everywhere: rates that differ by a beat have minima of their own, and CMA-ES stays in one of
        them more often.
    max_evaluations, levels, n_final, dt, seed, fresh_seed
        As in :class:`FitSettings`.

    Raises
    ------
    ParameterError
        A wrong value, or one that belongs to the other of bands and target.
    """

    usual_trials: ClassVar[int] = 2
    smooth_ms: ClassVar[float] = 0.0
    """Spectra are those of the dipole as it is."""

    bands: Sequence[tuple[float, float]] | None = None
    shares: Sequence[float] | None = None
    measure: str = "power"
    aperiodic: str = "scale"
    fmin: float = 2.0
    fmax: float = 50.0
    burn_in_ms: float = 50.0
    tstop: float = 300.0
    step: float = 0.2

    def __post_init__(self) -> None:
        self._check_shared()
        _check_step(self.step)
        check_positive(self.tstop, "tstop (ms)")
        check_times(self.tstop, self.dt)
        if check_positive(self.fmin, "fmin (Hz)") >= check_positive(self.fmax, "fmax (Hz)"):
            raise ParameterError(f"fmin must be below fmax, got {self.fmin:g} and {self.fmax:g} Hz.")
        if check_non_negative(self.burn_in_ms, "burn_in_ms") >= self.tstop - SHORTEST_RHYTHM_MS:
            raise ParameterError(
                f"burn_in_ms must leave at least {SHORTEST_RHYTHM_MS:g} ms of the {self.tstop:g} ms that are "
                f"simulated, got {self.burn_in_ms:g} ms."
            )
        check_name(self.aperiodic, ("scale", "remove", "keep"), "treatment of the aperiodic part")
        if self.bands is None:
            self._check_no_bands()
        else:
            self._check_bands(self.bands)

    def _check_no_bands(self) -> None:
        if self.shares is not None:
            raise ParameterError("shares belong to bands: leave them out when there is a target spectrum.")
        if self.measure != "power":
            raise ParameterError("measure belongs to bands: leave it out when there is a target spectrum.")

    def _check_bands(self, bands: Any) -> None:
        if self.aperiodic != "scale":
            raise ParameterError("aperiodic belongs to a target spectrum: leave it out when there are bands.")
        pairs: list[Any] = list(bands) if isinstance(bands, Iterable) else [None]
        if not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
            raise ParameterError(f"bands must hold pairs of frequencies such as [(8, 12), (15, 30)], got {bands!r}.")
        if self.shares is not None and not isinstance(self.shares, Iterable):
            raise ParameterError(f"shares must hold one number per band, such as [1, 2], got {self.shares!r}.")
        given = self.shares
        shares = None if given is None else tuple(check_finite(share, "share of a band") for share in given)
        self._keep(
            bands=tuple((check_finite(low, "band"), check_finite(high, "band")) for low, high in pairs), shares=shares
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfittedSettings(Value):
    """How a column was simulated that is only brought to the target's scale.

    Parameters
    ----------
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none.
    dt : float
        Time step, ms.
    seed : int | None
        Seed of the simulation; None is that of the drives.
    """

    smooth_ms: float = 20.0
    dt: float = 0.025
    seed: int | None = None

    def __post_init__(self) -> None:
        check_non_negative(self.smooth_ms, "smooth_ms")
        check_positive(self.dt, "dt (ms)")
        if self.seed is not None:
            check_seed(self.seed, "seed")


def as_settings(settings: S | None, kind: type[S]) -> S:
    """Return the settings of a fit, the usual ones for None.

    Raises
    ------
    ParameterError
        They are those of another fit, or none.
    """
    if settings is None:
        return kind()
    if not isinstance(settings, kind):
        raise ParameterError(
            f"settings must be {kind.__name__}, such as {kind.__name__}(n_final=20), or None for the usual ones, got "
            f"{type(settings).__name__}."
        )
    return settings


def check_two_levels(levels: Sequence[Level]) -> None:
    """Refuse levels that a proposal would not simulate: it has that of the kernels and that of the column."""
    if len(levels) > 2 or any(level.share != 1 for level in levels):
        raise ParameterError(
            "With drives='propose' levels are the one on which kernels are measured and the full column, at most two, "
            "without a share: the others would not be used."
        )


def _check_agreed(levels: Any, n_trials: int | None) -> None:
    """Refuse trials of which `n_trials` and the last level say different things."""
    if isinstance(levels, tuple) and n_trials is not None and n_trials != levels[-1].n_trials:
        raise ParameterError(
            f"n_trials = {n_trials!r}, but the last of levels has {levels[-1].n_trials}: leave n_trials out, or give "
            f"Level(n_trials={n_trials!r})."
        )


def _check_waveform(settings: EvokedSettings | DriveSettings) -> None:
    """Refuse what says wrongly how a waveform is compared."""
    check_non_negative(settings.smooth_ms, "smooth_ms")
    check_positive(settings.noise, "noise")
    if settings.standard_error is not None:
        check_positive(settings.standard_error, "standard_error (A m)")
    prior = settings.prior
    if isinstance(prior, str):
        check_name(prior, ("target",), "prior")
    elif prior is not None and not isinstance(prior, ColumnPrior):
        raise ParameterError(
            f"prior must be 'target', None, or a ColumnPrior such as ColumnPrior(median=1000), got {prior!r}."
        )


def _check_step(step: Any) -> None:
    """Refuse a first step beyond the bounds."""
    if check_positive(step, "step") > 1:
        raise ParameterError(f"step is a share of the bounds of each parameter, at most 1, got {step:g}.")
