"""A network as text, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._value import FrozenMap, canonical, replace
from ..errors import NetworkError
from ._trust import check_trusted
from .biases import TonicBias
from .cells import CellTemplate
from .connections import Connection
from .density import Exponential, Linear, Tabulated, Uniform
from .drives import DRIVE_KINDS
from .electrodes import Electrodes
from .mechanism_uses import custom_mechanisms
from .mechanisms import CustomSynapse, Mechanism
from .network import Network
from .populations import Population
from .sections import Branch, Section
from .synapses import Synapse

__all__ = ["network_from_text", "network_to_text"]

_CLASSES: Mapping[str, type] = FrozenMap(
    {
        kind.__name__: kind
        for kind in (
            *DRIVE_KINDS.values(),
            Branch,
            CellTemplate,
            Connection,
            CustomSynapse,
            Electrodes,
            Exponential,
            Linear,
            Mechanism,
            Network,
            Population,
            Section,
            Synapse,
            Tabulated,
            TonicBias,
            Uniform,
        )
    }
)
# canonical writes maps whose order counts as lists of pairs
_ORDERED = {"Network": ("populations", "drives"), "CellTemplate": ("sections",)}


def network_to_text(network: Network) -> str:
    """Return a network as JSON, with its digest.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    text : str
        The same for equal networks of the same name, on any machine.
    """
    references = {name: population.template.reference for name, population in network.populations.items()}
    content = {"network": canonical(network), "name": network.name, "references": references, "digest": network.digest}
    return json.dumps(content, sort_keys=True)


def network_from_text(text: str, *, trusted: bool = False) -> Network:
    """Return the network that :func:`network_to_text` wrote.

    Parameters
    ----------
    text : str
        What :func:`network_to_text` returned.
    trusted : bool
        Whether C code that mechanisms bring along may run, as this process wrote the text itself.

    Returns
    -------
    network : Network
        With the digest and the names of the one that was written; plain maps are in alphabetical order.

    Raises
    ------
    NetworkError
        The text is damaged, of a version that describes networks in another way, or brings C code along.
    """
    try:
        content = json.loads(text)
        network = _value(content["network"])
        references = content["references"]
        populations = {
            name: replace(population, template=replace(population.template, reference=references[name]))
            for name, population in network.populations.items()
        }
        network = replace(network, populations=populations, name=content["name"])
        wanted = content["digest"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise NetworkError(
            f"The text of the network is damaged, or of another version of mne_hnn ({type(error).__name__})."
        ) from error
    if not isinstance(network, Network) or network.digest != wanted:
        raise NetworkError("The text of the network is damaged, or of another version of mne_hnn: its digest differs.")
    if not trusted:
        check_trusted(custom_mechanisms(network))
    return network


def _value(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _value(value) for key, value in item.items()}
    if not isinstance(item, list):
        return item
    if len(item) == 2 and isinstance(item[0], str) and item[0] in _CLASSES and isinstance(item[1], dict):
        name, fields = item
        ordered = _ORDERED.get(name, ())
        values = {
            key: {pair[0]: _value(pair[1]) for pair in field} if key in ordered else _value(field)
            for key, field in fields.items()
        }
        return _CLASSES[name](**values)
    return tuple(_value(value) for value in item)
