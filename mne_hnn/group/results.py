"""What the jobs left, for the group."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import mne

from .._files import read_json
from ..dipole import read_dipole
from ..fit.files import read_fit
from ..pipeline import STAGES
from ..pipeline.facts import Facts, FitFacts, InverseFacts, LoadFacts, TargetFacts
from ..pipeline.places import step_output, step_record
from .entry import Entry
from .job import Job, Outcome

__all__ = ["fitted_columns", "job_record", "read_entries", "read_entry", "result_files", "step_sidecars"]

LEAST_R_SQUARED = 0.5
"""R² from which on the number of columns of a condition is taken for the others of the person."""
_Facts = TypeVar("_Facts", bound=Facts)
_READ = (("load", "evoked"), ("target", "target"), ("target", "label"), ("fit", "result"), ("sensors", "explained"))
"""Steps and outputs that the group reads."""


def job_record(job: Job, outcome: Outcome) -> dict[str, Any]:
    """Return how a job ended and where its steps are, as plain values."""
    return {
        "subject": job.unit.subject,
        "session": job.unit.session,
        "task": job.unit.task,
        "condition": job.condition,
        "status": outcome.status,
        "step": outcome.step,
        "error": outcome.error,
        "folder": str(job.folder),
        "pooled": str(job.pooled),
    }


def step_sidecars(job: Mapping[str, Any]) -> dict[str, Path]:
    """Return the sidecar of each step of a job; what all conditions share was made in another folder."""
    folder, pooled = Path(job["folder"]), Path(job["pooled"])
    places = {stage.name: step_record(pooled if stage.name == "inverse" else folder, stage.name) for stage in STAGES}
    return {name: path for name, path in places.items() if path.is_file()}


def result_files(job: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the files that the group reads of a job."""
    folder = Path(job["folder"])
    for step, output in _READ:
        yield step_output(folder, step, output)


def read_entry(job: Mapping[str, Any]) -> Entry:
    """Read what the group needs of a job."""
    named = {name: job[name] for name in ("subject", "session", "task", "condition", "status", "step", "error")}
    if job["status"] != "ok":
        return Entry(**named)
    folder, sidecars = Path(job["folder"]), step_sidecars(job)
    load, inverse = _facts(sidecars["load"], LoadFacts), _facts(sidecars["inverse"], InverseFacts)
    target, told = _facts(sidecars["target"], TargetFacts), _facts(sidecars["fit"], FitFacts)
    options = read_json(sidecars["target"], "sidecar")["options"]
    own = mne.read_label(step_output(folder, "target", "label"), subject=options["fs_subject"])
    own.name = target.label
    explained = json.loads(step_output(folder, "sensors", "explained").read_text(encoding="utf-8"))
    return Entry(
        **named,
        target=read_dipole(step_output(folder, "target", "target")),
        fit=read_fit(step_output(folder, "fit", "result")),
        regime=told.regime,
        verdict=told.verdict,
        refusals=tuple(told.explanations[0].refusals) if told.explanations else (),
        explained=explained["fitted"],
        n_epochs=load.epochs,
        label=own,
        fs_subject=options["fs_subject"],
        subjects_dir=Path(options["subjects_dir"]),
        template=inverse.template,
        coregistration=inverse.coregistration,
        sidecar=sidecars["fit"],
    )


def fitted_columns(job: Job) -> float | None:
    """Return the number of columns of a fit for the other conditions; None if the fit explains too little for that."""
    told = _facts(step_record(job.folder, "fit"), FitFacts)
    return float(told.scale) if told.r_squared is not None and told.r_squared >= LEAST_R_SQUARED else None


def _facts(path: Path, kind: type[_Facts]) -> _Facts:
    return kind.read(read_json(path, "sidecar").get("facts"), path)


def read_entries(jobs: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Read what the group needs of all jobs."""
    return [read_entry(job) for job in jobs]
