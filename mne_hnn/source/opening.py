"""Open a recording, wherever MNE keeps it: objects, files, folders, BIDS; one run or several, one condition or more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne

from .._checks import suggestion
from .._files import existing
from .._text import first_line
from ..errors import DataError, ParameterError
from ._heard import heard
from .bids import open_bids
from .runs import join_runs, whole_nave
from .systems import is_fif, open_system, readable

__all__ = ["Opened", "listed_runs", "open_data"]

# whatever FIF holds that cannot be averaged into a response, in words a user knows
_NOT_DATA = {"forward": "a forward solution", "inverse": "an inverse operator", "cov": "a covariance matrix"}
# what MNE ends a FIF file with: a tag of kind 108 without data and without a next one
_END = b"".join(number.to_bytes(4, "big", signed=True) for number in (108, 0, 0, -1))
_MAXSHIELD = (
    "was recorded with active shielding (MaxShield) and not yet cleaned of it: open it with "
    "mne.io.read_raw_fif(path, allow_maxshield='yes'), pass it through mne.preprocessing.maxwell_filter, and give the "
    "result"
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A recording as it was opened.

    Attributes
    ----------
    instance : mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked
        A copy of the data; several runs are one recording.
    origin : str
        Where they came from.
    events : array, shape (n_events, 3) | path-like | None
        Events that were given.
    listed : mapping of str to int | None
        The numbers of events as an ``events.tsv`` has them; None if there is none.
    """

    instance: Any
    origin: str
    events: Any = None
    listed: Mapping[str, int] | None = None


def listed_runs(data: Any) -> list[Any]:
    """Return the recordings that `data` stands for: one, or several runs."""
    return list(data) if isinstance(data, (list, tuple)) else [data]


def open_data(data: Any, condition: Any = None, events: Any = None) -> Opened:
    """Return a copy of the data as Raw, Epochs or Evoked, a word on where they came from, and their events.

    Several runs become one recording; the events of raw runs, one array each, become those of the whole.
    """
    runs = listed_runs(data)
    if not runs:
        raise ParameterError("data is an empty list: name at least one recording.")
    opened = [_open_one(run, condition) for run in runs]
    for run in opened:
        _check_kind(run)
    if len(opened) == 1:
        given = events[0] if isinstance(events, (list, tuple)) and len(events) == 1 else events
        return Opened(instance=opened[0].instance, origin=opened[0].origin, events=given, listed=opened[0].listed)
    instance, events = join_runs([run.instance for run in opened], [run.origin for run in opened], events)
    origin = " + ".join(run.origin for run in opened)
    return Opened(instance=instance, origin=origin, events=events, listed=_listed_together(opened))


def _listed_together(runs: Sequence[Opened]) -> dict[str, int] | None:
    if all(run.listed is None for run in runs):
        return None
    together: dict[str, int] = {}
    for run in runs:
        for name, number in (run.listed or {}).items():
            if together.setdefault(name, number) != number:
                raise DataError(
                    f"The runs give {name!r} different values in events.tsv, {together[name]} and {number}: make them "
                    "the same."
                )
    return together


def _check_kind(run: Opened) -> None:
    if isinstance(run.instance, mne.Evoked) and run.instance.kind != "average":
        raise DataError(
            f"{run.origin} holds {run.instance.kind.replace('_', ' ')}s, not averages: give the average itself."
        )


def _open_one(data: Any, condition: Any) -> Opened:
    if isinstance(data, mne.io.BaseRaw):
        return Opened(instance=_refuse_condition(data.copy(), condition), origin="Raw object")
    if isinstance(data, mne.BaseEpochs):
        return Opened(instance=_condition_of_epochs(data, condition, "the epochs").copy(), origin="Epochs object")
    if isinstance(data, mne.Evoked):
        _check_comment(data, condition)
        return Opened(instance=data.copy(), origin=f"Evoked object {data.comment!r}")
    if hasattr(data, "fpath") and hasattr(data, "datatype"):
        if data.fpath.suffix == ".fif" and data.suffix in ("ave", "epo"):
            return _open_file(data.fpath, condition)
        raw, listed = _open_bids(data)
        return Opened(instance=_refuse_condition(raw, condition), origin=str(data.fpath), listed=listed)
    if not isinstance(data, (str, Path)):
        raise ParameterError(
            "data must be Raw, Epochs or Evoked, the path of a recording that MNE reads, a BIDSPath, or a list of "
            f"these (runs), got {type(data).__name__}."
        )
    return _open_file(Path(data).expanduser(), condition)


def _refuse_condition(raw: Any, condition: Any) -> Any:
    """Refuse a condition of continuous data, which `event_id` chooses."""
    if condition is not None and isinstance(raw, mne.io.BaseRaw):
        raise ParameterError(
            f"condition chooses among epochs or averages, but the data are continuous: choose their events with "
            f"event_id={condition!r} instead."
        )
    return raw


def _check_comment(evoked: mne.Evoked, condition: Any) -> None:
    chosen = [] if condition is None else _several(condition) if isinstance(condition, (list, tuple)) else [condition]
    for name in chosen:
        if (isinstance(name, int) and not isinstance(name, bool) and name == 0) or name == evoked.comment:
            continue
        raise DataError(
            f"There is no condition {name!r} in the Evoked object, which is {evoked.comment!r}: leave condition out, "
            "or give that average."
        )


