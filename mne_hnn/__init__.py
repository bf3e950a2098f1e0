"""From MEG/EEG source estimates to the cortical circuit that could have made them, and back.

Importing this package imports neither NEURON nor MNE: names are looked up when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from . import _threads, errors, network  # noqa: F401 - threads: as the environment is now, not later
from ._peer_names import MODULES, no_attribute
from .errors import MneHnnError, MneHnnWarning

if TYPE_CHECKING:
    from . import compare, explorer, fit, group, inference, io, lfp, pipeline, recordings, simulate, source, sweep, viz
    from .dipole import Dipole, average_dipoles, read_dipole
    from .dipole_epochs import DipoleEpochs, read_dipole_epochs
    from .explorer.entry import explore
    from .inference import posterior
    from .network import Network
    from .pipeline.notebook import explain
    from .recordings import Recording
    from .simulate import Simulation
    from .spikes import Spikes

try:
    __version__ = version("mne-hnn")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

_LAZY_MODULES = (
    "compare",
    "dipole",
    "dipole_epochs",
    "explorer",
    "fit",
    "group",
    "inference",
    "io",
    "lfp",
    "network",
    "pipeline",
    "recordings",
    "simulate",
    "source",
    "spikes",
    "sweep",
    "viz",
)
_LAZY_NAMES = {
    "Dipole": "dipole",
    "DipoleEpochs": "dipole_epochs",
    "Network": "network",
    "Recording": "recordings",
    "Simulation": "simulate",
    "Spikes": "spikes",
    "average_dipoles": "dipole",
    "explain": "pipeline.notebook",
    "explore": "explorer.entry",
    "posterior": "inference",
    "read_dipole": "dipole",
    "read_dipole_epochs": "dipole_epochs",
}

__all__ = [
    "Dipole",
    "DipoleEpochs",
    "MneHnnError",
    "MneHnnWarning",
    "Network",
    "Recording",
    "Simulation",
    "Spikes",
    "__version__",
    "average_dipoles",
    "compare",
    "errors",
    "explain",
    "explore",
    "explorer",
    "fit",
    "group",
    "inference",
    "io",
    "lfp",
    "network",
    "pipeline",
    "posterior",
    "read_dipole",
    "read_dipole_epochs",
    "recordings",
    "simulate",
    "source",
    "sweep",
    "viz",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY_NAMES:
        return getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
    if name in _LAZY_MODULES:
        return import_module(f".{name}", __name__)
    ours = {known: f"mne_hnn.network.{known}" for known in network.__all__}
    raise no_attribute(f"module {__name__!r}", name, {**ours, **MODULES}, __all__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
