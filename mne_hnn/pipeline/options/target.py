"""Options of the stage that turns the response of a label into the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._checks import check_positive
from ...errors import ConfigError
from ...source.course import AMPLITUDES, MODES
from ...source.inverse import METHODS
from ...source.plausible import check_seconds, check_window
from ...source.polarity import parse_polarity
from ..checks import as_labels, check_latency, one_of, or_none
from .option import documented, option
from .shared import Anatomy

__all__ = ["TargetOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class TargetOptions(Anatomy):
    """What stage target depends on."""

    label: Any = option(None, "The piece of cortex; must be set.", kind="str | path-like | mne.Label | sequence of int")
    parcellation: str = option("aparc", "Where a label's name is looked up.")
    hemi: str | None = option(None, "Hemisphere of a label given without: 'lh' or 'rh'.")
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
    other_labels: Sequence[Any] = option(
        (),
        "Labels that are active, too, for example the same one of the other hemisphere; fitted along.",
        kind="sequence of str | path-like | mne.Label",
        convert=as_labels,
    )
    amplitude: str = option("patch", "Size of the target: 'patch', 'estimate', 'arbitrary'.", check=one_of(AMPLITUDES))
    polarity: Any = option(
        "normal",
        "Which way is up: 'normal', {'latency': s, 'points': 'up' or 'down'}, 1 or -1.",
        kind="str | int | mapping",
    )
    target_tmin: float = option(0.0, "Start of the target, from the event.", unit="s", check=check_seconds)
    target_tmax: float = option(0.17, "End of the target, from the event.", unit="s", check=check_seconds)

    def _check(self) -> None:
        if self.label is None:
            raise ConfigError("label is not set: name a piece of cortex, for example 'postcentral-rh'.")
        parse_polarity(self.polarity)
        check_window(self.target_tmin, self.target_tmax, ("target_tmin", "target_tmax"))
        super()._check()
