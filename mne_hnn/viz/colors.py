"""One colour per cell type and drive in every figure, distinct for colour-blind readers.

From the palette of Okabe & Ito (2008, https://jfly.uni-koeln.de/color/): layers differ in hue, pyramidal and basket
cells of a layer in lightness; drives differ in hue by location and in lightness by order. The further colours were
chosen for distance in CIE Lab as seen with normal, protanopic and deuteranopic vision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps
from matplotlib.colors import Colormap, is_color_like, to_hex, to_rgb

from .._checks import check_finite, check_name
from ..errors import ParameterError

if TYPE_CHECKING:
    from ..network import Network
    from ..network.drives import Drive

_CELL_TYPES = {
    "L2_basket": "#56B4E9",
    "L2_pyramidal": "#0072B2",
    "L5_basket": "#E69F00",
    "L5_pyramidal": "#D55E00",
}
LAYERS = {"agg": "#000000", "L2": "#0072B2", "L5": "#D55E00"}
CHANNEL_TYPES = {"mag": "#0072B2", "grad": "#D55E00", "eeg": "#009E73"}
AGREEMENT = {"along": "#0072B2", "against": "#D55E00"}
LABEL = {"border": "#000000", "place": "#F0E442", "region": "#0072B2"}
TARGET = "#BBBBBB"
TRUTH = "#CC79A7"
_LOCATIONS = {"proximal": "#CC79A7", "distal": "#009E73"}
_SERIES = {
    "proximal": ("#CC79A7", "#6E2A6C", "#F5BFE6", "#9C3F9E", "#B565D8"),
    "distal": ("#009E73", "#1F4D42", "#74E26A", "#42511A", "#87D7C9"),
    "elsewhere": ("#999999", "#4D4D4D", "#C4C4C4"),
}
#: What is compared, in order: the most different ones first.
COMPARED = ("#000000", "#E69F00", "#0072B2", "#CC79A7", "#D55E00", "#56B4E9", "#009E73")
LIGHTEST_INK = 0.56
_NOWHERE = "#999999"
# yellow of Okabe & Ito, then of the qualitative schemes of Paul Tol (https://sronpersonalpages.nl/~pault/, technical
# note SRON/EPS/TN/09-002), always the one farthest from all before it
_OTHERS = (
    "#F0E442",
    "#44BB99",
    "#882255",
    "#EEDD88",
    "#332288",
    "#EE6677",
    "#99DDFF",
    "#117733",
    "#EE8866",
    "#FFAABB",
    "#999933",
)


def cell_type_colors(cell_types: Iterable[str]) -> dict[str, str]:
    """Return a colour per cell type; those of custom models have others, in order, after eleven in other shades."""
    names = list(cell_types)
    others = [name for name in names if name not in _CELL_TYPES]
    return {name: _CELL_TYPES.get(name) or _shade(_OTHERS, others.index(name)) for name in names}


def _shade(series: Sequence[str], k: int) -> str:
    """Return a colour of a series; when it is used up it comes again darker, then lighter, and so on."""
    again, place = divmod(k, len(series))
    if not again:
        return series[place]
    share, end = 0.6 ** ((again + 1) // 2), 0.0 if again % 2 else 1.0  # towards black or white
    red, green, blue = (end + share * (part - end) for part in to_rgb(series[place]))
    return to_hex((red, green, blue))


def location_color(location: str) -> str:
    """Return the colour of drives at a location."""
    return _LOCATIONS.get(location, _NOWHERE)


def drive_colors(drives: Network | Mapping[str, Drive]) -> dict[str, str]:
    """Return a colour per drive: hue by location, lightness by order among the drives of that location.

    Parameters
    ----------
    drives : Network | mapping of str to Drive
        The network, or its drives. From the sixth drive of a location on colours come again in other shades.

    Returns
    -------
    colors : dict of str to str
        Hexadecimal colour by name of drive; the first of a location has the colour of :func:`location_color`.
    """
    by_name = drives if isinstance(drives, Mapping) else drives.drives
    return _by_location({name: drive.location for name, drive in by_name.items()})


def _by_location(locations: Mapping[str, str]) -> dict[str, str]:
    seen: dict[str, int] = {}
    colors = {}
    for name, location in locations.items():
        kind = location if location in _LOCATIONS else "elsewhere"
        series = _SERIES[kind]
        colors[name] = _shade(series, seen.get(kind, 0))
        seen[kind] = seen.get(kind, 0) + 1
    return colors


def layer_number(name: str) -> int | None:
    """Return the cortical layer that the name of a cell type begins with: 2 of ``L2_basket`` and of ``L2/3_vip``."""
    found = re.match(r"[Ll](?:ayer)?_?(\d)", name)
    return int(found[1]) if found else None


def spike_colors(names: Iterable[str], network: Network | None = None) -> dict[str, str]:
    """Return a colour per cell type and drive, all of the same network or table of spikes.

    Without the network nobody knows where a drive arrives: names with ``prox`` and ``dist``, as is the custom, have
    the colours of these locations.
    """
    listed = list(names)
    if network is not None:
        colors = cell_type_colors(network.cell_types) | drive_colors(network)
        return {name: colors[name] for name in listed}
    guessed = {"prox": "proximal", "dist": "distal"}
    locations = {
        name: location
        for name in listed
        for part, location in guessed.items()
        if layer_number(name) is None and part in name.lower()
    }
    colors = cell_type_colors(name for name in listed if name not in locations) | _by_location(locations)
    return {name: colors[name] for name in listed}


def chosen_colors(names: Sequence[str], given: Any, default: Mapping[str, str]) -> dict[str, str]:
    """Return a colour per name from what a user gave: nothing, one colour, one per name, or a mapping of some."""
    if given is None:
        return {name: default[name] for name in names}
    if is_color_like(given):
        return {name: to_hex(given) for name in names}
    if isinstance(given, Mapping):
        chosen = {check_name(name, names, "name", where="in colors"): color for name, color in given.items()}
    else:
        listed = [given] if isinstance(given, str) else list(given)
        if len(listed) != len(names) and is_color_like(listed[0] if listed else None):
            raise ParameterError(f"colors must be one colour or {len(names)}, one per {', '.join(names)}.")
        chosen = dict(zip(names, listed, strict=False))
    for color in chosen.values():
        if not is_color_like(color):
            raise ParameterError(f"colors holds {color!r}, which is no colour: give a name or '#RRGGBB'.")
    return {name: to_hex(chosen[name]) if name in chosen else default[name] for name in names}


def check_cmap(cmap: Any) -> None:
    """Refuse what is no colour map, naming the nearest one."""
    if not isinstance(cmap, Colormap):
        check_name(cmap, colormaps, "colour map")


def check_limits(vlim: Any, unit: str) -> tuple[float, float]:
    """Return the ends of a colour bar, which must rise."""
    try:
        low, high = vlim
    except (TypeError, ValueError):
        raise ParameterError(f"vlim must be two rising values in {unit}, got {vlim!r}.") from None
    low, high = (check_finite(value, f"vlim ({unit})") for value in (low, high))
    if low >= high:
        raise ParameterError(f"vlim must be two rising values in {unit}, got {vlim!r}.")
    return low, high


def ink(color: str) -> str:
    """Return a colour dark enough to write with on white: the colour itself, or a darker shade of it."""
    red, green, blue = to_rgb(color)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    darker = min(1.0, LIGHTEST_INK / light) if light else 1.0
    return color if darker == 1.0 else to_hex((darker * red, darker * green, darker * blue))
