"""Find the sequence of drives in a waveform, with the sums of kernels of :mod:`mne_hnn.fit.linear`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from mne.utils import logger

from .bench import Bench
from .evoked_task import EvokedTask
from .linear import LinearColumn, linear_column
from .posterior import DriveVector, Posterior
from .result import Evaluation
from .sequence import Candidate, drive_names, propose, refined, windows

__all__ = ["Proposal", "as_proposal", "measure_kernels", "propose_drives"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Proposal:
    """A sequence of drives that explains a waveform with kernels.

    Attributes
    ----------
    task : EvokedTask
        What is to be explained.
    candidate : Candidate
        The sequence.
    posterior : Posterior
        Misfit and priors of its times, spreads and weights.
    """

    task: EvokedTask
    candidate: Candidate
    posterior: Posterior


def measure_kernels(task: EvokedTask, bench: Bench) -> LinearColumn:
    """Measure what the column gives in response to single inputs below threshold."""
    bench.report.say("measuring the responses of the column to single inputs")
    return linear_column(
        task.network,
        task.target,
        bench.evaluator,
        replace(task.runs, n_trials=1),
        smooth_ms=task.settings.smooth_ms,
        levels=task.levels,
    )


def propose_drives(task: EvokedTask, column: LinearColumn, bench: Bench) -> list[Candidate]:
    """Find sequences, or refine the one that is given; the most plausible with kernels first."""
    settings = task.settings
    bench.report.say("looking for the sequence of drives")
    tell = partial(_tell, task, bench)
    scale = {"variance": task.variance, "n_independent": task.n_independent}
    given = settings.sequence
    if given is None:
        found = propose(
            column, task.wanted, n_drives=settings.n_drives, max_drives=settings.max_drives, told=tell, **scale
        )
        wanted = settings.n_drives
        found = [candidate for candidate in found if wanted in (None, len(candidate.mu_ms))]
    else:
        found = [refined(column, task.wanted, given, **scale)]
        tell(found[0])
    logger.info("%s drives: %s", "Proposed" if given is None else "Given", found[0])
    return found


def as_proposal(task: EvokedTask, column: LinearColumn, candidate: Candidate) -> Proposal:
    """Return a sequence with misfit and priors of its numbers."""
    given = task.settings.sequence
    posterior = Posterior(
        column=column,
        sequence=DriveVector(locations=candidate.locations, sizes=tuple(len(weights) for weights in candidate.weights)),
        wanted=task.wanted,
        variance=task.variance,
        prior=task.prior,
        within=None if given is None else windows(given, column.tstop),
    )
    return Proposal(task=task, candidate=candidate, posterior=posterior)


def _tell(task: EvokedTask, bench: Bench, candidate: Candidate) -> None:
    """Keep a candidate among what was tried."""
    names = drive_names(candidate.locations)
    values = {f"drives.{name}.mu_ms": mu for name, mu in zip(names, candidate.mu_ms, strict=True)}
    values |= {f"drives.{name}.sigma_ms": sigma for name, sigma in zip(names, candidate.sigma_ms, strict=True)}
    left = candidate.misfit * task.variance
    loss = left / float(((task.wanted - task.wanted.mean()) ** 2).sum())
    bench.add(Evaluation(level="linear", values=values, loss=loss, r_squared=1 - loss))
