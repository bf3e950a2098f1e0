"""The inverse: cortical currents along the cortical normal, signed, whatever the operator's orientations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.io.constants import FIFF
from mne.utils import verbose

from .._checks import check_name, check_non_negative, check_positive
from .._files import read_file
from .._text import first_line, some
from .._warn import warn
from ..errors import DataError, ParameterError
from .agreement import (
    check_average,
    check_channels,
    check_grades,
    check_known_projectors,
    check_projectors,
    compare_positions,
    good_channels,
)
from .hemispheres import as_saved, with_both_hemispheres
from .plausible import check_covariance
from .response import read_cov, with_average_reference

__all__ = ["METHODS", "apply_normal_inverse", "check_depth", "is_fixed", "make_inverse", "method_unit"]

METHODS = {"MNE": "A m", "dSPM": None, "sLORETA": None, "eLORETA": None}
"""Inverse methods and the unit of their estimates; None: they have no unit of current."""
SNR_RANGE = (0.3, 100.0)
LARGEST_DEPTH = 5.0


def method_unit(method: str) -> str | None:
    """Return the unit of a method's estimates, None if they are not currents."""
    return METHODS[check_name(method, METHODS, "inverse method")]


@verbose
def make_inverse(
    info: mne.Info,
    forward: mne.Forward | str | Path,
    noise_cov: mne.Covariance | str | Path,
    *,
    loose: float | str = "auto",
    depth: float | None = 0.8,
    rank: Any = None,
    verbose: Any = None,
) -> Any:
    """Make an inverse operator; :func:`mne.minimum_norm.make_inverse_operator` with its errors in one sentence.

    Parameters
    ----------
    info : mne.Info
        Of the response.
    forward : mne.Forward | path-like
        The forward solution, with a cortical surface as source space.
    noise_cov : mne.Covariance | path-like
        The noise covariance.
    loose : float | 'auto'
        0 fixes sources to the cortical normal, 1 leaves their orientation free (Lin et al. 2006,
        https://doi.org/10.1002/hbm.20155). 'auto' is 0.2.
    depth : float | None
        Exponent of the depth weighting (Lin et al. 2006, https://doi.org/10.1016/j.neuroimage.2005.11.054), 0 to 5:
        0.8 is usual for MEG, 2 to 5 for EEG, 0 and None weight nothing.
    rank : None | 'info' | 'full' | dict
        As in MNE.
    %(verbose)s

    Returns
    -------
    inverse : mne.minimum_norm.InverseOperator
        The operator.

    Raises
    ------
    DataError
        Forward, noise covariance and response do not have the same channels, or a file is missing.
    ParameterError
        An object of another kind, or a depth that is no such exponent.

    Examples
    --------
    >>> inverse = make_inverse(evoked.info, forward, noise_cov, loose=0.2)
    >>> inverse["nsource"] == forward["nsource"]
    True
    """
    check_depth(depth)
    if isinstance(forward, (str, Path)):
        forward = read_file(mne.read_forward_solution, forward, "forward solution")
    if not isinstance(forward, mne.Forward):
        raise ParameterError(f"forward must be an mne.Forward or its path, got {type(forward).__name__}.")
    noise_cov = read_cov(noise_cov)
    if noise_cov is None:
        raise ParameterError("noise_cov must be an mne.Covariance or its path, got None.")
    if not isinstance(info, mne.Info):
        raise ParameterError(f"info must be an mne.Info, as evoked.info, got {type(info).__name__}.")
    info = _with_average_reference(info)
    forward = with_both_hemispheres(forward)
    wanted = good_channels(info)
    check_channels(wanted, forward["sol"]["row_names"], "the forward solution")
    check_grades(forward["info"], info, "the forward solution")
    compare_positions(forward["info"], info, "the forward solution")
    check_channels(wanted, noise_cov.ch_names, "the noise covariance")
    check_covariance(noise_cov, info)
    check_known_projectors(noise_cov["projs"], info, "The noise covariance")
    if mne.forward.is_fixed_orient(forward) and loose != 0:
        raise ParameterError(
            "The forward solution has fixed orientations, which make a fixed inverse operator only: give loose=0, or "
            "the forward solution as it was computed."
        )
    try:
        inverse = mne.minimum_norm.make_inverse_operator(info, forward, noise_cov, loose=loose, depth=depth, rank=rank)
    except (ValueError, RuntimeError) as error:
        raise DataError(f"The inverse operator cannot be made: {first_line(error)}") from error
    return as_saved(inverse)


def check_depth(depth: Any, what: str = "depth") -> Any:
    """Return a depth weighting; refuse an exponent that none has: at 80 only the deepest sources would be left."""
    exponent = depth.get("exp", 0.8) if isinstance(depth, Mapping) else depth
    if exponent is not None and check_non_negative(exponent, what) > LARGEST_DEPTH:
        raise ParameterError(
            f"{what} is the exponent of the depth weighting, 0 to {LARGEST_DEPTH:g}, got {exponent:g}: 0.8 is usual "
            "for MEG, 2 to 5 for EEG (was it given in percent?)."
        )
    return depth


