"""What was simulated so far, on disk, so that a fit that was killed goes on where it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .._archive import DAMAGE
from .._files import remove_left, write_whole
from .._types import FloatArray
from ..errors import CacheError

__all__ = ["Checkpoint"]

Record = Mapping[str, FloatArray]


class Checkpoint:
    """Results by key, one file per batch.

    Every optimizer here is deterministic, so a fit is resumed by running it again with all the results it had: it asks
    the same questions in the same order and ends with the same bytes, whichever optimizer it is. A batch is written to
    a temporary file and renamed, so a file is whole or absent.

    Parameters
    ----------
    folder : path-like | None
        Where the batches are; it is made if need be. None keeps everything in memory.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder).expanduser()
        self._records: dict[str, Record] = {}
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(f"The checkpoint folder {self.folder} cannot be made: {error.strerror}.") from error
        for file in sorted(self.folder.glob("batch-*.npz")):
            self._read(file)
        remove_left(self.folder)

    def _read(self, file: Path) -> None:
        try:
            with np.load(file, allow_pickle=False) as kept:
                for name in kept.files:
                    key, field = name.split("/")
                    record = dict(self._records.get(key, {}))
                    record[field] = kept[name]
                    self._records[key] = record
        except FileNotFoundError:
            return  # deleted since it was listed: its batch is run again
        except (OSError, *DAMAGE) as error:
            raise CacheError(
                f"The checkpoint {file} cannot be read ({type(error).__name__}): delete it, and its batch is run again."
            ) from error

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: str) -> Record | None:
        """Return what is known under a key."""
        return self._records.get(key)

    def add(self, records: Mapping[str, Record]) -> None:
        """Keep the results of a batch."""
        if not records:
            return
        self._records.update(records)
        if self.folder is None:
            return
        content = {f"{key}/{field}": value for key, record in records.items() for field, value in record.items()}
        file = self.folder / f"batch-{next(iter(records))}.npz"
        write_whole(file, lambda stream: np.savez(stream, **content), "checkpoint")  # type: ignore[arg-type]
