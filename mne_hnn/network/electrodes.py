"""Electrode arrays beside or inside a column."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._checks import check_name, check_positive
from .._value import Value
from ..errors import NetworkError
from .sections import as_point

__all__ = ["SOURCE_MODELS", "Electrodes"]

#: How a piece of membrane is seen: as a point in its middle, or as a line along its axis.
SOURCE_MODELS: tuple[str, ...] = ("psa", "lsa")


@dataclass(frozen=True, kw_only=True, slots=True)
class Electrodes(Value):
    """Contacts that measure the extracellular potential of a column.

    Parameters
    ----------
    positions_um : sequence of (x, y, z) | (x, y, z)
        Where the contacts are, or the only one is, um, in the frame of the network: z is depth, 0 at the somas of
        layer 5.
    conductivity_S_m : float
        Conductivity of the tissue, taken as infinite, homogeneous and isotropic, S/m.
    method : str
        ``'psa'``: each segment is a point source in its middle. ``'lsa'``: a line source along its axis.
    min_distance_um : float
        A contact nearer than this to a source is taken to be this far from it, um.

    Examples
    --------
    >>> shank = Electrodes(positions_um=[(-100.0, -100.0, z) for z in range(0, 2000, 100)], method="lsa")
    >>> len(shank), shank.conductivity_S_m
    (20, 0.3)
    """

    positions_um: Sequence[Sequence[float]] | Sequence[float]
    conductivity_S_m: float = 0.3
    method: str = "psa"
    min_distance_um: float = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.positions_um, str) or not hasattr(self.positions_um, "__iter__"):
            raise NetworkError(
                f"Electrodes: positions_um must be a list of (x, y, z) in um, got {self.positions_um!r}."
            )
        given = list(self.positions_um)
        if len(given) == 3 and all(isinstance(part, numbers.Real) for part in given):
            given = [given]  # one contact
        for point in given:
            if isinstance(point, numbers.Real):
                raise NetworkError(
                    f"Electrodes: positions_um must be one contact (x, y, z) or a list of them, in um, got {given!r}."
                )
        positions = tuple(as_point(point, "Electrodes: a position") for point in given)
        if not positions:
            raise NetworkError("Electrodes need at least one contact: give its position (x, y, z) in um.")
        if len(set(positions)) != len(positions):
            raise NetworkError("Electrodes: two contacts are at the same place: give each its own position.")
        object.__setattr__(self, "positions_um", positions)
        check_name(self.method, SOURCE_MODELS, "method", where="of Electrodes", error=NetworkError)
        for name in ("conductivity_S_m", "min_distance_um"):
            value = check_positive(getattr(self, name), f"Electrodes: {name}", error=NetworkError)
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.positions_um)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions of the contacts as an array of shape (n_contacts, 3), um."""
        return np.array(self.positions_um, dtype=float)
