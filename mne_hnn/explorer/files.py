"""Which files the page may open, and where it may save: only in the folder that it was started in."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError

__all__ = ["Folders"]

SUFFIXES = (".txt", ".json", ".param", ".csv", ".fif", ".npz", ".mat", ".h5", ".hdf5")
MOST_FILES = 200


class Folders:
    """The folders that the page may use.

    Parameters
    ----------
    home : path-like
        Where names start, and where is saved.
    *more : path-like
        Other folders that may be read.
    """

    def __init__(self, home: str | Path, *more: str | Path) -> None:
        self.home = Path(home).resolve()
        self._read = tuple(dict.fromkeys([self.home, *(Path(one).resolve() for one in more)]))

    def existing(self, name: str | None) -> Path:
        """Return the path of a file or folder to open.

        Raises
        ------
        DataError
            Nothing was named, it is outside of the folders, or there is no such file.
        """
        path = self._path(name)
        if not any(path.is_relative_to(folder) for folder in self._read):
            raise DataError(f"{name} is outside {self._words()}: start mne-hnn explore with this file instead.")
        if not path.exists():
            raise DataError(f"There is no file {name} in {self._words()}: choose one of the list.")
        return path

    def new(self, name: str | None) -> Path:
        """Return the path of a file or folder to write to.

        Raises
        ------
        DataError
            Nothing was named, or it is outside of the folder that the page was started in.
        """
        path = self._path(name)
        if not path.is_relative_to(self.home) or path == self.home:
            raise DataError(f"{name} is not inside {self.home}: name something new in it.")
        return path

    def _path(self, name: str | None) -> Path:
        words = str(name or "").strip()
        if not words or "\0" in words:
            raise DataError("No file is named: choose or type one.")
        return (self.home / words).resolve()

    def _words(self) -> str:
        return " and ".join(str(folder) for folder in self._read)

    def files(self) -> list[str]:
        """Return the names of files that may be what can be opened, up to one folder deep."""
        found = []
        for pattern in ("*", "*/*"):
            for path in sorted(self.home.glob(pattern)):
                name = path.relative_to(self.home)
                if path.suffix in SUFFIXES and not any(part.startswith(".") for part in name.parts):
                    found.append(str(name))
                if len(found) >= MOST_FILES:
                    return found
        return found

    def free_file(self, name: str, ending: str) -> str:
        """Return the name of a file that is not there yet."""
        tried = (f"{name}{'' if k == 1 else f'-{k}'}{ending}" for k in range(1, 10000))
        return next(one for one in tried if not (self.home / one).exists())

    def free_name(self) -> str:
        """Return the name of a folder that is not there yet."""
        return next(name for k in range(1, 10000) if not (self.home / (name := f"exploration-{k}")).exists())
