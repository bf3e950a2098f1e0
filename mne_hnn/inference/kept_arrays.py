"""Arrays of long work in files, whole or not at all, so that it goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np

from .._archive import DAMAGE
from .._files import write_whole
from .._types import FloatArray
from ..errors import CacheError

__all__ = ["read_arrays", "write_arrays"]


def read_arrays(file: Path) -> dict[str, FloatArray] | None:
    """Return the arrays of a file by name, or None if it is not there."""
    if not file.exists():
        return None
    try:
        with np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, *DAMAGE) as error:
        raise CacheError(
            f"{file} cannot be read ({type(error).__name__}): delete it, and what it holds is worked out again."
        ) from error


def write_arrays(file: Path, arrays: Mapping[str, FloatArray]) -> None:
    """Write arrays by name to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    stream = BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    write_whole(file, lambda opened: opened.write(stream.getvalue()), "checkpoint")
