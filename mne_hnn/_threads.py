"""How many threads linear algebra has: what the environment said when its libraries were loaded."""

from __future__ import annotations

import os

__all__ = ["NAMES", "threads"]

NAMES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that count, the first that is set before the others."""

_AT_START = {name: os.environ[name] for name in NAMES if name in os.environ}
# Later changes do not count, and happen: Dask sets these for its workers in the process that starts them.


def threads() -> str | None:
    """Return the number of threads that the environment set; sums depend on it in the last bit."""
    return next((_AT_START[name] for name in NAMES if name in _AT_START), None)
