"""Results on disk: each stage's folder with a JSON sidecar that says what made it, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CacheError, DataError
from .identity import file_hash
from .stage import AnyStage

__all__ = ["Store", "output_path", "sidecar_path", "stage_folder"]


def stage_folder(folder: Path, stage: AnyStage, number: int) -> Path:
    """Return a stage's folder, in that of a subject."""
    return folder / f"{number:02d}_{stage.name}"


def sidecar_path(place: Path, stage: AnyStage) -> Path:
    """Return the sidecar in a stage's folder."""
    return place / f"{stage.name}.json"


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

    def place(self, stage: AnyStage, number: int) -> Path:
        """Return a stage's folder."""
        return stage_folder(self.folder, stage, number)

    def read(self, stage: AnyStage, number: int) -> dict[str, Any] | None:
        """Return a stage's sidecar, None if the stage is not complete or its files are not those it wrote."""
        place = self.place(stage, number)
        try:
            sidecar = json.loads(sidecar_path(place, stage).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(sidecar, dict) or not isinstance(sidecar.get("outputs"), dict):
            return None
        for name, file in stage.outputs.items():
            # a disk that failed or a hand that edited leave files that are not what was made
            try:
                same = file_hash(output_path(place, file)) == sidecar["outputs"].get(name)
            except OSError:
                same = False
            if not same:
                return None
        return sidecar

    def hash_of(self, path: Path, sidecar: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return path, size, time and hash of an input; the hash is not computed again for the same size and time."""
        try:
            status = path.stat()
            record = {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
            for known in (sidecar or {}).get("files", []):
                if path.is_file() and all(known.get(key) == value for key, value in record.items()):
                    return {**record, "sha256": known["sha256"]}
            return {**record, "sha256": file_hash(path)}
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from error

    def scratch(self, stage: AnyStage) -> Path:
        """Make the folder a stage writes to before it is done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=f".{stage.name}-", dir=self.folder))
        except OSError as error:
            raise CacheError(f"The folder {self.folder} cannot be written: {error.strerror}.") from error

    def clean(self) -> None:
        """Remove what a run that was killed left half-written; nobody else may be at work here."""
        for left in self.folder.glob(".*-*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)

    def commit(self, stage: AnyStage, number: int, scratch: Path, sidecar: Mapping[str, Any]) -> None:
        """Move a finished stage to its place, replacing what was there."""
        hashes = {name: file_hash(output_path(scratch, file)) for name, file in stage.outputs.items()}
        self._share(stage, scratch, hashes, sidecar)
        text = json.dumps({**sidecar, "outputs": hashes}, indent=1, default=_plain)
        sidecar_path(scratch, stage).write_text(text + "\n", encoding="utf-8")
        scratch.chmod(0o777 & ~_umask())  # mkdtemp makes it private
        place = self.place(stage, number)
        if place.exists():
            old = Path(tempfile.mkdtemp(prefix=f".old-{stage.name}-", dir=self.folder))
            os.replace(place, old / place.name)
            os.replace(scratch, place)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(scratch, place)

    def _share(self, stage: AnyStage, scratch: Path, hashes: Mapping[str, str], sidecar: Mapping[str, Any]) -> None:
        """Keep an output that equals an input once: operators that are given are large, and used by many."""
        known = {source["sha256"]: Path(source["path"]) for source in sidecar.get("files", ())}
        for name, file in stage.outputs.items():
            same, written = known.get(hashes[name]), output_path(scratch, file)
            if same is not None and same.is_file() and written.is_file() and same.is_relative_to(self.folder.parent):
                link = written.with_name(f".{written.name}")
                try:
                    os.link(same, link)
                except OSError:
                    continue  # another disk, or a file system without links: two copies then
                os.replace(link, written)


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
