"""Run the stages of an analysis, each only if its options or inputs changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mne
from mne.utils import logger

from .. import __version__
from .._checks import check_name
from ..errors import ConfigError, DataError, MneHnnError, StageError
from ..source._files import first_line
from ..viz._brain import check_headless
from .config import Config
from .identity import described
from .stage import Stage, Work
from .stages import STAGES
from .store import Store, output_path, versions
from .values import chosen_subjects, option_value, with_dataset

__all__ = ["PipelineResult", "run_pipeline"]


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """What decides a stage's result: options as they are and described, records of files, and the hash of all of it."""

    key: str
    values: SimpleNamespace
    files: list[dict[str, Any]]
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    """Where the results of one subject are.

    Attributes
    ----------
    subject : str
        The subject.
    folder : Path
        Its folder.
    outputs : mapping of str to dict of str to Path
        Files per stage, of all stages that are complete for this configuration.
    ran : tuple of str
        Stages that ran; the others were up to date.
    """

    subject: str
    folder: Path
    outputs: Mapping[str, Mapping[str, Path]]
    ran: tuple[str, ...] = field(default=())

    @property
    def report(self) -> Path | None:
        """The report, if there is one of this configuration."""
        return self.outputs.get("report", {}).get("report")


def run_pipeline(
    config: Config,
    *,
    subjects: str | Sequence[str] | None = None,
    steps: str | Sequence[str] | None = None,
    n_jobs: int | None = None,
    force: bool = False,
    verbose: Any = "warning",
) -> list[PipelineResult]:
    """Run an analysis: load, inverse, target, simulate, fit, sensors, report.

    A stage runs again only if its options, its input files, or the versions of this package or MNE changed. Its files
    appear when it is complete; an interrupted run goes on where it stopped.

    Parameters
    ----------
    config : Config
        Of :func:`read_config`, or made in Python.
    subjects : str | sequence of str | None
        Subjects; None takes those of the configuration.
    steps : str | sequence of str | None
        Stages to run; the earlier ones they need must be complete for this configuration, or among them. None runs
        all.
    n_jobs : int | None
        Processes; None takes the configuration's.
    force : bool
        Whether to run the stages even if they are up to date.
    verbose : bool | str
        How much MNE says inside the stages. The stages themselves are announced at level INFO.

    Returns
    -------
    results : list of PipelineResult
        One per subject.

    Raises
    ------
    ConfigError
        A step or subject does not exist.
    MneHnnError
        A stage failed; nothing half-written is left.
    """
    known = [stage.name for stage in STAGES]
    asked = [steps] if isinstance(steps, str) else steps
    chosen = known if asked is None else [check_name(step, known, "step", error=ConfigError) for step in asked]
    if "report" in chosen and config.draw_cortex:
        check_headless()
    config = with_dataset(config)
    output = Path(config.output or Path("mne_hnn_results") / config.name).expanduser()
    n_jobs = config.n_jobs if n_jobs is None else n_jobs
    return [
        _Run(config, subject, output, n_jobs, force, verbose).all(chosen)
        for subject in chosen_subjects(config, subjects)
    ]


