"""The mean of all subjects' targets, and how far they spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._checks import check_bool
from .._types import FloatArray
from ..dipole import Dipole
from ..errors import DataError
from .alignment import Alignment, align_polarity, check_alignment, common_courses, with_targets
from .entry import Entry, check_entries

__all__ = ["Average", "group_average"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Average:
    """The targets of a condition, subject by subject.

    Attributes
    ----------
    condition : str
        The condition.
    subjects : tuple of str
        Who has it.
    times : array, shape (n_times,)
        s.
    courses : array, shape (n_subjects, n_times)
        Target of each subject, sessions averaged, signs aligned; A m, or relative to its norm.
    unit : str
        ``'A m'`` or ``'arbitrary'``.
    area_mm2 : float | None
        Median area of the patches, mm²; None if that of some is not known. Whether cells fit into a patch is asked of
        the average as of everybody.
    """

    condition: str
    subjects: tuple[str, ...]
    times: FloatArray
    courses: FloatArray
    unit: str = "A m"
    area_mm2: float | None = None

    @property
    def dipole(self) -> Dipole:
        """The mean over subjects; ``nave`` is their number."""
        area = {} if self.area_mm2 is None else {"area_mm2": self.area_mm2}
        return Dipole(
            self.courses.mean(axis=0),
            self.times,
            ("agg",),
            comment=self.condition,
            nave=len(self.subjects),
            provenance={"subjects": list(self.subjects), "unit": self.unit} | area,
        )

    @property
    def sd(self) -> FloatArray:
        """Standard deviation over subjects at each time, shape (n_times,); NaN for one subject."""
        if len(self.subjects) < 2:
            return np.full(len(self.times), np.nan)
        return np.asarray(self.courses.std(axis=0, ddof=1))

    @property
    def sem(self) -> FloatArray:
        """Standard error of the mean at each time, shape (n_times,)."""
        return np.asarray(self.sd / np.sqrt(len(self.subjects)))


def group_average(
    entries: Sequence[Entry], *, alignment: Alignment | None = None, relative: bool = False
) -> dict[str, Average]:
    """Average the targets of all subjects, condition by condition.

    Sessions are averaged first, so that the subject is the unit. Targets of different windows and sampling rates are
    brought to the window that all cover, and the samples of the coarsest.

    Parameters
    ----------
    entries : sequence of Entry
        Those without a target are left out.
    alignment : Alignment | None
        Signs of the recordings; None finds them.
    relative : bool
        Whether each target counts relative to its Euclidean norm, so that all count the same.

    Returns
    -------
    averages : dict of str to Average
        By condition, in the order of the entries.

    Raises
    ------
    DataError
        There is no target at all.

    Examples
    --------
    >>> sorted(group_average(entries))
    ['a', 'b']
    """
    check_entries(entries)
    check_alignment(alignment)
    check_bool(relative, "relative")
    if not (usable := with_targets(entries)):
        raise DataError("None of the subjects has a target: there is nothing to average.")
    alignment = align_polarity(entries) if alignment is None else alignment
    targets = [entry.target for entry in usable if entry.target is not None]
    # all conditions on one time axis, so that they can be subtracted
    times, courses = common_courses(targets)
    courses = courses * np.array([[alignment.signs.get(entry.recording, 1)] for entry in usable])
    sized = not relative and all(target.provenance.get("unit", "A m") == "A m" for target in targets)
    order = dict.fromkeys(entry.condition for entry in entries if entry.target is not None)
    found = {}
    for condition in order:
        own = np.array([entry.condition == condition for entry in usable])
        subjects = tuple(dict.fromkeys(entry.subject for entry in usable if entry.condition == condition))
        means = np.array(
            [
                courses[own & np.array([entry.subject == subject for entry in usable])].mean(axis=0)
                for subject in subjects
            ]
        )
        if relative:
            norms = np.linalg.norm(means, axis=1, keepdims=True)
            means = means / np.where(norms > 0, norms, 1.0)
        found[condition] = Average(
            condition=condition,
            subjects=subjects,
            times=times,
            courses=means,
            unit="A m" if sized else "arbitrary",
            area_mm2=_area([entry for entry in usable if entry.condition == condition]) if sized else None,
        )
    return found


def _area(entries: Sequence[Entry]) -> float | None:
    """Return the median area of the patches of entries with a target, mm²."""
    areas = [entry.target.provenance.get("area_mm2") for entry in entries if entry.target is not None]
    known = [float(area) for area in areas if area is not None]
    return float(np.median(known)) if known and len(known) == len(areas) else None
