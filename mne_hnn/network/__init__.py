"""The cortical column as immutable values: cells, connections, drives, biases, ready models.

Nothing here simulates: units are those of NEURON (ms, mV, nA, um, uS).
"""

from mne_hnn.network._frozen import FrozenMap, OrderedFrozenMap, canonical, digest, replace
from mne_hnn.network.biases import TonicBias
from mne_hnn.network.cells import CellTemplate
from mne_hnn.network.channels import CHANNELS, Channel, ChannelParameter
from mne_hnn.network.connections import Connection
from mne_hnn.network.density import PROFILES, Density, Exponential, Linear, Uniform
from mne_hnn.network.drives import DRIVE_KINDS, BurstyDrive, Drive, EvokedDrive, PoissonDrive, SpikeTrainDrive
from mne_hnn.network.events import drive_events
from mne_hnn.network.grid import grid_origin, grid_positions
from mne_hnn.network.models import (
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
from mne_hnn.network.network import Network
from mne_hnn.network.populations import Population
from mne_hnn.network.sections import Branch, Section
from mne_hnn.network.synapses import RECEPTORS, Synapse
from mne_hnn.network.wiring import Wires, connection_wires, distance_scale, drive_wires

__all__ = [
    "CHANNELS",
    "DRIVE_KINDS",
    "MODELS",
    "PROFILES",
    "RECEPTORS",
    "WEIGHT_SETS",
    "Branch",
    "BurstyDrive",
    "CellTemplate",
    "Channel",
    "ChannelParameter",
    "Connection",
    "Density",
    "Drive",
    "EvokedDrive",
    "Exponential",
    "FrozenMap",
    "Linear",
    "Network",
    "OrderedFrozenMap",
    "PoissonDrive",
    "Population",
    "Section",
    "SpikeTrainDrive",
    "Synapse",
    "TonicBias",
    "Uniform",
    "Wires",
    "calcium",
    "canonical",
    "connection_wires",
    "digest",
    "distance_scale",
    "drive_events",
    "drive_wires",
    "grid_origin",
    "grid_positions",
    "jones_2009",
    "law_2021",
    "model",
    "neymotin_2020",
    "replace",
    "weight_set",
    "with_erp_drives",
]
