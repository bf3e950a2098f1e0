"""What makes two options, or two inputs, the same: their content, not their name or object."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.utils import object_hash

from ..fit import CircuitPrior
from ..network import Network

__all__ = ["described", "file_hash", "recording_files"]

# what recordings of other systems keep beside the file that stands for them
_MEMBERS = {".vhdr": (".eeg", ".dat", ".vmrk"), ".ahdr": (".eeg", ".dat", ".amrk"), ".set": (".fdt",)}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(member for member in path.rglob("*") if member.is_file())
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def recording_files(data: Any) -> Iterator[Path]:
    """Yield every file of a recording: its runs, the parts of one that is split, and what BIDS keeps beside it."""
    if isinstance(data, (list, tuple)):
        for run in data:
            yield from recording_files(run)
    elif hasattr(data, "fpath"):  # a BIDSPath
        folder, stem = Path(data.directory), re.sub(r"_split-[^_]+", "", str(data.basename).rsplit("_", 1)[0])
        yield from sorted(folder.glob(f"{stem}*"))
        yield from sorted(folder.glob("*.tsv"))
        yield from sorted(folder.glob("*.json"))
    elif isinstance(data, (str, Path)) and Path(data).expanduser().exists():
        path = Path(data).expanduser()
        yield path
        if path.is_file():
            yield from sorted(path.parent.glob(f"{path.stem}-[0-9]*{path.suffix}"))
            for suffix in _MEMBERS.get(path.suffix.lower(), ()):
                yield from sorted(path.parent.glob(f"{path.stem}{suffix}"))
            if path.suffix not in (".fif", ".gz"):  # a scan of BTi
                yield from (member for member in (path.parent / "config", path.parent / "hs_file") if member.is_file())
            if "_split-" in path.name:
                before, after = path.name.split("_split-", 1)
                yield from sorted(path.parent.glob(f"{before}_split-*{after.partition('_')[2]}"))


def described(value: Any) -> Any:
    """Return a JSON-able form of an option that is equal if and only if the option is."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Network):
        return {"network": value.name, "digest": value.digest}
    if isinstance(value, CircuitPrior):
        return described(value.to_plain())
    if type(value) is dict:
        return {str(key): described(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return [described(item) for item in value]
    if isinstance(value, np.ndarray) and value.size <= 10000:
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "fpath"):
        return {"BIDSPath": _entities(value)}
    return {"object": type(value).__name__, "content": _content(value)}


def _entities(path: Any) -> dict[str, Any]:
    """Return what a BIDSPath is made of: ``BIDSPath(**entities)`` is the same path."""
    entities = {name: entity for name, entity in path.entities.items() if entity is not None}
    parts = {"root": None if path.root is None else str(path.root), "check": bool(path.check)}
    return entities | parts | {name: getattr(path, name) for name in ("suffix", "extension", "datatype")}


def _content(value: Any) -> Any:
    """Return the content of one of MNE's objects."""
    if isinstance(value, (mne.io.BaseRaw, mne.BaseEpochs, mne.Evoked)):
        return _measurement(value)
    if isinstance(value, mne.Label):
        return [value.name, value.hemi, value.subject, _hash(value.vertices)]
    if isinstance(value, mne.Transform):
        return value["trans"].tolist()
    if isinstance(value, Mapping):  # operators, models, covariances: mappings of plain values
        return _hash(dict(value))
    if isinstance(value, mne.SourceSpaces):
        return _hash([dict(space) for space in value])
    return _hash(value)


def _hash(value: Any) -> str:
    try:
        return str(object_hash(value))
    except RuntimeError:  # a type that MNE's hash does not know
        return repr(value)


def _measurement(value: Any) -> str:
    """Hash samples and everything that says what they are."""
    digest = hashlib.sha256()
    data = value.data if isinstance(value, mne.Evoked) else value.get_data(verbose="error")
    digest.update(np.ascontiguousarray(data).tobytes())
    info = value.info
    parts = [
        [
            (channel["ch_name"], int(channel["kind"]), int(channel["coil_type"]), channel["loc"])
            for channel in info["chs"]
        ],
        list(info["bads"]),
        float(info["sfreq"]),
        int(info["custom_ref_applied"]),
        [(projector["desc"], bool(projector["active"]), projector["data"]["data"]) for projector in info["projs"]],
        None if info["dev_head_t"] is None else info["dev_head_t"]["trans"],
        [point["r"] for point in info["dig"] or ()],
        value.times,
    ]
    if isinstance(value, mne.Evoked):
        parts += [int(value.nave), value.comment]
    elif isinstance(value, mne.BaseEpochs):
        parts += [value.events, dict(value.event_id)]
    else:
        parts += [int(value.first_samp), [(*map(float, numbers), name) for *numbers, name in _annotated(value)]]
    if not isinstance(value, mne.io.BaseRaw):
        parts.append(None if value.baseline is None else [float(limit) for limit in value.baseline])
    digest.update(repr(object_hash(parts)).encode())
    return digest.hexdigest()


def _annotated(raw: mne.io.BaseRaw) -> list[tuple[Any, ...]]:
    notes = raw.annotations
    return list(zip(notes.onset, notes.duration, map(str, notes.description), strict=True))
