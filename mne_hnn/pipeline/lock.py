"""One run at a time in a folder of results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mne.utils import logger

from .._locks import BusyError, lock_file
from ..errors import CacheError

__all__ = ["LOCK", "folder_lock"]

LOCK = ".mne_hnn.lock"


@contextmanager
def folder_lock(folder: Path, *, what: str, wait: bool = False, shared: bool = False) -> Iterator[None]:
    """Keep other runs out of a folder, which is made if it is not there.

    Parameters
    ----------
    folder : Path
        The folder.
    what : str
        What is running, for the message.
    wait : bool
        Whether to wait until the other one has ended.
    shared : bool
        Whether runs that share the folder, too, may go on at the same time.

    Raises
    ------
    CacheError
        Another run is using the folder, or it cannot be written.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(
                lock_file(
                    folder / LOCK,
                    shared=shared,
                    wait=wait,
                    waiting=lambda holder: logger.info("Waiting for another %s in %s (%s) ...", what, folder, holder),
                )
            )
        except BusyError as busy:
            raise CacheError(
                f"Another {what} is using {folder} ({busy}): wait for it to end, or choose another output."
            ) from None
        except OSError as error:
            raise CacheError(f"The folder {folder} cannot be written: {error.strerror or error}.") from error
        yield
