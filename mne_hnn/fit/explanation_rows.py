"""Explanations as rows of tables, and intervals over all that fits as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from ..network import EvokedDrive
from .result import Estimate

if TYPE_CHECKING:
    from .amplitude import Amplitude
    from .explanation import Explanation, Explanations

__all__ = ["alike_of", "amplitude_columns", "intervals", "matched", "rows"]

# by time, ms: a drive without a partner costs as much as one that is so far away
UNMATCHED_ms = 60.0

Matches = list[tuple[int | None, int | None]]


def rows(explanations: Explanations) -> list[dict[str, Any]]:
    """Return a row per explanation, in their order.

    Parameters
    ----------
    explanations : Explanations
        The explanations.

    Returns
    -------
    rows : list of dict
        Regime; drives in words and as a `sequence` of (location, ms); R² with fresh seeds; evidence, its error and
        parts, and how much lower it is than that of the first; whether it fits as well as the first; columns, cells,
        mm²; spikes per cell and their median times (ms) by type; distances from what was expected in standard
        deviations; how many parameters the data determine, and of how many; why it is refused.
    """
    rivals = _rivals(explanations)
    return [_row(item, explanations, rivals) for item in explanations]


def _row(item: Explanation, explanations: Explanations, rivals: Sequence[Explanation]) -> dict[str, Any]:
    told = [one.determined for one in item.fit.estimates if one.determined is not None]
    first = explanations.first
    return {
        "regime": item.regime,
        "drives": ", ".join(f"{place} {mu:.0f} ms" for place, mu in item.sequence),
        "sequence": item.sequence,
        "r_squared": item.r_squared,
        "evidence": item.evidence.value,
        "evidence_error": item.evidence.error,
        **{f"evidence.{name}": value for name, value in item.evidence.parts.items()},
        "evidence_below_first": first.evidence.value - item.evidence.value,
        "fits_as_well": item is first or item in rivals,
        "columns": item.columns,
        **amplitude_columns(item.amplitude),
        **{f"spikes_per_cell.{name}": count.per_cell for name, count in item.spikes.types.items()},
        **{f"spikes_median_ms.{name}": count.median_ms for name, count in item.spikes.types.items()},
        **{f"distance.{name}": value for name, value in item.distances.items()},
        "determined": sum(told) if told else None,
        "parameters": len(item.fit.estimates),
        "refused": " ".join(item.refusals),
    }


def amplitude_columns(amplitude: Amplitude | None) -> dict[str, Any]:
    """Return columns per nA m, cells and mm² of an explanation by name; None for each where they cannot be counted."""
    return {
        "columns_per_nAm": None if amplitude is None else amplitude.columns_per_nAm,
        "pyramidal_cells": None if amplitude is None else amplitude.cells,
        "fraction": None if amplitude is None else amplitude.fraction,
        "area_mm2": None if amplitude is None else amplitude.area_mm2,
        "patch_mm2": None if amplitude is None else amplitude.patch_mm2,
        "fits_patch": None if amplitude is None else amplitude.fits,
    }


def intervals(explanations: Explanations) -> list[dict[str, Any]]:
    """Return what the drives and columns may be, over the first explanation and all of its regime that fit as well.

    Drives are matched with those of the first from the same side, in order of time.

    Parameters
    ----------
    explanations : Explanations
        The explanations.

    Returns
    -------
    rows : list of dict
        ``drive``: its name in the first explanation, or in a rival if the first has none like it; ``location``; empty
        for the number of columns. ``quantity``: such as ``'mu_ms'`` or ``'weights_ampa.L5_pyramidal'``. ``value``: in
        the first, NaN if it has no such drive. ``low``, ``high``: the ends over all, each with its own interval where
        it has one. ``held``: how many of the ``of`` explanations have such a drive. ``determined``: whether the data
        determine it in each of them, and it is in all of them; None if not known.
    """
    alike = alike_of(explanations)
    found = []
    for name, location, names in _roles(alike):
        by_item = [_of_drive(item, own) for item, own in zip(alike, names, strict=True)]
        for quantity in dict.fromkeys(quantity for estimates in by_item for quantity in estimates):
            given = [estimates.get(quantity) for estimates in by_item]
            found.append(
                {"drive": name, "location": location, "quantity": quantity} | _united(given, [*map(bool, names)])
            )
    columns = [next((one for one in item.fit.estimates if one.path == "columns"), _columns(item)) for item in alike]
    return [*found, {"drive": "", "location": "", "quantity": "columns"} | _united(columns, [True] * len(alike))]


def alike_of(explanations: Explanations) -> list[Explanation]:
    """Return the first explanation and those of its regime that fit as well, without those that explain nothing.

    Parameters
    ----------
    explanations : Explanations
        The explanations.

    Returns
    -------
    alike : list of Explanation
        The first, then its rivals in order.
    """
    first = explanations.first
    return [first, *(item for item in _rivals(explanations) if item.regime == first.regime)]


def _rivals(explanations: Explanations) -> list[Explanation]:
    """Return rivals of the first; a very uncertain evidence makes none of a fit that explains nothing."""
    return [item for item in explanations.rivals() if not item.r_squared <= 0]


def _columns(item: Explanation) -> Estimate:
    return Estimate(path="columns", value=item.columns, determined=None)


def _drives(item: Explanation) -> list[tuple[str, EvokedDrive]]:
    evoked = [(name, drive) for name, drive in item.network.drives.items() if isinstance(drive, EvokedDrive)]
    return sorted(evoked, key=lambda pair: pair[1].mu_ms)


def _roles(alike: Sequence[Explanation]) -> list[tuple[str, str, list[str | None]]]:
    """Return name and location of each drive, and what it is called in each explanation, None if it has none."""
    own = [_drives(item) for item in alike]
    found: list[tuple[str, str, list[str | None]]] = [
        (name, drive.location, [name, *[None] * (len(alike) - 1)]) for name, drive in own[0]
    ]
    extra: list[tuple[str, str, list[str | None]]] = []
    for k, drives in enumerate(own[1:], 1):
        pairs = matched(
            [(drive.location, drive.mu_ms) for _, drive in own[0]],
            [(drive.location, drive.mu_ms) for _, drive in drives],
        )
        for mine, its in pairs:
            if its is None:
                continue
            name, drive = drives[its]
            if mine is not None:
                found[mine][2][k] = name
                continue
            names: list[str | None] = [None] * len(alike)
            names[k] = name
            extra.append((name, drive.location, names))
    return found + extra


def matched(one: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]) -> Matches:
    """Match the drives of two sequences: from the same side, in order, as near in time as they can be.

    Parameters
    ----------
    one, other : sequence of (str, float)
        Location and time (ms) of each drive, in order of time.

    Returns
    -------
    pairs : list of (int | None, int | None)
        Places in both; None for a drive that the other sequence does not have.
    """
    rows, columns = len(one) + 1, len(other) + 1
    cost = [[UNMATCHED_ms / 2 * (i + j) for j in range(columns)] for i in range(rows)]
    for i in range(1, rows):
        for j in range(1, columns):
            cost[i][j] = min(cost[i - 1][j], cost[i][j - 1]) + UNMATCHED_ms / 2
            if one[i - 1][0] == other[j - 1][0]:
                cost[i][j] = min(cost[i][j], cost[i - 1][j - 1] + abs(one[i - 1][1] - other[j - 1][1]))
    pairs: Matches = []
    i, j = len(one), len(other)
    while i or j:
        if i and j and one[i - 1][0] == other[j - 1][0]:
            apart = abs(one[i - 1][1] - other[j - 1][1])
            if cost[i][j] == cost[i - 1][j - 1] + apart:
                i, j = i - 1, j - 1
                pairs.append((i, j))
                continue
        if i and cost[i][j] == cost[i - 1][j] + UNMATCHED_ms / 2:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _of_drive(item: Explanation, name: str | None) -> dict[str, Estimate]:
    """Return what was found for a drive, by quantity; its time and spread at least."""
    if name is None:
        return {}
    drive, begin = item.network.drives[name], f"drives.{name}."
    assert isinstance(drive, EvokedDrive)
    found = {
        kind: Estimate(path=f"{begin}{kind}", value=value, determined=None)
        for kind, value in (("mu_ms", drive.mu_ms), ("sigma_ms", drive.sigma_ms))
    }
    return found | {one.path.removeprefix(begin): one for one in item.fit.estimates if one.path.startswith(begin)}


def _united(given: Sequence[Estimate | None], held: Sequence[bool]) -> dict[str, Any]:
    there = [one for one in given if one is not None]
    told = [one.determined for one in there]
    return {
        "value": nan if given[0] is None else given[0].value,
        "low": min(_numbers((one.low, one.value) for one in there)),
        "high": max(_numbers((one.high, one.value) for one in there)),
        "held": sum(held),
        "of": len(given),
        "determined": None if None in told else all(told) and all(held),
    }


def _numbers(pairs: Iterable[tuple[float, float]]) -> list[float]:
    """Return all that are numbers: without an interval the value stands for it."""
    return [value for pair in pairs for value in pair if not isnan(value)]
