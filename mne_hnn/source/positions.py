"""Where the sensors are: known for each of them, in head coordinates, as far from the head as sensors can be."""

from __future__ import annotations

import mne
import numpy as np
from mne.io.constants import FIFF

from .._text import some
from .._types import FloatArray
from .._warn import warn
from ..errors import DataError

__all__ = ["check_alignment", "check_head_position", "check_positions", "sensor_positions"]

REACH_m = 0.4
"""No sensor of a head is farther from its origin, m."""
_COIL_MASK = 0xFFFF
_OPM_COILS = range(8000, 9000)
"""FIF's coil types of optically pumped magnetometers (QuSpin 8001 and 8002, FieldLine 8101, Kernel 8201)."""
_POINT_COILS = (FIFF.FIFFV_COIL_POINT_MAGNETOMETER,)


def sensor_positions(info: mne.Info) -> dict[str, FloatArray]:
    """Return the positions of MEG and EEG sensors in head coordinates, m, of those that have one."""
    transform = np.eye(4) if info["dev_head_t"] is None else info["dev_head_t"]["trans"]
    places = {}
    for channel in info["chs"]:
        if channel["kind"] not in (FIFF.FIFFV_MEG_CH, FIFF.FIFFV_EEG_CH) or not _is_known(channel["loc"]):
            continue
        place = np.asarray(channel["loc"][:3], dtype=float)
        if channel["kind"] == FIFF.FIFFV_MEG_CH and channel["coord_frame"] == FIFF.FIFFV_COORD_DEVICE:
            place = transform[:3, :3] @ place + transform[:3, 3]
        places[channel["ch_name"]] = place
    return places


def _is_known(loc: FloatArray) -> bool:
    return bool(np.isfinite(loc[:3]).all() and np.any(loc[:3]))


def _has_orientation(loc: FloatArray) -> bool:
    """Whether a MEG sensor's place is there with the axes of its coil."""
    return bool(np.isfinite(loc[:12]).all() and np.any(loc[3:12]))


def check_positions(info: mne.Info) -> mne.Info:
    """Refuse sensors of which nobody knows where they are; leave out those of them that are marked bad.

    MNE would put an electrode without position at the origin of the head, and cannot compute the field at a coil
    without.

    Parameters
    ----------
    info : mne.Info
        Of the recording.

    Returns
    -------
    info : mne.Info
        Without bad channels that have no position; the same object if there are none.

    Raises
    ------
    DataError
        A good sensor has no position, or one that no sensor of a head can have.
    """
    without: dict[str, list[str]] = {"MEG sensors": [], "EEG electrodes": []}
    counts = dict.fromkeys(without, 0)
    for channel in info["chs"]:
        is_meg = channel["kind"] in (FIFF.FIFFV_MEG_CH, FIFF.FIFFV_REF_MEG_CH)
        if not is_meg and channel["kind"] != FIFF.FIFFV_EEG_CH:
            continue
        kind = "MEG sensors" if is_meg else "EEG electrodes"
        counts[kind] += 1
        placed = _has_orientation(channel["loc"]) if is_meg else _is_known(channel["loc"])
        if not placed:
            without[kind].append(channel["ch_name"])
    advice = {
        "MEG sensors": "read the recording with the reader of its system, or name them in bads.",
        "EEG electrodes": "add electrodes.tsv to the data set, set a montage (raw.set_montage), or name them in bads.",
    }
    for kind, names in without.items():
        good = [name for name in names if name not in info["bads"]]
        if good:
            raise DataError(f"{len(good)} of {counts[kind]} {kind} have no position ({some(good)}): {advice[kind]}")
    _check_reach(info)
    dropped = {name for names in without.values() for name in names}
    if not dropped:
        return info
    return mne.pick_info(info, [pick for pick, name in enumerate(info["ch_names"]) if name not in dropped])


def _check_reach(info: mne.Info) -> None:
    far = {name: float(np.linalg.norm(place)) for name, place in sensor_positions(info).items()}
    far = {name: distance for name, distance in far.items() if distance > REACH_m and name not in info["bads"]}
    if far:
        name = max(far, key=lambda key: far[key])
        raise DataError(
            f"{len(far)} sensors are too far from the head to be its own ({name} is {far[name]:.3g} m from the origin "
            "of head coordinates): positions are in m; were these given in mm or cm?"
        )


def check_head_position(info: mne.Info) -> mne.Info:
    """Refuse MEG recordings in which nobody knows where the head was among the sensors.

    Parameters
    ----------
    info : mne.Info
        Of the recording.

    Returns
    -------
    info : mne.Info
        With a device-to-head transform. The same object where it has one.

    Raises
    ------
    DataError
        The transform is missing, or is the identity (which readers set if they find no marker coils) and no point of
        the head was digitised.
    """
    coils = [int(info["chs"][pick]["coil_type"]) & _COIL_MASK for pick in mne.pick_types(info, meg=True, exclude=())]
    if not coils:
        return info
    on_head = all(coil in _OPM_COILS or coil in _POINT_COILS for coil in coils)
    transform = info["dev_head_t"]
    if transform is None and on_head:
        warn(
            "The recording has no device-to-head transform (dev_head_t): the positions of its sensors are taken for "
            "head coordinates, as recordings with sensors on the head have them."
        )
        info = info.copy()
        with info._unlock():
            info["dev_head_t"] = mne.transforms.Transform("meg", "head")
        return info
    advice = (
        "give the reader the marker or head position file (mrk= for KIT, hpi for others), or set info['dev_head_t']."
    )
    if transform is None:
        raise DataError(
            "The recording has no device-to-head transform (dev_head_t is None): where the head was is not known; "
            f"{advice}"
        )
    if on_head or not np.array_equal(transform["trans"], np.eye(4)):
        return info
    if not info["dig"]:
        raise DataError(
            "The head position is not known: the device-to-head transform is the identity, which readers set where "
            f"they find no marker coils, and the recording has no digitised points; {advice}"
        )
    warn(
        "The device-to-head transform is the identity: is the origin of the sensor array really that of head "
        f"coordinates? If the head position is not known, {advice}"
    )
    return info


LARGEST_SHIFT_m = 0.5
"""Between the origins of head and MRI coordinates, both of which lie in the head or near it."""


def check_alignment(trans: mne.Transform) -> mne.Transform:
    """Return a head to MRI transform, in either direction, unless it is of something else or in another unit.

    Raises
    ------
    DataError
        It joins other frames, is no rotation with a shift, or shifts by more than a head.
    """
    frames = {FIFF.FIFFV_COORD_HEAD, FIFF.FIFFV_COORD_MRI}
    if {int(trans["from"]), int(trans["to"])} != frames:
        raise DataError(
            f"trans goes {trans.from_str} to {trans.to_str}, but a transform between head and MRI (surface RAS) is "
            "expected: give the one that the coregistration saved."
        )
    turn, shift = trans["trans"][:3, :3], float(np.linalg.norm(trans["trans"][:3, 3]))
    if not np.isfinite(trans["trans"]).all() or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3):
        raise DataError(
            "trans is no rotation with a shift (its matrix scales, shears or is not finite): scale the anatomy with "
            "scaled_template, and give the transform of the coregistration."
        )
    if shift > LARGEST_SHIFT_m:
        raise DataError(
            f"trans shifts by {shift:.3g} m between head and MRI, which is more than a head: is its shift in mm? It is "
            "in m."
        )
    return trans
