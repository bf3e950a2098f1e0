"""Addresses of Dask's schedulers: of one that answers, or a sentence that says why there is none."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .._text import first_line
from ..errors import ConfigError

__all__ = ["ANSWER", "scheduler_address", "unreachable"]

ANSWER = "15s"
"""How long a scheduler may take to answer."""
_LOOKS = 5


def scheduler_address(named: str) -> str:
    """Return the address of a scheduler that answers.

    Parameters
    ----------
    named : str
        The address, or the file that a scheduler writes.

    Raises
    ------
    ConfigError
        There is no such file, it holds no address, or nobody answers there.
    """
    address = named
    if "://" not in named and Path(named).suffix == ".json":
        try:
            address = _read_address(Path(named).expanduser())
        except FileNotFoundError:
            raise ConfigError(
                f"There is no scheduler file {named}: start one with `dask scheduler --scheduler-file {named}`."
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{named} is not a scheduler file ({type(error).__name__}): it is what `dask scheduler "
                f"--scheduler-file {named}` writes."
            ) from error
    try:
        with ThreadPoolExecutor(1) as aside:  # a notebook has an event loop of its own in this thread
            aside.submit(asyncio.run, _reach(address)).result()
    except (OSError, ValueError, TypeError) as error:
        raise unreachable(named, error) from error
    return address


def _read_address(file: Path) -> str:
    """Return the address in a scheduler file; one that is being written is looked at again."""
    for attempt in range(_LOOKS):
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["address"])
        except ValueError:
            if attempt == _LOOKS - 1:
                raise
            time.sleep(0.1)
    raise AssertionError


def unreachable(named: str, error: Exception) -> ConfigError:
    """Return the error for a scheduler that does not answer."""
    return ConfigError(
        f"No Dask scheduler answers at {named} ({first_line(error).rstrip('.')}): give the address that "
        "`dask scheduler` prints, such as tcp://192.168.0.1:8786, or its scheduler file."
    )


async def _reach(address: str) -> None:
    """Connect to an address, no more: a Client that fails can wait for ever when it is collected as garbage."""
    from distributed import Security
    from distributed.comm import connect

    comm = await connect(address, timeout=ANSWER, **Security().get_connection_args("client"))
    await comm.close()
