"""What a sidecar says of how a result was made, so that it can be made again."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import DataError
from ..io import read_network, write_network
from ..network import Network
from .identity import described
from .options import Options

__all__ = ["keep_values", "machine", "mechanisms", "rebuilt_value", "versions"]

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


def machine() -> str:
    """Return the operating system and the kind of processor."""
    return f"{platform.system()} {platform.machine()}"


def mechanisms() -> dict[str, str]:
    """Return the hash of the compiled mechanisms (sources, NEURON, compiler, processor), and their variant."""
    from ..simulate import mechanism_library

    library = mechanism_library()
    return {"key": library.key, "variant": library.variant}


def keep_values(options: Options, folder: Path) -> dict[str, str]:
    """Write options that a sidecar cannot hold as text into files beside it; return their names by option."""
    kept = {}
    for name, value in options.values().items():
        if isinstance(value, Network):
            kept[name] = f"{name}.json"
            write_network(value, folder / kept[name], overwrite=True)
    return kept


def rebuilt_value(name: str, sidecar: Mapping[str, Any], place: Path) -> Any:
    """Return an option as it was.

    Raises
    ------
    DataError
        It was an object in memory, or the file that was kept is another one now.
    """
    told = sidecar["options"][name]
    if name in sidecar.get("kept", {}):
        network = read_network(place / sidecar["kept"][name])
        if described(network) != told:
            raise DataError(f"{place / sidecar['kept'][name]} is not the {name} that the sidecar tells of.")
        return network
    return _plain(name, told)


def _plain(name: str, told: Any) -> Any:
    if isinstance(told, list):
        return tuple(_plain(name, item) for item in told)
    if not isinstance(told, Mapping):
        return told
    if set(told) == {"BIDSPath"}:
        return _bids_path(told["BIDSPath"])
    if set(told) == {"object", "content"}:
        raise DataError(
            f"Option {name!r} was an object in memory ({told['object']}), which no file keeps: a step can be repeated "
            "from its sidecar if its data were named by paths."
        )
    return {key: _plain(name, item) for key, item in told.items()}


def _bids_path(parts: Mapping[str, Any]) -> Any:
    try:
        from mne_bids import BIDSPath
    except ImportError as error:
        raise DataError("The recording is named by BIDS, which needs mne-bids: pip install 'mne-hnn[bids]'.") from error
    return BIDSPath(**parts)
