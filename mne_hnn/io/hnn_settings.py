"""How HNN's parameter files say a simulation is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._checks import check_finite, check_int, check_non_negative, check_positive
from .._value import Value

__all__ = ["HnnSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class HnnSettings(Value):
    """What a parameter file of HNN says beside its network. The defaults are HNN's, for what a file leaves out.

    Parameters
    ----------
    dipole_scale : float
        Factor on the dipole: how many columns like this one act together (``dipole_scalefctr``).
    smooth_ms : float
        Hamming window to smooth the dipole with, ms; 0 for none (``dipole_smooth_win``).
    tstop_ms : float
        Duration, ms (``tstop``).
    dt_ms : float
        Time step, ms (``dt``).
    n_trials : int
        Number of trials (``N_trials``).

    Examples
    --------
    >>> HnnSettings(dipole_scale=3000.0, smooth_ms=30.0).tstop_ms  # HNN's own
    250.0
    """

    dipole_scale: float = 30e3
    smooth_ms: float = 15.0
    tstop_ms: float = 250.0
    dt_ms: float = 0.025
    n_trials: int = 1

    def __post_init__(self) -> None:
        checked = {
            "dipole_scale": check_finite(self.dipole_scale, "HnnSettings: dipole_scale"),
            "smooth_ms": check_non_negative(self.smooth_ms, "HnnSettings: smooth_ms"),
            "tstop_ms": check_positive(self.tstop_ms, "HnnSettings: tstop_ms"),
            "dt_ms": check_positive(self.dt_ms, "HnnSettings: dt_ms"),
            "n_trials": check_int(self.n_trials, "HnnSettings: n_trials", minimum=1),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)


#: The field of each name in a file.
NAMES: Mapping[str, str] = {
    "dipole_scalefctr": "dipole_scale",
    "dipole_smooth_win": "smooth_ms",
    "tstop": "tstop_ms",
    "dt": "dt_ms",
    "N_trials": "n_trials",
}


def settings_of(values: Mapping[str, Any]) -> HnnSettings:
    """Return the settings among the parameters of a file."""
    given = {field: values[name] for name, field in NAMES.items() if name in values}
    if "n_trials" in given:  # older files count from 0
        given["n_trials"] = max(1, int(given["n_trials"]))
    return HnnSettings(**given)


def values_of(settings: HnnSettings) -> dict[str, float]:
    """Return settings under the names of parameter files."""
    return {name: getattr(settings, field) for name, field in NAMES.items()}
