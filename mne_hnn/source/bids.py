"""Open a BIDS recording, and compare what stands beside it with what it holds: two sources of one truth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._text import first_line, some
from .._warn import warn
from ..errors import DataError, ParameterError
from ._heard import heard

__all__ = ["open_bids", "tsv_rows"]

_MICRO = str.maketrans({"\N{GREEK SMALL LETTER MU}": "\N{MICRO SIGN}", "u": "\N{MICRO SIGN}"})


def open_bids(path: Any) -> tuple[Any, dict[str, int] | None]:
    """Read a BIDS recording with MNE-BIDS, and say where its side files contradict it.

    Parameters
    ----------
    path : mne_bids.BIDSPath
        The recording.

    Returns
    -------
    raw : mne.io.BaseRaw
        The recording. A channel is bad if its header or ``channels.tsv`` has it as bad.
    listed : dict of str to int | None
        Numbers of the trial types, as far as ``events.tsv`` has them in its column ``value``; None without
        ``events.tsv``.

    Raises
    ------
    DataError
        A side file cannot be used.
    ParameterError
        MNE-BIDS is not installed.
    """
    try:
        from mne_bids import read_raw_bids
    except ImportError as error:
        raise ParameterError("A BIDSPath needs mne-bids: pip install 'mne-hnn[bids]'.") from error
    events = _beside(path, "events", ".tsv")
    rows = None if events is None else tsv_rows(events)
    if events is not None and rows is not None:
        _check_columns(events, rows)
    numbers: dict[str, Any] = {}
    with heard(str(path.fpath)):
        if events is None:
            raw = read_raw_bids(path, verbose="warning")
        elif not rows:
            raw = _without_events(path, read_raw_bids)
        else:
            raw, numbers = read_raw_bids(path, return_event_dict=True, verbose="warning")
    if rows:
        _check_onsets(events, rows, raw)
        _compare_samples(events, rows, raw)
    _compare_channels(path, raw)
    _compare_sidecar(path, raw)
    if events is None:
        return raw, None
    if not rows or "value" not in rows[0]:
        return raw, {}
    return raw, {str(name): int(number) for name, number in numbers.items() if _whole(number)}


def _without_events(path: Any, read: Any) -> Any:
    """Read a recording whose ``events.tsv`` has no line, which MNE-BIDS may trip over."""
    raw = read(path, verbose="warning")
    return raw.set_annotations(None)


def _whole(number: Any) -> bool:
    return isinstance(number, (int, float, np.integer)) and not isinstance(number, bool) and number == int(number)


def _beside(path: Any, suffix: str, extension: str) -> Path | None:
    try:
        found = path.find_matching_sidecar(suffix=suffix, extension=extension, on_error="ignore")
    except Exception:  # noqa: BLE001 - of a path that is not complete, which reading says better
        return None
    return None if found is None or not Path(found).is_file() else Path(found)


def tsv_rows(path: Path) -> list[dict[str, str]]:
    """Return the lines of a tab-separated file, which must have a line of names."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}") from error
    names, *rows = [line.split("\t") for line in lines if line.strip()] or [[]]
    if not names:
        raise DataError(f"{path} is empty: it needs a line with the names of its columns.")
    return [dict(zip(names, row, strict=False)) for row in rows]


def _check_columns(events: Path, rows: list[dict[str, str]]) -> None:
    if rows and "onset" not in rows[0]:
        raise DataError(f"{events} has no column 'onset', the times of events in s: it has {', '.join(rows[0])}.")
    for row in rows:
        onset = row["onset"].strip()
        if onset.lower() in ("n/a", "nan", ""):
            continue
        try:
            float(onset)
        except ValueError as error:
            comma = " (a decimal comma?)" if "," in onset else ""
            raise DataError(f"{events} has the onset {onset!r}{comma}: a time in s is expected.") from error


def _check_onsets(events: Path | None, rows: list[dict[str, str]], raw: mne.io.BaseRaw) -> None:
    """Refuse events none of which lies within the recording."""
    onsets = [row["onset"].strip() for row in rows]
    times = np.array([float(onset) for onset in onsets if onset.lower() not in ("n/a", "nan", "")])
    duration = raw.n_times / raw.info["sfreq"]
    if times.size and not ((times >= 0) & (times < duration)).any():
        low, high = float(times.min()), float(times.max())
        slip = ""
        if low >= 0 and high / 1000.0 < duration:
            slip = " (in ms?)"
        elif low >= 0 and high / raw.info["sfreq"] < duration:
            slip = " (in samples?)"
        raise DataError(
            f"{events} has onsets from {low:g} to {high:g}, which are all outside of the recording of {duration:g} s: "
            f"onsets are in s from its first sample{slip}."
        )


