"""What a file of a laminar probe holds, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._types import FloatArray

__all__ = ["Piece", "ProbeFile", "Signal"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A part of a recording without gaps: all of it, or one trial.

    Attributes
    ----------
    start, rate : float
        Time of its first sample (s), and sampling frequency (Hz).
    n_times : int
        Samples.
    read : callable
        Given first and last sample (not included), returns values in the unit of the signal, shape (n, n_contacts).
    """

    start: float
    rate: float
    n_times: int
    read: Callable[[int, int], FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Signal:
    """Potentials, or current source densities, of the contacts of a probe.

    Attributes
    ----------
    name : str
        Its name.
    n_contacts : int
        Contacts.
    unit : str | None
        Of the values, as the file says; None if it does not.
    pieces : tuple of Piece
        At least one.
    columns : mapping of str to array, shape (n_contacts,)
        What the file says of the places of the contacts, um.
    is_lfp : bool
        Whether the file says that these are local field potentials.
    """

    name: str
    n_contacts: int
    unit: str | None
    pieces: tuple[Piece, ...]
    columns: Mapping[str, FloatArray] = field(default_factory=dict)
    is_lfp: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeFile:
    """A file of a laminar probe.

    Attributes
    ----------
    software, version : str
        Format and its version.
    signals : tuple of Signal
        What was recorded.
    events : mapping of str to array
        Times of events (s) by name.
    shown : str
        What to call the file.
    facts : mapping of str to object
        What else goes into the description.
    """

    software: str
    version: str
    signals: tuple[Signal, ...]
    events: Mapping[str, FloatArray]
    shown: str
    facts: Mapping[str, Any] = field(default_factory=dict)
