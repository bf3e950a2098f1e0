"""The problem that optimizers see, at one level after the other."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from mne.utils import logger

from .._types import FloatArray
from ..errors import ParameterError, SimulationError
from ..network import Network
from ..simulate import SimulationSettings
from .evaluate import Evaluator, searching
from .levels import Level, on_level
from .objectives import Score, Waveform, called
from .optimizers import BudgetSpent
from .plan import Plan
from .progress import Report
from .result import Evaluation, LevelReport
from .scoring import likeness

__all__ = ["Search"]

FINALISTS = 4
"""Points of a search that are simulated again exactly: what is fast may rank those wrong that are close."""


class Search:
    """What was tried so far of a plan, and the best of it.

    Parameters
    ----------
    plan : Plan
        What is searched.
    evaluator : Evaluator
        Scores networks.
    report : Report
        Who hears how far it is.
    """

    def __init__(self, plan: Plan, evaluator: Evaluator, report: Report) -> None:
        self.plan, self.evaluator, self.report = plan, evaluator, report
        self.runs = searching(plan.runs, plan.network, plan.settings.precision)
        self.space, self.objective, self.levels = plan.space, plan.objective, plan.levels
        self.step, self.seed = plan.settings.step, plan.settings.seed
        self.population = plan.settings.population
        self.start = plan.space.start
        self.evaluations: list[Evaluation] = []
        self.reports: list[LevelReport] = []
        self.best: tuple[float, FloatArray] = (np.inf, plan.space.start)
        self.level = plan.levels[-1]
        self._left = plan.settings.max_evaluations
        self._tried: list[tuple[float, FloatArray]] = []
        self.settled = Score(loss=float("inf"))
        """The best point, simulated exactly in the trials of the search."""
        self.start_loss = float("nan")
        """The same of the point that the search began with."""
        self.flat: list[str] = []
        """Levels whose best network, or its likeness on the next, gives a flat dipole."""

    @property
    def budget(self) -> int:
        """Evaluations left on the present level."""
        return self._left

    def run(self) -> FloatArray:
        """Search all levels and return the best point of the last, as judged by exact simulations."""
        for number, (level, budget) in enumerate(zip(self.levels, self._budgets(), strict=True)):
            first = len(self.evaluations)
            coarse_best = self.best[1]
            self.level, self._left, self.best, self._tried = level, budget, (np.inf, self.start), []
            with contextlib.suppress(BudgetSpent):
                self._begin(number, coarse_best)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # optimizers warn of their own ends
                    self.plan.optimizer.run(self)
            tried = self.evaluations[first:]
            self.reports.append(LevelReport(name=self.name(level), evaluations=len(tried), loss=self.best[0]))
        self._settle()
        return self.best[1]

    def _settle(self) -> None:
        """Simulate the best few points of the last level exactly, as scores will be, and keep the best of them."""
        few = FINALISTS if self.runs.precision == "search" else 1
        ranked = sorted((tried for tried in self._tried if np.isfinite(tried[0])), key=lambda tried: tried[0])
        points = list({point.tobytes(): point for _, point in ranked}.values())[:few] or [self.best[1]]
        began = self.plan.space.start
        has_start = any(np.array_equal(point, began) for _, point in ranked)
        scores = self.scored(np.array([*points, began] if has_start else points), self.plan.runs)
        if has_start:
            self.start_loss = scores.pop().loss
        place = int(np.argmin([score.loss for score in scores]))
        self.settled, self.best = scores[place], (scores[place].loss, points[place])
        self.reports[-1] = replace(self.reports[-1], loss=self.best[0])

    def _budgets(self) -> list[int]:
        """Return how many networks are tried on each level."""
        shares, total = np.array([level.share for level in self.levels]), self.plan.settings.max_evaluations
        budgets = np.maximum(1, np.floor(total * shares / shares.sum()).astype(int))
        budgets[-1] = max(1, total - int(budgets[:-1].sum()))
        found: list[int] = budgets.tolist()
        return found

    def _begin(self, number: int, coarse_best: FloatArray) -> None:
        """Score where a level starts, and compare the level before with it."""
        # the start counts at each level: the best of a coarse level may be worse here
        points = [self.space.start] if number == 0 else [coarse_best, self.space.start]
        losses = self.losses(np.array(points))
        if number == 0 and not np.isfinite(losses).any():
            self._fail(self.level)
        self.start = points[int(np.argmin(losses))]
        if number:
            self.reports[-1] = self._compare(self.reports[-1], coarse_best)
            self.step = self.step / 2

    def _fail(self, level: Level) -> None:
        """Say why the network that the fit starts with has no score."""
        transform, objective = on_level(self.space._network, self.objective, level)
        outcome = self.evaluator.simulate([transform(self.space.network(self.space.start))], self._runs())[0]
        sentence = "The network that the fit starts with cannot be scored"
        if isinstance(outcome, SimulationError):
            raise SimulationError(f"{sentence}: {outcome}")
        raise ParameterError(
            f"{sentence}: objective {called(self.objective)!r} gives {objective.score(outcome).loss} for it. Let it "
            "return a finite number, a large one where there is nothing to judge (such as 1e6 if no cell fires), or "
            "start from a network for which it does."
        )

    def name(self, level: Level) -> str:
        """Return the name of a level; the trials belong to it where two levels have the same mesh."""
        same = sum(str(other) == str(level) for other in self.levels) > 1
        return f"{level}, {level.n_trials} trials" if same else str(level)

    def _network(self, point: FloatArray, transform: Callable[[Network], Network]) -> Network | None:
        """Return the network of a point, None where the values do not fit together (a rise slower than the decay)."""
        try:
            return transform(self.space.network(point))
        except ParameterError as error:
            logger.info("A point makes no network and counts as the worst: %s", error)
            return None

    def _runs(self) -> SimulationSettings:
        return self.runs.with_trials(self.level.n_trials, self.seed)

    def _compare(self, report: LevelReport, point: FloatArray) -> LevelReport:
        """Add how well the level before agrees with the full column at its best point."""
        if not isinstance(self.objective, Waveform):
            return report
        before = self.levels[len(self.reports) - 1]
        previous, present = (self.waveform(self.space.network(point), level) for level in (before, self.level))
        if previous is None or present is None:
            return report
        agreement = likeness(previous, present)
        if np.isnan(agreement):
            self.flat.append(report.name)
        if agreement < 0.9:
            logger.info(
                "The %s column agrees with the next level only with r = %.2f: the search goes on from the better of "
                "its best and the start.",
                report.name,
                agreement,
            )
        return replace(report, agreement=agreement)

    def waveform(self, network: Network, level: Level) -> FloatArray | None:
        """Return the smoothed moment of a network at the target's times, not scaled."""
        assert isinstance(self.objective, Waveform)
        waveform = self.objective
        transform, _ = on_level(network, waveform, level)
        runs = self.plan.runs.with_trials(level.n_trials, self.seed)
        record = self.evaluator.records(
            [transform(network)],
            runs,
            "wave" + waveform.identity,
            lambda simulation: {"wave": waveform.pairs(simulation)[0]},
        )[0]
        return None if record is None else record["wave"]

    def losses(self, points: FloatArray) -> FloatArray:
        """Return the losses of points; ends the search when the budget is spent."""
        return np.array([score.loss for score in self._score(points)])

    def residuals(self, points: FloatArray) -> FloatArray:
        """Return the residuals of points; as :meth:`losses`."""
        scores = self._score(points)
        sizes = [len(score.residual) for score in scores if len(score.residual)]
        worst = np.full(max(sizes, default=1), 10.0)
        return np.array([score.residual if len(score.residual) else worst for score in scores])

    def _score(self, points: FloatArray) -> list[Score]:
        if self._left <= 0:
            raise BudgetSpent
        kept = points[: self._left]
        values = [self.space.decode(point) for point in kept]
        scores = self.scored(kept)
        for point, value, score in zip(kept, values, scores, strict=True):
            self.evaluations.append(
                Evaluation(
                    level=self.name(self.level),
                    values={name: value[name] for name in self.space.names},
                    loss=score.loss,
                    scale=score.scale,
                    r_squared=score.r_squared,
                )
            )
            self._tried.append((score.loss, np.array(point)))
            if score.loss < self.best[0]:
                self.best = (score.loss, np.array(point))
        self._left -= len(kept)
        self.report.tell(len(self.evaluations), self.best[0])
        if len(kept) < len(points):
            raise BudgetSpent
        return scores

    def scored(self, points: FloatArray, runs: SimulationSettings | None = None) -> list[Score]:
        """Return the scores of points of the cube, at the present level and outside of the budget.

        Parameters
        ----------
        points : array, shape (n_points, n_free)
            The points.
        runs : SimulationSettings | None
            How to simulate, but for the trials; None as the search does.
        """
        transform, objective = on_level(self.space._network, self.objective, self.level)
        networks = [self._network(point, transform) for point in points]
        trials = (self.runs if runs is None else runs).with_trials(self.level.n_trials, self.seed)
        found = iter(self.evaluator.scores([network for network in networks if network is not None], trials, objective))
        return [Score(loss=float("inf")) if network is None else next(found) for network in networks]
