"""Find files among the derivatives: mne-bids does not know the entity ``cond``, and lists none that has it."""

from __future__ import annotations

from pathlib import Path

from .._checks import check_name
from ..errors import DataError
from .names import entity_label

__all__ = ["find_derivatives"]

_KEYS = {"subject": "sub", "session": "ses", "task": "task", "condition": "cond", "description": "desc"}


def find_derivatives(
    root: str | Path,
    *,
    subject: str | None = None,
    session: str | None = None,
    task: str | None = None,
    condition: str | None = None,
    description: str | None = None,
    suffix: str | None = None,
    extension: str | None = None,
) -> tuple[Path, ...]:
    """Return the files of subjects and conditions among the derivatives of a group.

    ``mne_bids.find_matching_paths`` and ``BIDSPath.match`` leave out every file with an entity that is not of BIDS, and
    so all of these.

    Parameters
    ----------
    root : path-like
        The derivatives, ``derivatives/mne-hnn`` of the data set, or the output of the configuration.
    subject, session, task : str | None
        BIDS labels; None takes all.
    condition : str | None
        A condition, as the configuration calls it.
    description : str | None
        What ``desc-`` says: ``'target'`` or ``'fit'``.
    suffix, extension : str | None
        Such as ``'dipole'`` and ``'.fif'``.

    Returns
    -------
    paths : tuple of Path
        Sorted by name.

    Raises
    ------
    DataError
        The folder is no derivatives of this package, or no file has one of the labels; the nearest one is suggested.

    Examples
    --------
    >>> [path.name for path in find_derivatives(derivatives, condition="missed", description="fit", extension=".fif")]
    ['sub-01_task-touch_cond-missed_desc-fit_dipole.fif']
    """
    folder = Path(root).expanduser()
    found = {path: _entities(path) for path in sorted(folder.glob("sub-*/**/*_cond-*")) if path.is_file()}
    if not found:
        raise DataError(f"{folder} holds no results of subjects and conditions: give the folder derivatives/mne-hnn.")
    wanted = {
        "sub": subject,
        "ses": session,
        "task": task,
        "cond": None if condition is None else entity_label(condition),
        "desc": description,
        "suffix": suffix,
        "extension": extension,
    }
    words = {short: name for name, short in _KEYS.items()}
    for key, value in wanted.items():
        if value is not None:
            known = sorted({entities[key] for entities in found.values() if key in entities})
            check_name(value, known, words.get(key, key), where=f"in {folder}", error=DataError)
            found = {path: entities for path, entities in found.items() if entities.get(key) == value}
    return tuple(found)


def _entities(path: Path) -> dict[str, str]:
    *pairs, last = path.name.split("_")
    suffix, dot, extension = last.partition(".")
    entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    return {**entities, "suffix": suffix, "extension": dot + extension}
