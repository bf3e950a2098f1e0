"""What is in a BIDS dataset: recordings per subject, session and task, and the conditions in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mne.utils import logger

from .._checks import check_name, suggestion
from .._text import first_line, some
from ..errors import DataError, ParameterError
from ..source.bids import tsv_rows

__all__ = ["RecordingEntry", "find_recordings", "trial_types"]

DATATYPES = ("meg", "eeg")
ENTITIES = ("acquisition", "processing", "recording", "space", "description")
"""Those that a recording may have besides subject, session, task, run and split."""
NOISE = ("emptyroom", "noise")
_PARTICIPANTS = "participants.tsv"


@dataclass(frozen=True, kw_only=True)
class RecordingEntry:
    """The recording of a subject, in one session, at one task.

    Attributes
    ----------
    subject : str
        BIDS label, without ``sub-``.
    session, task : str | None
        BIDS labels.
    datatype : str
        ``'meg'`` or ``'eeg'``.
    paths : tuple of mne_bids.BIDSPath
        One per run, in order; the first part of a split file.
    """

    subject: str
    session: str | None
    task: str | None
    datatype: str
    paths: tuple[Any, ...]


def find_recordings(
    bids_root: str | Path,
    *,
    subjects: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    sessions: str | Sequence[str] = (),
    tasks: str | Sequence[str] = (),
    runs: str | Sequence[str] = (),
    datatype: str | None = None,
    entities: Mapping[str, str | None] | None = None,
) -> tuple[RecordingEntry, ...]:
    """Find the recordings of a BIDS dataset. Those of the empty room are left out.

    Parameters
    ----------
    bids_root : path-like
        The dataset.
    subjects, sessions, tasks, runs : str | sequence of str
        BIDS labels to take; empty takes all.
    exclude : str | sequence of str
        Subjects to leave out.
    datatype : str | None
        ``'meg'`` or ``'eeg'``; None takes what there is, if it is only one of them per subject, session and task.
    entities : mapping of str to str | None
        Further BIDS entities that a recording must have (``{'processing': 'sss'}``), or must not have (None).

    Returns
    -------
    recordings : tuple of RecordingEntry
        Sorted by subject, session, task.

    Raises
    ------
    DataError
        The folder is missing or no BIDS dataset, a subject, session, task or run does not exist or has no recording,
        or a subject or recording is there more than once.
    ParameterError
        An entity or a datatype is not known, or mne-bids is not installed.

    Examples
    --------
    >>> [recording.subject for recording in find_recordings(bids_root, tasks="touch")]
    ['01', '02']
    """
    subjects, exclude, sessions, tasks, runs = map(labels, (subjects, exclude, sessions, tasks, runs))
    root = Path(bids_root).expanduser()
    kinds = DATATYPES if datatype is None else (check_name(datatype, DATATYPES, "datatype"),)
    for name in entities or {}:
        check_name(name, ENTITIES, "BIDS entity")
    there = _subjects(root)
    for label in (*subjects, *exclude):
        check_name(label, there, "subject", where=f"in {root}", error=DataError)
    chosen = [subject for subject in there if subject not in exclude and (not subjects or subject in subjects)]
    if not chosen:
        raise DataError(f"No subject of {root} is left: all of subjects are excluded.")
    found = [path for path in _recordings(root, kinds) if path.subject in chosen]
    for what, wanted in (("session", sessions), ("task", tasks), ("run", runs)):
        found = _with(found, what, wanted, root)
    for name, value in (entities or {}).items():
        found = _with(found, name, (value,), root)
    _check_one_structure(found)
    _report_missing(chosen, {path.subject for path in found}, subjects, root)
    grouped: dict[tuple[str, ...], list[Any]] = {}
    for path in found:
        grouped.setdefault((path.subject, path.session or "", path.task or "", path.datatype), []).append(path)
    entries = [_entry(paths) for _, paths in sorted(grouped.items())]
    _check_one_datatype(entries)
    return tuple(entries)


def labels(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return BIDS labels, of which a single one may be given as it is: each must be a str, such as ``'01'``."""
    listed = (given,) if isinstance(given, (str, int)) else tuple(given)
    for label in listed:
        if not isinstance(label, str):
            example = f", for example '{label:02d}'" if isinstance(label, int) else ""
            raise ParameterError(f"A BIDS label must be a str, got {label!r}{example}.")
    return listed


def _subjects(root: Path) -> list[str]:
    """Return the subjects that have a folder."""
    if not root.is_dir():
        raise DataError(f"There is no BIDS dataset {root}: check bids_root.")
    labels = sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*") if path.is_dir())
    labels = [label for label in labels if label not in NOISE]
    if not labels:
        raise DataError(f"{root} is not a BIDS dataset: it has no folder sub-LABEL of a subject.")
    if (root / _PARTICIPANTS).is_file():
        listed = [row.get("participant_id", "") for row in tsv_rows(root / _PARTICIPANTS)]
        twice = sorted(label for label, count in Counter(listed).items() if count > 1)
        if twice:
            raise DataError(
                f"{root / _PARTICIPANTS} has more than one line of {some(twice)}: leave one line per subject."
            )
    return labels


