"""Laminar recordings in NWB files: electrical series with their table of electrodes, and series of densities."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..._text import first_line
from ..._types import FloatArray
from ...errors import DataError, MneHnnError, ParameterError
from .content import Piece, ProbeFile, Signal

__all__ = ["open_nwb"]

_PLACES = ("depth", "x", "y", "z", "rel_x", "rel_y", "rel_z", "probe_vertical_position", "probe_horizontal_position")


@contextmanager
def open_nwb(path: Path) -> Iterator[ProbeFile]:
    """Give what an NWB file holds; samples are read as long as the context is open."""
    try:
        import pynwb
    except ImportError as error:
        raise ParameterError(f"{path} is an NWB file, which needs pynwb: pip install 'mne-hnn[laminar]'.") from error
    stream = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on versions of name spaces that are cached in the file
            stream = pynwb.NWBHDF5IO(str(path), "r", load_namespaces=True)
            file = stream.read()
        yield ProbeFile(
            software="NWB",
            version=str(stream.nwb_version[0] or "unknown"),
            signals=tuple(_signals(file, pynwb)),
            events=dict(_events(file)),
            shown=str(path),
            facts={"pynwb": pynwb.__version__, "identifier": str(file.identifier)},
        )
    except MneHnnError:
        raise
    except Exception as error:  # whatever a damaged file, or one of a newer schema, makes of the reader
        raise DataError(f"{path} cannot be read as an NWB file, or is damaged: {first_line(error)}") from error
    finally:
        if stream is not None:
            stream.close()


def _signals(file: Any, pynwb: Any) -> Iterator[Signal]:
    """Yield the series that have a contact in each column."""
    series, field_potentials = pynwb.ecephys.ElectricalSeries, pynwb.ecephys.LFP
    for one in file.objects.values():
        if not isinstance(one, pynwb.TimeSeries) or np.ndim(one.data) != 2:
            continue
        columns = dict(_columns(one.electrodes)) if isinstance(one, series) else {}
        yield Signal(
            name=one.name,
            n_contacts=int(one.data.shape[1]),
            unit=str(one.unit),
            pieces=(_piece(one, isinstance(one, series)),),
            columns=columns,
            is_lfp=isinstance(one.parent, field_potentials),
        )


def _columns(electrodes: Any) -> Iterator[tuple[str, FloatArray]]:
    """Yield the places of the contacts of a series, by the names of the columns of its table."""
    table, rows = electrodes.table, np.asarray(electrodes.data[:], dtype=int)
    for name in _PLACES:
        if name in table.colnames:
            values = np.asarray(table[name][:], dtype=float)[rows]
            if np.isfinite(values).any():
                yield name, values


def _piece(one: Any, scaled: bool) -> Piece:
    """Return the samples of a series, which reads them when they are asked for."""
    if one.rate is not None:
        start, rate = float(one.starting_time or 0.0), float(one.rate)
    else:
        times = np.asarray(one.timestamps[:], dtype=float)
        start, rate = _regular(times, one.name)
    factor, offset = float(one.conversion or 1.0), float(one.offset or 0.0)
    by_channel = getattr(one, "channel_conversion", None) if scaled else None
    gains = 1.0 if by_channel is None else np.asarray(by_channel[:], dtype=float)

    def read(first: int, last: int) -> FloatArray:
        """Read samples in the unit of the series."""
        return np.asarray(one.data[first:last], dtype=float) * factor * gains + offset

    return Piece(start=start, rate=rate, n_times=int(one.data.shape[0]), read=read)


def _regular(times: FloatArray, name: str) -> tuple[float, float]:
    if len(times) < 2:
        raise DataError(f"The series {name!r} has {len(times)} time stamps: at least two are needed.")
    steps = np.diff(times)
    step = float(np.median(steps))
    if step <= 0 or np.abs(steps - step).max() > 0.5 * step:
        raise DataError(f"The series {name!r} has gaps in its time stamps: write it without them, or in parts.")
    return float(times[0]), float((len(times) - 1) / (times[-1] - times[0]))


def _events(file: Any) -> Iterator[tuple[str, FloatArray]]:
    """Yield the starts of the intervals of each table, and its other columns of times."""
    tables: Mapping[str, Any] = dict(file.intervals or {})
    if file.trials is not None:
        tables = {"trials": file.trials, **tables}
    for name, table in tables.items():
        for column in table.colnames:
            if column == "start_time" or column.endswith("_time"):
                key = name if column == "start_time" else f"{name}.{column}"
                values = np.asarray(table[column][:], dtype=float)
                yield key, values[np.isfinite(values)]
