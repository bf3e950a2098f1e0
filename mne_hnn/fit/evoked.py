"""Explain an evoked response with nothing set by hand: which drives came when, how strong, do cells fire, how many.

The way is straight: what is to be explained (:mod:`mne_hnn.fit.evoked_task`); the sequence that the kernels of the
silent column propose (:mod:`mne_hnn.fit.evoked_proposal`), corrected on the full column (:mod:`mne_hnn.fit.silent`);
and sequences whose cells fire, proposed by sums of responses to single drives (:mod:`mne_hnn.fit.spiking_proposals`)
and searched (:mod:`mne_hnn.fit.spiking_search`); each with its evidence (:mod:`mne_hnn.fit.explanation`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from mne.utils import logger

from ..dipole import Dipole
from ..errors import DataError, SimulationError
from ..network import Network
from ..simulate import Computing
from .amplitude import check_need
from .bench import Bench
from .checkpoint import Checkpoint
from .checks import check_network
from .doubts import LONG_s, announced
from .drive_settings import DriveSettings
from .drives import search_drives
from .evaluate import Evaluator
from .evoked_proposal import as_proposal, measure_kernels, propose_drives
from .evoked_settings import EvokedSettings
from .evoked_task import EvokedTask, make_task, warn_of
from .explanation import Explanations
from .observation import check_target
from .optimizers import choose_optimizer
from .plan import Request
from .progress import Report
from .settings import as_settings
from .silent import explain_silently
from .silent_evidence import silent_evidence
from .single import single_explanation
from .spiking_proposals import vector_of
from .spiking_result import conclude_best
from .spiking_search import search_spiking

__all__ = ["fit_evoked"]


@announced
def fit_evoked(
    network: Network,
    target: Dipole,
    settings: EvokedSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Explanations:
    r"""Explain a target by evoked drives of a column: by cells that fire, and by none that does.

    Parameters
    ----------
    network : Network
        The column. Its evoked drives are replaced, other drives and biases stay as they are.
    target : Dipole | Target
        The target, times from the stimulus on.
    settings : EvokedSettings | None
        How to find them; None takes the usual ones.
    n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`.

    Returns
    -------
    explanations : Explanations
        The most plausible first: columns whose cells fire, and one in which no cell fires, each with its network,
        scores with fresh seeds, columns, cells and mm², spikes, and one evidence that orders them.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.
    DataError
        The target cannot be fitted.
    SimulationError
        The column does not run.

    Notes
    -----
    Nearly any smooth waveform is a sum of the smooth responses of a column below threshold: that it fits is no evidence
    that no cell fires. What counts against it is how much cortex it takes, and what counts against spikes is how much
    better it fits: `evidence` weighs both, and :attr:`Explanations.verdict` says which of the two can be claimed, or
    that the data leave it open. Columns whose cells fire are searched with ensembles (Emerick and Reynolds 2013,
    https://doi.org/10.1016/j.cageo.2012.03.011), starting from :class:`CircuitPrior`.

    Examples
    --------
    >>> explanations = fit_evoked(jones_2009(), target, n_jobs=2, checkpoint="fit")  # minutes  # doctest: +SKIP
    >>> print(*explanations.sentences(), sep="\n")  # doctest: +SKIP
    """
    check_network(network)
    wanted = check_target(target)
    checked = as_settings(settings, EvokedSettings)
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    choose_optimizer(checked.optimizer)
    if wanted.times[-1] > LONG_s:
        raise DataError(
            f"The target lasts {wanted.times[-1]:g} s, no evoked response does: crop it, or give its times in "
            "s if they are in ms."
        )
    if checked.drives == "network":
        return _from_network(network, wanted, checked, computing)
    task = make_task(network, wanted, checked)
    checked.circuit.check_network(network)
    if task.settings.sequence is not None:
        vector_of(task, task.settings.sequence)  # refuses a start of other drives
    check_need(wanted, network, checked.circuit)
    warn_of(task)
    return _explained(task, computing)


def _explained(task: EvokedTask, computing: Computing) -> Explanations:
    """Propose sequences, and explain the target with them in each regime."""
    regimes, found = task.settings.regimes, []
    failures: list[SimulationError] = []
    with computing.ready() as ready, Report(computing.progress) as report:
        evaluator = Evaluator(checkpoint=Checkpoint(computing.checkpoint), computing=ready)
        bench = Bench(evaluator=evaluator, report=report)
        if "silent" in regimes:
            try:
                column = measure_kernels(task, bench)
                chosen = propose_drives(task, column, bench)[0]  # by Schwarz's criterion
                judged = silent_evidence(chosen, column, task)
                found.append(explain_silently(as_proposal(task, column, chosen), judged, bench))
            except SimulationError as error:
                failures.append(error)
        if "spiking" in regimes:
            try:
                found.extend(conclude_best(search_spiking(task, bench), task, bench))
            except SimulationError as error:
                failures.append(error)
    if not found:
        raise (
            failures[0]
            if failures
            else SimulationError(
                "The network has no pyramidal cells that could fire: ask for regimes='silent', or add them."
            )
        )
    for failure in failures:
        logger.info("One of the regimes has no explanation: %s", failure)
    return Explanations(items=tuple(found), target=task.target, settings=task.settings)


def _from_network(network: Network, target: Dipole, settings: EvokedSettings, computing: Computing) -> Explanations:
    """Search around the drives that a network has, in whatever regime they put its cells."""
    request = Request(network=network, target=target, settings=settings.search(), kind="evoked")
    found = search_drives(request, computing)
    used = found.settings
    assert isinstance(used, DriveSettings)
    chosen = replace(
        settings,
        optimizer=used.optimizer,
        levels=used.levels,
        n_trials=used.n_trials,
        prior=used.prior,
        noise=used.noise,
        standard_error=used.standard_error,
    )
    only = single_explanation(replace(found, settings=chosen), chosen.circuit)
    return Explanations(items=(only,), target=target, settings=chosen)
