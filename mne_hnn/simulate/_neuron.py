"""The one place that imports NEURON and loads the mechanisms into it."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import SimulationError
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


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Keep NEURON's greeting about a missing display off the terminal while it is imported."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


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
    if library.coreneuron_path is not None:
        os.environ["CORENEURONLIB"] = str(library.coreneuron_path)
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    # read when OpenMP is loaded, which CoreNEURON's library does: threads that spin while they wait take the cores
    # from those that work
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with warnings.catch_warnings(), _quiet_import():
        warnings.simplefilter("ignore")
        from neuron import h
    if h.nrn_load_dll(str(library.neuron_path)) != 1:
        raise SimulationError(
            f"NEURON could not load the mechanisms from {library.neuron_path}: delete that folder, and they are "
            "compiled again."
        )
    h.load_file("stdrun.hoc")
    h(_HOC)
    _loaded = (h, library)
    return _loaded


def count_sections(h: Any) -> int:
    """Return how many sections exist in this process."""
    return sum(1 for _ in h.allsec())
