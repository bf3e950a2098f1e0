"""Explain a rhythm twice: by a column in which no cell fires, and by one whose cells fire at plausible rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mne.utils import logger

from .._code import value_text
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import Network, get_value, set_values
from ..simulate import Computing, SimulationSettings
from .amplitude import check_need
from .checkpoint import Checkpoint
from .checks import check_network
from .circuit_prior import CircuitPrior
from .doubts import announce, announced
from .drives import search_drives
from .evaluate import Evaluator, searching
from .objectives import Combined, called
from .observation import pyramidal_cells
from .parameter_sets import rhythmic_parameters
from .parameters import Parameter
from .plan import Plan, make_plan
from .result import FitResult
from .rhythm_explanation import RhythmExplanation, RhythmExplanations
from .rhythm_goal import Goal, completed, rhythm_goal, rhythm_request
from .rhythm_judging import Sureness, explanation_of, with_evidence
from .rhythm_moment import RhythmMoment
from .rhythm_regime import RhythmRegime
from .rhythmic_settings import RhythmicSettings
from .scoring import pyramidal_spikes
from .settings import as_settings

__all__ = ["explain_rhythm"]

REGIMES = ("silent", "spiking")
FACTORS = tuple(2.0**power for power in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, 6, 7, 8, 9, 10))
"""By which the weights of the drives are multiplied to find where each search begins, the nearest to 1 first."""
CALMER = (0.7, 0.5, 0.35, 0.25, 0.18, 0.125)
"""The same where cells fire in fresh trials that did not in those of the search."""
TIMES = 3
"""How often drives are weakened so at most."""
ALIKE = 0.01
"""Losses that differ by less count as equal, and the factor nearest to 1 is taken: any does below threshold."""
LARGEST_uS = 10.0
"""Above it no weight is tried: a drive of so many uS makes any cell fire."""


@announced
def explain_rhythm(
    network: Network,
    target: Dipole | Sequence[Dipole] | tuple[Any, Any] | None = None,
    parameters: Sequence[Parameter] | None = None,
    settings: RhythmicSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> RhythmExplanations:
    """Explain a rhythm by a column in which no cell fires, and by one whose cells fire at plausible rates.

    :func:`fit_rhythmic` searches once, in whatever regime it ends; here two searches of `max_evaluations` each have the
    same rhythm to meet, and what their regime asks besides.

    Parameters
    ----------
    network : Network
        With bursty drives and pyramidal cells.
    target : Dipole | sequence of Dipole | (freqs, power) | None
        As in :func:`fit_rhythmic`. Columns are counted where it is in A m: of dipoles, or with ``aperiodic='keep'``,
        but not with ``aperiodic='remove'``, which leaves out part of the power.
    parameters : sequence of Parameter | None
        What may change in both searches, which begin with `network` then. None takes :func:`rhythmic_parameters`, of
        the network with all weights of its bursty drives multiplied by the factor between 1/16 and 1024 that suits each
        regime best, as a column below threshold needs weaker drives than one that fires; and where cells of the silent
        one fire in fresh trials, its drives are weakened up to three times.
    settings : RhythmicSettings | None
        What is judged, how to search, and what is plausible (`circuit`); None takes the usual ones.
    n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`.

    Returns
    -------
    explanations : RhythmExplanations
        The silent one first, unless it is refused or clearly worse, each with its network, loss in fresh trials,
        columns, cells and mm² where the target has a unit, spikes, distances from what is expected, and refusals.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.
    DataError
        The target has no power, or a hemisphere has too few cells for it.
    SimulationError
        The column does not run.

    Notes
    -----
    The spectrum of a column below threshold does not depend on the size of its input, which only sets how many columns
    are needed; that of one whose cells fire does. A spectrum of some 10 independent frequencies can hardly tell both
    apart, and :attr:`RhythmExplanations.verdict` is ``'undecided'`` unless it can, or one is refused.

    A target that gives two trials or more says how sure its spectrum is, and each explanation has an evidence: the
    Gaussian log likelihood of the logarithm of power at independent frequencies, an approximation of Whittle's
    likelihood (Whittle 1953, https://doi.org/10.1007/BF02590998) for many degrees of freedom; how plausible spikes and
    columns are; and whether the patch holds the cells. It is taken at the best point, not averaged over all that is
    plausible as that of evoked responses. Without trials it has no parts, and losses with their errors decide.

    Spikes per cell are expected in proportion to the time after the burn-in (:meth:`CircuitPrior.spikes_in`). The
    numbers are those of the first 100 ms of evoked responses, where cells fire more than at rest: give another prior
    (`circuit`) where the rates are known.

    Examples
    --------
    >>> both = explain_rhythm(column, target, settings=RhythmicSettings(max_evaluations=100))  # doctest: +SKIP
    >>> both.verdict  # doctest: +SKIP
    """
    check_network(network)
    given = as_settings(settings, RhythmicSettings)
    if given.n_final < 2:
        raise ParameterError(
            f"explain_rhythm compares losses by their errors, which takes n_final of at least 2, got {given.n_final}."
        )
    prior = CircuitPrior() if given.circuit is None else given.circuit
    prior.check_network(network)
    if not pyramidal_cells(network):
        raise ParameterError(
            f"Network {network.name!r} has no cells with a dipole, which could fire or be silent: give a column with "
            "pyramidal cells."
        )
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    goal = rhythm_goal(target, given)
    moment = RhythmMoment.of(goal, network)
    # refuses what can be known to be wrong before the first simulation
    plan = make_plan(rhythm_request(network, parameters, given, goal.objective))
    if moment is not None:
        check_need(moment.dipole, network, prior)
    for text in goal.doubts:
        announce(text)
    task = _Task(network=network, parameters=parameters, settings=given, goal=goal, prior=prior, moment=moment)
    with computing.ready() as ready:
        found = _found(task, plan, ready)
    sureness = Sureness.of(goal, given, prior)
    items = found if sureness is None else with_evidence(found, sureness, prior, moment)
    used = items[0].fit.settings
    assert isinstance(used, RhythmicSettings)
    return RhythmExplanations(items=tuple(items), moment=None if moment is None else moment.dipole, settings=used)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """What both searches share."""

    network: Network
    parameters: Sequence[Parameter] | None
    settings: RhythmicSettings
    goal: Goal
    prior: CircuitPrior
    moment: RhythmMoment | None

    def objective(self, regime: str) -> Combined:
        """Return what is made small in a regime."""
        asked = RhythmRegime(regime=regime, prior=self.prior, burn_in_ms=self.settings.burn_in_ms, moment=self.moment)
        return Combined(terms=[(self.goal.objective, 1.0), (asked, 1.0)])


def _found(task: _Task, plan: Plan, computing: Computing) -> list[RhythmExplanation]:
    """Search both regimes; one whose search fails is left out, unless both do."""
    found: list[RhythmExplanation] = []
    failures: list[SimulationError] = []
    starts = dict.fromkeys(REGIMES, task.network)
    if task.parameters is None:
        runs = plan.runs.with_trials(task.settings.trials, task.settings.seed)
        starts = _suited(task.network, FACTORS, task, REGIMES, runs=runs, computing=computing)
    for regime, start in starts.items():
        try:
            found.append(_searched(task, regime, start, plan, computing))
        except SimulationError as error:
            failures.append(error)
            logger.info("There is no %s explanation: %s", regime, error)
    if not found:
        raise failures[0]
    return found


def _searched(task: _Task, regime: str, start: Network, plan: Plan, computing: Computing) -> RhythmExplanation:
    """Search one regime from a network."""
    wanted, settings = task.objective(regime), task.settings
    fit = search_drives(rhythm_request(start, task.parameters, settings, wanted), computing)
    for _ in range(TIMES):
        if regime == "silent" and task.parameters is None and pyramidal_spikes(fit.simulation):
            fit = _calmed(fit, task, plan, computing)
    fit = completed(fit, replace(settings, circuit=task.prior), task.goal)
    named = replace(fit.details, objective=f"{called(task.goal.objective)}, {regime}")
    return explanation_of(regime, replace(fit, details=named), task.goal, task.prior, task.moment)


def _calmed(fit: FitResult, task: _Task, plan: Plan, computing: Computing) -> FitResult:
    """Return the silent result with weaker drives, as cells fire that did not in the few trials of the search.

    Below threshold weaker drives make the same rhythm in more columns. How much weaker is seen in as many trials as the
    fresh ones, with the seed of the search. That the fresh trials ask for it makes them less fresh in this alone.
    """
    settings = task.settings
    runs = plan.runs.with_trials(settings.n_final, settings.seed)
    network = _suited(fit.network, CALMER, task, ("silent",), runs=runs, computing=computing)["silent"]
    once = replace(settings, max_evaluations=1, levels=None, n_trials=settings.trials)
    again = search_drives(rhythm_request(network, None, once, task.objective("silent")), computing)
    return replace(
        again,
        start_network=fit.start_network,
        scores=replace(again.scores, start_loss=fit.scores.start_loss),
        evaluations=(*fit.evaluations, *again.evaluations),
        levels=fit.levels,
        settings=fit.settings,
        details=fit.details,
        warnings=tuple(dict.fromkeys((*fit.warnings, *again.warnings))),
    )


def _suited(
    network: Network,
    factors: Sequence[float],
    task: _Task,
    regimes: Sequence[str],
    *,
    runs: SimulationSettings,
    computing: Computing,
) -> dict[str, Network]:
    """Return by regime the network with the weights of its bursty drives times the factor that suits it best."""
    paths = [one.path for one in rhythmic_parameters(network) if ".weights_" in one.path]
    own = {path: get_value(network, path) for path in paths}
    largest = max(own.values(), default=0.0)
    networks = [
        network if factor == 1 else set_values(network, {path: factor * weight for path, weight in own.items()})
        for factor in factors
        if factor <= 1 or factor * largest <= LARGEST_uS
    ]
    wanted = {regime: task.objective(regime) for regime in regimes}
    evaluator = Evaluator(checkpoint=Checkpoint(computing.checkpoint), computing=computing)
    records = evaluator.records(
        networks,
        searching(runs, network, task.settings.precision),
        value_text("suited", [objective.identity for objective in wanted.values()]),
        lambda simulation: {regime: objective.score(simulation).loss for regime, objective in wanted.items()},
    )
    found = {}
    for regime in regimes:
        losses = np.nan_to_num([np.inf if one is None else float(one[regime]) for one in records], nan=np.inf)
        alike = losses <= losses.min() + ALIKE
        found[regime] = networks[int(np.argmax(alike))]  # the first of them
    return found
