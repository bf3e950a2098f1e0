"""From a recording of a laminar probe to epochs in volts (or V/m2) whose channels know their height."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np
from mne.io.constants import FIFF
from numpy.typing import NDArray

from ..._checks import check_bool, check_finite, suggestion
from ..._text import some
from ..._types import FloatArray
from ..._units import UM
from ..._warn import warn
from ...errors import DataError, ParameterError
from .content import Piece, ProbeFile, Signal

__all__ = ["ProbeChoice", "cut_epochs"]

#: Conductivity (S/m) by which densities in A/m3 are divided: that of simulated arrays.
CONDUCTIVITY_S_m = 0.3
_POTENTIALS = {"V": 1.0, "volt": 1.0, "volts": 1.0, "mV": 1e-3, "uV": 1e-6, "nV": 1e-9}
_DENSITIES = {"V/m2": 1.0, "mV/mm2": 1e3, "uV/mm2": 1.0, "V/cm2": 1e4, "V/mm2": 1e6, "mV/m2": 1e-3, "uV/m2": 1e-6}
_CURRENTS = {"A/m3": 1.0, "uA/mm3": 1e3, "nA/mm3": 1.0, "A/mm3": 1e9, "mA/m3": 1e-3, "uA/m3": 1e-6, "A/cm3": 1e6}
_DOWNWARD = {"depth": True, "depths": True, "y": True, "probe_vertical_position": False}
LARGEST_V, SMALLEST_V = 0.1, 1e-8
EXTENT_um = (10.0, 50_000.0)


@dataclass(frozen=True, kw_only=True)
class ProbeChoice:
    """What is taken of a recording; see :func:`mne_hnn.io.read_laminar` for its fields."""

    signal: str | None = None
    depths: Any = None
    upward: bool | None = None
    surface_um: float = 0.0
    events: Any = None
    window: Sequence[float] | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        check_finite(self.surface_um, "surface_um")
        if self.upward is not None:
            check_bool(self.upward, "upward")
        if self.unit is not None and _factor(self.unit) is None:
            known = [*_POTENTIALS, *_DENSITIES, *_CURRENTS]
            raise ParameterError(f"unit must be one of {', '.join(known)}, got {self.unit!r}.")
        if self.window is not None:
            if not isinstance(self.window, (list, tuple)) or len(self.window) != 2:
                raise ParameterError(f"window must be two times in s, such as (-0.05, 0.2), got {self.window!r}.")
            start, stop = (check_finite(time, "window") for time in self.window)
            if stop <= start:
                raise ParameterError(f"window must end after it starts, got {start:g} to {stop:g} s.")


def cut_epochs(file: ProbeFile, choice: ProbeChoice) -> mne.EpochsArray:
    """Return the epochs that are asked for."""
    signal = _signal(file, choice)
    heights, rule = _heights(signal, file, choice)
    kept = np.flatnonzero(np.isfinite(heights))
    order = kept[np.argsort(heights[kept], kind="stable")]
    _check_heights(heights[order], file)
    unit = choice.unit or signal.unit
    found = None if unit is None else _factor(unit)
    if found is None:
        raise DataError(
            f"{file.shown}: {signal.name!r} is in {unit or 'no unit'}: give the one it has, such as unit='uV'."
        )
    factor, density = found
    data, tmin, rate, notes = _pieces_of(signal, file, choice)
    data = data[:, order] * factor
    _check_values(data, density, file, unit)
    if density and unit is not None and _plain(unit) in _CURRENTS:
        warn(
            f"{file.shown}: {signal.name!r} is in {unit}, and was divided by a conductivity of {CONDUCTIVITY_S_m:g} "
            "S/m, as simulated arrays have."
        )
        notes["conductivity_S_m"] = CONDUCTIVITY_S_m
    names = [f"{signal.name} {number + 1:03d}" for number in order]
    info = mne.create_info(names, rate, "seeg", verbose="error")
    for channel, height in zip(info["chs"], heights[order], strict=True):
        channel["loc"][:3] = (0.0, 0.0, height * UM)
        channel["coord_frame"] = FIFF.FIFFV_COORD_UNKNOWN
        if density:
            channel.update(kind=FIFF.FIFFV_EEG_CH, coil_type=FIFF.FIFFV_COIL_EEG_CSD, unit=FIFF.FIFF_UNIT_V_M2)
    info["description"] = json.dumps(
        {
            "file": file.shown,
            "software": file.software,
            "version": file.version,
            "signal": signal.name,
            "unit_of_file": unit,
            "heights": rule,
            **file.facts,
            **notes,
        }
    )
    return mne.EpochsArray(data, info, tmin=tmin, baseline=None, proj=False, verbose="error")


def _plain(unit: str) -> str:
    """Return a unit as the tables have it: ``'uV / mm**2'`` is ``'uV/mm2'``."""
    text = re.sub(r"\s|\*\*|\^", "", unit).replace("\u00b5", "u").replace("\u03bc", "u").replace("\u00b2", "2")
    return text.replace("\u00b3", "3").replace("microV", "uV").replace("V*m-2", "V/m2").replace("A*m-3", "A/m3")


def _factor(unit: str) -> tuple[float, bool] | None:
    """Return the factor to V or V/m2, and whether it is a density; None for other units."""
    plain = _plain(unit)
    if plain in _POTENTIALS:
        return _POTENTIALS[plain], False
    if plain in _DENSITIES:
        return _DENSITIES[plain], True
    if plain in _CURRENTS:
        return _CURRENTS[plain] / CONDUCTIVITY_S_m, True
    return None


def _signal(file: ProbeFile, choice: ProbeChoice) -> Signal:
    names = [one.name for one in file.signals]
    if choice.signal is not None:
        named = [one for one in file.signals if one.name == choice.signal]
        if len(named) != 1:
            state = f"has {len(named)} signals" if named else "has no signal"
            near = "" if named else f": it has {some(names) or 'none'}.{suggestion(str(choice.signal), names)}"
            raise DataError(f"{file.shown} {state} {choice.signal!r}{near}")
        return named[0]
    lfp = [one for one in file.signals if one.is_lfp]
    if len(lfp) == 1 or len(file.signals) == 1:
        return (lfp or list(file.signals))[0]
    raise DataError(
        f"{file.shown} has {len(names)} signals ({some(names)}), {len(lfp)} of them called LFP: choose one, such as "
        f"signal={names[0]!r}."
        if names
        else f"{file.shown} has no signal with a column for each contact."
    )


def _heights(signal: Signal, file: ProbeFile, choice: ProbeChoice) -> tuple[FloatArray, str]:
    """Return the heights of the contacts over the cortical surface (um, below it negative), and how they were found."""
    given = choice.depths
    if given is not None and not isinstance(given, str):
        depths = np.asarray(given, dtype=float)
        if depths.shape != (signal.n_contacts,):
            raise DataError(
                f"{file.shown}: {signal.name!r} has {signal.n_contacts} contacts, and depths has shape {depths.shape}: "
                "give one per contact, um, NaN for those to leave out."
            )
        name, down = "depths", True if choice.upward is None else not choice.upward
    else:
        name = _column(signal, file, given)
        depths = signal.columns[name]
        known = _DOWNWARD.get(name)
        down = known if choice.upward is None else not choice.upward  # type: ignore[assignment]
        if down is None:
            raise DataError(
                f"{file.shown} does not say whether its column {name!r} rises towards the cortical surface: give "
                "upward=True or False."
            )
    heights = (choice.surface_um - depths) if down else (depths - choice.surface_um)
    return heights, f"{name}, {'down' if down else 'up'}, the surface at {choice.surface_um:g} um"


def _column(signal: Signal, file: ProbeFile, given: str | None) -> str:
    names = list(signal.columns)
    if given is not None:
        if given not in names:
            raise DataError(
                f"{file.shown} has no column {given!r} of places for {signal.name!r}: it has "
                f"{some(names) or 'none'}.{suggestion(given, names)}"
            )
        return given
    varied = [name for name in names if np.ptp(signal.columns[name][np.isfinite(signal.columns[name])]) > 0]
    if len(varied) == 1:
        return varied[0]
    if "depth" in varied:
        return "depth"
    found = f"has several columns of places ({some(varied)})" if varied else "has no depths of contacts"
    raise DataError(
        f"{file.shown} {found} for {signal.name!r}: give depths, a column's name or a depth (um) per contact."
    )


def _check_heights(heights: FloatArray, file: ProbeFile) -> None:
    if len(heights) < 2:
        raise DataError(f"{file.shown} has {len(heights)} contacts with a depth: a laminar recording needs more.")
    steps = np.diff(heights)
    if steps.min() < 1e-6:
        raise DataError(
            f"{file.shown} has several contacts at the same depth, as probes with columns have: give depths with NaN "
            "for all but one column."
        )
    extent = float(heights[-1] - heights[0])
    if not EXTENT_um[0] <= extent <= EXTENT_um[1]:
        raise DataError(
            f"{file.shown} has contacts over {extent:g} um, which no laminar probe spans: depths are in um; were these "
            "given in mm or m?"
        )


def _check_values(data: NDArray[np.float64], density: bool, file: ProbeFile, unit: str | None) -> None:
    if not np.isfinite(data).all():
        raise DataError(f"{file.shown} has samples that are NaN or infinite in the window: choose other events.")
    peak = float(np.abs(data).max(initial=0.0))
    if not density and peak and not SMALLEST_V <= peak <= LARGEST_V:
        warn(
            f"{file.shown} has potentials of up to {peak:.3g} V, where those in tissue are some mV or less: is their "
            f"unit not {unit}? Give the one they have, unit."
        )


def _pieces_of(
    signal: Signal, file: ProbeFile, choice: ProbeChoice
) -> tuple[NDArray[np.float64], float, float, dict[str, Any]]:
    """Return data (n_epochs, n_contacts, n_times), the time of the first sample, the rate, and what was done."""
    rate = signal.pieces[0].rate
    if any(abs(piece.rate - rate) > 1e-6 * rate for piece in signal.pieces):
        raise DataError(f"{file.shown}: {signal.name!r} has parts with different sampling frequencies.")
    if choice.events is None:
        return _whole(signal, file, choice, rate)
    times, name = _event_times(file, choice.events)
    start, stop = choice.window or (-0.05, 0.25)
    first, count = round(start * rate), round((stop - start) * rate) + 1
    found, lost = [], 0
    for time in times:
        cut = _cut(signal.pieces, time, first, count)
        lost += cut is None
        if cut is not None:
            found.append(cut)
    if not found:
        raise DataError(
            f"{file.shown}: none of {len(times)} events lies in the recording with {start:g} to {stop:g} s around it; "
            f"the recording has {signal.pieces[0].start:g} to {_end(signal.pieces[-1]):g} s."
        )
    if lost:
        warn(f"{file.shown}: {lost} of {len(times)} events are too near the ends of the recording, and left out.")
    return np.array(found), first / rate, rate, {"events": name, "n_events": len(found), "n_left_out": int(lost)}


def _end(piece: Piece) -> float:
    return piece.start + (piece.n_times - 1) / piece.rate


def _cut(pieces: Sequence[Piece], time: float, first: int, count: int) -> FloatArray | None:
    for piece in pieces:
        at = round((time - piece.start) * piece.rate) + first
        if at >= 0 and at + count <= piece.n_times:
            return piece.read(at, at + count).T
    return None


def _whole(
    signal: Signal, file: ProbeFile, choice: ProbeChoice, rate: float
) -> tuple[NDArray[np.float64], float, float, dict[str, Any]]:
    """Return each part of a recording as an epoch, at the times of the file."""
    pieces = signal.pieces
    start, stop = choice.window or (max(piece.start for piece in pieces), min(_end(piece) for piece in pieces))
    count = round((stop - start) * rate) + 1
    found = [_cut([piece], start, 0, count) for piece in pieces]
    kept = [one for one in found if one is not None]
    if len(kept) < len(found) or count < 2:
        raise DataError(
            f"{file.shown} has no {start:g} to {stop:g} s{' in each of its parts' * (len(pieces) > 1)}: the first has "
            f"{pieces[0].start:g} to {_end(pieces[0]):g} s. Give events, or another window."
        )
    return np.array(kept), start, rate, {"events": None, "n_events": len(kept), "n_left_out": 0}


def _event_times(file: ProbeFile, events: Any) -> tuple[FloatArray, str]:
    if isinstance(events, str):
        if events not in file.events:
            raise DataError(
                f"{file.shown} has no events {events!r}: it has {some(list(file.events)) or 'none'}."
                f"{suggestion(events, file.events)}"
            )
        return file.events[events], events
    times = np.asarray(events, dtype=float)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all():
        raise ParameterError("events must be a name, or times in s, shape (n_events,).")
    return times, "given"
