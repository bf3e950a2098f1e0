"""The fixed baseline of the published software, for comparison with the measured one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_int
from ._units import FAM, MS
from .dipole import AGGREGATE, Dipole
from .errors import ParameterError

__all__ = ["jones_baseline_fAm", "published_baseline"]


def jones_baseline_fAm(times_ms: ArrayLike, n_cells: int) -> dict[str, NDArray[np.float64]]:
    """Return the fixed baseline curves of the published software, for comparison.

    Parameters
    ----------
    times_ms : array-like, shape (n_times,)
        Times in ms.
    n_cells : int
        Pyramidal cells per layer.

    Returns
    -------
    baseline : dict of str to array, shape (n_times,)
        ``L2`` and ``L5``, fA m.

    Notes
    -----
    Fitted to the undriven model of Jones et al. (2009, https://doi.org/10.1152/jn.00535.2009): constants up to
    37 ms, a line to 750 ms, another line after. It steps by 2.05 fA m per cell at 37 ms, and fits no other model.
    """
    t = np.asarray(times_ms, dtype=float)
    middle = 3.4770508e-3 * t - 51.231085
    late = 1.01e-4 * t - 48.412078
    deep = np.where(t <= 37.0, -49.0502, np.where(t < 750.0, middle, late))
    return {"L2": np.full(t.shape, 0.0443 * n_cells), "L5": deep * n_cells}


def published_baseline(dipole: Dipole, n_pyramidal: int) -> Dipole:
    """Return the published software's baseline at the times, layers and scale of a dipole, ready to be subtracted.

    Parameters
    ----------
    dipole : Dipole
        With the layers ``agg``, ``L2`` and ``L5``.
    n_pyramidal : int
        Pyramidal cells per layer.

    Returns
    -------
    baseline : Dipole
        See :func:`jones_baseline_fAm`; ``agg`` is the sum.
    """
    check_int(n_pyramidal, "n_pyramidal", minimum=1)
    if set(dipole.layers) != {AGGREGATE, "L2", "L5"}:
        raise ParameterError(f"The published baseline is one of layers agg, L2 and L5, got {dipole.layers}.")
    curves = jones_baseline_fAm(dipole.times / MS, n_pyramidal)
    curves[AGGREGATE] = curves["L2"] + curves["L5"]
    baseline: Dipole = dipole.copy()
    baseline.data = np.array([curves[name] for name in dipole.layers]) * FAM * dipole.scale_applied
    baseline.comment = "published baseline"
    return baseline
