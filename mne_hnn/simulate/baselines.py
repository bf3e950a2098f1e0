"""Which baselines a dipole can have, and of which cells."""

from __future__ import annotations

from ..errors import ParameterError
from ..network import Network

__all__ = ["BASELINES", "dipole_layers", "pyramidal_cells"]

BASELINES = ("measured", "published", "none")


def dipole_layers(network: Network) -> dict[str, list[str]]:
    """Return the dipole-bearing cell types of each layer, superficial layers first."""
    layers: dict[str, list[str]] = {}
    for cell_type, template in network.cell_types.items():
        if template.measures_dipole:
            layers.setdefault(template.layer, []).append(cell_type)
    return {name: layers[name] for name in sorted(layers)}


def pyramidal_cells(network: Network) -> int:
    """Return how many cells each layer has, if the published baseline is defined for them."""
    counts = {len(network.populations[name]) for types in dipole_layers(network).values() for name in types}
    if set(dipole_layers(network)) != {"L2", "L5"} or len(counts) != 1:
        raise ParameterError(
            "baseline='published' is defined for one pyramidal cell type in each of L2 and L5, in equal numbers: "
            "use baseline='measured'."
        )
    return counts.pop()
