"""Run the stages of one subject in one folder, each only if its options or inputs changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mne
from mne.utils import logger

from .._text import first_line
from .._threads import threads
from ..errors import ConfigError, DataError, MneHnnError, StageError
from .facts import Facts
from .identity import described
from .options import Options
from .provenance import keep_values, machine, mechanisms, versions
from .stage import AnyStage, Work
from .store import Store, output_path
from .values import option_value

__all__ = ["Chain", "PipelineResult", "say_other_code"]


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """What decides a stage's result: its options as they are and described, files, and the hash of all of it."""

    key: str
    code: str
    values: Options
    files: list[dict[str, Any]]
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    """Where the results of one subject are, of :func:`~mne_hnn.pipeline.run_pipeline`.

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
    other_code : bool
        Whether a stage ran again whose result was made by another version of this package.
    """

    subject: str
    folder: Path
    outputs: Mapping[str, Mapping[str, Path]]
    ran: tuple[str, ...] = field(default=())
    other_code: bool = False

    @property
    def report(self) -> Path | None:
        """The report, if there is one of this configuration."""
        return self.outputs.get("report", {}).get("report")


class Chain:
    """Stages that feed each other, of one subject in one folder.

    Parameters
    ----------
    config : Config | object
        Has the options as attributes.
    stages : sequence of Stage
        In their order.
    folder : Path
        Where each stage has a folder.
    subject : str
        The subject.
    n_jobs : int
        Processes within a stage.
    force : bool
        Whether to run stages that are up to date.
    verbose : bool | str
        How much MNE says inside the stages.
    quiet : bool
        Whether to leave unsaid what is running, as one of many; warnings are then in the sidecars only.
    """

    def __init__(
        self,
        config: Any,
        *,
        stages: Sequence[AnyStage],
        folder: Path,
        subject: str,
        n_jobs: int = 1,
        force: bool = False,
        verbose: Any = "warning",
        quiet: bool = False,
    ) -> None:
        self.config, self.stages, self.subject, self.n_jobs = config, tuple(stages), subject, n_jobs
        self.force, self.verbose, self.quiet = force, verbose, quiet
        self.store = Store(folder)
        self.other_code = False
        """Whether results of another version of this package were met, and said to be."""
        self.at: str | None = None
        """The stage that runs, or failed."""
        self.left_out = {stage.name for stage in stages if not stage.asked(config)}

    def run(self, chosen: Sequence[str] | None = None) -> PipelineResult:
        """Run the chosen stages, None for all."""
        chosen = [stage.name for stage in self.stages] if chosen is None else chosen
        chosen = [name for name in chosen if name not in self.left_out]
        outputs: dict[str, dict[str, Path]] = {}
        current: dict[str, dict[str, Any]] = {}  # sidecars of the stages that are as this configuration says
        ran = []
        for number, stage in enumerate(self.stages, start=1):
            if stage.name in self.left_out:
                continue
            sidecar = self.store.read(stage, number)
            if stage.name in chosen:
                self._check_inputs(stage, current)
            elif sidecar is None or not set(self._after(stage)) <= set(current):
                continue
            self.at = stage.name
            recipe = self._recipe(stage, sidecar, current)
            up_to_date = sidecar is not None and sidecar.get("key") == recipe.key
            if stage.name in chosen:
                if up_to_date and not self.force:
                    self._say(stage, f"{stage.title}: up to date")
                else:
                    if sidecar is not None and sidecar.get("code") != recipe.code:
                        self._meet_other_code()
                    self._foresee(number, chosen, outputs)
                    self._say(stage, stage.title)
                    sidecar = self._run(stage, number, recipe, outputs, current)
                    ran.append(stage.name)
            elif not up_to_date:
                continue
            assert sidecar is not None
            current[stage.name] = sidecar
            place = self.store.place(stage, number)
            outputs[stage.name] = {name: output_path(place, file) for name, file in stage.outputs.items()}
        self.at = None
        return PipelineResult(
            subject=self.subject,
            folder=self.store.folder,
            outputs=outputs,
            ran=tuple(ran),
            other_code=self.other_code,
        )

    def _foresee(self, number: int, chosen: Sequence[str], outputs: Mapping[str, Mapping[str, Path]]) -> None:
        """Let later stages refuse what they could not do."""
        now = self.at
        for later in self.stages[number:]:
            if later.name in chosen:
                self.at = later.name
                later.foresee(self.config, self.subject, outputs)
        self.at = now

    def _meet_other_code(self) -> None:
        if not self.other_code and not self.quiet:
            say_other_code(self.store.folder)
        self.other_code = True

    def _after(self, stage: AnyStage) -> tuple[str, ...]:
        """Return the stages whose results a stage reads: without those that are left out."""
        return tuple(name for name in stage.after if name not in self.left_out)

    def _say(self, stage: AnyStage, text: str) -> None:
        if self.quiet:
            return
        done = [one.name for one in self.stages if one.name not in self.left_out]
        with mne.utils.use_log_level("info"):
            logger.info("sub-%s  %d/%d  %s", self.subject, done.index(stage.name) + 1, len(done), text)

    def _check_inputs(self, stage: AnyStage, current: Mapping[str, Any]) -> None:
        for name in self._after(stage):
            if name not in current:
                raise ConfigError(
                    f"Step {stage.name!r} needs the results of step {name!r} for this configuration, which are not in "
                    f"{self.store.folder}: run {name!r}, too."
                )

    def _recipe(self, stage: AnyStage, sidecar: Mapping[str, Any] | None, current: Mapping[str, Any]) -> _Recipe:
        """Return all that decides a stage's result, and its hash."""
        names = stage.options.names()
        values = stage.options(**{name: option_value(self.config, name, self.subject) for name in names})
        found = {Path(path).resolve(): None for path in stage.files(values) if Path(path).exists()}
        files = [self.store.hash_of(path, sidecar) for path in found]
        options = {name: described(value) for name, value in values.values().items()}
        parts = {
            "stage": stage.name,
            "revision": stage.revision,
            "versions": [stage.code, mne.__version__],
            "subject": self.subject,
            "options": options,
            "files": [[Path(record["path"]).name, record["sha256"]] for record in files],
            "inputs": {name: current[name]["outputs"] for name in self._after(stage)},
        }
        text = json.dumps(parts, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()
        return _Recipe(key=key, code=stage.code, values=values, files=files, options=options)

    def _run(
        self,
        stage: AnyStage,
        number: int,
        recipe: _Recipe,
        outputs: Mapping[str, Mapping[str, Path]],
        current: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Run a stage and put its results in place; return its sidecar."""
        scratch = self.store.scratch(stage)
        work = Work(
            subject=self.subject,
            options=recipe.values,
            inputs={name: outputs[name] for name in self._after(stage)},
            folder=scratch,
            outputs=stage.outputs,
            n_jobs=self.n_jobs,
            quiet=self.quiet,
        )
        place = self.store.place(stage, number)
        started = time.perf_counter()
        said: list[str] = []
        try:
            with mne.utils.use_log_level(self.verbose), _note_warnings(said, self.quiet):
                facts = stage.run(work)
            check_written(stage, scratch)
            check_unchanged(stage, recipe.files)
            inputs = _input_records(work, place, current)
            seconds = round(time.perf_counter() - started, 2)
            record = self._record(stage, recipe, scratch, inputs, facts=facts, warnings=said, seconds=seconds)
            self.store.commit(stage, number, scratch, record)
        except MneHnnError:
            raise
        except Exception as error:  # a defect, or a library's refusal that no check foresaw
            raise self._failure(stage, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._log(stage).unlink(missing_ok=True)  # of an earlier failure
        done = self.store.read(stage, number)
        if done is None:
            raise StageError(f"Step {stage.name!r} left no readable result in {place}.")
        return done

    def _record(
        self,
        stage: AnyStage,
        recipe: _Recipe,
        scratch: Path,
        inputs: Mapping[str, Any],
        *,
        facts: Facts,
        warnings: Sequence[str],
        seconds: float,
    ) -> dict[str, Any]:
        """Return the sidecar of a stage, but for the hashes of its outputs."""
        return {
            "stage": stage.name,
            "revision": stage.revision,
            "subject": self.subject,
            "key": recipe.key,
            "code": recipe.code,
            "options": recipe.options,
            "kept": keep_values(recipe.values, scratch),
            "files": recipe.files,
            "inputs": inputs,
            "versions": versions(),
            "mechanisms": mechanisms() if stage.simulates else None,
            "machine": machine(),
            "threads": threads(),
            "seconds": seconds,
            "warnings": warnings,
            "facts": facts.json(),
        }

    def _log(self, stage: AnyStage) -> Path:
        return self.store.folder / f"{stage.name}-error.log"

    def _failure(self, stage: AnyStage, error: Exception) -> MneHnnError:
        where = f"Step {stage.name!r} of subject {self.subject!r}"
        if isinstance(error, OSError) and error.errno is not None:
            what = f": {error.filename}" if error.filename else f", in {self.store.folder}"
            return DataError(f"{where}: {error.strerror}{what}.")
        log = self._log(stage)
        details = f" (details: {log})"
        try:
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        except OSError:  # a full disk: what went wrong must be said all the same
            details = ""
        return StageError(f"{where} failed: {first_line(error)}{details}")


def _input_records(work: Work[Any], place: Path, current: Mapping[str, Any]) -> dict[str, Any]:
    """Return path, from where the stage's results will be, and hash of each output of earlier stages it read."""
    return {
        name: {
            output: {"path": os.path.relpath(path, place), "sha256": current[name]["outputs"][output]}
            for output, path in files.items()
        }
        for name, files in work.inputs.items()
    }


def say_other_code(folder: Path) -> None:
    """Say, once in a run, why results that were complete are made again."""
    with mne.utils.use_log_level("info"):
        logger.info("Results in %s were made by another version of mne_hnn: computed again.", folder)


@contextmanager
def _note_warnings(said: list[str], quiet: bool) -> Iterator[None]:
    """Write down the warnings of a stage, and pass them on unless quiet."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            yield
    finally:
        for warning in caught:
            if issubclass(warning.category, (DeprecationWarning, PendingDeprecationWarning)):
                continue  # of libraries among each other: nothing a user can do
            text = str(warning.message)
            if text not in said:
                said.append(text)
            if not quiet:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def check_unchanged(stage: AnyStage, files: Sequence[Mapping[str, Any]]) -> None:
    """Check that the inputs are still those of the sidecar: what a stage read while they changed is neither."""
    for record in files:
        path = Path(record["path"])
        try:
            status = path.stat()
        except OSError as error:
            raise DataError(f"{path} was taken away while step {stage.name!r} used it: run again.") from error
        if (status.st_size, status.st_mtime_ns) != (record["size"], record["mtime_ns"]):
            raise DataError(f"{path} was changed while step {stage.name!r} used it: run again.")


def check_written(stage: AnyStage, folder: Path) -> None:
    """Check that a stage wrote all that it promises."""
    for file in stage.outputs.values():
        if not output_path(folder, file).exists():
            raise StageError(f"Step {stage.name!r} ended without writing {file}.")
