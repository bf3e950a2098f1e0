"""From connections and drives to single routes between cells, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_name
from .._recent import Recent
from ..errors import DriveError, NetworkError
from ._base import NetworkBase
from .connections import Connection, keep_pairs
from .drives import Drive

__all__ = ["Wires", "connection_wires", "distance_scale", "drive_wires"]

Site = tuple[str, tuple[str, ...]]
#: About 6 GB once expanded.
MOST_PAIRS = 100_000_000
_KEPT_BYTES = 32_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Wires:
    """Event routes: one row per pair of a source and a target cell.

    All receptors that share source, target, target sections, delay and threshold ride on one
    route. A row of weight 0, or with an infinite delay, is kept.

    Parameters
    ----------
    source : array of int32, shape (n,)
        Cell number of the source; for a drive the index of the drive cell within the drive.
    target : array of int32, shape (n,)
        Cell number of the target.
    site : array of int16, shape (n,)
        Index into `sites`.
    delay_ms : array of float64, shape (n,)
        Delay, ms.
    weights_uS : array of float64, shape (n, n_receptors)
        Weight per receptor, uS; 0 where the route does not use it. Each section of the site
        receives it.
    threshold : array of float64, shape (n,)
        Spike threshold of the source, mV.
    sites : tuple of (cell type, section names)
        The distinct sets of target sections.
    receptors : tuple of str
        Names of the columns of `weights_uS`.

    Examples
    --------
    >>> wires = connection_wires(network)
    >>> wires.weights_uS.shape == (len(wires.source), len(wires.receptors))
    True
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    site: NDArray[np.int16]
    delay_ms: NDArray[np.float64]
    weights_uS: NDArray[np.float64]
    threshold: NDArray[np.float64]
    sites: tuple[Site, ...]
    receptors: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.source)


def distance_scale(
    source_um: NDArray[np.float64], target_um: NDArray[np.float64], lamtha: float, inplane_distance_um: float
) -> NDArray[np.float64]:
    """Return how weights fall with the distance d of cells in the plane: exp(-d**2 / lambda**2).

    Delays are divided by it. Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009.

    Parameters
    ----------
    source_um, target_um : array, shape (n, 3) and (m, 3)
        Positions, um; depth does not count.
    lamtha : float
        Space constant in units of the in-plane distance.
    inplane_distance_um : float
        Grid spacing, um.

    Returns
    -------
    array, shape (n, m)
        The scale, from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> origin, away = np.zeros((1, 3)), np.array([[3.0, 0.0, 0.0]])
    >>> distance_scale(origin, away, lamtha=3.0, inplane_distance_um=1.0).round(3)
    array([[0.368]])
    """
    dx = source_um[:, None, 0] - target_um[None, :, 0]
    dy = source_um[:, None, 1] - target_um[None, :, 1]
    distance = np.sqrt(dx**2 + dy**2)
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(-(distance**2) / (lamtha * inplane_distance_um) ** 2))


@dataclass(slots=True)
class _Bundle:
    """Routes with the same pairs and delays, and the weight of each receptor."""

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    scale: NDArray[np.float64]
    site: Site
    delay_ms: float
    threshold: float
    weights: dict[str, float] = field(default_factory=dict)

    def add(self, receptor: str, weight_uS: float) -> None:
        # the same receptor twice on one route: conductances add, so weights add
        self.weights[receptor] = self.weights.get(receptor, 0.0) + weight_uS


def _assemble(bundles: Sequence[_Bundle]) -> Wires:
    receptors = tuple(dict.fromkeys(name for bundle in bundles for name in bundle.weights))
    sites = tuple(dict.fromkeys(bundle.site for bundle in bundles))
    counts = [len(bundle.source) for bundle in bundles]
    n = sum(counts)
    weights = np.zeros((n, len(receptors)))
    delay = np.empty(n)
    stop = 0
    # a scale of 0, far beyond the space constant, is an infinite delay and a weight of 0
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        for bundle, count in zip(bundles, counts, strict=True):
            start, stop = stop, stop + count
            delay[start:stop] = bundle.delay_ms / bundle.scale
            for name, weight in bundle.weights.items():
                weights[start:stop, receptors.index(name)] = weight * bundle.scale
    delay[np.isnan(delay)] = np.inf  # no delay at the origin and a scale of 0
    site_index = [sites.index(bundle.site) for bundle in bundles]
    arrays: dict[str, NDArray[Any]] = {
        "source": _join([bundle.source for bundle in bundles], np.int32),
        "target": _join([bundle.target for bundle in bundles], np.int32),
        "site": np.repeat(np.array(site_index, dtype=np.int16), counts),
        "delay_ms": delay,
        "weights_uS": weights,
        "threshold": np.repeat(np.array([bundle.threshold for bundle in bundles], dtype=float), counts),
    }
    for array in arrays.values():
        array.flags.writeable = False  # who asks for the same routes may get the same arrays
    return Wires(**arrays, sites=sites, receptors=receptors)


def _n_bytes(wires: Wires) -> int:
    arrays = ("source", "target", "site", "delay_ms", "weights_uS", "threshold")
    return 1000 + sum(int(getattr(wires, name).nbytes) for name in arrays)


def _join(parts: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)


def _choose(indices: Sequence[int] | None, size: int) -> NDArray[np.int32]:
    return np.arange(size, dtype=np.int32) if indices is None else np.array(indices, dtype=np.int32)


_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]
_grids: Recent[_Pairs] = Recent(_KEPT_BYTES)


