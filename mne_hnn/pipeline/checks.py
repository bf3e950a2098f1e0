"""What the options of an analysis must be, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._checks import (
    check_bool,
    check_int,
    check_name,
    check_non_negative,
    check_positive,
    check_seed,
)
from ..errors import ConfigError
from ..fit.sequence import check_sequence
from ..network import Network
from ..source.course import AMPLITUDES, MODES
from ..source.inverse import METHODS
from ..source.plausible import check_baseline, check_limits, check_seconds

__all__ = ["CHECKS", "check_names", "check_network"]


def _one_of(valid: Any) -> Callable[[Any, str], Any]:
    return lambda value, name: check_name(value, valid, name)


def _at_least(minimum: int) -> Callable[[Any, str], Any]:
    return lambda value, name: check_int(value, name, minimum=minimum)


def _latency(value: Any, name: str) -> None:
    for moment in value if isinstance(value, (tuple, list, np.ndarray)) else [value]:
        check_seconds(moment, name)


def _or_none(check: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, name: None if value is None else check(value, name)


def _path_or(*kinds: type) -> Callable[[Any, str], None]:
    def check(value: Any, name: str) -> None:
        if value is not None and not isinstance(value, (str, Path, *kinds)):
            listed = " or ".join(["a path", *(kind.__name__ for kind in kinds)])
            raise ConfigError(f"{name} must be {listed}, got {type(value).__name__}.")

    return check


def _each(check: Callable[[Any, str], Any]) -> Callable[[Any, str], None]:
    """Return a check of a value, or of each of several."""

    def checked(value: Any, name: str) -> None:
        for one in value if isinstance(value, (list, tuple)) else [value]:
            check(one, name)

    return checked


def _condition(value: Any, name: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, (str, int))):
        raise ConfigError(f"{name} must be a name (str) or number (int), or several, got {value!r}.")


def check_names(value: Any, what: str) -> tuple[str, ...]:
    """Check that a value is one name or several, and return them as a tuple."""
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, Sequence) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f"{what} must be names (str), got {value!r}.")
    return tuple(listed)


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


CHECKS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("tmin", "tmax", "target_tmin", "target_tmax"), check_seconds),
    "patch_latency": _or_none(_latency),
    **dict.fromkeys(("snr", "dt", "fit_noise"), check_positive),
    **dict.fromkeys(
        ("n_trials", "fit_evaluations", "fit_trials", "fit_final_trials", "decim", "n_peaks"), _at_least(1)
    ),
    "fit_polish": _at_least(0),
    "fit_drives": _one_of(("propose", "network")),
    **dict.fromkeys(("fit", "draw_cortex"), check_bool),
    "method": _one_of(METHODS),
    "mode": _one_of(MODES),
    "amplitude": _one_of(AMPLITUDES),
    "smooth_ms": check_non_negative,
    **dict.fromkeys(("reject", "flat"), check_limits),
    "baseline": check_baseline,
    **dict.fromkeys(("l_freq", "h_freq"), _or_none(check_positive)),
    # that the times lie inside the target is checked when there is one
    "fit_sequence": _or_none(lambda value, _name: check_sequence(value, float("inf"))),
    "fit_n_drives": _or_none(_at_least(1)),
    "seed": _or_none(check_seed),
    "events": _each(_path_or(np.ndarray)),
    "condition": _each(_condition),
    "noise_cov": _path_or(mne.Covariance),
    "forward": _path_or(mne.Forward),
    "inverse": _path_or(mne.minimum_norm.InverseOperator),
    "src": _path_or(mne.SourceSpaces),
    "trans": _path_or(mne.Transform),
    "subjects_dir": _path_or(),
    "output": _path_or(),
    "n_jobs": _at_least(-1),
}
"""What an option must be, where that can be said without looking at the others."""
