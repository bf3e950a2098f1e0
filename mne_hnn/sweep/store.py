"""Where a sweep is kept: in memory, or in a folder that outlives the process."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .._archive import DAMAGE
from .._files import SCRATCH, remove_left, write_whole
from ..errors import CacheError, DataError, ParameterError
from .records import Record

__all__ = ["DESCRIPTION", "TABLE", "FolderStore", "MemoryStore", "Store", "read_description"]

DESCRIPTION = "sweep.json"
TABLE = "sweep.tsv"
POINTS = "points"
#: Raise it when the files change their form.
SCHEMA = 1


class Store(Protocol):
    """Keeps the records of points by key."""

    def __contains__(self, key: object) -> bool:
        """Whether a point is kept."""
        ...

    def read(self, key: str, names: Sequence[str] | None = None) -> Record:
        """Return the arrays of a point, all or those named."""
        ...

    def write(self, key: str, record: Record) -> None:
        """Keep the arrays of a point."""
        ...


class MemoryStore:
    """Records in memory."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def read(self, key: str, names: Sequence[str] | None = None) -> Record:
        """Return the arrays of a point."""
        record = self._records[key]
        return record if names is None else {name: record[name] for name in names}

    def write(self, key: str, record: Record) -> None:
        """Keep the arrays of a point."""
        self._records[key] = dict(record)


class FolderStore:
    """Records in a folder, one archive of arrays per point, each of them whole or absent.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open_for(self, description: Mapping[str, Any]) -> None:
        """Make the folder, or go on in it if it holds a sweep of the same description."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ParameterError(f"{self.folder} is a file: give a folder.")
        try:
            others = self._others()
            if not others:
                (self.folder / POINTS).mkdir(parents=True, exist_ok=True)
                remove_left(self.folder, f"**/{SCRATCH}*")
        except OSError as error:
            raise CacheError(f"The folder {self.folder} of the sweep cannot be made: {error.strerror}.") from error
        if others:
            listed = ", ".join(others[:3])
            raise ParameterError(f"{self.folder} holds no sweep, but {listed}: choose a new or empty folder.")
        if (self.folder / DESCRIPTION).exists():
            _check_same(self.folder, read_description(self.folder), json.loads(json.dumps(description)))
        else:
            self._write_text(DESCRIPTION, json.dumps(description, indent=1) + "\n")

    def _others(self) -> list[str]:
        """Return what is in the folder if it is no sweep: it would be mixed with one."""
        if not self.folder.exists() or (self.folder / DESCRIPTION).exists():
            return []
        points = self.folder / POINTS
        # an empty folder of points is what a run leaves that was killed right at its start
        started = points.is_dir() and not any(points.iterdir())
        return [
            path.name
            for path in sorted(self.folder.iterdir())
            if not path.name.startswith(SCRATCH) and not (started and path == points)
        ]

    def file(self, key: str) -> Path:
        """Return the file of a point."""
        return self.folder / POINTS / f"{key}.npz"

    def __contains__(self, key: object) -> bool:
        return self.file(str(key)).exists()

    def read(self, key: str, names: Sequence[str] | None = None) -> Record:
        """Return the arrays of a point."""
        file = self.file(key)
        try:
            with zipfile.ZipFile(file) as archive:
                wanted = [Path(name).stem for name in archive.namelist()] if names is None else names
                # read to the end, which compares the checksum; numpy.load would not
                content = {name: io.BytesIO(archive.read(f"{name}.npy")) for name in wanted}
            return {name: np.lib.format.read_array(stream, allow_pickle=False) for name, stream in content.items()}
        except FileNotFoundError as error:
            raise DataError(f"{file} is gone: run the sweep again.") from error
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or type(error).__name__}.") from error
        except DAMAGE as error:
            raise DataError(
                f"{file} is damaged ({type(error).__name__}): delete it and run the sweep again."
            ) from error

    def write(self, key: str, record: Record) -> None:
        """Keep the arrays of a point."""
        write_whole(self.file(key), lambda stream: np.savez(stream, **record), "point of the sweep")

    def write_table(self, text: str) -> None:
        """Write the table."""
        self._write_text(TABLE, text)

    def _write_text(self, name: str, text: str) -> None:
        write_whole(self.folder / name, lambda stream: stream.write(text.encode()), "sweep")


def read_description(folder: Path) -> dict[str, Any]:
    """Return what a folder says of its sweep.

    Raises
    ------
    DataError
        The folder holds no sweep, a damaged one, or one of another version.
    """
    file = folder / DESCRIPTION
    if not file.is_file():
        raise DataError(f"{folder} holds no sweep: there is no {DESCRIPTION} in it.")
    try:
        content = json.loads(file.read_text())
        schema = content["schema"]
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} is damaged, or no sweep ({type(error).__name__}).") from error
    if schema != SCHEMA:
        raise DataError(f"{file} was written by another version of mne_hnn (form {schema}, this one reads {SCHEMA}).")
    return dict(content)


def _check_same(folder: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    if there == here:
        return
    mine, theirs = here["settings"], there.get("settings", {})
    differs = [
        f"{name} is {theirs.get(name)!r} there and {mine.get(name)!r} here"
        for name in {**theirs, **mine}
        if mine.get(name) != theirs.get(name)
    ]
    parts = {
        "software": "it was made by another version of mne_hnn",  # first: keys of points follow from it
        "network": "it varies another network",
        "grid": "its grid is another one",
        "summary": "its summary functions are others, or were edited",
        "points": "its points have other networks",
    }
    differs += [text for name, text in parts.items() if there.get(name) != here[name]]
    raise ParameterError(f"{folder} holds another sweep: {differs[0]}. Choose another folder, or delete this one.")
