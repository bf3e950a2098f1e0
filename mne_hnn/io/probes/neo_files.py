"""Laminar recordings of Neo: blocks in memory, and the files that Neo reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..._text import first_line
from ..._types import FloatArray
from ...errors import DataError, ParameterError
from .content import Piece, ProbeFile, Signal

__all__ = ["is_neo", "open_neo"]

_PLACES = ("depth", "depths", "x", "y", "z", "rel_x", "rel_y", "rel_z")
_PICKLES = (".pkl", ".pickle")


def is_neo(value: Any) -> bool:
    """Return whether a value is a block, segment or signal of Neo."""
    return type(value).__module__.startswith("neo.") and type(value).__name__ in ("Block", "Segment", "AnalogSignal")


def _neo(what: str) -> Any:
    try:
        import neo
    except ImportError as error:
        raise ParameterError(f"{what} needs Neo: pip install 'mne-hnn[laminar]'.") from error
    return neo


@contextmanager
def open_neo(given: Any) -> Iterator[ProbeFile]:
    """Give what a block, or a file that Neo reads, holds."""
    neo = _neo(f"{given} is no NWB file, and what reads others")
    shown = f"the {type(given).__name__.lower()} of Neo" if is_neo(given) else str(given)
    content = given if is_neo(given) else _read(Path(given), neo)
    segments = _segments(content, neo)
    yield ProbeFile(
        software="Neo",
        version=str(neo.__version__),
        signals=tuple(_signals(segments)),
        events=_events(segments),
        shown=shown,
        facts={"block": str(getattr(content, "name", None) or "")},
    )


def _read(path: Path, neo: Any) -> Any:
    if path.suffix.lower() in _PICKLES:
        raise DataError(
            f"{path} is a pickle, and reading one can run any program: read it with Neo where you trust it, and give "
            "the block instead of the file."
        )
    try:
        kind = neo.io.NeoMatlabIO if path.suffix.lower() == ".mat" else None
        stream = kind(str(path)) if kind is not None else neo.get_io(str(path))
        blocks = stream.read(lazy=False) if hasattr(stream, "read") else [stream.read_block()]
    except Exception as error:  # each format fails in its own way
        raise DataError(f"{path} cannot be read by Neo {neo.__version__}: {first_line(error)}") from error
    blocks = blocks if isinstance(blocks, list) else [blocks]
    if len(blocks) != 1:
        raise DataError(f"{path} has {len(blocks)} blocks: read it with Neo, and give the one that is meant.")
    return blocks[0]


def _segments(content: Any, neo: Any) -> list[Any]:
    if isinstance(content, neo.Block):
        return list(content.segments)
    if isinstance(content, neo.Segment):
        return [content]
    segment = neo.Segment()
    segment.analogsignals.append(content)
    return [segment]


def _signals(segments: list[Any]) -> Iterator[Signal]:
    """Yield the signals of all segments, those of one name (or place) together."""
    found: dict[str, list[Any]] = {}
    for segment in segments:
        for number, one in enumerate(segment.analogsignals, start=1):
            found.setdefault(one.name or f"signal {number}", []).append(one)
    for name, parts in found.items():
        first = parts[0]
        yield Signal(
            name=name,
            n_contacts=int(first.shape[1]),
            unit=str(first.units.dimensionality.string),
            pieces=tuple(_piece(one, first.units) for one in parts),
            columns=dict(_columns(first)),
            is_lfp="lfp" in name.lower(),
        )


def _columns(signal: Any) -> Iterator[tuple[str, FloatArray]]:
    for name in _PLACES:
        values = signal.array_annotations.get(name)
        if values is None:
            continue
        if hasattr(values, "rescale"):
            values = values.rescale("um").magnitude
        yield name, np.asarray(values, dtype=float)
    places = signal.annotations.get("coordinates")
    if places is not None and np.ndim(places) == 2:
        places = places.rescale("um").magnitude if hasattr(places, "rescale") else np.asarray(places, dtype=float)
        for name, values in zip("xyz", np.asarray(places).T, strict=False):
            yield name, values


def _piece(signal: Any, units: Any) -> Piece:
    def read(first: int, last: int) -> FloatArray:
        """Return samples in the unit of the first part."""
        return np.asarray(signal[first:last].rescale(units).magnitude, dtype=float)

    return Piece(
        start=float(signal.t_start.rescale("s").magnitude),
        rate=float(signal.sampling_rate.rescale("Hz").magnitude),
        n_times=int(signal.shape[0]),
        read=read,
    )


def _events(segments: list[Any]) -> dict[str, FloatArray]:
    """Return the times of events by their name, and by their labels where these differ."""
    found: dict[str, list[float]] = {}
    for segment in segments:
        for event in segment.events:
            times = event.times.rescale("s").magnitude
            if event.name:
                found.setdefault(event.name, []).extend(map(float, times))
            for label, time in zip(event.labels, times, strict=False):
                if str(label) and str(label) != event.name:
                    found.setdefault(str(label), []).append(float(time))
    return {name: np.array(times) for name, times in found.items()}
