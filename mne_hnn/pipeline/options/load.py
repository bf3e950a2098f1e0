"""Options of the stage that loads and averages the response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np

from ..._checks import check_positive
from ...source.plausible import check_band, check_baseline, check_limits, check_seconds, check_window
from ..checks import at_least, check_condition, check_names, each, or_none, path_or
from .option import Options, documented, option

__all__ = ["AveragingOptions", "LoadOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class AveragingOptions(Options):
    """How a response is averaged, whatever the recording."""

    events: Any = option(
        None,
        "Events of continuous data, one per run if `data` is a list; None finds them, as "
        ":func:`mne_hnn.source.load_response` says.",
        kind="path-like | array | list of these | None",
        check=each(path_or(np.ndarray)),
    )
    stim_channel: str | None = option(None, "Take the triggers on this channel, whatever annotations say.")
    channel_types: Sequence[str] = option(
        ("meg",), "Kinds of sensors: 'meg', 'mag', 'grad', 'eeg'.", convert=check_names
    )
    bads: Sequence[str] = option((), "Further bad channels.", convert=check_names)
    l_freq: float | None = option(
        None, "Lower edge of the filter; None for none.", unit="Hz", check=or_none(check_positive)
    )
    h_freq: float | None = option(
        None, "Upper edge of the filter; None for none.", unit="Hz", check=or_none(check_positive)
    )
    tmin: float = option(-0.1, "Start of the epoch, from the event.", unit="s", check=check_seconds)
    tmax: float = option(0.3, "End of the epoch, from the event.", unit="s", check=check_seconds)
    baseline: tuple[float | None, float | None] | None = option(
        (None, 0.0),
        "Times whose mean is subtracted, None in it for the epoch's own end; None for no baseline.",
        unit="s",
        kind="tuple of float | None",
        check=check_baseline,
    )
    reject: Mapping[str, float] | None = option(
        None,
        "Largest peak-to-peak amplitude per channel type, such as {'grad': 4000e-13}.",
        unit="T, T/m, V",
        check=check_limits,
    )
    flat: Mapping[str, float] | None = option(
        None, "Smallest peak-to-peak amplitude per channel type.", unit="T, T/m, V", check=check_limits
    )
    decim: int = option(1, "Keep every so-many-th sample.", check=at_least(1))
    noise_cov: Any = option(
        None,
        "Noise covariance; None estimates it from the time before each event.",
        kind="path-like | mne.Covariance | None",
        check=path_or(mne.Covariance),
    )

    def _check(self) -> None:
        check_window(self.tmin, self.tmax, ("tmin", "tmax"))
        check_band(self.l_freq, self.h_freq)
        super()._check()


@documented
@dataclass(frozen=True, kw_only=True)
class LoadOptions(AveragingOptions):
    """What stage load depends on."""

    data: Any = option(
        None,
        "Raw data of any system that MNE reads, epochs or an average; a list holds runs with one position of the "
        "head, which are put together.",
        kind="path-like | mne_bids.BIDSPath | mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked | list of these | None",
    )
    condition: str | int | Sequence[str | int] | None = option(
        None,
        "Which condition of epochs or averages; several are taken together.",
        kind="str | int | sequence of these | None",
        check=each(check_condition),
    )
    event_id: Any = option(None, "The events to average.", kind="int | str | sequence of these | mapping | None")
