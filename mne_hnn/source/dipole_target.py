"""From a fitted dipole to a target: its moment along the normal of the cortex near by."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_name
from .._units import MS
from .._warn import warn
from ..errors import DataError, ParameterError
from .course import LabelCourse
from .hemispheres import HEMISPHERES
from .latency import milliseconds
from .patch import label_patch, open_forward
from .target import Fitted, Target, assemble

__all__ = ["target_from_dipole"]

_FRACTION = " (gof is in %: was it given as a fraction?)"
LOW_FIT = 50.0
"""Goodness of fit (%) below which a dipole leaves most of the response unexplained."""
FAR_mm = 10.0
"""Dipoles of responses are localised to some mm (Hämäläinen et al. 1993, doi:10.1103/RevModPhys.65.413)."""
MOVED_mm = 20.0
HEAD_m = 0.25
ONE = (0.9, 1.1)
LARGEST_Am = 1e-3
TANGENTIAL_deg = 66.0
"""Beyond it the normal part of a dipole is less than 0.4 of it, and the confidence of its sign below 0.7."""


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
        Its provenance holds the distance to the cortex (mm), the angle to its normal (degrees) and the goodness of fit
        (%) at the largest amplitude in the window. The confidence of its sign is (1 + cos(angle)) / 2: 0.5, a toss of a
        coin, for a dipole along the surface.

    Raises
    ------
    DataError
        The dipole has no amplitude, or fewer than two times in the window, or that hemisphere has no sources.

    Warns
    -----
    MneHnnWarning
        The dipole explains little, is far from the cortex or nearly along its surface, or larger than any response.

    Examples
    --------
    A dipole at the patch, as :func:`mne.fit_dipole` gives it:

    >>> import mne
    >>> import numpy as np
    >>> times, one = np.array([0.039, 0.040, 0.041]), np.ones((3, 1))
    >>> fitted = mne.Dipole(times, one * patch.pos, [2e-8, 3e-8, 2e-8], one * patch.normal, gof=[90.0, 95.0, 90.0])
    >>> bool(target_from_dipole(fitted, forward).polarity.confidence > 0.9)
    True
    """
    if not isinstance(dipole, mne.Dipole):
        raise ParameterError(f"dipole must be an mne.Dipole, got {type(dipole).__name__}.")
    fixed = open_forward(forward)
    spaces = fixed["src"]
    allowed = _sources_in(spaces, hemi)
    window = _window(dipole, tmin, tmax)
    weight = np.where(window, np.abs(dipole.amplitude) * np.maximum(dipole.gof, 0), 0.0)
    if not np.isfinite(dipole.amplitude).all() or not weight.any():
        raise DataError("The fitted dipole has no amplitude that is finite and not zero.")
    best = int(weight.argmax())
    _check_units(dipole, best)
    distances = np.where(allowed, np.linalg.norm(fixed["source_rr"] - dipole.pos[best], axis=1), np.inf)
    nearest = int(distances.argmin())
    label = _label_at(spaces, nearest)
    _warn_of_moves(dipole, weight, best)
    patch = label_patch(label, fixed)
    along = dipole.ori @ patch.normal
    moment = dipole.amplitude * along
    course = LabelCourse(
        times=dipole.times,
        course=moment,
        unit="A m",
        mode="dipole",
        vertices=patch.vertices,
        vertex_courses=moment[np.newaxis],
    )
    cosine = float(np.clip(abs(along[best]), 0, 1))
    facts = {
        "distance_to_cortex_mm": float(distances[nearest] / MS),
        "angle_to_normal_deg": float(np.degrees(np.arccos(cosine))),
        "goodness_of_fit": float(dipole.gof[best]),
    }
    _warn_of_place(facts, float(dipole.times[best]))
    return assemble(
        course,
        window,
        Fitted(patch=patch, moment=moment, share=0.5 * (1 + cosine)),
        amplitude="estimate",
        polarity=polarity,
        label=label,
        provenance={
            "subject": label.subject,
            "response": dipole.name,
            "nave": 1,
            "method": "fitted dipole",
            **facts,
            "mne": mne.__version__,
        },
    )


