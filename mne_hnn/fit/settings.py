"""What all fits are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from .._checks import check_int, check_name, check_non_negative, check_positive, check_seed
from .._value import Value
from ..errors import ParameterError
from ..simulate.settings import PRECISIONS
from .levels import Level, given_levels
from .observation import ColumnPrior
from .optimizers import OPTIMIZERS

__all__ = ["FitSettings", "WaveformSettings", "as_settings", "check_step"]

MAX_EVALUATIONS = 200

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
        Steps of rising cost. ``'auto'`` searches a 5 x 5 mesh (:func:`coarse_network`) first if the column is at least
        four times as large and more than four parameters are free; None uses the column only.
    population : int | None
        Networks in a generation of CMA-ES (the first, as restarts double it) or differential evolution; None is what is
        usual for them: 4 + 3 ln(n) for n free parameters, and 4 n. Other optimizers have none. A large one finds
        more of a rough loss, for more evaluations.
    n_trials : int | None
        Trials per evaluation, averaged. None is what the last of `levels` says, or what is usual for the kind of fit;
        both must agree.
    n_final : int
        Trials of the final score.
    dt : float
        Time step, ms.
    seed, fresh_seed : int
        Seeds of the search and of the final trials.
    precision : str
        How networks that are only tried are simulated: ``'search'``, several times faster with an error of about a
        third of that of the time step (see :func:`~mne_hnn.simulate.simulate`), or ``'exact'``. What a fit returns is
        exact in either case: the best few of a search are simulated again exactly, and the best of these is kept;
        scores, intervals, agreement of levels and final trials are of exact simulations. Where there is no fast way (no
        compiled kernel, electrodes), all of it is exact.

    Raises
    ------
    ParameterError
        A wrong value; the sentence says which and what was expected.

    Examples
    --------
    >>> settings = FitSettings(max_evaluations=200, n_trials=2)
    >>> settings.optimizer, settings.precision
    ('auto', 'search')
    """

    usual_trials: ClassVar[int] = 1
    """Trials per evaluation where nothing says how many."""

    optimizer: str = "auto"
    max_evaluations: int = MAX_EVALUATIONS
    levels: str | Sequence[Level] | None = "auto"
    population: int | None = None
    n_trials: int | None = None
    n_final: int = 10
    dt: float = 0.025
    seed: int = 1
    fresh_seed: int = 2
    precision: str = "search"

    def __post_init__(self) -> None:
        self._check_shared()

    def _check_shared(self) -> None:
        check_name(self.optimizer, ("auto", *OPTIMIZERS), "optimizer")  # whether its package is there, the fit says
        check_name(self.precision, PRECISIONS, "precision")
        check_positive(self.dt, "dt (ms)")
        levels = given_levels(self.levels)
        _check_agreed(levels, self.n_trials)
        self._keep(
            max_evaluations=check_int(self.max_evaluations, "max_evaluations", minimum=1),
            levels=levels,
            population=None if self.population is None else check_int(self.population, "population", minimum=4),
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

    def _shared(self) -> dict[str, Any]:
        """Return what all fits share by name, with the trials that are meant."""
        return {field.name: getattr(self, field.name) for field in fields(FitSettings)} | {"n_trials": self.trials}

    @property
    def trials(self) -> int:
        """Trials per evaluation on the full column: of `n_trials`, of the last of `levels`, or as usual."""
        if isinstance(self.levels, tuple):
            last: Level = self.levels[-1]
            return last.n_trials
        return self.usual_trials if self.n_trials is None else self.n_trials


@dataclass(frozen=True, kw_only=True, slots=True)
class WaveformSettings(FitSettings):
    """What fits of a waveform share besides.

    Parameters
    ----------
    smooth_ms : float
        Hamming window on the simulated dipole before it is compared, ms; 0 for none.
    prior : ColumnPrior | 'target' | None
        Which numbers of columns are plausible; ``'target'`` takes :meth:`ColumnPrior.for_target`.
    noise : float
        Noise of the target relative to its root mean square: what no column is expected to explain. The standard error
        counts instead if it is larger.
    standard_error : float | None
        Standard error of the target, A m; None takes the one in the target's provenance, if there is one.

    Raises
    ------
    ParameterError
        A wrong value.
    """

    smooth_ms: float = 20.0
    prior: ColumnPrior | str | None = "target"
    noise: float = 0.05
    standard_error: float | None = None

    def __post_init__(self) -> None:
        self._check_shared()
        self._check_waveform()

    def _check_waveform(self) -> None:
        check_non_negative(self.smooth_ms, "smooth_ms")
        check_positive(self.noise, "noise")
        if self.standard_error is not None:
            check_positive(self.standard_error, "standard_error (A m)")
        prior = self.prior
        if isinstance(prior, str):
            check_name(prior, ("target",), "prior")
        elif prior is not None and not isinstance(prior, ColumnPrior):
            raise ParameterError(
                f"prior must be 'target', None, or a ColumnPrior such as ColumnPrior(median=1000), got {prior!r}."
            )


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


def _check_agreed(levels: Any, n_trials: int | None) -> None:
    """Refuse trials of which `n_trials` and the last level say different things."""
    if isinstance(levels, tuple) and n_trials is not None and n_trials != levels[-1].n_trials:
        raise ParameterError(
            f"n_trials = {n_trials!r}, but the last of levels has {levels[-1].n_trials}: leave n_trials out, or give "
            f"Level(n_trials={n_trials!r})."
        )


def check_step(step: Any) -> None:
    """Refuse a first step beyond the bounds."""
    if check_positive(step, "step") > 1:
        raise ParameterError(f"step is a share of the bounds of each parameter, at most 1, got {step:g}.")
