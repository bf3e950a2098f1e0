"""Methods of MNE that leave channels of type ``dipole`` out unless they are picked: made to take them, or refused."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._checks import check_positive
from .errors import ParameterError

__all__ = ["ON_THE_HEAD", "refusing", "savgol", "taking_all"]

_Class = TypeVar("_Class", bound=type)

SAVGOL_ORDER = 5

#: Methods of MNE's containers that need sensors on a head, which a dipole is not.
ON_THE_HEAD = (
    "add_reference_channels",
    "animate_topomap",
    "as_type",
    "interpolate_to",
    "plot_field",
    "plot_joint",
    "plot_projs_topomap",
    "plot_psd_topo",
    "plot_psd_topomap",
    "plot_sensors",
    "plot_topo",
    "plot_topo_image",
    "plot_topomap",
    "plot_white",
    "set_eeg_reference",
    "set_montage",
)


def taking_all(*names: str) -> Callable[[_Class], _Class]:
    """Return a class decorator that lets methods take all layers by default.

    Parameters
    ----------
    *names : str
        Methods with an argument `picks`, whose None and ``'data'`` then mean all layers.

    Returns
    -------
    decorator : callable
        Of a class that inherits the methods.
    """

    def decorate(cls: _Class) -> _Class:
        for name in names:
            setattr(cls, name, _with_all_picks(cls, name))
        return cls

    return decorate


def _with_all_picks(cls: type, name: str) -> Callable[..., Any]:
    inherited = getattr(cls, name)
    signature = inspect.signature(inherited)

    @functools.wraps(inherited)
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        bound = signature.bind_partial(self, *arguments, **options)
        picks = bound.arguments.get("picks")
        if picks is None or (isinstance(picks, str) and picks == "data"):
            bound.arguments["picks"] = "all"
        return inherited(*bound.args, **bound.kwargs)

    return method


def refusing(names: Iterable[str] = ON_THE_HEAD) -> Callable[[_Class], _Class]:
    """Return a class decorator that makes methods which need sensors say so in one sentence."""

    def decorate(cls: _Class) -> _Class:
        for name in names:
            if inspect.getattr_static(cls, name, None) is not None:  # to ask MNE for it would import its plots
                setattr(cls, name, _refusal(name))
        return cls

    return decorate


def _refusal(name: str) -> Callable[..., Any]:
    def method(self: Any, *_arguments: Any, **_options: Any) -> Any:
        """Refuse: it needs sensors on a head."""
        raise ParameterError(
            f"{name} needs sensors on a head, and this holds dipole moments: call it on the prediction for the "
            "sensors (mne_hnn.source.predict_sensors)."
        )

    method.__name__ = method.__qualname__ = name
    return method


def savgol(data: NDArray[np.float64], sfreq: float, h_freq: float) -> NDArray[np.float64]:
    """Smooth rows by local fits of degree 5 (Savitzky & Golay 1964, https://doi.org/10.1021/ac60214a047).

    Window and degree are those of MNE. The fits use orthogonal polynomials: with plain powers, windows above some 700
    samples lose the mean and nearly everything else.

    Parameters
    ----------
    data : array, shape (..., n_times)
        Rows.
    sfreq, h_freq : float
        Sampling rate and approximate cut-off, Hz.

    Returns
    -------
    smoothed : array, shape (..., n_times)
        A new array.

    Raises
    ------
    ParameterError
        The window is too short for the degree, or longer than the record.
    """
    h_freq, n = check_positive(h_freq, "h_freq"), data.shape[-1]
    window = round(sfreq / h_freq) // 2 * 2 + 1
    if h_freq >= sfreq / 2 or not SAVGOL_ORDER < window <= n:
        raise ParameterError(
            f"h_freq must give a window of more than {SAVGOL_ORDER} and at most {n} samples, "
            f"got {h_freq:g} Hz, {window} samples."
        )
    basis = np.linalg.qr(np.polynomial.legendre.legvander(np.linspace(-1, 1, window), SAVGOL_ORDER))[0]
    half = window // 2
    kernel = basis @ basis[half]
    smoothed = np.empty_like(data)
    for row, out in zip(data.reshape(-1, n), smoothed.reshape(-1, n), strict=True):
        out[half : n - half] = np.convolve(row, kernel, "valid")  # the kernel is symmetric
        out[:half] = basis[:half] @ (basis.T @ row[:window])
        out[n - half :] = basis[window - half :] @ (basis.T @ row[n - window :])
    return smoothed