def _grid_pairs(network: NetworkBase, connection: Connection) -> _Pairs:
    """Expand one connection to its pairs, source by source: sources, targets, scales."""
    ranges = network.gid_ranges
    populations = network.populations
    sources = _choose(connection.source_indices, len(populations[connection.source]))
    targets = _choose(connection.target_indices, len(populations[connection.target]))
    scale = distance_scale(
        populations[connection.source].positions[sources],
        populations[connection.target].positions[targets],
        connection.lamtha,
        network.inplane_distance_um,
    ).ravel()
    source = np.repeat(sources + np.int32(ranges[connection.source].start), len(targets))
    target = np.tile(targets + np.int32(ranges[connection.target].start), len(sources))
    if connection.pairs is not None:
        row, column = np.array(connection.pairs).T
        listed = row * len(targets) + column
        source, target, scale = source[listed], target[listed], scale[listed]
    keep = slice(None) if connection.allow_autapses else source != target
    source, target, scale = source[keep], target[keep], scale[keep]
    if connection.seed is not None:
        kept = keep_pairs(len(source), connection.probability, connection.seed)
        source, target, scale = source[kept], target[kept], scale[kept]
    return source, target, scale


def _pairs_bytes(pairs: _Pairs) -> int:
    return sum(array.nbytes for array in pairs)


def connection_wires(network: NetworkBase) -> Wires:
    """Return the routes between the cells of a network.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    Wires
        Connections that differ only in receptor, weight and gain share their routes. Global gains
        are included.

    Examples
    --------
    >>> wires = connection_wires(jones_2009(mesh_shape=(2, 2)))
    >>> len(wires.source) == len(wires.delay_ms)
    True
    """
    bundles: dict[Any, _Bundle] = {}
    templates = network.cell_types
    sizes = {name: len(population) for name, population in network.populations.items()}
    pairs = sum(sizes[connection.source] * sizes[connection.target] for connection in network.connections)
    if pairs > MOST_PAIRS:
        raise NetworkError(
            f"The connections of this network join {pairs:,} pairs of cells, more than the {MOST_PAIRS:,} that fit "
            "into memory: take a smaller mesh or fewer connections."
        )
    cells = (network.populations, network.inplane_distance_um)
    for connection in network.connections:
        site = (connection.target, templates[connection.target].sections_at(connection.location))
        pairs_key = (
            connection.source,
            connection.target,
            connection.lamtha,
            connection.probability,
            connection.seed,
            connection.allow_autapses or connection.source != connection.target,
            connection.source_indices,
            connection.target_indices,
            connection.pairs,
        )
        threshold = network.threshold_of(connection)
        key = (*pairs_key, site, connection.delay_ms, threshold)
        if key not in bundles:
            # weights, gains and delays change more often than who is where
            ends = _grids.get((cells, pairs_key), partial(_grid_pairs, network, connection), _pairs_bytes)
            bundles[key] = _Bundle(*ends, site, connection.delay_ms, threshold)
        kinds = (templates[connection.source], templates[connection.target])
        gain = network.gains["_".join(template.electro_type[0] for template in kinds)]
        bundles[key].add(connection.receptor, gain * connection.gain * connection.weight_uS)
    return _assemble(list(bundles.values()))


def drive_wires(network: NetworkBase, drive: Drive | str) -> Wires:
    """Return the routes from the cells of a drive to the cells of a network.

    Parameters
    ----------
    network : Network
        The network.
    drive : Drive | str
        The drive, or the name of one of the network's drives.

    Returns
    -------
    Wires
        ``source`` is the index of the drive cell within the drive.

    Examples
    --------
    >>> wires = drive_wires(network, "evdist1")
    >>> bool((wires.weights_uS >= 0).all())
    True
    """
    if isinstance(drive, str):
        drive = network.drives[check_name(drive, network.drives, "drive", error=DriveError)]
    cells = (network.populations, network.origin, network.inplane_distance_um, network.threshold_mV)
    # all of a drive but when it comes
    kept = (
        cells,
        drive.cell_specific,
        drive.n_drive_cells,
        drive.placeholder_types,
        drive.location,
        drive.space_constant,
        drive.probability,
        drive.conn_seed,
        drive.synaptic_delays,
        drive.weights_ampa,
        drive.weights_nmda,
    )
    return _drives.get(kept, partial(_expanded_drive, network, drive), _n_bytes)


_drives: Recent[Wires] = Recent(_KEPT_BYTES)


def _expanded_drive(network: NetworkBase, drive: Drive) -> Wires:
    n_drive_cells = network.n_drive_cells(drive)
    ranges = network.gid_ranges
    origin = np.array([network.origin])
    bundles = []
    first = 0
    for increment, cell_type in enumerate(network.numbered_types(drive)):
        population = network.populations[cell_type]
        if cell_type in drive.placeholder_types:
            first += len(population)
            continue
        cells = np.arange(len(population), dtype=np.int32)
        scale = distance_scale(origin, population.positions, drive.space_constant, network.inplane_distance_um)[0]
        if drive.cell_specific:
            source, index = cells + np.int32(first), cells
            first += len(population)
        else:
            source = np.repeat(np.arange(n_drive_cells, dtype=np.int32), len(cells))
            index = np.tile(cells, n_drive_cells)
        probability = drive.probability_of(cell_type)
        if probability < 1:
            kept = keep_pairs(len(source), probability, drive.conn_seed + increment)
            source, index = source[kept], index[kept]
        bundle = _Bundle(
            source=source,
            target=index + np.int32(ranges[cell_type].start),
            scale=scale[index],
            site=(cell_type, population.template.sections_at(drive.location)),
            delay_ms=drive.delay_ms(cell_type),
            threshold=network.threshold_mV,
        )
        for receptor, weights in drive.weights.items():
            if cell_type in weights:
                bundle.add(receptor, weights[cell_type])
        bundles.append(bundle)
    return _assemble(bundles)
