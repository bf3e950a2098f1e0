"""Tonic biases: constant currents into a section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._checks import check_finite, check_interval, check_label, check_non_negative
from .._value import FrozenMap, Value
from ..errors import DriveError

__all__ = ["TonicBias"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TonicBias(Value):
    """A constant current into the middle of one section of all cells of some types.

    Parameters
    ----------
    name : str
        Name of the bias.
    amplitude_nA : mapping of str to float
        Current per cell type, nA; positive currents depolarise.
    section : str
        Section that receives it.
    t0_ms : float
        Start, ms.
    tstop_ms : float | None
        End, ms; None for the end of each simulation.

    Examples
    --------
    >>> bias = TonicBias(name="depolarise", amplitude_nA={"L5_pyramidal": 1.0}, t0_ms=20.0)
    >>> bias.section
    'soma'
    """

    name: str
    amplitude_nA: Mapping[str, float]
    section: str = "soma"
    t0_ms: float = 0.0
    tstop_ms: float | None = None

    def __post_init__(self) -> None:
        what = f"Bias {check_label(self.name, 'The name of a bias', error=DriveError)!r}"
        check_label(self.section, f"{what}: section", error=DriveError)
        if not isinstance(self.amplitude_nA, Mapping) or not self.amplitude_nA:
            raise DriveError(
                f"{what}: amplitude_nA must map at least one cell type to a current in nA, got {self.amplitude_nA!r}."
            )
        amplitudes = {
            check_label(key, f"{what}: a cell type", error=DriveError): check_finite(
                value, f"{what}: amplitude_nA of {key!r}", error=DriveError
            )
            for key, value in self.amplitude_nA.items()
        }
        object.__setattr__(self, "amplitude_nA", FrozenMap(amplitudes))
        object.__setattr__(self, "t0_ms", check_non_negative(self.t0_ms, f"{what}: t0_ms", error=DriveError))
        if self.tstop_ms is not None:
            tstop = check_non_negative(self.tstop_ms, f"{what}: tstop_ms", error=DriveError)
            check_interval(self.t0_ms, tstop, what, error=DriveError)
            object.__setattr__(self, "tstop_ms", tstop)