def _open_bids(path: Any) -> tuple[Any, dict[str, int] | None]:
    try:
        raw, listed = open_bids(path)
        if isinstance(raw, mne.io.BaseRaw):
            readable(raw)
    except (ParameterError, ImportError):
        raise
    except Exception as error:
        if path.fpath.is_file() and _is_cut_off(path.fpath):
            raise _damage_error(path.fpath, error) from error
        raise DataError(f"{path.fpath} cannot be read as a BIDS recording: {first_line(error)}") from error
    if raw.info.get("maxshield"):
        raise DataError(f"{path.fpath} {_MAXSHIELD}.")
    return raw, listed


def _open_file(path: Path, condition: Any) -> Opened:
    existing(path, "file")
    if not is_fif(path):
        instance = open_system(path)
        if isinstance(instance, mne.BaseEpochs):
            return Opened(instance=_condition_of_epochs(instance, condition, str(path)), origin=str(path))
        if instance is not None:
            return Opened(instance=_refuse_condition(instance, condition), origin=str(path))
    return Opened(instance=_open_fif(path, condition), origin=str(path))


def _open_fif(path: Path, condition: Any) -> Any:
    readers = {"raw": mne.io.read_raw_fif, "epochs": mne.read_epochs, "evoked": mne.read_evokeds}
    try:
        kind = mne.what(path)
    except ValueError:
        kind = "unknown"
    if kind in ("evoked", "unknown") and _is_shielded(path):
        raise DataError(f"{path} {_MAXSHIELD}.")
    if kind not in readers:
        if _is_cut_off(path):
            raise _damage_error(path)
        found = _NOT_DATA.get(kind, "no data that MNE can average")
        expected = "raw data, epochs or an average (FIF), or a recording of another system, are expected"
        raise DataError(f"{path} holds {found}: {expected}.")
    try:
        with heard(str(path)):
            read = readers[kind](path, verbose="warning")
            read = readable(read) if kind == "raw" else read
    except Exception as error:
        if _is_cut_off(path):
            raise _damage_error(path, error) from error
        raise DataError(f"{path} cannot be read as file of {kind} data: {first_line(error)}") from error
    if kind == "evoked":
        return _conditions_of_averages(read, condition, path)
    return _condition_of_epochs(read, condition, str(path)) if kind == "epochs" else _refuse_condition(read, condition)


def _is_shielded(path: Path) -> bool:
    """Return whether a FIF file is a recording with MaxShield, which MNE opens only when it is told to."""
    try:
        return bool(mne.io.read_raw_fif(path, allow_maxshield="yes", verbose="error").info.get("maxshield"))
    except Exception:  # noqa: BLE001 - whatever cannot be read is not such a recording
        return False


def _is_cut_off(path: Path) -> bool:
    """Return whether a FIF file does not end as one does."""
    if path.suffix != ".fif":
        return False
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - len(_END), 0))
        return stream.read() != _END


def _damage_error(path: Path, error: Exception | None = None) -> DataError:
    reason = "" if error is None else f" ({first_line(error)})"
    return DataError(f"{path} ends too early: the file is cut off or damaged{reason}. Copy it again.")


def _conditions_of_averages(evokeds: list[mne.Evoked], condition: Any, path: Path) -> mne.Evoked:
    """Return one average, or several weighted by the number of their epochs."""
    averages = [evoked for evoked in evokeds if evoked.kind == "average"]
    if not averages:
        raise DataError(f"{path} holds standard errors, but no average: give the file of the averages.")
    if not isinstance(condition, (list, tuple)):
        return _condition_of_averages(averages, condition, path)
    chosen = [_condition_of_averages(averages, name, path) for name in _several(condition)]
    if len(chosen) == 1:
        return chosen[0]
    try:
        together = mne.combine_evoked(chosen, weights="nave")
    except (ValueError, AssertionError) as error:
        raise DataError(f"The averages in {path} cannot be combined: {first_line(error)}") from error
    together.nave = whole_nave(together.nave)
    together.comment = " + ".join(evoked.comment for evoked in chosen)
    return together


def _several(condition: Sequence[Any]) -> list[Any]:
    if not condition:
        raise ParameterError("condition is an empty list: name at least one, or leave it out.")
    again = [name for name in condition if list(condition).count(name) > 1]
    if again:
        raise ParameterError(f"condition names {again[0]!r} twice: its epochs would count twice.")
    return list(condition)


def _condition_of_averages(averages: list[mne.Evoked], condition: Any, path: Path) -> mne.Evoked:
    names = [evoked.comment for evoked in averages]
    if condition is None and len(averages) == 1:
        return averages[0]
    if isinstance(condition, int) and not isinstance(condition, bool) and 0 <= condition < len(averages):
        return averages[condition]
    listed = ", ".join(repr(name) for name in names)
    if condition in names:
        if names.count(condition) > 1:
            raise DataError(
                f"{path} has {names.count(condition)} averages {condition!r}: give the place as condition, from 0."
            )
        return averages[names.index(condition)]
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
    keys = [names.get(name, name) if isinstance(name, int) and not isinstance(name, bool) else name for name in wanted]
    for name, key in zip(wanted, keys, strict=True):
        count = _count_selected(epochs, key) if isinstance(key, str) else None
        if count is None:
            listed = ", ".join(f"{event!r} ({number})" for event, number in epochs.event_id.items())
            near = suggestion(str(name), epochs.event_id)
            raise DataError(f"There is no condition {name!r} in {where}: expected one of {listed}.{near}")
        if count == 0:
            raise DataError(f"The condition {name!r} selects none of the {len(epochs)} epochs of {where}.")
    return epochs[keys]


def _count_selected(epochs: mne.BaseEpochs, key: str) -> int | None:
    """Return how many epochs a name, a part of hierarchical names, or a query of metadata selects; None if it fails."""
    try:
        return len(epochs[key])
    except Exception:  # noqa: BLE001 - whatever pandas raises for a query that is none
        return None
