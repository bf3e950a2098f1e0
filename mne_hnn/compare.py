"""How alike two dipoles are: after bringing both to the same times, one number each.

The first dipole is the one that is judged (a simulation), the second the reference (a target).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from ._checks import check_finite, check_name
from .dipole import Dipole
from .errors import ParameterError

__all__ = ["align", "correlation", "nrmse", "r_squared", "rmse"]

RESAMPLING = ("fourier", "interpolate")


def _common_window(one: Dipole, two: Dipole, tmin: float | None, tmax: float | None) -> tuple[float, float]:
    first, last = max(one.times[0], two.times[0]), min(one.times[-1], two.times[-1])
    start = first if tmin is None else check_finite(tmin, "tmin")
    stop = last if tmax is None else check_finite(tmax, "tmax")
    # nearest samples are taken, so a window may reach half a sample beyond what both have
    slack = 0.5 / min(one.info["sfreq"], two.info["sfreq"])
    if start < first - slack or stop > last + slack or stop <= start:
        raise ParameterError(
            f"The window {start:g} to {stop:g} s must lie within the {first:g} to {last:g} s that both dipoles cover"
            f"{': was it given in ms?' if max(start, stop) > 10 * max(last, 1.0) else '.'}"
        )
    return start, stop


def _crop(dipole: Dipole, layer: str, start: float, stop: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    inner = slice(int(np.abs(dipole.times - start).argmin()), int(np.abs(dipole.times - stop).argmin()) + 1)
    return np.asarray(dipole.times[inner]), dipole[layer][inner]


def align(
    one: Dipole,
    two: Dipole,
    *,
    layer: str = "agg",
    tmin: float | None = None,
    tmax: float | None = None,
    resampling: str = "interpolate",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Bring one layer of two dipoles to the same samples.

    Parameters
    ----------
    one, two : Dipole
        The dipoles; the one with fewer samples in the window sets the times.
    layer : str
        The layer.
    tmin, tmax : float | None
        Window in s, cut at the nearest samples. None for all that both dipoles cover.
    resampling : str
        ``'interpolate'`` evaluates the longer record at the times of the shorter with a cubic spline; smooth or filter
        the longer record below the other's Nyquist frequency first. ``'fourier'`` takes both windows as one period
        each, as the published software does: if the windows differ in length by part of a sample, their samples
        drift apart by that much at the end.

    Returns
    -------
    times : array, shape (n_times,)
        Times in s.
    first, second : array, shape (n_times,)
        The moments in A m.

    Raises
    ------
    ParameterError
        The dipoles do not overlap, or the layer or resampling is unknown.

    Examples
    --------
    >>> times, one, two = align(simulation.dipole, target)
    >>> len(times) == len(one) == len(two)
    True
    """
    check_name(resampling, RESAMPLING, "resampling")
    for dipole in (one, two):
        if not isinstance(dipole, Dipole):
            raise ParameterError(f"Only dipoles can be compared, got {type(dipole).__name__}: make a Dipole of it.")
        check_name(layer, dipole.layers, "layer")
        if not np.isfinite(dipole[layer]).all():
            raise ParameterError(f"Layer {layer!r} of a dipole holds NaN or infinity: remove those samples.")
    start, stop = _common_window(one, two, tmin, tmax)
    (times_one, first), (times_two, second) = (_crop(dipole, layer, start, stop) for dipole in (one, two))
    if min(len(first), len(second)) < 2:
        raise ParameterError(f"The window {start:g} to {stop:g} s must hold two samples of both dipoles.")
    times = times_one if len(first) <= len(second) else times_two
    if resampling == "interpolate":
        return times, at_times(one, layer, times), at_times(two, layer, times)
    return times, _fourier(first, len(times)), _fourier(second, len(times))


