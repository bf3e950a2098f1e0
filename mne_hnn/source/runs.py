"""Make one recording of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._files import read_file
from .._text import first_line, some
from .._warn import warn
from ..errors import DataError, ParameterError
from .channels import compensation

__all__ = ["join_runs", "kind_of", "whole_nave"]

_KINDS = {mne.io.BaseRaw: "raw data", mne.BaseEpochs: "epochs", mne.Evoked: "an average"}
_SENSORS = {"mag", "grad", "eeg"}


def join_runs(runs: Sequence[Any], origins: Sequence[str], events: Any = None) -> tuple[Any, Any]:
    """Return runs as one recording, and the events of raw runs as those of the whole.

    Raw data and epochs are concatenated, averages are combined with weights by their number of epochs. A channel that
    is bad in one run is bad in all.

    Parameters
    ----------
    runs : sequence of mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked
        The runs, all of one kind.
    origins : sequence of str
        What to call each of them.
    events : sequence of array | sequence of path-like | None
        The events of each run, if they are not in the data.

    Returns
    -------
    instance : mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked
        All of it.
    events : array, shape (n_events, 3) | None
        Events of the whole.

    Raises
    ------
    DataError
        The runs differ in kind, sensors, sampling rate, position of head or sensors, compensation or projectors.
    """
    kind = _same_kind(runs, origins)
    _check_alike(runs, origins)
    _say_differences(runs, origins)
    runs = _projected_alike(runs, origins)
    if events is not None and kind != "raw data":
        raise ParameterError("events belong to raw data, but the runs are averaged or cut into epochs already.")
    bads = list(dict.fromkeys(name for run in runs for name in run.info["bads"]))
    # of one order; without what one run lacks
    parts: list[Any] = mne.channels.equalize_channels(list(runs), verbose="error")
    for run in parts:
        run.info["bads"] = [name for name in bads if name in run.ch_names]
    try:
        if kind == "raw data":
            return _raws(parts, events)
        if kind == "epochs":
            return mne.concatenate_epochs(parts, verbose="error"), None
        combined = mne.combine_evoked(parts, weights="nave")
    except (ValueError, AssertionError) as error:
        raise DataError(f"The {len(runs)} runs cannot be joined: {first_line(error)}") from error
    combined.nave = whole_nave(combined.nave)
    combined.comment = " + ".join(dict.fromkeys(run.comment for run in parts))
    return combined, None


def _raws(runs: list[Any], events: Any) -> tuple[Any, Any]:
    if events is None:
        return mne.concatenate_raws(runs, verbose="error"), None
    if not isinstance(events, (list, tuple)) or len(events) != len(runs):
        raise ParameterError(
            f"events must be a list with one array or file for each of the {len(runs)} runs, got "
            f"{len(events) if isinstance(events, (list, tuple)) else type(events).__name__}."
        )
    read = [
        read_file(mne.read_events, listed, "file of events") if isinstance(listed, (str, Path)) else np.asarray(listed)
        for listed in events
    ]
    raw, together = mne.concatenate_raws(runs, events_list=read, verbose="error")
    return raw, together


def whole_nave(nave: float) -> float:
    """Return a number of epochs without the error of a sum of ratios (11.999999); a contrast has a fraction."""
    return round(nave) if abs(nave - round(nave)) < 1e-6 * max(nave, 1.0) else nave


def kind_of(instance: Any) -> str:
    """Return what kind of data an object is."""
    return next(name for kind, name in _KINDS.items() if isinstance(instance, kind))


def _same_kind(runs: Sequence[Any], origins: Sequence[str]) -> str:
    kinds = [kind_of(run) for run in runs]
    for kind, origin in zip(kinds, origins, strict=True):
        if kind != kinds[0]:
            raise DataError(f"Runs must be of one kind, but {origins[0]} is {kinds[0]} and {origin} is {kind}.")
    return kinds[0]


def _check_alike(runs: Sequence[Any], origins: Sequence[str]) -> None:
    """Refuse runs whose sensors or head position differ: one forward solution could not describe them."""
    first, others = runs[0], list(zip(runs[1:], origins[1:], strict=True))
    for other, origin in others:
        if other.info["sfreq"] != first.info["sfreq"]:
            raise DataError(
                f"Runs must have one sampling rate, but {origins[0]} has {first.info['sfreq']:.10g} Hz and {origin} "
                f"has {other.info['sfreq']:.10g} Hz: resample them first."
            )
        missing = sorted(_sensors(first) ^ _sensors(other))
        if missing:
            raise DataError(
                f"Runs must have the same sensors, but {some(missing)} {'is' if len(missing) == 1 else 'are'} not in "
                f"both {origins[0]} and {origin}: drop them from the other run, or interpolate them."
            )
        if not _same_position(first.info["dev_head_t"], other.info["dev_head_t"]):
            raise DataError(
                f"The head lies elsewhere in {origin} than in {origins[0]}, so that one forward solution cannot "
                "describe both: bring all runs to one head position with mne.preprocessing.maxwell_filter("
                "destination=...) first."
            )

        moved = _find_moved(first, other)
        if moved:
            raise DataError(
                f"The sensors are placed or oriented otherwise in {origin} than in {origins[0]} ({some(moved)}), so "
                "that one forward solution cannot describe both: analyse these runs apart."
            )
        grades = compensation(first.info), compensation(other.info)
        if grades[0] != grades[1]:
            raise DataError(
                f"{origins[0]} has compensation of grade {grades[0]} and {origin} of grade {grades[1]}: give all runs "
                "the same with raw.apply_gradient_compensation first."
            )


def _say_differences(runs: Sequence[Any], origins: Sequence[str]) -> None:
    """Warn of runs that were filtered or referenced differently: their mean is of neither kind."""
    first = runs[0]
    for other, origin in zip(runs[1:], origins[1:], strict=True):
        bands = [f"{run.info['highpass']:g} to {run.info['lowpass']:g} Hz" for run in (first, other)]
        if bands[0] != bands[1]:
            warn(
                f"The runs were filtered differently, {origins[0]} to {bands[0]} and {origin} to {bands[1]}: filter "
                "them alike (l_freq, h_freq do so within both bands)."
            )
        references = [int(run.info["custom_ref_applied"]) for run in (first, other)]
        if references[0] != references[1] and "eeg" in other.get_channel_types():
            warn(
                f"The EEG of {origins[0]} and {origin} has different references (set_eeg_reference was called for one "
                "of them): reference the runs alike."
            )
        if isinstance(other, mne.Evoked) and other.baseline != first.baseline:
            warn(
                f"The averages have different baselines, {origins[0]} {first.baseline} and {origin} {other.baseline} "
                "s: give baseline to subtract the same from both."
            )


def _projected_alike(runs: Sequence[Any], origins: Sequence[str]) -> Sequence[Any]:
    """Return runs whose projectors are the same, applied in all if they are applied in one."""
    known = [{(proj["desc"], proj["data"]["data"].tobytes()) for proj in run.info["projs"]} for run in runs]
    for projs, origin in zip(known[1:], origins[1:], strict=True):
        if projs != known[0]:
            names = sorted({desc for desc, _ in projs ^ known[0]})
            raise DataError(
                f"The {len(runs)} runs cannot be joined: SSP projectors differ between {origins[0]} and {origin} "
                f"({some(names)}): give all runs the same projectors (add_proj), or take them out (del_proj)."
            )
    active = {tuple(bool(proj["active"]) for proj in run.info["projs"]) for run in runs}
    if len(active) == 1:
        return runs
    return [run.apply_proj(verbose="error") for run in runs]  # copies; they are applied to all of them at the end


def _find_moved(first: Any, other: Any) -> list[str]:
    """Return the MEG sensors, and electrodes, whose place or orientation differs."""
    names = _sensors(first)
    places = {channel["ch_name"]: channel["loc"] for channel in first.info["chs"] if channel["ch_name"] in names}
    return [
        channel["ch_name"]
        for channel in other.info["chs"]
        if channel["ch_name"] in places
        and not np.allclose(channel["loc"], places[channel["ch_name"]], atol=1e-4, equal_nan=True)
    ]


def _sensors(run: Any) -> set[str]:
    return {name for name, kind in zip(run.ch_names, run.get_channel_types(), strict=True) if kind in _SENSORS}


def _same_position(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return (first is None) == (second is None)
    return bool(np.allclose(first["trans"], second["trans"], atol=1e-6))
