"""Epochs: how they are cut from continuous data, and which of them are kept."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np

from .._checks import check_int
from .._text import first_line
from .._value import FrozenMap, Value
from ..errors import DataError, ParameterError
from .channels import compensators, good_picks, pick_kinds
from .plausible import check_amplitudes, check_baseline, check_limits, check_window

__all__ = ["EpochOptions", "crop_window", "cut_epochs", "drop_bad"]


@dataclass(frozen=True, kw_only=True)
class EpochOptions(Value):
    """How epochs are cut around events, and which of them count; what it is given is checked when it is made.

    Parameters
    ----------
    tmin, tmax : float
        Window of an epoch around its event, s. An average and epochs are cropped to what they have of it.
    baseline : tuple of float | None
        Interval whose mean is subtracted, s; as in MNE. None leaves the data as they are.
    reject, flat : mapping of str to float | None
        Peak-to-peak amplitudes per channel type in T, T/m and V, as in :class:`mne.Epochs`; not for averages.
    decim : int
        Keep every `decim`-th sample of an epoch.
    stim_channel : str | sequence of str | None
        Cut around the triggers on this channel, whatever the annotations say; for continuous data only.

    Raises
    ------
    ParameterError
        An argument is out of range, perhaps in another unit (ms for s, fT for T).

    Examples
    --------
    >>> EpochOptions(tmin=-0.2, tmax=0.3, reject={"grad": 4000e-13}).baseline
    (None, 0.0)
    """

    tmin: float = -0.1
    tmax: float = 0.3
    baseline: tuple[float | None, float | None] | None = (None, 0.0)
    reject: Mapping[str, Any] | None = None
    flat: Mapping[str, Any] | None = None
    decim: int = 1
    stim_channel: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        tmin, tmax = check_window(self.tmin, self.tmax)
        checked: dict[str, Any] = {"tmin": tmin, "tmax": tmax, "baseline": check_baseline(self.baseline)}
        for name in ("reject", "flat"):
            limits = getattr(self, name)
            check_limits(limits, name)
            checked[name] = None if limits is None else FrozenMap(limits)
        checked["decim"] = check_int(self.decim, "decim", minimum=1)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def limits(self, info: mne.Info) -> dict[str, dict[str, Any] | None]:
        """Return `reject` and `flat` as MNE takes them; the data must have each channel type that they name."""
        return {"reject": _limits_of(self.reject, "reject", info), "flat": _limits_of(self.flat, "flat", info)}


def _limits_of(limits: Mapping[str, Any] | None, what: str, info: mne.Info) -> dict[str, Any] | None:
    present = set(info.get_channel_types())
    for kind in limits or ():
        if kind not in present:
            raise ParameterError(
                f"{what} names channel type {kind!r}, but the data have {', '.join(sorted(present))}: take it out."
            )
    return None if limits is None else dict(limits)


def crop_window(instance: Any, options: EpochOptions) -> Any:
    """Return epochs or an average of the window, as far as they have it, with their baseline subtracted."""
    first, last = float(instance.times[0]), float(instance.times[-1])
    tmin, tmax = options.tmin, options.tmax
    if tmin >= last or tmax <= first:
        raise DataError(
            f"The data cover {first:g} to {last:g} s, which has nothing of tmin {tmin:g} to tmax {tmax:g} s."
        )
    if isinstance(instance, mne.BaseEpochs):
        instance.load_data()
    instance = instance.crop(max(tmin, first), min(tmax, last))
    if options.baseline is None:
        return instance  # as it is: a baseline that was subtracted before cannot be put back
    try:
        return instance.apply_baseline(options.baseline)
    except ValueError as error:
        raise _baseline_error(error, options.baseline, float(instance.times[0])) from error


def _baseline_error(error: Exception, baseline: Any, start: float) -> DataError:
    reason = first_line(error).rstrip(".")
    if baseline[0] is None and baseline[1] is not None and baseline[1] < start:
        reason = f"the data begin at {start:g} s; give data that begin earlier, or baseline=None"
    elif "only one sample" in reason:
        reason = (
            f"it is a single sample, as the data begin at {start:g} s, whose noise would be subtracted from all; "
            "give data that begin earlier, or baseline=None"
        )
    return DataError(f"The baseline {tuple(baseline)} cannot be subtracted: {reason}.")


def drop_bad(epochs: mne.BaseEpochs, options: EpochOptions, kinds: Sequence[str], origin: str) -> None:
    """Drop epochs beyond the limits; if none is left as the units of the data are wrong, say that."""
    before = None if options.reject is None else epochs.average(picks=good_picks(epochs.info, kinds, origin))
    limits = options.limits(epochs.info)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All epochs were dropped")  # an error says so, and why
            epochs.drop_bad(reject=limits["reject"], flat=limits["flat"])
    except ValueError as error:
        raise DataError(
            f"Limits of epochs that were rejected before cannot be changed like this: {first_line(error)}"
        ) from error
    if len(epochs) == 0 and before is not None:
        check_amplitudes(before, origin)  # perhaps the units are wrong, not the limits


def cut_epochs(
    raw: mne.io.BaseRaw, chosen: tuple[Any, Any], options: EpochOptions, kinds: Sequence[str], origin: str
) -> mne.Epochs:
    """Return the epochs within the limits; if there is none as the units of the data are wrong, say that."""
    epochs = _cut(raw, chosen, options, options.limits(raw.info), kinds)
    if len(epochs) == 0 and options.reject is not None:
        whole = _cut(raw, chosen, options, {"reject": None, "flat": None}, kinds)
        if len(whole):
            check_amplitudes(whole.average(), origin)
    return epochs


def _cut(
    raw: mne.io.BaseRaw,
    chosen: tuple[Any, Any],
    options: EpochOptions,
    limits: Mapping[str, dict[str, Any] | None],
    kinds: Sequence[str],
) -> mne.Epochs:
    given = [by_kind for by_kind in limits.values() if by_kind]
    picks = mne.pick_types(raw.info, **pick_kinds(kinds), eog=True, ecg=True, exclude="bads")
    limited = [kind for by_kind in given for kind in by_kind]
    types = np.array(raw.get_channel_types())
    judged = [pick for pick in np.flatnonzero(np.isin(types, limited)) if raw.ch_names[pick] not in raw.info["bads"]]
    kept = [raw.ch_names.index(name) for name in compensators(raw.info, kinds)]
    picks = np.array(sorted({*picks.tolist(), *judged, *kept}), int)
    of_user = any(callable(limit) for by_kind in given for limit in by_kind.values())
    at_once = {} if of_user else limits  # MNE applies functions to epochs that are there
    window = {"tmin": options.tmin, "tmax": options.tmax, "baseline": options.baseline, "decim": options.decim}
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All epochs were dropped")  # an error says so, and why
            warnings.filterwarnings("ignore", "The measurement information indicates a low-pass")  # said before
            epochs = mne.Epochs(
                raw, *chosen, picks=picks, preload=True, proj=True, on_missing="raise", **at_once, **window
            )
            return epochs.drop_bad(**limits) if of_user else epochs
    except (ValueError, RuntimeError) as error:
        if "not unique" in str(error):
            raise DataError(
                f"Some events are at one and the same sample ({_at_one_sample(chosen[0])}), so that an epoch would "
                "count twice: choose among them with event_id."
            ) from error
        if "aseline" in str(error):
            raise _baseline_error(error, options.baseline, options.tmin) from error
        raise DataError(f"The epochs cannot be cut: {first_line(error)}") from error


def _at_one_sample(events: Any) -> str:
    samples, counts = np.unique(np.asarray(events)[:, 0], return_counts=True)
    again = samples[counts > 1]
    return f"{len(again)} times, first at sample {int(again[0])}" if len(again) else "in several runs"
