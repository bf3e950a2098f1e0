"""One colour per cell type and drive in every figure, distinct for colour-blind readers.

From the palette of Okabe & Ito (2008, https://jfly.uni-koeln.de/color/): layers differ in hue, pyramidal and basket
cells of a layer in lightness.
"""

from __future__ import annotations

from collections.abc import Iterable

_CELL_TYPES = {
    "L2_basket": "#56B4E9",
    "L2_pyramidal": "#0072B2",
    "L5_basket": "#E69F00",
    "L5_pyramidal": "#D55E00",
}
LAYERS = {"agg": "#000000", "L2": "#0072B2", "L5": "#D55E00"}
CHANNEL_TYPES = {"mag": "#0072B2", "grad": "#D55E00", "eeg": "#009E73"}
AGREEMENT = {"along": "#0072B2", "against": "#D55E00"}
LABEL = {"border": "#000000", "place": "#F0E442"}
TARGET = "#BBBBBB"
TRUTH = "#CC79A7"
_LOCATIONS = {"proximal": "#CC79A7", "distal": "#009E73"}
_OTHERS = ("#F0E442", "#999999", "#332288", "#882255", "#44AA99", "#DDCC77")


def cell_type_colors(cell_types: Iterable[str]) -> dict[str, str]:
    """Return a colour per cell type; those of custom models come from the rest of the palette, in order."""
    names = list(cell_types)
    others = [name for name in names if name not in _CELL_TYPES]
    return {name: _CELL_TYPES.get(name) or _OTHERS[others.index(name) % len(_OTHERS)] for name in names}


def location_color(location: str) -> str:
    """Return the colour of drives at a location."""
    return _LOCATIONS.get(location, _OTHERS[1])
