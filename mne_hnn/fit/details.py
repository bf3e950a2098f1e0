"""What a fit worked out on its way, besides its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._value import FrozenMap, Value
from .parameters import Parameter

__all__ = ["FitDetails"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitDetails(Value):
    """What was fitted, as it followed from the call: nothing here is chosen by settings alone.

    Attributes
    ----------
    objective : str
        What was made small, such as ``'r_squared'``; empty where nothing was searched.
    tstop : float | None
        Duration of the simulations, ms.
    parameters : tuple of Parameter
        What could change, fixed ones included; empty where drives were proposed.
    apply : str
        Name of the function that said what parameters mean; empty where there was none.
    options : mapping of str to float or str
        Of an objective given by name, such as ``tmin``; only what is a number or text.
    gap_ms, spread_ms : float | None
        Of proposed drives: how far apart they are at least, and what spread is expected of them.
    target_freqs, target_power : tuple of float | None
        Spectrum of the target within the frequencies that count, Hz and A² m² / Hz.

    Examples
    --------
    >>> found.details.objective, found.details.tstop
    ('r_squared', 100.0)
    """

    objective: str = ""
    tstop: float | None = None
    parameters: tuple[Parameter, ...] = ()
    apply: str = ""
    options: Mapping[str, Any] = field(default_factory=FrozenMap)
    gap_ms: float | None = None
    spread_ms: float | None = None
    target_freqs: tuple[float, ...] | None = None
    target_power: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.options, FrozenMap):
            object.__setattr__(self, "options", FrozenMap(self.options))
