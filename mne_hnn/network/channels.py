"""The membrane channels a section can carry: one registry row per channel.

The keys and parameter names here are the contract with the simulation engine, which holds the
kinetics; the network only says where a channel sits and how dense it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._checks import check_name
from .._value import FrozenMap, OrderedFrozenMap, Value
from ..errors import ParameterError
from .density import Density, Uniform, as_density

__all__ = ["CELSIUS", "CHANNELS", "Channel", "ChannelParameter", "channel_parameters"]

#: The temperature of the published models, degrees Celsius.
CELSIUS = 37.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelParameter(Value):
    """One parameter of a channel.

    Parameters
    ----------
    default : float
        Value where a section does not state one.
    unit : str
        Its unit.
    signed : bool
        Whether it may be negative (a reversal potential) or not (a conductance).

    Examples
    --------
    >>> CHANNELS["hh"].parameters["el"].default, CHANNELS["hh"].parameters["el"].unit
    (-54.3, 'mV')
    """

    default: float
    unit: str
    signed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel(Value):
    """One channel (or ion pool) of the registry.

    Parameters
    ----------
    key : str
        Short name, used in :class:`~mne_hnn.network.Section`.
    name : str
        Full name.
    parameters : mapping of str to ChannelParameter
        Its parameters.
    reference : str
        Where its kinetics come from.

    Examples
    --------
    >>> CHANNELS["km"].name, sorted(CHANNELS["km"].parameters)
    ('slow muscarinic potassium (M current)', ['gbar'])
    """

    key: str
    name: str
    parameters: Mapping[str, ChannelParameter]
    reference: str


def _row(key: str, name: str, reference: str, **parameters: ChannelParameter) -> tuple[str, Channel]:
    return key, Channel(key=key, name=name, parameters=FrozenMap(parameters), reference=reference)


def _parameter(default: float, unit: str, signed: bool = False) -> ChannelParameter:
    return ChannelParameter(default=default, unit=unit, signed=signed)


#: All channels by key. Temperature scaling of each follows Jones et al. 2009,
#: https://doi.org/10.1152/jn.00535.2009.
CHANNELS: Mapping[str, Channel] = OrderedFrozenMap(
    [
        _row(
            "hh",
            "fast sodium, delayed-rectifier potassium and leak",
            "Hodgkin & Huxley 1952, https://doi.org/10.1113/jphysiol.1952.sp004764",
            gnabar=_parameter(0.12, "S/cm2"),
            gkbar=_parameter(0.036, "S/cm2"),
            gl=_parameter(0.0003, "S/cm2"),
            el=_parameter(-54.3, "mV", signed=True),
        ),
        _row(
            "km",
            "slow muscarinic potassium (M current)",
            "Mainen & Sejnowski 1996, https://doi.org/10.1038/382363a0",
            gbar=_parameter(0.0, "pS/um2"),
        ),
        _row(
            "ca",
            "high-voltage-activated calcium",
            "Reuveni, Friedman, Amitai & Gutnick 1993, https://doi.org/10.1523/JNEUROSCI.13-11-04609.1993",
            gbar=_parameter(0.0, "pS/um2"),
        ),
        _row(
            "cad",
            "calcium shell with first-order removal",
            "Destexhe, Babloyantz & Sejnowski 1993, https://doi.org/10.1016/S0006-3495(93)81190-1",
            taur=_parameter(20.0, "ms"),
        ),
        _row(
            "kca",
            "calcium-dependent potassium",
            "Pennefather 1990, as used by Reuveni, Friedman, Amitai & Gutnick 1993, "
            "https://doi.org/10.1523/JNEUROSCI.13-11-04609.1993",
            gbar=_parameter(0.0, "pS/um2"),
        ),
        _row(
            "cat",
            "low-threshold calcium (T type), a current without calcium entry",
            "Traub, Buhl, Gloveli & Whittington 2003, https://doi.org/10.1152/jn.00573.2002",
            gbar=_parameter(0.0, "S/cm2"),
        ),
        _row(
            "ar",
            "anomalous rectifier (h current)",
            "Traub, Buhl, Gloveli & Whittington 2003, https://doi.org/10.1152/jn.00573.2002",
            gbar=_parameter(0.0, "S/cm2"),
        ),
    ]
)


def channel_parameters(channel: str, given: Mapping[str, Any], where: str) -> FrozenMap[Density]:
    """Return all parameters of a channel as density profiles, defaults filled in.

    Parameters
    ----------
    channel : str
        Key of the channel.
    given : mapping of str to float or Density
        The parameters a section states.
    where : str
        The section, for error messages.

    Returns
    -------
    FrozenMap
        One profile per parameter, in the order of the registry.

    Raises
    ------
    ParameterError
        If the channel or a parameter is not known, or a conductance or time is negative.
    """
    row = CHANNELS[check_name(channel, CHANNELS, "channel")]
    if not isinstance(given, Mapping):
        raise ParameterError(f"{where}: the parameters of channel {channel!r} must be a mapping, got {given!r}.")
    for key in given:
        check_name(key, row.parameters, "parameter", where=f"of channel {channel!r}")
    profiles: dict[str, Density] = {}
    for key, parameter in row.parameters.items():
        what = f"{where}: {channel}.{key} ({parameter.unit})"
        profile = as_density(given[key], what) if key in given else Uniform(parameter.default)
        if not parameter.signed and profile.extremes()[0] < 0:
            raise ParameterError(f"{what} must be >= 0 everywhere, got {profile!r}.")
        profiles[key] = profile
    return FrozenMap(profiles)
