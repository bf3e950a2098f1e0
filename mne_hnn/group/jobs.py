"""The jobs of a group analysis: what is done once per subject, and once per subject and condition."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import mne

from ..errors import DataError, MneHnnError
from ..io._files import read_json
from ..pipeline import STAGES, Config
from ..pipeline.chain import Chain
from ..source._files import first_line, some
from .anatomy import anatomy_options, filled
from .config import GroupConfig
from .dataset import RecordingEntry, trial_types
from .derivatives import PipelineFiles, pipeline_files
from .export import export_job
from .lock import folder_lock
from .names import stem_of

__all__ = ["POOLED", "Job", "Outcome", "run_job"]

POOLED = "pooled"
"""What the folder of all conditions together is called."""
_POOLED_STAGES = ("load", "inverse", "target")
_PATHS = ("bem", "src", "forward", "inverse", "noise_cov", "events", "label")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One recording, with all conditions (`condition` None: what they have in common is found) or one.

    Attributes
    ----------
    config : GroupConfig
        The analysis.
    unit : RecordingEntry
        Subject, session, task, and files.
    work : Path
        Folder that holds a folder per job.
    condition : str | None
        The condition.
    sequence : tuple of (str, float) | None
        The group's sequence of drives.
    n_jobs : int
        Processes within the job.
    """

    config: GroupConfig
    unit: RecordingEntry
    work: Path
    condition: str | None = None
    sequence: tuple[tuple[str, float], ...] | None = None
    n_jobs: int = 1

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return stem_of(self.unit.subject, self.unit.session, self.unit.task, self.condition)

    @property
    def folder(self) -> Path:
        """Where its steps are."""
        return self.work / (self.stem if self.condition is not None else f"{self.stem}_{POOLED}")

    @property
    def pooled(self) -> Path:
        """Where the steps of all conditions together are."""
        return self.work / f"{stem_of(self.unit.subject, self.unit.session, self.unit.task)}_{POOLED}"

    @property
    def title(self) -> str:
        """What to call it in messages."""
        parts = [f"sub-{self.unit.subject}", self.unit.session and f"ses-{self.unit.session}",
                 self.unit.task and f"task-{self.unit.task}", self.condition or "all conditions"]  # fmt: skip
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    status : str
        ``'ok'`` or ``'failed'``.
    step : str | None
        Where it failed.
    error : str | None
        Why, in one sentence.
    ran : tuple of str
        Steps that ran; the others were up to date.
    seconds : float
        How long it took.
    """

    status: str
    step: str | None = None
    error: str | None = None
    ran: tuple[str, ...] = ()
    seconds: float = 0.0


def run_job(job: Job, output: Path) -> Outcome:
    """Run a job and put its results among the derivatives; what goes wrong is its outcome, not an exception."""
    started = time.perf_counter()
    chain: Chain | None = None
    try:
        # a worker of a run that was killed can still be at it for a moment
        with folder_lock(job.folder, what="job", wait=True):
            config = _condition_config(job) if job.condition is not None else _pooled_config(job)
            stages = STAGES if job.condition is not None else STAGES[: len(_POOLED_STAGES)]
            chain = Chain(
                config, stages=stages, folder=job.folder, subject=job.unit.subject, n_jobs=job.n_jobs,
                verbose="error", quiet=True,
            )  # fmt: skip
            chain.store.clean()
            result = chain.run()
            chain.at = "export"
            if job.condition is None:
                _name_label(job)
            else:
                export_job(job, output)
    except MneHnnError as error:
        return Outcome(
            status="failed", step=chain.at if chain is not None and chain.at else "prepare", error=str(error),
            seconds=time.perf_counter() - started,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others, whatever its files do to libraries
        return Outcome(
            status="failed", step=chain.at if chain is not None and chain.at else "prepare",
            error=f"{type(error).__name__}: {first_line(error)}", seconds=time.perf_counter() - started,
        )  # fmt: skip
    return Outcome(status="ok", ran=result.ran, seconds=time.perf_counter() - started)


def _base(job: Job) -> dict[str, Any]:
    """Return the options that every recording has from the group's configuration."""
    values = {one.name: getattr(job.config, one.name) for one in fields(Config)}
    values |= {name: filled(values[name], job.unit) for name in _PATHS}
    return {
        **values, "dataset": None, "output": None, "subjects": (job.unit.subject,), "n_jobs": 1,
        "subjects_dir": filled(job.config.subjects_dir, job.unit),
    }  # fmt: skip


def _given(job: Job) -> PipelineFiles | None:
    if job.config.mne_bids_pipeline is None:
        return None
    unit = job.unit
    return pipeline_files(
        job.config.mne_bids_pipeline, subject=unit.subject, session=unit.session, task=unit.task,
        datatype=unit.datatype,
    )  # fmt: skip


