"""Turn the response of a label into the target dipole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne

from ...source import CourseOptions, Target, best_patch, estimate_target
from ...source.patch import open_forward
from ..facts import TargetFacts
from ..files import anatomy, read_inverse, read_noise_cov, read_response, with_channels_of, write_course
from ..labels import label_files, named_label
from ..options import TargetOptions
from ..stage import Stage, Work


def _files(options: TargetOptions) -> Iterator[Path]:
    yield from label_files((options.label, *options.other_labels), options)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Materials:
    """What the earlier stages left: a response, its noise, the operators, and whose cortex it is."""

    evoked: mne.Evoked
    noise_cov: mne.Covariance
    forward: mne.Forward
    inverse: Any
    subject: str
    subjects_dir: Any


def _materials(work: Work[TargetOptions]) -> _Materials:
    subject, subjects_dir = anatomy(work)
    return _Materials(
        evoked=read_response(work),
        noise_cov=read_noise_cov(work),
        # as it is: where its orientations are free, the target is compared with free dipoles
        forward=mne.read_forward_solution(work.inputs["inverse"]["forward"], verbose="error"),
        inverse=read_inverse(work),
        subject=subject,
        subjects_dir=subjects_dir,
    )


def _found(name: Any, options: TargetOptions, made: _Materials) -> mne.Label:
    return named_label(name, options, subject=made.subject, subjects_dir=made.subjects_dir)


def _disc(label: mne.Label, radius_mm: float, options: TargetOptions, made: _Materials) -> mne.Label:
    """Return the disc of a label that explains the response best."""
    patch = best_patch(
        with_channels_of(made.inverse, made.evoked),
        label,
        open_forward(made.forward),
        noise_cov=made.noise_cov,
        radius_mm=radius_mm,
        latency=options.patch_latency,
        tmin=options.target_tmin,
        tmax=options.target_tmax,
    )
    return patch.label


def _target(label: mne.Label, options: TargetOptions, made: _Materials) -> Target:
    target: Target = estimate_target(
        made.evoked,
        made.inverse,
        label,
        forward=made.forward,
        noise_cov=made.noise_cov,
        course=CourseOptions(method=options.method, snr=options.snr, mode=options.mode, amplitude=options.amplitude),
        other_labels=[_found(name, options, made) for name in options.other_labels],
        polarity=options.polarity,
        tmin=options.target_tmin,
        tmax=options.target_tmax,
        subject=made.subject,
    )
    return target


def _run(work: Work[TargetOptions]) -> TargetFacts:
    options, made = work.options, _materials(work)
    label = _found(options.label, options, made)
    searched = label.name
    if options.patch_radius_mm is not None:
        label = _disc(label, options.patch_radius_mm, options, made)
    target = _target(label, options, made)
    target.dipole.save(work.path("target"))
    label.save(work.folder / f"target-{label.hemi}.label")
    write_course(work.path("course"), target.course)
    assert target.activity is not None
    target.activity.save(work.folder / "activity", ftype="stc", overwrite=True)
    noted = {**target.dipole.provenance, "searched": searched, "subject": made.subject}
    return TargetFacts.read(noted, "the target")


STAGE = Stage(
    name="target",
    title="Turn the response of the label into the target dipole",
    options=TargetOptions,
    facts=TargetFacts,
    files=_files,
    after=("load", "inverse"),
    outputs={
        "target": "target-ave.fif",
        "label": "target-*.label",
        "course": "label_course.npz",
        "activity_lh": "activity-lh.stc",
        "activity_rh": "activity-rh.stc",
    },
    run=_run,
    revision=2,
)
