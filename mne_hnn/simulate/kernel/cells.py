"""A cell as the kernel sees it: a tree of nodes with capacities, conductances and mechanisms.

The discretisation is NEURON's (Carnevale & Hines 2006, The NEURON Book, chapters 3 to 5,
https://doi.org/10.1017/CBO9780511541612): a segment is one node at its middle, the resistance between two nodes that of
the half segments between them, and where sections meet lies a point without membrane. A point between two segments only
joins their resistances; one where three or more meet is a node.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ...network import CellTemplate
from ...network.channels import CELSIUS
from ..cell import MEMBRANES, Node, effective_diameter, moment_weights, section_plan
from ..temperature import temperature_parameters
from ..toolchain import MOD_DIRECTORY
from .kinetics import Mechanism, read_mechanism

__all__ = ["NodeTree", "mechanism", "middle_nodes", "node_tree", "parameters_at", "segment_of"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int32]
# (section, number of the segment), or (section, end) of a point
_Key = tuple[str, int] | tuple[str, float, str]


@cache
def mechanism(name: str) -> Mechanism:
    """Return what the file of a mechanism says."""
    return read_mechanism(MOD_DIRECTORY / f"{name}.mod")


def parameters_at(name: str, celsius: float) -> dict[str, float]:
    """Return the parameters of a mechanism at a temperature, defaults but for what depends on it."""
    values = dict(mechanism(name).parameters)
    values.update({key: value for key, value in temperature_parameters(celsius).items() if key in values})
    return values


@dataclass(frozen=True, slots=True, eq=False)
class NodeTree:
    """The nodes of a cell type, from the middle of the root section outwards: a parent comes before its children.

    Attributes
    ----------
    parent : array of int, shape (n_nodes,)
        -1 for the root.
    membrane : array of int, shape (n_nodes,)
        0 for none, else the place of the mechanism in ``MEMBRANES``, counted from 1.
    capacity : array, shape (n_nodes,)
        nA ms/mV.
    area : array, shape (n_nodes,)
        What turns mA/cm2 into nA.
    axial_uS : array, shape (n_nodes,)
        Conductance to the parent.
    start_mV : array, shape (n_nodes,)
        Voltage at the start.
    parameters : array, shape (n,)
        Of the membranes, node by node, in the order of their mechanism.
    segments : dict of (section, number) to int
        Node of each segment.
    moment : dict of int to float
        Node and its weight in the dipole moment, fA m/mV.
    first_moment : float
        The moment of the start voltages, as NEURON has them, fA m.
    """

    parent: _Ints
    membrane: _Ints
    capacity: _Floats
    area: _Floats
    axial_uS: _Floats
    start_mV: _Floats
    parameters: _Floats
    segments: Mapping[tuple[str, int], int]
    moment: Mapping[int, float]
    first_moment: float


def segment_of(template: CellTemplate, section: str) -> int:
    """Return the number of the segment at the middle of a section."""
    return template.sections[section].nseg // 2


def _half_conductance(template: CellTemplate, name: str) -> float:
    """Return the axial conductance of half a segment, uS."""
    section = template.sections[name]
    cross = math.pi * effective_diameter(section.diam_um) ** 2 / 4
    return 100.0 * cross / (section.Ra_ohm_cm * (section.L_um / section.nseg / 2))


class _Wiring:
    """Which segments and points of a cell are neighbours, with the conductances between them."""

    def __init__(self, template: CellTemplate) -> None:
        self.template = template
        self.parents = template.parents
        self.half = {name: _half_conductance(template, name) for name in template.sections}
        self.neighbours: dict[_Key, dict[_Key, float]] = {}
        self.meeting: dict[Node, list[tuple[str, int]]] = {}
        for name, section in template.sections.items():
            for number in range(section.nseg):
                self.neighbours[name, number] = {}
            for number in range(section.nseg - 1):
                self._join((name, number), (name, number + 1), self.half[name] / 2)
            for end, number in ((0.0, 0), (1.0, section.nseg - 1)):
                self.meeting.setdefault(self.point(name, end), []).append((name, number))
        for point, segments in self.meeting.items():
            if len(segments) == 2:
                a, b = (self.half[name] for name, _ in segments)
                self._join(segments[0], segments[1], a * b / (a + b))
            elif len(segments) > 2:
                for segment in segments:
                    self._join((*point, "point"), segment, self.half[segment[0]])

    def _join(self, a: _Key, b: _Key, conductance: float) -> None:
        self.neighbours.setdefault(a, {})[b] = conductance
        self.neighbours.setdefault(b, {})[a] = conductance

    def point(self, section: str, end: float) -> Node:
        """Return the name of the point at the end of a section: that of the section it belongs to in NEURON."""
        branch = self.parents.get(section)
        if branch is not None and end == branch.child_end:
            return self.point(branch.parent, branch.parent_end)
        return section, end

    def shares(self, point: Node) -> dict[_Key, float]:
        """Return whose voltage stands for that of a point: the point itself if it is a node, else its segments'."""
        segments = self.meeting[point]
        if len(segments) > 2:
            return {(*point, "point"): 1.0}
        total = sum(self.half[name] for name, _ in segments)
        return {segment: self.half[segment[0]] / total for segment in segments}

    def outwards(self, start: _Key) -> Iterator[tuple[_Key, _Key | None]]:
        """Yield every node after its parent; a node's first child follows at once."""
        waiting: list[tuple[_Key, _Key | None]] = [(start, None)]
        while waiting:
            key, parent = waiting.pop()
            yield key, parent
            waiting += [(other, key) for other in reversed(self.neighbours[key]) if other != parent]


