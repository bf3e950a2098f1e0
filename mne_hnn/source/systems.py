"""Recordings of every system but FIF: MNE's reader for each, and one sentence for those that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mne

from .._text import first_line
from ..errors import DataError
from ._heard import heard

__all__ = ["is_fif", "open_system", "readable"]

# members of recordings that keep several files under one name, and the file that stands for all of them
_HEADERS = {
    ".eeg": (".vhdr",),
    ".dat": (".vhdr",),
    ".vmrk": (".vhdr",),
    ".amrk": (".ahdr",),
    ".fdt": (".set",),
    ".mrk": (".con", ".sqd"),
    ".hsp": (".con", ".sqd"),
    ".elp": (".con", ".sqd"),
}
_FOLDERS = {".ds": "CTF", ".mff": "EGI", ".mefd": "MEF"}
# formats of which a path alone does not tell enough
_BY_HAND = {
    ".mat": "mne.io.read_raw_fieldtrip(path, info)",
    ".bin": "mne.io.read_raw_fil(path) or mne.io.read_raw_artemis123(path)",
}
_COURSE = " The time course of a source is read by mne_hnn.io.read_source_course, or as target_file of an analysis."
_SYSTEMS = {
    ".vhdr": "BrainVision",
    ".ahdr": "BrainVision",
    ".edf": "EDF",
    ".bdf": "BDF",
    ".gdf": "GDF",
    ".set": "EEGLAB",
    ".cnt": "CNT",
    ".con": "KIT",
    ".sqd": "KIT",
    ".ds": "CTF",
    ".mff": "EGI",
    ".mat": "FieldTrip",
    ".cdt": "Curry",
    ".eeg": "Nihon Kohden",
}
_KIT_SAMPLES = 9  # which entry of the table of contents has the place of the samples
_BYTES = {"short": 2, "int": 4, "single": 4, "double": 8}


def is_fif(path: Path) -> bool:
    """Return whether a path is named as FIF files are."""
    return path.name.endswith((".fif", ".fif.gz"))


def open_system(path: Path) -> Any | None:
    """Return the recording at a path that is not a FIF file, as Raw or, of EEGLAB, Epochs.

    Parameters
    ----------
    path : Path
        File or folder.

    Returns
    -------
    data : mne.io.BaseRaw | mne.BaseEpochs | None
        The recording; None if the name is of no system that MNE knows, so that it may be a FIF file.

    Raises
    ------
    DataError
        A member of a recording is named instead of the whole, members are missing, or it cannot be read.
    """
    _check_whole(path)
    scan = _bti_scan(path)
    if scan is not None:
        return _read_bti(scan)
    suffix = path.suffix.lower()
    name = _SYSTEMS.get(suffix, f"{suffix or 'such a'}")
    try:
        with heard(f"{path} ({name})"):
            return _complete(readable(mne.io.read_raw(path, verbose="warning")))
    except DataError:
        raise
    except Exception as error:
        if "Unsupported file type" in str(error):
            if not path.is_dir():
                return None
            raise DataError(
                f"{path} is a folder, but of no system that MNE knows (CTF .ds, EGI .mff, a BTi scan with its file "
                "'config'): name the recording in it."
            ) from error
        if suffix == ".set" and "read_epochs_eeglab" in str(error):
            return _eeglab_epochs(path)
        raise _unreadable(path, name, error) from error


def readable(raw: mne.io.BaseRaw) -> mne.io.BaseRaw:
    """Return continuous data whose last sample can be read: opening a file that is cut off reads its header only."""
    raw[:1, raw.n_times - 1]
    return raw


def _check_whole(path: Path) -> None:
    """Refuse one member of a recording of several files, and say which file or folder stands for all."""
    for parent in path.parents:
        if parent.suffix.lower() in _FOLDERS:
            system = _FOLDERS[parent.suffix.lower()]
            raise DataError(f"{path} is one file of a {system} recording, which is the whole folder: name {parent}.")
    for suffix in _HEADERS.get(path.suffix.lower(), ()):
        header = path.with_suffix(suffix)
        if header.exists():
            raise DataError(
                f"{path} is one of the files of {header.name}, which stands for all of them: name {header}."
            )
    if path.name in ("config", "hs_file") and _scans(path.parent):
        raise DataError(f"{path} is one file of a BTi recording, which is the whole folder: name {path.parent}.")
    if path.suffix.lower() == ".mrk":
        raise DataError(f"{path} holds the marker coils of a KIT recording: name its .con or .sqd file.")


def _scans(folder: Path) -> list[Path]:
    """Return the files of BTi's sensor data in a folder (``c,rfDC`` and the like)."""
    return sorted(path for pattern in ("c,rf*", "hc,rf*", "e,rf*") for path in folder.glob(pattern) if path.is_file())


