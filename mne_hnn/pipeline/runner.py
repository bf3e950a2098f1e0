"""Run an analysis of one subject or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._checks import check_name
from ..errors import ConfigError
from ..inference.posterior_files import check_installed
from ..viz.brain import check_headless
from .chain import Chain, PipelineResult
from .config import Config
from .estimators import find_estimators
from .from_file import FILE_STAGES
from .lock import folder_lock
from .stages import STAGES
from .values import chosen_subjects, with_dataset

__all__ = ["PipelineResult", "run_pipeline"]


def run_pipeline(
    config: Config,
    *,
    subjects: str | Sequence[str] | None = None,
    steps: str | Sequence[str] | None = None,
    n_jobs: int | None = None,
    force: bool = False,
    verbose: Any = "warning",
) -> list[PipelineResult]:
    """Run an analysis: load, inverse, target, simulate, fit, sensors, posterior, report.

    With a `target_file` the stages are target, simulate, fit, posterior, report: there are no sensors. Stage posterior
    is left out unless the option `posterior` is set.

    A stage runs again only if its options, its input files, the code of this package or the version of MNE changed. Its
    files appear when it is complete; an interrupted run goes on where it stopped.

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
        A step or subject does not exist, a step is left out of this analysis, or the configuration is that of a group.
    MneHnnError
        A stage failed; nothing half-written is left.

    Examples
    --------
    >>> results = run_pipeline(read_config("analysis.py"), n_jobs=2)  # doctest: +SKIP
    """
    if not isinstance(config, Config):
        raise ConfigError(
            f"config must be a Config, got {type(config).__name__}: mne_hnn.group.run_group is for those of a data set."
        )
    stages, where = STAGES, ""
    if config.target_file is not None:
        stages, where = FILE_STAGES, "of an analysis whose target is read from a file"
    known = [stage.name for stage in stages]
    asked = [steps] if isinstance(steps, str) else steps
    chosen = known if asked is None else [_check_step(step, known, where) for step in asked]
    if asked is not None and "posterior" in chosen and not config.posterior:
        raise ConfigError("Step 'posterior' is left out of this analysis: set posterior = True to ask for it.")
    if "report" in chosen and "sensors" in known and config.draw_cortex:
        check_headless()
    if config.posterior and {"posterior", "report"} & set(chosen):
        check_installed()
    if config.posterior and "posterior" in chosen:
        find_estimators(config.posterior_estimator)  # before data are fetched or generated
    config = with_dataset(config)
    output = Path(config.output or Path("mne_hnn_results") / config.name).expanduser()
    n_jobs = config.n_jobs if n_jobs is None else n_jobs
    results: list[PipelineResult] = []
    for subject in chosen_subjects(config, subjects):
        chain = Chain(
            config,
            stages=stages,
            folder=output / f"sub-{subject}",
            subject=subject,
            n_jobs=n_jobs,
            force=force,
            verbose=verbose,
        )
        chain.other_code = any(result.other_code for result in results)
        with folder_lock(chain.store.folder, what="run"):
            chain.store.clean()
            results.append(chain.run(chosen))
    return results


def _check_step(step: str, known: Sequence[str], where: str) -> str:
    return check_name(step, known, "step", where=where, error=ConfigError)
