"""Run a job of a group analysis."""

from __future__ import annotations

import time
from pathlib import Path

from .._text import first_line
from ..errors import MneHnnError
from ..parallel import close_workers
from ..pipeline import STAGES
from ..pipeline.chain import Chain
from ..pipeline.lock import folder_lock
from .export import export_job
from .job import Job, Outcome
from .job_config import condition_config, name_label, pooled_config

__all__ = ["run_job"]

_POOLED_STAGES = ("load", "inverse", "target")


def run_job(job: Job, output: Path) -> Outcome:
    """Run a job and put its results among the derivatives; what goes wrong is its outcome, not an exception."""
    started = time.perf_counter()
    chain: Chain | None = None
    try:
        # a worker of a run that was killed can still be at it for a moment
        with folder_lock(job.folder, what="job", wait=True):
            config = condition_config(job) if job.condition is not None else pooled_config(job)
            stages = STAGES if job.condition is not None else STAGES[: len(_POOLED_STAGES)]
            chain = Chain(
                config,
                stages=stages,
                folder=job.folder,
                subject=job.unit.subject,
                n_jobs=job.n_jobs,
                verbose="error",
                quiet=True,
            )
            chain.store.clean()
            result = chain.run()
            chain.at = "export"
            if job.condition is None:
                name_label(job)
            else:
                export_job(job, output)
    except MneHnnError as error:
        return Outcome(
            status="failed",
            step=chain.at if chain is not None and chain.at else "prepare",
            error=str(error),
            seconds=time.perf_counter() - started,
        )
    except Exception as error:  # noqa: BLE001 - one subject must not stop the others, whatever its files do to libraries
        return Outcome(
            status="failed",
            step=chain.at if chain is not None and chain.at else "prepare",
            error=f"{type(error).__name__}: {first_line(error)}",
            seconds=time.perf_counter() - started,
        )
    finally:
        if job.n_jobs > 1:
            close_workers()  # a worker waits at its end for the processes that it started: for ever
    return Outcome(status="ok", ran=result.ran, seconds=time.perf_counter() - started, other_code=result.other_code)