class _Run:
    """The stages of one subject."""

    def __init__(self, config: Config, subject: str, output: Path, n_jobs: int, force: bool, verbose: Any) -> None:
        self.config, self.subject, self.n_jobs, self.force, self.verbose = config, subject, n_jobs, force, verbose
        self.store = Store(output / f"sub-{subject}")

    def all(self, chosen: Sequence[str]) -> PipelineResult:
        outputs: dict[str, dict[str, Path]] = {}
        current: dict[str, dict[str, Any]] = {}  # sidecars of the stages that are as this configuration says
        ran = []
        for number, stage in enumerate(STAGES, start=1):
            sidecar = self.store.read(stage, number)
            if stage.name in chosen:
                self._check_inputs(stage, current)
            elif sidecar is None or not set(stage.after) <= set(current):
                continue
            recipe = self._recipe(stage, sidecar, current)
            up_to_date = sidecar is not None and sidecar.get("key") == recipe.key
            if stage.name in chosen:
                if up_to_date and not self.force:
                    self._say(number, f"{stage.title}: up to date")
                else:
                    self._say(number, stage.title)
                    sidecar = self._run(stage, number, recipe, outputs)
                    ran.append(stage.name)
            elif not up_to_date:
                continue
            assert sidecar is not None
            current[stage.name] = sidecar
            place = self.store.place(stage, number)
            outputs[stage.name] = {name: output_path(place, file) for name, file in stage.outputs.items()}
        return PipelineResult(subject=self.subject, folder=self.store.folder, outputs=outputs, ran=tuple(ran))

    def _say(self, number: int, text: str) -> None:
        with mne.utils.use_log_level("info"):
            logger.info("sub-%s  %d/%d  %s", self.subject, number, len(STAGES), text)

    def _check_inputs(self, stage: Stage, current: Mapping[str, Any]) -> None:
        for name in stage.after:
            if name not in current:
                raise ConfigError(
                    f"Step {stage.name!r} needs the results of step {name!r} for this configuration, which are not in "
                    f"{self.store.folder}: run {name!r}, too."
                )

    def _recipe(self, stage: Stage, sidecar: Mapping[str, Any] | None, current: Mapping[str, Any]) -> _Recipe:
        """Return all that decides a stage's result, and its hash."""
        values = SimpleNamespace(**{name: option_value(self.config, name, self.subject) for name in stage.options})
        found = {Path(path).resolve(): None for path in stage.files(values) if Path(path).exists()}
        files = [self.store.hash_of(path, sidecar) for path in found]
        options = {name: described(value) for name, value in vars(values).items()}
        parts = {
            "stage": stage.name,
            "revision": stage.revision,
            "versions": [__version__, mne.__version__],
            "subject": self.subject,
            "options": options,
            "files": [[Path(record["path"]).name, record["sha256"]] for record in files],
            "inputs": {name: current[name]["outputs"] for name in stage.after},
        }
        text = json.dumps(parts, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()
        return _Recipe(key=key, values=values, files=files, options=options)

    def _run(
        self,
        stage: Stage,
        number: int,
        recipe: _Recipe,
        outputs: Mapping[str, Mapping[str, Path]],
    ) -> dict[str, Any]:
        scratch = self.store.scratch(stage)
        work = Work(
            subject=self.subject, options=recipe.values,
            inputs={name: outputs[name] for name in stage.after}, folder=scratch, outputs=stage.outputs,
            n_jobs=self.n_jobs,
        )  # fmt: skip
        started = time.perf_counter()
        try:
            with mne.utils.use_log_level(self.verbose):
                facts = stage.run(work)
            _check_written(stage, scratch)
            self.store.commit(stage, number, scratch, {
                "stage": stage.name, "subject": self.subject, "key": recipe.key, "options": recipe.options,
                "files": recipe.files,
                "inputs": {name: {one: str(path) for one, path in work.inputs[name].items()} for name in stage.after},
                "versions": versions(), "seconds": round(time.perf_counter() - started, 2), "facts": dict(facts),
            })  # fmt: skip
        except MneHnnError:
            raise
        except Exception as error:  # a defect, or a library's refusal that no check foresaw
            raise self._failure(stage, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._log(stage).unlink(missing_ok=True)  # of an earlier failure
        done = self.store.read(stage, number)
        if done is None:
            raise StageError(f"Step {stage.name!r} left no readable result in {self.store.place(stage, number)}.")
        return done

    def _log(self, stage: Stage) -> Path:
        return self.store.folder / f"{stage.name}-error.log"

    def _failure(self, stage: Stage, error: Exception) -> MneHnnError:
        if isinstance(error, OSError) and error.errno is not None:
            return DataError(f"Step {stage.name!r} of subject {self.subject!r}: {error.strerror}: {error.filename}.")
        log = self._log(stage)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        reason = first_line(error)
        return StageError(f"Step {stage.name!r} of subject {self.subject!r} failed: {reason} (details: {log})")


def _check_written(stage: Stage, folder: Path) -> None:
    for file in stage.outputs.values():
        if not output_path(folder, file).exists():
            raise StageError(f"Step {stage.name!r} ended without writing {file}.")
