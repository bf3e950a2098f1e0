"""Controls: what a posterior must reject if it is worth anything."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np

from ..errors import ParameterError
from ..fit.evidence import DECISIVE
from ..source.discs import opposite_patch
from ..source.label import check_label_object
from ..source.patch import Patch, label_patch
from .asked import Asked
from .circuit_posterior import CircuitPosterior
from .sensor_likelihood import Sensors

__all__ = ["Control", "shuffled_sign", "wrong_label"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """How much less probable the response is under something that is known to be wrong.

    Attributes
    ----------
    name : str
        What was made wrong.
    difference, error : float
        Natural logarithm of the evidence as it was explained over that of the control, and its standard error.
    rejected : bool
        Whether the control is rejected: the difference is above 3 (odds of 20 to 1) and above twice its error.

    Examples
    --------
    >>> shuffled_sign(drawn).name
    'opposite sign'
    """

    name: str
    difference: float
    error: float
    rejected: bool

    @classmethod
    def of(cls, name: str, difference: float, error: float) -> Control:
        """Return a control, and whether it is rejected."""
        return cls(
            name=name,
            difference=float(difference),
            error=float(error),
            rejected=bool(difference > DECISIVE and difference > 2 * error),
        )


def _asked(found: CircuitPosterior) -> Asked:
    if not isinstance(found, CircuitPosterior):
        raise ParameterError(f"A control needs a CircuitPosterior, got {type(found).__name__}.")
    if found.asked is None:
        raise ParameterError(
            "This posterior was read from a file, which does not hold the column that a control asks again: draw it "
            "anew with mne_hnn.posterior; with the same checkpoint that is quick."
        )
    return found.asked


def _patch(place: mne.Label | Patch | None, sensors: Sensors) -> Patch:
    if place is None:
        return opposite_patch(sensors.patch, sensors.forward)
    return place if isinstance(place, Patch) else label_patch(check_label_object(place), sensors.forward)


def shuffled_sign(found: CircuitPosterior) -> Control:
    """Return how much less probable the response is if the current flows the other way.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior`.

    Returns
    -------
    control : Control
        The difference of the evidences.

    Examples
    --------
    >>> shuffled_sign(drawn).rejected
    True
    """
    asked = _asked(found)
    right = found.facts["log_evidence"]
    wrong, error = asked.log_evidence(asked.question.likelihood(asked.unknown, sign=-1))
    return Control.of("opposite sign", right - wrong, np.hypot(found.evidence.error, error))


def wrong_label(found: CircuitPosterior, place: mne.Label | Patch | None = None) -> Control:
    """Return how much less probable the response is if it is from another place.

    Parameters
    ----------
    found : CircuitPosterior
        Of :func:`mne_hnn.posterior`, with sensors.
    place : mne.Label | Patch | None
        Where the response is not from; None takes the same place of the other hemisphere.

    Returns
    -------
    control : Control
        The difference of the evidences.

    Raises
    ------
    ParameterError
        The posterior is one of a source waveform, which knows no places.
    DataError
        No place is given, and the other hemisphere has no sources.

    Examples
    --------
    >>> elsewhere = find_label("superiortemporal-lh", subject=dataset.subject, subjects_dir=dataset.subjects_dir)
    >>> wrong_label(drawn_at_sensors, elsewhere).rejected
    True
    """
    asked = _asked(found)
    question = asked.question
    if question.scene is None or question.sensors is None:
        raise ParameterError(
            "This posterior is of a source waveform, which knows no places: give sensors to mne_hnn.posterior."
        )
    patch = _patch(place, question.sensors)
    right = found.facts["log_evidence"]
    columns = question.columns_in(patch.area_mm2)
    wrong, error = asked.log_evidence(question.at(question.scene, patch, asked.unknown, columns=columns), key=2)
    return Control.of(f"place {patch.label.name}", right - wrong, np.hypot(found.evidence.error, error))
