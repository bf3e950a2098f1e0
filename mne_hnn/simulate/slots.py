"""How receptors are laid into mechanisms: four to a bank, in the order of their names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..network import CellTemplate, Synapse, Wires

__all__ = ["SYNAPSE_SLOTS", "Site", "kinetics", "receptor_order", "slot_weights"]

#: How many receptors one mechanism holds.
SYNAPSE_SLOTS = 4

#: A cell type, and the sections that share their synapses.
Site = tuple[str, tuple[str, ...]]


def receptor_order(template: CellTemplate) -> list[str]:
    """Return the receptors in the order of their slots: by name, so that equal templates give equal bits.

    Synapses of one's own have no slots.
    """
    return sorted(name for name, synapse in template.synapses.items() if isinstance(synapse, Synapse))


def kinetics(template: CellTemplate) -> list[Synapse]:
    """Return the double exponentials of the receptors, in the order of their slots."""
    found = (template.synapses[name] for name in receptor_order(template))
    return [synapse for synapse in found if isinstance(synapse, Synapse)]


def slot_weights(
    wires: Wires, template: CellTemplate, rows: NDArray[np.int64] | slice = slice(None)
) -> NDArray[np.float64]:
    """Return the weights of `rows` of `wires` in the order of the slots of a cell, shape (n, n_receptors)."""
    receptors = receptor_order(template)
    given = wires.weights_uS[rows]
    columns = np.zeros((len(given), len(receptors)))
    for column, receptor in enumerate(receptors):
        if receptor in wires.receptors:
            columns[:, column] = given[:, wires.receptors.index(receptor)]
    return columns
