"""Extracellular potentials as MNE objects, and the current sources below them."""

from __future__ import annotations

import json
from typing import TypeVar

import mne
import numpy as np
from mne.io.constants import FIFF
from numpy.typing import NDArray

from ._checks import check_name
from ._units import UM
from ._warn import warn
from .errors import DataError, ParameterError
from .network import Electrodes

__all__ = ["contact_positions", "current_source_density", "lfp_epochs"]

_Potential = TypeVar("_Potential", mne.Evoked, mne.BaseEpochs)

ENDS = ("drop", "continue")
#: Types of channels that hold potentials inside the tissue.
POTENTIALS = ("seeg", "ecog", "dbs")

SPACING_m = (1e-6, 0.05)
LARGEST_V = 1.0
"""Potentials in the tissue are below 0.1 V, even of an action potential at its membrane."""

# how far the distances of contacts may differ, relative to their mean, to count as equal
_EQUAL = 1e-3


def lfp_epochs(data: NDArray[np.float64], sfreq: float, name: str, array: Electrodes) -> mne.EpochsArray:
    """Return potentials as epochs that know where their contacts are.

    Parameters
    ----------
    data : array, shape (n_trials, n_contacts, n_times)
        Potentials, V.
    sfreq : float
        Sampling frequency, Hz.
    name : str
        Name of the array; channels are called ``<name> 001`` and so on.
    array : Electrodes
        The contacts.

    Returns
    -------
    epochs : mne.EpochsArray
        Channels of type ``seeg``; ``info["chs"][k]["loc"][:3]`` is the position in m, in the frame of the network.

    Examples
    --------
    >>> import numpy as np
    >>> array = simulation.network.electrodes["shank"]
    >>> lfp_epochs(np.zeros((1, 5, 100)), 1000.0, "shank", array).get_channel_types(unique=True)
    ['seeg']
    """
    info = mne.create_info([f"{name} {k:03d}" for k in range(1, len(array) + 1)], sfreq, "seeg", verbose="error")
    for channel, position in zip(info["chs"], array.positions * UM, strict=True):
        channel["loc"][:3] = position
        channel["coord_frame"] = FIFF.FIFFV_COORD_UNKNOWN
    described = {name: getattr(array, name) for name in ("conductivity_S_m", "method", "min_distance_um")}
    info["description"] = json.dumps(described)
    return mne.EpochsArray(data, info, tmin=0.0, baseline=None, proj=False, verbose="error")


def contact_positions(potential: mne.Evoked | mne.BaseEpochs) -> NDArray[np.float64]:
    """Return the positions of the contacts, shape (n_contacts, 3), m.

    Examples
    --------
    >>> contact_positions(simulation.lfp["shank"]).shape
    (5, 3)
    """
    return np.array([channel["loc"][:3] for channel in potential.info["chs"]])


def _spacing(positions: NDArray[np.float64]) -> float:
    """Return the distance of neighbours, m, checking that all are on one line at equal distances."""
    if len(positions) < 3:
        raise DataError(
            f"The current source density is a second difference in space and needs at least three contacts, got "
            f"{len(positions)}: simulate an array with more of them."
        )
    if not np.isfinite(positions).all() or not np.any(positions):
        raise DataError("The channels have no positions: set them (m) in info['chs'][k]['loc'][:3].")
    steps = np.diff(positions, axis=0)
    spacing = float(np.linalg.norm(steps.mean(axis=0)))
    if spacing == 0 or np.abs(steps - steps.mean(axis=0)).max() > _EQUAL * spacing:
        raise DataError(
            "The current source density needs contacts on one straight line at equal distances, in their order: pick "
            "such channels, or simulate such an array."
        )
    if not SPACING_m[0] <= spacing <= SPACING_m[1]:
        raise DataError(
            f"The contacts are {spacing:g} m apart, where laminar and depth electrodes have 10 \N{MICRO SIGN}m to "
            "20 mm: positions are in m; were these given in \N{MICRO SIGN}m or mm?"
        )
    return spacing


