"""The cortical column as immutable values: cells, connections, drives, biases, ready models.

Nothing here simulates: units are those of NEURON (ms, mV, nA, um, uS).
"""

from typing import Any

from .._peer_names import MODULES, no_attribute
from .._value import FrozenMap, OrderedFrozenMap, canonical, digest, replace
from .biases import TonicBias
from .cells import CellTemplate
from .channels import CHANNELS, Channel, ChannelParameter
from .connections import Connection
from .density import PROFILES, Density, Exponential, Linear, Tabulated, Uniform
from .drives import DRIVE_KINDS, BurstyDrive, Drive, EvokedDrive, PoissonDrive, SpikeTrainDrive
from .electrodes import SOURCE_MODELS, Electrodes
from .events import drive_events
from .geometry import Segments, cell_segments
from .grid import grid_origin, grid_positions
from .mechanisms import CustomSynapse, Mechanism, MechanismParameter
from .models import (
    MODELS,
    WEIGHT_SETS,
    calcium,
    jones_2009,
    law_2021,
    model,
    neymotin_2020,
    weight_set,
    with_erp_drives,
)
from .network import Network
from .paths import PATH_KINDS, get_value, list_paths, set_values
from .populations import Population
from .sections import Branch, Section
from .synapses import RECEPTORS, Synapse
from .wiring import Wires, connection_wires, distance_scale, drive_wires

__all__ = [
    "CHANNELS",
    "DRIVE_KINDS",
    "MODELS",
    "PATH_KINDS",
    "PROFILES",
    "RECEPTORS",
    "SOURCE_MODELS",
    "WEIGHT_SETS",
    "Branch",
    "BurstyDrive",
    "CellTemplate",
    "Channel",
    "ChannelParameter",
    "Connection",
    "CustomSynapse",
    "Density",
    "Drive",
    "Electrodes",
    "EvokedDrive",
    "Exponential",
    "FrozenMap",
    "Linear",
    "Mechanism",
    "MechanismParameter",
    "Network",
    "OrderedFrozenMap",
    "PoissonDrive",
    "Population",
    "Section",
    "Segments",
    "SpikeTrainDrive",
    "Synapse",
    "Tabulated",
    "TonicBias",
    "Uniform",
    "Wires",
    "calcium",
    "canonical",
    "cell_segments",
    "connection_wires",
    "digest",
    "distance_scale",
    "drive_events",
    "drive_wires",
    "get_value",
    "grid_origin",
    "grid_positions",
    "jones_2009",
    "law_2021",
    "list_paths",
    "model",
    "neymotin_2020",
    "replace",
    "set_values",
    "weight_set",
    "with_erp_drives",
]


def __getattr__(name: str) -> Any:
    raise no_attribute(f"module {__name__!r}", name, MODULES, __all__)
