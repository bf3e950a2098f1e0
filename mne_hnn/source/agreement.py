"""Whether response, forward solution, inverse operator and noise are of one recording; differences are said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mne
import numpy as np
from mne.proj import make_projector

from .._text import some
from .._units import MS
from .._warn import warn
from ..errors import DataError, ParameterError
from .compensation import compensation_grade
from .positions import sensor_positions

__all__ = [
    "check_average",
    "check_channels",
    "check_grades",
    "check_known_projectors",
    "check_projectors",
    "check_same_cortex",
    "compare_positions",
    "good_channels",
]

APART_mm = 2.0
"""Positions of sensors that differ by more (mean) are worth a warning: within a session heads move by some mm."""
TURNED_deg = 2.0
PROJECTED = 0.1
"""Share of a projector's pattern that may be left after that of an inverse operator."""


def good_channels(info: mne.Info) -> list[str]:
    """Return the names of the good MEG and EEG channels."""
    return [info["ch_names"][pick] for pick in mne.pick_types(info, meg=True, eeg=True, ref_meg=False, exclude="bads")]


def check_average(evoked: Any) -> mne.Evoked:
    """Refuse what is not an average: other types, and standard errors that MNE keeps in objects of the same type."""
    if not isinstance(evoked, mne.Evoked):
        raise ParameterError(f"evoked must be an mne.Evoked, got {type(evoked).__name__}.")
    if evoked.kind != "average":
        raise DataError(
            f"evoked {evoked.comment!r} holds a {evoked.kind.replace('_', ' ')}, not an average: its values have no "
            "sign and are no field; take the average (mne.read_evokeds(..., kind='average'))."
        )
    return evoked


def check_channels(wanted: Sequence[str], offered: Sequence[str], what: str) -> None:
    """Refuse what was made for other channels than the response has."""
    there = set(offered)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataError(
            f"The channels do not match: {what} lacks {len(missing)} of the {len(wanted)} good channels of the "
            f"response ({some(missing)}). Mark them bad, or take the one made for this recording."
        )


def check_grades(made_for: mne.Info, info: mne.Info, what: str) -> None:
    """Refuse a model of MEG sensors that are compensated to another grade than those of the response."""
    there, here = compensation_grade(made_for), compensation_grade(info)
    if mne.pick_types(made_for, meg=True).size and mne.pick_types(info, meg=True).size and there != here:
        raise DataError(
            f"The gradient compensation does not match: {what} is for grade {there}, the response has grade {here}. "
            f"Make {what} from this response's info, or bring the recording to grade {there} "
            f"(raw.apply_gradient_compensation({there}))."
        )


def compare_positions(made_for: mne.Info, info: mne.Info, what: str) -> dict[str, float]:
    """Compare the positions of the sensors that a model was made for with those of the response.

    Parameters
    ----------
    made_for, info : mne.Info
        Of the model and of the response.
    what : str
        The model's name, for the warning.

    Returns
    -------
    apart : dict of str to float
        ``'meg'``, ``'eeg'``: mean distance, mm, of the sensors that both have; ``'meg_turned'``: angle between the
        two positions of the head, degrees.
    """
    theirs, ours = sensor_positions(made_for), sensor_positions(info)
    kinds = dict(zip(info["ch_names"], info.get_channel_types(), strict=True))
    apart: dict[str, float] = {}
    for kind in ("meg", "eeg"):
        shared = [name for name in ours if name in theirs and (kinds[name] == "eeg") == (kind == "eeg")]
        if shared:
            distances = [float(np.linalg.norm(theirs[name] - ours[name])) for name in shared]
            apart[kind] = float(np.mean(distances)) / MS
    if "meg" in apart:
        turns = [
            np.eye(3) if info_of["dev_head_t"] is None else info_of["dev_head_t"]["trans"][:3, :3]
            for info_of in (made_for, info)
        ]
        apart["meg_turned"] = float(np.degrees(np.arccos(np.clip((np.trace(turns[0].T @ turns[1]) - 1) / 2, -1, 1))))
    if apart.get("meg", 0.0) > APART_mm or apart.get("meg_turned", 0.0) > TURNED_deg:
        warn(
            f"The head was elsewhere: {what} was computed for MEG sensors that are {apart['meg']:.1f} mm (mean) and "
            f"{apart['meg_turned']:.1f}\N{DEGREE SIGN} from those of the response. Compute it from this response's "
            "info, or bring recordings to one head position first (Maxwell filter with a destination)."
        )
    if apart.get("eeg", 0.0) > APART_mm:
        warn(
            f"The electrodes were elsewhere: {what} was computed for positions that are {apart['eeg']:.1f} mm (mean) "
            "from those of the response. Compute it from this response's info."
        )
    return apart


