"""Gradient compensation by reference sensors (CTF, 4D): what is in force, and whether a forward model can follow it."""

from __future__ import annotations

from typing import Any

import mne
from mne.io.constants import FIFF

from .._text import some
from ..errors import DataError

__all__ = ["check_compensation", "compensation_grade"]

_GRADE_SHIFT = 16
"""FIF keeps the grade in the upper half of a sensor's coil type."""


def compensation_grade(info: mne.Info) -> int:
    """Return the grade of compensation in force, 0 for none.

    Raises
    ------
    DataError
        The MEG sensors do not have the same grade.
    """
    grades = {int(channel["coil_type"]) >> _GRADE_SHIFT for channel in info["chs"] if _is_meg(channel)}
    if len(grades) > 1:
        raise DataError(
            f"The MEG sensors are compensated to different grades ({some(sorted(grades))}): bring all of them to one "
            "with raw.apply_gradient_compensation."
        )
    return grades.pop() if grades else 0


def _is_meg(channel: Any) -> bool:
    return bool(channel["kind"] == FIFF.FIFFV_MEG_CH)


def check_compensation(info: mne.Info) -> int:
    """Return the grade in force, whose matrix and reference sensors must be there to compute with it.

    Without them the field at the reference sensors, which was subtracted from the data, would be missing in the model.

    Raises
    ------
    DataError
        Data are compensated, but the matrix or some of its reference sensors are gone.
    """
    grade = compensation_grade(info)
    if not grade:
        return 0
    matrices = [matrix for matrix in info["comps"] if int(matrix["kind"]) == grade]
    advice = (
        "take the info of the recording from before channels were picked, or undo the compensation first "
        "(raw.apply_gradient_compensation(0))."
    )
    if not matrices:
        gone = "" if mne.pick_types(info, meg=False, ref_meg=True, exclude=()).size else " nor reference sensors"
        raise DataError(
            f"The recording is compensated (grade {grade}), but its info has no matrix of that grade{gone}, so that "
            f"the compensated field cannot be computed: {advice}"
        )
    missing = [name for name in matrices[0]["data"]["col_names"] if name not in info["ch_names"]]
    if missing:
        raise DataError(
            f"The recording is compensated (grade {grade}), but lacks {len(missing)} of the reference sensors that "
            f"were used ({some(missing)}), so that the compensated field cannot be computed: {advice}"
        )
    return grade
