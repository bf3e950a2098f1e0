"""Repeat one step from its sidecar, and compare what comes out with what is there."""

from __future__ import annotations

import glob
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import mne
from mne.utils import logger

from .._checks import check_name
from .._files import read_json
from .._threads import threads
from ..errors import DataError
from ..parallel import WorkerPool
from ..parallel.executor import outcome_of
from .chain import check_written
from .identity import file_hash
from .options import Options
from .provenance import machine, mechanisms, rebuilt_value, versions
from .stage import AnyStage, Work
from .stages import STAGES
from .store import output_path

__all__ = ["Rerun", "rerun"]

_DATE = re.compile(rb"<span>Created on [^<]*")
"""The line of a report that says when it was made."""


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """A step that was repeated, of :func:`~mne_hnn.group.rerun`.

    Attributes
    ----------
    stage : str
        The step.
    sidecar : Path
        What it was repeated from.
    same : tuple of str
        Outputs with the same bytes; of reports, but for the date they carry.
    different : tuple of str
        Outputs with other bytes.
    changed : tuple of str
        What is not as it was then: versions, mechanisms, kind of machine.
    """

    stage: str
    sidecar: Path
    same: tuple[str, ...]
    different: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether all bytes are the same."""
        return not self.different

    def __str__(self) -> str:
        since = f" Since then, changed: {'; '.join(self.changed)}." if self.changed else ""
        total = len(self.same) + len(self.different)
        if self.agrees:
            return f"Step {self.stage!r} repeated: all {total} output(s) agree byte for byte.{since}"
        others = ", ".join(self.different)
        return f"Step {self.stage!r} repeated: {len(self.different)} of {total} output(s) differ ({others}).{since}"


def rerun(
    sidecar: str | Path, *, stages: Sequence[AnyStage] = STAGES, n_jobs: int = 1, verbose: Any = "warning"
) -> Rerun:
    """Repeat the step that a sidecar tells of, and compare the bytes; what is there is left alone.

    Parameters
    ----------
    sidecar : path-like
        The JSON beside a step's results, or beside a file of a BIDS derivative that this package wrote.
    stages : sequence of Stage
        The steps that are known.
    n_jobs : int
        Processes.
    verbose : bool | str
        How much MNE says.

    Returns
    -------
    rerun : Rerun
        What agrees, what does not, and what changed since.

    Raises
    ------
    DataError
        The sidecar, an input or an option is not what it was: there is nothing to compare then.
    """
    path = step_sidecar(sidecar)
    told, place = read_json(path, "sidecar of a step"), path.parent
    stage = _stage_of(told, stages, path)
    try:
        inputs = {name: dict(_inputs(files, place)) for name, files in told["inputs"].items()}
        _check_files(told["files"])
        options = _options(stage, told, path)
        hashes = dict(told["outputs"])
        subject, changed = told["subject"], tuple(_changes(told, stage))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no sidecar of a step, or one of an earlier version: {error!r}.") from error
    _check_kept(Path(sidecar).expanduser(), path, stage, hashes)
    logger.info("Repeating step %r of %s ...", stage.name, subject)
    with tempfile.TemporaryDirectory(prefix="mne_hnn-rerun-") as scratch:
        folder = Path(scratch) / place.name
        folder.mkdir()
        work = Work(
            subject=subject,
            options=options,
            inputs=inputs,
            folder=folder,
            outputs=stage.outputs,
            n_jobs=n_jobs,
        )
        if told.get("threads") == "1" and threads() != "1":
            _run_in_worker(stage, work)
        else:
            with mne.utils.use_log_level(verbose):
                stage.run(work)
        check_written(stage, folder)
        same = [name for name, file in stage.outputs.items() if _equal(file, folder, place, hashes[name])]
    different = tuple(name for name in stage.outputs if name not in same)
    return Rerun(stage=stage.name, sidecar=path, same=tuple(same), different=different, changed=changed)


def _stage_of(told: Mapping[str, Any], stages: Sequence[AnyStage], path: Path) -> AnyStage:
    """Return the stage that a sidecar tells of; of those with one name, the one with its options."""
    known = [stage.name for stage in stages]
    name = check_name(told.get("stage"), dict.fromkeys(known), "step", where=f"in {path}", error=DataError)
    named = [stage for stage in stages if stage.name == name]
    given = set(told.get("options") or ())
    return next((stage for stage in named if set(stage.options.names()) == given), named[0])


def _options(stage: AnyStage, told: Mapping[str, Any], path: Path) -> Options:
    """Return the options of a step as they were: those that it has now, neither more nor fewer."""
    known, given = stage.options.names(), told["options"]
    for what, names in (("lacks", set(known) - set(given)), ("has", set(given) - set(known))):
        if names:
            listed = ", ".join(map(repr, sorted(names)))
            raise DataError(
                f"{path} {what} {listed} among the options of step {stage.name!r}: it is damaged, or of another "
                "version; run the analysis again to make it anew."
            )
    options: Options = stage.options(**{name: rebuilt_value(name, told, path.parent) for name in given})
    return options


def _check_kept(asked: Path, path: Path, stage: AnyStage, hashes: Mapping[str, str]) -> None:
    """Check that what is there is what the sidecar tells of: else there is nothing to compare with."""
    for name, file in stage.outputs.items():
        kept = output_path(path.parent, file)
        if not kept.exists() or file_hash(kept) != hashes[name]:
            state = "is not what the step wrote" if kept.exists() else "is gone"
            raise DataError(f"The result {kept} {state}: run the analysis again to make it anew.")
    told = read_json(asked, "sidecar")
    for result in asked.parent.glob(f"{glob.escape(asked.stem)}.*") if "SHA256" in told else ():
        if result.suffix not in (".json", ".tsv") and file_hash(result) != told["SHA256"]:
            raise DataError(
                f"The file {result} is not what its sidecar tells of: run the analysis again to make it anew."
            )


def _run_in_worker(stage: AnyStage, work: Work[Any]) -> None:
    """Run a step where linear algebra has one thread, as it had in the worker that made the result."""
    module = stage.run.__module__
    name = next(name for name, value in vars(sys.modules[module]).items() if value is stage)
    pool = WorkerPool(1)
    try:
        outcome_of(pool.submit(_run_named, module, name, work))
    except BaseException:  # interrupted as well
        pool.give_up()
        raise
    pool.close()


def _run_named(module: str, name: str, work: Work[Any]) -> None:
    stage: AnyStage = getattr(import_module(module), name)
    with mne.utils.use_log_level("error"):
        stage.run(work)


def step_sidecar(path: str | Path) -> Path:
    """Return the sidecar of the step, which the one of a derivative names."""
    file = Path(path).expanduser()
    content = read_json(file, "sidecar")
    if "StepSidecar" not in content:
        if "stage" not in content:
            steps = content.get("StepSidecars")
            hint = f": repeat {', '.join(steps)}" if steps else ""
            raise DataError(f"{file} is no sidecar of a step{hint}.")
        return file
    step = Path(file.parent, str(content["StepSidecar"])).resolve()
    if not step.is_file():
        raise DataError(
            f"{file} was made by the step whose record was in {step}, which is gone: run the analysis again to "
            "repeat that step."
        )
    return step


def _inputs(files: Mapping[str, Any], place: Path) -> Iterator[tuple[str, Path]]:
    for name, record in files.items():
        path = (place / record["path"]).resolve()
        if not path.exists() or file_hash(path) != record["sha256"]:
            state = "is not what it was" if path.exists() else "is gone"
            raise DataError(f"The input {path} {state}: repeat the step that made it first, or run the analysis again.")
        yield name, path


def _check_files(records: Sequence[Mapping[str, Any]]) -> None:
    for record in records:
        path = Path(record["path"])
        if not path.exists():
            raise DataError(f"The input file {path} is gone.")
        if file_hash(path) != record["sha256"]:
            raise DataError(f"The input file {path} has changed: its SHA-256 was {record['sha256'][:16]}... then.")


def _changes(told: Mapping[str, Any], stage: AnyStage) -> Iterator[str]:
    now = versions()
    for name, before in told["versions"].items():
        if now.get(name) != before:
            yield f"{name} {before} -> {now.get(name, 'none')}"
    if told.get("code") != stage.code:
        yield f"the code of mne_hnn ({str(told.get('code', 'unknown'))[:8]} -> {stage.code[:8]})"
    if told["mechanisms"] is not None and mechanisms() != told["mechanisms"]:
        yield "the compiled mechanisms"
    if machine() != told["machine"]:
        yield f"{told['machine']} -> {machine()}"
    if stage.revision != told["revision"]:
        yield f"the step itself (revision {told['revision']} -> {stage.revision})"


def _equal(file: str, folder: Path, place: Path, sha256: str) -> bool:
    made, kept = output_path(folder, file), output_path(place, file)
    if file_hash(made) == sha256:
        return True
    if made.suffix != ".html" or not kept.exists() or file_hash(kept) != sha256:
        return False
    return _DATE.sub(b"", made.read_bytes()) == _DATE.sub(b"", kept.read_bytes())
