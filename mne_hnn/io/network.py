"""Networks as JSON files that lose nothing."""

from __future__ import annotations

import json
from typing import Any

from .._files import Target, check_schema, new_file, read_json, write_whole
from ..errors import DataError, NetworkError, ParameterError
from ..network import Network
from ..network.serial import network_from_text, network_to_text

__all__ = ["read_network", "write_network"]

FORMAT = "mne_hnn network"
#: Raise it when a file of today could no longer be read.
SCHEMA = 1


def write_network(network: Network, path: Target, *, overwrite: bool = False) -> None:
    """Write a network as JSON: all of it, with its digest; equal networks of one name give equal bytes.

    Parameters
    ----------
    network : Network
        The network.
    path : path-like
        The file, ``.json``.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or its folder is not there.
    CacheError
        It cannot be written.

    Examples
    --------
    >>> write_network(network, "column.json")
    >>> read_network("column.json") == network
    True
    """
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, got {type(network).__name__}.")
    file = new_file(path, overwrite)
    content = {"format": FORMAT, "schema": SCHEMA, **json.loads(network_to_text(network))}
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    write_whole(file, lambda stream: stream.write(text.encode("utf-8")), "network")


def read_network(path: Target) -> Network:
    """Read a network that :func:`write_network` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    network : Network
        Equal to the one that was written, with the same name.

    Raises
    ------
    DataError
        The file is missing, damaged, something else, or of a newer version.

    Examples
    --------
    >>> write_network(network, "column.json")
    >>> read_network("column.json") == network
    True
    """
    content = read_json(path, "network")
    _check_format(content, path)
    try:
        return network_from_text(json.dumps(content))
    except NetworkError as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _check_format(content: dict[str, Any], path: Target) -> None:
    if content.get("object_type") == "Network" and "cell_types" in content:
        raise DataError(f"{path} was written by HNN: read it with read_hnn_network.")
    if "gbar_L2Pyr_L2Pyr_ampa" in content:
        raise DataError(f"{path} is a parameter file of HNN: read it with read_hnn_params.")
    if content.get("format") != FORMAT:
        raise DataError(f"{path} is no network: its format is {content.get('format')!r}, expected {FORMAT!r}.")
    check_schema(content.get("schema"), SCHEMA, path)
