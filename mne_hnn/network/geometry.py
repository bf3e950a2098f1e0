"""Where the segments of a cell are: the pieces of membrane that carry one current each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .cells import CellTemplate

__all__ = ["Segments", "cell_segments"]


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The segments of one cell, in the order of its sections, each from end 0 to end 1.

    Attributes
    ----------
    sections : tuple of str
        The section of each segment.
    starts, stops : array, shape (n_segments, 3)
        Ends of each segment relative to the cell's position, um.
    diameters_um : array, shape (n_segments,)
        Diameters, um.

    Examples
    --------
    >>> segments = cell_segments(network.cell_types["L5_pyramidal"])
    >>> len(segments) == len(segments.diameters_um), "soma" in segments.sections
    (True, True)
    """

    sections: tuple[str, ...]
    starts: NDArray[np.float64]
    stops: NDArray[np.float64]
    diameters_um: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sections)

    @property
    def centres(self) -> NDArray[np.float64]:
        """Middle of each segment relative to the cell's position, shape (n_segments, 3), um."""
        return np.asarray((self.starts + self.stops) / 2)


@lru_cache(maxsize=64)
def cell_segments(template: CellTemplate) -> Segments:
    """Return the segments of a cell type.

    Parameters
    ----------
    template : CellTemplate
        The cell.

    Returns
    -------
    segments : Segments
        ``section.nseg`` equal pieces of each section.
    """
    names: list[str] = []
    starts, stops, diameters = [], [], []
    for name, section in template.sections.items():
        ends = np.asarray(section.end_points_um, dtype=float)
        edges = ends[0] + np.linspace(0, 1, section.nseg + 1)[:, None] * (ends[1] - ends[0])
        names += [name] * section.nseg
        starts.append(edges[:-1])
        stops.append(edges[1:])
        diameters.append(np.full(section.nseg, section.diam_um))
    return Segments(tuple(names), np.concatenate(starts), np.concatenate(stops), np.concatenate(diameters))
