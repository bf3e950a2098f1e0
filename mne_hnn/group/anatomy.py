"""Where the anatomy of a subject is: its own, or a template that is scaled to its head."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
from mne.utils import logger

from .._text import first_line
from ..errors import DataError
from ..pipeline.files import LANDMARKS

if TYPE_CHECKING:
    from .config import GroupConfig
    from .dataset import RecordingEntry

__all__ = ["anatomy_options", "fill_names", "subjects_folder", "surface_subject"]

_IN_BIDS = ("derivatives/freesurfer/subjects", "derivatives/freesurfer")


def fill_names(value: Any, unit: RecordingEntry) -> Any:
    """Replace ``{subject}``, ``{session}`` and ``{task}`` in a path or name, or in several."""
    if type(value) in (list, tuple):
        return type(value)(fill_names(item, unit) for item in value)
    if isinstance(value, Path):
        return Path(fill_names(str(value), unit))
    if not isinstance(value, str):
        return value
    for name in ("subject", "session", "task"):
        entity = getattr(unit, name)
        if f"{{{name}}}" in value:
            if entity is None:
                raise DataError(f"{value!r} names a {name}, but sub-{unit.subject} has none: take it out.")
            value = value.replace(f"{{{name}}}", entity)
    return value


def surface_subject(config: GroupConfig, unit: RecordingEntry) -> tuple[str | None, Path | None]:
    """Return the name of a subject's FreeSurfer folder, None if it has none, and the folder of subjects."""
    folder = subjects_folder(config, unit)
    if folder is None:
        return None, None
    name = fill_names(config.fs_subject, unit)
    for candidate in dict.fromkeys((name, f"sub-{unit.subject}")):
        if (folder / candidate / "surf" / "lh.white").exists():
            return candidate, folder
    return None, folder


def subjects_folder(config: GroupConfig, unit: RecordingEntry) -> Path | None:
    """Return FreeSurfer's folder of subjects: as configured, where BIDS keeps it, or as MNE knows it."""
    if config.subjects_dir is None and config.bids_root is not None:
        for part in _IN_BIDS:
            found = Path(config.bids_root).expanduser() / part
            if found.is_dir():
                return found.resolve()
    given = mne.utils.get_subjects_dir(fill_names(config.subjects_dir, unit), raise_error=False)
    return None if given is None else Path(given)


def anatomy_options(config: GroupConfig, unit: RecordingEntry, place: Path) -> dict[str, Any]:
    """Return the options of the forward solution that is to be made.

    Parameters
    ----------
    config : GroupConfig
        The analysis.
    unit : RecordingEntry
        Subject and recording.
    place : Path
        Folder for a transform that is read from the data set's landmarks.

    Returns
    -------
    options : dict
        ``fs_subject``, ``subjects_dir``, ``trans``, ``template``.

    Raises
    ------
    DataError
        There is neither an MRI nor a template.
    """
    name, subjects_dir = surface_subject(config, unit)
    if subjects_dir is None:
        raise DataError(
            f"sub-{unit.subject}: subjects_dir is not set, so there is no surface to estimate currents on: set it to "
            "FreeSurfer's folder of subjects."
        )
    if name is not None:
        trans = fill_names(config.trans, unit)
        if trans is None:
            trans = _landmark_trans(unit, name, subjects_dir, place)
        return {"fs_subject": name, "subjects_dir": subjects_dir, "trans": trans, "template": None}
    template = config.without_mri
    if template is None:
        raise DataError(
            f"sub-{unit.subject} has no surfaces in {subjects_dir} (neither {fill_names(config.fs_subject, unit)!r} "
            f"nor 'sub-{unit.subject}'): add them, or let without_mri name a template to scale."
        )
    if not (subjects_dir / template / "surf" / "lh.white").exists():
        raise DataError(
            f"sub-{unit.subject} has no surfaces in {subjects_dir}, and the template {template!r} is not there either: "
            f"add it with mne.datasets.fetch_fsaverage({str(subjects_dir)!r}), or set without_mri to one that is there."
        )
    return {"fs_subject": template, "subjects_dir": subjects_dir, "trans": None, "template": template}


def _landmark_trans(unit: RecordingEntry, fs_subject: str, subjects_dir: Path, place: Path) -> Path | None:
    """Return the transform that the data set's landmarks define, as a file; None if it has none."""
    if not unit.paths:
        return None
    from mne_bids import get_head_mri_trans

    try:
        trans = get_head_mri_trans(unit.paths[0], fs_subject=fs_subject, fs_subjects_dir=subjects_dir, verbose="error")
    except Exception as error:  # noqa: BLE001 - of many kinds, all of them: no usable landmarks
        logger.debug("sub-%s: no landmarks in the data set (%s)", unit.subject, first_line(error))
        return None
    place.mkdir(parents=True, exist_ok=True)
    file = place / LANDMARKS
    if file.exists() and np.array_equal(mne.read_trans(file)["trans"], trans["trans"].astype(np.float32)):
        return file
    descriptor, name = tempfile.mkstemp(suffix="-trans.fif", prefix=".writing-", dir=place)
    os.close(descriptor)
    mne.write_trans(name, trans, overwrite=True, verbose="error")
    Path(name).replace(file)
    return file
