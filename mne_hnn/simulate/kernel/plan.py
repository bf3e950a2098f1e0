"""From a network value to the arrays that the kernel works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network import CellTemplate, Network, Wires
from ..detectors import Detector
from ..slots import SYNAPSE_SLOTS, Site, kinetics, slot_weights
from .binding import CellTypeStruct, Pointed
from .cells import NodeTree, mechanism, middle_nodes, node_tree

__all__ = ["Clamps", "Routes", "TypePlan", "routes", "type_plans"]

_Floats = NDArray[np.float64]

#: By cell type, currents into all its cells: the node and (amplitude, start, end), nA and ms.
Clamps = Mapping[str, Sequence[tuple[int, tuple[float, float, float]]]]

_tree = lru_cache(maxsize=64)(node_tree)


@dataclass(frozen=True, slots=True, eq=False)
class TypePlan:
    """All cells of one type.

    Attributes
    ----------
    template : CellTemplate
        What they share.
    gids : range
        Their numbers.
    tree : NodeTree
        Their nodes.
    first_bank : dict of tuple of str to int
        By group of sections, the first of the banks that hold its synapses.
    bank_parameters : array, shape (n_banks * n_parameters,)
        Kinetics of the banks.
    injections : tuple of tuple of int
        By node, the banks that act there.
    """

    template: CellTemplate
    gids: range
    tree: NodeTree
    first_bank: Mapping[tuple[str, ...], int]
    bank_parameters: _Floats
    injections: tuple[tuple[int, ...], ...]

    @property
    def n_banks(self) -> int:
        """How many mechanisms with synapses a cell has."""
        return len(self.bank_parameters) // len(mechanism("hnn_synapses").parameters)

    def struct(
        self, pointed: Pointed, levels: Sequence[Detector], clamps: Sequence[tuple[int, tuple[float, float, float]]]
    ) -> CellTypeStruct:
        """Return what the kernel is given.

        Parameters
        ----------
        pointed : Pointed
            Keeps the arrays.
        levels : sequence of Detector
            Its spike thresholds, the one that is reported first.
        clamps : list of (node, (amplitude, start, end))
            Currents into all cells, nA and ms.
        """
        tree = self.tree
        starts = np.cumsum([0, *(len(banks) for banks in self.injections)])
        arrays: dict[str, NDArray[Any]] = {
            "parent": tree.parent,
            "membrane": tree.membrane,
            "capacity": tree.capacity,
            "area": tree.area,
            "axial_uS": tree.axial_uS,
            "start_mV": tree.start_mV,
            "parameters": tree.parameters,
            "bank_parameters": self.bank_parameters,
            "injection_start": starts,
            "injections": np.array([bank for banks in self.injections for bank in banks], dtype=np.int32),
            "moment_node": np.array(list(tree.moment), dtype=np.int32),
            "moment_weight": np.array(list(tree.moment.values()), dtype=np.float64),
            "clamp_node": np.array([node for node, _ in clamps], dtype=np.int32),
            "clamp": np.array([clamp for _, clamp in clamps], dtype=np.float64).ravel(),
            "threshold_mV": np.array([level.threshold_mV for level in levels]),
            "level_source": np.array([level.first for level in levels], dtype=np.int32),
        }
        filled = CellTypeStruct(
            n_cells=len(self.gids),
            first_gid=self.gids.start,
            n_nodes=len(tree.parent),
            n_banks=self.n_banks,
            n_moments=len(tree.moment),
            n_clamps=len(clamps),
            n_levels=len(levels),
        )
        pointed.fill(filled, arrays)
        return filled


def _banks(template: CellTemplate, groups: Sequence[tuple[str, ...]]) -> tuple[dict[tuple[str, ...], int], _Floats]:
    """Return the first bank of each group of sections, and the kinetics of all banks."""
    defaults = mechanism("hnn_synapses").parameters
    receptors = kinetics(template)
    first: dict[tuple[str, ...], int] = {}
    banks: list[list[float]] = []
    for sections in groups:
        first[sections] = len(banks)
        for start in range(0, len(receptors), SYNAPSE_SLOTS):
            values = dict(defaults)
            for slot, synapse in enumerate(receptors[start : start + SYNAPSE_SLOTS]):
                values[f"tau1_{slot}"] = synapse.effective_tau1_ms
                values[f"tau2_{slot}"] = synapse.tau2_ms
                values[f"e_{slot}"] = synapse.e_mV
            banks.append(list(values.values()))
    return first, np.array(banks, dtype=np.float64).ravel()


def type_plans(network: Network, sites: Iterable[Site]) -> dict[str, TypePlan]:
    """Return the plan of every cell type.

    Parameters
    ----------
    network : Network
        The network.
    sites : iterable of (cell type, section names)
        Groups of sections that have synapses.
    """
    sites = set(sites)
    ranges = network.gid_ranges
    plans = {}
    for name, population in network.populations.items():
        template = population.template
        tree = _tree(template, network.celsius)
        groups = sorted(sections for owner, sections in sites if owner == name)
        first_bank, parameters = _banks(template, groups)
        per_group = -(-len(template.synapses) // SYNAPSE_SLOTS)
        injections: list[list[int]] = [[] for _ in tree.parent]
        for sections, first in first_bank.items():
            for node in middle_nodes(template, tree, sections):
                injections[node] += range(first, first + per_group)
        plans[name] = TypePlan(template, ranges[name], tree, first_bank, parameters, tuple(map(tuple, injections)))
    return plans


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Ways of events to banks.

    Attributes
    ----------
    source : array of int, shape (n,)
        Number of a cell's threshold, or cell of a drive, ascending.
    target : array of int, shape (n,)
        Number of the cell.
    bank : array of int, shape (n,)
        Which of its banks.
    delay_ms : array, shape (n,)
        Delay.
    weights_uS : array, shape (n, 4)
        One per slot of the bank.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    bank: NDArray[np.int32]
    delay_ms: _Floats
    weights_uS: _Floats

    def starts(self, n_sources: int) -> NDArray[np.int64]:
        """Return where the routes of each source begin, and the end."""
        return np.searchsorted(self.source, np.arange(n_sources + 1)).astype(np.int64)


def routes(
    plans: Mapping[str, TypePlan], wires: Wires, horizon_ms: float, sources: NDArray[np.int32] | None = None
) -> Routes:
    """Return the routes on which an event can arrive and do something.

    Parameters
    ----------
    plans : dict of str to TypePlan
        The cell types.
    wires : Wires
        Connections or a drive, expanded.
    horizon_ms : float
        End of the run: what takes longer is left out.
    sources : array of int, shape (n_routes,) | None
        By which number each route hears its source; None for that of the cell.
    """
    sources = wires.source if sources is None else sources
    parts: list[tuple[NDArray[np.int64], NDArray[np.int32], _Floats]] = [
        (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty((0, SYNAPSE_SLOTS)))
    ]
    in_time = wires.delay_ms <= horizon_ms
    for index, (cell_type, sections) in enumerate(wires.sites):
        at_site = np.flatnonzero((wires.site == index) & in_time)
        columns = slot_weights(wires, plans[cell_type].template, at_site)
        for start in range(0, columns.shape[1], SYNAPSE_SLOTS):
            part = columns[:, start : start + SYNAPSE_SLOTS]
            used = np.flatnonzero(np.any(part, axis=1))
            padded = np.zeros((len(used), SYNAPSE_SLOTS))
            padded[:, : part.shape[1]] = part[used]
            bank = plans[cell_type].first_bank[sections] + start // SYNAPSE_SLOTS
            parts.append((at_site[used], np.full(len(used), bank, dtype=np.int32), padded))
    rows, banks, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    # by source, then row, then bank: one number that no two routes share sorts several times faster than three keys
    n_banks = 1 + int(banks.max(initial=0))
    order = np.argsort((sources[rows].astype(np.int64) * len(wires) + rows) * n_banks + banks)
    rows = rows[order]
    return Routes(sources[rows], wires.target[rows], banks[order], wires.delay_ms[rows], weights[order])
