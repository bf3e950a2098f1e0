"""What mne-bids-pipeline left: its files are found by their names, and that package is not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._checks import check_name
from .._text import some
from ..errors import DataError
from .dataset import RecordingEntry, labels

__all__ = ["PipelineFiles", "pipeline_files", "pipeline_recordings", "pipeline_root", "pipeline_subjects"]

FOLDER = Path("derivatives") / "mne-bids-pipeline"
SUFFIXES = {"evoked": "ave", "epochs": "epo", "noise_cov": "cov", "forward": "fwd", "inverse": "inv", "trans": "trans"}
DATATYPES = ("meg", "eeg")
PROCESSINGS = ("clean", "ica", "ssp", "filt", "custom", None, "adhoc")
"""Of several files, the one processed like this, the first that there is. Versions up to 1.0 left the covariance
without an entity, since 1.0 averages have none, and epochs without are those before artefacts were removed."""
NOT_SUBJECTS = ("average", "emptyroom")
_NOISE_TASKS = ("noise", "rest")


@dataclass(frozen=True, kw_only=True)
class PipelineFiles:
    """Files that mne-bids-pipeline left of a subject (and session and task); None where there is none.

    Attributes
    ----------
    evoked : Path | None
        Averages of all conditions and contrasts; the comment of each is its name.
    epochs : Path | None
        Epochs, artefacts removed if there are such.
    noise_cov : Path | None
        Noise covariance of single epochs.
    forward, inverse : Path | None
        Forward solution and inverse operator.
    trans : Path | None
        Head to MRI transform.
    """

    evoked: Path | None = None
    epochs: Path | None = None
    noise_cov: Path | None = None
    forward: Path | None = None
    inverse: Path | None = None
    trans: Path | None = None


@dataclass(frozen=True)
class _Named:
    """A file and what its name says."""

    path: Path
    suffix: str
    entities: dict[str, str] = field(compare=False)

    @classmethod
    def of(cls, path: Path) -> _Named | None:
        *parts, suffix = path.name.removesuffix(path.suffix).split("_")
        pairs = [part.partition("-") for part in parts]
        if not pairs or not all(key and dash and value for key, dash, value in pairs):
            return None
        return cls(path, suffix, {key: value for key, _, value in pairs})

    def get(self, entity: str) -> str | None:
        return self.entities.get(entity)


def pipeline_root(root: str | Path) -> Path:
    """Return the folder of mne-bids-pipeline's results, given it or the BIDS dataset it is in.

    Parameters
    ----------
    root : path-like
        Folder of derivatives, or of the BIDS dataset.

    Returns
    -------
    folder : Path
        The one that has the folders of the subjects.

    Raises
    ------
    DataError
        It is not there.
    """
    given = Path(root).expanduser()
    folder = given / FOLDER if (given / FOLDER).is_dir() else given
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder} with results of mne-bids-pipeline: check the path, or run it.")
    return folder


def pipeline_subjects(root: str | Path) -> tuple[str, ...]:
    """Return the subjects of whom mne-bids-pipeline left averages or epochs.

    Parameters
    ----------
    root : path-like
        Folder of derivatives, or of the BIDS dataset.

    Returns
    -------
    subjects : tuple of str
        BIDS labels, without ``sub-``; the group average and the empty room are none.

    Raises
    ------
    DataError
        The folder is not there.
    """
    folder = pipeline_root(root)
    subjects = (path.name.removeprefix("sub-") for path in sorted(folder.glob("sub-*")) if path.is_dir())
    return tuple(
        subject
        for subject in subjects
        if subject not in NOT_SUBJECTS and any(_is_response(file) for file in _all_of(folder, subject))
    )


def pipeline_recordings(
    root: str | Path,
    *,
    subjects: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    sessions: str | Sequence[str] = (),
    tasks: str | Sequence[str] = (),
    datatype: str | None = None,
) -> tuple[RecordingEntry, ...]:
    """Return of whom and what mne-bids-pipeline left averages or epochs; the raw data need not be there.

    Parameters
    ----------
    root : path-like
        Folder of derivatives, or of the BIDS dataset.
    subjects, exclude, sessions, tasks : str | sequence of str
        BIDS labels to take and subjects to leave out; empty takes all.
    datatype : str | None
        ``'meg'`` or ``'eeg'``; None takes what there is.

    Returns
    -------
    recordings : tuple of RecordingEntry
        Sorted by subject, session, task; without paths of raw data.

    Raises
    ------
    DataError
        The folder is not there, or has none of a subject, session or task.
    """
    subjects, exclude, sessions, tasks = map(labels, (subjects, exclude, sessions, tasks))
    folder = pipeline_root(root)
    there = pipeline_subjects(folder)
    for label in (*subjects, *exclude):
        check_name(label, there, "subject", where=f"in {folder}", error=DataError)
    found = set()
    for subject in there:
        if subject in exclude or (subjects and subject not in subjects):
            continue
        for file in _all_of(folder, subject):
            if _is_response(file):
                found.add((subject, file.get("ses"), file.get("task"), file.path.parent.name))
    for what, place, wanted in (("session", 1, sessions), ("task", 2, tasks)):
        known = sorted({str(recording[place]) for recording in found})
        for label in wanted:
            check_name(label, known, what, where=f"in {folder}", error=DataError)
        found = {recording for recording in found if not wanted or recording[place] in wanted}
    found = {recording for recording in found if datatype in (None, recording[3])}
    if not found:
        raise DataError(f"mne-bids-pipeline left neither averages (_ave.fif) nor epochs (_epo.fif) in {folder}.")
    return tuple(
        RecordingEntry(subject=subject, session=session, task=task, datatype=kind, paths=())
        for subject, session, task, kind in sorted(found, key=lambda recording: tuple(map(str, recording)))
    )


def pipeline_files(
    root: str | Path,
    *,
    subject: str,
    session: str | None = None,
    task: str | None = None,
    datatype: str | None = None,
    run: str | None = None,
) -> PipelineFiles:
    """Find the files that mne-bids-pipeline left of a subject.

    Covariance, forward solution, inverse operator and transform carry the name of the task in versions before 1.10, and
    do not since: they are of the whole session. Of several files that fit, the one of this very task and run is taken,
    then the one whose processing (``proc-``) is ``clean``, ``ica``, ``ssp``, ``filt``, ``custom``, none, ``adhoc``, in
    this order; a covariance of this task goes before one of a rest or of the empty room.

    Parameters
    ----------
    root : path-like
        Folder of derivatives, or of the BIDS dataset.
    subject : str
        BIDS label.
    session, task, datatype, run : str | None
        BIDS labels; None where there is only one. The pipeline puts runs together.

    Returns
    -------
    files : PipelineFiles
        Paths.

    Raises
    ------
    DataError
        There is no such subject, session or task, it is not said which of several is meant, or there are neither
        averages nor epochs.
    """
    folder = pipeline_root(root)
    check_name(subject, pipeline_subjects(folder) or _folders(folder), "subject", where=f"in {folder}", error=DataError)
    files = list(_all_of(folder, subject))
    files = _choose(files, "session", "ses", session, subject)
    kinds = {file.path.parent.name for file in files if _is_response(file)}
    if kinds:
        wanted = _only(kinds, "datatype", datatype, subject)
        files = [file for file in files if file.path.parent.name == wanted]
    responses = [file for file in files if _is_response(file)]
    if not responses:
        found = some(sorted(file.path.name for file in files)) or "no FIF file"
        raise DataError(
            f"mne-bids-pipeline left neither averages (_ave.fif) nor epochs (_epo.fif) of subject {subject!r} in "
            f"{folder}: found {found}; run its preprocessing and sensor steps."
        )
    tasks = {file.entities["task"] for file in responses if "task" in file.entities}
    if tasks:
        task = _only(tasks, "task", task, subject)
    return PipelineFiles(**{name: _best(files, name, subject, task=task, run=run) for name in SUFFIXES})


def _folders(folder: Path) -> list[str]:
    return [path.name.removeprefix("sub-") for path in sorted(folder.glob("sub-*")) if path.is_dir()]


def _all_of(folder: Path, subject: str) -> Iterator[_Named]:
    place = folder / f"sub-{subject}"
    for datatype in DATATYPES:
        for pattern in (f"{datatype}/*.fif", f"ses-*/{datatype}/*.fif"):
            for path in sorted(place.glob(pattern)):
                named = _Named.of(path)
                if named is not None and named.suffix in SUFFIXES.values() and named.get("split") in (None, "01"):
                    yield named


def _is_response(file: _Named) -> bool:
    return file.suffix in ("ave", "epo") and file.get("task") not in _NOISE_TASKS[:1]


def _only(there: set[str], what: str, wanted: str | None, subject: str) -> str:
    """Return what is wanted if it is there, or the only one that is."""
    if wanted is not None:
        return check_name(wanted, sorted(there), what, where=f"of subject {subject!r}", error=DataError)
    if len(there) > 1:
        raise DataError(f"Subject {subject!r} has results of more than one {what}, {sorted(there)}: give {what}.")
    return next(iter(there))


def _choose(files: list[_Named], what: str, entity: str, wanted: str | None, subject: str) -> list[_Named]:
    there = {file.entities[entity] for file in files if entity in file.entities}
    if not there and wanted is None:
        return files
    if not there:
        raise DataError(f"The results of subject {subject!r} are not in sessions: leave out {what} {wanted!r}.")
    label = _only(there, what, wanted, subject)
    return [file for file in files if file.get(entity) in (label, None)]


def _best(files: Sequence[_Named], name: str, subject: str, *, task: str | None, run: str | None) -> Path | None:
    suffix = SUFFIXES[name]
    whole_session = name not in ("evoked", "epochs")
    tasks: tuple[str | None, ...] = (task,)
    if whole_session:
        tasks = (task, None, *_NOISE_TASKS) if name == "noise_cov" else (task, None)
    fitting = [
        file for file in files if file.suffix == suffix and file.get("task") in tasks and file.get("run") in (run, None)
    ]
    order: list[Callable[[_Named], int]] = [
        lambda file: -("ses" in file.entities),
        lambda file: tasks.index(file.get("task")),
        lambda file: (run, None).index(file.get("run")),
        lambda file: PROCESSINGS.index(file.get("proc")) if file.get("proc") in PROCESSINGS else len(PROCESSINGS),
    ]
    for rank in order:
        lowest = min(map(rank, fitting), default=0)
        fitting = [file for file in fitting if rank(file) == lowest]
    if len(fitting) > 1:
        listed = ", ".join(file.path.name for file in fitting)
        raise DataError(
            f"It is not clear which {suffix} file of subject {subject!r} is meant, {listed}: move one away."
        )
    return fitting[0].path if fitting else None
