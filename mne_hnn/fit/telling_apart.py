"""What would tell explanations of a response apart."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._units import MS, NAM
from .amplitude import _number

if TYPE_CHECKING:
    from .explanation import Explanation, Explanations

__all__ = ["LayerDifference", "layer_difference", "telling_apart"]

WORTH = 0.1
"""A difference counts from this share of the response's peak on."""
TWICE = 2.0
APART_ms = 5.0


class LayerDifference(NamedTuple):
    """Where the dipoles of layers differ most in two explanations."""

    layer: str
    time_ms: float
    first_nAm: float
    other_nAm: float
    peak_nAm: float

    @property
    def words(self) -> tuple[str, str]:
        """Both moments with as many digits as count beside the response's peak."""
        digits = max(0, 2 - floor(log10(self.peak_nAm)))
        one, two = (f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}") for value in (self.first_nAm, self.other_nAm))
        return one, two


def telling_apart(explanations: Explanations) -> list[str]:
    """Return what would tell the explanations apart, as sentences; none if there is nothing to be told apart.

    Parameters
    ----------
    explanations : Explanations
        The explanations.

    Returns
    -------
    sentences : list of str
        What could be measured besides, with what each explanation says of it.
    """
    able = [item for item in explanations if item.admissible]
    if not able:
        return _outside(explanations)
    first = able[0]
    rest = [item for item in able[1:] if not item.r_squared <= 0]  # what explains nothing needs no test
    nearest = [next((item for item in rest if (item.regime == first.regime) is same), None) for same in (False, True)]
    number = {id(item): k for k, item in enumerate(explanations, 1)}
    parts = []
    for other in nearest:
        if other is not None:
            numbers = number[id(first)], number[id(other)]
            parts += _between(first, other, numbers)
    found = [f"What would tell them apart: {'; '.join(parts)}."] if parts else []
    return found + _outside(explanations)


def _between(first: Explanation, other: Explanation, numbers: tuple[int, int]) -> list[str]:
    """Return what two explanations say differently that could be measured."""
    parts = []

    def both(one: str, two: str) -> str:
        return f"({one} in {numbers[0]}, {two} in {numbers[1]})"

    if first.regime != other.regime:
        parts.append(f"spikes in laminar recordings {both(_fires(first), _fires(other))}")
        if first.amplitude is not None and other.amplitude is not None:
            areas = first.amplitude.area_mm2, other.amplitude.area_mm2
            if max(areas) > TWICE * min(areas):
                said = both(*(f"{_number(area)} mm²" for area in areas))
                parts.append(f"an independent estimate of the area that is active {said}")
    else:
        parts += [f"spikes of {name} cells in laminar recordings {both(*said)}" for name, said in _spikes(first, other)]
    differing = layer_difference(first, other)
    if differing is not None:
        said = both(*(f"{value} nA m" for value in differing.words))
        parts.append(
            f"the moment of {_layer(differing.layer)} alone at {differing.time_ms:.0f} ms, where it differs most {said}"
        )
    return parts


def _fires(item: Explanation) -> str:
    """Return what the pyramidal cells that fire most do."""
    counts = {name: item.spikes.types[name] for name in _pyramidal(item)}
    loudest = max(counts.values(), key=lambda count: count.per_cell, default=None)
    if loudest is None or not loudest.per_cell:
        return "none of pyramidal cells"
    return f"{loudest.per_cell:.2f} of each {loudest.cell_type.replace('_', ' ')} cell{_around(loudest.median_ms)}"


def _spikes(first: Explanation, other: Explanation) -> list[tuple[str, tuple[str, str]]]:
    """Return the pyramidal type that fires most of those that fire at other times or in other numbers."""
    for name in sorted(_pyramidal(first), key=lambda name: -first.spikes.types[name].per_cell):
        one, two = first.spikes.types[name], other.spikes.types.get(name)
        if two is None:
            continue
        apart = abs(one.median_ms - two.median_ms) > APART_ms
        low, high = sorted((one.per_cell, two.per_cell))
        if apart or high > TWICE * low:
            said = [f"{count.per_cell:.2f} each{_around(count.median_ms)}" for count in (one, two)]
            return [(name.replace("_", " "), (said[0], said[1]))]
    return []


def _around(median_ms: float) -> str:
    return f" around {median_ms:.0f} ms" if np.isfinite(median_ms) else ""


def _pyramidal(item: Explanation) -> list[str]:
    return [name for name, template in item.network.cell_types.items() if template.measures_dipole]


def layer_difference(first: Explanation, other: Explanation) -> LayerDifference | None:
    """Return where the dipoles of layers differ most, if by a tenth of the response's peak or more.

    Parameters
    ----------
    first, other : Explanation
        Two explanations of a response in A m.

    Returns
    -------
    difference : LayerDifference | None
        The layer, when, and its moment in both; None where they hardly differ, or the response has no unit.
    """
    target, one, two = first.fit.target, first.fit.dipole, other.fit.dipole
    layers = [name for name in one.layers if name != "agg" and name in two.layers]
    if target is None or target.provenance.get("unit", "A m") != "A m" or not layers:
        return None
    at = one.times
    moments = {name: (one[name], np.interp(at, two.times, two[name])) for name in layers}
    layer = max(layers, key=lambda name: float(np.abs(moments[name][0] - moments[name][1]).max()))
    mine, its = moments[layer]
    k = int(np.abs(mine - its).argmax())
    peak = float(np.abs(target["agg"]).max())
    if abs(mine[k] - its[k]) < WORTH * peak:
        return None
    return LayerDifference(layer, float(at[k]) / MS, float(mine[k]) / NAM, float(its[k]) / NAM, peak / NAM)


def _outside(explanations: Explanations) -> list[str]:
    """Return what is missing of the measurement itself: the area of the patch, trials."""
    target, settings = explanations.target, explanations.settings
    found = []
    in_Am = target.provenance.get("unit", "A m") == "A m"
    if in_Am and target.provenance.get("area_mm2") is None:
        found.append("Whether there are enough cells cannot be told without the area of the patch (area_mm2).")
    if settings.noise > explanations.prior.discrepancy:
        found.append(
            f"More trials would help: {100 * settings.noise:.0f} % of the response's size counts as noise, more than "
            f"the {100 * explanations.prior.discrepancy:.0f} % that a column is expected to leave."
        )
    return found


def _layer(name: str) -> str:
    return {"L2": "layer 2/3", "L5": "layer 5"}.get(name, f"layer {name}")
