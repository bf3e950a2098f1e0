"""Which channels of a recording are kept, and what later stages need of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mne
import numpy as np
from mne.io.constants import FIFF

from .._checks import check_name, suggestion
from .._text import some
from .._warn import warn
from ..errors import DataError, ParameterError

__all__ = [
    "check_channel_types",
    "check_positions",
    "compensation",
    "compensators",
    "good_picks",
    "mark_bads",
    "pick_kinds",
    "with_average_reference",
]

CHANNEL_TYPES = ("meg", "mag", "grad", "eeg")
_DATA_TYPES = {"mag", "grad", "eeg"}


def check_channel_types(channel_types: str | Sequence[str]) -> tuple[str, ...]:
    """Return channel types as a tuple, each of them known."""
    listed = (channel_types,) if isinstance(channel_types, str) else tuple(channel_types)
    if not listed:
        raise ParameterError("channel_types must name at least one of 'meg', 'mag', 'grad', 'eeg', got nothing.")
    return tuple(check_name(kind, CHANNEL_TYPES, "channel type") for kind in listed)


def mark_bads(instance: Any, bads: str | Sequence[str]) -> Any:
    """Mark further channels of a recording as bad, each of which must exist."""
    named = [bads] if isinstance(bads, str) else list(bads)
    for name in named:
        if name not in instance.ch_names:
            near = suggestion(str(name), instance.ch_names)
            raise DataError(
                f"Unknown bad channel {name!r} in bads: none of the {len(instance.ch_names)} channels.{near}"
            )
    instance.info["bads"] = list(dict.fromkeys([*instance.info["bads"], *named]))
    return instance


def compensation(info: mne.Info) -> int:
    """Return the grade of compensation with reference sensors (CTF, BTi) that MEG data have; 0 is none."""
    grades = {int(info["chs"][pick]["coil_type"]) >> 16 for pick in mne.pick_types(info, meg=True, ref_meg=False)}
    if len(grades) > 1:
        raise DataError(
            f"The MEG channels have different grades of compensation, {sorted(grades)}: give all of them the same with "
            "apply_gradient_compensation."
        )
    return grades.pop() if grades else 0


def compensators(info: mne.Info, kinds: Sequence[str]) -> list[str]:
    """Return the reference sensors that the forward solution of compensated MEG data is computed with.

    Good or bad: without a single one of them MNE forgets the compensation, and computes that of other data.
    """
    if set(kinds) == {"eeg"} or compensation(info) == 0:
        return []
    wanted = {name for grade in info["comps"] for name in grade["data"]["col_names"]}
    return [name for name in info["ch_names"] if name in wanted]


def pick_kinds(kinds: Sequence[str]) -> dict[str, Any]:
    """Return what :func:`mne.pick_types` is to be called with for channel types."""
    meg: bool | str = False
    if "meg" in kinds or {"mag", "grad"} <= set(kinds):
        meg = True
    elif "mag" in kinds or "grad" in kinds:
        meg = "mag" if "mag" in kinds else "grad"
    return {"meg": meg, "eeg": "eeg" in kinds, "ref_meg": False}


def good_picks(info: mne.Info, kinds: Sequence[str], origin: str) -> Any:
    """Return the places of the good channels of given types, of each of which there must be one."""
    for kind in kinds:
        if not len(mne.pick_types(info, **pick_kinds([kind]), exclude="bads")):
            bad = len(mne.pick_types(info, **pick_kinds([kind]), exclude=()))
            if bad:
                raise DataError(
                    f"{origin} has no good channel of type {kind!r}: all {bad} are marked bad (in the recording, or by "
                    "bads); name those only that are."
                )
            there = sorted(set(info.get_channel_types()) & _DATA_TYPES)
            what = f"set channel_types to {tuple(there)!r}" if there else "give another recording"
            raise DataError(
                f"{origin} has no good channel of type {kind!r}: it has {', '.join(there) or 'neither MEG nor EEG'}; "
                f"{what}."
            )
    return mne.pick_types(info, **pick_kinds(kinds), exclude="bads")


def with_average_reference(instance: Any) -> Any:
    """Return data whose EEG, if any, has the average reference, which the forward model of EEG needs.

    As a projector, which stays exact where channels are dropped, and whatever the reference was before.
    """
    if not hasattr(instance, "get_channel_types"):
        raise ParameterError(f"evoked must be an mne.Evoked, got {type(instance).__name__}.")
    if "eeg" not in instance.get_channel_types(unique=True):
        return instance
    _refuse_bipolar(instance.info)
    if any(
        projector["desc"] == "Average EEG reference" and projector["active"] for projector in instance.info["projs"]
    ):
        return instance
    again = instance.copy().set_eeg_reference("average", projection=True, verbose="error")
    return again.apply_proj(verbose="error")


def _refuse_bipolar(info: mne.Info) -> None:
    """Refuse differences of two electrodes, whose field forward models compute as that of one electrode."""
    bipolar = [
        channel["ch_name"]
        for channel in info["chs"]
        if channel["kind"] == FIFF.FIFFV_EEG_CH
        and channel["coil_type"] == FIFF.FIFFV_COIL_EEG_BIPOLAR
        and channel["ch_name"] not in info["bads"]
    ]
    if bipolar:
        raise DataError(
            f"{len(bipolar)} EEG channels are differences of two electrodes (bipolar: {some(bipolar)}), which forward "
            "solutions take for single electrodes: give the recording as it was before set_bipolar_reference, or name "
            "them in bads."
        )


def check_positions(info: mne.Info) -> None:
    """Warn of electrodes that lie where no head is: their positions are in another unit."""
    places = np.array([info["chs"][pick]["loc"][:3] for pick in mne.pick_types(info, eeg=True)])
    places = places[np.isfinite(places).all(axis=1) & places.any(axis=1)] if len(places) else places
    if len(places) < 4:
        return
    radius = float(np.median(np.linalg.norm(places - places.mean(axis=0), axis=1)))
    if not 0.02 < radius < 0.25:
        slip = " (mm?)" if 20 < radius < 250 else " (cm?)" if 2 < radius < 25 else ""
        warn(
            f"The EEG electrodes lie {radius:.3g} m from their centre, where 0.05 to 0.12 m are usual: check the unit "
            f"of their positions, which is m{slip} (of a BIDS recording, in coordsystem.json)."
        )
