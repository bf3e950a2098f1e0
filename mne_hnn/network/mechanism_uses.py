"""Where in a network mechanisms of one's own are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ._base import NetworkBase
from .cells import CellTemplate
from .mechanisms import CustomSynapse, Mechanism

__all__ = ["MechanismUse", "custom_mechanisms", "custom_receptors", "mechanism_uses"]


class MechanismUse(NamedTuple):
    """One place of a network that has a mechanism, and its parameters there."""

    where: str
    mechanism: Mechanism
    parameters: Mapping[str, Any]


def custom_receptors(template: CellTemplate) -> dict[str, CustomSynapse]:
    """Return the receptors of a cell that are mechanisms of one's own, by name."""
    return {name: one for name, one in sorted(template.synapses.items()) if isinstance(one, CustomSynapse)}


def mechanism_uses(network: NetworkBase) -> Iterator[MechanismUse]:
    """Yield every place of a network that has a mechanism of one's own."""
    for cell_type, template in network.cell_types.items():
        for receptor, synapse in custom_receptors(template).items():
            yield MechanismUse(f"receptor {receptor!r} of {cell_type!r}", synapse.mechanism, synapse.parameters)
        for name, section in template.sections.items():
            for key, mechanism in section.mechanisms.items():
                yield MechanismUse(f"section {name!r} of {cell_type!r}", mechanism, section.channels[key])


def custom_mechanisms(network: NetworkBase) -> tuple[Mechanism, ...]:
    """Return the mechanisms of one's own that a network has, each once, in the order of their names inside NEURON."""
    found = {use.mechanism: None for use in mechanism_uses(network)}
    return tuple(sorted(found, key=lambda mechanism: mechanism.compiled_name))
