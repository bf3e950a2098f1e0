"""The two hemispheres of a cortical source space, of which a file may have one only."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
from mne.io.constants import FIFF

from ..errors import DataError

__all__ = ["HEMISPHERES", "as_saved", "both_hemispheres", "check_cortical", "with_both_hemispheres"]

HEMISPHERES = ("lh", "rh")
_IDS = (FIFF.FIFFV_MNE_SURF_LEFT_HEMI, FIFF.FIFFV_MNE_SURF_RIGHT_HEMI)


def both_hemispheres(src: mne.SourceSpaces) -> mne.SourceSpaces:
    """Return a cortical source space as left and right; a hemisphere that it lacks has no sources.

    MNE calls the surface of one hemisphere "mixed", and picks no normal component there.

    Parameters
    ----------
    src : mne.SourceSpaces
        Surfaces: one or two.

    Returns
    -------
    src : mne.SourceSpaces
        The same object if it has both.

    Raises
    ------
    DataError
        The sources are not those of a cortical surface, so that there is no normal.
    """
    spaces = list(src)
    if not spaces or any(space["type"] != "surf" for space in spaces) or len(spaces) > 2:
        there = ", ".join(sorted({str(space["type"]) for space in spaces})) or "none"
        raise DataError(
            "A source space on the cortical surface is needed for normal orientation, got a "
            f"{_kind(src)} one (parts: {there})."
        )
    if len(spaces) == 2:
        return src
    side = _IDS.index(int(spaces[0]["id"])) if int(spaces[0]["id"]) in _IDS else None
    if side is None:
        raise DataError("The source space has one surface that is neither the left nor the right hemisphere.")
    empty = _empty(spaces[0], _IDS[1 - side])
    return mne.SourceSpaces([*spaces, empty] if side == 0 else [empty, *spaces], info=dict(src.info))


def _kind(src: mne.SourceSpaces) -> str:
    try:
        return str(src.kind)
    except (RuntimeError, ValueError):
        return "mixed"


def _empty(other: dict[str, Any], identity: int) -> dict[str, Any]:
    """Return a hemisphere without surface and sources, beside one that has them."""
    nothing: dict[str, Any] = {
        "rr": np.zeros((0, 3)),
        "nn": np.zeros((0, 3)),
        "tris": np.zeros((0, 3), int),
        "np": 0,
        "ntri": 0,
        "use_tris": np.zeros((0, 3), int),
        "nuse_tri": 0,
        "inuse": np.zeros(0, int),
        "vertno": np.zeros(0, int),
        "nuse": 0,
        "nearest": None,
        "nearest_dist": None,
        "pinfo": None,
        "patch_inds": None,
        "dist": None,
        "dist_limit": None,
    }
    kept: dict[str, Any] = {name: other[name] for name in ("type", "coord_frame", "subject_his_id") if name in other}
    return {**nothing, **kept, "id": identity}


def with_both_hemispheres(operator: Any) -> Any:
    """Return a forward solution or inverse operator whose source space has both hemispheres."""
    src = both_hemispheres(operator["src"])
    if src is operator["src"]:
        return operator
    completed = type(operator)(operator)  # the user's object stays as it was
    completed["src"] = src
    return completed


def as_saved(operator: Any) -> Any:
    """Return an operator without hemispheres that have no surface, which MNE's files cannot hold."""
    spaces = [space for space in operator["src"] if space["np"]]
    if len(spaces) < len(operator["src"]):
        operator["src"] = mne.SourceSpaces(spaces, info=dict(operator["src"].info))
    return operator


def check_cortical(src: mne.SourceSpaces) -> None:
    """Refuse source spaces without a cortical normal."""
    both_hemispheres(src)
