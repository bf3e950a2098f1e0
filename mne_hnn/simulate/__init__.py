"""Run a network in NEURON: mechanisms, engine, trials over processes.

The only folder that touches NEURON, and it does so when the first simulation starts.
"""

from typing import Any

from .._cache import cache_directory
from .._peer_names import MODULES, no_attribute
from ..parallel import close_workers
from .baselines import BASELINES
from .computing import Computing
from .engine import clear
from .info import sys_info
from .library import Library, mechanism_library
from .many import simulate_many
from .mpi import simulate_mpi
from .record import Record
from .result import Simulation
from .settings import ENGINES, SimulationSettings
from .trials import simulate

__all__ = [
    "BASELINES",
    "ENGINES",
    "Computing",
    "Library",
    "Record",
    "Simulation",
    "SimulationSettings",
    "cache_directory",
    "clear",
    "close_workers",
    "mechanism_library",
    "simulate",
    "simulate_many",
    "simulate_mpi",
    "sys_info",
]


def __getattr__(name: str) -> Any:
    raise no_attribute(f"module {__name__!r}", name, MODULES, __all__)
