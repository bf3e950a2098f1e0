"""Turn the response of a label into the target dipole."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mne

from ...source import CourseOptions, best_patch, estimate_target, find_label
from ...source.agreement import good_channels
from ...source.inverse import inverse_channels
from ...source.patch import open_forward
from ..files import anatomy, read_inverse, read_noise_cov, read_response, write_course
from ..identity import recording_files
from ..stage import Stage, Work


def _files(options: SimpleNamespace) -> Iterator[Path]:
    for label in (options.label, *options.other_labels):
        if not isinstance(label, (str, Path)):
            continue
        yield from recording_files(label)
        if options.subjects_dir is not None:
            folder = Path(options.subjects_dir) / options.fs_subject / "label"
            stem = Path(label).name.removesuffix(".label").removesuffix("-lh").removesuffix("-rh")
            yield from sorted(folder.glob(f"?h.{options.parcellation}.annot"))
            yield from sorted(folder.glob(f"*{glob.escape(stem)}*.label"))


def _restricted(evoked: mne.Evoked, used: set[str]) -> mne.Evoked:
    """Return a response whose good channels are those of the inverse operator, as those of the target are."""
    ignored = set(good_channels(evoked.info)) - used
    if not ignored:
        return evoked
    return evoked.copy().pick([name for name in evoked.ch_names if name not in ignored])


def _run(work: Work) -> dict[str, Any]:
    options = work.options
    evoked, noise_cov = read_response(work), read_noise_cov(work)
    inverse = read_inverse(work)
    # as it is: where its orientations are free, the target is compared with free dipoles
    forward = mne.read_forward_solution(work.inputs["inverse"]["forward"], verbose="error")
    subject, subjects_dir = anatomy(work)

    def find(name: Any) -> mne.Label:
        return find_label(
            name,
            subject=subject,
            subjects_dir=subjects_dir,
            parcellation=options.parcellation,
            hemi=options.hemi,
        )

    label = find(options.label)
    searched = label.name
    if options.patch_radius_mm is not None:
        used = set(inverse_channels(inverse))
        patch = best_patch(
            _restricted(evoked, used),
            label,
            open_forward(forward),
            noise_cov=noise_cov,
            radius_mm=options.patch_radius_mm,
            latency=options.patch_latency,
            tmin=options.target_tmin,
            tmax=options.target_tmax,
        )
        label = patch.label
    target = estimate_target(
        evoked,
        inverse,
        label,
        forward=forward,
        noise_cov=noise_cov,
        course=CourseOptions(method=options.method, snr=options.snr, mode=options.mode, amplitude=options.amplitude),
        other_labels=[find(name) for name in options.other_labels],
        polarity=options.polarity,
        tmin=options.target_tmin,
        tmax=options.target_tmax,
        subject=subject,
    )
    target.dipole.save(work.path("target"))
    label.save(work.folder / f"target-{label.hemi}.label")
    write_course(work.path("course"), target.course)
    target.activity.save(work.folder / "activity", ftype="stc", overwrite=True)
    return {**target.dipole.provenance, "searched": searched, "subject": subject}


STAGE = Stage(
    name="target",
    title="Turn the response of the label into the target dipole",
    options=(
        "label",
        "parcellation",
        "hemi",
        "fs_subject",
        "subjects_dir",
        "patch_radius_mm",
        "patch_latency",
        "method",
        "snr",
        "mode",
        "other_labels",
        "amplitude",
        "polarity",
        "target_tmin",
        "target_tmax",
    ),
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
