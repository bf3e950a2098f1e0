"""The settings that a result holds: of one of the fits, or of none."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import check_non_negative, check_positive, check_seed
from .._value import Value
from .drive_settings import DriveSettings
from .evoked_settings import EvokedSettings
from .rhythmic_settings import RhythmicSettings

__all__ = ["FittedSettings", "UnfittedSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfittedSettings(Value):
    """How a column was simulated whose drives stay as they are.

    Parameters
    ----------
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none.
    dt : float
        Time step, ms.
    seed : int | None
        Seed of the simulation; None is that of the drives.
    columns : float | None
        Number of columns that was given; None for the one that brings the simulation closest to the target.

    Examples
    --------
    >>> UnfittedSettings(smooth_ms=20.0, columns=3000.0).dt
    0.025
    """

    smooth_ms: float = 20.0
    dt: float = 0.025
    seed: int | None = None
    columns: float | None = None

    def __post_init__(self) -> None:
        check_non_negative(self.smooth_ms, "smooth_ms")
        check_positive(self.dt, "dt (ms)")
        if self.seed is not None:
            check_seed(self.seed, "seed")
        if self.columns is not None:
            check_positive(self.columns, "columns")


FittedSettings = EvokedSettings | DriveSettings | RhythmicSettings | UnfittedSettings
"""What a result holds."""
