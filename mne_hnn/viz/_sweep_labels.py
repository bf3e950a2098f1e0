"""Names and units of parameters and summaries, as they stand at axes."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._types import FloatArray
from .._units import MS, NAM

if TYPE_CHECKING:
    from ..sweep import SweepResult

__all__ = ["parameter_label", "shown_unit"]

#: What is drawn for a unit: factor and symbol.
SHOWN = {"s": (1.0 / MS, "ms"), "Hz": (1.0, "Hz")}
_UNIT_OF_FIELD = {
    "ms": "ms",
    "nA": "nA",
    "uS": "µS",
    "Hz": "Hz",
    "um": "µm",
    "mV": "mV",
    "ohm_cm": "Ω cm",
    "uF_cm2": "µF/cm²",
}


def shown_unit(unit: str | None, values: FloatArray) -> tuple[float, str]:
    """Return the factor to, and the symbol of, the unit in which values have readable numbers."""
    if unit != "A m":
        return SHOWN.get(unit or "", (1.0, ""))
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    for factor, symbol in ((1.0 / NAM, "nAm"), (1e3 / NAM, "pAm")):
        if largest * factor >= 0.1 or not largest:
            return factor, symbol
    return 1e6 / NAM, "fAm"


def parameter_label(result: SweepResult, name: str, width: int = 60) -> str:
    """Return what to write at an axis: name, and unit where a path tells it, in lines of some width."""
    from ..sweep.grid import joined  # which imports what simulates

    paths = [path for other in _equal(result, name) for path in result.grid.paths.get(other, ())]
    if not paths:
        return name.replace("_", " ")
    parts = paths[0].split(".")
    fields = [_Field.of(part) for part in parts]
    unit = "nA" if parts[0] == "biases" else next((shown.unit for shown in reversed(fields) if shown.unit), None)
    text = re.sub(r"\{(.*)\}", lambda match: match.group(1).replace(",", ", "), joined(paths))
    for root in ("drives.", "connections.", "cells.", "biases."):
        text = text.removeprefix(root)
    for part, field in zip(parts, fields, strict=True):
        text = text.replace(part, field.text) if field.unit else text
    text = text.replace(".", " ").replace("_", "\N{NO-BREAK SPACE}")  # no line ends within a name
    return textwrap.fill(f"{text} ({unit})" if unit else text, width)


class _Field(NamedTuple):
    """A part of a path as text, and the unit it tells."""

    text: str
    unit: str | None

    @classmethod
    def of(cls, part: str) -> _Field:
        if part.startswith("weights_"):
            return cls(f"{part.removeprefix('weights_').upper()} weight", "µS")
        if part == "celsius":
            return cls("temperature", "°C")
        if part in ("synaptic_delays", "tstart", "tstop", "tstart_std"):
            return cls(part, "ms")
        ending = next((field for field in _UNIT_OF_FIELD if part.endswith(f"_{field}")), None)
        return cls(part, None) if ending is None else cls(part.removesuffix(f"_{ending}"), _UNIT_OF_FIELD[ending])


def _equal(result: SweepResult, name: str) -> list[str]:
    """Return the names that have the same value as this one at every point."""
    columns = result.parameters
    same = [other for other in columns if other != name and np.array_equal(columns[other], columns[name])]
    return [name, *same] if len(set(columns[name].tolist())) > 1 else [name]
