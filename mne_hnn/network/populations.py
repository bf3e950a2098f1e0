"""The cells of one type: their template and where they sit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .._value import Value, digest
from ..errors import NetworkError
from .cells import CellTemplate
from .sections import as_point

__all__ = ["Population"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Population(Value):
    """All cells of one type.

    Parameters
    ----------
    template : CellTemplate
        What the cells share.
    positions_um : sequence of (x, y, z)
        Position of each soma, in the order of cell numbers, um.

    Examples
    --------
    >>> template = network.cell_types["L2_basket"]
    >>> len(Population(template=template, positions_um=[(3.5, 3.5, 900.0), (6.5, 6.5, 900.0)]))
    2
    """

    template: CellTemplate
    positions_um: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        if not isinstance(self.template, CellTemplate):
            raise NetworkError(f"Population: template must be a CellTemplate, got {type(self.template).__name__}.")
        positions = tuple(as_point(point, "Population: a position") for point in self.positions_um)
        if not positions:
            raise NetworkError(f"Population of {self.template.name!r} has no cells: give at least one position.")
        object.__setattr__(self, "positions_um", positions)

    def __len__(self) -> int:
        return len(self.positions_um)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Soma positions as an array of shape (n_cells, 3), um."""
        return np.array(self.positions_um, dtype=float)


@lru_cache(maxsize=256)
def population_digest(population: Population) -> str:
    """Return the digest of a population; cached, since most edits of a network leave it alone."""
    return digest(population)
