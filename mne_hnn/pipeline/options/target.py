"""Options of the stage that turns the response of a label into the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._checks import check_positive
from ...source.course import AMPLITUDES, MODES
from ...source.inverse import METHODS
from ..checks import check_latency, one_of, or_none
from .option import documented, option
from .shared import Labelled, Targeted

__all__ = ["TargetOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class TargetOptions(Labelled, Targeted):
    """What stage target depends on."""

    patch_radius_mm: float | None = option(
        None, "Take the best disc of this radius inside the label; None takes the whole label.", unit="mm"
    )
    patch_latency: Any = option(
        None,
        "Where the disc must explain the response; None is its peak in the label.",
        unit="s",
        kind="float | sequence of float | None",
        check=or_none(check_latency),
    )
    method: str = option("MNE", "Estimate of currents: 'MNE', 'dSPM', 'sLORETA', 'eLORETA'.", check=one_of(METHODS))
    snr: float = option(3.0, "Assumed signal-to-noise ratio.", check=check_positive)
    mode: str = option("patch", "Shape of the target: 'patch', 'mean_flip', 'pca_flip', 'peak'.", check=one_of(MODES))
    amplitude: str = option("patch", "Size of the target: 'patch', 'estimate', 'arbitrary'.", check=one_of(AMPLITUDES))
