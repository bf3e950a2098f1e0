"""Which course of a file is taken, in which unit, direction and sign: from what a file holds to a dipole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..._checks import check_bool, check_int, check_name, suggestion
from ..._text import some
from ..._types import FloatArray
from ..._warn import warn
from ...dipole import AGGREGATE, Dipole
from ...errors import DataError, MneHnnError, ParameterError
from .content import Courses, Trial
from .evenly import evenly, without_rounding
from .units import MOMENTS, TIMES, check_span, check_unit, plausible_time_unit, time_unit_of, warn_of_size, without_unit

__all__ = ["CourseChoice"]

AVERAGE, LARGEST = "average", "largest"
_SURE_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class CourseChoice:
    """What is taken of a file of source time courses; see :func:`mne_hnn.io.read_source_course` for its fields."""

    unit: str | None = None
    pick: str | int | None = None
    trial: str | int | None = None
    orientation: Any = None
    time_unit: str | None = None
    sign: int = 1
    resample: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit", check_unit(self.unit))
        for name in ("pick", "trial"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                check_int(value, name, minimum=1)
        if self.time_unit is not None:
            found = time_unit_of(self.time_unit)
            object.__setattr__(self, "time_unit", check_name(found or self.time_unit, TIMES, "time_unit"))
        if isinstance(self.sign, bool) or self.sign not in (1, -1):
            raise ParameterError(f"sign must be 1 or -1, got {self.sign!r}.")
        check_bool(self.resample, "resample")
        if self.orientation is not None:
            object.__setattr__(self, "orientation", _as_orientation(self.orientation))

    def dipole(self, courses: Courses, path: Path) -> Dipole:
        """Return the chosen course of a file as a dipole; what was assumed is in its provenance."""
        return _Taking(self, courses, path).dipole()


class _Taking:
    """One course that is being taken of a file.

    Parameters
    ----------
    choice : CourseChoice
        Which one, and how.
    courses : Courses
        What the file holds.
    path : Path
        The file.
    """

    def __init__(self, choice: CourseChoice, courses: Courses, path: Path) -> None:
        self.choice, self.courses, self.path = choice, courses, path
        self.said = list(courses.assumed)

    def dipole(self) -> Dipole:
        """Return the dipole."""
        choice, courses, path = self.choice, self.courses, self.path
        index, trial = self._index(), self._trial()
        name = courses.name_of(index)
        values, direction = self._along(_sound(trial.data[index], name, path), index)
        unit = self._unit()
        times, time_unit = self._times(trial.times)
        moment = (values * (choice.sign * MOMENTS[unit]))[np.newaxis]
        even, moment, resampled = evenly(times, moment, path, what="a source time course", resample=choice.resample)
        warn_of_size(moment, path, unit)
        try:
            return Dipole(
                moment,
                even,
                (AGGREGATE,),
                comment=without_unit(name),
                nave=trial.nave,
                provenance={
                    "file": path.name,
                    "software": courses.software,
                    "format": courses.form,
                    **courses.facts,
                    "course": name,
                    "trial": trial.name,
                    "unit": "A m",
                    "unit_of_file": unit,
                    "time_unit_of_file": time_unit,
                    "orientation": direction,
                    "sign": choice.sign,
                    "resampled": resampled,
                    "assumed": self.said,
                },
            )
        except MneHnnError as error:
            raise DataError(f"{path} cannot be read as a source time course: {error}") from error

    def _index(self) -> int:
        """Return the number of the chosen course, from 0."""
        courses, path = self.courses, self.path
        count, noun, names = len(courses), courses.noun, courses.names
        listed = some([repr(name) for name in names]) if names else f"{count}"
        if self.choice.pick is None:
            if count == 1 or courses.default is not None:
                return courses.default or 0
            raise DataError(
                f"{path} has {count} {noun}s ({listed}): choose one, by pick={names[0]!r} or its number, pick=1."
                if names
                else f"{path} has {count} {noun}s without names: choose one by its number, such as pick=1."
            )
        if isinstance(self.choice.pick, str):
            return _by_name(self.choice.pick, courses, path, listed)
        if self.choice.pick > count:
            raise DataError(f"{path} has {count} {noun}{'s' * (count != 1)}, and pick is {self.choice.pick}.")
        return self.choice.pick - 1

    def _trial(self) -> Trial:
        trials, path = self.courses.trials, self.path
        if self.choice.trial is None:
            if len(trials) == 1:
                return trials[0]
            names = list(dict.fromkeys(repr(trial.name) for trial in trials if trial.name is not None))
            raise DataError(
                f"{path} has {len(trials)} trials{f' ({some(names)})' if names else ''}: choose one by its number or "
                "condition (trial=), or take trial='average'."
            )
        if isinstance(self.choice.trial, str):
            named = [trial for trial in trials if trial.name == self.choice.trial]
            if not named and self.choice.trial != AVERAGE:
                names = list(dict.fromkeys(str(trial.name) for trial in trials if trial.name is not None))
                raise DataError(
                    f"{path} has no trial or condition {self.choice.trial!r}: "
                    f"{f'it has {some(names)}' if names else 'its trials have no names'}, and 'average' takes all."
                    f"{suggestion(self.choice.trial, names)}"
                )
            return self._averaged(named or trials, self.choice.trial)
        if self.choice.trial > len(trials):
            raise DataError(
                f"{path} has {len(trials)} trial{'s' * (len(trials) != 1)}, and trial is {self.choice.trial}."
            )
        return trials[self.choice.trial - 1]

    def _averaged(self, trials: Sequence[Trial], name: str) -> Trial:
        path, kept = self.path, [trial for trial in trials if not trial.bad]
        if not kept:
            raise DataError(f"{path} has only trials that are marked as bad for {name!r}.")
        first = kept[0]
        if len(kept) == 1:
            return first
        for other in kept:
            if other.times.shape != first.times.shape or np.abs(other.times - first.times).max() > 1e-6:
                raise DataError(f"{path} has trials with different times, which cannot be averaged: choose one.")
        weights = np.array([trial.nave for trial in kept], dtype=float)
        bad = len(trials) - len(kept)
        self.said.append(f"the average of {len(kept)} trials{f', {bad} bad ones left out' if bad else ''}")
        data = np.tensordot(weights / weights.sum(), np.array([trial.data for trial in kept]), axes=1)
        return Trial(times=first.times, data=data, name=name, nave=int(weights.sum()))

    def _along(self, vectors: FloatArray, index: int) -> tuple[FloatArray, list[float] | None]:
        """Return the course, and the direction that was taken of three components."""
        path, name = self.path, self.courses.name_of(index)
        if len(vectors) == 1:
            if self.choice.orientation is not None:
                raise DataError(
                    f"{path}: {name!r} has one component, so that orientation has no meaning: leave it out."
                )
            return vectors[0], None
        wanted = self.choice.orientation
        if wanted is None and self.courses.axis is not None:
            axis = self.courses.axis[index]
        elif wanted is None:
            raise DataError(
                f"{path}: {name!r} has {len(vectors)} components (orientations): choose one by its number "
                f"(orientation=1), a direction (orientation=(x, y, z)), or that of the largest variance ('{LARGEST}')."
            )
        elif isinstance(wanted, str):
            axis = self._largest(vectors)
        elif isinstance(wanted, int):
            if wanted > len(vectors):
                raise DataError(f"{path}: {name!r} has {len(vectors)} components, and orientation is {wanted}.")
            axis = np.eye(len(vectors))[wanted - 1]
        else:
            axis = np.asarray(wanted)
        if len(axis) != len(vectors):
            raise DataError(f"{path}: {name!r} has {len(vectors)} components, and orientation has {len(axis)} numbers.")
        return axis @ vectors, [float(part) for part in axis]

    def _largest(self, vectors: FloatArray) -> FloatArray:
        """Return the direction of the largest variance, the sign of which is arbitrary."""
        left, sizes, _ = np.linalg.svd(vectors, full_matrices=False)
        share = float(sizes[0] ** 2 / (sizes @ sizes)) if sizes.any() else 1.0
        if share < _SURE_SHARE:
            warn(
                f"The direction of the largest variance holds {share:.0%} of it: the source turns, or there is more "
                "than one, and a single direction leaves the rest out."
            )
        axis = left[:, 0] * (1.0 if left[np.abs(left[:, 0]).argmax(), 0] >= 0 else -1.0)
        self.said.append(f"the sign of the direction of the largest variance ({share:.0%} of it) is arbitrary")
        return np.asarray(axis)

    def _unit(self) -> str:
        courses, path = self.courses, self.path
        if self.choice.unit is None:
            if courses.unit is None:
                raise DataError(
                    f"{path} does not say in which unit its moments are: give it, such as unit='nA m' "
                    f"({', '.join(MOMENTS)})."
                )
            return courses.unit
        if courses.unit is not None and courses.unit != self.choice.unit:
            raise DataError(
                f"{path} says that its moments are in {courses.unit}, and unit is {self.choice.unit!r}: leave unit "
                "out, or write the file again with the unit that is meant."
            )
        if courses.unit is None:
            self.said.append(f"moments in {self.choice.unit}, as the reader was told")
        return self.choice.unit

    def _times(self, times: FloatArray) -> tuple[FloatArray, str]:
        """Return times in s, and the unit they were in."""
        path = self.path
        if len(times) < 2 or not np.isfinite(times).all():
            raise DataError(f"{path} has {len(times)} times, or times that are not finite: at least two are needed.")
        unit = self.choice.time_unit or self.courses.time_unit
        if unit is None:
            unit = plausible_time_unit(times)
            if unit is None:
                raise DataError(
                    f"{path} has times from {times[0]:g} to {times[-1]:g}, which may be s or ms: give time_unit."
                )
            self.said.append(f"times in {unit}: in the other unit no response would be so short or long")
        check_span(times, unit, path, f"Give time_unit={'s' if unit == 'ms' else 'ms'!r} then.")
        return without_rounding(times * TIMES[unit]), unit


def _as_orientation(value: Any) -> Any:
    """Return a component's number, a direction of length 1, or ``'largest'``."""
    if isinstance(value, str):
        return check_name(value, (LARGEST,), "orientation", where="(a component's number or a direction will do, too)")
    if np.ndim(value) == 0:
        return check_int(value, "orientation", minimum=1)
    try:
        direction = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        direction = np.empty(0)
    length = np.linalg.norm(direction)
    if direction.shape != (3,) or not np.isfinite(length) or length == 0:
        raise ParameterError(
            f"orientation must be the number of a component, a direction of three numbers or '{LARGEST}', got "
            f"{value!r}."
        )
    return tuple(float(part) for part in direction / length)


