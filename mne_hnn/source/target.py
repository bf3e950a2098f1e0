"""From a response and a label to a target: a dipole in nA m, its sign decided, its making written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import mne
import numpy as np
from mne.utils import logger, verbose
from numpy.typing import NDArray

from .._checks import check_finite
from .._text import some
from .._units import MS, NAM
from .._value import given_or_default
from .._warn import warn
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from .agreement import check_average, check_same_cortex, compare_positions, good_channels
from .course import MODES, CourseOptions, LabelCourse, label_course
from .inverse import apply_normal_inverse, inverse_channels, is_fixed, method_unit, noise_of_epochs, open_inverse
from .label import check_label_object
from .latency import milliseconds
from .localisation import Localisation, localise, warn_of_elsewhere
from .moments import check_moment
from .others import check_other_labels, warn_of_shared
from .patch import Patch, label_patch, open_forward, patch_moment, read_forward, represented_area
from .polarity import Polarity, decide_polarity, parse_polarity
from .response import read_cov, with_average_reference

__all__ = ["Fitted", "Target", "assemble", "estimate_target"]

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
    localisation : Localisation | None
        How much of the response the patch explains, and what the best place explains; None without patch, and for a
        fitted dipole, whose goodness of fit is in the provenance.

    Examples
    --------
    >>> found = estimate_target(evoked, inverse, patch.label, forward=forward)
    >>> found.dipole.layers, found.patch.hemi, found.course.mode
    (('agg',), 'rh', 'patch')
    """

    dipole: Dipole
    patch: Patch | None
    course: LabelCourse
    polarity: Polarity
    standard_error: float | None
    activity: mne.SourceEstimate | None = None
    localisation: Localisation | None = None

    def __repr__(self) -> str:
        dipole, made = self.dipole, self.dipole.provenance
        peak = int(np.abs(dipole["agg"]).argmax())
        factor, unit = (NAM, "nAm") if made["unit"] == "A m" else (1.0, "(arbitrary units)")
        error = "" if self.standard_error is None else f" (standard error {self.standard_error / NAM:.2g} nAm)"
        lines = [
            f"<Target | {made['label']}, {round(dipole.times[0] / MS)} to {round(dipole.times[-1] / MS)} ms",
            f"  {dipole['agg'][peak] / factor:+.3g} {unit} at {dipole.times[peak] / MS:.0f} ms{error}",
            f"  {made['polarity']}; agreement {made['confidence']:.2f}",
        ]
        if self.localisation is not None:
            lines.append(f"  {self.localisation.words()}")
        elif "goodness_of_fit" in made:
            lines.append(f"  fitted dipole, goodness of fit {made['goodness_of_fit']:.0f} %")
        return "\n".join(lines) + ">"


