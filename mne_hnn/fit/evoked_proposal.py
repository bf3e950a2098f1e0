"""Find the sequence of drives in a waveform, with the sums of kernels of :mod:`mne_hnn.fit.linear`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from mne.utils import logger

from .bench import Bench
from .evoked_task import EvokedTask
from .linear import linear_column
from .posterior import DriveVector, Posterior
from .result import Evaluation
from .sequence import Candidate, drive_names, propose, refined, windows

__all__ = ["Proposal", "propose_drives"]


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


def propose_drives(task: EvokedTask, bench: Bench) -> Proposal:
    """Measure the kernels of the column, and find or refine the sequence."""
    settings = task.settings
    bench.report.say("measuring the responses of the column to single inputs")
    column = linear_column(
        task.network,
        task.target,
        bench.evaluator,
        replace(task.runs, n_trials=1),
        smooth_ms=settings.smooth_ms,
        levels=task.levels,
    )
    bench.report.say("looking for the sequence of drives")
    tell = partial(_tell, task, bench)
    scale = {"variance": task.variance, "n_independent": task.n_independent}
    given = settings.sequence
    if given is None:
        best = propose(
            column, task.wanted, n_drives=settings.n_drives, max_drives=settings.max_drives, told=tell, **scale
        )[0]
    else:
        best = refined(column, task.wanted, given, **scale)
        tell(best)
    logger.info("%s drives: %s", "Proposed" if given is None else "Given", best)
    posterior = Posterior(
        column=column,
        sequence=DriveVector(locations=best.locations, sizes=tuple(len(weights) for weights in best.weights)),
        wanted=task.wanted,
        variance=task.variance,
        prior=task.prior,
        within=None if given is None else windows(given, column.tstop),
    )
    return Proposal(task=task, candidate=best, posterior=posterior)


def _tell(task: EvokedTask, bench: Bench, candidate: Candidate) -> None:
    """Keep a candidate among what was tried."""
    names = drive_names(candidate.locations)
    values = {f"drives.{name}.mu_ms": mu for name, mu in zip(names, candidate.mu_ms, strict=True)}
    values |= {f"drives.{name}.sigma_ms": sigma for name, sigma in zip(names, candidate.sigma_ms, strict=True)}
    left = candidate.misfit * task.variance
    loss = left / float(((task.wanted - task.wanted.mean()) ** 2).sum())
    bench.add(Evaluation(level="linear", values=values, loss=loss, r_squared=1 - loss))
