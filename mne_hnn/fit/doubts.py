"""What a user must know of a target before it is fitted, and of a fit before it is believed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from .._units import NAM
from .._warn import warn
from ..compare import align
from ..dipole import Dipole
from ..network import Network
from .observation import PYRAMIDAL_PER_mm2, explained, pyramidal_cells
from .scoring import UNDETERMINED

__all__ = ["announce", "announced", "column_doubts", "misfit_doubts", "target_doubts"]

LARGEST_nAm = {"evoked": 500.0, "drives": 2000.0, "rhythmic": 2000.0}
"""By kind of fit. Evoked responses have 10 to 100 nA m, rhythms 100 to 1000 (Neymotin et al. 2020,
https://doi.org/10.7554/eLife.51214); epileptic spikes some hundred."""
IMPOSSIBLE_Am = 1e-4
SMALLEST_Am = 5e-16
"""Far below what a single pyramidal cell gives below threshold."""
DENSEST_nAm_per_mm2 = 2.0
"""No cortex gives more (Murakami and Okada 2015, https://doi.org/10.1016/j.neuroimage.2015.02.003)."""
LARGEST_mm2 = 2000.0
"""Area from which a response comes at most, if that of the patch is not known: 20 cm²."""
COARSE_ms, LONG_s = 10.0, 10.0
NO_BETTER = "The fit explains no more"
"""How the warning begins of a fit that a parabola explains as well."""
FRESH = 0.1
"""R² that fresh trials may fall behind those of the search."""

Options = ParamSpec("Options")


class _Said(threading.local):
    texts: set[str] | None = None


_said = _Said()


def announce(text: str) -> None:
    """Warn, once per call of a fit that was :func:`announced`."""
    if _said.texts is None:
        warn(text)
    elif text not in _said.texts:
        _said.texts.add(text)
        warn(text)


class _WithWarnings(Protocol):
    @property
    def warnings(self) -> tuple[str, ...]: ...


Result = TypeVar("Result", bound=_WithWarnings)


def announced(fit: Callable[Options, Result]) -> Callable[Options, Result]:
    """Make the warnings of a fit's result Python warnings, too: once, at the end of the outermost fit.

    That the data leave parameters open is no warning of Python: hardly a fit is without, and the table says so.
    """

    @wraps(fit)
    def call(*arguments: Options.args, **options: Options.kwargs) -> Result:
        if _said.texts is not None:  # a fit within a fit
            return fit(*arguments, **options)
        _said.texts = set()
        try:
            result = fit(*arguments, **options)
            for text in result.warnings:
                if not text.startswith(UNDETERMINED):
                    announce(text)
        finally:
            _said.texts = None
        return result

    return call


def _in_Am(target: Dipole) -> bool:
    return bool(target.provenance.get("unit", "A m") == "A m")


def target_doubts(target: Dipole, kind: str, noise: float | None = None) -> list[str]:
    """Return what is odd about a target: its moment, its density, its times, its noise.

    Parameters
    ----------
    target : Dipole
        The target.
    kind : str
        Of the fit: ``'evoked'``, ``'rhythmic'`` or ``'drives'``.
    noise : float | None
        Noise relative to the target's root mean square, if known.
    """
    peak = float(np.abs(target["agg"]).max())
    found = _moment_doubts(target, peak, LARGEST_nAm.get(kind, LARGEST_nAm["drives"])) if _in_Am(target) else []
    if kind == "rhythmic":
        return found
    step, end = 1e3 / target.info["sfreq"], float(target.times[-1])
    if step > COARSE_ms:
        found.append(
            f"The samples of the target are {step:g} ms apart, too far for the deflections of a response: take a "
            "higher sampling rate."
        )
    if end > LONG_s:
        found.append(f"The target lasts {end:g} s: were its times given in ms where s are expected?")
    if noise is not None and noise >= 1:
        found.append(
            f"The noise of the target is {noise:.2g} times its size (a share, not percent): there is hardly a response "
            "in it to be fitted."
        )
    return found


def _moment_doubts(target: Dipole, peak: float, largest: float) -> list[str]:
    nAm, area = peak / NAM, target.provenance.get("area_mm2")
    if nAm > largest:
        return [
            f"The target reaches {nAm:,.0f} nA m, where evoked responses have some 10 to 100 nA m and rhythms up to "
            f"1,000: were its values in {'nA m taken for A m' if peak > IMPOSSIBLE_Am else 'pA m taken for nA m'}?"
        ]
    if 0 < peak < SMALLEST_Am:
        return [
            f"The target reaches {peak:.3g} A m only, less than a single cell gives: were its values in A m taken for "
            "nA m?"
        ]
    if area and nAm / area > DENSEST_nAm_per_mm2:
        return [
            f"The target reaches {nAm:.4g} nA m in a patch of {area:.3g} mm²: {nAm / area:.2g} nA m per mm², where "
            f"cortex gives {DENSEST_nAm_per_mm2:g} at most. The patch is too small, or the moment too large."
        ]
    return []


def column_doubts(scale: float, network: Network, target: Dipole) -> list[str]:
    """Return whether the cells of so many columns are more than the patch, or any cortex, holds.

    Parameters
    ----------
    scale : float
        Number of columns.
    network : Network
        The column.
    target : Dipole
        What was fitted; its provenance may hold the area of its patch.
    """
    cells = scale * pyramidal_cells(network)
    if not _in_Am(target) or not cells:
        return []
    if cells < 1:
        return [f"{scale:.3g} columns are less than one pyramidal cell: is the unit of the target what it says?"]
    area, needed = target.provenance.get("area_mm2"), cells / PYRAMIDAL_PER_mm2
    many = f"{scale:.3g} columns like this one have {cells:.2g} pyramidal cells"
    remedy = "A column whose cells fire needs fewer: start from drives that make them fire (drives='network')."
    if area and needed > area:
        return [
            f"{many}, {needed / area:.2g} times the {area * PYRAMIDAL_PER_mm2:.2g} that the patch of {area:.3g} mm² "
            f"holds ({PYRAMIDAL_PER_mm2:,.0f} per mm²). {remedy}"
        ]
    if not area and needed > LARGEST_mm2:
        return [
            f"{many}, those of {needed / 100:.3g} cm² of cortex, more than a response comes from. Is the unit of the "
            f"target right? {remedy}"
        ]
    return []


def misfit_doubts(
    dipole: Dipole, target: Dipole, r_squared: float, window: Mapping[str, Any], search: float = float("nan")
) -> list[str]:
    """Return whether a fit explains less of a target than what knows nothing of it.

    Parameters
    ----------
    dipole : Dipole
        Fitted, scaled, smoothed.
    target : Dipole
        The target.
    r_squared : float
        R² of the dipole.
    window : mapping
        ``tmin`` and ``tmax`` that count.
    search : float
        R² in the trials of the search.
    """
    if np.isnan(search) and not r_squared > 0:
        return [
            f"The simulation explains nothing of the target: its R² is {r_squared:.2f} at the best scale, and the mean "
            "of the target alone would have 0. Fit the drives, or choose others."
        ]
    where = "in trials that the search has not seen" if np.isfinite(search) else "as it is"
    if not r_squared > 0:
        return [
            f"The fit explains nothing: its R² is {r_squared:.2f} {where}, and the mean of the target alone would have "
            "0. Do not read its parameters: let it try more networks, or begin with other drives."
        ]
    times, _, wanted = align(dipole, target, **window)
    # Chebyshev's polynomials on the window: powers of seconds would be of any size
    curve = np.polynomial.Chebyshev.fit(times, wanted, 2)
    plain = explained(curve(times), wanted)
    if r_squared < plain:
        return [
            f"{NO_BETTER} than a parabola over the same time does: R² {r_squared:.2f} {where}, against "
            f"{plain:.2f}. Its drives are hardly evidence for anything."
        ]
    if search - r_squared > FRESH:
        return [
            f"R² falls from {search:.2f} in the trials of the search to {r_squared:.2f} {where}: the fit follows their "
            "random numbers. Take more trials (n_trials)."
        ]
    return []
