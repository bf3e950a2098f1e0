"""The same piece of cortex with fewer pyramidal cells, which cost most of a simulation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._types import FloatArray
from ..errors import ParameterError
from ..network import Connection, Drive, Network, Population, SpikeTrainDrive, distance_scale, grid_positions
from ..network import replace as changed
from ..network.grid import DEPTHS, check_mesh_shape

__all__ = ["coarse_network", "no_coarser_form"]


def coarse_network(network: Network, mesh_shape: tuple[int, int]) -> Network:
    """Return the same piece of cortex with fewer pyramidal cells, each of which stands for several.

    The cells that make the dipole, which cost most of a simulation, sit in the middle of equal parts of the grid. All
    others stay: few baskets with strong synapses are not many with weak ones. Origin, distances and delays are those
    of the full column, and so is what a cell receives on average by each connection and each drive. Cells that a
    pyramidal cell stands for do reach one another: where cells have no synapses onto themselves it gets one for them,
    with the mean delay that is missing.

    Over drives that make cells fire, single trials of 5 x 5 of 10 x 10 cells differ from those of the full column
    little more than these do from one another, with mean rates of all types within 3 %; 3 x 3 have a bias of a quarter
    of the dipole (``tests/benchmarks/meshes.py``). Drives that reach only a small part of the grid have no coarser form
    that fires alike.

    Parameters
    ----------
    network : Network
        Its pyramidal cells sit on a grid.
    mesh_shape : tuple of int
        Pyramidal cells of each layer along x and y.

    Returns
    -------
    network : Network
        On no grid, unless it is the network itself; its dipole must be multiplied by the ratio of the numbers of
        pyramidal cells.

    Raises
    ------
    ParameterError
        The mesh has more cells than the network; the pyramidal cells are on no grid; a connection or drive names
        single cells.

    Examples
    --------
    >>> from mne_hnn.network import jones_2009
    >>> coarse_network(jones_2009(), (5, 5)).n_cells
    120
    """
    mesh_shape = check_mesh_shape(mesh_shape)
    obstacle = no_coarser_form(network)
    if obstacle is not None:
        raise ParameterError(f"{obstacle}, so it has no coarser form: use levels=None.")
    if mesh_shape == network.mesh_shape:
        return network
    assert network.mesh_shape is not None  # else there is an obstacle
    if np.prod(mesh_shape) > np.prod(network.mesh_shape):
        shapes = ["x".join(map(str, shape)) for shape in (mesh_shape, network.mesh_shape)]
        raise ParameterError(
            f"A mesh of {shapes[0]} has more cells than the column of {shapes[1]}: give a smaller one."
        )
    cells = _fewer_cells(network, mesh_shape)
    drives = {name: _same_drive(network, cells, drive) for name, drive in network.drives.items()}
    return changed(
        network,
        populations=cells,
        connections=tuple(part for old in network.connections for part in _same_input(network, cells, old)),
        drives=drives,
        mesh_shape=None,
        origin_um=network.origin,
    )


def no_coarser_form(network: Network) -> str | None:
    """Return why a network has no form with fewer pyramidal cells, as the begin of a sentence; None if it has one."""
    if network.mesh_shape is None or not all(_on_grid(network, name) for name in _pyramidal(network)):
        return "The pyramidal cells of the network are on no grid"
    for connection in network.connections:
        if any(named is not None for named in (connection.source_indices, connection.target_indices, connection.pairs)):
            return f"A connection from {connection.source} to {connection.target} of the network names single cells"
    for name, drive in network.drives.items():
        if isinstance(drive, SpikeTrainDrive) and drive.cell_specific:
            return f"Drive {name!r} of the network has spikes for each single cell"
    return None


def _pyramidal(network: Network) -> list[str]:
    return [name for name, template in network.cell_types.items() if template.measures_dipole]


def _on_grid(network: Network, cell_type: str) -> bool:
    population = network.populations[cell_type]
    layer, morphology = population.template.layer, population.template.morphology
    if network.mesh_shape is None or (layer, morphology) not in DEPTHS:
        return False
    distances = (network.inplane_distance_um, network.layer_separation_um)
    return population.positions_um == grid_positions(morphology, layer, network.mesh_shape, *distances)


def _fewer_cells(network: Network, mesh_shape: tuple[int, int]) -> dict[str, Population]:
    """Return the populations with pyramidal cells in the middle of equal parts of the grid."""
    assert network.mesh_shape is not None
    along = [
        network.inplane_distance_um * ((np.arange(few) + 0.5) * many / few - 0.5)
        for few, many in zip(mesh_shape, network.mesh_shape, strict=True)
    ]
    cells = dict(network.populations)
    for name in _pyramidal(network):
        depth = cells[name].positions_um[0][2]
        cells[name] = changed(cells[name], positions_um=[(x, y, depth) for x in along[0] for y in along[1]])
    return cells


def _same_input(network: Network, cells: Mapping[str, Population], connection: Connection) -> tuple[Connection, ...]:
    """Return what gives cells the input of a connection: it with another weight, and one of cells to themselves."""
    full, coarse = (_reached(network, populations, connection) for populations in (network.populations, cells))
    wanted, received = float(full.sum(axis=0).mean()), float(coarse.sum(axis=0).mean())
    source = connection.source
    ratio = len(network.populations[source]) / len(cells[source])
    own = wanted - ratio * received
    if source != connection.target or connection.allow_autapses or ratio == 1 or own <= 0:
        factor = wanted / received if received > 0 else 1.0  # a single cell that does not reach itself: whatever weight
        return (changed(connection, weight_uS=connection.weight_uS * factor),)
    # weight times delay is the same for all pairs, so that what is missing is known of both
    to_itself = changed(
        connection,
        weight_uS=connection.weight_uS * own * connection.probability,
        delay_ms=connection.delay_ms * (ratio - 1) / own,
        allow_autapses=True,
        pairs=tuple((cell, cell) for cell in range(len(cells[source]))),
        probability=1.0,
        seed=None,
    )
    return changed(connection, weight_uS=connection.weight_uS * ratio), to_itself


def _reached(network: Network, cells: Mapping[str, Population], connection: Connection) -> FloatArray:
    """Return what target cells receive from source cells by a connection, relative to its weight."""
    source, target = (cells[name].positions for name in (connection.source, connection.target))
    scale = distance_scale(source, target, connection.lamtha, network.inplane_distance_um)
    if connection.source == connection.target and not connection.allow_autapses:
        np.fill_diagonal(scale, 0.0)
    return scale


def _same_drive(network: Network, cells: Mapping[str, Population], drive: Drive) -> Drive:
    """Return a drive that gives the cells of each type what they got on average."""
    origin = np.array([network.origin])

    def factor(name: str) -> float:
        full, coarse = (
            distance_scale(origin, here[name].positions, drive.space_constant, network.inplane_distance_um).mean()
            for here in (network.populations, cells)
        )
        return float(full / coarse) if coarse > 0 else 1.0  # a drive that reaches none of the fewer cells

    weights = {
        f"weights_{receptor}": {name: weight * factor(name) for name, weight in given.items()}
        for receptor, given in drive.weights.items()
    }
    return changed(drive, **weights)