@verbose
def estimate_target(
    evoked: mne.Evoked,
    inverse: Any,
    label: mne.Label,
    *,
    forward: Any = None,
    noise_cov: mne.Covariance | None = None,
    course: CourseOptions | None = None,
    other_labels: Sequence[mne.Label] = (),
    polarity: Any = "normal",
    tmin: float = 0.0,
    tmax: float | None = None,
    subject: str | None = None,
    verbose: Any = None,
) -> Target:
    """Turn the response of a label into a target dipole.

    The sensors are those of the inverse operator, for the moment of the patch, too.

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
        Of single epochs, for the moment of the patch; None takes the one inside the inverse operator. Refused
        without `forward`, where nothing would use it, as `other_labels` are.
    course : CourseOptions | None
        How the label gets its time course and its amplitude: inverse method, `snr`, `mode`, `amplitude`. None fits the
        moment of the label's patch to the sensors, in nA m, as in ``CourseOptions()``.
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
        The dipole, what it was made of, and how much of the response it explains.

    Raises
    ------
    DataError
        The parts do not fit together, the label has no source, or values are not finite.
    ParameterError
        An unknown rule, or something was given that nothing would use.

    Warns
    -----
    MneHnnWarning
        The patch explains little of the response or another place far more; the sign is doubtful; the moment is within
        the noise or larger than cortex gives; sensors are left out; forward solution, inverse operator and response
        do not fit together.

    Examples
    --------
    >>> rule = {"latency": 0.040, "points": "down"}
    >>> target = estimate_target(evoked, inverse, patch.label, forward=forward, polarity=rule)
    >>> bool(target.dipole.copy().crop(0.035, 0.045)["agg"].min() < 0), target.dipole.provenance["unit"]
    (True, 'A m')
    """
    options = given_or_default(course, CourseOptions, "course")
    parse_polarity(polarity)
    others = check_other_labels(other_labels)
    if forward is None:
        _check_without_forward(options, noise_cov, others)
    inverse = open_inverse(inverse)
    check_label_object(label)
    n_bads = len(check_average(evoked).info["bads"])
    evoked = with_average_reference(_of_inverse(evoked, inverse))
    stc = apply_normal_inverse(evoked, inverse, method=options.method, snr=options.snr)
    first, last = _ends(stc.times, tmin, tmax)
    found = _course(stc, label, inverse["src"], options, (first, last))
    half = 0.5 / evoked.info["sfreq"]
    window = (stc.times >= first - half) & (stc.times <= last + half)
    fitted = None
    if forward is None:
        compare_positions(inverse["info"], evoked.info, "the inverse operator")
    else:
        noise_cov = noise_of_epochs(inverse) if noise_cov is None else read_cov(noise_cov)
        forward = read_forward(forward)
        check_same_cortex(forward, inverse)
        fitted = _fit_patch(evoked, (label, *others), forward, noise_cov, window)
        if options.mode == "patch":
            found = replace(found, course=fitted.moment, unit="A m", mode="patch")
    provenance = {
        "subject": _subject(subject, inverse),
        **_description(evoked),
        "method": options.method,
        "snr": options.snr,
        "orientation": "fixed" if is_fixed(inverse) else "normal component",
        "n_bads": n_bads,
        "other_labels": [other.name for other in others],
        "mne": mne.__version__,
    }
    return assemble(
        found,
        window,
        fitted,
        amplitude=options.amplitude,
        polarity=polarity,
        provenance=provenance,
        label=label,
        activity=stc,
    )


def _description(evoked: mne.Evoked) -> dict[str, Any]:
    """Return what the provenance says of the response."""
    names = good_channels(evoked.info)
    return {
        "response": evoked.comment,
        "nave": int(evoked.nave),
        "baseline": evoked.baseline,
        "channels": len(names),
        "channel_types": dict(Counter(evoked.get_channel_types(names))),
    }


def _course(
    stc: mne.SourceEstimate, label: mne.Label, src: mne.SourceSpaces, options: CourseOptions, ends: tuple[float, float]
) -> LabelCourse:
    """Return the course of the inverse estimate; that of the patch has the vertices' courses of ``'mean_flip'``."""
    where = {"tmin": ends[0], "tmax": ends[1]} if options.mode == "peak" else {}
    shape = "mean_flip" if options.mode == "patch" else options.mode
    return label_course(stc, label, src, mode=shape, unit=method_unit(options.method), **where)


def _check_without_forward(options: CourseOptions, noise_cov: Any, other_labels: Sequence[mne.Label]) -> None:
    if "patch" in (options.amplitude, options.mode):
        raise ParameterError("The amplitude of the label's patch needs the forward solution: give forward.")
    if noise_cov is not None or len(other_labels):
        unused = "noise_cov is" if noise_cov is not None else "other_labels are"
        raise ParameterError(
            f"{unused} for the moment of the label's patch, which needs the forward solution: give it."
        )


