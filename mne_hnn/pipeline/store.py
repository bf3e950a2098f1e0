"""Results on disk: each stage's folder with a JSON sidecar that says what made it, whole or not at all."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..errors import CacheError
from .identity import file_hash
from .stage import Stage

__all__ = ["Store", "output_path"]

SIDECAR = "{stage}.json"
_VERSIONS = ("mne", "numpy", "scipy", "neuron", "nibabel", "mne-bids")


def versions() -> dict[str, str]:
    """Return the versions of what computes the results."""
    found = {"mne_hnn": __version__, "python": platform.python_version()}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def output_path(place: Path, pattern: str) -> Path:
    """Return an output's file; a ``*`` in its name stands for what the result decides, such as the hemisphere."""
    if "*" not in pattern:
        return place / pattern
    return next(iter(sorted(place.glob(pattern))), place / pattern)


class Store:
    """The results of one subject.

    Parameters
    ----------
    folder : Path
        The subject's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, stage: Stage, number: int) -> Path:
        """Return a stage's folder."""
        return self.folder / f"{number:02d}_{stage.name}"

    def read(self, stage: Stage, number: int) -> dict[str, Any] | None:
        """Return a stage's sidecar, None if the stage is not complete."""
        place = self.place(stage, number)
        try:
            sidecar = json.loads((place / SIDECAR.format(stage=stage.name)).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(sidecar, dict) or not all(
            output_path(place, name).exists() for name in stage.outputs.values()
        ):
            return None
        return sidecar

    def hash_of(self, path: Path, sidecar: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return path, size, time and hash of an input; the hash is not computed again for the same size and time."""
        status = path.stat()
        record = {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
        for known in (sidecar or {}).get("files", []):
            if path.is_file() and all(known.get(key) == value for key, value in record.items()):
                return {**record, "sha256": known["sha256"]}
        return {**record, "sha256": file_hash(path)}

    def scratch(self, stage: Stage) -> Path:
        """Make the folder a stage writes to before it is done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f".{stage.name}-", dir=self.folder))
        except OSError as error:
            raise CacheError(f"The folder {self.folder} cannot be written: {error.strerror}.") from error

    def commit(self, stage: Stage, number: int, scratch: Path, sidecar: Mapping[str, Any]) -> None:
        """Move a finished stage to its place, replacing what was there."""
        hashes = {name: file_hash(output_path(scratch, file)) for name, file in stage.outputs.items()}
        text = json.dumps({**sidecar, "outputs": hashes}, indent=1, default=_plain)
        (scratch / SIDECAR.format(stage=stage.name)).write_text(text + "\n", encoding="utf-8")
        scratch.chmod(0o777 & ~_umask())  # mkdtemp makes it private
        place = self.place(stage, number)
        if place.exists():
            old = Path(tempfile.mkdtemp(prefix=f".old-{stage.name}-", dir=self.folder))
            os.replace(place, old / place.name)
            os.replace(scratch, place)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(scratch, place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
