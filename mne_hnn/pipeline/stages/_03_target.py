"""Turn the response of a label into the target dipole."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mne

from ...source import best_patch, estimate_target, find_label
from ..files import anatomy, read_forward, read_inverse, read_noise_cov, read_response, write_course
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


def _run(work: Work) -> dict[str, Any]:
    options = work.options
    evoked, noise_cov = read_response(work), read_noise_cov(work)
    forward, inverse = read_forward(work), read_inverse(work)
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
        patch = best_patch(
            evoked,
            label,
            forward,
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
        method=options.method,
        snr=options.snr,
        mode=options.mode,
        amplitude=options.amplitude,
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
)
