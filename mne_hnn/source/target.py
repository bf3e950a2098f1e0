"""From a response and a label to a target: a dipole in nA m, its sign decided, its making written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np
from mne.utils import logger, verbose

from .._checks import check_finite, check_name
from .._units import MS
from .._warn import warn
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from .course import MODES, LabelCourse, label_course
from .inverse import apply_normal_inverse, is_fixed, method_unit, open_inverse
from .label import check_label_object
from .patch import Patch, label_patch, open_forward, patch_moment
from .polarity import Polarity, decide_polarity
from .response import read_cov, referenced

__all__ = ["AMPLITUDES", "Target", "estimate_target", "target_from_dipole"]

AMPLITUDES = ("patch", "estimate", "arbitrary")
DEFAULT_AGREEMENT = 0.7


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """What a simulation is compared with, and how it came about.

    Attributes
    ----------
    dipole : Dipole
        Layer ``agg`` in A m (or in arbitrary units: ``dipole.provenance['unit']``), with everything needed to repeat
        it in ``dipole.provenance``.
    patch : Patch | None
        Where it flows; None if no forward solution was given.
    course : LabelCourse
        The label's time course before sign and amplitude.
    polarity : Polarity
        The sign and why.
    standard_error : float | None
        Standard error of the moment at one time, from the noise covariance, A m; None if the amplitude is not that of
        the patch.
    activity : mne.SourceEstimate | None
        The normal-oriented estimate that the course was taken from; None for a fitted dipole.
    """

    dipole: Dipole
    patch: Patch | None
    course: LabelCourse
    polarity: Polarity
    standard_error: float | None
    activity: mne.SourceEstimate | None = None


@verbose
def estimate_target(
    evoked: mne.Evoked,
    inverse: Any,
    label: mne.Label,
    *,
    forward: Any = None,
    noise_cov: mne.Covariance | None = None,
    method: str = "MNE",
    snr: float = 3.0,
    mode: str = "patch",
    amplitude: str = "patch",
    other_labels: Sequence[mne.Label] = (),
    polarity: Any = "normal",
    tmin: float = 0.0,
    tmax: float | None = None,
    subject: str | None = None,
    verbose: Any = None,
) -> Target:
    """Turn the response of a label into a target dipole.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    inverse : mne.minimum_norm.InverseOperator | path-like
        Loose, free or fixed.
    label : mne.Label
        The label; see :func:`find_label` and :func:`best_patch`.
    forward : mne.Forward | path-like | None
        The forward solution; needed where the amplitude is that of the patch.
    noise_cov : mne.Covariance | None
        Of single epochs; None takes the one inside the inverse operator.
    method : str
        ``'MNE'``, ``'dSPM'``, ``'sLORETA'``, ``'eLORETA'``.
    snr : float
        Assumed signal-to-noise ratio; sets the regularisation.
    mode : str
        Shape of the time course: ``'patch'``, the moment of the label's patch fitted to the sensors at each time, or
        ``'mean_flip'``, ``'pca_flip'``, ``'peak'`` of the inverse estimate.
    amplitude : str
        ``'patch'`` brings the course to the moment, in nA m, with which the label's patch explains the sensors best.
        ``'estimate'`` leaves the inverse method's values, in nA m for ``'MNE'`` (shrunk by regularisation and spread:
        often by orders of magnitude) and refused for methods without unit. ``'arbitrary'`` brings the course to a
        largest value of 1, for fits that find the scale.
    other_labels : sequence of mne.Label
        Labels that are active, too (the other hemisphere's auditory cortex, say): their moments are fitted along, so
        that the patch is not given what is theirs.
    polarity : str | int | Component | mapping
        ``'normal'``: outward current is up; a component at a latency that points up or down; or 1 or -1, with
        respect to the outward current.
    tmin, tmax : float | None
        Window of the target, s; the amplitude is fitted in it.
    subject : str | None
        Name of the subject; None takes that of the source space.
    %(verbose)s

    Returns
    -------
    target : Target
        The dipole, and what it was made of.

    Raises
    ------
    DataError
        The parts do not fit together, the label has no source, or values are not finite.
    ParameterError
        An unknown mode, method or rule, or an amplitude in nA m was asked of a method without unit.
    """
    check_name(mode, MODES, "mode of the label time course")
    check_name(amplitude, AMPLITUDES, "amplitude")
    unit = method_unit(method)
    if amplitude == "estimate" and unit is None and mode != "patch":
        raise ParameterError(
            f"{method} values have no unit of current, so amplitude='estimate' cannot be in nA m: take method='MNE', "
            "amplitude='patch' (fitted to the sensors) or amplitude='arbitrary'."
        )
    if forward is None and (amplitude == "patch" or mode == "patch"):
        raise ParameterError("The amplitude of the label's patch needs the forward solution: give forward.")
    inverse = open_inverse(inverse)
    check_label_object(label)
    evoked = referenced(evoked)
    stc = apply_normal_inverse(evoked, inverse, method=method, snr=snr)
    first = check_finite(tmin, "tmin")
    last = float(stc.times[-1]) if tmax is None else check_finite(tmax, "tmax")
    if mode == "patch":
        course = label_course(stc, label, inverse["src"], mode="mean_flip", unit=unit)
    else:
        course = label_course(stc, label, inverse["src"], mode=mode, unit=unit, tmin=first, tmax=last)
    half = 0.5 / evoked.info["sfreq"]
    if first < stc.times[0] - half or last > stc.times[-1] + half or last - first < 2 * half:
        raise DataError(
            f"The target's window, {first:g} to {last:g} s, must lie within the response, {stc.times[0]:g} to "
            f"{stc.times[-1]:g} s."
        )
    window = (stc.times >= first - half) & (stc.times <= last + half)
    patch, moment, error = None, None, None
    if forward is not None:
        fixed = open_forward(forward)
        patch = label_patch(label, fixed)
        noise_cov = _noise_of(inverse) if noise_cov is None else read_cov(noise_cov)
        others = [label_patch(other, fixed) for other in other_labels]
        moment, error = patch_moment(evoked, patch, fixed, noise_cov=noise_cov, others=others)
        if mode == "patch":
            course = LabelCourse(
                times=course.times, course=moment, unit="A m", mode="patch", vertices=course.vertices,
                vertex_courses=course.vertex_courses,
            )  # fmt: skip
    return _assemble(
        course, window, patch, moment, error, amplitude=amplitude, polarity=polarity, activity=stc,
        provenance={
            "subject": subject or inverse["src"][0].get("subject_his_id"), "response": evoked.comment,
            "nave": int(evoked.nave), "baseline": evoked.baseline, "method": method, "snr": float(snr),
            "orientation": "fixed" if is_fixed(inverse) else "normal component", "channels": len(evoked.ch_names),
            "n_bads": len(evoked.info["bads"]), "other_labels": [other.name for other in other_labels],
            "mne": mne.__version__,
        }, label=label,
    )  # fmt: skip


def _noise_of(inverse: Any) -> mne.Covariance:
    """Return the noise covariance of single epochs; a prepared operator holds that of the average."""
    noise_cov: mne.Covariance = inverse["noise_cov"].copy()
    noise_cov["data"] = noise_cov["data"] * inverse["nave"]
    return noise_cov


def _assemble(
    course: LabelCourse,
    window: Any,
    patch: Patch | None,
    moment: Any,
    error: float | None,
    *,
    amplitude: str,
    polarity: Any,
    provenance: dict[str, Any],
    label: mne.Label,
    activity: mne.SourceEstimate | None = None,
) -> Target:
    factor, agreement = 1.0, None
    inside, outward = course.course[window], None
    if not inside.any():
        raise DataError(f"Label {label.name!r} has no activity at all between the target's first and last time.")
    if moment is not None:
        # regression of the patch's moment on the course: scale, and which way the outward current goes
        slope = float(inside @ moment[window] / (inside @ inside))
        agreement = float(np.corrcoef(inside, moment[window])[0, 1])
        outward = 1 if slope >= 0 else -1
        if amplitude == "patch":
            factor = abs(slope)
    decided = decide_polarity(
        course.course[window], course.times[window], course.vertex_courses[:, window], polarity, outward_sign=outward
    )
    if amplitude == "arbitrary":
        factor = 1.0 / float(np.abs(inside).max())
    _warn_of_doubt(decided, agreement, label)
    dipole = Dipole(
        decided.sign * factor * inside, course.times[window], ("agg",), comment=f"target {label.name}",
        nave=provenance["nave"],
        provenance={
            **provenance, "label": label.name, "hemi": label.hemi, "n_vertices": len(course.vertices),
            "mode": course.mode, "amplitude": amplitude, "unit": "arbitrary" if amplitude == "arbitrary" else "A m",
            "factor": factor, "polarity": decided.rule, "sign": decided.sign, "outward": decided.outward,
            "confidence": decided.confidence,
            "agreement_with_sensors": agreement,
            "standard_error": error if amplitude == "patch" else None,
            **({} if patch is None else {
                "area_mm2": patch.area_mm2, "pos": patch.pos.tolist(), "normal": patch.normal.tolist(),
                "coherence": patch.coherence, "vertices": patch.vertices.tolist(),
            }),
        },
    )  # fmt: skip
    logger.info("Target of %s: %s, confidence %.2f.", label.name, decided.rule, decided.confidence)
    return Target(
        dipole=dipole, patch=patch, course=course, polarity=decided,
        standard_error=error if amplitude == "patch" else None, activity=activity,
    )  # fmt: skip


def _warn_of_doubt(polarity: Polarity, agreement: float | None, label: mne.Label) -> None:
    # how far the vertices follow what is taken as the outward current, whichever way it is drawn
    outward = polarity.confidence if polarity.outward == 1 else 1.0 - polarity.confidence
    if polarity.outward == -1 and not polarity.rule.startswith("sign"):
        warn(
            f"The polarity rule of {label.name!r} ({polarity.rule}) contradicts its cortical normals: up is inward "
            f"current. The outward current of only {polarity.confidence:.0%} of its vertices' amplitude goes along."
        )
    elif outward < DEFAULT_AGREEMENT:
        warn(
            f"The sign of {label.name!r} is uncertain: {outward:.0%} of its vertices' amplitude agree with "
            "it. Take a smaller label (best_patch) or name a component whose direction is known."
        )
    if agreement is not None and abs(agreement) < DEFAULT_AGREEMENT:
        warn(
            f"The time course of {label.name!r} and the moment of its patch differ (correlation {agreement:.2f}): "
            "the patch is not what made this response. Take a smaller label (best_patch) or mode='patch'."
        )


def target_from_dipole(
    dipole: mne.Dipole,
    forward: Any,
    *,
    polarity: Any = "normal",
    tmin: float | None = None,
    tmax: float | None = None,
    hemi: str | None = None,
) -> Target:
    """Turn a fitted dipole into a target: its moment along the local cortical normal.

    Parameters
    ----------
    dipole : mne.Dipole
        Of :func:`mne.fit_dipole`, in head coordinates: one place or one per time.
    forward : mne.Forward | path-like
        For the cortex: normals and places of the sources, in head coordinates.
    polarity : str | int | Component | mapping
        As in :func:`estimate_target`.
    tmin, tmax : float | None
        Window, s; None takes all that the dipole has.
    hemi : str | None
        Look for the nearest source in ``'lh'`` or ``'rh'`` only.

    Returns
    -------
    target : Target
        Its provenance holds the distance to the cortex (mm) and the angle to its normal (degrees) at the largest
        amplitude.
    """
    from .label import HEMISPHERES

    if not isinstance(dipole, mne.Dipole):
        raise ParameterError(f"dipole must be an mne.Dipole, got {type(dipole).__name__}.")
    fixed = open_forward(forward)
    spaces = fixed["src"]
    sides = HEMISPHERES if hemi is None else (check_name(hemi, HEMISPHERES, "hemisphere"),)
    count = [spaces[0]["nuse"], spaces[1]["nuse"]]
    allowed = np.repeat([side in sides for side in HEMISPHERES], count)
    weight = np.abs(dipole.amplitude) * np.maximum(dipole.gof, 0)
    if not np.isfinite(dipole.amplitude).all() or not weight.any():
        raise DataError("The fitted dipole has no amplitude that is finite and not zero.")
    best = int(weight.argmax())
    distances = np.where(allowed, np.linalg.norm(fixed["source_rr"] - dipole.pos[best], axis=1), np.inf)
    nearest = int(distances.argmin())
    side = int(nearest >= count[0])
    vertex = spaces[side]["vertno"][nearest - side * count[0]]
    label = mne.Label([vertex], hemi=HEMISPHERES[side], name=f"dipole-{HEMISPHERES[side]}",
                      subject=spaces[0].get("subject_his_id"), verbose="error")  # fmt: skip
    patch = label_patch(label, fixed)
    along = dipole.ori @ patch.normal
    moment = dipole.amplitude * along
    window = (dipole.times >= (dipole.times[0] if tmin is None else tmin)) & (
        dipole.times <= (dipole.times[-1] if tmax is None else tmax)
    )
    if window.sum() < 2:
        raise DataError("The fitted dipole has fewer than two times in the window: fit it to more samples.")
    course = LabelCourse(
        times=dipole.times, course=moment, unit="A m", mode="dipole", vertices=patch.vertices,
        vertex_courses=moment[np.newaxis],
    )  # fmt: skip
    return _assemble(
        course, window, patch, moment, None, amplitude="estimate", polarity=polarity, label=label,
        provenance={
            "subject": label.subject, "response": dipole.name, "nave": 1, "method": "fitted dipole",
            "distance_to_cortex_mm": float(distances[nearest] / MS),
            "angle_to_normal_deg": float(np.degrees(np.arccos(np.clip(abs(along[best]), 0, 1)))),
            "goodness_of_fit": float(dipole.gof[best]), "mne": mne.__version__,
        },
    )  # fmt: skip