def _recording(job: Job, names: Sequence[str], given: PipelineFiles | None) -> dict[str, Any]:
    """Return the options that say which trials of which data are averaged."""
    if given is None:
        paths = job.unit.paths
        return {"data": paths[0] if len(paths) == 1 else tuple(paths), "event_id": list(names)}
    data = given.evoked if given.evoked is not None else given.epochs
    if data is None:
        raise DataError(
            f"MNE-BIDS-Pipeline left neither averages (_ave.fif) nor epochs (_epo.fif) of sub-{job.unit.subject} in "
            f"{job.config.mne_bids_pipeline}: run its sensor steps."
        )
    return {"data": data, "condition": names[0] if len(names) == 1 else list(names)}


def _present(job: Job, given: PipelineFiles | None) -> dict[str, tuple[str, ...]]:
    """Return the conditions that a recording has, with what they are called in it."""
    if given is None:
        there = set(trial_types(job.unit))
    elif given.evoked is not None:
        there = {one.comment for one in mne.read_evokeds(given.evoked, verbose="error")}
    else:
        there = set(mne.read_epochs(given.epochs, preload=False, verbose="error").event_id)
    wanted = dict(job.config.conditions)
    found = {name: tuple(one for one in some_names if _is_in(one, there)) for name, some_names in wanted.items()}
    found = {name: names for name, names in found.items() if names}
    if not found:
        listed = ", ".join(repr(one) for names in wanted.values() for one in names)
        raise DataError(
            f"{job.title}: none of the conditions ({listed}) is in the data, which have {some(sorted(there)) or 'none'}."
        )
    return found


def _is_in(name: str, there: set[str]) -> bool:
    """Whether a condition is there, also as a part of hierarchical names such as ``auditory/left``."""
    parts = set(name.split("/"))
    return name in there or any(parts <= set(one.split("/")) for one in there)


def _pooled_config(job: Job) -> Config:
    given = _given(job)
    names = [one for some_names in _present(job, given).values() for one in some_names]
    values = _base(job) | _recording(job, names, given)
    if given is not None:
        values |= {
            name: path for name, path in (("noise_cov", given.noise_cov), ("forward", given.forward)) if path is not None
        }
        if given.forward is not None and given.inverse is not None:
            values["inverse"] = given.inverse
    if values["forward"] is not None:
        values |= _surface_of(values["forward"], job)
    else:
        values |= anatomy_options(job.config, job.unit, job.folder)
        if given is not None and given.trans is not None and values["template"] is None:
            values["trans"] = given.trans
    return Config(**values)


def _surface_of(forward: Any, job: Job) -> dict[str, Any]:
    """Return the subject whose surface a forward solution has, as labels are looked up there."""
    from ..source._files import read_file

    read = read_file(mne.read_forward_solution, forward, "forward solution")
    name = read["src"][0].get("subject_his_id") or filled(job.config.fs_subject, job.unit)
    return {"fs_subject": name, "template": None, "trans": None}


def _sidecar(folder: Path, number: int, stage: str) -> Mapping[str, Any]:
    return read_json(folder / f"{number:02d}_{stage}" / f"{stage}.json", f"sidecar of step {stage!r}")


def _condition_config(job: Job) -> Config:
    """Return the configuration of one condition: noise, operators, label and sign are those of all together."""
    given = _given(job)
    present = _present(job, given)
    if job.condition not in present:
        raise DataError(f"{job.title}: the recording has no trials of this condition.")
    pooled = job.pooled
    inverse, target = _sidecar(pooled, 2, "inverse"), _sidecar(pooled, 3, "target")["facts"]
    made, where = inverse["facts"], inverse["options"]
    scaled = made["template"] is not None
    values = _base(job) | _recording(job, present[job.condition], given) | {
        "noise_cov": pooled / "01_load" / "noise-cov.fif",
        "forward": pooled / "02_inverse" / "response-fwd.fif",
        "inverse": pooled / "02_inverse" / "response-inv.fif",
        "trans": None, "bem": None, "src": None, "template": None,
        "fs_subject": made["subject"] if scaled else where["fs_subject"],
        "subjects_dir": pooled / "02_inverse" / "subjects" if scaled else where["subjects_dir"],
        "label": _label_file(pooled, target), "patch_radius_mm": None, "patch_latency": None, "hemi": None,
        "polarity": int(target["outward"]),
    }  # fmt: skip
    if job.sequence is not None:
        values |= {"fit_sequence": job.sequence, "fit_n_drives": None}
    return Config(**values)


def _label_file(pooled: Path, facts: Mapping[str, Any]) -> Path:
    return pooled / f"{facts['label']}.label"


def _name_label(job: Job) -> None:
    """Give the label's file the label's name, which MNE takes from it."""
    facts = _sidecar(job.folder, 3, "target")["facts"]
    place = job.folder / "03_target"
    (source,) = place.glob("target-?h.label")
    named = _label_file(job.folder, facts)
    scratch = named.with_name(f".writing-{named.name}")
    scratch.write_bytes(source.read_bytes())
    scratch.replace(named)
