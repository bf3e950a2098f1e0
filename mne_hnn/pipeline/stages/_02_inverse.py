"""Make the forward solution and the inverse operator."""

from __future__ import annotations

from typing import Any

import mne

from ...errors import ConfigError
from ...source import forward_solution, make_inverse, scaled_template
from ...source._files import read_file
from ...source.inverse import is_fixed, open_inverse
from ..files import read_noise_cov, read_response
from ..stage import Stage, Work


def _forward(work: Work, info: mne.Info) -> Any:
    options = work.options
    if options.forward is not None:
        return options.forward
    if options.inverse is not None:
        raise ConfigError(
            "An inverse operator alone cannot give the moment in nA m or the field at the sensors: set forward, too."
        )
    subject, trans = options.fs_subject, options.trans
    if options.template is not None:
        subject = f"{options.template}_scaled_{work.subject}"
        trans = scaled_template(
            info, subject, subject_from=options.template, subjects_dir=options.subjects_dir, overwrite=True
        )
    return forward_solution(
        info,
        subject=subject,
        subjects_dir=options.subjects_dir,
        trans=trans,
        bem=options.bem,
        src=options.src,
        spacing=options.spacing,
        n_jobs=work.n_jobs,
    )


def _run(work: Work) -> dict[str, Any]:
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
    return {
        "subject": forward["src"][0].get("subject_his_id"),
        "sources": int(forward["nsource"]),
        "channels": len(inverse["info"]["ch_names"]),
        "orientation": "fixed" if is_fixed(inverse) else "loose or free",
        "template": options.template,
    }


STAGE = Stage(
    name="inverse",
    title="Make forward solution and inverse operator",
    options=(
        "forward",
        "inverse",
        "fs_subject",
        "subjects_dir",
        "template",
        "trans",
        "bem",
        "src",
        "spacing",
        "loose",
        "depth",
    ),
    files=("forward", "inverse", "trans", "bem", "src"),
    after=("load",),
    outputs={"forward": "response-fwd.fif", "inverse": "response-inv.fif"},
    run=_run,
)
