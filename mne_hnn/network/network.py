"""The network: cells, connections, drives and biases of a cortical column as one value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._peer_names import NETWORK, no_attribute
from ._cell_edits import CellEdits
from ._connection_edits import ConnectionEdits
from ._drive_edits import DriveEdits
from ._electrode_edits import ElectrodeEdits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Network"]


class Network(DriveEdits, ConnectionEdits, CellEdits, ElectrodeEdits):
    """A model of a cortical column.

    A network never changes: each ``with_*``, ``without_*`` and ``scale_*`` method returns a new
    one. Equal networks hash equal and have the same :attr:`digest`, on any machine.

    Parameters
    ----------
    populations : mapping of str to Population
        The cells by type; their order decides the cell numbers.
    connections : sequence of Connection
        Connections between cells.
    drives : mapping of str to Drive
        Exogenous drives; their order decides the numbers of the drive cells.
    biases : mapping of str to TonicBias
        Constant currents.
    inplane_distance_um, layer_separation_um : float
        Grid spacing, the unit of all space constants, and depth between the layer 5 and layer 2/3
        pyramidal somas, um.
    mesh_shape : tuple of int | None
        Shape of the grid (cells along x, along y); None if the cells are not on a grid.
    origin_um : (x, y, z) | None
        Where drives come from, um; None for the middle of the grid or of the cells.
    threshold_mV : float
        Soma voltage whose upward crossing is a spike, mV; see :class:`~mne_hnn.network.Connection` for one's own.
    gains : mapping of str to float
        Global gains ``e_e``, ``e_i``, ``i_e``, ``i_i`` of the connections between cells.
    electrodes : mapping of str to Electrodes
        Arrays that measure the extracellular potential.
    celsius : float
        Temperature of the channels, degrees Celsius, from 0 to 45. The published models are for 37; at others each
        channel has the Q10 of the published model, and synapses stay as they are.
    name : str
        A label; not part of the network's identity.

    Raises
    ------
    NetworkError, DriveError
        If the parts do not fit together.

    Examples
    --------
    >>> later = network.with_drive_changes("evprox1", mu_ms=30.0)
    >>> later.drives["evprox1"].mu_ms, later == network
    (30.0, False)
    """

    __slots__ = ()

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the network to a JSON file; see :func:`mne_hnn.io.write_network`."""
        from ..io import write_network

        write_network(self, path, overwrite=overwrite)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A network never changes: its with_... methods return a new one (set: {name!r}).")

    def __getattr__(self, name: str) -> Any:
        # only for names that are not there; copy and pickle ask for some
        raise no_attribute("A network", name, NETWORK, dir(type(self)))

    def plot_cells(self, **options: Any) -> Any:
        """Plot cells and electrodes in 3D; see :func:`mne_hnn.viz.plot_cells`."""
        from ..viz import plot_cells

        return plot_cells(self, **options)

    def plot_connectivity(self, index: int, **options: Any) -> Figure:
        """Plot the weights of a connection as a matrix; see :func:`mne_hnn.viz.plot_connectivity`."""
        from ..viz import plot_connectivity

        return plot_connectivity(self, index, **options)

    def plot_cell_connectivity(self, index: int, gid: int, **options: Any) -> Figure:
        """Plot the cells that a connection joins to one; see :func:`mne_hnn.viz.plot_cell_connectivity`."""
        from ..viz import plot_cell_connectivity

        return plot_cell_connectivity(self, index, gid, **options)

    def plot_drive_strength(
        self, *, normalize: bool = True, axes: Any = None, show: bool = True, **options: Any
    ) -> Figure:
        """Plot how strongly each drive acts on each cell type; see :func:`mne_hnn.viz.plot_drive_strength`."""
        from ..viz import plot_drive_strength

        return plot_drive_strength(self, normalize=normalize, axes=axes, show=show, **options)
