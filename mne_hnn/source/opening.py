"""Open a recording, wherever MNE keeps it: objects, FIF files, BIDS; one run or several, one condition or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mne

from .._checks import suggestion
from ..errors import DataError, ParameterError
from ._files import existing, first_line
from .runs import joined

__all__ = ["listed_runs", "open_data"]

# whatever FIF holds that cannot be averaged into a response, in words a user knows
_NOT_DATA = {"forward": "a forward solution", "inverse": "an inverse operator", "cov": "a covariance matrix"}
# what MNE ends a FIF file with: a tag of kind 108 without data and without a next one
_END = b"".join(number.to_bytes(4, "big", signed=True) for number in (108, 0, 0, -1))


def listed_runs(data: Any) -> list[Any]:
    """Return the recordings that `data` stands for: one, or several runs."""
    return list(data) if isinstance(data, (list, tuple)) else [data]


def open_data(data: Any, condition: Any = None, events: Any = None) -> tuple[Any, str, Any]:
    """Return a copy of the data as Raw, Epochs or Evoked, a word on where they came from, and their events.

    Several runs become one recording; the events of raw runs, one array each, become those of the whole.
    """
    runs = listed_runs(data)
    if not runs:
        raise ParameterError("data is an empty list: name at least one recording.")
    opened = [_open_one(one, condition) for one in runs]
    if len(opened) == 1:
        return *opened[0], events[0] if isinstance(events, (list, tuple)) and len(events) == 1 else events
    instance, events = joined([one for one, _ in opened], [origin for _, origin in opened], events)
    return instance, " + ".join(origin for _, origin in opened), events


def _open_one(data: Any, condition: Any) -> tuple[Any, str]:
    if isinstance(data, mne.io.BaseRaw):
        return data.copy(), "Raw object"
    if isinstance(data, mne.BaseEpochs):
        return _condition_of_epochs(data, condition, "the epochs").copy(), "Epochs object"
    if isinstance(data, mne.Evoked):
        return data.copy(), f"Evoked object {data.comment!r}"
    if hasattr(data, "fpath") and hasattr(data, "datatype"):
        return _open_bids(data, condition)
    if not isinstance(data, (str, Path)):
        raise ParameterError(
            "data must be Raw, Epochs or Evoked, the path of a FIF file, a BIDSPath, or a list of these (runs), got "
            f"{type(data).__name__}."
        )
    return _open_file(Path(data).expanduser(), condition)


def _open_bids(path: Any, condition: Any) -> tuple[Any, str]:
    if path.fpath.suffix == ".fif" and path.suffix in ("ave", "epo"):
        return _open_file(path.fpath, condition)
    try:
        from mne_bids import read_raw_bids
    except ImportError as error:
        raise ParameterError("A BIDSPath needs mne-bids: pip install 'mne-hnn[bids]'.") from error
    try:
        return _readable(read_raw_bids(path, verbose="error")), str(path.fpath)
    except Exception as error:
        if path.fpath.is_file() and _is_cut_off(path.fpath):
            raise _damaged(path.fpath, error) from error
        raise DataError(f"{path.fpath} cannot be read as a BIDS recording: {first_line(error)}") from error


def _open_file(path: Path, condition: Any) -> tuple[Any, str]:
    existing(path, "file")
    readers = {"raw": mne.io.read_raw_fif, "epochs": mne.read_epochs, "evoked": mne.read_evokeds}
    try:
        kind = mne.what(path)
    except ValueError:
        kind = "unknown"
    if kind not in readers:
        if _is_cut_off(path):
            raise _damaged(path)
        found = _NOT_DATA.get(kind, "no data that MNE can average")
        raise DataError(f"{path} holds {found}: raw data, epochs or an average (FIF) are expected.")
    try:
        read = readers[kind](path, verbose="error")
        read = _readable(read) if kind == "raw" else read
    except Exception as error:
        if _is_cut_off(path):
            raise _damaged(path, error) from error
        raise DataError(f"{path} cannot be read as file of {kind} data: {first_line(error)}") from error
    if kind == "evoked":
        return _conditions_of_averages(read, condition, path), str(path)
    if kind == "epochs":
        return _condition_of_epochs(read, condition, str(path)), str(path)
    return read, str(path)


def _readable(raw: mne.io.BaseRaw) -> mne.io.BaseRaw:
    """Return continuous data whose last sample can be read: opening a file that is cut off reads its header only."""
    raw[:1, raw.n_times - 1]
    return raw


def _is_cut_off(path: Path) -> bool:
    """Return whether a FIF file does not end as one does."""
    if path.suffix != ".fif":
        return False
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - len(_END), 0))
        return stream.read() != _END


def _damaged(path: Path, error: Exception | None = None) -> DataError:
    reason = "" if error is None else f" ({first_line(error)})"
    return DataError(f"{path} ends too early: the file is cut off or damaged{reason}. Copy it again.")


def _conditions_of_averages(averages: list[mne.Evoked], condition: Any, path: Path) -> mne.Evoked:
    """Return one average, or several weighted by the number of their epochs."""
    if not isinstance(condition, (list, tuple)):
        return _condition_of_averages(averages, condition, path)
    chosen = [_condition_of_averages(averages, one, path) for one in _several(condition)]
    if len(chosen) == 1:
        return chosen[0]
    try:
        together = mne.combine_evoked(chosen, weights="nave")
    except (ValueError, AssertionError) as error:
        raise DataError(f"The averages in {path} cannot be combined: {first_line(error)}") from error
    together.nave = round(together.nave)  # a sum of ratios: 11.999999
    together.comment = " + ".join(one.comment for one in chosen)
    return together


def _several(condition: Sequence[Any]) -> list[Any]:
    if not condition:
        raise ParameterError("condition is an empty list: name at least one, or leave it out.")
    again = [one for one in condition if list(condition).count(one) > 1]
    if again:
        raise ParameterError(f"condition names {again[0]!r} twice: its epochs would count twice.")
    return list(condition)


def _condition_of_averages(averages: list[mne.Evoked], condition: Any, path: Path) -> mne.Evoked:
    names = [evoked.comment for evoked in averages]
    if condition is None and len(averages) == 1:
        return averages[0]
    if isinstance(condition, int) and not isinstance(condition, bool) and 0 <= condition < len(averages):
        return averages[condition]
    if condition in names:
        return averages[names.index(condition)]
    listed = ", ".join(repr(name) for name in names)
    if condition is None:
        raise DataError(f"{path} holds {len(names)} averages: choose one as condition, among {listed}.")
    near = suggestion(str(condition), names)
    raise DataError(f"{path} has no condition {condition!r}: expected one of {listed}.{near}")


def _condition_of_epochs(epochs: mne.BaseEpochs, condition: Any, where: str) -> mne.BaseEpochs:
    if condition is None:
        return epochs
    names = {number: name for name, number in epochs.event_id.items()}
    wanted = _several(condition) if isinstance(condition, (list, tuple)) else [condition]
    # a number is that of the event, not of the epoch
    keys = [names.get(one, one) if isinstance(one, int) else one for one in wanted]
    for one, key in zip(wanted, keys, strict=True):
        if not isinstance(key, str) or not _selects(epochs, key):
            listed = ", ".join(f"{name!r} ({number})" for name, number in epochs.event_id.items())
            near = suggestion(str(one), epochs.event_id)
            raise DataError(f"There is no condition {one!r} in {where}: expected one of {listed}.{near}")
    return epochs[keys]


def _selects(epochs: mne.BaseEpochs, key: str) -> bool:
    """Return whether a name, or a part of hierarchical names, selects epochs."""
    try:
        epochs[key]
    except (KeyError, IndexError):
        return False
    return True