def _fit_patch(
    evoked: mne.Evoked,
    labels: Sequence[mne.Label],
    forward: mne.Forward,
    noise_cov: mne.Covariance | None,
    window: NDArray[np.bool_],
) -> Fitted:
    """Fit the moment of the first label's patch, those of the others along, and look for the response elsewhere."""
    fixed = open_forward(forward)
    patch, *others = (label_patch(label, fixed) for label in labels)
    warn_of_shared(patch, others)
    moment, error = patch_moment(evoked, patch, fixed, noise_cov=noise_cov, others=others)
    found = localise(
        evoked, patch, moment, forward, fixed["source_nn"], noise_cov=noise_cov, others=others, window=window
    )
    return Fitted(patch=patch, moment=moment, error=error, area_mm2=represented_area(patch, fixed), localisation=found)


def _of_inverse(evoked: mne.Evoked, inverse: Any) -> mne.Evoked:
    """Return a response without the good channels that its inverse operator does not use, and say so."""
    used = set(inverse_channels(inverse))
    ignored = [name for name in good_channels(evoked.info) if name not in used]
    if not ignored or used.isdisjoint(evoked.ch_names):
        return evoked
    counts = Counter(evoked.get_channel_types(ignored))
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    warn(
        f"The inverse operator does not use {len(ignored)} good channels of the response ({listed}: "
        f"{some(ignored, 3)}): the target is made without them. To use them, make the operator from this response."
    )
    return evoked.copy().pick([name for name in evoked.ch_names if name not in set(ignored)])


def _ends(times: Any, tmin: Any, tmax: Any) -> tuple[float, float]:
    """Return the ends of the target's window, which must lie within the response."""
    first = check_finite(tmin, "tmin")
    last = float(times[-1]) if tmax is None else check_finite(tmax, "tmax")
    half = 0.5 * (times[1] - times[0])
    if first < times[0] - half or last > times[-1] + half or last - first < 2 * half:
        raise DataError(
            f"The target's window, {first:g} to {last:g} s, must lie within the response, {times[0]:g} to "
            f"{times[-1]:g} s{milliseconds(first, last)}."
        )
    return first, last


