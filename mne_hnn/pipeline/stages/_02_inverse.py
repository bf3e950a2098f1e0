"""Make the forward solution and the inverse operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mne

from ..._files import read_file
from ...errors import ConfigError
from ...source import forward_solution, make_inverse, scaled_template
from ...source.compensation import compensation_grade
from ...source.forward import subject_folder
from ...source.inverse import is_fixed, open_inverse
from ..facts import InverseFacts
from ..files import LANDMARKS, SCALED, read_noise_cov, read_response
from ..identity import recording_files
from ..options import InverseOptions
from ..stage import Stage, Work


def _files(options: InverseOptions) -> Iterator[Path]:
    for value in (options.forward, options.inverse, options.trans, options.bem, options.src):
        yield from recording_files(value)
    if options.forward is None and options.subjects_dir is not None:
        folder = Path(options.subjects_dir) / (options.template or options.fs_subject)
        for pattern in ("surf/?h.white", "surf/?h.sphere", "bem/*.surf", "bem/*-bem-sol.fif", "bem/*-fiducials.fif"):
            yield from sorted(folder.glob(pattern))


def _forward(work: Work[InverseOptions], info: mne.Info) -> Any:
    options = work.options
    if options.forward is not None:
        return options.forward
    if options.inverse is not None:
        raise ConfigError(
            "An inverse operator alone cannot give the moment in nA m or the field at the sensors: set forward, too."
        )
    subject, subjects_dir, trans = options.fs_subject, options.subjects_dir, options.trans
    if options.template is not None:
        subject = f"{options.template}_scaled_{work.subject}"
        original = subject_folder(options.template, subjects_dir)
        # scaled among the results: the user's folder of subjects stays as it is
        subjects_dir = work.folder / SCALED
        subjects_dir.mkdir()
        link = subjects_dir / options.template
        link.symlink_to(original.resolve(), target_is_directory=True)
        trans = scaled_template(info, subject, subject_from=options.template, subjects_dir=subjects_dir)
        link.unlink()
    return forward_solution(
        info,
        subject=subject,
        subjects_dir=subjects_dir,
        trans=trans,
        bem=options.bem,
        src=options.src,
        spacing=options.spacing,
        n_jobs=work.mne_jobs,
    )


def _conductor(bem: Any) -> str:
    """Return what the head was taken for."""
    if bem == "sphere":
        return "a sphere"
    if isinstance(bem, (str, Path)):
        bem = mne.read_bem_solution(bem, verbose="error")
    return "a sphere" if isinstance(bem, Mapping) and bem["is_sphere"] else "a boundary element model"


def _coregistration(options: InverseOptions) -> str | None:
    """Return how head and MRI were brought together: a key of :data:`..methods.source_steps.COREGISTRATIONS`."""
    if options.forward is not None:
        return None
    if options.template is not None:
        return "template"
    if options.trans is None or options.trans == "fiducials":
        return "fiducials"
    if isinstance(options.trans, (str, Path)) and Path(options.trans).name == LANDMARKS:
        return "landmarks"
    return "transform"


def _run(work: Work[InverseOptions]) -> InverseFacts:
    options = work.options
    evoked = read_response(work)
    forward = _forward(work, evoked.info)
    if not isinstance(forward, mne.Forward):
        forward = read_file(mne.read_forward_solution, forward, "forward solution")
    if options.inverse is not None:
        inverse = open_inverse(options.inverse)
    else:
        noise_cov = read_noise_cov(work)
        inverse = make_inverse(evoked.info, forward, noise_cov, loose=options.loose, depth=options.depth)
    mne.minimum_norm.write_inverse_operator(work.path("inverse"), inverse)
    mne.write_forward_solution(work.path("forward"), forward)
    return InverseFacts(
        subject=forward["src"][0].get("subject_his_id"),
        sources=int(forward["nsource"]),
        channels=len(inverse["info"]["ch_names"]),
        orientation="fixed" if is_fixed(inverse) else "loose or free",
        loose=_loose(options, forward, inverse),
        template=options.template if options.forward is None else None,
        forward="computed" if options.forward is None else "given",
        inverse="made" if options.inverse is None else "given",
        conductor=_conductor(options.bem) if options.forward is None else None,
        compensation=compensation_grade(evoked.info),
        references=len(mne.pick_types(evoked.info, meg=False, ref_meg=True, exclude=())),
        coregistration=_coregistration(options),
    )


def _loose(options: InverseOptions, forward: mne.Forward, inverse: Any) -> float | None:
    """Return the orientation constraint of an inverse that was made; MNE's 'auto' is 0.2 unless sources are fixed."""
    if options.inverse is not None:
        return None
    if is_fixed(inverse) or mne.forward.is_fixed_orient(forward):
        return 0.0
    return 0.2 if options.loose == "auto" else float(options.loose)


STAGE = Stage(
    name="inverse",
    title="Make forward solution and inverse operator",
    options=InverseOptions,
    facts=InverseFacts,
    files=_files,
    after=("load",),
    outputs={"forward": "response-fwd.fif", "inverse": "response-inv.fif"},
    run=_run,
    revision=4,
)
