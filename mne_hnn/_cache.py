"""Where things that are made once per machine are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_directory"]


def cache_directory() -> Path:
    """Return the folder for compiled mechanisms and other things made once per machine.

    ``$MNE_HNN_CACHE`` if set, else ``mne-hnn`` in the platform's cache folder (``$XDG_CACHE_HOME`` or
    ``~/.cache``; ``~/Library/Caches`` on macOS).
    """
    named = os.environ.get("MNE_HNN_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("mne-hnn")
