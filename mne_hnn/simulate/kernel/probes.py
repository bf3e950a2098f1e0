"""What the kernel records of a run: quantities of single cells, and potentials at electrodes.

Membrane currents are axial currents, which are differences of voltages. So whatever is made of membrane currents is a
weighted sum of voltages, and that is what the kernel is given (Carnevale & Hines 2006, The NEURON Book, chapter 3,
https://doi.org/10.1017/CBO9780511541612).
Currents of biases enter a cell through an electrode: they leave through membrane beside what the neighbours bring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network import Network
from ...recordings import RecordingChannel
from ..extracellular import potential_weights
from ..record import every_nth, recording_channels, thinned
from ..settings import SimulationSettings
from ..slots import SYNAPSE_SLOTS, kinetics, receptor_order
from ..steps import n_steps
from .binding import Pointed, ProbesStruct
from .cells import NodeTree, segment_of
from .plan import Clamps, TypePlan

__all__ = ["ContactWeights", "Probes", "contact_weights"]

_Floats = NDArray[np.float64]
_VOLTAGES, _CALCIUM, _SYNAPSES = range(3)


def _through_membrane(tree: NodeTree, weights: _Floats) -> _Floats:
    """Turn weights of membrane currents into weights of voltages.

    A point between segments has no membrane. What it weighs is free, then: the mean of its neighbours, so that
    its voltage need not be known.

    Parameters
    ----------
    tree : NodeTree
        The nodes.
    weights : array, shape (n_nodes, ...)
        Of the membrane current of each node.

    Returns
    -------
    weights : array, shape (n_nodes, ...)
        Of the voltages, per nA/mV.
    """
    links = [(node, int(tree.parent[node]), tree.axial_uS[node]) for node in range(1, len(tree.parent))]
    own = weights.copy()
    segments = set(tree.segments.values())
    for point in set(range(len(tree.parent))) - segments:
        around = [(a if b == point else b, g) for a, b, g in links if point in (a, b)]
        own[point] = sum(g * weights[node] for node, g in around) / sum(g for _, g in around)
    found = np.zeros_like(own)
    for node, parent, conductance in links:
        difference = conductance * (own[parent] - own[node])
        found[node] += difference
        found[parent] -= difference
    return found


@dataclass(frozen=True, slots=True, eq=False)
class ContactWeights:
    """What the cells of a network make of potential at its electrodes.

    Attributes
    ----------
    rows : dict of str to slice
        By electrode array, its contacts among all.
    of_voltages : array, shape (n,)
        uV/mV: by cell type, ``(n_nodes, n_contacts, n_cells)``.
    of_currents : dict of str to array, shape (n_nodes, n_contacts)
        uV/nA: by cell type, of the same membrane current in all its cells.
    """

    rows: Mapping[str, slice]
    of_voltages: _Floats
    of_currents: Mapping[str, _Floats]


def contact_weights(network: Network, plans: Mapping[str, TypePlan]) -> ContactWeights:
    """Return what the cells of a network make of potential at its electrodes.

    Parameters
    ----------
    network : Network
        Cells and electrodes.
    plans : dict of str to TypePlan
        Its cell types.
    """
    rows: dict[str, slice] = {}
    for name, array in network.electrodes.items():
        start = max((known.stop for known in rows.values()), default=0)
        rows[name] = slice(start, start + len(array))
    of_segments = np.concatenate([potential_weights(array, network) for array in network.electrodes.values()])
    parts, of_currents = [], {}
    first = 0
    for name, plan in plans.items():
        tree = plan.tree
        order = [
            tree.segments[section, number]
            for section in plan.template.sections
            for number in range(plan.template.sections[section].nseg)
        ]
        stop = first + len(order) * len(plan.gids)
        own = of_segments[:, first:stop].reshape(len(of_segments), len(plan.gids), len(order))
        weights = np.zeros((len(tree.parent), len(of_segments), len(plan.gids)))
        weights[order] = np.moveaxis(own, -1, 0)
        parts.append(_through_membrane(tree, weights).ravel())
        of_currents[name] = weights.sum(axis=-1)
        first = stop
    return ContactWeights(rows, np.concatenate(parts), of_currents)


@lru_cache(maxsize=1024)
def _section_weights(tree: NodeTree, section: str) -> Mapping[int, float]:
    """Return the weights of the voltages that make the membrane current of a section, uS."""
    inside = np.zeros(len(tree.parent))
    inside[[node for (name, _), node in tree.segments.items() if name == section]] = 1.0
    weights = _through_membrane(tree, inside)
    return {int(node): float(weights[node]) for node in np.flatnonzero(weights)}


@dataclass(frozen=True, slots=True)
class _Site:
    """What is recorded at one place of all cells of a type.

    Attributes
    ----------
    kind : int
        What the kernel makes of it.
    node : int
        Where it is.
    terms : dict of int to float
        Numbers of nodes, or of slots of banks, and what they weigh.
    reversal_mV : float
        Of a receptor.
    """

    kind: int
    node: int
    terms: Mapping[int, float] = field(default_factory=dict)
    reversal_mV: float = 0.0


def _site(quantity: str, plan: TypePlan, section: str, receptor: str | None) -> _Site:
    """Return how a quantity of a cell is recorded."""
    node = plan.tree.segments[section, segment_of(plan.template, section)]
    if quantity == "voltage":
        return _Site(_VOLTAGES, node, {node: 1.0})
    if quantity == "membrane_current":
        return _Site(_VOLTAGES, node, _section_weights(plan.tree, section))
    if quantity == "calcium":
        return _Site(_CALCIUM, node)
    assert receptor is not None
    slots = receptor_order(plan.template)
    bank, slot = divmod(slots.index(receptor), SYNAPSE_SLOTS)
    # a section can be part of several groups, each with its own conductance
    banks = [first + bank for sections, first in sorted(plan.first_bank.items()) if section in sections]
    terms = {number * SYNAPSE_SLOTS + slot: 1.0 for number in banks}
    return _Site(_SYNAPSES, node, terms, kinetics(plan.template)[slots.index(receptor)].e_mV)


def _sites(channels: Mapping[str, Sequence[RecordingChannel]], plans: Mapping[str, TypePlan]) -> list[_Site]:
    """Return the site of each channel, those of all quantities in turn."""
    known: dict[tuple[str | None, ...], _Site] = {}
    found = []
    for quantity, several in channels.items():
        for _, cell_type, section, receptor in several:
            key = (quantity, cell_type, section, receptor)
            if key not in known:
                known[key] = _site(quantity, plans[cell_type], section, receptor)
            found.append(known[key])
    return found


class Probes:
    """What one run records.

    Parameters
    ----------
    network : Network
        The network, with its electrodes.
    plans : dict of str to TypePlan
        Its cell types.
    settings : SimulationSettings
        What is asked for, and the steps of the run.
    clamps : dict of str to list of (node, (amplitude, start, end))
        Currents into all cells of a type, nA and ms.
    weights : ContactWeights | None
        Those of the electrodes; None if there are none.
    """

    def __init__(
        self,
        network: Network,
        plans: Mapping[str, TypePlan],
        settings: SimulationSettings,
        *,
        clamps: Clamps,
        weights: ContactWeights | None,
    ) -> None:
        self._plans, self._clamps, self._weights = plans, clamps, weights
        self._every, self._dt = every_nth(settings.record, settings.dt), settings.dt
        self._channels = recording_channels(network, settings.record)
        self._sites = _sites(self._channels, plans)
        self.n_steps = steps = n_steps(settings.tstop, settings.dt)
        n_contacts = 0 if weights is None else sum(rows.stop - rows.start for rows in weights.rows.values())
        self._samples = np.zeros((len(self._sites), steps // self._every + 1))
        self._potentials = np.zeros((n_contacts, steps + 1))

    def __bool__(self) -> bool:
        return self._samples.size > 0 or self._potentials.size > 0

    def struct(self, pointed: Pointed) -> ProbesStruct:
        """Return what the kernel is given; it writes into the arrays of this object."""
        sites = self._sites
        gids = [channel.gid for channels in self._channels.values() for channel in channels]
        given = ProbesStruct(
            n_samples=self._samples.shape[1],
            stride=self._every,
            n_contacts=len(self._potentials),
            n_probes=len(self._samples),
        )
        arrays: dict[str, NDArray[Any]] = {
            "contact_weight": np.empty(0) if self._weights is None else self._weights.of_voltages,
            "potentials": self._potentials,
            "kind": np.array([site.kind for site in sites], dtype=np.int32),
            "gid": np.array(gids, dtype=np.int32),
            "node": np.array([site.node for site in sites], dtype=np.int32),
            "reversal_mV": np.array([site.reversal_mV for site in sites], dtype=np.float64),
            "term_start": np.cumsum([0, *(len(site.terms) for site in sites)]),
            "term": np.array([term for site in sites for term in site.terms], dtype=np.int32),
            "term_weight": np.array([weight for site in sites for weight in site.terms.values()], dtype=np.float64),
            "samples": self._samples,
        }
        pointed.fill(given, arrays)
        return given

    def results(self) -> tuple[Mapping[str, _Floats], Mapping[str, _Floats]]:
        """Return the recordings by quantity and the potentials by electrode array, in the simulator's units."""
        recordings = {}
        first = 0
        for quantity, channels in self._channels.items():
            recordings[quantity] = self._samples[first : first + len(channels)]
            first += len(channels)
        currents = recordings.get("membrane_current", self._samples[:0])
        for cell_type, clamps in self._clamps.items():
            for node, clamp in clamps:
                self._add_clamp(currents, cell_type, node, _clamp_current(clamp, self._dt, self._potentials.shape[1]))
        # NEURON knows the membrane current after a step only
        currents[:, 0] = 0.0
        self._potentials[:, 0] = 0.0
        rows = {} if self._weights is None else self._weights.rows
        return recordings, {name: thinned(self._potentials[part], self._every) for name, part in rows.items()}

    def _add_clamp(self, currents: _Floats, cell_type: str, node: int, current: _Floats) -> None:
        """Let what a bias brings into the cells of a type leave through their membrane."""
        if self._weights is not None:
            self._potentials += self._weights.of_currents[cell_type][node][:, None] * current
        sections = {section for (section, _), at in self._plans[cell_type].tree.segments.items() if at == node}
        for row, channel in enumerate(self._channels.get("membrane_current", ())):
            if channel.cell_type == cell_type and channel.section in sections:
                currents[row] += current[:: self._every]


def _clamp_current(clamp: tuple[float, float, float], dt: float, n_samples: int) -> _Floats:
    """Return the current of a clamp during the step that ends at each sample: on or off by its middle, as in NEURON."""
    amplitude, start, stop = clamp
    middles = np.cumsum(np.full(2 * n_samples, 0.5 * dt))[: 2 * n_samples - 2 : 2]  # rounded as NEURON's time is
    on = np.concatenate([[False], (middles >= start) & (middles < stop)])
    return np.asarray(amplitude * on)