def _subject(given: str | None, inverse: Any) -> str | None:
    known = [space["subject_his_id"] for space in inverse["src"] if space.get("subject_his_id") is not None]
    if given is not None and known and given != known[0]:
        warn(f"subject={given!r} was given, but the source space is of subject {known[0]!r}: is it the right operator?")
    return given or (known[0] if known else None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """What was fitted to the sensors: the moment of a patch, or a dipole near it.

    Attributes
    ----------
    patch : Patch
        The patch.
    moment : array, shape (n_times,)
        A m.
    error : float | None
        Standard error of the moment, A m; None if it is not known.
    area_mm2 : float | None
        Area that the moment flows through; None if it is not known.
    localisation : Localisation | None
        None for a fitted dipole.
    share : float | None
        How sure the outward direction is, 0 to 1, where vertices cannot tell.
    """

    patch: Patch
    moment: NDArray[np.float64]
    error: float | None = None
    area_mm2: float | None = None
    localisation: Localisation | None = None
    share: float | None = None


def assemble(
    course: LabelCourse,
    window: NDArray[np.bool_],
    fitted: Fitted | None,
    *,
    amplitude: str,
    polarity: Any,
    provenance: dict[str, Any],
    label: mne.Label,
    activity: mne.SourceEstimate | None = None,
) -> Target:
    """Decide sign and amplitude of a course, warn of what is doubtful, and note how it was made."""
    inside = course.course[window]
    if not inside.any():
        raise DataError(f"Label {label.name!r} has no activity at all between the target's first and last time.")
    slope = None if fitted is None else _slope(inside, fitted.moment[window])
    decided = decide_polarity(
        course.course[window],
        course.times[window],
        course.vertex_courses[:, window],
        polarity,
        outward_sign=None if slope is None else 1 if slope >= 0 else -1,
        share=None if fitted is None else fitted.share,
    )
    agreement = None
    if fitted is not None and course.mode in MODES[:3]:  # else it is the moment itself
        agreement = float(np.corrcoef(inside, fitted.moment[window])[0, 1])
    factor = _factor(inside, slope, amplitude)
    _warn_of_doubt(decided, agreement, label, has_vertices=course.mode != "dipole")
    is_moment = amplitude == "patch" or (amplitude == "estimate" and course.mode in ("patch", "dipole"))
    error = fitted.error if fitted is not None and is_moment else None
    if fitted is not None and is_moment:
        check_moment(factor * inside, error, fitted.area_mm2, label)
    found = None if fitted is None else fitted.localisation
    if found is not None:
        warn_of_elsewhere(found, label)
    dipole = Dipole(
        decided.sign * factor * inside,
        course.times[window],
        ("agg",),
        comment=f"target {label.name}",
        nave=provenance["nave"],
        provenance={
            **provenance,
            **_facts(course, label, decided, amplitude),
            "factor": factor,
            "agreement_with_sensors": agreement,
            "standard_error": error,
            **({} if found is None else found.facts()),
            **({} if fitted is None else _place(fitted.patch)),
        },
    )
    logger.info("Target of %s: %s, confidence %.2f.", label.name, decided.rule, decided.confidence)
    return Target(
        dipole=dipole,
        patch=None if fitted is None else fitted.patch,
        course=course,
        polarity=decided,
        standard_error=error,
        activity=activity,
        localisation=found,
    )


def _slope(course: NDArray[np.float64], moment: NDArray[np.float64]) -> float:
    """Regress the patch's moment on the course: the scale, and which way the outward current goes."""
    return float(course @ moment / (course @ course))


def _factor(course: NDArray[np.float64], slope: float | None, amplitude: str) -> float:
    """Return what the course is multiplied by, so that it has the amplitude that was asked for."""
    if amplitude == "arbitrary":
        return 1.0 / float(np.abs(course).max())
    return abs(slope) if amplitude == "patch" and slope is not None else 1.0


def _facts(course: LabelCourse, label: mne.Label, decided: Polarity, amplitude: str) -> dict[str, Any]:
    return {
        "label": label.name,
        "hemi": label.hemi,
        "n_vertices": len(course.vertices),
        "mode": course.mode,
        "amplitude": amplitude,
        "unit": "arbitrary" if amplitude == "arbitrary" else "A m",
        "polarity": decided.rule,
        "sign": decided.sign,
        "outward": decided.outward,
        "confidence": decided.confidence,
    }


def _place(patch: Patch) -> dict[str, Any]:
    return {
        "area_mm2": patch.area_mm2,
        "pos": patch.pos.tolist(),
        "normal": patch.normal.tolist(),
        "coherence": patch.coherence,
        "vertices": patch.vertices.tolist(),
    }


def _warn_of_doubt(polarity: Polarity, agreement: float | None, label: mne.Label, *, has_vertices: bool = True) -> None:
    # how far the vertices follow what is taken as the outward current, whichever way it is drawn
    outward = polarity.confidence if polarity.outward == 1 else 1.0 - polarity.confidence
    along = f" The outward current of only {polarity.confidence:.0%} of its vertices' amplitude goes along."
    along = along if has_vertices else ""
    if polarity.outward == -1 and not polarity.rule.startswith("sign"):
        warn(
            f"The polarity rule of {label.name!r} ({polarity.rule}) contradicts its cortical normals: up is inward "
            f"current.{along}"
        )
    elif outward < DEFAULT_AGREEMENT and has_vertices:
        warn(
            f"The sign of {label.name!r} is uncertain: {outward:.0%} of its vertices' amplitude agree with "
            "it. Take a smaller label (best_patch) or name a component whose direction is known."
        )
    if agreement is not None and abs(agreement) < DEFAULT_AGREEMENT:
        warn(
            f"The time course of {label.name!r} and the moment of its patch differ (correlation {agreement:.2f}): "
            "the patch is not what made this response. Take a smaller label (best_patch) or mode='patch'."
        )
