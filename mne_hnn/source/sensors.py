"""Back to the sensors: the field of a simulated or fitted dipole, and what it explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np
from mne.proj import make_projector
from mne.utils import verbose

from .._checks import check_finite
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from .agreement import check_average, check_channels, check_grades, compare_positions, good_channels
from .latency import milliseconds
from .patch import Patch, open_forward, patch_columns
from .response import with_average_reference

__all__ = ["Prediction", "explained_variance", "predict_sensors"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """The field of a dipole at the sensors, beside what was measured.

    Attributes
    ----------
    predicted : mne.Evoked
        The field of the dipole, at the channels and times of the response.
    residual : mne.Evoked
        Measured minus predicted.
    explained : dict of str to float
        Share of the variance that is explained, per channel type: 1 - residual power / measured power. 1 is all; it is
        negative where the prediction is worse than none.

    Examples
    --------
    >>> prediction = predict_sensors(target, patch, forward, evoked)
    >>> prediction.predicted.ch_names == prediction.residual.ch_names
    True
    """

    predicted: mne.Evoked
    residual: mne.Evoked
    explained: Mapping[str, float]

    def __repr__(self) -> str:
        shares = ", ".join(f"{kind} {share:.1%}" for kind, share in self.explained.items())
        return f"<Prediction | explains {shares}; {self.predicted.comment}>"


@verbose
def predict_sensors(
    dipole: Dipole,
    patch: Patch,
    forward: Any,
    evoked: mne.Evoked,
    *,
    tmin: float | None = None,
    tmax: float | None = None,
    verbose: Any = None,
) -> Prediction:
    """Place a dipole on a patch of cortex and compute what the sensors see.

    Parameters
    ----------
    dipole : Dipole
        Simulated, fitted or target; layer ``agg``, A m. Positive is outward, unless its provenance says that its
        polarity rule turned it over (``provenance['outward'] == -1``).
    patch : Patch
        Where the current flows, of :func:`label_patch`, :func:`best_patch` or a target.
    forward : mne.Forward | path-like
        The forward solution.
    evoked : mne.Evoked
        The measured response: channels, projections, times.
    tmin, tmax : float | None
        Window, s; None takes all that dipole and response share.
    %(verbose)s

    Returns
    -------
    prediction : Prediction
        Predicted and residual response, and explained variance per channel type.

    Raises
    ------
    DataError
        The forward solution lacks channels of the response, or dipole and response share no time.
    ParameterError
        The dipole has arbitrary units.

    Examples
    --------
    >>> prediction = predict_sensors(target, patch, forward, evoked)
    >>> sorted(prediction.explained)
    ['grad', 'mag']
    """
    if not isinstance(dipole, Dipole) or not isinstance(patch, Patch) or not isinstance(evoked, mne.Evoked):
        got = ", ".join(type(part).__name__ for part in (dipole, patch, evoked))
        raise ParameterError(f"predict_sensors needs a Dipole, a Patch and an mne.Evoked, got {got}.")
    evoked = with_average_reference(check_average(evoked))
    if dipole.provenance.get("unit") == "arbitrary":
        raise ParameterError("The dipole has arbitrary units, so its field has no size: scale it to nA m first.")
    fixed = open_forward(forward)
    names = good_channels(evoked.info)
    check_channels(names, fixed["sol"]["row_names"], "the forward solution")
    check_grades(fixed["info"], evoked.info, "the forward solution")
    compare_positions(fixed["info"], evoked.info, "the forward solution")
    patch_columns(patch, fixed)
    measured = evoked.copy().pick(names)
    first, last = max(dipole.times[0], measured.times[0]), min(dipole.times[-1], measured.times[-1])
    slip = milliseconds(*(value for value in (tmin, tmax) if value is not None))
    if slip:
        raise ParameterError(f"tmin and tmax are a window of the response, got {tmin} and {tmax}{slip}.")
    start = first if tmin is None else max(first, check_finite(tmin, "tmin"))
    stop = last if tmax is None else min(last, check_finite(tmax, "tmax"))
    inside = (measured.times >= start - 1e-9) & (measured.times <= stop + 1e-9)
    if inside.sum() < 2:
        raise DataError(
            f"Dipole ({dipole.times[0]:g} to {dipole.times[-1]:g} s) and response ({measured.times[0]:g} to "
            f"{measured.times[-1]:g} s) share no window{_between(tmin, tmax)}."
        )
    measured.crop(measured.times[inside][0], measured.times[inside][-1])
    moment = np.interp(measured.times, dipole.times, dipole["agg"]) * dipole.provenance.get("outward", 1)
    stc = patch.source_estimate(
        moment, tmin=measured.times[0], tstep=1.0 / measured.info["sfreq"], subject=fixed["src"][0]["subject_his_id"]
    )
    fixed = mne.pick_channels_forward(fixed, names, ordered=True, verbose="error")
    field = mne.apply_forward(fixed, stc, measured.info, verbose="error")
    predicted = measured.copy()
    predicted.data = field.copy().pick(names).data
    applied = [projector for projector in measured.info["projs"] if projector["active"]]
    if applied:
        # the measured response went through these projectors, so must the prediction
        predicted.data = make_projector(applied, names, include_active=True)[0] @ predicted.data
    predicted.comment = f"predicted from {dipole.comment}"
    residual = measured.copy()  # with its nave: a prediction adds no noise
    residual.data = measured.data - predicted.data
    residual.comment = "measured - predicted"
    return Prediction(predicted=predicted, residual=residual, explained=explained_variance(measured, predicted))


def _between(tmin: float | None, tmax: float | None) -> str:
    if tmin is None and tmax is None:
        return ""
    asked = f" between tmin={tmin} and tmax={tmax} s"
    return asked + milliseconds(*(value for value in (tmin, tmax) if value is not None))


def explained_variance(measured: mne.Evoked, predicted: mne.Evoked) -> dict[str, float]:
    """Return the share of the measured variance that a prediction explains, per channel type.

    Parameters
    ----------
    measured, predicted : mne.Evoked
        With the same channels and times.

    Returns
    -------
    explained : dict of str to float
        ``'mag'``, ``'grad'``, ``'eeg'``, as far as there are such channels.

    Examples
    --------
    >>> explained_variance(evoked, evoked)
    {'mag': 1.0, 'grad': 1.0}
    """
    if measured.ch_names != predicted.ch_names or measured.data.shape != predicted.data.shape:
        raise DataError("Measured and predicted response must have the same channels and times.")
    types = np.array(measured.get_channel_types())
    explained = {}
    for kind in ("mag", "grad", "eeg"):
        rows = types == kind
        power = float((measured.data[rows] ** 2).sum())
        if power > 0:
            explained[kind] = 1.0 - float(((measured.data - predicted.data)[rows] ** 2).sum()) / power
    return explained