def current_source_density(lfp: _Potential, *, ends: str = "drop") -> _Potential:
    """Estimate the current source density along a laminar array.

    Where the potential varies along one line only, Poisson's equation leaves its second spatial derivative:
    ``CSD = -sigma d2phi/dz2`` (Nicholson & Freeman 1975, https://doi.org/10.1152/jn.1975.38.2.356). As for all
    channels of type ``csd`` in MNE, the conductivity sigma is left out.

    Parameters
    ----------
    lfp : mne.Evoked | mne.Epochs
        Potentials (channels of type ``seeg``, ``ecog`` or ``dbs``) of contacts on one straight line at equal distances,
        in their order, none of them marked as bad.
    ends : str
        The first and the last contact have one neighbour only, and so no second difference. ``'drop'`` leaves them
        out. ``'continue'`` gives them the straight line through the next two, as the published software does: next to
        a strong source this makes a strong sink that is not there.

    Returns
    -------
    csd : mne.Evoked | mne.Epochs
        The same channels, without the two at the ends, with type ``csd``, V/m2: sources positive, sinks negative.
        Times the conductivity (S/m) it is in A/m3.

    Raises
    ------
    DataError
        Fewer than three contacts, no positions, bad channels, other types of channels, or contacts that are not on
        one line at equal distances.

    Examples
    --------
    >>> density = current_source_density(simulation.lfp["shank"].average())
    >>> density.get_channel_types(unique=True)
    ['csd']
    """
    if not isinstance(lfp, (mne.Evoked, mne.BaseEpochs)):
        raise ParameterError(
            f"current_source_density needs an mne.Evoked or mne.Epochs, such as simulation.lfp['shank'], got "
            f"{type(lfp).__name__}."
        )
    check_name(ends, ENDS, "treatment of ends")
    spacing = _spacing(_sound_positions(lfp))
    csd: _Potential = lfp.copy() if isinstance(lfp, mne.Evoked) else lfp.copy().load_data()
    evoked = isinstance(csd, mne.Evoked)
    data = np.asarray(csd.data if evoked else csd.get_data(copy=False))
    if np.abs(data).max(initial=0.0) > LARGEST_V:
        warn(
            f"The potentials reach {np.abs(data).max():.3g} V, where those in tissue are some mV: values are in V; "
            "were these given in \N{MICRO SIGN}V or mV?"
        )
    inner = -np.diff(data, n=2, axis=-2) / spacing**2
    if ends == "continue":
        inner = np.concatenate([_beyond(inner, 0, 1), inner, _beyond(inner, -1, -2)], axis=-2)
    else:
        csd.pick(csd.ch_names[1:-1], verbose="error")
    for channel in csd.info["chs"]:  # as MNE marks them; its set_channel_types does not know their unit
        channel.update(kind=FIFF.FIFFV_EEG_CH, coil_type=FIFF.FIFFV_COIL_EEG_CSD, unit=FIFF.FIFF_UNIT_V_M2)
    if evoked:
        csd.data = inner
    else:
        csd._data = inner  # MNE has no public way to give epochs other values
    return csd


def _sound_positions(lfp: mne.Evoked | mne.BaseEpochs) -> NDArray[np.float64]:
    """Return where the contacts are, refusing what is no potential of a depth electrode, or marked as bad."""
    kinds = sorted(set(lfp.get_channel_types()) - set(POTENTIALS))
    if kinds:
        raise DataError(
            f"The current source density needs potentials (channels of type {', '.join(POTENTIALS)}), got "
            f"{', '.join(kinds)}: pick those channels, or set their type with set_channel_types."
        )
    bads = [name for name in lfp.ch_names if name in lfp.info["bads"]]
    if bads:
        raise DataError(
            f"Contact {bads[0]!r} is marked as bad, and its neighbours' density would be wrong, too: interpolate it, "
            "take a part of the array without it, or clear info['bads']."
        )
    return contact_positions(lfp)


def _beyond(inner: NDArray[np.float64], end: int, neighbour: int) -> NDArray[np.float64]:
    if inner.shape[-2] == 1:  # three contacts have one second difference: nothing to continue it by
        return inner
    continued = 2 * inner[..., end, :] - inner[..., neighbour, :]
    return np.asarray(continued[..., None, :])
