"""Read the target from a file of other software."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..._units import MS, NAM
from ...dipole import AGGREGATE, Dipole
from ...errors import DataError
from ...io import read_source_course
from ...source.latency import milliseconds
from ...source.polarity import Component, parse_polarity
from ..facts import ReadTargetFacts
from ..options import ReadTargetOptions
from ..stage import Stage, Work


def _files(options: ReadTargetOptions) -> Iterator[Path]:
    path = Path(options.target_file).expanduser()
    yield path
    if path.suffix.lower() == ".mat":
        yield path.with_suffix(".dat")  # where SPM keeps the samples


def _sign(course: Dipole, rule: Any) -> tuple[int, str]:
    """Return what the course is multiplied with, and why."""
    parsed = parse_polarity(rule)
    if not isinstance(parsed, Component):
        if parsed == -1:
            return -1, "sign: opposite to the file"
        return 1, "as in the file"
    near = np.flatnonzero(np.abs(course.times - parsed.latency) <= parsed.half_width)
    if not len(near):
        raise DataError(
            f"The component at {parsed.latency:g} s lies outside the source time course, {course.times[0]:g} to "
            f"{course.times[-1]:g} s{milliseconds(parsed.latency)}."
        )
    values = course[AGGREGATE][near]
    sign = int(math.copysign(1, values[np.abs(values).argmax()])) * (1 if parsed.points == "up" else -1)
    return sign, f"component: {parsed.name} near {parsed.latency / MS:g} ms points {parsed.points}"


def _target(course: Dipole, options: ReadTargetOptions) -> Dipole:
    """Return the part of a course that is fitted, smoothed and with the sign that was asked for."""
    sign, rule = _sign(course, options.polarity)
    smoothed = course.copy().smooth(options.target_smooth_ms) if options.target_smooth_ms else course
    half = 0.5 / course.info["sfreq"]
    window = (course.times >= options.target_tmin - half) & (course.times <= options.target_tmax + half)
    if window.sum() < 2:
        raise DataError(
            f"The source time course ({course.times[0]:g} to {course.times[-1]:g} s) has fewer than two samples from "
            f"{options.target_tmin:g} to {options.target_tmax:g} s"
            f"{milliseconds(options.target_tmin, options.target_tmax)}: set target_tmin and target_tmax."
        )
    error = options.target_error_nAm
    return Dipole(
        sign * smoothed[AGGREGATE][window],
        course.times[window],
        (AGGREGATE,),
        comment=course.comment,
        nave=course.nave,
        provenance={
            **course.provenance,
            "label": course.comment,
            "polarity": rule,
            "sign": sign,
            "smooth_ms": options.target_smooth_ms,
            "area_mm2": options.target_area_mm2,
            "standard_error": None if error is None else error * NAM,
        },
    )


def _run(work: Work[ReadTargetOptions]) -> ReadTargetFacts:
    options = work.options
    course: Dipole = read_source_course(
        options.target_file,
        unit=options.target_unit,
        pick=options.target_pick,
        trial=options.target_trial,
        orientation=options.target_orientation,
        time_unit=options.target_time_unit,
        resample=options.target_resample,
    )
    target = _target(course, options)
    target.save(work.path("target"))
    noted, peak = target.provenance, int(np.abs(target[AGGREGATE]).argmax())
    return ReadTargetFacts(
        form=noted["format"],
        version=noted.get("version"),
        method=noted.get("method"),
        nave=int(target.nave),
        window=[float(target.times[0]), float(target.times[-1])],
        sfreq=float(target.info["sfreq"]),
        peak=float(target[AGGREGATE][peak]),
        peak_at=float(target.times[peak]),
        **{name: noted[name] for name in _KEPT},
    )


_KEPT = (
    "file",
    "software",
    "course",
    "trial",
    "unit_of_file",
    "time_unit_of_file",
    "orientation",
    "polarity",
    "sign",
    "resampled",
    "smooth_ms",
    "area_mm2",
    "standard_error",
    "assumed",
)

STAGE = Stage(
    name="target",
    title="Read the target from a file",
    options=ReadTargetOptions,
    facts=ReadTargetFacts,
    files=_files,
    outputs={"target": "target-ave.fif"},
    run=_run,
)