def _parameters(template: CellTemplate, celsius: float) -> dict[tuple[str, int], tuple[int, list[float]]]:
    """Return the mechanism of every segment and its parameters."""
    names = [name for name, _ in MEMBRANES]
    found: dict[tuple[str, int], tuple[int, list[float]]] = {}
    for section in template.sections:
        plan = section_plan(template, section, celsius)
        for number in range(plan.nseg):
            if plan.membrane is None:
                found[section, number] = (0, [])
                continue
            values = dict(mechanism(plan.membrane).parameters)
            given = dict(plan.uniform) | {name: several[number] for name, several in plan.varying}
            known = {name.removesuffix(f"_{plan.membrane}"): value for name, value in given.items()}
            values.update({name: value for name, value in known.items() if name in values})  # not those of one's own
            found[section, number] = (names.index(plan.membrane) + 1, list(values.values()))
    return found


def _moment(template: CellTemplate, wiring: _Wiring, index: Mapping[_Key, int]) -> tuple[dict[int, float], float]:
    """Return the weights of the dipole moment on the nodes, and the moment of the start voltages."""
    if not template.measures_dipole:
        return {}, 0.0
    weights: dict[int, float] = {}
    first = 0.0
    for point, weight in moment_weights(template).items():
        last, _ = wiring.meeting[point][-1]  # a section that is set later sets the points at its ends again
        first += weight * template.sections[last].v_init_mV
        for key, share in wiring.shares(point).items():
            weights[index[key]] = weights.get(index[key], 0.0) + weight * share
    return weights, first


def node_tree(template: CellTemplate, celsius: float = CELSIUS) -> NodeTree:
    """Discretise a cell.

    Parameters
    ----------
    template : CellTemplate
        The cell.
    celsius : float
        Temperature of its channels.

    Returns
    -------
    NodeTree
        Its nodes.
    """
    wiring = _Wiring(template)
    mechanisms = _parameters(template, celsius)
    order = list(wiring.outwards((template.root, segment_of(template, template.root))))
    index: dict[_Key, int] = {key: number for number, (key, _) in enumerate(order)}
    n = len(order)
    parent, membrane = np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.int32)
    capacity, area, axial, start = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    parameters: list[float] = []
    for number, (key, above) in enumerate(order):
        section = template.sections[key[0]]
        start[number] = section.v_init_mV
        if above is not None:
            parent[number] = index[above]
            axial[number] = wiring.neighbours[key][above]
        if len(key) == 2:
            square_um = math.pi * effective_diameter(section.diam_um) * section.L_um / section.nseg
            area[number] = square_um * 1e-2
            capacity[number] = section.cm_uF_cm2 * square_um * 1e-5
            membrane[number], own = mechanisms[key]
            parameters += own
    moment, first_moment = _moment(template, wiring, index)
    return NodeTree(
        parent=parent,
        membrane=membrane,
        capacity=capacity,
        area=area,
        axial_uS=axial,
        start_mV=start,
        parameters=np.array(parameters, dtype=np.float64),
        segments={key: number for key, number in index.items() if len(key) == 2},
        moment=moment,
        first_moment=first_moment,
    )


def middle_nodes(template: CellTemplate, tree: NodeTree, sections: Sequence[str]) -> list[int]:
    """Return the nodes at the middle of some sections."""
    return [tree.segments[section, segment_of(template, section)] for section in sections]
