"""The dipole moment that synapses make in a cell without voltage-gated channels.

What a synapse adds to a dipole moment depends on the way that its current takes back, and on the other conductances
that are open. Here these are the capacitance and the leak of the cell, and all synapses as they were: a cell that is
linear in the batteries of its synapses. So the moments of kinds of synapses can be summed, they stay within what their
batteries can make, and they do not depend on where heights are counted from, as the moment of a membrane current would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._types import FloatArray
from ..network import CellTemplate
from .kernel.cells import NodeTree, middle_nodes, node_tree

__all__ = ["synaptic_moment"]

_LEAK = ("hh", "gl")  # channel and parameter, S/cm2


def _leak(template: CellTemplate, tree: NodeTree) -> FloatArray:
    """Return the leak conductance of each node, uS."""
    channel, parameter = _LEAK
    leak = np.zeros(len(tree.parent))
    for name, section in template.sections.items():
        if channel in section.channels:
            for number, density in enumerate(template.density(name, channel, parameter)):
                node = tree.segments[name, number]
                leak[node] = density * tree.area[node]
    return leak


def _axial(tree: NodeTree) -> FloatArray:
    """Return the matrix of conductances between nodes, shape (n_nodes, n_nodes), uS."""
    matrix = np.zeros((len(tree.parent), len(tree.parent)))
    for node, parent in enumerate(tree.parent):
        if parent >= 0:
            conductance = tree.axial_uS[node]
            matrix[node, node] += conductance
            matrix[parent, parent] += conductance
            matrix[node, parent] -= conductance
            matrix[parent, node] -= conductance
    return matrix


def synaptic_moment(
    template: CellTemplate, sections: Sequence[str], conductance: FloatArray, sources: FloatArray, dt: float
) -> FloatArray:
    """Return the dipole moment that sources make in cells of capacitance, leak and given other conductances.

    Stepped as simulations are: implicit Euler, conductances those at the start of a step.

    Parameters
    ----------
    template : CellTemplate
        The cells; of its channels only the leak counts.
    sections : sequence of str, length n_sections
        In the middle of which there are conductances and sources.
    conductance : array, shape (n_steps, n_sections, n_cells)
        Open synapses of each step, uS.
    sources : array, shape (n_steps, n_sections, n_cells, n_kinds)
        Current into the cell of each step, nA: of a synapse its conductance times the distance of its reversal
        potential from the voltage at rest, which voltages are counted from.
    dt : float
        Step, ms.

    Returns
    -------
    moment : array, shape (n_kinds, n_steps + 1)
        Summed over the cells, fA m, positive towards the cortical surface; 0 at first.
    """
    tree = node_tree(template)
    carried = tree.capacity / dt
    inverse = np.linalg.inv(np.diag(carried + _leak(template, tree)) + _axial(tree))
    keep = inverse * carried
    middles = middle_nodes(template, tree, sections)
    enter = np.ascontiguousarray(inverse[:, middles])
    between = enter[middles]
    weights = np.zeros(len(tree.parent))
    weights[list(tree.moment)] = list(tree.moment.values())
    n_steps, n_sections, n_cells, n_kinds = sources.shape
    moment = np.zeros((n_kinds, n_steps + 1))
    voltage = np.zeros((len(tree.parent), n_cells * n_kinds))
    diagonal = np.eye(n_sections)
    driven = np.flatnonzero(sources.any(axis=(1, 2, 3)))
    for step in range(driven[0] if driven.size else n_steps, n_steps):
        voltage = keep @ voltage + enter @ sources[step].reshape(n_sections, -1)
        opened = conductance[step].T
        if opened.any():  # what flows through them is known from the voltages at their places alone
            local = voltage[middles].reshape(n_sections, n_cells, n_kinds).transpose(1, 0, 2)
            local = np.linalg.solve(diagonal + between * opened[:, None, :], local) * opened[:, :, None]
            voltage -= enter @ local.transpose(1, 0, 2).reshape(n_sections, -1)
        moment[:, step + 1] = (weights @ voltage).reshape(n_cells, n_kinds).sum(axis=0)
    return moment