def _bti_scan(path: Path) -> Path | None:
    """Return the file of the sensor data if a path is a scan of BTi (4D Neuroimaging)."""
    if path.is_dir():
        scans = _scans(path)
        if len(scans) > 1:
            raise DataError(
                f"{path} has more than one scan of a BTi system, {', '.join(scan.name for scan in scans)}: name "
                "the file."
            )
        if not scans and (path / "config").is_file():
            raise DataError(f"{path} has the file 'config' of a BTi system, but no sensor data (c,rf*): copy it again.")
        return scans[0] if scans else None
    return path if path in _scans(path.parent) else None


def _read_bti(scan: Path) -> mne.io.BaseRaw:
    for name, what in (("config", "the sensors"), ("hs_file", "the head's position and shape")):
        if not (scan.parent / name).is_file():
            raise DataError(
                f"{scan} (BTi) lacks the file {name!r} beside it, which holds {what}: copy it there, or open the "
                "recording with mne.io.read_raw_bti and pass the Raw."
            )
    try:
        with heard(f"{scan} (BTi)"):
            return readable(mne.io.read_raw_bti(scan, verbose="warning"))
    except Exception as error:
        raise _unreadable(scan, "BTi", error) from error


def _eeglab_epochs(path: Path) -> mne.BaseEpochs:
    try:
        with heard(f"{path} (EEGLAB)"):
            return mne.read_epochs_eeglab(path, verbose="warning")
    except Exception as error:
        raise _unreadable(path, "EEGLAB", error) from error


def _complete(raw: mne.io.BaseRaw) -> mne.io.BaseRaw:
    """Refuse data that end before they should, where MNE makes up, or leaves out, the rest without a word."""
    if raw.filenames[0] is None:
        return raw
    data = Path(raw.filenames[0])
    size = data.stat().st_size
    extras = raw._raw_extras[0] if raw._raw_extras else {}
    if isinstance(raw, mne.io.brainvision.brainvision.RawBrainVision):
        width = _BYTES.get(str(raw.orig_format))
        complete = not width or data.suffix.lower() not in (".eeg", ".dat") or size % (width * len(raw.ch_names)) == 0
    elif isinstance(raw, mne.io.kit.kit.RawKIT) and {"dirs", "dtype", "nchan", "n_samples"} <= set(extras):
        samples = int(extras["n_samples"]) * int(extras["nchan"]) * extras["dtype"].itemsize
        complete = size >= int(extras["dirs"][_KIT_SAMPLES]["offset"]) + samples
    else:
        return raw
    if not complete:
        raise DataError(f"{data} ends too early: the file is cut off or damaged. Copy it again.")
    return raw


def _unreadable(path: Path, system: str, error: Exception) -> DataError:
    suffix = path.suffix.lower()
    if suffix in _BY_HAND:
        return DataError(
            f"{path} cannot be opened by its path alone: open it with {_BY_HAND[suffix]} and pass the Raw "
            f"({first_line(error)}).{_COURSE if suffix == '.mat' else ''}"
        )
    reason = " ".join(str(error).split()) if "one of:" in str(error) else first_line(error)
    return DataError(
        f"{path} cannot be read as {system} recording: {reason.rstrip('.')}. Is it cut off, or are files that belong "
        "to it missing?"
    )