def _by_name(pick: str, courses: Courses, path: Path, listed: str) -> int:
    names, noun = courses.names, courses.noun
    if not names:
        raise DataError(f"{path} has no names of its {len(courses)} {noun}s: choose one by its number, such as pick=1.")
    found = [k for k, name in enumerate(names) if name == pick]
    found = found or [k for k, name in enumerate(names) if without_unit(name) == pick]
    if not found:
        raise DataError(f"{path} has no {noun} {pick!r}: it has {listed}.{suggestion(pick, names)}")
    if len(found) > 1:
        raise DataError(
            f"{path} has {len(found)} {noun}s called {pick!r}, numbers {', '.join(str(k + 1) for k in found)}: choose "
            "one by its number, pick."
        )
    return found[0]


def _sound(values: Any, name: str, path: Path) -> FloatArray:
    """Return values that are real and finite."""
    if np.iscomplexobj(values):
        raise DataError(
            f"{path}: {name!r} has complex values, as spectra and analytic signals have: a dipole needs the course "
            "over time itself."
        )
    real = np.asarray(values, dtype=float)
    if np.isnan(real).all():
        raise DataError(f"{path}: {name!r} has no moment: it lies outside of what was estimated.")
    if not np.isfinite(real).all():
        raise DataError(f"{path}: {name!r} has samples that are NaN or infinite: remove or interpolate them.")
    return real
