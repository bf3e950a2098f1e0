"""Options of the stage that turns the response of a label into the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._checks import check_positive
from ...errors import ConfigError
from ...source.course import AMPLITUDES, MODES
from ...source.inverse import METHODS
from ..checks import as_labels, check_latency, one_of, or_none
from .option import documented, option
from .shared import Anatomy, Targeted

__all__ = ["TargetOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class TargetOptions(Anatomy, Targeted):
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

    def _needs_label(self) -> bool:
        """Return whether the target is made of sensors."""
        return True

    def _check(self) -> None:
        if self.label is None and self._needs_label():
            raise ConfigError("label is not set: name a piece of cortex, for example 'postcentral-rh'.")
        super()._check()