def _compare_samples(events: Path | None, rows: list[dict[str, str]], raw: mne.io.BaseRaw) -> None:
    """Warn if the columns ``onset`` and ``sample`` are of different sampling rates; they may count from elsewhere."""
    both = [row for row in rows if _is_number(row.get("onset")) and _is_number(row.get("sample"))]
    onsets, samples = (np.array([float(row[name]) for row in both]) for name in ("onset", "sample"))
    apart = samples / raw.info["sfreq"] - onsets
    if len(both) > 1 and np.ptp(apart) > 2.5 / raw.info["sfreq"]:
        warn(
            f"{events} has columns onset and sample that disagree by up to {1000 * np.ptp(apart):.3g} ms at "
            f"{raw.info['sfreq']:g} Hz: onset is taken."
        )


def _compare_channels(path: Any, raw: mne.io.BaseRaw) -> None:
    """Take channels as bad that either the header or ``channels.tsv`` has so, and say where the two differ."""
    table = _beside(path, "channels", ".tsv")
    rows = [] if table is None else tsv_rows(table)
    if not rows or "name" not in rows[0]:
        return
    named = {row["name"]: row for row in rows}
    in_header = _bads_of_header(path, raw.ch_names)
    only_in_header = [name for name in in_header if name in raw.ch_names and name not in raw.info["bads"]]
    if only_in_header and "status" in rows[0]:
        raw.info["bads"] = [*raw.info["bads"], *only_in_header]
        warn(
            f"{path.fpath.name} has channels marked bad that channels.tsv has as good: {some(only_in_header)}; they "
            "are left out."
        )
    rates = {float(row["sampling_frequency"]) for row in rows if _is_number(row.get("sampling_frequency"))}
    _compare_rate(rates, raw, table)
    _compare_units(named, raw, table)


def _bads_of_header(path: Any, names: list[str]) -> list[str]:
    """Return the channels that the recording itself has as bad; formats of EEG have no such mark."""
    if path.fpath.suffix == ".fif" and path.fpath.is_file():
        return list(mne.io.read_info(path.fpath, verbose="error")["bads"])
    marks = path.fpath / "BadChannels"
    if path.fpath.suffix == ".ds" and marks.is_file():
        listed = {line.strip() for line in marks.read_text(encoding="utf-8").splitlines()}
        return [name for name in names if name.split("-")[0] in listed]
    return []


def _is_number(text: Any) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except (TypeError, ValueError):
        return False


def _compare_rate(rates: set[float], raw: mne.io.BaseRaw, where: Any) -> None:
    sfreq = float(raw.info["sfreq"])
    if rates and not any(np.isclose(rate, sfreq, rtol=1e-3) for rate in rates):
        listed = ", ".join(f"{rate:g}" for rate in sorted(rates))
        warn(
            f"{where} says {listed} Hz, but the recording has {sfreq:g} Hz, which is taken: correct one of them, as "
            "onsets of events may have been computed with the wrong one."
        )


def _compare_units(named: Mapping[str, Mapping[str, str]], raw: mne.io.BaseRaw, where: Any) -> None:
    """Say where ``channels.tsv`` and the header of an EEG recording scale a channel differently."""
    header = getattr(raw, "_orig_units", None) or {}
    kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    differing = []
    for name, unit in header.items():
        listed = str(named.get(name, {}).get("units", "n/a")).translate(_MICRO)
        own = str(unit).translate(_MICRO)
        if kinds.get(name) == "eeg" and {listed, own} <= {"V", "mV", "\N{MICRO SIGN}V", "nV"} and listed != own:
            differing.append(f"{name} ({listed} and {own})")
    if differing:
        warn(
            f"{where} and the header of the recording name different units of {len(differing)} channels, "
            f"{some(differing, 3)}; the header is taken: check the amplitudes."
        )


def _compare_sidecar(path: Any, raw: mne.io.BaseRaw) -> None:
    sidecar = _beside(path, str(path.datatype or path.suffix), ".json")
    if sidecar is None:
        return
    try:
        content = json.loads(sidecar.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{sidecar} cannot be read: {first_line(error)}") from error
    rate = content.get("SamplingFrequency") if isinstance(content, dict) else None
    if isinstance(rate, (int, float)):
        _compare_rate({float(rate)}, raw, sidecar)
