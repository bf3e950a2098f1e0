"""Where things that are made once per machine are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from .errors import CacheError

__all__ = ["cache_directory"]


def cache_directory() -> Path:
    """Return the folder for compiled mechanisms and other things made once per machine.

    ``$MNE_HNN_CACHE`` if set, else ``mne-hnn`` in the platform's cache folder (``$XDG_CACHE_HOME`` or
    ``~/.cache``; ``~/Library/Caches`` on macOS).

    Raises
    ------
    CacheError
        There is no home folder.

    Examples
    --------
    >>> cache_directory().is_absolute()
    True
    """
    folder = Path(os.environ.get("MNE_HNN_CACHE") or platformdirs.user_cache_path("mne-hnn"))
    try:
        return folder.expanduser().absolute()  # compilers and workers are in other folders
    except RuntimeError as error:
        raise CacheError(
            f"The home folder for the cache is not known ({error}): set the environment variable MNE_HNN_CACHE to a "
            "folder that can be written."
        ) from error