def check_projectors(inverse: Any, evoked: mne.Evoked) -> None:
    """Warn if the response went through projectors of which the inverse operator does not know."""
    names = [name for name in inverse["info"]["ch_names"] if name in evoked.ch_names]
    applied = evoked.info["projs"]  # those that are not active yet, too: the moment of a patch is fitted with all
    patterns = make_projector(applied, names, include_active=True)[2] if applied else np.zeros((len(names), 0))
    if not patterns.size:
        return
    known = make_projector(inverse["projs"], names, include_active=True)[0]
    left = np.linalg.norm(known @ patterns, axis=0)
    if (left > PROJECTED).any():
        warn(
            f"The response {'went through' if all(projector['active'] for projector in applied) else 'has'} "
            f"{int((left > PROJECTED).sum())} projections (SSP) that the inverse operator "
            f"does not have (projectors of the response: {some([projector['desc'] for projector in applied])}): make "
            "the operator from this response's info."
        )


def check_known_projectors(projectors: Any, info: mne.Info, what: str) -> None:
    """Warn of projectors of a noise covariance, or of another part, that the response does not have.

    MNE whitens with those of both: without a word, what they take out is missing from the response.
    """
    names = good_channels(info)
    patterns = make_projector(projectors, names, include_active=True)[2] if projectors else np.zeros((len(names), 0))
    if not patterns.size:
        return
    left = np.linalg.norm(make_projector(info["projs"], names, include_active=True)[0] @ patterns, axis=0)
    if (left > PROJECTED).any():
        warn(
            f"{what} has {int((left > PROJECTED).sum())} projections (SSP) that the response does not have "
            f"({some([projector['desc'] for projector in projectors])}), and the response is weighed without what they "
            "take out: add them to the response (add_proj), or compute it from data with the response's projectors."
        )


def check_same_cortex(forward: mne.Forward, inverse: Any) -> None:
    """Refuse a forward solution and an inverse operator of two cortices; warn if they were aligned differently."""
    for ours, theirs in zip(forward["src"], inverse["src"], strict=True):
        if not (ours["np"] and theirs["np"]):
            continue
        subjects = [str(spaces.get("subject_his_id")) for spaces in (ours, theirs)]
        if ours["np"] != theirs["np"] or (subjects[0] != subjects[1] and "None" not in subjects):
            raise DataError(
                f"Forward solution and inverse operator are of two cortices (subject {subjects[0]} with {ours['np']} "
                f"vertices, {subjects[1]} with {theirs['np']}): make the operator from this forward solution."
            )
    turns = [solution.get("mri_head_t") for solution in (forward, inverse)]
    if any(turn is None for turn in turns) or turns[0]["from"] != turns[1]["from"]:
        return
    moved = float(np.linalg.norm(turns[0]["trans"][:3, 3] - turns[1]["trans"][:3, 3])) / MS
    if moved > APART_mm:
        warn(
            f"Head and MRI are aligned differently in forward solution and inverse operator ({moved:.1f} mm apart): "
            "make the operator from this forward solution."
        )
