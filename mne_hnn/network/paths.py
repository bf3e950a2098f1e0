"""The numbers of a network by name: dotted paths such as ``drives.evprox1.mu_ms``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._checks import check_finite, suggestion
from ..errors import ParameterError
from ._draft import Draft
from ._path_kinds import BY_ROOT, PATH_KINDS, WEIGHT_FIELDS, Key, PathKind
from .network import Network

__all__ = ["PATH_KINDS", "WEIGHT_FIELDS", "PathKind", "get_value", "list_paths", "locate", "set_values"]


def locate(network: Network, path: Any) -> tuple[PathKind, Key, float]:
    """Return the kind of a path, the key by which that kind finds its number, and the number."""
    if not isinstance(path, str):
        raise ParameterError(f"The path of a parameter must be a str such as 'drives.evprox1.mu_ms', got {path!r}.")
    root = path.partition(".")[0]
    for kind in BY_ROOT.get(root, ()):
        found = kind.find(network, path)
        if found is not None:
            return kind, *found
    hint = suggestion(path, list_paths(network))
    kinds = BY_ROOT.get(root, PATH_KINDS.values())
    forms = "" if hint else f" Paths are {', '.join(kind.form for kind in kinds)}."
    raise ParameterError(
        f"Network {network.name!r} has no parameter {path!r}: list_paths shows those it has.{hint}{forms}"
    )


def list_paths(network: Network) -> tuple[str, ...]:
    """Return the paths of all numbers of a network that can be set.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    tuple of str
        The paths, by kind (see :data:`PATH_KINDS`).

    Examples
    --------
    >>> paths = list_paths(network)
    >>> "gains.e_i" in paths, "drives.evdist1.weights_ampa.L5_pyramidal" in paths
    (True, True)
    """
    return tuple(path for kind in PATH_KINDS.values() for path in kind.paths(network))


def get_value(network: Network, path: str) -> float:
    """Return one number of a network.

    Parameters
    ----------
    network : Network
        The network.
    path : str
        Its path; see :data:`PATH_KINDS`.

    Returns
    -------
    float
        The number, in the unit of its field.

    Raises
    ------
    ParameterError
        If there is none at this path; the message names the nearest path.

    Examples
    --------
    >>> get_value(network, "drives.evprox1.mu_ms")
    26.61
    """
    return locate(network, path)[2]


def set_values(network: Network, values: Mapping[str, float]) -> Network:
    """Return a network with some numbers changed, all at once.

    Numbers that limit each other, such as the time constants of a receptor, can so change together.

    Parameters
    ----------
    network : Network
        The network.
    values : mapping of str to float
        New numbers by path.

    Returns
    -------
    Network
        The changed network; the same one if every number is what it was.

    Raises
    ------
    ParameterError
        If a path does not exist (the message names the nearest one), or the network cannot have a value.

    Examples
    --------
    >>> later = set_values(network, {"drives.evprox1.mu_ms": 30.0, "gains.e_i": 0.8})
    >>> later.drives["evprox1"].mu_ms, network.drives["evprox1"].mu_ms
    (30.0, 26.61)
    """
    if not isinstance(values, Mapping):
        raise ParameterError(f"set_values takes a mapping of paths to numbers, got {type(values).__name__}.")
    draft = Draft(network)
    for path, value in values.items():
        kind, key, present = locate(network, path)
        number = check_finite(value, f"Parameter {path!r}")
        if number != present:
            draft.note(kind.part, key, number)
    return draft.finish()
