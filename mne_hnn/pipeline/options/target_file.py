"""Options of the stage that reads the target from a file of other software."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._checks import check_bool, check_non_negative, check_positive
from ...errors import ConfigError
from ...io.courses import CourseChoice
from ..checks import or_none, path_or
from .option import Options, documented, option
from .shared import Targeted

__all__ = ["ReadTargetOptions", "TargetFileOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class TargetFileOptions(Options):
    """Which file has the target, and what of it is taken; see :func:`mne_hnn.io.read_source_course`."""

    target_file: Any = option(
        None,
        "A source time course of other software, instead of `data` and all that is made of it: text, scouts of "
        "Brainstorm, virtual channels and sources of FieldTrip, sources extracted by SPM, fitted dipoles of "
        "MNE-Python. Stages load, inverse and sensors are left out.",
        kind="path-like | None",
        check=path_or(),
    )
    target_unit: str | None = option(
        None, "Unit of its moments: 'A m', 'uA m', 'nA m', 'pA m', 'fA m'; None where the file says it."
    )
    target_pick: str | int | None = option(
        None, "Its scout, channel, position, column or dipole: a name, or a number from 1; None takes the only one."
    )
    target_trial: str | int | None = option(
        None, "Its trial (from 1) or condition, or 'average' of all; None takes the only one."
    )
    target_orientation: Any = option(
        None,
        "Of three components one (from 1), the part along a direction, or 'largest', the direction of the largest "
        "variance.",
        kind="int | sequence of float | str | None",
    )
    target_time_unit: str | None = option(None, "Unit of its times, 's' or 'ms'; None where the file leaves no choice.")
    target_resample: bool = option(False, "Whether uneven times are interpolated to even ones.", check=check_bool)
    target_smooth_ms: float = option(
        0.0, "Hamming window on the target; 0 for none.", unit="ms", check=check_non_negative
    )
    target_area_mm2: float | None = option(
        None,
        "Area of the cortex that it comes from, where it is known: whether cells fit into it is asked then.",
        unit="mm²",
        check=or_none(check_positive),
    )
    target_error_nAm: float | None = option(
        None, "Standard error of its moments, where it is known.", unit="nA m", check=or_none(check_positive)
    )

    def choice(self) -> CourseChoice:
        """Return what is taken of the file."""
        return CourseChoice(
            unit=self.target_unit,
            pick=self.target_pick,
            trial=self.target_trial,
            orientation=self.target_orientation,
            time_unit=self.target_time_unit,
            resample=self.target_resample,
        )

    def _check(self) -> None:
        self.choice()
        usual = TargetFileOptions.defaults()
        for name in () if self.target_file is not None else usual:
            if getattr(self, name) != usual[name]:
                raise ConfigError(f"{name} has no effect without target_file: leave it out, or name the file.")
        super()._check()


@documented
@dataclass(frozen=True, kw_only=True)
class ReadTargetOptions(TargetFileOptions, Targeted):
    """What the stage depends on that reads a target."""

    def _check(self) -> None:
        if self.target_file is None:
            raise ConfigError("target_file is not set: name the file that has the source time course.")
        super()._check()