def _fourier(values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    from scipy.signal import resample  # slow to import, and seldom needed

    return values if len(values) == n else np.asarray(resample(values, n))


def at_times(dipole: Dipole, layer: str, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a layer at the times wanted (s), by a cubic spline where they are not those of its samples."""
    nearest = np.searchsorted(dipole.times, wanted - 0.5 / dipole.info["sfreq"]).clip(max=len(dipole.times) - 1)
    if np.abs(dipole.times[nearest] - wanted).max() < 1e-9:
        return np.asarray(dipole[layer][nearest])
    # samples of the other record may lie part of a sample outside this one: the end value holds there
    inside = np.clip(wanted, dipole.times[0], dipole.times[-1])
    return np.asarray(make_interp_spline(dipole.times, dipole[layer], k=min(3, len(dipole.times) - 1))(inside))


def rmse(one: Dipole, two: Dipole, **alignment: Any) -> float:
    """Return the root of the mean squared difference, A m.

    Parameters
    ----------
    one, two : Dipole
        The dipole that is judged, and the reference.
    **alignment
        Keyword arguments of :func:`align`: ``layer``, ``tmin``, ``tmax``, ``resampling``.

    Examples
    --------
    >>> rmse(target, target)
    0.0
    """
    _, judged, reference = align(one, two, **alignment)
    return float(np.sqrt(np.mean((judged - reference) ** 2)))


def nrmse(one: Dipole, two: Dipole, **alignment: Any) -> float:
    """Return the difference relative to the reference, ``||one - two|| / ||two||``; 0 is the best, 1 is silence.

    Parameters
    ----------
    one, two : Dipole
        The dipole that is judged, and the reference.
    **alignment
        Keyword arguments of :func:`align`.

    Raises
    ------
    ParameterError
        The reference is zero throughout.

    Examples
    --------
    >>> round(nrmse(target.copy().scale(1.1), target), 6)
    0.1
    """
    _, judged, reference = align(one, two, **alignment)
    size = float(np.linalg.norm(reference))
    if size == 0.0:
        raise ParameterError("The reference dipole is zero throughout the window: a relative error has no meaning.")
    return float(np.linalg.norm(judged - reference)) / size


def correlation(one: Dipole, two: Dipole, **alignment: Any) -> float:
    """Return Pearson's correlation, blind to scale and offset; NaN if one of the dipoles is constant.

    Parameters
    ----------
    one, two : Dipole
        The dipoles.
    **alignment
        Keyword arguments of :func:`align`.

    Examples
    --------
    >>> round(correlation(target.copy().scale(2), target), 6)
    1.0
    """
    _, judged, reference = align(one, two, **alignment)
    lengths = []
    for row in (judged, reference):
        centred = row - row.mean()
        # a constant leaves rounding errors of its mean, which must not count as a signal
        if np.abs(centred).max() <= 1e-12 * np.abs(row).max():
            return float("nan")
        lengths.append(centred / np.linalg.norm(centred))
    return float(np.clip(lengths[0] @ lengths[1], -1.0, 1.0))


def r_squared(one: Dipole, two: Dipole, **alignment: Any) -> float:
    """Return the share of the reference's variance that the first dipole explains as it stands.

    Computed as ``1 - sum((one - two)^2) / sum((two - mean(two))^2)``: 1 is perfect, 0 no better than the reference's
    mean, below 0 worse. Unlike the square of :func:`correlation` it judges scale and offset too.

    Parameters
    ----------
    one, two : Dipole
        The dipole that is judged, and the reference.
    **alignment
        Keyword arguments of :func:`align`.

    Raises
    ------
    ParameterError
        The reference is constant.

    Examples
    --------
    >>> round(r_squared(target, target), 6)
    1.0
    """
    _, judged, reference = align(one, two, **alignment)
    centred = reference - reference.mean()
    if np.abs(centred).max() <= 1e-12 * np.abs(reference).max():
        raise ParameterError("The reference dipole is constant throughout the window: there is no variance to explain.")
    return 1.0 - float(np.sum((judged - reference) ** 2) / np.sum(centred**2))
