"""The events of continuous data: given, in the annotations (of BIDS: events.tsv), or on a stimulus channel.

Which of them is taken does not depend on how `event_id` is spelt, see :func:`select_events`.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._checks import check_name, suggestion
from .._files import read_file
from .._text import first_line, some
from ..errors import DataError, ParameterError
from .annotated import Annotated, annotated_events

__all__ = ["select_events"]

_Wanted = tuple[Any, Any]


def select_events(
    raw: mne.io.BaseRaw,
    events: Any,
    event_id: Any,
    stim_channel: Any,
    listed: Mapping[str, int] | None = None,
) -> _Wanted:
    """Return events and the event_id that :class:`mne.Epochs` takes.

    `events` that are given are taken; else, if `stim_channel` is given, the triggers on it; else the annotations (of a
    BIDS recording its ``events.tsv``), as far as they mark events; else triggers. Annotations mark events if they
    come from ``events.tsv``, are named by `event_id`, go with the triggers, or there are no triggers. Where annotations
    and triggers both exist, they are compared, and a difference is said.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    events : array, shape (n_events, 3) | path-like | None
        None finds them.
    event_id : int | str | sequence | mapping | None
        A name is that of an annotation. A number is that of the trigger that an annotation goes with, or what ``value``
        in ``events.tsv`` says, or the number that is the annotation's name.
    stim_channel : str | sequence of str | None
        The stimulus channel.
    listed : mapping of str to int | None
        Numbers of names in ``events.tsv``; None if there is none.

    Returns
    -------
    events : array, shape (n_events, 3)
        The events.
    event_id : int | list of int | dict | None
        Which of them.
    """
    if isinstance(event_id, (set, frozenset, np.ndarray)):
        event_id = event_id.tolist() if isinstance(event_id, np.ndarray) else sorted(event_id, key=str)
    _check_event_id(event_id)
    event_id = _whole(event_id)
    named = _names(event_id)
    if events is not None:
        if stim_channel is not None:
            raise ParameterError(
                "events and stim_channel are both given: the events are known, leave stim_channel out."
            )
        _refuse_names(named, "events")
        if isinstance(events, (str, Path)):
            events = read_file(mne.read_events, events, "file of events")
        return _check_events(events, event_id, raw)
    if stim_channel is not None:
        _refuse_names(named, "stim_channel")
        return _check_events(_on_stimulus_channel(raw, stim_channel), event_id, raw)
    notes = annotated_events(raw, listed)
    has_stimulus = len(mne.pick_types(raw.info, meg=False, stim=True)) > 0
    if not len(notes):
        return _without_annotations(raw, named, event_id, listed, has_stimulus)
    triggers = _triggers(raw) if has_stimulus else None
    if triggers is None or not len(triggers):
        return _of_annotations(notes, event_id)
    notes.pair(triggers)
    chosen = _of_both(notes, triggers, event_id)
    return _check_events(*chosen, raw)


def _without_annotations(
    raw: mne.io.BaseRaw, named: list[str], event_id: Any, listed: Mapping[str, int] | None, has_stimulus: bool
) -> _Wanted:
    if listed is not None:
        other = "; give stim_channel to take the triggers" if has_stimulus else ""
        raise DataError(f"The events.tsv of the recording has no event: write them there, or give events{other}.")
    if named:
        raise DataError(
            f"event_id names {named[0]!r}, but the data have no annotations: give the number of the event on the "
            f"stimulus channel, for example {{{named[0]!r}: 1}} (a BIDS recording needs an events.tsv with trial "
            "types beside it)."
        )
    if not has_stimulus:
        raise DataError(
            "The data have neither a stimulus channel nor annotations (of a BIDS recording: no events.tsv beside it): "
            "give events."
        )
    return _check_events(_on_stimulus_channel(raw, None), event_id, raw)


def _of_annotations(notes: Annotated, event_id: Any) -> _Wanted:
    """Return the events wanted of annotations alone."""
    if event_id is None:
        return notes.events(notes.everything, None)
    if isinstance(event_id, Mapping):
        for name, number in event_id.items():
            if name not in notes.names and int(number) not in notes.known_numbers:
                check_name(name, notes.names, "annotation", error=DataError)
        notes.check_numbers(event_id)
        return notes.events(notes.where(event_id), event_id)
    return _match(notes, event_id)


def _of_both(notes: Annotated, triggers: Any, event_id: Any) -> _Wanted:
    """Return the events wanted where there are annotations and triggers: annotations first, where they mark events."""
    if isinstance(event_id, Mapping):
        notes.check_numbers(event_id)
    if _names(event_id):
        found = _match(notes, event_id)
        notes.compare(triggers, found[0])
        return found
    # codes of triggers that no annotation stands for
    free = set() if notes.from_events_file else set(triggers[:, 2].tolist()) - notes.annotated_codes
    if event_id is None:
        chosen, wanted = notes.marking & ~notes.where(sorted(free)), free
    else:
        by_name = {name: event_id[name] for name in notes.names if name in event_id} if _is_mapping(event_id) else {}
        rest = (
            [number for name, number in event_id.items() if name not in by_name] if _is_mapping(event_id) else event_id
        )
        asked = _numbers(rest) or set()
        notes.say_numbers(asked)
        chosen, wanted = notes.where(by_name) | notes.where(sorted(asked - free)), free & asked
    events, _ = notes.events(chosen, event_id)
    notes.compare(triggers, events)
    together = np.concatenate([events, triggers[np.isin(triggers[:, 2], sorted(wanted))]])
    if not len(together) and event_id is not None:
        raise DataError(notes.numberless(sorted(_numbers(event_id) or ())))
    return together[np.argsort(together[:, 0], kind="stable")], event_id


def _is_mapping(event_id: Any) -> bool:
    return isinstance(event_id, Mapping)


def _match(notes: Annotated, event_id: Any) -> _Wanted:
    named = _names(event_id)
    if named:
        codes = {check_name(name, notes.names, "annotation", error=DataError): notes.number(name) for name in named}
        return notes.events(notes.where(codes), codes)
    wanted = _numbers(event_id) or set()
    if not wanted & notes.known_numbers:
        raise DataError(notes.numberless(sorted(wanted)))
    return notes.events(notes.where(event_id), event_id)


def _check_events(events: Any, event_id: Any, raw: mne.io.BaseRaw) -> _Wanted:
    events = np.asarray(events)
    if events.ndim != 2 or events.shape[1] != 3 or events.dtype.kind not in "iu":
        slip = ""
        if events.ndim == 2 and events.shape[1] == 3 and events.dtype.kind == "f":
            slip = " (times in s? samples are expected, see mne.find_events)"
        raise DataError(
            f"events must be integers of shape (n_events, 3), got {events.dtype} of shape {events.shape}{slip}."
        )
    present = sorted({int(value) for value in events[:, 2]})
    wanted = _numbers(event_id)
    if not present or (wanted is not None and not wanted & set(present)):
        asked = "" if wanted is None else f" {sorted(wanted)}"
        raise DataError(f"No event{asked} in the data: found {present or 'none'}.")
    first, last = int(raw.first_samp), int(raw.last_samp)
    inside = (events[:, 0] >= first) & (events[:, 0] <= last)
    if not inside.any():
        low, high = int(events[:, 0].min()), int(events[:, 0].max())
        raise DataError(
            f"The events lie at samples {low} to {high}, all outside of the recording, which has samples {first} to "
            f"{last}: they are of another recording or rate, or lack its first sample (raw.first_samp, {first})."
        )
    return events, event_id


def _check_event_id(event_id: Any) -> None:
    if event_id is None or isinstance(event_id, str) or _names(event_id):
        return
    if isinstance(event_id, (Mapping, list, tuple, set)) and not event_id:
        raise ParameterError("event_id is empty: name at least one event, or leave it out to take all.")
    if isinstance(event_id, (list, tuple)) and any(isinstance(part, str) for part in event_id):
        raise ParameterError(f"event_id must have names or numbers, not both, got {event_id!r}.")
    _numbers(event_id)


def _whole(event_id: Any) -> Any:
    """Return numbers as int, as tables and arithmetic give them as float."""
    if event_id is None or _names(event_id):
        return event_id
    if isinstance(event_id, Mapping):
        return {name: int(number) for name, number in event_id.items()}
    return [int(number) for number in event_id] if isinstance(event_id, Sequence) else int(event_id)


def _refuse_names(named: list[str], where: str) -> None:
    if named:
        raise ParameterError(
            f"event_id names {named[0]!r}, but {where} has numbers: give the number, for example {{{named[0]!r}: 1}}."
        )


def _names(event_id: Any) -> list[str]:
    if isinstance(event_id, str):
        return [event_id]
    if isinstance(event_id, (list, tuple)) and event_id and all(isinstance(part, str) for part in event_id):
        return list(event_id)
    return []


def _numbers(event_id: Any) -> set[int] | None:
    if event_id is None or _names(event_id):
        return None
    values = event_id.values() if isinstance(event_id, Mapping) else event_id
    values = values if isinstance(values, Sequence) or not np.isscalar(values) else [values]
    listed = list(values)
    if any(isinstance(value, bool) or not isinstance(value, numbers.Real) or float(value) % 1 for value in listed):
        raise ParameterError(
            f"event_id must be a number, a name of an annotation, or a mapping of names to numbers, got {event_id!r}."
        )
    return {int(float(value)) for value in listed}


def _triggers(raw: mne.io.BaseRaw) -> Any | None:
    """Return the triggers to compare annotations with; None if they cannot be found."""
    try:
        return mne.find_events(raw, shortest_event=1, verbose="error")
    except (ValueError, RuntimeError):
        return None


def _on_stimulus_channel(raw: mne.io.BaseRaw, stim_channel: Any) -> Any:
    channels = [stim_channel] if isinstance(stim_channel, str) else list(stim_channel or ())
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    for name in channels:
        if name not in kinds:
            there = [channel for channel, kind in kinds.items() if kind == "stim"]
            near = suggestion(str(name), there or raw.ch_names)
            raise DataError(f"Unknown stimulus channel {name!r}: the data have {some(there) or 'none'}.{near}")
        if kinds[name] in ("mag", "grad", "eeg", "ref_meg"):
            raise DataError(f"The stimulus channel {name!r} is of type {kinds[name]!r}: name the one with triggers.")
    try:
        return mne.find_events(raw, stim_channel=stim_channel, shortest_event=1)
    except ValueError as error:
        raise DataError(f"No events can be found on the stimulus channel: {first_line(error)}") from error
