"""The events of continuous data: given, on a stimulus channel, or in the annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._checks import check_name
from ..errors import DataError, ParameterError
from ._files import first_line, read_file

__all__ = ["select_events"]


def select_events(raw: mne.io.BaseRaw, events: Any, event_id: Any, stim_channel: Any) -> tuple[Any, Any]:
    """Return events and the event_id that :class:`mne.Epochs` takes.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    events : array, shape (n_events, 3) | path-like | None
        None looks on the stimulus channel, or in the annotations if there is none or if `event_id` names them.
    event_id : int | str | sequence | mapping | None
        A str, or several, name annotations.
    stim_channel : str | sequence of str | None
        The stimulus channel.

    Returns
    -------
    events : array, shape (n_events, 3)
        The events.
    event_id : int | list of int | dict | None
        Which of them.
    """
    named = _names(event_id)
    if isinstance(events, (str, Path)):
        events = read_file(mne.read_events, events, "file of events")
    elif events is None:
        if named or not _has_stimulus(raw, stim_channel):
            events, event_id = _annotated(raw, named, event_id)
        else:
            events = _on_stimulus_channel(raw, stim_channel)
    events = np.asarray(events)
    if events.ndim != 2 or events.shape[1] != 3 or events.dtype.kind not in "iu":
        raise DataError(f"events must be integers of shape (n_events, 3), got {events.dtype} of shape {events.shape}.")
    present = sorted({int(value) for value in events[:, 2]})
    wanted = _numbers(event_id)
    if not present or (wanted is not None and not wanted & set(present)):
        asked = "" if wanted is None else f" {sorted(wanted)}"
        raise DataError(f"No event{asked} in the data: found {present or 'none'}.")
    return events, event_id


def _names(event_id: Any) -> list[str]:
    if isinstance(event_id, str):
        return [event_id]
    if isinstance(event_id, (list, tuple)) and event_id and all(isinstance(one, str) for one in event_id):
        return list(event_id)
    return []


def _numbers(event_id: Any) -> set[int] | None:
    if event_id is None:
        return None
    values = event_id.values() if isinstance(event_id, Mapping) else event_id
    values = values if isinstance(values, Sequence) or not np.isscalar(values) else [values]
    try:
        return {int(value) for value in values}
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"event_id must be a number, a name of an annotation, or a mapping of names to numbers, got {event_id!r}."
        ) from error


def _has_stimulus(raw: mne.io.BaseRaw, stim_channel: Any) -> bool:
    return bool(stim_channel) or len(mne.pick_types(raw.info, meg=False, stim=True)) > 0


def _annotated(raw: mne.io.BaseRaw, named: list[str], event_id: Any) -> tuple[Any, Any]:
    if len(raw.annotations) == 0:
        if named:
            raise DataError(
                f"event_id names {named[0]!r}, but the data have no annotations: give the number of the event on the "
                f"stimulus channel, for example {{{named[0]!r}: 1}} (a BIDS recording needs an events.tsv with trial "
                "types beside it)."
            )
        raise DataError(
            "The data have neither a stimulus channel nor annotations (of a BIDS recording: no events.tsv beside it): "
            "give events."
        )
    mapping = event_id if isinstance(event_id, Mapping) else "auto"
    for name in mapping if isinstance(mapping, Mapping) else ():
        check_name(name, dict.fromkeys(raw.annotations.description.tolist()), "annotation", error=DataError)
    events, found = mne.events_from_annotations(raw, event_id=mapping)
    if not named:
        return events, event_id
    return events, {name: found[check_name(name, found, "annotation", error=DataError)] for name in named}


def _on_stimulus_channel(raw: mne.io.BaseRaw, stim_channel: Any) -> Any:
    channels = [stim_channel] if isinstance(stim_channel, str) else list(stim_channel or ())
    for name in channels:
        check_name(name, raw.ch_names[-30:] if name not in raw.ch_names else raw.ch_names, "stimulus channel",
                   error=DataError)  # fmt: skip
    try:
        return mne.find_events(raw, stim_channel=stim_channel, shortest_event=1)
    except ValueError as error:
        raise DataError(f"No events can be found on the stimulus channel: {first_line(error)}") from error
