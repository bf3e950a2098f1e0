"""Events in the annotations of a recording, and the triggers that they go with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import mne
import numpy as np

from .._text import some
from .._warn import warn
from ..errors import DataError

__all__ = ["Annotated", "annotated_events"]

# names of which MNE makes no events
_NO_EVENT = re.compile(r"bad|edge", re.IGNORECASE)
# how BrainVision names the trigger 5: 'S  5', after MNE 'Stimulus/S  5'
_NUMBERED = re.compile(r"(?:Stimulus/)?[Ss]?\s*(\d+)$")

# MNE gives BrainVision's markers without a number one from here on
_NO_MARKER = 10000
_SHARE = 0.8
_REACH_S = 0.5
_SPREAD_S = 0.1
_NEAR_S = 0.05


def annotated_events(raw: mne.io.BaseRaw, listed: Mapping[str, int] | None = None) -> Annotated:
    """Return the events in the annotations of a recording; `listed` has the numbers of ``events.tsv``, if there is one.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    listed : mapping of str to int | None
        Numbers of the names, as far as they are known; None if the annotations are not of an ``events.tsv``.

    Returns
    -------
    notes : Annotated
        The events, none if there are no annotations.
    """
    names = sorted({str(name) for name in raw.annotations.description if not _NO_EVENT.match(str(name))})
    codes = {name: number for number, name in enumerate(names, start=1)}
    if not names:
        return Annotated(np.zeros(0, int), np.zeros(0, int), [], {}, listed)
    events, _ = mne.events_from_annotations(raw, event_id=codes, verbose="error")
    _, automatic = mne.events_from_annotations(raw, verbose="error")
    rate = float(raw.info["sfreq"])
    notes = Annotated(events[:, 0], events[:, 2] - 1, names, dict(automatic), listed, rate=rate)
    if isinstance(raw, mne.io.brainvision.brainvision.RawBrainVision):
        notes.add_numbers({name: number for name, number in automatic.items() if number < _NO_MARKER})
    return notes


class Annotated:
    """Events in annotations.

    Parameters
    ----------
    samples : array of int, shape (n_events,)
        Where they are.
    kinds : array of int, shape (n_events,)
        Index of the name of each.
    names : list of str
        The names.
    automatic : mapping of str to int
        Numbers that MNE gives to names, which mean nothing unless they tell the conditions apart.
    listed : mapping of str to int | None
        Numbers of names in ``events.tsv``; None if there is no such file.
    rate : float
        Sampling rate, Hz.
    """

    def __init__(
        self,
        samples: Any,
        kinds: Any,
        names: list[str],
        automatic: Mapping[str, int],
        listed: Mapping[str, int] | None,
        *,
        rate: float = 1.0,
    ) -> None:
        self.samples, self.kinds, self.names, self.rate = samples, kinds, names, rate
        self.from_events_file = listed is not None
        self._automatic = automatic
        self._numbers: dict[str, int] = {}
        for name in names:
            match = _NUMBERED.match(name)
            if match is not None:
                self._numbers[name] = int(match[1])
        self._listed = {name: number for name, number in (listed or {}).items() if name in names}
        self._numbers |= self._listed
        self._own = dict(self._numbers)  # before triggers are looked at
        self._paired: dict[str, int] = {}
        self._offsets = np.full(len(samples), np.nan)
        self._codes = np.full(len(samples), -1)
        self._met: set[int] = set()
        self.annotated_codes: set[int] = set()

    def __len__(self) -> int:
        return len(self.samples)

    def add_numbers(self, numbers: Mapping[str, int]) -> None:
        """Give names their numbers, unless these are known."""
        self._numbers = {**numbers, **self._numbers}

    @property
    def everything(self) -> Any:
        """Which events: all."""
        return np.ones(len(self), bool)

    @property
    def marking(self) -> Any:
        """Which events go with triggers; all of an ``events.tsv``."""
        return self.everything if self.from_events_file else self._of(set(self._paired))

    @property
    def known_numbers(self) -> set[int]:
        """The numbers that events have."""
        return set(self._event_numbers.tolist()) - {-1}

    @property
    def _event_numbers(self) -> Any:
        """Number of each event: that of its name, else of its trigger; -1 if it has none."""
        of_names = np.array([self._numbers.get(name, -1) for name in self.names] or [-1])[self.kinds]
        return np.where(of_names >= 0, of_names, self._codes)

    def number(self, name: str) -> int:
        """Return the number to tell the events of a name from others."""
        return int(self._automatic[name])

    def _of(self, names: set[str]) -> Any:
        return np.isin(self.kinds, [index for index, name in enumerate(self.names) if name in names])

    def where(self, wanted: Any) -> Any:
        """Return which events have one of the names of a mapping, or the number of a name that it does not know.

        Parameters
        ----------
        wanted : mapping of str to int | sequence of int | int
            Names and numbers.

        Returns
        -------
        chosen : array of bool, shape (n_events,)
            Which.
        """
        if isinstance(wanted, Mapping):
            names = {name for name in wanted if name in self.names}
            numbers = {int(number) for name, number in wanted.items() if name not in names}
        else:
            names, numbers = set(), {int(number) for number in np.atleast_1d(np.array(wanted))}
        return self._of(names) | np.isin(self._event_numbers, sorted(numbers))

    def events(self, chosen: Any, wanted: Any) -> tuple[Any, Any]:
        """Return events with the numbers by which :class:`mne.Epochs` chooses them, and its ``event_id``."""
        own = self._event_numbers[chosen]
        kinds = [self.names[index] for index in self.kinds[chosen]]
        if wanted is None and (not self._paired or (own < 0).any()):
            numbers = [self.number(name) for name in kinds]
        else:
            given = wanted if isinstance(wanted, Mapping) else {}
            numbers = [int(given.get(name, number)) for name, number in zip(kinds, own, strict=True)]
        found = np.zeros((int(chosen.sum()), 3), int)
        found[:, 0], found[:, 2] = self.samples[chosen], numbers
        return found, wanted

    def check_numbers(self, event_id: Mapping[str, int]) -> None:
        """Refuse a name whose number is that of another name."""
        for name, number in event_id.items():
            own = self._numbers.get(name)
            others = sorted(other for other, its in self._numbers.items() if its == int(number) and other != name)
            if own is not None and own != int(number) and others:
                raise DataError(
                    f"event_id gives {name!r} the number {int(number)}, but the data have {own} for {name!r}, and "
                    f"{int(number)} for {others[0]!r}: give {{{name!r}: {own}}}, or the name alone."
                )

    def numberless(self, wanted: list[int]) -> str:
        """Say which events there are instead of the numbers wanted."""
        listed = ", ".join(
            f"{name!r} ({self._numbers[name]})" if name in self._numbers else repr(name) for name in self.names[:10]
        )
        return f"No event {wanted} in the data: the events are annotations, {listed}; give a name as event_id."

    def pair(self, triggers: Any) -> None:
        """Find the trigger that each event goes with, as far as an event's name and a trigger's code go together."""
        order = np.argsort(triggers[:, 0], kind="stable")
        times, codes = triggers[order, 0], triggers[order, 2]
        gaps = np.diff(times) / self.rate
        reach = min(_REACH_S, 0.5 * float(np.median(gaps))) if len(gaps) else _REACH_S
        right = np.clip(np.searchsorted(times, self.samples), 0, len(times) - 1)
        left = np.maximum(right - 1, 0)
        nearest = np.where(np.abs(times[right] - self.samples) <= np.abs(times[left] - self.samples), right, left)
        offsets = (self.samples - times[nearest]) / self.rate
        for index, name in enumerate(self.names):
            mine = self.kinds == index
            close = mine & (np.abs(offsets) <= reach)
            together = mine.any() and close.sum() >= _SHARE * mine.sum() and _constant(offsets[close])
            exact = together and _unique(codes[nearest[close]]) and np.median(np.abs(offsets[close])) <= _NEAR_S
            where = np.flatnonzero(mine)[np.argsort(self.samples[mine], kind="stable")]
            lagging = None if exact else self._lagging(where, times, codes)
            if lagging is not None:
                self._join(name, where, order[lagging], triggers)
            elif together:
                self._join(name, np.flatnonzero(close), order[nearest[close]], triggers)
        for code in np.unique(codes):
            of_code = np.flatnonzero(triggers[:, 2] == code)
            if sum(int(place) in self._met for place in of_code) >= _SHARE * len(of_code):
                self.annotated_codes.add(int(code))

    def _lagging(self, where: Any, times: Any, codes: Any) -> Any | None:
        """Return the triggers of a code of which there are as many as events, all equally late: of another clock."""
        found = None
        for code in np.unique(codes) if len(where) >= 3 else ():
            same = np.flatnonzero(codes == code)
            if len(same) != len(where):
                continue
            lag = (self.samples[where] - times[same]) / self.rate
            if np.ptp(lag) <= _SPREAD_S and (found is None or abs(lag[0]) < found[0]):
                found = abs(lag[0]), same
        return None if found is None else found[1]

    def _join(self, name: str, where: Any, partners: Any, triggers: Any) -> None:
        """Note that the events of a name go with triggers."""
        self._offsets[where] = (self.samples[where] - triggers[partners, 0]) / self.rate
        self._codes[where] = triggers[partners, 2]
        self._met |= set(partners.tolist())
        code = Counter(self._codes[where].tolist()).most_common(1)[0][0]
        self._paired[name] = code
        if _unique(self._codes[where]):
            self._numbers[name] = int(code)
        elif name not in self._listed:
            self._numbers.pop(name, None)  # each event has the number of its trigger

    def say_numbers(self, wanted: set[int]) -> None:
        """Say where numbers that choose events are others beside the data than on the stimulus channel."""
        for name, number in self._numbers.items():
            own = self._own.get(name, number)
            if own != number and {own, number} & wanted:
                says = f"events.tsv gives {name!r} the value {own}" if name in self._listed else f"{name!r} says {own}"
                warn(
                    f"{says}, but its triggers have {number}: numbers in event_id are those of triggers; give the "
                    f"name, event_id={name!r}, to be sure."
                )

    def compare(self, triggers: Any, found: Any) -> None:
        """Say by how much the events found lie beside their triggers, and which of either have no partner."""
        of_name = [name in self._paired or self.from_events_file for name in self.names]
        chosen = np.isin(self.samples, found[:, 0]) & np.array(of_name)[self.kinds]
        if not chosen.any():
            return
        offsets = self._offsets[chosen]
        known = np.isfinite(offsets)
        beside = offsets[known][np.abs(offsets[known]) > 1.001 / self.rate]
        codes = set(self._codes[chosen].tolist()) - {-1}
        more = sum(int(code) in codes and place not in self._met for place, code in enumerate(triggers[:, 2].tolist()))
        parts = []
        if beside.size:
            middle = 1000 * float(np.median(beside))
            most = 1000 * float(np.abs(beside).max())
            side = "after" if middle > 0 else "before"
            parts.append(
                f"{beside.size} of {offsets.size} events lie {abs(middle):.3g} ms {side} their triggers (median; at "
                f"most {most:.3g} ms)"
            )
        if (~known).any():
            parts.append(f"{int((~known).sum())} of {offsets.size} events have no trigger")
        if more:
            parts.append(f"{more} triggers ({some(sorted(map(int, codes)))}) have no event")
        if parts:
            source = "events.tsv" if self.from_events_file else "The annotations"
            warn(
                f"{source} and the stimulus channel differ: {', '.join(parts)}; {source[0].lower() + source[1:]} "
                f"{'is' if self.from_events_file else 'are'} taken, give stim_channel to take the triggers."
            )


def _unique(codes: Any) -> bool:
    """Return whether triggers are of one code, but for a few."""
    return Counter(codes.tolist()).most_common(1)[0][1] >= _SHARE * len(codes)


def _constant(offsets: Any) -> bool:
    """Return whether events lie all about equally far from their triggers."""
    if len(offsets) < 3:
        return bool(np.abs(offsets).max() <= _SPREAD_S)
    low, high = np.percentile(offsets, [10, 90])
    return bool(high - low <= _SPREAD_S)
