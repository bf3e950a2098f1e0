"""How a search of any parameters is done."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import check_bool, check_positive
from ..simulate.precautions import check_times
from .settings import WaveformSettings, check_step

__all__ = ["DriveSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DriveSettings(WaveformSettings):
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
    optimizer, max_evaluations, levels, population, n_final, dt, seed, fresh_seed, precision
        As in :class:`FitSettings`.

    Raises
    ------
    ParameterError
        A wrong value.

    Examples
    --------
    >>> DriveSettings(optimizer="cobyla", max_evaluations=60, smooth_ms=20.0).n_final
    10
    """

    step: float = 0.2
    scale: float | None = None
    tstop: float | None = None
    intervals: bool = True

    def __post_init__(self) -> None:
        self._check_shared()
        check_step(self.step)
        self._check_waveform()
        if self.scale is not None:
            check_positive(self.scale, "scale")
        if self.tstop is not None:
            check_times(self.tstop, self.dt)
        self._keep(intervals=check_bool(self.intervals, "intervals"))
