"""The one place that imports NEURON and loads the mechanisms into it."""

from __future__ import annotations

from typing import Any

from ..errors import SimulationError
from . import loading
from .library import Library, mechanism_library

_loaded: tuple[Any, Library] | None = None

# Building connections one by one in Python costs twice as much as in NEURON's own interpreter.
_HOC = """
proc mne_hnn_connect() { local i, k, n localobj pc, nc
    pc = new ParallelContext()
    n = $o1.size()
    for i = 0, n - 1 {
        nc = pc.gid_connect($o1.x[i], $o2.o($o3.x[i]))
        nc.delay = $o4.x[i]
        for k = 0, $o5.count() - 1 {
            nc.weight[k] = $o5.o(k).x[i]
        }
        $o6.append(nc)
    }
}
proc mne_hnn_weigh() { local i, k
    for i = 0, $o1.count() - 1 {
        for k = 0, $o2.count() - 1 {
            $o1.o(i).weight[k] = $o2.o(k).x[i]
        }
    }
}
"""


def load() -> tuple[Any, Library]:
    """Return NEURON's interpreter with the mechanisms loaded, and the library they come from.

    Raises
    ------
    SimulationError
        Another package has loaded NEURON mechanisms or made sections in this process that this one cannot share.
    """
    global _loaded
    if _loaded is not None:
        return _loaded
    library = mechanism_library()
    h = loading.neuron()
    reason = loading.load_mechanisms(h, library.directory)
    if reason is not None and not library.neuron_path.exists():  # another process is compiling them again
        library = mechanism_library()
        reason = loading.load_mechanisms(h, library.directory)
    if reason is not None:
        raise SimulationError(
            f"NEURON cannot load the mechanisms from {library.directory} ({reason}): compile them again, with "
            "`mne-hnn compile --force`."
        )
    h.load_file("stdrun.hoc")
    h(_HOC)
    _loaded = (h, library)
    return _loaded


def count_sections(h: Any) -> int:
    """Return how many sections exist in this process."""
    return sum(1 for _ in h.allsec())
