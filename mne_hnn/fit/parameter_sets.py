"""Ready sets of parameters: what is usually searched for an evoked response, or a rhythm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar

from .._checks import check_finite, check_name, check_positive
from ..errors import ParameterError
from ..network import BurstyDrive, Drive, EvokedDrive, Network
from ..network.paths import WEIGHT_FIELDS
from .parameters import Parameter

__all__ = ["evoked_parameters", "rhythmic_parameters"]

D = TypeVar("D", bound=Drive)

MAX_WEIGHT_US = 10.0
"""No ready set lets a drive's weight grow beyond this, uS."""


def _chosen(network: Network, kind: type[D], names: Iterable[str] | None, remedy: str) -> list[D]:
    found = {name: drive for name, drive in network.drives.items() if isinstance(drive, kind)}
    if not found:
        raise ParameterError(f"Network {network.name!r} has no {kind.kind} drive to fit: add one with {remedy}.")
    if names is None:
        return list(found.values())
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise ParameterError(f"No {kind.kind} drive is named: name one of {', '.join(map(repr, found))}, or give None.")
    return [found[check_name(name, found, f"{kind.kind} drive")] for name in dict.fromkeys(asked)]


def _around(drive: Drive, field: str, low: float, high: float, scale: str = "linear") -> Parameter:
    """Return a parameter for a field of a drive, with bounds widened to include its own value."""
    own = getattr(drive, field)
    bounds = {"low": min(low, own) if scale == "linear" or own > 0 else low, "high": max(high, own)}
    return Parameter(path=f"drives.{drive.name}.{field}", scale=scale, **bounds)


def _weights(drive: Drive, factor: float, maximum: float = math.inf) -> list[Parameter]:
    return [
        Parameter(
            path=f"drives.{drive.name}.{field}.{cell_type}",
            low=own / factor,
            high=max(own, min(own * factor, maximum)),
            scale="log",
        )
        for field in WEIGHT_FIELDS
        for cell_type, own in getattr(drive, field).items()
        if own > 0
    ]


def evoked_parameters(
    network: Network,
    *,
    times: bool = True,
    spreads: bool = True,
    weights: bool = True,
    range_ms: float = 15.0,
    weight_factor: float = 30.0,
    drives: Iterable[str] | None = None,
) -> tuple[Parameter, ...]:
    """Return what is usually searched for an evoked response.

    Parameters
    ----------
    network : Network
        With evoked drives.
    times : bool
        Whether to search the mean times, `range_ms` to either side of the present ones. A drive that
        arrives from 0 ms on stays there.
    spreads : bool
        Whether to search their standard deviations, from 1 to 25 ms and including the present one;
        from 0.5 ms for a drive that has none.
    weights : bool
        Whether to search the weights above 0, by `weight_factor` up and down but up to 10 uS.
    range_ms : float
        How far a drive may move, ms.
    weight_factor : float
        By how much a weight may grow or shrink.
    drives : iterable of str | None
        Names of the drives; None for all evoked ones.

    Returns
    -------
    tuple of Parameter
        The parameters, by drive.

    Raises
    ------
    ParameterError
        If the network has no evoked drive, or none of a name.

    Examples
    --------
    >>> [parameter.path for parameter in evoked_parameters(network, spreads=False, weights=False)]
    ['drives.evdist1.mu_ms', 'drives.evprox1.mu_ms', 'drives.evprox2.mu_ms']
    """
    range_ms = check_positive(range_ms, "range_ms")
    weight_factor = check_finite(weight_factor, "weight_factor")
    if weight_factor <= 1:
        raise ParameterError(f"weight_factor must be above 1, got {weight_factor:g}.")
    found: list[Parameter] = []
    for drive in _chosen(network, EvokedDrive, drives, "with_evoked_drive"):
        if times:
            earliest = drive.mu_ms - range_ms
            found.append(
                _around(drive, "mu_ms", earliest if drive.mu_ms < 0 else max(earliest, 0.0), drive.mu_ms + range_ms)
            )
        if spreads:
            found.append(_around(drive, "sigma_ms", 1.0 if drive.sigma_ms else 0.5, 25.0, "log"))
        if weights:
            found += _weights(drive, weight_factor, MAX_WEIGHT_US)
    return tuple(found)


def rhythmic_parameters(network: Network, *, drives: Iterable[str] | None = None) -> tuple[Parameter, ...]:
    """Return what is usually searched for a rhythm.

    These are, per bursty drive: the time of the first burst, 25 ms to either side but not before 0 or after the
    drive's end; the burst rate, 1 to 30 Hz; the jitter of the bursts, 5 to 35 ms; and the weights above 0, by a
    factor of 5 up and down. Rate and jitter include the present values.

    Parameters
    ----------
    network : Network
        With bursty drives.
    drives : iterable of str | None
        Names of the drives; None for all bursty ones.

    Returns
    -------
    tuple of Parameter
        The parameters, by drive.

    Raises
    ------
    ParameterError
        If the network has no bursty drive, or none of a name.

    Examples
    --------
    >>> weights = {"L5_pyramidal": 5e-5}
    >>> column = jones_2009((3, 3))
    >>> column = column.with_bursty_drive("alpha", burst_rate_Hz=10, location="proximal", weights_ampa=weights)
    >>> "drives.alpha.burst_rate_Hz" in [parameter.path for parameter in rhythmic_parameters(column)]
    True
    """
    found: list[Parameter] = []
    for drive in _chosen(network, BurstyDrive, drives, "with_bursty_drive"):
        latest = drive.tstart + 25.0 if drive.tstop is None else min(drive.tstart + 25.0, drive.tstop)
        if latest > 0:
            found.append(_around(drive, "tstart", max(drive.tstart - 25.0, 0.0), latest))
        found.append(_around(drive, "burst_rate_Hz", 1.0, 30.0))
        found.append(_around(drive, "burst_std_ms", 5.0, 35.0))
        found += _weights(drive, 5.0)
    return tuple(found)
