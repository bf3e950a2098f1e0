"""What the options of an analysis must be, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._checks import check_int, check_name
from ..errors import ConfigError
from ..network import Network
from ..source.plausible import check_seconds

__all__ = [
    "as_labels",
    "at_least",
    "check_condition",
    "check_jobs",
    "check_latency",
    "check_names",
    "check_network",
    "each",
    "one_of",
    "or_none",
    "path_or",
    "some_paths",
]


def one_of(valid: Any) -> Callable[[Any, str], Any]:
    """Return a check that a value is one of several names."""
    return lambda value, name: check_name(value, valid, name)


def at_least(minimum: int) -> Callable[[Any, str], Any]:
    """Return a check that a value is an integer, and not smaller."""
    return lambda value, name: check_int(value, name, minimum=minimum)


def check_latency(value: Any, name: str) -> None:
    """Check that a value is one time or several, s."""
    for moment in value if isinstance(value, (tuple, list, np.ndarray)) else [value]:
        check_seconds(moment, name)


def or_none(check: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Return a check of a value that may be None as well."""
    return lambda value, name: None if value is None else check(value, name)


def path_or(*kinds: type) -> Callable[[Any, str], None]:
    """Return a check that a value is a path, an object of one of these kinds, or None."""

    def check(value: Any, name: str) -> None:
        """Check a value."""
        if value is not None and not isinstance(value, (str, Path, *kinds)):
            listed = " or ".join(["a path", *(kind.__name__ for kind in kinds)])
            raise ConfigError(f"{name} must be {listed}, got {type(value).__name__}.")

    return check


def some_paths(value: Any, name: str) -> Any:
    """Check that a value is a path, several, or None, and return it; several as a tuple."""
    if not isinstance(value, (list, tuple)):
        path_or()(value, name)
        return value
    if not value:
        raise ConfigError(f"{name} is a list without a path: name one, or leave it out.")
    for item in value:
        if not isinstance(item, (str, Path)):
            raise ConfigError(f"{name} must be a path or a list of paths, got a list with {type(item).__name__}.")
    return tuple(value)


def each(check: Callable[[Any, str], Any]) -> Callable[[Any, str], None]:
    """Return a check of a value, or of each of several."""

    def checked(value: Any, name: str) -> None:
        """Check one value or several."""
        for item in value if isinstance(value, (list, tuple)) else [value]:
            check(item, name)

    return checked


def check_condition(value: Any, name: str) -> None:
    """Check that a value names one condition."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int))):
        raise ConfigError(f"{name} must be a name (str) or number (int), or several, got {value!r}.")


def check_names(value: Any, what: str) -> tuple[str, ...]:
    """Check that a value is one name or several, and return them as a tuple."""
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, Sequence) or not all(isinstance(name, str) for name in listed):
        raise ConfigError(f"{what} must be names (str), got {value!r}.")
    return tuple(listed)


def as_labels(value: Any, _name: str) -> tuple[Any, ...]:
    """Return one label or several as a tuple."""
    return (value,) if isinstance(value, (str, Path, mne.Label)) else tuple(value)


def check_jobs(value: Any, name: str) -> None:
    """Check that a value is a number of processes, or -1 for all cores."""
    if check_int(value, name, minimum=-1) == 0:
        raise ConfigError(f"{name} must be at least 1, or -1 for all cores, got 0.")


def check_network(value: Any) -> Network:
    """Check that a configuration has a column, or say what to write."""
    if isinstance(value, Network):
        return value
    how = "write 'from mne_hnn.network import jones_2009' and 'network = jones_2009()'"
    if value is None:
        raise ConfigError(
            f"network is not set: {how}, with drives by with_erp_drives(jones_2009()) or .with_evoked_drive(...) if it "
            "is to have some."
        )
    if isinstance(value, str):
        hint = "from a file of HNN, network = mne_hnn.io.read_hnn_network(path)" if "." in value else how
        raise ConfigError(f"network must be a mne_hnn.network.Network, got the str {value!r}: {hint}.")
    made = f"{type(value).__module__}.{type(value).__name__}"
    if made.startswith("hnn_core."):
        hint = "write it with its write_configuration, and read it with mne_hnn.io.read_hnn_network"
        raise ConfigError(f"network is one of hnn-core: {hint}.")
    raise ConfigError(f"network must be a mne_hnn.network.Network, got {made}: {how}.")
