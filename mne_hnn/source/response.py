"""Load what the sensors recorded: an averaged response and the noise it stands in."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.utils import logger, verbose

from .._checks import check_finite, check_name, suggestion
from ..errors import DataError, ParameterError
from ._files import first_line, read_file, some
from .events import select_events
from .opening import listed_runs, open_data
from .plausible import check_amplitudes
from .runs import kind_of

__all__ = ["Response", "load_response"]

CHANNEL_TYPES = ("meg", "mag", "grad", "eeg")
_DATA_TYPES = {"mag", "grad", "eeg"}


@dataclass(frozen=True, kw_only=True)
class Response:
    """An averaged response, its noise covariance, and how it came about.

    Attributes
    ----------
    evoked : mne.Evoked
        The average, of the chosen channel types only; EEG with an average-reference projector.
    noise_cov : mne.Covariance | None
        Covariance of the noise of single epochs; None if it was neither given nor could be estimated.
    n_epochs, n_dropped : int
        Epochs that were averaged, and those that were rejected.
    drop_reasons : dict of str to int
        How many epochs each channel or reason dropped.
    origin : str
        Where the data were read from.
    kind : str
        What was averaged: ``'raw data'``, ``'epochs'`` or ``'an average'``.
    n_runs : int
        How many recordings were put together.
    """

    evoked: mne.Evoked
    noise_cov: mne.Covariance | None
    n_epochs: int
    n_dropped: int = 0
    drop_reasons: Mapping[str, int] = field(default_factory=dict)
    origin: str = ""
    kind: str = ""
    n_runs: int = 1


@verbose
def load_response(
    data: Any,
    *,
    condition: str | int | Sequence[str | int] | None = None,
    events: Any = None,
    event_id: int | str | Sequence[int] | Sequence[str] | Mapping[str, int] | None = None,
    stim_channel: str | Sequence[str] | None = None,
    channel_types: str | Sequence[str] = "meg",
    bads: Sequence[str] = (),
    l_freq: float | None = None,
    h_freq: float | None = None,
    tmin: float = -0.1,
    tmax: float = 0.3,
    baseline: tuple[float | None, float | None] | None = (None, 0.0),
    reject: Mapping[str, float] | None = None,
    flat: Mapping[str, float] | None = None,
    decim: int = 1,
    noise_cov: Any = None,
    n_jobs: int | None = None,
    verbose: Any = None,
) -> Response:
    """Load a response from MEG and/or EEG data, from wherever MNE keeps them.

    Parameters
    ----------
    data : mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked | path-like | mne_bids.BIDSPath | list of these
        Continuous data, epochs or an average, as object or as file. A list holds runs, all of one kind and with one
        position of the head: raw data and epochs are concatenated, averages are combined with weights by their number
        of epochs; a channel that is bad in one run is bad in all.
    condition : str | int | sequence | None
        Which condition of epochs (name, or number of its event), or which average of a file (name, or place from 0).
        Several are taken together: all their epochs, or their averages with weights by the number of epochs. None if
        there is only one.
    events : array, shape (n_events, 3) | path-like | list of these | None
        Events of continuous data, one per run if `data` is a list. None finds them on the stimulus channel or, where
        there is none, in the annotations.
    event_id : int | str | sequence | mapping | None
        The events to average, as in :class:`mne.Epochs`; a str, or several, name annotations (of a BIDS recording: the
        trial types of its events). None takes all.
    stim_channel : str | sequence of str | None
        The stimulus channel; None as MNE finds it.
    channel_types : str | sequence of str
        ``'meg'`` (both kinds of MEG sensor), ``'mag'``, ``'grad'``, ``'eeg'``.
    bads : sequence of str
        Channels to leave out besides those marked bad.
    l_freq, h_freq : float | None
        Band to filter continuous data to, Hz; an average is filtered as it is, epochs too.
    tmin, tmax : float
        Window of an epoch around its event, s. An average and epochs are cropped to what they have of it.
    baseline : tuple of float | None
        Interval whose mean is subtracted, s; as in MNE. None leaves the data as they are.
    reject, flat : mapping of str to float | None
        Peak-to-peak amplitudes per channel type, as in :class:`mne.Epochs`.
    decim : int
        Keep every `decim`-th sample of an epoch.
    noise_cov : mne.Covariance | path-like | None
        None estimates it from the epochs' time before 0 (``'shrunk'`` is slow for many channels; this is the
        empirical estimate), and gives None for an average.
    n_jobs : int | None
        Processes for filtering.
    %(verbose)s

    Returns
    -------
    response : Response
        Average, noise and counts.

    Raises
    ------
    DataError
        The file is missing, damaged or no such data, runs do not fit together, the condition or channels do not exist,
        no epoch is left, or values are not finite or larger than any brain gives.
    """
    kinds = _check_channel_types(channel_types)
    tmin, tmax = check_finite(tmin, "tmin"), check_finite(tmax, "tmax")
    if tmin >= tmax:
        raise ParameterError(f"tmin must be before tmax, got {tmin:g} and {tmax:g} s.")
    instance, origin, events = open_data(data, condition, events)
    kind = kind_of(instance)
    _check_samples(instance, origin, kinds)
    instance = _mark_bads(instance, bads)
    if isinstance(instance, mne.io.BaseRaw):
        instance = _filter(instance, l_freq, h_freq, n_jobs)
        instance = _cut_epochs(
            instance, events, event_id, stim_channel, tmin=tmin, tmax=tmax, baseline=baseline, reject=reject,
            flat=flat, decim=decim, kinds=kinds,
        )  # fmt: skip
    else:
        instance = _baselined(_crop(_filter(instance, l_freq, h_freq, n_jobs), tmin, tmax), baseline)
        if isinstance(instance, mne.BaseEpochs):
            limits = [None if one is None else dict(one) for one in (reject, flat)]
            instance.drop_bad(reject=limits[0], flat=limits[1])
        instance = instance.decimate(decim)
    if not isinstance(instance, mne.Evoked):
        _check_some_left(instance)
    instance = _pick(instance, kinds, origin)
    response = _average(instance, read_cov(noise_cov), origin)
    check_amplitudes(response.evoked, origin)
    return replace(response, kind=kind, n_runs=len(listed_runs(data)))


def _check_channel_types(channel_types: str | Sequence[str]) -> tuple[str, ...]:
    listed = (channel_types,) if isinstance(channel_types, str) else tuple(channel_types)
    if not listed:
        raise ParameterError("channel_types must name at least one of 'meg', 'mag', 'grad', 'eeg', got nothing.")
    return tuple(check_name(kind, CHANNEL_TYPES, "channel type") for kind in listed)


def _check_samples(instance: Any, origin: str, kinds: Sequence[str]) -> None:
    picks = _picks(instance.info, kinds, origin)
    if isinstance(instance, mne.io.BaseRaw):
        return  # checked after averaging: continuous data may be larger than the memory
    data = instance.data if isinstance(instance, mne.Evoked) else instance.get_data(verbose="error")
    _check_finite_data(data[..., picks, :], [instance.ch_names[pick] for pick in picks], origin)


def _check_finite_data(data: Any, names: Sequence[str], origin: str) -> None:
    bad = ~np.isfinite(data).all(axis=-1)
    bad = bad.any(axis=0) if bad.ndim == 2 else bad
    if bad.any():
        channels = [name for name, is_bad in zip(names, bad, strict=True) if is_bad]
        raise DataError(
            f"{origin} has values that are not finite (NaN or infinity) in {some(channels)}: "
            "mark those channels bad or interpolate them."
        )


def _mark_bads(instance: Any, bads: Sequence[str]) -> Any:
    for name in bads:
        if name not in instance.ch_names:
            near = suggestion(str(name), instance.ch_names)
            raise DataError(
                f"Unknown bad channel {name!r} in bads: none of the {len(instance.ch_names)} channels.{near}"
            )
    instance.info["bads"] = list(dict.fromkeys([*instance.info["bads"], *bads]))
    return instance


def _filter(instance: Any, l_freq: float | None, h_freq: float | None, n_jobs: int | None) -> Any:
    if l_freq is None and h_freq is None:
        return instance
    if isinstance(instance, (mne.io.BaseRaw, mne.BaseEpochs)):
        instance.load_data()
    return instance.filter(l_freq, h_freq, n_jobs=n_jobs)


def _crop(instance: Any, tmin: float, tmax: float) -> Any:
    first, last = float(instance.times[0]), float(instance.times[-1])
    if tmin >= last or tmax <= first:
        raise DataError(
            f"The data cover {first:g} to {last:g} s, which has nothing of tmin {tmin:g} to tmax {tmax:g} s."
        )
    if isinstance(instance, mne.BaseEpochs):
        instance.load_data()
    return instance.crop(max(tmin, first), min(tmax, last))


def _baselined(instance: Any, baseline: Any) -> Any:
    if baseline is None:
        return instance  # as it is: a baseline that was subtracted before cannot be put back
    try:
        return instance.apply_baseline(baseline)
    except ValueError as error:
        raise DataError(f"The baseline {baseline} cannot be subtracted: {first_line(error)}") from error


def _cut_epochs(
    raw: mne.io.BaseRaw,
    events: Any,
    event_id: Any,
    stim_channel: Any,
    *,
    kinds: Sequence[str],
    reject: Mapping[str, float] | None,
    flat: Mapping[str, float] | None,
    **options: Any,
) -> mne.Epochs:
    events, event_id = select_events(raw, events, event_id, stim_channel)
    present = set(raw.get_channel_types())
    for what, limits in (("reject", reject), ("flat", flat)):
        for kind in limits or ():
            if kind not in present:
                raise ParameterError(
                    f"{what} names channel type {kind!r}, but the data have {', '.join(sorted(present))}: take it out."
                )
    picks = mne.pick_types(raw.info, **_pick_options(kinds), eog=True, ecg=True, exclude="bads")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All epochs were dropped")  # an error says so, and why
            return mne.Epochs(
                raw, events, event_id, picks=picks, reject=None if reject is None else dict(reject),
                flat=None if flat is None else dict(flat), preload=True, proj=True, on_missing="raise", **options,
            )  # fmt: skip
    except ValueError as error:
        raise DataError(f"The epochs cannot be cut: {first_line(error)}") from error


def _pick_options(kinds: Sequence[str]) -> dict[str, Any]:
    meg: bool | str = False
    if "meg" in kinds or {"mag", "grad"} <= set(kinds):
        meg = True
    elif "mag" in kinds or "grad" in kinds:
        meg = "mag" if "mag" in kinds else "grad"
    return {"meg": meg, "eeg": "eeg" in kinds, "ref_meg": False}


def _picks(info: mne.Info, kinds: Sequence[str], origin: str) -> Any:
    for kind in kinds:
        if not len(mne.pick_types(info, **_pick_options([kind]), exclude="bads")):
            there = sorted(set(info.get_channel_types()) & _DATA_TYPES)
            what = f"set channel_types to {tuple(there)!r}" if there else "give another recording"
            raise DataError(
                f"{origin} has no good channel of type {kind!r}: it has {', '.join(there) or 'neither MEG nor EEG'}; "
                f"{what}."
            )
    return mne.pick_types(info, **_pick_options(kinds), exclude="bads")


def _pick(instance: Any, kinds: Sequence[str], origin: str) -> Any:
    names = [instance.ch_names[pick] for pick in _picks(instance.info, kinds, origin)]
    instance = instance.pick(names)
    if "eeg" in kinds:
        instance = referenced(instance)
    elif not instance.proj and instance.info["projs"]:
        instance.apply_proj()
    return instance


def referenced(instance: Any) -> Any:
    """Return data whose EEG, if any, has the average reference, which the forward model of EEG needs.

    As a projector, which stays exact where channels are dropped, and whatever the reference was before.
    """
    if not hasattr(instance, "get_channel_types"):
        raise ParameterError(f"evoked must be an mne.Evoked, got {type(instance).__name__}.")
    if "eeg" not in instance.get_channel_types(unique=True):
        return instance
    if any(one["desc"] == "Average EEG reference" and one["active"] for one in instance.info["projs"]):
        return instance
    again = instance.copy().set_eeg_reference("average", projection=True, verbose="error")
    return again.apply_proj(verbose="error")


def read_cov(noise_cov: Any) -> mne.Covariance | None:
    """Return a noise covariance, read if a path is given; None stays None."""
    if noise_cov is None or isinstance(noise_cov, mne.Covariance):
        return noise_cov
    if not isinstance(noise_cov, (str, Path)):
        raise ParameterError(f"noise_cov must be an mne.Covariance or its path, got {type(noise_cov).__name__}.")
    return read_file(mne.read_cov, noise_cov, "noise covariance")


def _dropped(epochs: mne.BaseEpochs) -> tuple[Counter[str], int]:
    """Return why epochs were dropped, and how many."""
    reasons = Counter(reason for log in epochs.drop_log for reason in log if reason != "IGNORED")
    return reasons, sum(1 for log in epochs.drop_log if log and "IGNORED" not in log)


def _check_some_left(epochs: mne.BaseEpochs) -> None:
    if len(epochs) == 0:
        reasons, dropped = _dropped(epochs)
        listed = ", ".join(f"{name} ({count})" for name, count in reasons.most_common(3)) or "no event in the data"
        raise DataError(f"No epoch is left of {dropped}: rejected by {listed}; raise the limits or mark channels bad.")


def _average(instance: Any, noise_cov: mne.Covariance | None, origin: str) -> Response:
    if isinstance(instance, mne.Evoked):
        return Response(evoked=instance, noise_cov=noise_cov, n_epochs=int(instance.nave), origin=origin)
    reasons, dropped = _dropped(instance)
    evoked = instance.average()
    _check_finite_data(evoked.data, evoked.ch_names, origin)
    if noise_cov is None and instance.times[0] < 0:
        noise_cov = mne.compute_covariance(instance, tmax=0.0, method="empirical", verbose="error")
    logger.info("Averaged %d epochs, dropped %d.", len(instance), dropped)
    return Response(
        evoked=evoked, noise_cov=noise_cov, n_epochs=len(instance), n_dropped=dropped, drop_reasons=dict(reasons),
        origin=origin,
    )  # fmt: skip
