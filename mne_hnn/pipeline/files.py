"""Read the results of earlier stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import mne
import numpy as np

from ..dipole import Dipole, read_dipole
from ..source.agreement import good_channels
from ..source.course import LabelCourse
from ..source.inverse import inverse_channels
from ..source.patch import open_forward
from .facts import Facts, InverseFacts, TargetFacts
from .options.shared import Anatomy
from .stage import Work

__all__ = [
    "LANDMARKS",
    "SCALED",
    "anatomy",
    "read_course",
    "read_facts",
    "read_forward",
    "read_inverse",
    "read_label",
    "read_noise_cov",
    "read_response",
    "read_sidecar",
    "read_target",
    "with_channels_of",
    "write_course",
]


_Facts = TypeVar("_Facts", bound=Facts)
_Anatomy = TypeVar("_Anatomy", bound=Anatomy)
SCALED = "subjects"
"""Folder within the results of stage inverse that holds a scaled template."""
LANDMARKS = "landmarks-trans.fif"
"""Name of a head to MRI transform that was made from a data set's anatomical landmarks."""


def anatomy(work: Work[_Anatomy]) -> tuple[str, Any]:
    """Return the FreeSurfer subject and its folder of subjects: the user's, or the scaled template's."""
    folder = work.inputs["inverse"]["forward"].parent
    facts = read_facts(folder, InverseFacts)
    if facts.template:
        return str(facts.subject), folder / SCALED
    return work.options.fs_subject, work.options.subjects_dir


def read_response(work: Work[Any]) -> mne.Evoked:
    """Return the averaged response."""
    return mne.read_evokeds(work.inputs["load"]["evoked"], condition=0, verbose="error")


def read_noise_cov(work: Work[Any]) -> mne.Covariance:
    """Return the noise covariance."""
    return mne.read_cov(work.inputs["load"]["noise_cov"], verbose="error")


def read_forward(work: Work[Any]) -> mne.Forward:
    """Return the forward solution, its sources along the outward normal."""
    return open_forward(work.inputs["inverse"]["forward"])


def read_inverse(work: Work[Any]) -> Any:
    """Return the inverse operator."""
    return mne.minimum_norm.read_inverse_operator(work.inputs["inverse"]["inverse"], verbose="error")


def with_channels_of(inverse: Any, evoked: mne.Evoked) -> mne.Evoked:
    """Return a response whose good channels are those of the inverse operator, as those of the target are."""
    ignored = set(good_channels(evoked.info)) - set(inverse_channels(inverse))
    if not ignored:
        return evoked
    return evoked.copy().pick([name for name in evoked.ch_names if name not in ignored])


def read_target(work: Work[Any]) -> Dipole:
    """Return the target."""
    return read_dipole(work.inputs["target"]["target"])


def read_label(work: Work[Any]) -> mne.Label:
    """Return the label of the target."""
    path = work.inputs["target"]["label"]
    facts = read_facts(path.parent, TargetFacts)
    label = mne.read_label(path, subject=facts.subject)
    label.name = facts.label
    return label


def read_sidecar(folder: Path) -> dict[str, Any]:
    """Return the sidecar of a stage's folder."""
    stage = folder.name.split("_", 1)[1]
    record: dict[str, Any] = json.loads((folder / f"{stage}.json").read_text(encoding="utf-8"))
    return record


def read_facts(folder: Path, kind: type[_Facts]) -> _Facts:
    """Return what a stage noted of its result, of the stage's class of facts."""
    return kind.read(read_sidecar(folder).get("facts"), folder)


def write_course(path: Path, course: LabelCourse) -> None:
    """Write a label's time course with those of its vertices."""
    np.savez(
        path,
        times=course.times,
        course=course.course,
        unit=course.unit or "",
        mode=course.mode,
        vertices=course.vertices,
        vertex_courses=course.vertex_courses,
    )


def read_course(path: Path) -> LabelCourse:
    """Read what :func:`write_course` wrote."""
    with np.load(path) as kept:
        return LabelCourse(
            times=kept["times"],
            course=kept["course"],
            unit=str(kept["unit"]) or None,
            mode=str(kept["mode"]),
            vertices=kept["vertices"],
            vertex_courses=kept["vertex_courses"],
        )
