"""Load what the sensors recorded: an averaged response and the noise it stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.utils import logger, verbose

from .._checks import check_int
from .._files import read_file
from .._text import some
from .._value import given_or_default
from .._warn import warn
from ..errors import DataError, ParameterError
from ._heard import heard
from .channels import check_channel_types, check_positions, compensators, good_picks, mark_bads, with_average_reference
from .epochs import EpochOptions, crop_window, cut_epochs, drop_bad
from .events import select_events
from .opening import listed_runs, open_data
from .plausible import (
    check_amplitudes,
    check_band,
    check_covariance,
    check_rate,
    has_noise,
    say_band,
    say_limits,
)
from .runs import kind_of

__all__ = ["EpochOptions", "Response", "load_response", "read_cov", "with_average_reference"]


@dataclass(frozen=True, kw_only=True)
class Response:
    """An averaged response, its noise covariance, and how it came about.

    Attributes
    ----------
    evoked : mne.Evoked
        The average, of the chosen channel types only; EEG with an average-reference projector. MEG that is compensated
        with reference sensors (CTF) keeps them (type ``'ref_meg'``): its forward solution needs them.
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

    Examples
    --------
    >>> response = load_response(evoked, noise_cov=noise_cov)
    >>> response.kind
    'an average'
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
    channel_types: str | Sequence[str] = "meg",
    bads: str | Sequence[str] = (),
    l_freq: float | None = None,
    h_freq: float | None = None,
    epochs: EpochOptions | None = None,
    noise_cov: Any = None,
    n_jobs: int | str | None = None,
    verbose: Any = None,
) -> Response:
    """Load a response from MEG and/or EEG data, from wherever MNE keeps them.

    An argument that says nothing about data of a kind is refused: `condition` of continuous data; `events`, `event_id`
    and ``epochs.stim_channel`` of epochs and averages; ``epochs.reject`` and ``epochs.flat`` of averages.

    Parameters
    ----------
    data : mne.io.BaseRaw | mne.BaseEpochs | mne.Evoked | path-like | mne_bids.BIDSPath | list of these
        Continuous data, epochs or an average, as object or as file: FIF, whatever else :func:`mne.io.read_raw` reads
        (the folder of CTF, ``.con`` or ``.sqd`` of KIT, ``.vhdr``, ``.edf``, ``.bdf``, ``.set`` ...), or the folder of
        a scan of BTi. A list holds runs, all of one kind, with one position of head and sensors, and the same
        compensation and projectors: raw data and epochs are concatenated, averages are combined with weights by their
        number of epochs; a channel that is bad in one run is bad in all.
    condition : str | int | sequence | None
        Which condition of epochs (name, number of its event, or query of their metadata), or which average of a file
        (name, or place from 0); an Evoked object must be the one that is named.
        Several are taken together: all their epochs, or their averages with weights by the number of epochs. None if
        there is only one.
    events : array, shape (n_events, 3) | path-like | list of these | None
        Events of continuous data, one per run if `data` is a list. None takes the annotations (of a BIDS recording, its
        ``events.tsv``) as far as they mark events, else the triggers on the stimulus channel, however `event_id` is
        spelt. Annotations mark events if they come from ``events.tsv``, are named by `event_id`, or go with the
        triggers; where the two differ, a warning says by how much.
    event_id : int | str | sequence | mapping | None
        The events to average, as in :class:`mne.Epochs`; a str, or several, name annotations (of a BIDS recording: the
        trial types of its events). A number is that of the trigger, else ``value`` in ``events.tsv``, else the
        annotation that is this number. None takes all.
    channel_types : str | sequence of str
        ``'meg'`` (both kinds of MEG sensor), ``'mag'``, ``'grad'``, ``'eeg'``.
    bads : str | sequence of str
        Channels to leave out besides those marked bad.
    l_freq, h_freq : float | None
        Band to filter continuous data to, Hz, `l_freq` below `h_freq`; an average is filtered as it is, epochs too.
    epochs : EpochOptions | None
        How epochs are cut and which are kept: window, baseline, limits, `decim`, stimulus channel. None is from -0.1 to
        0.3 s with the baseline before 0, as in ``EpochOptions()``.
    noise_cov : mne.Covariance | path-like | None
        None estimates it from the epochs' time before 0 (``'shrunk'`` is slow for many channels; this is the
        empirical estimate), and gives None for an average.
    n_jobs : int | 'cuda' | None
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
    ParameterError
        An argument is out of range, perhaps in another unit (ms for s, fT for T), or does not apply to such data.

    Examples
    --------
    >>> window = EpochOptions(tmin=-0.2)
    >>> response = load_response(dataset.raw_fname, event_id=1, l_freq=1.0, h_freq=100.0, epochs=window)
    >>> response.evoked.get_channel_types(unique=True)
    ['grad', 'mag']
    """
    kinds = check_channel_types(channel_types)
    cut = given_or_default(epochs, EpochOptions, "epochs")
    opened = open_data(data, condition, events)
    instance, origin = opened.instance, opened.origin
    kind = kind_of(instance)
    for_raw = {"events": opened.events, "event_id": event_id, "stim_channel": cut.stim_channel}
    _check_used(kind, for_raw, {"reject": cut.reject, "flat": cut.flat})
    n_jobs = None if n_jobs is None else check_int(n_jobs, "n_jobs")
    check_band(l_freq, h_freq, instance.info["sfreq"])
    say_band(l_freq, h_freq)
    if instance.info.get("maxshield"):
        warn(
            f"{origin} was recorded with active shielding (MaxShield) and not yet cleaned of it: pass it through "
            "mne.preprocessing.maxwell_filter first."
        )
    instance = mark_bads(instance, bads)
    _check_samples(instance, origin, kinds)
    with heard(f"Filtering of {origin}"):
        instance = _filter(instance, l_freq, h_freq, n_jobs)
    check_rate(instance.info["sfreq"], cut.decim, None, instance.info["lowpass"])
    if isinstance(instance, mne.io.BaseRaw):
        chosen = select_events(instance, opened.events, event_id, cut.stim_channel, opened.listed)
        instance = cut_epochs(instance, chosen, cut, kinds, origin)
    else:
        instance = crop_window(instance, cut)
        if isinstance(instance, mne.BaseEpochs):
            drop_bad(instance, cut, kinds, origin)
        instance = instance.decimate(cut.decim, verbose="error")
    if not isinstance(instance, mne.Evoked):
        _check_some_left(instance, origin, cut)
    instance = _pick(instance, kinds, origin)
    response = _average(instance, read_cov(noise_cov), origin)
    check_amplitudes(response.evoked, origin)
    if response.noise_cov is not None:
        check_covariance(response.noise_cov, response.evoked.info)
    check_positions(response.evoked.info)
    return replace(response, kind=kind, n_runs=len(listed_runs(data)))