def _with_average_reference(info: mne.Info) -> mne.Info:
    """Return an info with the average reference of its EEG, as the response is given it before the operator is used."""
    if not len(mne.pick_types(info, meg=False, eeg=True, exclude="bads")):
        return info
    empty = mne.EvokedArray(np.zeros((len(info["ch_names"]), 1)), info, verbose="error")
    referred: mne.Info = with_average_reference(empty).info
    return referred


def is_fixed(inverse: Any) -> bool:
    """Return whether an operator's sources are fixed to the cortical normal, and so signed already."""
    return bool(inverse["source_ori"] == FIFF.FIFFV_MNE_FIXED_ORI)


@verbose
def apply_normal_inverse(
    evoked: mne.Evoked, inverse: Any, *, method: str = "MNE", snr: float = 3.0, verbose: Any = None
) -> mne.SourceEstimate:
    """Estimate the current along the outward cortical normal at every source, from the operator's channels.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    inverse : mne.minimum_norm.InverseOperator | path-like
        The operator: loose, free or fixed.
    method : str
        ``'MNE'``, whose values are currents (A m; Hämäläinen and Ilmoniemi 1994, https://doi.org/10.1007/BF02512476),
        ``'dSPM'`` (Dale et al. 2000, https://doi.org/10.1016/S0896-6273(00)81138-1), ``'sLORETA'`` (Pascual-Marqui
        2002) or ``'eLORETA'`` (Pascual-Marqui et al. 2011, https://doi.org/10.1098/rsta.2011.0081), whose values have
        no unit.
    snr : float
        Assumed signal-to-noise ratio (of amplitudes); the regularisation is ``1 / snr ** 2``.
    %(verbose)s

    Returns
    -------
    stc : mne.SourceEstimate
        Positive is current from deep to superficial layers, outward.

    Raises
    ------
    DataError
        The operator's channels are not the response's, or its source space has no normal.

    Examples
    --------
    >>> stc = apply_normal_inverse(evoked, inverse, method="dSPM")
    >>> stc.data.shape[1] == len(evoked.times)
    True
    """
    method_unit(method)
    snr = _check_snr(snr)
    check_average(evoked)
    inverse = open_inverse(inverse)
    names = inverse_channels(inverse)
    missing = [name for name in names if name not in evoked.ch_names]
    if missing:
        raise DataError(
            f"The channels do not match: the inverse operator uses {len(missing)} of {len(names)} channels that the "
            f"response does not have ({some(missing)}). Make the operator from this recording's channels."
        )
    bad = [name for name in names if name in evoked.info["bads"]]
    if bad:
        raise DataError(
            f"The channels do not match: the inverse operator uses {some(bad)}, which the response marks bad: "
            "make the operator without them, or interpolate them."
        )
    check_grades(inverse["info"], evoked.info, "the inverse operator")
    check_projectors(inverse, evoked)
    if not np.isfinite(evoked.data[[evoked.ch_names.index(name) for name in names]]).all():
        raise DataError("The response has values that are not finite: mark those channels bad or interpolate them.")
    # a fixed operator gives signed values as it is, and MNE refuses to pick their normal component
    orientation = None if is_fixed(inverse) else "normal"
    try:
        return mne.minimum_norm.apply_inverse(
            evoked, inverse, lambda2=1.0 / snr**2, method=method, pick_ori=orientation
        )
    except (ValueError, RuntimeError) as error:
        raise DataError(f"The inverse operator cannot be applied: {first_line(error)}") from error


def _check_snr(snr: float) -> float:
    value = check_positive(snr, "snr")
    if not SNR_RANGE[0] <= value <= SNR_RANGE[1]:
        guess = f": is it lambda2? That is 1 / snr ** 2, so snr={value**-0.5:.3g}" if value < 1 else ""
        warn(
            f"snr={value:g} is no signal-to-noise ratio of a response ({SNR_RANGE[0]:g} to {SNR_RANGE[1]:g}; 3 is "
            f"usual){guess}."
        )
    return value


def inverse_channels(inverse: Any) -> list[str]:
    """Return the names of the good channels of an inverse operator."""
    return [name for name in inverse["info"]["ch_names"] if name not in inverse["info"]["bads"]]


def open_inverse(inverse: Any) -> Any:
    """Return an inverse operator whose source space has both hemispheres; read if a path is given."""
    if isinstance(inverse, (str, Path)):
        inverse = read_file(mne.minimum_norm.read_inverse_operator, inverse, "inverse operator")
    if not isinstance(inverse, mne.minimum_norm.InverseOperator):
        raise ParameterError(f"inverse must be an InverseOperator or its path, got {type(inverse).__name__}.")
    return with_both_hemispheres(inverse)


def noise_of_epochs(inverse: Any) -> mne.Covariance:
    """Return the noise covariance of single epochs; a prepared operator holds that of the average."""
    noise_cov: mne.Covariance = inverse["noise_cov"].copy()
    noise_cov["data"] = noise_cov["data"] * inverse["nave"]
    return noise_cov