def _recordings(root: Path, datatypes: Iterable[str]) -> list[Any]:
    try:
        from mne_bids import find_matching_paths
        from mne_bids.config import ALLOWED_DATATYPE_EXTENSIONS
    except ImportError as error:
        raise ParameterError("A BIDS dataset needs mne-bids: pip install 'mne-hnn[bids]'.") from error
    found = []
    for datatype in datatypes:
        paths = find_matching_paths(
            root,
            datatypes=[datatype],
            suffixes=[datatype],
            extensions=ALLOWED_DATATYPE_EXTENSIONS[datatype],
            ignore_nosub=True,
        )
        found += [path for path in paths if path.task not in NOISE and path.split in (None, "01", "1")]
    if not found:
        raise DataError(f"{root} has no {' or '.join(kind.upper() for kind in datatypes)} recording of a subject.")
    return found


def _with(found: list[Any], what: str, wanted: Sequence[str | None], root: Path) -> list[Any]:
    """Keep the recordings that have one of the labels wanted, each of which must exist."""
    if not wanted:
        return found
    labels = {getattr(path, what) for path in found}
    for label in wanted:
        if label in labels:
            continue
        named = sorted(label for label in labels if label is not None)
        if not named:
            raise DataError(f"No recording in {root} that is asked for has a {what}: leave out {label!r}.")
        listed = ", ".join(repr(label) for label in named)
        raise DataError(
            f"No recording in {root} that is asked for has the {what} {label!r}: there is {listed}."
            f"{suggestion(str(label), named)}"
        )
    return [path for path in found if getattr(path, what) in wanted]


def _check_one_structure(found: Sequence[Any]) -> None:
    sessions: dict[str, set[bool]] = {}
    for path in found:
        sessions.setdefault(path.subject, set()).add(path.session is None)
    for subject, without in sorted(sessions.items()):
        if len(without) > 1:
            raise DataError(
                f"Subject {subject!r} is there twice, with recordings inside and outside of sessions: name the "
                "sessions to take, or move one away."
            )


def _report_missing(chosen: Sequence[str], found: set[str], named: Sequence[str], root: Path) -> None:
    missing = [subject for subject in chosen if subject not in found]
    asked = [subject for subject in missing if subject in named]
    if asked or not found:
        raise DataError(f"There is no recording that fits in {root} of subject {some(asked or missing)}.")
    if missing:
        logger.info("No recording that fits of subject %s.", some(missing))


def _entry(paths: Sequence[Any]) -> RecordingEntry:
    paths = sorted(paths, key=lambda path: (path.run is not None, _number(path.run), str(path.fpath)))
    for path, other in pairwise(paths):
        if path.run != other.run:
            continue
        differing = [name for name in ENTITIES if getattr(path, name) != getattr(other, name)]
        names = f"{path.fpath.name} and {other.fpath.name}"
        if differing:
            raise DataError(f"It is not clear which recording is meant, {names}: say {differing[0]} in entities.")
        raise DataError(f"The same recording is there twice, {names}: move one away.")
    first = paths[0]
    return RecordingEntry(
        subject=first.subject, session=first.session, task=first.task, datatype=first.datatype, paths=tuple(paths)
    )


def _number(run: str | None) -> tuple[int, str]:
    text = run or ""
    return (int(text), text) if text.isdecimal() else (0, text)


def _check_one_datatype(entries: Sequence[RecordingEntry]) -> None:
    known: dict[tuple[str, str | None, str | None], str] = {}
    for entry in entries:
        key = (entry.subject, entry.session, entry.task)
        if known.setdefault(key, entry.datatype) != entry.datatype:
            raise DataError(f"Subject {entry.subject!r} has recordings of MEG and of EEG: give datatype.")


def trial_types(entry: RecordingEntry) -> dict[str, int]:
    """Count the trial types of a recording, as mne-bids names them when it reads it.

    Parameters
    ----------
    entry : RecordingEntry
        The recording; its runs are counted together.

    Returns
    -------
    counts : dict of str to int
        Number of events per trial type, in alphabetical order; events without one (``n/a``) are left out.

    Raises
    ------
    DataError
        A run has no ``events.tsv``, or it has no column ``trial_type``, or cannot be read.
    """
    counts: Counter[str] = Counter()
    for path in entry.paths:
        counts.update(_descriptions(path))
    return dict(sorted(counts.items()))


def _descriptions(path: Any) -> list[str]:
    from mne_bids import events_file_to_annotation_kwargs

    events = path.find_matching_sidecar(suffix="events", extension=".tsv", on_error="ignore")
    if events is None or not Path(events).is_file():
        raise DataError(
            f"{path.fpath} has no events.tsv beside it: write one with the times and trial types of events."
        )
    rows = tsv_rows(Path(events))
    if rows and "onset" not in rows[0]:
        raise DataError(f"{events} has no column onset, the times of events in s: it has {', '.join(rows[0])}.")
    if rows and "trial_type" not in rows[0]:
        raise DataError(
            f"{events} has no column trial_type: it has {', '.join(rows[0])}; add it, with the condition of each event."
        )
    if not rows:
        raise DataError(f"{events} has no event.")
    try:
        described = events_file_to_annotation_kwargs(events, verbose="error")["description"]
    except Exception as error:
        raise DataError(f"{events} cannot be read: {first_line(error)}") from error
    return [str(value) for value in described if str(value) != "n/a"]