def _check_used(kind: str, for_raw: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
    """Refuse arguments that say nothing about data of a kind: what is accepted is used."""
    if kind == "raw data":
        return
    for name, value in for_raw.items():
        if value is not None:
            instead = "condition chooses among them" if kind == "epochs" else "condition chooses among those of a file"
            raise ParameterError(
                f"{name} belongs to continuous data, but the data are {kind} already: leave {name} out ({instead})."
            )
    for name, value in limits.items():
        if value is not None and kind == "an average":
            raise ParameterError(
                f"{name} chooses among single epochs, but the data are an average already: leave {name} out, or give "
                "the epochs."
            )


def _check_samples(instance: Any, origin: str, kinds: Sequence[str]) -> None:
    picks = good_picks(instance.info, kinds, origin)
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


def _filter(instance: Any, l_freq: float | None, h_freq: float | None, n_jobs: int | str | None) -> Any:
    if l_freq is None and h_freq is None:
        return instance
    if isinstance(instance, (mne.io.BaseRaw, mne.BaseEpochs)):
        instance.load_data()
    return instance.filter(l_freq, h_freq, n_jobs=n_jobs)


def _pick(instance: Any, kinds: Sequence[str], origin: str) -> Any:
    """Keep the channels wanted, and the reference sensors that a forward solution of theirs needs."""
    kept = {instance.ch_names[pick] for pick in good_picks(instance.info, kinds, origin)}
    kept |= set(compensators(instance.info, kinds))
    instance = instance.pick([name for name in instance.ch_names if name in kept])
    if "eeg" in kinds:
        instance = with_average_reference(instance)
    elif not instance.proj and instance.info["projs"]:
        instance.apply_proj()
    return instance


def read_cov(noise_cov: Any) -> mne.Covariance | None:
    """Return a noise covariance, read if a path is given; None stays None."""
    if noise_cov is None or isinstance(noise_cov, mne.Covariance):
        return noise_cov
    if not isinstance(noise_cov, (str, Path)):
        raise ParameterError(f"noise_cov must be an mne.Covariance or its path, got {type(noise_cov).__name__}.")
    return read_file(mne.read_cov, noise_cov, "noise covariance")


def _count_dropped(epochs: mne.BaseEpochs) -> tuple[Counter[str], int]:
    """Return why epochs were dropped, and how many."""
    reasons = Counter(reason for log in epochs.drop_log for reason in log if reason != "IGNORED")
    return reasons, sum(1 for log in epochs.drop_log if log and "IGNORED" not in log)


def _check_some_left(epochs: mne.BaseEpochs, origin: str, cut: EpochOptions) -> None:
    if len(epochs) > 0:
        return
    reasons, dropped = _count_dropped(epochs)
    listed = ", ".join(f"{name} ({count})" for name, count in reasons.most_common(3)) or "no event in the data"
    if set(reasons) <= {"NO_DATA", "TOO_SHORT"} and reasons:
        raise DataError(
            f"No epoch is left of {dropped}: none of the windows from {cut.tmin:g} to {cut.tmax:g} s around the "
            f"events lies within the data of {origin}; tmin and tmax are in s."
        )
    what = "raise the limits or mark channels bad" if cut.reject is not None else "check what was rejected before"
    raise DataError(f"No epoch is left of {dropped}: rejected by {listed}; {what}{say_limits(cut.reject or {})}.")


def _average(instance: Any, noise_cov: mne.Covariance | None, origin: str) -> Response:
    if isinstance(instance, mne.Evoked):
        # a contrast stands for fewer epochs than either of its sides, not for a whole number of them
        n_epochs = max(round(instance.nave), 1)
        return Response(evoked=instance, noise_cov=noise_cov, n_epochs=n_epochs, origin=origin)
    reasons, dropped = _count_dropped(instance)
    evoked = instance.average()
    good = mne.pick_types(evoked.info, meg=True, eeg=True, ref_meg=False)
    _check_finite_data(evoked.data[good], [evoked.ch_names[pick] for pick in good], origin)
    if noise_cov is None and instance.times[0] < 0:
        noise_cov = _estimated_noise(instance, origin)
    logger.info("Averaged %d epochs, dropped %d.", len(instance), dropped)
    return Response(
        evoked=evoked,
        noise_cov=noise_cov,
        n_epochs=len(instance),
        n_dropped=dropped,
        drop_reasons=dict(reasons),
        origin=origin,
    )


def _estimated_noise(epochs: mne.BaseEpochs, origin: str) -> mne.Covariance | None:
    """Return the covariance of the noise before the stimulus, None where there is none, as in simulations."""
    noise_cov: mne.Covariance = mne.compute_covariance(epochs, tmax=0.0, method="empirical", verbose="error")
    if has_noise(noise_cov, epochs.info):
        return noise_cov
    warn(
        f"{origin} has no noise before the stimulus that a sensor could have (a simulation?): its noise covariance is "
        "left open, for which MNE's usual noise per sensor is taken; give noise_cov."
    )
    return None
