"""Files: networks, simulations and spikes without loss, and what HNN reads and writes."""

from typing import Any

from .._peer_names import MODULES, no_attribute
from .dipole_txt import read_dipole_txt, write_dipole_txt
from .hnn_network import read_hnn_network, write_hnn_network
from .hnn_params import read_hnn_params
from .hnn_params_file import write_hnn_params
from .hnn_settings import HnnSettings
from .laminar import read_laminar
from .network import read_network, write_network
from .simulation import read_simulation, read_spikes, write_simulation, write_spikes
from .source_course import read_source_course
from .spike_trains import read_spike_trains
from .spikes_txt import read_spikes_txt, write_spikes_txt

__all__ = [
    "HnnSettings",
    "read_dipole_txt",
    "read_hnn_network",
    "read_hnn_params",
    "read_laminar",
    "read_network",
    "read_simulation",
    "read_source_course",
    "read_spike_trains",
    "read_spikes",
    "read_spikes_txt",
    "write_dipole_txt",
    "write_hnn_network",
    "write_hnn_params",
    "write_network",
    "write_simulation",
    "write_spikes",
    "write_spikes_txt",
]


def __getattr__(name: str) -> Any:
    raise no_attribute(f"module {__name__!r}", name, MODULES, __all__)
