"""Run a group analysis: every subject and condition, then all of them together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mne.utils import logger

from .._code import STAGE_FOLDERS
from .._files import read_json
from ..errors import ConfigError, StageError
from ..inference.posterior_files import check_installed
from ..parallel import check_executor, n_workers, run_tasks
from ..pipeline.chain import Chain, PipelineResult, say_other_code
from ..pipeline.identity import described
from ..pipeline.lock import folder_lock
from ..pipeline.places import step_output, step_record
from ..pipeline.stage import AnyStage
from ..simulate import mechanism_library
from ..viz.brain import check_headless
from .config import GroupConfig, pipeline_place, resolved, with_group_dataset
from .dataset import RecordingEntry, find_recordings
from .derivatives import pipeline_recordings, pipeline_root
from .estimators import foresee_estimators
from .export import export_group, export_participants, export_pooled, withdraw, withdraw_others, write_dataset
from .job import Common, Job, Outcome
from .job_config import check_conditions
from .jobs import run_job
from .names import group_stem
from .options import PoolOptions, StructureOptions, SummaryOptions
from .pooled import pool_records
from .progress import Progress
from .results import fitted_columns, job_record, read_entries
from .stages import POOL, STRUCTURE, SUMMARY
from .truth import truth_folder

__all__ = ["GroupResult", "run_group"]

WORK = "work"
"""Folder of the steps inside the derivatives."""


@dataclass(frozen=True, kw_only=True)
class GroupResult:
    """Where the results of a group are, of :func:`run_group`.

    Attributes
    ----------
    output : Path
        The folder of derivatives.
    jobs : tuple of dict
        Per subject, session, task and condition: ``status``, ``step`` and ``error``, ``folder``.
    reports : tuple of Path
        The report of the group, one per task; none after a run of some subjects only.
    ran : int
        Jobs in which something ran; the others were up to date.
    """

    output: Path
    jobs: tuple[dict[str, Any], ...]
    reports: tuple[Path, ...] = ()
    ran: int = field(default=0)

    @property
    def failed(self) -> tuple[dict[str, Any], ...]:
        """The jobs that failed."""
        return tuple(job for job in self.jobs if job["status"] != "ok")


def run_group(
    config: GroupConfig,
    *,
    subjects: str | Sequence[str] | None = None,
    n_jobs: int | None = None,
    executor: str | Executor | None = None,
    scheduler: Any = None,
) -> GroupResult:
    """Run a group analysis: each subject and condition from its data to a fit and a report, then the group's report.

    What is there and up to date is not computed again: a run that was killed goes on where it stopped.

    Parameters
    ----------
    config : GroupConfig
        Of :func:`read_config`, or made in Python.
    subjects : str | sequence of str | None
        Only these subjects: the group's report is left as it is. Such runs may go side by side; with
        ``fit_structure='common'`` they fit if what explains the group's average is known from a run of all, or if
        `fit_sequence` and one of `fit_regimes` are given, and else stop after the targets. None runs all.
    n_jobs : int | None
        Processes; None takes the configuration's.
    executor : str | concurrent.futures.Executor | None
        Where jobs run: the name of an executor, or one whose workers are processes that do one job at a time, whose
        number `n_jobs` is then. None takes the configuration's.
    scheduler : str | distributed.Client | None
        Address, file or client of a scheduler of Dask; None takes the configuration's.

    Returns
    -------
    result : GroupResult
        Where everything is, and what failed.

    Raises
    ------
    ConfigError, DataError
        The configuration or the data set is wrong as a whole, such as a condition that no recording has, or an
        estimator of posteriors that is for something else.
    CacheError
        The folder of derivatives cannot be written, or another run is using it.
    StageError
        With ``on_error='abort'``: the first job that failed.

    Examples
    --------
    >>> result = run_group(read_config("pipelines/bids_group.py"), n_jobs=2)  # doctest: +SKIP
    """
    if not isinstance(config, GroupConfig):
        raise ConfigError(f"config must be a GroupConfig, got {type(config).__name__}: set bids_root.")
    executor = config.executor if executor is None else executor
    check_executor(executor, error=ConfigError)
    if config.draw_cortex:
        check_headless()
    if config.posterior:
        check_installed()
    config = resolved(with_group_dataset(config))
    foresee_estimators(config)
    asked = (subjects,) if isinstance(subjects, str) else subjects
    root, units = _recordings(config, asked)
    if asked is None and pipeline_place(config) is None:
        check_conditions(config, units)
    output = Path(config.output or root / "derivatives" / "mne-hnn").expanduser().resolve()
    _check_output(output, root, config.name)
    workers = n_workers(config.n_jobs if n_jobs is None else n_jobs)
    run = _Run(config, output, n_jobs=workers, executor=executor, scheduler=scheduler or config.scheduler)
    with folder_lock(output, what="run", shared=asked is not None):
        mechanism_library()  # once, before several workers would all wait for it
        write_dataset(output, config, root, alone=asked is None)
        return run.all(units, whole=asked is None)


def _check_output(output: Path, root: Path, name: str) -> None:
    """Refuse to write among raw data, or over the results of other software or of another analysis."""
    inside = output.relative_to(root.resolve()).parts if output.is_relative_to(root.resolve()) else None
    if inside is not None and (not inside or inside[0].startswith("sub-") or inside[0] == "sourcedata"):
        raise ConfigError(f"output is {output}, among the raw data: choose a folder such as derivatives/mne-hnn.")
    told = output / "dataset_description.json"
    if told.is_file():
        description = read_json(told, "description of a data set")
        makers = description.get("GeneratedBy") or [{}]
        if not any(isinstance(maker, dict) and maker.get("Name") == "mne_hnn" for maker in makers):
            raise ConfigError(f"{output} holds another data set: choose a new folder for the results.")
        there = str(description.get("Name", "")).partition(": ")[2]
        if there and there != name:
            raise ConfigError(
                f"{output} holds the results of the analysis {there!r}: set output to another folder for {name!r}, or "
                f"name = {there!r} to replace them."
            )


def _recordings(config: GroupConfig, asked: Sequence[str] | None) -> tuple[Path, Sequence[RecordingEntry]]:
    """Return the root of the data set, and what is to be analysed in it."""
    chosen: dict[str, Any] = {
        "subjects": asked or config.subjects,
        "exclude": () if asked else config.exclude_subjects,
        "sessions": config.sessions,
        "tasks": config.tasks,
        "datatype": config.datatype,
    }
    place = pipeline_place(config)
    if place is not None:
        folder = pipeline_root(place).resolve()
        if config.bids_root is not None:
            root = Path(config.bids_root)
        elif folder.parent.name == "derivatives":
            root = folder.parents[1]
        elif config.output is not None:
            root = folder
        else:
            raise ConfigError(f"{folder} is in no folder 'derivatives' of a data set: set bids_root or output, too.")
        return root, pipeline_recordings(folder, **chosen)
    root = Path(config.bids_root)
    return root, find_recordings(root, runs=config.runs, entities=config.entities, **chosen)


class _Run:
    """One run over all jobs."""

    def __init__(
        self, config: GroupConfig, output: Path, *, n_jobs: int, executor: str | Executor, scheduler: Any
    ) -> None:
        self.config, self.output, self.work = config, output, output / WORK
        self.n_jobs, self.executor, self.scheduler = n_jobs, executor, scheduler
        self.truth = truth_folder(config.bids_root)
        self.ran = 0
        self.other_code = False

    def all(self, units: Sequence[RecordingEntry], whole: bool) -> GroupResult:
        pooled = [Job(config=self.config, unit=unit, work=self.work) for unit in units]
        first = self.run(pooled, "Targets")
        tasks = list(dict.fromkeys(unit.task for unit in units))
        common = {task: self.common(task, pooled, first, whole) for task in tasks}
        fits, ended = [], []
        for job in pooled:
            for condition in self.conditions:
                fit_job = replace(job, condition=condition, common=common[job.unit.task])
                if first[job.stem].status != "ok":
                    ended.append((fit_job, first[job.stem]))
                elif self.fits_in_common and fit_job.common is None:
                    logger.warning("%s waits for what explains the group's average: run all subjects.", fit_job.title)
                else:
                    fits.append(fit_job)
        done = self.fit(fits)
        ended += [(job, done[job.stem]) for job in fits]
        records = []
        for job, outcome in sorted(ended, key=lambda pair: pair[0].stem):
            records.append(job_record(job, outcome))
            if outcome.status != "ok":
                withdraw(job, self.output)
        if whole:
            withdraw_others([job for job, _ in ended], self.output)
        reports = [self.summary(task, records) for task in tasks] if whole else []
        if whole:
            steps = [step_record(self.work / group_stem(task) / "summary", "summary", (SUMMARY,)) for task in tasks]
            export_participants(read_entries(records), steps, self.output)
        return GroupResult(output=self.output, jobs=tuple(records), reports=tuple(reports), ran=self.ran)

    @property
    def conditions(self) -> list[str]:
        """The conditions, those that are compared first."""
        return list(dict.fromkeys([*(self.config.contrast or ()), *self.config.conditions]))

    @property
    def fits_in_common(self) -> bool:
        """Whether the fits need the explanation of the group's average."""
        config = self.config
        if config.fit_structure != "common" or not config.fit or config.fit_drives == "network":
            return False
        return config.fit_sequence is None or len(config.fit_regimes) > 1

    @property
    def shares_columns(self) -> bool:
        """Whether the conditions of a person have one number of columns: explanations of one regime can."""
        config = self.config
        if not config.fit or config.fit_drives == "network" or config.fit_columns is not None:
            return False
        return self.fits_in_common or len(config.fit_regimes) == 1

    def fit(self, jobs: Sequence[Job]) -> dict[str, Outcome]:
        """Fit the first condition of each recording, then the others with its number of columns.

        Where a fit fails or explains little, the next condition takes its place.
        """
        if not self.shares_columns:
            return self.run(jobs, "Fits")
        waiting: dict[Path, list[Job]] = {}
        for job in jobs:
            waiting.setdefault(job.pooled, []).append(job)
        columns: dict[Path, float] = {}
        outcomes: dict[str, Outcome] = {}
        while any(waiting.values()):
            now: list[Job] = []
            for place, some in waiting.items():
                ready = len(some) if place in columns else 1
                now += [replace(job, columns=columns.get(place)) for job in some[:ready]]
                del some[:ready]
            outcomes |= self.run(now, "Fits with the columns of another condition" if columns else "Fits")
            for job in now:
                if outcomes[job.stem].status == "ok" and job.columns is None:
                    found = fitted_columns(job)
                    columns |= {} if found is None else {job.pooled: found}
        return outcomes

    def run(self, jobs: Sequence[Job], what: str) -> dict[str, Outcome]:
        """Run jobs side by side; return their outcomes."""
        if not jobs:
            return {}
        inner = max(1, self.n_jobs // len(jobs))
        tasks = {job.stem: (replace(job, n_jobs=inner), self.output) for job in jobs}
        titles = {job.stem: job.title for job in jobs}
        outcomes: dict[str, Outcome] = {}
        progress = Progress(len(tasks), what=what, n_workers=min(self.n_jobs, len(tasks)))

        def done(key: str, outcome: Any) -> None:
            outcomes[key] = _outcome(outcome)
            result = outcomes[key]
            self.ran += bool(result.ran)
            self.note_code(result.other_code)
            state = (
                f"failed at {result.step}: {result.error}"
                if result.status != "ok"
                else "done"
                if result.ran
                else "up to date"
            )
            progress.tell(titles[key], state, seconds=result.seconds, failed=result.status != "ok")

        abort = self.config.on_error == "abort"
        run_tasks(
            run_job,
            tasks,
            executor=self.executor,
            n_jobs=self.n_jobs,
            scheduler=self.scheduler,
            done=done,
            abort_on=(lambda outcome: _outcome(outcome).status != "ok") if abort else None,
            code=("group", "inference", *STAGE_FOLDERS),
        )
        for job in jobs:
            if abort and job.stem in outcomes and outcomes[job.stem].status != "ok":
                withdraw(job, self.output)
        bad = next((key for key, outcome in outcomes.items() if outcome.status != "ok"), None)
        if abort and bad is not None:
            raise StageError(
                f"{titles[bad]} failed at step {outcomes[bad].step!r}: {outcomes[bad].error} Nothing else was started, "
                "as on_error = 'abort'; what was finished is kept."
            )
        return outcomes

    def note_code(self, other: bool) -> None:
        """Say once that results of another version of this package were met."""
        if other and not self.other_code:
            say_other_code(self.output)
        self.other_code |= other

    def common(
        self, task: str | None, pooled: Sequence[Job], first: Mapping[str, Outcome], whole: bool
    ) -> Common | None:
        """Return what everybody is fitted with, None if each is to find its own, or if it is not known yet."""
        if not self.fits_in_common:
            return None
        chain_folder = self.work / group_stem(task)
        if not whole:
            return self.known_common(chain_folder)
        ready = [job for job in pooled if job.unit.task == task and first[job.stem].status == "ok"]
        targets = [
            {
                "subject": job.unit.subject,
                "session": job.unit.session,
                "path": str(step_output(job.folder, "target", "target")),
            }
            for job in ready
        ]
        if not targets:
            return None
        foresee_estimators(self.config, ready)
        options = StructureOptions.of(self.config, targets=tuple(targets))
        result = self.step("Explaining the average of all subjects", options, STRUCTURE, chain_folder)
        self.ran += bool(result.ran)
        found = _common(result.outputs["structure"]["common"], result.outputs["structure"]["explanations"])
        foresee_estimators(self.config, ready, found)
        return found

    def known_common(self, folder: Path) -> Common | None:
        """Return the result of an earlier run of all, None if there is none or its options were others."""
        record = step_record(folder, "structure", (STRUCTURE,))
        if not record.is_file():
            return None
        told = read_json(record, "sidecar")["options"]
        if any(described(getattr(self.config, name, None)) != told[name] for name in told if name != "targets"):
            return None
        outputs = (step_output(folder, "structure", name, (STRUCTURE,)) for name in ("common", "explanations"))
        return _common(*outputs)

    def step(self, what: str, options: Any, stage: AnyStage, folder: Path) -> PipelineResult:
        """Run a step of all subjects together, if it is not up to date."""
        chain = Chain(
            options, stages=(stage,), folder=folder, subject="group", n_jobs=self.n_jobs, verbose="error", quiet=True
        )
        chain.store.clean()
        logger.info("%s ...", what)
        result = chain.run()
        self.note_code(result.other_code)
        if not result.ran:
            logger.info("%s: up to date", what)
        return result

    def summary(self, task: str | None, records: Sequence[Mapping[str, Any]]) -> Path:
        """Write the tables and the report of a task; return the report."""
        config, folder = self.config, self.work / group_stem(task)
        structure = step_record(folder, "structure", (STRUCTURE,))
        own = [record for record in records if record["task"] == task]
        options = SummaryOptions.of(
            config,
            jobs=tuple(dict(record) for record in own),
            structure=str(structure) if self.fits_in_common and structure.is_file() else None,
            truth=None if self.truth is None else str(self.truth),
            pooled=self.pooled(task, own),
        )
        result = self.step("Comparing and averaging the subjects", options, SUMMARY, folder / "summary")
        return export_group(task, result.outputs["summary"], self.output)

    def pooled(self, task: str | None, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Pool the posteriors of a task where they were asked for; return the sidecar."""
        folder, outputs, posteriors = self.work / group_stem(task) / "pool", None, pool_records(records)
        if self.config.posterior and posteriors:
            options = PoolOptions.of(self.config, posteriors=posteriors)
            result = self.step("Pooling the posteriors of all subjects", options, POOL, folder)
            self.ran += bool(result.ran)
            outputs = result.outputs["pool"]
        export_pooled(task, outputs, self.output)
        return None if outputs is None else str(step_record(folder, "pool", (POOL,)))


def _outcome(value: Any) -> Outcome:
    """Return the outcome of a job, also of one whose process died."""
    if isinstance(value, Outcome):
        return value
    return Outcome(status="failed", step="run", error=str(value))


def _common(path: Path, start: Path) -> Common:
    told = json.loads(path.read_text(encoding="utf-8"))
    sequence = tuple((str(location), float(mu)) for location, mu in told["sequence"])
    return Common(regime=told["regime"], sequence=sequence, start=start)