def _sources_in(spaces: mne.SourceSpaces, hemi: str | None) -> NDArray[np.bool_]:
    """Return which sources may be the nearest: those of a hemisphere, or all."""
    sides = HEMISPHERES if hemi is None else (check_name(hemi, HEMISPHERES, "hemisphere"),)
    allowed = np.repeat([side in sides for side in HEMISPHERES], [spaces[0]["nuse"], spaces[1]["nuse"]])
    if not allowed.any():
        raise DataError(f"The forward solution has no sources in hemisphere {hemi!r}: leave hemi out, or take another.")
    return allowed


def _label_at(spaces: mne.SourceSpaces, source: int) -> mne.Label:
    """Return a label of one source."""
    in_left = spaces[0]["nuse"]
    side = int(source >= in_left)
    return mne.Label(
        [spaces[side]["vertno"][source - side * in_left]],
        hemi=HEMISPHERES[side],
        name=f"dipole-{HEMISPHERES[side]}",
        subject=spaces[side].get("subject_his_id"),
        verbose="error",
    )


def _window(dipole: mne.Dipole, tmin: Any, tmax: Any) -> NDArray[np.bool_]:
    times = dipole.times
    first = float(times[0]) if tmin is None else check_finite(tmin, "tmin")
    last = float(times[-1]) if tmax is None else check_finite(tmax, "tmax")
    half = 0.49 * (times[1] - times[0]) if len(times) > 1 else 0.0  # but for rounding, as those of other rates
    window = (times >= first - half) & (times <= last + half)
    if window.sum() < 2:
        raise DataError(
            f"The fitted dipole ({times[0]:g} to {times[-1]:g} s, {len(times)} samples) has fewer than two times from "
            f"{first:g} to {last:g} s{milliseconds(first, last)}: fit it to more samples, or widen the window."
        )
    return np.asarray(window)


def _check_units(dipole: mne.Dipole, best: int) -> None:
    """Refuse places, directions and amplitudes that no fitted dipole has: values of another unit or object."""
    place, direction = dipole.pos[best], dipole.ori[best]
    if not (np.isfinite(place).all() and np.isfinite(direction).all() and np.any(direction)):
        raise DataError("The fitted dipole has no place, or no orientation, that is finite and not zero: fit it again.")
    if np.linalg.norm(place) > HEAD_m:
        raise DataError(
            f"The fitted dipole lies {np.linalg.norm(place):.3g} m from the origin of head coordinates: places are in "
            "m; were these given in mm?"
        )
    if not ONE[0] <= np.linalg.norm(direction) <= ONE[1]:
        raise DataError(
            f"The fitted dipole's orientation has a length of {np.linalg.norm(direction):.3g}: it must be 1, its size "
            "is in the amplitude."
        )
    largest = float(np.abs(dipole.amplitude).max())
    if largest > LARGEST_Am:
        raise DataError(
            f"The fitted dipole reaches {largest:.3g} A m, which no brain gives: amplitudes are in A m; were these "
            "given in nA m?"
        )


def _warn_of_moves(dipole: mne.Dipole, weight: NDArray[np.float64], best: int) -> None:
    """Warn of a dipole that is elsewhere while it is strong: the normal is that of one place."""
    strong = weight > 0.5 * weight[best]
    moved = float(np.linalg.norm(dipole.pos[strong] - dipole.pos[best], axis=1).max()) / MS
    if moved > MOVED_mm:
        warn(
            f"The fitted dipole moves by {moved:.0f} mm while it is strong, but its moment is taken along the normal "
            "of the cortex at one place: fit it with a fixed place (pos), or take a narrower window."
        )


def _warn_of_place(facts: dict[str, float], time: float) -> None:
    at = f"at {time / MS:.0f} ms"
    if facts["goodness_of_fit"] < LOW_FIT:
        warn(
            f"The fitted dipole explains only {facts['goodness_of_fit']:.0f} % of the response {at} (goodness of fit): "
            f"it is not what made this response, or not alone{_FRACTION if facts['goodness_of_fit'] <= 1 else ''}."
        )
    if facts["distance_to_cortex_mm"] > FAR_mm:
        warn(
            f"The fitted dipole is {facts['distance_to_cortex_mm']:.0f} mm from the nearest source of the cortex {at}: "
            "the normal there need not be that of the dipole's cortex. Check the alignment of head and MRI."
        )
    if facts["angle_to_normal_deg"] > TANGENTIAL_deg:
        warn(
            f"The fitted dipole is {facts['angle_to_normal_deg']:.0f}\N{DEGREE SIGN} from the cortical normal {at}: "
            "which way its current flows through the cortex is uncertain. Name a component whose direction is known."
        )
