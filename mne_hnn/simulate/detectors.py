"""Which thresholds are watched in which cells: one that reports spikes, and further ones that connections have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..network import Network, Wires

__all__ = ["Detector", "Detectors", "detectors_of"]


@dataclass(frozen=True, slots=True)
class Detector:
    """One threshold of all cells of a type.

    Attributes
    ----------
    cell_type : str
        The cells.
    gids : range
        Their numbers.
    threshold_mV : float
        Soma voltage whose upward crossing is an event.
    first : int
        The number by which the first cell is a source of events at this threshold; those of the others follow.
    """

    cell_type: str
    gids: range
    threshold_mV: float
    first: int


@dataclass(frozen=True, slots=True)
class Detectors:
    """All thresholds of a network.

    Attributes
    ----------
    reporting : tuple of Detector
        One per cell type: its crossings are the spikes of the cells. The numbers are those of the cells.
    further : tuple of Detector
        Those that only some connections listen to; numbered on from the last cell.
    """

    reporting: tuple[Detector, ...]
    further: tuple[Detector, ...]

    @property
    def n_sources(self) -> int:
        """How many numbers there are."""
        return sum(len(detector.gids) for detector in (*self.reporting, *self.further))

    def of(self, cell_type: str) -> tuple[Detector, ...]:
        """Return the thresholds of a cell type, the one that reports its spikes first."""
        return tuple(detector for detector in (*self.reporting, *self.further) if detector.cell_type == cell_type)

    def sources(self, wires: Wires) -> NDArray[np.int32]:
        """Return the number of the source of each connection, shape (n_routes,)."""
        if not self.further:
            return wires.source
        found = wires.source.copy()
        for detector in self.further:
            first, last = detector.gids.start, detector.gids.stop
            own = (wires.source >= first) & (wires.source < last) & (wires.threshold == detector.threshold_mV)
            found[own] += np.int32(detector.first - first)
        return found


def detectors_of(network: Network) -> Detectors:
    """Return the thresholds of a network.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    Detectors
        Of a cell type whose connections all have one threshold, that one; of others the network's, and further ones
        where connections have them.
    """
    gids = network.gid_ranges
    reporting, further = [], []
    first = network.n_cells
    for cell_type in network.populations:
        own = network.spike_threshold(cell_type)
        reporting.append(Detector(cell_type, gids[cell_type], own, gids[cell_type].start))
        wanted = {network.threshold_of(made) for made in network.connections if made.source == cell_type}
        for threshold in sorted(wanted - {own}):
            further.append(Detector(cell_type, gids[cell_type], threshold, first))
            first += len(gids[cell_type])
    return Detectors(tuple(reporting), tuple(further))
